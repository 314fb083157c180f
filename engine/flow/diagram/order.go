package diagram

import (
	"cmp"
	"slices"

	"yuzhou/engine/flow/procedure"
)

// sweeps is how often the order within layers is looked at again.
const sweeps = 24

// order arranges the boxes within each layer so that few links cross: sweeps down
// and up by the means of neighbours, the best of all orders kept.
func (f *frame) order() {
	f.number()
	best, least := f.orders(), f.crossings()
	for i := range sweeps {
		if least == 0 {
			break
		}
		f.sweep(i%2 == 0)
		f.exchange()
		if n := f.crossings(); n < least {
			best, least = f.orders(), n
		}
	}
	f.layers = best
	f.number()
}

func (f *frame) number() {
	for _, layer := range f.layers {
		for i, b := range layer {
			b.pos = i
		}
	}
}

func (f *frame) orders() [][]*box {
	out := make([][]*box, len(f.layers))
	for i, layer := range f.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// sweep sorts each layer by the mean place of the neighbours in the layer before:
// above when going down.
func (f *frame) sweep(down bool) { //nolint:revive // a direction, no switch
	for i := range f.layers {
		layer := f.layers[i]
		if !down {
			layer = f.layers[len(f.layers)-1-i]
		}
		if f.fixed(layer) {
			continue
		}
		mean := map[*box]float64{}
		for _, b := range layer {
			mean[b] = b.mean(down)
		}
		slices.SortStableFunc(layer, func(a, b *box) int { return cmp.Compare(mean[a], mean[b]) })
		for j, b := range layer {
			b.pos = j
		}
	}
}

// fixed reports whether a layer keeps its order: regions stand in document order.
func (f *frame) fixed(layer []*box) bool {
	return f.state.Kind == procedure.Parallel && len(layer) > 0 && layer[0].rank == 1
}

// mean returns the mean place of the neighbours on one side; without any, the own
// place. A heading stays first.
func (b *box) mean(above bool) float64 { //nolint:revive // a side, no switch
	if b.kind == titleBox {
		return -1
	}
	sum, n := 0.0, 0.0
	if above {
		for _, l := range b.ups {
			sum += l.upper()
			n++
		}
	} else {
		for _, l := range b.downs {
			sum += l.lower()
			n++
		}
	}
	if n == 0 {
		return float64(b.pos)
	}
	return sum / n
}

// upper returns the place where a lane leaves the layer above: the box's, and a
// little of where on the box.
func (l *lane) upper() float64 { return float64(l.above.pos) + part(l.above, l.ax) }

// lower is upper for the layer below.
func (l *lane) lower() float64 { return float64(l.low.pos) + part(l.low, l.lx) }

func part(b *box, off float64) float64 {
	if b.w == 0 {
		return 0
	}
	return 0.9 * off / b.w
}

// exchange swaps neighbours while that takes crossings away.
func (f *frame) exchange() {
	for _, layer := range f.layers {
		if f.fixed(layer) {
			continue
		}
		for again, rounds := true, 0; again && rounds < 8; rounds++ {
			again = false
			for i := range len(layer) - 1 {
				a, b := layer[i], layer[i+1]
				if a.kind == titleBox || pairs(a, b) <= pairs(b, a) {
					continue
				}
				layer[i], layer[i+1] = b, a
				a.pos, b.pos = i+1, i
				again = true
			}
		}
	}
}

// pairs counts the crossings of the lanes of two boxes when the first is on the left.
func pairs(left, right *box) int {
	n := 0
	ups, downs := make([]float64, len(left.ups)), make([]float64, len(left.downs))
	for i, l := range left.ups {
		ups[i] = l.upper()
	}
	for i, l := range left.downs {
		downs[i] = l.lower()
	}
	for _, l := range right.ups {
		n += inversions(ups, l.upper())
	}
	for _, l := range right.downs {
		n += inversions(downs, l.lower())
	}
	return n
}

// crossings counts all crossings of a frame.
func (f *frame) crossings() int {
	n := 0
	for _, layer := range f.layers {
		var ends []float64 // of the lanes from left to right
		for _, b := range layer {
			at := len(ends)
			for _, l := range b.downs {
				n += inversions(ends[:at], l.lower())
				ends = append(ends, l.lower())
			}
		}
	}
	return n
}

// inversions counts the ends that lie to the right of one.
func inversions(ends []float64, end float64) int {
	n := 0
	for _, e := range ends {
		if e > end {
			n++
		}
	}
	return n
}
