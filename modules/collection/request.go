package collection

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// The stages of a request: states of its procedure.
const (
	stageAsked     = "asked"
	stageReturned  = "returned"
	stageChecking  = "checking"
	stageApproving = "approving"
	stagePublished = "published"
	stageWithdrawn = "withdrawn"
)

// stages lists them in order, with their names.
func stages() []struct {
	ID string
	pack.Text
} {
	return []struct {
		ID string
		pack.Text
	}{
		{stageAsked, pack.Text{ZH: "待填报", EN: "To be filled in"}},
		{stageReturned, pack.Text{ZH: "待更正", EN: "To be mended"}},
		{stageChecking, pack.Text{ZH: "待核对", EN: "To be checked"}},
		{stageApproving, pack.Text{ZH: "待审批", EN: "To be approved"}},
		{stagePublished, pack.Text{ZH: "已发布", EN: "Published"}},
		{stageWithdrawn, pack.Text{ZH: "已撤销", EN: "Withdrawn"}},
	}
}

// Entry is a number as it is typed, with what its filler says of it.
type Entry struct {
	Cell
	Value string `json:"value" doc:"digits in the indicator's unit, such as 6401 or 2.30; empty when there is none"`
	Note  string `json:"note,omitempty" doc:"explanation, wanted where a rule warns or a number is missing"`
}

// Request is what one unit is asked for, for one period.
type Request struct {
	ID         string    `json:"id" doc:"of its case"`
	Number     string    `json:"number"`
	Title      pack.Text `json:"title"`
	Assignment string    `json:"assignment"`
	Period     string    `json:"period"`
	Unit       string    `json:"unit" doc:"that fills in"`
	Check      string    `json:"check" doc:"unit whose steward checks"`
	Approve    string    `json:"approve" doc:"unit whose leader approves"`
	Post       string    `json:"post,omitempty" doc:"that approves, in place of a leader"`
	Asker      string    `json:"asker"`
	Basis      string    `json:"basis,omitempty"`
	Round      int       `json:"round" doc:"1; each revision after publication is a round more"`
	Why        string    `json:"why,omitempty" doc:"why it is revised"`
	Stage      string    `json:"stage" doc:"asked, returned, checking, approving, published, withdrawn"`
	StageName  pack.Text `json:"stage_name"`
	Light      string    `json:"light" doc:"of its clocks: green, yellow, red, black"`
	Due        time.Time `json:"due,omitzero"`
	DueOn      string    `json:"due_on,omitempty" doc:"date"`
	Opened     time.Time `json:"opened"`
	Closed     time.Time `json:"closed,omitzero"`
	Overdue    bool      `json:"overdue,omitempty" doc:"was not filled in or mended in time"`
	Returned   int       `json:"returned,omitempty" doc:"how often"`
	Said       string    `json:"said,omitempty" doc:"why it was returned last"`
	Asked      []Cell    `json:"asked"`
	Values     []Entry   `json:"values"`
	CaseEvents int64     `json:"case_events" doc:"what has been seen of the case: a command may ask that nothing has happened since"`
}

// open reports whether it can be filled in now.
func (r Request) open() bool { return r.Stage == stageAsked || r.Stage == stageReturned }

// requestOf reads a request out of its case.
func (s *Service) requestOf(c flow.Case) (Request, error) {
	if c.Procedure != Procedure {
		return Request{}, fault.New(fault.NotFound, "case %s is no request for numbers", c.Number)
	}
	d := c.State.Data
	text := func(key string) string { v, _ := d[key].(string); return v }
	r := Request{
		ID: c.ID, Number: c.Number, Title: c.Title, Assignment: text("assignment"), Period: text("period"), Unit: text("unit"), Check: text("checker"), Approve: text("approver"), Post: text("post"),
		Asker: text("asker"), Basis: text("basis"), Round: number(d["round"]), Why: text("why"), Light: string(c.Light), Due: c.Due, Opened: c.Opened, Closed: c.Closed,
		Returned: number(d["returned"]), Said: text("said"), Asked: []Cell{}, Values: entriesOf(d["values"]), CaseEvents: c.Events,
	}
	if c.In("answering") {
		r.Stage, r.StageName = stageApproving, pack.Text{ZH: "待责任岗位审批", EN: "To be approved by the post"}
	}
	r.Overdue, _ = d["overdue"].(bool)
	for _, e := range entriesOf(d["asked"]) {
		r.Asked = append(r.Asked, e.Cell)
	}
	for _, st := range stages() {
		if c.In(st.ID) {
			r.Stage, r.StageName = st.ID, st.Text
		}
	}
	if !c.Due.IsZero() {
		r.DueOn = c.Due.In(s.site.Zone).Format(time.DateOnly)
	}
	return r, nil
}

func number(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case int:
		return v
	case float64:
		return int(v)
	}
	return 0
}

// entriesOf reads entries out of a case's data.
func entriesOf(v any) []Entry {
	list, _ := v.([]any)
	out := []Entry{}
	for _, x := range list {
		m, _ := x.(map[string]any)
		text := func(key string) string { v, _ := m[key].(string); return v }
		if m != nil {
			out = append(out, Entry{Cell{text("indicator"), text("place")}, text("value"), text("note")})
		}
	}
	return out
}

