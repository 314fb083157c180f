package formula

import (
	"errors"
	"os"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/quantity"
)

// city are indicators as a city's pack declares them.
var city = map[string]Info{
	"st.hte":               {Unit: quantity.MustUnit("家"), Nature: Stock, Space: SpaceSum},
	"st.sti_firms":         {Unit: quantity.MustUnit("万家"), Nature: Stock, Space: SpaceSum},
	"st.hte_passed":        {Unit: quantity.MustUnit("家"), Nature: Flow, Space: SpaceSum, YTD: true},
	"st.hte_passed.pace":   {Unit: quantity.MustUnit("%"), Nature: Ratio, Space: SpaceRecompute},
	"st.hte_new":           {Unit: quantity.MustUnit("家"), Nature: Flow, Space: SpaceSum},
	"st.tech_contracts":    {Unit: quantity.MustUnit("亿元"), Nature: Flow, Space: SpaceSum},
	"st.rd_people":         {Unit: quantity.MustUnit("万人"), Nature: Stock, Space: SpaceSum},
	"st.rd_intensity":      {Unit: quantity.MustUnit("%"), Nature: Ratio, Space: SpaceRecompute},
	"st.patents":           {Unit: quantity.MustUnit("件"), Nature: Stock, Space: SpaceSum},
	"st.patents_per_10k":   {Unit: quantity.MustUnit("件/万人"), Nature: Ratio, Space: SpaceWeighted},
	"st.people":            {Unit: quantity.MustUnit("万人"), Nature: Stock, Space: SpaceSum},
	"eco.gdp":              {Unit: quantity.MustUnit("亿元"), Nature: Flow, Space: SpaceSum},
	"eco.rd":               {Unit: quantity.MustUnit("万元"), Nature: Flow, Space: SpaceSum},
	"dg.rank":              {Unit: quantity.MustUnit("位"), Nature: Rank, Space: SpaceNone},
	"dg.tier":              {Unit: quantity.MustUnit("梯队"), Nature: Tier, Space: SpaceNone},
	"dg.index":             {Unit: quantity.MustUnit("指数"), Nature: Index, Space: SpaceNone},
	"net.5g_per_10k":       {Unit: quantity.MustUnit("个/万人"), Nature: Ratio, Space: SpaceWeighted},
	"iid.registered":       {Unit: quantity.MustUnit("亿"), Nature: Stock, Space: SpaceSum},
	"iid.resolutions":      {Unit: quantity.MustUnit("亿次"), Nature: Stock, Space: SpaceSum},
	"gov.cases":            {Unit: quantity.MustUnit("亿件"), Nature: Stock, Space: SpaceSum},
	"gov.registered_users": {Unit: quantity.MustUnit("万人"), Nature: Stock, Space: SpaceSum},
	"sec.industry_size":    {Unit: quantity.MustUnit("亿元"), Nature: Flow, Space: SpaceSum},
	"sec.industry_growth":  {Unit: quantity.MustUnit("%"), Nature: Ratio, Space: SpaceRecompute},
}

func cityEnv(id string) (Info, error) {
	i, ok := city[id]
	if !ok {
		return i, fault.New(fault.NotFound, "there is no indicator %q", id)
	}
	return i, nil
}

func parse(t *testing.T, src string) *Expr {
	t.Helper()
	e, err := Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return e
}

func check(t *testing.T, src string) *Typed {
	t.Helper()
	typed, err := Check(parse(t, src), cityEnv)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return typed
}

