package stratml

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"yuzhou/kernel/period"
)

// reading is what the readers of one document share.
type reading struct {
	report  *report
	taken   map[string]bool // identifiers given so far
	present map[string]bool // identifiers the document has
}

// overflow is a text that takes in what has no place.
type overflow struct {
	to    *string
	parts []string
}

// reader is the visitor that reads one element.
type reader struct {
	in       *reading
	node     *node
	path     string // such as "Goal[2]/Objective[1]"; empty for the root
	slug     string // the same for identifiers: "goal-2-objective-1"
	order    int    // how many parts of the schema came by
	overflow *overflow
	own      bool // overflow is a text of this element
}

func (r *reader) rest(other *string) { r.overflow, r.own = &overflow{to: other}, true }

func (r *reader) mend(line int, name, wrong, done string) {
	element := below(r.path, name)
	if element == "" {
		element = rootName
	}
	r.in.report.add(line, element, wrong, done)
}

// keep puts a text that has no place where it can be read, or says it is gone.
func (r *reader) keep(label, text string) (done string) {
	if r.overflow == nil || text == "" {
		return "left out"
	}
	r.overflow.parts = append(r.overflow.parts, label+": "+text)
	return "kept in the free text"
}

func (r *reader) attribute(f field, s *string) {
	r.order++
	i := slices.IndexFunc(r.node.attrs, func(a xml.Attr) bool { return strings.EqualFold(a.Name.Local, f.name) })
	value := ""
	if i >= 0 {
		value = tidyLine(r.node.attrs[i].Value)
		r.node.attrs = slices.Delete(r.node.attrs, i, i+1)
	}
	*s = r.choice(f, r.node.line, "@"+f.name, value)
	if *s == "" && f.need {
		*s = guessKind(r.node)
		r.mend(r.node.line, "@"+f.name, "is missing", "taken to be "+*s)
	}
}

// guessKind returns what a plan of unknown type is by what it holds.
func guessKind(n *node) string {
	kind := StrategicPlan
	for _, c := range n.children {
		switch {
		case is(c, "ActualResult"):
			return string(PerformanceReport)
		case is(c, "PerformanceIndicator"):
			kind = PerformancePlan
		}
		switch inner := guessKind(c); Kind(inner) {
		case PerformanceReport:
			return inner
		case PerformancePlan:
			kind = PerformancePlan
		case StrategicPlan:
		}
	}
	return string(kind)
}

// choice returns the allowed value that s means.
func (r *reader) choice(f field, line int, name, s string) string {
	if len(f.allowed) == 0 || s == "" || slices.Contains(f.allowed, s) {
		return s
	}
	plain := strings.NewReplacer("_", "", " ", "", "-", "")
	for _, a := range f.allowed {
		if strings.EqualFold(plain.Replace(a), plain.Replace(s)) {
			r.mend(line, name, fmt.Sprintf("%q is not spelt as in the schema", s), "read as "+a)
			return a
		}
	}
	r.mend(line, name, fmt.Sprintf("%q is none of %s", s, strings.Join(f.allowed, ", ")), r.keep(f.name, s))
	return ""
}

// next returns the first child of the name that nothing read yet.
func (r *reader) next(name string) *node {
	for _, c := range r.node.children {
		if c.rank == 0 && is(c, name) {
			c.rank = r.order
			if c.name != name {
				r.mend(c.line, c.name, "is not spelt as in the schema", "read as "+name)
			}
			return c
		}
	}
	return nil
}

func (r *reader) text(f field, s *string) {
	r.order++
	n := r.next(f.name)
	if n == nil {
		r.absent(f, s)
		return
	}
	*s = r.value(f, n)
}

// absent deals with a field that has no element, or one without text.
func (r *reader) absent(f field, s *string) {
	switch {
	case !f.need:
	case f.form == ident:
		*s = r.fresh(r.slug)
		r.mend(r.node.line, f.name, "is missing", fmt.Sprintf("made from its place: %q", *s))
	default:
		r.mend(r.node.line, f.name, "is missing or empty", "left empty")
	}
}

// value reads the text of the leaf n as the field wants it.
func (r *reader) value(f field, n *node) string {
	t := r.flat(n)
	if f.form != prose {
		t = tidyLine(t)
	}
	switch f.form {
	case ident:
		return r.identifier(f, n, t)
	case refer:
		return tidyLine(decodeID(t))
	case number:
		return r.number(f, n, t)
	case uri:
		return r.uri(f, n, t)
	case line, prose:
	}
	return r.choice(f, n.line, f.name, t)
}

// flat returns the text of a leaf, without markup inside it.
func (r *reader) flat(n *node) string {
	r.strangeAttributes(n, n.name)
	if len(n.children) == 0 {
		return tidyProse(n.text)
	}
	r.mend(n.line, n.name, "has elements inside its text", "the text is kept without them")
	return tidyProse(n.all())
}

