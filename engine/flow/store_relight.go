package flow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
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

// change is one calendar taking the place of another.
type change struct {
	before, after string // digests
	was, is       clock.Calendar
}

// redue is one clock whose due has moved; 0 is a due that cannot be known.
type redue struct {
	Case   string `json:"case"`
	Clock  string `json:"clock"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// clocked is what is needed of a case to compute its lights.
type clocked struct {
	id   string
	text []byte // its state
}

// chunk is what a new calendar makes of some open cases, in order of their ids.
type chunk struct {
	first, last string // ids
	more        bool   // there are cases after last
	cases       int
	head        int64          // seq of the log's last event when it was read
	gone        map[int64]bool // instants for which a timer was set and is not any more
	kept, set   []timer        // that stay, and that are new
	tasks       []taskRow      // that change, those of a holder together: so they lie in the index
	moved       []redue
	moves       []byte // moved as JSON
}

// relightAll recomputes all open cases after the id from, chunk by chunk: while one
// is written the next is computed.
func (s *Service) relightAll(ctx context.Context, c change, from string) error {
	type computed struct {
		chunk
		err error
	}
	compute := func(from string) <-chan computed {
		out := make(chan computed, 1)
		go func() {
			k, err := s.recompute(ctx, c, from)
			out <- computed{k, err}
		}()
		return out
	}
	next := compute(from)
	for {
		k := <-next
		if k.err != nil {
			return k.err
		}
		if k.more {
			next = compute(k.last)
		}
		err := s.relit(ctx, c, k.chunk, from)
		if err != nil || !k.more {
			if k.more {
				<-next // nothing may be read after the end
			}
			return err
		}
		from = k.last
	}
}

// relit writes a chunk with the event that tells of it. When something has
// happened to one of its cases since, it is computed again first.
func (s *Service) relit(ctx context.Context, c change, k chunk, from string) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		since, err := tx.One(ctx, `SELECT seq FROM flow_event WHERE seq > $1 AND case_ > $2 AND case_ <= $3 LIMIT 1`, []any{k.head, from, k.last}, new(int64))
		if err != nil {
			return err
		}
		if since {
			rows, err := openClocks(ctx, tx, from, k.last)
			if err != nil {
				return err
			}
			was := k
			if k, err = c.chunk(rows, s.now()); err != nil {
				return err
			}
			k.last, k.more = was.last, was.more
		}
		head, err := readHead(ctx, tx)
		if err != nil {
			return err
		}
		b := &batch{s: s, tx: tx, now: s.now(), head: head}
		if err := b.tx.ExecAll(ctx, k.changes()); err != nil {
			return err
		}
		return b.logRelit(ctx, c, k)
	})
}

// changes are the rows of a chunk that change.
func (k *chunk) changes() changes {
	var out changes
	for _, at := range slices.Sorted(maps.Keys(k.gone)) { // few: dues are ends of days
		out.add(`DELETE FROM flow_timer WHERE at = $1 AND case_ >= $2 AND case_ <= $3`, at, k.first, k.last)
	}
	for _, t := range k.kept {
		if k.gone[micros(t.at)] {
			k.set = append(k.set, t)
		}
	}
	for part := range slices.Chunk(k.set, relitRows) {
		args := make([]any, 0, 2*len(part))
		for _, t := range part {
			args = append(args, t.id, micros(t.at))
		}
		out.add(`INSERT INTO flow_timer (case_, at) `+values(len(part), 1)+` ON CONFLICT (at, case_) DO NOTHING`, args...)
	}
	for part := range slices.Chunk(k.tasks, relitRows) {
		args := make([]any, 0, 3*len(part))
		for _, t := range part {
			args = append(args, t.ID, t.Due, t.Light)
		}
		out.add(`UPDATE flow_task SET due = v.column2, light = v.column3 FROM (`+values(len(part), 2)+`) AS v WHERE id = v.column1`, args...)
	}
	return out
}

// relitRows is how many rows one statement changes: a statement each takes a fifth
// longer.
const relitRows = 100

// values returns a VALUES list of rows of a text and n numbers, as columns column1
// and on: so both databases call them.
func values(rows, n int) string {
	var out strings.Builder
	arg := 0
	for r := range rows {
		out.WriteString(map[bool]string{true: "VALUES (", false: ", ("}[r == 0])
		for c := range n + 1 {
			arg++
			if c > 0 {
				fmt.Fprintf(&out, ", CAST($%d AS BIGINT)", arg)
			} else {
				fmt.Fprintf(&out, "CAST($%d AS TEXT)", arg)
			}
		}
		out.WriteByte(')')
	}
	return out.String()
}

// recompute computes what the change of the calendar makes of a chunk of open cases
// after the id from. It reads them in one transaction and computes outside of it: a
// reader that lingers beside the writer keeps SQLite's log from starting anew.
func (s *Service) recompute(ctx context.Context, c change, from string) (chunk, error) {
	var head link
	var rows []clocked
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		if head, err = readHead(ctx, tx); err != nil {
			return err
		}
		rows, err = openClocks(ctx, tx, from, lastID)
		return err
	})
	if err != nil {
		return chunk{}, err
	}
	k, err := c.chunk(rows, s.now())
	k.head = head.seq
	return k, err
}

// chunk computes what the change makes of cases, on all processors.
func (c *change) chunk(rows []clocked, now time.Time) (chunk, error) {
	if len(rows) == 0 {
		return chunk{}, nil
	}
	k := chunk{first: rows[0].id, last: rows[len(rows)-1].id, cases: len(rows), more: len(rows) == relightChunk, gone: map[int64]bool{}}
	parts := make([]chunk, runtime.GOMAXPROCS(0))
	errs := make([]error, len(parts))
	var all sync.WaitGroup
	for i := range parts {
		parts[i].gone = map[int64]bool{}
		all.Go(func() {
			for _, r := range rows[i*len(rows)/len(parts) : (i+1)*len(rows)/len(parts)] {
				if err := parts[i].add(r, c.was, c.is, now); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	for _, p := range parts {
		maps.Copy(k.gone, p.gone)
		k.kept, k.set, k.tasks, k.moved = append(k.kept, p.kept...), append(k.set, p.set...), append(k.tasks, p.tasks...), append(k.moved, p.moved...)
	}
	slices.SortFunc(k.moved, func(x, y redue) int { return cmp.Or(cmp.Compare(x.Case, y.Case), cmp.Compare(x.Clock, y.Clock)) })
	slices.SortStableFunc(k.tasks, func(x, y taskRow) int { return cmp.Compare(x.Holder, y.Holder) })
	moves, err := json.Marshal(append([]redue{}, k.moved...))
	k.moves = moves
	return k, errors.Join(errors.Join(errs...), err)
}

// lastID sorts behind every id of a case.
const lastID = "~"

// openClocks returns a chunk of open cases after one id and up to another, in order.
func openClocks(ctx context.Context, tx store.Tx, from, upto string) ([]clocked, error) {
	return store.Collect(ctx, tx, `SELECT id, state FROM flow_case WHERE closed = 0 AND id > $1 AND id <= $2 ORDER BY id LIMIT $3`, []any{from, upto, relightChunk},
		func(scan func(...any) error) (c clocked, err error) {
			err = scan(&c.id, &c.text)
			return c, err
		})
}

// add computes one case: the dues that move, and the rows that change.
func (k *chunk) add(c clocked, before, after clock.Calendar, now time.Time) error {
	var part struct {
		Clocks map[string]clock.Clock `json:"clocks"`
		Told   map[string]string      `json:"told"`
		Tasks  []Task                 `json:"tasks"`
	}
	if err := json.Unmarshal(c.text, &part); err != nil {
		return fmt.Errorf("state of case %s: %w", c.id, err)
	}
	state := State{Clocks: part.Clocks, Told: part.Told, Tasks: part.Tasks}
	for name, clk := range state.Clocks {
		was, is := micros(dueOf(clk, before)), micros(dueOf(clk, after))
		if was != is {
			k.moved = append(k.moved, redue{c.id, name, was, is})
		}
	}
	switch was, is := state.wake(before), state.wake(after); {
	case !was.Equal(is):
		k.gone[micros(was)] = true
		if !is.IsZero() {
			k.set = append(k.set, timer{is, c.id})
		}
	case !is.IsZero():
		k.kept = append(k.kept, timer{is, c.id})
	}
	was := taskRows(c.id, state, before, now)
	for i, t := range taskRows(c.id, state, after, now) {
		if t != was[i] {
			k.tasks = append(k.tasks, t)
		}
	}
	return nil
}

// logRelit adds the event that tells of a chunk, and its dues before and after.
func (b *batch) logRelit(ctx context.Context, c change, k chunk) error {
	sum := sha256.Sum256(k.moves)
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
	if err := b.write(ctx); err != nil || len(k.moved) == 0 {
		return err
	}
	_, err = b.tx.Exec(ctx, `INSERT INTO flow_redue (seq, first, last, moves) VALUES ($1, $2, $3, $4)`, e.Seq, k.first, k.last, string(k.moves))
	return err
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
