package collection

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// What the tests say. A notable result is a question to whoever filled in the
// numbers, never a proof: honest numbers are notable now and then.
const (
	Clear     = "clear"
	Notable   = "notable"
	CannotSay = "cannot_say"
)

// The thresholds of the tests: the project's assumption, shown with every result.
const (
	spikeTimes  = 3.0  // an increase so many times the usual one is a spike
	reversalCut = 0.25 // so much of a spike lost again in the next period is a reversal
	level       = 0.01 // significance of the tests of digits, round figures and hits
	fewest      = 50   // numbers that a test of digits needs: expected count 5 in each of ten classes
	fewestHits  = 10   // numbers near their targets that a test of hits needs
	nearTarget  = 0.02 // how near, as a share of the target
)

// Point is one number as the tests see it.
type Point struct {
	Cell
	Period  period.Period
	Value   float64
	Printed string   // digits as filled in, without unit
	Target  *float64 // what was to be reached at the period's end; nil for none
	Name    string   // resolvable name, for the link
	Stock   bool     // an amount at a day: its increases are looked at, else the number itself
}

// Instance is one number that a test points at.
type Instance struct {
	Cell
	Period string    `json:"period"`
	Name   string    `json:"name,omitempty"`
	Text   pack.Text `json:"text"`
}

// Suspicion is the result of one test, with its arithmetic.
type Suspicion struct {
	Test      string     `json:"test" doc:"spike, reversal, last_digits, round, exact_hits"`
	Verdict   string     `json:"verdict" doc:"clear, notable, cannot_say"`
	N         int        `json:"n" doc:"numbers that were looked at"`
	Statistic float64    `json:"statistic" doc:"chi-square of last_digits, else the count of what was found"`
	P         float64    `json:"p,omitempty" doc:"chance of so much or more among honest numbers, where the test has one"`
	Text      pack.Text  `json:"text" doc:"the arithmetic in a sentence"`
	Instances []Instance `json:"instances"`
}

// Gaming runs all tests on the numbers of any series.
//
//   - points: in any order; those of one cell make a series by period.
//   - Result: always all five tests, in a fixed order: none is hidden.
//   - Spikes and reversals: an increase (of a stock) or number (of a flow) in a period
//     that ends a year or has a target, against the median of the others before it.
//   - Last digits and round figures: whole numbers of at least three digits, χ² with 9
//     degrees of freedom against uniform digits, and the exact binomial tail for
//     numbers that end in 0 (expected one in ten).
//   - Exact hits: numbers within 2 % of their targets, on the target or just above
//     against just below, exact binomial tail with one half.
func Gaming(points []Point) []Suspicion {
	series := bySeries(points)
	return []Suspicion{spikes(series), reversals(series), lastDigits(points), tooRound(points), exactHits(points)}
}

