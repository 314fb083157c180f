// Package location reads 10320/loc, the value that lists where the thing that an
// identifier names can be had, and chooses one of them for a request.
//
// What must hold: choosing is a function of the set, the request and the numbers that
// the request's source of chance gives; as long as there is a location one is chosen;
// what Append prints Parse reads as the same set. The package knows no network: which
// country a request comes from its caller says.
//
// Source: Handle.Net 9 technical manual, chapter 12; for content negotiation, which the
// manual leaves out, what the proxy of Handle.Net 9.2.0 does.
package location

import (
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/namespace/tree"
)

// maxLocations is how many locations a set may have.
const maxLocations = 1024

// Attribute is an attribute of a location or of a set, or what a request asks for; any
// name may be one. Without a value, a request asks for any.
type Attribute = tree.Attribute

// Set is the data of 10320/loc.
type Set struct {
	// ChooseBy are the methods of selection in their order; nil means the usual ones:
	// locatt, address, country, score, weighted. Methods that are not known are passed
	// over, so that there can be more one day.
	ChooseBy   []string
	Attributes []Attribute // beside chooseby, in ascending order of their names
	Locations  []Location
}

// Location is one place. Its attributes are in ascending order of their names, and
// those with a meaning are:
//
//	href          its URL
//	href_template a URL in which {hdl} is the identifier and {hdl:path} too, with its "/"
//	weight        from 0 on, 1 unless said; 0 is not chosen by chance
//	score         1.5 is better than 1; 0 unless said
//	country       of ISO 3166, two letters
//	addresses     of clients, such as 192.0.2.0/24, parted by commas
//	http_sc       the status to redirect with
//	media-type, language, http_role (conneg, browser): see Negotiate
type Location struct {
	Attributes []Attribute
}

// Get returns an attribute, or "".
func (l Location) Get(name string) string {
	s, _ := (&tree.Node{Attributes: l.Attributes}).Attribute(name)
	return s
}

// URL returns where the location is for an identifier.
func (l Location) URL(name handle.Name) string {
	if href := l.Get("href"); href != "" {
		return href
	}
	whole := url.QueryEscape(string(name))
	parts := strings.Split(string(name), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	r := strings.NewReplacer("{hdl}", strings.ReplaceAll(whole, "+", "%20"), "{hdl:path}", strings.Join(parts, "/"))
	return r.Replace(l.Get("href_template"))
}

// Status returns the status of HTTP to redirect with: 302 unless the location says
// another.
func (l Location) Status() int {
	n, err := strconv.Atoi(l.Get("http_sc"))
	if err != nil {
		return 302 // Found (RFC 9110 §15.4.3)
	}
	return n
}

func (l Location) number(name string, usual float64) float64 {
	f, err := strconv.ParseFloat(l.Get(name), 64)
	if err != nil {
		return usual
	}
	return f
}

// Parse reads the data of 10320/loc.
//
// Errors: fault.Invalid with the line. A URL that is not absolute or would run as a
// script is refused, as are weights below 0; elements and attributes that are not known
// are not: the format is open. Elements beside the locations are not kept. There may be no
// location: clients keep such values for those to come.
func Parse(data []byte) (Set, error) {
	root, err := tree.Parse(data)
	if err != nil {
		return Set{}, err
	}
	if root.Name != "locations" {
		return Set{}, root.Fail("the element is <%s>, want <locations>", root.Name)
	}
	elements, err := root.Elements()
	if err != nil {
		return Set{}, err
	}
	s := Set{}
	for _, a := range root.Attributes {
		if a.Name == "chooseby" {
			s.ChooseBy = methods(a.Value)
		} else {
			s.Attributes = append(s.Attributes, a)
		}
	}
	for _, e := range elements {
		if e.Name != "location" {
			continue
		}
		if err := check(e); err != nil {
			return Set{}, err
		}
		s.Locations = append(s.Locations, Location{Attributes: e.Attributes})
	}
	if len(s.Locations) > maxLocations {
		return Set{}, root.Fail("there are %d locations, at most %d are allowed", len(s.Locations), maxLocations)
	}
	return s, nil
}

// methods parts what chooseby says. Blank ones are left out, yet none is not nil.
func methods(s string) []string {
	out := []string{}
	for m := range strings.SplitSeq(s, ",") {
		if m = strings.ToLower(strings.TrimSpace(m)); m != "" {
			out = append(out, m)
		}
	}
	return out
}

func check(e *tree.Node) error {
	href, _ := e.Attribute("href")
	if href == "" {
		href, _ = e.Attribute("href_template")
		href = strings.NewReplacer("{hdl}", "h", "{hdl:path}", "h").Replace(href)
	}
	if err := checkURL(e, href); err != nil {
		return err
	}
	for _, name := range []string{"weight", "score"} {
		s, ok := e.Attribute(name)
		f, err := strconv.ParseFloat(s, 64)
		if ok && (err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 && name == "weight") {
			return e.Fail("%s is %q, want a number such as 0.5, for a weight from 0 on", name, s)
		}
	}
	if s, ok := e.Attribute("http_sc"); ok && !slices.Contains([]string{"301", "302", "303", "307", "308"}, s) {
		return e.Fail("http_sc is %q, want 301, 302, 303, 307 or 308", s)
	}
	if s, ok := e.Attribute("addresses"); ok {
		if _, err := ranges(s); err != nil {
			return e.Fail("addresses is %q, want ranges such as 192.0.2.0/24, parted by commas", s)
		}
	}
	return nil
}

func checkURL(e *tree.Node, href string) error {
	u, err := url.Parse(href)
	if href == "" || err != nil || !u.IsAbs() {
		return e.Fail("href is %q, want an absolute URL such as https://example.org/", href)
	}
	if slices.Contains([]string{"javascript", "vbscript", "data"}, strings.ToLower(u.Scheme)) {
		return e.Fail("href is %q, which would run as a script; want the URL of a place", href)
	}
	return nil
}

// ranges reads ranges of addresses; an address alone is a range of one.
func ranges(s string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for r := range strings.SplitSeq(s, ",") {
		r = strings.TrimSpace(r)
		if one, err := netip.ParseAddr(r); err == nil {
			out = append(out, netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(r)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is no range of addresses", r)
		}
		out = append(out, p)
	}
	return out, nil
}

// Append prints a set.
func (s Set) Append(dst []byte) []byte {
	root := &tree.Node{Name: "locations", Attributes: sorted(s.Attributes)}
	if s.ChooseBy != nil {
		root.Attributes = sorted(append(root.Attributes, Attribute{Name: "chooseby", Value: strings.Join(s.ChooseBy, ",")}))
	}
	for _, l := range s.Locations {
		root.Children = append(root.Children, &tree.Node{Name: "location", Attributes: sorted(l.Attributes)})
	}
	return root.Append(dst)
}

func sorted(attributes []Attribute) []Attribute {
	return slices.SortedStableFunc(slices.Values(attributes), func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
}
