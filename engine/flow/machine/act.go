package machine

import (
	"maps"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// do executes a block of actions in order. An expression that fails ends the
// block and becomes an event [SCXML §4.9].
func (r *run) do(actions []procedure.Action) {
	for i := range actions {
		errors := len(r.out.Errors)
		r.act(&actions[i])
		if len(r.out.Errors) > errors {
			return
		}
	}
}

func (r *run) act(a *procedure.Action) {
	switch a.Do { //nolint:exhaustive // the others are effects for whoever runs the machine
	case procedure.DoAssign:
		for _, as := range a.Assigns {
			v, ok := r.value(as.Expr, nil)
			if !ok {
				return
			}
			r.set(as.Name, typed(r.p.Field(as.Name), v))
		}
		return
	case procedure.DoRaise:
		errors := len(r.out.Errors)
		if data := r.values(a.Assigns, nil); len(r.out.Errors) == errors {
			r.raise(a.Event, data)
		}
		return
	case procedure.DoOpen:
		if !a.Each.None() {
			r.each(a)
			return
		}
	}
	r.effect(a, nil)
}

// typed gives an assigned number the type that its field is declared with.
func typed(f *procedure.Field, v any) any {
	if f == nil {
		return v
	}
	switch n := v.(type) {
	case int64:
		if f.Type == procedure.NumberField {
			return float64(n)
		}
	case float64:
		if f.Type == procedure.IntField && n == float64(int64(n)) {
			return int64(n)
		}
	}
	return v
}

// each opens a case for every entry of a list.
func (r *run) each(a *procedure.Action) {
	v, ok := r.value(a.Each, nil)
	if !ok {
		return
	}
	list, ok := v.([]any)
	if !ok {
		r.fail(fault.New(fault.Invalid, "expression %q gave %v, not a list", a.Each, v))
		return
	}
	for _, entry := range list {
		r.effect(a, entry)
	}
}

// effect evaluates an action that the surroundings carry out.
func (r *run) effect(a *procedure.Action, entry any) {
	errors := len(r.out.Errors)
	f := Effect{Action: a, Values: r.values(a.Assigns, entry)}
	if a.Owner != nil {
		f.Owner = r.owner(a.Owner)
	}
	if v, ok := r.value(a.Reason, nil); ok && v != nil {
		if f.Reason, ok = v.(string); !ok {
			r.fail(fault.New(fault.Invalid, "expression %q gave %v, not the code of a reason", a.Reason, v))
		}
	}
	if v, ok := r.value(a.Units, nil); ok && v != nil {
		n, ok := v.(int64)
		if !ok || n < 1 {
			r.fail(fault.New(fault.Invalid, "expression %q gave %v, not a whole number of units", a.Units, v))
		}
		f.Units = int(n)
	}
	if len(r.out.Errors) == errors {
		r.out.Effects = append(r.out.Effects, f)
	}
}

// raise puts an event at the end of the case's own queue.
func (r *run) raise(name string, data map[string]any) {
	r.queue = append(r.queue, Event{Name: name, By: r.event.By, At: r.event.At, Data: data})
}

// value evaluates an expression; entry is what event.each is, nil for nothing.
func (r *run) value(p guard.Program, entry any) (any, bool) {
	if p.None() {
		return nil, true
	}
	s := r.scope()
	if entry != nil {
		s.Event = maps.Clone(s.Event)
		s.Event["each"] = entry
	}
	v, err := p.Value(s)
	if err != nil {
		r.fail(err)
		return nil, false
	}
	return v, true
}

// values evaluates named expressions; those that fail are left out.
func (r *run) values(assigns []procedure.Assign, entry any) map[string]any {
	if len(assigns) == 0 {
		return nil
	}
	out := make(map[string]any, len(assigns))
	for _, a := range assigns {
		if v, ok := r.value(a.Expr, entry); ok {
			out[a.Name] = v
		}
	}
	return out
}

// owner evaluates who acts. A part that fails is an event, and nobody's.
func (r *run) owner(o *procedure.Owner) Owner {
	text := func(p guard.Program) string {
		v, _ := r.value(p, nil)
		s, _ := v.(string)
		return s
	}
	out := Owner{Post: text(o.Post), Unit: text(o.Unit), Role: o.Role, Person: text(o.Person)}
	v, _ := r.value(o.Joint, nil)
	list, _ := v.([]any)
	for _, e := range list {
		if unit, ok := e.(string); ok && unit != "" {
			out.Joint = append(out.Joint, unit)
		}
	}
	return out
}
