package gs1

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// The media types of sets of links.
const (
	TypeLinksetJSON = "application/linkset+json" // RFC 9264 §4.2
	TypeLinkset     = "application/linkset"      // RFC 9264 §4.1
	TypeJSON        = "application/json"
	TypeJSONLD      = "application/ld+json"
	TypeHTML        = "text/html"
)

// Vary has the headers of a request that a decision depends on.
const Vary = "Accept, Accept-Language"

// Request is what is asked of a resolver.
type Request struct {
	URI            URI
	RawQuery       string // of the request, as it came: it is handed on
	Accept         string // headers, as they came; several lines joined by ","
	AcceptLanguage string
}

// Level is an identity with the links that are kept for it.
type Level struct {
	Identity    Identity
	Description string // of what is identified; "" when it is not said
	Links       []Link
}

// Outcome is what a resolver answers with.
type Outcome string

// The outcomes.
const (
	Redirect Outcome = "redirect" // to Decision.Target
	Linkset  Outcome = "linkset"  // the set of links, as Decision.Media
	Choices  Outcome = "choices"  // several links are as good: those of Decision.Set
	Unknown  Outcome = "unknown"  // nothing is kept for the identity or above it
	NoLink   Outcome = "no link"  // no link of the type that is asked for; Set has what there is
)

