package diagram

import (
	"slices"

	"yuzhou/engine/flow/procedure"
)

// rank gives each box of a frame, and of the frames within, its layer. Layer 0 is
// the frame's heading, where edges come in from above; the last one is where they
// leave below.
func (f *frame) rank() {
	for _, b := range f.boxes {
		b.rank = 1
		if b.inner != nil {
			b.inner.rank()
		}
	}
	if f.state.Kind != procedure.Parallel {
		f.turn()
		f.longest()
	}
	for _, l := range f.links {
		if l.from.kind == portBox {
			l.from.rank = 0
		}
	}
	for _, l := range f.links {
		if l.to.kind == portBox {
			l.to.rank = f.last()
		}
	}
}

// last returns the layer below all boxes; a label on a way to it takes one more.
func (f *frame) last() int {
	last, room := 0, 1
	for _, b := range f.boxes {
		if b.kind != portBox {
			last = max(last, b.rank)
		}
	}
	for _, l := range f.links {
		if l.to.kind == portBox && len(l.label) > 0 {
			room = 2
		}
	}
	return last + room
}

// turn marks the links that would close a circle: they run upward. What is looked
// at first, from the beginning in document order, stays downward.
func (f *frame) turn() {
	seen := map[*box]visit{}
	for _, first := range []bool{true, false} {
		for _, b := range f.boxes {
			if seen[b] == unseen && b.kind != portBox && (b.kind == initialDot) == first {
				f.visit(b, seen)
			}
		}
	}
}

// visit is how far a box has been looked at.
type visit int

const (
	unseen visit = iota
	open
	closed
)

// visit follows the links of a box.
func (f *frame) visit(b *box, seen map[*box]visit) {
	seen[b] = open
	for _, l := range f.links {
		if l.from != b || l.to.kind == portBox {
			continue
		}
		switch seen[l.to] {
		case open:
			l.up = true
		case unseen:
			f.visit(l.to, seen)
		case closed:
		}
	}
	seen[b] = closed
}

// ends returns the higher and the lower end of a link.
func (l *link) ends() (above, low *box) {
	if l.up {
		return l.to, l.from
	}
	return l.from, l.to
}

// span returns how many layers lie at least between the ends of a link.
func (l *link) span() int {
	if len(l.label) > 0 {
		return 2
	}
	return 1
}

// longest gives each box the layer that the longest way from a beginning leads to,
// then lowers beginnings to what they lead to.
func (f *frame) longest() {
	for range f.boxes { // at most as many rounds as the longest way has boxes
		changed := false
		for _, l := range f.links {
			above, low := l.ends()
			if low.kind == portBox {
				continue
			}
			least := above.rank + l.span()
			if above.kind == portBox {
				least = l.span()
			}
			if low.rank < least {
				low.rank = least
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	for _, b := range f.boxes {
		f.lower(b)
	}
}

// lower moves a box that nothing leads to next to what it leads to.
func (f *frame) lower(b *box) {
	least := -1
	for _, l := range f.links {
		above, low := l.ends()
		switch {
		case low == b:
			return
		case above == b && low.kind != portBox && (least < 0 || low.rank-l.span() < least):
			least = low.rank - l.span()
		default:
		}
	}
	if b.kind != portBox && least > b.rank {
		b.rank = least
	}
}

// fill makes the layers of a frame: boxes by rank, and for each link a bend in each
// layer that it passes, one of them with its label.
func (f *frame) fill() {
	f.layers = make([][]*box, f.last()+1)
	if f.state.Parent != nil {
		f.title()
	}
	for _, b := range f.boxes {
		f.layers[b.rank] = append(f.layers[b.rank], b)
	}
	for _, l := range f.links {
		above, low := l.ends()
		l.chain = []*box{above}
		for r := above.rank + 1; r < low.rank; r++ {
			bend := &box{kind: bendBox, rank: r, w: 2}
			l.chain = append(l.chain, bend)
			f.layers[r] = append(f.layers[r], bend)
		}
		l.chain = append(l.chain, low)
		l.mark()
		for i := range len(l.chain) - 1 {
			n := &lane{link: l, above: l.chain[i], low: l.chain[i+1]}
			n.above.downs, n.low.ups = append(n.above.downs, n), append(n.low.ups, n)
			f.lanes = append(f.lanes, n)
		}
	}
}

// mark puts the label of a link on the bend next to where it comes from.
func (l *link) mark() {
	if len(l.label) == 0 || len(l.chain) < 3 {
		return
	}
	at := l.chain[1]
	if l.up {
		at = l.chain[len(l.chain)-2]
	}
	at.kind, at.lines = labelBox, l.label
	at.measure()
	at.w += 10
	at.h += 4
}

// title puts the heading of a state into its first layer, so that edges pass beside it.
func (f *frame) title() {
	t := &box{kind: titleBox, lines: f.lines}
	t.measure()
	t.w += 8
	t.h += 4
	f.layers[0] = slices.Insert(f.layers[0], 0, t)
}
