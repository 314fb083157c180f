package projects

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// Sizes of the Gantt view in its own units, which are pixels on a desk.
const (
	ganttName   = 310 // column of names
	ganttMonth  = 18
	ganttRow    = 30
	ganttHead   = 46
	ganttMargin = 8
)

// ganttBar is one row of the Gantt view.
type ganttBar struct {
	ID, Name   string
	Class      int // 1 to 4 for the classes of projects, 5 policies, 6 measures
	From, To   period.Period
	Standing   Standing
	Milestones []ganttMark
	Demo       bool
	Href       string
}

type ganttMark struct {
	At    period.Period
	Light Light
	Title string
}

// gantt is what is drawn: bars over the months from From to To.
type gantt struct {
	From, To period.Period
	Today    time.Time
	Bars     []ganttBar
}

// x returns the horizontal place of a day.
func (g gantt) x(day time.Time) float64 {
	return ganttName + ganttMonth*period.MonthsBetween(g.From.Start(), day)
}

func (g gantt) width() float64 { return g.x(g.To.End()) + ganttMargin }

// draw returns the view as SVG, coloured by the stylesheet's classes and complete
// in black and white: each class has a pattern of its own, each light a shape.
func (g gantt) draw(sh *web.Shell, title string) template.HTML {
	var b strings.Builder
	height := ganttHead + ganttRow*len(g.Bars) + ganttMargin
	fmt.Fprintf(&b, `<svg class="infographic gantt" role="img" fill="currentColor" aria-labelledby="gantt-title" width="%.0f" height="%d" viewBox="0 0 %.0f %d"><title id="gantt-title">%s</title>`,
		g.width(), height, g.width(), height, template.HTMLEscapeString(title))
	b.WriteString(ganttPatterns)
	g.scale(&b, height)
	for n, bar := range g.Bars {
		g.bar(&b, n, bar)
	}
	g.today(&b, sh, height)
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // all texts are escaped as they are written
}

// ganttPatterns tells the classes apart without colour.
const ganttPatterns = `<defs>` +
	`<pattern id="g2" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 6L6 0" stroke="#fff" stroke-width="1.5"/></pattern>` +
	`<pattern id="g3" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.2" fill="#fff"/></pattern>` +
	`<pattern id="g4" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 3H6" stroke="#fff" stroke-width="1.5"/></pattern>` +
	`<pattern id="g5" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M3 0V6" stroke="#fff" stroke-width="1.5"/></pattern>` +
	`<pattern id="g6" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 6L6 0M0 0L6 6" stroke="#fff"/></pattern></defs>`