// Status returns the status code of HTTP for an outcome.
func (o Outcome) Status() int {
	switch o {
	case Redirect:
		return http.StatusTemporaryRedirect
	case Linkset:
		return http.StatusOK
	case Choices:
		return http.StatusMultipleChoices
	case Unknown, NoLink:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// Decision is the answer to a request.
type Decision struct {
	Outcome Outcome
	Target  string // of Redirect: where to, with the query of the request
	Link    Link   // of Redirect: the link that was chosen
	Set     Set    // of the other outcomes: links for people or machines to choose from
	Media   string // of the other outcomes: the media type in which Set is asked for
}

// Resolve decides which link answers a request.
//
//   - levels: what is kept for URI.Associations(), in that order; those without links
//     may be left out.
//   - A request for a set of links (linkType=linkset, the older linkType=all, or Accept)
//     gets the links of all levels. One for a type of link gets a link of that type, of
//     the finest level that has one; any other one the default link, unless its headers
//     choose among those of gs1:defaultLinkMulti.
//   - Source: Resolver 2.6 to 2.12.
func Resolve(r Request, levels []Level) Decision {
	levels = slices.DeleteFunc(slices.Clone(levels), func(l Level) bool { return len(l.Links) == 0 })
	all := Decision{Outcome: Unknown, Set: setOf(r.URI.Root(), levels), Media: r.media()}
	asked := r.URI.LinkType()
	rel, err := ParseRel(asked)
	switch {
	case len(levels) == 0:
		return all
	case asked == "linkset" || asked == "all" || r.wantsLinkset():
		all.Outcome = Linkset
		return all
	case asked == "" || rel == DefaultLink || rel == DefaultLinkMulti:
		return r.byDefault(levels, all)
	}
	for _, level := range levels {
		if links := ofRel(level.Links, rel); err == nil && len(links) > 0 {
			return r.among(links, level, levels)
		}
	}
	all.Outcome = NoLink
	return all
}

func ofRel(links []Link, rel string) []Link {
	var found []Link
	for _, l := range links {
		if l.Rel == rel {
			found = append(found, l)
		}
	}
	return found
}

// byDefault answers who asks for no type of link. Without any default, which the
// standard rules out but data may lack, the only link there is answers, or all of them.
func (r Request) byDefault(levels []Level, all Decision) Decision {
	for _, level := range levels {
		if kept := r.narrow(ofRel(level.Links, DefaultLinkMulti)); len(kept) == 1 && r.chose(kept[0]) {
			return r.redirect(kept[0])
		}
		if d := ofRel(level.Links, DefaultLink); len(d) > 0 {
			return r.redirect(d[0])
		}
		if multi := ofRel(level.Links, DefaultLinkMulti); len(multi) > 0 {
			return r.redirect(multi[0])
		}
	}
	if len(levels) == 1 && len(levels[0].Links) == 1 {
		return r.redirect(levels[0].Links[0])
	}
	all.Outcome = Choices
	return all
}

// chose reports whether anything in the request speaks for a link.
func (r Request) chose(l Link) bool {
	return byLanguage(r.AcceptLanguage)(l) > 0 || byType(r.Accept)(l) > 0 || byContext(r.URI.Contexts())(l) > 0
}

// narrow keeps the links that a request likes best: by language, then by context, then
// by media type (Resolver 2.6.3).
func (r Request) narrow(links []Link) []Link {
	links = best(links, byLanguage(r.AcceptLanguage))
	links = best(links, byContext(r.URI.Contexts()))
	return best(links, byType(r.Accept))
}

// among answers with the best of the links of a level. Of several that differ in what
// the request has not said, that which the default link leads to as well is taken.
func (r Request) among(links []Link, level Level, levels []Level) Decision {
	kept := r.narrow(links)
	if len(kept) > 1 && !slices.ContainsFunc(kept[1:], kept[0].alike) {
		for _, l := range levels {
			for _, d := range ofRel(l.Links, DefaultLink) {
				kept = preferred(kept, d.Href)
			}
		}
	}
	if len(kept) == 1 {
		return r.redirect(kept[0])
	}
	level.Links = kept
	return Decision{Outcome: Choices, Set: setOf(r.URI.Root(), []Level{level}), Media: r.media()}
}

// alike reports whether no request can tell two links apart.
func (l Link) alike(o Link) bool {
	return l.Type == o.Type && slices.Equal(l.Hreflang, o.Hreflang) && slices.Equal(l.Context, o.Context)
}

// preferred returns the link that leads to href alone, if there is one.
func preferred(links []Link, href string) []Link {
	for _, l := range links {
		if l.Href == href {
			return []Link{l}
		}
	}
	return links
}

// redirect leads to a link, with the whole query of the request (Resolver 2.12).
func (r Request) redirect(l Link) Decision {
	target, fragment, found := strings.Cut(l.Href, "#")
	switch {
	case r.RawQuery == "":
	case strings.HasSuffix(target, "?") || strings.HasSuffix(target, "&"):
		target += r.RawQuery
	case strings.Contains(target, "?"):
		target += "&" + r.RawQuery
	default:
		target += "?" + r.RawQuery
	}
	if found {
		target += "#" + fragment
	}
	return Decision{Outcome: Redirect, Target: target, Link: l}
}

// wantsLinkset reports whether Accept names a set of links, and nothing else with a
// greater weight.
func (r Request) wantsLinkset() bool {
	ranges := wishes(r.Accept)
	return slices.ContainsFunc(ranges, func(w wish) bool {
		return (w.name == TypeLinksetJSON || w.name == TypeLinkset) && w.weight > 0 && w.weight == ranges[0].weight
	})
}

// media returns the form in which a request wants links: the first that Accept names,
// else a page for people (Resolver 2.10).
func (r Request) media() string {
	for _, w := range wishes(r.Accept) {
		switch w.name {
		case TypeLinksetJSON, TypeLinkset, TypeJSON, TypeJSONLD, TypeHTML:
			if w.weight > 0 {
				return w.name
			}
		}
	}
	return TypeHTML
}

// setOf is the set of the links of levels, each with the URI of its identity as anchor.
func setOf(root string, levels []Level) Set {
	var set Set
	for _, level := range levels {
		c := Context{Anchor: root + level.Identity.Path(), Description: level.Description, Links: slices.Clone(level.Links)}
		slices.SortStableFunc(c.Links, func(a, b Link) int { return cmp.Compare(a.Rel, b.Rel) })
		set = append(set, c)
	}
	return set
}
