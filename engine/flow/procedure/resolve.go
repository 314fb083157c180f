package procedure

import (
	"slices"

	"yuzhou/kernel/pack"
)

// resolve turns the names of targets into states and fills in where a compound
// state begins when it does not say.
func (r *reader) resolve() {
	ids := make([]string, len(r.p.States))
	for i, s := range r.p.States {
		ids[i] = s.ID
	}
	for _, a := range r.aims {
		for _, id := range a.ids {
			s := r.states[id]
			if s == nil {
				r.bad(a.t.Line, "flow.unknown-state", pack.Text{ZH: "%s：没有状态 %q%s", EN: "%s: there is no state %q%s"}, a.path, id, guess(id, ids))
				continue
			}
			a.t.Targets = append(a.t.Targets, s)
		}
		if len(a.ids) == 0 {
			r.bad(a.t.Line, "flow.value", pack.Text{ZH: "%s：没有去向；不改变状态的转移不写 to", EN: "%s: no state; leave the key out for a transition without a target"}, a.path)
		}
		r.legal(a)
	}
	for _, s := range append([]*State{r.p.Root}, r.p.States...) {
		if s.Initial != nil && len(s.Initial.Targets) == 0 {
			s.Initial.Targets = s.first()
		}
	}
}

// first returns where a compound state begins when it does not say: in its first child.
func (s *State) first() []*State {
	for _, c := range s.Children {
		if !c.History() {
			return []*State{c}
		}
	}
	return nil
}

// legal checks that the targets of a transition can be active together, and that
// those of an initial or a history lie within.
func (r *reader) legal(a aim) {
	within := a.t.Source
	if within.History() {
		within = within.Parent
	}
	inner := a.t.Source.History() || a.t == a.t.Source.Initial
	for i, s := range a.t.Targets {
		if inner && !s.Within(within) {
			r.bad(a.t.Line, "flow.target", pack.Text{ZH: "%s：%q 不在 %q 之内", EN: "%s: %q does not lie within %q"}, a.path, s.ID, within.ID)
		}
		for _, other := range a.t.Targets[:i] {
			if common := s.common(other); s == other || s.Within(other) || other.Within(s) || common.Kind != Parallel {
				r.bad(a.t.Line, "flow.target", pack.Text{ZH: "%s：%q 与 %q 不能同时成立", EN: "%s: %q and %q cannot be active together"}, a.path, other.ID, s.ID)
			}
		}
	}
}

// Within reports whether the state is a proper descendant of another.
func (s *State) Within(of *State) bool {
	for p := s.Parent; p != nil; p = p.Parent {
		if p == of {
			return true
		}
	}
	return false
}

// common returns the innermost state that both lie in.
func (s *State) common(other *State) *State {
	for p := s.Parent; p != nil; p = p.Parent {
		if other.Within(p) {
			return p
		}
	}
	return nil
}

// State returns the state of an id; nil for none.
func (p *Procedure) State(id string) *State {
	i := slices.IndexFunc(p.States, func(s *State) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return p.States[i]
}

// Clock returns the clock of an id; nil for none.
func (p *Procedure) Clock(id string) *Clock {
	i := slices.IndexFunc(p.Clocks, func(c Clock) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Clocks[i]
}

// Reason returns the list of reasons of an id; nil for none.
func (p *Procedure) Reason(id string) *Reasons {
	i := slices.IndexFunc(p.Reasons, func(l Reasons) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Reasons[i]
}

// Field returns the declared field of a name; nil for none.
func (p *Procedure) Field(name string) *Field {
	i := slices.IndexFunc(p.Data, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Data[i]
}
