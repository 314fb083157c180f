package machine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
)

// node is a state of a random chart, before it is built: charts are kept in this
// form so that one that fails can be made smaller.
type node struct {
	kind    procedure.Kind
	parent  int   // index; -1: the root
	initial []int // of a compound, or the default of a history
	acts    [3]int
	edges   []edge
}

// edge is a transition: its index in the chart's pools, and where it leads.
type edge struct {
	events   []string
	guard    string
	targets  []int
	internal bool
	act      int
}

// chart is nodes in document order: parents before what lies in them.
type chart struct {
	nodes   []node
	initial []int
	events  []string
}

// The pools that random charts draw from. An act is what a block of actions does.
func guards() []string {
	return []string{
		"In('s1')", "!In('s2')", "In('s3') || In('s4')", "data.n < 3", "data.n % 2 == 0", "event.name == 'a'",
		"data.missing > 1", "states.size() > 3", "data.n < 12", "event.data.n > 1",
	}
}

func acts() []string {
	return []string{"", "note", "count", "raise", "raise other", "fail", "set", "reset"}
}

// programs compiles the pools once: compiling is what would take the time.
type programs map[string]guard.Program

func compiled(t *testing.T) programs {
	t.Helper()
	out := programs{"": {}}
	for _, text := range append(guards(), "data.n + 1", "data.n * 2", "data.missing.deep", "size(states)", "0") {
		p, err := guard.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		out[text] = p
	}
	return out
}

// block returns the actions of a pool's act; name makes what it does recognisable.
func (ps programs) block(act int, name string) []procedure.Action {
	note := procedure.Action{Do: procedure.DoPublish, Topic: name}
	after := procedure.Action{Do: procedure.DoPublish, Topic: name + " after"}
	set := func(field, expr string) procedure.Action {
		return procedure.Action{Do: procedure.DoAssign, Assigns: []procedure.Assign{{Name: field, Expr: ps[expr]}}}
	}
	switch acts()[act] {
	case "note":
		return []procedure.Action{note}
	case "count":
		return []procedure.Action{note, set("n", "data.n + 1")}
	case "raise":
		return []procedure.Action{{Do: procedure.DoRaise, Event: "i.j", Assigns: []procedure.Assign{{Name: "n", Expr: ps["data.n * 2"]}}}, note}
	case "raise other":
		return []procedure.Action{{Do: procedure.DoRaise, Event: "k"}}
	case "fail":
		return []procedure.Action{note, set("n", "data.missing.deep"), after}
	case "reset":
		return []procedure.Action{set("n", "0"), note}
	case "set":
		return []procedure.Action{set("m", "size(states)")}
	}
	return nil
}

// build makes the procedure of a chart.
func (c chart) build(ps programs) *procedure.Procedure {
	root := &procedure.State{Kind: procedure.Compound}
	p := &procedure.Procedure{ID: "random", Root: root, States: make([]*procedure.State, len(c.nodes))}
	for i, n := range c.nodes {
		s := &procedure.State{ID: fmt.Sprintf("s%d", i), Kind: n.kind, Order: i + 1, Parent: root, Entry: ps.block(n.acts[0], fmt.Sprintf("entry %d", i)), Exit: ps.block(n.acts[1], fmt.Sprintf("exit %d", i))}
		if n.parent >= 0 {
			s.Parent = p.States[n.parent]
		}
		s.Parent.Children = append(s.Parent.Children, s)
		p.States[i] = s
	}
	to := func(ids []int) (out []*procedure.State) {
		for _, id := range ids {
			out = append(out, p.States[id])
		}
		return out
	}
	root.Initial = &procedure.Transition{Source: root, Targets: to(c.initial)}
	line := 0
	for i, n := range c.nodes {
		s := p.States[i]
		begin := &procedure.Transition{Source: s, Targets: to(n.initial), Do: ps.block(n.acts[2], fmt.Sprintf("initial %d", i))}
		switch {
		case n.kind == procedure.Compound:
			s.Initial = begin
		case n.kind == procedure.Final:
			s.Done = []procedure.Assign{{Name: "n", Expr: ps["data.n + 1"]}}
		case s.History():
			s.Entry, s.Exit, s.Transitions = nil, nil, []*procedure.Transition{begin}
			continue
		}
		for _, e := range n.edges {
			line++
			s.Transitions = append(s.Transitions, &procedure.Transition{
				Source: s, Events: e.events, Guard: ps[e.guard], Targets: to(e.targets), Internal: e.internal,
				Do: ps.block(e.act, fmt.Sprintf("edge %d", line)), Line: line,
			})
		}
	}
	return p
}

// String draws a chart for the message of a failing test.
func (c chart) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "initial %v, events %v\n", c.initial, c.events)
	for i, n := range c.nodes {
		fmt.Fprintf(&b, "s%d %s in %d, initial %v, acts %v\n", i, n.kind, n.parent, n.initial, n.acts)
		for _, e := range n.edges {
			fmt.Fprintf(&b, "    %v [%s] -> %v internal=%v act=%q\n", e.events, e.guard, e.targets, e.internal, acts()[e.act])
		}
	}
	return b.String()
}

