// Package observation holds what one published number is: the words that the
// modules which make numbers and those which use them have in common.
//
// What must hold: an Observation is never changed once it is known; a better
// number for the same indicator, unit and period is a new vintage.
package observation

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/ref"
)

// Status says how far a number is settled, or that it is not one that was measured.
type Status string

// The statuses.
const (
	Estimate    Status = "estimate"    // 预计
	Flash       Status = "flash"       // 快报
	Preliminary Status = "preliminary" // 初步
	Reported    Status = "reported"    // 公布: stated, its finality not said
	Final       Status = "final"       // 最终
	Revised     Status = "revised"     // 修订
	Claim       Status = "claim"       // 声称: a rank, tier or index of its compiler
	Target      Status = "target"      // 目标: what is wished for, not what is
	Derived     Status = "derived"     // 推算: computed here, never published as stated
	Demo        Status = "demo"        // 演示: made by a command
	Withdrawn   Status = "withdrawn"   // 撤回: the vintage before no longer holds, and nothing takes its place
)

// Statuses lists all of them, for forms, codelists and tests.
func Statuses() []Status {
	return []Status{Estimate, Flash, Preliminary, Reported, Final, Revised, Claim, Target, Derived, Demo, Withdrawn}
}

// ParseStatus reads a status; anything else is fault.Invalid.
func ParseStatus(s string) (Status, error) {
	if slices.Contains(Statuses(), Status(s)) {
		return Status(s), nil
	}
	return "", fault.New(fault.Invalid, "status %q is not one of estimate (预计), flash (快报), preliminary (初步), reported (公布), final (最终), revised (修订), claim, target, derived", s)
}

// Settled reports whether the number may still be expected to change.
func (s Status) Settled() bool { return s == Final || s == Reported || s == Revised }

// Ours reports whether only this program gives the status: no file, form or pack may.
func (s Status) Ours() bool { return s == Derived || s == Demo || s == Withdrawn }

// Source is where a number stands, so that anyone can look.
type Source struct {
	Document string `json:"document"` // a source of the pack, or the import's id
	Issuer   string `json:"issuer,omitempty"`
	Figure   string `json:"figure,omitempty"` // id in the pack
	Lines    []int  `json:"lines,omitempty"`  // 1-based, of the document's text
	Also     []int  `json:"also,omitempty"`   // lines that repeat it
	Quote    string `json:"quote,omitempty"`
	Note     string `json:"note,omitempty"`
	External string `json:"external,omitempty"` // what is known from elsewhere
	Weak     bool   `json:"weak,omitempty"`     // a better source should replace it
}

