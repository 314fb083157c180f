package formula

import (
	"math"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// printed are numbers as texts print them: "comparator value unit" by
// "id unit period", with "target" before the id of a target.
type printed map[string]string

func (p printed) lookup(t *testing.T, rounded bool) func(Want) (Value, bool) {
	t.Helper()
	return func(w Want) (Value, bool) {
		key := w.ID + " " + w.Unit + " " + w.Period.String()
		if w.Target {
			key = "target " + key
		}
		s, ok := p[key]
		if !ok {
			return missing(), false
		}
		parts := strings.Fields(s)
		d, err1 := quantity.ParseDecimal(parts[1])
		c, err2 := quantity.ParseComparator(parts[0])
		u, err3 := quantity.ParseUnit(parts[2])
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(s, err1, err2, err3)
		}
		q := quantity.Quantity{Value: d, Cmp: c, Unit: u}
		if rounded {
			return Rounded(q), true
		}
		return NewValue(q), true
	}
}

func at(t *testing.T, s string) period.Period {
	t.Helper()
	p, err := period.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tree is a tree of units by parent.
type tree map[string][]string

func (t tree) Children(unit string) []string { return t[unit] }

func (t tree) Parent(unit string) string {
	for parent, children := range t {
		if slices.Contains(children, unit) {
			return parent
		}
	}
	return ""
}

// page are the figures of the page that the derived ones rest on.
var page = printed{
	"st.hte 500000 2023-06-30":                  "= 6401 家",
	"st.hte 500000 2022":                        "= 6350 家",
	"target st.hte 500000 2027":                 ">= 1.27 万家",
	"st.hte_passed 500000 2023-01/2023-06":      "= 845 家",
	"st.hte_passed.pace 500000 2023-01/2023-06": "= 76.9 %",
	"target st.tech_contracts 500000 2027":      "> 1300 亿元",
	"st.tech_contracts 500000 2022":             "= 630.5 亿元",
	"target st.rd_people 500000 2027":           "> 40 万人",
	"st.rd_people 500000 2022":                  "> 20 万人",
	"target st.rd_intensity 500000 2027":        "> 2.7 %",
	"st.rd_intensity 500000 2022":               "= 2.3 %",
	"sec.industry_size 500000 2022":             "> 170 亿元",
	"sec.industry_growth 500000 2022":           "> 13 %",
	"gov.cases 500000 2023":                     "= 2.6 亿件",
	"gov.registered_users 500000 2023":          "> 2600 万人",
	"iid.resolutions 500000 2023":               "= 89.9 亿次",
	"iid.registered 500000 2023":                "= 149.6 亿",
	"eco.gdp 500000 2022":                       "~ 29000 亿元",
	"eco.gdp 500000 2021":                       "= 28000 亿元",
	"st.sti_firms 500000 2023":                  "= 43000 家",
	"target st.hte_passed 500000 2027":          "= 9 元",
	"target sec.industry_size 500000 2027":      "< 100 亿元",
	"target gov.registered_users 500000 2023":   "= 2600 万人",
	"target gov.cases 500000 2023":              "> 2.6 亿件",
	"target dg.index 500000 2023":               "= 2.5 指数",
	"target dg.index 500000 2024":               "= 3.5 指数",
	"target st.hte_new 500000 2023":             "= 0 家",
	"target st.sti_firms 500000 2023":           "= 4.30 万家",
	"target eco.rd 500000 2022":                 "= 6670000 万元",
	"target eco.gdp 500000 2022":                "= 29000 亿元",
}

func TestPageFigures(t *testing.T) {
	for _, tt := range []struct{ name, formula, at, want string }{
		{"doubling implies a base", "target(st.hte, 2027) / 2", "2027", ">= 6350 家"},
		{"a gap to a bound", "target(st.hte, 2027) - st.hte[2023-06-30]", "2023-06-30", ">= 6299 家"},
		{"stock less flow", "st.hte[2023-06-30] - st.hte_passed[2023-01/2023-06]", "2022", "5556 家"},
		{"a goal from a share done", "round(st.hte_passed / st.hte_passed.pace, 1)", "2023-01/2023-06", "1098.8 家"},
		{"required growth", "round(pct((target(st.hte, 2027) / st.hte[2023-06-30]) ^ (1 / 4.5) - 1), 3)", "2023-06-30", ">= 16.446 %"},
		{"required growth above a bound", "round(pct((target(st.tech_contracts, 2027) / st.tech_contracts[2022]) ^ (1 / 5) - 1), 3)", "2022", ">= 15.572 %"},
		{"over by over has no direction", "round(pct((target(st.rd_people, 2027) / st.rd_people[2022]) ^ (1 / 5) - 1), 2)", "2022", "~ 14.87 %"},
		{"percentage points a year", "round((target(st.rd_intensity, 2027) - st.rd_intensity[2022]) / 5, 2)", "2022", ">= 0.08 百分点"},
		{"a year's step", "(target(st.tech_contracts, 2027) - st.tech_contracts[2022]) / 5", "2022", "> 133.9 亿元"},
		{"both bounds", "round(sec.industry_size[2022] / (1 + ratio(sec.industry_growth[2022])), 1)", "2021", "~ 150.4 亿元"},
		{"by over is under", "gov.cases / gov.registered_users", "2023", "< 0.001 万件/人"},
		{"over by exact", "target(gov.cases, 2023) / target(gov.registered_users, 2023)", "2023", "> 0.001 万件/人"},
		{"times of identifiers", "round(iid.resolutions / iid.registered, 3)", "2023", "0.601 次"},
		{"of no inputs", "pct(6 / 12)", "2023", "50 %"},
		{"R&D over GDP", "pct(target(eco.rd, 2022) / target(eco.gdp, 2022))", "2022", "2.3 %"},
		{"approximate stays so", "eco.gdp[2022] - eco.gdp[2021]", "2022", "~ 1000 亿元"},
		{"growth of approximate", "round(yoy(eco.gdp), 2)", "2022", "~ 3.57 %"},
		{"a bound below", "-target(sec.industry_size, 2027)", "2023", "> -100 亿元"},
		{"a least of bounds", "min(target(sec.industry_size, 2027), 50亿元)", "2023", "<= 50 亿元"},
		{"scale of the left side", "st.sti_firms - target(st.sti_firms, 2023)", "2023", "0 万家"},
		{"half to even", "round(target(dg.index, 2023), 0)", "2023", "2 指数"},
		{"half to even, up", "round(target(dg.index, 2024), 0)", "2023", "4 指数"},
		{"missing input", "st.hte - st.hte_passed", "2021", "missing"},
		{"default", "default(st.hte, 7家)", "2021", "7 家"},
		{"division by zero", "st.hte[2022] / target(st.hte_new, 2023)", "2022", "missing"},
		{"comparison decided by bounds", "if(target(st.hte, 2027) > 6000家, 1, 2)", "2022", "1"},
		{"comparison left open by a bound", "if(target(st.hte, 2027) > 13000家, 1, 2)", "2022", "~ 2"},
		{"comparison with a missing number", "if(st.hte > 13000家, 1, 2)", "2021", "missing"},
		{"missing is a condition", "if(missing(st.hte), 1, 2)", "2021", "1"},
		{"a wrong unit in the data", "target(st.hte_passed, 2027) + 1家", "2022", "missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, trace := check(t, tt.formula).Eval(Cell{At: at(t, tt.at), Unit: "500000", Lookup: page.lookup(t, false)})
			if v.String() != tt.want {
				t.Errorf("%s = %s, want %s (%s)", tt.formula, v, tt.want, trace.Note)
			}
		})
	}
}

