package procedure

import (
	"cmp"
	"slices"
)

// step takes transitions that do not conflict: one microstep.
func (m *model) step(from spot, taken []*Transition) spot {
	s := from.clone()
	m.leave(&s, from, taken)
	for _, t := range taken {
		raise(&s, t.Do)
	}
	e := &entry{m: m, s: &s, enter: m.empty(), begin: m.empty(), past: map[*State]*Transition{}}
	for _, t := range taken {
		for _, target := range t.Targets {
			e.down(target)
		}
		d := m.domain(from, t)
		for _, target := range m.effective(from, t) {
			e.up(target, d)
		}
	}
	for _, st := range m.list(e.enter) {
		e.into(st)
	}
	return s
}

// open enters the procedure.
func (m *model) open() spot {
	s := spot{active: m.empty(), past: make([]set, len(m.past))}
	s.active.add(m.p.Root)
	return m.step(s, []*Transition{m.p.Root.Initial})
}

// raise puts the events that actions raise into the queue.
func raise(s *spot, actions []Action) {
	for _, a := range actions {
		if a.Do == DoRaise {
			s.queue = append(s.queue, a.Event)
		}
	}
}

// leave exits what the transitions leave, innermost first, and remembers it in the
// histories.
func (m *model) leave(s *spot, from spot, taken []*Transition) {
	var out []*State
	for _, t := range taken {
		out = append(out, m.list(m.exits(from, t))...)
	}
	slices.SortFunc(out, func(a, b *State) int { return cmp.Compare(b.Order, a.Order) })
	out = slices.Compact(out)
	for _, st := range out {
		for _, h := range st.Children {
			if h.History() {
				s.past[m.past[h]] = m.remembered(from, h)
			}
		}
	}
	for _, st := range out {
		raise(s, st.Exit)
		s.active.drop(st)
	}
}

func (m *model) remembered(from spot, h *State) set {
	out := m.empty()
	for _, st := range m.list(from.active) {
		if h.Kind == Shallow && st.Parent == h.Parent || h.Kind == Deep && len(st.Children) == 0 && st.Within(h.Parent) {
			out.add(st)
		}
	}
	return out
}

// entry collects what a microstep enters.
type entry struct {
	m     *model
	s     *spot
	enter set
	begin set                    // entered by default: their initial's actions are due
	past  map[*State]*Transition // by parent: the default of a history that was taken
}

// down enters a state and what has to be entered within it.
func (e *entry) down(st *State) {
	if st.History() {
		e.history(st)
		return
	}
	e.enter.add(st)
	switch st.Kind {
	case Compound:
		e.begin.add(st)
		for _, t := range st.Initial.Targets {
			e.down(t)
		}
		for _, t := range st.Initial.Targets {
			e.up(t, st)
		}
	case Parallel:
		e.regions(st)
	case Atomic, Final, Shallow, Deep:
	}
}

// history enters what a history remembers, or its default.
func (e *entry) history(st *State) {
	targets := st.Transitions[0].Targets
	if past := e.s.past[e.m.past[st]]; past != nil {
		targets = e.m.list(past)
	} else {
		e.past[st.Parent] = st.Transitions[0]
	}
	for _, t := range targets {
		e.down(t)
	}
	for _, t := range targets {
		e.up(t, st.Parent)
	}
}

// up enters the ancestors of a state below another.
func (e *entry) up(st, below *State) {
	for p := st.Parent; p != nil && p != below; p = p.Parent {
		e.enter.add(p)
		if p.Kind == Parallel {
			e.regions(p)
		}
	}
}

// regions enters the children of a parallel state that are not being entered.
func (e *entry) regions(st *State) {
	for _, c := range st.Children {
		if !c.History() && !slices.ContainsFunc(e.m.list(e.enter), func(x *State) bool { return x == c || x.Within(c) }) {
			e.down(c)
		}
	}
}

// into makes a state active and raises what follows from it.
func (e *entry) into(st *State) {
	e.s.active.add(st)
	raise(e.s, st.Entry)
	if e.begin.has(st) {
		raise(e.s, st.Initial.Do)
	}
	if t := e.past[st]; t != nil {
		raise(e.s, t.Do)
	}
	if st.Kind != Final {
		return
	}
	if st.Parent == e.m.p.Root {
		e.s.done = true
		return
	}
	e.s.queue = append(e.s.queue, "done.state."+st.Parent.ID)
	if g := st.Parent.Parent; g.Kind == Parallel && e.m.ended(*e.s, g) {
		e.s.queue = append(e.s.queue, "done.state."+g.ID)
	}
}

// ended reports whether a state has come to its end (isInFinalState).
func (m *model) ended(s spot, st *State) bool {
	switch st.Kind {
	case Compound:
		return slices.ContainsFunc(st.Children, func(c *State) bool { return c.Kind == Final && s.active.has(c) })
	case Parallel:
		return !slices.ContainsFunc(st.Children, func(c *State) bool { return !c.History() && !m.ended(s, c) })
	case Atomic, Final, Shallow, Deep:
	}
	return false
}
