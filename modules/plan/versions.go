package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// VersionRow is one line of the list of versions.
type VersionRow struct {
	Plan     string `json:"plan"`
	Version  int    `json:"version"`
	Digest   string `json:"digest"`
	Accepted string `json:"accepted"` // RFC 3339
	By       string `json:"by"`
}

// Change is one difference between two versions.
type Change struct {
	Kind string `json:"kind"` // added, removed, changed
	What string `json:"what"` // element, relation, target, trajectory, rules, plan
	ID   string `json:"id"`
	From string `json:"from,omitempty"` // JSON of what differs
	To   string `json:"to,omitempty"`
}

// Proposal is a new version with what it would change.
type Proposal struct {
	Version  int      `json:"version"`
	Accepted bool     `json:"accepted"`
	Changes  []Change `json:"changes"`
}

// Accepted announces that a version of the plan has come into force.
type Accepted struct{ Version int }

// Versions lists all versions, oldest first.
func (s *Service) Versions(ctx context.Context) ([]VersionRow, error) {
	c, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]VersionRow, 0, len(c.versions))
	for _, v := range c.versions {
		out = append(out, VersionRow{v.Plan.ID, v.Plan.Version, v.Digest, v.Accepted.In(s.site.Zone).Format(time.RFC3339), v.Recorder})
	}
	return out, nil
}

// Propose shows what p would change against the version in force, and brings it
// into force when accepted is set. A plan with a fault in it is fault.Invalid.
func (s *Service) Propose(ctx context.Context, p Plan, accepted bool) (Proposal, error) { //nolint:revive // to look and to accept are one request
	if err := s.validate(ctx, p); err != nil {
		return Proposal{}, err
	}
	var was Plan
	if now, err := s.Plan(ctx, s.now()); err == nil {
		was = now
	} else if fault.KindOf(err) != fault.NotFound {
		return Proposal{}, err
	}
	out := Proposal{Version: was.Version, Changes: diff(was, p)}
	if !accepted || len(out.Changes) == 0 {
		return out, nil
	}
	// The plan is the whole city's: a role over a part of it is not enough.
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Decide, s.site.Unit); err != nil {
		return Proposal{}, err
	}
	err := s.db.Write(ctx, func(tx store.Tx) (err error) {
		if out.Version, err = s.accept(ctx, tx, p, s.now(), actor.Of(ctx).ID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "plan.accept", fmt.Sprintf("plan %s version %d", p.ID, out.Version), fmt.Sprintf("%d changes", len(out.Changes)))
	})
	if err != nil {
		return Proposal{}, err
	}
	if err := s.Proof.Settle(ctx); err != nil {
		return Proposal{}, err
	}
	out.Accepted = true
	event.Publish(ctx, s.events, Accepted{out.Version})
	return out, nil
}

// validate checks that what a plan names exists.
func (s *Service) validate(ctx context.Context, p Plan) error {
	if p.ID == "" || len(p.Elements) == 0 {
		return fault.New(fault.Invalid, "the plan has no id or no element")
	}
	ids, err := elementIDs(p.Elements)
	if err != nil {
		return err
	}
	for _, r := range p.Relations {
		if !ids[r.From] || !ids[r.To] {
			return fault.New(fault.Invalid, "relation %s → %s: the plan has no such element", r.From, r.To)
		}
	}
	for _, t := range p.Targets {
		if !ids[t.Element] {
			return fault.New(fault.Invalid, "target %s: the plan has no element %q", t.ID, t.Element)
		}
		i, err := s.Readings.Indicator(ctx, t.Indicator)
		if err != nil {
			return err
		}
		if !i.Unit.Same(t.Want.Unit) {
			return fault.New(fault.Invalid, "target %s is in %s, but indicator %s counts %s; these do not convert", t.ID, t.Want.Unit, i.ID, i.Unit)
		}
	}
	return nil
}

