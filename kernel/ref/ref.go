// Package ref holds resolvable names: every published thing has one.
//
// A Ref is the city's prefix in the industrial-internet identifier system
// followed by a path, such as "88.500.1/st.hte/500000/2023-06-30@2". What must
// hold: Parse and String are inverses, and a Ref never holds a character that
// needs escaping in a URL path (letters of any script are allowed, as IRIs do).
package ref

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// Ref is a resolvable name.
type Ref string

const maxLength = 512 // bytes; the handle protocol's practical limit

// New joins a prefix and path segments. The parts must be valid as Parse says.
func New(prefix string, path ...string) Ref {
	return Ref(prefix + "/" + strings.Join(path, "/"))
}

// Parse reads a name, or returns fault.Invalid that says what is wrong with it.
//
// Source: prefix as in GB/T 36461 and the Handle System (RFC 3651 §3.1):
// digits separated by dots; then "/" and one or more segments.
func Parse(s string) (Ref, error) {
	prefix, path, ok := strings.Cut(s, "/")
	switch {
	case len(s) > maxLength:
		return "", fault.New(fault.Invalid, "name has %d bytes, at most %d are allowed", len(s), maxLength)
	case !ok || path == "":
		return "", fault.New(fault.Invalid, "name %q has no path after its prefix, as in 88.500.1/st.hte", s)
	case !validPrefix(prefix):
		return "", fault.New(fault.Invalid, "name %q does not begin with a prefix of numbers and dots, as in 88.500.1/st.hte", s)
	case !utf8.ValidString(path):
		return "", fault.New(fault.Invalid, "name %q is not UTF-8", s)
	}
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "" || seg == "." || seg == ".." || strings.IndexFunc(seg, bad) >= 0 {
			return "", fault.New(fault.Invalid, "name %q: segment %q is empty or holds a character other than letters, digits and -_.~@:", s, seg)
		}
	}
	return Ref(s), nil
}

func validPrefix(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}

func bad(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.~@:", r)
}

// Prefix returns what stands before the first slash.
func (r Ref) Prefix() string {
	p, _, _ := strings.Cut(string(r), "/")
	return p
}

// Path returns what stands after the first slash.
func (r Ref) Path() string {
	_, p, _ := strings.Cut(string(r), "/")
	return p
}

// String returns the name as Parse reads it.
func (r Ref) String() string { return string(r) }
