package diagram

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"yuzhou/engine/flow/procedure"
)

// margin is the space around a diagram, in CSS pixels.
const margin = 12.0

// drawing is an SVG that is being written.
type drawing struct {
	words
	o      Options
	out    strings.Builder
	places map[*frame]point // of the upper left corners
	labels strings.Builder  // drawn last, over the edges
}

// point is a place on the drawing, in CSS pixels.
type point struct{ x, y float64 }

// tag writes markup; words in it must be escaped by the caller.
func (d *drawing) tag(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// svg writes the whole drawing.
func (d *drawing) svg(root *frame) []byte {
	d.places = map[*frame]point{root: {margin, margin}}
	w, h := math.Ceil(root.w+2*margin), math.Ceil(root.h+2*margin)
	id := html.EscapeString(cmp.Or(d.o.ID, "flow-diagram"))
	d.tag(`<svg class="flow-diagram" id="%s" role="img" aria-labelledby="%s-title %s-desc" xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, id, id, id, w, h, w, h)
	d.tag("\n<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">%s</desc>\n", id, html.EscapeString(d.title()), id, html.EscapeString(d.told()))
	d.frame(root)
	d.edges(root)
	d.out.WriteString(d.labels.String())
	d.tag("</svg>\n")
	return []byte(d.out.String())
}

// title is the name of the drawing.
func (d *drawing) title() string {
	name := cmp.Or(d.in(d.p.Name), d.p.ID)
	return d.either(name+"流程图", "Diagram of the procedure "+name)
}

// told is the drawing in words: where the case is, and what leads where.
func (d *drawing) told() string {
	var b strings.Builder
	var now []string
	for _, s := range d.p.States {
		if d.o.present(s.ID) && len(s.Children) == 0 {
			now = append(now, d.name(s))
		}
	}
	if len(now) > 0 {
		b.WriteString(d.either("现在：", "Now: ") + strings.Join(now, d.either("、", ", ")) + d.either("。", ". "))
	}
	for _, s := range d.p.States {
		var ways []string
		for _, t := range s.Transitions {
			if way := d.way(t); way != "" {
				ways = append(ways, way)
			}
		}
		if len(ways) > 0 && !s.History() {
			b.WriteString(d.name(s) + d.either("：", ": ") + strings.Join(ways, d.either("；", "; ")) + d.either("。", ". "))
		}
	}
	return strings.TrimSpace(b.String())
}

// way tells a transition in words; "" of one that leads nowhere else.
func (d *drawing) way(t *procedure.Transition) string {
	var to, by []string
	for _, s := range t.Targets {
		to = append(to, d.name(s))
	}
	if len(to) == 0 {
		return ""
	}
	for _, l := range d.label(t) {
		by = append(by, l.text)
	}
	return strings.TrimSpace(strings.Join(by, "") + " → " + strings.Join(to, " + "))
}

// frame draws the boxes of a frame, and of the frames within it.
func (d *drawing) frame(f *frame) {
	at := d.places[f]
	for _, layer := range f.layers {
		for i, b := range layer {
			x, y := at.x+b.x, at.y+b.y
			switch b.kind {
			case initialDot:
				d.tag(`<circle class="flow-initial" cx="%.1f" cy="%.1f" r="6"/>`+"\n", x, y)
			case titleBox:
				d.text(&d.labels, b.lines, point{x - b.w/2, y - b.h/2}, "start")
			case labelBox:
				d.flag(b, point{x, y})
			case stateBox:
				if f.state.Kind == procedure.Parallel && i > 0 && !b.state.History() {
					prev := layer[i-1]
					mid := at.x + (prev.x+prev.w/2+b.x-b.w/2)/2
					d.tag(`<line class="flow-region" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", mid, at.y+f.tops[1], mid, at.y+f.h-padding/2)
				}
				d.state(f, b, point{x, y})
			case portBox, bendBox:
			}
		}
	}
}

// classes returns the classes of a state.
func (d *drawing) classes(s *procedure.State) string {
	out := "flow-state flow-" + string(s.Kind)
	if s.Rest {
		out += " flow-rest"
	}
	if d.o.present(s.ID) {
		out += " flow-present"
	} else if d.o.visited(s.ID) {
		out += " flow-visited"
	}
	return out
}

// state draws one state and what is in it; at is its middle.
func (d *drawing) state(f *frame, b *box, at point) {
	s := b.state
	region := f.state.Kind == procedure.Parallel && b.inner != nil
	d.tag(`<g class="%s" data-state="%s">`, d.classes(s), html.EscapeString(s.ID))
	if note := d.in(s.Note); note != "" {
		d.tag("<title>%s</title>", html.EscapeString(note))
	}
	x, y := at.x-b.w/2, at.y-b.h/2
	switch {
	case s.History():
		d.tag(`<circle class="flow-box" cx="%.1f" cy="%.1f" r="12"/><text class="flow-mark" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`,
			at.x, at.y, at.x, at.y+4.5, map[procedure.Kind]string{procedure.Shallow: "H", procedure.Deep: "H*"}[s.Kind])
	case s.Kind == procedure.Final:
		d.tag(`<circle class="flow-box" cx="%.1f" cy="%.1f" r="10"/><circle class="flow-dot" cx="%.1f" cy="%.1f" r="5.5"/>`, at.x, y+11, at.x, y+11)
		d.text(&d.out, b.lines, point{at.x, y + 24}, "middle")
	case region && !b.inner.bordered():
	default:
		d.tag(`<rect class="flow-box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%d"/>`, x, y, b.w, b.h, 8)
		if b.inner == nil {
			d.inside(b, at)
		}
	}
	if d.o.present(s.ID) && b.inner == nil && !s.History() {
		d.tag(`<circle class="flow-here" cx="%.1f" cy="%.1f" r="5"/>`, x+11, y+11)
	}
	d.tag("</g>\n")
	if b.inner != nil {
		d.places[b.inner] = point{x, y}
		d.frame(b.inner)
	}
}

// bordered reports whether an edge ends at the border of the frame from within.
func (f *frame) bordered() bool {
	return slices.ContainsFunc(f.links, func(l *link) bool {
		return len(l.edge.links) > 0 && (l.edge.from == f.state && l.from.kind == portBox || l.edge.to == f.state && l.to.kind == portBox)
	})
}

// inside writes the lines of a plain state.
func (d *drawing) inside(b *box, at point) {
	d.text(&d.out, b.lines, point{at.x, at.y - b.h/2 + 8}, "middle")
}

// text writes lines below one another; at is the top of the first.
func (d *drawing) text(out *strings.Builder, lines []line, at point, anchor string) {
	for _, l := range lines {
		fmt.Fprintf(out, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, l.class, at.x, at.y+l.size()*1.05, anchor, html.EscapeString(l.text))
		at.y += l.height()
	}
	out.WriteString("\n")
}

// flag writes the label of an edge on a piece of ground, over the edge.
func (d *drawing) flag(b *box, at point) {
	fmt.Fprintf(&d.labels, `<rect class="flow-ground" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="3"/>`, at.x-b.w/2+2, at.y-b.h/2, b.w-4, b.h)
	d.text(&d.labels, b.lines, point{at.x, at.y - b.h/2 + 1}, "middle")
}
