package formula

import (
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/indicators/column"
)

// Program is a formula as steps over the columns of a panel. It is made for one
// axis, never changed, and may run several times at once.
type Program struct {
	axis   column.Axis
	names  []string    // of the columns it reads
	consts [][]float64 // a block of each number it needs
	starts []int       // column.Axis.YearStart, when a step needs it
	stages []stage
	spares int // whole columns it needs besides its result
}

// stage computes one column block by block, then works on the whole of it.
type stage struct {
	steps     []step
	registers int
	out       operand
	space     string   // rollup, weighted, share, rank, or "" when there is nothing to do
	weight    operand  // of weighted: the column of the weights
	words     []string // of rank
}

// step is one kernel over one block.
type step struct {
	op      string
	dst     operand
	a, b, c operand
	n       int
}

// operand says where a block is found.
type operand struct {
	place int
	index int
}

// The places of operands.
const (
	inRegister = iota // a block of the worker's own
	inInput           // Program.names
	inConst           // Program.consts
	inSpare           // a whole column that lives while the program runs
	inResult          // the column that the program computes
)

// maxSpace is how many rollups, shares and ranks one formula may have: each needs
// a column while the program runs.
const maxSpace = 16

// Compile makes the program of the formula for panels on the axis. A pin that is
// not on the axis, and yoy on an axis of days, are fault.Invalid.
func (t *Typed) Compile(axis column.Axis) (*Program, error) {
	c := compiler{types: t.types, program: &Program{axis: axis}, block: max(column.BlockCells, axis.N)}
	root := t.expr.root
	result := operand{place: inResult}
	shift := 0
	if own := t.types[root]; !own.zero {
		shift = own.Exp - t.unit.Exp
	}
	if isSpace(root.op) {
		c.whole(root, result)
		if shift != 0 {
			c.program.stages = append(c.program.stages, stage{steps: []step{{op: "scale", dst: result, a: result, n: shift}}, out: result})
		}
	} else {
		c.column(result, func() operand { return c.scaled(c.expr(root), shift) })
	}
	if c.err == nil && c.program.spares > maxSpace {
		c.err = fault.New(fault.Invalid, "the formula looks over units more than %d times: split it into several indicators", maxSpace)
	}
	return c.program, c.err
}

func isSpace(op string) bool { return op == "rollup" || op == "share" || op == "rank" }

type compiler struct {
	types   map[*node]Type
	program *Program
	block   int
	stage   *stage // that steps are added to
	free    []int  // its registers that are not in use
	err     error  // the first
}

// column adds the stage that computes an operand into out.
func (c *compiler) column(out operand, compute func() operand) {
	outer, free := c.stage, c.free
	c.stage, c.free = &stage{out: out}, nil
	root := compute()
	if root.place == inRegister {
		c.stage.steps[len(c.stage.steps)-1].dst = out // the last step made it
	} else {
		c.stage.steps = append(c.stage.steps, step{op: "copy", dst: out, a: root})
	}
	c.program.stages = append(c.program.stages, *c.stage)
	c.stage, c.free = outer, free
}

// whole adds the stages of a space operator, whose result will be in out.
func (c *compiler) whole(n *node, out operand) {
	weight := operand{}
	if len(n.args) == 2 {
		weight = c.spare()
		c.column(weight, func() operand { return c.expr(n.args[1]) })
	}
	c.column(out, func() operand { return c.expr(n.args[0]) })
	last := &c.program.stages[len(c.program.stages)-1]
	last.space, last.weight, last.words = n.op, weight, n.words
	if len(n.args) == 2 {
		last.space = "weighted"
	}
}

func (c *compiler) spare() operand {
	c.program.spares++
	return operand{inSpare, c.program.spares - 1}
}

// register returns one that is not in use.
func (c *compiler) register() operand {
	if n := len(c.free); n > 0 {
		r := c.free[n-1]
		c.free = c.free[:n-1]
		return operand{inRegister, r}
	}
	c.stage.registers++
	return operand{inRegister, c.stage.registers - 1}
}

// release gives registers back.
func (c *compiler) release(used ...operand) {
	for _, o := range used {
		if o.place == inRegister && !slices.Contains(c.free, o.index) {
			c.free = append(c.free, o.index)
		}
	}
}

// apart adds a step whose result may not lie where its operand does, as of the
// kernels that look along the row.
func (c *compiler) apart(op string, a operand, n int) operand {
	dst := c.register()
	c.stage.steps = append(c.stage.steps, step{op: op, dst: dst, a: a, n: n})
	c.release(a)
	return dst
}

// each adds a step that works cell by cell; it may write over its operands.
func (c *compiler) each(s step, used ...operand) operand {
	c.release(used...)
	s.dst = c.register()
	c.stage.steps = append(c.stage.steps, s)
	return s.dst
}

func (c *compiler) binary(op string, a, b operand) operand {
	return c.each(step{op: op, a: a, b: b}, a, b)
}

// scaled multiplies by 10^n.
func (c *compiler) scaled(a operand, n int) operand {
	if n == 0 {
		return a
	}
	return c.each(step{op: "scale", a: a, n: n}, a)
}

