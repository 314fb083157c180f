package collection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// Held is a number that is not asked for, with where it is.
type Held struct {
	Cell
	Kind    string `json:"kind" doc:"held: it is published; asked: another request asks for it; derived: it is computed"`
	Where   string `json:"where" doc:"name of the number, number of the request, or formula"`
	Href    string `json:"href"`
	Printed string `json:"printed,omitempty"`
}

// Plan is what one request asks for: kept with it, for it decides what the form
// and the rules look at.
type Plan struct {
	Assignment Assignment `json:"assignment"`
	Unit       string     `json:"unit"`
	Period     string     `json:"period"`
	Round      int        `json:"round"`
	Why        string     `json:"why,omitempty"`
	Cells      []Cell     `json:"cells"`
	Held       []Held     `json:"held,omitempty"`
}

// The kinds of entries in the ledger of burden.
const (
	byCalendar = "calendar"
	byAsk      = "ask"
	byForm     = "form"
	byRevision = "revision"
)

// Opened is what became of an opening: a request, or where everything is that it
// would have asked for.
type Opened struct {
	Case string `json:"case,omitempty" doc:"id of the request; empty when nothing was left to ask"`
	Plan Plan   `json:"plan"`
	New  bool   `json:"new" doc:"false when the request was there"`
}

// indicators returns the definitions in force by id.
func (s *Service) indicators(ctx context.Context) (map[string]observation.Indicator, error) {
	all, err := s.Numbers.Indicators(ctx)
	out := make(map[string]observation.Indicator, len(all))
	for _, i := range all {
		out[i.ID] = i
	}
	return out, err
}

// fillers lists the units that fill in an assignment.
func (s *Service) fillers(ctx context.Context, a Assignment) ([]string, error) {
	if a.Each == "" {
		return []string{a.Unit}, nil
	}
	return s.districts(ctx)
}

func (s *Service) districts(ctx context.Context) ([]string, error) {
	all, err := s.Units.Districts(ctx)
	out := make([]string, 0, len(all))
	for _, u := range all {
		out = append(out, u.ID)
	}
	return out, err
}

// cells lists the numbers that a unit is asked for, place by place.
func (s *Service) cells(ctx context.Context, a Assignment, unit string) ([]Cell, error) {
	places := a.Places
	switch {
	case a.Each != "":
		places = []string{unit}
	case len(places) == 0:
		places = []string{s.site.Unit}
	}
	if i := slices.Index(places, districts); i >= 0 {
		all, err := s.districts(ctx)
		if err != nil {
			return nil, err
		}
		places = slices.Concat(places[:i], all, places[i+1:])
	}
	var out []Cell
	for _, p := range places {
		for _, i := range a.Indicators {
			out = append(out, Cell{i, p})
		}
	}
	return out, nil
}

// held looks up where the number of a cell is, known at an instant. Settled numbers
// are held; an estimate is not, it is what the form begins with.
func (s *Service) held(ctx context.Context, i observation.Indicator, place string, p period.Period, known time.Time) (h Held, ok bool, err error) {
	h = Held{Cell: Cell{i.ID, place}}
	if i.Formula != "" {
		h.Kind, h.Where, h.Href = "derived", i.Formula, "/indicators/"+i.ID
		return h, true, nil
	}
	series, err := s.Numbers.Series(ctx, i.ID, place, known)
	if err != nil {
		return h, false, err
	}
	o, ok := pointOf(series, i, p)
	if !ok || !o.Status.Settled() {
		return h, false, nil
	}
	h.Kind, h.Where, h.Href, h.Printed = "held", o.Name(s.site.Prefix).String(), web.NumberPath(o), o.Quantity.Chinese()
	return h, true, nil
}

// pointOf finds the number of a period in a series, however the period is written.
func pointOf(series observation.Series, i observation.Indicator, p period.Period) (observation.Observation, bool) {
	for _, o := range slices.Backward(series.Points) {
		if same(i, o.Period, p) && o.Status != observation.Claim {
			return o, true
		}
	}
	return observation.Observation{}, false
}

// open opens the request of a plan, or finds it; what is held already by what is
// known at an instant is not asked for.
func (s *Service) open(ctx context.Context, plan Plan, kind string, known time.Time) (Opened, error) {
	if _, err := s.Units.Unit(ctx, plan.Unit); err != nil {
		return Opened{}, err
	}
	byID, err := s.indicators(ctx)
	if err != nil {
		return Opened{}, err
	}
	p, err := period.Parse(plan.Period)
	if err != nil {
		return Opened{}, err
	}
	var left []Cell
	for _, c := range plan.Cells {
		i, ok := byID[c.Indicator]
		if !ok {
			return Opened{}, fault.New(fault.NotFound, "there is no indicator %q", c.Indicator)
		}
		h, held, err := s.held(ctx, i, c.Place, p, known)
		switch {
		case err != nil:
			return Opened{}, err
		case held && plan.Round == 1:
			plan.Held = append(plan.Held, h)
		default:
			left = append(left, c)
		}
	}
	plan.Cells = left
	row, fresh, err := s.claim(ctx, plan, kind, byID)
	if err != nil || row.Ended != "" || row.Case != "" {
		return Opened{row.Case, row.Plan, fresh}, err
	}
	id, err := s.openCase(ctx, row)
	return Opened{id, row.Plan, fresh}, err
}

