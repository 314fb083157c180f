package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// Filter narrows a search for cases; empty fields mean all.
type Filter struct {
	Procedure string
	Subject   string
	Unit      string
	Parent    string
	State     string // active
	Text      string // part of number or title
	Open      bool   // closed ones are left out
	After     string // id of the last case seen: those opened before it follow
	Limit     int    // 1 to 1000; 100 when 0
}

// maxFound is how many cases are returned at most.
const maxFound = 1000

// Find returns the cases that fit and that the actor of ctx may see, the newest
// first.
func (s *Service) Find(ctx context.Context, f Filter) ([]Case, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.Limit < 0 || f.Limit > maxFound {
		return nil, fault.New(fault.Invalid, "limit is %d; give 1 to %d", f.Limit, maxFound)
	}
	var out []Case
	cal, err := s.Calendar(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		more := true
		for more && len(out) < f.Limit {
			query, args := f.query()
			rows, err := store.Collect(ctx, tx, query, args, scanCase)
			if err != nil {
				return err
			}
			settleAll(rows, cal, s.now())
			some := f.pick(rows, s.person(ctx))
			out = append(out, some[:min(len(some), f.Limit-len(out))]...)
			if more = len(rows) == f.Limit; more {
				f.After = rows[len(rows)-1].ID
			}
		}
		return nil
	})
	return out, err
}

func settleAll(rows []row, cal clock.Calendar, now time.Time) {
	for i := range rows {
		rows[i].settle(cal, now)
	}
}

// pick returns those of a chunk that stand where the filter says and that a
// person may see.
func (f Filter) pick(rows []row, who person) []Case {
	var out []Case
	for _, r := range rows {
		if (f.State == "" || r.In(f.State)) && who.sees(r.Case) {
			out = append(out, r.Case)
		}
	}
	return out
}

// query is the filter as SQL: one chunk of Limit rows after After.
func (f Filter) query() (string, []any) {
	var where []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(args))))
	}
	for _, c := range []struct{ column, value string }{{"procedure", f.Procedure}, {"subject", f.Subject}, {"unit", f.Unit}, {"parent", f.Parent}} {
		if c.value != "" {
			add(c.column+" = %s", c.value)
		}
	}
	if f.Open {
		where = append(where, "closed = 0")
	}
	if f.After != "" {
		add("id < %s", f.After)
	}
	if f.Text != "" {
		add("lower(number || ' ' || zh || ' ' || en) LIKE lower(%s) ESCAPE '\\'", "%"+escapeLike(f.Text)+"%")
	}
	text := ""
	if len(where) > 0 {
		text = " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, f.Limit)
	return fmt.Sprintf(`SELECT %s FROM flow_case%s ORDER BY id DESC LIMIT $%d`, caseColumns, text, len(args)), args
}

// escapeLike makes a text mean itself within LIKE.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// Possible is what may happen to a case next.
type Possible struct {
	Event   string   `json:"event"`
	ZH      string   `json:"zh"`
	EN      string   `json:"en,omitempty"`
	For     string   `json:"for" doc:"who may send it: person:ID, post:ID or unit:ID:ROLE"`
	Mine    bool     `json:"mine" doc:"the asker may send it now"`
	Why     string   `json:"why,omitempty" doc:"why the asker may not, when there is more to it than whose it is"`
	Refusal bool     `json:"refusal,omitempty"`
	Reasons []Reason `json:"reasons,omitempty" doc:"data.reason is one of these"`
	Form    []Asked  `json:"form,omitempty" doc:"the other keys of data"`
}

// Reason is one entry of a list of reasons.
type Reason struct {
	Code  string `json:"code"`
	ZH    string `json:"zh"`
	EN    string `json:"en,omitempty"`
	Basis string `json:"basis,omitempty"`
}

// Asked is one field of a form.
type Asked struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	ZH       string   `json:"zh"`
	EN       string   `json:"en,omitempty"`
	HintZH   string   `json:"hint_zh,omitempty"`
	HintEN   string   `json:"hint_en,omitempty"`
	Required bool     `json:"required,omitempty"`
	Options  []Reason `json:"options,omitempty"`
}

// Possible returns what persons may let happen to a case now, for the actor of ctx.
func (s *Service) Possible(ctx context.Context, id string) ([]Possible, error) {
	r, err := s.row(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.possible(s.person(ctx)), nil
}

// offer describes a transition to a person.
func (r *row) offer(t *procedure.Transition, who person) Possible {
	owner, mine, err := r.state.allows(t, who)
	p := Possible{ZH: t.Name.ZH, EN: t.Name.EN, For: holderOf(owner), Mine: mine && err == nil, Refusal: t.Refusal, Form: asked(t.Form)}
	if err != nil {
		p.Why = err.Error()
	}
	for _, list := range r.p.Reasons {
		if list.ID == t.Reasons {
			p.Reasons = reasons(list.Options)
		}
	}
	return p
}

func (r *row) possible(who person) []Possible {
	var out []Possible
	for _, t := range offers(r.p, r.state) {
		if t.Name.ZH == "" {
			continue
		}
		p := r.offer(t, who)
		for _, e := range t.Events {
			p.Event = e
			if !slices.ContainsFunc(out, func(o Possible) bool { return o.Event == e && o.Mine == p.Mine }) {
				out = append(out, p)
			}
		}
	}
	return out
}
