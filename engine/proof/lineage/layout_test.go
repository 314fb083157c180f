package lineage

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"yuzhou/kernel/testkit"
)

// sound wants a drawing in which nothing lies on anything and every line leads to the
// right, from box to box.
func sound(tb testing.TB, g Graph, d Drawing) {
	tb.Helper()
	if len(d.Boxes) != len(g.Nodes) || len(d.Lines) != len(g.Edges) {
		tb.Fatalf("%d boxes of %d nodes, %d lines of %d edges", len(d.Boxes), len(g.Nodes), len(d.Lines), len(g.Edges))
	}
	for i, a := range d.Boxes {
		if a.X < 0 || a.Y < 0 || a.X+a.Width > d.Width || a.Y+a.Height > d.Height || a.Layer >= d.Layers {
			tb.Errorf("box %d is not on the page of %d × %d: %+v", i, d.Width, d.Height, a)
		}
		for j, b := range d.Boxes[:i] {
			if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
				tb.Errorf("boxes %d and %d lie on one another: %+v %+v", i, j, a, b)
			}
		}
	}
	straight := 0
	for i, e := range g.Edges {
		p := d.Lines[i].Points
		if e.From == e.To {
			if p != nil {
				tb.Errorf("line %d leads from a box to itself", i)
			}
			continue
		}
		a, b := d.Boxes[e.From], d.Boxes[e.To]
		if d.Lines[i].Back {
			a, b = b, a
		}
		if p[0] != (Point{a.X + a.Width, a.Y + a.Height/2}) || p[len(p)-1] != (Point{b.X, b.Y + b.Height/2}) || a.Layer >= b.Layer {
			tb.Errorf("line %d leads from %+v to %+v: %+v", i, a, b, p)
		}
		if len(p) != 2*(b.Layer-a.Layer) {
			straight++
			continue
		}
		passes(tb, d, i)
	}
	if straight > 0 && len(g.Nodes) < 100 {
		tb.Errorf("%d lines do not keep to lanes", straight)
	}
}

// passes wants a line to go to the right, between columns or level, and through no box.
func passes(tb testing.TB, d Drawing, i int) {
	tb.Helper()
	p := d.Lines[i].Points
	for k := 1; k < len(p); k++ {
		level := k%2 == 0 // it passes a column
		if p[k-1].X >= p[k].X || level && p[k-1].Y != p[k].Y {
			tb.Errorf("line %d leads from %+v to %+v", i, p[k-1], p[k])
		}
		for _, b := range d.Boxes {
			inColumn := b.X < p[k].X && p[k-1].X < b.X+b.Width
			if inColumn && (!level || b.Y <= p[k].Y && p[k].Y <= b.Y+b.Height) {
				tb.Errorf("line %d runs through the box %+v from %+v to %+v", i, b, p[k-1], p[k])
			}
		}
	}
}

// random makes a graph of n nodes and m edges; without circles unless it may have them.
func random(r *rand.Rand, n, m int, circles bool) Graph {
	g := Graph{Nodes: make([]Node, n)}
	for range m {
		a, b := r.IntN(n), r.IntN(n)
		if !circles && a > b {
			a, b = b, a
		}
		if circles || a != b {
			g.Edges = append(g.Edges, Edge{From: a, To: b})
		}
	}
	return g
}

// longest is a second, plain way to the layers of a graph whose edges lead from smaller
// to greater indices.
func longest(g Graph) []int {
	of := make([]int, len(g.Nodes))
	for v := range g.Nodes {
		for _, e := range g.Edges {
			if e.To == v {
				of[v] = max(of[v], of[e.From]+1)
			}
		}
	}
	return of
}