// elementIDs returns the ids of elements that are in order.
func elementIDs(elements []Element) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, e := range elements {
		switch {
		case e.ID == "" || e.ZH == "":
			return nil, fault.New(fault.Invalid, "element %q has no id or no Chinese name", e.ID+e.ZH)
		case ids[e.ID]:
			return nil, fault.New(fault.Invalid, "element %q stands twice", e.ID)
		case !slices.Contains(kinds(), e.Kind):
			return nil, fault.New(fault.Invalid, "element %s: kind %q is not one of %v", e.ID, e.Kind, kinds())
		}
		ids[e.ID] = true
	}
	return ids, nil
}

// Declare records a path for a target, from now on. It fills in who and when.
func (s *Service) Declare(ctx context.Context, path *Path) error {
	now := s.now()
	date := s.site.Today()
	st, err := s.Status(ctx, path.Target, date, now, "")
	if err != nil {
		return err
	}
	if err := s.Access.Decide(ctx, actor.Of(ctx), actor.Decide, st.Target.Unit); err != nil {
		return err
	}
	if !st.HasBase {
		return fault.Say(fault.Invalid, "目标 %s 没有基期值，路径没有起点，请在规划新版本中补上。", "target %s has no baseline, so no path can start; give it one in a new version of the plan", path.Target)
	}
	if _, err := newLine(*path, st.BaseDate, st.Target.Due.Last(), st.BaseValue, st.Want); err != nil {
		return err
	}
	path.DeclaredBy, path.Declared = actor.Of(ctx).Name, now
	return s.db.Write(ctx, func(tx store.Tx) error {
		if err := declarePath(ctx, tx, *path, now, actor.Of(ctx).ID); err != nil {
			return err
		}
		c, err := pathClaim(*path)
		if err != nil {
			return err
		}
		if err := s.Proof.State(ctx, tx, c); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "plan.path", "target "+path.Target, string(path.Shape))
	})
}

// diff lists what differs from a to b, part by part, in b's order.
func diff(a, b Plan) []Change {
	var out []Change
	head := func(p Plan) Plan {
		p.Version, p.Elements, p.Relations, p.Targets, p.Trajectories, p.Highlights, p.Rules = 0, nil, nil, nil, nil, nil, Rules{}
		return p
	}
	out = append(out, compare("plan", []Plan{head(a)}, []Plan{head(b)}, func(Plan) string { return "plan" })...)
	out = append(out, compare("element", a.Elements, b.Elements, func(e Element) string { return e.ID })...)
	out = append(out, compare("relation", a.Relations, b.Relations, func(r Relation) string { return r.From + " " + r.Kind + " " + r.To })...)
	out = append(out, compare("target", a.Targets, b.Targets, func(t Target) string { return t.ID })...)
	out = append(out, compare("trajectory", a.Trajectories, b.Trajectories, func(p Path) string { return p.Target })...)
	out = append(out, compare("rules", []Rules{a.Rules}, []Rules{b.Rules}, func(r Rules) string { return r.ID })...)
	return append(out, compare("highlight", a.Highlights, b.Highlights, func(h Highlight) string { return strconv.Itoa(h.N) })...)
}

// compare lists what was added, removed and changed between two lists of things
// that have an id.
func compare[T any](what string, a, b []T, id func(T) string) []Change {
	var out []Change
	was := map[string]string{}
	for _, v := range a {
		was[id(v)] = text1(v)
	}
	for _, v := range b {
		old, ok := was[id(v)]
		now := text1(v)
		delete(was, id(v))
		switch {
		case !ok:
			out = append(out, Change{Kind: "added", What: what, ID: id(v), To: now})
		case old != now:
			out = append(out, Change{Kind: "changed", What: what, ID: id(v), From: old, To: now})
		}
	}
	for _, v := range a {
		if old, ok := was[id(v)]; ok {
			out = append(out, Change{Kind: "removed", What: what, ID: id(v), From: old})
		}
	}
	return out
}

// text1 is v as one line of JSON: these types always marshal.
func text1(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
