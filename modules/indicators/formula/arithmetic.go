package formula

import "strconv"

// instead suggests what was meant where two units do not go together.
func instead(a, b Type) string {
	switch {
	case a.Kind == Percent && b.pure() || a.pure() && b.Kind == Percent:
		return ": did you mean ratio(x), which turns 5% into 0.05?"
	case a.Kind == Percent && b.Kind == Points || a.Kind == Points && b.Kind == Percent:
		return ": a percentage and a difference of percentages are two things"
	case a.pure() && len(b.nouns) > 0:
		return ": did you mean the number with its unit, as in 100" + b.String() + "?"
	case b.pure() && len(a.nouns) > 0:
		return ": did you mean the number with its unit, as in 100" + a.String() + "?"
	}
	return ""
}

// add gives the type of a sum or difference; the left side decides the scale.
//
//   - % - % is 百分点, % ± 百分点 is %, % + % is refused;
//   - stock ± flow is a stock, stock - stock is what was added, a flow.
func add(n *node, a, b Type) (Type, error) {
	switch {
	case a.zero:
		b.zero = b.zero && a.zero
		return b, nil
	case b.zero:
		return a, nil
	}
	out, ok := a, a.same(b)
	switch {
	case a.Kind == Percent && b.Kind == Percent && n.op == opAdd:
		return Type{}, wrong(n.col, "found %s + %s: the sum of two percentages is a percentage only when they are parts of one whole; did you mean their difference (-), or pct(ratio(x) + ratio(y))?", a, b)
	case a.Kind == Percent && b.Kind == Percent:
		out.Kind = Points
	case a.Kind == Percent && b.Kind == Points:
		ok = (Type{nouns: a.nouns}).same(Type{nouns: b.nouns})
	case a.Kind == Points && b.Kind == Percent && n.op == opAdd:
		ok = (Type{nouns: a.nouns}).same(Type{nouns: b.nouns})
		out.Kind = Percent
	}
	if !ok {
		return Type{}, wrong(n.col, "found %s %s %s; both sides must measure the same thing%s", a, n.op, b, instead(a, b))
	}
	if n.op == opAdd || a.Nature != b.Nature {
		if err := claimed(n, a, b); err != nil {
			return Type{}, err
		}
	}
	out.Nature = sumNature(n.op, a.Nature, b.Nature)
	out.Space = worse(a.Space, b.Space)
	out.ytd = a.ytd && b.ytd
	return out, nil
}

func sumNature(op string, a, b Nature) Nature {
	switch {
	case a == Stock && b == Stock && op == opSub:
		return Flow
	case a == Stock && b == Flow, a == Flow && b == Stock && op == opAdd:
		return Stock
	case a == Rank || a == Tier:
		return ""
	}
	return common(a, b)
}

// multiply gives the type of a product. A percentage counts as its hundredths.
func multiply(n *node, a, b Type) (Type, error) {
	if err := claimed(n, a, b); err != nil {
		return Type{}, err
	}
	a.zero, b.zero = false, false
	out := Type{Kind: Number, nouns: times(a.nouns, b.nouns, 1)}
	switch {
	case a.Kind == Points && b.Kind == Points:
		return Type{}, wrong(n.col, "found 百分点 * 百分点, which measures nothing; did you mean ratio(x) * ratio(y)?")
	case a.Kind == Points || b.Kind == Points:
		out.Kind = Points
	case a.Kind == Percent && b.Kind == Percent, a.Kind == Percent && b.pure(), a.pure() && b.Kind == Percent:
		out.Kind = Percent
	}
	if out.Kind == Points && counts(out.nouns) {
		return Type{}, wrong(n.col, "found %s * %s; did you mean ratio(x), which turns 5 百分点 into 0.05?", a, b)
	}
	out.Exp = productScale(out, a, b, 1)
	out.Nature, out.Space = productNature(a, b, out), productSpace(a, b)
	out.ytd = a.ytd != b.ytd && (a.Nature == out.Nature || b.Nature == out.Nature)
	return out, nil
}

