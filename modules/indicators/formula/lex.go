package formula

import (
	"strings"
	"unicode"

	"yuzhou/kernel/fault"
)

// The kinds of token.
const (
	tokEnd = iota
	tokNumber
	tokName
	tokSymbol
)

// token is one word of a formula. Of a number, text is the digits and unit what
// is written behind them; of a symbol, text is the symbol in its plain form.
type token struct {
	kind int
	text string
	unit string
	col  int // 1-based, in characters
}

// lexer cuts a formula into tokens.
type lexer struct {
	src []rune
	pos int
}

// plain gives the ASCII form of symbols that people type instead.
var plain = map[rune]rune{ //nolint:gochecknoglobals // a table, never written
	'×': '*', '÷': '/', '−': '-', '－': '-', '＋': '+', '（': '(', '）': ')', '，': ',', '／': '/', '＊': '*',
	'＝': '=', '＜': '<', '＞': '>', '［': '[', '］': ']', '＾': '^', '％': '%',
}

func (l *lexer) peek() rune {
	if l.pos >= len(l.src) {
		return 0
	}
	if r, ok := plain[l.src[l.pos]]; ok {
		return r
	}
	return l.src[l.pos]
}

// next returns the next token.
func (l *lexer) next() (token, error) {
	l.blanks()
	t := token{col: l.pos + 1}
	switch r := l.peek(); {
	case l.pos >= len(l.src):
		return t, nil
	case isDigit(r):
		t.kind = tokNumber
		t.text, t.unit = l.number()
	case isLetter(r):
		t.kind = tokName
		t.text = l.run(func(r rune) bool { return isLetter(r) || isDigit(r) || r == '_' || r == '.' })
	default:
		var ok bool
		t.kind = tokSymbol
		if t.text, ok = l.symbol(); !ok {
			return t, fault.New(fault.Invalid, "column %d: found %q; a formula is made of names such as st.hte, numbers, + - * / ^, brackets and functions", t.col, string(r))
		}
	}
	return t, nil
}

func (l *lexer) blanks() {
	for unicode.IsSpace(l.peek()) {
		l.pos++
	}
}

// run takes the characters that fit.
func (l *lexer) run(fits func(rune) bool) string {
	var b strings.Builder
	for l.pos < len(l.src) && fits(l.peek()) {
		b.WriteRune(l.peek())
		l.pos++
	}
	return b.String()
}

// number takes digits with a fraction and the unit behind them, if there is one:
// 17件/亿元, 5 %. A Latin unit (5G) must follow at once.
func (l *lexer) number() (digits, unit string) {
	digits = l.run(func(r rune) bool { return isDigit(r) || r == '.' })
	if isLetter(l.peek()) {
		return digits, l.unitText()
	}
	before := l.pos
	l.blanks()
	if r := l.peek(); r == '%' || r == '‰' || isHan(r) {
		return digits, l.unitText()
	}
	l.pos = before
	return digits, ""
}

// unitText takes a unit. A slash belongs to it only when a Chinese word follows:
// names in formulas are Latin, so that is never a division.
func (l *lexer) unitText() string {
	word := func(r rune) bool { return isLetter(r) || isHan(r) || r == '%' || r == '‰' }
	text := l.run(word)
	if l.peek() == '/' && l.pos+1 < len(l.src) && isHan(l.src[l.pos+1]) {
		l.pos++
		text += "/" + l.run(word)
	}
	return text
}

// symbol takes one symbol.
func (l *lexer) symbol() (string, bool) {
	r := l.peek()
	l.pos++
	switch r {
	case '≤':
		return opAtMost, true
	case '≥':
		return opLeast, true
	case '≠':
		return opDiffer, true
	case '<', '>', '!':
		if l.peek() == '=' {
			l.pos++
			return string(r) + "=", true
		}
		return string(r), r != '!'
	}
	return string(r), r < unicode.MaxASCII && strings.ContainsRune("+-*/^(),[]=", r)
}

// raw takes everything up to the closing symbol, which it leaves: a period.
func (l *lexer) raw(closing rune) (text string, col int) {
	l.blanks()
	col = l.pos + 1
	text = l.run(func(r rune) bool { return r != closing })
	return strings.TrimSpace(text), col
}

func isDigit(r rune) bool  { return '0' <= r && r <= '9' }
func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
func isHan(r rune) bool    { return unicode.Is(unicode.Han, r) }
