package flow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/store"
)

// relit is the data of an eventCalendar.
type relit struct {
	Before string `json:"before,omitempty"` // digest of the calendar they were computed with; absent: none
	After  string `json:"after"`            // digest of the calendar that dues are computed with now
	Upto   string `json:"upto,omitempty"`   // id of the last case that was recomputed; absent when all were
	Cases  int    `json:"cases"`            // open ones that were looked at
	Moved  int    `json:"moved"`            // clocks whose due has changed
	Sum    string `json:"sum,omitempty"`    // SHA-256 over its row of flow_redue: what has moved
}

// change is one calendar taking the place of another, as digests.
type change struct{ before, after string }

// redue is one clock whose due has moved; 0 is a due that cannot be known.
type redue struct {
	Case   string `json:"case"`
	Clock  string `json:"clock"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// clocked is what is needed of a case to compute its lights.
type clocked struct {
	id                       string
	events, light, due, wake int64
	text                     []byte // its state
}

// chunk is what a new calendar makes of some open cases, in order of their ids.
type chunk struct {
	first, last string // ids
	more        bool   // there are cases after last
	cases       int
	events      int64     // of all its cases: another sum means that something has happened to one since
	lit         []lit     // rows of flow_case that change
	tasks       []taskRow // that change, those of a holder together: so they lie in the index
	moved       []redue
}

// lit is a case with its light, its due and when it next has something to tell.
type lit struct {
	id               string
	light, due, wake int64
}

// relightAll recomputes all open cases after the id from, chunk by chunk. A chunk
// is read before it is written, not while: a reader beside the writer would keep
// SQLite's log from starting anew.
func (s *Service) relightAll(ctx context.Context, c change, from string) error {
	for {
		var k chunk
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			k, err = s.recompute(ctx, tx, c, from)
			return err
		})
		if err != nil {
			return err
		}
		if err := s.relit(ctx, c, k, from); err != nil || !k.more {
			return err
		}
		from = k.last
	}
}

// relit writes a chunk with the event that tells of it. When something has
// happened to one of its cases since, it is computed again first.
func (s *Service) relit(ctx context.Context, c change, k chunk, from string) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		var cases, events int64
		_, err := tx.One(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM flow_case WHERE closed = 0 AND id > $1 AND id <= $2`,
			[]any{from, k.last}, &cases, &events)
		if err != nil {
			return err
		}
		if int(cases) != k.cases || events != k.events {
			if k, err = s.recompute(ctx, tx, c, from); err != nil {
				return err
			}
		}
		head, err := readHead(ctx, tx)
		if err != nil {
			return err
		}
		b := &batch{s: s, tx: tx, now: s.now(), head: head}
		st := newStatements(ctx, tx)
		err = k.write(st)
		if err == nil {
			err = b.logRelit(st, c, k)
		}
		return errors.Join(err, st.close())
	})
}

// write changes the rows of a chunk.
func (k *chunk) write(st *statements) error {
	for _, r := range k.lit {
		if err := st.exec(`UPDATE flow_case SET light = $1, due = $2, wake = $3 WHERE id = $4`, r.light, r.due, r.wake, r.id); err != nil {
			return err
		}
	}
	for _, r := range k.tasks {
		if err := st.exec(`UPDATE flow_task SET due = $1, light = $2 WHERE id = $3`, r.Due, r.Light, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// recompute reads a chunk of open cases after the id from and computes what the
// change of the calendar makes of them.
func (s *Service) recompute(ctx context.Context, tx store.Tx, c change, from string) (chunk, error) {
	before, err := readCalendar(ctx, tx, c.before)
	if err != nil {
		return chunk{}, err
	}
	after, err := readCalendar(ctx, tx, c.after)
	if err != nil {
		return chunk{}, err
	}
	rows, err := openClocks(ctx, tx, from)
	if err != nil || len(rows) == 0 {
		return chunk{}, err
	}
	k := chunk{first: rows[0].id, last: rows[len(rows)-1].id, cases: len(rows), more: len(rows) == relightChunk}
	parts := make([]chunk, runtime.GOMAXPROCS(0))
	errs := make([]error, len(parts))
	now := s.now()
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			for _, r := range rows[i*len(rows)/len(parts) : (i+1)*len(rows)/len(parts)] {
				errs[i] = errors.Join(errs[i], parts[i].add(r, before, after, now))
			}
		})
	}
	all.Wait()
	for _, p := range parts {
		k.events += p.events
		k.lit, k.tasks, k.moved = append(k.lit, p.lit...), append(k.tasks, p.tasks...), append(k.moved, p.moved...)
	}
	slices.SortFunc(k.moved, func(x, y redue) int { return cmp.Or(cmp.Compare(x.Case, y.Case), cmp.Compare(x.Clock, y.Clock)) })
	slices.SortStableFunc(k.tasks, func(x, y taskRow) int { return cmp.Compare(x.Holder, y.Holder) })
	return k, errors.Join(errs...)
}

