// Package strict reads JSON field by field and says in one sentence what is wrong
// with the first field that is; it writes texts as the APIs of identifiers have them.
//
// What must hold: a document that two readers could take otherwise (a key twice, half
// a surrogate pair, bytes that are no UTF-8) is refused; no field is read under another
// spelling of its name; a field that nobody asked for is refused where it could change
// what was meant. Values share the memory of their document.
//
// Source: RFC 8259, RFC 7493 (I-JSON).
package strict

import (
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// Doc is a document being read. The first thing that is wrong stays in Err; what is
// read from then on is zero, so that a caller looks once, at the end.
type Doc struct {
	Err  error // fault.Invalid
	root *node
	path string // of the root, in the document that it is a part of
}

// Value is one value of a document, or one that is missing.
type Value struct {
	doc   *Doc
	node  *node  // nil: missing
	in    *node  // the object or array that it is in, or should be
	name  string // its name in the object
	index int    // its place in the array
}

// Object is an object of a document.
type Object struct{ value Value }

// Parse checks that body is one JSON value and returns it.
//
// Errors, in Doc.Err: fault.Invalid with the byte, from 0, at which body is no JSON or
// leaves open what it means.
func Parse(body []byte) (*Doc, Value) {
	p := parser{in: string(body)}
	d := &Doc{root: p.document()}
	d.Err = p.err
	return d, Value{doc: d, node: d.root}
}

// Kind returns the first byte of the value, which says what it is ({ [ " t f n, a
// digit or a minus), or 0 when it is missing.
func (v Value) Kind() byte {
	if v.doc.Err != nil || v.node == nil {
		return 0
	}
	return v.node.raw[0]
}

// Given reports whether the value is there and is not null.
func (v Value) Given() bool { return v.Kind() != 0 && v.Kind() != 'n' }

// Fail says what the value should have been.
func (v Value) Fail(want string) {
	switch {
	case v.doc.Err != nil:
	case v.node == nil:
		v.doc.Err = fault.New(fault.Invalid, "%s is missing, want %s", v.path(), want)
	default:
		v.doc.Err = fault.New(fault.Invalid, "%s is %s, want %s", v.path(), v.shown(), want)
	}
}

// shown returns the value as it was written, cut off where it is long.
func (v Value) shown() string {
	const most = 80
	s := v.node.raw
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// path returns where the value is: values[2].data.format. It is looked for when it is
// needed, which is once a document.
func (v Value) path() string {
	path := v.doc.path
	if v.in != nil {
		path, _ = v.doc.root.find(v.in, path)
		if v.in.raw[0] == '[' {
			path += "[" + strconv.Itoa(v.index) + "]"
		} else {
			path = joined(path, v.name)
		}
	}
	if path == "" {
		return "the document"
	}
	return path
}

// Apart returns the value as a document of its own: what is wrong in it is in that
// document's Err, and the rest can be read on. Its paths are those of the whole.
func (v Value) Apart() (*Doc, Value) {
	d := &Doc{Err: v.doc.Err, root: v.node}
	if v.node != nil && v.in != nil {
		d.path = v.path()
	}
	return d, Value{doc: d, node: v.node}
}

// Object reads an object. Known are the names of all fields that it may have; none
// means that any may be there.
func (v Value) Object(known ...string) Object {
	if v.Kind() != '{' {
		v.Fail("an object")
		return Object{Value{doc: v.doc, node: &node{raw: "{}"}}}
	}
	o := Object{v}
	if len(known) == 0 {
		return o
	}
	for _, f := range v.node.fields {
		if !slices.Contains(known, f.name) {
			v.doc.Err = fault.New(fault.Invalid, "%s is not known here; the fields are %s", o.Field(f.name).path(), strings.Join(known, ", "))
			return o
		}
	}
	return o
}

// Names returns the names of an object's fields, in their order.
func (o Object) Names() []string {
	names := make([]string, 0, len(o.value.node.fields))
	for _, f := range o.value.node.fields {
		names = append(names, f.name)
	}
	return names
}

// Field returns a field, which may be missing.
func (o Object) Field(name string) Value {
	return Value{doc: o.value.doc, node: o.value.node.field(name), in: o.value.node, name: name}
}

// Array reads an array of at most so many elements.
func (v Value) Array(most int) []Value {
	if v.Kind() != '[' {
		v.Fail("an array")
		return nil
	}
	items := v.node.items
	if len(items) > most {
		v.doc.Err = fault.New(fault.Invalid, "%s has %d elements, at most %d are allowed", v.path(), len(items), most)
		return nil
	}
	out := make([]Value, len(items))
	for i := range items {
		out[i] = Value{doc: v.doc, node: &items[i], in: v.node, index: i}
	}
	return out
}

// Text reads a text.
func (v Value) Text() string {
	if v.Kind() != '"' {
		v.Fail("a text")
		return ""
	}
	return v.node.text
}

// Number reads a whole number from 0 to most.
func (v Value) Number(most uint64) uint64 {
	if v.Kind() != 0 {
		if n, err := strconv.ParseUint(v.node.raw, 10, 64); err == nil && n <= most {
			return n
		}
	}
	v.Fail("a whole number from 0 to " + strconv.FormatUint(most, 10))
	return 0
}

// Flag reads true or false.
func (v Value) Flag() bool {
	if v.Kind() != 't' && v.Kind() != 'f' {
		v.Fail("true or false")
	}
	return v.Kind() == 't'
}
