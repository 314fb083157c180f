package formula

import (
	"math"
	"slices"
	"strconv"

	"yuzhou/kernel/period"
)

// overTime computes what looks at other periods, and the conditions.
func (e *evaluator) overTime(t *Trace) Value {
	n := t.node
	switch n.op {
	case opLess, opAtMost, opMore, opLeast, opEqual, opDiffer:
		return e.compare(t)
	case "missing":
		if e.part(t, 0).Missing() {
			return exact(1, Type{Kind: Number})
		}
		return exact(0, Type{Kind: Number})
	case "lag":
		return e.partAt(t, 0, t.At.Add(-n.n))
	case "lead":
		return e.partAt(t, 0, t.At.Add(n.n))
	case "diff":
		return e.part(t, 0).minus(e.partAt(t, 0, t.At.Add(-n.n)))
	case "stock_to_flow":
		return e.part(t, 0).minus(e.partAt(t, 0, t.At.Add(-1)))
	case "yoy":
		return e.growth(t)
	case "ytd":
		return e.total(t, yearStart(t.At))
	case "cumulate":
		return e.fromFirst(t)
	case "flow_to_stock":
		base := e.part(t, 1).in(e.types[n])
		return base.plus(e.fromFirst(t))
	case "fill":
		return e.fill(t)
	}
	v := e.total(t, t.At.Add(1-n.n))
	if n.op == "mean" {
		return v.rising(v.Type, func(x float64) float64 { return x / float64(n.n) })
	}
	return v
}

// yearBefore returns the same stretch of the year before; zero when there is
// none, as for 29 February.
func yearBefore(p period.Period) period.Period {
	text := []byte(p.String())
	for i := range text {
		if i == 0 || text[i-1] == '/' {
			year, err := strconv.Atoi(string(text[i : i+4]))
			if err != nil || year <= 1000 {
				return period.Period{}
			}
			copy(text[i:], strconv.Itoa(year-1))
		}
	}
	before, err := period.Parse(string(text))
	if err != nil {
		return period.Period{}
	}
	return before
}

// yearStart returns the first period of its kind in the year.
func yearStart(p period.Period) period.Period {
	if p.IsZero() {
		return p
	}
	for q := p.Add(-1); q.Start().Year() == p.Start().Year(); q = q.Add(-1) {
		p = q
	}
	return p
}

// growth is missing on a base that is not above zero: growth from nothing or
// from a loss has no meaning.
func (e *evaluator) growth(t *Trace) Value {
	before := yearBefore(t.At)
	if before.IsZero() {
		t.Note = "there is no such period in the year before"
		return missing()
	}
	now, base := e.part(t, 0), e.partAt(t, 0, before)
	if base.Float <= 0 {
		t.Note = "the base of the growth is not above zero"
		return missing()
	}
	return now.over(base).minus(exact(1, now.Type)).by(exact(100, now.Type))
}

// total adds the first argument from a period up to the trace's own.
func (e *evaluator) total(t *Trace, from period.Period) Value {
	sum := e.partAt(t, 0, from)
	for p := from; p.Compare(t.At) < 0; {
		p = p.Add(1)
		sum = sum.plus(e.partAt(t, 0, p))
	}
	return sum
}

func (e *evaluator) fromFirst(t *Trace) Value {
	if e.First.IsZero() {
		t.Note = "there is no first period to count from"
		return missing()
	}
	return e.total(t, e.First)
}

func (e *evaluator) fill(t *Trace) Value {
	now := e.part(t, 0)
	if !now.Missing() {
		return now
	}
	if t.node.words[0] == "zero" {
		return exact(0, now.Type)
	}
	before, back := e.search(t, -1)
	if t.node.words[0] == "previous" || before.Missing() {
		return before
	}
	after, ahead := e.search(t, 1)
	if after.Missing() {
		return after
	}
	part := exact(float64(back)/float64(back+ahead), now.Type)
	return before.plus(after.minus(before).by(part))
}

// search walks over missing numbers and returns the next one there is and how
// many steps away it stands.
func (e *evaluator) search(t *Trace, step int) (found Value, steps int) {
	for p := t.At; steps < maxSteps; {
		steps++
		p = p.Add(step)
		if e.outside(p) {
			break
		}
		if v := e.partAt(t, 0, p); !v.Missing() {
			return v, steps
		}
	}
	return missing(), steps
}

// overSpace computes what looks at other units.
func (e *evaluator) overSpace(t *Trace) Value {
	if e.Tree == nil {
		t.Note = "there is no tree of units"
		return missing()
	}
	switch t.node.op {
	case "share":
		return e.share(t)
	case "rank":
		return e.rank(t)
	}
	if len(t.node.args) == 2 {
		return e.weighted(t)
	}
	return e.rolled(t, t.Unit)
}

// partIn computes the i-th argument in another unit.
func (e *evaluator) partIn(t *Trace, i int, unit string) Value {
	p := e.eval(t.node.args[i], t.At, unit)
	t.Parts = append(t.Parts, p)
	return p.Value
}

// rolled is the sum of the children's, theirs rolled up before; a unit without
// children has its own number.
func (e *evaluator) rolled(t *Trace, unit string) Value {
	children := e.Tree.Children(unit)
	if len(children) == 0 {
		return e.partIn(t, 0, unit)
	}
	sum := exact(0, e.types[t.node])
	for _, child := range children {
		sum = sum.plus(e.rolled(t, child))
	}
	return sum
}

func (e *evaluator) weighted(t *Trace) Value {
	if len(e.Tree.Children(t.Unit)) == 0 {
		return e.partIn(t, 0, t.Unit)
	}
	product, weight := e.weights(t, t.Unit)
	if weight.Float == 0 {
		t.Note = "the weights are zero"
	}
	return product.over(weight)
}

// weights returns Σ weight·x and Σ weight over the units at the ends below unit.
func (e *evaluator) weights(t *Trace, unit string) (product, weight Value) {
	children := e.Tree.Children(unit)
	if len(children) == 0 {
		x, w := e.partIn(t, 0, unit), e.partIn(t, 1, unit)
		return x.by(w), w
	}
	product, weight = exact(0, e.types[t.node]), exact(0, e.types[t.node.args[1]])
	for _, child := range children {
		p, w := e.weights(t, child)
		product, weight = product.plus(p), weight.plus(w)
	}
	return product, weight
}

func (e *evaluator) share(t *Trace) Value {
	parent := e.Tree.Parent(t.Unit)
	if parent == "" {
		t.Note = "the unit has no parent to be a share of"
		return missing()
	}
	return e.part(t, 0).over(e.partIn(t, 0, parent)).by(exact(100, e.types[t.node]))
}

// rank counts the peers that stand before; equal numbers have equal places.
func (e *evaluator) rank(t *Trace) Value {
	own := e.part(t, 0)
	if own.Missing() {
		return own
	}
	low, dense := slices.Contains(t.node.words, "low"), slices.Contains(t.node.words, "dense")
	out := exact(1, e.types[t.node])
	seen := map[float64]bool{}
	for _, peer := range e.Tree.Children(e.Tree.Parent(t.Unit)) {
		v := e.partIn(t, 0, peer)
		out.about = out.about || v.FromBounds()
		before := v.Float > own.Float
		if low {
			before = v.Float < own.Float
		}
		if before && !(dense && seen[v.Float]) {
			out.Float++
		}
		seen[v.Float] = true
	}
	out.Lo, out.Hi = out.Float, out.Float
	if math.IsNaN(out.Float) {
		return missing()
	}
	return out.settle()
}
