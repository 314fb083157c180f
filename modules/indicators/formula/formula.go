// Package formula is the language in which one indicator is derived from others.
//
// A formula is text such as
//
//	pct((target(st.hte, 2027) / st.hte[2023-06-30]) ^ (1 / 4.5) - 1)
//
// It is parsed, checked for units and for what kind of number each part is, and
// then either compiled to column kernels (Typed.Compile: every unit and period
// of a panel) or evaluated for one cell with its whole working (Typed.Eval).
// The two are written apart from one another and a test holds them together.
//
// The grammar (EBNF; blanks may stand between any two symbols but not in a name,
// number or period; × ÷ − and full-width brackets and commas are read as theirs):
//
//	formula   = sum .
//	sum       = product { ( "+" | "-" ) product } .
//	product   = sign { ( "*" | "/" ) sign } .
//	sign      = "-" sign | power .
//	power     = operand [ "^" sign ] .
//	operand   = number | name [ "[" period "]" ] | call | "(" sum ")" .
//	call      = "target" "(" name "," period ")"
//	          | "if" "(" condition "," sum "," sum ")"
//	          | function "(" sum { "," ( sum | word ) } ")" .
//	condition = sum ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) sum | "missing" "(" sum ")" .
//	number    = digit { digit } [ "." digit { digit } ] [ unit ] .
//	unit      = a unit as package quantity reads it: 5%, 1.27万家, 17件/亿元 .
//	name      = letter { letter | digit | "_" | "." } .
//	period    = a period as package period reads it: 2027, 2023-06-30, 2023-01/2023-06 .
//	word      = "previous" | "zero" | "linear" | "high" | "low" | "dense" .
//
// The functions are
//
//	pct(x) ratio(x)                   a number as a percentage, and back
//	abs(x) min(x, y…) max(x, y…)      round(x, n): to n digits after the point, half to even
//	if(cond, x, y) default(x, y)      y where x is missing
//	lag(x, n) lead(x, n)              n periods earlier, later
//	diff(x[, n]) yoy(x)               change over n periods; growth over a year in %
//	ytd(x) cumulate(x)                of flows: since the year began, since the axis began
//	stock_to_flow(x)                  change since the period before
//	flow_to_stock(x, base)            base is the stock just before the axis begins
//	fill(x, previous|zero|linear)     mean(x, n) sum(x, n): over the last n periods
//	rollup(x[, weight])               parents from their children: sum, or weighted mean
//	share(x)                          of the parent's number, in %
//	rank(x[, high|low][, dense])      place among the units with the same parent
//
// What must hold: a missing number is never taken for zero: whatever is computed
// from a missing number is missing, unless default, fill or missing says otherwise,
// and so is a division by zero. Numbers of different units are never added. A
// percentage is not a percentage point. A rank is never averaged. Parse and String
// are inverses, and no text can make Parse or Check panic or nest deeper than 100.
package formula

import (
	"slices"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// The limits of what is parsed.
const (
	maxLength = 16 << 10 // bytes, as given and as printed
	maxDepth  = 100      // brackets, calls, signs and powers within one another
	maxSteps  = 1000     // periods that lag, diff, mean … reach
	maxPlaces = 12       // digits after the point in round
)

// Expr is a parsed formula. It is never changed, so it may be shared.
type Expr struct{ root *node }

// node is one operation of a formula. Its op is the function's name or the
// operator as it is written; leaves have opNumber, opRef or opTarget.
type node struct {
	op    string
	col   int // 1-based, in characters: where it stands in the text
	args  []*node
	num   quantity.Decimal // of opNumber
	unit  quantity.Unit    // of opNumber: as written behind it
	id    string           // of opRef and opTarget
	at    period.Period    // of opRef: its pin or none; of opTarget: the year
	n     int              // of functions that take a count: periods or digits
	words []string         // of fill and rank
}

// The operations that are not functions.
const (
	opNumber = "number"
	opRef    = "name"
	opTarget = "target"
	opNeg    = "neg"
	opAdd    = "+"
	opSub    = "-"
	opMul    = "*"
	opDiv    = "/"
	opPow    = "^"
	opLess   = "<"
	opAtMost = "<="
	opMore   = ">"
	opLeast  = ">="
	opEqual  = "="
	opDiffer = "!="
)

// Parse reads a formula. Text that is not one is fault.Invalid, with the column
// (1-based, in characters), what stands there and what would be right.
func Parse(src string) (*Expr, error) {
	if len(src) > maxLength {
		return nil, fault.New(fault.Invalid, "the formula has %d bytes; it may have %d: split it into several indicators", len(src), maxLength)
	}
	if !utf8.ValidString(src) {
		return nil, fault.New(fault.Invalid, "the formula is not UTF-8 text; save it as UTF-8")
	}
	p := parser{lexer: lexer{src: []rune(src)}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("an operator such as + or the end of the formula")
	}
	e := &Expr{root}
	if len(e.String()) > maxLength {
		return nil, fault.New(fault.Invalid, "the formula has more than %d bytes when it is written out: split it into several indicators", maxLength)
	}
	return e, nil
}

// Input is one number that a formula reads from outside.
type Input struct {
	ID     string
	Target bool          // the target of ID for the period At, not what was observed
	At     period.Period // its pin or the target's period; zero for the period that is computed
	Lag    int           // of an unpinned input: it reaches at most this many periods back
	Lead   int           // and this many ahead
	Whole  bool          // it may reach all periods (cumulate, fill …)
	Space  bool          // it is read in other units too (rollup, share, rank)
}

// Name returns what the input is called in a panel and in a Graph: the
// indicator's id, or "target(id, period)".
func (i Input) Name() string {
	if i.Target {
		return "target(" + i.ID + ", " + i.At.String() + ")"
	}
	return i.ID
}

// Inputs lists what the formula reads, each once, by name and pin.
func (e *Expr) Inputs() []Input {
	var all []Input
	collect(e.root, Input{}, &all)
	slices.SortStableFunc(all, func(a, b Input) int {
		if c := strings.Compare(a.Name(), b.Name()); c != 0 {
			return c
		}
		return strings.Compare(a.At.String(), b.At.String())
	})
	var merged []Input
	for _, i := range all {
		if n := len(merged); n > 0 && merged[n-1].Name() == i.Name() && merged[n-1].At == i.At {
			last := &merged[n-1]
			last.Lag, last.Lead = max(last.Lag, i.Lag), max(last.Lead, i.Lead)
			last.Whole, last.Space = last.Whole || i.Whole, last.Space || i.Space
			continue
		}
		merged = append(merged, i)
	}
	return merged
}

// collect walks the tree with the reach gathered on the way down.
func collect(n *node, reach Input, out *[]Input) {
	switch n.op {
	case opTarget:
		*out = append(*out, Input{ID: n.id, Target: true, At: n.at, Space: reach.Space})
		return
	case opRef:
		reach.ID, reach.At = n.id, n.at
		if !n.at.IsZero() {
			reach.Lag, reach.Lead, reach.Whole = 0, 0, false
		}
		*out = append(*out, reach)
		return
	case "lag", "diff":
		reach.Lag += n.n
	case "lead":
		reach.Lead += n.n
	case "mean", "sum":
		reach.Lag += n.n - 1
	case "stock_to_flow":
		reach.Lag++
	case "yoy":
		reach.Lag += 12 // at most: months are the finest axis yoy works on
	case "ytd", "cumulate", "flow_to_stock", "fill":
		reach.Whole = true
	case "rollup", "share", "rank":
		reach.Space = true
	}
	for _, a := range n.args {
		collect(a, reach, out)
	}
}