// bySeries sorts the points of each cell by period.
func bySeries(points []Point) [][]Point {
	m := map[Cell][]Point{}
	for _, p := range points {
		m[p.Cell] = append(m[p.Cell], p)
	}
	var out [][]Point
	for _, s := range m {
		slices.SortFunc(s, func(a, b Point) int { return a.Period.Compare(b.Period) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b []Point) int {
		return cmp.Or(cmp.Compare(a[0].Indicator, b[0].Indicator), cmp.Compare(a[0].Place, b[0].Place))
	})
	return out
}

// moves are what the tests of spikes look at: increases of a stock, numbers of a
// flow. moves[i] belongs to s[i]; the first of a stock is NaN.
func moves(s []Point) []float64 {
	out := make([]float64, len(s))
	for i, p := range s {
		switch {
		case !p.Stock:
			out[i] = p.Value
		case i == 0:
			out[i] = math.NaN()
		default:
			out[i] = p.Value - s[i-1].Value
		}
	}
	return out
}

// deadline reports whether somebody is measured at the end of the point's period.
func (p Point) deadline() bool { return p.Target != nil || p.Period.Last().YearDay() >= 365 }

// spiked reports whether s[i] is a spike, with the usual move before it. It needs
// three moves before.
func spiked(s []Point, m []float64, i int) (usual float64, ok bool) {
	var before []float64
	for _, x := range m[:i] {
		if !math.IsNaN(x) {
			before = append(before, math.Abs(x))
		}
	}
	if len(before) < 3 || !s[i].deadline() {
		return 0, false
	}
	usual = median(before)
	return usual, m[i] > 0 && m[i] > spikeTimes*usual
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	if n%2 == 1 {
		return x[n/2]
	}
	return (x[n/2-1] + x[n/2]) / 2
}

func spikes(series [][]Point) Suspicion {
	out := Suspicion{Test: "spike"}
	for _, s := range series {
		m := moves(s)
		for i := range s {
			if i < 3 || !s[i].deadline() {
				continue
			}
			out.N++
			if usual, ok := spiked(s, m, i); ok {
				out.Instances = append(out.Instances, s[i].instance("期末增加 %s，此前中位数 %s，为其 %s 倍以上", "up by %s at the deadline, the median before is %s: more than %s times", plain(m[i]), plain(usual), plain(spikeTimes)))
			}
		}
	}
	return out.counted("考核期末的 %d 个数中 %d 个的增加超过此前中位数的 %s 倍", "of %d numbers at a deadline %d rose by more than %s times the median before", plain(spikeTimes))
}

func reversals(series [][]Point) Suspicion {
	out := Suspicion{Test: "reversal"}
	for _, s := range series {
		m := moves(s)
		for i := range s {
			if i < 3 || i+1 >= len(s) || !s[i].deadline() {
				continue
			}
			out.N++
			usual, ok := spiked(s, m, i)
			lost := s[i].Value - s[i+1].Value
			if ok && s[i].Stock && lost > reversalCut*m[i] || ok && !s[i].Stock && s[i+1].Value < usual*(1-reversalCut) {
				out.Instances = append(out.Instances, s[i].instance("期末增加 %s，下一期回落 %s", "up by %s at the deadline, down by %s in the period after", plain(m[i]), plain(lost)))
			}
		}
	}
	return out.counted("期末之后还有一期的 %d 个数中 %d 个先冲高、后回落 %s 以上", "of %d numbers at a deadline with a period after, %d spiked and lost more than %s of it again", plain(reversalCut*100)+"%")
}

// counted ends a test that counts what it found.
func (o Suspicion) counted(zh, en, limit string) Suspicion {
	o.Statistic = float64(len(o.Instances))
	o.Verdict = Clear
	switch {
	case o.N == 0:
		o.Verdict = CannotSay
	case len(o.Instances) > 0:
		o.Verdict = Notable
	}
	o.Text = pack.Text{ZH: fmt.Sprintf(zh, o.N, len(o.Instances), limit), EN: fmt.Sprintf(en, o.N, len(o.Instances), limit)}
	return o
}

func (p Point) instance(zh, en string, args ...any) Instance {
	return Instance{Cell: p.Cell, Period: p.Period.String(), Name: p.Name, Text: pack.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}}
}

// digits returns the whole numbers of at least three digits: of shorter ones the
// last digit is not free.
func digits(points []Point) []Point {
	return slices.DeleteFunc(slices.Clone(points), func(p Point) bool {
		x := math.Abs(p.Value)
		return x < 100 || x != math.Trunc(x) || x > 1e15
	})
}

