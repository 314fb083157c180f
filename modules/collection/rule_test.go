package collection

import (
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// TestCheck: each kind of rule finds what is wrong, says the arithmetic, and is
// silent where a number is missing.
func TestCheck(t *testing.T) {
	city, yz := "500000", "500103"
	name := func(c Cell) pack.Text { return pack.Text{ZH: c.Indicator, EN: c.Indicator} }
	jump := Rule{Text: pack.Text{ZH: "突变", EN: "Jump"}, ID: "jump", Kind: JumpRule, Severity: Warning, Indicators: []string{"*"}, Percent: 30}
	year := jump
	year.Against = "year"
	for _, tt := range []struct {
		name  string
		rule  Rule
		now   map[Cell]float64
		last  map[Cell]float64
		found []string // parts of the findings' texts, in order
	}{
		{"in range", Rule{ID: "r", Kind: RangeRule, Indicators: []string{"a"}, Min: new(float64(0)), Max: new(float64(10))}, map[Cell]float64{{"a", city}: 10}, nil, nil},
		{"below", Rule{ID: "r", Kind: RangeRule, Indicators: []string{"a"}, Min: new(float64(0))}, map[Cell]float64{{"a", city}: -1, {"b", city}: -1}, nil, []string{"-1 is below 0"}},
		{"above", Rule{ID: "r", Kind: RangeRule, Indicators: []string{"*"}, Max: new(float64(100))}, map[Cell]float64{{"a", city}: 101, {"a", yz}: 100.5}, nil, []string{"101 is above 100", "100.5 is above 100"}},
		{"no half firms", Rule{ID: "r", Kind: RangeRule, Indicators: []string{"a"}, Whole: true}, map[Cell]float64{{"a", city}: 3.5}, nil, []string{"not a whole number"}},
		{"a jump", jump, map[Cell]float64{{"a", city}: 140}, map[Cell]float64{{"a", city}: 100}, []string{"100, now 140: +40.0%, beyond ±30%"}},
		{"a fall", jump, map[Cell]float64{{"a", city}: 60}, map[Cell]float64{{"a", city}: 100}, []string{"-40.0%"}},
		{"no jump", jump, map[Cell]float64{{"a", city}: 130}, map[Cell]float64{{"a", city}: 100}, nil},
		{"from nothing", jump, map[Cell]float64{{"a", city}: 5}, map[Cell]float64{{"a", city}: 0}, []string{"had 0"}},
		{"no history", jump, map[Cell]float64{{"a", city}: 140}, nil, nil},
		{"only the year before", year, map[Cell]float64{{"a", city}: 140}, map[Cell]float64{{"a", city}: 100}, nil},
		{"parts", Rule{ID: "s", Kind: SumRule, Indicators: []string{"t"}, Parts: []string{"a", "b"}}, map[Cell]float64{{"t", city}: 10, {"a", city}: 4, {"b", city}: 5}, nil, []string{"4 + 5 = 9: 1 apart"}},
		{"parts within tolerance", Rule{ID: "s", Kind: SumRule, Indicators: []string{"t"}, Parts: []string{"a", "b"}, Tolerance: 1}, map[Cell]float64{{"t", city}: 10, {"a", city}: 4, {"b", city}: 5}, nil, nil},
		{"a part is missing", Rule{ID: "s", Kind: SumRule, Indicators: []string{"t"}, Parts: []string{"a", "b"}}, map[Cell]float64{{"t", city}: 10, {"a", city}: 4}, nil, nil},
		{"places", Rule{ID: "s", Kind: SumRule, Indicators: []string{"a"}, Over: overPlaces}, map[Cell]float64{{"a", city}: 10, {"a", yz}: 4, {"a", "500105"}: 5}, nil, []string{"2 places together 9"}},
		{"places without the city", Rule{ID: "s", Kind: SumRule, Indicators: []string{"a"}, Over: overPlaces}, map[Cell]float64{{"a", yz}: 4}, nil, nil},
		{"cross", Rule{ID: "c", Kind: CrossRule, Indicators: []string{"a", "b"}, Formula: "data.now['a'] <= data.now['b']"}, map[Cell]float64{{"a", city}: 10, {"b", city}: 9, {"a", yz}: 1, {"b", yz}: 2}, nil, []string{"does not hold: a = 10，b = 9"}},
		{"cross with the past", Rule{ID: "c", Kind: CrossRule, Indicators: []string{"a"}, Formula: "data.now['a'] >= data.last['a']"}, map[Cell]float64{{"a", city}: 10, {"a", yz}: 1}, map[Cell]float64{{"a", city}: 11}, []string{"a = 10"}},
		{"cross that cannot be", Rule{ID: "c", Kind: CrossRule, Indicators: []string{"a"}, Formula: "data.now['z'] > 1.0"}, map[Cell]float64{{"a", city}: 10}, nil, []string{"cannot be computed"}},
		{"stock and flow", Rule{ID: "f", Kind: FlowRule, Indicators: []string{"a"}, In: []string{"i"}, Out: []string{"o"}}, map[Cell]float64{{"a", city}: 120, {"i", city}: 30, {"o", city}: 5}, map[Cell]float64{{"a", city}: 100}, []string{"100 at the start + 30 in − 5 out = 125, but 120 is filled in: -5 apart"}},
		{"stock and flow hold", Rule{ID: "f", Kind: FlowRule, Indicators: []string{"a"}, In: []string{"i"}}, map[Cell]float64{{"a", city}: 130, {"i", city}: 30}, map[Cell]float64{{"a", city}: 100}, nil},
		{"stock without its past", Rule{ID: "f", Kind: FlowRule, Indicators: []string{"a"}, In: []string{"i"}}, map[Cell]float64{{"a", city}: 130, {"i", city}: 30}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Check([]Rule{tt.rule}, Facts{City: city, Now: tt.now, Last: tt.last, Name: name})
			if len(got) != len(tt.found) {
				t.Fatalf("%+v, want %q", got, tt.found)
			}
			for i, f := range got {
				if !strings.Contains(f.Text.EN, tt.found[i]) || f.Text.ZH == "" {
					t.Errorf("%+v, want %q", f.Text, tt.found[i])
				}
			}
		})
	}
}

// TestRuleValid: a rule that could never find anything is refused.
func TestRuleValid(t *testing.T) {
	good := Rule{Text: pack.Text{ZH: "名"}, ID: "r", Kind: RangeRule, Severity: Error, Indicators: []string{"*"}, Min: new(float64(0))}
	if err := good.valid(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		spot func(*Rule)
		says string
	}{
		{"no id", func(r *Rule) { r.ID = "" }, "no id"},
		{"kind", func(r *Rule) { r.Kind = "guess" }, `"guess"`},
		{"severity", func(r *Rule) { r.Severity = "hint" }, `"hint"`},
		{"nothing it is about", func(r *Rule) { r.Indicators = nil }, "indicators is empty"},
		{"range of nothing", func(r *Rule) { r.Min = nil }, "lacks"},
		{"upside down", func(r *Rule) { r.Max = new(float64(-1)) }, "above max"},
		{"a sum of both", func(r *Rule) { r.Kind, r.Parts, r.Over = SumRule, []string{"a"}, overPlaces }, "lacks"},
		{"a formula that is none", func(r *Rule) { r.Kind, r.Formula = CrossRule, "data.now['a'] <" }, "formula"},
		{"no name", func(r *Rule) { r.ZH = "" }, "zh is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			tt.spot(&r)
			if err := r.valid(); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}
