package collection

import (
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Shortest is the fewest working days that anyone is given to fill in a form:
// nothing is asked in the morning and due in the afternoon.
const Shortest = 3

// clockLimit is the limit of the procedure's clock "fill": what an assignment
// gives is added on top.
const clockLimit = 2

// minutesEach is the estimate of what one number costs whoever fills it in, where
// an assignment does not say. It is this project's assumption; the ledger shows
// what was measured beside it.
const minutesEach = 6

// Assignment says who owes which numbers, how often and by when. The order of
// fields is that of the API.
type Assignment struct {
	pack.Text
	ID         string    `json:"id"`
	Indicators []string  `json:"indicators" doc:"ids, in the order of the form"`
	Unit       string    `json:"unit,omitempty" doc:"that fills in; empty with each"`
	Each       string    `json:"each,omitempty" enum:"districts" doc:"districts: every district fills in its own"`
	Places     []string  `json:"places,omitempty" doc:"whose numbers they are; the city when empty, districts for all of them; with each the unit itself"`
	Check      string    `json:"check,omitempty" doc:"unit whose steward checks; the one that fills in when empty"`
	Approve    string    `json:"approve,omitempty" doc:"unit whose leader answers for the numbers and approves; the one that fills in when empty"`
	Post       string    `json:"post,omitempty" doc:"post that answers for the numbers and approves, in place of a leader"`
	Frequency  string    `json:"frequency" doc:"A, S, Q or M; once for a single request"`
	First      string    `json:"first" doc:"the first period that is asked for"`
	Until      string    `json:"until,omitempty" doc:"the last one"`
	Days       int       `json:"days" doc:"working days after the period's end, at least 3"`
	Asker      string    `json:"asker" doc:"unit that asks"`
	Basis      string    `json:"basis,omitempty" doc:"legal basis"`
	Minutes    float64   `json:"minutes,omitempty" doc:"estimate of what one number costs; 6 when empty"`
	Status     string    `json:"status,omitempty" doc:"of the numbers: reported when empty"`
	Source     pack.Text `json:"source" doc:"who says that it is so"`
	Stopped    bool      `json:"stopped,omitempty" doc:"nothing is asked by it any more"`
}

// districts is what Each and Places say for all of them.
const districts = "districts"

// once is the frequency of a request that is made a single time.
const once = "once"

// valid says what is wrong with an assignment as it stands alone: fault.Invalid.
func (a Assignment) valid() error {
	first, err := period.Parse(a.First)
	switch {
	case a.ID == "":
		return fault.New(fault.Invalid, "id is missing; one is st-firms")
	case a.ZH == "":
		return fault.New(fault.Invalid, "assignment %s: zh is missing; give it a name", a.ID)
	case len(a.Indicators) == 0:
		return fault.New(fault.Invalid, "assignment %s: indicators is empty; name those that are asked for", a.ID)
	case (a.Unit == "") == (a.Each == ""):
		return fault.New(fault.Invalid, "assignment %s: give either unit or each", a.ID)
	case a.Each != "" && a.Each != districts:
		return fault.New(fault.Invalid, "assignment %s: each is %q; districts is the one that can be", a.ID, a.Each)
	case a.Each != "" && len(a.Places) > 0:
		return fault.New(fault.Invalid, "assignment %s: with each, every unit fills in its own numbers; leave places out", a.ID)
	case a.Asker == "":
		return fault.New(fault.Invalid, "assignment %s: asker is missing; say who asks", a.ID)
	case a.Days < Shortest:
		return fault.New(fault.Invalid, "assignment %s: days is %d; give at least %d working days", a.ID, a.Days, Shortest)
	case !slices.Contains([]string{"A", "S", "Q", "M", once}, a.Frequency):
		return fault.New(fault.Invalid, "assignment %s: frequency %q is not one of A, S, Q, M, once", a.ID, a.Frequency)
	case err != nil:
		return fault.New(fault.Invalid, "assignment %s: first: %v", a.ID, err)
	case a.Frequency != once && string(first.Freq()) != a.Frequency:
		return fault.New(fault.Invalid, "assignment %s: first is %s, which is no period of frequency %s", a.ID, a.First, a.Frequency)
	}
	if _, err := observation.ParseStatus(a.status()); err != nil {
		return fault.New(fault.Invalid, "assignment %s: %v", a.ID, err)
	}
	if a.Until != "" {
		if _, err := period.Parse(a.Until); err != nil {
			return fault.New(fault.Invalid, "assignment %s: until: %v", a.ID, err)
		}
	}
	return nil
}

func (a Assignment) status() string {
	if a.Status == "" {
		return string(observation.Reported)
	}
	return a.Status
}

func (a Assignment) each() float64 {
	if a.Minutes <= 0 {
		return minutesEach
	}
	return a.Minutes
}

// periods returns the periods that are asked for and end on a day from to until,
// both included.
func (a Assignment) periods(from, until time.Time) []period.Period {
	p, err := period.Parse(a.First)
	if err != nil {
		return nil // valid has said so
	}
	last, err := period.Parse(a.Until)
	bounded := err == nil
	var out []period.Period
	for ; !p.Last().After(until); p = p.Add(1) {
		if bounded && p.Last().After(last.Last()) {
			break
		}
		if !p.Last().Before(from) {
			out = append(out, p)
		}
		if a.Frequency == once {
			break
		}
	}
	return out
}

// of returns the period that a number of indicator i has when it is reported for
// p: a stock is of the last day, a number since the start of the year is of
// January to then.
func of(i observation.Indicator, p period.Period) period.Period {
	switch {
	case i.Nature == observation.Stock:
		return period.Of(p.Last(), period.Day)
	case i.Time == "ytd" && p.Freq() != period.Annual:
		if r, err := period.Parse(p.Last().Format("2006") + "-01/" + p.Last().Format("2006-01")); err == nil && p.Last().Month() > time.January {
			return r
		}
	}
	return p
}

// same reports whether two periods are the same stretch for an indicator,
// however they are written: 2023-Q2 and 2023-06-30 of a stock, 2023-H1 and
// 2023-01/2023-06 of a flow.
func same(i observation.Indicator, a, b period.Period) bool {
	a, b = of(i, a), of(i, b)
	return a.Last().Equal(b.Last()) && (i.Nature == observation.Stock || a.Start().Equal(b.Start()))
}
