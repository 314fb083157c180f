package procedure

import (
	"regexp"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/ext"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// typed compiles expressions with the types of the declared fields, which the
// engine itself only learns from the values.
type typed struct {
	env *cel.Env
}

// newTyped declares the fields of a procedure as data.x. A field without a value is
// null, so types are the nullable ones; lists and maps stay open.
func newTyped(p *Procedure) (*typed, error) {
	options := []cel.EnvOption{
		cel.Variable("data", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("event", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("states", cel.ListType(cel.StringType)),
		cel.Macros(cel.GlobalMacro("In", 1, func(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return f.NewCall(operators.In, args[0], f.NewIdent("states")), nil
		})),
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(), ext.Math(), ext.Sets(),
	}
	env, err := cel.NewEnv(append(options, variables("data.", p.Data)...)...)
	return &typed{env}, err
}

// with declares the fields of a form as event.data.x too.
func (t *typed) with(form []Field) *typed {
	env, err := t.env.Extend(variables("event.data.", form)...)
	if err != nil {
		return t
	}
	return &typed{env}
}

func variables(prefix string, fields []Field) []cel.EnvOption {
	out := make([]cel.EnvOption, 0, len(fields))
	for _, f := range fields {
		out = append(out, cel.Variable(prefix+f.Name, f.Type.cel()))
	}
	return out
}

// cel returns the type of a field's values.
func (t Type) cel() *cel.Type {
	switch t {
	case TextField, LongField, DateField, ChoiceField, UnitField:
		return cel.NullableType(cel.StringType)
	case IntField:
		return cel.NullableType(cel.IntType)
	case NumberField:
		return cel.NullableType(cel.DoubleType)
	case BoolField:
		return cel.NullableType(cel.BoolType)
	case UnitsField, FilesField, ListField, MapField:
	}
	return cel.DynType
}

// wrong returns what is wrong with the types of an expression that must give one;
// "" for nothing.
func (t *typed) wrong(p guard.Program, want *cel.Type) string {
	tree, issues := t.env.Compile(p.String())
	if issues.Err() != nil {
		return plain(reason(": "+issues.Err().Error(), p.String()))
	}
	is := tree.OutputType()
	if want == nil || is.IsExactType(cel.DynType) || is.IsExactType(cel.NullType) || want.IsAssignableType(is) || is.IsAssignableType(want) {
		return ""
	}
	if want.IsAssignableType(cel.DoubleType) && cel.IntType.IsAssignableType(is) {
		return "" // a whole number is one
	}
	return plain("it gives " + is.String() + ", not " + want.String())
}

// plain takes the wrappers out of the names of types.
func plain(text string) string { return wrapper.ReplaceAllString(text, "$1") }

// wrapper is how CEL names a nullable type.
var wrapper = regexp.MustCompile(`wrapper\((\w+)\)`)

// types checks all expressions of a procedure against the types of its fields.
func (c *checker) types() {
	base, err := newTyped(c.p)
	if err != nil {
		c.bad(c.p.Root.Line, "flow.types", pack.Text{ZH: "字段类型无法检查：%v", EN: "the types of the fields cannot be checked: %v"}, err)
		return
	}
	for _, s := range append([]*State{c.p.Root}, c.p.States...) {
		c.ownerTypes(base, s.Owner)
		c.actionTypes(base, s.Entry)
		c.actionTypes(base, s.Exit)
		if s.Initial != nil {
			c.actionTypes(base, s.Initial.Do)
		}
		for _, d := range s.Done {
			c.typed(base, d.Expr, nil, d.Line)
		}
		for _, t := range s.Transitions {
			own := base
			if len(t.Form) > 0 {
				own = base.with(t.Form)
			}
			c.typed(own, t.Guard, cel.BoolType, t.Line)
			c.ownerTypes(base, t.By)
			c.actionTypes(own, t.Do)
		}
	}
}

func (c *checker) ownerTypes(t *typed, o *Owner) {
	if o == nil {
		return
	}
	for _, p := range []guard.Program{o.Post, o.Unit, o.Person} {
		c.typed(t, p, cel.StringType, o.Line)
	}
	c.typed(t, o.Joint, cel.ListType(cel.DynType), o.Line)
}

func (c *checker) actionTypes(t *typed, actions []Action) {
	for _, a := range actions {
		c.ownerTypes(t, a.Owner)
		c.typed(t, a.Reason, cel.StringType, a.Line)
		c.typed(t, a.Units, cel.IntType, a.Line)
		c.typed(t, a.Each, cel.ListType(cel.DynType), a.Line)
		for _, x := range a.Assigns {
			var want *cel.Type
			if f := c.p.Field(x.Name); f != nil && a.Do == DoAssign {
				want = f.Type.cel()
			}
			c.typed(t, x.Expr, want, x.Line)
		}
	}
}

// typed reports an expression that cannot be right with the declared types.
func (c *checker) typed(t *typed, p guard.Program, want *cel.Type, line int) {
	if p.None() {
		return
	}
	if wrong := t.wrong(p, want); wrong != "" {
		c.bad(line, "flow.types", pack.Text{ZH: "表达式 %q 与字段类型不符：%s", EN: "expression %q does not fit the types of the fields: %s"}, p.String(), wrong)
	}
}
