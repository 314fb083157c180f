package lineage

import (
	"cmp"
	"slices"
)

// Measure is how large a drawing is made, in the drawing's own unit. A field that is
// not positive takes its default.
type Measure struct {
	Width, Height int // of a box; 180 and 48
	Between       int // columns; 72
	Below         int // one box and the next; 16
	Margin        int // around all; 8
}

// Drawing is a graph in the plane, x to the right and y down.
type Drawing struct {
	Width, Height int
	Layers        int
	Boxes         []Box  // of Nodes, in their order
	Lines         []Line // of Edges, in their order
}

// Box is where a node stands. X and Y are its upper left corner.
type Box struct {
	Layer               int // column from 0 on
	Row                 int // in its column, from 0 on
	X, Y, Width, Height int
}

// Line is how an edge runs: from the middle of the right side of one box to the middle
// of the left side of another. Back tells that the edge closes a circle: it then runs
// from To's box to From's, and an arrow belongs at its beginning.
type Line struct {
	X1, Y1, X2, Y2 int
	Back           bool
}

// sweeps is how often the rows are put in order: after that little changes.
const sweeps = 12

// Layout places a graph: what rests on something stands left of it.
//
//   - Layers by longest path, so every line leads to the right; rows in the order of the
//     mean place of their neighbours, whichever of the tries has the shortest lines.
//   - Edges with an end that is no node are not drawn: their Line is zero.
//   - The same graph always gives the same drawing.
//   - Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of
//     Hierarchical System Structures" (1981), without nodes in between for long lines.
func Layout(g Graph, m Measure) Drawing {
	m = m.orDefaults()
	l := layout{g: g, m: m}
	l.layer()
	l.order()
	return l.draw()
}

func (m Measure) orDefaults() Measure {
	for _, f := range []struct {
		field   *int
		usually int
	}{{&m.Width, 180}, {&m.Height, 48}, {&m.Between, 72}, {&m.Below, 16}, {&m.Margin, 8}} {
		if *f.field <= 0 {
			*f.field = f.usually
		}
	}
	return m
}

// layout is a drawing in the making.
type layout struct {
	g      Graph
	m      Measure
	of     []int   // layer by node
	back   []bool  // by edge: it closes a circle
	beside [][]int // neighbours by node, whichever way the edge leads
	rows   [][]int // nodes by layer, from above
	place  []int   // twice the height of a node over the middle of its layer, in rows
}

// drawn reports whether both ends of an edge are nodes, and not the same.
func (l *layout) drawn(e Edge) bool {
	n := len(l.g.Nodes)
	return e.From >= 0 && e.From < n && e.To >= 0 && e.To < n && e.From != e.To
}

// layer gives each node the length of the longest path to it. Edges that close a circle
// count the other way round, so that every edge has a direction of its own.
func (l *layout) layer() {
	n := len(l.g.Nodes)
	l.of, l.back, l.beside = make([]int, n), make([]bool, len(l.g.Edges)), make([][]int, n)
	inOrder := l.topological()
	turn, right := make([]int, n), make([][]int, n)
	for i, v := range inOrder {
		turn[v] = i
	}
	for i, e := range l.g.Edges {
		if !l.drawn(e) {
			continue
		}
		a, b := e.From, e.To
		if l.back[i] = turn[a] > turn[b]; l.back[i] {
			a, b = b, a
		}
		right[a] = append(right[a], b)
		l.beside[a] = append(l.beside[a], b)
		l.beside[b] = append(l.beside[b], a)
	}
	for _, v := range inOrder {
		for _, w := range right[v] {
			l.of[w] = max(l.of[w], l.of[v]+1)
		}
	}
	l.fill()
}

