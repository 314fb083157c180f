package linkset

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// AppendText appends the text form of a set (application/linkset), a link a line.
// Descriptions have no place in it; control characters in texts become spaces.
// Source: RFC 9264 §4.1, RFC 8288 §3.
func AppendText(dst []byte, s Set) []byte {
	first := true
	for _, c := range s {
		for _, l := range c.Links {
			if !first {
				dst = append(dst, ",\n"...)
			}
			first = false
			dst = appendLinkValue(dst, c.Anchor, l)
		}
	}
	return dst
}

// Header returns the value of the Link header that leads to the set of links of a
// thing, and from a set in JSON to what makes it JSON-LD (Resolver 2.9, 2.10).
func Header(linkset string) string {
	set := Link{Rel: "linkset", Href: linkset, Type: TypeJSON}
	context := Link{Rel: "http://www.w3.org/ns/json-ld#context", Href: JSONLDContext, Type: TypeJSONLD}
	return string(appendLinkValue(append(appendLinkValue(nil, "", set), ", "...), "", context))
}

func appendLinkValue(dst []byte, anchor string, l Link) []byte {
	dst = append(dst, '<')
	for _, c := range []byte(l.Href) {
		if broken(string(rune(c))) && c < 0x80 {
			dst = fmt.Appendf(dst, "%%%02X", c)
			continue
		}
		dst = append(dst, c)
	}
	dst = append(dst, '>')
	dst = appendParam(dst, "rel", l.Rel)
	if anchor != "" {
		dst = appendParam(dst, "anchor", anchor)
	}
	dst = appendSaid(dst, "type", l.Type)
	for _, tag := range l.Hreflang {
		dst = appendParam(dst, "hreflang", tag)
	}
	dst = appendSaid(dst, "media", l.Media)
	dst = appendSaid(dst, "title", l.Title)
	dst = appendTexts(dst, "title", l.Titles)
	for _, c := range l.Context {
		dst = appendParam(dst, "context", c)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		for _, v := range l.Attributes[name] {
			dst = appendParam(dst, name, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Texts)) {
		dst = appendTexts(dst, name, l.Texts[name])
	}
	return dst
}

func appendSaid(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendParam(dst, name, value)
}

// appendParam appends a parameter with its value quoted (RFC 9110 §5.6.4).
func appendParam(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, "; "...), name...), `="`...)
	for _, c := range []byte(value) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == 0x7f:
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendTexts appends texts in languages (RFC 8187 §3.2).
func appendTexts(dst []byte, name string, texts []Text) []byte {
	for _, t := range texts {
		dst = append(append(append(dst, "; "...), name...), "*=UTF-8'"...)
		dst = append(append(append(dst, t.Language...), '\''), escape(t.Value)...)
	}
	return dst
}

// ParseText reads the text form of a set, or the values of a Link header joined by ",".
//
//   - Anchors come once each, links of a type stand together; a link with several
//     types becomes several links. A link without an anchor has the anchor "".
//   - Of what may come once the first counts, except title*, which RFC 9264 has a list
//     of: all are kept.
//   - Errors: fault.Invalid, also for rev, which turns a link around.
//   - Source: RFC 9264 §4.1, RFC 8288 §3 and B.2.
func ParseText(b []byte) (Set, error) {
	if len(b) > MaxSet || !utf8.Valid(b) {
		return nil, fault.New(fault.Invalid, "the set of links has %d bytes; at most %d of UTF-8 are read", len(b), MaxSet)
	}
	r := textReader{rest: string(b), all: string(b)}
	set := builder{set: Set{}, at: map[string]int{}}
	for {
		r.rest = strings.TrimLeft(r.rest, " \t\r\n,")
		if r.rest == "" {
			return set.done(), nil
		}
		anchor, links, err := r.link()
		if err != nil {
			return nil, err
		}
		if err := set.add(anchor, links...); err != nil {
			return nil, err
		}
	}
}

// textReader reads links from rest, which is the end of all.
type textReader struct {
	rest, all string
}

func (r *textReader) bad(should string) error {
	return fault.New(fault.Invalid, "byte %d of the set of links: %s", len(r.all)-len(r.rest), should)
}

// param is a parameter of a link.
type param struct{ name, value string }

