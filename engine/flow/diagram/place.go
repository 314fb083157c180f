package diagram

import (
	"cmp"
	"math"
	"slices"

	"yuzhou/engine/flow/procedure"
)

// Spaces between things, in CSS pixels.
const (
	between  = 26.0 // boxes side by side
	beside   = 14.0 // a bend or a label and what is beside it
	layerGap = 24.0
	padding  = 16.0
)

// arrange gives all boxes of a frame, and of the frames within, their places.
func arrange(f *frame) {
	for _, b := range f.boxes {
		if b.inner != nil {
			arrange(b.inner)
			b.w, b.h = b.inner.w, b.inner.h
		}
	}
	if f.state.Kind == procedure.Parallel {
		f.level()
	}
	f.fill()
	f.attach()
	f.order()
	f.across()
	f.down()
}

// level makes the regions of a parallel state equally high.
func (f *frame) level() {
	high := 0.0
	for _, b := range f.boxes {
		high = max(high, b.h)
	}
	for _, b := range f.boxes {
		if b.kind == stateBox && b.inner != nil {
			b.h = high
			b.inner.stretch(high)
		}
	}
}

// stretch makes a frame higher; what leaves it below leaves at its new border.
func (f *frame) stretch(h float64) {
	f.h = h
	f.ends[len(f.ends)-1] = h
	for _, b := range f.layers[len(f.layers)-1] {
		if b.kind == portBox {
			b.y = h
		}
	}
}

// attach fixes where lanes meet boxes that they go on within: at the port.
func (f *frame) attach() {
	for _, l := range f.lanes {
		l.ax, l.lx = l.link.off(l.above), l.link.off(l.low)
	}
}

// off returns where on a box a link meets it, off the box's middle; 0 of a box
// without ports.
func (l *link) off(b *box) float64 {
	port := l.fromPort
	if b == l.to {
		port = l.toPort
	}
	if port == nil || b != l.to && b != l.from {
		return 0
	}
	return port.x - b.w/2
}

// across places boxes from left to right: each near the middle of its neighbours,
// in order and with space between, long edges straight.
func (f *frame) across() {
	for _, layer := range f.layers {
		x := 0.0
		for i, b := range layer {
			if i > 0 {
				x += gap(layer[i-1], b)
			}
			b.x = x
		}
	}
	for round := range 24 {
		for i := range f.layers {
			if round%2 == 0 {
				settle(f.layers[i], round, true)
			} else {
				settle(f.layers[len(f.layers)-1-i], round, false)
			}
		}
	}
	f.spread()
	for range 6 {
		f.straighten()
	}
	f.left()
}

// gap returns the least distance of the middles of two neighbours.
func gap(a, b *box) float64 {
	space := between
	if a.kind != stateBox || b.kind != stateBox {
		space = beside
	}
	return (a.w+b.w)/2 + space
}

// settle moves the boxes of a layer towards their neighbours: those above, those
// below, and in the last rounds both. It finds the places with the least weighted
// sum of squares that keep the order, by pooling what would overlap (isotonic
// regression).
func settle(layer []*box, round int, above bool) {
	type pool struct{ at, weight, n float64 }
	shift := make([]float64, len(layer))
	var pools []pool
	for i, b := range layer {
		if i > 0 {
			shift[i] = shift[i-1] + gap(layer[i-1], b)
		}
		at, weight := b.wanted(above || round > 15, !above || round > 15)
		p := pool{at - shift[i], weight, 1}
		for len(pools) > 0 && pools[len(pools)-1].at > p.at {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			sum := last.weight + p.weight
			p = pool{(last.at*last.weight + p.at*p.weight) / sum, sum, last.n + p.n}
		}
		pools = append(pools, p)
	}
	i := 0
	for _, p := range pools {
		for range int(p.n) {
			layer[i].x = p.at + shift[i]
			i++
		}
	}
}

// wanted returns where a box would be best, and how much that matters: edges
// between bends are to be straight before all.
func (b *box) wanted(ups, downs bool) (at, weight float64) { //nolint:revive // sides, no switches
	sum := 0.0
	add := func(other *box, x float64) {
		w := 1.0
		switch flat, otherFlat := b.kind != stateBox, other.kind != stateBox; {
		case flat && otherFlat:
			w = 8
		case flat || otherFlat:
			w = 2
		default:
		}
		sum += w * x
		weight += w
	}
	if ups {
		for _, l := range b.ups {
			add(l.above, l.above.x+l.ax-l.lx)
		}
	}
	if downs {
		for _, l := range b.downs {
			add(l.low, l.low.x+l.lx-l.ax)
		}
	}
	if weight == 0 {
		return b.x, 0.01
	}
	return sum / weight, weight
}

