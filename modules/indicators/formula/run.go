package formula

import (
	"context"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/indicators/column"
)

// workspace is the memory that programs run in, kept from one to the next.
type workspace struct {
	registers [][][]float64 // by worker
	columns   [][]float64   // of the operands inSpare
	missing   []float64     // stands for a column that the panel has not
}

// Run computes the column of the formula in the panel into dst, which has
// Panel.Cells cells and is none of the columns the formula reads. A column the
// panel has not is missing everywhere. A panel on another axis is fault.Invalid;
// when ctx ends, its error is returned and dst is half done.
func (p *Program) Run(ctx context.Context, panel *column.Panel, dst []float64) error {
	return p.run(ctx, panel, dst, &workspace{})
}

func (p *Program) run(ctx context.Context, panel *column.Panel, dst []float64, w *workspace) error {
	if panel.Axis != p.axis || len(dst) != panel.Cells() {
		return fault.New(fault.Invalid, "the formula was compiled for %d periods from %s, the panel has %d from %s and %d cells a column, the result %d",
			p.axis.N, p.axis.First, panel.Axis.N, panel.Axis.First, panel.Cells(), len(dst))
	}
	w.grow(p, panel)
	r := runner{Program: p, panel: panel, dst: dst, workspace: w}
	for _, name := range p.names {
		in := panel.Column(name)
		if in == nil {
			in = w.missing
		}
		r.inputs = append(r.inputs, in)
	}
	for i := range p.stages {
		if err := r.blocks(ctx, &p.stages[i]); err != nil {
			return err
		}
		if err := r.space(ctx, &p.stages[i]); err != nil {
			return err
		}
	}
	return nil
}

// grow makes room for a program.
func (w *workspace) grow(p *Program, panel *column.Panel) {
	block := max(column.BlockCells, p.axis.N)
	for len(w.registers) < column.Workers() {
		w.registers = append(w.registers, nil)
	}
	for _, s := range p.stages {
		for i, own := range w.registers {
			for len(own) < s.registers {
				own = append(own, make([]float64, block))
			}
			w.registers[i] = own
		}
	}
	for len(w.columns) < p.spares {
		w.columns = append(w.columns, make([]float64, panel.Cells()))
	}
	lacks := func(name string) bool { return panel.Column(name) == nil }
	if w.missing == nil && slices.ContainsFunc(p.names, lacks) {
		w.missing = make([]float64, panel.Cells())
		nan := missing().Float
		column.Fill(w.missing, nan)
	}
}

// runner is one run of a program.
type runner struct {
	*Program
	*workspace
	panel  *column.Panel
	inputs [][]float64
	dst    []float64
}

// blocks computes a stage's column, a block of whole rows at a time.
func (r *runner) blocks(ctx context.Context, s *stage) error {
	width := r.axis.N
	cells := r.panel.Cells()
	block := max(column.BlockCells/width, 1) * width
	return column.Parallel(ctx, (cells+block-1)/block, func(worker, part int) {
		lo := part * block
		b := span{runner: r, own: r.registers[worker], lo: lo, hi: min(lo+block, cells)}
		for i := range s.steps {
			b.step(&s.steps[i])
		}
	})
}

// space applies the stage's space operator, some periods at a time.
func (r *runner) space(ctx context.Context, s *stage) error {
	if s.space == "" {
		return nil
	}
	const line = 8 // cells in a cache line: two workers seldom share one
	width := r.axis.N
	chunk := (width/(2*column.Workers()) + line) / line * line
	x, tree := r.whole(s.out), r.panel.Tree
	how := column.Ranking{Low: slices.Contains(s.words, "low"), Dense: slices.Contains(s.words, "dense")}
	return column.Parallel(ctx, (width+chunk-1)/chunk, func(_, part int) {
		lo := part * chunk
		over := column.Periods{Lo: lo, Hi: min(lo+chunk, width)}
		switch s.space {
		case "rollup":
			tree.RollUp(x, width, over)
		case "weighted":
			tree.RollUpWeighted(x, r.whole(s.weight), width, over)
		case "share":
			tree.Share(x, width, over)
		case "rank":
			tree.Rank(x, width, over, how)
		}
	})
}

// whole returns the column of an operand.
func (r *runner) whole(o operand) []float64 {
	switch o.place {
	case inInput:
		return r.inputs[o.index]
	case inSpare:
		return r.columns[o.index]
	}
	return r.dst
}

// span is one block of one worker: the cells from lo to hi.
type span struct {
	*runner
	own    [][]float64
	lo, hi int
}

// cells returns the block of an operand.
func (b *span) cells(o operand) []float64 {
	switch o.place {
	case inRegister:
		return b.own[o.index][:b.hi-b.lo]
	case inConst:
		return b.consts[o.index][:b.hi-b.lo]
	}
	return b.whole(o)[b.lo:b.hi]
}

// step runs one kernel.
func (b *span) step(s *step) {
	dst := b.cells(s.dst)
	if s.op == "pin" {
		b.pin(dst, b.whole(s.a), s.n)
		return
	}
	a, width := b.cells(s.a), b.axis.N
	switch s.op {
	case "copy":
		copy(dst, a)
	case opNeg, "abs", "missing", "zero", "scale", "round":
		column.Unary(s.op, dst, a, s.n)
	case "lag", "diff", "growth", "cumulate", "sum", "previous", "linear":
		column.Along(s.op, dst, a, width, s.n)
	case "ytd":
		column.YearToDate(dst, a, b.starts)
	case "if":
		column.Select(dst, b.cells(s.c), a, b.cells(s.b))
	default:
		column.Binary(s.op, dst, a, b.cells(s.b))
	}
}

// pin spreads the n-th cell of each row of a whole column over the row.
func (b *span) pin(dst, from []float64, n int) {
	width := b.axis.N
	for at := b.lo; at < b.hi; at += width {
		column.Fill(dst[:width], from[at+n])
		dst = dst[width:]
	}
}