// link reads a link-value.
func (r *textReader) link() (string, []Link, error) {
	inner, ok := strings.CutPrefix(r.rest, "<")
	href, rest, closed := strings.Cut(inner, ">")
	if !ok || !closed || href == "" || broken(href) {
		return "", nil, r.bad("a link must begin with its target as <https://example.cn/>")
	}
	r.rest = rest
	params, err := r.params()
	if err != nil {
		return "", nil, err
	}
	l := Link{Href: href}
	rel, anchor, said := "", "", map[string]bool{}
	for _, p := range params {
		switch p.name {
		case "rel":
			rel = first(rel, p.value)
		case "anchor":
			anchor = first(anchor, p.value)
		case "rev":
			return "", nil, r.bad("rev is no longer in use; the link the other way round with rel would be right")
		default:
			if err := take(&l, p, said); err != nil {
				return "", nil, err
			}
		}
	}
	if broken(anchor) {
		return "", nil, r.bad("the anchor has a character that URIs must percent-encode")
	}
	links, err := r.ofTypes(l, rel)
	return anchor, links, err
}

// ofTypes returns a link for each of the types that rel has.
func (r *textReader) ofTypes(l Link, rel string) ([]Link, error) {
	var links []Link
	var err error
	for one := range strings.FieldsSeq(rel) {
		if l.Rel, err = ParseRel(one); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(links, func(o Link) bool { return o.Rel == l.Rel }) {
			links = append(links, l)
		}
	}
	if links == nil {
		return nil, r.bad(`the link before has no type; rel="gs1:pip" would be right`)
	}
	return links, nil
}

func first(was, is string) string {
	if was != "" {
		return was
	}
	return is
}

// take keeps a target attribute; said has the names of those that were there.
func take(l *Link, p param, said map[string]bool) error {
	again := said[p.name]
	said[p.name] = true
	if name, ok := strings.CutSuffix(p.name, "*"); ok {
		text, ok := readExtValue(p.value)
		if !ok {
			return fault.New(fault.Invalid, "the attribute %.80s of a link is not written as UTF-8'zh'%%E4%%B8%%AD", p.name)
		}
		return addTexts(l, name, text)
	}
	switch p.name {
	case "hreflang":
		l.Hreflang = append(l.Hreflang, p.value)
	case "context":
		l.Context = append(l.Context, p.value)
	case "title", "type", "media":
		if !again {
			*map[string]*string{"title": &l.Title, "type": &l.Type, "media": &l.Media}[p.name] = p.value
		}
	default:
		return addAttribute(l, p.name, p.value)
	}
	return nil
}

// escape percent-encodes all but letters, digits and - . _ ~.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// readExtValue reads a text with its language (RFC 8187 §3.2); UTF-8 only.
func readExtValue(s string) (Text, bool) {
	parts := strings.SplitN(s, "'", 3)
	if len(parts) != 3 || !strings.EqualFold(parts[0], "UTF-8") || !languageTag(parts[1]) {
		return Text{}, false
	}
	value, err := url.PathUnescape(parts[2])
	return Text{Value: value, Language: parts[1]}, err == nil && utf8.ValidString(value)
}

// params reads the parameters of a link up to the comma behind it.
func (r *textReader) params() ([]param, error) {
	var all []param
	for {
		r.space()
		if r.rest == "" || r.rest[0] == ',' {
			return all, nil
		}
		if r.rest[0] != ';' {
			return nil, r.bad("a ; or , must stand here")
		}
		r.rest = r.rest[1:]
		r.space()
		p := param{name: strings.ToLower(r.until("=;, \t\r\n"))}
		r.space()
		if value, ok := strings.CutPrefix(r.rest, "="); ok {
			r.rest = value
			r.space()
			if p.value, ok = r.value(); !ok {
				return nil, r.bad("a quoted text does not end")
			}
		}
		if p.name != "" {
			all = append(all, p)
		}
	}
}

// until reads up to one of some characters, or to the end.
func (r *textReader) until(chars string) string {
	at := strings.IndexAny(r.rest, chars)
	if at < 0 {
		at = len(r.rest)
	}
	s := r.rest[:at]
	r.rest = r.rest[at:]
	return s
}

func (r *textReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// value reads a token or a quoted text; false when that does not end.
func (r *textReader) value() (string, bool) {
	if !strings.HasPrefix(r.rest, `"`) {
		return r.until(";, \t\r\n"), true
	}
	var b strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(r.rest):
			i++
			b.WriteByte(r.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
