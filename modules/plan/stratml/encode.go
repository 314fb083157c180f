package stratml

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

const rootName = "PerformancePlanOrReport"

// Append appends p as a StratML Part 2 document in UTF-8 to dst: valid by the
// schema, indented by two spaces, the same bytes for the same plan. It does not
// change p.
//
//   - Errors: fault.Invalid, naming the element, when there is no goal, when an
//     identifier is missing (goals, objectives, indicators) or used twice, when a
//     value is none of those allowed, a number is no decimal, a source no URI, or
//     a text holds what XML cannot. Then dst comes back as it was.
//   - Source: ANSI/AIIM 22:2017, PerformancePlanOrReport20160216.xsd.
func Append(dst []byte, p *Plan) ([]byte, error) {
	if len(p.Goals) == 0 {
		return dst, fault.New(fault.Invalid, "the plan %q has no goal: StratML wants at least one", p.Name)
	}
	known := census{}
	top := *p // a layout drops empty elements from what it is handed
	(&top).layout(known)
	w := &writer{out: &output{known: known, used: map[string]bool{}}}
	w.out.buf = append(w.out.buf, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<"+rootName+` xmlns="`+Namespace+`"`...)
	top = *p
	(&top).layout(w)
	w.end(rootName)
	if w.out.err != nil {
		return dst, w.out.err
	}
	return append(dst, w.out.buf...), nil
}

// census is a visitor that collects the identifiers a plan has.
type census map[string]bool

func (c census) attribute(field, *string) {}

func (c census) text(f field, s *string) {
	if f.form == ident {
		c[tidyLine(*s)] = true
	}
}

func (c census) texts(list, field, *[]string) {}

func (c census) date(string, *period.Period) {}

func (c census) children(l list, item func(i int, in visitor)) {
	for i := range l.have {
		item(i, c)
	}
}

func (c census) rest(*string) {}

// output is the document being written, shared by the writers of its elements.
type output struct {
	buf   []byte
	known census
	used  map[string]bool // identifiers written so far
	err   error           // the first
}

// writer is the visitor that writes one element. Its start tag stays open until
// the first child comes.
type writer struct {
	out   *output
	path  string // such as "Goal[2]/Objective[1]"; empty for the root
	depth int
	full  bool // a child was written
}

func (w *writer) rest(*string) {}

func (w *writer) fail(name, format string, args ...any) {
	if w.out.err == nil {
		w.out.err = fault.New(fault.Invalid, "%s: %s", below(w.path, name), fmt.Sprintf(format, args...))
	}
}

// begin starts the line of a child, ending the start tag before it.
func (w *writer) begin(name string) {
	if !w.full {
		w.full = true
		w.out.buf = append(w.out.buf, ">\n"...)
	}
	w.indent(w.depth + 1)
	w.out.buf = append(w.out.buf, "<"+name...)
}

func (w *writer) indent(depth int) {
	for range depth {
		w.out.buf = append(w.out.buf, "  "...)
	}
}

// end closes the element of w itself.
func (w *writer) end(name string) {
	if !w.full {
		w.out.buf = append(w.out.buf, "/>\n"...)
		return
	}
	w.indent(w.depth)
	w.out.buf = append(w.out.buf, "</"+name+">\n"...)
}

func (w *writer) leaf(name, text string) {
	w.begin(name)
	w.out.buf = append(w.out.buf, '>')
	w.escape(text)
	w.out.buf = append(w.out.buf, "</"+name+">\n"...)
}

func (w *writer) escape(text string) {
	for i := range len(text) {
		switch c := text[i]; c {
		case '&':
			w.out.buf = append(w.out.buf, "&amp;"...)
		case '<':
			w.out.buf = append(w.out.buf, "&lt;"...)
		case '>':
			w.out.buf = append(w.out.buf, "&gt;"...)
		case '"':
			w.out.buf = append(w.out.buf, "&quot;"...)
		default:
			w.out.buf = append(w.out.buf, c)
		}
	}
}

func (w *writer) attribute(f field, s *string) {
	if *s == "" && !f.need {
		return
	}
	w.allowed(f, *s)
	w.out.buf = append(w.out.buf, " "+f.name+`="`...)
	w.escape(*s)
	w.out.buf = append(w.out.buf, '"')
}

func (w *writer) allowed(f field, s string) {
	if len(f.allowed) > 0 && !slices.Contains(f.allowed, s) {
		w.fail(f.name, "%q is none of %s", s, strings.Join(f.allowed, ", "))
	}
}

func (w *writer) text(f field, s *string) {
	if i := badRune(*s); i >= 0 {
		w.fail(f.name, "the text has a character at byte %d that XML cannot hold", i)
		return
	}
	t := tidyLine(*s)
	if f.form == prose {
		t = tidyProse(*s)
	}
	if t == "" {
		if f.need && f.form == ident {
			w.fail(f.name, "is missing; an identifier, such as a UUID, is wanted")
		}
		if f.need {
			w.leaf(f.name, "")
		}
		return
	}
	w.allowed(f, t)
	w.leaf(f.name, w.printed(f, t))
}

// printed turns the tidy text t into what the schema wants of the field.
func (w *writer) printed(f field, t string) string {
	switch f.form {
	case ident:
		if w.out.used[t] {
			w.fail(f.name, "%q is used twice; each identifier is wanted once", t)
		}
		w.out.used[t] = true
		return encodeID(t)
	case refer:
		// A name from elsewhere, such as a URL, stays readable when it can.
		if w.out.known[t] || decodeID(t) != t {
			return encodeID(t)
		}
	case number:
		if _, err := quantity.ParseDecimal(t); err != nil {
			w.fail(f.name, "%v", err)
		}
	case uri:
		if mended, ok := mendURI(t); !ok || mended != t {
			w.fail(f.name, "%q is not a URI, such as https://example.org/plan", t)
		}
	case line, prose:
	}
	return t
}

func (w *writer) texts(l list, f field, s *[]string) {
	if l.most > 0 && l.have > l.most {
		w.fail(l.name, "there are %d, but %d at most are allowed", l.have, l.most)
	}
	for i := range *s {
		w.text(f, &(*s)[i])
	}
}

func (w *writer) date(name string, p *period.Period) {
	if p.IsZero() {
		return
	}
	day := p.Last()
	if name == startDate {
		day = p.Start()
	}
	w.leaf(name, day.Format(time.DateOnly))
}

func (w *writer) children(l list, item func(i int, in visitor)) {
	for i := range l.have {
		w.begin(l.name)
		in := &writer{out: w.out, path: w.path, depth: w.depth + 1}
		in.path = below(w.path, l.name)
		if l.most != 1 {
			in.path = fmt.Sprintf("%s[%d]", in.path, i+1)
		}
		item(i, in)
		in.end(l.name)
	}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// mendURI writes the characters of s that a URI cannot hold as %HH, except those
// beyond ASCII, and tells whether the result is a URI (xsd:anyURI).
func mendURI(s string) (string, bool) {
	const plain = "-._~:/?#[]@!$&'()*+,;="
	var b strings.Builder
	fragment := false
	for i := range len(s) {
		c := s[i]
		keep := c >= 0x80 || isAlphanumeric(c) || strings.IndexByte(plain, c) >= 0 && (c != '#' || !fragment) ||
			c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		if c == '#' {
			fragment = true
		}
		if keep {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	_, err := url.Parse(b.String())
	return b.String(), err == nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
