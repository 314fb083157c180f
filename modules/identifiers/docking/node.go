package docking

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// node is what JSON and XML have in common.
type node struct {
	name string
	kind kind
	text string
	kids []node
}

type kind byte

const (
	bare   kind = iota // text of XML: it may be a text or a number
	quoted             // a string of JSON
	number             // a number of JSON
	object
	list
	element // of XML, with others in it: an object or a list
)

// maxDepth is how deep nodes may lie: a batch, its rows, a row, a list, an entry, a
// field, a list of that, an entry.
const maxDepth = 10

// entry is the name of what a list of XML holds.
const entry = "item"

// readJSON reads a document of JSON.
func readJSON(doc []byte) (node, error) {
	if !utf8.Valid(doc) {
		return node{}, fault.New(fault.Invalid, "the batch is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	n, err := jsonNode(d, "", 0)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = fault.New(fault.Invalid, "something stands behind the JSON of the batch")
		}
	}
	return n, wrongJSON(d, err)
}

func wrongJSON(d *json.Decoder, err error) error {
	if err == nil || fault.KindOf(err) != "" {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fault.New(fault.Invalid, "byte %d of the batch is not JSON: %v", d.InputOffset(), err)
}

func jsonNode(d *json.Decoder, name string, depth int) (node, error) {
	n := node{name: name}
	if depth > maxDepth {
		return n, fault.New(fault.Invalid, "byte %d of the batch: more than %d objects and lists lie in one another", d.InputOffset(), maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return n, err
	}
	switch t := t.(type) {
	case string:
		n.kind, n.text = quoted, t
	case json.Number:
		n.kind, n.text = number, t.String()
	case json.Delim:
		n.kind = list
		if t == '{' {
			n.kind = object
		}
		n.kids, err = jsonKids(d, n, depth)
	default:
		err = fault.New(fault.Invalid, "byte %d of the batch: %v has no place in a batch; leave out what is not known", d.InputOffset(), t)
	}
	return n, err
}

func jsonKids(d *json.Decoder, of node, depth int) ([]node, error) {
	var kids []node
	seen := map[string]bool{}
	for d.More() {
		name := entry
		if of.kind == object {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ = t.(string) // the decoder lets nothing else be a key
			if seen[name] {
				return nil, fault.New(fault.Invalid, "byte %d of the batch: %.40q is there a second time", d.InputOffset(), name)
			}
			seen[name] = true
		}
		kid, err := jsonNode(d, name, depth+1)
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
	}
	_, err := d.Token()
	return kids, err
}

// readXML reads a document of XML. Which elements are lists shows in the struct alone,
// so both are elements here.
func readXML(doc []byte) (node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	// Elements that are open, under a root that holds the document.
	stack := []node{{}}
	for len(stack[0].kids) == 0 {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return node{}, wrongXML(d, "%v", err)
		}
		if stack, err = pushXML(d, stack, t); err != nil {
			return node{}, err
		}
	}
	return stack[0].kids[0], endXML(d)
}

// pushXML takes one token.
func pushXML(d *xml.Decoder, stack []node, t xml.Token) ([]node, error) {
	switch t := t.(type) {
	case xml.StartElement:
		if len(t.Attr) > 0 || t.Name.Space != "" || len(stack) > maxDepth {
			return stack, wrongXML(d, "<%s> has attributes, a namespace, or lies too deep", t.Name.Local)
		}
		return append(stack, node{name: t.Name.Local}), nil
	case xml.EndElement:
		last := len(stack) - 1
		up := &stack[last-1]
		up.kind = element
		up.kids = append(up.kids, stack[last])
		return stack[:last], nil
	case xml.CharData:
		return stack, textXML(d, stack, t)
	case xml.ProcInst:
		if t.Target == "xml" && len(stack) == 1 {
			return stack, nil
		}
	}
	return stack, wrongXML(d, "comments, declarations and instructions have no place here")
}

func wrongXML(d *xml.Decoder, format string, args ...any) error {
	line, _ := d.InputPos()
	return fault.New(fault.Invalid, "line %d of the batch: %s", line, fmt.Sprintf(format, args...))
}

// textXML takes text: of an element without others it is the value, between elements
// it may be white space alone.
func textXML(d *xml.Decoder, stack []node, text []byte) error {
	n := &stack[len(stack)-1]
	if blank := len(bytes.TrimSpace(text)) == 0; !blank && (n.kind == element || len(stack) == 1) {
		return wrongXML(d, "text stands between elements")
	}
	n.text += string(text)
	return nil
}

// endXML holds that nothing comes behind the batch.
func endXML(d *xml.Decoder) error {
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrongXML(d, "%v", err)
		}
		if text, ok := t.(xml.CharData); !ok || len(bytes.TrimSpace(text)) > 0 {
			return wrongXML(d, "something stands behind the batch")
		}
	}
}

// appendJSON writes a node.
func (n node) appendJSON(dst []byte) []byte {
	switch n.kind {
	case number:
		return append(dst, n.text...)
	case object, list, element:
		open, shut := byte('['), byte(']')
		if n.kind == object {
			open, shut = '{', '}'
		}
		dst = append(dst, open)
		for i, k := range n.kids {
			if i > 0 {
				dst = append(dst, ',')
			}
			if n.kind == object {
				dst = appendString(dst, k.name)
				dst = append(dst, ':')
			}
			dst = k.appendJSON(dst)
		}
		return append(dst, shut)
	case bare, quoted:
	}
	return appendString(dst, n.text)
}

func appendString(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return dst // a string has always JSON
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// appendXML writes a node, each on a line of its own.
func (n node) appendXML(dst []byte, indent string) []byte {
	dst = append(dst, indent+"<"+n.name+">"...)
	if n.kind != object && n.kind != list {
		var b strings.Builder
		if err := xml.EscapeText(&b, []byte(n.text)); err != nil {
			return dst // a builder takes all
		}
		dst = append(dst, b.String()...)
	} else {
		dst = append(dst, '\n')
		for _, k := range n.kids {
			dst = k.appendXML(dst, indent+" ")
		}
		dst = append(dst, indent...)
	}
	return append(dst, "</"+n.name+">\n"...)
}
