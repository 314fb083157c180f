package indicators

import (
	"slices"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
)

// standing is a stock at the end of a day: observed, or implied by the words of
// a target ("doubled to 12,700").
type standing struct {
	observation.Observation
	extent extent
}

// movement is a flow that counts towards a stretch, or with sign -1 against it.
type movement struct {
	observation.Observation
	sign float64
}

// ledger is a stock and its flows in one place.
type ledger struct {
	stock  []standing
	flows  [][]observation.Observation // one list for each flow that the relation names
	signs  []float64                   // of each flow: in is 1, out is -1; what is reclassified is a flow in with its sign
	ytd    []bool                      // of each flow: its numbers count from the start of the year
	breaks []observation.Break
}

// balance compares stock(t) with stock(t-1) + in - out.
type balance struct {
	from, to standing
	moves    []movement
	off      float64 // stock(t) less what was expected, in the unit without its scale; as printed
	holds    bool    // the printed forms leave room for equality
}

// balances checks each stock number against the nearest earlier one from which
// every flow of the relation is known; a stock without such a one, and a stretch
// with a change of definition in it, is left out: nothing can be said of it.
func (l ledger) balances() []balance {
	var out []balance
	slices.SortStableFunc(l.stock, func(a, b standing) int { return a.Period.Last().Compare(b.Period.Last()) })
	for n, to := range l.stock {
		for _, from := range slices.Backward(l.stock[:n]) {
			moves, ok := l.between(from.Period.Last(), to.Period.Last())
			if ok && breakIn(l.breaks, from.Period.Last(), to.Period.Last()) == nil {
				out = append(out, settle(from, to, moves))
				break
			}
		}
	}
	return out
}

// settle does the sum.
func settle(from, to standing, moves []movement) balance {
	b := balance{from: from, to: to, moves: moves, off: to.Quantity.Base() - from.Quantity.Base()}
	want := from.extent
	for _, m := range moves {
		b.off -= m.sign * m.Quantity.Base()
		if m.sign > 0 {
			want = want.plus(extentOf(m.Quantity))
		} else {
			want = want.minus(extentOf(m.Quantity))
		}
	}
	b.holds = want.meets(to.extent)
	return b
}

// between returns the flows of the days after one day up to and with another; ok
// is false when one of the flows is not known for all of them.
func (l ledger) between(after, last time.Time) (moves []movement, ok bool) {
	if !after.Before(last) {
		return nil, false
	}
	from, to := after.AddDate(0, 0, 1), last.AddDate(0, 0, 1)
	for n, flow := range l.flows {
		part, ok := tile(flow, from, to)
		if !ok && l.ytd[n] {
			part, ok = sinceNewYear(flow, from, to)
		}
		if !ok {
			return nil, false
		}
		for _, m := range part {
			moves = append(moves, movement{m.Observation, m.sign * l.signs[n]})
		}
	}
	return moves, len(moves) > 0
}

// tile lays numbers of a flow end to end from one instant to another, the longest
// periods first.
func tile(flow []observation.Observation, from, to time.Time) ([]movement, bool) {
	if from.Equal(to) {
		return nil, true
	}
	var fit []observation.Observation
	for _, o := range flow {
		if o.Period.Start().Equal(from) && !o.Period.End().After(to) {
			fit = append(fit, o)
		}
	}
	slices.SortStableFunc(fit, func(a, b observation.Observation) int { return b.Period.End().Compare(a.Period.End()) })
	for _, o := range fit {
		if rest, ok := tile(flow, o.Period.End(), to); ok {
			return append([]movement{{o, 1}}, rest...), true
		}
	}
	return nil, false
}

// sinceNewYear takes a stretch as the difference of two numbers that count from
// the start of one year.
func sinceNewYear(flow []observation.Observation, from, to time.Time) ([]movement, bool) {
	for _, a := range flow {
		for _, b := range flow {
			if a.Period.Start().Equal(b.Period.Start()) && a.Period.End().Equal(to) && b.Period.End().Equal(from) {
				return []movement{{a, 1}, {b, -1}}, true
			}
		}
	}
	return nil, false
}

// breakIn returns the first change of definition after a day and not after another.
func breakIn(all []observation.Break, after, last time.Time) *observation.Break {
	for _, b := range all {
		if p, err := period.Parse(b.Date); err == nil && p.Start().After(after) && !p.Start().After(last) {
			return &b
		}
	}
	return nil
}

// newest keeps the newest vintage of each period of stated numbers in a place.
func newest(all []observation.Observation, unit string) []observation.Observation {
	var out []observation.Observation
	at := map[period.Period]int{}
	for _, o := range all {
		if o.Unit != unit || !stated(o) {
			continue
		}
		n, ok := at[o.Period]
		switch {
		case !ok:
			at[o.Period] = len(out)
			out = append(out, o)
		case o.Vintage > out[n].Vintage || o.Vintage == out[n].Vintage && o.Known.After(out[n].Known):
			out[n] = o
		}
	}
	return out
}

// ledger makes the ledger of a relation in a place from numbers by indicator.
func (r StockFlow) ledger(definitions map[string]observation.Indicator, numbers map[string][]observation.Observation, unit string) ledger {
	l := ledger{breaks: definitions[r.Stock].Breaks}
	for _, o := range newest(numbers[r.Stock], unit) {
		l.stock = append(l.stock, standing{o, extentOf(o.Quantity)})
	}
	add := func(ids []string, sign float64) {
		for _, id := range ids {
			l.flows = append(l.flows, newest(numbers[id], unit))
			l.signs = append(l.signs, sign)
			l.ytd = append(l.ytd, definitions[id].Time == "ytd")
			l.breaks = append(l.breaks, definitions[id].Breaks...)
		}
	}
	add(r.In, 1)
	add(r.Out, -1)
	return l
}