// topological returns the nodes so that edges lead from earlier ones to later ones.
// Where each that is left waits for another there is a circle: the first of them goes
// on without waiting.
func (l *layout) topological() []int {
	out, waits := l.degrees()
	order, first := make([]int, 0, len(waits)), 0
	for v, n := range waits {
		if n == 0 {
			order = append(order, v)
		}
	}
	for done := range waits {
		if done == len(order) {
			for waits[first] <= 0 {
				first++
			}
			waits[first] = 0 // later edges to it take it below zero
			order = append(order, first)
		}
		for _, to := range out[order[done]] {
			if waits[to]--; waits[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order
}

// degrees returns where edges lead from each node, and how many lead to it.
func (l *layout) degrees() (out [][]int, into []int) {
	out, into = make([][]int, len(l.g.Nodes)), make([]int, len(l.g.Nodes))
	for _, e := range l.g.Edges {
		if l.drawn(e) {
			out[e.From] = append(out[e.From], e.To)
			into[e.To]++
		}
	}
	return out, into
}

// fill puts the nodes into their layers, in the order of the graph.
func (l *layout) fill() {
	layers := 0
	for _, at := range l.of {
		layers = max(layers, at+1)
	}
	l.rows, l.place = make([][]int, layers), make([]int, len(l.of))
	for v, at := range l.of {
		l.rows[at] = append(l.rows[at], v)
	}
	for at := range l.rows {
		l.settle(at)
	}
}

// settle notes where the nodes of a layer stand. Layers are centred, so places of
// different layers can be compared.
func (l *layout) settle(at int) {
	for row, v := range l.rows[at] {
		l.place[v] = 2*row - len(l.rows[at]) + 1
	}
}

// order sweeps over the layers there and back and keeps what was best.
func (l *layout) order() {
	best, least := l.copyRows(), l.length()
	for i := range sweeps {
		for at := range l.rows {
			if i%2 == 1 {
				at = len(l.rows) - 1 - at
			}
			l.sort(at)
		}
		if now := l.length(); now < least {
			best, least = l.copyRows(), now
		}
	}
	l.rows = best
	for at := range l.rows {
		l.settle(at)
	}
}

// sort puts a layer in the order of the mean place of the neighbours. A node without
// any stays about where it is.
func (l *layout) sort(at int) {
	mean := make(map[int]float64, len(l.rows[at]))
	for _, v := range l.rows[at] {
		mean[v] = float64(l.place[v])
		if len(l.beside[v]) == 0 {
			continue
		}
		sum := 0
		for _, w := range l.beside[v] {
			sum += l.place[w]
		}
		mean[v] = float64(sum) / float64(len(l.beside[v]))
	}
	slices.SortStableFunc(l.rows[at], func(v, w int) int { return cmp.Compare(mean[v], mean[w]) })
	l.settle(at)
}

// length returns how far the lines lead up or down, all together.
func (l *layout) length() (sum int) {
	for v, near := range l.beside {
		for _, w := range near {
			sum += max(l.place[v]-l.place[w], l.place[w]-l.place[v])
		}
	}
	return sum
}

func (l *layout) copyRows() [][]int {
	rows := make([][]int, len(l.rows))
	for at := range rows {
		rows[at] = slices.Clone(l.rows[at])
	}
	return rows
}

// draw turns layers and rows into places.
func (l *layout) draw() Drawing {
	most := 0
	for _, r := range l.rows {
		most = max(most, len(r))
	}
	m := l.m
	d := Drawing{
		Layers: len(l.rows), Boxes: make([]Box, len(l.g.Nodes)), Lines: make([]Line, len(l.g.Edges)),
		Width: 2*m.Margin + len(l.rows)*(m.Width+m.Between), Height: 2*m.Margin + most*(m.Height+m.Below),
	}
	if len(l.rows) > 0 {
		d.Width, d.Height = d.Width-m.Between, d.Height-m.Below
	}
	for at, r := range l.rows {
		for row, v := range r {
			d.Boxes[v] = Box{
				Layer: at, Row: row, Width: m.Width, Height: m.Height,
				X: m.Margin + at*(m.Width+m.Between), Y: m.Margin + (most-1+l.place[v])*(m.Height+m.Below)/2,
			}
		}
	}
	for i, e := range l.g.Edges {
		if !l.drawn(e) {
			continue
		}
		a, b := d.Boxes[e.From], d.Boxes[e.To]
		if l.back[i] {
			a, b = b, a
		}
		d.Lines[i] = Line{a.X + a.Width, a.Y + a.Height/2, b.X, b.Y + b.Height/2, l.back[i]}
	}
	return d
}
