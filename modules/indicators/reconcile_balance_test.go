package indicators

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/quantity"
)

func TestExtent(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		name, cmp, value, unit string
		want                   extent
	}{
		{"a count is exact", "=", "6401", "家", extent{low: 6401, high: 6401}},
		{"a scaled count is right to half a digit", "=", "1.27", "万家", extent{low: 12650, high: 12750}},
		{"an amount", "=", "630.5", "亿元", extent{low: 63045000000, high: 63055000000}},
		{"a share", "=", "36", "%", extent{low: 35.5, high: 36.5}},
		{"about, to the last digit that is not a closing zero", "~", "75600", "家", extent{low: 75500, high: 75700}},
		{"about, with a scale", "~", "3.2", "万吨", extent{low: 31000, high: 33000}},
		{"about nothing", "~", "0", "家", extent{low: -1, high: 1}},
		{"just under", "~<", "150", "亿", extent{low: 13500000000, high: 15000000000, openHigh: true}},
		{"over", ">", "20", "万人", extent{low: 200000, high: inf, openLow: true}},
		{"at least", ">=", "7", "个", extent{low: 7, high: inf}},
		{"at most", "<=", "7", "个", extent{low: -inf, high: 7}},
		{"under", "<", "7", "个", extent{low: -inf, high: 7, openHigh: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := extentOf(quantity.Quantity{Value: decimal(t, tt.value), Cmp: quantity.Comparator(tt.cmp), Unit: quantity.MustUnit(tt.unit)})
			near := func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*math.Abs(b) }
			if !near(got.low, tt.want.low) || !near(got.high, tt.want.high) || got.openLow != tt.want.openLow || got.openHigh != tt.want.openHigh {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMeets(t *testing.T) {
	q := func(cmp, value, unit string) extent {
		return extentOf(quantity.Quantity{Value: decimal(t, value), Cmp: quantity.Comparator(cmp), Unit: quantity.MustUnit(unit)})
	}
	for _, tt := range []struct {
		a, b extent
		want bool
	}{
		{q("~<", "150", "亿"), q("=", "149.6", "亿"), true},
		{q("~<", "150", "亿"), q("=", "150", "个"), false},
		{q(">", "19", "个/万人"), q("=", "19.04", "个/万人"), true},
		{q(">", "1300", "家"), q("=", "1300", "家"), false},
		{q(">=", "1300", "家"), q("=", "1300", "家"), true},
		{q(">=", "1300", "家"), q("<=", "1299", "家"), false},
		{q("<", "5", "家"), q(">", "5", "家"), false},
		{q("=", "1.3", "万家"), q("=", "12600", "家"), true},
		{q("=", "1.3", "万家"), q("=", "12499", "家"), false},
	} {
		if tt.a.meets(tt.b) != tt.want || tt.b.meets(tt.a) != tt.want {
			t.Errorf("%+v and %+v: meet %v, want %v", tt.a, tt.b, !tt.want, tt.want)
		}
	}
}

// number makes an observation of a plain count.
func number(t *testing.T, id, period string, n int) observation.Observation {
	t.Helper()
	return observation.Observation{
		Indicator: id, Unit: "1", Period: stretch(t, period), Status: observation.Final,
		Quantity: quantity.Quantity{Value: quantity.Int(int64(n)), Cmp: quantity.Equal, Unit: quantity.MustUnit("家")},
		Source:   observation.Source{Figure: id + period},
	}
}

// TestBalances lays flows end to end in every way they are published.
func TestBalances(t *testing.T) {
	definitions := map[string]observation.Indicator{
		"stock": {ID: "stock", Breaks: []observation.Break{{Date: "2030-01-01"}}}, "in": {ID: "in", Time: "sum"}, "out": {ID: "out", Time: "sum"},
		"moved": {ID: "moved", Time: "sum"}, "since": {ID: "since", Time: "ytd"},
	}
	type flow struct {
		id, period string
		n          int
	}
	for _, tt := range []struct {
		name     string
		relation StockFlow
		numbers  []flow
		want     string // "from..to off holds", by date
	}{
		{"a year", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022", 100}, {"in", "2023", 20}, {"stock", "2023", 120}}, "2022..2023 0 true "},
		{"a year that lacks one", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022", 100}, {"in", "2023", 21}, {"stock", "2023", 120}}, "2022..2023 -1 false "},
		{"in and out", StockFlow{Stock: "stock", In: []string{"in"}, Out: []string{"out"}}, []flow{{"stock", "2022", 100}, {"in", "2023", 25}, {"out", "2023", 5}, {"stock", "2023", 120}}, "2022..2023 0 true "},
		{"reclassified, a flow with its sign", StockFlow{Stock: "stock", In: []string{"in", "moved"}}, []flow{{"stock", "2022", 100}, {"in", "2023", 25}, {"moved", "2023", -5}, {"stock", "2023", 120}}, "2022..2023 0 true "},
		{"out is not known", StockFlow{Stock: "stock", In: []string{"in"}, Out: []string{"out"}}, []flow{{"stock", "2022", 100}, {"in", "2023", 25}, {"stock", "2023", 120}}, ""},
		{"quarters and a half", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022-12-31", 100}, {"in", "2023-Q1", 5}, {"in", "2023-Q2", 5}, {"in", "2023-H2", 10}, {"stock", "2023-12-31", 120}}, "2022-12-31..2023-12-31 0 true "},
		{"a quarter is missing", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022-12-31", 100}, {"in", "2023-Q1", 5}, {"in", "2023-H2", 10}, {"stock", "2023-12-31", 120}}, ""},
		{"the longest period leads nowhere", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022-12-31", 100}, {"in", "2023-01/2023-08", 7}, {"in", "2023-H1", 5}, {"in", "2023-Q3", 15}, {"stock", "2023-09-30", 120}}, "2022-12-31..2023-09-30 0 true "},
		{"since New Year", StockFlow{Stock: "stock", In: []string{"since"}}, []flow{{"stock", "2023-06-30", 100}, {"since", "2023-01/2023-06", 50}, {"since", "2023-01/2023-09", 70}, {"stock", "2023-09-30", 120}}, "2023-06-30..2023-09-30 0 true "},
		{"a stock between is passed over", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2022", 100}, {"stock", "2023-06-30", 1}, {"in", "2023", 20}, {"stock", "2023", 120}}, "2022..2023 0 true "},
		{"over a change of definition", StockFlow{Stock: "stock", In: []string{"in"}}, []flow{{"stock", "2029", 100}, {"in", "2030", 20}, {"stock", "2030", 500}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			numbers := map[string][]observation.Observation{}
			for _, f := range tt.numbers {
				numbers[f.id] = append(numbers[f.id], number(t, f.id, f.period, f.n))
			}
			var got strings.Builder
			for _, b := range tt.relation.ledger(definitions, numbers, "1").balances() {
				fmt.Fprintf(&got, "%s..%s %g %v ", b.from.Period, b.to.Period, b.off, b.holds)
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

// plain is the same sum in another way: every movement is put on the last day of
// its month, and two stocks are compared by adding up the months between them.
func plain(stock map[int]int, in, out map[int]int) map[int]int {
	off, last := map[int]int{}, -1
	for month := range 60 {
		n, ok := stock[month]
		if ok && last >= 0 {
			sum := stock[last]
			for m := last + 1; m <= month; m++ {
				sum += in[m] - out[m]
			}
			off[month] = n - sum
		}
		if ok {
			last = month
		}
	}
	return off
}

// TestBalancesAgainstPlain compares 300 made ledgers with plain.
func TestBalancesAgainstPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4580))
	relation := StockFlow{Stock: "stock", In: []string{"in"}, Out: []string{"out"}}
	for round := range 300 {
		stock, in, out := map[int]int{}, map[int]int{}, map[int]int{}
		numbers := map[string][]observation.Observation{}
		level := 1000
		for m := range 60 {
			in[m], out[m] = r.IntN(50), r.IntN(40)
			level += in[m] - out[m]
			month := fmt.Sprintf("%d-%02d", 2020+m/12, m%12+1)
			numbers["in"] = append(numbers["in"], number(t, "in", month, in[m]))
			numbers["out"] = append(numbers["out"], number(t, "out", month, out[m]))
			if r.IntN(3) > 0 {
				continue
			}
			stock[m] = level
			if r.IntN(4) == 0 {
				stock[m] += r.IntN(7) - 3
			}
			numbers["stock"] = append(numbers["stock"], number(t, "stock", month, stock[m]))
		}
		want := plain(stock, in, out)
		n := 0
		for _, b := range relation.ledger(nil, numbers, "1").balances() {
			last := b.to.Period.Last()
			month := (last.Year()-2020)*12 + int(last.Month()) - 1
			if int(b.off) != want[month] || b.holds != (want[month] == 0) {
				t.Fatalf("round %d, month %d: off %g, holds %v; plain says %d", round, month, b.off, b.holds, want[month])
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("round %d: %d stocks were compared, want %d", round, n, len(want))
		}
	}
}
