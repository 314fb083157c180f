package linkset

import (
	"mime"
	"slices"
	"strings"

	"golang.org/x/text/language" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// Link leads from a thing to something about it.
type Link struct {
	Rel      string   // type of the link as ParseRel returns it
	Href     string   // URL of the target
	Title    string   // for people, in the language of the target
	Titles   []Text   // the title in more languages
	Type     string   // media type of the target, as "text/html"
	Hreflang []string // languages of the target, BCP 47
	Media    string   // media query (RFC 8288 §3.4.1)
	Context  []string // where or for what the link is meant, as "CN"
	// Attributes and Texts are further target attributes; of Texts the names are
	// without the star that they end in on the wire.
	Attributes map[string][]string
	Texts      map[string][]Text
}

// Text is a text in a language.
type Text struct {
	Value    string `json:"value"`
	Language string `json:"language,omitempty"` // BCP 47; "" when it is not said
}

// bare reports whether a link has no attribute by which a request could choose it.
func (l Link) bare() bool {
	return l.Type == "" && len(l.Hreflang) == 0 && len(l.Context) == 0
}

// Check reports whether a link may be kept for a thing.
//
// Errors: fault.Invalid. Source: Resolver 2.5.1 to 2.5.6.
func (l Link) Check() error {
	if rel, err := ParseRel(l.Rel); err != nil || rel != l.Rel {
		return fault.New(fault.Invalid, "the link type %.80q is not written as links have it; a URI as %spip would be right", l.Rel, Vocabulary)
	}
	if !strings.HasPrefix(l.Href, "https://") && !strings.HasPrefix(l.Href, "http://") || strings.ContainsFunc(l.Href, strange) {
		return fault.New(fault.Invalid, "the link leads to %.80q; a URL that begins with https:// would be right", l.Href)
	}
	if strings.TrimSpace(l.Title) == "" {
		return fault.New(fault.Invalid, "the link to %.80s has no title; one in the language of its target would be right", l.Href)
	}
	for _, tag := range l.Hreflang {
		if _, err := language.Parse(tag); err != nil {
			return fault.New(fault.Invalid, "the link to %.80s has the language %.80q; a tag as zh-CN would be right", l.Href, tag)
		}
	}
	if kind, _, err := mime.ParseMediaType(l.Type); l.Type != "" && (err != nil || !strings.Contains(kind, "/")) {
		return fault.New(fault.Invalid, "the link to %.80s has the media type %.80q; one as text/html would be right", l.Href, l.Type)
	}
	return nil
}

// Check reports whether links may be kept together for one thing. Above them, at a
// coarser identity, there must be a default link when here is none.
//
// Errors: fault.Invalid when a link may not be kept; when there are two default links, or
// the default says a language, media type or context; when no link of another type leads
// where a default link does. Source: Resolver 2.5.8.
func Check(links []Link) error {
	defaults := 0
	for _, l := range links {
		if err := l.Check(); err != nil {
			return err
		}
		if l.Rel == DefaultLink {
			defaults++
			if !l.bare() {
				return fault.New(fault.Invalid, "the default link to %.80s says a language, media type or context; links of gs1:defaultLinkMulti may, the default may not", l.Href)
			}
		}
		described := slices.ContainsFunc(links, func(o Link) bool { return o.Href == l.Href && !isDefault(o.Rel) })
		if isDefault(l.Rel) && !described {
			return fault.New(fault.Invalid, "the default link to %.80s says nothing about its target; a second link to it with a type as gs1:pip must stand beside it", l.Href)
		}
	}
	if defaults > 1 {
		return fault.New(fault.Invalid, "there are %d default links; one would be right", defaults)
	}
	return nil
}

func isDefault(rel string) bool { return rel == DefaultLink || rel == DefaultLinkMulti }
