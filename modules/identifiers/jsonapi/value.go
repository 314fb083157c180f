package jsonapi

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/typed"
)

// instant is how timestamps and absolute TTLs are written, in UTC.
const instant = "2006-01-02T15:04:05Z"

// AppendValue appends a value as an object: index, type, data, permissions when they
// are not the usual ones, ttl in seconds or an instant, timestamp unless it is 0,
// references when there are some. It allocates nothing beyond dst for data that is
// text or bytes.
func AppendValue(dst []byte, v handle.Value) []byte {
	dst = strconv.AppendUint(append(dst, `{"index":`...), uint64(v.Index), 10)
	dst = strict.AppendText(append(dst, `,"type":`...), v.Type)
	dst = appendData(append(dst, `,"data":{"format":`...), v)
	dst = append(dst, '}')
	if v.Perm != handle.Usual {
		dst = appendBits(append(dst, `,"permissions":`...), uint(v.Perm), permBits)
	}
	if dst = append(dst, `,"ttl":`...); v.TTL.Absolute {
		dst = appendInstant(dst, v.TTL.Seconds)
	} else {
		dst = strconv.AppendUint(dst, uint64(v.TTL.Seconds), 10)
	}
	if v.Timestamp != 0 {
		dst = appendInstant(append(dst, `,"timestamp":`...), v.Timestamp)
	}
	if len(v.References) > 0 {
		dst = appendReferences(append(dst, `,"references":`...), v.References)
	}
	return append(dst, '}')
}

// The bits of permissions and of rights, the highest first.
const (
	permBits  = 4
	rightBits = 12
)

// appendBits appends the last so many bits as a text of 0 and 1.
func appendBits(dst []byte, bits uint, n int) []byte {
	dst = append(dst, '"')
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, '0'+byte(bits>>i&1))
	}
	return append(dst, '"')
}

func appendInstant(dst []byte, seconds uint32) []byte {
	dst = time.Unix(int64(seconds), 0).UTC().AppendFormat(append(dst, '"'), instant)
	return append(dst, '"')
}

func appendReferences(dst []byte, refs []handle.Reference) []byte {
	dst = append(dst, '[')
	for i, r := range refs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendReference(dst, r), '}')
	}
	return append(dst, ']')
}

// appendReference leaves the object open.
func appendReference(dst []byte, r handle.Reference) []byte {
	dst = strict.AppendText(append(dst, `{"handle":`...), r.Name)
	return strconv.AppendUint(append(dst, `,"index":`...), uint64(r.Index), 10)
}

// appendData appends the format and, behind it, the data in it. Typed data that
// cannot be read stands as the bytes that it is.
func appendData(dst []byte, v handle.Value) []byte {
	if known(v.Type) {
		if out, ok := appendTyped(dst, v); ok {
			return out
		}
	}
	return appendPlain(dst, v.Data)
}

// known reports whether a type may have a format of its own; it is there because most
// have none.
func known(t string) bool {
	return len(t) > 3 && t[2] == '_' && (t[0] == 'H' || t[0] == 'h')
}

func appendTyped(dst []byte, v handle.Value) ([]byte, bool) {
	switch handle.Fold(v.Type) {
	case handle.TypeAdmin:
		a, err := typed.ParseAdmin(v.Data)
		if err != nil || a.Rights&^typed.Everything != 0 || !utf8.ValidString(string(a.Reference.Name)) {
			return dst, false
		}
		dst = appendReference(append(dst, `"admin","value":`...), a.Reference)
		return append(appendBits(append(dst, `,"permissions":`...), uint(a.Rights), rightBits), '}'), true
	case handle.TypeVList:
		refs, err := typed.ParseVList(v.Data)
		if err != nil || !valid(refs) {
			return dst, false
		}
		return appendReferences(append(dst, `"vlist","value":`...), refs), true
	case handle.TypeSite, handle.TypeSitePrefix, legacySitePrefix:
		s, ok := plainSite(v.Data)
		if !ok {
			return dst, false
		}
		return appendSite(append(dst, `"site","value":`...), s), true
	case handle.TypePublicKey:
		return appendKey(append(dst, `"key","value":`...), v.Data)
	default:
		return dst, false
	}
}

// legacySitePrefix is what HS_SITE.PREFIX was called before.
const legacySitePrefix = "HS_NA_DELEGATE"

func valid(refs []handle.Reference) bool {
	for _, r := range refs {
		if !utf8.ValidString(string(r.Name)) {
			return false
		}
	}
	return true
}

func appendPlain(dst, data []byte) []byte {
	if isText(data) {
		return strict.AppendText(append(dst, `"string","value":`...), data)
	}
	dst = append(dst, `"base64","value":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, data), '"')
}

// isText reports whether data is shown as a text: UTF-8 without control characters,
// of which those from tab to 0x13 are let through as Handle.Net does.
func isText(data []byte) bool {
	for _, c := range data {
		if c < ' ' && (c < '\t' || c > 0x13) || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(data)
}
