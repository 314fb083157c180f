// Package machine runs procedures: one macrostep is a pure function of a
// procedure, a configuration and an event.
//
// What must hold: the semantics are those of the W3C SCXML 1.0 algorithm
// (appendix D); the same input gives the same output, in the same order; a
// configuration it was given is never changed; a chart that would never come to
// rest is refused after a bound of microsteps.
package machine

import (
	"time"

	"yuzhou/engine/flow/procedure"
)

// Configuration is where a case stands.
type Configuration struct {
	Active  []string            `json:"active"`            // ids of all active states, in document order, without the root
	History map[string][]string `json:"history,omitempty"` // id of a history state: what it remembers, in document order
	Data    map[string]any      `json:"data"`              // JSON values; whole numbers of int fields as int64
	Done    bool                `json:"done,omitempty"`    // a final child of the root has been entered: the case has ended
}

// Event is what happens to a case.
type Event struct {
	Name string         `json:"name"`
	By   string         `json:"by,omitempty"` // id of the person; "" for the program itself
	At   time.Time      `json:"at"`
	Data map[string]any `json:"data,omitempty"`
}

// Effect is what the surroundings have to do after a step, in order.
type Effect struct {
	Enter  *procedure.State  // entered: its owner has to act, its clock starts
	Exit   *procedure.State  // left
	Action *procedure.Action // of the kinds other than assign and raise
	Values map[string]any    // Action.Assigns evaluated; for an open with Each once per entry
	Owner  Owner             // of Enter or Action, evaluated
	Reason string            // evaluated
	Units  int               // evaluated
}

// Owner is who acts, evaluated: exactly one of Post, Unit with Role, Person, or
// none at all.
type Owner struct {
	Post   string   `json:"post,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Role   string   `json:"role,omitempty"`
	Person string   `json:"person,omitempty"`
	Joint  []string `json:"joint,omitempty"` // units that must each answer
}

// Result is the outcome of a step.
type Result struct {
	Configuration
	Effects []Effect
	Taken   []*procedure.Transition // in the order taken; none: the event did nothing
	Errors  []string                // expressions that failed: each also became an error.execution event
}
