package indicators

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/canon"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/modules/indicators/formula"
	"yuzhou/modules/indicators/replay"
)

// numberPath is a number's name below the prefix, without vintage.
func numberPath(o observation.Observation) string {
	return o.Indicator + "/" + o.Unit + "/" + o.PathPeriod()
}

// Claim is what is stated of a number: as printed, of which document, how far settled.
// Of a withdrawn one it is that it no longer holds. Of a derived one it is what is shown; its formula and inputs come with derivedClaims.
func Claim(o observation.Observation) proof.Claim {
	if o.Status == observation.Withdrawn {
		return proof.Claim{
			Kind: statement.Observation, Name: numberPath(o), Vintage: int64(o.Vintage), Period: o.Period.String(), Status: string(o.Status), Withdraw: true,
		}
	}
	c := proof.Claim{
		Kind: statement.Observation, Name: numberPath(o), Vintage: int64(o.Vintage), Value: o.Quantity.Terse(), Unit: o.Quantity.Unit.String(),
		Period: o.Period.String(), Status: string(o.Status),
	}
	if o.Status == observation.Derived {
		c.Kind, c.Vintage = statement.Derived, 0
		return c
	}
	c.Source = &statement.Source{Document: o.Source.Document, Locator: locator(o.Source)}
	return c
}

// locator says where in its document a number stands.
func locator(s observation.Source) string {
	var out []string
	if s.Figure != "" {
		out = append(out, s.Figure)
	}
	for _, n := range s.Lines {
		out = append(out, "line "+strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

// state claims a number in the transaction that records it.
func (a *appender) state(ctx context.Context, o observation.Observation) error {
	if o.Status == observation.Derived || o.Status == observation.Demo {
		return nil // computed ones are stated as they are computed; demonstrations never
	}
	return a.proof.State(ctx, a.tx, Claim(o))
}

// Sources returns what the engine asks when it looks whether the data are still what was
// stated: numbers that were recorded, and numbers that are computed.
func (s *Service) Sources() []proof.Source {
	page := func(name string) string { return "/indicators/" + name }
	return []proof.Source{
		{Kinds: []statement.Kind{statement.Observation}, Claims: s.recordedClaims, One: s.recordedClaim, Page: page},
		{Kinds: []statement.Kind{statement.Derived}, Claims: s.derivedClaims, Page: page, Kept: true},
	}
}

// recordedClaims calls use with the claim of every vintage that was recorded.
func (s *Service) recordedClaims(ctx context.Context, use func(proof.Claim) error) error {
	return s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM indicators_observation WHERE status NOT IN ('derived', 'demo') ORDER BY indicator, unit, period, vintage`, nil,
			func(scan func(...any) error) error {
				o, err := scanObservation(scan)
				if err != nil {
					return err
				}
				return use(Claim(o))
			})
	})
}

// recordedClaim returns the claim of one vintage as it is recorded now.
func (s *Service) recordedClaim(ctx context.Context, r proof.Ref) (c proof.Claim, err error) {
	parts := strings.Split(r.Name, "/")
	if len(parts) != 3 {
		return c, fault.New(fault.NotFound, "%q is not the name of a number", r.Name)
	}
	per, err := observation.ParsePathPeriod(parts[2])
	if err != nil {
		return c, err
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation WHERE indicator = $1 AND unit = $2 AND period = $3 AND vintage = $4`,
			[]any{parts[0], parts[1], per.String(), r.Vintage}, scanObservation)
		if err == nil && len(rows) == 0 {
			err = fault.New(fault.NotFound, "there is no number %s@%d", r.Name, r.Vintage)
		}
		if err == nil {
			c = Claim(rows[0])
		}
		return err
	})
	return c, err
}

// derivedClaims calls use with the claim of every number that can be computed from what
// is known now, with its formula and inputs, inputs first; then that those are withdrawn
// which could be computed before something was withdrawn, and cannot now.
func (s *Service) derivedClaims(ctx context.Context, use func(proof.Claim) error) error {
	d, err := s.derivation(ctx, s.now())
	if err != nil {
		return err
	}
	c, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	e := emitter{d: d, use: use, done: map[string]bool{}, rules: map[string]string{}}
	for _, i := range c.all {
		if i.Formula == "" {
			continue
		}
		if err := s.eachDerived(ctx, d, i, func(o observation.Observation) error { return e.emit(ctx, o) }); err != nil {
			return err
		}
	}
	return s.lapsedClaims(ctx, c, &e)
}