// scale draws the years and months.
func (g gantt) scale(b *strings.Builder, height int) {
	for m := g.From; m.Compare(g.To) <= 0; m = m.Add(1) {
		x, first := g.x(m.Start()), m.Start().Month() == time.January
		ink, top := ".12", ganttHead-4
		if first || m == g.From {
			ink, top = ".5", 4
			fmt.Fprintf(b, `<text class="small strong" x="%.1f" y="18">%d</text>`, x+3, m.Start().Year())
		}
		fmt.Fprintf(b, `<line stroke="currentColor" stroke-opacity="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, ink, x, x, top, height-ganttMargin)
		fmt.Fprintf(b, `<text class="tiny" x="%.1f" y="%d" text-anchor="middle">%d</text>`, x+ganttMonth/2, ganttHead-8, int(m.Start().Month()))
	}
}

// bar draws a row: name, span, milestones.
func (g gantt) bar(b *strings.Builder, n int, bar ganttBar) {
	y := float64(ganttHead + ganttRow*n)
	fmt.Fprintf(b, `<line stroke="currentColor" stroke-opacity=".12" x1="0" x2="%.1f" y1="%.1f" y2="%.1f"/>`, g.width()-ganttMargin, y, y)
	name := bar.Name
	if r := []rune(name); len(r) > 0 && ems(name) > 18 {
		for ems(string(r)) > 17 {
			r = r[:len(r)-1]
		}
		name = string(r) + "…"
	}
	fmt.Fprintf(b, `<a href="%s"><title>%s · %s</title><text class="label" x="24" y="%.1f">%s</text></a>`,
		template.HTMLEscapeString(bar.Href), template.HTMLEscapeString(bar.ID), template.HTMLEscapeString(bar.Name), y+20, template.HTMLEscapeString(name))
	fmt.Fprintf(b, `<text class="light light-%s" x="4" y="%.1f" aria-hidden="true">%s</text>`, bar.Standing.Light, y+20, symbol(bar.Standing.Light))
	if !bar.From.IsZero() && !bar.To.IsZero() {
		x0, x1 := max(g.x(bar.From.Start()), ganttName), min(g.x(bar.To.End()), g.width()-ganttMargin)
		if x1 > x0 {
			fmt.Fprintf(b, `<rect fill="%s" x="%.1f" y="%.1f" width="%.1f" height="12" rx="2"/>`, classFill(bar.Class), x0, y+9, x1-x0)
			if bar.Class > 1 {
				fmt.Fprintf(b, `<rect fill="url(#g%d)" opacity=".6" x="%.1f" y="%.1f" width="%.1f" height="12" rx="2"/>`, bar.Class, x0, y+9, x1-x0)
			}
		}
	}
	for _, m := range bar.Milestones {
		if m.At.Compare(g.From) < 0 || m.At.Compare(g.To) > 0 {
			continue
		}
		fmt.Fprintf(b, `<g class="light-%s" stroke="#fff" stroke-width=".8"><title>%s</title>%s</g>`, m.Light, template.HTMLEscapeString(m.Title), shape(m.Light, g.x(m.At.Start())+ganttMonth/2, y+15))
	}
}

// today draws the line of today, when it lies within the view.
func (g gantt) today(b *strings.Builder, sh *web.Shell, height int) {
	x := g.x(g.Today)
	if x < ganttName || x > g.width()-ganttMargin {
		return
	}
	word := "今天"
	if sh.English() {
		word = "today"
	}
	fmt.Fprintf(b, `<line stroke="currentColor" stroke-width="1.5" stroke-dasharray="5 3" x1="%.1f" x2="%.1f" y1="24" y2="%d"/><text class="small strong" x="%.1f" y="30">%s</text>`, x, x, height-ganttMargin, x+3, word)
}

// shape draws a light as its shape around a point.
func shape(l Light, x, y float64) string {
	const r = 6
	switch l {
	case Red:
		return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="%d" height="%d"/>`, x-r+1, y-r+1, 2*r-2, 2*r-2)
	case Yellow:
		return fmt.Sprintf(`<path d="M%.1f %.1fl%d %dh-%dz"/>`, x, y-r, r, 2*r-1, 2*r)
	case Reached:
		return fmt.Sprintf(`<path fill="none" stroke="currentColor" stroke-width="2.5" d="M%.1f %.1fl3.5 4l6.5 -8"/>`, x-5, y)
	case Green:
		return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%d"/>`, x, y, r-1)
	case CannotSay:
		return fmt.Sprintf(`<circle fill="none" stroke="currentColor" stroke-width="2" cx="%.1f" cy="%.1f" r="%d"/>`, x, y, r-1)
	}
	return ""
}

// symbol is a light's shape as a character.
func symbol(l Light) string {
	return map[Light]string{Red: "■", Yellow: "▲", Green: "●", CannotSay: "○", Reached: "✔"}[l]
}

// ems is about how wide a text is, in widths of a Chinese character.
func ems(s string) float64 {
	n := 0.0
	for _, r := range s {
		if r < 0x2000 {
			n += .55
		} else {
			n++
		}
	}
	return n
}

// swatch is a class's colour and pattern, for the key.
func swatch(class int) template.HTML {
	over := ""
	if class > 1 {
		over = fmt.Sprintf(`<rect fill="url(#g%d)" opacity=".6" width="28" height="12" rx="2"/>`, class)
	}
	return template.HTML(fmt.Sprintf(`<svg width="28" height="12" viewBox="0 0 28 12" aria-hidden="true"><rect fill="%s" width="28" height="12" rx="2"/>%s</svg>`, classFill(class), over)) //nolint:gosec // numbers and colours of this file
}

// classFill is a class's colour: told from paper and from ink at 3:1 and more.
func classFill(class int) string {
	return [...]string{"#75849a", "#2a86a0", "#8d68b0", "#3c9060", "#b9770e", "#75849a", "#a07a64"}[class]
}
