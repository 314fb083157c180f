package procedure

import (
	"math/bits"
	"slices"
	"strings"
)

// model is a procedure without its data: the static check walks through all that
// can happen to it. Its steps are those of SCXML 1.0 appendix D, as in
// engine/flow/machine, with conditions over data free to be true or false.
type model struct {
	p      *Procedure
	states []*State // by Order, Root first
	conds  map[*Transition]*cond
	past   map[*State]int // number of a history state
}

// spot is where a case may stand within a step.
type spot struct {
	active set
	past   []set    // by number of the history state; nil: nothing remembered
	queue  []string // raised events that wait
	done   bool
}

// set is a set of states by Order.
type set []uint64

func (s set) has(st *State) bool { return s[st.Order/64]&(1<<(st.Order%64)) != 0 }
func (s set) add(st *State)      { s[st.Order/64] |= 1 << (st.Order % 64) }
func (s set) drop(st *State)     { s[st.Order/64] &^= 1 << (st.Order % 64) }

// list returns the states of a set in document order.
func (m *model) list(s set) []*State {
	var out []*State
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, m.states[i*64+bits.TrailingZeros64(w)])
		}
	}
	return out
}

func (m *model) empty() set { return make(set, len(m.states)/64+1) }

func newModel(p *Procedure) *model {
	m := &model{p: p, states: append([]*State{p.Root}, p.States...), conds: map[*Transition]*cond{}, past: map[*State]int{}}
	for _, s := range m.states {
		if s.History() {
			m.past[s] = len(m.past)
		}
		for _, t := range s.Transitions {
			m.conds[t] = look(t.Guard).cond
		}
	}
	return m
}

// clone returns a copy that step may change.
func (s spot) clone() spot {
	return spot{slices.Clone(s.active), slices.Clone(s.past), slices.Clone(s.queue), s.done}
}

// key is the same for the same spots alone.
func (s spot) key() string {
	var b strings.Builder
	word := func(w uint64) {
		for range 8 {
			b.WriteByte(byte(w))
			w >>= 8
		}
	}
	for _, part := range append([]set{s.active}, s.past...) {
		if part == nil {
			b.WriteByte(0)
			continue
		}
		b.WriteByte(1)
		for _, w := range part {
			word(w)
		}
	}
	if s.done {
		b.WriteByte(2)
	}
	b.WriteString(strings.Join(s.queue, " "))
	return b.String()
}

// leaves returns the active states that have no active child.
func (m *model) leaves(active set) []*State {
	var out []*State
	for _, s := range m.list(active) {
		if len(s.Children) == 0 {
			out = append(out, s)
		}
	}
	return out
}

// effective returns the targets of a transition with histories resolved.
func (m *model) effective(s spot, t *Transition) []*State {
	var out []*State
	for _, target := range t.Targets {
		switch {
		case !target.History():
			out = append(out, target)
		case s.past[m.past[target]] != nil:
			out = append(out, m.list(s.past[m.past[target]])...)
		default:
			out = append(out, m.effective(s, target.Transitions[0])...)
		}
	}
	return out
}

// domain returns the state within which a transition leaves and enters states; nil
// of a targetless one.
func (m *model) domain(s spot, t *Transition) *State {
	targets := m.effective(s, t)
	if len(targets) == 0 {
		return nil
	}
	within := func(p *State) bool {
		return !slices.ContainsFunc(targets, func(s *State) bool { return !s.Within(p) })
	}
	if t.Internal && t.Source.Kind == Compound && within(t.Source) {
		return t.Source
	}
	for p := t.Source.Parent; p != nil; p = p.Parent {
		if (p.Kind == Compound || p == m.p.Root) && within(p) {
			return p
		}
	}
	return m.p.Root
}

// exits returns the states that a transition leaves.
func (m *model) exits(s spot, t *Transition) set {
	out := m.empty()
	d := m.domain(s, t)
	if d == nil {
		return out
	}
	for _, st := range m.list(s.active) {
		if st.Within(d) {
			out.add(st)
		}
	}
	return out
}

// compatible removes transitions that conflict: an inner one goes before an outer,
// otherwise the first in document order.
func (m *model) compatible(s spot, enabled []*Transition) []*Transition {
	var out []*Transition
	for _, t := range enabled {
		exits, preempted := m.exits(s, t), false
		var beaten []*Transition
		for _, other := range out {
			if !exits.meets(m.exits(s, other)) {
				continue
			}
			if t.Source.Within(other.Source) {
				beaten = append(beaten, other)
				continue
			}
			preempted = true
			break
		}
		if !preempted {
			out = append(slices.DeleteFunc(out, func(o *Transition) bool { return slices.Contains(beaten, o) }), t)
		}
	}
	return out
}

func (s set) meets(other set) bool {
	for i, w := range s {
		if w&other[i] != 0 {
			return true
		}
	}
	return false
}

// matches reports whether an event descriptor stands for an event (§3.12.1).
func matches(descriptor, event string) bool {
	d := strings.TrimSuffix(strings.TrimSuffix(descriptor, "*"), ".")
	return d == "" || d == event || strings.HasPrefix(event, d+".")
}
