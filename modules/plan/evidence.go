package plan

import (
	"context"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/canon"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
)

// accept records p as accept does and claims it: the plan as a whole, and each target
// and path by itself, so that what has not changed keeps its statement.
func (s *Service) accept(ctx context.Context, tx store.Tx, p Plan, at time.Time, by string) (int, error) {
	n, err := accept(ctx, tx, p, at, by)
	if err != nil {
		return n, err
	}
	all, err := claims(p)
	if err != nil {
		return n, err
	}
	for _, c := range all {
		if err := s.Proof.State(ctx, tx, c); err != nil {
			return n, err
		}
	}
	return n, nil
}

// claims lists what is stated of a plan.
func claims(p Plan) ([]proof.Claim, error) {
	p.Version = 0 // equal plans say the same
	whole, err := proof.Content(p)
	if err != nil {
		return nil, err
	}
	out := []proof.Claim{{Kind: statement.Plan, Name: planName(p.ID), Content: whole}}
	for _, t := range p.Targets {
		c, err := targetClaim(t)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	for _, path := range p.Trajectories {
		c, err := pathClaim(path)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func planName(id string) string   { return "plan." + id }
func targetName(id string) string { return "target." + id }
func pathName(id string) string   { return "target." + id + "/path" }
func statusName(id string) string { return "target." + id + "/status" }

// targetClaim states a target: the number that is wanted, by when, and the digest of the
// rest.
func targetClaim(t Target) (proof.Claim, error) {
	content, err := proof.Content(t)
	return proof.Claim{
		Kind: statement.Target, Name: targetName(t.ID), Value: t.Want.Terse(), Unit: t.Want.Unit.String(), Period: t.Due.String(), Status: t.Kind, Content: content,
	}, err
}

// pathClaim states a path. Who declared it and when is in the audit trail.
func pathClaim(p Path) (proof.Claim, error) {
	p.DeclaredBy, p.Declared = "", time.Time{}
	content, err := proof.Content(p)
	return proof.Claim{Kind: statement.Target, Name: pathName(p.Target), Status: string(p.Shape), Content: content}, err
}

// statusRule is what a light follows from, beside the numbers: its JSON is what the
// statement names by digest.
type statusRule struct {
	Rules  Rules  `json:"rules"`
	Target Target `json:"target"`
	Path   Path   `json:"path"`
	Lit    string `json:"lit"` // the rule that lit it
}

// statusClaim states where a target stands.
func statusClaim(st Status, rules Rules) (proof.Claim, error) {
	path := st.Path
	path.DeclaredBy, path.Declared = "", time.Time{}
	text, err := canon.Marshal(statusRule{rules, st.Target, path, st.Rule})
	c := proof.Claim{
		Kind: statement.Evaluation, Name: statusName(st.Target.ID), Status: string(st.Light),
		Formula: &proof.Formula{ID: "rules." + rules.ID, Text: string(text)},
		Inputs:  []proof.Ref{{Name: targetName(st.Target.ID)}},
	}
	for _, o := range []*observation.Observation{st.Latest, st.Base} {
		if o == nil || o.Status == observation.Demo {
			continue
		}
		r := proof.Ref{Name: o.Indicator + "/" + o.Unit + "/" + o.PathPeriod(), Vintage: int64(o.Vintage)}
		if o.Status == observation.Derived {
			r.Vintage = 0
		}
		if !slices.Contains(c.Inputs, r) {
			c.Inputs = append(c.Inputs, r)
		}
	}
	return c, err
}

// Sources returns what the evidence engine asks when it looks whether the data are still
// what was stated: the plan in force, and where its targets stand.
func (s *Service) Sources() []proof.Source {
	page := func(name string) string {
		if id, ok := strings.CutPrefix(name, "target."); ok {
			id, _, _ = strings.Cut(id, "/")
			return "/plan/targets/" + id
		}
		return "/plan"
	}
	return []proof.Source{
		{Kinds: []statement.Kind{statement.Plan, statement.Target}, Claims: s.planClaims, Page: page},
		{Kinds: []statement.Kind{statement.Evaluation}, Claims: s.statusClaims, Page: page, Kept: true},
	}
}

// planClaims calls use with what is stated of the plan in force and of declared paths.
func (s *Service) planClaims(ctx context.Context, use func(proof.Claim) error) error {
	p, err := s.Plan(ctx, s.now())
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := s.state(ctx)
	if err != nil {
		return err
	}
	all, err := claims(p)
	if err != nil {
		return err
	}
	for i, claim := range all {
		target, ok := strings.CutSuffix(strings.TrimPrefix(claim.Name, "target."), "/path")
		if !ok {
			continue
		}
		c.mu.Lock()
		path := c.pathOf(p, target, s.now())
		c.mu.Unlock()
		if all[i], err = pathClaim(path); err != nil {
			return err
		}
	}
	for _, c := range all {
		if err := use(c); err != nil {
			return err
		}
	}
	return nil
}

// statusClaims calls use with where every target stands today.
func (s *Service) statusClaims(ctx context.Context, use func(proof.Claim) error) error {
	p, err := s.Plan(ctx, s.now())
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := s.Statuses(ctx, s.site.Today(), s.now(), "")
	if err != nil {
		return err
	}
	for _, st := range all {
		c, err := statusClaim(st, p.Rules)
		if err != nil {
			return err
		}
		if err := use(c); err != nil {
			return err
		}
	}
	return nil
}
