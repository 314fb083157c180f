package plan

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// cache keeps what was read and computed under one generation of the store.
type cache struct {
	mu         sync.Mutex
	generation uint64
	versions   []version
	paths      []Path
	statuses   map[statusKey][]Status // bounded: emptied with the generation, or when it grows past maxDates
}

type statusKey struct {
	date, known int64 // days and microseconds since 1970
	shape       Shape // "" for the declared ones
}

const maxDates = 64

// view is what a status is asked for: a date, the knowledge that counts, and a
// shape to put in place of the declared ones ("" for none).
type view struct {
	date, known time.Time
	shape       Shape
}

// state returns what the store holds, read once a generation.
func (s *Service) state(ctx context.Context) (*cache, error) {
	g, err := s.db.Generation(ctx)
	if err != nil {
		return nil, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.versions != nil && s.cache.generation == g {
		return &s.cache, nil
	}
	return &s.cache, s.db.Read(ctx, func(tx store.Tx) (err error) {
		if s.cache.versions, err = versions(ctx, tx); err != nil {
			return err
		}
		if s.cache.paths, err = declaredPaths(ctx, tx); err != nil {
			return err
		}
		s.cache.generation, s.cache.statuses = g, map[statusKey][]Status{}
		return nil
	})
}

// Plan returns the version that was in force at an instant; before the first one
// was accepted it is fault.NotFound.
func (s *Service) Plan(ctx context.Context, known time.Time) (Plan, error) {
	c, err := s.state(ctx)
	if err != nil {
		return Plan{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range slices.Backward(c.versions) {
		if !v.Accepted.IsZero() && !v.Accepted.After(known) {
			return v.Plan, nil
		}
	}
	return Plan{}, fault.Say(fault.NotFound, "%s 没有生效的规划。", "no plan was in force on %s", known.In(s.site.Zone).Format(time.DateOnly))
}

// pathOf returns the path in force for a target: the newest declaration known
// then, else the plan's own.
func (c *cache) pathOf(p Plan, target string, known time.Time) Path {
	var out Path
	for _, path := range p.Trajectories {
		if path.Target == target {
			out = path
		}
	}
	for _, path := range c.paths {
		if path.Target == target && !path.Declared.After(known) {
			out = path
		}
	}
	return out
}

// Statuses returns where every target stood on a date, by what was known at an
// instant, worst first. A shape other than "" replaces every declared shape: the
// answer to "what if the path were another".
func (s *Service) Statuses(ctx context.Context, date, known time.Time, shape Shape) ([]Status, error) {
	p, err := s.Plan(ctx, known)
	if err != nil {
		return nil, err
	}
	c, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	key := statusKey{date.Unix() / 86400, store.Micros(known.Truncate(time.Minute)), shape}
	c.mu.Lock()
	out, ok := c.statuses[key]
	c.mu.Unlock()
	if ok {
		return out, nil
	}
	for _, t := range p.Targets {
		st, err := s.status(ctx, p, t, view{date, known, shape})
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	order := Lights()
	slices.SortStableFunc(out, func(a, b Status) int {
		return cmp.Or(slices.Index(order, a.Light)-slices.Index(order, b.Light), cmp.Compare(b.Behind, a.Behind))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.statuses) >= maxDates {
		clear(c.statuses)
	}
	c.statuses[key] = out
	return out, nil
}

// Status returns where one target stood.
func (s *Service) Status(ctx context.Context, target string, date, known time.Time, shape Shape) (Status, error) {
	all, err := s.Statuses(ctx, date, known, shape)
	if err != nil {
		return Status{}, err
	}
	for _, st := range all {
		if st.Target.ID == target {
			return st, nil
		}
	}
	return Status{}, fault.Say(fault.NotFound, "规划里没有目标 %q。", "the plan has no target %q", target)
}

func (s *Service) status(ctx context.Context, p Plan, t Target, v view) (Status, error) {
	f, known := facts{target: t, rules: p.Rules, date: v.date}, v.known
	var err error
	if f.series, err = s.Readings.Series(ctx, t.Indicator, t.Unit, known); err != nil {
		return Status{}, err
	}
	if f.base, err = s.newest(ctx, t.Baseline.Figure, known); err != nil {
		return Status{}, err
	}
	if t.Implied != nil {
		if f.implied, err = s.figure(ctx, t.Implied.Derived, known); err != nil {
			return Status{}, err
		}
	}
	s.cache.mu.Lock()
	f.path = s.cache.pathOf(p, t.ID, known)
	s.cache.mu.Unlock()
	if v.shape != "" && f.path.Shape != "" {
		f.path.Shape = v.shape
	}
	for _, id := range t.Beside {
		b, err := s.beside(ctx, id, known, p.Rules)
		if err != nil {
			return Status{}, err
		}
		if b != nil {
			f.beside = append(f.beside, *b)
		}
	}
	return evaluate(f), nil
}

// figure returns a figure, nil when it is not named or was not known then.
func (s *Service) figure(ctx context.Context, id string, known time.Time) (*observation.Observation, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	o, err := s.Readings.Figure(ctx, id, known)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil //nolint:nilnil // not known then
	}
	return &o, err
}

// newest returns the newest vintage, known then, of the number that a figure
// states: a baseline is revised with the number it is.
func (s *Service) newest(ctx context.Context, id string, known time.Time) (*observation.Observation, error) {
	o, err := s.figure(ctx, id, known)
	if o == nil || err != nil {
		return o, err
	}
	series, err := s.Readings.Series(ctx, o.Indicator, o.Unit, known)
	if err != nil {
		return nil, err
	}
	for _, p := range series.Points {
		if p.Period == o.Period {
			return &p, nil
		}
	}
	return o, nil
}

// beside reads a figure that stands beside a target. A share of a yearly task is
// lit by the time that has gone; nothing else is lit.
func (s *Service) beside(ctx context.Context, id string, known time.Time, rules Rules) (*Beside, error) {
	o, err := s.figure(ctx, id, known)
	if o == nil || err != nil {
		return nil, err
	}
	i, err := s.Readings.Indicator(ctx, o.Indicator)
	if err != nil {
		return nil, err
	}
	b := &Beside{Observation: *o, Indicator: i}
	if i.Nature == observation.Ratio && o.Quantity.Unit.IsPercent() {
		b.paced(rules)
	}
	return b, nil
}

// paced lights a share of the year's task against the share of the year gone.
func (b *Beside) paced(rules Rules) {
	o := b.Observation
	year := period.Of(o.Period.Last(), period.Annual)
	gone := 100 * period.MonthsBetween(year.Start(), o.Period.End()) / 12
	done := o.Quantity.Value.Float()
	switch behind := gone - done; {
	case behind > rules.BehindRed:
		b.Light = Red
	case behind >= rules.BehindYellow:
		b.Light = Yellow
	default:
		b.Light = Green
	}
	lead, pp := done-gone, quantity.MustUnit("百分点")
	b.Reason = text("完成全年任务的 %s,时间过去 %s,差 %s:这是流量的进度,不能点亮存量的目标。",
		"%s of the year's task is done, %s of the year has gone (difference %s): the pace of a flow, which must not light a target on a stock.",
		shown(o), amount(gone, quantity.MustUnit("%")), pack.Text{ZH: signed(lead) + " " + pp.String(), EN: signed(lead) + " points"})
}

func signed(x float64) string {
	d, err := quantity.FromFloat(x, 1)
	if err != nil {
		return "?"
	}
	if x > 0 {
		return "+" + d.String()
	}
	return d.String()
}
