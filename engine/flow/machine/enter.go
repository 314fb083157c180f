package machine

import (
	"maps"
	"slices"

	"yuzhou/engine/flow/procedure"
)

// microstep takes transitions that do not conflict [microstep].
func (r *run) microstep(taken []*procedure.Transition) {
	if len(taken) == 0 {
		return
	}
	r.exit(taken)
	for _, t := range taken {
		r.do(t.Do)
	}
	r.enter(taken)
	r.out.Taken = append(r.out.Taken, taken...)
}

// exit leaves states, inner ones first, after their histories have remembered
// them [exitStates].
func (r *run) exit(taken []*procedure.Transition) {
	leave := r.left(taken)
	for _, st := range leave {
		r.remember(st)
	}
	for _, st := range leave {
		r.do(st.Exit)
		r.out.Effects = append(r.out.Effects, Effect{Exit: st})
		r.active[st.Order], r.ids = false, nil
	}
}

// left lists the active states that transitions leave, inner ones first.
func (r *run) left(taken []*procedure.Transition) []*procedure.State {
	var out []*procedure.State
	for _, st := range slices.Backward(r.p.States) {
		if r.active[st.Order] && slices.ContainsFunc(taken, func(t *procedure.Transition) bool {
			d := r.domain(t)
			return d != nil && st.Within(d)
		}) {
			out = append(out, st)
		}
	}
	return out
}

// remember fills the histories of a state that is about to be left.
func (r *run) remember(st *procedure.State) {
	for _, h := range st.Children {
		if !h.History() {
			continue
		}
		var ids []string
		for _, x := range r.p.States {
			if r.active[x.Order] && (h.Kind == procedure.Shallow && x.Parent == st || h.Kind == procedure.Deep && len(x.Children) == 0 && x.Within(st)) {
				ids = append(ids, x.ID)
			}
		}
		history := maps.Clone(r.history)
		if history == nil {
			history = map[string][]string{}
		}
		history[h.ID] = ids
		r.history = history
	}
}

// entry is what a microstep enters.
type entry struct {
	r       *run
	enter   []bool                                     // by Order [statesToEnter]
	initial []bool                                     // entered by default [statesForDefaultEntry]
	history map[*procedure.State]*procedure.Transition // by parent: a history's default that was taken [defaultHistoryContent]
}

// enter enters states, outer ones first [enterStates].
func (r *run) enter(taken []*procedure.Transition) {
	e := &entry{r: r, enter: make([]bool, len(r.active)), initial: make([]bool, len(r.active)), history: map[*procedure.State]*procedure.Transition{}}
	if taken[0] == r.p.Root.Initial {
		r.do(r.p.Root.Entry)
		r.do(r.p.Root.Initial.Do)
	}
	for _, t := range taken {
		for _, st := range t.Targets {
			e.down(st)
		}
		d := r.domain(t)
		for _, st := range r.targets(t) {
			e.up(st, d)
		}
	}
	for _, st := range r.p.States {
		if e.enter[st.Order] {
			e.into(st)
		}
	}
}

// down enters a state and what has to be entered within it
// [addDescendantStatesToEnter].
func (e *entry) down(st *procedure.State) {
	switch st.Kind {
	case procedure.Shallow, procedure.Deep:
		e.past(st)
	case procedure.Compound:
		e.enter[st.Order], e.initial[st.Order] = true, true
		for _, t := range st.Initial.Targets {
			e.down(t)
		}
		for _, t := range st.Initial.Targets {
			e.up(t, st)
		}
	case procedure.Parallel:
		e.enter[st.Order] = true
		e.regions(st)
	case procedure.Atomic, procedure.Final:
		e.enter[st.Order] = true
	}
}

// past enters what a history remembers, or its default.
func (e *entry) past(h *procedure.State) {
	targets := h.Transitions[0].Targets
	if ids, ok := e.r.history[h.ID]; ok {
		targets = e.r.named(ids)
	} else {
		e.history[h.Parent] = h.Transitions[0]
	}
	for _, t := range targets {
		e.down(t)
	}
	for _, t := range targets {
		e.up(t, h.Parent)
	}
}

// up enters the states around a state, below another [addAncestorStatesToEnter].
func (e *entry) up(st, below *procedure.State) {
	for a := st.Parent; a != nil && a != below && a != e.r.p.Root; a = a.Parent {
		e.enter[a.Order] = true
		if a.Kind == procedure.Parallel {
			e.regions(a)
		}
	}
}

// regions enters those children of a parallel state of which nothing is entered yet.
func (e *entry) regions(st *procedure.State) {
	for _, c := range st.Children {
		if !c.History() && !e.touches(c) {
			e.down(c)
		}
	}
}

// touches reports whether a state or something within it is entered.
func (e *entry) touches(st *procedure.State) bool {
	for _, x := range e.r.p.States {
		if e.enter[x.Order] && (x == st || x.Within(st)) {
			return true
		}
	}
	return false
}

// into makes a state active.
func (e *entry) into(st *procedure.State) {
	r := e.r
	r.active[st.Order], r.ids = true, nil
	r.do(st.Entry)
	if e.initial[st.Order] {
		r.do(st.Initial.Do)
	}
	if t := e.history[st]; t != nil {
		r.do(t.Do)
	}
	f := Effect{Enter: st}
	if st.Owner != nil {
		f.Owner = r.owner(st.Owner)
	}
	r.out.Effects = append(r.out.Effects, f)
	if st.Kind == procedure.Final {
		r.finish(st)
	}
}

// finish tells what a final state has brought to its end.
func (r *run) finish(st *procedure.State) {
	if st.Parent == r.p.Root {
		r.out.Done = true
		return
	}
	r.raise(eventDone+st.Parent.ID, r.values(st.Done, nil))
	if g := st.Parent.Parent; g.Kind == procedure.Parallel && r.ended(g) {
		r.raise(eventDone+g.ID, nil)
	}
}

// ended reports whether a state has come to its end [isInFinalState].
func (r *run) ended(st *procedure.State) bool {
	switch st.Kind { //nolint:exhaustive // the others have no children
	case procedure.Compound:
		for _, c := range st.Children {
			if c.Kind == procedure.Final && r.active[c.Order] {
				return true
			}
		}
		return false
	case procedure.Parallel:
		for _, c := range st.Children {
			if !c.History() && !r.ended(c) {
				return false
			}
		}
		return true
	}
	return false
}
