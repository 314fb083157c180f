package strict

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// node is a value as it was written.
type node struct {
	raw    string // without white space around it
	text   string // of a text, decoded
	fields []field
	items  []node
	byName map[string]int // of an object with many fields; else nil
}

type field struct {
	name string
	node node
}

// manyFields is from how many fields on an object is looked through by a map, so that
// no object takes time in the square of its size.
const manyFields = 16

func (n *node) field(name string) *node {
	if n.byName != nil {
		if i, ok := n.byName[name]; ok {
			return &n.fields[i].node
		}
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i].node
		}
	}
	return nil
}

// find returns the path of a node below n, whose own path is given.
func (n *node) find(wanted *node, path string) (string, bool) {
	if n == wanted || n == nil {
		return path, n != nil
	}
	for i := range n.fields {
		if p, ok := n.fields[i].node.find(wanted, joined(path, n.fields[i].name)); ok {
			return p, true
		}
	}
	for i := range n.items {
		if p, ok := n.items[i].find(wanted, path+"["+strconv.Itoa(i)+"]"); ok {
			return p, true
		}
	}
	return "", false
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// maxDepth is how many arrays and objects may stand in one another.
const maxDepth = 64

// parser reads a document; the first thing that is wrong stays in err.
type parser struct {
	in    string
	at    int
	depth int
	err   error
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, "byte %d: %s", p.at, what)
	}
}

func (p *parser) document() *node {
	if !utf8.ValidString(p.in) {
		for p.at < len(p.in) {
			r, n := utf8.DecodeRuneInString(p.in[p.at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			p.at += n
		}
		p.fail("the document is not UTF-8")
		return nil
	}
	n := p.value()
	if p.space(); p.at < len(p.in) {
		p.fail("something stands behind the document")
	}
	return &n
}

func (p *parser) space() {
	for p.at < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.at]) >= 0 {
		p.at++
	}
}

// next skips white space and returns the byte there, or 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.err != nil || p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

// take reports whether a byte is next, and reads it if it is.
func (p *parser) take(c byte) bool {
	if p.next() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) value() node {
	var n node
	c := p.next()
	from := p.at
	switch {
	case c == '{':
		p.object(&n)
	case c == '[':
		p.array(&n)
	case c == '"':
		n.text = p.text()
	case c == '-' || '0' <= c && c <= '9':
		p.number()
	default:
		p.literal()
	}
	if p.err == nil {
		n.raw = p.in[from:p.at]
	}
	return n
}

func (p *parser) enter() {
	p.at++
	if p.depth++; p.depth > maxDepth {
		p.fail("arrays and objects stand more than 64 deep in one another")
	}
}

func (p *parser) object(n *node) {
	p.enter()
	for first := true; p.err == nil && !p.take('}'); first = false {
		if !first && !p.take(',') || p.next() != '"' {
			p.fail("want a field, or the end of the object")
			return
		}
		at := p.at
		name := p.text()
		if n.field(name) != nil {
			p.at = at
			p.fail("field " + strconv.Quote(name) + " is there twice")
			return
		}
		if !p.take(':') {
			p.fail("want a colon behind the name of a field")
			return
		}
		n.fields = append(n.fields, field{name, p.value()})
		p.index(n)
	}
	p.depth--
}

// index keeps the names of an object with many fields.
func (p *parser) index(n *node) {
	if n.byName == nil && len(n.fields) >= manyFields {
		n.byName = make(map[string]int, 2*manyFields)
		for i, f := range n.fields {
			n.byName[f.name] = i
		}
	} else if n.byName != nil {
		n.byName[n.fields[len(n.fields)-1].name] = len(n.fields) - 1
	}
}

func (p *parser) array(n *node) {
	p.enter()
	for first := true; p.err == nil && !p.take(']'); first = false {
		if !first && !p.take(',') {
			p.fail("want a comma, or the end of the array")
			return
		}
		n.items = append(n.items, p.value())
	}
	p.depth--
}

func (p *parser) literal() {
	for _, s := range []string{"true", "false", "null"} {
		if strings.HasPrefix(p.in[p.at:], s) {
			p.at += len(s)
			return
		}
	}
	p.fail("want a value")
}

// number reads a number (RFC 8259 §6).
func (p *parser) number() {
	if p.in[p.at] == '-' {
		p.at++
	}
	if from := p.at; p.digits() > 1 && p.in[from] == '0' {
		p.fail("a number begins with 0")
	}
	if p.at < len(p.in) && p.in[p.at] == '.' {
		p.at++
		p.digits()
	}
	if p.at < len(p.in) && (p.in[p.at] == 'e' || p.in[p.at] == 'E') {
		p.at++
		if p.at < len(p.in) && (p.in[p.at] == '+' || p.in[p.at] == '-') {
			p.at++
		}
		p.digits()
	}
}

func (p *parser) digits() int {
	from := p.at
	for p.at < len(p.in) && '0' <= p.in[p.at] && p.in[p.at] <= '9' {
		p.at++
	}
	if p.at == from {
		p.fail("want a digit")
	}
	return p.at - from
}

// text reads a text; without escapes it is a part of the document.
func (p *parser) text() string {
	p.at++
	from := p.at
	for p.at < len(p.in) && p.in[p.at] >= ' ' && p.in[p.at] != '"' && p.in[p.at] != '\\' {
		p.at++
	}
	if p.at < len(p.in) && p.in[p.at] == '"' {
		p.at++
		return p.in[from : p.at-1]
	}
	out := []byte(p.in[from:p.at])
	for p.err == nil {
		switch {
		case p.at == len(p.in):
			p.fail("a text has no end")
		case p.in[p.at] < ' ':
			p.fail("a text holds a control character")
		case p.in[p.at] == '"':
			p.at++
			return string(out)
		case p.in[p.at] == '\\':
			out = p.escape(out)
		default:
			out = append(out, p.in[p.at])
			p.at++
		}
	}
	return ""
}

const (
	escapes = `"\/bfnrt`
	meant   = "\"\\/\b\f\n\r\t"
)

func (p *parser) escape(out []byte) []byte {
	if rest := p.in[p.at+1:]; rest != "" {
		if i := strings.IndexByte(escapes, rest[0]); i >= 0 {
			p.at += 2
			return append(out, meant[i])
		}
	}
	r := p.unit()
	if utf16.IsSurrogate(r) {
		if r = utf16.DecodeRune(r, p.unit()); r == utf8.RuneError {
			p.fail("half a surrogate pair")
		}
	}
	return utf8.AppendRune(out, r)
}

// unit reads \u and four hexadecimal digits.
func (p *parser) unit() rune {
	const length = 6
	if s := p.in[p.at:]; len(s) >= length && s[0] == '\\' && s[1] == 'u' {
		if n, err := strconv.ParseUint(s[2:length], 16, 16); err == nil {
			p.at += length
			return rune(n)
		}
	}
	p.fail("an escape is none of JSON's")
	return 0
}
