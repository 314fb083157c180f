package evaluation

import (
	"fmt"
	"slices"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// The functions by which a level is scored, and whom a unit is compared with.
const (
	LinearFunction      = "linear"
	ExponentialFunction = "exponential"
	ByRegion            = "region" // the groups that org names
	ByAll               = "all"
)

// Scheme is a published scoring rule.
type Scheme struct {
	pack.Text
	ID      string    `json:"id"`
	Version int       `json:"version" readOnly:"true"`
	Kinds   []string  `json:"kinds" doc:"kinds of units that are scored"`
	Peers   string    `json:"peers" enum:"region,all"`
	Ranking bool      `json:"ranking" doc:"false: nobody is put in an order"`
	Floor   float64   `json:"floor" doc:"fewest points of a level"`
	Cap     float64   `json:"cap" doc:"most points of a level"`
	Source  pack.Text `json:"source" doc:"where the rule comes from"`
	Parts   []Part    `json:"parts"`
}

// Part is how one indicator counts.
type Part struct {
	Indicator string   `json:"indicator"`
	Weight    float64  `json:"weight"`
	Function  string   `json:"function" enum:"linear,exponential"`
	Low       *float64 `json:"low,omitempty" doc:"value that is not allowed; absent: the worst of the peers"`
	High      *float64 `json:"high,omitempty" doc:"value that satisfies; absent: the best of the peers"`
	Level     float64  `json:"level" doc:"weight of the level within the indicator"`
	Growth    float64  `json:"growth" doc:"weight of the growth within the indicator"`
	Rate      *Growth  `json:"rate,omitempty" doc:"how the growth is scored"`
}

// Reading is one number that a score may rest on.
type Reading struct {
	Indicator string        `json:"indicator"`
	Unit      string        `json:"unit"`
	Period    period.Period `json:"period"`
	Value     float64       `json:"value" doc:"in the indicator's unit"`
	Name      string        `json:"name,omitempty" doc:"resolvable, with its vintage"`
	Page      string        `json:"page,omitempty"`
	Status    string        `json:"status,omitempty"`
	Demo      bool          `json:"demo,omitempty"`
}

// Member is a unit that is scored.
type Member struct {
	Unit  string
	Group string // that it is compared within
}

// Shelf is the numbers that an evaluation rests on.
type Shelf struct {
	Now    map[string]map[string]Reading // by indicator and unit: all of one period for an indicator
	Before map[string]map[string]Reading // of the same period a year earlier
	Down   map[string]bool               // indicators of which less is better
	Why    map[string]map[string]pack.Text
}

// Result is a unit's score with how it came about.
type Result struct {
	Unit    string    `json:"unit"`
	Group   string    `json:"group" doc:"that it is compared within"`
	Score   *float64  `json:"score" doc:"points; null when a part has none"`
	Covered float64   `json:"covered" doc:"percent of the weights that could be scored"`
	Rank    int       `json:"rank,omitempty" doc:"within the group; absent while the rule ranks nobody"`
	Of      int       `json:"of,omitempty" doc:"how many of the group have a score"`
	Why     pack.Text `json:"why,omitzero" doc:"why there is no score"`
	Parts   []Share   `json:"parts"`
	Demo    bool      `json:"demo,omitempty" doc:"rests on generated numbers"`
}

// Share is what one indicator gives to a score.
type Share struct {
	Indicator string    `json:"indicator"`
	Weight    float64   `json:"weight"`
	Function  string    `json:"function"`
	Reading   *Reading  `json:"reading" doc:"null when nothing was published"`
	Earlier   *Reading  `json:"earlier,omitempty" doc:"a year before"`
	Low       *float64  `json:"low,omitempty"`
	High      *float64  `json:"high,omitempty"`
	LowOf     string    `json:"low_of,omitempty" doc:"unit whose value is the goalpost; empty: it is set by the rule"`
	HighOf    string    `json:"high_of,omitempty"`
	Level     *float64  `json:"level,omitempty" doc:"points of the level"`
	Growing   *float64  `json:"growing,omitempty" doc:"yearly growth in percent"`
	Growth    *float64  `json:"growth,omitempty" doc:"points of the growth"`
	Score     *float64  `json:"score" doc:"points of the indicator; null when it cannot be said"`
	Points    *float64  `json:"points,omitempty" doc:"what it adds to the total"`
	Why       pack.Text `json:"why,omitzero" doc:"why there is no score"`
}

func because(zh, en string, args ...any) pack.Text {
	return pack.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}
}

