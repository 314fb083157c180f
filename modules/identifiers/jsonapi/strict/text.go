package strict

import (
	"encoding/base64"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

const hexDigits = "0123456789abcdef"

// AppendText appends a text with the escapes that JSON demands, and those of U+2028
// and U+2029, which scripts of old read as line ends. U+FFFD stands for bytes that are
// no UTF-8.
func AppendText[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, s[from:i]...), c)
			i++
			from = i
			continue
		}
		end := min(i+utf8.UTFMax, len(s))
		r, n := utf8.DecodeRuneInString(string(s[i:end]))
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[from:i]...), "\ufffd"...)
			from = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[from:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			from = i + n
		}
		i += n
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}

// Scalar reads a text, a number or a truth value as it is written.
func (v Value) Scalar() string {
	switch v.Kind() {
	case '{', '[', 'n', 0:
		v.Fail("a text, a number, true or false")
		return ""
	case '"':
		return v.Text()
	default:
		return v.node.raw
	}
}

// Base64 reads bytes in base64 (RFC 4648 §4), at most so many. What is wrong is said
// without repeating them, for they may be secret.
func (v Value) Base64(most int) []byte {
	s := v.Text()
	b, err := base64.StdEncoding.DecodeString(s)
	if (err != nil || len(b) > most) && v.doc.Err == nil {
		v.doc.Err = fault.New(fault.Invalid, "%s is not base64 of at most %d bytes", v.path(), most)
	}
	return b
}
