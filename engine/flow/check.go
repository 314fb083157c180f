package flow

import (
	"slices"
	"strings"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
)

// check says whether a person may send a command to a case now, and returns its
// data in the types that the procedure declares.
func (r *row) check(who person, c Command) (map[string]any, error) {
	switch {
	case c.Event == "":
		return nil, fault.Say(fault.Invalid, "没有写明做什么；现在可以做的：%s。", "event is missing; what can happen now: %s", offered(r.p, r.state))
	case c.Event == eventNote || c.Event == eventAttach:
		if !who.sees(r.Case) {
			return nil, fault.Say(fault.Forbidden, "办件 %s 不在您的查看范围内。", "case %s is not yours to see", r.Number)
		}
		return c.Data, nil
	case strings.HasPrefix(c.Event, taskPrefix):
		return c.Data, r.checkTask(who, c)
	case who.program():
		return r.checkProgram(c)
	case strings.HasPrefix(c.Event, clockPrefix) || strings.HasPrefix(c.Event, "case.") || c.Event == eventJoint:
		return nil, fault.Say(fault.Forbidden, "%q 只由系统自动发出。", "%q is sent by the program alone", c.Event)
	}
	t, err := offer(r.p, r.state, who, c.Event)
	if err != nil {
		return nil, err
	}
	return fill(r.p, t, c.Data)
}

// checkProgram fills in the form when the program sends what a person could.
func (r *row) checkProgram(c Command) (map[string]any, error) {
	for _, t := range offers(r.p, r.state) {
		if slices.Contains(t.Events, c.Event) {
			return fill(r.p, t, c.Data)
		}
	}
	return c.Data, nil
}

// fill checks an event's data against what the transition asks for.
func fill(p *procedure.Procedure, t *procedure.Transition, data map[string]any) (map[string]any, error) {
	asked := t.Form
	if t.Reasons != "" {
		reason := procedure.Field{Name: "reason", Type: procedure.ChoiceField, Required: true}
		for _, list := range p.Reasons {
			if list.ID == t.Reasons {
				reason.Options = list.Options
			}
		}
		asked = append(slices.Clone(asked), reason)
	}
	return machine.CoerceFields("data", asked, data)
}

// checkTask says whether a person may do what they ask with a task.
func (r *row) checkTask(who person, c Command) error {
	id, _ := c.Data["task"].(string)
	i := slices.IndexFunc(r.state.Tasks, func(t Task) bool { return t.ID == id })
	if i < 0 || who.program() {
		return nil // apply says what is wrong with the task
	}
	t := r.state.Tasks[i]
	ok := who.does(t)
	switch c.Event {
	case taskRelease:
		ok = ok || who.role(actor.Leader, t.Owner.Unit)
	case taskTransfer, taskDelegate:
		ok = ok || who.role(actor.Leader, t.Owner.Unit)
	case taskRemind:
		ok = who.sees(r.Case) && who.Known()
	case taskSupervise:
		ok = who.role(actor.Leader, r.Unit)
	case taskRecuse:
		ok = who.owns(t.Owner) || t.Delegated == who.ID
	case taskReturn:
		ok = ok || who.owns(t.Owner)
	}
	if !ok {
		return fault.Say(fault.Forbidden, "任务 %s（办件 %s）归%s办理，您不能对它做 %q。", "task %s of case %s is for %s; you cannot do %q with it", t.ID, r.Number, ownerText(t.Owner), c.Event)
	}
	return nil
}
