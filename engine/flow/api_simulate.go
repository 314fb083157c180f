package flow

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
)

type simulateInput struct {
	Body struct {
		Name   string           `json:"name" doc:"of the file, as findings name it; .scxml is read as SCXML"`
		Text   string           `json:"text"`
		Data   map[string]any   `json:"data,omitempty" doc:"what a case would begin with"`
		Events []SimulatedEvent `json:"events"`
	}
}

// SimulatedEvent is an event to try: a name, or a name with data.
type SimulatedEvent struct {
	Name string         `json:"event"`
	Data map[string]any `json:"data,omitempty"`
	At   time.Time      `json:"at,omitzero"`
}

// UnmarshalJSON also takes a mere name.
func (e *SimulatedEvent) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &e.Name) == nil {
		return nil
	}
	type plain SimulatedEvent
	return json.Unmarshal(b, (*plain)(e))
}

// Simulated is a case after an event.
type Simulated struct {
	Active []string       `json:"active" doc:"ids of all active states, in document order"`
	Data   map[string]any `json:"data"`
	Done   bool           `json:"done,omitempty"`
	Taken  bool           `json:"taken" doc:"the event did something"`
	Errors []string       `json:"errors,omitempty" doc:"expressions that failed"`
}

// Simulation is a whole trial.
type Simulation struct {
	Start Simulated   `json:"start"`
	Steps []Simulated `json:"steps" doc:"one for each event"`
}

// apiSimulate runs a procedure without a database: no owner, no clock, just the
// statechart. A chart that only lacks what a city asks of it (an owner, a clock)
// can be tried all the same.
func (s *Service) apiSimulate(_ context.Context, in *simulateInput) (Simulation, error) {
	p, findings := s.examine(in.Body.Name, []byte(in.Body.Text))
	if p == nil {
		return Simulation{}, errorsOf(findings)
	}
	data, err := begin(p, in.Body.Data)
	if err != nil {
		return Simulation{}, err
	}
	now := s.now()
	r, err := machine.Start(p, data, machine.Event{Name: eventOpen, At: now, Data: data})
	if err != nil {
		return Simulation{}, err
	}
	out := Simulation{Start: simulated(r), Steps: make([]Simulated, 0, len(in.Body.Events))}
	for i, e := range in.Body.Events {
		if e.Name == "" {
			return Simulation{}, fault.New(fault.Invalid, `event %d has no name; give "name" or {"event": "name", "data": {...}}`, i+1)
		}
		data, err := normal(e.Data)
		if err != nil {
			return Simulation{}, err
		}
		at := e.At
		if at.IsZero() {
			at = now
		}
		if r, err = onward(p, r, machine.Event{Name: e.Name, At: at, Data: data}); err != nil {
			return Simulation{}, err
		}
		out.Steps = append(out.Steps, simulated(r))
	}
	return out, nil
}

// begin is what a trial begins with: what was given and the defaults of the rest.
// What an opening must give may be left out.
func begin(p *procedure.Procedure, given map[string]any) (map[string]any, error) {
	given, err := normal(given)
	if err != nil {
		return nil, err
	}
	fields := slices.Clone(p.Data)
	for i := range fields {
		fields[i].Required = false
	}
	return machine.CoerceFields("data", fields, given)
}

// onward makes a step; nothing happens to what is done.
func onward(p *procedure.Procedure, r machine.Result, e machine.Event) (machine.Result, error) {
	if r.Done {
		r.Taken, r.Errors = nil, nil
		return r, nil
	}
	return machine.Step(p, r.Configuration, e)
}

func simulated(r machine.Result) Simulated {
	return Simulated{Active: r.Active, Data: r.Data, Done: r.Done, Taken: len(r.Taken) > 0, Errors: r.Errors}
}
