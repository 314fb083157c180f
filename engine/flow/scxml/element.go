package scxml

import (
	"fmt"
	"strings"

	"yuzhou/kernel/pack"
)

// element is an element of XML.
type element struct {
	space, name string
	attrs       []attribute
	kids        []*element
	text        []byte // directly within, all of it
	line        int    // where it begins; 0 when it was made here
}

type attribute struct{ space, name, value string }

// el makes an element of SCXML.
func el(name string) *element { return &element{space: standard, name: name} }

// mine makes an element of the own namespace.
func mine(name string) *element { return &element{space: own, name: name} }

// set adds an attribute that is not empty.
func (e *element) set(name, value string) *element {
	if value != "" {
		e.attrs = append(e.attrs, attribute{name: name, value: value})
	}
	return e
}

// ours adds an attribute of the own namespace; within that namespace it needs none.
func (e *element) ours(name, value string) *element {
	if e.space == own || value == "" {
		return e.set(name, value)
	}
	e.attrs = append(e.attrs, attribute{own, name, value})
	return e
}

// flag adds an attribute that says yes.
func (e *element) flag(name string, on bool) *element { //nolint:revive // a value to print, no switch
	if on {
		e.ours(name, "true")
	}
	return e
}

// wording adds a text in both languages.
func (e *element) wording(of string, t pack.Text) *element {
	return e.ours(of+"zh", t.ZH).ours(of+"en", t.EN)
}

// add puts elements within; nil is none.
func (e *element) add(kids ...*element) *element {
	for _, k := range kids {
		if k != nil {
			e.kids = append(e.kids, k)
		}
	}
	return e
}

// some is the element itself when it holds anything.
func (e *element) some() *element {
	if len(e.kids) == 0 {
		return nil
	}
	return e
}

// get returns an attribute without a namespace.
func (e *element) get(name string) (value string, ok bool) {
	for _, a := range e.attrs {
		if a.space == "" && a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// printer writes elements, each on a line of its own.
type printer struct {
	text strings.Builder
	bad  string // what cannot be written
}

func (pr *printer) element(e *element, depth int) {
	indent := strings.Repeat("  ", depth)
	name := e.name
	if e.space == own {
		name = prefix + ":" + name
	}
	pr.text.WriteString(indent + "<" + name)
	if depth == 0 {
		fmt.Fprintf(&pr.text, " xmlns=%q xmlns:%s=%q", standard, prefix, own)
	}
	for _, a := range e.attrs {
		key := a.name
		if a.space == own {
			key = prefix + ":" + key
		}
		pr.text.WriteString(" " + key + `="`)
		pr.value(name, key, a.value)
		pr.text.WriteByte('"')
	}
	if len(e.kids) == 0 {
		pr.text.WriteString("/>\n")
		return
	}
	pr.text.WriteString(">\n")
	for _, k := range e.kids {
		pr.element(k, depth+1)
	}
	pr.text.WriteString(indent + "</" + name + ">\n")
}

// value writes the value of an attribute so that it is read back to the same: white
// space other than a blank would be read as one.
func (pr *printer) value(element, name, v string) {
	for _, r := range v {
		switch r {
		case '&':
			pr.text.WriteString("&amp;")
		case '<':
			pr.text.WriteString("&lt;")
		case '>':
			pr.text.WriteString("&gt;")
		case '"':
			pr.text.WriteString("&quot;")
		case '\t', '\n', '\r':
			fmt.Fprintf(&pr.text, "&#%d;", r)
		default:
			if !character(r) && pr.bad == "" {
				pr.bad = fmt.Sprintf("attribute %s of <%s> has the character %U, which XML 1.0 cannot hold; take it out", name, element, r)
			}
			pr.text.WriteRune(r)
		}
	}
}

// character reports whether XML 1.0 has a character besides the white space.
func character(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF && (r < 0xD800 || r > 0xDFFF)
}