// divide gives the type of a quotient: 亿元/亿元 is a plain number, 家/% is 家.
func divide(n *node, a, b Type) (Type, error) {
	if err := claimed(n, a, b); err != nil {
		return Type{}, err
	}
	if b.zero {
		return Type{}, wrong(n.col, "found a division by the number 0; it is always missing")
	}
	a.zero = false
	out := Type{Kind: Number, nouns: times(a.nouns, b.nouns, -1)}
	switch {
	case a.Kind == Number && b.Kind == Points:
		return Type{}, wrong(n.col, "found %s / 百分点; did you mean ratio(x), which turns 5 百分点 into 0.05?", a)
	case a.Kind != Number && b.Kind == Number:
		out.Kind = a.Kind
	}
	out.Exp = productScale(out, a, b, -1)
	out.Nature, out.Space = quotientNature(a, b), productSpace(a, b)
	if b.Space != "" {
		out.Space = SpaceRecompute
	}
	out.ytd = a.ytd && out.Nature == a.Nature
	return out, nil
}

// counts reports whether something stands above the bar.
func counts(nouns []factor) bool {
	for _, f := range nouns {
		if f.exp > 0 {
			return true
		}
	}
	return false
}

// productScale chooses the scale of a product (sign 1) or quotient (sign -1):
// plain numbers and percentages have none; 亿元 stays 亿元 times or by a
// percentage; 件/亿元 keeps the scales of both.
func productScale(out, a, b Type, sign int) int {
	if out.Kind != Number || len(out.nouns) == 0 {
		return 0
	}
	exp := 0
	if a.Kind == Number {
		exp += a.Exp
	}
	if b.Kind == Number {
		exp += sign * b.Exp
	}
	return exp
}

// productNature keeps the nature of what is only scaled.
func productNature(a, b, out Type) Nature {
	switch {
	case b.factor() || b.Kind == Percent:
		return a.Nature
	case a.factor() || a.Kind == Percent:
		return b.Nature
	case (a.Nature == Ratio || b.Nature == Ratio) && len(out.nouns) <= 1:
		return "" // patents per 10,000 people times people: patents, a stock or a flow
	}
	return Ratio
}

// factor reports whether the number only makes others larger or smaller: 2, or a
// quotient of two yuan, but not a stock of things without a noun.
func (t Type) factor() bool { return t.pure() && (t.Nature == "" || t.Nature == Ratio) }

func quotientNature(a, b Type) Nature {
	if b.factor() || b.Kind == Percent && a.Kind == Number {
		return a.Nature
	}
	return Ratio
}

func productSpace(a, b Type) SpaceRule {
	if a.Space == "" || b.Space == "" {
		return worse(a.Space, b.Space)
	}
	if a.Space == SpaceNone || b.Space == SpaceNone {
		return SpaceNone
	}
	return SpaceRecompute
}

// raise gives the type of a power. Only plain numbers have powers that are not
// whole.
func raise(n *node, a, b Type) (Type, error) {
	if err := claimed(n, a, b); err != nil {
		return Type{}, err
	}
	if !b.pure() {
		return Type{}, wrong(n.col, "found the exponent %s; an exponent is a plain number", b)
	}
	if a.Kind != Number {
		return Type{}, wrong(n.col, "found %s ^ …; did you mean ratio(x) ^ …, which turns 5%% into 0.05?", a)
	}
	out := Type{Kind: Number, Nature: Ratio, Space: SpaceRecompute}
	if a.Nature == "" && b.Nature == "" {
		out.Nature, out.Space = "", worse(a.Space, b.Space)
	}
	if a.pure() {
		return out, nil
	}
	k, ok := wholeExponent(n.args[1])
	if !ok {
		return Type{}, wrong(n.col, "found %s ^ a number that is not whole; only plain numbers have such powers: divide by a number of the same unit first", a)
	}
	out.nouns, out.Exp = power(a.nouns, k), a.Exp*k
	return out, nil
}

// wholeExponent reads an exponent that is written as a small whole number.
func wholeExponent(n *node) (int, bool) {
	sign := 1
	if n.op == opNeg {
		n, sign = n.args[0], -1
	}
	if n.op != opNumber || n.unit.String() != "" {
		return 0, false
	}
	k, err := strconv.Atoi(n.num.String())
	return sign * k, err == nil && 1 <= k && k <= 9
}

// convert gives the type of pct and ratio.
func convert(n *node, a Type) (Type, error) {
	out := a
	out.zero, out.Exp = false, 0
	switch {
	case n.op == "pct" && a.Kind == Number && len(a.nouns) == 0:
		out.Kind = Percent
	case n.op == "ratio" && a.Kind != Number:
		out.Kind = Number
	case n.op == "pct":
		return Type{}, wrong(n.col, "found pct of %s; pct turns a plain number such as 亿元/亿元 into a percentage", a)
	default:
		return Type{}, wrong(n.col, "found ratio of %s; ratio turns a percentage into a plain number", a)
	}
	return out, claimed(n, a)
}
