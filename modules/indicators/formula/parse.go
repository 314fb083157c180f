package formula

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// parser reads tokens by recursive descent; tok is the one not yet used.
type parser struct {
	lexer
	tok   token
	depth int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

// is reports whether the next token is this symbol.
func (p *parser) is(symbol string) bool { return p.tok.kind == tokSymbol && p.tok.text == symbol }

// expect takes the symbol.
func (p *parser) expect(symbol, want string) error {
	if !p.is(symbol) {
		return p.unexpected(want)
	}
	return p.advance()
}

func wrong(col int, format string, args ...any) error {
	return fault.New(fault.Invalid, "column %d: %s", col, fmt.Sprintf(format, args...))
}

func (p *parser) unexpected(want string) error {
	found := strconv.Quote(p.tok.text + p.tok.unit)
	if p.tok.kind == tokEnd {
		found = "the end of the formula"
	}
	return wrong(p.tok.col, "found %s, expected %s", found, want)
}

// enter counts how deep the parser is; leave with p.depth--.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return wrong(p.tok.col, "the formula nests deeper than %d: split it into several indicators", maxDepth)
	}
	return nil
}

func (p *parser) sum() (*node, error) {
	return p.chain(p.product, opAdd, opSub)
}

func (p *parser) product() (*node, error) {
	return p.chain(p.sign, opMul, opDiv)
}

// chain reads operands joined by either operator, from left to right.
func (p *parser) chain(operand func() (*node, error), first, second string) (*node, error) {
	left, err := operand()
	for err == nil && (p.is(first) || p.is(second)) {
		n := &node{op: p.tok.text, col: p.tok.col}
		if err = p.advance(); err != nil {
			break
		}
		var right *node
		right, err = operand()
		n.args = []*node{left, right}
		left = n
	}
	return left, err
}

func (p *parser) sign() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if !p.is(opSub) {
		return p.power()
	}
	n := &node{op: opNeg, col: p.tok.col}
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.sign()
	n.args = []*node{x}
	return n, err
}

func (p *parser) power() (*node, error) {
	base, err := p.operand()
	if err != nil || !p.is(opPow) {
		return base, err
	}
	n := &node{op: opPow, col: p.tok.col}
	if err := p.advance(); err != nil {
		return nil, err
	}
	exponent, err := p.sign()
	n.args = []*node{base, exponent}
	return n, err
}

func (p *parser) operand() (*node, error) {
	switch {
	case p.tok.kind == tokNumber:
		return p.literal()
	case p.tok.kind == tokName:
		return p.named()
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.sum()
		if err != nil {
			return nil, err
		}
		if comparison(p.tok) {
			return nil, wrong(p.tok.col, "found %q; numbers are compared only as the first argument of if(condition, x, y)", p.tok.text)
		}
		return n, p.expect(")", `")"`)
	}
	return nil, p.unexpected("a number, a name such as st.hte, a function or \"(\"")
}

func (p *parser) literal() (*node, error) {
	n := &node{op: opNumber, col: p.tok.col}
	d, err := quantity.ParseDecimal(p.tok.text)
	if err != nil {
		return nil, wrong(p.tok.col, "%v", err)
	}
	u, err := quantity.ParseUnit(p.tok.unit)
	if err != nil {
		return nil, wrong(p.tok.col+len(p.tok.text), "found %q behind the number; expected an operator or a unit such as %%, 万 or 亿元", p.tok.unit)
	}
	n.num, n.unit = d, u
	return n, p.advance()
}

