package collection

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// The severities of a rule: an error keeps a number from being handed in, a
// warning until it has been explained.
const (
	Error   = "error"
	Warning = "warning"
)

// The kinds of rules.
const (
	RangeRule = "range"      // Min ≤ x ≤ Max; Whole: no digits after the point
	JumpRule  = "jump"       // |x / before − 1| ≤ Percent, against the last period or a year before
	SumRule   = "sum"        // Total = Σ Parts in one place, or a total place = Σ places of one indicator
	CrossRule = "cross"      // a formula over several indicators of one place
	FlowRule  = "stock_flow" // Total = the last one + Σ In − Σ Out
)

// city is the place that a sum over places is of, when Over says "places".
const overPlaces = "places"

// Rule is a check of numbers, as data. Which fields count is said beside the kinds.
type Rule struct {
	pack.Text
	ID         string    `json:"id"`
	Kind       string    `json:"kind" enum:"range,jump,sum,cross,stock_flow"`
	Severity   string    `json:"severity" enum:"error,warning"`
	Indicators []string  `json:"indicators" doc:"that it is about; * for all. Of sum and stock_flow the first is the total or the stock; of cross those that its formula names"`
	Min        *float64  `json:"min,omitempty"`
	Max        *float64  `json:"max,omitempty"`
	Whole      bool      `json:"whole,omitempty"`
	Percent    float64   `json:"percent,omitempty" doc:"of jump"`
	Against    string    `json:"against,omitempty" enum:"last,year" doc:"of jump: the last period (when empty) or the one a year before"`
	Parts      []string  `json:"parts,omitempty" doc:"of sum: indicators of the same place"`
	Over       string    `json:"over,omitempty" enum:"places" doc:"of sum, instead of parts: the city's number is the sum of the other places'"`
	In         []string  `json:"in,omitempty"`
	Out        []string  `json:"out,omitempty"`
	Formula    string    `json:"formula,omitempty" doc:"of cross, in CEL over data.now, data.last and data.year: data.now['st.hte'] <= data.now['st.sti_firms']"`
	Tolerance  float64   `json:"tolerance,omitempty" doc:"of sum and stock_flow, in the total's unit"`
	Source     pack.Text `json:"source" doc:"who says so"`
}

// Cell names a number on a form: which indicator, whose.
type Cell struct {
	Indicator string `json:"indicator"`
	Place     string `json:"place"`
}

// Facts is what the rules look at: numbers in their indicators' units. A number
// that is not there is missing from its map; a rule that needs it says nothing.
type Facts struct {
	City string               // the place that sums over places are of
	Now  map[Cell]float64     // as filled in, or held already for this period
	Last map[Cell]float64     // of the period before
	Year map[Cell]float64     // of the same period a year before
	Name func(Cell) pack.Text // for people
}

// Finding is what a rule has to say of a number.
type Finding struct {
	Cell
	Rule     string    `json:"rule"`
	Severity string    `json:"severity"`
	Text     pack.Text `json:"text" doc:"what is unusual, with the arithmetic"`
}

// valid says what is wrong with a rule: fault.Invalid.
func (r Rule) valid() error {
	need := map[string]bool{
		RangeRule: r.Min != nil || r.Max != nil || r.Whole, JumpRule: r.Percent > 0,
		SumRule: (len(r.Parts) > 0) != (r.Over == overPlaces), CrossRule: r.Formula != "", FlowRule: len(r.In)+len(r.Out) > 0,
	}
	enough, known := need[r.Kind]
	switch {
	case r.ID == "":
		return fault.New(fault.Invalid, "a rule has no id")
	case !known:
		return fault.New(fault.Invalid, "rule %s: kind %q is not one of range, jump, sum, cross, stock_flow", r.ID, r.Kind)
	case r.Severity != Error && r.Severity != Warning:
		return fault.New(fault.Invalid, "rule %s: severity %q is neither error nor warning", r.ID, r.Severity)
	case len(r.Indicators) == 0:
		return fault.New(fault.Invalid, "rule %s: indicators is empty; name those it is about, or *", r.ID)
	case !enough:
		return fault.New(fault.Invalid, "rule %s lacks what a rule of kind %s needs: range min, max or whole; jump percent; sum parts or over: places; cross formula; stock_flow in or out", r.ID, r.Kind)
	case r.Min != nil && r.Max != nil && *r.Min > *r.Max:
		return fault.New(fault.Invalid, "rule %s: min %g is above max %g", r.ID, *r.Min, *r.Max)
	case r.ZH == "":
		return fault.New(fault.Invalid, "rule %s: zh is missing; say what the rule is", r.ID)
	}
	if r.Kind == CrossRule {
		if _, err := guard.Condition(r.Formula); err != nil {
			return fault.New(fault.Invalid, "rule %s: formula: %v", r.ID, err)
		}
	}
	return nil
}

