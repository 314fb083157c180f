package indicators

import (
	"context"
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/indicators/formula"
)

// maxDepth is how many formulas may stand on one another.
const maxDepth = 16

// derivation computes derived numbers from what was known at an instant. It is
// for one request: it keeps the series it has read.
type derivation struct {
	s     *Service
	ctx   context.Context //nolint:containedctx // lives as long as the request that made it
	known time.Time
	read  map[seriesKey]observation.Series
	depth int
	tree  formula.Tree
	rests map[string][]observation.Observation // by name: what a computed number was read from, in order
	err   error                                // the first that a look-up met
}

func (s *Service) derivation(ctx context.Context, known time.Time) (*derivation, error) {
	tree, err := s.tree(ctx)
	return &derivation{s: s, ctx: ctx, known: known, read: map[seriesKey]observation.Series{}, tree: tree, rests: map[string][]observation.Observation{}}, err
}

// typed parses and checks an indicator's formula, in the indicator's unit.
func (s *Service) typed(ctx context.Context, i observation.Indicator) (*formula.Expr, *formula.Typed, error) {
	e, err := formula.Parse(i.Formula)
	if err != nil {
		return nil, nil, err
	}
	t, err := formula.Check(e, func(id string) (formula.Info, error) {
		in, err := s.Indicator(ctx, id)
		return info(in), err
	})
	if err != nil {
		return nil, nil, err
	}
	t, err = t.In(i.Unit)
	return e, t, err
}

func info(i observation.Indicator) formula.Info {
	return formula.Info{
		Unit: i.Unit, Nature: formula.Nature(i.Nature), Space: formula.SpaceRule(i.Space), YTD: i.Time == "ytd",
	}
}

// series returns a series as known, derived ones computed.
func (d *derivation) series(id, unit string) (observation.Series, error) {
	k := seriesKey{id, unit}
	if s, ok := d.read[k]; ok {
		return s, nil
	}
	s, err := d.s.stored(d.ctx, id, unit, d.known)
	if err != nil {
		return s, err
	}
	if s.Indicator.Formula != "" {
		if s, err = d.derived(s); err != nil {
			return s, err
		}
	}
	d.read[k] = s
	return s, nil
}

// derived replaces the points of a derived series by what its formula gives now.
func (d *derivation) derived(s observation.Series) (observation.Series, error) {
	if d.depth++; d.depth > maxDepth {
		return s, fault.New(fault.Invalid, "the formula of %s stands on itself, or on more than %d others", s.Indicator.ID, maxDepth)
	}
	defer func() { d.depth-- }()
	e, t, err := d.s.typed(d.ctx, s.Indicator)
	if err != nil {
		return s, err
	}
	periods, err := d.periods(s, e)
	if err != nil {
		return s, err
	}
	stated := s.Points
	s.Points = nil
	for _, p := range periods {
		o, _, err := d.compute(s, t, p)
		if err != nil {
			return s, err
		}
		if o == nil {
			continue
		}
		if at := slices.IndexFunc(stated, func(o observation.Observation) bool { return o.Period == p }); at >= 0 {
			o.Source, o.Inputs, o.Working = stated[at].Source, stated[at].Inputs, stated[at].Working
		}
		s.Points = append(s.Points, *o)
	}
	return s, nil
}

// periods lists for which periods a formula can be computed: those that the pack
// states, and those for which every input that is not pinned has a number.
func (d *derivation) periods(s observation.Series, e *formula.Expr) ([]period.Period, error) {
	var out []period.Period
	for _, o := range s.Points {
		out = append(out, o.Period)
	}
	var common []period.Period
	free := 0
	for _, in := range e.Inputs() {
		if !in.At.IsZero() || in.Space {
			continue
		}
		x, err := d.series(in.ID, s.Unit)
		if err != nil {
			return nil, err
		}
		var have []period.Period
		for _, o := range x.Points {
			have = append(have, o.Period)
		}
		if free++; free == 1 {
			common = have
		} else {
			common = slices.DeleteFunc(common, func(p period.Period) bool { return !slices.Contains(have, p) })
		}
	}
	out = append(out, common...)
	slices.SortFunc(out, period.Period.Compare)
	return slices.Compact(out), nil
}

// compute evaluates one cell. It is nil, with its working, when it is missing.
func (d *derivation) compute(s observation.Series, t *formula.Typed, p period.Period) (*observation.Observation, *formula.Trace, error) {
	o := observation.Observation{
		Indicator: s.Indicator.ID, Unit: s.Unit, Period: p, Vintage: 1, Status: observation.Derived,
		Source: observation.Source{Document: "derived"}, By: "formula", Recorded: d.known,
	}
	var rests []observation.Observation
	cell := formula.Cell{At: p, Unit: s.Unit, Tree: d.tree, Lookup: func(w formula.Want) (formula.Value, bool) {
		in, ok := d.lookup(w)
		if !ok {
			return formula.Value{}, false
		}
		if !slices.ContainsFunc(rests, func(r observation.Observation) bool {
			return numberPath(r) == numberPath(in) && r.Vintage == in.Vintage
		}) {
			rests = append(rests, in)
		}
		if in.Known.After(o.Known) {
			o.Known = in.Known
		}
		v := formula.Rounded(in.Quantity)
		v.Origin = in.Name(d.s.site.Prefix).String()
		return v, true
	}}
	v, trace := t.Eval(cell)
	if d.err != nil {
		return nil, trace, d.err
	}
	if v.Missing() {
		return nil, trace, nil
	}
	value, err := quantity.FromFloat(v.Float, d.places(s, p, v.Float))
	if err != nil {
		return nil, trace, nil //nolint:nilerr // too large to print: as good as missing, and the trace shows it
	}
	o.Quantity = quantity.Quantity{Value: value, Cmp: v.Cmp, Unit: s.Indicator.Unit}
	o.Printed, o.Working = o.Quantity.Chinese(), s.Indicator.Formula
	d.rests[numberPath(o)] = rests
	return &o, trace, nil
}

