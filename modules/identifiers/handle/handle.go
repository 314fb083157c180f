// Package handle holds the vocabulary of the Handle System: names, values, and
// the typed data that steers resolution (HS_ADMIN, HS_VLIST, HS_SITE).
//
// What must hold: Append and Parse are inverses for every value they accept, and
// Parse of hostile bytes returns an error that is fault.Invalid, never more than
// its input holds. The package knows no network and no database.
//
// Source: RFC 3650, RFC 3651 (names, values, typed data), RFC 3652 (encodings).
package handle

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// Limits of the protocol as its servers have them.
const (
	MaxName   = 2048 // bytes of an identifier
	MaxValues = 2048 // of one record
	MaxData   = 256 << 10
)

// Name is an identifier as it was written: a prefix, "/", and a suffix, which may
// hold further slashes. Two names that differ in ASCII case are one identifier;
// Fold says which.
type Name string

// Parse reads a name.
//
//   - s: UTF-8, at most MaxName bytes; the prefix is one or more segments parted by
//     dots; the suffix may be empty, as in "0.NA/" of the root.
//   - Errors: fault.Invalid that says what is wrong with it.
//   - Source: RFC 3651 §2.
func Parse(s string) (Name, error) {
	prefix, _, ok := strings.Cut(s, "/")
	switch {
	case len(s) > MaxName:
		return "", fault.New(fault.Invalid, "identifier has %d bytes, at most %d are allowed", len(s), MaxName)
	case !utf8.ValidString(s):
		return "", fault.New(fault.Invalid, "identifier %q is not UTF-8", s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", fault.New(fault.Invalid, "identifier %q holds a control character", s)
	case !ok:
		return "", fault.New(fault.Invalid, `identifier %q has no "/" between prefix and suffix, as in 88.118.2/gb-1`, s)
	case prefix == "" || strings.HasPrefix(prefix, ".") || strings.HasSuffix(prefix, ".") || strings.Contains(prefix, ".."):
		return "", fault.New(fault.Invalid, "identifier %q: prefix %q has an empty segment; it is like 88.118.2", s, prefix)
	}
	return Name(s), nil
}

// Prefix returns what stands before the first slash.
func (n Name) Prefix() string {
	p, _, _ := strings.Cut(string(n), "/")
	return p
}

// Suffix returns what stands after the first slash.
func (n Name) Suffix() string {
	_, s, _ := strings.Cut(string(n), "/")
	return s
}

// String returns the name as it was written.
func (n Name) String() string { return string(n) }

// Fold returns the form by which identifiers are compared, looked up and hashed:
// ASCII letters in upper case, all else as it is (RFC 3651 §2; no Unicode
// normalisation).
func (n Name) Fold() string { return Fold(string(n)) }

// Equal reports whether two names are one identifier.
func (n Name) Equal(o Name) bool { return EqualFold(string(n), string(o)) }

// Fold returns s with ASCII letters in upper case. It allocates only when there is
// one in lower case.
func Fold(s string) string {
	for i := range len(s) {
		if lower(s[i]) {
			return string(AppendFold(make([]byte, 0, len(s)), s))
		}
	}
	return s
}

// AppendFold appends s to dst, folded.
func AppendFold[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		c := s[i]
		if lower(c) {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// EqualFold reports whether two texts are the same when folded.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if lower(x) {
			x -= 'a' - 'A'
		}
		if lower(y) {
			y -= 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }

// Root is the name whose record describes the root service.
const Root Name = "0.NA/0.NA"

// na begins the names that describe prefixes.
const na = "0.NA/"

// Authority returns the name whose record describes a prefix: 0.NA/88.118.
func Authority(prefix string) Name { return Name(na + prefix) }

// DescribedPrefix returns the prefix that a name describes, and whether it does.
func (n Name) DescribedPrefix() (string, bool) {
	if len(n) <= len(na) || !EqualFold(string(n[:len(na)]), na) {
		return "", false
	}
	return string(n[len(na):]), true
}

// Parent returns the prefix above: 88.118 of 88.118.2, and "" of 88.
func Parent(prefix string) string {
	i := strings.LastIndexByte(prefix, '.')
	return prefix[:max(i, 0)]
}

// Under reports whether a prefix is above or lies below it.
func Under(prefix, above string) bool {
	return EqualFold(prefix, above) ||
		len(prefix) > len(above) && prefix[len(above)] == '.' && EqualFold(prefix[:len(above)], above)
}
