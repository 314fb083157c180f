package formula

import (
	"context"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/indicators/column"
)

// Engine derives the columns of a panel. One goroutine at a time may use it; it
// uses all processors itself.
type Engine struct {
	Graph    Graph
	Panel    *column.Panel
	programs map[string]*Program
	space    workspace
}

// Add makes an indicator of the panel a derived one. Its formula should give the
// unit that the indicator is declared in (Typed.In). Errors are those of Graph.Add
// and Typed.Compile; the engine is then as it was.
func (e *Engine) Add(id string, t *Typed) error {
	p, err := t.Compile(e.Panel.Axis)
	if err != nil {
		return err
	}
	if err := e.Graph.Add(id, t.expr); err != nil {
		return err
	}
	if e.programs == nil {
		e.programs = map[string]*Program{}
	}
	e.programs[id] = p
	return nil
}

// Recompute computes all derived columns. When ctx ends, its error is returned,
// and some columns are new, some old and one half done: recompute again.
func (e *Engine) Recompute(ctx context.Context) error {
	return e.compute(ctx, e.Graph.Order())
}

// Changed recomputes what rests on these columns, and those of them that are
// themselves derived; it returns what it recomputed, in order.
func (e *Engine) Changed(ctx context.Context, names ...string) ([]string, error) {
	touched := e.Graph.Dependants(names...)
	order := slices.DeleteFunc(e.Graph.Order(), func(id string) bool {
		return !slices.Contains(touched, id) && !slices.Contains(names, id)
	})
	return order, e.compute(ctx, order)
}

func (e *Engine) compute(ctx context.Context, order []string) error {
	for _, id := range order {
		p := e.programs[id]
		if p == nil {
			return fault.New(fault.NotFound, "%s is in the graph but has no program: add it to the engine", id)
		}
		if err := p.run(ctx, e.Panel, e.Panel.Add(id), &e.space); err != nil {
			return err
		}
	}
	return nil
}