func (r *reader) identifier(f field, n *node, t string) string {
	id := tidyLine(decodeID(t))
	if id != "" && !r.in.taken[id] {
		r.in.taken[id] = true
		if encodeID(id) != t {
			r.mend(n.line, f.name, fmt.Sprintf("%q is no XML name, as an xsd:ID must be", t), "kept; it is written as "+encodeID(id))
		}
		return id
	}
	if id == "" {
		id = r.slug
	}
	other := r.fresh(id)
	r.mend(n.line, f.name, fmt.Sprintf("%q is empty or used twice", t), fmt.Sprintf("read as %q", other))
	return other
}

// fresh returns an identifier like wish that the document does not have.
func (r *reader) fresh(wish string) string {
	id := wish
	for n := 2; r.in.taken[id] || r.in.present[id]; n++ {
		id = fmt.Sprintf("%s-%d", wish, n)
	}
	r.in.taken[id] = true
	return id
}

func (r *reader) number(f field, n *node, t string) string {
	got := readNumber(t)
	switch {
	case got.value == "":
		r.mend(n.line, f.name, fmt.Sprintf("%q is not a number", t), r.keep(f.name, t))
	case got.more:
		r.mend(n.line, f.name, fmt.Sprintf("%q is more than a number", t), "read as "+got.value+"; as printed "+r.keep(f.name, t))
	case !got.valid:
		r.mend(n.line, f.name, fmt.Sprintf("%q is not a decimal number", t), "read as "+got.value)
	}
	return got.value
}

func (r *reader) uri(f field, n *node, t string) string {
	mended, ok := mendURI(t)
	switch {
	case !ok:
		r.mend(n.line, f.name, fmt.Sprintf("%q is not a URI", t), r.keep(f.name, t))
		return ""
	case mended != t:
		r.mend(n.line, f.name, fmt.Sprintf("%q has characters a URI cannot hold", t), "read as "+mended)
	}
	return mended
}

func (r *reader) texts(l list, f field, s *[]string) {
	r.order++
	*s = nil
	for l.most == 0 || len(*s) < l.most {
		n := r.next(l.name)
		if n == nil {
			return
		}
		if t := r.value(f, n); t != "" {
			*s = append(*s, t)
		}
	}
}

func (r *reader) date(name string, p *period.Period) {
	r.order++
	n := r.next(name)
	if n == nil {
		return
	}
	t := tidyLine(r.flat(n))
	got := readDate(t)
	if got.span.IsZero() {
		r.mend(n.line, name, fmt.Sprintf("%q is not a date such as 2027-12-31", t), r.keep(name, t))
		return
	}
	*p = period.Of(got.span.Last(), period.Day)
	if name == startDate {
		*p = period.Of(got.span.Start(), period.Day)
	}
	if got.how != "" {
		r.mend(n.line, name, fmt.Sprintf("%q %s", t, got.how), "read as "+p.String())
	}
}

func (r *reader) children(l list, item func(i int, in visitor)) {
	r.order++
	for i := 0; l.most == 0 || i < l.most; i++ {
		n := r.next(l.name)
		if n == nil {
			return
		}
		in := &reader{in: r.in, node: n, overflow: r.overflow}
		in.path, in.slug = below(r.path, l.name), r.slug
		if l.most != 1 {
			in.path = fmt.Sprintf("%s[%d]", in.path, i+1)
			short := strings.ToLower(strings.TrimPrefix(l.name, "Performance"))
			in.slug = strings.TrimPrefix(fmt.Sprintf("%s-%s-%d", r.slug, short, i+1), "-")
		}
		item(i, in)
		in.finish()
	}
}

// finish deals with what the layout of the element did not ask for.
func (r *reader) finish() {
	last, said := 0, false
	for _, c := range r.node.children {
		switch {
		case c.rank == 0:
			r.mend(c.line, c.name, "has no place here", r.keep(c.name, tidyProse(c.all())))
		case c.rank < last && !said:
			said = true
			r.mend(c.line, c.name, "is out of the schema's order", "read all the same")
		}
		last = max(last, c.rank)
	}
	r.strangeAttributes(r.node, "")
	if t := tidyProse(r.node.text); t != "" {
		r.mend(r.node.line, "", fmt.Sprintf("has text between its elements: %q", t), r.keep(r.node.name, t))
	}
	if r.own && len(r.overflow.parts) > 0 {
		*r.overflow.to = tidyProse(join(*r.overflow.to, strings.Join(r.overflow.parts, "\n\n")))
	}
}

func (r *reader) strangeAttributes(n *node, name string) {
	for _, a := range n.attrs {
		r.mend(n.line, below(name, "@"+a.Name.Local), fmt.Sprintf("%q is no attribute of the schema", a.Value), "left out")
	}
}