func TestCanonicalForm(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"st.hte", "st.hte"},
		{" 1+2*3 ", "1 + 2 * 3"},
		{"(1+2)*3", "(1 + 2) * 3"},
		{"((1))", "1"},
		{"1-(2-3)-4", "1 - (2 - 3) - 4"},
		{"1/(2*3)", "1 / (2 * 3)"},
		{"(1/2)*3", "1 / 2 * 3"},
		{"2^3^2", "2 ^ 3 ^ 2"},
		{"(2^3)^2", "(2 ^ 3) ^ 2"},
		{"-2^2", "-2 ^ 2"},
		{"(-2)^2", "(-2) ^ 2"},
		{"2^-1", "2 ^ -1"},
		{"--1", "--1"},
		{"1 - -1", "1 - -1"},
		{"-(1+2)", "-(1 + 2)"},
		{"1.50", "1.50"},
		{"1.27 万家+5%", "1.27万家 + 5%"},
		{"17件/亿元 / 2", "17件/亿元 / 2"},
		{"net.5g_per_10k", "net.5g_per_10k"},
		{"st.hte[ 2023-06-30 ]", "st.hte[2023-06-30]"},
		{"st.hte_passed[2023-01/2023-06]/2", "st.hte_passed[2023-01/2023-06] / 2"},
		{"target(st.hte,2027)", "target(st.hte, 2027)"},
		{"if(st.hte≥1000家,1,-1)", "if(st.hte >= 1000家, 1, -1)"},
		{"if(missing(st.hte),0,st.hte)", "if(missing(st.hte), 0, st.hte)"},
		{"diff(st.hte,1)", "diff(st.hte)"},
		{"diff(st.hte,12)", "diff(st.hte, 12)"},
		{"round(st.hte,0)", "round(st.hte, 0)"},
		{"rank(st.hte,low,dense)", "rank(st.hte, low, dense)"},
		{"fill(st.hte,linear)", "fill(st.hte, linear)"},
		{"max（1，2，3）×2÷4−1", "max(1, 2, 3) * 2 / 4 - 1"},
		{"pct((target(st.hte, 2027) / st.hte[2023-06-30]) ^ (1 / 4.5) - 1)", "pct((target(st.hte, 2027) / st.hte[2023-06-30]) ^ (1 / 4.5) - 1)"},
	} {
		got := parse(t, tt.in).String()
		if got != tt.want {
			t.Errorf("%q prints as %q, want %q", tt.in, got, tt.want)
		}
		if again := parse(t, got).String(); again != got {
			t.Errorf("%q prints as %q the second time", got, again)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		in, unit string
		nature   Nature
	}{
		{"st.hte + st.sti_firms", "家", Stock},
		{"st.sti_firms + st.hte", "万家", Stock},
		{"st.tech_contracts / eco.gdp", "a plain number", Ratio},
		{"pct(eco.rd / eco.gdp)", "%", Ratio},
		{"eco.gdp / st.people", "万元/人", Ratio},
		{"st.patents / st.people", "件/万人", Ratio},
		{"st.patents_per_10k * st.people", "件", ""},
		{"st.hte_passed / st.hte_passed.pace", "家", Flow},
		{"st.rd_intensity - st.rd_intensity[2022]", "百分点", Ratio},
		{"(target(st.rd_intensity, 2027) - st.rd_intensity[2022]) / 5", "百分点", Ratio},
		{"(target(st.rd_intensity, 2027) - st.rd_intensity[2022]) / 5年", "百分点/年", Ratio},
		{"st.rd_intensity + 0.5百分点", "%", Ratio},
		{"0.5百分点 + st.rd_intensity", "%", Ratio},
		{"st.rd_intensity * 2", "%", Ratio},
		{"st.rd_intensity * eco.gdp", "亿元", Flow},
		{"st.rd_intensity / sec.industry_growth", "a plain number", Ratio},
		{"ratio(st.rd_intensity)", "a plain number", Ratio},
		{"yoy(eco.gdp)", "%", Ratio},
		{"diff(st.rd_intensity)", "百分点", Ratio},
		{"diff(dg.rank)", "位", ""},
		{"dg.rank - lag(dg.rank, 1)", "位", ""},
		{"st.hte - lag(st.hte, 1)", "家", Flow},
		{"lag(st.hte, 1) + st.hte_new", "家", Stock},
		{"stock_to_flow(st.hte)", "家", Flow},
		{"cumulate(st.hte_new)", "家", Stock},
		{"ytd(st.hte_new)", "家", Flow},
		{"flow_to_stock(st.hte_new, st.hte[2022-12-31])", "家", Stock},
		{"flow_to_stock(st.hte_new, 0)", "家", Stock},
		{"st.hte ^ 2", "家^2", Ratio},
		{"st.hte ^ -1 * st.hte", "a plain number", ""},
		{"max(st.hte, 0)", "家", Stock},
		{"if(st.hte > 100家, st.hte, 0)", "家", Stock},
		{"default(0, st.hte)", "家", Stock},
		{"share(rollup(st.hte))", "%", Ratio},
		{"rank(st.hte)", "位", Rank},
		{"rollup(st.patents_per_10k, st.people)", "件/万人", Ratio},
		{"rollup(st.patents) / rollup(st.people)", "件/万人", Ratio},
		{"100000元 * 3", "元", ""},
		{"eco.gdp / 1000", "亿元", Flow},
		{"iid.resolutions / iid.registered", "次", Ratio},
		{"gov.cases / gov.registered_users", "万件/人", Ratio},
		{"sec.industry_size[2022] / (1 + ratio(sec.industry_growth[2022]))", "亿元", Flow},
		{"eco.gdp * (st.hte / st.sti_firms)", "亿元", Flow},
	} {
		got := check(t, tt.in).Type()
		if got.String() != tt.unit || got.Nature != tt.nature {
			t.Errorf("%s is %s (%s), want %s (%s)", tt.in, got, got.Nature, tt.unit, tt.nature)
		}
	}
}

