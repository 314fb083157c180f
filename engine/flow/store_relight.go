package flow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	Moved  int    `json:"moved"`            // clocks whose due has changed: rows of flow_redue
	Sum    string `json:"sum,omitempty"`    // SHA-256 over those rows
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
	id               string
	light, due, wake int64
	state            State // clocks, what they have told, and tasks
}

// relightSome recomputes one chunk of open cases after the id from; last is empty
// when there are no more.
func (s *Service) relightSome(ctx context.Context, c change, from string) (last string, err error) {
	err = s.db.Write(ctx, func(tx store.Tx) error {
		cal, err := s.calendar(ctx, tx)
		if err != nil {
			return err
		}
		was, err := readCalendar(ctx, tx, c.before)
		if err != nil {
			return err
		}
		head, err := readHead(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := openClocks(ctx, tx, from)
		if err != nil {
			return err
		}
		last = ""
		if len(rows) == relightChunk {
			last = rows[len(rows)-1].id
		}
		b := &batch{s: s, tx: tx, now: s.now(), cal: cal, head: head}
		st := newStatements(ctx, tx)
		moved, err := b.recompute(st, rows, was)
		if err == nil {
			err = b.logRelit(st, relit{Before: c.before, After: c.after, Upto: last, Cases: len(rows), Moved: len(moved)}, moved)
		}
		return errors.Join(err, st.close())
	})
	return last, err
}

// openClocks returns a chunk of open cases in order of their ids.
func openClocks(ctx context.Context, tx store.Tx, from string) ([]clocked, error) {
	return store.Collect(ctx, tx, `SELECT id, light, due, wake, state FROM flow_case WHERE closed = 0 AND id > $1 ORDER BY id LIMIT $2`, []any{from, relightChunk},
		func(scan func(...any) error) (c clocked, err error) {
			var text []byte
			if err := scan(&c.id, &c.light, &c.due, &c.wake, &text); err != nil {
				return c, err
			}
			var part struct {
				Clocks map[string]clock.Clock `json:"clocks"`
				Told   map[string]string      `json:"told"`
				Tasks  []Task                 `json:"tasks"`
			}
			err = json.Unmarshal(text, &part)
			c.state = State{Clocks: part.Clocks, Told: part.Told, Tasks: part.Tasks}
			return c, err
		})
}

// recompute writes what has changed in a chunk and returns the dues that moved.
func (b *batch) recompute(st *statements, rows []clocked, was clock.Calendar) ([]redue, error) {
	var moved []redue
	for _, c := range rows {
		changed := false
		for name, k := range c.state.Clocks {
			before, after := micros(dueOf(k, was)), micros(dueOf(k, b.cal))
			if before != after {
				moved = append(moved, redue{c.id, name, before, after})
				changed = true
			}
		}
		if err := b.rewrite(st, c, changed); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(moved, func(x, y redue) int { return cmp.Or(cmp.Compare(x.Case, y.Case), cmp.Compare(x.Clock, y.Clock)) })
	return moved, nil
}

// rewrite brings the rows of a case to the calendar in force.
func (b *batch) rewrite(st *statements, c clocked, changed bool) error {
	var wake time.Time
	if next, ok := c.state.next(b.cal); ok {
		wake = next.At
	}
	light, due, at := lightNumber(c.state.light(b.cal, b.now)), micros(c.state.due(b.cal)), micros(wake)
	if light == c.light && due == c.due && at == c.wake && !changed {
		return nil
	}
	if err := st.exec(`UPDATE flow_case SET light = $1, due = $2, wake = $3 WHERE id = $4`, light, due, at, c.id); err != nil {
		return err
	}
	for _, t := range taskRows(Case{ID: c.id, Due: instant(due), Light: lightOf(light)}, c.state, b.cal, b.now) {
		if err := st.exec(`UPDATE flow_task SET due = $1, light = $2 WHERE id = $3`, t.Due, t.Light, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// logRelit adds the event that tells of a chunk, and its rows of before and after.
func (b *batch) logRelit(st *statements, d relit, moved []redue) error {
	if len(moved) > 0 {
		text, err := json.Marshal(moved)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		d.Sum = hex.EncodeToString(sum[:])
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	e := event{Name: eventCalendar, By: program, At: b.now.UTC().Truncate(time.Microsecond), text: string(text)}
	if err := b.append(&e); err != nil {
		return err
	}
	if err := b.write(st); err != nil {
		return err
	}
	for _, m := range moved {
		if err := st.exec(`INSERT INTO flow_redue (case_, seq, clock, before, after) VALUES ($1, $2, $3, $4, $5)`, m.Case, e.Seq, m.Clock, m.Before, m.After); err != nil {
			return fmt.Errorf("due of case %s: %w", m.Case, err)
		}
	}
	return nil
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
	var out []Move
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = store.Collect(ctx, tx, `SELECT seq, clock, before, after FROM flow_redue WHERE case_ = $1 ORDER BY seq, clock`, []any{id}, func(scan func(...any) error) (m Move, err error) {
			var before, after int64
			err = scan(&m.Seq, &m.Clock, &before, &after)
			m.Before, m.After = instant(before), instant(after)
			return m, err
		})
		return err
	})
	return out, err
}
