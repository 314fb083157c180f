package jsonapi

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
)

// ParseValues reads the body of a PUT: an array of values, an object with "values", or
// one value.
//
//   - Name: what the body says that it is about, under "handle"; "" when it does not.
//   - Values: in the order of the body, with a TTL of a day and the usual permissions
//     where nothing else is said, and a timestamp of 0 where none is.
//   - Errors: fault.Invalid that names the field. Fields of a value that are not known
//     are refused, because a slip in "permissions" would publish what is private; those
//     beside "values" are ignored, so that an answer may be sent back as it came.
//   - Source: technical manual §14.5.2 and §14.8.
func ParseValues(body []byte) (handle.Name, []handle.Value, error) {
	doc, root := strict.Parse(body)
	if root.Kind() == '[' {
		values := readValues(root)
		return "", values, doc.Err
	}
	o := root.Object()
	if !o.Field("values").Given() {
		v := readValue(root)
		return "", []handle.Value{v}, doc.Err
	}
	name := readName(o.Field("handle"))
	values := readValues(o.Field("values"))
	return name, values, doc.Err
}

// ParseAnswer reads the answer to a request about one identifier, as a client.
//
// Errors: fault.Invalid that names the field. Fields that are not known are ignored.
func ParseAnswer(body []byte) (Answer, error) {
	doc, root := strict.Parse(body)
	o := root.Object()
	a := Answer{Code: wire.Code(o.Field("responseCode").Number(math.MaxUint32)), Name: readName(o.Field("handle"))} //nolint:gosec // it is at most that
	a.Referral = readName(o.Field("referralHandle"))
	if m := o.Field("message"); m.Given() {
		a.Message = m.Text()
	}
	if v := o.Field("values"); v.Given() {
		a.Values = readValues(v)
	}
	if doc.Err != nil {
		return Answer{}, doc.Err
	}
	return a, nil
}

// readName reads a name that may be missing. It may be one that no record can have,
// as "88.118" is: whose name it is says the request.
func readName(v strict.Value) handle.Name {
	if !v.Given() {
		return ""
	}
	return handle.Name(v.Text())
}

func readValues(v strict.Value) []handle.Value {
	elements := v.Array(handle.MaxValues)
	out := make([]handle.Value, 0, len(elements))
	for _, e := range elements {
		out = append(out, readValue(e))
	}
	return out
}

func readValue(v strict.Value) handle.Value {
	o := v.Object("index", "type", "data", "permissions", "ttl", "timestamp", "references")
	out := handle.Value{
		Index: readIndex(o.Field("index")), Type: o.Field("type").Text(), Data: readData(o.Field("data")),
		TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual,
	}
	if p := o.Field("permissions"); p.Given() {
		out.Perm = handle.Perm(readBits(p, permBits)) //nolint:gosec // it has so many bits
	}
	if t := o.Field("ttl"); t.Kind() == '"' {
		out.TTL = handle.TTL{Absolute: true, Seconds: readInstant(t)}
	} else if t.Given() {
		out.TTL.Seconds = number(t)
	}
	if t := o.Field("timestamp"); t.Given() {
		out.Timestamp = readInstant(t)
	}
	if r := o.Field("references"); r.Given() {
		out.References = readReferences(r)
	}
	return out
}

// readIndex reads an index. PYHANDLE writes that of an HS_ADMIN as a text.
func readIndex(v strict.Value) uint32 {
	if v.Kind() != '"' {
		return number(v)
	}
	n, err := strconv.ParseUint(v.Text(), 10, 32)
	if err != nil {
		v.Fail("a whole number from 0 to 4294967295")
	}
	return uint32(n)
}

func number(v strict.Value) uint32 { return uint32(v.Number(math.MaxUint32)) } //nolint:gosec // it is at most that

func readBits(v strict.Value, n int) uint {
	s, bits := v.Text(), uint(0)
	for i := range len(s) {
		bits = bits<<1 | uint(s[i]&1)
	}
	if len(s) != n || strings.Trim(s, "01") != "" {
		v.Fail(strings.Repeat("1", n-1) + "0 or another text of as many 0 and 1")
		return 0
	}
	return bits
}

func readInstant(v strict.Value) uint32 {
	t, err := time.Parse(time.RFC3339, v.Text())
	if seconds := t.Unix(); err == nil && seconds >= 0 && seconds <= math.MaxUint32 {
		return uint32(seconds)
	}
	v.Fail("an instant from 1970 to 2106 such as 2030-01-01T00:00:00Z")
	return 0
}

func readReferences(v strict.Value) []handle.Reference {
	var out []handle.Reference
	for _, e := range v.Array(handle.MaxValues) {
		out = append(out, readReference(e.Object("handle", "index")))
	}
	return out
}

func readReference(o strict.Object) handle.Reference {
	return handle.Reference{Name: handle.Name(o.Field("handle").Text()), Index: readIndex(o.Field("index"))}
}

// readData reads data in any of its formats; a text alone is data too.
func readData(v strict.Value) []byte {
	if v.Kind() == '"' {
		return limit(v, []byte(v.Text()))
	}
	o := v.Object("format", "value")
	format, value := o.Field("format"), o.Field("value")
	switch strings.ToLower(format.Text()) {
	case "string":
		return limit(value, []byte(value.Text()))
	case "base64":
		b, err := base64.StdEncoding.DecodeString(value.Text())
		if err != nil {
			value.Fail("base64 with padding (RFC 4648 §4)")
		}
		return limit(value, b)
	case "hex":
		b, err := hex.DecodeString(value.Text())
		if err != nil {
			value.Fail("two hexadecimal digits for each byte")
		}
		return limit(value, b)
	case "admin":
		return readAdmin(value)
	case "vlist":
		return handle.AppendReferences(nil, readReferences(value))
	case "site":
		return readSite(value)
	case "key":
		return readKey(value)
	default:
		format.Fail("string, base64, hex, admin, vlist, site or key")
		return nil
	}
}

// limit refuses data that no record may hold.
func limit(v strict.Value, data []byte) []byte {
	if len(data) > handle.MaxData {
		v.Fail("at most 262144 bytes of data")
		return nil
	}
	return data
}

// readAdmin reads an HS_ADMIN. How old servers wrote its index ("legacyByteLength") is
// not kept.
func readAdmin(v strict.Value) []byte {
	o := v.Object("handle", "index", "permissions", "legacyByteLength")
	a := typed.Admin{Reference: readReference(o), Rights: typed.Rights(readBits(o.Field("permissions"), rightBits))} //nolint:gosec // it has so many bits
	return typed.AppendAdmin(nil, a)
}