// spread sets the lanes that meet the border of a box beside one another.
func (f *frame) spread() {
	for _, layer := range f.layers {
		for _, b := range layer {
			if b.kind != stateBox || b.state.History() || b.state.Kind == procedure.Final {
				continue
			}
			ups, downs := b.free(b.ups), b.free(b.downs)
			slices.SortStableFunc(ups, func(x, y *lane) int { return cmp.Compare(x.above.x+x.ax, y.above.x+y.ax) })
			slices.SortStableFunc(downs, func(x, y *lane) int { return cmp.Compare(x.low.x+x.lx, y.low.x+y.lx) })
			for i, l := range ups {
				l.lx = step(b, i, len(ups))
			}
			for i, l := range downs {
				l.ax = step(b, i, len(downs))
			}
		}
	}
}

// straighten sets the bends of each long link below one another, as far as their
// neighbours leave room.
func (f *frame) straighten() {
	for _, l := range f.links {
		if len(l.chain) > 2 {
			last := len(l.chain) - 1
			f.line(l.chain[1:last], l.chain[0].x+f.lane(l, 0).ax, l.chain[last].x+f.lane(l, last-1).lx)
		}
	}
}

// line sets bends below one another in as few pieces as there is room for: the
// first below the box above if it can be, the last above the box below.
func (f *frame) line(rest []*box, above, low float64) {
	want := above
	for len(rest) > 0 {
		n, least, most := f.run(rest)
		x := 0.0
		for _, b := range rest[:n] {
			x += b.x / float64(n)
		}
		if n == len(rest) {
			want = low
		}
		if want >= least && want <= most {
			x = want
		}
		x = min(max(x, least), most)
		for _, b := range rest[:n] {
			b.x = x
		}
		want, rest = x, rest[n:]
	}
}

// run returns how many of the bends can stand below one another, and between which
// places.
func (f *frame) run(bends []*box) (n int, low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	for _, b := range bends {
		layer := f.layers[b.rank]
		l, h := low, high
		if b.pos > 0 {
			l = max(l, layer[b.pos-1].x+gap(layer[b.pos-1], b))
		}
		if b.pos < len(layer)-1 {
			h = min(h, layer[b.pos+1].x-gap(b, layer[b.pos+1]))
		}
		if l > h+0.001 && n > 0 {
			break
		}
		low, high = l, max(l, h)
		n++
	}
	return n, low, high
}

// free returns the lanes that end at the border of a box and not within it.
func (b *box) free(lanes []*lane) []*lane {
	var out []*lane
	for _, l := range lanes {
		if l.link.from == b && l.link.fromPort == nil || l.link.to == b && l.link.toPort == nil {
			out = append(out, l)
		}
	}
	return out
}

func step(b *box, i, n int) float64 {
	return (float64(i) - float64(n-1)/2) * min(18, (b.w-24)/float64(n))
}

// left moves everything so that the frame begins at its padding, and measures it.
func (f *frame) left() {
	least, most := math.Inf(1), math.Inf(-1)
	for _, layer := range f.layers {
		for _, b := range layer {
			if b.kind != titleBox {
				least, most = min(least, b.x-b.w/2), max(most, b.x+b.w/2)
			}
		}
	}
	var t *box
	if len(f.layers[0]) > 0 && f.layers[0][0].kind == titleBox {
		t = f.layers[0][0]
		if len(f.layers[0]) > 1 { // edges beside the heading
			next := f.layers[0][1]
			least = min(least, next.x-next.w/2-beside-t.w)
		}
		t.x = least + t.w/2
		most = max(most, least+t.w)
	}
	for _, layer := range f.layers {
		for _, b := range layer {
			b.x += padding - least
		}
	}
	f.w = most - least + 2*padding
}

// down places layers from top to bottom. Where links go far to the side the space
// between layers is larger, so that they run less flat.
func (f *frame) down() {
	y := padding / 2
	if f.state.Parent == nil {
		y = 0
	}
	for i, layer := range f.layers {
		high := 0.0
		for _, b := range layer {
			high = max(high, b.h)
		}
		for _, b := range layer {
			b.y = y + high/2
		}
		f.tops, f.ends = append(f.tops, y), append(f.ends, y+high)
		y += high
		switch {
		case i == 0 && len(layer) > 0 && f.quiet():
			y += layerGap / 3
		case i < len(f.layers)-1 && (len(layer) > 0 || i > 0):
			y += f.space(layer)
		default:
		}
	}
	if len(f.layers[len(f.layers)-1]) == 0 {
		y -= layerGap - padding/2
	}
	f.tops[0] = 0
	f.stretch(y)
	f.h = y
	for _, b := range f.layers[0] {
		if b.kind == portBox {
			b.y = 0
		}
	}
}

// quiet reports whether no edge comes in from above.
func (f *frame) quiet() bool {
	return !slices.ContainsFunc(f.layers[0], func(b *box) bool { return b.kind == portBox })
}

func (f *frame) space(layer []*box) float64 {
	far := 0.0
	for _, b := range layer {
		for _, l := range b.downs {
			far = max(far, math.Abs(l.low.x+l.lx-b.x-l.ax))
		}
	}
	return layerGap + min(far/9, 34)
}
