package indicators

import (
	"math"
	"strings"

	"yuzhou/kernel/quantity"
)

// extent is where a true number lies as far as its printed form says, in the unit
// without its scale: 1.27 万家 lies from 12650 to 12750.
type extent struct {
	low, high         float64
	openLow, openHigh bool // the end itself is left out
}

// nearly is how much less than its round number 近 (just under) may mean.
const nearly = 0.9

// slack is the relative error that adding up float64 may make.
const slack = 1e-9

// extentOf reads the printed form: a count of whole things is exact; any other
// number is right to half its last digit, an approximate one (约) to its last
// digit that is not a closing zero.
func extentOf(q quantity.Quantity) extent {
	v := q.Base()
	scale := quantity.Quantity{Value: quantity.Int(1), Unit: q.Unit}.Base()
	digit := scale * math.Pow10(-q.Value.Places())
	switch q.Cmp {
	case quantity.About:
		if s := strings.TrimRight(q.Value.String(), "0"); q.Value.Places() == 0 && strings.Trim(s, "-") != "" {
			digit *= math.Pow10(len(q.Value.String()) - len(s))
		}
		return extent{low: v - digit, high: v + digit}
	case quantity.Near:
		return extent{low: v * nearly, high: v, openHigh: true}
	case quantity.Over:
		return extent{low: v, high: math.Inf(1), openLow: true}
	case quantity.AtLeast:
		return extent{low: v, high: math.Inf(1)}
	case quantity.AtMost:
		return extent{low: math.Inf(-1), high: v}
	case quantity.Under:
		return extent{low: math.Inf(-1), high: v, openHigh: true}
	case quantity.Equal:
	}
	if scale == 1 && q.Value.Places() == 0 && q.Unit.Den() == "" && !q.Unit.IsPercent() {
		return extent{low: v, high: v}
	}
	return extent{low: v - digit/2, high: v + digit/2}
}

func (s extent) plus(t extent) extent {
	return extent{s.low + t.low, s.high + t.high, s.openLow || t.openLow, s.openHigh || t.openHigh}
}

func (s extent) minus(t extent) extent {
	return s.plus(extent{-t.high, -t.low, t.openHigh, t.openLow})
}

// meets reports whether one true number can lie in both.
func (s extent) meets(t extent) bool { return s.below(t) && t.below(s) }

// below reports whether s begins before t ends.
func (s extent) below(t extent) bool {
	if math.IsInf(s.low, 0) || math.IsInf(t.high, 0) {
		return true
	}
	tolerance := slack * math.Max(math.Abs(s.low), math.Abs(t.high))
	switch d := t.high - s.low; {
	case d > tolerance:
		return true
	case d < -tolerance:
		return false
	}
	return !s.openLow && !t.openHigh
}

// sameNumber reports whether two numbers print the same value with the same
// comparator, whatever their units' scale words.
func sameNumber(a, b quantity.Quantity) bool {
	return a.Cmp == b.Cmp && math.Abs(a.Base()-b.Base()) <= slack*math.Abs(a.Base())
}
