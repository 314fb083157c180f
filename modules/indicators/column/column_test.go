package column

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
)

var na = math.NaN()

func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || x != x && y != y })
}

func when(t *testing.T, s string) period.Period {
	t.Helper()
	p, err := period.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func axis(t *testing.T, first string, n int) Axis {
	t.Helper()
	a, err := NewAxis(when(t, first), n)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newTree(t *testing.T, parent ...int) *Tree {
	t.Helper()
	tree, err := NewTree(parent)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestAxis(t *testing.T) {
	for _, tt := range []struct {
		first  string
		n      int
		period string
		index  int
		on     bool
		ending int
		ends   bool
	}{
		{"2022-11", 14, "2023-06", 7, true, 7, true},
		{"2022-11", 14, "2023-06-30", 0, false, 7, true},
		{"2022-11", 14, "2023-06-29", 0, false, 0, false},
		{"2022-11", 14, "2023", 0, false, 13, true},
		{"2022-11", 14, "2022-10", -1, false, -1, false},
		{"2022-11", 14, "2024-01", 14, false, 14, false},
		{"2020", 5, "2022-12-31", 0, false, 2, true},
		{"2020", 5, "2022", 2, true, 2, true},
		{"2020-Q2", 9, "2021-Q1", 3, true, 3, true},
		{"2020-H2", 9, "2021-H1", 1, true, 1, true},
		{"2024-02-28", 5, "2024-03-01", 2, true, 2, true},
		{"1965-01", 99, "1970-02", 61, true, 61, true},
	} {
		a := axis(t, tt.first, tt.n)
		if i, ok := a.Index(when(t, tt.period)); ok != tt.on || ok && i != tt.index {
			t.Errorf("%s on %d from %s: %d, %v", tt.period, tt.n, tt.first, i, ok)
		}
		if i, ok := a.IndexEnding(when(t, tt.period)); ok != tt.ends || ok && i != tt.ending {
			t.Errorf("the end of %s on %d from %s: %d, %v", tt.period, tt.n, tt.first, i, ok)
		}
		if i := tt.n - 1; tt.on && a.Period(tt.index).String() != tt.period {
			t.Errorf("period %d of %s is %s", i, tt.first, a.Period(tt.index))
		}
	}
	for first, want := range map[string]int{"2022": 1, "2022-H1": 2, "2022-Q1": 4, "2022-01": 12, "2022-01-01": 0} {
		if got := axis(t, first, 1).PerYear(); got != want {
			t.Errorf("%s: %d periods a year, want %d", first, got, want)
		}
	}
	if got := axis(t, "2022-11", 4).YearStart(); !slices.Equal(got, []int{-10, -10, 2, 2}) {
		t.Errorf("years begin at %v", got)
	}
	if got := axis(t, "2022-12-31", 3).YearStart(); !slices.Equal(got, []int{-364, 1, 1}) {
		t.Errorf("years begin at %v", got)
	}
	for _, bad := range []struct {
		first period.Period
		n     int
	}{{period.Period{}, 1}, {when(t, "2023/2024"), 1}, {when(t, "2023"), 0}, {when(t, "2023"), maxPeriods + 1}} {
		if _, err := NewAxis(bad.first, bad.n); !errors.Is(err, fault.Invalid) {
			t.Errorf("%d from %s: %v", bad.n, bad.first, err)
		}
	}
}

func TestPanel(t *testing.T) {
	p := NewPanel(axis(t, "2022", 2), newTree(t, -1, 0))
	if p.Column("a") != nil || p.Row("a", 1) != nil {
		t.Error("a new panel has columns")
	}
	copy(p.Add("a"), []float64{1, 2, 3, 4})
	if !same(p.Row("a", 1), []float64{3, 4}) || !same(p.Add("a"), []float64{1, 2, 3, 4}) || !same(p.Add("b"), []float64{na, na, na, na}) {
		t.Errorf("a is %v, b is %v", p.Column("a"), p.Column("b"))
	}
}

func TestBinary(t *testing.T) {
	a := []float64{6, -2, 0, na, 3, 3, 0, -1}
	b := []float64{4, 0.5, 0, 1, na, 3, -2, 2}
	for op, want := range map[string][]float64{
		"+":       {10, -1.5, 0, na, na, 6, -2, 1},
		"-":       {2, -2.5, 0, na, na, 0, 2, -3},
		"*":       {24, -1, 0, na, na, 9, 0, -2},
		"/":       {1.5, -4, na, na, na, 1, 0, -0.5},
		"^":       {1296, na, 1, na, na, 27, na, 1},
		"min":     {4, -2, 0, na, na, 3, -2, -1},
		"max":     {6, 0.5, 0, na, na, 3, 0, 2},
		"default": {6, -2, 0, 1, 3, 3, 0, -1},
		"<":       {0, 1, 0, na, na, 0, 0, 1},
		"<=":      {0, 1, 1, na, na, 1, 0, 1},
		">":       {1, 0, 0, na, na, 0, 1, 0},
		">=":      {1, 0, 1, na, na, 1, 1, 0},
		"=":       {0, 0, 1, na, na, 1, 0, 0},
		"!=":      {1, 1, 0, na, na, 0, 1, 1},
	} {
		got := make([]float64, len(a))
		Binary(op, got, a, b)
		if !same(got, want) {
			t.Errorf("%s gives %v, want %v", op, got, want)
		}
		inPlace := slices.Clone(b)
		Binary(op, inPlace, a, inPlace)
		if !same(inPlace, want) {
			t.Errorf("%s in place gives %v, want %v", op, inPlace, want)
		}
	}
}

func TestOneColumn(t *testing.T) {
	a := []float64{1, na, 3, 6, na, na, 0, 2}
	starts := []int{-1, 1, 1, 1}
	for name, tt := range map[string]struct {
		kernel func(dst, a []float64)
		want   []float64
	}{
		"neg":           {func(d, a []float64) { Unary("neg", d, a, 0) }, []float64{-1, na, -3, -6, na, na, 0, -2}},
		"missing":       {func(d, a []float64) { Unary("missing", d, a, 0) }, []float64{0, 1, 0, 0, 1, 1, 0, 0}},
		"scale up":      {func(d, a []float64) { Unary("scale", d, a, 2) }, []float64{100, na, 300, 600, na, na, 0, 200}},
		"scale down":    {func(d, a []float64) { Unary("scale", d, a, -1) }, []float64{0.1, na, 0.3, 0.6, na, na, 0, 0.2}},
		"lag":           {func(d, a []float64) { Along("lag", d, a, 4, 1) }, []float64{na, 1, na, 3, na, na, na, 0}},
		"lead":          {func(d, a []float64) { Along("lag", d, a, 4, -2) }, []float64{3, 6, na, na, 0, 2, na, na}},
		"lag too far":   {func(d, a []float64) { Along("lag", d, a, 4, 4) }, []float64{na, na, na, na, na, na, na, na}},
		"lead too far":  {func(d, a []float64) { Along("lag", d, a, 4, -9) }, []float64{na, na, na, na, na, na, na, na}},
		"diff":          {func(d, a []float64) { Along("diff", d, a, 4, 1) }, []float64{na, na, na, 3, na, na, na, 2}},
		"diff too far":  {func(d, a []float64) { Along("diff", d, a, 4, 7) }, []float64{na, na, na, na, na, na, na, na}},
		"growth":        {func(d, a []float64) { Along("growth", d, a, 4, 1) }, []float64{na, na, na, 100, na, na, na, na}},
		"cumulate":      {func(d, a []float64) { Along("cumulate", d, a, 4, 0) }, []float64{1, na, na, na, na, na, na, na}},
		"year to date":  {func(d, a []float64) { YearToDate(d, a, starts) }, []float64{na, na, na, na, na, na, na, na}},
		"window":        {func(d, a []float64) { Along("sum", d, a, 4, 2) }, []float64{na, na, na, 9, na, na, na, 2}},
		"window of one": {func(d, a []float64) { Along("sum", d, a, 4, 1) }, a},
		"window of all": {func(d, a []float64) { Along("sum", d, a, 4, 5) }, []float64{na, na, na, na, na, na, na, na}},
		"previous":      {func(d, a []float64) { Along("previous", d, a, 4, 0) }, []float64{1, 1, 3, 6, na, na, 0, 2}},
		"zero":          {func(d, a []float64) { Unary("zero", d, a, 0) }, []float64{1, 0, 3, 6, 0, 0, 0, 2}},
		"linear":        {func(d, a []float64) { Along("linear", d, a, 4, 0) }, []float64{1, 2, 3, 6, na, na, 0, 2}},
	} {
		got := make([]float64, len(a))
		tt.kernel(got, a)
		if !same(got, tt.want) {
			t.Errorf("%s gives %v, want %v", name, got, tt.want)
		}
	}
	got := make([]float64, 4)
	YearToDate(got, []float64{9, 1, 2, 3}, starts)
	if !same(got, []float64{na, 1, 3, 6}) {
		t.Errorf("year to date gives %v", got)
	}
	Unary("round", got, []float64{2.5, 3.5, -0.25, na}, 0)
	if !same(got, []float64{2, 4, 0, na}) {
		t.Errorf("rounding gives %v", got)
	}
	Select(got, []float64{1, 0, na, 2}, []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8})
	if !same(got, []float64{1, 6, na, 4}) {
		t.Errorf("selecting gives %v", got)
	}
}

func TestSpace(t *testing.T) {
	// a city 2 of the districts 0 and 3; district 3 of the towns 1 and 4
	tree := newTree(t, 2, 3, -1, 2, 3)
	all := Periods{0, 2}
	x := []float64{10, na, 1, 2, 99, 99, 99, 99, 3, 4}
	tree.RollUp(x, 2, all)
	if !same(x, []float64{10, na, 1, 2, 14, na, 4, 6, 3, 4}) {
		t.Errorf("sums are %v", x)
	}
	tree.Share(x, 2, Periods{0, 1})
	city := 14.0
	if !same(x, []float64{10 / city * 100, na, 25, 2, na, na, 4 / city * 100, 6, 75, 4}) {
		t.Errorf("shares are %v", x)
	}
	x = []float64{10, 1, 1, 1, 0, 0, 0, 0, 4, 1}
	w := []float64{1, 0, 1, 0, 0, 0, 0, 0, 2, 0}
	tree.RollUpWeighted(x, w, 2, all)
	if !same(x, []float64{10, 1, 1, 1, 19. / 4, na, 3, na, 4, 1}) {
		t.Errorf("weighted means are %v", x)
	}
}

func TestRank(t *testing.T) {
	tree := newTree(t, -1, 0, 0, 0, 0, 0)
	x := []float64{7, 5, 9, 5, na, 2}
	for name, tt := range map[string]struct {
		how  Ranking
		want []float64
	}{
		"competition": {Ranking{}, []float64{1, 2, 1, 2, na, 4}},
		"dense":       {Ranking{Dense: true}, []float64{1, 2, 1, 2, na, 3}},
		"low":         {Ranking{Low: true}, []float64{1, 2, 4, 2, na, 1}},
		"low, dense":  {Ranking{Low: true, Dense: true}, []float64{1, 2, 3, 2, na, 1}},
	} {
		got := slices.Clone(x)
		tree.Rank(got, 1, Periods{0, 1}, tt.how)
		if !same(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestTreeRefuses(t *testing.T) {
	for name, parent := range map[string][]int{"itself": {0}, "each other": {-1, 2, 1}, "nothing": {-1, 7}, "below the top": {-2}} {
		if _, err := NewTree(parent); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tree := newTree(t); tree.Len() != 0 {
		t.Error("a tree of nothing is not empty")
	}
}

func TestParallel(t *testing.T) {
	var cells [1000]int
	busy := make([]atomic.Int32, Workers())
	err := Parallel(t.Context(), len(cells), func(worker, part int) {
		if busy[worker].Add(1) != 1 {
			t.Error("two run as one worker")
		}
		cells[part]++
		busy[worker].Add(-1)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range cells {
		if n != 1 {
			t.Errorf("part %d ran %d times", i, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var ran atomic.Int32
	err = Parallel(ctx, 1000, func(_, _ int) { ran.Add(1); cancel() })
	if !errors.Is(err, context.Canceled) || int(ran.Load()) > Workers() {
		t.Errorf("%v after %d parts", err, ran.Load())
	}
}

func BenchmarkKernels(b *testing.B) {
	a, c, d := make([]float64, BlockCells), make([]float64, BlockCells), make([]float64, BlockCells)
	for i := range a {
		a[i], c[i] = float64(i%97)+1, float64(i%89)+2
	}
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"add", func() { Binary("+", d, a, c) }},
		{"divide", func() { Binary("/", d, a, c) }},
		{"power", func() { Binary("^", d, a, c) }},
		{"growth", func() { Along("growth", d[:960], a, 120, 12) }},
		{"cumulate", func() { Along("cumulate", d[:960], a, 120, 0) }},
		{"window12", func() { Along("sum", d[:960], a, 120, 12) }},
		{"linear", func() { Along("linear", d[:960], a, 120, 0) }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				tt.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/BlockCells, "ns/cell")
		})
	}
}
