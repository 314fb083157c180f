// Package strict reads JSON field by field and says in one sentence what is wrong
// with the first field that is; it writes texts as the APIs of identifiers have them.
//
// What must hold: a document that two readers could take otherwise (a key twice, half
// a surrogate pair, bytes that are no UTF-8, a number that a double does not hold) is
// refused; no field is read under another spelling of its name; a field that nobody
// asked for is refused where it could change what was meant.
package strict

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

// Doc is a document being read. The first thing that is wrong stays in Err; what is
// read from then on is zero, so that a caller looks once, at the end.
type Doc struct {
	Err error // fault.Invalid
}

// Value is one value of a document, or one that is missing.
type Value struct {
	Path string // such as values[2].data.format; "" of the document itself
	raw  json.RawMessage
	doc  *Doc
}

// Object is an object of a document.
type Object struct {
	value  Value
	fields map[string]json.RawMessage
}

// Parse checks that body is one JSON value and returns it.
//
// Errors, in Doc.Err: fault.Invalid with the byte at which body is no JSON or leaves
// open what it means (RFC 7493).
func Parse(body []byte) (*Doc, Value) {
	d := &Doc{}
	if _, err := canon.Canonical(body); err != nil {
		d.Err = err
	}
	return d, Value{raw: bytes.TrimSpace(body), doc: d}
}

// Kind returns the first byte of the value, which says what it is ({ [ " t f n, a
// digit or a minus), or 0 when it is missing.
func (v Value) Kind() byte {
	if v.doc.Err != nil || len(v.raw) == 0 {
		return 0
	}
	return v.raw[0]
}

// Given reports whether the value is there and is not null.
func (v Value) Given() bool { return v.Kind() != 0 && v.Kind() != 'n' }

// Fail says what the value should have been.
func (v Value) Fail(want string) {
	if v.doc.Err != nil {
		return
	}
	name := v.Path
	if name == "" {
		name = "the document"
	}
	if len(v.raw) == 0 {
		v.doc.Err = fault.New(fault.Invalid, "%s is missing, want %s", name, want)
		return
	}
	v.doc.Err = fault.New(fault.Invalid, "%s is %s, want %s", name, v.shown(), want)
}

// shown returns the value as it was written, cut off where it is long.
func (v Value) shown() string {
	const most = 80
	s := string(v.raw)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Object reads an object. Known are the names of all fields that it may have; none
// means that any may be there.
func (v Value) Object(known ...string) Object {
	o := Object{value: v}
	if v.Kind() != '{' || json.Unmarshal(v.raw, &o.fields) != nil {
		v.Fail("an object")
		return o
	}
	if len(known) == 0 {
		return o
	}
	for _, name := range o.Names() {
		if !slices.Contains(known, name) {
			v.doc.Err = fault.New(fault.Invalid, "%s is not known here; the fields are %s", o.path(name), strings.Join(known, ", "))
			return o
		}
	}
	return o
}

// Names returns the names of an object's fields, sorted.
func (o Object) Names() []string {
	names := make([]string, 0, len(o.fields))
	for name := range o.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Field returns a field, which may be missing.
func (o Object) Field(name string) Value {
	return Value{Path: o.path(name), raw: o.fields[name], doc: o.value.doc}
}

func (o Object) path(name string) string {
	if o.value.Path == "" {
		return name
	}
	return o.value.Path + "." + name
}

// Array reads an array of at most so many elements.
func (v Value) Array(most int) []Value {
	var raws []json.RawMessage
	if v.Kind() != '[' || json.Unmarshal(v.raw, &raws) != nil {
		v.Fail("an array")
		return nil
	}
	if len(raws) > most {
		if v.doc.Err == nil {
			v.doc.Err = fault.New(fault.Invalid, "%s has %d elements, at most %d are allowed", cmp.Or(v.Path, "the document"), len(raws), most)
		}
		return nil
	}
	out := make([]Value, len(raws))
	for i, raw := range raws {
		out[i] = Value{Path: v.Path + "[" + strconv.Itoa(i) + "]", raw: raw, doc: v.doc}
	}
	return out
}

// Text reads a text.
func (v Value) Text() string {
	var s string
	if v.Kind() != '"' || json.Unmarshal(v.raw, &s) != nil {
		v.Fail("a text")
	}
	return s
}

// Number reads a whole number from 0 to most.
func (v Value) Number(most uint64) uint64 {
	n, err := strconv.ParseUint(string(v.raw), 10, 64)
	if v.Kind() == 0 || err != nil || n > most {
		v.Fail("a whole number from 0 to " + strconv.FormatUint(most, 10))
		return 0
	}
	return n
}

// Flag reads true or false.
func (v Value) Flag() bool {
	if v.Kind() != 't' && v.Kind() != 'f' {
		v.Fail("true or false")
	}
	return v.Kind() == 't'
}

// Apart returns the value as a document of its own: what is wrong in it is in that
// document's Err, and the rest can be read on. Its paths are those of the whole.
func (v Value) Apart() (*Doc, Value) {
	d := &Doc{Err: v.doc.Err}
	v.doc = d
	return d, v
}
