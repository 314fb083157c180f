package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

// person is who asks, with all that lets them act in cases.
type person struct {
	actor.Actor
	Within func(unit, top string) bool
}

// person wraps the actor of a request.
func (s *Service) person(ctx context.Context) person {
	return person{Actor: actor.Of(ctx), Within: func(unit, top string) bool {
		ok, err := s.who.Within(ctx, unit, top)
		return ok && err == nil // what cannot be known opens no door
	}}
}

// program reports whether the program itself acts, or whoever runs it on its
// data directory.
func (w person) program() bool { return w.ID == program }

// owns reports whether a task or a step of that owner is the person's: by name,
// by post, or by the role over the unit or one above it.
func (w person) owns(o machine.Owner) bool {
	switch {
	case o.Person != "":
		return o.Person == w.ID
	case o.Post != "":
		return slices.Contains(w.Posts, o.Post)
	}
	return w.role(actor.Role(o.Role), o.Unit)
}

// role reports whether the person has the role, or runs the installation, over a unit.
func (w person) role(r actor.Role, unit string) bool {
	return slices.ContainsFunc(w.Grants, func(g actor.Grant) bool {
		return (g.Role == r || g.Role == actor.Owner) && (g.Unit == unit || w.Within(unit, g.Unit))
	})
}

// over reports whether the person has any role over a unit.
func (w person) over(unit string) bool {
	return slices.ContainsFunc(w.Grants, func(g actor.Grant) bool { return g.Unit == unit || w.Within(unit, g.Unit) })
}

// sees reports whether the person may read a case: who has a role over its
// unit, or a task in it.
func (w person) sees(c Case) bool {
	if w.program() || w.over(c.Unit) {
		return true
	}
	return slices.ContainsFunc(c.Tasks, func(t Task) bool { return w.does(t) || w.owns(t.Owner) })
}

// does reports whether a task may be done by the person.
func (w person) does(t Task) bool {
	if slices.Contains(t.Recused, w.ID) {
		return false
	}
	switch {
	case t.Delegated != "":
		return t.Delegated == w.ID
	case t.Claimed != "":
		return t.Claimed == w.ID
	}
	return w.owns(t.Owner)
}

// offer finds the transition that a person's event is meant for, and refuses
// the event when there is none, or none that the person may take.
//
// Errors: fault.Conflict when the event does nothing now, fault.Forbidden when it
// is somebody else's.
func offer(p *procedure.Procedure, s State, w person, event string) (*procedure.Transition, error) {
	var owner machine.Owner
	found := false
	for _, t := range offers(p, s) {
		if !slices.Contains(t.Events, event) {
			continue
		}
		found = true
		var allowed bool
		var err error
		if owner, allowed, err = s.allows(t, w); err != nil {
			return nil, err
		}
		if allowed {
			return t, nil
		}
	}
	if !found {
		return nil, fault.Say(fault.Conflict, "办件在“%[2]s”时不能做“%[1]s”；现在可以做的：%[3]s。", "%q does nothing while the case is in %s; what can happen now: %s", event, leaves(p, s), offered(p, s))
	}
	return nil, fault.Say(fault.Forbidden, "“%s”归%s办理。", "%q is for %s", event, ownerText(owner))
}

// allows reports whether a person may take a transition, and whose it is.
func (s State) allows(t *procedure.Transition, w person) (machine.Owner, bool, error) {
	rule := t.By
	holder := holding(t.Source)
	if rule == nil && holder != nil {
		rule = holder.Owner
	}
	if rule == nil {
		return machine.Owner{}, w.program(), nil
	}
	owner, err := s.owner(rule)
	if err != nil {
		return owner, false, err
	}
	for _, event := range rule.Not {
		if slices.Contains(s.Acted[event], w.ID) && !w.program() {
			return owner, false, fault.Say(fault.Forbidden, "做了“%s”的人不能再来审它，要由%s中的其他人办理。", "who did %q may not judge it; somebody else of %s has to", event, ownerText(owner))
		}
	}
	if w.program() {
		return owner, true, nil
	}
	if t.By != nil || holder == nil {
		return owner, w.owns(owner), nil
	}
	for _, task := range s.Tasks {
		if task.State == holder.ID && !task.Joint {
			return task.Owner, w.does(task), nil
		}
	}
	return owner, w.owns(owner), nil
}

// holding returns the innermost state around st that has an owner, or nil.
func holding(st *procedure.State) *procedure.State {
	for ; st != nil; st = st.Parent {
		if st.Owner != nil {
			return st
		}
	}
	return nil
}

// owner evaluates who acts, with the data as they are now.
func (s State) owner(o *procedure.Owner) (machine.Owner, error) {
	scope := guard.Scope{Data: s.Data, States: s.Active}
	var out machine.Owner
	for _, part := range []struct {
		p   guard.Program
		dst *string
	}{{o.Post, &out.Post}, {o.Unit, &out.Unit}, {o.Person, &out.Person}} {
		v, err := part.p.Value(scope)
		if err != nil {
			return out, err
		}
		*part.dst, _ = v.(string)
	}
	out.Role = o.Role
	return out, nil
}

// ownerText names an owner for a sentence.
func ownerText(o machine.Owner) pack.Text {
	roles := map[string]string{string(actor.Clerk): "经办人", string(actor.Steward): "审核人", string(actor.Leader): "负责人"}
	switch {
	case o.Person != "":
		return text("人员 %s ", "person %s", o.Person)
	case o.Post != "":
		return text("岗位 %s ", "the holder of post %s", o.Post)
	case o.Unit != "":
		return pack.Text{ZH: fmt.Sprintf("单位 %s 的%s", o.Unit, cmp.Or(roles[o.Role], o.Role)), EN: fmt.Sprintf("a %s of unit %s", o.Role, o.Unit)}
	}
	return pack.Text{ZH: "系统", EN: "the program alone"}
}

// offered lists what may happen to a case, for a sentence.
func offered(p *procedure.Procedure, s State) pack.Text {
	var out []pack.Text
	for _, t := range offers(p, s) {
		for _, e := range t.Events {
			out = append(out, pack.Text{ZH: cmp.Or(t.Name.ZH, e), EN: fmt.Sprintf("%s (%s)", e, t.Name.ZH)})
		}
	}
	if len(out) == 0 {
		return pack.Text{ZH: "没有要人办的", EN: "nothing by a person"}
	}
	return listed(out)
}

// leaves names the innermost active states of a case, for a sentence.
func leaves(p *procedure.Procedure, s State) pack.Text {
	var out []pack.Text
	for _, st := range p.States {
		if st.Kind == procedure.Atomic && slices.Contains(s.Active, st.ID) {
			out = append(out, pack.Text{ZH: cmp.Or(st.Name.ZH, st.ID), EN: fmt.Sprintf("%s (%s)", st.ID, st.Name.ZH)})
		}
	}
	return listed(out)
}

// listed joins texts, each once, in the order of their English.
func listed(all []pack.Text) pack.Text {
	slices.SortFunc(all, func(a, b pack.Text) int { return cmp.Compare(a.EN, b.EN) })
	var zh, en []string
	for _, t := range slices.Compact(all) {
		zh, en = append(zh, t.ZH), append(en, t.EN)
	}
	return pack.Text{ZH: strings.Join(slices.Compact(zh), "、"), EN: strings.Join(en, ", ")}
}
