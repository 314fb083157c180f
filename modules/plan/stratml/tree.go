package stratml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"yuzhou/kernel/fault"
)

// The limits of what is read: far above any published plan, far below harm.
const (
	maxBytes    = 16 << 20
	maxDepth    = 64
	maxElements = 200_000
)

// node is an element as it stands in the document.
type node struct {
	name     string
	line     int
	attrs    []xml.Attr
	text     string // its own character data, without that of its children
	children []*node
	rank     int // place in the schema's order, 1 and up; 0 when nothing read it
}

// all returns the text of n and of what is inside it, in order of depth first.
func (n *node) all() string {
	parts := []string{n.text}
	for _, c := range n.children {
		parts = append(parts, c.all())
	}
	return strings.Join(parts, " ")
}

// grower builds the tree of a document.
type grower struct {
	root     *node
	open     []*node
	texts    [][]byte // the character data of those so far
	elements int
	spaces   map[string]bool // namespaces that are not StratML's, already reported
	report   *report
}

// grow reads doc into a tree. What is not well-formed is read as far as it can be.
func grow(doc []byte, r *report) (*node, error) {
	g := &grower{report: &report{}, spaces: map[string]bool{}}
	err := g.read(xml.NewDecoder(bytes.NewReader(doc)))
	var broken *xml.SyntaxError
	if errors.As(err, &broken) {
		r.add(broken.Line, "document", "is not well-formed XML: "+broken.Msg, "read on leniently")
		g = &grower{report: &report{}, spaces: map[string]bool{}}
		lenient := xml.NewDecoder(bytes.NewReader(doc))
		lenient.Strict, lenient.Entity, lenient.AutoClose = false, xml.HTMLEntity, xml.HTMLAutoClose
		err = g.read(lenient)
	}
	if errors.As(err, &broken) && g.root != nil {
		g.report.add(broken.Line, "document", "cannot be read further: "+broken.Msg, "what comes after is left out")
		err = nil
	}
	for len(g.open) > 0 {
		g.end()
	}
	r.list = append(r.list, g.report.list...)
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return nil, err
	case err != nil:
		return nil, fault.New(fault.Invalid, "this is not an XML document: %v", err)
	case g.root == nil:
		return nil, fault.New(fault.Invalid, "this is not an XML document: it has no element")
	}
	return g.root, nil
}

func (g *grower) read(d *xml.Decoder) error {
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // utf8Document did it
	for {
		line, _ := d.InputPos()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := g.take(token, line); err != nil {
			return err
		}
	}
}

func (g *grower) take(token xml.Token, line int) error {
	switch t := token.(type) {
	case xml.StartElement:
		return g.start(t, line)
	case xml.EndElement:
		g.end()
	case xml.CharData:
		if n := len(g.open); n > 0 {
			g.texts[n-1] = append(g.texts[n-1], t...)
		}
	case xml.Directive:
		if strings.Contains(strings.ToUpper(string(t)), "<!ENTITY") {
			return fault.New(fault.Invalid, "line %d: the document declares entities, which are refused", line)
		}
		g.report.add(line, "DOCTYPE", "has no place in StratML", "left out")
	}
	return nil
}

func (g *grower) start(t xml.StartElement, line int) error {
	g.elements++
	if g.elements > maxElements {
		return fault.New(fault.Invalid, "line %d: the document has more than %d elements", line, maxElements)
	}
	if len(g.open) >= maxDepth {
		return fault.New(fault.Invalid, "line %d: elements are nested more than %d deep", line, maxDepth)
	}
	n := &node{name: t.Name.Local, line: line}
	for _, a := range t.Attr {
		if foreign := a.Name.Space != "" || a.Name.Local == "xmlns"; !foreign {
			n.attrs = append(n.attrs, a)
		}
	}
	if s := t.Name.Space; s != Namespace && s != NamespacePartOne && !g.spaces[s] {
		g.spaces[s] = true
		g.report.add(line, n.name, fmt.Sprintf("is in the namespace %q, which is not StratML's", s), "read by its name alone")
	}
	if len(g.open) > 0 {
		parent := g.open[len(g.open)-1]
		parent.children = append(parent.children, n)
	} else if g.root == nil {
		g.root = n
	}
	g.open = append(g.open, n)
	g.texts = append(g.texts, nil)
	return nil
}

// end closes the innermost open element.
func (g *grower) end() {
	if n := len(g.open) - 1; n >= 0 {
		g.open[n].text = string(g.texts[n])
		g.open, g.texts = g.open[:n], g.texts[:n]
	}
}
