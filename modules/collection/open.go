package collection

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
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
			"asker": a.Asker, "basis": a.Basis, "extra": max(a.Days-clockLimit, 1), "round": plan.Round, "why": plan.Why, "asked": dataOf(asked),
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
		if a.Stopped {
			continue
		}
		plans, err := s.due(ctx, a, time.Time{}, date.AddDate(0, 0, -1))
		if err != nil {
			return out, err
		}
		for _, plan := range plans {
			if _, ok := there[plan.slot()]; ok {
				continue
			}
			o, err := s.open(ctx, plan, byCalendar, known)
			if err != nil {
				return out, fmt.Errorf("assignment %s, %s: %w", a.ID, plan.Period, err)
			}
			if o.New {
				out.Spared += len(o.Plan.Held)
			}
			if o.New && o.Case != "" {
				out.Opened = append(out.Opened, o.Case)
			}
		}
	}
	return out, nil
}

// slot names the request of a plan, once for ever.
func (p Plan) slot() string {
	return strings.Join([]string{p.Assignment.ID, p.Unit, p.Period, fmt.Sprint(p.Round)}, "\x00")
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

// Asking is a request by hand.
type Asking struct {
	Title      string   `json:"title" doc:"in a few words"`
	Indicators []string `json:"indicators" doc:"ids or names"`
	Unit       string   `json:"unit" doc:"that is to fill in"`
	Places     []string `json:"places,omitempty" doc:"whose numbers they are; the city when empty, districts for all"`
	Period     string   `json:"period"`
	Days       int      `json:"days" doc:"working days, at least 3"`
	Asker      string   `json:"asker" doc:"unit that asks"`
	Basis      string   `json:"basis" doc:"legal basis: nothing is asked without one"`
}

// Ask opens a request by hand, for the numbers that are not held.
//
// Errors: fault.Conflict, with where they are, when all of them are held or asked for
// already; fault.Invalid when no legal basis is given or a name means no
// indicator; fault.Forbidden when the actor of ctx does not act for the asker.
func (s *Service) Ask(ctx context.Context, in Asking) (Opened, error) {
	if !s.has(ctx, actor.Steward, in.Asker) && !s.has(ctx, actor.Leader, in.Asker) {
		return Opened{}, fault.New(fault.Forbidden, "only a steward or leader of unit %q may ask for numbers in its name", in.Asker)
	}
	if strings.TrimSpace(in.Basis) == "" {
		return Opened{}, fault.New(fault.Invalid, "basis is empty; name the law or decision by which the number may be asked for")
	}
	p, err := period.Parse(in.Period)
	if err != nil {
		return Opened{}, err
	}
	d, err := s.dictionary(ctx)
	if err != nil {
		return Opened{}, err
	}
	a := Assignment{
		ID: "ask." + store.NewID(s.now()), Unit: in.Unit, Places: in.Places, Frequency: once, First: p.String(), Days: in.Days, Asker: in.Asker, Basis: in.Basis,
		Text: pack.Text{ZH: cmp.Or(strings.TrimSpace(in.Title), "临时要数")}, Source: pack.Text{ZH: "临时要数", EN: "Asked by hand"},
	}
	for _, name := range in.Indicators {
		m := d.Means(Form{}, Field{Name: name, Indicator: name})
		if m.Indicator == "" {
			return Opened{}, fault.New(fault.Invalid, "%q means no indicator that is defined; define it first, so that its number can be held once for all", name)
		}
		a.Indicators = append(a.Indicators, m.Indicator)
	}
	if err := a.valid(); err != nil {
		return Opened{}, err
	}
	cells, err := s.cells(ctx, a, a.Unit)
	if err != nil {
		return Opened{}, err
	}
	o, err := s.open(ctx, Plan{Assignment: a, Unit: a.Unit, Period: p.String(), Round: 1, Cells: cells}, byAsk, s.now())
	if err == nil && o.Case == "" {
		err = fault.New(fault.Conflict, "nothing is left to ask: %s", where(o.Plan.Held))
	}
	return o, err
}

// where words, for a refusal, where numbers are.
func where(held []Held) string {
	var out []string
	for _, h := range held {
		switch h.Kind {
		case "held":
			out = append(out, fmt.Sprintf("%s of %s is held (%s): %s", h.Indicator, h.Place, h.Printed, h.Href))
		case "derived":
			out = append(out, fmt.Sprintf("%s of %s is computed: %s", h.Indicator, h.Place, h.Href))
		default:
			out = append(out, fmt.Sprintf("%s of %s is asked for already: %s", h.Indicator, h.Place, h.Href))
		}
	}
	const most = 5
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return strings.Join(out, "; ")
}

// dictionary is what names mean now.
func (s *Service) dictionary(ctx context.Context) (*Dictionary, error) {
	all, err := s.Numbers.Indicators(ctx)
	if err != nil {
		return nil, err
	}
	units, err := s.Units.Units(ctx, s.now())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, u := range units {
		if u.Kind == "city" || u.Kind == "district" || u.Kind == "county" {
			names[u.ZH] = u.ID
		}
	}
	synonyms, err := s.synonyms(ctx)
	if err != nil {
		return nil, err
	}
	return NewDictionary(all, synonyms, maps.Clone(names)), nil
}

// Revise asks for the numbers of a published request again, in a new round, since
// one of them has to be corrected.
//
// Errors: fault.Conflict when it is not published, or the new round is there;
// fault.Invalid without a reason; fault.Forbidden unless the actor of ctx fills in,
// checks or approves for it.
func (s *Service) Revise(ctx context.Context, id, why string) (Request, error) {
	r, err := s.request(ctx, id)
	switch {
	case err != nil:
		return r, err
	case !s.has(ctx, actor.Clerk, r.Unit) && !s.has(ctx, actor.Steward, r.Check) && !s.has(ctx, actor.Leader, r.Approve):
		return r, fault.New(fault.Forbidden, "request %s is revised by those who fill it in, check or approve it", r.Number)
	case strings.TrimSpace(why) == "":
		return r, fault.New(fault.Invalid, "why is empty; say what was wrong, for it stands beside the new vintage")
	case r.Stage != stagePublished:
		return r, fault.New(fault.Conflict, "request %s is not published (%s); it can still be changed: return or recall it", r.Number, r.Stage)
	}
	plan, err := s.planOf(ctx, id)
	if err != nil {
		return r, err
	}
	plan.Round, plan.Why, plan.Held = r.Round+1, why, nil
	o, err := s.open(ctx, plan, byRevision, s.now())
	if err != nil {
		return r, err
	}
	if !o.New || o.Case == "" {
		return r, fault.New(fault.Conflict, "round %d of request %s is there already: /collection/%s", plan.Round, r.Number, o.Case)
	}
	return s.request(s.program(ctx), o.Case)
}
