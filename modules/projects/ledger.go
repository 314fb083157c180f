package projects

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// cache keeps what the database holds while nothing in it changes.
type cache struct {
	mu         sync.Mutex // guards what follows
	generation uint64
	book       *book
}

// book is all versions and reports that were ever approved. It is never changed.
type book struct {
	versions []version
	reports  []reported
	underway map[string]string
	late     map[string]string // directives by lateKey
}

// open returns the book as the database has it now.
func (s *Service) book(ctx context.Context) (*book, error) {
	generation, err := s.db.Generation(ctx)
	if err != nil {
		return nil, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.book != nil && s.cache.generation == generation {
		return s.cache.book, nil
	}
	b := &book{}
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		if b.versions, err = versions(ctx, tx); err != nil {
			return err
		}
		if b.reports, err = months(ctx, tx); err != nil {
			return err
		}
		if b.underway, err = underway(ctx, tx); err != nil {
			return err
		}
		b.late, err = lates(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cache.book, s.cache.generation = b, generation
	return b, nil
}

// at returns all works as they were known at an instant, by id.
func (b *book) at(known time.Time) []state {
	var out []state
	for _, v := range b.versions {
		if v.Since.After(known) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].ID == v.ID {
			out[n-1].version = v
			continue
		}
		out = append(out, state{version: v, Underway: b.underway[v.ID]})
	}
	n := 0
	for _, r := range b.reports { // both are by id
		for n < len(out) && out[n].ID < r.Work {
			n++
		}
		if n < len(out) && out[n].ID == r.Work && !r.Since.After(known) {
			out[n].Reports = add(out[n].Reports, r)
		}
	}
	return out
}

// add adds the next report, or the next revision of the last.
func add(all []reported, r reported) []reported {
	if last := len(all) - 1; last >= 0 && all[last].Month == r.Month {
		all[last] = r
		return all
	}
	return append(all, r)
}

// states returns all works known at an instant, by id.
func (s *Service) states(ctx context.Context, known time.Time) ([]state, error) {
	b, err := s.book(ctx)
	if err != nil {
		return nil, err
	}
	return b.at(known), nil
}

// state returns a work as known at an instant; fault.NotFound when it was not.
func (s *Service) state(ctx context.Context, id string, known time.Time) (state, error) {
	all, err := s.states(ctx, known)
	if err != nil {
		return state{}, err
	}
	for _, st := range all {
		if st.ID == id {
			return st, nil
		}
	}
	return state{}, fault.Say(fault.NotFound, "没有举措、政策或项目 %q，或当时还没有批准。", "there is no measure, policy or project %q, or it was not approved by then", id)
}

// Part is one work that serves a target.
type Part struct {
	Work     string   `json:"work"`
	Kind     string   `json:"kind"`
	Unit     string   `json:"unit"`
	Name     Named    `json:"name"`
	Standing Standing `json:"standing"`
	Effect   Named    `json:"effect" doc:"claimed; empty when nobody has said"`
	Grade    string   `json:"grade,omitempty" doc:"how well the claim is founded: measured, comparable, expert or claimed"`
	Via      string   `json:"via,omitempty" doc:"the element over which it serves the target; empty when it is linked to the target itself"`
	Others   int      `json:"others" doc:"how many more things it serves: its money is not this target's alone"`
	Budget   Money    `json:"budget"`
	Spent    Money    `json:"spent"`
	Demo     bool     `json:"demo"`
	Page     string   `json:"page" doc:"its address"`
}

// Named is a wording in both languages.
type Named struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Sum is the money of several works.
type Sum struct {
	Works  int   `json:"works"`
	Budget Money `json:"budget"`
	Spent  Money `json:"spent"`
}

// Effort is what works on a target and what it has cost. Demonstration data have
// a sum of their own.
type Effort struct {
	Target string `json:"target"`
	Parts  []Part `json:"parts" doc:"worst light first"`
	Sum    Sum    `json:"sum"`
	Demo   Sum    `json:"demo"`
}

// Works returns what worked on a target at an instant: what is linked to the
// target itself, or to the element that it stands under.
//
// Errors: those of the database; a target that nothing works on has no parts.
func (s *Service) Works(ctx context.Context, target string, known time.Time) (Effort, error) {
	out := Effort{Target: target, Parts: []Part{}}
	all, err := s.states(ctx, known)
	if err != nil {
		return out, err
	}
	elements, err := s.Plan(ctx, known)
	if err != nil {
		return out, err
	}
	var under []string
	for _, e := range elements {
		if e.ID == target {
			under = e.Under
		}
	}
	date := s.date(known)
	for _, st := range all {
		p, ok := st.serves(target, under, date)
		if !ok {
			continue
		}
		sum := &out.Sum
		if p.Demo {
			sum = &out.Demo
		}
		sum.Works++
		sum.Budget, sum.Spent = sum.Budget.plus(p.Budget), sum.Spent.plus(p.Spent)
		out.Parts = append(out.Parts, p)
	}
	slices.SortStableFunc(out.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(slices.Index(Lights(), a.Standing.Light), slices.Index(Lights(), b.Standing.Light)), strings.Compare(a.Work, b.Work))
	})
	return out, nil
}

// date is the calendar date of an instant in the city, as midnight UTC.
func (s *Service) date(at time.Time) time.Time {
	y, m, d := at.In(s.site.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// serves reports whether a work serves a target, itself or over what it stands under.
func (st state) serves(target string, under []string, date time.Time) (Part, bool) {
	best := -1
	for n, l := range st.Links {
		if l.To == target {
			best = n
			break
		}
		if best < 0 && slices.Contains(under, l.To) {
			best = n
		}
	}
	if best < 0 {
		return Part{}, false
	}
	l := st.Links[best]
	p := Part{
		Work: st.ID, Kind: st.Kind, Unit: st.Unit, Name: Named{st.ZH, st.In("en")}, Standing: st.folded().Standing(date),
		Effect: Named{l.Effect.ZH, l.Effect.In("en")}, Grade: l.Grade, Others: len(st.Links) - 1, Demo: st.Demo, Page: "/projects/" + st.ID,
	}
	if l.To != target {
		p.Via = l.To
	}
	p.Budget, p.Spent = total(st.accounts())
	return p, true
}
