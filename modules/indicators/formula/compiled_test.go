package formula

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/modules/indicators/column"
)

// places is a column.Tree by unit number, as Eval wants it.
type places struct {
	parent []int
}

func (p places) Parent(unit string) string {
	u, err := strconv.Atoi(unit)
	if err != nil || p.parent[u] < 0 {
		return ""
	}
	return strconv.Itoa(p.parent[u])
}

func (p places) Children(unit string) (out []string) {
	for i, q := range p.parent {
		if q < 0 && unit == "" || q >= 0 && strconv.Itoa(q) == unit {
			out = append(out, strconv.Itoa(i))
		}
	}
	return out
}

// world is a panel of every indicator of the city, and the same for Eval.
type world struct {
	panel *column.Panel
	tree  places
}

// newWorld fills a panel with numbers that make ties, zeros and gaps likely.
func newWorld(tb testing.TB, r *rand.Rand, first string, n int, parent []int) world {
	tb.Helper()
	p, err := period.Parse(first)
	if err != nil {
		tb.Fatal(err)
	}
	axis, err := column.NewAxis(p, n)
	if err != nil {
		tb.Fatal(err)
	}
	tree, err := column.NewTree(parent)
	if err != nil {
		tb.Fatal(err)
	}
	w := world{column.NewPanel(axis, tree), places{parent}}
	for _, id := range sortedCity() {
		cells := w.panel.Add(id)
		for i := range cells {
			switch k := r.IntN(12); {
			case k == 0:
				cells[i] = math.NaN()
			case k < 6:
				cells[i] = float64(r.IntN(6))
			default:
				cells[i] = float64(r.IntN(4000)-400) / 8
			}
		}
		targets := w.panel.Add("target(" + id + ", 2027)")
		for unit := range parent {
			column.Fill(targets[unit*n:(unit+1)*n], float64(r.IntN(900))/4)
		}
	}
	return w
}

func sortedCity() []string {
	var ids []string
	for id := range city {
		ids = append(ids, id)
	}
	for i := range ids { // insertion sort: a handful of names
		for j := i; j > 0 && ids[j] < ids[j-1]; j-- {
			ids[j], ids[j-1] = ids[j-1], ids[j]
		}
	}
	return ids
}

// cell evaluates the formula for one cell of the world.
func (w world) cell(typed *Typed, unit, at int) Value {
	axis := w.panel.Axis
	v, _ := typed.Eval(Cell{
		At: axis.Period(at), First: axis.First, Last: axis.Period(axis.N - 1), Unit: strconv.Itoa(unit), Tree: w.tree,
		Lookup: func(want Want) (Value, bool) {
			u, err := strconv.Atoi(want.Unit)
			name, i, ok := want.ID, 0, err == nil
			if want.Target {
				name = "target(" + want.ID + ", " + want.Period.String() + ")"
			} else if i, ok = axis.Index(want.Period); !ok {
				i, ok = axis.IndexEnding(want.Period)
			}
			row := w.panel.Row(name, u)
			if !ok || err != nil || row == nil {
				return missing(), false
			}
			return exact(row[i], typeOf(city[want.ID].Unit)), true
		},
	})
	return v
}

// differs compares both ways of computing a formula and returns the first cell
// where they part.
func (w world) differs(t *testing.T, typed *Typed, p *Program) string {
	t.Helper()
	dst := make([]float64, w.panel.Cells())
	if err := p.Run(t.Context(), w.panel, dst); err != nil {
		return err.Error()
	}
	n := w.panel.Axis.N
	for unit := range w.tree.parent {
		for i := range n {
			got, want := dst[unit*n+i], w.cell(typed, unit, i).Float
			same := got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= 1e-9*max(math.Abs(got), math.Abs(want))
			if !same {
				return fmt.Sprintf("unit %d at %s: columns give %v, one cell gives %v", unit, w.panel.Axis.Period(i), got, want)
			}
		}
	}
	return ""
}

// writer makes random formulas that mostly check.
type writer struct{ *rand.Rand }

func (w writer) pick(forms ...string) string { return forms[w.IntN(len(forms))] }

