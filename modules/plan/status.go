package plan

import (
	"math"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Light is where a target stands, as one word.
type Light string

// The lights, from the worst to the best; CannotSay is apart from them.
const (
	Red       Light = "red"
	Yellow    Light = "yellow"
	CannotSay Light = "cannot_say"
	Green     Light = "green"
	Reached   Light = "reached"
)

// Lights lists them in the order of a cockpit: what needs attention first.
func Lights() []Light { return []Light{Red, Yellow, CannotSay, Green, Reached} }

// Rules is a rule set: which distance lights which light.
type Rules struct {
	pack.Text
	ID                 string    `json:"id"`
	BehindYellow       float64   `json:"behind_yellow"`               // percentage points behind, from which on
	BehindRed          float64   `json:"behind_red"`                  // percentage points behind, beyond which
	StartOverdueYellow int       `json:"start_overdue_yellow_months"` // months after an element's planned start
	StartOverdueRed    int       `json:"start_overdue_red_months"`
	StaleMonths        int       `json:"stale_months"` // age of the newest number from which on nothing can be said
	Source             pack.Text `json:"source"`
}

// Status is where a target stood on a date. Numbers are in the indicator's unit.
type Status struct {
	Target    Target
	Indicator observation.Indicator
	Date      time.Time
	Want      float64
	Latest    *observation.Observation // newest comparable number known then
	Value     float64                  // of Latest
	Base      *observation.Observation // the baseline, where it is a figure
	BaseDate  time.Time
	BaseValue float64
	HasBase   bool
	Path      Path // Shape is empty when none is declared
	PathValue float64
	Gap       float64 // what is missing; 0 when reached
	Required  float64 // per month (stocks) or year, from Latest to the due date
	PerMonth  bool    // the unit of Required and Recent
	Recent    float64 // the same, as it was over the measured stretch
	Measured  Stretch // over which pace is judged
	Behind    float64 // percentage points behind the path's pace; negative when ahead
	Judged    bool    // Behind holds
	Light     Light
	Rule      string // id of the rule that lit it
	Reason    pack.Text
	Warnings  []pack.Text
	Beside    []Beside
}

// Stretch is the time over which a change was measured against the path.
type Stretch struct {
	From, To         time.Time
	FromValue, Value float64
	Expected         float64 // the path's change over it
	Implied          bool    // FromValue is implied by the plan's words, not observed
}

// Beside is a figure that is read beside a target and must not light it, such as
// a flow beside a stock.
type Beside struct {
	Observation observation.Observation
	Indicator   observation.Indicator
	Light       Light
	Reason      pack.Text
}

// facts is what a status is computed from, besides plan and rules.
type facts struct {
	target  Target
	series  observation.Series       // of the target's indicator, as known then
	base    *observation.Observation // the baseline figure, as known then
	implied *observation.Observation // the implied base
	path    Path
	rules   Rules
	beside  []Beside
	date    time.Time // midnight UTC of the date asked about
}

// evaluate returns where a target stands. It is pure: the same facts give the
// same status.
func evaluate(f facts) Status {
	st := Status{Target: f.target, Indicator: f.series.Indicator, Date: f.date, Path: f.path, Beside: f.beside}
	want, ok := observation.Observation{Quantity: f.target.Want}.Value(st.Indicator.Unit)
	if !ok {
		return st.cannot("unit", reasonUnit(st))
	}
	st.Want = want
	st.PerMonth = st.Indicator.Nature == observation.Stock
	st.baseline(f)
	st.latest(f)
	if st.Latest == nil {
		return st.withoutData(f)
	}
	st.rates(f.target.Due.Last())
	if met, known := f.target.Want.Met(st.Latest.Quantity); met && known {
		st.Light, st.Rule, st.Gap, st.Reason = Reached, "reached", 0, reasonReached(st)
		return st
	}
	if !f.date.Before(f.target.Due.End()) {
		if !st.Latest.Period.Last().Before(f.target.Due.Last()) {
			st.Light, st.Rule, st.Reason = Red, "missed", reasonMissed(st)
			return st
		}
		return st.cannot("stale", reasonStale(st))
	}
	if !st.HasBase {
		return st.cannot("no-baseline", reasonNoBaseline(st))
	}
	return st.judge(f)
}

// cannot is the answer where the data do not say.
func (st *Status) cannot(rule string, why pack.Text) Status {
	st.Light, st.Rule, st.Reason = CannotSay, rule, why
	return *st
}

func (st *Status) withoutData(f facts) Status {
	if !f.date.Before(f.target.Due.End()) {
		return st.cannot("no-data", reasonNoData(*st))
	}
	if st.HasBase {
		st.Gap = math.Abs(st.Want - st.BaseValue)
		return st.cannot("no-news", reasonNoNews(*st))
	}
	return st.cannot("no-baseline", reasonNoBaseline(*st))
}

// baseline fills in where the target starts.
func (st *Status) baseline(f facts) {
	b := f.target.Baseline
	switch {
	case f.base != nil:
		v, ok := f.base.Value(st.Indicator.Unit)
		st.Base, st.BaseValue, st.BaseDate, st.HasBase = f.base, v, f.base.Period.Last(), ok
	case b.Value != "":
		on, err := time.Parse(time.DateOnly, b.On)
		v, parsed := parseFloat(b.Value)
		st.BaseValue, st.BaseDate, st.HasBase = v, on, err == nil && parsed
	}
}

// latest finds the newest number that can be compared with the target: a yearly
// flow only with whole years, and nothing from before a break in the series.
func (st *Status) latest(f facts) {
	yearly := st.Indicator.Nature == observation.Flow && f.target.Due.Freq() == period.Annual
	for _, o := range f.series.Points {
		if yearly && o.Period.Freq() != period.Annual || o.Period.Start().After(f.date) {
			continue
		}
		if v, ok := o.Value(st.Indicator.Unit); ok {
			st.Latest, st.Value = &o, v
		}
	}
}

// rates fills in the gap and what is needed from the newest number on.
func (st *Status) rates(due time.Time) {
	st.Gap = math.Max(0, st.toward(st.Want-st.Value))
	if months := period.MonthsBetween(st.Latest.Period.Last(), due); months > 0 {
		st.Required = (st.Want - st.Value) / st.in(months)
	}
}

// toward turns a difference so that positive means "still to go".
func (st *Status) toward(d float64) float64 {
	if st.Indicator.Direction == "down" {
		return -d
	}
	return d
}

// in turns months into the unit of Required: months or years.
func (st *Status) in(months float64) float64 {
	if st.PerMonth {
		return months
	}
	return months / 12
}

// judge compares the measured change with the path's change over the same time.
func (st *Status) judge(f facts) Status {
	last := st.Latest.Period.Last()
	start, from, implied := st.BaseDate, st.BaseValue, false
	if !last.After(st.BaseDate) {
		base, on, ok := impliedBase(f, st.Indicator)
		if !ok || !last.After(on) {
			return st.cannot("no-news", reasonNoNews(*st))
		}
		start, from, implied = on, base, true
	}
	if at := breakBetween(st.Indicator.Breaks, start, last); at != nil {
		return st.cannot("break", reasonBreak(*st, *at))
	}
	if f.path.Shape == "" {
		return st.cannot("no-path", reasonNoPath(*st))
	}
	l, err := newLine(f.path, st.BaseDate, f.target.Due.Last(), st.BaseValue, st.Want)
	if err != nil {
		return st.cannot("no-path", pack.Text{ZH: err.Error(), EN: err.Error()})
	}
	st.PathValue = l.at(last)
	st.Measured = Stretch{From: start, To: last, FromValue: from, Value: st.Value, Expected: l.at(last) - l.at(start), Implied: implied}
	st.Recent = (st.Value - from) / st.in(period.MonthsBetween(start, last))
	if st.Measured.Expected == 0 {
		return st.cannot("flat-path", reasonNoPath(*st))
	}
	st.Behind, st.Judged = 100*(1-(st.Value-from)/st.Measured.Expected), true
	return st.light(f)
}

// light applies the rule set to how far behind the target is.
func (st *Status) light(f facts) Status {
	st.warn(f)
	if age := period.MonthsBetween(st.Latest.Period.Last(), f.date); age > float64(f.rules.StaleMonths) {
		return st.cannot("stale", reasonStale(*st))
	}
	if st.Behind >= f.rules.BehindYellow && st.Latest.Quantity.Cmp.IsBound() {
		return st.cannot("bound", reasonBound(*st))
	}
	set := f.rules.ID + ".pace."
	switch {
	case st.Behind > f.rules.BehindRed:
		st.Light, st.Rule = Red, set+"red"
	case st.Behind >= f.rules.BehindYellow:
		st.Light, st.Rule = Yellow, set+"yellow"
	default:
		st.Light, st.Rule = Green, set+"green"
	}
	st.Reason = reasonPace(*st)
	return *st
}

// impliedBase returns the base that the plan's words imply, in the indicator's unit.
func impliedBase(f facts, i observation.Indicator) (value float64, on time.Time, ok bool) {
	if f.implied == nil || f.target.Implied == nil {
		return 0, on, false
	}
	on, err := time.Parse(time.DateOnly, f.target.Implied.At)
	value, ok = f.implied.Value(i.Unit)
	return value, on, ok && err == nil
}

// breakBetween returns the first break of definition after a and not after b.
func breakBetween(breaks []observation.Break, a, b time.Time) *observation.Break {
	for _, br := range breaks {
		if p, err := period.Parse(br.Date); err == nil && p.Start().After(a) && !p.Start().After(b) {
			return &br
		}
	}
	return nil
}
