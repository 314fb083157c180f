package collection

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"yuzhou/kernel/observation"
)

// Checks is what the tests for gaming say of the numbers that are collected.
type Checks struct {
	Indicator string      `json:"indicator,omitempty" doc:"that was asked about; all collected ones when empty"`
	Place     string      `json:"place,omitempty"`
	Series    int         `json:"series" doc:"that were looked at"`
	Tests     []Suspicion `json:"tests" doc:"always all five"`
}

// Checks runs the tests for gaming on the numbers of collected indicators, of one
// place or of all that are collected for, as known at an instant.
func (s *Service) Checks(ctx context.Context, indicator, place string, known time.Time) (Checks, error) {
	out := Checks{Indicator: indicator, Place: place}
	cells, err := s.collected(ctx)
	if err != nil {
		return out, err
	}
	defs, err := s.indicators(ctx)
	if err != nil {
		return out, err
	}
	var points []Point
	for _, c := range cells {
		i, ok := defs[c.Indicator]
		if !ok || indicator != "" && c.Indicator != indicator || place != "" && c.Place != place {
			continue
		}
		series, err := s.Numbers.Series(ctx, c.Indicator, c.Place, known)
		if err != nil {
			return out, err
		}
		if more := s.points(series, i); len(more) > 0 {
			out.Series++
			points = append(points, more...)
		}
	}
	out.Tests = Gaming(points)
	for i := range out.Tests {
		out.Tests[i].Instances = append([]Instance{}, out.Tests[i].Instances...)
	}
	return out, nil
}

// collected lists the cells of all assignments, stopped ones too: what was
// reported by them is still there.
func (s *Service) collected(ctx context.Context) ([]Cell, error) {
	all, err := s.assignments(ctx)
	if err != nil {
		return nil, err
	}
	var out []Cell
	for _, a := range all {
		units, err := s.fillers(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			cells, err := s.cells(ctx, a, u)
			if err != nil {
				return nil, err
			}
			out = append(out, cells...)
		}
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Place, b.Place))
	})
	return slices.Compact(out), nil
}

// points turns a series into what the tests look at. Bounds and estimates are left
// out: 超 5000 says nothing about digits.
func (s *Service) points(series observation.Series, i observation.Indicator) []Point {
	var out []Point
	for _, o := range series.Points {
		x := valueOf(o, i)
		if x == nil || o.Quantity.Cmp != "=" || o.Status == observation.Claim || o.Status == observation.Derived || math.IsNaN(*x) {
			continue
		}
		p := Point{
			Cell: Cell{i.ID, series.Unit}, Period: o.Period, Value: *x, Printed: o.Quantity.Value.String(), Name: o.Name(s.site.Prefix).String(),
			Stock: i.Nature == observation.Stock,
		}
		for _, target := range series.Targets {
			if target.Period.Last().Equal(o.Period.Last()) {
				p.Target = valueOf(target, i)
			}
		}
		out = append(out, p)
	}
	return out
}
