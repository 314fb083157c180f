package formula

import (
	"strconv"
	"strings"
)

// The binding strengths, loosest first.
const (
	bindCompare = iota
	bindSum
	bindProduct
	bindSign
	bindPower
	bindOperand
)

func binding(op string) int {
	switch op {
	case opLess, opAtMost, opMore, opLeast, opEqual, opDiffer:
		return bindCompare
	case opAdd, opSub:
		return bindSum
	case opMul, opDiv:
		return bindProduct
	case opNeg:
		return bindSign
	case opPow:
		return bindPower
	}
	return bindOperand
}

// String prints the formula in its one canonical form, which Parse reads back to
// the same formula.
func (e *Expr) String() string {
	var b strings.Builder
	write(&b, e.root)
	return b.String()
}

func write(b *strings.Builder, n *node) {
	own := binding(n.op)
	switch {
	case n.op == opNumber:
		b.WriteString(n.num.String() + n.unit.String())
	case n.op == opRef:
		b.WriteString(n.id)
		if !n.at.IsZero() {
			b.WriteString("[" + n.at.String() + "]")
		}
	case n.op == opTarget:
		b.WriteString("target(" + n.id + ", " + n.at.String() + ")")
	case n.op == opNeg:
		b.WriteString("-")
		bracket(b, n.args[0], bindSign)
	case n.op == opPow:
		bracket(b, n.args[0], bindOperand)
		b.WriteString(" ^ ")
		bracket(b, n.args[1], bindSign)
	case own < bindOperand:
		bracket(b, n.args[0], own)
		b.WriteString(" " + n.op + " ")
		bracket(b, n.args[1], own+1)
	default:
		writeCall(b, n)
	}
}

// bracket writes n in brackets when it binds less than its place needs.
func bracket(b *strings.Builder, n *node, least int) {
	if binding(n.op) >= least {
		write(b, n)
		return
	}
	b.WriteString("(")
	write(b, n)
	b.WriteString(")")
}

func writeCall(b *strings.Builder, n *node) {
	b.WriteString(n.op + "(")
	for i, a := range n.args {
		if i > 0 {
			b.WriteString(", ")
		}
		write(b, a)
	}
	if f := functions[n.op]; f.count && n.n != f.absent {
		b.WriteString(", " + strconv.Itoa(n.n))
	}
	for _, w := range n.words {
		b.WriteString(", " + w)
	}
	b.WriteString(")")
}
