package machine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
)

// plain is a second implementation of SCXML 1.0 appendix D: written line by line
// from its pseudo-code, with the names it has there, slow, and sharing nothing with
// the machine. What it does is in trace.
type plain struct {
	p             *procedure.Procedure
	configuration states
	historyValue  map[string][]*procedure.State
	internalQueue []machine.Event
	running       bool
	data          map[string]any
	event         machine.Event
	trace         []string
	told          map[*procedure.Transition]bool // guards that have failed in this macrostep
	micro         int
}

// states is an ordered set.
type states []*procedure.State

func (s states) has(x *procedure.State) bool { return slices.Contains(s, x) }

func (s *states) add(x *procedure.State) {
	if !s.has(x) {
		*s = append(*s, x)
	}
}

func (s *states) remove(x *procedure.State) {
	*s = slices.DeleteFunc(*s, func(o *procedure.State) bool { return o == x })
}

// documentOrder is also the entry order: ancestors first.
func (s states) documentOrder() states {
	out := slices.Clone(s)
	slices.SortFunc(out, func(a, b *procedure.State) int { return a.Order - b.Order })
	return out
}

func (s states) exitOrder() states {
	out := s.documentOrder()
	slices.Reverse(out)
	return out
}

func (s states) ids() []string {
	out := []string{}
	for _, x := range s {
		out = append(out, x.ID)
	}
	return out
}

// outcome is what a macrostep has led to, in a form that can be compared.
type outcome struct {
	Active  []string
	History map[string][]string
	Data    map[string]any
	Done    bool
	Trace   []string
	Endless bool
}

// interpret is procedure interpret(doc), up to the first wait.
func interpret(p *procedure.Procedure, data map[string]any, e machine.Event) outcome {
	x := &plain{p: p, historyValue: map[string][]*procedure.State{}, running: true, data: maps.Clone(data), event: e, told: map[*procedure.Transition]bool{}}
	x.executeContent(p.Root.Entry)
	x.executeContent(p.Root.Initial.Do)
	x.enterStates([]*procedure.Transition{p.Root.Initial})
	return x.mainEventLoop()
}

// external is one external event in procedure mainEventLoop().
func external(p *procedure.Procedure, c machine.Configuration, e machine.Event) outcome {
	x := &plain{p: p, historyValue: map[string][]*procedure.State{}, running: !c.Done, data: maps.Clone(c.Data), event: e, told: map[*procedure.Transition]bool{}}
	byID := func(ids []string) (out states) {
		for _, id := range ids {
			for _, s := range p.States {
				if s.ID == id {
					out.add(s)
				}
			}
		}
		return out
	}
	x.configuration = byID(c.Active)
	for h, ids := range c.History {
		x.historyValue[h] = byID(ids)
	}
	if !x.running {
		return x.outcome()
	}
	if enabled := x.selectTransitions(); len(enabled) > 0 {
		x.microstep(enabled)
	}
	return x.mainEventLoop()
}

func (x *plain) mainEventLoop() outcome {
	macrostepDone := false
	for x.running && !macrostepDone {
		if x.micro++; x.micro > 1000 {
			return outcome{Endless: true}
		}
		enabled := x.selectEventlessTransitions()
		if len(enabled) == 0 {
			if len(x.internalQueue) == 0 {
				macrostepDone = true
			} else {
				x.event = x.internalQueue[0]
				x.internalQueue = x.internalQueue[1:]
				enabled = x.selectTransitions()
			}
		}
		if len(enabled) > 0 {
			x.microstep(enabled)
		}
	}
	return x.outcome()
}

func (x *plain) outcome() outcome {
	out := outcome{Active: x.configuration.documentOrder().ids(), History: map[string][]string{}, Data: x.data, Done: !x.running, Trace: x.trace}
	for h, s := range x.historyValue {
		out.History[h] = states(s).documentOrder().ids()
	}
	return out
}

