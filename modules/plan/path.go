package plan

import (
	"math"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Shape is how a path runs from its start to the target.
type Shape string

// The shapes.
const (
	Linear     Shape = "linear"     // the same amount each month
	Geometric  Shape = "geometric"  // the same rate each month
	SCurve     Shape = "s"          // slow, fast, slow: the smoothstep 3x² − 2x³
	Milestones Shape = "milestones" // straight between declared points
)

// Shapes lists them, for forms and comparisons.
func Shapes() []Shape { return []Shape{Linear, Geometric, SCurve, Milestones} }

// Path is a declared way from a baseline to a target.
type Path struct {
	Target     string      `json:"target"`
	Shape      Shape       `json:"shape"`
	Band       float64     `json:"band"` // half-width, in percent of the path's value
	DeclaredBy string      `json:"declared_by,omitempty"`
	Declared   time.Time   `json:"declared,omitzero"`
	Milestones []Milestone `json:"milestones,omitempty"`
	Note       pack.Text   `json:"note"`
}

// Milestone is a declared point of a path, in the target's indicator's unit.
type Milestone struct {
	Date  string  `json:"date"`
	Value float64 `json:"value"`
}

// line is a path with its ends known: a function of time.
type line struct {
	shape      Shape
	start, end time.Time
	from, to   float64 // in the indicator's unit
	points     []point // of Milestones: sorted, ends included
}

type point struct {
	at    time.Time
	value float64
}

// newLine fixes a path between a baseline and a target.
//
//   - from, to: values at start and end, in the indicator's unit; start before end.
//   - Errors: fault.Invalid when start is not before end, a geometric path does
//     not run between two positive values, or a milestone is not between the ends.
func newLine(p Path, start, end time.Time, from, to float64) (line, error) {
	l := line{shape: p.Shape, start: start, end: end, from: from, to: to}
	switch {
	case !start.Before(end):
		return l, fault.Say(fault.Invalid, "%s 的路径：起点 %s 不早于终点 %s。", "path of %s: it starts on %s, not before its end %s", p.Target, start.Format(time.DateOnly), end.Format(time.DateOnly))
	case p.Shape == Geometric && (from <= 0 || to <= 0):
		return l, fault.Say(fault.Invalid, "%s 的路径：几何路径的两端都要大于零，现为 %v 和 %v。", "path of %s: a geometric path needs two positive ends, not %v and %v", p.Target, from, to)
	case p.Shape != Linear && p.Shape != Geometric && p.Shape != SCurve && p.Shape != Milestones:
		return l, fault.Say(fault.Invalid, "%s 的路径：形状 %q 不在 linear、geometric、s、milestones 之中。", "path of %s: shape %q is not one of linear, geometric, s, milestones", p.Target, p.Shape)
	case p.Shape != Milestones:
		return l, nil
	}
	l.points = append(l.points, point{start, from})
	for _, m := range p.Milestones {
		at, err := time.Parse(time.DateOnly, m.Date)
		if err != nil || !at.After(l.points[len(l.points)-1].at) || !at.Before(end) {
			return l, fault.Say(fault.Invalid, "%s 的路径：节点 %q 不是晚于前一个且早于 %s 的日期。", "path of %s: milestone %q is not a date after the one before it and before %s", p.Target, m.Date, end.Format(time.DateOnly))
		}
		l.points = append(l.points, point{at, m.Value})
	}
	l.points = append(l.points, point{end, to})
	return l, nil
}

// at returns the path's value on a date. Before the start and after the end the
// path goes on as it began or ended, so that a change can be judged that was
// measured up to the start.
func (l line) at(t time.Time) float64 {
	if l.shape == Milestones {
		return l.between(t)
	}
	x := period.MonthsBetween(l.start, t) / period.MonthsBetween(l.start, l.end)
	switch l.shape {
	case Geometric:
		return l.from * math.Pow(l.to/l.from, x)
	case SCurve:
		if x > 0 && x < 1 {
			x = x * x * (3 - 2*x)
		}
	case Linear, Milestones:
	}
	return l.from + (l.to-l.from)*x
}

func (l line) between(t time.Time) float64 {
	n := 1
	for n < len(l.points)-1 && t.After(l.points[n].at) {
		n++
	}
	a, b := l.points[n-1], l.points[n]
	x := period.MonthsBetween(a.at, t) / period.MonthsBetween(a.at, b.at)
	return a.value + (b.value-a.value)*x
}
