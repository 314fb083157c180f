// Package column holds panels of numbers and the loops that compute with them.
//
// A Panel is dense: for every indicator one column of float64 cells, unit after
// unit, each unit's cells in order of time. A missing number is NaN, and every
// kernel hands it on: what is computed from a missing number is missing, and so is
// a division by zero. Kernels are plain loops over slices, without a call, an
// allocation or a lock per cell; they are cut into blocks of about 1,024 cells, so
// that what a block needs stays in the processor's first cache.
//
// What must hold: a block is made of whole rows (one unit's cells), so that time
// kernels never look outside their block; two blocks never write the same cell.
package column

import (
	"math"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
)

// BlockCells is how many cells a block has at most, unless one row has more.
const BlockCells = 1024

// Axis is the periods of a panel: N of them, each following the one before.
type Axis struct {
	Freq  period.Freq // A, S, Q, M or D
	First period.Period
	N     int
}

// maxPeriods bounds an axis: a century and more of days.
const maxPeriods = 50_000

// NewAxis returns n periods from first on. A range, or a count that is not from 1
// to 50,000, is fault.Invalid.
func NewAxis(first period.Period, n int) (Axis, error) {
	if first.IsZero() || first.Freq() == period.Range {
		return Axis{}, fault.New(fault.Invalid, "an axis cannot begin with %q; it begins with a year, half, quarter, month or day", first)
	}
	if n < 1 || n > maxPeriods {
		return Axis{}, fault.New(fault.Invalid, "an axis cannot have %d periods; it has 1 to %d", n, maxPeriods)
	}
	return Axis{first.Freq(), first, n}, nil
}

// Period returns the i-th period, from 0.
func (a Axis) Period(i int) period.Period { return a.First.Add(i) }

// Index returns where p stands on the axis, or false when it does not: it is of
// another length, or before the first or after the last.
func (a Axis) Index(p period.Period) (int, bool) {
	if p.Freq() != a.Freq {
		return 0, false
	}
	i := a.ordinal(p) - a.ordinal(a.First)
	return i, i >= 0 && i < a.N
}

// IndexEnding returns the period whose last day is that of p: where the stock of
// 2023-06-30 stands on an axis of months, or that of 2022-12-31 on one of years.
func (a Axis) IndexEnding(p period.Period) (int, bool) {
	if p.IsZero() {
		return 0, false
	}
	q := period.Of(p.Last(), a.Freq)
	if !q.Last().Equal(p.Last()) {
		return 0, false
	}
	return a.Index(q)
}

// PerYear returns how many periods a year has; 0 for days, as years differ.
func (a Axis) PerYear() int {
	if m := a.First.Months(); m > 0 {
		return 12 / m
	}
	return 0
}

// YearStart returns for each period where its year begins on the axis: an index
// that is negative when that was before the first period.
func (a Axis) YearStart() []int {
	starts := make([]int, a.N)
	for i := range starts {
		p := a.Period(i)
		if a.Freq == period.Day {
			starts[i] = i - (p.Start().YearDay() - 1)
		} else {
			starts[i] = i - (int(p.Start().Month())-1)/p.Months()
		}
	}
	return starts
}

// ordinal counts periods from the year 0.
func (a Axis) ordinal(p period.Period) int {
	if a.Freq == period.Day {
		return int(p.Start().Unix() / 86400)
	}
	t := p.Start()
	return (t.Year()*12 + int(t.Month()) - 1) / p.Months()
}

// Panel is one column per indicator over the same units and the same axis.
type Panel struct {
	Axis    Axis
	Tree    *Tree
	columns map[string][]float64
}

// NewPanel returns a panel without columns.
func NewPanel(a Axis, t *Tree) *Panel {
	return &Panel{Axis: a, Tree: t, columns: map[string][]float64{}}
}

// Cells is how many cells each column has.
func (p *Panel) Cells() int { return p.Tree.Len() * p.Axis.N }

// Column returns the cells of an indicator, unit after unit, or nil when the panel
// has none. Writing to it writes to the panel.
func (p *Panel) Column(id string) []float64 { return p.columns[id] }

// Add returns the column of an indicator, made of missing numbers when it is new.
func (p *Panel) Add(id string) []float64 {
	if c := p.columns[id]; c != nil {
		return c
	}
	c := make([]float64, p.Cells())
	for i := range c {
		c[i] = math.NaN()
	}
	p.columns[id] = c
	return c
}

// Row returns the cells of one unit in order of time; nil when there is no such
// column. The unit is its place in the tree.
func (p *Panel) Row(id string, unit int) []float64 {
	c := p.columns[id]
	if c == nil {
		return nil
	}
	return c[unit*p.Axis.N : (unit+1)*p.Axis.N]
}
