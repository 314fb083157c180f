// Package tree reads the small XML documents that stand in values of records into
// trees of elements, and writes them in one form.
//
// What must hold: a document type, an entity of its own or a processing instruction is
// refused, so that nothing is fetched and nothing grows; depth and size are bounded;
// what Append writes Parse reads as the same tree. Prefixes of names are part of the
// names: the formats it is for have none.
//
// Source: XML 1.0, fifth edition.
package tree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Limits of a document.
const (
	MaxBytes = 256 << 10
	MaxDepth = 32
	MaxNodes = 8192
)

// Node is an element, or, when it has no name, a piece of text.
type Node struct {
	Name       string
	Attributes []Attribute // in ascending order of their names
	Children   []*Node
	Text       string
	Line       int // from 1
}

// Attribute is an attribute of an element.
type Attribute struct{ Name, Value string }

// Parse reads a document and returns its element.
//
// Errors: fault.Invalid with the line.
func Parse(data []byte) (*Node, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, "the document has %d bytes, at most %d are allowed", len(data), MaxBytes)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errEncoding }
	p := parser{open: []*Node{{}}}
	for {
		line, _ := d.InputPos()
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.token(token, line)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "line %d: %v", line, err)
		}
	}
	document := p.open[0]
	if len(p.open) > 1 {
		return nil, p.open[len(p.open)-1].Fail("<%s> is not closed", p.open[len(p.open)-1].Name)
	}
	if len(document.Children) != 1 {
		return nil, fault.New(fault.Invalid, "the document has %d elements at its top, want one", len(document.Children))
	}
	return document.Children[0], nil
}

var errEncoding = errors.New("the document says that it is not UTF-8; write it in UTF-8")

// parser holds the elements that are open; the first stands for the document.
type parser struct {
	open  []*Node
	nodes int
}

func (p *parser) token(token xml.Token, line int) error {
	top := p.open[len(p.open)-1]
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t, line)
	case xml.EndElement:
		if len(p.open) == 1 || top.Name != written(t.Name) {
			return errors.New("</" + written(t.Name) + "> closes nothing that is open")
		}
		p.open = p.open[:len(p.open)-1]
	case xml.CharData:
		return p.text(string(t), line)
	case xml.ProcInst:
		if t.Target != "xml" || line > 1 || len(p.open) > 1 || len(top.Children) > 0 {
			return errors.New("a processing instruction is not allowed")
		}
	case xml.Directive:
		return errors.New("a document type is not allowed")
	case xml.Comment:
	}
	return nil
}

func (p *parser) start(t xml.StartElement, line int) error {
	n := &Node{Name: written(t.Name), Line: line}
	for _, a := range t.Attr {
		n.Attributes = append(n.Attributes, Attribute{written(a.Name), a.Value})
	}
	slices.SortFunc(n.Attributes, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(n.Attributes); i++ {
		if n.Attributes[i].Name == n.Attributes[i-1].Name {
			return errors.New("attribute " + n.Attributes[i].Name + " is there twice")
		}
	}
	if len(p.open) > MaxDepth {
		return errors.New("the elements stand too deep in one another, at most 32 are allowed")
	}
	if err := p.add(n); err != nil {
		return err
	}
	p.open = append(p.open, n)
	return nil
}

func (p *parser) text(s string, line int) error {
	top := p.open[len(p.open)-1]
	if len(p.open) == 1 {
		if strings.TrimSpace(s) != "" {
			return errors.New("text stands outside the element")
		}
		return nil
	}
	if k := len(top.Children); k > 0 && top.Children[k-1].Name == "" {
		top.Children[k-1].Text += s
		return nil
	}
	return p.add(&Node{Text: s, Line: line})
}

func (p *parser) add(n *Node) error {
	if p.nodes++; p.nodes > MaxNodes {
		return errors.New("the document has too many elements, at most 8192 are allowed")
	}
	top := p.open[len(p.open)-1]
	top.Children = append(top.Children, n)
	return nil
}

// written returns a name as it was written, with its prefix.
func written(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// Fail returns fault.Invalid with the line of the element.
func (n *Node) Fail(format string, args ...any) error {
	return fault.New(fault.Invalid, "line %d: "+format, append([]any{n.Line}, args...)...)
}

// Attribute returns an attribute and whether the element has it.
func (n *Node) Attribute(name string) (string, bool) {
	i, ok := slices.BinarySearchFunc(n.Attributes, name, func(a Attribute, name string) int { return strings.Compare(a.Name, name) })
	if !ok {
		return "", false
	}
	return n.Attributes[i].Value, true
}

// Known returns fault.Invalid when the element has an attribute that is not among
// those named.
func (n *Node) Known(names ...string) error {
	for _, a := range n.Attributes {
		if !slices.Contains(names, a.Name) {
			return n.Fail("<%s> has no attribute %s; it may have %s", n.Name, a.Name, orNone(names))
		}
	}
	return nil
}

// Elements returns the elements that stand in the element. Text between them is
// refused unless it is white space.
func (n *Node) Elements() ([]*Node, error) {
	var out []*Node
	for _, c := range n.Children {
		switch {
		case c.Name != "":
			out = append(out, c)
		case strings.TrimSpace(c.Text) != "":
			return nil, c.Fail("<%s> holds text %q, want elements alone", n.Name, strings.TrimSpace(c.Text))
		}
	}
	return out, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Append appends the element as it is always written: attributes in the order of their
// names, no space that does not count, an element without content closed at once.
func (n *Node) Append(dst []byte) []byte {
	if n.Name == "" {
		return appendEscaped(dst, n.Text, "&<>\r")
	}
	dst = append(append(dst, '<'), n.Name...)
	for _, a := range n.Attributes {
		dst = append(append(append(dst, ' '), a.Name...), `="`...)
		dst = append(appendEscaped(dst, a.Value, "&<>\"\t\n\r"), '"')
	}
	if len(n.Children) == 0 {
		return append(dst, "/>"...)
	}
	dst = n.AppendContent(append(dst, '>'))
	return append(append(append(dst, "</"...), n.Name...), '>')
}

// AppendContent appends what stands in the element, without the white space between
// its elements when there is nothing else beside them.
func (n *Node) AppendContent(dst []byte) []byte {
	parted := n.parted()
	for _, c := range n.Children {
		if c.Name != "" || !parted {
			dst = c.Append(dst)
		}
	}
	return dst
}

// parted reports whether the text in an element does nothing but part its elements.
func (n *Node) parted() bool {
	elements := false
	for _, c := range n.Children {
		if c.Name == "" && strings.TrimSpace(c.Text) != "" {
			return false
		}
		elements = elements || c.Name != ""
	}
	return elements
}

func appendEscaped(dst []byte, s, special string) []byte {
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) < 0 {
			dst = append(dst, s[i])
			continue
		}
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\t':
			dst = append(dst, "&#9;"...)
		case '\n':
			dst = append(dst, "&#10;"...)
		default:
			dst = append(dst, "&#13;"...)
		}
	}
	return dst
}
