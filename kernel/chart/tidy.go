package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// tidy makes ECharts' SVG fit for a page: inline styles become attributes (the
// page's policy forbids the former), what only its own script needs goes, places
// without a number are hatched, and the picture gets its title and description
// for those who do not see it.
//
//   - svg: a document as ECharts' server-side renderer writes it.
//   - id: put before every id, so that pictures of one page do not share them; it
//     also makes the bytes independent of what the engine drew before.
//   - Errors: the document is not well-formed or not an SVG.
func tidy(svg string, c Chart, id string) ([]byte, error) {
	t := tidier{chart: c, id: id, ids: map[string]string{}, hatched: strings.Contains(svg, `"`+noData+`"`)}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the drawing is not well-formed: %w", err)
		}
		switch v := token.(type) {
		case xml.StartElement:
			if err := t.start(d, v); err != nil {
				return nil, err
			}
		case xml.EndElement:
			t.end(v.Name.Local)
		case xml.CharData:
			t.text(string(v))
		}
	}
	if t.depth != 0 || !bytes.HasPrefix(t.out.Bytes(), []byte("<svg")) {
		return nil, fmt.Errorf("the drawing is not an SVG: %.40q", svg)
	}
	return t.out.Bytes(), nil
}

// tidier is the state of one pass over a document.
type tidier struct {
	out     bytes.Buffer
	chart   Chart
	id      string
	ids     map[string]string // the engine's ids and ours
	hatched bool              // some place has no number
	depth   int
	open    bool // the last start tag still lacks its end
}

func (t *tidier) start(d *xml.Decoder, e xml.StartElement) error {
	if e.Name.Local == "style" || e.Name.Local == "script" {
		return d.Skip()
	}
	t.depth++
	t.shut()
	t.out.WriteString("<" + e.Name.Local)
	if t.depth == 1 {
		t.head(e)
		return nil
	}
	for _, a := range e.Attr {
		t.attribute(a)
	}
	t.open = true
	return nil
}

// head writes the root's attributes, which hold for all of the picture, and its words.
func (t *tidier) head(e xml.StartElement) {
	t.set("xmlns", e.Name.Space)
	t.set("role", "img")
	t.set("font-family", fonts)
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "width", "height", "viewBox":
			t.set(a.Name.Local, a.Value)
		}
	}
	t.out.WriteString(">")
	t.word("title", t.chart.Title)
	t.word("desc", t.chart.Desc)
	if t.hatched {
		t.out.WriteString(`<defs><pattern id="` + t.id + `none" width="5" height="5" patternUnits="userSpaceOnUse">` +
			`<path fill="` + paper + `" d="M0 0h5v5h-5Z"/><path stroke="#c9c5b8" d="M-1 1L1 -1M0 5L5 0M4 6L6 4"/></pattern></defs>`)
	}
}

func (t *tidier) word(element, text string) {
	if text == "" {
		return
	}
	t.out.WriteString("<" + element + ">")
	t.text(text)
	t.out.WriteString("</" + element + ">")
}

func (t *tidier) attribute(a xml.Attr) {
	switch name := a.Name.Local; {
	case a.Name.Space != "", strings.HasPrefix(name, "xmlns"), strings.HasPrefix(name, "on"), strings.HasPrefix(name, "ecmeta"),
		name == "class", name == "pointer-events", name == "href":
	case name == "style":
		t.style(a.Value)
	case name == "id":
		t.set("id", t.named(a.Value))
	case name == "d":
		t.set("d", outline(a.Value))
	case name == "fill" && a.Value == noData:
		t.set("fill", "url(#"+t.id+"none)")
	case strings.HasPrefix(a.Value, "url(#"):
		t.set(name, "url(#"+t.named(strings.TrimSuffix(strings.TrimPrefix(a.Value, "url(#"), ")"))+")")
	default:
		t.set(name, a.Value)
	}
}

// named returns our id for the engine's, which counts on from chart to chart.
func (t *tidier) named(id string) string {
	if _, ok := t.ids[id]; !ok {
		t.ids[id] = fmt.Sprintf("%s%d", t.id, len(t.ids))
	}
	return t.ids[id]
}

var shorthand = regexp.MustCompile(`^(?:(normal|italic|oblique) )?(?:(normal|bold|bolder|lighter|\d+) )?([\d.]+px) (.+)$`)

// style writes CSS declarations as presentation attributes. Source: SVG 2 §6.6;
// the font shorthand is not among them and is taken apart.
func (t *tidier) style(css string) {
	for decl := range strings.SplitSeq(css, ";") {
		name, value, _ := strings.Cut(decl, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch name {
		case "font":
			if m := shorthand.FindStringSubmatch(value); m != nil {
				t.font("font-weight", m[2])
				t.font("font-size", m[3])
				t.font("font-family", m[4])
			}
		case "font-size", "font-family", "font-weight":
			t.font(name, value)
		case "font-style", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-linejoin", "opacity", "text-anchor", "paint-order":
			t.set(name, value)
		}
	}
}

// font leaves out what the whole picture has anyway.
func (t *tidier) font(name, value string) {
	if value != "" && value != "normal" && value != fonts {
		t.set(name, value)
	}
}

func (t *tidier) set(name, value string) {
	t.out.WriteString(" " + name + `="`)
	t.escape(value)
	t.out.WriteString(`"`)
}

func (t *tidier) text(s string) {
	if t.depth == 0 || strings.TrimSpace(s) == "" {
		return
	}
	t.shut()
	t.escape(s)
}

// escape writes text for XML and for HTML. Characters that XML cannot hold become U+FFFD.
func (t *tidier) escape(s string) { _ = xml.EscapeText(&t.out, []byte(s)) } // a buffer takes everything

// shut ends a start tag that turns out to have content.
func (t *tidier) shut() {
	if t.open {
		t.out.WriteString(">")
		t.open = false
	}
}

func (t *tidier) end(name string) {
	t.depth--
	if t.open {
		t.out.WriteString("/>")
		t.open = false
		return
	}
	t.out.WriteString("</" + name + ">")
}
