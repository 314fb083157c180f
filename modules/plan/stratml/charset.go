package stratml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"unicode/utf16"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// declared finds the encoding an XML declaration names.
var declared = regexp.MustCompile(`^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// utf8Document returns doc in UTF-8 without byte order mark, and without the
// control characters that XML forbids.
func utf8Document(doc []byte, r *report) ([]byte, error) {
	doc = bytes.TrimPrefix(fromUTF16(doc), []byte("\uFEFF"))
	name := "UTF-8"
	if m := declared.FindSubmatch(doc); m != nil {
		name = string(bytes.ToUpper(m[1]))
	}
	if !utf8.Valid(doc) {
		switch name {
		case "ISO-8859-1", "LATIN1", "WINDOWS-1252", "CP1252":
			doc = fromLatin(doc)
			r.add(1, "document", "is in "+name, "read as such")
		default:
			return nil, fault.New(fault.Invalid, "the document says it is in %s, but is not in UTF-8 at byte %d: save it as UTF-8", name, firstInvalid(doc))
		}
	}
	n := 0
	doc = bytes.Map(func(c rune) rune {
		if textRune(c) {
			return c
		}
		n++
		return ' '
	}, doc)
	if n > 0 {
		r.add(1, "document", fmt.Sprintf("has %d control characters that XML forbids", n), "read as spaces")
	}
	return doc, nil
}

func firstInvalid(doc []byte) int {
	for i := 0; i < len(doc); {
		c, n := utf8.DecodeRune(doc[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(doc)
}

func fromUTF16(doc []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(doc, []byte{0xFF, 0xFE}):
	case bytes.HasPrefix(doc, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return doc
	}
	units := make([]uint16, 0, len(doc)/2)
	for rest := doc[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}

// fromLatin decodes Windows-1252, of which ISO 8859-1 is the part in use.
func fromLatin(doc []byte) []byte {
	// Bytes 0x80 to 0x9F; those that mean nothing are spaces.
	upper := []rune("€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ")
	out := make([]byte, 0, len(doc)+len(doc)/8)
	for _, c := range doc {
		r := rune(c)
		if c >= 0x80 && c < 0xA0 {
			r = upper[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
