package column

import (
	"cmp"
	"math"
	"slices"
)

// The space kernels work in place on a whole column, on some
// periods of every unit, so that workers may share a column by its periods.

// RollUp replaces the numbers of every unit that has children by the sum of theirs,
// from the bottom up; one missing child makes the sum missing.
func (t *Tree) RollUp(x []float64, width int, over Periods) {
	t.clear(x, width, over)
	for _, u := range t.up {
		p := t.parent[u]
		if p < 0 {
			continue
		}
		from := x[int(u)*width+over.Lo : int(u)*width+over.Hi]
		to := x[int(p)*width+over.Lo:][:len(from)]
		for i := range from {
			to[i] += from[i]
		}
	}
}

// clear sets the units that have children to zero.
func (t *Tree) clear(x []float64, width int, over Periods) {
	for u, leaf := range t.leaf {
		if !leaf {
			clear(x[u*width+over.Lo : u*width+over.Hi])
		}
	}
}

// RollUpWeighted replaces the numbers of every unit that has children by the mean
// of the units at the ends below it, weighted with w; where the weights are zero it
// is missing. It leaves the summed weights in w.
func (t *Tree) RollUpWeighted(x, w []float64, width int, over Periods) {
	t.clear(x, width, over)
	t.clear(w, width, over)
	for _, u := range t.up {
		p := t.parent[u]
		if p < 0 {
			continue
		}
		from := x[int(u)*width+over.Lo : int(u)*width+over.Hi]
		weight := w[int(u)*width+over.Lo:][:len(from)]
		to := x[int(p)*width+over.Lo:][:len(from)]
		total := w[int(p)*width+over.Lo:][:len(from)]
		if t.leaf[u] {
			for i := range from {
				to[i] += from[i] * weight[i]
				total[i] += weight[i]
			}
			continue
		}
		for i := range from {
			to[i] += from[i]
			total[i] += weight[i]
		}
	}
	for u, leaf := range t.leaf {
		if !leaf {
			part := x[u*width+over.Lo : u*width+over.Hi]
			divide(part, part, w[u*width+over.Lo:][:len(part)])
		}
	}
}

// Share replaces every number by its percentage of the parent's, missing for the
// units at the top.
func (t *Tree) Share(x []float64, width int, over Periods) {
	for _, u := range t.up { // children first: the parent's own number is still there
		part := x[int(u)*width+over.Lo : int(u)*width+over.Hi]
		p := t.parent[u]
		if p < 0 {
			Fill(part, math.NaN())
			continue
		}
		divide(part, part, x[int(p)*width+over.Lo:][:len(part)])
		for i := range part {
			part[i] *= 100
		}
	}
}

// Ranking says how places are counted.
type Ranking struct {
	Low   bool // the lowest number is first
	Dense bool // equal numbers take one place, not as many as they are
}

// Periods are those from Lo on, before Hi.
type Periods struct{ Lo, Hi int }

// Rank replaces every number by its place among the units with the same parent.
// Equal numbers have equal places; a missing number has none.
func (t *Tree) Rank(x []float64, width int, over Periods, r Ranking) {
	var order []placed
	for _, peers := range t.peers {
		for i := over.Lo; i < over.Hi; i++ {
			order = order[:0]
			for _, u := range peers {
				if v := x[int(u)*width+i]; v == v {
					order = append(order, placed{v, u})
				}
			}
			r.sort(order)
			r.number(order, x[i:], width)
		}
	}
}

// sort puts the first place first.
func (r Ranking) sort(order []placed) {
	if r.Low {
		slices.SortFunc(order, func(a, b placed) int { return cmp.Compare(a.value, b.value) })
		return
	}
	slices.SortFunc(order, func(a, b placed) int { return cmp.Compare(b.value, a.value) })
}

// number writes the places into the cells of the units, which stand width apart.
func (r Ranking) number(order []placed, x []float64, width int) {
	place := 0
	for k, o := range order {
		if k == 0 || o.value != order[k-1].value {
			place++
			if !r.Dense {
				place = k + 1
			}
		}
		x[int(o.unit)*width] = float64(place)
	}
}

// placed is one unit in an order.
type placed struct {
	value float64
	unit  int32
}
