package procedure

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"yuzhou/engine/flow/guard"
)

// expression is what the static check sees of an expression.
type expression struct {
	data   []string // fields x of data.x and data['x']
	event  []string // fields x of event.data.x and event.data['x']
	states []string // states x of In('x') and 'x' in states
	asked  []string // "data.x" and "event.data.x" of has(data.x) and has(event.data.x)
	cond   *cond    // true for no expression
}

// cond is an expression as a condition over present states and atoms, which are the
// parts that depend on data and so may be true or false.
type cond struct {
	op    string // an operator of CEL, "In" or "atom"
	args  []*cond
	text  string // of In: the state; of an atom: its expression
	holds bool   // of a literal
}

// look reads an expression without evaluating it. Macros are left as calls, so what
// stands in the text is seen as it stands.
func look(p guard.Program) expression {
	if p.None() {
		return expression{cond: &cond{holds: true}}
	}
	reader, err := parser.NewParser()
	if err != nil {
		return expression{cond: &cond{op: "atom", text: p.String()}}
	}
	tree, issues := reader.Parse(common.NewTextSource(p.String()))
	if len(issues.GetErrors()) > 0 { // such as what only macros understand
		return expression{cond: &cond{op: "atom", text: p.String()}}
	}
	x := expression{cond: condition(tree.Expr(), tree.SourceInfo())}
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) { x.note(e) }))
	return x
}

// note takes down what a node of an expression refers to.
func (x *expression) note(e ast.Expr) {
	if state, ok := inState(e); ok {
		x.states = append(x.states, state)
		return
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "has" && len(e.AsCall().Args()) == 1 {
		x.asked = append(x.asked, fieldOf(e.AsCall().Args()[0]))
	}
	switch name := fieldOf(e); {
	case strings.HasPrefix(name, "data."):
		x.data = append(x.data, name[len("data."):])
	case strings.HasPrefix(name, "event.data."):
		x.event = append(x.event, name[len("event.data."):])
	default:
	}
}

// fieldOf returns "data.x" or "event.data.x" of an expression that is just that; ""
// of another.
func fieldOf(e ast.Expr) string {
	of, name, ok := member(e)
	if !ok {
		return ""
	}
	if of.Kind() == ast.IdentKind && of.AsIdent() == "data" {
		return "data." + name
	}
	if inner, key, ok := member(of); ok && key == "data" && inner.Kind() == ast.IdentKind && inner.AsIdent() == "event" {
		return "event.data." + name
	}
	return ""
}

// member reads of.name and of['name'].
func member(e ast.Expr) (of ast.Expr, name string, ok bool) {
	switch e.Kind() { //nolint:exhaustive // the other kinds are no members
	case ast.SelectKind:
		return e.AsSelect().Operand(), e.AsSelect().FieldName(), true
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == operators.Index && len(c.Args()) == 2 {
			name, ok = literal(c.Args()[1])
			return c.Args()[0], name, ok
		}
	default:
	}
	return nil, "", false
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// inState reads In('x') and 'x' in states.
func inState(e ast.Expr) (state string, ok bool) {
	if e.Kind() != ast.CallKind {
		return "", false
	}
	c := e.AsCall()
	switch args := c.Args(); {
	case c.FunctionName() == "In" && len(args) == 1 && !c.IsMemberFunction():
		return literal(args[0])
	case c.FunctionName() == operators.In && len(args) == 2 && args[1].Kind() == ast.IdentKind && args[1].AsIdent() == "states":
		return literal(args[0])
	}
	return "", false
}

// condition turns a tree of CEL into a condition.
func condition(e ast.Expr, info *ast.SourceInfo) *cond {
	if state, ok := inState(e); ok {
		return &cond{op: "In", text: state}
	}
	if e.Kind() == ast.LiteralKind {
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return &cond{holds: bool(b)}
		}
	}
	logic := []string{operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional}
	if e.Kind() == ast.CallKind && slices.Contains(logic, e.AsCall().FunctionName()) {
		c := &cond{op: e.AsCall().FunctionName()}
		for _, a := range e.AsCall().Args() {
			c.args = append(c.args, condition(a, info))
		}
		return c
	}
	text, err := parser.Unparse(e, info)
	if err != nil {
		text = "?"
	}
	return &cond{op: "atom", text: text}
}

// holdsWith evaluates a condition, given which states are present and which atoms
// are true.
func (c *cond) holdsWith(in, atom func(string) bool) bool {
	switch c.op {
	case "In":
		return in(c.text)
	case "atom":
		return atom(c.text)
	case operators.LogicalAnd:
		return c.args[0].holdsWith(in, atom) && c.args[1].holdsWith(in, atom)
	case operators.LogicalOr:
		return c.args[0].holdsWith(in, atom) || c.args[1].holdsWith(in, atom)
	case operators.LogicalNot:
		return !c.args[0].holdsWith(in, atom)
	case operators.Conditional:
		if c.args[0].holdsWith(in, atom) {
			return c.args[1].holdsWith(in, atom)
		}
		return c.args[2].holdsWith(in, atom)
	}
	return c.holds
}
