package scxml

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// word is a token of ECMAScript: "name", "number", "text" or "sign"; "" at the end.
type word struct{ kind, text string }

// signs are the operators and brackets that are understood, longer ones first.
//
//nolint:gochecknoglobals // immutable
var signs = strings.Fields("=== !== == != <= >= && || < > ! + - * % ? : ( ) [ ] { } . ,")

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func lex(text string) ([]word, error) {
	var out []word
	for i := 0; i < len(text); {
		c := text[i]
		end := i + 1
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
		case letter(c):
			for end < len(text) && (letter(text[end]) || digit(text[end])) {
				end++
			}
			out = append(out, word{"name", text[i:end]})
		case digit(c):
			end = number(text, i)
			out = append(out, word{"number", text[i:end]})
		case c == '\'' || c == '"':
			value, n, err := unquote(text[i:])
			if err != nil {
				return nil, err
			}
			end = i + n
			out = append(out, word{"text", value})
		default:
			k := slices.IndexFunc(signs, func(s string) bool { return strings.HasPrefix(text[i:], s) })
			if k < 0 {
				r, _ := utf8.DecodeRuneInString(text[i:])
				return nil, fault.New(fault.Invalid, "%q is not translated", string(r))
			}
			end = i + len(signs[k])
			out = append(out, word{"sign", signs[k]})
		}
		i = end
	}
	return out, nil
}

// number returns where a number that begins at i ends.
func number(text string, i int) int {
	for i < len(text) && (digit(text[i]) || letter(text[i]) || text[i] == '.' || (text[i] == '-' || text[i] == '+') && (text[i-1] == 'e' || text[i-1] == 'E')) {
		i++
	}
	return i
}