func lastDigits(points []Point) Suspicion {
	all := digits(points)
	out := Suspicion{Test: "last_digits", N: len(all)}
	var counts [10]int
	for _, p := range all {
		counts[int(math.Mod(math.Abs(p.Value), 10))]++
	}
	if out.N < fewest {
		out.Verdict, out.Text = CannotSay, few(out.N)
		return out
	}
	want := float64(out.N) / 10
	for _, n := range counts {
		out.Statistic += (float64(n) - want) * (float64(n) - want) / want
	}
	out.P = chiSquareTail(out.Statistic, 9)
	out.Verdict = verdict(out.P)
	out.Text = pack.Text{
		ZH: fmt.Sprintf("%d 个数的末位 0–9 各 %v 次，均匀时各 %s 次；χ² = %.2f，自由度 9，p = %.4f，门槛 %s", out.N, counts, plain(want), out.Statistic, out.P, plain(level)),
		EN: fmt.Sprintf("last digits 0-9 of %d numbers occur %v times, %s each if uniform; χ² = %.2f with 9 degrees of freedom, p = %.4f, threshold %s", out.N, counts, plain(want), out.Statistic, out.P, plain(level)),
	}
	return out
}

func tooRound(points []Point) Suspicion {
	all := digits(points)
	out := Suspicion{Test: "round", N: len(all)}
	for _, p := range all {
		if math.Mod(p.Value, 10) == 0 {
			out.Statistic++
			if math.Mod(p.Value, 100) == 0 {
				out.Instances = append(out.Instances, p.instance("%s 以两个以上的零结尾", "%s ends in two zeros or more", plain(p.Value)))
			}
		}
	}
	if out.N < fewest {
		out.Verdict, out.Text = CannotSay, few(out.N)
		return out
	}
	out.P = binomialTail(out.N, int(out.Statistic), 0.1)
	out.Verdict = verdict(out.P)
	out.Text = pack.Text{
		ZH: fmt.Sprintf("%d 个数中 %s 个以 0 结尾，应约有 %s 个；p = %.4f，门槛 %s", out.N, plain(out.Statistic), plain(float64(out.N)/10), out.P, plain(level)),
		EN: fmt.Sprintf("%s of %d numbers end in 0, where %s would be usual; p = %.4f, threshold %s", plain(out.Statistic), out.N, plain(float64(out.N)/10), out.P, plain(level)),
	}
	return out
}

func exactHits(points []Point) Suspicion {
	out := Suspicion{Test: "exact_hits"}
	above, below := 0, 0
	for _, p := range points {
		if p.Target == nil || *p.Target == 0 {
			continue
		}
		off := (p.Value - *p.Target) / math.Abs(*p.Target)
		switch {
		case off == 0:
			above++
			out.Instances = append(out.Instances, p.instance("正好等于目标 %s", "exactly on the target of %s", plain(*p.Target)))
		case off > 0 && off <= nearTarget:
			above++
		case off < 0 && off >= -nearTarget:
			below++
		}
	}
	out.N, out.Statistic = above+below, float64(len(out.Instances))
	out.Text = pack.Text{
		ZH: fmt.Sprintf("离目标 %s%% 以内的 %d 个数中，达到的 %d 个（正好等于的 %d 个），差一点的 %d 个", plain(nearTarget*100), out.N, above, len(out.Instances), below),
		EN: fmt.Sprintf("of %d numbers within %s%% of their targets %d reach them (%d exactly) and %d just miss", out.N, plain(nearTarget*100), above, len(out.Instances), below),
	}
	if out.N < fewestHits {
		out.Verdict = CannotSay
		more := few(out.N)
		out.Text.ZH, out.Text.EN = out.Text.ZH+"；"+more.ZH, out.Text.EN+"; "+more.EN
		return out
	}
	out.P = binomialTail(out.N, above, 0.5)
	out.Verdict = verdict(out.P)
	out.Text.ZH += fmt.Sprintf("；p = %.4f，门槛 %s", out.P, plain(level))
	out.Text.EN += fmt.Sprintf("; p = %.4f, threshold %s", out.P, plain(level))
	return out
}

func few(n int) pack.Text {
	return pack.Text{ZH: fmt.Sprintf("只有 %d 个数，太少，说不清", n), EN: fmt.Sprintf("only %d numbers: too few to say", n)}
}

func verdict(p float64) string {
	if p < level {
		return Notable
	}
	return Clear
}