// places is how many digits a derived number is printed with: as many as where it
// was stated, else as many as matter.
func (d *derivation) places(s observation.Series, p period.Period, x float64) int {
	for _, o := range s.Vintages {
		if o.Period == p && o.Quantity.Unit == s.Indicator.Unit {
			return o.Quantity.Value.Places()
		}
	}
	switch {
	case x >= 1000 || x <= -1000:
		return 0
	case x >= 10 || x <= -10:
		return 1
	}
	return 3
}

// lookup finds an input: a target figure, a number of exactly the period, or, for
// a stock asked about a year, half, quarter or month, the number at its end.
func (d *derivation) lookup(w formula.Want) (observation.Observation, bool) {
	s, err := d.series(w.ID, w.Unit)
	if err != nil {
		d.err = err
		return observation.Observation{}, false
	}
	points := s.Points
	if w.Target {
		points = s.Targets
	}
	for _, o := range slices.Backward(points) {
		if o.Period == w.Period {
			return o, true
		}
	}
	for _, o := range slices.Backward(points) {
		if s.Indicator.Nature == observation.Stock && o.Period.Last().Equal(w.Period.Last()) {
			return o, true
		}
	}
	return observation.Observation{}, false
}

// unitTree is the units as formulas see them.
type unitTree struct {
	parent   map[string]string
	children map[string][]string
}

// Parent implements formula.Tree.
func (t unitTree) Parent(unit string) string { return t.parent[unit] }

// Children implements formula.Tree.
func (t unitTree) Children(unit string) []string { return t.children[unit] }

func (s *Service) tree(ctx context.Context) (formula.Tree, error) {
	units, err := s.Units.Units(ctx, s.now())
	if err != nil {
		return nil, err
	}
	t := unitTree{map[string]string{}, map[string][]string{}}
	for _, u := range units {
		t.parent[u.ID] = u.Parent
		t.children[u.Parent] = append(t.children[u.Parent], u.ID)
	}
	return t, nil
}

// Working is how a number came about, as a tree.
type Working struct {
	Formula   string    `json:"formula,omitempty"`
	Value     *float64  `json:"value" doc:"null when missing"`
	Text      string    `json:"text" doc:"the value with its unit and comparator"`
	Period    string    `json:"period,omitempty"`
	Unit      string    `json:"unit,omitempty" doc:"code of the place"`
	Indicator string    `json:"indicator,omitempty" doc:"of an input"`
	Input     *Datum    `json:"input,omitempty" doc:"the observation that was read"`
	Note      string    `json:"note,omitempty" doc:"why it is missing or only indicative"`
	Parts     []Working `json:"parts,omitempty"`
}

// Explain tells how a number came about: a derived one by its formula and
// inputs, a stated one by its source.
func (s *Service) Explain(ctx context.Context, id, unit string, p period.Period, known time.Time) (Working, error) {
	d, err := s.derivation(ctx, known)
	if err != nil {
		return Working{}, err
	}
	series, err := s.stored(ctx, id, unit, known)
	if err != nil {
		return Working{}, err
	}
	if series.Indicator.Formula == "" {
		o, ok := d.lookup(formula.Want{ID: id, Unit: unit, Period: p})
		if !ok {
			return Working{}, fault.New(fault.NotFound, "%s has no number of %s for %s known then", unit, id, p)
		}
		return s.leaf(o), d.err
	}
	_, t, err := s.typed(ctx, series.Indicator)
	if err != nil {
		return Working{}, err
	}
	_, trace, err := d.compute(series, t, p)
	if err != nil {
		return Working{}, err
	}
	w := d.working(trace)
	w.Indicator = id
	return w, nil
}

func (s *Service) leaf(o observation.Observation) Working {
	d := s.datum(o)
	v := o.Quantity.Value.Float()
	return Working{Value: &v, Text: o.Quantity.Chinese(), Period: o.Period.String(), Unit: o.Unit, Indicator: o.Indicator, Input: &d}
}

// working turns a trace into a tree, following derived inputs down.
func (d *derivation) working(t *formula.Trace) Working {
	w := Working{Formula: t.Formula(), Text: t.Value.String(), Period: t.At.String(), Unit: t.Unit, Note: t.Note}
	if !t.Value.Missing() {
		v := t.Value.Float
		w.Value = &v
	}
	if t.Want != nil {
		w.Indicator = t.Want.ID
		if o, ok := d.lookup(*t.Want); ok {
			leaf := d.s.leaf(o)
			leaf.Formula, leaf.Note = w.Formula, w.Note
			return leaf
		}
	}
	for _, p := range t.Parts {
		w.Parts = append(w.Parts, d.working(p))
	}
	return w
}
