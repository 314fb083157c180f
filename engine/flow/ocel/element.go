package ocel

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// kind is a type of attributes, named as in OCEL.
type kind string

const (
	kindString  kind = "string"
	kindTime    kind = "time"
	kindInteger kind = "integer"
	kindFloat   kind = "float"
	kindBoolean kind = "boolean"
)

// widen is the type that holds values of both.
func (k kind) widen(other kind) kind {
	switch {
	case k == "" || k == other:
		return other
	case (k == kindInteger || k == kindFloat) && (other == kindInteger || other == kindFloat):
		return kindFloat
	}
	return kindString
}

// types are what is to be declared: attributes by name, by type.
type types map[string]map[string]kind

func (t types) of(name string) map[string]kind {
	if t[name] == nil {
		t[name] = map[string]kind{}
	}
	return t[name]
}

// append writes the declarations in order of their names.
func (t types) append(dst []byte) []byte {
	dst = append(dst, '[')
	for i, name := range slices.Sorted(maps.Keys(t)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = quote(append(dst, "\n{\"name\": "...), name)
		dst = append(dst, `, "attributes": [`...)
		for j, a := range slices.Sorted(maps.Keys(t[name])) {
			if j > 0 {
				dst = append(dst, ", "...)
			}
			dst = quote(append(dst, `{"name": `...), a)
			dst = append(dst, `, "type": "`...)
			dst = append(dst, t[name][a]...)
			dst = append(dst, `"}`...)
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, "\n]"...)
}

// quote appends a text as JSON. What is no UTF-8 becomes U+FFFD.
func quote(dst []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		c := text[i]
		plain = plain && c >= ' ' && c < 0x7f && c != '"' && c != '\\'
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, text...)
		return append(dst, '"')
	}
	b, err := json.Marshal(text)
	if err != nil {
		return append(dst, `""`...) // cannot happen to a text
	}
	return append(dst, b...)
}

// toObjects ends the list of events and begins that of objects.
func (x *Writer) toObjects() {
	if !x.objects {
		x.objects, x.listed = true, false
		x.buf = append(x.buf, "\n],\n\"objects\": ["...)
	}
}

// begin writes the start of an event or an object.
func (x *Writer) begin(id, typ string) {
	if x.listed {
		x.buf = append(x.buf, ',')
	}
	x.listed = true
	x.buf = quote(append(x.buf, "\n{\"id\": "...), id)
	x.buf = quote(append(x.buf, `, "type": `...), typ)
}

// attributes writes texts, then data, in order of their names, and notes their
// types. since is "" for an event's, which are as old as it is.
func (x *Writer) attributes(declared map[string]kind, texts map[string]string, data map[string]any, since string) error {
	x.buf = append(x.buf, `, "attributes": [`...)
	n := 0
	add := func(name string, k kind, value string) {
		if n++; n > 1 {
			x.buf = append(x.buf, ", "...)
		}
		declared[name] = declared[name].widen(k)
		x.buf = quote(append(x.buf, `{"name": `...), name)
		if since != "" {
			x.buf = append(x.buf, `, "time": "`...)
			x.buf = append(x.buf, since...)
			x.buf = append(x.buf, '"')
		}
		x.buf = quote(append(x.buf, `, "value": `...), value)
		x.buf = append(x.buf, '}')
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if name == "" {
			return x.fail("an attribute with the value %q has no name", texts[name])
		}
		add(name, kindString, texts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if _, twice := texts[name]; twice {
			return x.fail("attribute %q is there as a text and as data; give it once", name)
		}
		if k, value := typed(data[name]); k != "" && name != "" {
			add(name, k, value)
		}
	}
	x.buf = append(x.buf, ']')
	return nil
}

// relations writes relations and the end of an event or an object.
func (x *Writer) relations(rs []Relation) error {
	x.buf = append(x.buf, `, "relationships": [`...)
	for i, r := range rs {
		if r.Object == "" || r.Qualifier == "" {
			return x.fail("a relation has the object %q and the qualifier %q; give both", r.Object, r.Qualifier)
		}
		if !x.known[r.Object] {
			x.known[r.Object] = false // to be written
		}
		if i > 0 {
			x.buf = append(x.buf, ", "...)
		}
		x.buf = quote(append(x.buf, `{"objectId": `...), r.Object)
		x.buf = quote(append(x.buf, `, "qualifier": `...), r.Qualifier)
		x.buf = append(x.buf, '}')
	}
	x.buf = append(x.buf, "]}"...)
	return x.flush()
}

// typed is a value as a case holds it with its type in OCEL. Lists and tables are
// written as their JSON; the type is "" for nil and for what has no form in JSON.
func typed(value any) (kind, string) {
	switch v := value.(type) {
	case nil:
		return "", ""
	case string:
		return kindString, v
	case bool:
		return kindBoolean, strconv.FormatBool(v)
	case int64:
		return kindInteger, strconv.FormatInt(v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", ""
		}
		return kindFloat, strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return kindTime, instant(v)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return "", ""
	}
	return kindString, string(b)
}
