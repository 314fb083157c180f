package plan

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
)

// Rules by which a target is split among districts or departments.
const (
	EqualShare   = "equal"        // the same amount each
	EqualGrowth  = "growth"       // the same growth over each one's own value
	Proportional = "proportional" // in proportion to each one's own value
	Capability   = "capability"   // in proportion to another indicator
)

// Share is one part of a decomposition, in the target's indicator's unit.
type Share struct {
	Key  string  `json:"key"` // year, or unit's code
	ZH   string  `json:"zh"`
	EN   string  `json:"en"`
	Base float64 `json:"base"` // where it starts
	Want float64 `json:"want"`
}

// Decomposition is a target split over years or units. The shares add up to
// Total exactly.
type Decomposition struct {
	Target         string  `json:"target"`
	Rule           string  `json:"rule"`
	Unit           string  `json:"unit"`
	Total          float64 `json:"total"`
	Shares         []Share `json:"shares"`
	Declared       float64 `json:"declared,omitempty"`       // sum of what the parts have promised themselves
	Overcommitment float64 `json:"overcommitment,omitempty"` // Declared over Total; 1 is exact, 0 when nothing is declared
}

// apportion splits total in proportion to weights, each share rounded to places
// digits after the point, so that the shares add up to total rounded alike.
//
//   - weights: at least one, none negative or infinite, not all zero.
//   - Errors: fault.Invalid when they are not so.
//   - Source: largest remainder method (Hamilton); ties go to the earlier share.
func apportion(total float64, weights []float64, places int) ([]float64, error) {
	sum := 0.0
	for _, w := range weights {
		if w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, fault.Say(fault.Invalid, "权重 %v 不对，应为不小于 0 的数。", "weight %v is not a number from 0 on", w)
		}
		sum += w
	}
	if sum == 0 {
		return nil, fault.Say(fault.Invalid, "权重合计为零，无法分解。", "the weights add up to nothing, so nothing can be split by them")
	}
	unit := math.Pow10(places)
	whole := math.Round(total * unit)
	out := make([]float64, len(weights))
	rest := make([]float64, len(weights))
	order := make([]int, len(weights))
	left := whole
	for i, w := range weights {
		exact := whole * w / sum
		out[i] = math.Floor(exact)
		rest[i], order[i] = exact-out[i], i
		left -= out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for i := 0; left > 0.5; i++ {
		out[order[i%len(order)]]++
		left--
	}
	for i := range out {
		out[i] /= unit
	}
	return out, nil
}

// places says how finely a target's indicator is split: whole things are not cut.
func places(i observation.Indicator) int {
	if i.Unit.IsPercent() || i.Nature == observation.Ratio || i.Nature == observation.Index || i.Unit.Exp() != 0 {
		return 2
	}
	return 0
}

// byYears splits the way from baseline to target over the plan's years along its path.
func byYears(st Status) (Decomposition, error) {
	d := Decomposition{Target: st.Target.ID, Rule: string(st.Path.Shape), Unit: st.Indicator.Unit.String(), Total: st.Want}
	if !st.HasBase || st.Path.Shape == "" {
		return d, fault.Say(fault.Invalid, "目标 %s 没有基期值或路径，不能按年分解。", "target %s has no baseline or no path, so it cannot be split over years", st.Target.ID)
	}
	l, err := newLine(st.Path, st.BaseDate, st.Target.Due.Last(), st.BaseValue, st.Want)
	if err != nil {
		return d, err
	}
	var ends []time.Time
	var steps []float64
	last := st.BaseValue
	for y := st.BaseDate.Year(); y <= st.Target.Due.Last().Year(); y++ {
		end := time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC)
		if !end.After(st.BaseDate) {
			continue
		}
		ends = append(ends, end)
		steps = append(steps, math.Abs(l.at(end)-last))
		last = l.at(end)
	}
	parts, err := apportion(math.Abs(st.Want-st.BaseValue), steps, places(st.Indicator))
	if err != nil {
		return d, err
	}
	at := st.BaseValue
	for i, end := range ends {
		from := at
		at += math.Copysign(parts[i], st.Want-st.BaseValue)
		year := end.Format("2006")
		d.Shares = append(d.Shares, Share{Key: year, ZH: year, EN: year, Base: from, Want: round(at, places(st.Indicator))})
	}
	return d, nil
}

func round(x float64, places int) float64 {
	unit := math.Pow10(places)
	return math.Round(x*unit) / unit
}

// part is one unit among which a target is split.
type part struct {
	share      Share
	has        bool    // Base is known
	capability float64 // for Capability
	capable    bool
}

