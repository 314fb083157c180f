package formula

import (
	"yuzhou/kernel/fault"
	"yuzhou/kernel/quantity"
)

// Env tells what an indicator is. Its error, such as fault.NotFound with a
// suggestion, is reported with the column at which the name stands.
type Env func(id string) (Info, error)

// Typed is a formula whose every part has a unit and makes sense. It is never
// changed, so it may be shared.
type Typed struct {
	expr  *Expr
	types map[*node]Type
	unit  Type // of the result
}

// Check finds the unit and the nature of every part of a formula. What does not
// fit is fault.Invalid, with the column, what was found and what would be right.
func Check(e *Expr, env Env) (*Typed, error) {
	c := checker{env: env, types: map[*node]Type{}}
	t, err := c.check(e.root)
	if err != nil {
		return nil, err
	}
	return &Typed{expr: e, types: c.types, unit: t}, nil
}

// Type returns the unit and nature of the result.
func (t *Typed) Type() Type { return t.unit }

// In returns the formula with its result in the unit u: 万元/人 for 亿元/万人. A
// unit that measures another thing is fault.Invalid.
func (t *Typed) In(u quantity.Unit) (*Typed, error) {
	want := typeOf(u)
	if !t.unit.zero && !want.same(t.unit) {
		return nil, fault.New(fault.Invalid, "the formula %q gives %s; its indicator is declared in %s%s", t.expr, t.unit, want, meant(t.unit, want))
	}
	want.Nature, want.Space = t.unit.Nature, t.unit.Space
	return &Typed{expr: t.expr, types: t.types, unit: want}, nil
}

// meant suggests how a result comes into the declared unit.
func meant(got, want Type) string {
	switch {
	case got.pure() && want.Kind == Percent:
		return "; did you mean pct(…)?"
	case got.Kind == Percent && want.pure():
		return "; did you mean ratio(…)?"
	}
	return ""
}

type checker struct {
	env   Env
	types map[*node]Type
}

// check gives n and all below it their types.
func (c *checker) check(n *node) (Type, error) {
	args := make([]Type, len(n.args))
	steady := true
	for i, a := range n.args {
		t, err := c.check(a)
		if err != nil {
			return Type{}, err
		}
		args[i] = t
		steady = steady && t.steady
	}
	t, err := c.typeOf(n, args)
	if err != nil {
		return Type{}, err
	}
	if len(args) > 0 {
		t.steady = steady && !moves(n.op)
	}
	c.types[n] = t
	return t, nil
}

// moves reports whether op can make different numbers of one that is the same
// in every period: it can be missing at the ends of the axis.
func moves(op string) bool {
	switch op {
	case "lag", "lead", "diff", "yoy", "ytd", "cumulate", "stock_to_flow", "flow_to_stock", "fill", "mean", "sum":
		return true
	}
	return false
}

func (c *checker) typeOf(n *node, args []Type) (Type, error) {
	switch n.op {
	case opNumber:
		t := typeOf(n.unit)
		t.zero = n.unit.String() == "" && n.num.Float() == 0
		t.steady = true
		return t, nil
	case opRef, opTarget:
		return c.reference(n)
	case opNeg, "abs", "round":
		t := args[0]
		t.zero = false
		return t, claimed(n, t)
	case opAdd, opSub:
		return add(n, args[0], args[1])
	case opMul:
		return multiply(n, args[0], args[1])
	case opDiv:
		return divide(n, args[0], args[1])
	case opPow:
		return raise(n, args[0], args[1])
	case "if":
		return unify(n, args[1:])
	case opLess, opAtMost, opMore, opLeast, opEqual, opDiffer, "min", "max", "default":
		return unify(n, args)
	case "missing":
		return Type{Kind: Number}, nil
	case "pct", "ratio":
		return convert(n, args[0])
	case "rollup", "share", "rank":
		return overSpace(n, args)
	}
	return overTime(n, args)
}

func (c *checker) reference(n *node) (Type, error) {
	i, err := c.env(n.id)
	if err != nil {
		return Type{}, wrong(n.col, "found %s: %v", n.id, err)
	}
	t := typeOf(i.Unit)
	t.Nature, t.Space, t.ytd = i.Nature, i.Space, i.YTD
	t.steady = n.op == opTarget || !n.at.IsZero()
	return t, nil
}

// claimed refuses to compute with ranks and tiers: they are claims of those who
// compiled them.
func claimed(n *node, types ...Type) error {
	for _, t := range types {
		if t.Nature == Rank || t.Nature == Tier {
			return wrong(n.col, "found %s of a %s; a %s is a claim of its compiler and is not computed with: compare two of them with - or diff, or use the numbers behind it",
				spoken(n.op), t.Nature, t.Nature)
		}
	}
	return nil
}

func spoken(op string) string {
	if op == opNeg {
		return "the negative"
	}
	return op
}

// unify finds the one type of numbers that stand for one another: the branches
// of if, the sides of a comparison, the arguments of min. The first with a unit
// of its own decides the scale.
func unify(n *node, args []Type) (Type, error) {
	out := args[0]
	for _, t := range args[1:] {
		if out.zero {
			out = t
			continue
		}
		if !t.zero && !out.same(t) {
			return Type{}, wrong(n.col, "found %s of %s and %s; all must measure the same thing%s", n.op, out, t, instead(out, t))
		}
		out.Nature = common(out.Nature, t.Nature)
		out.Space = worse(out.Space, t.Space)
		out.ytd = out.ytd || t.ytd
	}
	return out, nil
}

func common(a, b Nature) Nature {
	if a == b || b == "" {
		return a
	}
	if a == "" {
		return b
	}
	return ""
}

// worse returns the rule of what is made of both: a plain number changes nothing,
// and what is not a sum of sums must be recomputed from rolled-up inputs.
func worse(a, b SpaceRule) SpaceRule {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	case a == SpaceNone || b == SpaceNone:
		return SpaceNone
	}
	return SpaceRecompute
}