func TestErrors(t *testing.T) {
	src, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(string(src)), "\n\n") {
		text, _, _ := strings.Cut(block, "\n")
		e, err := Parse(text)
		if err == nil {
			_, err = Check(e, cityEnv)
		}
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v is not fault.Invalid", text, err)
			continue
		}
		out.WriteString(text + "\n    " + err.Error() + "\n\n")
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile("testdata/errors.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != string(src) {
		t.Errorf("errors changed; look at them and run with UPDATE_GOLDEN=1:\n%s", out.String())
	}
}

func TestLimits(t *testing.T) {
	for name, src := range map[string]string{
		"too long":            strings.Repeat("1+", maxLength/2) + "1",
		"too long written":    strings.Repeat("1+", maxLength/2-10) + "1",
		"brackets too deep":   strings.Repeat("(", 101) + "1" + strings.Repeat(")", 101),
		"signs too deep":      strings.Repeat("-", 101) + "1",
		"powers too deep":     strings.Repeat("1^", 101) + "1",
		"not UTF-8":           "st.hte \xc3\x28",
		"an unclosed bracket": strings.Repeat("(", 99) + "1",
	} {
		if _, err := Parse(src); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(strings.Repeat("(", 90) + "1" + strings.Repeat(")", 90)); err != nil {
		t.Errorf("90 brackets: %v", err)
	}
	if _, err := Parse(strings.Repeat("1 + ", 4000) + "1"); err != nil {
		t.Errorf("a long sum: %v", err)
	}
}

func TestInputs(t *testing.T) {
	got := parse(t, "lag(mean(st.hte, 3), 2) / target(st.hte, 2027) + rollup(st.hte[2022]) + lead(st.hte, 1) + cumulate(eco.gdp)").Inputs()
	want := []string{"eco.gdp  0 0 true false", "st.hte  4 1 false false", "st.hte 2022 0 0 false true", "target(st.hte, 2027) 2027 0 0 false false"}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, in := range got {
		s := strings.TrimSpace(strings.Join([]string{in.Name(), in.At.String(), itoa(in.Lag), itoa(in.Lead), yes(in.Whole), yes(in.Space)}, " "))
		if s != want[i] {
			t.Errorf("input %d is %q, want %q", i, s, want[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"1", "st.hte[2023-06-30]", "target(st.hte, 2027)", "if(missing(st.hte), 0, 1)", "pct((a.b/c.d)^(1/4.5)-1)", "17件/亿元*2",
		"fill(st.hte, linear)", "rank(x, low, dense)", "max(1，2)", "--1^-2", "round(st.hte, 3)", "1.27万家 + 5 %", "[[", "if(1<", "lag(st.hte, 99999999999999999999)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, err := Parse(src)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v is not fault.Invalid", src, err)
			}
			return
		}
		printed := e.String()
		again, err := Parse(printed)
		if err != nil || again.String() != printed || !equal(e.root, again.root) {
			t.Fatalf("%q prints as %q, which reads as %v, %v", src, printed, again, err)
		}
		typed, err := Check(e, cityEnv)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v is not fault.Invalid", src, err)
			}
			return
		}
		typed.Eval(Cell{At: at(t, "2023-06"), Unit: "500000", Lookup: func(Want) (Value, bool) { return missing(), false }})
		typed.Eval(Cell{Lookup: func(Want) (Value, bool) { return exact(1, Type{Kind: Number}), true }})
	})
}

// equal compares formulas but for where their parts stood in the text.
func equal(a, b *node) bool {
	if a.op != b.op || a.num != b.num || a.unit != b.unit || a.id != b.id || a.at != b.at || a.n != b.n ||
		strings.Join(a.words, ",") != strings.Join(b.words, ",") || len(a.args) != len(b.args) {
		return false
	}
	for i := range a.args {
		if !equal(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

func itoa(n int) string { return quantity.Int(int64(n)).String() }

func yes(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
