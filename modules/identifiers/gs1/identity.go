// Package gs1 reads and writes what GS1 gives things on the Web: Digital Link URIs,
// identities in them, links from them and sets of links, and decides which link answers
// a request.
//
// What must hold: what is read is valid by the General Specifications (lengths,
// characters, check digits, the order of qualifiers) or is refused; a thing has one
// spelling as an identity, so that equal identities are equal strings; what is written
// is read back as the same; two lots that differ only in case stay two, though look-ups
// of identifiers fold case.
//
// Sources: GS1 Digital Link URI Syntax 1.3 and later, GS1-Conformant Resolver 1.2.0, RFC
// 9264 (linkset), RFC 8288 (Link). Compressed URIs and EPC binary strings are not read.
package gs1

import (
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Element is a value with the application identifier that says what it is.
type Element struct {
	AI    string // code, as "10"
	Value string // as the General Specifications have it, nothing escaped
}

// Identity is what a Digital Link URI identifies: a primary key, and qualifiers that
// make it finer, in the order of the standard.
type Identity struct {
	Key        Element
	Qualifiers []Element // nil for none
}

// NewIdentity returns the identity of a key with its qualifiers, which may come in any
// order. A GTIN of 8, 12 or 13 digits gets its leading zeros.
//
// Errors: fault.Invalid when the key is none, a value is not written as it must be, or
// the qualifiers do not go with the key.
func NewIdentity(key Element, qualifiers ...Element) (Identity, error) {
	ai, ok := LookupAI(key.AI)
	if !ok || !ai.Primary {
		return Identity{}, fault.New(fault.Invalid, "AI %.80q is not a primary key; one of %s would be right", key.AI, strings.Join(PrimaryKeys(), ", "))
	}
	for _, seq := range ai.Sequences {
		if !slices.ContainsFunc(qualifiers, func(q Element) bool { return !slices.Contains(seq, q.AI) }) {
			qualifiers = slices.SortedStableFunc(slices.Values(qualifiers), func(a, b Element) int {
				return slices.Index(seq, a.AI) - slices.Index(seq, b.AI)
			})
		}
	}
	return newIdentity(ai, key, qualifiers)
}

// newIdentity is NewIdentity for qualifiers in the order of a path.
func newIdentity(ai AI, key Element, qualifiers []Element) (Identity, error) {
	key.Value = wholeGTIN(key)
	if err := ai.Check(key.Value); err != nil {
		return Identity{}, err
	}
	id := Identity{Key: key}
	var codes []string
	for _, q := range qualifiers {
		codes = append(codes, q.AI)
	}
	if _, ok := ai.sequence(codes); !ok {
		return Identity{}, fault.New(fault.Invalid, "the qualifiers %.80s do not go with AI %s (%s) in this order; %s",
			strings.Join(codes, ", "), ai.Code, ai.Title, ai.qualifiers())
	}
	if ai.Required != "" && !slices.Contains(codes, ai.Required) {
		return Identity{}, fault.New(fault.Invalid, "AI %s (%s) identifies nothing alone; AI %s must follow it", ai.Code, ai.Title, ai.Required)
	}
	for _, q := range qualifiers {
		of, _ := LookupAI(q.AI)
		if err := of.Check(q.Value); err != nil {
			return Identity{}, err
		}
		id.Qualifiers = append(id.Qualifiers, q)
	}
	return id, nil
}

// wholeGTIN returns the value of an element; a GTIN-8, GTIN-12 or GTIN-13 with the zeros
// that make it 14 digits, as older codes leave them out.
// Source: URI Syntax 4.1, General Specifications 3.3.2.
func wholeGTIN(e Element) string {
	if e.AI != "01" || outside('N', e.Value) >= 0 {
		return e.Value
	}
	switch n := len(e.Value); n {
	case 8, 12, 13:
		return strings.Repeat("0", 14-n) + e.Value
	}
	return e.Value
}

// Path returns the identity as the path of a Digital Link URI has it, percent-encoded,
// as "/01/09520123456788/10/ABC%2F1".
func (id Identity) Path() string {
	var b strings.Builder
	for _, e := range id.elements() {
		b.WriteString("/" + e.AI + "/" + escape(e.Value))
	}
	return b.String()
}

func (id Identity) elements() []Element {
	return append([]Element{id.Key}, id.Qualifiers...)
}

// title names the identity by the data titles, as "GTIN 09520123456788, BATCH/LOT L7". The
// schema of GS1 asks for some description of every anchor.
func (id Identity) title() string {
	var names []string
	for _, e := range id.elements() {
		ai, _ := LookupAI(e.AI)
		names = append(names, ai.Title+" "+e.Value)
	}
	return strings.Join(names, ", ")
}

// Equal reports whether both identify the same. Values differ by case.
func (id Identity) Equal(other Identity) bool {
	return id.Key == other.Key && slices.Equal(id.Qualifiers, other.Qualifiers)
}

// ParsePath reads the path of a Digital Link URI, percent-encoded as it came.
//
//   - stem: what stands before the identity, as it came; "" or as "/shop/eu".
//   - A slash at the end is read over (Resolver 2.13).
//   - Of several keys the last that the rest of the path fits is meant (the stem may
//     look like one).
//   - Errors: fault.Invalid.
//   - Source: URI Syntax 4.9, 4.11.
func ParsePath(path string) (stem string, id Identity, err error) {
	if !strings.HasPrefix(path, "/") {
		return "", Identity{}, fault.New(fault.Invalid, "the path %.80q does not begin with /; it must be as /01/09520123456788", path)
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")[1:]
	for at := len(segments) - 2; at >= 0; at -= 2 {
		if ai, ok := LookupAI(segments[at]); ok && ai.Primary {
			stem = strings.Join(append([]string{""}, segments[:at]...), "/")
			id, err = readElements(ai, segments[at:])
			return stem, id, err
		}
	}
	return "", Identity{}, noKey(path, segments)
}

// readElements reads pairs of code and value.
func readElements(ai AI, segments []string) (Identity, error) {
	var elements []Element
	for pair := range slices.Chunk(segments, 2) {
		value, ok := unescape(pair[1])
		if !ok {
			return Identity{}, fault.New(fault.Invalid, "AI %.80s: the value %.80q has a %% without two hexadecimal digits behind it", pair[0], pair[1])
		}
		if code := named(pair[0]); code != "" {
			return Identity{}, noName(pair[0], code)
		}
		if _, ok := LookupAI(pair[0]); !ok {
			return Identity{}, fault.New(fault.Invalid, "%.80q is not an application identifier that a Digital Link URI may carry; behind AI %s %s", pair[0], ai.Code, ai.qualifiers())
		}
		elements = append(elements, Element{AI: pair[0], Value: value})
	}
	return newIdentity(ai, elements[0], elements[1:])
}

// noKey says why a path has no key, and which code the word stands for when it has one
// of the names that version 1.3 of the syntax took away.
func noKey(path string, segments []string) error {
	for _, s := range segments {
		if code := named(s); code != "" {
			return noName(s, code)
		}
	}
	return fault.New(fault.Invalid, "the path %.80q has no primary key with its value; it must end as /01/09520123456788/10/LOT", path)
}

func noName(name, code string) error {
	return fault.New(fault.Invalid, "the path has the name %.80q, which version 1.3 of the syntax took away; %s must be written", name, code)
}

// names has the names that codes had in paths up to version 1.2 of the syntax.
const names = " gtin=01 sscc=00 itip=8006 gmn=8013 cpid=8010 gln=414 payto=415 party=417 gsrnp=8017 gsrn=8018 gcn=255 gdti=253 ginc=401 " +
	"gsin=402 grai=8003 giai=8004 cpv=22 lot=10 ser=21 tpx=235 glnx=254 cpsn=8011 srin=8019 refno=8020 "

// named returns the code that a name stood for, or "".
func named(s string) string {
	_, after, _ := strings.Cut(names, " "+strings.ToLower(s)+"=")
	code, _, _ := strings.Cut(after, " ")
	return code
}

// Associations returns whose links answer a request for the identity, the finest first:
// the identity itself, then those that the resolver standard has below it, its key last.
// A serial number comes before a lot or variant, since it names one thing.
//
// Source: Resolver 2.5.9, rule 4.
func (id Identity) Associations() []Identity {
	all := []Identity{id}
	with := func(codes ...string) {
		coarser := Identity{Key: id.Key}
		for _, q := range id.Qualifiers {
			if slices.Contains(codes, q.AI) {
				coarser.Qualifiers = append(coarser.Qualifiers, q)
			}
		}
		ai, _ := LookupAI(id.Key.AI)
		whole := len(coarser.Qualifiers) == len(codes) && (ai.Required == "" || slices.Contains(codes, ai.Required))
		if whole && !slices.ContainsFunc(all, coarser.Equal) {
			all = append(all, coarser)
		}
	}
	with("235")
	with("21")
	with("22", "10")
	with("10")
	with("22")
	with()
	return all
}

// CheckAssociation reports whether links may be kept for the identity.
//
// Errors: fault.Invalid when a serial number stands beside a lot or a variant: what it
// names is one thing already, and two spellings of it would have two sets of links.
// Source: Resolver 2.5.9, rules 1 to 3.
func (id Identity) CheckAssociation() error {
	has := func(code string) bool {
		return slices.ContainsFunc(id.Qualifiers, func(q Element) bool { return q.AI == code })
	}
	if has("21") && (has("10") || has("22")) {
		return fault.New(fault.Invalid, "links of %.80s must be kept without lot (10) and variant (22), since the serial number (21) says which thing it is", id.Path())
	}
	return nil
}