// openClocks returns a chunk of open cases in order of their ids.
func openClocks(ctx context.Context, tx store.Tx, from string) ([]clocked, error) {
	return store.Collect(ctx, tx, `SELECT id, events, light, due, wake, state FROM flow_case WHERE closed = 0 AND id > $1 ORDER BY id LIMIT $2`, []any{from, relightChunk},
		func(scan func(...any) error) (c clocked, err error) {
			err = scan(&c.id, &c.events, &c.light, &c.due, &c.wake, &c.text)
			return c, err
		})
}

// add computes one case: the dues that move, and the rows that change.
func (k *chunk) add(c clocked, before, after clock.Calendar, now time.Time) error {
	k.events += c.events
	var part struct {
		Clocks map[string]clock.Clock `json:"clocks"`
		Told   map[string]string      `json:"told"`
		Tasks  []Task                 `json:"tasks"`
	}
	if err := json.Unmarshal(c.text, &part); err != nil {
		return fmt.Errorf("state of case %s: %w", c.id, err)
	}
	state := State{Clocks: part.Clocks, Told: part.Told, Tasks: part.Tasks}
	moved := len(k.moved)
	for name, clk := range state.Clocks {
		was, is := micros(dueOf(clk, before)), micros(dueOf(clk, after))
		if was != is {
			k.moved = append(k.moved, redue{c.id, name, was, is})
		}
	}
	var wake time.Time
	if next, ok := state.next(after); ok {
		wake = next.At
	}
	l := lit{c.id, lightNumber(state.light(after, now)), micros(state.due(after)), micros(wake)}
	if l == (lit{c.id, c.light, c.due, c.wake}) && len(k.moved) == moved {
		return nil
	}
	k.lit = append(k.lit, l)
	k.tasks = append(k.tasks, taskRows(Case{ID: c.id, Due: instant(l.due), Light: lightOf(l.light)}, state, after, now)...)
	return nil
}

// logRelit adds the event that tells of a chunk, and its dues before and after.
func (b *batch) logRelit(st *statements, c change, k chunk) error {
	moves, err := json.Marshal(append([]redue{}, k.moved...))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(moves)
	d := relit{Before: c.before, After: c.after, Cases: k.cases, Moved: len(k.moved), Sum: hex.EncodeToString(sum[:])}
	if k.more {
		d.Upto = k.last
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	e := event{Name: eventCalendar, By: program, At: b.now.UTC().Truncate(time.Microsecond), text: string(text)}
	if err := b.append(&e); err != nil {
		return err
	}
	if err := b.write(st); err != nil || len(k.moved) == 0 {
		return err
	}
	return st.exec(`INSERT INTO flow_redue (seq, first, last, moves) VALUES ($1, $2, $3, $4)`, e.Seq, k.first, k.last, string(moves))
}

// Move is a due that a new calendar has moved.
type Move struct {
	Clock  string    `json:"clock"`
	Before time.Time `json:"before,omitzero" doc:"absent: could not be known"`
	After  time.Time `json:"after,omitzero"`
	Seq    int64     `json:"seq" doc:"the event of the log that told of it"`
}

// Moved returns how new calendars have moved the dues of a case, the oldest first.
func (s *Service) Moved(ctx context.Context, id string) ([]Move, error) {
	if _, err := s.row(ctx, id); err != nil {
		return nil, err
	}
	type told struct {
		seq   int64
		moves string
	}
	var chunks []told
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		chunks, err = store.Collect(ctx, tx, `SELECT seq, moves FROM flow_redue WHERE first <= $1 AND last >= $1 ORDER BY seq`, []any{id},
			func(scan func(...any) error) (t told, err error) {
				err = scan(&t.seq, &t.moves)
				return t, err
			})
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Move
	for _, t := range chunks {
		var moves []redue
		if err := json.Unmarshal([]byte(t.moves), &moves); err != nil {
			return nil, err
		}
		for _, m := range moves {
			if m.Case == id {
				out = append(out, Move{Clock: m.Clock, Before: instant(m.Before), After: instant(m.After), Seq: t.seq})
			}
		}
	}
	return out, nil
}