// eachDerived calls use with the numbers of a derived indicator in every unit.
func (s *Service) eachDerived(ctx context.Context, d *derivation, i observation.Indicator, use func(observation.Observation) error) error {
	units, err := s.unitsOf(ctx, d, i)
	if err != nil {
		return err
	}
	for _, unit := range units {
		series, err := d.series(i.ID, unit)
		if err != nil {
			return err
		}
		for _, o := range series.Points {
			if err := use(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// withdrawals reads the numbers whose newest vintage is a withdrawal.
func withdrawals(ctx context.Context, tx store.Tx) ([]observation.Observation, error) {
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation w WHERE status = 'withdrawn' AND vintage = (
		SELECT max(vintage) FROM indicators_observation o WHERE o.indicator = w.indicator AND o.unit = w.unit AND o.period = w.period)
		ORDER BY known, indicator, unit, period`, nil, scanObservation)
}

// unitsOf lists the units in which a derived indicator may have numbers: those that have
// any of what it is computed from, and the city.
func (s *Service) unitsOf(ctx context.Context, d *derivation, i observation.Indicator) ([]string, error) {
	e, err := formula.Parse(i.Formula)
	if err != nil {
		return nil, err
	}
	units := []string{s.site.Unit}
	for _, in := range e.Inputs() {
		if in.Space || !in.At.IsZero() {
			continue
		}
		all, err := s.everywhere(ctx, in.ID, d.known)
		if err != nil {
			return nil, err
		}
		for _, series := range all {
			units = append(units, series.Unit)
		}
	}
	slices.Sort(units)
	return slices.Compact(units), nil
}

// emitter calls use with derived numbers, each once, inputs first.
type emitter struct {
	d     *derivation
	use   func(proof.Claim) error
	done  map[string]bool   // by name
	rules map[string]string // by indicator
}

func (e *emitter) emit(ctx context.Context, o observation.Observation) error {
	name := numberPath(o)
	if e.done[name] {
		return nil
	}
	e.done[name] = true
	inputs := e.d.rests[name]
	if len(inputs) == 0 {
		return nil // a formula without inputs states nothing that could be checked
	}
	c := Claim(o)
	for _, in := range inputs {
		r := proof.Ref{Name: numberPath(in), Vintage: int64(in.Vintage)}
		if in.Status == observation.Demo {
			return nil // what rests on demonstration data is not stated either
		}
		if in.Status == observation.Derived {
			r.Vintage = 0
			if err := e.emit(ctx, in); err != nil {
				return err
			}
		}
		c.Inputs = append(c.Inputs, r)
	}
	rule, err := e.rule(ctx, o.Indicator)
	if err != nil {
		return err
	}
	c.Formula = &proof.Formula{ID: o.Indicator, Text: rule}
	return e.use(c)
}

// rule returns the text of an indicator's rule.
func (e *emitter) rule(ctx context.Context, indicator string) (string, error) {
	if text, ok := e.rules[indicator]; ok {
		return text, nil
	}
	i, err := e.d.s.Indicator(ctx, indicator)
	if err != nil {
		return "", err
	}
	x, err := formula.Parse(i.Formula)
	if err != nil {
		return "", err
	}
	r := replay.Rule{Formula: i.Formula, Unit: i.Unit.String()}
	for _, in := range x.Inputs() {
		known := slices.ContainsFunc(r.Inputs, func(k replay.Input) bool { return k.ID == in.ID })
		if !known {
			def, err := e.d.s.Indicator(ctx, in.ID)
			if err != nil {
				return "", err
			}
			r.Inputs = append(r.Inputs, replay.Input{ID: def.ID, Unit: def.Unit.String(), Nature: string(def.Nature), Space: def.Space, YTD: def.Time == "ytd"})
		}
		if t, ok := e.d.tree.(unitTree); ok && in.Space {
			r.Tree = t.parent
		}
	}
	text, err := canon.Marshal(r)
	e.rules[indicator] = string(text)
	return string(text), err
}
