package evaluation

import (
	"math"

	"yuzhou/kernel/fault"
)

// Linear returns the linear efficacy score of x.
//
//   - x, low, high: in the indicator's unit; low is the value that is not allowed
//     (不允许值), high the one that satisfies (满意值); high < low where less is better.
//   - Result: points, 60 at low, 100 at high, unbounded beyond both.
//   - Errors: fault.Invalid when low equals high or a number is not finite.
//   - Source: linear efficacy function 60 + 40·(x−low)/(high−low).
func Linear(x, low, high float64) (float64, error) {
	share, err := distance(x, low, high)
	return 60 + 40*share, err
}

// Exponential returns the exponential efficacy score of x, which rewards the last
// stretch to the satisfying value more than the first.
//
//   - x, low, high: as of Linear.
//   - Result: points, 60 at low, 100 at high.
//   - Errors: as of Linear.
//   - Source: exponential efficacy function A·e^(B·share), with A and B such that it
//     is 60 at low and 100 at high: 60·e^(−ln 0.6·(x−low)/(high−low)).
func Exponential(x, low, high float64) (float64, error) {
	share, err := distance(x, low, high)
	return 60 * math.Exp(-math.Log(0.6)*share), err
}

// distance is how far x has come from low to high: 0 at low, 1 at high.
func distance(x, low, high float64) (float64, error) {
	for _, v := range []float64{x, low, high} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fault.New(fault.Invalid, "a value or a goalpost is no finite number")
		}
	}
	if low == high {
		return 0, fault.New(fault.Invalid, "both goalposts are %g; nothing can be told apart between them", low)
	}
	return (x - low) / (high - low), nil
}

// Growth is how a yearly growth is scored.
type Growth struct {
	Reference float64 `json:"reference" doc:"yearly growth that earns the base, in percent"`
	Step      float64 `json:"step" doc:"percentage points"`
	Points    float64 `json:"points" doc:"for every step above the reference, and off for every step below"`
	Base      float64 `json:"base" doc:"points"`
	Cap       float64 `json:"cap" doc:"most points"`
}

// Score returns the points of a yearly growth.
//
//   - growth: percent a year.
//   - Result: points in [0, Cap].
//   - Source: growth against a reference, ±points per step, capped at 120 % of the
//     base, as Yangzhou scored its services in 2022.
func (g Growth) Score(growth float64) float64 {
	return min(max(g.Base+g.Points*(growth-g.Reference)/g.Step, 0), g.Cap)
}