// unquote reads a text in quotes; n is its length with them.
func unquote(text string) (value string, n int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); {
		switch c := text[i]; {
		case c == text[0]:
			return b.String(), i + 1, nil
		case c == '\\' && i+1 < len(text):
			n, err := escape(&b, text[i+1:])
			if err != nil {
				return "", 0, err
			}
			i += 1 + n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", 0, fault.New(fault.Invalid, "a text is not closed")
}

// escape reads what stands after a backslash.
func escape(b *strings.Builder, text string) (n int, err error) {
	if i := strings.IndexByte("nrtbfv", text[0]); i >= 0 {
		b.WriteByte("\n\r\t\b\f\v"[i])
		return 1, nil
	}
	if strings.IndexByte(`'"\/`, text[0]) >= 0 {
		b.WriteByte(text[0])
		return 1, nil
	}
	if text[0] == 'u' && len(text) >= 5 {
		if v, err := strconv.ParseUint(text[1:5], 16, 16); err == nil && (v < 0xD800 || v > 0xDFFF) {
			b.WriteRune(rune(v))
			return 5, nil
		}
	}
	return 0, fault.New(fault.Invalid, "%q in a text is not translated", `\`+text[:1])
}

// parser reads words by the grammar of ECMAScript, as far as it is translated.
type parser struct {
	words []word
	at    int
	depth int
}

func (p *parser) peek() word {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return word{}
}

// sign takes one of the signs if it comes next.
func (p *parser) sign(of ...string) (string, bool) {
	w := p.peek()
	if w.kind == "sign" && slices.Contains(of, w.text) {
		p.at++
		return w.text, true
	}
	return "", false
}

func (p *parser) want(sign string) error {
	if _, ok := p.sign(sign); !ok {
		return fault.New(fault.Invalid, "%q is missing", sign)
	}
	return nil
}

// choice reads a ? b : c.
func (p *parser) choice() (*node, error) {
	const most = 100
	if p.depth++; p.depth > most {
		return nil, fault.New(fault.Invalid, "it is nested more than %d deep", most)
	}
	defer func() { p.depth-- }()
	cond, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if _, ok := p.sign("?"); !ok {
		return cond, nil
	}
	yes, err := p.choice()
	if err != nil {
		return nil, err
	}
	if err := p.want(":"); err != nil {
		return nil, err
	}
	no, err := p.choice()
	return &node{op: "?", args: []*node{cond, yes, no}}, err
}

// levels are the binary operators, those that bind least first.
func levels() [][]string {
	return [][]string{{"||"}, {"&&"}, {"==", "===", "!=", "!=="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "%"}}
}

func (p *parser) binary(level int) (*node, error) {
	if level == len(levels()) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		op, ok := p.sign(levels()[level]...)
		if !ok {
			break
		}
		var right *node
		right, err = p.binary(level + 1)
		if len(op) == 3 {
			op = op[:2]
		}
		left = &node{op: op, args: []*node{left, right}}
	}
	return left, err
}

func (p *parser) unary() (*node, error) {
	op, ok := p.sign("!", "-")
	if !ok {
		return p.postfix()
	}
	if p.depth++; p.depth > 100 {
		return nil, fault.New(fault.Invalid, "it is nested too deep")
	}
	defer func() { p.depth-- }()
	n, err := p.unary()
	return &node{op: op, args: []*node{n}}, err
}

// postfix reads members and indices.
func (p *parser) postfix() (*node, error) {
	n, err := p.primary()
	for err == nil {
		if _, ok := p.sign("."); ok {
			n, err = p.member(n)
			continue
		}
		if _, ok := p.sign("["); !ok {
			break
		}
		var index *node
		if index, err = p.choice(); err == nil {
			err = p.want("]")
		}
		n = &node{op: "index", args: []*node{n, index}}
	}
	return n, err
}

func (p *parser) member(of *node) (*node, error) {
	w := p.peek()
	if w.kind != "name" {
		return nil, fault.New(fault.Invalid, "a name is missing after the point")
	}
	p.at++
	if w.text == "length" {
		return &node{op: "size", args: []*node{of}}, nil
	}
	return &node{op: "member", text: w.text, args: []*node{of}}, nil
}

func (p *parser) primary() (*node, error) {
	w := p.peek()
	p.at++
	switch {
	case w.kind == "number":
		if _, err := strconv.ParseFloat(w.text, 64); err != nil || strings.HasSuffix(w.text, ".") || len(w.text) > 1 && w.text[0] == '0' && w.text[1] != '.' {
			return nil, fault.New(fault.Invalid, "the number %q is not translated", w.text)
		}
		return &node{op: "number", text: w.text}, nil
	case w.kind == "text":
		return &node{op: "text", text: w.text}, nil
	case w.kind == "name":
		return p.named(w.text)
	case w.text == "(":
		n, err := p.choice()
		if err != nil {
			return nil, err
		}
		return n, p.want(")")
	case w.text == "[":
		args, err := p.several("]", p.choice)
		return &node{op: "list", args: args}, err
	case w.text == "{":
		return p.object()
	case w.kind == "":
		return nil, fault.New(fault.Invalid, "something is missing at its end")
	}
	return nil, fault.New(fault.Invalid, "%q cannot stand there", w.text)
}

// named reads what begins with a name.
func (p *parser) named(name string) (*node, error) {
	if _, called := p.sign("("); called {
		if name != "In" {
			return nil, fault.New(fault.Invalid, "a call of %s() is not translated; only In() is", name)
		}
		arg, err := p.choice()
		if err != nil {
			return nil, err
		}
		return &node{op: "In", args: []*node{arg}}, p.want(")")
	}
	switch {
	case slices.Contains([]string{"true", "false", "null"}, name):
		return &node{op: "word", text: name}, nil
	case name == "_event":
		return p.event()
	case name[0] == '_' || slices.Contains(strings.Fields("undefined typeof new function return in instanceof void delete this var NaN Infinity Math JSON"), name):
		return nil, fault.New(fault.Invalid, "%s is not translated", name)
	}
	return &node{op: "name", text: name}, nil
}

func (p *parser) event() (*node, error) {
	if _, ok := p.sign("."); ok {
		if w := p.peek(); w.text == "name" || w.text == "data" {
			p.at++
			return &node{op: "event", text: w.text}, nil
		}
	}
	return nil, fault.New(fault.Invalid, "of _event only _event.name and _event.data are translated")
}

// several reads what commas separate, up to a bracket.
func (p *parser) several(end string, one func() (*node, error)) ([]*node, error) {
	var out []*node
	for {
		if _, ok := p.sign(end); ok {
			return out, nil
		}
		if len(out) > 0 {
			if err := p.want(","); err != nil {
				return nil, err
			}
		}
		n, err := one()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
}

// object reads {a: 1, 'b': 2}.
func (p *parser) object() (*node, error) {
	var all []*node
	_, err := p.several("}", func() (*node, error) {
		w := p.peek()
		if w.kind != "name" && w.kind != "text" {
			return nil, fault.New(fault.Invalid, "a name is missing in {}")
		}
		p.at++
		if err := p.want(":"); err != nil {
			return nil, err
		}
		v, err := p.choice()
		all = append(all, &node{op: "text", text: w.text}, v)
		return v, err
	})
	return &node{op: "map", args: all}, err
}
