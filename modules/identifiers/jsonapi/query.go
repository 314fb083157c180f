package jsonapi

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Choice is what a request says about something that it may leave open.
type Choice byte

// What may be said.
const (
	Unsaid Choice = iota
	Yes
	No
)

// Request is what the parameters of a request say. Its zero value is a request without
// parameters.
type Request struct {
	Query         handle.Query // index, type: the values that are meant
	Various       bool         // index=various: of a PUT, those in its body
	Authoritative bool         // auth: ask the primary server
	PublicOnly    Choice       // publicOnly; unsaid, it is Yes for who has not signed in, else No
	KeepExisting  bool         // overwrite=false: 409 when what is put exists
	Mint          bool         // mintNewSuffix: append something new to the name
	Pretty        bool
	Callback      string // of JSONP: a name of JavaScript, or ""
	Prefix        string // of a list
	Paged         bool   // page and pageSize are there and not below 0
	Page          int    // from 0
	Size          int    // 0 asks for the count alone
}

// maxPage bounds a page and its size.
const maxPage = 1 << 30

// ParseRequest reads the parameters of a request.
//
//   - q: decoded parameters; those that the API does not have are ignored.
//   - Errors: fault.Invalid that names the parameter.
//   - Source: technical manual §14.2 and §14.5. A callback that is no name is refused,
//     where Handle.Net puts "_" for what it does not like; so is an index below 1.
func ParseRequest(q url.Values) (Request, error) {
	p := parameters{q: q}
	r := Request{
		Query:         handle.Query{Types: p.types()},
		Authoritative: p.flag("auth") == Yes,
		PublicOnly:    p.flag("publicOnly"),
		KeepExisting:  p.flag("overwrite") == No,
		Mint:          p.flag("mintNewSuffix") == Yes,
		Pretty:        p.flag("pretty") == Yes,
		Callback:      p.callback(),
		Prefix:        p.one("prefix"),
	}
	r.Query.Indexes, r.Various = p.indexes()
	page, pageOpen := p.page("page")
	size, sizeOpen := p.page("pageSize")
	if !pageOpen && !sizeOpen {
		r.Paged, r.Page, r.Size = true, page, size
	}
	if p.err != nil {
		return Request{}, p.err
	}
	return r, nil
}

// Fits reports whether the values of a PUT are those that the parameters mean: one of each
// index, and with index=various any.
//
// Errors: fault.Invalid.
func (r Request) Fits(values []handle.Value) error {
	given := make([]uint32, 0, len(values))
	for _, v := range values {
		if slices.Contains(given, v.Index) {
			return fault.New(fault.Invalid, "the body has two values of index %d", v.Index)
		}
		given = append(given, v.Index)
		if !r.Various && !slices.Contains(r.Query.Indexes, v.Index) {
			return fault.New(fault.Invalid, "the body has a value of index %d, which parameter index does not name", v.Index)
		}
	}
	for _, i := range r.Query.Indexes {
		if !slices.Contains(given, i) {
			return fault.New(fault.Invalid, "parameter index is %d, and the body has no value of it", i)
		}
	}
	return nil
}

// parameters reads parameters; the first thing that is wrong stays in err.
type parameters struct {
	q   url.Values
	err error
}

func (p *parameters) fail(name, value, want string) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, "parameter %s is %q, want %s", name, value, want)
	}
}

// one returns a parameter that may be there once.
func (p *parameters) one(name string) string {
	if n := len(p.q[name]); n > 1 {
		p.fail(name, strings.Join(p.q[name], ", "), "one value")
	}
	return p.q.Get(name)
}

// flag reads a parameter that is true when it has no value.
func (p *parameters) flag(name string) Choice {
	if !p.q.Has(name) {
		return Unsaid
	}
	switch s := p.one(name); s {
	case "", "true":
		return Yes
	case "false":
		return No
	default:
		p.fail(name, s, "true or false")
		return Unsaid
	}
}

func (p *parameters) types() []string {
	types := p.q["type"]
	if len(types) > handle.MaxValues {
		p.fail("type", types[0]+", …", "at most 2048 of them")
		return nil
	}
	for _, t := range types {
		if t == "" {
			p.fail("type", t, "a type such as URL")
		}
	}
	return types
}

func (p *parameters) indexes() (out []uint32, various bool) {
	texts := p.q["index"]
	if len(texts) > handle.MaxValues {
		p.fail("index", texts[0]+", …", "at most 2048 of them")
		return nil, false
	}
	for _, s := range texts {
		if s == "various" && len(texts) == 1 {
			return nil, true
		}
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil || n == 0 {
			p.fail("index", s, "a whole number from 1 on, or various alone")
			return nil, false
		}
		out = append(out, uint32(n))
	}
	return out, false
}

// page reads a page or its size, and whether it is left open.
func (p *parameters) page(name string) (n int, open bool) {
	if !p.q.Has(name) {
		return 0, true
	}
	s := p.one(name)
	n, err := strconv.Atoi(s)
	if err != nil || n > maxPage {
		p.fail(name, s, "a whole number up to "+strconv.Itoa(maxPage))
	}
	return n, n < 0
}

// identifier is a name of JavaScript, or several parted by dots, in ASCII.
var identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$`)

const maxCallback = 128

func (p *parameters) callback() string {
	s := p.one("callback")
	if p.q.Has("callback") && (len(s) > maxCallback || !identifier.MatchString(s)) {
		p.fail("callback", s, "a name of JavaScript such as show or app.show")
		return ""
	}
	return s
}
