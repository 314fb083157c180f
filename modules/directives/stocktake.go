package directives

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yuzhou/kernel/pack"
)

// Agenda is what a weekly meeting has before it.
type Agenda struct {
	Date  string `json:"date" doc:"the meeting's"`
	From  string `json:"from" doc:"changes since this date are told"`
	Lines []Line `json:"lines" doc:"at most ten, what needs the meeting most first"`
	More  int    `json:"more" doc:"how many further lines there would be"`
	Open  int    `json:"open" doc:"directives under way"`
	Late  int    `json:"late" doc:"of these, past a limit"`
	Ended int    `json:"ended" doc:"directives closed at present"`
}

// Line is one thing that a meeting has to know: what changed, why, who owes what
// by when.
type Line struct {
	Why       string    `json:"rank" doc:"why it stands where it stands: worse, again, late, open, new, better"`
	Target    string    `json:"target,omitempty"`
	Directive string    `json:"directive,omitempty" doc:"id of its case"`
	Number    string    `json:"number,omitempty" doc:"of the directive"`
	Name      pack.Text `json:"name"`
	Was       string    `json:"was,omitempty" doc:"the target's light at the beginning, where it was another"`
	Light     string    `json:"light,omitempty" doc:"the target's light"`
	Changed   pack.Text `json:"changed" doc:"what changed, in words"`
	Reason    pack.Text `json:"reason"`
	Who       string    `json:"who,omitempty" doc:"unit that owes the next step"`
	Owes      pack.Text `json:"owes,omitzero"`
	Due       time.Time `json:"due,omitzero"`
	DueOn     string    `json:"due_on,omitempty"`
	Late      string    `json:"late,omitempty" doc:"light of the directive's clocks when it is not green"`
}

// maxLines is how many lines fit a page that a meeting reads.
const maxLines = 10

// Why a line stands where it stands, what needs the meeting most first.
const (
	worse  = "worse"  // a target's light got worse
	again  = "again"  // a directive was opened again
	late   = "late"   // a directive is past a limit or near it
	open   = "open"   // a directive under way
	off    = "off"    // a target is off its path and nothing works on it
	better = "better" // a target's light got better, or a directive was closed
)

// order lists them.
func order() []string { return []string{worse, again, late, off, open, better} }

// agenda makes the lines of a meeting. It is pure.
//
//   - then, now: where the targets stood at the beginning and stand at the end.
//   - all: directives, closed ones too.
//   - from: the beginning.
func agenda(then, now []Gap, all []Directive, from time.Time) Agenda {
	var a Agenda
	was := map[string]Gap{}
	for _, g := range then {
		was[g.Target] = g
	}
	of := map[string]Directive{}
	for _, d := range all {
		if _, there := of[d.Target]; d.Target != "" && d.Origin == ByGap && !there { // the most urgent comes first
			of[d.Target] = d
		}
		a.Open += count(d.Standing())
		a.Late += count(d.Standing() && (d.Light == "red" || d.Light == "black"))
		a.Ended += count(d.Stage == stageClosed)
	}
	var lines []Line
	for _, g := range now {
		d := of[g.Target]
		if l, ok := targetLine(was[g.Target], g, d, from); ok {
			lines = append(lines, l)
		}
	}
	for _, d := range all {
		if of[d.Target].ID != d.ID && d.Standing() {
			lines = append(lines, directiveLine(d))
		}
	}
	ranks := order()
	slices.SortStableFunc(lines, func(x, y Line) int {
		return cmp.Or(slices.Index(ranks, x.Why)-slices.Index(ranks, y.Why), compareDue(x.Due, y.Due))
	})
	a.More = max(0, len(lines)-maxLines)
	a.Lines = lines[:min(maxLines, len(lines))]
	return a
}

func count(holds bool) int { //nolint:revive // a truth value to be counted is no control
	if holds {
		return 1
	}
	return 0
}

