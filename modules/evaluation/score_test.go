package evaluation

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yuzhou/kernel/pack"
)

// TestFunctions: both functions are 60 and 100 at their goalposts, and know which
// way is better.
func TestFunctions(t *testing.T) {
	for _, tt := range []struct{ x, low, high, linear, exponential float64 }{
		{10, 10, 20, 60, 60},
		{20, 10, 20, 100, 100},
		{15, 10, 20, 80, 77.459667},
		{25, 10, 20, 120, 129.099445},
		{5, 10, 20, 40, 46.475800},
		{2, 4, 1, 86.666667, 84.343267}, // less is better
	} {
		l, err := Linear(tt.x, tt.low, tt.high)
		if err != nil || math.Abs(l-tt.linear) > 1e-6 {
			t.Errorf("linear %g in %g–%g: %.6f, %v; want %.6f", tt.x, tt.low, tt.high, l, err, tt.linear)
		}
		e, err := Exponential(tt.x, tt.low, tt.high)
		if err != nil || math.Abs(e-tt.exponential) > 1e-5 {
			t.Errorf("exponential %g in %g–%g: %.6f, %v; want %.6f", tt.x, tt.low, tt.high, e, err, tt.exponential)
		}
	}
	for _, bad := range [][3]float64{{1, 2, 2}, {math.NaN(), 1, 2}, {1, math.Inf(1), 2}} {
		if _, err := Linear(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("linear of %v is a number", bad)
		}
		if _, err := Exponential(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("exponential of %v is a number", bad)
		}
	}
}

// TestGrowth: half a point for every half percentage point, at most 120 % of the base.
func TestGrowth(t *testing.T) {
	g := Growth{Reference: 15, Step: .5, Points: .5, Base: 80, Cap: 96}
	for growth, want := range map[float64]float64{15: 80, 16: 81, 14.5: 79.5, 31: 96, 60: 96, -100: 0} {
		if got := g.Score(growth); math.Abs(got-want) > 1e-9 {
			t.Errorf("growth of %g%% earns %g, want %g", growth, got, want)
		}
	}
}

func shelf(values map[string]map[string]float64) map[string]map[string]Reading {
	out := map[string]map[string]Reading{}
	for i, units := range values {
		out[i] = map[string]Reading{}
		for u, v := range units {
			out[i][u] = Reading{Indicator: i, Unit: u, Value: v}
		}
	}
	return out
}

// TestScores: what makes a score, and what keeps a unit from having one.
func TestScores(t *testing.T) {
	rate := &Growth{Reference: 10, Step: 1, Points: 1, Base: 80, Cap: 96}
	s := Scheme{Floor: 0, Cap: 120, Parts: []Part{
		{Indicator: "a", Weight: 30, Function: LinearFunction, Low: new(float64(0)), High: new(float64(100)), Level: 1},
		{Indicator: "b", Weight: 70, Function: ExponentialFunction, Level: 1, Growth: 1, Rate: rate},
	}}
	members := []Member{{"1", "x"}, {"2", "x"}, {"3", "x"}, {"4", "y"}, {"5", "x"}}
	sh := Shelf{
		Now:    shelf(map[string]map[string]float64{"a": {"1": 50, "2": 100, "3": 20, "4": 10, "5": 10}, "b": {"1": 10, "2": 20, "4": 10, "5": 15}}),
		Before: shelf(map[string]map[string]float64{"b": {"1": 10, "2": 10, "4": 9}}),
		Why:    map[string]map[string]pack.Text{"b": {"3": {ZH: "只公布了界限"}}},
	}
	got := Scores(s, members, sh)
	one := got[0]
	// a: 60 + 40·0.5 = 80; b: level 60 at the peers' worst, growth 0 % → 70; (60 + 70) / 2 = 65; 0.3·80 + 0.7·65
	if one.Score == nil || math.Abs(*one.Score-69.5) > 1e-9 || one.Covered != 100 || *one.Parts[1].Low != 10 || one.Parts[1].HighOf != "2" {
		t.Errorf("unit 1: %+v", one)
	}
	two := got[1] // a: 100; b: level 100, growth 100 % → 96 by the cap
	if two.Score == nil || math.Abs(*two.Score-(.3*100+.7*98)) > 1e-9 {
		t.Errorf("unit 2: %+v", two)
	}
	for n, why := range map[int]string{2: "只公布了界限", 3: "比不出高低", 4: "没有上年同期"} {
		r := got[n]
		if r.Score != nil || !strings.Contains(r.Why.ZH, why) || r.Covered != 30 {
			t.Errorf("unit %s: %+v; want no score, for %q", r.Unit, r, why)
		}
	}
	for _, r := range got {
		if r.Rank != 0 {
			t.Errorf("unit %s is ranked by a rule that ranks nobody", r.Unit)
		}
	}
	s.Ranking = true
	got = Scores(s, members, sh)
	if got[0].Rank != 2 || got[0].Of != 2 || got[1].Rank != 1 || got[2].Rank != 0 {
		t.Errorf("ranks %d of %d, %d, %d", got[0].Rank, got[0].Of, got[1].Rank, got[2].Rank)
	}
}

