package machine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// maxMicrosteps is how many microsteps one event may lead to: more of them is a
// procedure that never comes to rest.
const maxMicrosteps = 1000

// The events that the machine itself raises.
const (
	eventError = "error.execution" // data.text says which expression failed and why
	eventDone  = "done.state."     // followed by the id of the state that has come to its end
)

// run is one macrostep under way. Names in brackets are those of SCXML appendix D.
type run struct {
	p       *procedure.Procedure
	active  []bool // by Order [configuration]
	history map[string][]string
	data    map[string]any
	owned   bool           // data is a copy of this run's own
	queue   []Event        // [internalQueue]
	ids     []string       // of active states; nil when they have changed
	seen    map[string]any // the event as expressions see it
	event   Event
	failed  map[*procedure.Transition]bool // whose guard has failed in this macrostep
	out     Result
}

// Start opens a case: it enters the initial states and runs to rest.
//
//   - data: as Coerce returns it; the procedure's start actions see ev.
//   - Errors: fault.Invalid when the procedure does not come to rest.
func Start(p *procedure.Procedure, data map[string]any, ev Event) (Result, error) {
	r := newRun(p, Configuration{Data: data})
	r.active[0] = true
	r.look(ev)
	r.enter([]*procedure.Transition{p.Root.Initial})
	return r.rest()
}

// Step lets an external event happen to a case and runs to rest [one turn of
// mainEventLoop]. An event that no transition takes leaves the case as it is.
//
// Errors: fault.Invalid when the procedure does not come to rest, or when c is no
// configuration of it.
func Step(p *procedure.Procedure, c Configuration, ev Event) (Result, error) {
	r := newRun(p, c)
	for _, id := range c.Active {
		st := p.State(id)
		if st == nil {
			return Result{}, fault.New(fault.Invalid, "state %q is none of procedure %s", id, p.ID)
		}
		r.active[st.Order] = true
	}
	r.active[0] = true
	if c.Done {
		r.out.Configuration = c
		return r.out, nil
	}
	r.look(ev)
	r.microstep(r.choose(false))
	return r.rest()
}

func newRun(p *procedure.Procedure, c Configuration) *run {
	r := &run{p: p, active: make([]bool, len(p.States)+1), history: c.History, data: c.Data}
	if r.data == nil {
		r.data = map[string]any{}
	}
	return r
}