// compareDue puts what is due first first, and what has no date last.
func compareDue(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return count(a.IsZero()) - count(b.IsZero())
	}
	return a.Compare(b)
}

// targetLine is the line of a target with the directive on its gap; ok is false
// when the meeting need not hear of it.
func targetLine(was, g Gap, d Directive, from time.Time) (l Line, ok bool) {
	l = directiveLine(d)
	l.Target, l.Name, l.Light, l.Reason = g.Target, g.Name, g.Light, g.Pace
	l.Changed = g.Words
	if g.Number != was.Number && g.Number != "" {
		l.Changed = text("新数：%s；%s", "new: %s; %s", g.Shown, g.Words)
	}
	if was.Light != "" && was.Light != g.Light {
		l.Was = was.Light
	}
	switch {
	case l.Was != "" && severity(g.Light) > severity(was.Light):
		l.Why = worse
	case d.Standing() && d.ID != "" && d.Round > 1 && l.Why == open:
		l.Why, l.Changed = again, d.Again
	case l.Was != "" && severity(g.Light) < severity(was.Light):
		l.Why = better
	case d.ID == "" && g.Off():
		l.Why = off
	case d.ID == "" || !d.Standing():
		return l, false
	}
	if d.Opened.After(from) && l.Was == "" && d.Round == 1 && d.Standing() {
		l.Changed = text("新开督办；%s", "opened; %s", l.Changed)
	}
	return l, true
}

// severity orders lights; what nobody can say is neither good nor bad news.
func severity(light string) int {
	return slices.Index([]string{"reached", "green", "cannot_say", "yellow", "red"}, light)
}

// directiveLine is the line of a directive by itself.
func directiveLine(d Directive) Line {
	l := Line{Why: open, Directive: d.ID, Number: d.Number, Name: d.Title, Changed: d.StageName, Reason: pack.Text{ZH: d.Matter, EN: d.Matter}}
	if d.ID == "" || !d.Standing() {
		return l
	}
	l.Who, l.Owes, l.Due, l.DueOn = d.holder(), d.owes(), d.Due, d.DueOn
	if d.Light != "green" && d.Light != "" {
		l.Why, l.Late = late, d.Light
	}
	return l
}

// holder returns the unit that owes the next step of a directive.
func (d Directive) holder() string {
	if d.Stage == "filed" || d.Stage == stageReview {
		return d.Office
	}
	return d.Lead
}

// owes words the next step of a directive.
func (d Directive) owes() pack.Text {
	steps := map[string]pack.Text{
		"filed": {ZH: "交办", EN: "hand it over"}, "issued": {ZH: "签收", EN: "acknowledge"}, "dividing": {ZH: "分解或自办", EN: "divide it, or do it"},
		"working": {ZH: "办理并反馈", EN: "do it and report"}, "chased": {ZH: "反馈（已催办）", EN: "report (reminded)"}, stageReview: {ZH: "复核", EN: "review"},
	}
	return steps[d.Stage]
}

// Agenda returns what a meeting on a date has before it, as far as the actor of
// ctx may see it: the targets as known then, the directives as they are now.
func (s *Service) Agenda(ctx context.Context, date, known time.Time) (Agenda, error) {
	r, err := s.rule(ctx)
	if err != nil {
		return Agenda{}, err
	}
	from := date.AddDate(0, 0, -max(1, r.MeetingDays))
	now, err := s.Gaps(ctx, date, known)
	if err != nil {
		return Agenda{}, err
	}
	then, err := s.Gaps(ctx, from, s.site.EndOf(from))
	if err != nil {
		return Agenda{}, err
	}
	all, err := s.List(ctx, Query{State: "all"})
	if err != nil {
		return Agenda{}, err
	}
	a := agenda(then, now, all, s.site.StartOf(from))
	a.Date, a.From = date.Format(time.DateOnly), from.Format(time.DateOnly)
	return a, nil
}
