package web

import (
	"strings"
	"unicode"
)

// halfToFull are the marks that Chinese sets full-width. Source: GB/T 15834-2011.
func halfToFull(r rune) (rune, bool) {
	full, ok := map[rune]rune{',': '，', ':': '：', ';': '；', '?': '？', '!': '！', '(': '（', ')': '）'}[r]
	return full, ok
}

// FullWidth sets the punctuation of a Chinese text: a mark beside a Chinese
// character is full-width, whichever the writer's keyboard gave; within numbers,
// dates and Latin words it stays as it is.
func FullWidth(s string) string {
	if !strings.ContainsAny(s, ",:;?!(") {
		return s
	}
	in := []rune(s)
	beside := func(i int) bool { return chinese(in[max(i-1, 0)]) || chinese(in[min(i+1, len(in)-1)]) }
	out := make([]rune, 0, len(in))
	var open []bool // for each bracket that is open, whether it is full-width
	for i := 0; i < len(in); i++ {
		r := in[i]
		full, ok := halfToFull(r)
		switch {
		case r == '(':
			open = append(open, beside(i))
			ok = open[len(open)-1]
		case r == ')' && len(open) > 0:
			ok = open[len(open)-1]
			open = open[:len(open)-1]
		default:
			ok = ok && r != ')' && (beside(i) || len(out) > 0 && chinese(out[len(out)-1]))
		}
		if ok {
			r = full
			for i+1 < len(in) && in[i+1] == ' ' { // the full-width mark brings its own space
				i++
			}
		}
		out = append(out, r)
	}
	return string(out)
}

// chinese reports whether r is a Chinese character or a full-width mark.
func chinese(r rune) bool {
	return unicode.Is(unicode.Han, r) || strings.ContainsRune("。、“”《》（）『』【】", r)
}
