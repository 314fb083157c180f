package lineage

import (
	"cmp"
	"slices"
)

// order puts the items into their layers, sweeps over these there and back and keeps
// what was best.
func (l *layout) order() {
	layers := 0
	for _, at := range l.of {
		layers = max(layers, at+1)
	}
	l.rows, l.tall = make([][]int, layers), make([]int, layers)
	l.place, l.means = make([]int, len(l.of)), make([]float64, len(l.of))
	for v, at := range l.of {
		l.rows[at] = append(l.rows[at], v)
		l.tall[at] += l.height(v)
	}
	for at := range l.rows {
		l.settle(at)
	}
	best, least := l.copyRows(), l.length()
	for i := range sweeps {
		l.sweep(i%2 == 1)
		if now := l.length(); now < least {
			best, least = l.copyRows(), now
		}
	}
	l.rows = best
	for at := range l.rows {
		l.settle(at)
	}
}

// sweep puts one layer after the other in order.
func (l *layout) sweep(fromTheRight bool) { //nolint:revive // the two ways of one walk
	for at := range l.rows {
		if fromTheRight {
			at = len(l.rows) - 1 - at
		}
		l.sort(at)
	}
}

// sort puts a layer in the order of the mean place of the neighbours. An item without
// any stays about where it is.
func (l *layout) sort(at int) {
	for _, v := range l.rows[at] {
		l.means[v] = float64(l.place[v])
		if len(l.beside[v]) == 0 {
			continue
		}
		sum := 0
		for _, w := range l.beside[v] {
			sum += l.place[w]
		}
		l.means[v] = float64(sum) / float64(len(l.beside[v]))
	}
	slices.SortStableFunc(l.rows[at], func(v, w int) int { return cmp.Compare(l.means[v], l.means[w]) })
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
	for _, t := range l.tall {
		most = max(most, t)
	}
	m := l.m
	d := Drawing{
		Layers: len(l.rows), Boxes: make([]Box, len(l.g.Nodes)), Lines: make([]Line, len(l.g.Edges)),
		Width: 2*m.Margin + max(0, len(l.rows)*(m.Width+m.Between)-m.Between), Height: 2*m.Margin + max(0, most-m.Below),
	}
	top := m.Margin - m.Below/2
	for at, items := range l.rows {
		row := 0
		for _, v := range items {
			if v < len(d.Boxes) {
				d.Boxes[v] = Box{Layer: at, Row: row, X: l.x(at), Y: top + (most+l.place[v]-m.Height)/2, Width: m.Width, Height: m.Height}
				row++
			}
		}
	}
	for i := range l.g.Edges {
		if from, to, ok := l.ends(i); ok {
			d.Lines[i] = Line{l.run(d.Boxes[from], d.Boxes[to], to, top+most/2), l.back[i]}
		}
	}
	return d
}

// x is where a layer begins.
func (l *layout) x(at int) int { return l.m.Margin + at*(l.m.Width+l.m.Between) }

// run returns the points of a line; middle is the height at which layers are centred.
func (l *layout) run(a, b Box, to, middle int) []Point {
	points := []Point{{a.X + a.Width, a.Y + a.Height/2}}
	for at := a.Layer + 1; at < b.Layer; at++ {
		if v, laid := l.lanes[lane{to, at}]; laid {
			y := middle + l.place[v]/2
			points = append(points, Point{l.x(at), y}, Point{l.x(at) + l.m.Width, y})
		}
	}
	return append(points, Point{b.X, b.Y + b.Height/2})
}