// dataOf is the inverse of entriesOf.
func dataOf(all []Entry) []any {
	out := make([]any, len(all))
	for i, e := range all {
		out[i] = map[string]any{"indicator": e.Indicator, "place": e.Place, "value": e.Value, "note": e.Note}
	}
	return out
}

// Query narrows the list of requests; empty fields mean all.
type Query struct {
	Stage string // one, "all" with the ended ones, "" those under way
	Unit  string // that fills in
	Mine  string // fill, check, approve: those that the actor of the context may do that with now
}

// maxListed is how many requests a list holds.
const maxListed = 1000

// List returns the requests that the actor of ctx may see, the most urgent first.
func (s *Service) List(ctx context.Context, q Query) ([]Request, error) {
	f := flow.Filter{Procedure: Procedure, Unit: q.Unit, Limit: maxListed, Open: true}
	switch q.Stage {
	case "":
	case "all":
		f.Open = false
	case stagePublished, stageWithdrawn:
		f.Open, f.State = false, q.Stage
	case stageApproving:
		f.State = "" // it has a second state, of the post's
	default:
		f.State = q.Stage
	}
	cases, err := s.find(ctx, f)
	if err != nil {
		return nil, err
	}
	out := []Request{}
	for _, c := range cases {
		r, err := s.requestOf(c)
		if err != nil {
			return nil, err
		}
		if s.sees(ctx, r) {
			out = append(out, r)
		}
	}
	if q.Stage == stageApproving {
		out = slices.DeleteFunc(out, func(r Request) bool { return r.Stage != stageApproving })
	}
	if q.Mine != "" {
		out = slices.DeleteFunc(out, func(r Request) bool { return !s.mine(ctx, r, q.Mine) })
	}
	slices.SortStableFunc(out, func(a, b Request) int {
		return cmp.Or(compareDue(a.Due, b.Due), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Number, b.Number))
	})
	return out, nil
}

// find returns the cases that the engine shows the actor of ctx, and those among
// the newest that this module does: the asker's, and those that are another's turn.
func (s *Service) find(ctx context.Context, f flow.Filter) ([]flow.Case, error) {
	cases, err := s.Flow.Find(ctx, f)
	if err != nil || !actor.Of(ctx).Known() {
		return cases, err
	}
	more, err := s.Flow.Find(s.program(ctx), f)
	known := map[string]bool{}
	for _, c := range cases {
		known[c.ID] = true
	}
	return append(cases, slices.DeleteFunc(more, func(c flow.Case) bool { return known[c.ID] })...), err
}

// compareDue puts what has no due last.
func compareDue(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// mine reports whether the actor of ctx may do something with a request now.
func (s *Service) mine(ctx context.Context, r Request, what string) bool {
	switch what {
	case "fill":
		return r.open() && s.has(ctx, actor.Clerk, r.Unit)
	case "check":
		return r.Stage == stageChecking && s.has(ctx, actor.Steward, r.Check)
	case "approve":
		return r.Stage == stageApproving && s.answers(ctx, r)
	}
	return false
}

// answers reports whether the actor of ctx holds the post that answers for a
// request, or leads the unit where no post is named.
func (s *Service) answers(ctx context.Context, r Request) bool {
	if r.Post != "" {
		return slices.Contains(actor.Of(ctx).Posts, r.Post)
	}
	return s.has(ctx, actor.Leader, r.Approve)
}

// has reports whether the actor of ctx has a role, or runs the installation, over
// a unit. The engine decides again, when something is done.
func (s *Service) has(ctx context.Context, role actor.Role, unit string) bool {
	a := actor.Of(ctx)
	a.Grants = slices.DeleteFunc(slices.Clone(a.Grants), func(g actor.Grant) bool { return g.Role != role && g.Role != actor.Owner })
	if len(a.Grants) == 0 {
		return false
	}
	need := actor.Visit // every role but the public's has it: what counts is the unit
	return s.Access.Decide(ctx, a, need, unit) == nil
}

// request reads one request that the actor of ctx may see.
func (s *Service) request(ctx context.Context, id string) (Request, error) {
	c, err := s.Flow.Case(s.program(ctx), id)
	if err != nil {
		return Request{}, err
	}
	r, err := s.requestOf(c)
	if err == nil && !s.sees(ctx, r) {
		err = fault.Say(fault.Forbidden, "%s 只有要数、填报、核对、审批它的人能看", "request %s is seen by those who ask, fill in, check or approve", r.Number)
	}
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// sees reports whether the actor of ctx may read a request: who has a role over a
// unit that asks, fills in, checks or approves, or the post that answers for it.
// The engine knows only the unit that fills in and whose turn it is.
func (s *Service) sees(ctx context.Context, r Request) bool {
	a := actor.Of(ctx)
	return r.Post != "" && slices.Contains(a.Posts, r.Post) || slices.ContainsFunc([]string{r.Unit, r.Check, r.Approve, r.Asker}, func(unit string) bool {
		return s.Access.Decide(ctx, a, actor.Visit, unit) == nil
	})
}

// period reads the request's period; it was checked when the request was made.
func (r Request) period() period.Period {
	p, err := period.Parse(r.Period)
	if err != nil {
		return period.Period{}
	}
	return p
}
