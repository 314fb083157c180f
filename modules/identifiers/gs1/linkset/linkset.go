// Package linkset reads and writes sets of links (RFC 9264) in both their forms, and
// has the types of links of the GS1 Web Vocabulary.
//
// What must hold: what is read and written again is the same set; a type of link has
// one spelling, whichever of the vocabulary's places it came from; what could break out
// of a header or a document is refused or escaped, never copied.
//
// Sources: RFC 9264, RFC 8288 (Link), RFC 8187 (texts with languages), GS1-Conformant
// Resolver 1.2.0 for what GS1 adds to them.
package linkset

import (
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// The bounds of a set of links that is read.
const (
	MaxSet   = 4 << 20 // bytes
	maxLinks = 5_000
	maxRel   = 2_048 // bytes
)

// The media types in which sets are asked for.
const (
	TypeJSON      = "application/linkset+json" // RFC 9264 §4.2
	TypeText      = "application/linkset"      // RFC 9264 §4.1
	TypePlainJSON = "application/json"         // as TypeJSON
	TypeJSONLD    = "application/ld+json"      // AppendJSONLD
	TypeHTML      = "text/html"                // a page for people
)

// Set is a set of links (RFC 9264).
type Set []Context

// Context is what links lead from.
type Context struct {
	Anchor      string // URI; "" when the text form does not say it
	Description string // of what is identified: an addition of GS1, in the JSON form only
	Links       []Link
}

// Links returns the links of an anchor.
func (s Set) Links(anchor string) []Link {
	for _, c := range s {
		if c.Anchor == anchor {
			return c.Links
		}
	}
	return nil
}

// builder puts links together as they come.
type builder struct {
	set   Set
	at    map[string]int // where in set an anchor is
	links int
}

// context returns the context of an anchor, which it adds when there is none.
func (b *builder) context(anchor string) *Context {
	i, ok := b.at[anchor]
	if !ok {
		i = len(b.set)
		b.at[anchor] = i
		b.set = append(b.set, Context{Anchor: anchor})
	}
	return &b.set[i]
}

// add puts links at their anchor.
//
// Errors: fault.Invalid when the set becomes too large.
func (b *builder) add(anchor string, links ...Link) error {
	if b.links += len(links); b.links > maxLinks {
		return fault.New(fault.Invalid, "the set has more than %d links", maxLinks)
	}
	c := b.context(anchor)
	c.Links = append(c.Links, links...)
	return nil
}

// done returns the set, the links of a type together.
func (b *builder) done() Set {
	for i := range b.set {
		b.set[i].Links = together(b.set[i].Links)
	}
	return b.set
}

// together returns links with those of a type together, types and links in the order in
// which they come first.
func together(links []Link) []Link {
	first := map[string]int{}
	apart := false
	for i, l := range links {
		if _, ok := first[l.Rel]; !ok {
			first[l.Rel] = i
		} else if links[i-1].Rel != l.Rel {
			apart = true
		}
	}
	if !apart {
		return links
	}
	return slices.SortedStableFunc(slices.Values(links), func(a, b Link) int { return first[a.Rel] - first[b.Rel] })
}

// OfType returns the links of a type, which is written as ParseRel returns it.
func OfType(links []Link, rel string) []Link {
	var found []Link
	for _, l := range links {
		if l.Rel == rel {
			found = append(found, l)
		}
	}
	return found
}

// reserved reports whether a name may not be that of a further attribute: it is a field
// of Link, or says nothing in a set of links.
func reserved(name string) bool {
	switch name {
	case "rel", "rev", "anchor", "href", "title", "type", "hreflang", "media", "context":
		return true
	}
	return false
}

// attributeName reports whether a name may be that of an attribute (RFC 8288 §3: token),
// and is written small, as they are compared.
func attributeName(name string) bool {
	return name != "" && len(name) <= 100 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'+-.^_`|~") == "" && !reserved(name)
}

// addAttribute keeps values of a further attribute.
func addAttribute(l *Link, name string, values ...string) error {
	if !attributeName(name) {
		return fault.New(fault.Invalid, "a link has an attribute %.80q; small letters, digits and - would be right, and no name that means something else", name)
	}
	if l.Attributes == nil {
		l.Attributes = map[string][]string{}
	}
	l.Attributes[name] = append(l.Attributes[name], values...)
	return nil
}

// addTexts keeps values of an attribute with languages; name is without its star.
func addTexts(l *Link, name string, texts ...Text) error {
	if name == "title" {
		l.Titles = append(l.Titles, texts...)
		return nil
	}
	if !attributeName(name) {
		return fault.New(fault.Invalid, "a link has an attribute %.80q; small letters, digits and - would be right, and no name that means something else", name+"*")
	}
	if l.Texts == nil {
		l.Texts = map[string][]Text{}
	}
	l.Texts[name] = append(l.Texts[name], texts...)
	return nil
}
