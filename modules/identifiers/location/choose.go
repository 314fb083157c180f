package location

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Request is what is known of who asks.
type Request struct {
	Attributes []Attribute // of locatt, and of Negotiate behind them
	Address    netip.Addr  // of the client; the zero value when it is not known
	Country    string      // of ISO 3166, two letters; "" when it is not known
	// Rand returns a number from 0 up to 1. Without it the first of the locations with
	// the greatest weight is chosen.
	Rand func() float64
}

// Choose returns the location for a request, and false when there is none at all. Each
// method of the set in its order leaves of the locations those that suit, or all when
// none does; of what is left then one is chosen by weight.
//
// Source: technical manual, chapter 12.
func (s Set) Choose(r Request) (Location, bool) {
	left := s.Locations
	by := s.ChooseBy
	if by == nil {
		by = []string{"locatt", "address", "country", "score", "weighted"}
	}
	for _, method := range by {
		if len(left) < 2 || method == "weighted" {
			break
		}
		left = r.apply(method, left)
	}
	if len(left) == 0 {
		return Location{}, false
	}
	return r.byWeight(left), true
}

// apply returns which locations a method leaves.
func (r Request) apply(method string, left []Location) []Location {
	switch method {
	case "locatt":
		for _, a := range r.Attributes {
			left = suiting(left, func(l Location) bool { return has(l, a) })
		}
	case "address":
		left = suiting(left, func(l Location) bool { return r.within(l) })
	case "country":
		left = r.byCountry(left)
	case "score":
		best := left[0].number("score", 0)
		for _, l := range left {
			best = max(best, l.number("score", 0))
		}
		left = suiting(left, func(l Location) bool { return l.number("score", 0) >= best })
	}
	return left
}

// suiting returns the locations that suit, or all when none does.
func suiting(left []Location, suits func(Location) bool) []Location {
	var out []Location
	for _, l := range left {
		if suits(l) {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return left
	}
	return out
}

// has reports whether a location has an attribute, with its value if one is asked for.
// Countries are compared as such.
func has(l Location, asked Attribute) bool {
	value := l.Get(asked.Name)
	switch {
	case asked.Value == "":
		return value != ""
	case asked.Name == "country":
		return country(value) == country(asked.Value)
	default:
		return value == asked.Value
	}
}

// country returns a country in one spelling. UK is reserved for GB in ISO 3166, and
// the manual's examples use both.
func country(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "UK" {
		return "GB"
	}
	return s
}

// byCountry leaves the locations of the client's country, else those of no country.
func (r Request) byCountry(left []Location) []Location {
	if r.Country != "" {
		at := func(l Location) bool { return country(l.Get("country")) == country(r.Country) }
		if slices.ContainsFunc(left, at) {
			return suiting(left, at)
		}
	}
	return suiting(left, func(l Location) bool { return l.Get("country") == "" })
}

// within reports whether the client is at one of a location's addresses.
func (r Request) within(l Location) bool {
	s := l.Get("addresses")
	if s == "" || !r.Address.IsValid() {
		return false
	}
	all, err := ranges(s)
	return err == nil && slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(r.Address.Unmap()) })
}

// byWeight chooses by chance; when no location has a weight, each is as likely.
func (r Request) byWeight(left []Location) Location {
	weights := make([]float64, len(left))
	sum, best := 0.0, 0
	for i, l := range left {
		weights[i] = l.number("weight", 1)
		sum += weights[i]
		if weights[i] > weights[best] {
			best = i
		}
	}
	if r.Rand == nil {
		return left[best]
	}
	chance := r.Rand()
	if sum == 0 {
		return left[min(int(chance*float64(len(left))), len(left)-1)]
	}
	chance *= sum
	for i, w := range weights {
		if chance < w {
			return left[i]
		}
		chance -= w
	}
	return left[best] // rounding, or weights whose sum no number holds
}

// ParseAttributes reads the values of the parameter locatt: id:1, or a name alone.
func ParseAttributes(locatt []string) []Attribute {
	var out []Attribute
	for _, s := range locatt {
		name, value, _ := strings.Cut(s, ":")
		if name = strings.TrimSpace(name); name != "" && len(out) < maxAsked {
			out = append(out, Attribute{Name: name, Value: value})
		}
	}
	return out
}

// maxAsked is how many attributes a request may ask for; what is more is passed over.
const maxAsked = 32

// Negotiate returns what the headers Accept and Accept-Language ask of locations: the
// media types, best first, up to the first with a wildcard; http_role "conneg" when the
// client would rather have something else than HTML, "browser" when it would not, and
// "no_conneg" when it does not say; the languages, best first.
func Negotiate(accept, language string) []Attribute {
	var out []Attribute
	types := parse(accept)
	role := "conneg"
	switch {
	case len(types) == 0 || len(types) == 1 && types[0].name == "*/*":
		role = "no_conneg"
	case html(types) >= types[0].quality:
		role = "browser"
		out = append(out, Attribute{Name: "media-type", Value: "text/html"})
	default:
		for _, t := range types {
			if strings.Contains(t.name, "*") {
				break
			}
			out = append(out, Attribute{Name: "media-type", Value: t.name})
		}
	}
	out = append(out, Attribute{Name: "http_role", Value: role})
	for _, l := range parse(language) {
		if l.name != "*" {
			out = append(out, Attribute{Name: "language", Value: l.name})
		}
	}
	return out[:min(len(out), maxAsked)]
}

// wish is one element of Accept or Accept-Language.
type wish struct {
	name    string
	quality float64
}

// parse reads a header of wishes (RFC 9110 §12.5), best first; what is refused (q=0)
// or cannot be read is left out.
func parse(header string) []wish {
	var out []wish
	for element := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(element, ";")
		w := wish{name: strings.ToLower(strings.TrimSpace(name)), quality: 1}
		for p := range strings.SplitSeq(parameters, ";") {
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
				w.quality, _ = strconv.ParseFloat(q, 64)
			}
		}
		if w.name != "" && w.quality > 0 && w.quality <= 1 && len(out) < maxAsked {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b wish) int {
		if a.quality == b.quality {
			return 0
		}
		if a.quality > b.quality {
			return -1
		}
		return 1
	})
	return out
}

// html returns how much a client wishes for HTML: as much as its nearest wish says.
func html(types []wish) float64 {
	for _, name := range []string{"text/html", "application/xhtml+xml", "text/*", "*/*"} {
		if i := slices.IndexFunc(types, func(w wish) bool { return w.name == name }); i >= 0 {
			return types[i].quality
		}
	}
	return 0
}