// Rank says whose ranking a rank or tier is a claim of.
type Rank struct {
	Compiler string `json:"compiler,omitempty"`
	Edition  string `json:"edition,omitempty"`
	Of       int    `json:"of,omitempty"` // how many were compared; 0 when not said
	Scope    string `json:"scope,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Observation is one vintage of one number.
type Observation struct {
	Indicator string
	Unit      string // where: the unit's code
	Period    period.Period
	Vintage   int // 1 is the first that was known
	Quantity  quantity.Quantity
	Printed   string // as the source prints it, comparator word and all
	Status    Status
	Known     time.Time // since when it is known, UTC
	KnownBy   bool      // Known is the latest it can be: the true date is not known
	Source    Source
	Rank      *Rank
	Inputs    []string  // of a derived number: ids of the figures it is made from
	Working   string    // of a derived number: its arithmetic
	Recorded  time.Time // when this database learned it
	By        string    // who recorded it
	Highlight int       // of the yearly report's ten highlights; 0 for none
	Was       Status    // of a withdrawn number: its status before; else ""
}

// Wished reports whether the number says what is wished for: a target, or the
// withdrawal of one.
func (o Observation) Wished() bool {
	return o.Status == Target || o.Status == Withdrawn && o.Was == Target
}

// Name returns the observation's resolvable name under prefix; the vintage is
// part of it, so that a citation stays true after a revision.
func (o Observation) Name(prefix string) ref.Ref {
	return ref.New(prefix, o.Indicator, o.Unit, o.PathPeriod()+"@"+strconv.Itoa(o.Vintage))
}

// PathPeriod is the period as one segment of a path: 2023-01~2023-06.
func (o Observation) PathPeriod() string { return PathPeriod(o.Period) }

// PathPeriod prints p without the slash that a path segment cannot hold.
func PathPeriod(p period.Period) string {
	b := []byte(p.String())
	for i, c := range b {
		if c == '/' {
			b[i] = '~'
		}
	}
	return string(b)
}

// ParsePathPeriod is the inverse of PathPeriod.
func ParsePathPeriod(s string) (period.Period, error) {
	b := []byte(s)
	for i, c := range b {
		if c == '~' {
			b[i] = '/'
		}
	}
	return period.Parse(string(b))
}

// Value returns the number in the unit u, or false when u measures another thing.
func (o Observation) Value(u quantity.Unit) (float64, bool) {
	if !o.Quantity.Unit.Same(u) {
		return 0, false
	}
	if u.Exp() == o.Quantity.Unit.Exp() {
		return o.Quantity.Value.Float(), true
	}
	if u.Exp() == 0 {
		return o.Quantity.Base(), true
	}
	return o.Quantity.Unit.Convert(o.Quantity.Value.Float(), u)
}

// Compare orders observations by period, then by when they became known.
func Compare(a, b Observation) int {
	return cmp.Or(a.Period.Compare(b.Period), cmp.Compare(a.Vintage, b.Vintage))
}

// Indicator is what a number is a number of.
type Indicator struct {
	ID        string
	ZH, EN    string
	ConceptZH string
	ConceptEN string
	About     string // the system it is about, when not the city itself
	Nature    Nature
	Unit      quantity.Unit
	Direction string // up, down or none: which way is better
	Space     string // sum, weighted, recompute, none: how units add up
	Time      string // sum, last, mean, ytd, none: how periods add up
	Frequency string // A, S, Q, M, D, or I for irregular
	Body      string // who answers for it
	Group     string
	Formula   string
	Version   int // of the definition, from 1
	Breaks    []Break
}

// Nature is what kind of number an indicator gives.
type Nature string

// The natures.
const (
	Stock Nature = "stock"
	Flow  Nature = "flow"
	Ratio Nature = "ratio"
	Index Nature = "index"
	Rated Nature = "rank"
	Tier  Nature = "tier"
	Count Nature = "count"
)

// ParseNature reads a nature; anything else is fault.Invalid.
func ParseNature(s string) (Nature, error) {
	switch n := Nature(s); n {
	case Stock, Flow, Ratio, Index, Rated, Tier, Count:
		return n, nil
	}
	return "", fault.New(fault.Invalid, "nature %q is not one of stock, flow, ratio, index, rank, tier, count", s)
}

// Break is a dated change of definition: numbers before and after it must not be
// read as one series.
type Break struct {
	Date string `json:"date"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

// Name returns the indicator's name in the language ("en" or else Chinese).
func (i Indicator) Name(lang string) string {
	if lang == "en" {
		return i.EN
	}
	return i.ZH
}

// Concept returns what is counted, in the language.
func (i Indicator) Concept(lang string) string {
	if lang == "en" {
		return i.ConceptEN
	}
	return i.ConceptZH
}

// Series is the numbers of one indicator and unit that were known at an instant.
type Series struct {
	Indicator Indicator
	Unit      string
	Points    []Observation // the newest vintage of each period, by period; no targets, none withdrawn
	Vintages  []Observation // everything, withdrawals too, by period and vintage
	Targets   []Observation // what was wished for, unless it is withdrawn
}

// Latest returns the point of the last period, and false when there is none.
func (s Series) Latest() (Observation, bool) {
	if len(s.Points) == 0 {
		return Observation{}, false
	}
	return s.Points[len(s.Points)-1], true
}

// NewSeries sorts the vintages of one indicator and unit into a Series. A withdrawal
// takes its period out of the points, or out of the targets when it withdraws a
// target; a vintage after it puts the period in again.
func NewSeries(i Indicator, unit string, vintages []Observation) Series {
	s := Series{Indicator: i, Unit: unit, Vintages: slices.SortedFunc(slices.Values(vintages), Compare)}
	for _, o := range s.Vintages {
		again := func(p Observation) bool { return p.Period == o.Period }
		switch n := len(s.Points); {
		case o.Status == Withdrawn && o.Wished():
			s.Targets = slices.DeleteFunc(s.Targets, again)
		case o.Status == Withdrawn:
			s.Points = slices.DeleteFunc(s.Points, again)
		case o.Status == Target:
			s.Targets = append(s.Targets, o)
		case n > 0 && s.Points[n-1].Period == o.Period:
			s.Points[n-1] = o
		default:
			s.Points = append(s.Points, o)
		}
	}
	return s
}
