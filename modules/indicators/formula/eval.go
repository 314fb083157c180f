package formula

import (
	"math"

	"yuzhou/kernel/period"
)

// Want names one number that a formula reads.
type Want struct {
	ID     string
	Unit   string
	Period period.Period // its pin, or the period that is computed
	Target bool          // what is wished for, not what was observed
}

// Tree is how units stand below one another. The units without a parent are the
// children of "".
type Tree interface {
	Parent(unit string) string
	Children(unit string) []string
}

// Cell is what one evaluation is about.
type Cell struct {
	At          period.Period
	First, Last period.Period // of the axis; zero when it has no end there
	Unit        string
	Tree        Tree // may be nil when no part is about other units
	// Lookup returns the number in any unit that measures what its indicator is
	// declared in (NewValue), or false when there is none.
	Lookup func(Want) (Value, bool)
}

// Trace is how a number came about: a part of the formula, what it gave and what
// that rests on. Parts that are used more than once are the same Trace.
type Trace struct {
	At    period.Period
	Unit  string
	Value Value
	Want  *Want  // of an input: what was looked up
	Note  string // why it is missing or only indicative, else ""
	Parts []*Trace
	node  *node
}

// Formula returns the part of the formula in its canonical form.
func (t *Trace) Formula() string { return (&Expr{t.node}).String() }

// maxWork bounds the parts that one evaluation computes, so that a formula whose
// periods reach far into one another cannot keep the program busy.
const maxWork = 500_000

// Eval computes one cell, with its working. A cell that cannot be computed is
// missing; its trace says why.
func (t *Typed) Eval(c Cell) (Value, *Trace) {
	e := evaluator{Cell: c, types: t.types, done: map[place]*Trace{}}
	trace := e.eval(t.expr.root, c.At, c.Unit)
	v := trace.Value.in(t.unit)
	v.Origin = ""
	return v, trace
}

// place is one part of the formula at one period in one unit.
type place struct {
	node *node
	at   period.Period
	unit string
}

type evaluator struct {
	Cell
	types map[*node]Type
	done  map[place]*Trace
	work  int
}

// eval computes a part once.
func (e *evaluator) eval(n *node, at period.Period, unit string) *Trace {
	e.work++
	key := place{n, at, unit}
	if t, ok := e.done[key]; ok {
		return t
	}
	t := &Trace{At: at, Unit: unit, node: n}
	e.done[key] = t
	switch {
	case e.outside(at):
		t.Value, t.Note = missing(), "the period lies outside the axis"
	case e.work > maxWork:
		t.Value, t.Note = missing(), "the formula reaches over more numbers than one evaluation may take"
	default:
		t.Value = e.compute(t)
	}
	t.Value.Type = e.types[n]
	if t.Value.Indicative() && t.Note == "" && t.Want == nil {
		t.Note = "indicative: it rests on bounds or approximate numbers"
	}
	return t
}

func (e *evaluator) outside(at period.Period) bool {
	return !e.First.IsZero() && at.Compare(e.First) < 0 || !e.Last.IsZero() && at.Compare(e.Last) > 0
}

// part computes the i-th argument where the trace stands and notes it there.
func (e *evaluator) part(t *Trace, i int) Value { return e.partAt(t, i, t.At) }

// partAt computes the i-th argument at another period.
func (e *evaluator) partAt(t *Trace, i int, at period.Period) Value {
	p := e.eval(t.node.args[i], at, t.Unit)
	t.Parts = append(t.Parts, p)
	return p.Value
}

// alike computes the i-th argument in the scale of the whole part.
func (e *evaluator) alike(t *Trace, i int) Value {
	return e.part(t, i).in(e.types[t.node])
}

func (e *evaluator) compute(t *Trace) Value {
	n := t.node
	switch n.op {
	case opNumber:
		return exact(n.num.Float(), e.types[n])
	case opRef, opTarget:
		return e.input(t)
	case opAdd:
		return e.alike(t, 0).plus(e.alike(t, 1))
	case opSub:
		return e.alike(t, 0).minus(e.alike(t, 1))
	case opMul, opDiv:
		return e.product(t)
	case opPow:
		return e.power(t)
	case "if":
		return e.conditional(t)
	case "min", "max":
		return e.extreme(t)
	case "default":
		if v := e.alike(t, 0); !v.Missing() {
			return v
		}
		return e.alike(t, 1)
	case "rollup", "share", "rank":
		return e.overSpace(t)
	case opNeg, "abs", "round", "pct", "ratio":
		return e.single(t)
	}
	return e.overTime(t)
}

// input looks a number up and brings it into its indicator's unit.
func (e *evaluator) input(t *Trace) Value {
	n := t.node
	w := Want{ID: n.id, Unit: t.Unit, Period: t.At, Target: n.op == opTarget}
	if !n.at.IsZero() {
		w.Period = n.at
	}
	t.Want = &w
	v, ok := e.Lookup(w)
	declared := e.types[n]
	switch {
	case !ok || v.Missing():
		t.Note = "there is no number for " + n.id + " in " + t.Unit + " at " + w.Period.String()
		return missing()
	case !v.Type.same(declared):
		t.Note = "the number is in " + v.Type.String() + " but " + n.id + " is declared in " + declared.String()
		return missing()
	}
	printed := v.Cmp
	v = v.in(declared)
	v.Cmp = printed
	if declared.Nature == Stock || declared.Nature == Count {
		v.Lo = max(v.Lo, min(0, v.Float)) // what is counted at a date is not negative
	}
	return v
}

