package projects

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

// cut is how the view is cut for a screen, in pixels.
type cut struct {
	class  string  // of the stylesheet
	name   float64 // column of names; none when they stand above their bars
	month  float64 // width of a month; 0: as wide as fits
	row    float64 // height of a row
	letter float64 // how many Chinese characters a name may have
}

// The two cuts. The stylesheet shows the one that fits.
var (
	ganttDesk  = cut{class: "desk", name: 310, month: 30, row: 30, letter: 18} //nolint:gochecknoglobals // never written
	ganttPhone = cut{class: "phone", row: 46, letter: 21}                      //nolint:gochecknoglobals // never written
)

// Sizes that both cuts share.
const (
	ganttHead   = 46
	ganttFoot   = 24
	ganttMargin = 8
	phoneWidth  = 360
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
	cut      cut
}

// x returns the horizontal place of a day.
func (g gantt) x(day time.Time) float64 {
	return g.cut.name + g.cut.month*period.MonthsBetween(g.From.Start(), day)
}

func (g gantt) width() float64  { return g.x(g.To.End()) + ganttMargin }
func (g gantt) height() float64 { return ganttHead + g.cut.row*float64(len(g.Bars)) + ganttFoot }
func (g gantt) foot() float64   { return g.height() - ganttFoot }

// draw returns the view as SVG, coloured by the stylesheet's classes and complete
// in black and white: each class has a pattern of its own, each light a shape.
func (g gantt) draw(sh *web.Shell, title string, c cut) template.HTML {
	if months := period.MonthsBetween(g.From.Start(), g.To.End()); c.month == 0 {
		c.month = (phoneWidth - ganttMargin) / months
	} else if months > 36 {
		c.month = 18
	}
	g.cut = c
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="infographic %s" role="group" fill="currentColor" aria-labelledby="gantt-%s" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f"><title id="gantt-%s">%s</title>`,
		c.class, c.class, g.width(), g.height(), g.width(), g.height(), c.class, template.HTMLEscapeString(title))
	for class := 2; class <= 6; class++ {
		b.WriteString(pattern(class, c.class))
	}
	g.scale(&b)
	for n, bar := range g.Bars {
		g.bar(&b, n, bar)
	}
	g.today(&b, sh)
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // all texts are escaped as they are written
}

// pattern tells a class apart without colour; where keeps the ids of several
// drawings on a page apart.
func pattern(class int, where string) string {
	inside := map[int]string{
		2: `<path d="M0 6L6 0" stroke="#fff" stroke-width="1.5"/>`, 3: `<circle cx="3" cy="3" r="1.2" fill="#fff"/>`, 4: `<path d="M0 3H6" stroke="#fff" stroke-width="1.5"/>`,
		5: `<path d="M3 0V6" stroke="#fff" stroke-width="1.5"/>`, 6: `<path d="M0 6L6 0M0 0L6 6" stroke="#fff"/>`,
	}[class]
	return fmt.Sprintf(`<defs><pattern id="class-%d-%s" width="6" height="6" patternUnits="userSpaceOnUse">%s</pattern></defs>`, class, where, inside)
}

