package namespace

import (
	"regexp"
	"strconv"
	"strings"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/namespace/tree"
)

// step is something that a template does. One of its fields is set.
type step struct {
	value    *value
	branch   *branch
	each     []step // for each value of the base record; not nil
	def      *def
	notFound bool
}

// value makes a value.
type value struct {
	index    uint32 // 0: the original's, or the first that is free
	kind     text   // nil: the original's
	data     text   // nil: the original's
	keepKind bool
	keepData bool
}

// branch is an <if> with its <else>.
type branch struct {
	of        string // the parameter that is tested
	parameter string // what it is called within
	equals    string
	matches   *regexp.Regexp // nil: equals is what it is compared with
	cost      int            // of matching one byte
	negate    bool
	then      []step
	otherwise []step
}

// def gives a parameter the data of the first value that its steps make.
type def struct {
	parameter string
	steps     []step
}

// text is a text with variables.
type text []piece

// piece is a literal, or a variable such as extension[2].
type piece struct {
	literal  string
	variable string
}

// reader reads templates; the first thing that is wrong stays in err.
type reader struct {
	err  error
	cost int // of all regular expressions
}

func (r *reader) fail(n *tree.Node, format string, args ...any) {
	if r.err == nil {
		r.err = n.Fail(format, args...)
	}
}

func (r *reader) known(n *tree.Node, names ...string) {
	if err := n.Known(names...); err != nil && r.err == nil {
		r.err = err
	}
}

func (r *reader) elements(n *tree.Node) []*tree.Node {
	out, err := n.Elements()
	if err != nil && r.err == nil {
		r.err = err
	}
	return out
}

func (r *reader) template(n *tree.Node) template {
	r.known(n, "delimiter", "ref")
	t := template{steps: r.steps(n, false)}
	t.delimiter, _ = n.Attribute("delimiter")
	ref, ok := n.Attribute("ref")
	if !ok {
		return t
	}
	index, name, _ := strings.Cut(ref, ":")
	i, err := strconv.ParseUint(index, 10, 32)
	parsed, err2 := handle.Parse(name)
	if err != nil || err2 != nil || i == 0 {
		r.fail(n, "ref is %q, want an index and an identifier, as in 10:88.118.2/film", ref)
	}
	if len(t.steps) > 0 {
		r.fail(n, "<template> has both ref and content")
	}
	t.ref = &handle.Reference{Name: parsed, Index: uint32(i)}
	return t
}

// steps reads what stands in an element. Within <foreach> there is an original value.
func (r *reader) steps(n *tree.Node, within bool) []step { //nolint:revive // it is where the element stands
	out := []step{}
	var open *branch // the <if> right before
	for _, e := range r.elements(n) {
		before := open
		open = nil
		switch e.Name {
		case "value":
			out = append(out, step{value: r.value(e, within)})
		case "if":
			open = r.branch(e, within)
			out = append(out, step{branch: open})
		case "else":
			r.known(e)
			if before == nil {
				r.fail(e, "<else> does not stand right behind an <if>")
				break
			}
			before.otherwise = r.steps(e, within)
		case "foreach":
			r.known(e)
			if within {
				r.fail(e, "<foreach> stands in a <foreach>")
			}
			out = append(out, step{each: r.steps(e, true)})
		case "def":
			r.known(e, "parameter")
			out = append(out, step{def: &def{parameter: r.required(e, "parameter"), steps: r.steps(e, within)}})
		case "notfound":
			r.known(e)
			out = append(out, step{notFound: true})
		default:
			r.fail(e, "<%s> is not known; a template holds value, if, else, foreach, def, notfound", e.Name)
		}
	}
	return out
}

func (r *reader) required(n *tree.Node, name string) string {
	s, ok := n.Attribute(name)
	if !ok || s == "" {
		r.fail(n, "<%s> has no %s", n.Name, name)
	}
	return s
}

func (r *reader) value(n *tree.Node, within bool) *value { //nolint:revive // it is where the element stands
	r.known(n, "index", "type", "data")
	v := &value{keepKind: true, keepData: true}
	if s, ok := n.Attribute("index"); ok {
		i, err := strconv.ParseUint(s, 10, 32)
		if err != nil || i == 0 {
			r.fail(n, "index is %q, want a whole number from 1 on", s)
		}
		v.index = uint32(i)
	}
	if s, ok := n.Attribute("type"); ok {
		v.kind, v.keepKind = variables(s), false
	}
	data, ok := n.Attribute("data")
	if content := string(n.AppendContent(nil)); !ok && strings.TrimSpace(content) != "" {
		data, ok = content, true
		if len(n.Children) == 1 && n.Children[0].Name == "" {
			data = n.Children[0].Text
		}
	}
	if ok {
		v.data, v.keepData = variables(data), false
	}
	if !within && (v.keepKind || v.keepData) {
		r.fail(n, "<value> outside <foreach> needs a type and data")
	}
	return v
}

func (r *reader) branch(n *tree.Node, within bool) *branch {
	r.known(n, "value", "parameter", "test", "negate", "expression")
	b := &branch{of: "extension"}
	if s, ok := n.Attribute("value"); ok {
		b.of = s
	}
	b.parameter = b.of
	if s, ok := n.Attribute("parameter"); ok {
		b.parameter = s
	}
	switch s, _ := n.Attribute("negate"); s {
	case "", "false":
	case "true":
		b.negate = true
	default:
		r.fail(n, "negate is %q, want true or false", s)
	}
	expression, ok := n.Attribute("expression")
	if !ok {
		r.fail(n, "<if> has no expression")
	}
	switch s, _ := n.Attribute("test"); s {
	case "", "equals":
		b.equals = expression
	case "matches":
		b.matches, b.cost = r.expression(n, expression)
	default:
		r.fail(n, "test is %q, want equals or matches", s)
	}
	b.then = r.steps(n, within)
	return b
}

// variables parts a text at its ${...}. One that is not closed stands for itself.
func variables(s string) text {
	out := text{}
	for {
		before, behind, ok := strings.Cut(s, "${")
		name, rest, closed := strings.Cut(behind, "}")
		if !ok || !closed {
			return append(out, piece{literal: s})
		}
		if before != "" {
			out = append(out, piece{literal: before})
		}
		out = append(out, piece{variable: name})
		s = rest
	}
}
