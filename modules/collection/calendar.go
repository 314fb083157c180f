package collection

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Due is one number of the calendar: which, whose, of which period, from whom.
type Due struct {
	Cell
	Name       pack.Text `json:"name" doc:"of the assignment"`
	Assignment string    `json:"assignment"`
	Unit       string    `json:"unit" doc:"that fills in"`
	Period     string    `json:"period"`
	Asked      string    `json:"asked" doc:"day on which it is asked for: the first after the period"`
	Days       int       `json:"days" doc:"working days from then"`
	Case       string    `json:"case,omitempty" doc:"id of its request, once it is open"`
	State      string    `json:"state" doc:"coming, open, published, withdrawn, held"`
}

// Calendar lists what is asked for from one day to another, both included, of a
// unit that fills in or of all, by day, unit and indicator.
func (s *Service) Calendar(ctx context.Context, from, to time.Time, unit string) ([]Due, error) {
	all, err := s.assignments(ctx)
	if err != nil {
		return nil, err
	}
	there, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	out := []Due{}
	for _, a := range all {
		plans, err := s.due(ctx, a, from.AddDate(0, 0, -1), to.AddDate(0, 0, -1))
		if err != nil {
			return nil, err
		}
		for _, plan := range plans {
			row, open := there[plan.slot()]
			if unit != "" && plan.Unit != unit || a.Stopped && !open {
				continue
			}
			out = append(out, dues(plan, row, open)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int {
		return cmp.Or(cmp.Compare(a.Asked, b.Asked), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Assignment, b.Assignment))
	})
	return out, nil
}

// dues is a plan as lines of the calendar, with what has become of it.
func dues(plan Plan, row requestRow, open bool) []Due {
	p, err := period.Parse(plan.Period)
	if err != nil {
		return nil // periods has made it
	}
	spared := map[Cell]string{}
	for _, h := range row.Plan.Held {
		spared[h.Cell] = h.Kind
	}
	var out []Due
	for _, c := range plan.Cells {
		d := Due{
			Cell: c, Name: plan.Assignment.Text, Assignment: plan.Assignment.ID, Unit: plan.Unit, Period: plan.Period,
			Asked: p.End().Format(time.DateOnly), Days: plan.Assignment.Days, State: "coming",
		}
		switch {
		case open && spared[c] != "":
			d.State = "held"
		case open && row.Ended != "":
			d.State, d.Case = row.Ended, row.Case
		case open:
			d.State, d.Case = "open", row.Case
		}
		out = append(out, d)
	}
	return out
}
