package diagram

import (
	"cmp"
	"fmt"
	"strings"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// words puts what a procedure says into the language of the drawing.
type words struct {
	p  *procedure.Procedure
	en bool
}

// in returns a wording in the language.
func (w words) in(t pack.Text) string {
	if w.en {
		return t.In("en")
	}
	return t.ZH
}

// either returns the one of two texts that is in the language.
func (w words) either(zh, en string) string {
	if w.en {
		return en
	}
	return zh
}

// line is a line of text with its class.
type line struct {
	text, class string
}

// The classes of lines, with their sizes in CSS pixels.
const (
	nameLine  = "flow-name"
	smallLine = "flow-small"
	eventLine = "flow-label"
	turnLine  = "flow-label flow-refusal"
	codeLine  = "flow-label flow-code"
)

// size returns the font size of a line, in CSS pixels.
func (l line) size() float64 {
	switch l.class {
	case nameLine:
		return 15
	case smallLine:
		return 12.5
	}
	return 13
}

// height returns the height that a line takes, in CSS pixels.
func (l line) height() float64 { return l.size() * 1.35 }

// width returns the width of a line, in CSS pixels.
func (l line) width() float64 {
	letter := 0.58
	if l.class == nameLine {
		letter = 0.66 // bold letters are wider, bold Chinese characters are not
	}
	return ems(l.text, letter) * l.size()
}

// ems returns the width of a text in ems: a Chinese character is one wide, a letter
// as much as is said. Fonts differ; this is for the wide ones.
func ems(text string, letter float64) float64 {
	em := 0.0
	for _, r := range text {
		if r >= 0x2E80 {
			em++
		} else {
			em += letter
		}
	}
	return em
}

// name returns what a state is called.
func (w words) name(s *procedure.State) string {
	if t := w.in(s.Name); t != "" {
		return t
	}
	return s.ID
}

// header returns the lines of a state: its name, who acts, how long, and what
// happens in it without leaving it.
func (w words) header(s *procedure.State) []line {
	var out []line
	for _, t := range wrap(w.name(s), 15) {
		out = append(out, line{t, nameLine})
	}
	if s.Owner != nil {
		out = append(out, line{cut(w.owner(s.Owner), 18), smallLine})
	}
	if c := w.p.Clock(s.Clock); c != nil {
		out = append(out, line{w.limit(*c), smallLine})
	}
	return out
}

// owner says who acts.
func (w words) owner(o *procedure.Owner) string {
	role := map[string]string{"clerk": w.either("经办", "clerk"), "steward": w.either("口径管理员", "steward"), "leader": w.either("领导", "leader")}[o.Role]
	who := w.value(o.Unit)
	switch {
	case !o.Post.None():
		who = w.value(o.Post)
	case !o.Person.None():
		who = w.value(o.Person)
	}
	if who == "" || role == "" {
		return cmp.Or(who, role)
	}
	out := who + " · " + role
	if !o.Joint.None() {
		out += w.either("（会办）", " (jointly)")
	}
	return out
}

// value names an expression: a field by its label, a text as it is.
func (w words) value(g guard.Program) string {
	text := g.String()
	if name, ok := strings.CutPrefix(text, "data."); ok {
		if f := w.p.Field(name); f != nil {
			return cmp.Or(w.in(f.Label), name)
		}
	}
	return strings.Trim(text, `'"`)
}

// limit says how long a clock gives.
func (w words) limit(c procedure.Clock) string {
	n := c.Rule.Limit
	unit := map[clock.Unit]pack.Text{
		clock.WorkingDay: {ZH: "%d 个工作日", EN: "%d working day"}, clock.NaturalDay: {ZH: "%d 个自然日", EN: "%d day"},
		clock.WorkingHour: {ZH: "%d 个工作小时", EN: "%d working hour"},
	}[c.Rule.Unit]
	out := fmt.Sprintf(w.in(unit), n)
	if w.en && n != 1 {
		out += "s"
	}
	return out
}

// label returns the lines of a transition.
func (w words) label(t *procedure.Transition) []line {
	mark := ""
	if !t.Guard.None() {
		mark = w.either("［条件］", " [if]")
	}
	if name := w.in(t.Name); name != "" {
		class := eventLine
		if t.Refusal {
			class = turnLine
		}
		return lines(wrap(name+mark, 11), class)
	}
	if len(t.Events) == 0 {
		if t.Guard.None() {
			return nil
		}
		return []line{{"[" + cut(t.Guard.String(), 16) + "]", codeLine}}
	}
	var out []line
	for _, e := range t.Events {
		text, class := w.event(e)
		out = append(out, lines(wrap(text+mark, 12), class)...)
	}
	if len(out) > 3 {
		out = append(out[:2], line{"…", codeLine})
	}
	return out
}

// event puts the program's own events into words; the others are shown as they are.
func (w words) event(e string) (text, class string) {
	if id, ok := strings.CutPrefix(e, "done.state."); ok {
		if s := w.p.State(id); s != nil {
			return w.either(w.name(s)+"完成", w.name(s)+" done"), eventLine
		}
	}
	if rest, ok := strings.CutPrefix(e, "clock."); ok {
		id, what, _ := strings.Cut(rest, ".")
		if c := w.p.Clock(id); c != nil {
			name := cmp.Or(w.in(c.Name), id)
			if what == "warn" {
				return w.either(name+"临期", name+" nearly due"), eventLine
			}
			return w.either(name+"到期", name+" due"), eventLine
		}
	}
	return e, codeLine
}

// hint is what hovering over a transition tells.
func (w words) hint(t *procedure.Transition) string {
	out := strings.Join(t.Events, " ")
	if !t.Guard.None() {
		out += " [" + t.Guard.String() + "]"
	}
	if t.By != nil {
		out += " · " + w.owner(t.By)
	}
	return strings.TrimSpace(out)
}

func lines(texts []string, class string) []line {
	out := make([]line, len(texts))
	for i, t := range texts {
		out[i] = line{t, class}
	}
	return out
}

// cut shortens a text to a width in ems.
func cut(text string, width float64) string {
	for i := range text {
		if ems(text[:i], 0.55) > width {
			return text[:i] + "…"
		}
	}
	return text
}

// wrap breaks a text into at most three lines of a width in ems: Chinese anywhere,
// other scripts at spaces, or after dots of long names.
func wrap(text string, width float64) []string {
	var out []string
	row, em := "", 0.0
	for _, piece := range pieces(text) {
		n := ems(piece, 0.55)
		if em+n > width+0.5 && row != "" {
			out = append(out, strings.TrimSpace(row))
			row, em = "", 0
		}
		row += piece
		em += n
	}
	out = append(out, strings.TrimSpace(row))
	if len(out) > 3 {
		out = append(out[:2], out[2]+"…")
	}
	for i := range out {
		out[i] = cut(out[i], width+6)
	}
	return out
}

// pieces cuts a text where a line may end.
func pieces(text string) []string {
	var out []string
	start := 0
	for i, r := range text {
		next := i + len(string(r))
		if r == ' ' || r == '.' || r >= 0x2E80 && !strings.ContainsRune("（［《“", r) && !strings.ContainsAny(firstRune(text[next:]), "，。；：、）］》”") {
			out = append(out, text[start:next])
			start = next
		}
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return " "
}
