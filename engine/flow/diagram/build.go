package diagram

import (
	"slices"
	"strings"

	"yuzhou/engine/flow/procedure"
)

// kind is what a box stands for.
type kind int

const (
	stateBox   kind = iota
	initialDot      // where a compound state begins
	titleBox        // the heading of a compound state, in its first layer
	portBox         // where an edge crosses the border, in the first or last layer
	bendBox         // where an edge passes a layer
	labelBox        // where an edge passes a layer and has its label
)

// box is one thing with a place in a frame. Places are of its middle, in CSS
// pixels within the frame.
type box struct {
	kind  kind
	state *procedure.State // of a stateBox
	lines []line           // of the state, title or label
	inner *frame           // of a compound or parallel state
	w, h  float64
	x, y  float64
	rank  int
	pos   int     // order within its layer
	ups   []*lane // that end here from above
	downs []*lane // that leave here downward
}

// frame is the inside of a compound or parallel state.
type frame struct {
	state  *procedure.State
	lines  []line // of the state
	boxes  []*box // in document order: states, then the rest
	links  []*link
	layers [][]*box
	lanes  []*lane
	w, h   float64
	tops   []float64 // y of the layers
	ends   []float64
}

// link is the part of an edge within one frame, from one box to another.
type link struct {
	edge     *edge
	from, to *box
	up       bool // runs from a lower layer to a higher one
	label    []line
	chain    []*box // all boxes that it passes, from the higher layer to the lower
	fromPort *box   // within from: where the edge comes out of it; nil of its own border
	toPort   *box
}

// edge is all transitions from one state to another.
type edge struct {
	from, to    *procedure.State
	transitions []*procedure.Transition
	start       bool    // leads from the dot to where a state begins
	links       []*link // from the source outward and inward to the target
}

// lane is a piece of a link between two neighbouring layers.
type lane struct {
	link       *link
	above, low *box
	ax, lx     float64 // where it leaves and meets the boxes, off their middles
}

// builder makes frames, boxes and links of a procedure.
type builder struct {
	words
	frames map[*procedure.State]*frame
	boxes  map[*procedure.State]*box
	edges  []*edge
}

// build returns the frame of the root, without any place yet.
func build(w words) *frame {
	b := &builder{words: w, frames: map[*procedure.State]*frame{}, boxes: map[*procedure.State]*box{}}
	b.frame(w.p.Root)
	for _, s := range append([]*procedure.State{w.p.Root}, w.p.States...) {
		if s.Initial != nil && b.frames[s] != nil {
			b.begin(s)
		}
		for _, t := range s.Transitions {
			b.transition(t)
		}
	}
	root := b.frames[w.p.Root]
	root.rank()
	for _, e := range b.edges {
		b.route(e)
	}
	return root
}

// frame makes the frame of a state and of all states within it.
func (b *builder) frame(s *procedure.State) *frame {
	f := &frame{state: s}
	b.frames[s] = f
	for _, c := range s.Children {
		x := &box{kind: stateBox, state: c, lines: append(b.header(c), b.own(c)...)}
		b.boxes[c] = x
		if len(c.Children) > 0 {
			x.inner = b.frame(c)
			x.inner.lines = x.lines
		}
		x.measure()
		f.boxes = append(f.boxes, x)
	}
	return f
}

// own returns the transitions of a state that do not leave it, as lines.
func (b *builder) own(s *procedure.State) []line {
	var out []line
	for _, t := range s.Transitions {
		if s.History() || len(t.Targets) > 0 && !inline(t, t.Targets[0]) {
			continue
		}
		out = append(out, line{cut(b.stay(t), 17), smallLine})
	}
	if len(out) > 5 {
		out = append(out[:4], line{"…", smallLine})
	}
	return out
}

// stay tells a transition in one line.
func (b *builder) stay(t *procedure.Transition) string {
	var text strings.Builder
	text.WriteString("↻")
	for i, l := range b.label(t) {
		if i > 0 && l.class == codeLine {
			text.WriteString(" /")
		}
		text.WriteString(" " + l.text)
	}
	if len(t.Targets) > 0 && t.Targets[0] != t.Source {
		text.WriteString(" → " + b.name(t.Targets[0]))
	}
	return text.String()
}

