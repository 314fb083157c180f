package gs1

import (
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// The bounds of a URI.
const (
	MaxURI    = 8192 // bytes
	maxParams = 100
)

// URI is a GS1 Digital Link URI.
type URI struct {
	Scheme   string // "https" or "http"
	Host     string // lower case, with the port when it is said
	Stem     string // path before the identity, as it came; "" or as "/shop/eu"
	Identity        // what is identified
	// Attributes are data about the thing that do not identify it, in their order.
	Attributes []Element
	// Params are the other parameters, linkType and context among them, in their order.
	Params   []Param
	Fragment string // as it came, without #
}

// Param is a parameter of a query that is not an application identifier.
type Param struct {
	Name  string
	Value string // "" is written without =
}

// Parse reads an uncompressed GS1 Digital Link URI of any host.
//
// Errors: fault.Invalid, which a resolver answers with 400 (Resolver 2.4.1).
func Parse(uri string) (URI, error) {
	if len(uri) > MaxURI {
		return URI{}, fault.New(fault.Invalid, "the URI has %d bytes; at most %d are read", len(uri), MaxURI)
	}
	if at := strings.IndexFunc(uri, strange); at >= 0 {
		return URI{}, fault.New(fault.Invalid, "the URI has a character at byte %d that URIs must percent-encode", at)
	}
	scheme, rest, found := strings.Cut(uri, "://")
	u := URI{Scheme: strings.ToLower(scheme)}
	if !found || u.Scheme != "https" && u.Scheme != "http" {
		return URI{}, fault.New(fault.Invalid, "the URI %.80q does not begin with https:// or http://", uri)
	}
	rest, u.Fragment, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	u.Host = strings.ToLower(host)
	if host == "" || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]_") != "" {
		return URI{}, fault.New(fault.Invalid, "the URI has the host %.80q; a name or an address with at most a port would be right", host)
	}
	var err error
	if u.Stem, u.Identity, err = ParsePath("/" + path); err != nil {
		return URI{}, err
	}
	u.Attributes, u.Params, err = parseQuery(query, u.Identity)
	if err != nil {
		return URI{}, err
	}
	return u, nil
}

// strange reports whether a character may not stand in a URI (RFC 3986 §2).
func strange(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}

// parseQuery reads the attributes and the other parameters of a query, which & or ;
// divide. Source: URI Syntax 4.10, 4.11.
func parseQuery(query string, id Identity) ([]Element, []Param, error) {
	var attributes []Element
	var params []Param
	seen := id.elements()
	for field := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, ok := readField(field)
		if !ok {
			return nil, nil, fault.New(fault.Invalid, "the parameter %.80q has a %% without two hexadecimal digits behind it", field)
		}
		if name == "" || len(attributes)+len(params) == maxParams {
			return nil, nil, fault.New(fault.Invalid, "the query has a parameter without a name, or more than %d of them", maxParams)
		}
		if outside('N', name) >= 0 {
			params = append(params, Param{Name: name, Value: value})
			continue
		}
		e := Element{AI: name, Value: value}
		e.Value = wholeGTIN(e)
		if err := checkAttribute(e, id, seen); err != nil {
			return nil, nil, err
		}
		seen = append(seen, e)
		attributes = append(attributes, e)
	}
	return attributes, params, onlyOnce(params, "linkType")
}

// readField reads "name=value"; + is a space, as in forms.
func readField(field string) (name, value string, ok bool) {
	name, value, _ = strings.Cut(strings.ReplaceAll(field, "+", " "), "=")
	name, ok = unescape(name)
	if !ok {
		return "", "", false
	}
	value, ok = unescape(value)
	return name, value, ok
}

func onlyOnce(params []Param, name string) error {
	n := 0
	for _, p := range params {
		if p.Name == name {
			n++
		}
	}
	if n > 1 {
		return fault.New(fault.Invalid, "the query has %s %d times; once would be right", name, n)
	}
	return nil
}

// checkAttribute reports whether an element may stand in the query behind an identity,
// after the elements that were seen.
func checkAttribute(e Element, id Identity, seen []Element) error {
	ai, ok := LookupAI(e.AI)
	if !ok || !ai.Attribute {
		return fault.New(fault.Invalid, "%.80q is not an application identifier that a query may carry; names of other parameters must not be all digits", e.AI)
	}
	if slices.ContainsFunc(seen, func(s Element) bool { return s.AI == e.AI }) {
		return fault.New(fault.Invalid, "AI %s (%s) is there twice; once would be right", e.AI, ai.Title)
	}
	key, _ := LookupAI(id.Key.AI)
	var codes []string
	for _, q := range id.Qualifiers {
		codes = append(codes, q.AI)
	}
	for _, seq := range key.Sequences {
		if slices.Contains(seq, e.AI) && follows(seq, codes) {
			return fault.New(fault.Invalid, "AI %s (%s) makes AI %s finer, so it must stand in the path, not in the query", e.AI, ai.Title, id.Key.AI)
		}
	}
	return ai.Check(e.Value)
}

// String returns the URI, percent-encoded: first the attributes, then the other
// parameters. Parse of it is the same URI.
func (u URI) String() string {
	return u.Scheme + "://" + u.Host + u.Stem + u.Path() + u.query() + prefixed("#", u.Fragment)
}

func (u URI) query() string {
	var fields []string
	for _, e := range u.Attributes {
		fields = append(fields, e.AI+"="+escape(e.Value))
	}
	for _, p := range u.Params {
		fields = append(fields, escape(p.Name)+prefixed("=", escape(p.Value)))
	}
	return prefixed("?", strings.Join(fields, "&"))
}

func prefixed(mark, s string) string {
	if s == "" {
		return ""
	}
	return mark + s
}

// Canonical returns the form in which two URIs of the same thing are compared: the host
// id.gs1.org, no stem, the attributes in the order of their codes, no other parameter.
// Source: URI Syntax 4.12.
func (u URI) Canonical() string {
	c := URI{Scheme: "https", Host: "id.gs1.org", Identity: u.Identity, Attributes: slices.Clone(u.Attributes)}
	slices.SortFunc(c.Attributes, func(a, b Element) int { return strings.Compare(a.AI, b.AI) })
	return c.String()
}

// Root returns what stands before the identity, as "https://id.example.cn/shop".
func (u URI) Root() string {
	return u.Scheme + "://" + u.Host + u.Stem
}

// LinkType returns the type of link that is asked for, as it came; "" for none.
func (u URI) LinkType() string {
	for _, p := range u.Params {
		if p.Name == "linkType" {
			return p.Value
		}
	}
	return ""
}

// Contexts returns the values of the context parameter.
func (u URI) Contexts() []string {
	var all []string
	for _, p := range u.Params {
		if p.Name == "context" {
			all = append(all, p.Value)
		}
	}
	return all
}
