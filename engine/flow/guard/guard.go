// Package guard compiles and evaluates the expressions of procedures: guards
// and assignments in CEL, the Common Expression Language.
//
// What must hold: an expression sees the case's data, the event and the present
// states, and nothing else; it ends, within a bound of work; the same input
// gives the same value, so that a case can be replayed.
package guard

import (
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"yuzhou/kernel/fault"
)

// maxCost bounds the work of one expression, in CEL's units: a guard over a list
// of some 10,000 entries passes, a loop within a loop over it does not.
const maxCost = 1_000_000

// Scope is what an expression sees.
type Scope struct {
	Data   map[string]any // the case's: JSON values
	Event  map[string]any // name, by, at (RFC 3339) and data of the event
	States []string       // the present ones; In('x') asks for one
}

// Program is a compiled expression, safe for many goroutines. The zero value is
// no expression: true as a condition, nil as a value.
type Program struct {
	text string
	prg  cel.Program
	vars map[string]bool // variables that the expression names
}

// String returns the expression as it was written.
func (p Program) String() string { return p.text }

// None reports whether there is no expression.
func (p Program) None() bool { return p.prg == nil }

// Mentions reports whether the expression names a variable: data, event, states.
func (p Program) Mentions(variable string) bool { return p.vars[variable] }

// environment is made once: that takes milliseconds.
//
//nolint:gochecknoglobals // an immutable compiler
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("data", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("event", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("states", cel.ListType(cel.StringType)),
		cel.Macros(cel.GlobalMacro("In", 1, inMacro)),
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(), ext.Math(), ext.Sets(),
	)
})

// inMacro turns SCXML's predicate In('x') into 'x' in states.
func inMacro(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	return f.NewCall(operators.In, args[0], f.NewIdent("states")), nil
}

// Compile parses and type-checks an expression. Errors: fault.Invalid with CEL's
// own words about where and why.
func Compile(text string) (Program, error) { return compile(text, nil) }

// Condition is Compile for an expression that must be true or false.
func Condition(text string) (Program, error) { return compile(text, cel.BoolType) }

func compile(text string, want *cel.Type) (Program, error) {
	env, err := environment()
	if err != nil {
		return Program{}, err
	}
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		return Program{}, fault.New(fault.Invalid, "expression %q: %v", text, issues.Err())
	}
	if want != nil && !tree.OutputType().IsAssignableType(want) && !tree.OutputType().IsExactType(cel.DynType) {
		return Program{}, fault.New(fault.Invalid, "expression %q gives %s, not true or false", text, tree.OutputType())
	}
	prg, err := env.Program(tree, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return Program{}, fault.New(fault.Invalid, "expression %q: %v", text, err)
	}
	vars := map[string]bool{}
	ast.PreOrderVisit(tree.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			vars[e.AsIdent()] = true
		}
	}))
	return Program{text, prg, vars}, nil
}

// True evaluates a condition.
//
//   - Result: true without an expression.
//   - Errors: fault.Invalid when the expression fails (a key that is not there, a
//     division by zero, too much work) or gives no boolean.
func (p Program) True(s Scope) (bool, error) {
	if p.None() {
		return true, nil
	}
	v, err := p.eval(s)
	if err != nil {
		return false, err
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, fault.New(fault.Invalid, "expression %q gave %v, not true or false", p.text, v.Value())
	}
	return bool(b), nil
}

// Value evaluates an expression to a JSON value: nil, bool, int64, float64,
// string, []any or map[string]any. Errors: fault.Invalid as for True, or when
// the value has no form in JSON.
func (p Program) Value(s Scope) (any, error) {
	if p.None() {
		return nil, nil //nolint:nilnil // no expression has no value
	}
	v, err := p.eval(s)
	if err != nil {
		return nil, err
	}
	out, err := plain(v)
	if err != nil {
		return nil, fault.New(fault.Invalid, "expression %q: %v", p.text, err)
	}
	return out, nil
}

func (p Program) eval(s Scope) (ref.Val, error) {
	data, event := s.Data, s.Event
	if data == nil {
		data = map[string]any{}
	}
	if event == nil {
		event = map[string]any{}
	}
	v, _, err := p.prg.Eval(map[string]any{"data": data, "event": event, "states": s.States})
	if err != nil {
		return nil, fault.New(fault.Invalid, "expression %q: %v", p.text, err)
	}
	return v, nil
}

// plain turns a value of CEL into a JSON value.
func plain(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil //nolint:nilnil // JSON's null
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		return plain(types.Int(v)) //nolint:gosec // counts, far below 2^63
	case types.Double:
		return float64(v), nil
	case types.String:
		return string(v), nil
	case traits.Mapper:
		return plainMap(v)
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			e, err := plain(it.Next())
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		return out, nil
	}
	return nil, fault.New(fault.Invalid, "%s has no form in JSON; give a number, text, boolean, list or map", v.Type().TypeName())
}

func plainMap(v traits.Mapper) (any, error) {
	out := map[string]any{}
	for it := v.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		name, ok := k.(types.String)
		if !ok {
			return nil, fault.New(fault.Invalid, "the key %v of a map is not a text", k.Value())
		}
		e, err := plain(v.Get(k))
		if err != nil {
			return nil, err
		}
		out[string(name)] = e
	}
	return out, nil
}