func TestLayoutRandom(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	for range 1000 {
		n := 1 + r.IntN(40)
		g := random(r, n, r.IntN(3*n), r.IntN(2) == 0)
		m := Measure{Width: 1 + r.IntN(50), Height: 1 + r.IntN(50), Between: 1 + r.IntN(50), Below: 2 + r.IntN(50), Lane: 1 + r.IntN(20), Margin: 1 + r.IntN(9)}
		d := Layout(g, m)
		sound(t, g, d)
		if again := Layout(g, m); !reflect.DeepEqual(d, again) {
			t.Error("the same graph gives another drawing")
		}
		ordered := true
		for _, e := range g.Edges {
			ordered = ordered && e.From < e.To
		}
		if ordered {
			for v, want := range longest(g) {
				if d.Boxes[v].Layer != want {
					t.Errorf("node %d is in layer %d, want %d", v, d.Boxes[v].Layer, want)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, g.Edges)
		}
	}
}

func TestLayoutUncrosses(t *testing.T) {
	// Three chains whose second links stand the other way round.
	g := Graph{Nodes: make([]Node, 10), Edges: []Edge{
		{From: 0, To: 1},
		{From: 0, To: 2},
		{From: 0, To: 3},
		{From: 1, To: 6},
		{From: 2, To: 5},
		{From: 3, To: 4},
		{From: 4, To: 7},
		{From: 5, To: 8},
		{From: 6, To: 9},
	}}
	d := Layout(g, Measure{})
	sound(t, g, d)
	for i, a := range d.Lines {
		for j, b := range d.Lines[:i] {
			if a.Points[0].X == b.Points[0].X && (a.Points[0].Y-b.Points[0].Y)*(a.Points[1].Y-b.Points[1].Y) < 0 {
				t.Errorf("lines %d and %d cross: %+v %+v", i, j, a, b)
			}
		}
	}
	if b := d.Boxes[0]; b.Layer != 0 || b.Y != d.Boxes[2].Y {
		t.Errorf("the root does not stand in the middle: %+v", b)
	}
}

func TestLayoutEdges(t *testing.T) {
	for _, tt := range []struct {
		name string
		g    Graph
	}{
		{"nothing", Graph{}},
		{"one", Graph{Nodes: make([]Node, 1)}},
		{"to itself", Graph{Nodes: make([]Node, 2), Edges: []Edge{{From: 1, To: 1}}}},
		{"there and back", Graph{Nodes: make([]Node, 2), Edges: []Edge{{From: 1, To: 0}, {From: 0, To: 1}}}},
		{"twice", Graph{Nodes: make([]Node, 2), Edges: []Edge{{From: 0, To: 1}, {From: 0, To: 1}}}},
	} {
		t.Run(tt.name, func(t *testing.T) { sound(t, tt.g, Layout(tt.g, Measure{})) })
	}
	d := Layout(Graph{Nodes: make([]Node, 1), Edges: []Edge{{From: 0, To: 7}, {From: -1, To: 0}}}, Measure{})
	if d.Lines[0].Points != nil || d.Lines[1].Points != nil || d.Width != 196 || d.Height != 64 {
		t.Errorf("edges to nowhere: %+v", d)
	}
}

// picture draws the city as an SVG a person can look at.
func TestLayoutCity(t *testing.T) {
	s, root := city(t)
	g := build(t, s, root, 5)
	d := Layout(g, Measure{})
	sound(t, g, d)
	if d.Boxes[0].Layer != 0 {
		t.Errorf("the number itself stands in layer %d", d.Boxes[0].Layer)
	}
	testkit.Golden(t, "city.svg", svg(g, d))
}

// TestLayoutIsQuick holds the drawing of 500 nodes to 50 ms, with room for a busy
// machine: it takes about 1 ms.
func TestLayoutIsQuick(t *testing.T) {
	g := random(rand.New(rand.NewPCG(3, 4)), 500, 2000, false)
	start := time.Now()
	Layout(g, Measure{})
	if took := time.Since(start); took > 50*time.Millisecond {
		t.Errorf("500 nodes and 2000 edges took %s, at most 50 ms are wanted", took)
	}
}

func BenchmarkLayout(b *testing.B) {
	g := random(rand.New(rand.NewPCG(3, 4)), 500, 2000, false)
	for b.Loop() {
		Layout(g, Measure{})
	}
}

func BenchmarkBuild(b *testing.B) {
	s, root := city(b)
	for b.Loop() {
		if _, err := Build(root, s.get, 9); err != nil {
			b.Fatal(err)
		}
	}
}
