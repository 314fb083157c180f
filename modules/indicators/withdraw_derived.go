package indicators

import (
	"context"
	"maps"
	"slices"
	"time"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/modules/indicators/formula"
)

// lapsedClaims calls e.use with the withdrawal of every derived number that has been
// stated and lapsed when something that it rested on was withdrawn. Which these are is
// computed: what there was just before each withdrawal that still stands, and what e has
// not met among the numbers of today.
func (s *Service) lapsedClaims(ctx context.Context, c *catalog, e *emitter) error {
	var all []observation.Observation
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		all, err = withdrawals(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for len(all) > 0 {
		at := all[0].Known
		touched := map[string]bool{}
		for len(all) > 0 && all[0].Known.Equal(at) {
			touched[all[0].Indicator] = true
			all = all[1:]
		}
		if err := s.lapsed(ctx, resting(c, touched), at.Add(-time.Microsecond), e); err != nil {
			return err
		}
	}
	return nil
}

// lapsed claims the withdrawal of the numbers of derived indicators that could be
// computed from what was known at an instant.
func (s *Service) lapsed(ctx context.Context, derived []observation.Indicator, known time.Time, e *emitter) error {
	if len(derived) == 0 {
		return nil
	}
	d, err := s.derivation(ctx, known)
	if err != nil {
		return err
	}
	for _, i := range derived {
		if err := s.eachDerived(ctx, d, i, func(o observation.Observation) error { return e.lapse(ctx, o) }); err != nil {
			return err
		}
	}
	return nil
}

// lapse claims that a derived number is withdrawn, unless it can be computed today or
// nobody has stated it.
func (e *emitter) lapse(ctx context.Context, o observation.Observation) error {
	name := numberPath(o)
	if e.done[name] {
		return nil
	}
	e.done[name] = true
	c := proof.Claim{Kind: statement.Derived, Name: name, Period: o.Period.String(), Status: string(observation.Withdrawn), Withdraw: true}
	st, err := e.d.s.Proof.Standing(ctx, c)
	if err != nil || st.Newest == 0 {
		return err
	}
	return e.use(c)
}

// resting lists the derived indicators that stand on any of these, over others too, in
// the order of the catalog.
func resting(c *catalog, touched map[string]bool) []observation.Indicator {
	reached := maps.Clone(touched)
	inputs := inputsOf(c)
	for size := 0; size != len(reached); {
		size = len(reached)
		for id, from := range inputs {
			if slices.ContainsFunc(from, func(in string) bool { return reached[in] }) {
				reached[id] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(c.all), func(i observation.Indicator) bool { return inputs[i.ID] == nil || !reached[i.ID] })
}

// inputsOf lists what the formula of each derived indicator names.
func inputsOf(c *catalog) map[string][]string {
	out := map[string][]string{}
	for _, i := range c.all {
		e, err := formula.Parse(i.Formula)
		if i.Formula == "" || err != nil {
			continue // one that cannot be read computes nothing
		}
		for _, in := range e.Inputs() {
			out[i.ID] = append(out[i.ID], in.ID)
		}
	}
	return out
}
