package evaluation

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// Evaluation is a rule and what it gives.
type Evaluation struct {
	Scheme  Scheme            `json:"scheme"`
	Date    string            `json:"date" doc:"the numbers are of periods that had ended by then"`
	Periods map[string]string `json:"periods" doc:"by indicator: the period that all units are compared in"`
	Scored  int               `json:"scored" doc:"units that have a score"`
	Demo    bool              `json:"demo" doc:"the numbers were generated to show how the rule works"`
	Results []Result          `json:"results" doc:"by group and code; never by score"`
}

// Ask says what is to be evaluated.
type Ask struct {
	Scheme string
	Date   time.Time // calendar date; midnight UTC
	Known  time.Time // what became known later does not count
	Demo   bool      // with generated numbers
}

// Evaluate scores the units of a scheme by what was known at an instant.
//
// Errors: fault.NotFound without such a scheme; those of the readings.
func (s *Service) Evaluate(ctx context.Context, a Ask) (Evaluation, error) {
	scheme, err := s.scheme(ctx, a.Scheme, a.Known)
	if err != nil {
		return Evaluation{}, err
	}
	members, err := s.members(ctx, scheme, a.Date)
	if err != nil {
		return Evaluation{}, err
	}
	out := Evaluation{Scheme: scheme, Date: a.Date.Format(time.DateOnly), Periods: map[string]string{}, Demo: a.Demo}
	shelf := Shelf{Now: map[string]map[string]Reading{}, Before: map[string]map[string]Reading{}, Down: map[string]bool{}, Why: map[string]map[string]pack.Text{}}
	for _, p := range scheme.Parts {
		i, err := s.Readings.Indicator(ctx, p.Indicator)
		if err != nil {
			return Evaluation{}, err
		}
		shelf.Down[i.ID] = i.Direction == "down"
		if a.Demo {
			generate(i.ID, members, a.Date, &shelf)
		} else if err := s.fill(ctx, i, members, a, &shelf); err != nil {
			return Evaluation{}, err
		}
		for _, r := range shelf.Now[i.ID] {
			out.Periods[i.ID] = r.Period.String()
		}
	}
	out.Results = Scores(scheme, members, shelf)
	for _, r := range out.Results {
		if r.Score != nil {
			out.Scored++
		}
	}
	return out, nil
}

// members lists the units that a scheme scores, by group and code.
func (s *Service) members(ctx context.Context, scheme Scheme, date time.Time) ([]Member, error) {
	units, err := s.Units.Units(ctx, date)
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, u := range units {
		if !slices.Contains(scheme.Kinds, u.Kind) {
			continue
		}
		m := Member{Unit: u.ID, Group: s.site.Unit}
		if scheme.Peers == ByRegion && u.Region != "" {
			m.Group = u.Region
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Member) int { return strings.Compare(a.Group, b.Group) })
	return out, nil
}

// fill puts the published numbers of an indicator on the shelf: all of the newest
// period in which any unit has one, and of the same period a year before.
func (s *Service) fill(ctx context.Context, i observation.Indicator, members []Member, a Ask, shelf *Shelf) error {
	series := map[string]observation.Series{}
	var newest period.Period
	for _, m := range members {
		all, err := s.Readings.Series(ctx, i.ID, m.Unit, a.Known)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		all.Unit = m.Unit
		series[m.Unit] = all
		newest = later(newest, all, i, a.Date)
	}
	now, before, why := map[string]Reading{}, map[string]Reading{}, map[string]pack.Text{}
	for unit, all := range series {
		if r, reason := s.pick(i, all, newest); reason == (pack.Text{}) {
			now[unit] = r
		} else {
			why[unit] = reason
		}
		if r, reason := s.pick(i, all, yearBefore(newest)); reason == (pack.Text{}) {
			before[unit] = r
		}
	}
	shelf.Now[i.ID], shelf.Before[i.ID], shelf.Why[i.ID] = now, before, why
	return nil
}

// later returns the newest period, until a date, in which a series has a number
// that counts; newest when it has none after that.
func later(newest period.Period, all observation.Series, i observation.Indicator, date time.Time) period.Period {
	for _, o := range all.Points {
		if usable(o, i) == (pack.Text{}) && !o.Period.Last().After(date) && (newest.IsZero() || o.Period.Compare(newest) > 0) {
			newest = o.Period
		}
	}
	return newest
}

// pick finds a unit's number of a period, or says why there is none that counts.
func (s *Service) pick(i observation.Indicator, all observation.Series, p period.Period) (Reading, pack.Text) {
	why := because("没有公布过的数字", "no published number")
	if len(all.Points) > 0 && !p.IsZero() {
		why = because("没有公布过 %s 的数字", "no published number of %s", p)
	}
	for _, o := range all.Points {
		if o.Period != p || p.IsZero() {
			continue
		}
		if why = usable(o, i); why != (pack.Text{}) {
			continue
		}
		v, _ := o.Value(i.Unit) // usable has looked
		return Reading{Indicator: i.ID, Unit: all.Unit, Period: p, Value: v, Name: o.Name(s.site.Prefix).String(), Page: web.NumberPath(o), Status: string(o.Status)}, why
	}
	return Reading{}, why
}

// usable says why a number cannot be scored; the empty reason means that it can.
func usable(o observation.Observation, i observation.Indicator) pack.Text {
	_, measured := o.Value(i.Unit)
	switch {
	case o.Status == observation.Demo:
		return because("只有演示数据", "demonstration data only")
	case o.Status == observation.Claim || o.Rank != nil:
		return because("是编制者的排名，不是数字", "a compiler's ranking, not a number")
	case o.Quantity.Cmp.IsBound():
		return because("只公布了界限（%s），没有数值", "only a bound is published (%s)", o.Printed)
	case !measured:
		return because("单位不同：%s", "in another unit: %s", o.Quantity.Unit)
	}
	return pack.Text{}
}

// yearBefore is the same period a year earlier; the zero period for a range.
func yearBefore(p period.Period) period.Period {
	if p.IsZero() {
		return p
	}
	switch months := p.Months(); {
	case p.Freq() == period.Day:
		return period.Of(p.Start().AddDate(-1, 0, 0), period.Day)
	case p.Freq() == period.Range || months == 0:
		return period.Period{}
	default:
		return p.Add(-12 / months)
	}
}

// generate puts made-up numbers on the shelf, by arithmetic over the unit's code:
// the same every time, and stored nowhere. One unit in seven has none, so that it
// shows what a missing number does.
func generate(indicator string, members []Member, date time.Time, shelf *Shelf) {
	now, before := map[string]Reading{}, map[string]Reading{}
	year := period.Of(date, period.Annual).Add(-1)
	for n, m := range members {
		seed := 0
		for _, r := range indicator + m.Unit {
			seed = (seed*31 + int(r)) % 100_003
		}
		if n%7 == 6 {
			continue
		}
		value := math.Round(1000+float64(seed%5000)) / 10
		r := Reading{Indicator: indicator, Unit: m.Unit, Period: year, Value: value, Status: string(observation.Demo), Demo: true}
		now[m.Unit] = r
		r.Period, r.Value = yearBefore(year), math.Round(value*1000/(1.05+float64(seed%30)/100))/1000
		before[m.Unit] = r
	}
	shelf.Now[indicator], shelf.Before[indicator] = now, before
}