func TestRoundedInputsGiveAnInterval(t *testing.T) {
	v, _ := check(t, "st.hte_passed / st.hte_passed.pace").Eval(Cell{
		At: at(t, "2023-01/2023-06"), Unit: "500000",
		Lookup: func(w Want) (Value, bool) {
			if w.ID == "st.hte_passed" {
				return page.lookup(t, false)(w)
			}
			return page.lookup(t, true)(w)
		},
	})
	if math.Abs(v.Lo-1098.11) > 0.01 || math.Abs(v.Hi-1099.54) > 0.01 || !v.Indicative() {
		t.Errorf("845 of 76.9%% lies in %v..%v", v.Lo, v.Hi)
	}
}

func TestTrace(t *testing.T) {
	_, trace := check(t, "target(st.hte, 2027) - st.hte[2023-06-30]").Eval(Cell{At: at(t, "2023"), Unit: "500000", Lookup: page.lookup(t, false)})
	if trace.Formula() != "target(st.hte, 2027) - st.hte[2023-06-30]" || len(trace.Parts) != 2 {
		t.Fatalf("%+v", trace)
	}
	left, right := trace.Parts[0], trace.Parts[1]
	if left.Value.String() != ">= 12700 家" || left.Want == nil || !left.Want.Target || left.Want.Period.String() != "2027" {
		t.Errorf("left is %s of %+v", left.Value, left.Want)
	}
	if right.Value.String() != "6401 家" || right.Want.Period.String() != "2023-06-30" {
		t.Errorf("right is %s of %+v", right.Value, right.Want)
	}
	_, trace = check(t, "st.hte / st.people").Eval(Cell{At: at(t, "2022"), Unit: "500000", Lookup: page.lookup(t, false)})
	if got := trace.Parts[1].Note; got != "there is no number for st.people in 500000 at 2022" {
		t.Errorf("note %q", got)
	}
}