// single computes the functions of one number.
func (e *evaluator) single(t *Trace) Value {
	v := e.part(t, 0)
	out := e.types[t.node]
	switch t.node.op {
	case opNeg:
		return v.negative()
	case "abs":
		return absolute(v)
	case "round":
		unit := math.Pow10(t.node.n)
		v = v.rising(out, func(x float64) float64 { return math.RoundToEven(x*unit) / unit })
		v.loOut, v.hiOut = false, false
		return v.settle()
	}
	return v.rising(out, func(x float64) float64 { return scale(x, e.types[t.node.args[0]].decimals()-out.decimals()) })
}

func absolute(v Value) Value {
	switch {
	case v.Lo >= 0:
		return v
	case v.Hi <= 0:
		return v.negative()
	}
	v.Float, v.Hi = math.Abs(v.Float), max(-v.Lo, v.Hi)
	v.Lo, v.loOut = 0, false
	return v.settle()
}

func (e *evaluator) product(t *Trace) Value {
	a, b := e.part(t, 0), e.part(t, 1)
	ta, tb, out := e.types[t.node.args[0]], e.types[t.node.args[1]], e.types[t.node]
	if t.node.op == opMul {
		shift := ta.decimals() + tb.decimals() - out.decimals()
		return a.by(b).rising(out, func(x float64) float64 { return scale(x, shift) })
	}
	if b.Float == 0 {
		t.Note = "a division by zero"
	}
	shift := ta.decimals() - tb.decimals() - out.decimals()
	return a.over(b).rising(out, func(x float64) float64 { return scale(x, shift) })
}

// power raises to a power; what is not a number or not finite is missing.
func (e *evaluator) power(t *Trace) Value {
	a, b := e.part(t, 0), e.part(t, 1)
	b = b.in(Type{Kind: Number})
	if e.types[t.node.args[0]].pure() {
		a = a.in(Type{Kind: Number})
	}
	x := math.Pow(a.Float, b.Float)
	if math.IsInf(x, 0) || math.IsNaN(x) || math.IsNaN(a.Float) || math.IsNaN(b.Float) {
		if !a.Missing() && !b.Missing() {
			t.Note = "the power is not a finite number"
		}
		return missing()
	}
	out := exact(x, e.types[t.node])
	if a.Lo < 0 || b.Lo != b.Hi {
		return out.loose(a, b)
	}
	out.about = a.about || b.about
	out.Lo, out.Hi, out.loOut, out.hiOut = math.Pow(a.Lo, b.Float), math.Pow(a.Hi, b.Float), a.loOut, a.hiOut
	if b.Float < 0 {
		out.Lo, out.Hi, out.loOut, out.hiOut = out.Hi, out.Lo, out.hiOut, out.loOut
	}
	return out.settle()
}

func (e *evaluator) extreme(t *Trace) Value {
	out := e.alike(t, 0)
	for i := 1; i < len(t.node.args); i++ {
		v := e.alike(t, i)
		pick := math.Min
		if t.node.op == "max" {
			pick = math.Max
		}
		next := Value{Float: pick(out.Float, v.Float), Lo: pick(out.Lo, v.Lo), Hi: pick(out.Hi, v.Hi), Type: out.Type, about: out.about || v.about}
		next.loOut = next.Lo == out.Lo && out.loOut || next.Lo == v.Lo && v.loOut
		next.hiOut = next.Hi == out.Hi && out.hiOut || next.Hi == v.Hi && v.hiOut
		out = next.settle()
	}
	return out
}

// conditional computes if. When bounds leave the condition open, the printed
// numbers decide and the result is indicative.
func (e *evaluator) conditional(t *Trace) Value {
	c := e.eval(t.node.args[0], t.At, t.Unit)
	t.Parts = append(t.Parts, c)
	switch {
	case c.Value.Missing():
		t.Note = "the condition compares with a missing number"
		return missing()
	case c.Value.Float != 0:
		return e.alike(t, 1).loose(c.Value)
	}
	return e.alike(t, 2).loose(c.Value)
}

// compare gives 1 when the comparison holds, 0 when not, missing when a side is.
func (e *evaluator) compare(t *Trace) Value {
	common, _ := unify(t.node, []Type{e.types[t.node.args[0]], e.types[t.node.args[1]]})
	a, b := e.part(t, 0).in(common), e.part(t, 1).in(common)
	if a.Missing() || b.Missing() {
		return missing()
	}
	out := exact(0, Type{Kind: Number})
	if holds(t.node.op, a.Float, b.Float) {
		out.Float, out.Lo, out.Hi = 1, 1, 1
	}
	apart := a.Hi < b.Lo || a.Lo > b.Hi
	if !apart || a.about || b.about {
		return out.loose(a, b)
	}
	return out
}

func holds(op string, a, b float64) bool {
	switch op {
	case opLess:
		return a < b
	case opAtMost:
		return a <= b
	case opMore:
		return a > b
	case opLeast:
		return a >= b
	case opEqual:
		return a == b
	}
	return a != b
}
