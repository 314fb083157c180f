package sdmx

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// jsonKind is how SDMX-JSON writes values of a data type.
//
// Source: SDMX-JSON 2.1 field guide, "Data type conversions between SDMX and JSON".
func jsonKind(dataType string) byte {
	switch dataType {
	case "Numeric", "Long", "Short", "Float", "Double", "Integer", "Count":
		return 'n'
	case "Boolean":
		return 'b'
	}
	return 's'
}

// appendValue writes one value: the index of a code, or the value itself, or null.
func appendValue(b []byte, codes *pool, v Value, c Component) ([]byte, error) {
	switch {
	case len(v) == 0:
		return append(b, "null"...), nil
	case c.Localised:
		return appendLocalised(b, v, c)
	case !c.Multi:
		if len(v) > 1 {
			return nil, fault.New(fault.Invalid, "%s has %d values, the structure allows one", c.ID, len(v))
		}
		return appendScalar(b, codes, v[0], c)
	}
	b = append(b, '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendScalar(b, codes, s, c); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendScalar writes the index of a code, or a value by its data type.
func appendScalar(b []byte, codes *pool, s string, c Component) ([]byte, error) {
	if codes != nil {
		return strconv.AppendInt(b, int64(codes.of(s)), 10), nil
	}
	switch jsonKind(c.Type) {
	case 'n':
		if s == "NaN" {
			return append(b, `"NaN"`...), nil
		}
		if !isNumber(s) {
			return nil, fault.New(fault.Invalid, "%s %q is not a decimal number", c.ID, s)
		}
		return append(b, s...), nil
	case 'b':
		if s == "true" || s == "false" {
			return append(b, s...), nil
		}
	}
	return appendString(b, s), nil
}

// appendLocalised writes "lang:text" parts as an object.
func appendLocalised(b []byte, v Value, c Component) ([]byte, error) {
	b = append(b, '{')
	for i, part := range v {
		lang, text, ok := strings.Cut(part, ":")
		if !ok || lang == "" {
			return nil, fault.New(fault.Invalid, "%s %q does not begin with a language, as in zh:text", c.ID, part)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, lang), ':')
		b = appendString(b, text)
	}
	return append(b, '}'), nil
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf && !utf8.ValidString(s) {
			return appendEscaped(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendEscaped is the slow path of appendString; bytes that are no UTF-8 become U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, q...)
}

// isNumber reports whether s is a number as JSON spells it.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	rest := afterDigits(s)
	if rest == s || s[0] == '0' && len(s)-len(rest) > 1 {
		return false
	}
	if s = rest; strings.HasPrefix(s, ".") {
		if rest = afterDigits(s[1:]); rest == s[1:] {
			return false
		}
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	exponent := rest[1:]
	if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
		exponent = exponent[1:]
	}
	return exponent != "" && afterDigits(exponent) == ""
}

// afterDigits is what follows the digits s begins with.
func afterDigits(s string) string {
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		s = s[1:]
	}
	return s
}
