package stratml

import (
	"strings"
	"unicode/utf8"
)

// tidyLine trims s and makes each run of white space one space.
func tidyLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// tidyProse tidies each line of s and keeps at most one blank line between lines.
func tidyProse(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	var kept []string
	for l := range strings.SplitSeq(s, "\n") {
		l = tidyLine(l)
		if l == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, l)
	}
	return strings.TrimSuffix(strings.Join(kept, "\n"), "\n")
}

// join puts two texts into one, a paragraph each.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n\n" + b
}

// textRune tells whether XML 1.0 can hold r.
func textRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// badRune returns the place of the first byte of s that XML cannot hold, or -1.
func badRune(s string) int {
	for i, r := range s {
		if !textRune(r) {
			return i
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}