// named are all indicators that a rule names, for checks of references.
func (r Rule) named() []string {
	return slices.DeleteFunc(slices.Concat(r.Indicators, r.Parts, r.In, r.Out), func(s string) bool { return s == "*" })
}

// Check applies the rules to a form.
//
//   - Result: findings by place, indicator and rule; none when all is usual.
//   - A rule whose numbers are not all there finds nothing; a formula that fails is
//     a warning that says so.
//   - Relative tolerance of sums beside Rule.Tolerance: 1e-9.
func Check(rules []Rule, f Facts) []Finding {
	var out []Finding
	for _, r := range rules {
		switch r.Kind {
		case RangeRule, JumpRule:
			for c := range f.Now {
				if slices.Contains(r.Indicators, "*") || slices.Contains(r.Indicators, c.Indicator) {
					out = append(out, r.alone(f, c)...)
				}
			}
		case SumRule:
			out = append(out, r.sums(f)...)
		case CrossRule:
			out = append(out, r.cross(f)...)
		case FlowRule:
			out = append(out, r.flows(f)...)
		}
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

// find is a finding of the rule about a number, with its arithmetic.
func (r Rule) find(c Cell, zh, en string, args ...any) []Finding {
	name := r.Text
	if name.EN == "" {
		name.EN = name.ZH
	}
	return []Finding{{Cell: c, Rule: r.ID, Severity: r.Severity, Text: pack.Text{ZH: name.ZH + "：" + fmt.Sprintf(zh, args...), EN: name.EN + ": " + fmt.Sprintf(en, args...)}}}
}

// alone checks a number by itself or against its own past.
func (r Rule) alone(f Facts, c Cell) []Finding {
	x := f.Now[c]
	if r.Kind == JumpRule {
		return r.jump(f, c, x)
	}
	switch {
	case r.Whole && x != math.Trunc(x):
		return r.find(c, "%s 不是整数", "%s is not a whole number", plain(x))
	case r.Min != nil && x < *r.Min:
		return r.find(c, "%s 小于下限 %s", "%s is below %s", plain(x), plain(*r.Min))
	case r.Max != nil && x > *r.Max:
		return r.find(c, "%s 大于上限 %s", "%s is above %s", plain(x), plain(*r.Max))
	}
	return nil
}

func (r Rule) jump(f Facts, c Cell, x float64) []Finding {
	past, zh, en := f.Last, "上期", "the period before"
	if r.Against == "year" {
		past, zh, en = f.Year, "上年同期", "the year before"
	}
	was, ok := past[c]
	switch {
	case !ok:
		return nil
	case was == 0 && x != 0:
		return r.find(c, zh+"为 0，本期为 %s", en+" had 0, this one has %s", plain(x))
	case was == 0:
		return nil
	}
	change := (x/was - 1) * 100
	if math.Abs(change) <= r.Percent+1e-9 { // 130 against 100 is +30 %, whatever floating point says
		return nil
	}
	return r.find(c, zh+" %s，本期 %s，变动 %+.1f%%，超过 ±%s%%", en+" %s, now %s: %+.1f%%, beyond ±%s%%", plain(was), plain(x), change, plain(r.Percent))
}

// sums checks totals against their parts, in every place where all are there.
func (r Rule) sums(f Facts) []Finding {
	var out []Finding
	for _, total := range r.Indicators {
		if r.Over == overPlaces {
			out = append(out, r.overPlaces(f, total)...)
			continue
		}
		for _, place := range places(f) {
			c := Cell{total, place}
			sum, text, ok := add(f.Now, place, r.Parts)
			if x, has := f.Now[c]; has && ok && !r.near(x, sum) {
				out = append(out, r.find(c, "合计 %s，分项 %s = %s，相差 %s", "the total is %s, the parts %s = %s: %s apart", plain(x), text, plain(sum), plain(x-sum))...)
			}
		}
	}
	return out
}

// overPlaces checks the city's number against the sum of the others'. It says
// nothing when there is only the city's.
func (r Rule) overPlaces(f Facts, indicator string) []Finding {
	c := Cell{indicator, f.City}
	x, ok := f.Now[c]
	sum, n := 0.0, 0
	for other, y := range f.Now {
		if other.Indicator == indicator && other.Place != f.City {
			sum += y
			n++
		}
	}
	if !ok || n == 0 || r.near(x, sum) {
		return nil
	}
	return r.find(c, "全市 %s，%d 个地区合计 %s，相差 %s", "the city has %s, %d places together %s: %s apart", plain(x), n, plain(sum), plain(x-sum))
}

// flows checks stocks against the one before and what came and went.
func (r Rule) flows(f Facts) []Finding {
	var out []Finding
	for _, stock := range r.Indicators {
		for _, place := range places(f) {
			c := Cell{stock, place}
			x, ok := f.Now[c]
			was, had := f.Last[c]
			in, inText, okIn := add(f.Now, place, r.In)
			gone, outText, okOut := add(f.Now, place, r.Out)
			if want := was + in - gone; ok && had && okIn && okOut && !r.near(x, want) {
				if outText == "" {
					outText = "0"
				}
				out = append(out, r.find(c, "期初 %s + 增加 %s − 减少 %s = %s，填报 %s，相差 %s", "%s at the start + %s in − %s out = %s, but %s is filled in: %s apart", plain(was), inText, outText, plain(want), plain(x), plain(x-want))...)
			}
		}
	}
	return out
}

func (r Rule) near(a, b float64) bool {
	return math.Abs(a-b) <= r.Tolerance+1e-9*math.Max(math.Abs(a), math.Abs(b))
}

// cross checks a formula in every place that has a number which the rule names.
func (r Rule) cross(f Facts) []Finding {
	g, err := guard.Condition(r.Formula)
	if err != nil {
		return nil // valid has said so
	}
	var out []Finding
	for _, place := range places(f) {
		now, last, year := at(f.Now, place), at(f.Last, place), at(f.Year, place)
		if slices.ContainsFunc(r.Indicators, func(i string) bool { return now[i] == nil }) {
			continue
		}
		c := Cell{r.Indicators[0], place}
		ok, err := g.True(guard.Scope{Data: map[string]any{"now": now, "last": last, "year": year}})
		var words []string
		for _, i := range r.Indicators {
			words = append(words, fmt.Sprintf("%s = %s", f.Name(Cell{i, place}).ZH, plain(f.Now[Cell{i, place}])))
		}
		switch {
		case err != nil && (strings.Contains(r.Formula, "data.last") || strings.Contains(r.Formula, "data.year")):
			continue // the past is not known
		case err != nil:
			out = append(out, r.find(c, "算不出：%v", "cannot be computed: %v", err)...)
		case !ok:
			out = append(out, r.find(c, "%s 不成立：%s", "%s does not hold: %s", r.Formula, strings.Join(words, "，"))...)
		}
	}
	return out
}

// places lists those that have a number on the form.
func places(f Facts) []string {
	seen := map[string]bool{}
	var out []string
	for c := range f.Now {
		if !seen[c.Place] {
			seen[c.Place] = true
			out = append(out, c.Place)
		}
	}
	slices.Sort(out)
	return out
}

// at is the numbers of one place as an expression sees them.
func at(m map[Cell]float64, place string) map[string]any {
	out := map[string]any{}
	for c, x := range m {
		if c.Place == place {
			out[c.Indicator] = x
		}
	}
	return out
}

// add sums indicators of one place; ok is false when one is missing.
func add(m map[Cell]float64, place string, ids []string) (sum float64, text string, ok bool) {
	var words []string
	for _, id := range ids {
		x, has := m[Cell{id, place}]
		if !has {
			return 0, "", false
		}
		sum += x
		words = append(words, plain(x))
	}
	return sum, strings.Join(words, " + "), true
}

// plain prints a number with the digits it needs, at most four after the point.
func plain(x float64) string {
	text := fmt.Sprintf("%.4f", x)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
