package formula

import (
	"maps"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Graph is which indicators are derived from which. Its zero value is empty. It is
// not safe for use by several goroutines while something is added.
type Graph struct {
	inputs map[string][]string // of derived indicators: Input.Name of what they read
}

// Add puts the formula of an indicator into the graph, in place of the one it had.
// A formula that rests on its own result is fault.Invalid, with the way round
// ("a → b → a"), and leaves the graph as it was. An indicator may read its own
// targets.
func (g *Graph) Add(id string, e *Expr) error {
	var names []string
	for _, in := range e.Inputs() {
		names = append(names, in.Name())
	}
	names = slices.Compact(names) // Inputs are in order
	if way := g.way(names, id, map[string]bool{}); way != nil {
		return fault.New(fault.Invalid, "the formula of %s rests on its own result: %s", id, strings.Join(append([]string{id}, way...), " → "))
	}
	if g.inputs == nil {
		g.inputs = map[string][]string{}
	}
	g.inputs[id] = names
	return nil
}

// way returns the steps from one of the names to the goal, or nil.
func (g *Graph) way(from []string, goal string, seen map[string]bool) []string {
	for _, name := range from {
		if name == goal {
			return []string{goal}
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		if rest := g.way(g.inputs[name], goal, seen); rest != nil {
			return append([]string{name}, rest...)
		}
	}
	return nil
}

// Order returns all derived indicators, each after those it reads; otherwise by id.
func (g *Graph) Order() []string {
	var order []string
	done := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		names, derived := g.inputs[id]
		if !derived || done[id] {
			return
		}
		done[id] = true
		for _, name := range names {
			visit(name)
		}
		order = append(order, id)
	}
	for _, id := range slices.Sorted(maps.Keys(g.inputs)) {
		visit(id)
	}
	return order
}

// Dependants returns what rests on any of these inputs, directly or through others,
// in the order in which it is to be recomputed. A target is named as Input.Name
// names it.
func (g *Graph) Dependants(names ...string) []string {
	touched := map[string]bool{}
	for _, name := range names {
		touched[name] = true
	}
	var out []string
	for _, id := range g.Order() {
		if slices.ContainsFunc(g.inputs[id], func(in string) bool { return touched[in] }) {
			touched[id] = true
			out = append(out, id)
		}
	}
	return out
}
