package gs1

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"yuzhou/modules/identifiers/gs1/linkset"
)

// Vary has the headers of a request that a decision depends on.
const Vary = "Accept, Accept-Language"

// Request is what is asked of a resolver. ParseRequest makes it.
type Request struct {
	URI            URI
	RawQuery       string // as it came, and without what no URI may have: it is handed on
	Accept         string
	AcceptLanguage string
}

// ParseRequest reads a request: the URI as it came, and the headers Accept and
// Accept-Language, of which several lines are joined by ",".
//
// Errors: fault.Invalid when it is no Digital Link URI.
func ParseRequest(uri, accept, acceptLanguage string) (Request, error) {
	u, err := Parse(uri)
	if err != nil {
		return Request{}, err
	}
	uri, _, _ = strings.Cut(uri, "#")
	_, query, _ := strings.Cut(uri, "?")
	return Request{URI: u, RawQuery: query, Accept: accept, AcceptLanguage: acceptLanguage}, nil
}

// Level is an identity with the links that are kept for it.
type Level struct {
	Identity    Identity
	Description string // of what is identified; "" when it is not said
	Links       []linkset.Link
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
	Target  string       // of Redirect: where to, with the query of the request
	Link    linkset.Link // of Redirect: the link that was chosen
	Set     linkset.Set  // of the other outcomes: links for people or machines to choose from
	Media   string       // of the other outcomes: the media type in which Set is asked for
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
	rel, err := linkset.ParseRel(asked)
	switch {
	case len(levels) == 0:
		return all
	case asked == "linkset" || asked == "all" || r.wantsLinkset():
		all.Outcome = Linkset
		return all
	case asked == "" || rel == linkset.DefaultLink || rel == linkset.DefaultLinkMulti:
		return r.byDefault(levels, all)
	}
	for _, level := range levels {
		if links := linkset.OfType(level.Links, rel); err == nil && len(links) > 0 {
			return r.among(links, level, levels)
		}
	}
	all.Outcome = NoLink
	return all
}

// byDefault answers who asks for no type of link. Without any default, which the
// standard rules out but data may lack, the only link there is answers, or all of them.
func (r Request) byDefault(levels []Level, all Decision) Decision {
	for _, level := range levels {
		if kept := r.narrow(linkset.OfType(level.Links, linkset.DefaultLinkMulti)); len(kept) == 1 && r.chose(kept[0]) {
			return r.redirect(kept[0])
		}
		if d := linkset.OfType(level.Links, linkset.DefaultLink); len(d) > 0 {
			return r.redirect(d[0])
		}
		if multi := linkset.OfType(level.Links, linkset.DefaultLinkMulti); len(multi) > 0 {
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
func (r Request) chose(l linkset.Link) bool {
	return byLanguage(r.AcceptLanguage)(l) > 0 || byType(r.Accept)(l) > 0 || byContext(r.URI.Contexts())(l) > 0
}

// narrow keeps the links that a request likes best: by language, then by context, then
// by media type (Resolver 2.6.3).
func (r Request) narrow(links []linkset.Link) []linkset.Link {
	links = best(links, byLanguage(r.AcceptLanguage))
	links = best(links, byContext(r.URI.Contexts()))
	return best(links, byType(r.Accept))
}

// among answers with the best of the links of a level. Of several that differ in what
// the request has not said, that which the default link leads to as well is taken.
func (r Request) among(links []linkset.Link, level Level, levels []Level) Decision {
	kept := r.narrow(links)
	if len(kept) > 1 && !slices.ContainsFunc(kept[1:], func(l linkset.Link) bool { return alike(l, kept[0]) }) {
		for _, l := range levels {
			for _, d := range linkset.OfType(l.Links, linkset.DefaultLink) {
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
func alike(a, b linkset.Link) bool {
	return a.Type == b.Type && slices.Equal(a.Hreflang, b.Hreflang) && slices.Equal(a.Context, b.Context)
}

// preferred returns the link that leads to href alone, if there is one.
func preferred(links []linkset.Link, href string) []linkset.Link {
	for _, l := range links {
		if l.Href == href {
			return []linkset.Link{l}
		}
	}
	return links
}

// redirect leads to a link, with the whole query of the request (Resolver 2.12).
func (r Request) redirect(l linkset.Link) Decision {
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
		return (w.name == linkset.TypeJSON || w.name == linkset.TypeText) && w.weight > 0 && w.weight == ranges[0].weight
	})
}

// media returns the form in which a request wants links: the first that Accept names,
// else a page for people (Resolver 2.10).
func (r Request) media() string {
	for _, w := range wishes(r.Accept) {
		switch w.name {
		case linkset.TypeJSON, linkset.TypeText, linkset.TypePlainJSON, linkset.TypeJSONLD, linkset.TypeHTML:
			if w.weight > 0 {
				return w.name
			}
		}
	}
	return linkset.TypeHTML
}

// setOf is the set of the links of levels, each with the URI of its identity as anchor.
func setOf(root string, levels []Level) linkset.Set {
	var set linkset.Set
	for _, level := range levels {
		c := linkset.Context{Anchor: root + level.Identity.Path(), Description: cmp.Or(level.Description, level.Identity.title()), Links: slices.Clone(level.Links)}
		slices.SortStableFunc(c.Links, func(a, b linkset.Link) int { return cmp.Compare(a.Rel, b.Rel) })
		set = append(set, c)
	}
	return set
}
