package stratml

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// escaped is one escaped character of an identifier, as in SQL/XML (ISO 9075-14,
// names of columns as XML names).
var escaped = regexp.MustCompile(`_x([0-9A-F]{4}|[0-9A-F]{8})_`)

// uuid is the usual text of a UUID.
var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// encodeID writes an identifier as an xsd:ID, which must be an XML name without
// colon. Three rules, undone by decodeID:
//   - a character that no such name holds is written _xHHHH_, its code point;
//   - so is an underscore before an x, which would look like such an escape;
//   - a UUID, or what begins with a digit, dot or hyphen, gets an underscore in
//     front, as published StratML has it; an underscore that was there already
//     is escaped.
//
// Only ASCII and the ideographs of Unicode 2 count as name characters, because
// validators follow different editions of XML.
func encodeID(s string) string {
	var b strings.Builder
	for i, r := range s {
		after := s[i+len(string(r)):]
		switch {
		case r == '_' && (strings.HasPrefix(after, "x") || i == 0 && wantsUnderscore(after)), !nameRune(r):
			if r > 0xFFFF {
				fmt.Fprintf(&b, "_x%08X_", r)
			} else {
				fmt.Fprintf(&b, "_x%04X_", r)
			}
		default:
			b.WriteRune(r)
		}
	}
	if wantsUnderscore(s) {
		return "_" + b.String()
	}
	return b.String()
}

// decodeID is the inverse of encodeID, and leaves other text alone.
func decodeID(s string) string {
	if after, ok := strings.CutPrefix(s, "_"); ok && wantsUnderscore(after) {
		s = after
	}
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		hex := e[2 : len(e)-1]
		r, _, _, err := strconv.UnquoteChar(`\U`+strings.Repeat("0", 8-len(hex))+hex, 0)
		if err != nil || !textRune(r) || r != ' ' && unicode.IsSpace(r) {
			return e
		}
		return string(r)
	})
}

// wantsUnderscore tells whether s is a UUID or begins as no name may.
func wantsUnderscore(s string) bool {
	return s != "" && strings.IndexByte("0123456789-.", s[0]) >= 0 || uuid.MatchString(s)
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r == '_' || r == '-' || r == '.' || r >= 0x4E00 && r <= 0x9FA5
}
