package lineage

import "slices"

// Measure is how large a drawing is made, in the drawing's own unit. A field that is
// not positive takes its default.
type Measure struct {
	Width, Height int // of a box; 180 and 48
	Between       int // columns; 72
	Below         int // one box and the next; 16
	Lane          int // height of a line that passes a column; 10
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
	Row                 int // among the boxes of its column, from 0 on
	X, Y, Width, Height int
}

// Line is how an edge runs: from the middle of the right side of one box to the middle
// of the left side of another, level where it passes a column. Back tells that the edge
// closes a circle: it then runs from To's box to From's, and an arrow belongs at its
// beginning.
type Line struct {
	Points []Point
	Back   bool
}

// Point is a place in the plane.
type Point struct{ X, Y int }

const (
	// sweeps is how often the rows are put in order: after that little changes.
	sweeps = 12
	// maxLanes is how many places lines may have where they pass a column. A graph that
	// needs more is a thicket however it is drawn: its long lines then run straight.
	maxLanes = 4000
)

// Layout places a graph: what rests on something stands left of it.
//
//   - Layers by longest path, so every line leads to the right. Rows in the order of the
//     mean place of their neighbours, whichever of the tries has the shortest lines.
//   - No line runs behind a box: lines to one node pass a column between its boxes,
//     together. In a graph that would need more than 4,000 such places they run straight.
//   - Edges with an end that is no node, and from a node to itself, are not drawn: their
//     Line has no points.
//   - The same graph always gives the same drawing.
//   - Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of
//     Hierarchical System Structures" (1981).
func Layout(g Graph, m Measure) Drawing {
	l := layout{g: g, m: m.orDefaults()}
	l.layer()
	l.lay()
	l.order()
	return l.draw()
}

func (m Measure) orDefaults() Measure {
	for _, f := range []struct {
		field   *int
		usually int
	}{{&m.Width, 180}, {&m.Height, 48}, {&m.Between, 72}, {&m.Below, 16}, {&m.Lane, 10}, {&m.Margin, 8}} {
		if *f.field <= 0 {
			*f.field = f.usually
		}
	}
	return m
}

// layout is a drawing in the making. Its items are the nodes, then the lanes: where
// lines to a node pass a layer.
type layout struct {
	g      Graph
	m      Measure
	of     []int        // layer by item
	lanes  map[lane]int // item by what passes where
	back   []bool       // by edge: it closes a circle
	beside [][]int      // neighbours by item, in the layers next to its own
	rows   [][]int      // items by layer, from above
	tall   []int        // height of each layer
	place  []int        // twice how far the middle of an item is below the middle of its layer
	means  []float64    // of the neighbours' places, while a layer is sorted
}

// lane is where the lines to a node pass a layer.
type lane struct{ to, layer int }

// ends returns the edge as it is drawn, from left to right; false when it is not.
func (l *layout) ends(i int) (from, to int, ok bool) {
	e, n := l.g.Edges[i], len(l.g.Nodes)
	if e.From < 0 || e.From >= n || e.To < 0 || e.To >= n || e.From == e.To {
		return 0, 0, false
	}
	if l.back[i] {
		return e.To, e.From, true
	}
	return e.From, e.To, true
}

// layer gives each node the length of the longest path to it. Edges that close a circle
// count the other way round, so that every edge has a direction of its own.
func (l *layout) layer() {
	n := len(l.g.Nodes)
	l.of, l.back = make([]int, n), make([]bool, len(l.g.Edges))
	inOrder := l.topological()
	turn, right := make([]int, n), make([][]int, n)
	for i, v := range inOrder {
		turn[v] = i
	}
	for i := range l.g.Edges {
		if from, to, ok := l.ends(i); ok {
			if l.back[i] = turn[from] > turn[to]; l.back[i] {
				from, to = to, from
			}
			right[from] = append(right[from], to)
		}
	}
	for _, v := range inOrder {
		for _, w := range right[v] {
			l.of[w] = max(l.of[w], l.of[v]+1)
		}
	}
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
	for i := range l.g.Edges {
		if from, to, ok := l.ends(i); ok {
			out[from] = append(out[from], to)
			into[to]++
		}
	}
	return out, into
}

// lay lays lanes for the lines that pass layers, and notes who stands beside whom.
func (l *layout) lay() {
	l.lanes = map[lane]int{}
	for i := range l.g.Edges {
		from, to, ok := l.ends(i)
		for at := l.of[from] + 1; ok && at < l.of[to] && len(l.lanes) <= maxLanes; at++ {
			if _, there := l.lanes[lane{to, at}]; !there {
				l.lanes[lane{to, at}] = len(l.of)
				l.of = append(l.of, at)
			}
		}
	}
	if len(l.lanes) > maxLanes {
		l.lanes, l.of = map[lane]int{}, l.of[:len(l.g.Nodes)]
	}
	l.beside = make([][]int, len(l.of))
	for i := range l.g.Edges {
		if from, to, ok := l.ends(i); ok {
			l.join(from, to)
		}
	}
}

// join makes neighbours of two nodes, or of each and the lane that leads on.
func (l *layout) join(from, to int) {
	was := from
	for at := l.of[from] + 1; at <= l.of[to]; at++ {
		next, laid := l.lanes[lane{to, at}]
		if at == l.of[to] {
			next = to
		} else if !laid {
			continue
		}
		if was == from || !slices.Contains(l.beside[was], next) { // lanes are shared
			l.beside[was] = append(l.beside[was], next)
			l.beside[next] = append(l.beside[next], was)
		}
		was = next
	}
}

// height returns how much room an item takes.
func (l *layout) height(item int) int {
	if item < len(l.g.Nodes) {
		return l.m.Height + l.m.Below
	}
	return l.m.Lane
}

// settle notes where the items of a layer stand. Layers are centred, so places of
// different layers can be compared.
func (l *layout) settle(at int) {
	y := -l.tall[at]
	for _, v := range l.rows[at] {
		h := l.height(v)
		l.place[v] = y + h
		y += 2 * h
	}
}
