package formula

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/quantity"
	"yuzhou/modules/indicators/column"
)

func TestGraph(t *testing.T) {
	var g Graph
	for _, f := range [][2]string{
		{"e", "d + b"}, {"d", "c * 2"}, {"b", "a + target(b, 2027)"}, {"c", "a - lag(x, 1)"}, {"lone", "y"},
	} {
		if err := g.Add(f[0], parse(t, f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.Order(); !slices.Equal(got, []string{"b", "c", "d", "e", "lone"}) {
		t.Errorf("order %v", got)
	}
	for _, tt := range []struct{ of, want []string }{
		{[]string{"a"}, []string{"b", "c", "d", "e"}},
		{[]string{"x"}, []string{"c", "d", "e"}},
		{[]string{"target(b, 2027)"}, []string{"b", "e"}},
		{[]string{"y", "d"}, []string{"e", "lone"}},
		{[]string{"e"}, nil},
		{nil, nil},
	} {
		if got := g.Dependants(tt.of...); !slices.Equal(got, tt.want) {
			t.Errorf("on %v rest %v, want %v", tt.of, got, tt.want)
		}
	}
}

func TestCycles(t *testing.T) {
	for _, tt := range []struct {
		name string
		add  [][2]string
		want string
	}{
		{"itself", [][2]string{{"a", "lag(a, 1) + b"}}, "the formula of a rests on its own result: a → a"},
		{"two", [][2]string{{"a", "b"}, {"b", "a"}}, "the formula of b rests on its own result: b → a → b"},
		{"a long way", [][2]string{{"a", "b + z"}, {"b", "c"}, {"c", "d * 2"}, {"d", "z + a"}}, "the formula of d rests on its own result: d → a → b → c → d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g Graph
			var err error
			for _, f := range tt.add {
				if err != nil {
					t.Fatal(err)
				}
				err = g.Add(f[0], parse(t, f[1]))
			}
			if !errors.Is(err, fault.Invalid) || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if len(g.Order()) != len(tt.add)-1 {
				t.Errorf("the refused formula is in the graph: %v", g.Order())
			}
		})
	}
}

// derived is an engine over a small world, with three derived indicators.
func derived(t *testing.T) (Engine, world) {
	t.Helper()
	w := newWorld(t, rand.New(rand.NewPCG(3, 3)), "2023-01", 12, []int{-1, 0, 0})
	e := Engine{Panel: w.panel}
	env := func(id string) (Info, error) {
		if id == "x.intensity" {
			return Info{Unit: quantity.MustUnit("%"), Nature: Ratio, Space: SpaceRecompute}, nil
		}
		return cityEnv(id)
	}
	for _, f := range [][3]string{
		{"x.intensity.change", "diff(x.intensity)", "百分点"},
		{"x.intensity", "pct(eco.rd / eco.gdp)", "%"},
		{"x.firms", "rollup(st.sti_firms)", "家"},
	} {
		typed, err := Check(parse(t, f[1]), env)
		if err != nil {
			t.Fatal(err)
		}
		if typed, err = typed.In(quantity.MustUnit(f[2])); err != nil {
			t.Fatal(err)
		}
		if err := e.Add(f[0], typed); err != nil {
			t.Fatal(err)
		}
	}
	return e, w
}

func TestEngine(t *testing.T) {
	e, w := derived(t)
	if err := e.Recompute(t.Context()); err != nil {
		t.Fatal(err)
	}
	set := func(id string, x float64) { column.Fill(w.panel.Column(id), x) }
	set("eco.rd", 29000)
	set("eco.gdp", 100)
	set("st.sti_firms", 2)
	done, err := e.Changed(t.Context(), "eco.rd")
	if err != nil || !slices.Equal(done, []string{"x.intensity", "x.intensity.change"}) {
		t.Fatalf("recomputed %v, %v", done, err)
	}
	if got := w.panel.Row("x.intensity", 1)[5]; math.Abs(got-2.9) > 1e-12 {
		t.Errorf("29,000 万元 of 100 亿元 is %v%%, want 2.9", got)
	}
	if got := w.panel.Row("x.intensity.change", 1); !math.IsNaN(got[0]) || got[5] != 0 {
		t.Errorf("change of a steady number is %v", got)
	}
	if got := w.panel.Row("x.firms", 0)[5]; got == 40000 {
		t.Error("what did not change was recomputed")
	}
	if done, err = e.Changed(t.Context(), "x.firms"); err != nil || !slices.Equal(done, []string{"x.firms"}) {
		t.Fatalf("recomputed %v, %v", done, err)
	}
	if got := w.panel.Row("x.firms", 0)[5]; got != 40000 {
		t.Errorf("two districts of 2 万家 have %v 家, want 40000", got)
	}
}

func TestEngineStopsWithItsContext(t *testing.T) {
	e, _ := derived(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Recompute(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("recomputed with an ended context: %v", err)
	}
}

func TestEngineLacksAColumn(t *testing.T) {
	e, w := derived(t)
	bare := column.NewPanel(w.panel.Axis, w.panel.Tree)
	copy(bare.Add("eco.rd"), w.panel.Column("eco.rd"))
	e.Panel = bare
	if err := e.Recompute(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := bare.Row("x.intensity", 0)[0]; !math.IsNaN(got) {
		t.Errorf("R&D over an unknown GDP is %v", got)
	}
}

func TestIn(t *testing.T) {
	for _, tt := range []struct{ formula, unit, want string }{
		{"st.hte", "亿元", `the formula "st.hte" gives 家; its indicator is declared in 亿元`},
		{"eco.rd / eco.gdp", "%", `the formula "eco.rd / eco.gdp" gives a plain number; its indicator is declared in %; did you mean pct(…)?`},
		{"st.rd_intensity", "", `the formula "st.rd_intensity" gives %; its indicator is declared in a plain number; did you mean ratio(…)?`},
		{"st.rd_intensity - 2%", "%", `the formula "st.rd_intensity - 2%" gives 百分点; its indicator is declared in %`},
	} {
		_, err := check(t, tt.formula).In(quantity.MustUnit(tt.unit))
		if !errors.Is(err, fault.Invalid) || err.Error() != tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	typed, err := check(t, "eco.gdp / st.people").In(quantity.MustUnit("元/人"))
	if err != nil || typed.Type().String() != "元/人" {
		t.Fatalf("%v, %v", typed, err)
	}
	p := printed{"eco.gdp u 2022": "= 29000 亿元", "st.people u 2022": "= 3200 万人"}
	if v, _ := typed.Eval(Cell{At: at(t, "2022"), Unit: "u", Lookup: p.lookup(t, false)}); v.String() != "90625 元/人" {
		t.Errorf("GDP per head is %s", v)
	}
}
