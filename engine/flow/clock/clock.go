// Package clock counts legal time: working days of the official calendar,
// pauses and extensions with their legal basis, and the light that follows.
//
// What must hold: the day on which a clock starts is not counted; a pause
// changes what is consumed and never the limit; a clock keeps instants alone, so
// that everything else about it is computed anew from the calendar in force; a
// year that the calendar does not know gives no due date but an error that says
// so. All functions are pure.
package clock

import "time"

// Kind is what a limit is for.
type Kind string

// The kinds of limits.
const (
	Legal    Kind = "legal"    // set by law; past it somebody is held to account
	Promised Kind = "promised" // what the city has promised, at most the legal limit
	Stage    Kind = "stage"    // of one step within the whole
	Notice   Kind = "notice"   // to tell what is missing, once; silence is acceptance
	Delivery Kind = "delivery" // to hand over what was decided
	Remedy   Kind = "remedy"   // to mend what was found wanting
)

// Unit is what a limit is counted in.
type Unit string

// The units.
const (
	WorkingDay  Unit = "working-day"
	NaturalDay  Unit = "natural-day"
	WorkingHour Unit = "working-hour"
)

// Rule is a limit as a procedure declares it.
type Rule struct {
	Kind  Kind   `json:"kind"`
	Unit  Unit   `json:"unit"`
	Limit int    `json:"limit"`           // units, at least 1
	Warn  int    `json:"warn,omitempty"`  // units before the due at which the light turns yellow; 0: no warning
	Basis string `json:"basis,omitempty"` // legal basis
}

// Clock is a running, paused or stopped limit of a case. It keeps instants
// alone: Due, Consumed and Light compute the rest from a calendar.
type Clock struct {
	Rule
	Started    time.Time   `json:"started"`
	Stopped    time.Time   `json:"stopped,omitzero"` // zero while it runs or is paused
	Pauses     []Pause     `json:"pauses,omitempty"` // in order; the last is open while To is zero
	Extensions []Extension `json:"extensions,omitempty"`
}

// Pause is a stretch of time that does not count.
type Pause struct {
	Reason string    `json:"reason"`
	Basis  string    `json:"basis"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"`
	Notice string    `json:"notice,omitempty"` // id of the notice that told the applicant
}

// Extension makes a limit longer.
type Extension struct {
	Units    int       `json:"units"`
	Rank     string    `json:"rank"` // of who approved it
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
}

// Light is how a clock stands.
type Light string

// The lights from best to worst.
const (
	Green  Light = "green"
	Yellow Light = "yellow" // near its limit, or a stage is overdue
	Red    Light = "red"    // past what was promised
	Black  Light = "black"  // past what the law allows
)
