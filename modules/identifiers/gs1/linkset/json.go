package linkset

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// JSONLDContext is the document that makes the JSON form JSON-LD (Resolver 2.10).
const JSONLDContext = "https://ref.gs1.org/standards/resolver/linkset-context"

// AppendJSON appends the JSON form of a set (application/linkset+json).
//
// Types of links are full URIs or registered relations. A description is written as
// itemDescription, which the schemas of all versions of the resolver standard know; a
// set without descriptions is plain RFC 9264.
func AppendJSON(dst []byte, s Set) []byte { return appendSet(dst, s, "") }

// AppendJSONLD is AppendJSON with JSONLDContext in the document (application/ld+json).
func AppendJSONLD(dst []byte, s Set) []byte { return appendSet(dst, s, JSONLDContext) }

func appendSet(dst []byte, s Set, context string) []byte {
	doc := object{b: append(dst, '{')}
	if context != "" {
		doc.member("@context", context)
	}
	doc.name("linkset")
	doc.b = append(doc.b, '[')
	for i, c := range s {
		if i > 0 {
			doc.b = append(doc.b, ',')
		}
		doc.b = appendContext(doc.b, c)
	}
	return append(doc.b, "]}"...)
}

func appendContext(dst []byte, c Context) []byte {
	o := object{b: append(dst, '{')}
	o.text("anchor", c.Anchor)
	o.text("itemDescription", c.Description)
	links := together(c.Links)
	for i, l := range links {
		if i == 0 || links[i-1].Rel != l.Rel {
			o.name(l.Rel)
			o.b = append(o.b, '[')
		}
		o.b = append(appendTarget(append(o.b, '{'), l), '}')
		if i == len(links)-1 || links[i+1].Rel != l.Rel {
			o.b = append(o.b, ']')
		} else {
			o.b = append(o.b, ',')
		}
	}
	return append(o.b, '}')
}

// appendTarget appends the members of a target object (RFC 9264 §4.2.3, §4.2.4).
func appendTarget(dst []byte, l Link) []byte {
	o := object{b: dst}
	o.member("href", l.Href)
	o.text("title", l.Title)
	o.texts("title*", l.Titles)
	o.text("type", l.Type)
	o.list("hreflang", l.Hreflang)
	o.text("media", l.Media)
	o.list("context", l.Context)
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		o.list(name, l.Attributes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(l.Texts)) {
		o.texts(name+"*", l.Texts[name])
	}
	return o.b
}

// object appends members to a JSON object that is open.
type object struct {
	b    []byte
	more bool // a member is there
}

func (o *object) name(name string) {
	if o.more {
		o.b = append(o.b, ',')
	}
	o.more = true
	o.b = append(appendString(o.b, name), ':')
}

func (o *object) member(name, s string) {
	o.name(name)
	o.b = appendString(o.b, s)
}

func (o *object) text(name, s string) {
	if s != "" {
		o.member(name, s)
	}
}

func (o *object) list(name string, all []string) {
	for i, s := range all {
		o.item(name, i)
		o.b = appendString(o.b, s)
	}
	o.end(len(all))
}

func (o *object) texts(name string, all []Text) {
	for i, t := range all {
		o.item(name, i)
		text := object{b: append(o.b, '{')}
		text.member("value", t.Value)
		text.text("language", t.Language)
		o.b = append(text.b, '}')
	}
	o.end(len(all))
}

// item begins the item i of a list.
func (o *object) item(name string, i int) {
	if i > 0 {
		o.b = append(o.b, ',')
		return
	}
	o.name(name)
	o.b = append(o.b, '[')
}

// end ends a list of n items; one without items was never begun.
func (o *object) end(n int) {
	if n > 0 {
		o.b = append(o.b, ']')
	}
}

// appendString appends a JSON string, in which < > & stand for themselves and bytes that
// are no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// AppendLink appends one link as JSON: a target object with its type as "rel".
func AppendLink(dst []byte, l Link) []byte {
	o := object{b: append(dst, '{')}
	o.member("rel", l.Rel)
	return append(appendTarget(append(o.b, ','), l), '}')
}

// ParseLink reads what AppendLink has written.
//
// Errors: fault.Invalid.
func ParseLink(b []byte) (Link, error) {
	all, err := members(b, "the link")
	if err != nil {
		return Link{}, err
	}
	var rel string
	var rest []member
	for _, m := range all {
		if m.name == "rel" {
			rel, err = m.text()
		} else {
			rest = append(rest, m)
		}
	}
	if err != nil {
		return Link{}, err
	}
	l, err := target(rest)
	if err != nil {
		return Link{}, err
	}
	l.Rel, err = ParseRel(rel)
	return l, err
}