// named reads a reference, with its pin, or a call.
func (p *parser) named() (*node, error) {
	name := p.tok
	if strings.HasSuffix(name.text, ".") || strings.Contains(name.text, "..") {
		return nil, wrong(name.col, "found %q; a name's parts are joined by single dots, as in st.hte", name.text)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.is("(") {
		return p.call(name)
	}
	if _, ok := functions[name.text]; ok || name.text == "if" || name.text == opTarget {
		return nil, p.unexpected(`"(" behind the function ` + name.text)
	}
	n := &node{op: opRef, col: name.col, id: name.text}
	if !p.is("[") {
		return n, nil
	}
	if err := p.period(n, ']'); err != nil {
		return nil, err
	}
	return n, p.expect("]", `"]" behind the period`)
}

// period reads a period up to the closing symbol. The token before it has been
// looked at but nothing behind it, so the lexer still stands there.
func (p *parser) period(n *node, closing rune) error {
	text, col := p.raw(closing)
	if len(text) > len("2023-06-30/2023-06-30") {
		text = text[:4] + "…" // no period is that long; its bracket is missing
	}
	at, err := period.Parse(strings.ToValidUTF8(text, ""))
	if err != nil {
		return wrong(col, "%v", err)
	}
	n.at = at
	return p.advance()
}

func (p *parser) call(name token) (*node, error) {
	n := &node{op: name.text, col: name.col}
	var err error
	switch f, ok := functions[name.text]; {
	case name.text == opTarget:
		err = p.target(n)
	case name.text == "if":
		err = p.conditional(n)
	case name.text == "missing":
		return nil, wrong(name.col, "found missing(x); it is a condition: if(missing(x), y, z), or write default(x, y)")
	case ok:
		err = p.arguments(n, f)
	default:
		hint := "the functions are " + strings.Join(names(), ", ")
		if near := nearest(name.text); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, wrong(name.col, "found the function %q, which there is not; %s", name.text, hint)
	}
	if err != nil {
		return nil, err
	}
	return n, p.expect(")", `")" at the end of `+name.text)
}

// target reads "(name, period"; the bracket is closed by call.
func (p *parser) target(n *node) error {
	if err := p.advance(); err != nil {
		return err
	}
	if p.tok.kind != tokName {
		return p.unexpected("an indicator's name, as in target(st.hte, 2027)")
	}
	n.id = p.tok.text
	if strings.HasSuffix(n.id, ".") || strings.Contains(n.id, "..") {
		return wrong(p.tok.col, "found %q; a name's parts are joined by single dots, as in st.hte", n.id)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if !p.is(",") {
		return p.unexpected("a comma and the target's year, as in target(st.hte, 2027)")
	}
	return p.period(n, ')')
}

// conditional reads "(condition, x, y"; the bracket is closed by call.
func (p *parser) conditional(n *node) error {
	if err := p.advance(); err != nil {
		return err
	}
	c, err := p.condition()
	if err != nil {
		return err
	}
	n.args = append(n.args, c)
	for range 2 {
		if err := p.expect(",", `a comma: if(condition, x, y)`); err != nil {
			return err
		}
		x, err := p.sum()
		if err != nil {
			return err
		}
		n.args = append(n.args, x)
	}
	return nil
}

func (p *parser) condition() (*node, error) {
	if p.tok.kind == tokName && p.tok.text == "missing" {
		n := &node{op: "missing", col: p.tok.col}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.expect("(", `"(" behind missing`); err != nil {
			return nil, err
		}
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		n.args = []*node{x}
		return n, p.expect(")", `")" at the end of missing`)
	}
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	if !comparison(p.tok) {
		return nil, p.unexpected("a comparison: one of < <= > >= = !=")
	}
	n := &node{op: p.tok.text, col: p.tok.col}
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.sum()
	n.args = []*node{left, right}
	return n, err
}

func comparison(t token) bool {
	return t.kind == tokSymbol && slices.Contains([]string{opLess, opAtMost, opMore, opLeast, opEqual, opDiffer}, t.text)
}

// arguments reads "(x, …" by the function's form; the bracket is closed by call.
func (p *parser) arguments(n *node, f function) error {
	if err := p.advance(); err != nil {
		return err
	}
	n.n = f.absent
	given := 1
	err := p.argument(n, f, 0)
	for ; err == nil && p.is(","); given++ {
		if err = p.advance(); err == nil {
			err = p.argument(n, f, given)
		}
	}
	if err != nil {
		return err
	}
	lacksCount := f.count && f.absent <= 0 && given <= f.args
	if given < f.args || lacksCount || f.word && len(n.words) == 0 {
		return p.unexpected("a comma and more: the form is " + f.form)
	}
	return nil
}

// argument reads the i-th argument: an expression, the count or a word.
func (p *parser) argument(n *node, f function, i int) (err error) {
	switch {
	case i < f.args+f.more:
		var x *node
		x, err = p.sum()
		n.args = append(n.args, x)
		return err
	case f.count && i == f.args:
		n.n, err = p.count(f)
		return err
	case len(f.words) > 0:
		return p.word(n, f)
	}
	return p.unexpected(`")": the form is ` + f.form)
}

// count reads a whole number within the function's bounds.
func (p *parser) count(f function) (int, error) {
	k, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != tokNumber || p.tok.unit != "" || err != nil || k < f.least || k > f.most || strconv.Itoa(k) != p.tok.text {
		return 0, p.unexpected(fmt.Sprintf("a whole number from %d to %d: the form is %s", f.least, f.most, f.form))
	}
	return k, p.advance()
}

// word reads one of the function's words; each kind of word may stand once.
func (p *parser) word(n *node, f function) error {
	w := p.tok.text
	if p.tok.kind != tokName || !slices.Contains(f.words, w) || !fits(n.words, w) {
		return p.unexpected("one of " + strings.Join(f.words, ", ") + ": the form is " + f.form)
	}
	n.words = append(n.words, w)
	return p.advance()
}

// fits reports whether w may follow the words: only dense goes with another, behind it.
func fits(words []string, w string) bool {
	return len(words) == 0 || w == "dense" && len(words) == 1 && words[0] != "dense"
}
