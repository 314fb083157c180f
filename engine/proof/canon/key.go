package canon

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// keys are those of one object. As long as each comes after the one before, which is
// so in canonical form, none can be there twice and no set is needed to know it.
type keys struct {
	sorted []string
	seen   map[string]bool // nil as long as they are in order
}

// add reports whether key was not there before.
func (k *keys) add(key string) bool {
	n := len(k.sorted)
	if k.seen == nil && (n == 0 || before(k.sorted[n-1], key)) {
		k.sorted = append(k.sorted, key)
		return true
	}
	if k.seen == nil {
		k.seen = make(map[string]bool, n+1)
		for _, s := range k.sorted {
			k.seen[s] = true
		}
	}
	if k.seen[key] {
		return false
	}
	k.seen[key] = true
	return true
}

// before reports whether a comes before b by UTF-16 code units (RFC 8785 §3.2.3). That
// is the order of their characters but for those beyond U+FFFF, whose surrogates come
// before U+E000.
func before(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) < len(b)
	}
	// Back to the beginning of the character that is not the same.
	for i > 0 && !utf8.RuneStart(a[i]) {
		i--
	}
	x, _ := utf8.DecodeRuneInString(a[i:])
	y, _ := utf8.DecodeRuneInString(b[i:])
	if (x > 0xffff) != (y > 0xffff) {
		if x > 0xffff {
			return y >= 0xe000
		}
		return x < 0xe000
	}
	return x < y
}

// short is how r is escaped in canonical form (RFC 8785 §3.2.2.2), "" when it is not.
func short(r rune) string {
	if i := strings.IndexRune("\b\f\n\r\t\"\\", r); i >= 0 {
		return `\` + `bfnrt"\`[i:i+1]
	}
	if r < 0x20 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return ""
}