func TestSeriesAndSpace(t *testing.T) {
	units := tree{"": {"city"}, "city": {"a", "b", "c"}}
	data := printed{}
	for unit, values := range map[string][]string{"a": {"1", "2", "", "4"}, "b": {"10", "20", "30", "40"}, "c": {"10", "", "", "70"}} {
		for i, v := range values {
			if v != "" {
				month := period.Period.String(at(t, "2022-11").Add(i))
				data["st.hte_new "+unit+" "+month] = "= " + v + " 家"
				data["st.hte "+unit+" "+month] = "= " + v + " 家"
			}
		}
		data["st.people "+unit+" 2022-11"] = "= 2 万人"
		data["st.patents_per_10k "+unit+" 2022-11"] = "= " + values[0] + " 件/万人"
	}
	for _, tt := range []struct{ formula, unit, at, want string }{
		{"lag(st.hte, 2)", "b", "2023-01", "10 家"},
		{"lag(st.hte, 3)", "b", "2023-01", "missing"},
		{"lead(st.hte, 1)", "b", "2023-02", "missing"},
		{"lead(st.hte, 1)", "b", "2023-01", "40 家"},
		{"diff(st.hte, 2)", "b", "2023-01", "20 家"},
		{"ytd(st.hte_new)", "b", "2023-02", "70 家"},
		{"ytd(st.hte_new)", "b", "2022-12", "missing"},
		{"cumulate(st.hte_new)", "b", "2023-02", "100 家"},
		{"cumulate(st.hte_new)", "a", "2023-02", "missing"},
		{"cumulate(fill(st.hte_new, zero))", "a", "2023-02", "7 家"},
		{"flow_to_stock(st.hte_new, 100家)", "b", "2022-12", "130 家"},
		{"stock_to_flow(st.hte)", "b", "2022-12", "10 家"},
		{"fill(st.hte, previous)", "c", "2023-01", "10 家"},
		{"fill(st.hte, linear)", "c", "2023-01", "50 家"},
		{"fill(lag(st.hte, 1), linear)", "a", "2022-11", "missing"},
		{"mean(st.hte, 2)", "b", "2022-12", "15 家"},
		{"sum(st.hte_new, 3)", "b", "2022-12", "missing"},
		{"sum(st.hte_new, 3)", "b", "2023-02", "90 家"},
		{"yoy(st.hte)", "b", "2023-02", "missing"},
		{"rollup(st.hte)", "city", "2022-11", "21 家"},
		{"rollup(st.hte)", "city", "2022-12", "missing"},
		{"rollup(st.hte)", "b", "2022-12", "20 家"},
		{"rollup(st.patents_per_10k, st.people)", "city", "2022-11", "7 件/万人"},
		{"share(rollup(st.hte))", "b", "2023-02", "35.0877192982 %"},
		{"share(st.hte)", "city", "2023-02", "missing"},
		{"rank(st.hte)", "a", "2022-11", "3 位"},
		{"rank(st.hte)", "c", "2022-11", "1 位"},
		{"rank(st.hte, high, dense)", "a", "2022-11", "2 位"},
		{"rank(st.hte, low)", "b", "2022-11", "2 位"},
		{"rank(st.hte)", "c", "2023-01", "missing"},
	} {
		c := Cell{At: at(t, tt.at), First: at(t, "2022-11"), Last: at(t, "2023-02"), Unit: tt.unit, Tree: units, Lookup: data.lookup(t, false)}
		if v, _ := check(t, tt.formula).Eval(c); v.String() != tt.want {
			t.Errorf("%s in %s at %s = %s, want %s", tt.formula, tt.unit, tt.at, v, tt.want)
		}
	}
}

func TestYearBefore(t *testing.T) {
	for in, want := range map[string]string{
		"2024": "2023", "2024-Q3": "2023-Q3", "2024-H1": "2023-H1", "2024-02": "2023-02", "2024-02-29": "",
		"2023-01/2023-09": "2022-01/2022-09", "1901": "1900", "1900": "",
	} {
		if got := yearBefore(at(t, in)).String(); got != want {
			t.Errorf("a year before %s is %q, want %q", in, got, want)
		}
	}
}
