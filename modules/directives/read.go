package directives

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// Query narrows a list of directives; empty fields mean all.
type Query struct {
	State   string // a stage, "open" for all under way, "all" for closed ones too
	Light   string // of the clocks
	Unit    string // that supervises, leads or answers too
	Target  string
	Origin  string
	Meeting string
}

// List returns the directives that the actor of ctx may see, the most urgent
// first: by light, then by due date.
func (s *Service) List(ctx context.Context, q Query) ([]Directive, error) {
	cases, err := s.cases(ctx, q)
	if err != nil {
		return nil, err
	}
	out := []Directive{}
	for _, c := range cases {
		d := directiveOf(c)
		d.DueOn = lastDay(d.Due, s.site.Zone)
		if q.wants(d) && s.sees(ctx, d) {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, urgency)
	return out, nil
}

// most is how many cases are asked for at once, and pages how often.
const (
	most      = 1000
	mostPages = 20
)

// cases returns the cases of directives, the newest first.
func (s *Service) cases(ctx context.Context, q Query) ([]flow.Case, error) {
	f := flow.Filter{Procedure: Procedure, Limit: most}
	if q.Target != "" {
		f.Subject = subjectOf(q.Target)
	}
	var out []flow.Case
	for range mostPages {
		chunk, err := s.Flow.Find(s.program(ctx), f)
		if err != nil {
			return nil, err
		}
		out = append(out, chunk...)
		if len(chunk) < most {
			break
		}
		f.After = chunk[len(chunk)-1].ID
	}
	return out, nil
}

func (q Query) wants(d Directive) bool {
	switch q.State {
	case "all":
	case "", "open":
		if !d.Standing() {
			return false
		}
	default:
		if d.Stage != q.State {
			return false
		}
	}
	return (q.Light == "" || d.Light == q.Light) && (q.Origin == "" || d.Origin == q.Origin) &&
		(q.Meeting == "" || d.Meeting == q.Meeting) && (q.Unit == "" || slices.Contains(d.units(), q.Unit))
}

// units are all units that have to do with a directive.
func (d Directive) units() []string {
	return slices.Concat([]string{d.Lead, d.Office}, d.Joint, d.Parts)
}

// urgency orders directives: those under way first, by light, then by due date.
func urgency(a, b Directive) int {
	rank := func(d Directive) int {
		if !d.Standing() {
			return 9
		}
		return slices.Index([]string{"black", "red", "yellow", "green", ""}, d.Light)
	}
	if r := rank(a) - rank(b); r != 0 {
		return r
	}
	if a.Due.IsZero() != b.Due.IsZero() {
		if a.Due.IsZero() {
			return 1
		}
		return -1
	}
	if r := a.Due.Compare(b.Due); r != 0 {
		return r
	}
	return strings.Compare(b.Number, a.Number)
}

// sees reports whether the actor of ctx has a place in one of the units that have
// to do with a directive, or above one.
func (s *Service) sees(ctx context.Context, d Directive) bool {
	who := actor.Of(ctx)
	return who.Known() && slices.ContainsFunc(d.units(), func(u string) bool { return s.Access.Decide(ctx, who, actor.Visit, u) == nil })
}

// read returns a directive that the actor of ctx may see.
func (s *Service) read(ctx context.Context, id string) (Directive, error) {
	c, err := s.Flow.Case(s.program(ctx), id)
	if err != nil {
		return Directive{}, err
	}
	if c.Procedure != Procedure {
		return Directive{}, fault.New(fault.NotFound, "case %s is of procedure %s, not a directive", c.Number, c.Procedure)
	}
	d := directiveOf(c)
	d.DueOn = lastDay(d.Due, s.site.Zone)
	if !s.sees(ctx, d) {
		return Directive{}, fault.Say(fault.Forbidden, "督办 %s 不在您的查看范围内，它在 %s 与 %s 之间办理。", "directive %s is not yours to see: it is between %s and %s", d.Number, d.Office, d.Lead)
	}
	return d, nil
}

// Part is what one unit does of a directive.
type Part struct {
	ID       string    `json:"id" doc:"of its case"`
	Number   string    `json:"number"`
	Unit     string    `json:"unit"`
	Stage    string    `json:"stage" doc:"issued, working, review, done, lapsed"`
	Light    string    `json:"light"`
	Due      time.Time `json:"due,omitzero"`
	DueOn    string    `json:"due_on,omitempty"`
	Said     string    `json:"said,omitempty" doc:"what it reported last"`
	Evidence []string  `json:"evidence,omitempty"`
	Files    []string  `json:"files,omitempty"`
	Returned int       `json:"returned"`
}

// parts returns what became of a directive's parts, in the order they were opened.
func (s *Service) parts(ctx context.Context, id string) ([]Part, error) {
	cases, err := s.Flow.Find(s.program(ctx), flow.Filter{Parent: id, Procedure: PartProcedure, Limit: most})
	if err != nil {
		return nil, err
	}
	var out []Part
	for _, c := range cases {
		p := Part{ID: c.ID, Number: c.Number, Unit: c.Unit, Light: string(c.Light), Due: c.Due, DueOn: lastDay(c.Due, s.site.Zone)}
		for _, st := range []string{"issued", "working", stageReview, "done", "lapsed"} {
			if c.In(st) {
				p.Stage = st
			}
		}
		p.Said, p.Returned = words(c.State.Data["said"]), whole(c.State.Data["returned"])
		p.Evidence, p.Files = texts(c.State.Data["evidence"]), texts(c.State.Data["files"])
		out = append(out, p)
	}
	// Ids of one millisecond sort at random; numbers are given in the order of opening.
	slices.SortFunc(out, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// Work is a directive as the page of what it works on shows it.
type Work struct {
	ID, Number string
	Href       string
	Title      pack.Text
	Stage      pack.Text
	Unit       string // that leads
	Light      string
	Due        time.Time
	Round      int
}

// Works returns what the actor of ctx may see of the directives that work, or
// worked, on a target: those under way first. A visitor sees none.
func (s *Service) Works(ctx context.Context, target string) ([]Work, error) {
	if !actor.Of(ctx).Known() {
		return nil, nil
	}
	all, err := s.List(ctx, Query{Target: target, State: "all"})
	if err != nil {
		return nil, err
	}
	out := make([]Work, 0, len(all))
	for _, d := range all {
		out = append(out, Work{
			ID: d.ID, Number: d.Number, Href: "/directives/" + d.ID, Title: d.Title, Stage: d.StageName, Unit: d.Lead, Light: d.Light, Due: d.Due, Round: d.Round,
		})
	}
	return out, nil
}

// lastDay is the last day that a due leaves; "" for none.
func lastDay(due time.Time, zone *time.Location) string {
	if due.IsZero() {
		return ""
	}
	return due.Add(-time.Microsecond).In(zone).Format(time.DateOnly)
}
