package directives

import (
	"math"
	"slices"

	"yuzhou/kernel/pack"
)

// Rule says when a gap becomes a directive, and whose it is. It is data: a pack
// holds it.
type Rule struct {
	pack.Text
	ID          string    `json:"id"`
	Office      string    `json:"office"` // unit that supervises: files, hands over, judges
	Opens       []Opens   `json:"opens"`
	Publishers  []string  `json:"publishers,omitempty"` // units that give a number and do not act
	Leads       []Lead    `json:"leads,omitempty"`
	MeetingDays int       `json:"meeting_days"` // how far back a stocktake looks
	Source      pack.Text `json:"source"`
}

// Opens is a light that opens a directive when it stands on Evaluations evaluated
// dates in a row.
type Opens struct {
	Light       string `json:"light"`
	Evaluations int    `json:"evaluations"`
}

// Lead names who answers for a target where it is not the body that gives its number.
type Lead struct {
	Target string `json:"target"`
	Unit   string `json:"unit"`
}

// plainRule is in force where a pack has none: red opens at once, and the city
// itself supervises.
func plainRule(city string) Rule {
	return Rule{
		ID: "plain", Text: pack.Text{ZH: "通用督办规则", EN: "Plain rules"}, Office: city,
		Opens: []Opens{{Light: "red", Evaluations: 1}}, MeetingDays: 7,
		Source: pack.Text{ZH: "数据包没有督办规则：红灯即督办。", EN: "The pack has no rules for directives: red opens one at once."},
	}
}

// opens reports whether a light that has stood on so many dates in a row opens a directive.
func (r Rule) opens(light string, days int) bool {
	return slices.ContainsFunc(r.Opens, func(o Opens) bool { return o.Light == light && days >= o.Evaluations })
}

// leadOf returns who answers for a target: whom the rules name, else the body that
// gives its number, else the supervising office.
func (r Rule) leadOf(g Gap) string {
	for _, l := range r.Leads {
		if l.Target == g.Target {
			return l.Unit
		}
	}
	if g.Body == "" || slices.Contains(r.Publishers, g.Body) {
		return r.Office
	}
	return g.Body
}

// watch is what the evaluations saw last of a target.
type watch struct {
	Gap
	Since     string // first date on which the light was so without a break
	Evaluated string // newest date
	Days      int    // on how many dates in a row
}

// seen returns the watch after an evaluation of a date. Two evaluations of one date count once.
func (w watch) seen(g Gap, date string) watch {
	next := watch{Gap: g, Since: date, Evaluated: date, Days: 1}
	if w.Evaluated != "" && w.Light == g.Light {
		next.Since, next.Days = w.Since, w.Days
		if w.Evaluated != date {
			next.Days++
		}
	}
	return next
}

// step is what an evaluation does about a target.
type step string

// The steps.
const (
	stepNone    step = ""
	stepOpen    step = "open"    // a directive, or join the one that stands
	stepJoin    step = "join"    // tell the directive under way how the gap has changed
	stepReopen  step = "reopen"  // the closed directive
	stepReached step = "reached" // the directive under way is for review
	stepTell    step = "tell"    // the closed directive, of a number that changes nothing
)

// standing is the directive that stands for a target, as an evaluation needs it.
type standing struct {
	Exists bool
	Closed bool   // at rest
	Review bool   // waits for review
	Light  string // that its case knows
	Number string
	Words  string // the gap in Chinese, that its case knows
}

// decide says what an evaluation does about a target. It is pure.
func (r Rule) decide(w watch, d standing) step {
	changed := d.Light != w.Light || d.Number != w.Number || d.Words != w.Words.ZH
	switch {
	case !d.Exists && r.opens(w.Light, w.Days):
		return stepOpen
	case !d.Exists:
		return stepNone
	case d.Closed && (w.Light == unmet || r.opens(w.Light, math.MaxInt)): // a gap that is there again does not wait
		return stepReopen
	case d.Closed && changed:
		return stepTell
	case d.Closed:
		return stepNone
	case w.On() && !d.Review:
		return stepReached
	case w.On() && changed:
		return stepReached
	case changed:
		return stepJoin
	}
	return stepNone
}