// fill replaces S, F, N, P, Q by formulas that give a stock of 家, a flow of 家, a
// plain number, a percentage and percentage points.
func (w writer) fill(form string, depth int) string {
	var b strings.Builder
	for _, r := range form {
		switch r {
		case 'S':
			b.WriteString(w.stock(depth - 1))
		case 'F':
			b.WriteString(w.flow(depth - 1))
		case 'N':
			b.WriteString(w.number(depth - 1))
		case 'P':
			b.WriteString(w.percent(depth - 1))
		case 'Q':
			b.WriteString(w.points(depth - 1))
		case 'C':
			b.WriteString(w.fill(w.pick("S > S", "N <= N", "missing(S)", "missing(N)", "P = P", "F != 0", "Q >= Q", "S < 30家", "F >= F"), depth))
		case 'K':
			fmt.Fprint(&b, 1+w.IntN(14))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (w writer) stock(depth int) string {
	if depth <= 0 {
		return w.pick("st.hte", "st.sti_firms", "st.hte[2023-06-30]", "target(st.hte, 2027)", "12家", "0.002万家", "st.hte[2023-03]")
	}
	return w.fill(w.pick("(S + F)", "(S - F)", "S + S", "lag(S, K)", "lead(S, K)", "max(S, S, 0)", "min(S, S)", "abs(S)", "if(C, S, S)", "default(S, S)", "S * N",
		"S * P", "fill(S, previous)", "fill(S, linear)", "mean(S, K)", "cumulate(F)", "flow_to_stock(F, st.hte[2023-06-30])", "flow_to_stock(F, target(st.sti_firms, 2027) + 3家)",
		"-S", "round(S, 1)", "rollup(st.hte)", "rollup(lag(st.sti_firms, K))", "rollup(max(S, 0), st.people)", "rollup(S, 1)", "S / 3"), depth)
}

func (w writer) flow(depth int) string {
	if depth <= 0 {
		return w.pick("st.hte_new", "st.hte_new", "2家", "st.hte_new[2023-06]")
	}
	return w.fill(w.pick("(F + F)", "(F - F)", "S - S", "diff(S, K)", "stock_to_flow(S)", "ytd(st.hte_new)", "sum(F, K)", "fill(F, zero)", "lag(F, K)", "F * N", "F / P", "if(C, F, F)",
		"rollup(st.hte_new)", "diff(F)", "default(F, 0)", "mean(F, K)"), depth)
}

func (w writer) number(depth int) string {
	if depth <= 0 {
		return w.pick("2", "0.5", "1.25", "0", "3万", "iid.registered")
	}
	return w.fill(w.pick("(N + N)", "N - N", "S / S", "F / S", "N ^ 2", "N ^ 0.5", "abs(N) ^ N", "ratio(P)", "ratio(Q)", "(S ^ 2 / S) / S", "eco.rd / eco.gdp", "N * N", "P / P",
		"Q / Q", "round(N, 2)", "max(N, N)", "if(C, N, N)", "default(N, N)", "fill(N, linear)", "st.patents_per_10k * st.people / st.patents", "2 ^ -1", "-N"), depth)
}

func (w writer) percent(depth int) string {
	if depth <= 0 {
		return w.pick("st.rd_intensity", "12.5%", "3‰", "sec.industry_growth")
	}
	return w.fill(w.pick("pct(N)", "(P + Q)", "(P - Q)", "P * N", "N * P", "P * P", "P / 4", "yoy(S)", "yoy(F)", "share(S)", "share(rollup(st.hte))", "mean(P, K)", "if(C, P, P)",
		"min(P, P)", "lag(P, K)", "rollup(st.rd_intensity, eco.gdp)", "default(P, 0)", "round(P, 1)"), depth)
}

func (w writer) points(depth int) string {
	if depth <= 0 {
		return w.pick("0.5百分点", "(st.rd_intensity - 2.5%)", "diff(st.rd_intensity)")
	}
	return w.fill(w.pick("(P - P)", "(Q + Q)", "(Q - Q)", "Q * N", "diff(P, K)", "Q / 2", "Q * P", "abs(Q)", "fill(Q, previous)", "-Q"), depth)
}

// formula makes a whole one.
func (w writer) formula() string {
	depth := 1 + w.IntN(5)
	return w.fill(w.pick("S", "F", "N", "P", "Q", "rank(S)", "rank(N, low)", "rank(P, high, dense)", "rank(F, low, dense)", "S", "P"), depth)
}

func TestColumnsAgreeWithCells(t *testing.T) {
	r := rand.New(rand.NewPCG(1458, 2027))
	worlds := []world{
		newWorld(t, r, "2022-11", 17, []int{-1, 0, 0, 1, 1, 1, 2, 2}),
		newWorld(t, r, "2023-01", 12, []int{1, -1, 1, 1, 0, -1}),
		newWorld(t, r, "2021-12", 1100, []int{-1, 0}),
	}
	w := writer{r}
	checked, skipped := 0, 0
	for i := range 1200 {
		src := w.formula()
		typed, err := Check(parse(t, src), cityEnv)
		if err != nil {
			skipped++
			continue
		}
		which := worlds[i%2]
		if i%400 == 0 {
			which = worlds[2]
		}
		p, err := typed.Compile(which.panel.Axis)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		checked++
		if d := which.differs(t, typed, p); d != "" {
			t.Fatalf("%s: %s", src, d)
		}
	}
	t.Logf("%d formulas agree, %d were not formulas", checked, skipped)
	if checked < 1000 {
		t.Errorf("only %d of the random formulas make sense: the writer is broken (%d skipped)", checked, skipped)
	}
}

func TestEveryFunctionIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := writer{r}
	seen := map[string]bool{}
	for range 2000 {
		typed, err := Check(parse(t, w.formula()), cityEnv)
		if err != nil {
			continue
		}
		for n := range typed.types {
			seen[n.op] = true
		}
	}
	for _, name := range append(names(), opAdd, opSub, opMul, opDiv, opPow, opNeg, opLess, opAtMost, opMore, opLeast, opEqual, opDiffer, "missing") {
		if !seen[name] {
			t.Errorf("no random formula has %s", name)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	months := newWorld(t, rand.New(rand.NewPCG(1, 1)), "2023-01", 12, []int{-1}).panel.Axis
	days := newWorld(t, rand.New(rand.NewPCG(1, 1)), "2023-01-01", 12, []int{-1}).panel.Axis
	for _, tt := range []struct {
		formula string
		axis    column.Axis
		want    string
	}{
		{"st.hte[2022]", months, "column 1: found st.hte[2022]; the panel has the periods 2023-01 to 2023-12"},
		{"1家 + st.hte_new[2023-06-30]", months, "column 6: found st.hte_new[2023-06-30]; the panel has the periods 2023-01 to 2023-12"},
		{"yoy(st.hte)", days, "column 1: found yoy on an axis of days; years differ in length: derive it on months, quarters or years"},
		{"0家" + strings.Repeat(" + rollup(st.hte)", 17), months, "the formula looks over units more than 16 times: split it into several indicators"},
	} {
		_, err := check(t, tt.formula).Compile(tt.axis)
		if !errors.Is(err, fault.Invalid) || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.formula, err, tt.want)
		}
	}
}

func TestRunRefusesAnotherAxis(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	a, b := newWorld(t, r, "2023-01", 12, []int{-1}), newWorld(t, r, "2023-01", 13, []int{-1})
	p, err := check(t, "st.hte").Compile(a.panel.Axis)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), b.panel, make([]float64, 13)); !errors.Is(err, fault.Invalid) {
		t.Errorf("another axis: %v", err)
	}
}

func FuzzColumnsAgreeWithCells(f *testing.F) {
	w := writer{rand.New(rand.NewPCG(7, 7))}
	for range 60 {
		f.Add(w.formula(), uint64(1))
	}
	f.Fuzz(func(t *testing.T, src string, seed uint64) {
		if len(src) > 300 {
			return
		}
		e, err := Parse(src)
		if err != nil {
			return
		}
		typed, err := Check(e, cityEnv)
		if err != nil {
			return
		}
		world := newWorld(t, rand.New(rand.NewPCG(seed, 1)), "2023-01", 7, []int{-1, 0, 0, 1, 1})
		p, err := typed.Compile(world.panel.Axis)
		if err != nil {
			return
		}
		if d := world.differs(t, typed, p); d != "" {
			t.Fatalf("%s: %s", src, d)
		}
	})
}
