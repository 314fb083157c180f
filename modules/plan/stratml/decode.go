package stratml

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"yuzhou/kernel/fault"
)

// Mended is one thing Parse found wrong and what it did about it.
type Mended struct {
	Line    int    // in the document, from 1
	Element string // such as "Goal[2]/Objective[1]/Identifier"
	Wrong   string
	Done    string
}

// String prints m as one sentence for people.
func (m Mended) String() string {
	return fmt.Sprintf("line %d: %s %s; %s", m.Line, m.Element, m.Wrong, m.Done)
}

// report collects what was mended.
type report struct{ list []Mended }

func (r *report) add(line int, element, wrong, done string) {
	r.list = append(r.list, Mended{line, element, wrong, done})
}

// Parse reads a StratML document, Part 2 or Part 1, in UTF-8, UTF-16 with byte
// order mark, ISO 8859-1 or Windows-1252. It reads leniently and reports, in the
// order found, everything that the schema would not accept and everything it
// changed or left out. Empty elements, which editors leave behind, count as absent.
//
// Text that has no place moves to the nearest OtherInformation or Description.
// A goal, objective or indicator without identifier gets one made from its place
// ("goal-1-objective-2"), the same at each reading.
//
//   - Errors: fault.Invalid when r is over 16 MiB, 64 levels or 200,000 elements,
//     declares entities, is in another encoding, or has no StratML root at all;
//     errors of r as they are.
//   - Source: ISO 17469-1:2015; ANSI/AIIM 22:2017.
func Parse(r io.Reader) (*Plan, []Mended, error) {
	doc, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	if len(doc) > maxBytes {
		return nil, nil, fault.New(fault.Invalid, "the document is longer than %d MiB", maxBytes>>20)
	}
	rep := &report{}
	if doc, err = utf8Document(doc, rep); err != nil {
		return nil, nil, err
	}
	tree, err := grow(doc, rep)
	if err != nil {
		return nil, nil, err
	}
	root := findRoot(tree, rep)
	if root == nil {
		return nil, nil, fault.New(fault.Invalid,
			"line %d: this is not StratML: the root is %q, not %s or StrategicPlan", tree.line, tree.name, rootName)
	}
	arrange(root, rep)
	in := &reading{report: rep, taken: map[string]bool{}, present: presentIDs(root)}
	p := &Plan{}
	top := &reader{in: in, node: root}
	p.layout(top)
	top.finish()
	if len(p.Goals) == 0 {
		rep.add(root.line, "StrategicPlanCore", "has no Goal, of which the schema wants one", "left so: add one before it is written")
	}
	return p, rep.list, nil
}

// findRoot returns the element that is the plan: n, or the first inside it of the
// right name when something is wrapped around it.
func findRoot(n *node, r *report) *node {
	switch {
	case strings.EqualFold(n.name, rootName):
		return n
	case strings.EqualFold(n.name, "StrategicPlan"):
		r.add(n.line, n.name, "is the root of StratML Part 1", "read as "+rootName+" of Part 2, Type "+string(StrategicPlan))
		n.attrs = append([]xml.Attr{{Name: xml.Name{Local: "Type"}, Value: string(StrategicPlan)}}, n.attrs...)
		return n
	}
	for _, c := range n.children {
		if root := findRoot(c, r); root != nil {
			r.add(n.line, n.name, "is wrapped around the plan", "left out")
			return root
		}
	}
	return nil
}