// scale draws the years and, where there is room, the months.
func (g gantt) scale(b *strings.Builder) {
	for m := g.From; m.Compare(g.To) <= 0; m = m.Add(1) {
		x, ink, top := g.x(m.Start()), ".12", float64(ganttHead-4)
		january := m.Start().Month() == time.January
		if january || m == g.From {
			ink, top = ".5", 4
		}
		if january || m == g.From && g.cut.month*float64(13-int(m.Start().Month())) > 40 {
			fmt.Fprintf(b, `<text class="small strong" x="%.1f" y="18">%d</text>`, x+3, m.Start().Year())
		}
		if g.cut.month < 10 && !january {
			continue
		}
		fmt.Fprintf(b, `<line stroke="currentColor" stroke-opacity="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, ink, x, x, top, g.foot())
		if g.cut.month >= 20 || g.cut.month >= 10 && m.Start().Month()%3 == 1 {
			fmt.Fprintf(b, `<text class="tiny" x="%.1f" y="%d" text-anchor="middle">%d</text>`, x+g.cut.month/2, ganttHead-8, int(m.Start().Month()))
		}
	}
}

// bar draws a row: name, span, milestones.
func (g gantt) bar(b *strings.Builder, n int, bar ganttBar) {
	y := ganttHead + g.cut.row*float64(n)
	fmt.Fprintf(b, `<line stroke="currentColor" stroke-opacity=".12" x1="0" x2="%.1f" y1="%.1f" y2="%.1f"/>`, g.width()-ganttMargin, y, y)
	fmt.Fprintf(b, `<a href="%s"><title>%s · %s</title><text class="label" x="24" y="%.1f">%s</text></a>`,
		template.HTMLEscapeString(bar.Href), template.HTMLEscapeString(bar.ID), template.HTMLEscapeString(bar.Name), y+20, template.HTMLEscapeString(clipped(bar.Name, g.cut.letter)))
	fmt.Fprintf(b, `<text class="light light-%s" x="4" y="%.1f" aria-hidden="true">%s</text>`, bar.Standing.Light, y+20, symbol(bar.Standing.Light))
	if g.cut.name == 0 {
		y += 18 // the name stands above
	}
	x0, x1 := max(g.x(bar.From.Start()), g.cut.name), min(g.x(bar.To.End()), g.width()-ganttMargin)
	if x1 > x0 {
		fmt.Fprintf(b, `<rect fill="%s" x="%.1f" y="%.1f" width="%.1f" height="12" rx="2"/>`, classFill(bar.Class), x0, y+9, x1-x0)
		if bar.Class > 1 {
			fmt.Fprintf(b, `<rect fill="url(#class-%d-%s)" opacity=".6" x="%.1f" y="%.1f" width="%.1f" height="12" rx="2"/>`, bar.Class, g.cut.class, x0, y+9, x1-x0)
		}
	}
	for _, m := range bar.Milestones {
		if m.At.Compare(g.From) < 0 || m.At.Compare(g.To) > 0 {
			continue
		}
		x := g.x(m.At.Start()) + g.cut.month/2
		fmt.Fprintf(b, `<g class="light-%s"><title>%s</title><circle fill="#fff" stroke="#4d5663" stroke-width=".6" cx="%.1f" cy="%.1f" r="8.5"/>%s</g>`,
			m.Light, template.HTMLEscapeString(m.Title), x, y+15, shape(m.Light, x, y+15))
	}
}

// clipped cuts a name to a number of Chinese characters.
func clipped(name string, letters float64) string {
	if ems(name) <= letters {
		return name
	}
	r := []rune(name)
	for ems(string(r)) > letters-1 {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

// today draws the line of today, when it lies within the view.
func (g gantt) today(b *strings.Builder, sh *web.Shell) {
	x := g.x(g.Today)
	if x < g.cut.name || x > g.width()-ganttMargin {
		return
	}
	word := "今天"
	if sh.English() {
		word = "today"
	}
	fmt.Fprintf(b, `<line stroke="currentColor" stroke-width="1.5" stroke-dasharray="5 3" x1="%.1f" x2="%.1f" y1="%d" y2="%.1f"/><text class="small strong" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`,
		x, x, ganttHead, g.foot()+4, x, g.foot()+18, word)
}

// shape draws a light as its shape around a point, in inks that stand on white.
func shape(l Light, x, y float64) string {
	const r = 6
	switch l {
	case Red:
		return fmt.Sprintf(`<rect fill="#b5332e" x="%.1f" y="%.1f" width="%d" height="%d"/>`, x-r+1, y-r+1, 2*r-2, 2*r-2)
	case Yellow:
		return fmt.Sprintf(`<path fill="#8a5a00" d="M%.1f %.1fl%d %dh-%dz"/>`, x, y-r, r, 2*r-1, 2*r)
	case Reached:
		return fmt.Sprintf(`<path fill="none" stroke="#0f5e73" stroke-width="2.5" d="M%.1f %.1fl3.5 4l6.5 -8"/>`, x-5, y)
	case Green:
		return fmt.Sprintf(`<circle fill="#1d6b3c" cx="%.1f" cy="%.1f" r="%d"/>`, x, y, r-1)
	case CannotSay:
		return fmt.Sprintf(`<circle fill="none" stroke="#4d5663" stroke-width="2" cx="%.1f" cy="%.1f" r="%d"/>`, x, y, r-1)
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
		over = pattern(class, "key") + fmt.Sprintf(`<rect fill="url(#class-%d-key)" opacity=".6" width="28" height="12" rx="2"/>`, class)
	}
	return template.HTML(fmt.Sprintf(`<svg width="28" height="12" viewBox="0 0 28 12" aria-hidden="true"><rect fill="%s" width="28" height="12" rx="2"/>%s</svg>`, classFill(class), over)) //nolint:gosec // numbers and colours of this file
}

// classFill is a class's colour: told from paper and from ink at 3:1 and more.
func classFill(class int) string {
	return [...]string{"#75849a", "#2a86a0", "#8d68b0", "#3c9060", "#b9770e", "#75849a", "#a07a64"}[class]
}
