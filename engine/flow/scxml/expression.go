package scxml

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/fault"
)

// node is a part of an expression of another tool's chart.
type node struct {
	op   string // an operator; "name", "number", "text", "list", "map", "member", "index", "call", "?"
	text string
	args []*node
}

// translate turns an expression of ECMAScript into CEL where both mean the same:
// comparisons (=== as ==), &&, ||, !, ?:, + - * %, literals, In(), members, .length.
// A variable x becomes data.x; of _event there are name and data.
//
// Errors: fault.Invalid that says what is not translated. Division is not: whole
// numbers divide otherwise in CEL.
func translate(text string) (string, error) {
	n, err := understand(text)
	if err != nil {
		return "", err
	}
	return n.cel(0), nil
}

func understand(text string) (*node, error) {
	const most = 10_000 // bytes: far above what people write
	if len(text) > most {
		return nil, fault.New(fault.Invalid, "it has %d bytes, at most %d are translated", len(text), most)
	}
	words, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{words: words}
	n, err := p.choice()
	if err != nil {
		return nil, err
	}
	if w := p.peek(); w.kind != "" {
		return nil, fault.New(fault.Invalid, "%q cannot stand there", w.text)
	}
	return n, nil
}

// literal reads a value that is written out, into a node of YAML; false when text
// is more than that.
func literal(text string, line int) (*yaml.Node, bool) {
	n, err := understand(text)
	if err != nil {
		return nil, false
	}
	return n.yaml(line)
}

func (n *node) yaml(line int) (*yaml.Node, bool) {
	out := &yaml.Node{Kind: yaml.ScalarNode, Line: line, Value: n.text}
	switch n.op {
	case "number":
		out.Tag = "!!float"
		if _, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			out.Tag = "!!int"
		}
		return out, true
	case "-":
		inner, ok := n.args[0].yaml(line)
		if len(n.args) != 1 || !ok || n.args[0].op != "number" {
			return nil, false
		}
		inner.Value = "-" + inner.Value
		return inner, true
	case "text":
		out.Tag = "!!str"
		return out, true
	case "word":
		out.Tag = map[string]string{"true": "!!bool", "false": "!!bool", "null": "!!null"}[n.text]
		return out, true
	case "list", "map":
		return n.collection(line)
	}
	return nil, false
}

func (n *node) collection(line int) (*yaml.Node, bool) {
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: line}
	if n.op == "map" {
		out.Kind = yaml.MappingNode
	}
	for _, a := range n.args {
		v, ok := a.yaml(line)
		if !ok {
			return nil, false
		}
		out.Content = append(out.Content, v)
	}
	return out, true
}

// rank is how strongly an operator of CEL binds its operands.
func (n *node) rank() int {
	switch n.op {
	case "?":
		return 1
	case "||":
		return 2
	case "&&":
		return 3
	case "==", "!=", "<", "<=", ">", ">=":
		return 4
	case "+", "-", "*", "%", "!":
		return n.arithmetic()
	}
	return 8
}

func (n *node) arithmetic() int {
	switch {
	case len(n.args) == 1:
		return 7
	case n.op == "*" || n.op == "%":
		return 6
	}
	return 5
}

// cel writes the expression, in brackets when it binds less than it must.
func (n *node) cel(least int) string {
	rank := n.rank()
	text := n.plain(rank)
	if rank < least {
		return "(" + text + ")"
	}
	return text
}

func (n *node) plain(rank int) string {
	switch n.op {
	case "number", "word":
		return n.text
	case "text":
		return quote(n.text)
	case "name":
		return "data." + n.text
	case "event":
		return "event." + n.text
	case "member":
		return n.args[0].cel(8) + "." + n.text
	case "index":
		return n.args[0].cel(8) + "[" + n.args[1].cel(0) + "]"
	case "size", "In":
		return n.op + "(" + n.args[0].cel(0) + ")"
	case "list":
		return "[" + list(n.args, ", ") + "]"
	case "map":
		return "{" + pairs(n.args) + "}"
	case "?":
		return n.args[0].cel(2) + " ? " + n.args[1].cel(2) + " : " + n.args[2].cel(1)
	}
	if len(n.args) == 1 {
		return n.op + n.args[0].cel(rank)
	}
	return n.args[0].cel(rank) + " " + n.op + " " + n.args[1].cel(rank+1)
}

func list(args []*node, between string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.cel(0)
	}
	return strings.Join(parts, between)
}

func pairs(args []*node) string {
	parts := make([]string, 0, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		parts = append(parts, args[i].cel(0)+": "+args[i+1].cel(0))
	}
	return strings.Join(parts, ", ")
}

// quote writes a text of CEL.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			b.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
