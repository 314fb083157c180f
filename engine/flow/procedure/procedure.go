// Package procedure holds procedures as data: statecharts in YAML with owners
// and legal clocks.
//
// What must hold: a Procedure is never changed once it is made; two with the
// same digest do the same; the order of states and transitions is that of the
// document, for it decides which transition is taken; nothing in a procedure is
// code but the expressions of engine/flow/guard and the closed list of actions.
//
// Semantics: W3C SCXML 1.0 (2015), without <script>, <invoke> and <send> of
// markup; the algorithm itself is in engine/flow/machine.
//
// # The document
//
// testdata/good holds whole procedures. Every wording is a pair zh and en; EXPR is an
// expression of engine/flow/guard; OWNER is {unit: EXPR, role: clerk|steward|leader}
// or {post: EXPR} or {person: EXPR}, each perhaps with not: [EVENT] (who sent one of
// these may not act) and, beside unit, joint: EXPR (units that must answer too).
//
//	schema: yuzhou.procedure/v1
//	id, name, basis, subject, in_force: {from, until}
//	data:    NAME: {type, required, default, options, zh, en, hint_zh, hint_en}
//	reasons: LIST: {CODE: {zh, en, basis}}
//	clocks:  CLOCK: {kind, unit, limit, warn, basis, part: CLOCK, pause: [LIST], zh, en}
//	initial: STATE             # else the first one
//	start:   [ACTION]          # on opening
//	states:  STATE: {zh, en, note_zh, note_en, owner: OWNER, clock: CLOCK, at_rest: true,
//	                 entry: [ACTION], exit: [ACTION], on: [TRANSITION],
//	                 states, initial, parallel: true,   # one of its states is active, or all
//	                 final: true, done: {NAME: EXPR},   # an end
//	                 history: shallow|deep, to, do}     # what was active last, else to
//	TRANSITION: {event, to, if: EXPR, internal: true, do: [ACTION],
//	             zh, en, by: OWNER, form: {NAME: FIELD}, reasons: LIST, refusal: true}
//	ACTION: assign: {FIELD: EXPR} | raise: {event, data} | emit: {event, to: parent|children, data} |
//	        notify: {owner: OWNER, zh, en} | start: CLOCK | stop: CLOCK | resume: CLOCK |
//	        pause: {clock, reason: EXPR} | extend: {clock, units: EXPR, rank: leader|government, reason: EXPR} |
//	        open: {procedure, each: EXPR, data} | evaluate: {topic, data} | publish: {topic, data}
//
// A transition without an event is taken as soon as its condition holds; without a
// target it leaves no state; with a name a person may send it: the owner of the state,
// or by. Events of the program's own: clock.CLOCK.warn, clock.CLOCK.due,
// done.state.STATE, error.execution.
package procedure

