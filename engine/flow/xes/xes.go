// Package xes writes the handling of cases as an event log in XES, which tools of
// process mining read.
//
// What must hold: a log is written as it comes, a case in memory at a time; every
// trace has a name and every event a name, an instant and a lifecycle transition,
// for the log declares them as global; no two attributes of one element share a
// key; what XML cannot hold becomes U+FFFD.
//
// Source: IEEE Std 1849-2016, with the extensions Concept, Time, Lifecycle,
// Organizational and ID.
package xes

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"yuzhou/kernel/fault"
)

// MediaType is what a log is served as.
const MediaType = "application/xml"

// Trace is a case.
type Trace struct {
	ID         string            // gives identity:id; "" for the name's
	Name       string            // concept:name: the case's number
	Attributes map[string]string // by key, such as yuzhou:version; what an XML name cannot hold is encoded
	Data       map[string]any    // values as cases hold them, written with their types under "data:"
	Events     []Event
}

// Event is what happened to a case.
type Event struct {
	ID         string     // gives identity:id; "" for the trace's and the event's place in it
	Name       string     // concept:name: the activity
	Instance   string     // concept:instance: the one task that several events are of; may be ""
	At         time.Time  // time:timestamp
	Transition Transition // lifecycle:transition; "" for Complete
	Resource   string     // org:resource: who did it; may be ""
	Role       string     // org:role: as what; may be ""
	Group      string     // org:group: for which unit; may be ""
	Attributes map[string]string
	Data       map[string]any
}

// Transition is what an event did to the work it is about: the lifecycle
// extension's standard model.
type Transition string

// The transitions.
const (
	Schedule   Transition = "schedule" // the work is there
	Assign     Transition = "assign"   // somebody has got it
	Reassign   Transition = "reassign" // somebody else has got it
	Start      Transition = "start"
	Suspend    Transition = "suspend" // it waits, its clock stands still
	Resume     Transition = "resume"
	Complete   Transition = "complete" // also of what takes no time
	Autoskip   Transition = "autoskip" // deemed done: nobody had to act
	Manualskip Transition = "manualskip"
	Withdraw   Transition = "withdraw"  // taken back before it was begun
	AbortEvent Transition = "ate_abort" // given up
	AbortCase  Transition = "pi_abort"  // the whole case is given up
	Unknown    Transition = "unknown"
)

func (t Transition) known() bool {
	switch t {
	case Schedule, Assign, Reassign, Start, Suspend, Resume, Complete, Autoskip, Manualskip, Withdraw, AbortEvent, AbortCase, Unknown:
		return true
	}
	return false
}

// Write writes a log with a name. It asks next for one trace after the other until
// that has no more.
//
// Errors: fault.Invalid when a name or an instant is missing, a transition is none
// of the standard model's or a key has a field of its own; what next and w return. What was
// written until then is no whole log.
func Write(w io.Writer, name string, next func() (Trace, bool, error)) error {
	x := &writer{w: bufio.NewWriterSize(w, 1<<16)}
	x.buf = append(x.buf, head...)
	x.text("", "concept:name", name)
	x.text("", "lifecycle:model", "standard")
	for {
		t, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := x.trace(t); err != nil {
			return err
		}
	}
	x.buf = append(x.buf, "</log>\n"...)
	if err := x.flush(); err != nil {
		return err
	}
	return x.w.Flush()
}

// head declares what follows. The order is the schema's; so is the version, which
// it wants as a decimal number.
const head = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="ID" prefix="identity" uri="http://www.xes-standard.org/identity.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
<id key="identity:id" value="00000000-0000-0000-0000-000000000000"/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000000Z"/>
<string key="lifecycle:transition" value="complete"/>
<id key="identity:id" value="00000000-0000-0000-0000-000000000000"/>
</global>
<classifier name="Activity" scope="event" keys="concept:name"/>
<classifier name="Step" scope="event" keys="concept:name lifecycle:transition"/>
`

// trace writes a case.
func (x *writer) trace(t Trace) error {
	if t.Name == "" {
		return fault.New(fault.Invalid, "trace %q has no name; give the case's number", t.ID)
	}
	if t.ID == "" {
		t.ID = t.Name
	}
	x.buf = append(x.buf, "<trace>\n"...)
	x.text("", "concept:name", t.Name)
	x.identity(t.ID, -1)
	if err := x.rest(t.Attributes, t.Data); err != nil {
		return err
	}
	for i := range t.Events {
		if err := x.event(t.ID, i, &t.Events[i]); err != nil {
			return err
		}
	}
	x.buf = append(x.buf, "</trace>\n"...)
	return x.flush()
}

// event writes the event at a place of a trace.
func (x *writer) event(trace string, place int, e *Event) error {
	transition := e.Transition
	if transition == "" {
		transition = Complete
	}
	switch {
	case e.Name == "" || e.At.IsZero():
		return fault.New(fault.Invalid, "trace %s: an event has the name %q and the instant %v; give both", trace, e.Name, e.At)
	case !transition.known():
		return fault.New(fault.Invalid, "trace %s, event %s: transition is %q; give one of the standard lifecycle such as complete", trace, e.Name, transition)
	}
	x.buf = append(x.buf, "<event>\n"...)
	x.text("", "concept:name", e.Name)
	x.text("concept:instance", "", e.Instance)
	x.element("date", "time:timestamp", instant(e.At))
	x.text("", "lifecycle:transition", string(transition))
	x.text("org:resource", "", e.Resource)
	x.text("org:role", "", e.Role)
	x.text("org:group", "", e.Group)
	if e.ID != "" {
		x.identity(e.ID, -1)
	} else {
		x.identity(trace, place)
	}
	if err := x.rest(e.Attributes, e.Data); err != nil {
		return err
	}
	x.buf = append(x.buf, "</event>\n"...)
	if len(x.buf) > 1<<15 {
		return x.flush()
	}
	return nil
}

// instant is how XES has a time: in UTC.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Identity is the UUID that an id of this program has in a log: version 8 of RFC
// 9562, made of the id's SHA-256, for identity:id holds nothing but UUIDs.
func Identity(id string) string {
	sum := sha256.Sum256([]byte(id))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
