// Package ocel writes the handling of cases as an object-centric event log, which
// tools of process mining read.
//
// What must hold: events are written as they come and objects after them, so that
// a log of any length needs memory for its ids alone; the types at its end declare
// every attribute that was written; every relation leads to an object of the log;
// no id is there twice. Values are texts, as the standard's schema has them, and
// their types are declared.
//
// Source: OCEL 2.0, JSON format (ocel-standard.org).
package ocel

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"time"

	"yuzhou/kernel/fault"
)

// MediaType is what a log is served as.
const MediaType = "application/json"

// Log is a whole log.
type Log struct {
	Objects []Object
	Events  []Event
}

// Object is something that events are about: a case, a unit, a person, a post, a
// subject.
type Object struct {
	ID         string
	Type       string
	Since      time.Time // since when its attributes are as they are; zero: ever since
	Attributes map[string]string
	Data       map[string]any // values as cases hold them, declared with their types; those without a name are left out
	Relations  []Relation
}

// Event is something that happened.
type Event struct {
	ID         string
	Type       string // the activity
	At         time.Time
	Attributes map[string]string
	Data       map[string]any
	Relations  []Relation
}

// Relation is what an event or an object has to do with an object.
type Relation struct {
	Object    string // id
	Qualifier string // such as "part of"
}

// Unknown is the type of an object that a relation leads to and of which the log
// says nothing more.
const Unknown = "unknown"

// Write writes a whole log.
//
// Errors: those of Writer.
func Write(w io.Writer, l Log) error {
	x := NewWriter(w)
	for i := range l.Events {
		if err := x.Event(l.Events[i]); err != nil {
			return err
		}
	}
	for i := range l.Objects {
		if err := x.Object(l.Objects[i]); err != nil {
			return err
		}
	}
	return x.Close()
}

// Writer writes a log bit by bit: first its events, then its objects. After an
// error all it does fails with that error.
type Writer struct {
	w           *bufio.Writer
	buf         []byte
	objects     bool // the list under way is that of objects
	listed      bool // something stands in the list under way
	eventTypes  types
	objectTypes types
	events      map[string]bool // ids
	known       map[string]bool // ids of objects: whether it was written, or a relation leads to it
	err         error
}

// NewWriter begins a log.
func NewWriter(w io.Writer) *Writer {
	return &Writer{
		w: bufio.NewWriterSize(w, 1<<16), buf: []byte("{\n\"events\": ["),
		eventTypes: types{}, objectTypes: types{}, events: map[string]bool{}, known: map[string]bool{},
	}
}

// Event adds an event.
//
// Errors: fault.Invalid when an object was written before, the id is not new, or
// an id, a type, a name, a qualifier or the instant is missing; what the writer
// beneath returns.
func (x *Writer) Event(e Event) error {
	switch {
	case x.err != nil:
		return x.err
	case x.objects:
		return x.fail("event %q comes after an object; write all events first", e.ID)
	case e.ID == "" || e.Type == "" || e.At.IsZero():
		return x.fail("an event has the id %q, the type %q and the instant %v; give all three", e.ID, e.Type, e.At)
	case x.events[e.ID]:
		return x.fail("event %q is there twice; an id is one event's", e.ID)
	}
	x.events[e.ID] = true
	x.begin(e.ID, e.Type)
	x.buf = append(x.buf, `, "time": "`...)
	x.buf = append(x.buf, instant(e.At)...)
	x.buf = append(x.buf, '"')
	if err := x.attributes(x.eventTypes.of(e.Type), e.Attributes, e.Data, ""); err != nil {
		return err
	}
	return x.relations(e.Relations)
}

// Object adds an object. No event may follow it.
//
// Errors: fault.Invalid when the id is not new, or an id, a type, a name or a
// qualifier is missing; what the writer beneath returns.
func (x *Writer) Object(o Object) error {
	switch {
	case x.err != nil:
		return x.err
	case o.ID == "" || o.Type == "":
		return x.fail("an object has the id %q and the type %q; give both", o.ID, o.Type)
	case x.known[o.ID]:
		return x.fail("object %q is there twice; an id is one object's", o.ID)
	}
	x.toObjects()
	x.known[o.ID] = true
	x.begin(o.ID, o.Type)
	if err := x.attributes(x.objectTypes.of(o.Type), o.Attributes, o.Data, instant(o.Since)); err != nil {
		return err
	}
	return x.relations(o.Relations)
}

// Close ends the log; it does not close what it was written to. Objects that
// relations lead to and that were not written are there as Unknown: whoever asked
// may not see more of them.
func (x *Writer) Close() error {
	for _, id := range slices.Sorted(maps.Keys(x.known)) {
		if !x.known[id] {
			if err := x.Object(Object{ID: id, Type: Unknown}); err != nil {
				return err
			}
		}
	}
	if x.err != nil {
		return x.err
	}
	x.toObjects()
	x.buf = append(x.buf, "\n],\n\"eventTypes\": "...)
	x.buf = x.eventTypes.append(x.buf)
	x.buf = append(x.buf, ",\n\"objectTypes\": "...)
	x.buf = x.objectTypes.append(x.buf)
	x.buf = append(x.buf, "\n}\n"...)
	if x.flush() == nil {
		x.err = x.w.Flush()
	}
	return x.err
}

// instant is how a log has a time: in UTC. The zero time is the beginning of 1970,
// which in OCEL means ever since.
func instant(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// fail keeps the first error, in words as of fault.New.
func (x *Writer) fail(format string, args ...any) error {
	x.err = fault.New(fault.Invalid, format, args...)
	return x.err
}

// flush passes on what is done.
func (x *Writer) flush() error {
	if x.err == nil {
		_, x.err = x.w.Write(x.buf)
	}
	x.buf = x.buf[:0]
	return x.err
}
