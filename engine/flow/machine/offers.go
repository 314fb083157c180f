package machine

import (
	"slices"

	"yuzhou/engine/flow/procedure"
)

// Offers lists the transitions that persons may send now: those of active states
// that have a name, inner states first, each event as far as its guard can be
// known. A guard that asks for what the sender will fill in is left open.
func Offers(p *procedure.Procedure, c Configuration) []*procedure.Transition {
	if c.Done {
		return nil
	}
	r := newRun(p, c)
	r.ids = c.Active
	r.look(Event{})
	var out []*procedure.Transition
	for _, v := range slices.Backward(p.States) {
		if !slices.Contains(c.Active, v.ID) {
			continue
		}
		for _, t := range v.Transitions {
			if t.Name.ZH != "" && len(t.Events) > 0 && r.open(t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// open reports whether a guard holds or may hold once the sender has said more:
// one that fails asks for something that is not there yet.
func (r *run) open(t *procedure.Transition) bool {
	ok, err := t.Guard.True(r.scope())
	return ok || err != nil || t.Guard.Mentions("event")
}
