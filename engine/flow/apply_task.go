package flow

import (
	"slices"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// What people do with tasks. Each is an event task.VERB with data.task.
const (
	taskClaim     = "task.claim"     // 领取: I do it
	taskRelease   = "task.release"   // 放回: back to all who may
	taskDelegate  = "task.delegate"  // 委托: data.person does it for me, and I may take it back
	taskTransfer  = "task.transfer"  // 转办: data.unit, data.role or data.post has it from now on
	taskReturn    = "task.return"    // 退回: back to whom it came from, with data.text
	taskJoin      = "task.join"      // 会办: data.units are asked to answer too
	taskAnswer    = "task.answer"    // a joint answer: data.text, data.files
	taskRemind    = "task.remind"    // 催办: data.text
	taskSupervise = "task.supervise" // 督办: data.level 1 to 3
	taskRecuse    = "task.recuse"    // 回避: I may not do it, data.text says why
)

// maxLevel is the highest level of supervision.
const maxLevel = 3

// transfer gives a task to another holder, whose role stays when only a unit is named.
func transfer(t *Task, to machine.Owner) error {
	if to.Post == "" && to.Unit == "" {
		return fault.Say(fault.Invalid, "没有写明转给哪个单位或岗位（data.unit 或 data.post），任务 %s 无法转办。", "data.unit or data.post is missing: who is to have task %s from now on", t.ID)
	}
	if to.Unit != "" && to.Role == "" {
		to.Role = t.Owner.Role
	}
	from := t.Owner
	t.From, t.Owner, t.Claimed, t.Delegated = &from, to, "", ""
	return nil
}

// claim gives a task to the one of its holders who does it.
func claim(t *Task, by string) error {
	if t.Claimed != "" && t.Claimed != by {
		return fault.Say(fault.Conflict, "任务 %s 已由他人签收。", "task %s has been claimed by somebody else", t.ID)
	}
	t.Claimed = by
	return nil
}

// delegate hands a task to a person.
func delegate(t *Task, person string) error {
	if person == "" {
		return fault.Say(fault.Invalid, "没有写明委托给谁（data.person），任务 %s 无法委托。", "data.person is missing: the id of the person who is to do task %s", t.ID)
	}
	t.Claimed, t.Delegated = "", person
	return nil
}

// supervise puts a task under a level of supervision.
func supervise(t *Task, asked any) error {
	level, ok := whole(asked)
	if !ok || level < 1 || level > maxLevel {
		return fault.Say(fault.Invalid, "督办级别 %v 不对，请填 1 到 %d。", "data.level is %v; give the level of supervision, 1 to %d", asked, maxLevel)
	}
	t.Level = int(level)
	return nil
}

// task does what an event asks of a task. Pure, as apply.
func (o outcome) task(p *procedure.Procedure, e machine.Event) (outcome, error) {
	id, _ := e.Data["task"].(string)
	i := slices.IndexFunc(o.State.Tasks, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return outcome{}, fault.Say(fault.Conflict, "办件没有待办任务 %q：已经办完，或从来没有。", "task %q of the case is not open; it has been done or never was", id)
	}
	t := o.State.Tasks[i]
	t.Recused = slices.Clone(t.Recused)
	text := func(key string) string { s, _ := e.Data[key].(string); return s }
	switch e.Name {
	case taskClaim:
		if err := claim(&t, e.By); err != nil {
			return outcome{}, err
		}
	case taskRelease:
		t.Claimed, t.Delegated = "", ""
	case taskDelegate:
		if err := delegate(&t, text("person")); err != nil {
			return outcome{}, err
		}
	case taskTransfer:
		if err := transfer(&t, machine.Owner{Post: text("post"), Unit: text("unit"), Role: text("role")}); err != nil {
			return outcome{}, err
		}
	case taskReturn:
		return o.giveBack(t, i)
	case taskRecuse:
		t.Recused, t.Claimed, t.Delegated = append(t.Recused, e.By), "", ""
	case taskRemind:
		t.Reminded++
		o.notify(t, e, "催办：请尽快办理", "Reminder: please handle this")
	case taskSupervise:
		if err := supervise(&t, e.Data["level"]); err != nil {
			return outcome{}, err
		}
		o.notify(t, e, "督办：此件已列入督办", "Supervised: this case is now under supervision")
	case taskJoin:
		return o.join(t, e)
	case taskAnswer:
		return o.answer(p, t, i, e)
	default:
		return outcome{}, fault.Say(fault.Invalid, "任务上没有 %q 这个动作。", "%q is not something to do with a task", e.Name)
	}
	o.State.Tasks[i] = t
	return o, nil
}

// giveBack returns a task to whoever handed it on.
func (o outcome) giveBack(t Task, i int) (outcome, error) {
	switch {
	case t.Delegated != "":
		t.Delegated = ""
	case t.From != nil:
		t.Owner, t.From = *t.From, nil
	default:
		return outcome{}, fault.Say(fault.Conflict, "任务 %s 没有经人转交，不能退回给转交人；请用办件本身的退回。", "task %s was handed on by nobody, so it cannot be given back; use the case's own way to return it", t.ID)
	}
	t.Claimed = ""
	o.State.Tasks[i] = t
	return o, nil
}

// join asks further units to answer beside the lead.
func (o outcome) join(lead Task, e machine.Event) (outcome, error) {
	units, _ := e.Data["units"].([]any)
	if len(units) == 0 {
		return outcome{}, fault.Say(fault.Invalid, "没有写明请哪些单位会办（data.units）。", "data.units is missing: the units that are asked to answer too")
	}
	for _, u := range units {
		unit, ok := u.(string)
		if !ok || unit == "" {
			return outcome{}, fault.Say(fault.Invalid, "会办单位（data.units）里有 %v，请填单位编号。", "data.units holds %v; give ids of units", u)
		}
		asked := slices.ContainsFunc(o.State.Tasks, func(t Task) bool { return t.Joint && t.State == lead.State && t.Owner.Unit == unit })
		if !asked && unit != lead.Owner.Unit {
			o.open(Task{State: lead.State, Owner: machine.Owner{Unit: unit, Role: lead.Owner.Role}, Joint: true, Clock: lead.Clock, Opened: e.At})
		}
	}
	return o, nil
}

// answer closes a joint task and lets the procedure know how many are left.
func (o outcome) answer(p *procedure.Procedure, t Task, i int, e machine.Event) (outcome, error) {
	if !t.Joint {
		return outcome{}, fault.Say(fault.Conflict, "任务 %s 是主办，请按流程办理，不用会办答复。", "task %s leads; it is done by what the procedure offers, not by a joint answer", t.ID)
	}
	o.State.Tasks = slices.Delete(o.State.Tasks, i, i+1)
	left := 0
	for _, other := range o.State.Tasks {
		if other.Joint && other.State == t.State {
			left++
		}
	}
	seen := machine.Event{Name: eventJoint, By: e.By, At: e.At, Data: map[string]any{"unit": t.Owner.Unit, "left": int64(left), "text": e.Data["text"]}}
	r, err := machine.Step(p, o.State.Configuration, seen)
	if err != nil {
		return outcome{}, err
	}
	o, err = o.fold(p, r, seen)
	o.Taken = true
	return o, err
}

// notify tells the holder of a task, with the sender's own words when there are any.
func (o *outcome) notify(t Task, e machine.Event, zh, en string) {
	if text, ok := e.Data["text"].(string); ok && text != "" {
		zh, en = text, text
	}
	to := t.Owner
	if t.Delegated != "" {
		to = machine.Owner{Person: t.Delegated}
	}
	o.Acts = append(o.Acts, act{Kind: actNotify, Owner: to, ZH: zh, EN: en, By: e.By})
}