func (x *plain) selectEventlessTransitions() []*procedure.Transition {
	return x.selectBy(func(t *procedure.Transition) bool { return len(t.Events) == 0 })
}

func (x *plain) selectTransitions() []*procedure.Transition {
	return x.selectBy(func(t *procedure.Transition) bool { return nameMatch(t.Events, x.event.Name) })
}

func (x *plain) selectBy(eligible func(*procedure.Transition) bool) []*procedure.Transition {
	var enabled []*procedure.Transition
	for _, state := range x.configuration.documentOrder() {
		if !isAtomicState(state) {
			continue
		}
	loop:
		for _, s := range append(states{state}, getProperAncestors(state, nil)...) {
			for _, t := range s.Transitions {
				if eligible(t) && x.conditionMatch(t) {
					if !slices.Contains(enabled, t) {
						enabled = append(enabled, t)
					}
					break loop
				}
			}
		}
	}
	return x.removeConflictingTransitions(enabled)
}

func (x *plain) removeConflictingTransitions(enabled []*procedure.Transition) []*procedure.Transition {
	var filtered []*procedure.Transition
	for _, t1 := range enabled {
		t1Preempted := false
		toRemove := map[*procedure.Transition]bool{}
		for _, t2 := range filtered {
			if !hasIntersection(x.computeExitSet(t1), x.computeExitSet(t2)) {
				continue
			}
			if isDescendant(t1.Source, t2.Source) {
				toRemove[t2] = true
			} else {
				t1Preempted = true
				break
			}
		}
		if !t1Preempted {
			filtered = slices.DeleteFunc(filtered, func(t *procedure.Transition) bool { return toRemove[t] })
			filtered = append(filtered, t1)
		}
	}
	return filtered
}

func (x *plain) microstep(enabled []*procedure.Transition) {
	x.exitStates(enabled)
	for _, t := range enabled {
		x.trace = append(x.trace, fmt.Sprintf("take %d", t.Line))
		x.executeContent(t.Do)
	}
	x.enterStates(enabled)
}

func (x *plain) exitStates(enabled []*procedure.Transition) {
	statesToExit := x.computeExitSet(enabled...)
	for _, s := range statesToExit.exitOrder() {
		for _, h := range s.Children {
			var f func(*procedure.State) bool
			switch h.Kind {
			case procedure.Deep:
				f = func(s0 *procedure.State) bool { return isAtomicState(s0) && isDescendant(s0, s) }
			case procedure.Shallow:
				f = func(s0 *procedure.State) bool { return s0.Parent == s }
			default:
				continue
			}
			x.historyValue[h.ID] = nil
			for _, s0 := range x.configuration {
				if f(s0) {
					x.historyValue[h.ID] = append(x.historyValue[h.ID], s0)
				}
			}
		}
	}
	for _, s := range statesToExit.exitOrder() {
		x.executeContent(s.Exit)
		x.trace = append(x.trace, "exit "+s.ID)
		x.configuration.remove(s)
	}
}

func (x *plain) computeExitSet(transitions ...*procedure.Transition) states {
	var statesToExit states
	for _, t := range transitions {
		if len(t.Targets) == 0 {
			continue
		}
		domain := x.getTransitionDomain(t)
		for _, s := range x.configuration {
			if isDescendant(s, domain) {
				statesToExit.add(s)
			}
		}
	}
	return statesToExit
}

// entering is what enterStates works out.
type entering struct {
	statesToEnter, statesForDefaultEntry states
	defaultHistoryContent                map[string][]procedure.Action
}