// openCase opens the case of a row that has none. The row's key makes it happen once.
func (s *Service) openCase(ctx context.Context, row requestRow) (string, error) {
	plan, a := row.Plan, row.Plan.Assignment
	asked := make([]Entry, len(plan.Cells))
	for i, c := range plan.Cells {
		asked[i].Cell = c
	}
	title := pack.Text{ZH: a.ZH + " " + plan.Period, EN: cmp.Or(a.EN, a.ZH) + " " + plan.Period}
	if plan.Round > 1 {
		title.ZH += fmt.Sprintf("（第 %d 轮）", plan.Round)
		title.EN += fmt.Sprintf(" (round %d)", plan.Round)
	}
	c, err := s.Flow.Open(s.program(ctx), flow.Opening{
		Key: row.Key, Procedure: Procedure, Title: title, Subject: "period/" + plan.Period, Unit: plan.Unit,
		Data: map[string]any{
			"assignment": a.ID, "period": plan.Period, "unit": plan.Unit, "checker": cmp.Or(a.Check, plan.Unit), "approver": cmp.Or(a.Approve, plan.Unit),
			"post": a.Post, "asker": a.Asker, "basis": a.Basis, "extra": max(a.Days-clockLimit, 1), "round": plan.Round, "why": plan.Why, "asked": dataOf(asked),
		},
	})
	if err != nil {
		return "", err
	}
	return c.ID, s.settleCase(ctx, row.Key, c.ID)
}

// Opening says what a run of the calendar did.
type Opening struct {
	Date   string   `json:"date"`
	Opened []string `json:"opened" doc:"ids of new requests"`
	Spared int      `json:"spared" doc:"numbers that were due and are held already"`
}

// OpenDue opens every request whose period has ended by a date and that is not
// there yet, by what was known at an instant.
func (s *Service) OpenDue(ctx context.Context, date, known time.Time) (Opening, error) {
	out := Opening{Date: date.Format(time.DateOnly), Opened: []string{}}
	all, err := s.assignments(ctx)
	if err != nil {
		return out, err
	}
	there, err := s.rows(ctx)
	if err != nil {
		return out, err
	}
	for _, row := range there { // what an earlier run began and did not end
		if row.Case == "" && row.Ended == "" {
			id, err := s.openCase(ctx, row)
			if err != nil {
				return out, err
			}
			out.Opened = append(out.Opened, id)
		}
	}
	for _, a := range all {
		plans, err := s.due(ctx, a, time.Time{}, date.AddDate(0, 0, -1))
		if err != nil {
			return out, err
		}
		plans = slices.DeleteFunc(plans, func(p Plan) bool {
			_, ok := there[p.slot()]
			return ok || a.Stopped
		})
		if err := s.openAll(ctx, plans, known, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// openAll opens what the calendar asks for, and counts it.
func (s *Service) openAll(ctx context.Context, plans []Plan, known time.Time, out *Opening) error {
	for _, plan := range plans {
		o, err := s.open(ctx, plan, byCalendar, known)
		if err != nil {
			return fmt.Errorf("assignment %s, %s: %w", plan.Assignment.ID, plan.Period, err)
		}
		if o.New {
			out.Spared += len(o.Plan.Held)
		}
		if o.New && o.Case != "" {
			out.Opened = append(out.Opened, o.Case)
		}
	}
	return nil
}

// slot names the request of a plan, once for ever.
func (p Plan) slot() string {
	return strings.Join([]string{p.Assignment.ID, p.Unit, p.Period, strconv.Itoa(p.Round)}, "\x00")
}

// due lists what an assignment asks for, of periods that end from one day to another.
func (s *Service) due(ctx context.Context, a Assignment, from, until time.Time) ([]Plan, error) {
	periods := a.periods(from, until)
	if len(periods) == 0 {
		return nil, nil
	}
	units, err := s.fillers(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []Plan
	for _, u := range units {
		cells, err := s.cells(ctx, a, u)
		if err != nil {
			return nil, err
		}
		for _, p := range periods {
			out = append(out, Plan{Assignment: a, Unit: u, Period: p.String(), Round: 1, Cells: cells})
		}
	}
	return out, nil
}

// calendarJob opens what has become due: when the date has changed, or the
// assignments have.
func (s *Service) calendarJob(ctx context.Context) error {
	today := s.site.Today()
	if s.day.Load() == today.Unix() {
		return nil
	}
	if _, err := s.OpenDue(s.program(ctx), today, s.now()); err != nil {
		return err
	}
	s.day.Store(today.Unix())
	return nil
}