import (
	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// Procedure is a statechart with what the law and the city ask of it.
type Procedure struct {
	ID      string    // letters, digits, - and _: "directive"
	Name    pack.Text // 督办
	Basis   string    // the legal basis of the whole; "" for none
	From    string    // in force from this day (2023-07-01); "" from ever
	Until   string    // first day after; "" still
	Subject string    // what a case is about, as a wording key of its module: "target"; "" for anything
	Data    []Field   // declared data of a case, in document order
	Clocks  []Clock   // in document order
	Reasons []Reasons // lists that refusals, returns and pauses choose from
	Root    *State    // compound, without a name of its own
	States  []*State  // all states but Root in document order; State.Order is the index here plus one
	Digest  string    // SHA-256 of Source, hex
	Source  []byte    // the YAML as it was accepted
}

// Kind is what a state is.
type Kind string

// The kinds of states, as SCXML 1.0 §3.3-3.10 has them.
const (
	Atomic   Kind = "atomic"
	Compound Kind = "compound" // has child states, one of which is active
	Parallel Kind = "parallel" // has child states, all of which are active
	Final    Kind = "final"
	Shallow  Kind = "shallow" // history of the parent's children
	Deep     Kind = "deep"    // history of the parent's atomic descendants
)

// State is a node of the statechart.
type State struct {
	ID          string
	Kind        Kind
	Name        pack.Text
	Note        pack.Text     // what is done here, in a sentence
	Parent      *State        // nil of Root
	Children    []*State      // in document order, history states among them
	Initial     *Transition   // of a Compound; its Do of Root is what an opening does (start)
	Transitions []*Transition // in document order; of a history state the one default
	Entry, Exit []Action
	Done        []Assign // of a Final: the data of done.state.PARENT
	Owner       *Owner   // who has to act while it is active; nil: nobody waits here
	Clock       string   // that runs while it is active: started on entry, stopped on exit; "" for none
	Rest        bool     // an Atomic where a case waits without owner and clock, for only the program moves it on; counts as an end
	Order       int      // document order, 0 for Root
	Line        int
}

// Transition leads from its Source on one of Events when Guard holds.
type Transition struct {
	Source   *State
	Events   []string // event descriptors as in SCXML §3.12.1: "answer", "clock.legal", "*"; none: eventless
	Guard    guard.Program
	Targets  []*State // none: targetless
	Internal bool     // type="internal"
	Do       []Action
	Name     pack.Text // the button: what will happen; empty when no person sends it
	By       *Owner    // who may send it; nil: the owner of Source
	Form     []Field   // what the sender is asked for: the keys of event.data
	Reasons  string    // the list that event.data.reason must be from; "" for none
	Refusal  bool      // refuses what somebody asked for: needs Reasons
	Line     int
}

// Owner is who acts: one of its parts says who, each an expression over the
// case's data.
type Owner struct {
	Post   guard.Program // id of a post of engine/org
	Unit   guard.Program // id of a unit, with Role
	Role   string        // clerk, steward, leader
	Person guard.Program // id of a person
	Not    []string      // events whose senders may not act here: who did it does not judge it
	Joint  guard.Program // list of units that must each answer (会办); the owner's Unit leads
	Line   int
}

// Field is something that a case knows or a form asks for.
type Field struct {
	Name     string
	Type     Type
	Label    pack.Text
	Hint     pack.Text
	Options  []Option // of a choice
	Required bool
	Default  any // JSON value; nil for none
	Line     int
}

// Type is what a Field holds.
type Type string

// The types of fields.
const (
	TextField   Type = "text"
	LongField   Type = "long" // text of several lines
	IntField    Type = "int"
	NumberField Type = "number"
	BoolField   Type = "bool"
	DateField   Type = "date" // 2023-07-10
	ChoiceField Type = "choice"
	UnitField   Type = "unit" // id of a unit
	UnitsField  Type = "units"
	FilesField  Type = "files" // digests of attachments
	ListField   Type = "list"
	MapField    Type = "map"
)

// Option is one answer of a choice, or one reason of a list.
type Option struct {
	pack.Text
	Code  string
	Basis string // legal basis of a reason
	Line  int
}

// Reasons is a list that a refusal, a return or a pause chooses from.
type Reasons struct {
	ID      string
	Options []Option
	Line    int
}

// Clock is a limit that the procedure declares.
type Clock struct {
	ID    string
	Name  pack.Text
	Rule  clock.Rule
	Part  string   // of which other clock this is a part: stage limits add up to it
	Pause []string // lists of reasons it may be paused for
	Line  int
}

// Do is what an Action does: the closed list.
type Do string

// The actions.
const (
	DoAssign   Do = "assign"   // Assigns
	DoRaise    Do = "raise"    // Event into the case's own internal queue
	DoEmit     Do = "emit"     // Event to To: another case, after the commit
	DoNotify   Do = "notify"   // Text to Owner
	DoStart    Do = "start"    // Clock
	DoPause    Do = "pause"    // Clock, with Reason
	DoResume   Do = "resume"   // Clock
	DoStop     Do = "stop"     // Clock
	DoExtend   Do = "extend"   // Clock by Units
	DoOpen     Do = "open"     // a child case of Procedure for each of Each
	DoEvaluate Do = "evaluate" // asks Topic's module to evaluate Assigns
	DoPublish  Do = "publish"  // asks Topic's module to publish Assigns
)

// Action is one step of the closed list. Which fields count is said beside Do.
type Action struct {
	Do        Do
	Assigns   []Assign // named expressions: what is assigned, or handed on as data
	Event     string
	To        Target
	Text      pack.Text
	Owner     *Owner
	Clock     string
	Reason    guard.Program // code of a list that the clock may be paused for
	Units     guard.Program // by how many units of the clock it is extended
	Rank      string        // who approves an extension: leader, government
	Procedure string
	Each      guard.Program // list; the child's data sees the entry as event.each
	Topic     string        // "plan.target", "collection.number"
	Line      int
}

// Target is which case an emitted event goes to.
type Target string

// The targets of an emitted event.
const (
	ToParent   Target = "parent"
	ToChildren Target = "children"
)

// Assign is one named expression.
type Assign struct {
	Name string // a declared field of the case's data
	Expr guard.Program
	Line int
}
