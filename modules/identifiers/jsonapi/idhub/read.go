package idhub

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
)

// Limits of the APIs.
const (
	MaxBatch   = 2000
	maxName    = 255 // characters of an identifier
	maxType    = 128
	maxVersion = 128
	maxUser    = 50
	maxSecret  = 64
)

// Login is the body of /identity/token and, with a password that is hashed, of
// /identity/token/v1.
type Login struct {
	User     string
	Password string
}

// ParseLogin reads the body of a request for a token.
func ParseLogin(body []byte) (Login, error) {
	doc, root := strict.Parse(body)
	o := root.Object()
	user, password := o.Field("username"), o.Field("password")
	if !user.Given() || !password.Given() {
		return Login{}, cmp.Or(doc.Err, fault.Say(fault.Invalid, "缺少必要的请求参数: username、password", "username or password is missing"))
	}
	l := Login{User: user.Text(), Password: text(password, maxSecret)}
	if password.Kind() != '"' || doc.Err != nil || utf8.RuneCountInString(l.User) > maxUser {
		// A sentence of the document's own could repeat the password.
		return Login{}, fault.Say(fault.Invalid, "username 至多 50 个字符，password 至多 64 个字符", "username is a text of at most 50 characters, password of at most 64")
	}
	return l, nil
}

// HashPassword returns what a client of /identity/token/v1 sends in place of a
// password: the SHA-256, in hexadecimal, of the password's SHA-256, in hexadecimal too,
// and the day. Day is any instant of it, in the node's zone.
func HashPassword(password string, day time.Time) string {
	inner := sha256.Sum256([]byte(password))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:]) + day.Format(time.DateOnly)))
	return hex.EncodeToString(outer[:])
}

// Item is one element of a request to register, change or delete.
type Item struct {
	// Record has the values that were given in ascending order of their indexes, and
	// the version of the template at VersionIndex; of a deletion, its name alone.
	Record handle.Record
	Err    error // fault.Invalid: what is wrong with it; Record.Name is there if it could be read
}

// ParseItem reads the body of a POST or PUT at /identityv2/data.
//
// Errors: fault.Invalid that names the field.
func ParseItem(body []byte) (handle.Record, error) {
	doc, root := strict.Parse(body)
	item := readItem(root)
	if doc.Err != nil {
		return handle.Record{}, doc.Err
	}
	return item.Record, item.Err
}

// ParseItems reads the body of batchCreate or batchUpdate.
//
// Errors: fault.Invalid when it is no array, or one of more than MaxBatch elements;
// what is wrong with one element is in the element.
func ParseItems(body []byte) ([]Item, error) {
	doc, root := strict.Parse(body)
	elements := root.Array(MaxBatch)
	out := make([]Item, 0, len(elements))
	for _, e := range elements {
		out = append(out, readItem(e))
	}
	return out, doc.Err
}

// ParseName reads the body of a DELETE at /identityv2/data.
func ParseName(body []byte) (handle.Name, error) {
	doc, root := strict.Parse(body)
	name, err := readName(root.Object("handle").Field("handle"))
	return name, cmp.Or(doc.Err, err)
}

// ParseNames reads the body of batchDelete: an array of identifiers, or an object that
// has it under "handles". The guide has both.
func ParseNames(body []byte) ([]Item, error) {
	doc, root := strict.Parse(body)
	if root.Kind() == '{' {
		root = root.Object("handles").Field("handles")
	}
	var out []Item
	for _, e := range root.Array(MaxBatch) {
		own, e := e.Apart()
		name, err := readName(e)
		out = append(out, Item{Record: handle.Record{Name: name}, Err: cmp.Or(own.Err, err)})
	}
	return out, doc.Err
}

// readName reads an identifier; when it is none, it is returned as it was written.
func readName(v strict.Value) (handle.Name, error) {
	s := text(v, maxName)
	name, err := handle.Parse(s)
	if err != nil {
		return handle.Name(s), err
	}
	return name, nil
}

// text reads a text of at most so many characters.
func text(v strict.Value, most int) string {
	s := v.Text()
	if utf8.RuneCountInString(s) > most {
		v.Fail("a shorter text")
		return ""
	}
	return s
}

func readItem(v strict.Value) Item {
	own, v := v.Apart()
	o := v.Object("handle", "templateVersion", "value")
	name, err := readName(o.Field("handle"))
	r := handle.Record{Name: name}
	version := text(o.Field("templateVersion"), maxVersion)
	values := o.Field("value").Array(handle.MaxValues - 1)
	for _, e := range values {
		r.Values = append(r.Values, readValue(e))
	}
	r.Values = append(r.Values, value(VersionIndex, versionType, version))
	slices.SortStableFunc(r.Values, func(a, b handle.Value) int { return cmp.Compare(a.Index, b.Index) })
	if err := cmp.Or(own.Err, err, r.Check()); err != nil {
		return Item{Record: handle.Record{Name: name}, Err: err}
	}
	return Item{Record: r}
}

// value is one with the usual permissions for a day.
func value(index uint32, kind, data string) handle.Value {
	return handle.Value{Index: index, Type: kind, Data: []byte(data), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual}
}

// readValue reads a value. What its auth says is not kept: the field is reserved.
func readValue(v strict.Value) handle.Value {
	o := v.Object("index", "type", "data", "auth")
	index := uint32(o.Field("index").Number(math.MaxUint32)) //nolint:gosec // it is at most that
	if index == TemplateIndex || index == VersionIndex {
		o.Field("index").Fail("another index: 1000 and 1001 are reserved for the template")
	}
	if auth := o.Field("auth"); auth.Given() {
		text(auth, maxType)
	}
	data := o.Field("data").Object("format", "value")
	if f := data.Field("format"); f.Text() != "string" {
		f.Fail("string, the only format there is")
	}
	return value(index, text(o.Field("type"), maxType), data.Field("value").Text())
}