// Scores evaluates units by a scheme, in the order of members. It is a pure
// function: the same numbers give the same scores.
//
//   - Result: one for each member. A unit of which one part cannot be scored has no
//     score, for a total over fewer indicators could not be compared; what it has
//     is shown with the share of the weights that it covers.
func Scores(s Scheme, members []Member, shelf Shelf) []Result {
	out := make([]Result, 0, len(members))
	weights := 0.0
	for _, p := range s.Parts {
		weights += p.Weight
	}
	for _, m := range members {
		r := Result{Unit: m.Unit, Group: m.Group}
		total, covered := 0.0, 0.0
		for _, p := range s.Parts {
			share := s.share(p, m, members, shelf)
			if share.Score != nil {
				points := *share.Score * p.Weight / weights
				share.Points = &points
				total += points
				covered += p.Weight
			} else if r.Why.ZH == "" {
				r.Why = share.Why
			}
			r.Demo = r.Demo || share.Reading != nil && share.Reading.Demo
			r.Parts = append(r.Parts, share)
		}
		r.Covered = 100 * covered / weights
		if covered == weights {
			r.Score, r.Why = &total, pack.Text{}
		}
		out = append(out, r)
	}
	if s.Ranking {
		rank(out)
	}
	return out
}

// rank numbers the scores within each group; equal scores share a rank.
func rank(all []Result) {
	for n := range all {
		if all[n].Score == nil {
			continue
		}
		all[n].Rank = 1
		for _, other := range all {
			if other.Group != all[n].Group || other.Score == nil {
				continue
			}
			all[n].Of++
			if *other.Score > *all[n].Score {
				all[n].Rank++
			}
		}
	}
}

// share scores one indicator of one unit.
func (s Scheme) share(p Part, m Member, members []Member, shelf Shelf) Share {
	out := Share{Indicator: p.Indicator, Weight: p.Weight, Function: p.Function}
	now, ok := shelf.Now[p.Indicator][m.Unit]
	if !ok {
		out.Why = because("没有公布过的数字", "no published number")
		if why, said := shelf.Why[p.Indicator][m.Unit]; said {
			out.Why = why
		}
		return out
	}
	out.Reading = &now
	score := 0.0
	if p.Level > 0 {
		if out.Why = s.level(p, m, members, shelf, &out); out.Level == nil {
			return out
		}
		score += p.Level * *out.Level
	}
	if p.Growth > 0 && p.Rate != nil {
		if out.Why = grown(p, m, shelf, &out); out.Growth == nil {
			return out
		}
		score += p.Growth * *out.Growth
	}
	score /= p.Level + p.Growth
	out.Score = &score
	return out
}

// level scores the level; a reason means that it could not.
func (s Scheme) level(p Part, m Member, members []Member, shelf Shelf, out *Share) pack.Text {
	goalposts(p, m, members, shelf, out)
	if out.Low == nil || out.High == nil {
		return because("同组不到两个单位有数字，比不出高低", "fewer than two of its peers have a number: there is nothing to compare with")
	}
	function := Linear
	if p.Function == ExponentialFunction {
		function = Exponential
	}
	points, err := function(out.Reading.Value, *out.Low, *out.High)
	if err != nil {
		return because("同组各单位数字相同，分不出高低", "all of its peers have the same number: nothing can be told apart")
	}
	points = min(max(points, s.Floor), s.Cap)
	out.Level = &points
	return pack.Text{}
}

// goalposts finds what a level is measured between: what the rule sets, or the
// worst and the best of the peers.
func goalposts(p Part, m Member, members []Member, shelf Shelf, out *Share) {
	if p.Low != nil && p.High != nil {
		out.Low, out.High = p.Low, p.High
		return
	}
	var peers []Reading
	for _, other := range members {
		if r, ok := shelf.Now[p.Indicator][other.Unit]; ok && other.Group == m.Group {
			peers = append(peers, r)
		}
	}
	if len(peers) < 2 {
		return
	}
	less := func(a, b Reading) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	}
	worst, best := slices.MinFunc(peers, less), slices.MaxFunc(peers, less)
	if shelf.Down[p.Indicator] {
		worst, best = best, worst
	}
	out.Low, out.High, out.LowOf, out.HighOf = &worst.Value, &best.Value, worst.Unit, best.Unit
}

// grown scores the growth since a year before; a reason means that it could not.
func grown(p Part, m Member, shelf Shelf, out *Share) pack.Text {
	before, ok := shelf.Before[p.Indicator][m.Unit]
	if !ok {
		return because("没有上年同期的数字，算不出增速", "no number of a year before: there is no growth")
	}
	out.Earlier = &before
	if before.Value <= 0 {
		return because("上年同期是 %g，算不出增速", "the number of a year before is %g: there is no growth", before.Value)
	}
	rate := 100 * (out.Reading.Value - before.Value) / before.Value
	growth := rate
	if shelf.Down[p.Indicator] {
		growth = -rate // a fall is what is wanted
	}
	points := p.Rate.Score(growth)
	out.Growing, out.Growth = &rate, &points
	return pack.Text{}
}
