// Package flow runs the city's work: every service, approval and directive is a
// case of a procedure, and there is one inbox because there is one engine.
//
// What must hold: a command that was answered is on disk, once, however often
// it was sent; a case is the replay of its events and of nothing else; events
// are append-only and each holds the hash of the one before; a running case
// keeps the version of its procedure; only who owns a step takes it; a clock's
// due is computed from the calendar in force and never stored as truth.
package flow

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/kernel/pack"
)

// Opening asks for a new case.
type Opening struct {
	Key       string         // idempotency key; "" for none
	Procedure string         // the version in force on the day is taken
	Title     pack.Text      // what it is, as the inbox shows it
	Subject   string         // what it is about, as its module names it: "target/hte"
	Unit      string         // which answers for it: who has a grant over it may see the case
	Parent    string         // id of the case it is part of; "" for none
	Data      map[string]any // fields that the procedure declares
}

// Command is an event that somebody sends to a case.
type Command struct {
	Key   string // idempotency key; "" for none
	Case  string // id
	Event string
	Data  map[string]any // what the transition's form asks for
	After int64          // the Case.Events that the sender has seen; 0: whatever happened since
}

// Case is a case as it stands.
type Case struct {
	ID        string                 `json:"id"`
	Number    string                 `json:"number" doc:"for people: procedure, year and a running number"`
	Procedure string                 `json:"procedure"`
	Digest    string                 `json:"digest" doc:"of the version of the procedure it runs on"`
	Title     pack.Text              `json:"title"`
	Subject   string                 `json:"subject,omitempty"`
	Unit      string                 `json:"unit"`
	Parent    string                 `json:"parent,omitempty"`
	Opened    time.Time              `json:"opened"`
	Closed    time.Time              `json:"closed,omitzero"`
	Events    int64                  `json:"events" doc:"how many have happened to it"`
	Light     clock.Light            `json:"light"`
	Due       time.Time              `json:"due,omitzero" doc:"the earliest end of a running clock"`
	State     machine.Configuration  `json:"state"`
	Clocks    map[string]clock.Clock `json:"clocks,omitempty"`
	Tasks     []Task                 `json:"tasks,omitempty" doc:"open ones"`
}

// In reports whether a state is active.
func (c Case) In(state string) bool {
	return slices.Contains(c.State.Active, state)
}

// Task is one thing that one post, unit or person has to do in a case.
type Task struct {
	ID        string         `json:"id"` // a running number within the case
	State     string         `json:"state"`
	Owner     machine.Owner  `json:"owner"`
	From      *machine.Owner `json:"from,omitempty" doc:"who had it before it was transferred"`
	Joint     bool           `json:"joint,omitempty" doc:"asked to answer beside the lead (会办)"`
	Claimed   string         `json:"claimed,omitempty" doc:"id of the person who has taken it"`
	Delegated string         `json:"delegated,omitempty" doc:"id of the person it was handed to"`
	Recused   []string       `json:"recused,omitempty" doc:"ids of people who may not do it"`
	Reminded  int            `json:"reminded,omitempty" doc:"how often it was reminded of (催办)"`
	Level     int            `json:"level,omitempty" doc:"of supervision (督办), 0 to 3"`
	Opened    time.Time      `json:"opened"`
	Clock     string         `json:"clock,omitempty"`
}

// Effected is what a procedure asks of a module: an evaluation or a publication.
type Effected struct {
	ID    string // the same when it is delivered again
	Case  Case   // as it was right after the step
	Topic string
	Data  map[string]any
	At    time.Time
	By    string // id of the person whose event led to it
}

// Page is where a module shows the cases of a procedure in its own way.
type Page struct {
	Path  string    // to which the case's id is added: "/collection/"
	Name  pack.Text // of the page
	First bool      // the inbox leads there, and steps with lists and maps are taken there
}

// Guest is a module that works through cases.
type Guest struct {
	Name       string                                                 // of the module
	Procedures fs.FS                                                  // *.yaml at its root; nil for none
	Pages      map[string]Page                                        // by procedure
	Topics     map[string]func(ctx context.Context, e Effected) error // called after the commit, at least once, in order of the case's events; an error is tried again
}

// program is who acts when no person does.
const program = "system"