// byUnits splits a target among units by a named rule.
func byUnits(st Status, rule string, parts []part) (Decomposition, error) {
	d := Decomposition{Target: st.Target.ID, Rule: rule, Unit: st.Indicator.Unit.String(), Total: st.Want}
	weights := make([]float64, len(parts))
	missing := 0
	for i, p := range parts {
		switch rule {
		case EqualShare:
			weights[i] = 1
		case Proportional, EqualGrowth:
			weights[i] = p.share.Base
			missing += count(!p.has)
		case Capability:
			weights[i] = p.capability
			missing += count(!p.capable)
		default:
			return d, fault.New(fault.Invalid, "rule %q is not one of equal, growth, proportional, capability", rule)
		}
	}
	if missing > 0 {
		return d, fault.New(fault.Invalid, "rule %s needs a number of each of the %d units; %d have none. Import them first, or split with rule equal", rule, len(parts), missing)
	}
	total := st.Want
	if rule == EqualGrowth { // the parts' own growth; what the whole has beyond its parts stays with it
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		if !st.HasBase || st.BaseValue == 0 {
			return d, fault.New(fault.Invalid, "rule growth needs a baseline of target %s", st.Target.ID)
		}
		total = sum * st.Want / st.BaseValue
	}
	got, err := apportion(total, weights, places(st.Indicator))
	if err != nil {
		return d, err
	}
	d.Total = round(total, places(st.Indicator))
	for i, p := range parts {
		p.share.Want = got[i]
		d.Shares = append(d.Shares, p.share)
	}
	return d, nil
}

// Split says how a target is to be split.
type Split struct {
	By     string // years (along its path, also when empty), districts or departments
	Rule   string // of districts and departments
	Weight string // indicator that rule capability goes by
	Among  string // codes of the departments, separated by commas
}

// Decompose splits a target.
func (s *Service) Decompose(ctx context.Context, st Status, how Split) (Decomposition, error) {
	var d Decomposition
	var err error
	switch how.By {
	case "", "years":
		d, err = byYears(st)
	case "districts", "departments":
		var parts []part
		if parts, err = s.parts(ctx, st, how); err == nil {
			d, err = byUnits(st, how.Rule, parts)
		}
	default:
		err = fault.New(fault.Invalid, "a target is split by years, districts or departments, not by %q", how.By)
	}
	if err != nil {
		return d, err
	}
	return d, s.overcommit(ctx, st, &d)
}

// among lists the units that a target is split among: the city's districts, or
// the departments that are named, since not every body of the city has a part.
func (s *Service) among(ctx context.Context, how Split) ([]org.Unit, error) {
	if how.By != "departments" {
		return s.Units.Districts(ctx)
	}
	if how.Among == "" {
		return nil, fault.New(fault.Invalid, "a split by departments names them in among, such as kjj,jjxx")
	}
	var out []org.Unit
	for id := range strings.SplitSeq(how.Among, ",") {
		u, err := s.Units.Unit(ctx, strings.TrimSpace(id))
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

func (s *Service) parts(ctx context.Context, st Status, how Split) ([]part, error) {
	units, err := s.among(ctx, how)
	if err != nil {
		return nil, err
	}
	out := make([]part, 0, len(units))
	for _, u := range units {
		p := part{share: Share{Key: u.ID, ZH: u.ZH, EN: u.EN}}
		if p.share.Base, p.has, err = s.newestValue(ctx, st.Indicator.ID, u.ID); err != nil {
			return nil, err
		}
		if how.Rule == Capability {
			if p.capability, p.capable, err = s.newestValue(ctx, how.Weight, u.ID); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func (s *Service) newestValue(ctx context.Context, indicator, unit string) (float64, bool, error) {
	series, err := s.Readings.Series(ctx, indicator, unit, s.now())
	if err != nil {
		return 0, false, err
	}
	o, ok := series.Latest()
	if !ok {
		return 0, false, nil
	}
	v, ok := o.Value(series.Indicator.Unit)
	return v, ok, nil
}

// overcommit adds what the parts have promised: targets of the plan whose parent
// is this one.
func (s *Service) overcommit(ctx context.Context, st Status, d *Decomposition) error {
	p, err := s.Plan(ctx, s.now())
	if err != nil {
		return err
	}
	for _, t := range p.Targets {
		if t.Parent != st.Target.ID {
			continue
		}
		if v, ok := (observation.Observation{Quantity: t.Want}).Value(st.Indicator.Unit); ok {
			d.Declared += v
		}
	}
	d.Overcommitment = d.Declared / st.Want
	return nil
}