// constant returns a block of the number x.
func (c *compiler) constant(x float64) operand {
	for i, k := range c.program.consts {
		if k[0] == x {
			return operand{inConst, i}
		}
	}
	k := make([]float64, c.block)
	column.Fill(k, x)
	c.program.consts = append(c.program.consts, k)
	return operand{inConst, len(c.program.consts) - 1}
}

// input returns a column of the panel.
func (c *compiler) input(name string) operand {
	i := slices.Index(c.program.names, name)
	if i < 0 {
		i = len(c.program.names)
		c.program.names = append(c.program.names, name)
	}
	return operand{inInput, i}
}

// alike compiles a part and brings it into the scale of type t.
func (c *compiler) alike(n *node, t Type) operand {
	own := c.types[n]
	if own.zero {
		return c.expr(n)
	}
	return c.scaled(c.expr(n), own.Exp-t.Exp)
}

// expr adds the steps of a part and returns where its block will be.
func (c *compiler) expr(n *node) operand {
	t := c.types[n]
	switch n.op {
	case opNumber:
		return c.constant(n.num.Float())
	case opTarget:
		return c.input(Input{ID: n.id, Target: true, At: n.at}.Name())
	case opRef:
		return c.reference(n)
	case opNeg, "abs", "missing":
		a := c.expr(n.args[0])
		return c.each(step{op: n.op, a: a}, a)
	case opAdd, opSub, "default", "min", "max":
		return c.fold(n, t)
	case opLess, opAtMost, opMore, opLeast, opEqual, opDiffer:
		common, err := unify(n, []Type{c.types[n.args[0]], c.types[n.args[1]]})
		if err != nil {
			c.err = err // cannot happen: it was checked
		}
		return c.fold(n, common)
	case opMul, opDiv, opPow:
		return c.product(n, t)
	case "if":
		cond := c.expr(n.args[0])
		a := c.alike(n.args[1], t)
		b := c.alike(n.args[2], t)
		return c.each(step{op: "if", a: a, b: b, c: cond}, a, b, cond)
	case "round":
		a := c.expr(n.args[0])
		return c.each(step{op: "round", a: a, n: n.n}, a)
	case "pct", "ratio":
		return c.scaled(c.expr(n.args[0]), c.types[n.args[0]].decimals()-t.decimals())
	case "rollup", "share", "rank":
		spare := c.spare()
		c.whole(n, spare)
		return spare
	}
	return c.overTime(n, t)
}

// fold joins all arguments from left to right.
func (c *compiler) fold(n *node, t Type) operand {
	out := c.alike(n.args[0], t)
	for _, a := range n.args[1:] {
		out = c.binary(n.op, out, c.alike(a, t))
	}
	return out
}

func (c *compiler) product(n *node, t Type) operand {
	ta, tb := c.types[n.args[0]], c.types[n.args[1]]
	a := c.expr(n.args[0])
	if n.op == opPow {
		if ta.pure() {
			a = c.scaled(a, ta.Exp)
		}
		return c.binary(n.op, a, c.scaled(c.expr(n.args[1]), tb.Exp))
	}
	out := c.binary(n.op, a, c.expr(n.args[1]))
	if n.op == opMul {
		return c.scaled(out, ta.decimals()+tb.decimals()-t.decimals())
	}
	return c.scaled(out, ta.decimals()-tb.decimals()-t.decimals())
}

// reference reads a column, or spreads its pinned cell over each row.
func (c *compiler) reference(n *node) operand {
	in := c.input(n.id)
	if n.at.IsZero() {
		return in
	}
	axis := c.program.axis
	i, ok := axis.Index(n.at)
	if !ok && c.types[n].Nature == Stock {
		i, ok = axis.IndexEnding(n.at)
	}
	if !ok && c.err == nil {
		c.err = wrong(n.col, "found %s[%s]; the panel has the periods %s to %s", n.id, n.at, axis.First, axis.Period(axis.N-1))
	}
	return c.apart("pin", in, i)
}

func (c *compiler) overTime(n *node, t Type) operand {
	a := c.expr(n.args[0])
	switch n.op {
	case "lag", "diff":
		return c.apart(n.op, a, n.n)
	case "lead":
		return c.apart("lag", a, -n.n)
	case "stock_to_flow":
		return c.apart("diff", a, 1)
	case "cumulate":
		return c.apart("cumulate", a, 0)
	case "flow_to_stock":
		total := c.apart("cumulate", a, 0)
		return c.binary(opAdd, c.alike(n.args[1], t), total)
	case "ytd":
		c.program.starts = c.program.axis.YearStart()
		return c.apart("ytd", a, 0)
	case "yoy":
		year := c.program.axis.PerYear()
		if year == 0 && c.err == nil {
			c.err = wrong(n.col, "found yoy on an axis of days; years differ in length: derive it on months, quarters or years")
		}
		return c.apart("growth", a, year)
	case "fill":
		return c.apart(n.words[0], a, 0)
	case "mean":
		return c.binary(opDiv, c.apart("sum", a, n.n), c.constant(float64(n.n)))
	}
	return c.apart("sum", a, n.n)
}
