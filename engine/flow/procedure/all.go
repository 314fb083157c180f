package procedure

import "slices"

// actions returns all actions of a procedure.
func (p *Procedure) actions() []Action {
	var out []Action
	for _, s := range append([]*State{p.Root}, p.States...) {
		out = append(out, s.actions()...)
	}
	return out
}

// actions returns all actions of a state: on entering, leaving and moving.
func (s *State) actions() []Action {
	out := slices.Concat(s.Entry, s.Exit)
	if s.Initial != nil {
		out = append(out, s.Initial.Do...)
	}
	for _, t := range s.Transitions {
		out = append(out, t.Do...)
	}
	return out
}