func (x *plain) enterStates(enabled []*procedure.Transition) {
	e := &entering{defaultHistoryContent: map[string][]procedure.Action{}}
	for _, t := range enabled { // computeEntrySet
		for _, s := range t.Targets {
			x.addDescendantStatesToEnter(s, e)
		}
		ancestor := x.getTransitionDomain(t)
		for _, s := range x.getEffectiveTargetStates(t) {
			x.addAncestorStatesToEnter(s, ancestor, e)
		}
	}
	for _, s := range e.statesToEnter.documentOrder() {
		x.configuration.add(s)
		x.executeContent(s.Entry)
		if e.statesForDefaultEntry.has(s) {
			x.executeContent(s.Initial.Do)
		}
		x.executeContent(e.defaultHistoryContent[s.ID])
		x.trace = append(x.trace, "enter "+s.ID)
		if s.Kind != procedure.Final {
			continue
		}
		if s.Parent == x.p.Root {
			x.running = false
			continue
		}
		parent, grandparent := s.Parent, s.Parent.Parent
		donedata := map[string]any{}
		for _, d := range s.Done {
			if v, ok := x.value(d.Expr); ok {
				donedata[d.Name] = v
			}
		}
		x.enqueue("done.state."+parent.ID, donedata)
		if grandparent.Kind == procedure.Parallel && x.allFinal(grandparent) {
			x.enqueue("done.state."+grandparent.ID, nil)
		}
	}
}

func (x *plain) addDescendantStatesToEnter(state *procedure.State, e *entering) {
	if state.History() {
		if value, ok := x.historyValue[state.ID]; ok {
			for _, s := range value {
				x.addDescendantStatesToEnter(s, e)
			}
			for _, s := range value {
				x.addAncestorStatesToEnter(s, state.Parent, e)
			}
			return
		}
		t := state.Transitions[0]
		e.defaultHistoryContent[state.Parent.ID] = t.Do
		for _, s := range t.Targets {
			x.addDescendantStatesToEnter(s, e)
		}
		for _, s := range t.Targets {
			x.addAncestorStatesToEnter(s, state.Parent, e)
		}
		return
	}
	e.statesToEnter.add(state)
	switch state.Kind {
	case procedure.Compound:
		e.statesForDefaultEntry.add(state)
		for _, s := range state.Initial.Targets {
			x.addDescendantStatesToEnter(s, e)
		}
		for _, s := range state.Initial.Targets {
			x.addAncestorStatesToEnter(s, state, e)
		}
	case procedure.Parallel:
		x.addRegions(state, e)
	}
}

func (x *plain) addAncestorStatesToEnter(state, ancestor *procedure.State, e *entering) {
	for _, anc := range getProperAncestors(state, ancestor) {
		if anc == x.p.Root {
			continue
		}
		e.statesToEnter.add(anc)
		if anc.Kind == procedure.Parallel {
			x.addRegions(anc, e)
		}
	}
}

func (x *plain) addRegions(state *procedure.State, e *entering) {
	for _, child := range getChildStates(state) {
		if !slices.ContainsFunc(e.statesToEnter, func(s *procedure.State) bool { return isDescendant(s, child) }) {
			x.addDescendantStatesToEnter(child, e)
		}
	}
}

func (x *plain) isInFinalState(s *procedure.State) bool {
	switch s.Kind {
	case procedure.Compound:
		return slices.ContainsFunc(getChildStates(s), func(c *procedure.State) bool { return c.Kind == procedure.Final && x.configuration.has(c) })
	case procedure.Parallel:
		return x.allFinal(s)
	}
	return false
}

func (x *plain) allFinal(s *procedure.State) bool {
	for _, c := range getChildStates(s) {
		if !x.isInFinalState(c) {
			return false
		}
	}
	return true
}

func (x *plain) getTransitionDomain(t *procedure.Transition) *procedure.State {
	tstates := x.getEffectiveTargetStates(t)
	inSource := func(s *procedure.State) bool { return isDescendant(s, t.Source) }
	switch {
	case len(tstates) == 0:
		return nil
	case t.Source == x.p.Root:
		return x.p.Root
	case t.Internal && t.Source.Kind == procedure.Compound && !slices.ContainsFunc(tstates, func(s *procedure.State) bool { return !inSource(s) }):
		return t.Source
	}
	return x.findLCCA(append(states{t.Source}, tstates...))
}

