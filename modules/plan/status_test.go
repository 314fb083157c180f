package plan

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

func date(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// number makes an observation such as number(t, "2023-06-30", "6401", "=", "家").
func number(t *testing.T, per, value, cmp, unit string) observation.Observation {
	t.Helper()
	p, err := period.Parse(per)
	if err != nil {
		t.Fatal(err)
	}
	v, err := quantity.ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	c, err := quantity.ParseComparator(cmp)
	if err != nil {
		t.Fatal(err)
	}
	return observation.Observation{
		Period: p, Vintage: 1, Status: observation.Reported,
		Quantity: quantity.Quantity{Value: v, Cmp: c, Unit: quantity.MustUnit(unit)},
	}
}

var defaults = Rules{ID: "default", BehindYellow: 10, BehindRed: 30, StaleMonths: 24}

// firms is the case of the high-tech firms: a target on a stock that was read
// off a flow.
func firms(t *testing.T, at string, shape Shape, points ...observation.Observation) facts {
	t.Helper()
	base := number(t, "2023-06-30", "6401", "=", "家")
	implied := number(t, "2022-12-31", "6350", "~", "家")
	due, err := period.Parse("2027")
	if err != nil {
		t.Fatal(err)
	}
	return facts{
		target: Target{
			ID: "T", Due: due, Want: number(t, "2027", "1.27", ">=", "万家").Quantity,
			Baseline: Baseline{Figure: "F011"}, Implied: &Implied{Derived: "D006", At: "2022-12-31"},
		},
		series: observation.NewSeries(observation.Indicator{ID: "st.hte", Unit: quantity.MustUnit("家"), Nature: observation.Stock, Direction: "up"}, "500000", points),
		base:   &base, implied: &implied, path: Path{Target: "T", Shape: shape, Band: 5}, rules: defaults, date: date(t, at),
	}
}

func TestStatusOfAStock(t *testing.T) {
	first := number(t, "2023-06-30", "6401", "=", "家")
	later := number(t, "2025-10-15", "9123", "=", "家")
	for _, tt := range []struct {
		name   string
		facts  facts
		light  Light
		rule   string
		path   float64
		behind float64
		says   string
	}{
		{"standing still while the pace is green", firms(t, "2023-07-11", Linear, first), Red, "default.pace.red", 6401, 92.713, "8.50"},
		{"the same on a geometric path", firms(t, "2023-07-11", Geometric, first), Red, "default.pace.red", 6401, 89.13, "116.6"},
		{"later, on a straight path", firms(t, "2025-10-15", Linear, first, later), Yellow, "default.pace.yellow", 9608.8, 15.14, "9,123"},
		{"later, on a geometric path", firms(t, "2025-10-15", Geometric, first, later), Green, "default.pace.green", 9073.6, -1.85, "超前"},
		{"too old to say", firms(t, "2027-11-01", Linear, first, later), CannotSay, "stale", 9608.8, 15.14, "太旧"},
		{"reached", firms(t, "2026-01-01", Linear, first, number(t, "2025-12-31", "12700", "=", "家")), Reached, "reached", 0, 0, "已达到"},
		{"missed when the date has passed", firms(t, "2028-02-01", Linear, first, number(t, "2027-12-31", "12699", "=", "家")), Red, "missed", 0, 0, "未达到"},
		{"a lower bound may be on the path", firms(t, "2025-10-15", Linear, first, number(t, "2025-10-15", "9000", ">", "家")), CannotSay, "bound", 9608.8, 18.97, "下限"},
		{"nothing known", firms(t, "2023-07-11", Linear), CannotSay, "no-news", 0, 0, "说不清"},
		{"what comes after the date is not used", firms(t, "2023-07-11", Linear, first, later), Red, "default.pace.red", 6401, 92.713, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := evaluate(tt.facts)
			if st.Light != tt.light || st.Rule != tt.rule {
				t.Errorf("%s by %s, want %s by %s: %s", st.Light, st.Rule, tt.light, tt.rule, st.Reason.ZH)
			}
			if math.Abs(st.PathValue-tt.path) > 0.05 || math.Abs(st.Behind-tt.behind) > 0.01 {
				t.Errorf("path %v, behind %v; want %v, %v", st.PathValue, st.Behind, tt.path, tt.behind)
			}
			if !strings.Contains(st.Reason.ZH, tt.says) || st.Reason.EN == "" || strings.Contains(st.Reason.EN+st.Reason.ZH, "%!") {
				t.Errorf("reasons %q, %q", st.Reason.ZH, st.Reason.EN)
			}
		})
	}
}

func TestStatusIsNeverGreenWithoutGrounds(t *testing.T) {
	none := firms(t, "2023-07-11", Linear, number(t, "2023-06-30", "6401", "=", "家"))
	none.base, none.implied = nil, nil
	none.target.Baseline = Baseline{None: &pack.Text{ZH: "未公布", EN: "none"}}
	noPath := firms(t, "2025-10-15", "", number(t, "2025-10-15", "20000", "=", "家"))
	noPath.target.Want = number(t, "2027", "30000", ">=", "家").Quantity
	broken := firms(t, "2025-10-15", Linear, number(t, "2025-10-15", "9123", "=", "家"))
	broken.series.Indicator.Breaks = []observation.Break{{Date: "2024-01-01", ZH: "换了口径", EN: "redefined"}}
	unit := firms(t, "2025-10-15", Linear)
	unit.target.Want = number(t, "2027", "5", ">=", "亿元").Quantity
	for name, tt := range map[string]struct {
		facts facts
		rule  string
	}{
		"no baseline": {none, "no-baseline"}, "no path": {noPath, "no-path"}, "a break between": {broken, "break"}, "another unit": {unit, "unit"},
	} {
		if st := evaluate(tt.facts); st.Light != CannotSay || st.Rule != tt.rule || st.Reason.ZH == "" {
			t.Errorf("%s: %s by %s (%s)", name, st.Light, st.Rule, st.Reason.ZH)
		}
	}
}

