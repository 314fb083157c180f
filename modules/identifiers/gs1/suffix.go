package gs1

import (
	"net/url"
	"strings"

	"yuzhou/kernel/fault"
)

// Suffix returns the identity as what stands behind the prefix of an identifier, as
// "01/06901234567892/10/LOT/21/SN".
//
// Identifiers are looked up without regard to case (ASCII), values of GS1 are not: a
// small letter is written as ~ and the letter, so that lots abc and ABC are two
// identifiers: 10/~a~b~c and 10/ABC. What would end a segment or needs escapes in a URL
// (" # % / < > ?) is written as ~ and its two hexadecimal digits.
func (id Identity) Suffix() string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i, e := range id.elements() {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(e.AI + "/")
		for _, c := range []byte(e.Value) {
			switch {
			case 'a' <= c && c <= 'z':
				b.Write([]byte{'~', c})
			case strings.IndexByte(`"#%/<>?`, c) >= 0:
				b.Write([]byte{'~', hex[c>>4], hex[c&15]})
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

// ParseSuffix reads what Suffix has written, in whatever case a look-up has left it.
//
// Errors: fault.Invalid when it is not an identity, or not the way in which Suffix
// writes it.
func ParseSuffix(suffix string) (Identity, error) {
	segments := strings.Split(suffix, "/")
	ai, ok := LookupAI(segments[0])
	if !ok || !ai.Primary || len(segments)%2 != 0 {
		return Identity{}, fault.New(fault.Invalid, "the suffix %.80q is not an identity of GS1; it must be as 01/06901234567892/10/LOT", suffix)
	}
	var elements []Element
	for i := 0; i < len(segments); i += 2 {
		if _, ok := LookupAI(segments[i]); !ok {
			return Identity{}, fault.New(fault.Invalid, "the suffix %.80q has %.80q, which is not an application identifier; behind AI %s %s", suffix, segments[i], ai.Code, ai.qualifiers())
		}
		value, ok := readSegment(segments[i+1])
		if !ok {
			return Identity{}, fault.New(fault.Invalid, "the suffix %.80q has a ~ that is followed by no letter and by no two hexadecimal digits", suffix)
		}
		elements = append(elements, Element{AI: segments[i], Value: value})
	}
	id, err := newIdentity(ai, elements[0], elements[1:])
	if err == nil && !strings.EqualFold(id.Suffix(), suffix) {
		return Identity{}, fault.New(fault.Invalid, "the suffix %.80q is not written as identities are; %s would be right", suffix, id.Suffix())
	}
	return id, err
}

func readSegment(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c != '~':
			b.WriteByte(upper(c))
		case i+1 < len(s) && upper(s[i+1]) >= 'A' && upper(s[i+1]) <= 'Z':
			i++
			b.WriteByte(upper(s[i]) + 'a' - 'A')
		case i+2 < len(s) && digit(s[i+1]) >= 0 && digit(s[i+2]) >= 0:
			b.WriteByte(byte(digit(s[i+1])<<4 | digit(s[i+2]))) //nolint:gosec // both are digits
			i += 2
		default:
			return "", false
		}
	}
	return b.String(), true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// digit returns the value of a hexadecimal digit, or -1.
func digit(c byte) int {
	return strings.IndexByte("0123456789ABCDEF", upper(c))
}

// escape percent-encodes all but letters, digits and - . _ ~ (RFC 3986 §2.3). The
// standard asks for it of every mark of set 82 that URIs give a meaning (URI Syntax 4.2).
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// unescape undoes percent-encoding; false when a % has no two hexadecimal digits.
func unescape(s string) (string, bool) {
	plain, err := url.PathUnescape(s)
	return plain, err == nil
}