func (x *plain) findLCCA(stateList states) *procedure.State {
	for _, anc := range getProperAncestors(stateList[0], nil) {
		if anc.Kind != procedure.Compound {
			continue
		}
		if !slices.ContainsFunc(stateList[1:], func(s *procedure.State) bool { return !isDescendant(s, anc) }) {
			return anc
		}
	}
	return nil
}

func (x *plain) getEffectiveTargetStates(t *procedure.Transition) states {
	var targets states
	for _, s := range t.Targets {
		if !s.History() {
			targets.add(s)
			continue
		}
		if value, ok := x.historyValue[s.ID]; ok {
			for _, v := range value {
				targets.add(v)
			}
			continue
		}
		for _, v := range x.getEffectiveTargetStates(s.Transitions[0]) {
			targets.add(v)
		}
	}
	return targets
}

func getProperAncestors(s1, s2 *procedure.State) states {
	var out states
	if s1 == s2 || isDescendant(s2, s1) {
		return out
	}
	for a := s1.Parent; a != nil && a != s2; a = a.Parent {
		out = append(out, a)
	}
	return out
}

func isDescendant(s1, s2 *procedure.State) bool {
	if s1 == nil {
		return false
	}
	for a := s1.Parent; a != nil; a = a.Parent {
		if a == s2 {
			return true
		}
	}
	return false
}

func isAtomicState(s *procedure.State) bool {
	return s.Kind == procedure.Atomic || s.Kind == procedure.Final
}

func getChildStates(s *procedure.State) states {
	var out states
	for _, c := range s.Children {
		if !c.History() {
			out = append(out, c)
		}
	}
	return out
}

func hasIntersection(a, b states) bool {
	return slices.ContainsFunc(a, func(s *procedure.State) bool { return b.has(s) })
}

// nameMatch compares descriptors token by token (§3.12.1).
func nameMatch(descriptors []string, name string) bool {
	for _, d := range descriptors {
		want, have := strings.Split(d, "."), strings.Split(name, ".")
		if last := len(want) - 1; want[last] == "*" || want[last] == "" {
			want = want[:last]
		}
		if len(want) <= len(have) && slices.Equal(want, have[:len(want)]) {
			return true
		}
	}
	return false
}

func (x *plain) scope() guard.Scope {
	data := x.event.Data
	if data == nil {
		data = map[string]any{}
	}
	return guard.Scope{
		Data: x.data, States: x.configuration.documentOrder().ids(),
		Event: map[string]any{"name": x.event.Name, "by": x.event.By, "at": x.event.At.UTC().Format(time.RFC3339), "data": data},
	}
}

func (x *plain) enqueue(name string, data map[string]any) {
	x.internalQueue = append(x.internalQueue, machine.Event{Name: name, By: x.event.By, At: x.event.At, Data: data})
}

func (x *plain) conditionMatch(t *procedure.Transition) bool {
	ok, err := t.Guard.True(x.scope())
	if err != nil && !x.told[t] {
		x.told[t] = true
		x.failed(err)
	}
	return ok && err == nil
}

func (x *plain) failed(err error) {
	x.trace = append(x.trace, "error")
	x.enqueue("error.execution", map[string]any{"text": err.Error()})
}

func (x *plain) value(p guard.Program) (any, bool) {
	v, err := p.Value(x.scope())
	if err != nil {
		x.failed(err)
	}
	return v, err == nil
}

// executeContent executes a block; an error ends it.
func (x *plain) executeContent(block []procedure.Action) {
	for _, a := range block {
		values := map[string]any{}
		for _, as := range a.Assigns {
			v, ok := x.value(as.Expr)
			if !ok {
				return
			}
			values[as.Name] = v
			if a.Do == procedure.DoAssign {
				x.data[as.Name] = v
			}
		}
		switch a.Do {
		case procedure.DoAssign:
		case procedure.DoRaise:
			x.enqueue(a.Event, values)
		default:
			x.trace = append(x.trace, "do "+a.Topic)
		}
	}
}