// TestYearlyFlow: a yearly flow is judged by whole years only.
func TestYearlyFlow(t *testing.T) {
	f := firms(t, "2025-10-15", Linear)
	base := number(t, "2022", "630.5", "=", "亿元")
	f.base, f.implied, f.target.Implied = &base, nil, nil
	f.target.Want = number(t, "2027", "1300", ">", "亿元").Quantity
	f.series = observation.NewSeries(observation.Indicator{Unit: quantity.MustUnit("亿元"), Nature: observation.Flow, Direction: "up"}, "500000",
		[]observation.Observation{base, number(t, "2024", "974.24", "=", "亿元"), number(t, "2025-01/2025-06", "400", "=", "亿元")})
	st := evaluate(f)
	if st.Light != Green || st.Value != 974.24 || st.PerMonth || math.Abs(st.PathValue-898.3) > 0.05 {
		t.Errorf("%s at %v, path %v: %s", st.Light, st.Value, st.PathValue, st.Reason.ZH)
	}
	f.series.Points = []observation.Observation{base, number(t, "2027", "1300", "=", "亿元")}
	f.date = date(t, "2028-03-01")
	if st := evaluate(f); st.Light != Red || st.Rule != "missed" {
		t.Errorf("'over 1300' at exactly 1300 is %s by %s", st.Light, st.Rule)
	}
}

func TestLine(t *testing.T) {
	start, end := date(t, "2022-12-31"), date(t, "2027-12-31")
	for _, tt := range []struct {
		path Path
		at   string
		want float64
	}{
		{Path{Shape: Linear}, "2025-06-30", 150},
		{Path{Shape: Linear}, "2022-06-30", 90}, // goes on backwards as it began
		{Path{Shape: Geometric}, "2025-06-30", 100 * math.Sqrt2},
		{Path{Shape: SCurve}, "2025-06-30", 150},
		{Path{Shape: SCurve}, "2024-03-31", 115.625},
		{Path{Shape: Milestones, Milestones: []Milestone{{"2024-12-31", 120}}}, "2023-12-31", 110},
		{Path{Shape: Milestones, Milestones: []Milestone{{"2024-12-31", 120}}}, "2027-12-31", 200},
	} {
		l, err := newLine(tt.path, start, end, 100, 200)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.at(date(t, tt.at)); math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%s at %s is %v, want %v", tt.path.Shape, tt.at, got, tt.want)
		}
	}
	for name, p := range map[string]Path{
		"unknown shape":        {Shape: "zigzag"},
		"milestone at the end": {Shape: Milestones, Milestones: []Milestone{{"2027-12-31", 1}}},
		"milestones unsorted":  {Shape: Milestones, Milestones: []Milestone{{"2025-12-31", 1}, {"2024-12-31", 1}}},
	} {
		if _, err := newLine(p, start, end, 100, 200); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := newLine(Path{Shape: Geometric}, start, end, 0, 200); err == nil {
		t.Error("a geometric path from zero: no error")
	}
}

func TestApportion(t *testing.T) {
	for _, tt := range []struct {
		name    string
		total   float64
		weights []float64
		places  int
		want    []float64
	}{
		{"exact", 10, []float64{1, 1}, 0, []float64{5, 5}},
		{"a remainder goes to the earlier of equals", 10, []float64{1, 1, 1}, 0, []float64{4, 3, 3}},
		{"the largest remainder first", 10, []float64{1, 2, 4}, 0, []float64{1, 3, 6}},
		{"with digits", 1, []float64{1, 1, 1}, 2, []float64{0.34, 0.33, 0.33}},
		{"nobody gets what has no weight", 7, []float64{0, 3}, 0, []float64{0, 7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apportion(tt.total, tt.weights, tt.places)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v, %v; want %v", got, err, tt.want)
			}
		})
	}
	for _, w := range [][]float64{{0, 0}, {-1, 2}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := apportion(10, w, 0); err == nil {
			t.Errorf("weights %v: no error", w)
		}
	}
}

// FuzzApportion: the shares always add up to the whole, and none is further than
// one from its exact part.
func FuzzApportion(f *testing.F) {
	f.Add(uint32(12700), uint16(3), uint16(5), uint16(9))
	f.Fuzz(func(t *testing.T, total uint32, a, b, c uint16) {
		w := []float64{float64(a), float64(b), float64(c)}
		got, err := apportion(float64(total), w, 0)
		if err != nil {
			return
		}
		sum := 0.0
		for i, g := range got {
			sum += g
			if exact := float64(total) * w[i] / (w[0] + w[1] + w[2]); math.Abs(g-exact) >= 1+1e-6 {
				t.Errorf("share %d is %v, exactly %v", i, g, exact)
			}
		}
		if sum != float64(total) {
			t.Errorf("%v add up to %v, not %d", got, sum, total)
		}
	})
}

func TestDiff(t *testing.T) {
	a := Plan{Elements: []Element{{ID: "G", Kind: Goal, Text: pack.Text{ZH: "一"}}, {ID: "O1", Kind: Objective}}}
	b := Plan{Elements: []Element{{ID: "G", Kind: Goal, Text: pack.Text{ZH: "二"}}, {ID: "O2", Kind: Objective}}}
	var got []string
	for _, c := range diff(a, b) {
		got = append(got, c.Kind+" "+c.What+" "+c.ID)
	}
	if want := []string{"changed element G", "added element O2", "removed element O1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if d := diff(a, a); len(d) != 0 {
		t.Errorf("a plan differs from itself: %v", d)
	}
}