// rest takes eventless transitions and internal events until there are none.
func (r *run) rest() (Result, error) {
	for n := 0; !r.out.Done; n++ {
		if n == maxMicrosteps {
			return Result{}, fault.New(fault.Invalid, "procedure %s does not come to rest after %q: %d steps have led to no state in which it waits", r.p.ID, r.event.Name, n)
		}
		if t := r.choose(true); len(t) > 0 {
			r.microstep(t)
			continue
		}
		if len(r.queue) == 0 {
			break
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.look(next)
		r.microstep(r.choose(false))
	}
	r.out.Active, r.out.History, r.out.Data = r.states(), r.history, r.data
	return r.out, nil
}

// look makes an event the one that expressions see.
func (r *run) look(e Event) {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	r.event = e
	r.seen = map[string]any{"name": e.Name, "by": e.By, "at": e.At.UTC().Format(time.RFC3339), "data": e.Data}
}

// states lists the active states without the root, in document order.
func (r *run) states() []string {
	if r.ids == nil {
		r.ids = make([]string, 0, 4)
		for _, st := range r.p.States {
			if r.active[st.Order] {
				r.ids = append(r.ids, st.ID)
			}
		}
	}
	return r.ids
}

func (r *run) scope() guard.Scope {
	return guard.Scope{Data: r.data, Event: r.seen, States: r.states()}
}

// choose finds the transitions to take [selectTransitions,
// selectEventlessTransitions].
func (r *run) choose(eventless bool) []*procedure.Transition {
	var enabled []*procedure.Transition
	for _, st := range r.p.States {
		if !r.active[st.Order] || len(st.Children) > 0 {
			continue
		}
		if t := r.first(st, eventless); t != nil && !slices.Contains(enabled, t) {
			enabled = append(enabled, t)
		}
	}
	if len(enabled) < 2 {
		return enabled
	}
	return r.compatible(enabled)
}

// first returns the first enabled transition of a state or of one around it.
func (r *run) first(st *procedure.State, eventless bool) *procedure.Transition { //nolint:revive // the two selections of the standard differ in this alone
	for ; st != nil; st = st.Parent {
		for _, t := range st.Transitions {
			if eventless != (len(t.Events) == 0) || !eventless && !Matches(t.Events, r.event.Name) {
				continue
			}
			if r.holds(t) {
				return t
			}
		}
	}
	return nil
}

// Matches reports whether one of the descriptors stands for an event. Source:
// SCXML 1.0 §3.12.1.
func Matches(descriptors []string, event string) bool {
	for _, d := range descriptors {
		d = strings.TrimSuffix(strings.TrimSuffix(d, "*"), ".")
		if d == "" || d == event || len(event) > len(d) && event[len(d)] == '.' && event[:len(d)] == d {
			return true
		}
	}
	return false
}

// holds evaluates a guard; one that fails does not hold, and says so with an
// event: once in a macrostep, or a guard that always fails would never let the
// case come to rest.
func (r *run) holds(t *procedure.Transition) bool {
	if t.Guard.None() {
		return true
	}
	ok, err := t.Guard.True(r.scope())
	if err == nil {
		return ok
	}
	if !r.failed[t] {
		if r.failed == nil {
			r.failed = map[*procedure.Transition]bool{}
		}
		r.failed[t] = true
		r.fail(err)
	}
	return false
}

// fail records that an expression has failed.
func (r *run) fail(err error) {
	r.out.Errors = append(r.out.Errors, err.Error())
	r.queue = append(r.queue, Event{Name: eventError, By: r.event.By, At: r.event.At, Data: map[string]any{"text": err.Error()}})
}

// compatible removes transitions that conflict: one further in goes before one
// further out, otherwise the first in document order [removeConflictingTransitions].
func (r *run) compatible(enabled []*procedure.Transition) []*procedure.Transition {
	var out []*procedure.Transition
	for _, t := range enabled {
		var beaten []*procedure.Transition
		preempted := false
		for _, other := range out {
			if !r.conflict(t, other) {
				continue
			}
			if !t.Source.Within(other.Source) {
				preempted = true
				break
			}
			beaten = append(beaten, other)
		}
		if !preempted {
			out = append(slices.DeleteFunc(out, func(o *procedure.Transition) bool { return slices.Contains(beaten, o) }), t)
		}
	}
	return out
}

// conflict reports whether two transitions leave a state that both leave.
func (r *run) conflict(a, b *procedure.Transition) bool {
	da, db := r.domain(a), r.domain(b)
	if da == nil || db == nil {
		return false
	}
	for _, st := range r.p.States {
		if r.active[st.Order] && st.Within(da) && st.Within(db) {
			return true
		}
	}
	return false
}

// domain returns the state within which a transition leaves and enters states;
// nil of a targetless one [getTransitionDomain].
func (r *run) domain(t *procedure.Transition) *procedure.State {
	if t == r.p.Root.Initial {
		return r.p.Root
	}
	targets := r.targets(t)
	if len(targets) == 0 {
		return nil
	}
	within := func(st *procedure.State) bool {
		return !slices.ContainsFunc(targets, func(target *procedure.State) bool { return !target.Within(st) })
	}
	if t.Internal && t.Source.Kind == procedure.Compound && within(t.Source) {
		return t.Source
	}
	for st := t.Source.Parent; st != nil; st = st.Parent {
		if st.Kind == procedure.Compound && within(st) {
			return st
		}
	}
	return r.p.Root
}

// targets resolves histories [getEffectiveTargetStates].
func (r *run) targets(t *procedure.Transition) []*procedure.State {
	if !slices.ContainsFunc(t.Targets, (*procedure.State).History) {
		return t.Targets
	}
	var out []*procedure.State
	for _, st := range t.Targets {
		switch ids, ok := r.history[st.ID]; {
		case !st.History():
			out = append(out, st)
		case ok:
			out = append(out, r.named(ids)...)
		default:
			out = append(out, r.targets(st.Transitions[0])...)
		}
	}
	return out
}

func (r *run) named(ids []string) []*procedure.State {
	out := make([]*procedure.State, 0, len(ids))
	for _, id := range ids {
		if st := r.p.State(id); st != nil {
			out = append(out, st)
		}
	}
	return out
}

// set changes a field of the data, on a copy of what the caller gave.
func (r *run) set(name string, v any) {
	if !r.owned {
		r.data, r.owned = maps.Clone(r.data), true
	}
	r.data[name] = v
}
