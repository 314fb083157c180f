package directives

import (
	"context"
	"fmt"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// follower is what an evaluation knows when it comes to the directives that no gap
// has opened.
type follower struct {
	seen  []watch // by target
	date  string
	known time.Time
}

// follow lets the numbers act on the directives that people and other modules have
// opened, as it does on those of gaps: where the condition is a path or a number,
// they are for review when it holds, and open again when it no longer does.
func (s *Service) follow(ctx context.Context, r Rule, f follower, e *Evaluation) error {
	cases, err := s.cases(ctx, Query{})
	if err != nil {
		return err
	}
	for _, c := range cases {
		d := directiveOf(c)
		if d.Origin == ByGap || !d.Ended.IsZero() {
			continue
		}
		w, ok, err := s.wished(ctx, d, f)
		if err != nil {
			return fmt.Errorf("directive %s: %w", d.Number, err)
		}
		if !ok {
			continue
		}
		what, number, err := s.carry(ctx, r.decide(w, d.standing()), d, w)
		if err != nil {
			return fmt.Errorf("directive %s: %w", d.Number, err)
		}
		e.add(what, number)
	}
	return nil
}

// wished says how a directive's condition stands; ok is false where no number can
// say.
func (s *Service) wished(ctx context.Context, d Directive, f follower) (w watch, ok bool, err error) {
	c, err := ParseCondition(d.Condition)
	if err != nil {
		return w, false, err
	}
	if c.Kind == OnPath {
		for _, w := range f.seen {
			if w.Target == d.Target {
				return w, true, nil
			}
		}
	}
	if c.Kind != OnNumber {
		return w, false, nil
	}
	series, err := s.Readings.Series(ctx, c.Indicator, c.Unit, f.known)
	if fault.KindOf(err) == fault.NotFound {
		return w, false, nil
	}
	o, found := series.Latest()
	if err != nil || !found {
		return w, false, err
	}
	reached, sure := c.Want.Met(o.Quantity)
	if !sure {
		return w, false, nil
	}
	w = watch{Evaluated: f.date, Since: f.date, Days: 1, Gap: Gap{
		Target: d.Target, Name: c.Words(), Light: unmet, Number: o.Name(s.site.Prefix).String(),
		Shown: pack.Text{ZH: o.Period.String() + " 为 " + o.Quantity.Chinese(), EN: o.Quantity.English() + " at " + o.Period.String()},
	}}
	w.Words = text("%s，要求 %s", "%s, where %s is asked for", w.Shown, pack.Text{ZH: c.Want.Chinese(), EN: c.Want.English()})
	if reached {
		w.Light = met
	}
	return w, true, nil
}
