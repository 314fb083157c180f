package flow

import (
	"slices"
	"strconv"
	"strings"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

// The events that the engine itself knows; all others are the procedure's.
const (
	eventOpen    = "case.open"
	eventNote    = "case.note"   // somebody writes a remark
	eventAttach  = "case.attach" // somebody adds a document
	eventMigrate = "case.migrate"
	eventJoint   = "joint.answered" // what the procedure sees of a joint answer: data.unit, data.left
	taskPrefix   = "task."
	clockPrefix  = "clock."
)

// act is something that the surroundings have to do after a commit.
type act struct {
	Kind      string         `json:"kind"` // open, emit, evaluate, publish, notify
	Topic     string         `json:"topic,omitempty"`
	Event     string         `json:"event,omitempty"`
	To        string         `json:"to,omitempty"` // parent or children
	Procedure string         `json:"procedure,omitempty"`
	Data      map[string]any `json:"data,omitempty"`
	Owner     machine.Owner  `json:"owner,omitzero"`
	ZH        string         `json:"zh,omitempty"`
	EN        string         `json:"en,omitempty"`
	By        string         `json:"by,omitempty"` // who sent the event that led to it
}

// The kinds of acts.
const (
	actOpen     = "open"
	actEmit     = "emit"
	actEvaluate = "evaluate"
	actPublish  = "publish"
	actNotify   = "notify"
)

// outcome is what one event makes of a case.
type outcome struct { //nolint:recvcheck // apply and task return a copy, their helpers fill it in
	State    State
	Acts     []act
	Taken    bool     // the event did something
	Problems []string // expressions of the procedure that failed
}

// apply is the whole engine as a pure function: what an event makes of a state.
// Replaying a case is applying its events in order; nothing here asks who may
// send the event, what the time is or which calendar is in force.
//
// Errors: fault.Invalid or fault.Conflict when the event cannot happen to the
// case; s stays as it was in any case.
func apply(p *procedure.Procedure, s State, e machine.Event) (outcome, error) {
	next := s.clone()
	next.Last = e.At
	if e.By != "" && e.By != program && !slices.Contains(next.Acted[e.Name], e.By) {
		next.Acted[e.Name] = append(next.Acted[e.Name], e.By)
	}
	out := outcome{State: next, Taken: true}
	switch {
	case e.Name == eventNote || e.Name == eventAttach:
		return out, nil
	case e.Name == eventOpen:
		data, _ := e.Data["data"].(map[string]any)
		r, err := machine.Start(p, data, machine.Event{Name: e.Name, By: e.By, At: e.At, Data: data})
		if err != nil {
			return outcome{}, err
		}
		return out.fold(p, r, e)
	case e.Name == eventMigrate:
		var err error
		out.State, err = migrated(out.State, e)
		return out, err
	case strings.HasPrefix(e.Name, taskPrefix):
		return out.task(p, e)
	case next.Done:
		return outcome{}, fault.Say(fault.Conflict, "办件已经办结，不能再做“%s”。", "the case has ended; %q can no longer happen to it", e.Name)
	}
	if name, what, ok := clockEvent(e.Name); ok {
		next.Told[name] = what
	}
	r, err := machine.Step(p, s.Configuration, e)
	if err != nil {
		return outcome{}, err
	}
	return out.fold(p, r, e)
}

// clockEvent takes apart clock.NAME.warn and clock.NAME.due.
func clockEvent(event string) (name, what string, ok bool) {
	rest, ok := strings.CutPrefix(event, clockPrefix)
	if !ok {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, '.')
	if i < 0 {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

// fold turns the effects of a step into tasks, clocks and acts.
func (o outcome) fold(p *procedure.Procedure, r machine.Result, e machine.Event) (outcome, error) {
	o.State.Configuration, o.Problems = r.Configuration, r.Errors
	o.Taken = len(r.Taken) > 0 || e.Name == eventOpen
	for _, f := range r.Effects {
		var err error
		switch {
		case f.Exit != nil:
			o.leave(f.Exit, e)
		case f.Enter != nil:
			err = o.enter(p, f, e)
		case f.Action != nil:
			err = o.act(p, f, e)
		}
		if err != nil {
			return outcome{}, err
		}
	}
	if r.Done {
		o.State.Tasks = nil
		for name, c := range o.State.Clocks {
			if c.Stopped.IsZero() {
				o.State.Clocks[name] = c.Stop(e.At)
			}
		}
	}
	return o, nil
}

func (o *outcome) leave(st *procedure.State, e machine.Event) {
	o.State.Tasks = slices.DeleteFunc(o.State.Tasks, func(t Task) bool { return t.State == st.ID })
	if c, ok := o.State.Clocks[st.Clock]; ok && st.Clock != "" && c.Stopped.IsZero() {
		o.State.Clocks[st.Clock] = c.Stop(e.At)
	}
}

func (o *outcome) enter(p *procedure.Procedure, f machine.Effect, e machine.Event) error {
	st := f.Enter
	if st.Clock != "" {
		if err := o.start(p, st.Clock, e); err != nil {
			return err
		}
	}
	if st.Owner == nil {
		return nil
	}
	lead := f.Owner
	lead.Joint = nil
	o.open(Task{State: st.ID, Owner: lead, Clock: st.Clock, Opened: e.At})
	for _, unit := range f.Owner.Joint {
		if unit != lead.Unit {
			o.open(Task{State: st.ID, Owner: machine.Owner{Unit: unit, Role: lead.Role}, Joint: true, Clock: st.Clock, Opened: e.At})
		}
	}
	return nil
}

// open adds a task, whose id is unique within the case for ever.
func (o *outcome) open(t Task) {
	o.State.Made++
	t.ID = strconv.Itoa(o.State.Made)
	o.State.Tasks = append(o.State.Tasks, t)
}

// start starts a clock, anew when it has run before.
func (o *outcome) start(p *procedure.Procedure, name string, e machine.Event) error {
	for _, c := range p.Clocks {
		if c.ID == name {
			o.State.Clocks[name] = clock.New(c.Rule, e.At)
			delete(o.State.Told, name)
			return nil
		}
	}
	return fault.New(fault.Invalid, "procedure %s has no clock %q", p.ID, name)
}

func (o *outcome) act(p *procedure.Procedure, f machine.Effect, e machine.Event) error {
	a := f.Action
	switch a.Do {
	case procedure.DoStart, procedure.DoPause, procedure.DoResume, procedure.DoStop, procedure.DoExtend:
		return o.turn(p, f, e)
	case procedure.DoNotify:
		o.Acts = append(o.Acts, act{Kind: actNotify, Owner: f.Owner, ZH: a.Text.ZH, EN: a.Text.EN, By: e.By})
	case procedure.DoOpen:
		o.Acts = append(o.Acts, act{Kind: actOpen, Procedure: a.Procedure, Data: f.Values, By: e.By})
	case procedure.DoEmit:
		o.Acts = append(o.Acts, act{Kind: actEmit, Event: a.Event, To: string(a.To), Data: f.Values, By: e.By})
	case procedure.DoEvaluate:
		o.Acts = append(o.Acts, act{Kind: actEvaluate, Topic: a.Topic, Data: f.Values, By: e.By})
	case procedure.DoPublish:
		o.Acts = append(o.Acts, act{Kind: actPublish, Topic: a.Topic, Data: f.Values, By: e.By})
	case procedure.DoAssign, procedure.DoRaise: // the machine has done them
	}
	return nil
}

// turn does what an action asks of a clock. A clock that does not run is left
// alone: stopping twice is no mistake of whoever acts.
func (o *outcome) turn(p *procedure.Procedure, f machine.Effect, e machine.Event) error {
	a := f.Action
	if a.Do == procedure.DoStart {
		return o.start(p, a.Clock, e)
	}
	c, ok := o.State.Clocks[a.Clock]
	if !ok || !c.Stopped.IsZero() {
		return nil
	}
	var err error
	switch a.Do { //nolint:exhaustive // the actions on clocks that run
	case procedure.DoPause:
		c, err = c.Pause(pauseFor(p, f.Reason, e))
	case procedure.DoResume:
		c, err = c.Resume(e.At)
	case procedure.DoExtend:
		c, err = c.Extend(clock.Extension{Units: f.Units, Rank: a.Rank, Approver: e.By, Reason: f.Reason, At: e.At})
		delete(o.State.Told, a.Clock)
	default:
		c = c.Stop(e.At)
	}
	if err != nil {
		return err
	}
	o.State.Clocks[a.Clock] = c
	return nil
}

// pauseFor finds the legal basis of a reason in the procedure's lists.
func pauseFor(p *procedure.Procedure, code string, e machine.Event) clock.Pause {
	pause := clock.Pause{Reason: code, From: e.At}
	for _, list := range p.Reasons {
		for _, o := range list.Options {
			if o.Code == code && o.Basis != "" {
				pause.Basis = o.Basis
			}
		}
	}
	if n, ok := e.Data["notice"].(string); ok {
		pause.Notice = n
	}
	return pause
}
