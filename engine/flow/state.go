package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
)

// State is all that the events of a case make of it: the replay of the events
// gives the same State, and so the same digest.
type State struct {
	machine.Configuration
	Clocks map[string]clock.Clock `json:"clocks,omitempty"` // by id; stopped ones stay until they are started again
	Told   map[string]string      `json:"told,omitempty"`   // by clock: the last of warn and due that was told
	Tasks  []Task                 `json:"tasks,omitempty"`  // open ones, in order of opening
	Made   int                    `json:"made,omitempty"`   // how many tasks there have been
	Acted  map[string][]string    `json:"acted,omitempty"`  // by event: who has sent it
	Last   time.Time              `json:"last"`             // of the newest event: time never runs backwards in a case
}

// clone returns a copy that shares nothing that Apply changes.
func (s State) clone() State {
	s.Clocks = cloneMap(s.Clocks, func(c clock.Clock) clock.Clock {
		c.Pauses, c.Extensions = slices.Clone(c.Pauses), slices.Clone(c.Extensions)
		return c
	})
	s.Told = cloneMap(s.Told, func(v string) string { return v })
	s.Acted = cloneMap(s.Acted, func(v []string) []string { return slices.Clone(v) })
	s.Tasks = slices.Clone(s.Tasks)
	return s
}

func cloneMap[V any](m map[string]V, copyOf func(V) V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[k] = copyOf(v)
	}
	return out
}

// encode returns the state as it is stored, and its digest.
func (s State) encode() (text, digest string, err error) {
	s.Data = exactMap(s.Data)
	b, err := json.Marshal(s)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return string(b), hex.EncodeToString(sum[:]), nil
}

// light returns how the clocks of a case stand now: the worst of them.
func (s State) light(cal clock.Calendar, now time.Time) clock.Light {
	worst := clock.Green
	for _, c := range s.Clocks {
		worst = clock.Worst(worst, c.Light(cal, now))
	}
	return worst
}

// due returns the earliest due of the running clocks; zero when none runs, or
// when it lies in a year whose holidays are not published yet.
func (s State) due(cal clock.Calendar) time.Time {
	var first time.Time
	for _, c := range s.Clocks {
		if at := dueOf(c, cal); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// dueOf returns when a running clock ends; zero when it does not run or its end
// cannot be known yet.
func dueOf(c clock.Clock, cal clock.Calendar) time.Time {
	if !c.Running() {
		return time.Time{}
	}
	at, err := c.Due(cal)
	if err != nil {
		return time.Time{}
	}
	return at
}

// ring is a clock that has something to tell.
type ring struct {
	Clock string
	What  string // warn or due
	At    time.Time
}

// next returns the earliest thing that a running clock has not told yet; ok is
// false when there is none, or when it cannot be known yet.
func (s State) next(cal clock.Calendar) (first ring, ok bool) {
	for name, c := range s.Clocks {
		if s.Told[name] == tellDue {
			continue
		}
		r := ring{Clock: name, What: tellDue, At: dueOf(c, cal)}
		if r.At.IsZero() {
			continue
		}
		if c.Warn > 0 && s.Told[name] == "" {
			if warn, err := c.WarnAt(cal); err == nil {
				r.What, r.At = tellWarn, warn
			}
		}
		if !ok || r.before(first) {
			first, ok = r, true
		}
	}
	return first, ok
}

// wake returns when a running clock next has something to tell; zero when none has,
// or when it cannot be known yet.
func (s State) wake(cal clock.Calendar) time.Time {
	if next, ok := s.next(cal); ok && !s.Done {
		return next.At
	}
	return time.Time{}
}

// before orders rings by time, then by name, so that a replay has one order.
func (r ring) before(o ring) bool {
	if !r.At.Equal(o.At) {
		return r.At.Before(o.At)
	}
	return r.Clock < o.Clock
}

// What a clock tells its case, as the end of the event's name.
const (
	tellWarn = "warn"
	tellDue  = "due"
)
