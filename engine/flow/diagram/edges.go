package diagram

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"yuzhou/engine/flow/procedure"
)

// edges draws all edges that have their outermost part in a frame, and those of the
// frames within.
func (d *drawing) edges(root *frame) {
	drawn := map[*edge]bool{}
	var walk func(f *frame)
	home := map[*link]*frame{}
	var order []*edge
	walk = func(f *frame) {
		for _, l := range f.links {
			home[l] = f
			if !drawn[l.edge] {
				drawn[l.edge] = true
				order = append(order, l.edge)
			}
		}
		for _, b := range f.boxes {
			if b.inner != nil {
				walk(b.inner)
			}
		}
	}
	walk(root)
	for _, e := range order {
		d.edge(e, home)
	}
}

// edge draws one edge as one path through all its frames, and its head.
func (d *drawing) edge(e *edge, home map[*link]*frame) {
	var way []point
	for _, l := range e.links {
		if len(e.links) > 1 && home[l].state.Kind == procedure.Parallel && (l.from.region(e.from) || l.to.region(e.to)) {
			continue // a region has no border of its own: the edge ends at that of the whole
		}
		part := d.points(home[l], l)
		if l.up {
			slices.Reverse(part)
		}
		way = append(way, part...)
	}
	class := "flow-edge"
	if e.start {
		class += " flow-begin"
	}
	if len(e.transitions) > 0 && !slices.ContainsFunc(e.transitions, func(t *procedure.Transition) bool { return d.in(t.Name) != "" }) {
		class += " flow-program" // no person sends it
	}
	d.tag(`<g class="%s" data-from="%s" data-to="%s">`, class, html.EscapeString(e.from.ID), html.EscapeString(e.to.ID))
	var hints []string
	for _, t := range e.transitions {
		if h := d.hint(t); h != "" {
			hints = append(hints, h)
		}
	}
	if len(hints) > 0 {
		d.tag("<title>%s</title>", html.EscapeString(strings.Join(hints, "\n")))
	}
	tip := way[len(way)-1]
	back := 7.0
	if e.links[len(e.links)-1].up {
		back = -7
	}
	way[len(way)-1].y = tip.y - back*0.8
	d.tag(`<path class="flow-line" d="%s"/>`, path(way))
	d.tag(`<path class="flow-head" d="M%.1f %.1fl-4.5 %.1fq4.5 %.1f 9 0z"/></g>`+"\n", tip.x, tip.y, -back*1.3, back*0.35)
}

// region reports whether the box is that of a state and has other states in it.
func (b *box) region(s *procedure.State) bool { return b.state == s && b.inner != nil }

// points returns the way of a link from top to bottom: two points for each layer.
func (d *drawing) points(f *frame, l *link) []point {
	at := d.places[f]
	var out []point
	for i, b := range l.chain {
		top, end, x := f.tops[b.rank], f.ends[b.rank], b.x
		switch {
		case i == 0:
			x += f.lane(l, 0).ax
			top = b.y + b.h/2
			if b.kind == portBox {
				top = 0
			}
		case i == len(l.chain)-1:
			x += f.lane(l, i-1).lx
			end = b.y - b.h/2
			if b.kind == portBox {
				end = f.h
			}
		default:
		}
		out = append(out, point{at.x + x, at.y + top}, point{at.x + x, at.y + end})
	}
	return out
}

// lane returns the piece of a link after its ith box.
func (f *frame) lane(l *link, i int) *lane {
	for _, n := range l.chain[i].downs {
		if n.link == l && n.low == l.chain[i+1] {
			return n
		}
	}
	return &lane{}
}

// path writes a way that runs straight up or down within layers and bends softly
// between them.
func path(way []point) string {
	var b strings.Builder
	at := way[0]
	fmt.Fprintf(&b, "M%.1f %.1f", at.x, at.y)
	for _, p := range way[1:] {
		switch {
		case math.Abs(p.x-at.x) < 0.05 && math.Abs(p.y-at.y) < 0.05:
			continue
		case math.Abs(p.x-at.x) < 0.05:
			fmt.Fprintf(&b, "V%.1f", p.y)
		default:
			mid := (at.y + p.y) / 2
			fmt.Fprintf(&b, "C%.1f %.1f %.1f %.1f %.1f %.1f", at.x, mid, p.x, mid, p.x, p.y)
		}
		at = p
	}
	return b.String()
}
