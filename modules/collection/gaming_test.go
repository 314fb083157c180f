package collection

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"yuzhou/kernel/period"
)

// TestTails: against tables of the distributions.
func TestTails(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"χ² 9, 16.919", chiSquareTail(16.918977604620448, 9), 0.05},
		{"χ² 9, 21.666", chiSquareTail(21.665994333461924, 9), 0.01},
		{"χ² 1, 3.841", chiSquareTail(3.841458820694124, 1), 0.05},
		{"χ² 2, 2", chiSquareTail(2, 2), math.Exp(-1)},
		{"χ² 9, 3.325", chiSquareTail(3.325112843066815, 9), 0.95},
		{"χ² 9, 0", chiSquareTail(0, 9), 1},
		{"10 of 10", binomialTail(10, 10, 0.5), 1.0 / 1024},
		{"9 of 10", binomialTail(10, 9, 0.5), 11.0 / 1024},
		{"none", binomialTail(10, 0, 0.1), 1},
		{"1 of 10", binomialTail(10, 1, 0.1), 1 - math.Pow(0.9, 10)},
	} {
		if math.Abs(tt.got-tt.want) > 1e-10 {
			t.Errorf("%s: %.12f, want %.12f", tt.name, tt.got, tt.want)
		}
	}
}

func quarters(t *testing.T, stock bool, first string, values ...float64) []Point {
	t.Helper()
	p, err := period.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	var out []Point
	for i, x := range values {
		out = append(out, Point{Cell: Cell{"a", "500000"}, Period: p.Add(i), Value: x, Stock: stock})
	}
	return out
}

// TestGamingSeries: spikes at deadlines and what is lost again after them.
func TestGamingSeries(t *testing.T) {
	for _, tt := range []struct {
		name            string
		points          []Point
		spike, reversal string
		n               int
	}{
		{"steady stock", quarters(t, true, "2022-Q1", 100, 110, 120, 130, 140, 150), Clear, Clear, 0},
		{"shells before the review, struck off after", quarters(t, true, "2022-Q1", 100, 110, 120, 131, 141, 151, 162, 262, 190), Notable, Notable, 1},
		{"a spike that stays", quarters(t, true, "2022-Q1", 100, 110, 120, 131, 141, 151, 162, 262, 270), Notable, Clear, 1},
		{"a rise in the middle of a year", quarters(t, true, "2022-Q1", 100, 110, 120, 130, 240, 250), Clear, Clear, 0},
		{"a flow pushed into the last quarter", quarters(t, false, "2022-Q1", 10, 11, 9, 80, 2), Notable, Notable, 1},
		{"too short", quarters(t, true, "2022-Q3", 100, 200), CannotSay, CannotSay, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Gaming(tt.points)
			if len(got) != 5 || got[0].Verdict != tt.spike || got[1].Verdict != tt.reversal || len(got[0].Instances) != tt.n {
				t.Errorf("%+v\n%+v", got[0], got[1])
			}
			for _, s := range got {
				if s.Text.ZH == "" || s.Text.EN == "" {
					t.Errorf("%s says nothing", s.Test)
				}
			}
		})
	}
}

// made are n numbers of four digits, each put through fn.
func made(n int, fn func(i int, x float64) float64) []Point {
	r := rand.New(rand.NewPCG(1, 2))
	year := period.Of(period.Period{}.Start(), period.Annual)
	var out []Point
	for i := range n {
		out = append(out, Point{Cell: Cell{fmt.Sprint("i", i), "500000"}, Period: year, Value: fn(i, float64(1000+r.IntN(9000)))})
	}
	return out
}

// TestGamingDigits: invented numbers shun some digits; honest ones pass.
func TestGamingDigits(t *testing.T) {
	hit := 5000.0
	for _, tt := range []struct {
		name                string
		points              []Point
		digits, round, hits string
	}{
		{"honest", made(400, func(_ int, x float64) float64 { return x }), Clear, Clear, CannotSay},
		{"rounded to tens", made(400, func(i int, x float64) float64 {
			if i%4 == 0 {
				return math.Round(x/10) * 10
			}
			return x
		}), Notable, Notable, CannotSay},
		{"a favourite digit", made(400, func(i int, x float64) float64 {
			if i%4 == 0 {
				return math.Floor(x/10)*10 + 7
			}
			return x
		}), Notable, Clear, CannotSay},
		{"too few", made(49, func(_ int, x float64) float64 { return x }), CannotSay, CannotSay, CannotSay},
		{"fractions and small numbers are left out", made(400, func(i int, x float64) float64 { return []float64{x + 0.5, 99}[i%2] }), CannotSay, CannotSay, CannotSay},
		{"all on target", func() []Point {
			p := made(20, func(int, float64) float64 { return hit })
			for i := range p {
				p[i].Target = &hit
			}
			return p
		}(), CannotSay, CannotSay, Notable},
		{"as often just below", func() []Point {
			p := made(20, func(i int, _ float64) float64 { return hit + float64(i%2*2-1) })
			for i := range p {
				p[i].Target = &hit
			}
			return p
		}(), CannotSay, CannotSay, Clear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Gaming(tt.points)
			if got[2].Verdict != tt.digits || got[3].Verdict != tt.round || got[4].Verdict != tt.hits {
				t.Errorf("%s %s %s: %+v", got[2].Verdict, got[3].Verdict, got[4].Verdict, got[2:])
			}
		})
	}
	if got := Gaming(made(400, func(_ int, x float64) float64 { return x })); !strings.Contains(got[2].Text.EN, "χ²") {
		t.Errorf("the arithmetic is not shown: %s", got[2].Text.EN)
	}
}

// TestGamingFalseAlarms: among honest numbers the tests of digits are notable
// about as often as their threshold says.
func TestGamingFalseAlarms(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	alarms := 0
	for range 1000 {
		points := made(200, func(int, float64) float64 { return float64(1000 + r.IntN(9000)) })
		if lastDigits(points).Verdict == Notable {
			alarms++
		}
	}
	if alarms > 25 { // 10 expected at 1 %; 25 is beyond 4 standard deviations
		t.Errorf("%d false alarms in 1000", alarms)
	}
}
