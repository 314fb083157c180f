package plan

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yuzhou/kernel/web"
)

// The small pictures of pages: SVG written here, coloured by the stylesheet's
// classes, so that a page of fourteen targets costs no chart engine.

// drawing is an SVG being written. Numbers are CSS pixels.
type drawing struct {
	format
	text  []byte
	under map[string][]Status // targets that an action's measures carry, by the action's id
}

// tag writes markup; words in it must be escaped by the caller.
func (d *drawing) tag(format string, args ...any) { d.text = fmt.Appendf(d.text, format, args...) }

// String returns what has been written.
func (d *drawing) String() string { return string(d.text) }

func (d *drawing) rect(class string, x, y, w, h float64) {
	d.tag(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, x, y, math.Max(w, 0), h)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	d.tag(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (d *drawing) words(class string, x, y float64, s string) {
	d.tag(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, html.EscapeString(s))
}

// block is where lines of text stand: x and y of the first line's baseline, the
// width in ems, the height of a line.
type block struct{ x, y, width, height float64 }

// lines writes s broken into lines, and returns the y after the last one.
func (d *drawing) lines(class string, b block, s string) float64 {
	for _, l := range wrap(s, b.width) {
		d.words(class, b.x, b.y, l)
		b.y += b.height
	}
	return b.y
}

// wrap breaks s into lines of at most width ems: Chinese anywhere, other scripts
// between words. A Chinese character is one em wide, others about half.
func wrap(s string, width float64) []string {
	var out []string
	var line strings.Builder
	used := 0.0
	flush := func() {
		if t := strings.TrimSpace(line.String()); t != "" {
			out = append(out, t)
		}
		line.Reset()
		used = 0
	}
	for _, piece := range pieces(s) {
		w := ems(piece)
		if used > 0 && used+w > width {
			flush()
		}
		line.WriteString(piece)
		used += w
	}
	flush()
	return out
}

// pieces cuts s where a line may break.
func pieces(s string) []string {
	var out []string
	var word strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf && r != ' ' {
			word.WriteRune(r)
			continue
		}
		if r == ' ' {
			word.WriteRune(r)
		}
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
		if r != ' ' {
			out = append(out, string(r))
		}
	}
	if word.Len() > 0 {
		out = append(out, word.String())
	}
	return out
}

func ems(s string) float64 {
	n := 0.0
	for _, r := range s {
		if r < utf8.RuneSelf {
			n += 0.54
		} else {
			n++
		}
	}
	return n
}

// scale maps the span from the start (the baseline, or zero) to the target onto
// 0..width, leaving room for what goes beyond.
func scale(st Status, width float64) func(float64) float64 {
	from := 0.0
	if st.HasBase {
		from = st.BaseValue
	}
	if st.Latest != nil {
		from = math.Min(from, st.Value)
	}
	span := st.Want - from
	if span == 0 {
		span = 1
	}
	return func(v float64) float64 { return math.Max(0, math.Min(width, (v-from)/span*width*0.9)) }
}

// bullet draws a target as a bar: what is, where the path is now, what is wanted.
// Source: S. Few, bullet graph design specification (2013).
func bullet(st Status) template.HTML {
	const w, h = 180.0, 18.0
	var d drawing
	d.tag(`<svg class="bullet" width="%g" height="%g" viewBox="0 0 %g %g" aria-hidden="true">`, w, h, w, h)
	d.bullet(st, 0, 2, w)
	d.tag("</svg>")
	return template.HTML(d.String()) //nolint:gosec // numbers and classes only
}

func (d *drawing) bullet(st Status, x, y, w float64) {
	at := scale(st, w)
	d.rect("track", x, y+4, w, 6)
	if st.Latest != nil {
		d.rect("bar bar-"+string(st.Light), x, y+4, math.Max(2, at(st.Value)), 6)
	}
	if st.HasBase {
		d.line("tick-base", x+at(st.BaseValue), y+2, x+at(st.BaseValue), y+12)
	}
	if st.Judged {
		d.line("tick-path", x+at(st.PathValue), y, x+at(st.PathValue), y+14)
	}
	d.line("tick-want", x+at(st.Want), y, x+at(st.Want), y+14)
}

// spark draws the way so far within the path's band. It is empty without a path.
func spark(st Status) template.HTML {
	if !st.HasBase || st.Path.Shape == "" || st.Latest == nil {
		return ""
	}
	due := st.Target.Due.Last()
	l, err := newLine(st.Path, st.BaseDate, due, st.BaseValue, st.Want)
	if err != nil {
		return ""
	}
	const w, h, pad = 160.0, 36.0, 4.0
	start := st.BaseDate
	if st.Measured.Implied {
		start = st.Measured.From
	}
	low, high := math.Min(l.at(start), st.Value), math.Max(st.Want, st.Value)
	x := func(t time.Time) float64 { return pad + (w-2*pad)*t.Sub(start).Hours()/due.Sub(start).Hours() }
	y := func(v float64) float64 {
		return math.Max(1, math.Min(h-1, h-pad-(h-2*pad)*(v-low)/math.Max(high-low, 1e-9)))
	}
	var d drawing
	d.tag(`<svg class="spark" width="%g" height="%g" viewBox="0 0 %g %g" aria-hidden="true"><polygon class="band" points="`, w, h, w, h)
	const steps = 12
	for n := range steps + 1 {
		at := start.Add(due.Sub(start) * time.Duration(n) / steps)
		d.tag("%.1f,%.1f ", x(at), y(l.at(at)*(1+st.Path.Band/100)))
	}
	for n := steps; n >= 0; n-- {
		at := start.Add(due.Sub(start) * time.Duration(n) / steps)
		d.tag("%.1f,%.1f ", x(at), y(l.at(at)*(1-st.Path.Band/100)))
	}
	d.tag(`"/>`)
	from, value := st.BaseDate, st.BaseValue
	if st.Judged {
		from, value = st.Measured.From, st.Measured.FromValue
	}
	last := st.Latest.Period.Last()
	d.line("way", x(from), y(value), x(last), y(st.Value))
	d.tag(`<circle class="now bar-%s" cx="%.1f" cy="%.1f" r="3.2"/>`, st.Light, x(last), y(st.Value))
	d.line("tick-want", w-pad, y(st.Want)-4, w-pad, y(st.Want)+4)
	d.tag("</svg>")
	return template.HTML(d.String()) //nolint:gosec // numbers and classes only
}

// format is how wide the 1-4-5-8 figure is and how it is cut.
type format struct {
	class                       string
	width, numeral              float64 // of all, and of the column of the big numerals
	positions, columns, actions int     // how many stand in a row; columns are the objectives
}

// The formats, and the space between boxes.
var (
	desk  = format{"desk", 1200, 76, 4, 5, 4} //nolint:gochecknoglobals // never written
	phone = format{"phone", 360, 46, 1, 1, 1} //nolint:gochecknoglobals // never written
)

const gap = 14.0

// infographic draws the plan as its numbers: one goal, the positions, the
// objectives with their targets as bullets, the actions. Every part is a link.
func infographic(p Plan, all []Status, sh *web.Shell, f format) template.HTML {
	d := drawing{format: f, under: map[string][]Status{}}
	for _, a := range p.Of(Action) {
		for _, m := range p.Under(a.ID) {
			d.under[a.ID] = append(d.under[a.ID], filter(all, func(st Status) bool { return st.Target.Element == m.ID })...)
		}
	}
	y := 12.0
	y = d.band(p.Of(Goal), "goal", 1, y, sh)
	y = d.band(p.Of(Position), "position", f.positions, y, sh)
	y = d.objectives(p, all, y, sh)
	y = d.band(p.Of(Action), "action", f.actions, y, sh)
	head := fmt.Sprintf(`<svg class="infographic %s" role="group" aria-label="%s" width="%g" height="%.0f" viewBox="0 0 %g %.0f">`,
		f.class, html.EscapeString(sh.In(p.Numerals)), f.width, y, f.width, y)
	return template.HTML(head + d.String() + "</svg>") //nolint:gosec // every word is escaped
}

// band draws elements of one kind in rows of perRow and returns the y below.
func (d *drawing) band(elements []Element, class string, perRow int, y float64, sh *web.Shell) float64 {
	if len(elements) == 0 {
		return y
	}
	d.words("numeral", d.numeral/4, y+44, strconv.Itoa(len(elements)))
	w := (d.width - 2 - d.numeral - gap*float64(perRow-1)) / float64(perRow)
	const size, padding = 20.0, 14.0
	for first := 0; first < len(elements); first += perRow {
		row := elements[first:min(first+perRow, len(elements))]
		deep := 0
		for _, e := range row {
			lines := len(wrap(sh.In(e.Text), (w-2*padding)/15))
			for _, st := range d.under[e.ID] {
				lines += len(wrap(promise(st, sh), (w-2*padding-18)/13))
			}
			deep = max(deep, lines)
		}
		h := float64(deep)*size + 2*padding
		for n, e := range row {
			x := d.numeral + float64(n)*(w+gap)
			d.tag(`<a href="%s">`, html.EscapeString(sh.Link("/plan/elements/"+e.ID)))
			d.rect("box box-"+class, x, y, w, h)
			below := d.lines("label", block{x + padding, y + padding + 15, (w - 2*padding) / 15, size}, sh.In(e.Text))
			d.tag("</a>")
			for _, st := range d.under[e.ID] {
				d.tag(`<a href="%s">`, html.EscapeString(sh.Link("/plan/targets/"+st.Target.ID)))
				d.words("light light-"+string(st.Light), x+padding, below, lit(st.Light).Symbol)
				below = d.lines("small", block{x + padding + 18, below, (w - 2*padding - 18) / 13, size}, promise(st, sh))
				d.tag("</a>")
			}
		}
		y += h + gap
	}
	return y + 10
}

// promise is a target in few words.
func promise(st Status, sh *web.Shell) string {
	return named(st.Indicator, sh) + " → " + sh.In(wanted(st.Target))
}

// objectives draws the objectives as columns, each with its targets, in rows.
func (d *drawing) objectives(p Plan, all []Status, y float64, sh *web.Shell) float64 {
	list := p.Of(Objective)
	if len(list) == 0 {
		return y
	}
	d.words("numeral", d.numeral/4, y+44, strconv.Itoa(len(list)))
	perRow := min(d.columns, len(list))
	w := (d.width - 2 - d.numeral - gap*float64(perRow-1)) / float64(perRow)
	bottom := y
	for n, e := range list {
		if n > 0 && n%perRow == 0 {
			y = bottom + gap
		}
		x := d.numeral + float64(n%perRow)*(w+gap)
		d.tag(`<a href="%s">`, html.EscapeString(sh.Link("/plan/elements/"+e.ID)))
		d.rect("rule", x, y, w, 3)
		below := d.lines("label strong", block{x, y + 26, w / 17, 20}, sh.In(e.Text)) + 6
		d.tag("</a>")
		for _, st := range all {
			if st.Target.Element == e.ID {
				below = d.target(st, x, below, w, sh)
			}
		}
		bottom = math.Max(bottom, below)
	}
	return bottom + 18
}

// target draws one target under its objective and returns the y below.
func (d *drawing) target(st Status, x, y, w float64, sh *web.Shell) float64 {
	l := lit(st.Light)
	d.tag(`<a href="%s">`, html.EscapeString(sh.Link("/plan/targets/"+st.Target.ID)))
	d.words("light light-"+string(l.Light), x, y+10, l.Symbol)
	y = d.lines("small", block{x + 18, y + 10, (w - 18) / 13, 17}, named(st.Indicator, sh))
	d.bullet(st, x+18, y-11, w-24)
	latest := "—"
	if st.Latest != nil {
		latest = sh.Figure(*st.Latest).Text
	}
	y = d.lines("tiny", block{x + 18, y + 17, (w - 18) / 11.5, 14}, latest+" → "+sh.In(wanted(st.Target)))
	d.tag("</a>")
	return y + 8
}
