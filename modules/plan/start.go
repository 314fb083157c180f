package plan

import (
	"math"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Start is how the beginning of an element's work stands on a date.
type Start struct {
	Light  Light
	Rule   string
	Months float64 // since the planned start, while the work has not begun
	Reason pack.Text
}

// started judges whether an element's work began when it was planned to. ok is
// false for an element without a planned start: then nothing is lit.
//
//   - date: midnight UTC of the date asked about; a start on that very day is in time.
//   - Source: the rule set's start_overdue_*_months.
func started(e Element, date time.Time, rules Rules) (s Start, ok bool) {
	planned, err := time.Parse(time.DateOnly, e.Start)
	if err != nil {
		return s, false
	}
	begun, err := time.Parse(time.DateOnly, e.Begun)
	if err == nil && !begun.After(date) {
		return Start{Light: Green, Rule: rules.ID + ".start.green", Reason: text("%s 开工(计划 %s)。", "Begun on %s (planned for %s).", e.Begun, e.Start)}, true
	}
	s.Months = math.Max(0, period.MonthsBetween(planned, date))
	set := rules.ID + ".start."
	switch {
	case s.Months >= float64(rules.StartOverdueRed):
		s.Light, s.Rule = Red, set+"red"
	case s.Months >= float64(rules.StartOverdueYellow):
		s.Light, s.Rule = Yellow, set+"yellow"
	default:
		s.Light, s.Rule = Green, set+"green"
	}
	s.Reason = text("计划 %s 开工,尚未开工,逾期 %.1f 个月。", "Planned to begin on %s, not begun yet: %.1f months overdue.", e.Start, s.Months)
	if s.Months == 0 {
		s.Reason = text("计划 %s 开工。", "Planned to begin on %s.", e.Start)
	}
	return s, true
}