// plainScore is the second implementation: one unit's score written out from the
// formulas, without sharing a line with the first. The bool is false for no score.
func plainScore(s Scheme, m Member, members []Member, sh Shelf) (float64, bool) {
	sum, weights := 0.0, 0.0
	for _, p := range s.Parts {
		if _, ok := sh.Now[p.Indicator][m.Unit]; !ok {
			return 0, false
		}
		level, ok := plainLevel(s, p, m, members, sh)
		if p.Level > 0 && !ok {
			return 0, false
		}
		growth, ok := plainGrowth(p, m, sh)
		if p.Growth > 0 && !ok {
			return 0, false
		}
		sum += p.Weight * (level*p.Level + growth*p.Growth) / (p.Level + p.Growth)
		weights += p.Weight
	}
	return sum / weights, true
}

func plainLevel(s Scheme, p Part, m Member, members []Member, sh Shelf) (float64, bool) {
	var values []float64
	for _, o := range members {
		if r, ok := sh.Now[p.Indicator][o.Unit]; ok && o.Group == m.Group {
			values = append(values, r.Value)
		}
	}
	slices.Sort(values)
	low, high := values[0], values[len(values)-1]
	if sh.Down[p.Indicator] {
		low, high = high, low
	}
	if p.Low != nil {
		low, high = *p.Low, *p.High
	}
	if low == high {
		return 0, false
	}
	share := (sh.Now[p.Indicator][m.Unit].Value - low) / (high - low)
	points := 60 + share*40
	if p.Function == ExponentialFunction {
		points = 60 * math.Pow(100.0/60, share)
	}
	return math.Min(s.Cap, math.Max(s.Floor, points)), true
}

func plainGrowth(p Part, m Member, sh Shelf) (float64, bool) {
	old, ok := sh.Before[p.Indicator][m.Unit]
	if !ok || old.Value <= 0 || p.Rate == nil {
		return 0, false
	}
	percent := (sh.Now[p.Indicator][m.Unit].Value/old.Value - 1) * 100
	if sh.Down[p.Indicator] {
		percent *= -1
	}
	points := p.Rate.Base + (percent-p.Rate.Reference)*(p.Rate.Points/p.Rate.Step)
	return math.Max(0, math.Min(p.Rate.Cap, points)), true
}

// TestAgainstPlain: on a thousand random schemes both implementations say the same.
func TestAgainstPlain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1458, 38))
	scored := 0
	for round := range 1000 {
		s := Scheme{Floor: float64(rnd.IntN(50)), Cap: 100 + float64(rnd.IntN(30)), Ranking: rnd.IntN(2) == 0}
		sh := Shelf{Now: map[string]map[string]Reading{}, Before: map[string]map[string]Reading{}, Down: map[string]bool{}}
		var members []Member
		for n := range 2 + rnd.IntN(10) {
			members = append(members, Member{strconv.Itoa(n), strconv.Itoa(rnd.IntN(2))})
		}
		for k := range 1 + rnd.IntN(4) {
			p := Part{Indicator: "i" + strconv.Itoa(k), Weight: 1 + float64(rnd.IntN(40)), Function: []string{LinearFunction, ExponentialFunction}[rnd.IntN(2)], Level: float64(rnd.IntN(3)), Growth: float64(rnd.IntN(3))}
			if p.Level+p.Growth == 0 {
				p.Level = 1
			}
			if p.Growth > 0 {
				p.Rate = &Growth{Reference: float64(rnd.IntN(20)), Step: .5, Points: rnd.Float64(), Base: 80, Cap: 96}
			}
			if rnd.IntN(3) == 0 {
				p.Low, p.High = new(float64(rnd.IntN(10))), new(float64(20+rnd.IntN(10)))
			}
			s.Parts = append(s.Parts, p)
			sh.Down[p.Indicator] = rnd.IntN(4) == 0
			now, before := map[string]Reading{}, map[string]Reading{}
			for _, m := range members {
				if rnd.IntN(12) > 0 {
					now[m.Unit] = Reading{Value: float64(rnd.IntN(60)) / 2}
				}
				if rnd.IntN(12) > 0 {
					before[m.Unit] = Reading{Value: float64(rnd.IntN(60)) / 2}
				}
			}
			sh.Now[p.Indicator], sh.Before[p.Indicator] = now, before
		}
		for n, r := range Scores(s, members, sh) {
			want, ok := plainScore(s, members[n], members, sh)
			if ok != (r.Score != nil) {
				t.Fatalf("round %d, unit %s: %+v; the plain one says %g, %t", round, r.Unit, r, want, ok)
			}
			if !ok {
				if r.Why.ZH == "" || r.Why.EN == "" || r.Covered >= 100 || r.Rank != 0 {
					t.Fatalf("round %d, unit %s: no score and no reason: %+v", round, r.Unit, r)
				}
				continue
			}
			scored++
			if math.Abs(*r.Score-want) > 1e-9 {
				t.Fatalf("round %d, unit %s: %.12f; the plain one says %.12f", round, r.Unit, *r.Score, want)
			}
			sum := 0.0
			for _, p := range r.Parts {
				sum += *p.Points
			}
			if math.Abs(sum-*r.Score) > 1e-9 {
				t.Fatalf("round %d, unit %s: parts add up to %g, not %g", round, r.Unit, sum, *r.Score)
			}
		}
	}
	if scored < 1000 {
		t.Errorf("only %d scores were compared", scored)
	}
}