// inline reports whether a transition is told among the lines of its state: one
// that does not leave it, or one from region to region of a parallel state.
func inline(t *procedure.Transition, target *procedure.State) bool {
	if target == t.Source {
		return true
	}
	if target.Within(t.Source) || t.Source.Within(target) {
		return false
	}
	outer := t.Source.Parent
	for !target.Within(outer) {
		outer = outer.Parent
	}
	return outer.Kind == procedure.Parallel
}

// measure gives a box of a state its size; those of compound states grow with what
// is in them.
func (b *box) measure() {
	for _, l := range b.lines {
		b.w = max(b.w, l.width())
		b.h += l.height()
	}
	switch {
	case b.state == nil:
	case b.state.History():
		b.w, b.h = 24, 24
	case b.state.Kind == procedure.Final:
		b.w, b.h = max(b.w+8, 26), b.h+26
	default:
		b.w, b.h = max(b.w+38, 84), b.h+16
	}
}

// begin adds the dot of a state and its edge.
func (b *builder) begin(s *procedure.State) {
	f := b.frames[s]
	dot := &box{kind: initialDot, w: 14, h: 14}
	f.boxes = append(f.boxes, dot)
	for _, t := range s.Initial.Targets {
		e := &edge{from: s, to: t, start: true}
		b.edges = append(b.edges, e)
		l := &link{edge: e, from: dot, to: b.within(t, s)}
		f.links = append(f.links, l)
		e.links = []*link{l}
	}
}

// within returns the box, directly in a state, that another state is or lies in.
func (b *builder) within(s, of *procedure.State) *box {
	for s.Parent != of {
		s = s.Parent
	}
	return b.boxes[s]
}

// transition adds a transition's edges, or joins it to those that are there.
func (b *builder) transition(t *procedure.Transition) {
	for i, target := range t.Targets {
		if inline(t, target) {
			continue
		}
		label := b.label(t)
		if i > 0 {
			label = nil
		}
		at := slices.IndexFunc(b.edges, func(e *edge) bool { return !e.start && e.from == t.Source && e.to == target })
		if at >= 0 {
			e := b.edges[at]
			e.transitions = append(e.transitions, t)
			e.links[0].label = append(e.links[0].label, label...)
			continue
		}
		e := &edge{from: t.Source, to: target, transitions: []*procedure.Transition{t}}
		l := b.first(e)
		l.label = label
		e.links = []*link{l}
		b.edges = append(b.edges, e)
	}
}

// first makes the link of an edge in the innermost frame that holds both its ends;
// the border of a state that holds the other end is a port of its own frame.
func (b *builder) first(e *edge) *link {
	l := &link{edge: e}
	var f *frame
	switch {
	case e.to.Within(e.from):
		f = b.frames[e.from]
		l.from, l.to = f.port(), b.within(e.to, e.from)
	case e.from.Within(e.to):
		f = b.frames[e.to]
		l.from, l.to = b.within(e.from, e.to), f.port()
	default:
		outer := e.from.Parent
		for !e.to.Within(outer) {
			outer = outer.Parent
		}
		f = b.frames[outer]
		l.from, l.to = b.within(e.from, outer), b.within(e.to, outer)
	}
	f.links = append(f.links, l)
	return l
}

func (f *frame) port() *box {
	p := &box{kind: portBox}
	f.boxes = append(f.boxes, p)
	return p
}

// route adds what an edge needs within the boxes at its ends: a way from the source
// out to the border, and from the border in to the target. Which border follows
// from whether the edge runs up or down.
func (b *builder) route(e *edge) {
	l := e.links[0]
	for x := l.from; x.state != nil && x.state != e.from && !e.start; {
		f := b.frames[x.state]
		inner, port := b.within(e.from, x.state), f.port()
		n := &link{edge: e, from: inner, to: port, up: l.up}
		f.add(n, l.up)
		e.links[0].fromPort = port
		e.links = slices.Insert(e.links, 0, n)
		x = inner
	}
	for x := l.to; x.state != nil && x.state != e.to; {
		f := b.frames[x.state]
		inner, port := b.within(e.to, x.state), f.port()
		n := &link{edge: e, from: port, to: inner, up: l.up}
		f.add(n, !l.up)
		e.links[len(e.links)-1].toPort = port
		e.links = append(e.links, n)
		x = inner
	}
}

// add adds a link to a port in the first or the last layer.
func (f *frame) add(l *link, top bool) { //nolint:revive // which of the two layers, no switch
	port := l.to
	if l.from.kind == portBox {
		port = l.from
	}
	port.rank = 0
	if !top {
		port.rank = f.last()
	}
	f.links = append(f.links, l)
}
