package formula

// overTime gives the type of the time operators.
func overTime(n *node, args []Type) (Type, error) {
	x := args[0]
	x.zero = false
	switch n.op {
	case "lag", "lead":
		return x, nil
	case "fill":
		if n.words[0] == "zero" && x.Nature == Stock {
			return Type{}, wrong(n.col, "found fill(x, zero) of a stock; a stock that is not reported is not zero: write fill(x, previous) or fill(x, linear)")
		}
		return x, nil
	case "diff":
		return difference(x), nil
	}
	if err := claimed(n, x); err != nil {
		return Type{}, err
	}
	switch n.op {
	case "yoy":
		return growth(n, x)
	case "mean":
		return x, nil
	case "sum":
		return windowSum(n, x)
	case "stock_to_flow":
		return stockToFlow(n, x)
	case "flow_to_stock":
		return flowToStock(n, x, args[1])
	}
	if err := needsFlow(n, x); err != nil {
		return Type{}, err
	}
	if n.op == "cumulate" {
		x.Nature = Stock
	}
	x.ytd = n.op == "ytd"
	return x, nil
}

// difference is what two numbers of a series differ by.
func difference(x Type) Type {
	switch {
	case x.Kind == Percent:
		x.Kind = Points
	case x.Nature == Stock:
		x.Nature = Flow
	case x.Nature == Rank || x.Nature == Tier:
		x.Nature = ""
	}
	return x
}

func growth(n *node, x Type) (Type, error) {
	if x.Kind != Number {
		return Type{}, wrong(n.col, "found yoy of %s; how a percentage changes is told in percentage points: write diff(x, 12) for months, diff(x, 4) for quarters, diff(x) for years", x)
	}
	return Type{Kind: Percent, Nature: Ratio, Space: SpaceRecompute}, nil
}

func windowSum(n *node, x Type) (Type, error) {
	switch {
	case x.Nature == Stock:
		return Type{}, wrong(n.col, "found sum over time of a stock; it would count the same things again: write mean(x, n), or sum a flow")
	case x.Kind == Percent:
		return Type{}, wrong(n.col, "found sum over time of %s; percentages of different periods do not add up: write mean(x, n)", x)
	case x.ytd:
		return Type{}, fromYearStart(n)
	}
	return x, nil
}

func stockToFlow(n *node, x Type) (Type, error) {
	if x.Nature != Stock {
		return Type{}, wrong(n.col, "found stock_to_flow of %s; it needs a stock, counted at a date", article(x.Nature))
	}
	x.Nature = Flow
	return x, nil
}

func flowToStock(n *node, x, base Type) (Type, error) {
	if err := needsFlow(n, x); err != nil {
		return Type{}, err
	}
	if !base.zero && !x.same(base) {
		return Type{}, wrong(n.col, "found a flow of %s and a base of %s; both must measure the same thing%s", x, base, instead(x, base))
	}
	if base.Nature != "" && base.Nature != Stock {
		return Type{}, wrong(n.col, "found a base that is %s; flow_to_stock needs a stock to begin with", article(base.Nature))
	}
	if !base.steady {
		return Type{}, wrong(n.col, "found a base that changes with the period; pin it, as in flow_to_stock(x, st.hte[2022-12-31])")
	}
	x.Nature = Stock
	x.Space = worse(x.Space, base.Space)
	return x, nil
}

func needsFlow(n *node, x Type) error {
	if x.Nature != Flow || x.Kind != Number {
		return wrong(n.col, "found %s of %s; it needs a flow, counted over a period", n.op, article(x.Nature))
	}
	if x.ytd {
		return fromYearStart(n)
	}
	return nil
}

func fromYearStart(n *node) error {
	return wrong(n.col, "found %s of numbers that are already counted from the start of the year; it would count the first months again", n.op)
}

func article(x Nature) string {
	switch x {
	case "":
		return "a number that is neither a stock nor a flow"
	case Index:
		return "an index"
	case Stock, Flow, Ratio, Rank, Tier, Count:
	}
	return "a " + string(x)
}

// overSpace gives the type of the space operators.
func overSpace(n *node, args []Type) (Type, error) {
	x := args[0]
	x.zero = false
	if err := claimed(n, args...); err != nil {
		return Type{}, err
	}
	switch n.op {
	case "share":
		if x.Kind != Number || x.Nature == Index || x.Nature == Ratio {
			return Type{}, wrong(n.col, "found share of %s in %s; a share is a part of a whole: it needs numbers that add up", article(x.Nature), x)
		}
		return Type{Kind: Percent, Nature: Ratio, Space: SpaceNone}, nil
	case "rank":
		t := typeOf(placeUnit)
		t.Nature, t.Space = Rank, SpaceNone
		return t, nil
	}
	return rollUp(n, x, args[1:])
}

func rollUp(n *node, x Type, weight []Type) (Type, error) {
	switch {
	case len(weight) == 1:
		if w := weight[0]; w.Kind != Number || w.zero {
			return Type{}, wrong(n.col, "found the weight %s; a weight is a number such as people or yuan, or 1 for a plain mean", w)
		}
		if x.Space == SpaceNone {
			return Type{}, wrong(n.col, "found rollup of an indicator whose space rule is none; it has no meaning for more than one unit")
		}
		return x, nil
	case x.Space == SpaceSum, x.Space == "" && x.Kind == Number:
		return x, nil
	case x.Space == SpaceWeighted:
		return Type{}, wrong(n.col, "found rollup(x) of an indicator whose space rule is weighted; write rollup(x, weight)")
	case x.Space == SpaceNone:
		return Type{}, wrong(n.col, "found rollup of an indicator whose space rule is none; it has no meaning for more than one unit")
	}
	return Type{}, wrong(n.col, "found rollup of a number that does not add up over units; roll up what it is made of, as in rollup(x) / rollup(y)")
}
