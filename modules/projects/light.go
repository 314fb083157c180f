package projects

import (
	"fmt"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Light is where a milestone or a work stands.
type Light string

// The lights, worst first.
const (
	Red       Light = "red"
	Yellow    Light = "yellow"
	CannotSay Light = "cannot_say"
	Green     Light = "green"
	Reached   Light = "reached"
)

// Lights lists the lights, worst first.
func Lights() []Light { return []Light{Red, Yellow, CannotSay, Green, Reached} }

// The thresholds. They are this project's assumption: the page names none. The
// points behind are those of the plan's rule set (plan.md §3, 银川 2025).
const (
	redMonths    = 3  // a milestone that is later than this many months is red
	behindYellow = 10 // points of progress behind plan
	behindRed    = 30
)

// Standing is a light with the rule that lit it and its reason.
type Standing struct {
	Light  Light     `json:"light" enum:"red,yellow,cannot_say,green,reached"`
	Rule   string    `json:"rule" doc:"id of the rule that lit it"`
	Reason pack.Text `json:"reason"`
	Months int       `json:"months,omitempty" doc:"whole months late"`
}

func says(l Light, rule, zh, en string, args ...any) Standing {
	return Standing{Light: l, Rule: "projects." + rule, Reason: pack.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}}
}

// Standing says where the milestone stands on a date.
//
// A planned month that has passed without an actual one is yellow at once and
// red three months later; a month that has not ended is never late.
func (m Milestone) Standing(date time.Time) Standing {
	switch {
	case !m.Actual.IsZero() && !m.Planned.IsZero() && m.Actual.Compare(m.Planned) > 0:
		return says(Reached, "milestone.done-late", "%s 完成，计划是 %s", "done in %s, planned for %s", m.Actual, m.Planned)
	case !m.Actual.IsZero():
		return says(Reached, "milestone.done", "%s 完成", "done in %s", m.Actual)
	case m.Planned.IsZero():
		return says(CannotSay, "milestone.unplanned", "没有计划月份", "no month is planned")
	case date.Before(m.Planned.End()):
		return says(Green, "milestone.ahead", "计划 %s", "planned for %s", m.Planned)
	}
	late := int(period.MonthsBetween(m.Planned.End(), date))
	s := says(Yellow, "milestone.late", "计划 %s，已过期未满 %d 个月", "planned for %s, late by less than %d months", m.Planned, late+1)
	if late >= redMonths {
		s = says(Red, "milestone.late-3-months", "计划 %s，已过期 %d 个月", "planned for %s, %d months late", m.Planned, late)
	}
	s.Months = late
	return s
}

// Standing says where a work stands on a date: the worst of its milestones, or
// the validity of a policy. A work without either is never green.
func (w Work) Standing(date time.Time) Standing {
	if w.Closing != nil {
		return says(Reached, "work.closed", "%s 销项", "closed on %s", w.Closing.On)
	}
	if w.Kind == Policy && len(w.Milestones) == 0 {
		return w.validity(date)
	}
	var late, done, open int
	worst := says(CannotSay, "work.no-milestone", "没有带月份的里程碑", "no milestone with a month")
	for _, m := range w.Milestones {
		s := m.Standing(date)
		switch s.Light {
		case Red, Yellow:
			if late == 0 || s.Light == Red && worst.Light != Red || s.Light == worst.Light && s.Months > worst.Months {
				worst = s
				worst.Reason = pack.Text{ZH: m.ZH + "：" + s.Reason.ZH, EN: m.In("en") + ": " + s.Reason.EN}
			}
			late++
		case Reached:
			done++
		case Green:
			open++
		case CannotSay: // speaks only when nothing else does
		}
	}
	switch {
	case late > 0 || open+done == 0:
		return worst
	case open == 0:
		return says(Green, "work.all-reached", "%d 个里程碑都已完成，尚未销项", "all %d milestones are done; it has not been closed", done)
	}
	return says(Green, "work.on-time", "完成 %d 个里程碑，%d 个未到期", "%d milestones done, %d not due yet", done, open)
}

// validity says where a policy stands by its dates.
func (w Work) validity(date time.Time) Standing {
	day := date.Format(time.DateOnly)
	switch {
	case w.From == "" && w.To == "":
		return says(CannotSay, "policy.no-dates", "没有有效期", "no dates of validity")
	case w.From > day:
		return says(Green, "policy.ahead", "%s 起施行", "in force from %s", w.From)
	case w.To != "" && w.To < day:
		return says(Yellow, "policy.expired", "有效期到 %s 为止，尚未销项", "expired on %s and has not been closed", w.To)
	}
	return says(Green, "policy.in-force", "施行中", "in force")
}

// behind lights progress against plan: points are planned minus actual percent.
func behind(points float64) Standing {
	switch {
	case points > behindRed:
		return says(Red, "pace.red", "落后计划 %s 个百分点", "%s points behind plan", tidy(points))
	case points >= behindYellow:
		return says(Yellow, "pace.yellow", "落后计划 %s 个百分点", "%s points behind plan", tidy(points))
	}
	return says(Green, "pace.green", "与计划相差不到 10 个百分点", "less than 10 points behind plan")
}
