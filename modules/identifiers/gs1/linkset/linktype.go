package linkset

import (
	_ "embed" // the vocabulary is data
	"slices"
	"strings"
	"sync"

	"yuzhou/kernel/fault"
)

// The link types that decide something, and the namespace of all of them.
const (
	Vocabulary       = "https://ref.gs1.org/voc/" // gs1: (Resolver 2.14)
	DefaultLink      = Vocabulary + "defaultLink"
	DefaultLinkMulti = Vocabulary + "defaultLinkMulti"
	ProductPage      = Vocabulary + "pip"
)

// LinkType is a type of link of the GS1 Web Vocabulary.
type LinkType struct {
	Name       string // as "pip"
	EN, ZH     string // titles
	Deprecated bool
}

// URI returns the type as links have it, as "https://ref.gs1.org/voc/pip".
func (t LinkType) URI() string { return Vocabulary + t.Name }

// CURIE returns the type as requests have it, as "gs1:pip".
func (t LinkType) CURIE() string { return "gs1:" + t.Name }

//go:embed linktypes.txt
var linkTypesText string

//nolint:gochecknoglobals // read once, never written
var linkTypes = sync.OnceValue(func() []LinkType {
	var all []LinkType
	for line := range strings.Lines(linkTypesText) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 4 {
			all = append(all, LinkType{Name: f[0], EN: f[2], ZH: f[3], Deprecated: f[1] == "deprecated"})
		}
	}
	return all
})

// LinkTypes returns the vocabulary, by name.
func LinkTypes() []LinkType { return slices.Clone(linkTypes()) }

// LookupLinkType returns a type of the vocabulary by its URI, CURIE or name.
func LookupLinkType(s string) (LinkType, bool) {
	name := strings.TrimPrefix(whole(s), Vocabulary)
	at, ok := slices.BinarySearchFunc(linkTypes(), name, func(t LinkType, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return LinkType{}, false
	}
	return linkTypes()[at], true
}

// ParseRel reads the type of a link: "gs1:pip", a URI, or a registered relation as
// "license". The vocabulary of GS1 has been served from three places and by http too;
// all become Vocabulary.
//
// Errors: fault.Invalid. Source: RFC 8288 §2.1, Resolver 2.14.
func ParseRel(s string) (string, error) {
	rel := whole(s)
	scheme, rest, isURI := strings.Cut(rel, ":")
	switch {
	case rel == Vocabulary || strings.ContainsFunc(rel, strange) || len(rel) > maxRel:
	case isURI && rest != "" && word(scheme, "+-."), !isURI && word(rel, "-."):
		return rel, nil
	}
	return "", fault.New(fault.Invalid, "the link type %.80q is neither a relation such as license nor a URI; gs1:pip or a full URI would be right", s)
}

// word reports whether s is a letter with letters, digits and marks behind it.
func word(s, marks string) bool {
	letter := func(r rune) bool { return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '_' }
	return s != "" && s[0] != '_' && letter(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return !letter(r) && (r < '0' || r > '9') && !strings.ContainsRune(marks, r)
	})
}

// strange reports whether a character may not stand in a URI (RFC 3986 §2).
func strange(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}

// whole writes the prefix gs1: and the older places of the vocabulary out, and
// registered relations small: they are compared so (RFC 8288 §2.1.1).
func whole(s string) string {
	for _, prefix := range []string{
		"gs1:", "https://gs1.org/voc/", "https://www.gs1.org/voc/", "http://gs1.org/voc/", "http://www.gs1.org/voc/", "http://ref.gs1.org/voc/",
	} {
		if name, ok := strings.CutPrefix(s, prefix); ok {
			return Vocabulary + name
		}
	}
	if !strings.Contains(s, ":") {
		return strings.ToLower(s)
	}
	return s
}
