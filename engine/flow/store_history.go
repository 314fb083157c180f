package flow

import (
	"context"
	"fmt"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

const eventColumns = `seq, case_, n, name, by_, at, key, data, result, hash`

func scanEvent(scan func(...any) error) (e event, err error) {
	var at int64
	if err := scan(&e.Seq, &e.Case, &e.N, &e.Name, &e.By, &at, &e.Key, &e.text, &e.Result, &e.Hash); err != nil {
		return e, err
	}
	e.At = store.FromMicros(at)
	if err := decode([]byte(e.text), &e.Data); err != nil {
		return e, fmt.Errorf("event %d: %w", e.Seq, err)
	}
	return e, nil
}

func (e *event) happening() Happening {
	return Happening{Seq: e.Seq, Case: e.Case, N: e.N, Name: e.Name, By: e.By, At: e.At, Data: e.Data, Hash: e.Hash}
}

// History returns the events of a case that the actor of ctx may see, the oldest first.
func (s *Service) History(ctx context.Context, id string) ([]Happening, error) {
	if _, err := s.row(ctx, id); err != nil {
		return nil, err
	}
	var out []Happening
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT `+eventColumns+` FROM flow_event WHERE case_ = $1 ORDER BY n`, []any{id}, func(scan func(...any) error) error {
			e, err := scanEvent(scan)
			out = append(out, e.happening())
			return err
		})
	})
	return out, err
}

// Audited is what a look through the whole log has found.
type Audited struct {
	Events int64  `json:"events"`
	Cases  int64  `json:"cases" doc:"cases whose state was computed again from their events"`
	Head   string `json:"head,omitempty" doc:"hash of the last event"`
	Broken string `json:"broken,omitempty" doc:"the first thing that is not as it should be, in a sentence"`
}

// Verify computes the log's hashes again from the first event on, replays every
// case and compares it with what is stored. It reads everything: for auditors.
func (s *Service) Verify(ctx context.Context) (Audited, error) {
	if err := s.ready(ctx); err != nil {
		return Audited{}, err
	}
	var a Audited
	err := s.db.Read(ctx, func(tx store.Tx) error {
		if err := a.chain(ctx, tx); err != nil || a.Broken != "" {
			return err
		}
		ids, err := store.Collect(ctx, tx, `SELECT id FROM flow_case ORDER BY id`, nil, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
		if err != nil {
			return err
		}
		v, err := s.auditor(ctx, tx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if a.Broken, err = v.replayed(ctx, id); err != nil || a.Broken != "" {
				return err
			}
			a.Cases++
		}
		return nil
	})
	return a, err
}

// chain follows the hashes.
func (a *Audited) chain(ctx context.Context, tx store.Tx) error {
	var before link
	return tx.Each(ctx, `SELECT `+eventColumns+` FROM flow_event ORDER BY seq`, nil, func(scan func(...any) error) error {
		if a.Broken != "" {
			return nil
		}
		e, err := scanEvent(scan)
		if err != nil {
			return err
		}
		want, err := e.hash(before.hash)
		switch {
		case err != nil:
			return err
		case e.Seq != before.seq+1:
			a.Broken = fmt.Sprintf("event %d follows event %d: one is missing", e.Seq, before.seq)
		case e.Hash != want:
			a.Broken = fmt.Sprintf("event %d (%s of case %s) has another hash than its content gives: it or one before was changed", e.Seq, e.Name, e.Case)
		}
		before = link{e.Seq, e.Hash}
		a.Events, a.Head = e.Seq, e.Hash
		return nil
	})
}

// auditor looks at cases in one transaction.
type auditor struct {
	s      *Service
	tx     store.Tx
	cal    clock.Calendar
	timers bool // they have been put where cal says
}

func (s *Service) auditor(ctx context.Context, tx store.Tx) (auditor, error) {
	c, from, err := readChange(ctx, tx)
	if err != nil {
		return auditor{}, err
	}
	cal, err := s.calendar(ctx, tx)
	return auditor{s, tx, cal, c.before == c.after && from == ""}, err
}

// replayed computes a case from its events and says how it differs from what is
// stored; "" when it does not.
func (v auditor) replayed(ctx context.Context, id string) (string, error) {
	r, err := v.s.loadOne(ctx, v.tx, v.cal, id)
	if err != nil {
		return "", err
	}
	var events []event
	err = v.tx.Each(ctx, `SELECT `+eventColumns+` FROM flow_event WHERE case_ = $1 ORDER BY n`, []any{id}, func(scan func(...any) error) error {
		e, err := scanEvent(scan)
		events = append(events, e)
		return err
	})
	if err != nil {
		return "", err
	}
	state, broken, err := v.s.replay(ctx, v.tx, events)
	if err != nil || broken != "" {
		return broken, err
	}
	_, want, err := r.state.encode()
	if err != nil {
		return "", err
	}
	if _, got, err := state.encode(); err != nil || got != want {
		return fmt.Sprintf("case %s is stored otherwise than its events make it", id), err
	}
	return v.timed(ctx, r)
}

// timed says that a case has no timer although a clock of it has something to tell.
func (v auditor) timed(ctx context.Context, r *row) (string, error) {
	if r.wake.IsZero() || !v.timers {
		return "", nil
	}
	found, err := v.tx.One(ctx, `SELECT at FROM flow_timer WHERE at = $1 AND case_ = $2`, []any{micros(r.wake), r.ID}, new(int64))
	if err != nil || found {
		return "", err
	}
	return fmt.Sprintf("case %s has no timer for %s, when a clock of it has something to tell", r.ID, r.wake.UTC().Format(time.RFC3339)), nil
}

// replay applies events in order, comparing each result with what was logged.
func (s *Service) replay(ctx context.Context, tx store.Tx, events []event) (state State, broken string, err error) {
	if len(events) == 0 {
		return State{}, "", fault.New(fault.NotFound, "the case has no events")
	}
	digest, _ := events[0].Data[openDigest].(string)
	p, err := s.version(ctx, tx, digest)
	if err != nil {
		return State{}, "", err
	}
	for _, e := range events {
		if to, ok := e.Data[openDigest].(string); ok && e.Name == eventMigrate {
			if p, err = s.version(ctx, tx, to); err != nil {
				return State{}, "", err
			}
		}
		o, err := apply(p, state, machine.Event{Name: e.Name, By: e.By, At: e.At, Data: e.Data})
		if err != nil {
			return State{}, fmt.Sprintf("event %d (%s) cannot be replayed: %v", e.Seq, e.Name, err), nil
		}
		state = o.State
		if _, got, err := state.encode(); err != nil || got != e.Result {
			return State{}, fmt.Sprintf("event %d (%s of case %s) leads elsewhere when it is replayed", e.Seq, e.Name, e.Case), err
		}
	}
	return state, "", nil
}