// ParseJSON reads the JSON form of a set (application/linkset+json or
// application/ld+json; what @context says is not looked at).
//
//   - Anchors come once each, links of a type stand together.
//   - What resolvers of GS1 add to RFC 9264 is read: gs1:pip as type, descriptions,
//     and context; fwqs and public, which are no longer in use, are read over.
//   - Errors: fault.Invalid.
func ParseJSON(b []byte) (Set, error) {
	if len(b) > MaxSet {
		return nil, fault.New(fault.Invalid, "the set of links has %d bytes; at most %d are read", len(b), MaxSet)
	}
	doc, err := members(b, "the set of links")
	if err != nil {
		return nil, err
	}
	r := setReader{builder{set: Set{}, at: map[string]int{}}}
	found := false
	for _, m := range doc {
		switch m.name {
		case "linkset":
			found = true
			err = r.contexts(m)
		case "@context":
		default:
			err = fault.New(fault.Invalid, "the set of links has a member %.80q; linkset alone would be right", m.name)
		}
		if err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fault.New(fault.Invalid, "the set of links has no member linkset")
	}
	return r.done(), nil
}

// setReader reads contexts into a set.
type setReader struct {
	builder
}

func (r *setReader) contexts(m member) error {
	items, err := m.items()
	if err != nil {
		return err
	}
	for _, item := range items {
		all, err := members(item, "a link context")
		if err != nil {
			return err
		}
		if err := r.context(all); err != nil {
			return err
		}
	}
	return nil
}

// context reads a link context object (RFC 9264 §4.2.2).
func (r *setReader) context(all []member) error {
	var c Context
	var err error
	for _, m := range all {
		switch m.name {
		case "anchor":
			c.Anchor, err = m.text()
			if err == nil && broken(c.Anchor) {
				err = fault.New(fault.Invalid, "the anchor %.80q has a character that URIs must percent-encode", c.Anchor)
			}
		case "itemDescription", "description":
			c.Description, err = m.text()
		}
		if err != nil {
			return err
		}
	}
	kept := r.builder.context(c.Anchor)
	kept.Description = cmp.Or(kept.Description, c.Description)
	for _, m := range all {
		switch m.name {
		case "anchor", "itemDescription", "description":
			continue
		}
		if err := r.relation(c.Anchor, m); err != nil {
			return err
		}
	}
	return nil
}

// relation reads the links of a type.
func (r *setReader) relation(anchor string, m member) error {
	rel, err := ParseRel(m.name)
	if err != nil {
		return err
	}
	items, err := m.items()
	if err != nil {
		return err
	}
	for _, item := range items {
		all, err := members(item, "a link target")
		if err != nil {
			return err
		}
		l, err := target(all)
		if err != nil {
			return err
		}
		l.Rel = rel
		if err := r.add(anchor, l); err != nil {
			return err
		}
	}
	return nil
}

// broken reports whether a URI would end or break where it is written.
func broken(uri string) bool {
	return strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == utf8.RuneError })
}

// target reads the members of a target object.
func target(all []member) (Link, error) {
	var l Link
	for _, m := range all {
		var err error
		switch m.name {
		case "href":
			l.Href, err = m.text()
		case "title":
			l.Title, err = m.text()
		case "type":
			l.Type, err = m.text()
		case "media":
			l.Media, err = m.text()
		case "hreflang":
			l.Hreflang, err = m.texts()
		case "context":
			l.Context, err = m.texts()
		case "fwqs", "public":
		default:
			err = further(&l, m)
		}
		if err != nil {
			return Link{}, err
		}
	}
	if l.Href == "" || broken(l.Href) {
		return Link{}, fault.New(fault.Invalid, "a link leads to %.80q; a URI with no space and no < > would be right", l.Href)
	}
	return l, nil
}

// further reads an attribute that Link has no field for.
func further(l *Link, m member) error {
	if name, ok := strings.CutSuffix(m.name, "*"); ok {
		texts, err := m.inLanguages()
		if err != nil || len(texts) == 0 {
			return err
		}
		return addTexts(l, name, texts...)
	}
	values, err := m.texts()
	if one, single := m.text(); single == nil {
		values, err = []string{one}, nil // as figure 10 of RFC 9264 has it
	}
	if err != nil || len(values) == 0 {
		return err
	}
	return addAttribute(l, m.name, values...)
}
