package linkset

import (
	"bytes"
	"encoding/json"
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
	for _, rel := range rels(c.Links) {
		o.name(rel)
		for i, l := range OfType(c.Links, rel) {
			o.b = append(o.b, "[,"[min(i, 1)])
			o.b = append(appendTarget(append(o.b, '{'), l), '}')
		}
		o.b = append(o.b, ']')
	}
	return append(o.b, '}')
}

// appendTarget appends the members of a target object (RFC 9264 §4.2.3, §4.2.4).
func appendTarget(dst []byte, l Link) []byte {
	o := object{b: dst}
	o.member("href", l.Href)
	o.text("title", l.Title)
	o.list("title*", len(l.Titles), l.Titles)
	o.text("type", l.Type)
	o.list("hreflang", len(l.Hreflang), l.Hreflang)
	o.text("media", l.Media)
	o.list("context", len(l.Context), l.Context)
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		o.list(name, len(l.Attributes[name]), l.Attributes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(l.Texts)) {
		o.list(name+"*", len(l.Texts[name]), l.Texts[name])
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
	o.b = append(appendValue(o.b, name), ':')
}

func (o *object) member(name string, v any) {
	o.name(name)
	o.b = appendValue(o.b, v)
}

func (o *object) text(name, s string) {
	if s != "" {
		o.member(name, s)
	}
}

func (o *object) list(name string, n int, v any) {
	if n > 0 {
		o.member(name, v)
	}
}

// appendValue appends strings and lists of them, in which < > & stand for themselves.
func appendValue(dst []byte, v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return append(dst, "null"...) // strings and structs of strings always encode
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
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
	r := setReader{set: Set{}}
	found := false
	for _, m := range doc {
		switch m.name {
		case "linkset":
			found = true
			err = r.contexts(m)
		case "@context":
		default:
			err = fault.New(fault.Invalid, "the set of links has a member %q; linkset alone would be right", m.name)
		}
		if err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fault.New(fault.Invalid, "the set of links has no member linkset")
	}
	return r.set, nil
}

// setReader reads contexts into a set.
type setReader struct {
	set   Set
	links int
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
				err = fault.New(fault.Invalid, "the anchor %q has a character that URIs must percent-encode", c.Anchor)
			}
		case "itemDescription", "description":
			c.Description, err = m.text()
		}
		if err != nil {
			return err
		}
	}
	r.set = r.set.with(c)
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
	if r.links += len(items); r.links > maxLinks {
		return fault.New(fault.Invalid, "the set has more than %d links", maxLinks)
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
		r.set = r.set.add(anchor, l)
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
		return Link{}, fault.New(fault.Invalid, "a link leads to %q; a URI with no space and no < > would be right", l.Href)
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