// random draws a chart.
func random(r *rand.Rand) chart {
	var c chart
	c.grow(r, -1, 2+r.IntN(3), 0)
	c.initial = c.pick(r, -1)
	for i := range c.nodes {
		n := &c.nodes[i]
		block := func() int { return r.IntN(len(acts()) - 1) } // a state does not reset the count
		n.acts = [3]int{block(), block(), block()}
		switch n.kind {
		case procedure.Compound, procedure.Shallow:
			n.initial = c.pick(r, c.home(i))
		case procedure.Deep:
			n.initial = c.pick(r, c.home(i))
		}
		if n.kind == procedure.Final || n.kind == procedure.Shallow || n.kind == procedure.Deep {
			continue
		}
		for range r.IntN(4) {
			n.edges = append(n.edges, c.edge(r))
		}
	}
	for range 6 {
		c.events = append(c.events, oneOf(r, "a", "b", "a.b", "c", "d.e.f"))
	}
	return c
}

func oneOf(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// home is where the initial of a compound or the default of a history leads into.
func (c *chart) home(i int) int {
	if c.nodes[i].kind == procedure.Compound {
		return i
	}
	return c.nodes[i].parent
}

// grow adds children to a state.
func (c *chart) grow(r *rand.Rand, parent, count, depth int) {
	kind := procedure.Compound
	if parent >= 0 {
		kind = c.nodes[parent].kind
	}
	for k := range count {
		n := node{kind: procedure.Atomic, parent: parent}
		switch w := r.IntN(10); {
		case depth < 4 && w < 2 && len(c.nodes) < 25:
			n.kind = procedure.Parallel
		case depth < 4 && w < 5 && len(c.nodes) < 25:
			n.kind = procedure.Compound
		case w == 5 && k > 0 && kind == procedure.Compound:
			n.kind = procedure.Final
		case w == 6 && k > 0 && parent >= 0:
			n.kind = procedure.Shallow
		case w == 7 && k > 0 && parent >= 0:
			n.kind = procedure.Deep
		}
		c.nodes = append(c.nodes, n)
		if n.kind == procedure.Compound || n.kind == procedure.Parallel {
			c.grow(r, len(c.nodes)-1, 1+r.IntN(3), depth+1)
		}
	}
}

// within reports whether a node lies in another.
func (c *chart) within(i, of int) bool {
	for i = c.nodes[i].parent; i != of && i >= 0; i = c.nodes[i].parent {
	}
	return i == of
}

// apart reports whether two nodes can be active together, neither in the other.
func (c *chart) apart(a, b int) bool {
	if a == b || c.within(a, b) || c.within(b, a) {
		return false
	}
	for p := c.nodes[a].parent; p >= 0; p = c.nodes[p].parent {
		if c.within(b, p) {
			return c.nodes[p].kind == procedure.Parallel
		}
	}
	return false
}

// pick draws one or several states within a state that can be active together; not
// a history, so that a default never leads to another.
func (c *chart) pick(r *rand.Rand, within int) []int {
	var out []int
	for _, i := range r.Perm(len(c.nodes)) {
		k := c.nodes[i].kind
		if k == procedure.Shallow || k == procedure.Deep || !c.within(i, within) {
			continue
		}
		if !slices.ContainsFunc(out, func(o int) bool { return !c.apart(i, o) }) {
			out = append(out, i)
		}
		if len(out) > 0 && r.IntN(2) == 0 {
			break
		}
	}
	return out
}

// edge draws a transition. One that the chart can set off by itself counts, and
// only so far, so that most charts come to rest.
func (c *chart) edge(r *rand.Rand) edge {
	e := edge{internal: r.IntN(3) == 0, act: r.IntN(len(acts()))}
	if r.IntN(3) == 0 {
		e.guard = guards()[r.IntN(len(guards()))]
	}
	switch r.IntN(3) {
	case 0:
		e.events = []string{oneOf(r, "i", "k", "i.*", "*", "done.state", "error", "error.*", "i."), oneOf(r, "k", "done.state.s1", "a")}
		e.guard, e.act = "data.n < 12", 2
	case 1:
		e.events = []string{oneOf(r, "a", "b", "c", "a.b"), oneOf(r, "b", "c", "d.*", "d.e")}
	default:
		if e.guard == "" || r.IntN(200) > 0 {
			e.guard, e.act = "data.n < 12", 2
		}
	}
	for range r.IntN(4) {
		i := r.IntN(len(c.nodes))
		if !slices.ContainsFunc(e.targets, func(o int) bool { return !c.apart(i, o) }) {
			e.targets = append(e.targets, i)
		}
	}
	return e
}

// smaller returns charts that have one thing less.
func (c chart) smaller() []chart {
	var out []chart
	vary := func(change func(*chart)) {
		next := chart{nodes: slices.Clone(c.nodes), initial: c.initial, events: slices.Clone(c.events)}
		for i := range next.nodes {
			next.nodes[i].edges = slices.Clone(next.nodes[i].edges)
		}
		change(&next)
		out = append(out, next)
	}
	for i := range c.events {
		vary(func(n *chart) { n.events = slices.Delete(n.events, i, i+1) })
	}
	for i, n := range c.nodes {
		for j, e := range n.edges {
			vary(func(n *chart) { n.nodes[i].edges = slices.Delete(n.nodes[i].edges, j, j+1) })
			if e.guard != "" && len(e.events) > 0 {
				vary(func(n *chart) { n.nodes[i].edges[j].guard = "" })
			}
			if e.act != 0 {
				vary(func(n *chart) { n.nodes[i].edges[j].act = 0 })
			}
		}
		if n.acts != [3]int{} {
			vary(func(n *chart) { n.nodes[i].acts = [3]int{} })
		}
	}
	return out
}
