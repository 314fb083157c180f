package flow

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// never stands for "no due" in the inbox, where it sorts last.
const never = int64(1) << 62

// taskRow is a task as the inbox has it.
type taskRow struct {
	ID, Holder, Unit string
	Opened, Due      int64
	Light            int64
}

// noticeRow is a notice to a holder.
type noticeRow struct {
	ID, Case, Holder string
	Text             pack.Text
	At               time.Time
}

// lights are stored as numbers, so that they can be compared.
func lightNumber(l clock.Light) int64 {
	switch l { //nolint:exhaustive // green is 0
	case clock.Yellow:
		return 1
	case clock.Red:
		return 2
	case clock.Black:
		return 3
	}
	return 0
}

func lightOf(n int64) clock.Light {
	return []clock.Light{clock.Green, clock.Yellow, clock.Red, clock.Black}[n&3]
}

// micros is store.Micros with 0 for no instant.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return store.Micros(t)
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return store.FromMicros(n)
}

// holderOf is how an owner is written in an index: one text to look for.
func holderOf(o machine.Owner) string {
	switch {
	case o.Person != "":
		return "person:" + o.Person
	case o.Post != "":
		return "post:" + o.Post
	}
	return "unit:" + o.Unit + ":" + o.Role
}

// holder is whose inbox a task is in.
func (t Task) holder() string {
	switch {
	case t.Delegated != "":
		return "person:" + t.Delegated
	case t.Claimed != "":
		return "person:" + t.Claimed
	}
	return holderOf(t.Owner)
}

// taskRows returns the rows of a case's open tasks.
func taskRows(id string, s State, cal clock.Calendar, now time.Time) []taskRow {
	out := make([]taskRow, 0, len(s.Tasks))
	for _, t := range s.Tasks {
		var at time.Time
		var light clock.Light
		if k, ok := s.Clocks[t.Clock]; ok {
			at, light = dueOf(k, cal), k.Light(cal, now)
		} else {
			at, light = s.due(cal), s.light(cal, now)
		}
		due := never
		if !at.IsZero() {
			due = store.Micros(at)
		}
		out = append(out, taskRow{id + "." + t.ID, t.holder(), t.Owner.Unit, store.Micros(t.Opened), due, lightNumber(light)})
	}
	return out
}

const caseColumns = `id, number, procedure, digest, zh, en, subject, unit, parent, opened, closed, events, state`

// scanCase reads a case as it is stored: settle adds what the calendar makes of it.
func scanCase(scan func(...any) error) (r row, err error) {
	var opened, closed int64
	var text string
	if err := scan(&r.ID, &r.Number, &r.Procedure, &r.Digest, &r.Title.ZH, &r.Title.EN, &r.Subject, &r.Unit, &r.Parent,
		&opened, &closed, &r.Events, &text); err != nil {
		return row{}, err
	}
	r.Opened, r.Closed, r.text = instant(opened), instant(closed), text
	if r.state, err = decodeState(text); err != nil {
		return row{}, fmt.Errorf("state of case %s: %w", r.ID, err)
	}
	return r, nil
}

// settle fills in what follows from the state under a calendar at an instant.
func (r *row) settle(cal clock.Calendar, now time.Time) {
	r.State, r.Clocks, r.Tasks = r.state.Configuration, r.state.Clocks, r.state.Tasks
	r.Light, r.Due, r.wake = r.state.light(cal, now), r.state.due(cal), r.state.wake(cal)
	if r.state.Done && r.Closed.IsZero() {
		r.Closed = r.state.Last
	}
}

// decodeState reads a stored state: whole numbers as int64, others as float64.
func decodeState(text string) (State, error) {
	var s State
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&s); err != nil {
		return State{}, err
	}
	numbers(s.Data)
	return s, nil
}

// load reads a case with its procedure and its rows of the inbox, settled under a
// calendar.
func (s *Service) load(ctx context.Context, st *statements, cal clock.Calendar, id string) (*row, error) {
	var r row
	found := false
	err := st.each(`SELECT `+caseColumns+` FROM flow_case WHERE id = $1`, []any{id}, func(scan func(...any) error) (err error) {
		r, err = scanCase(scan)
		found = true
		return err
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.NotFound, "there is no case %q", id)
	}
	r.settle(cal, s.now())
	r.timer = r.wake
	if r.p, err = s.version(ctx, st.tx, r.Digest); err != nil {
		return nil, err
	}
	err = st.each(`SELECT id, holder, unit, opened, due, light FROM flow_task WHERE id > $1 AND id < $2 ORDER BY id`, []any{id + ".", id + "/"}, func(scan func(...any) error) error {
		var t taskRow
		err := scan(&t.ID, &t.Holder, &t.Unit, &t.Opened, &t.Due, &t.Light)
		r.before = append(r.before, t)
		return err
	})
	return &r, err
}

func readHead(ctx context.Context, tx store.Tx) (link, error) {
	var l link
	_, err := tx.One(ctx, `SELECT seq, hash FROM flow_event ORDER BY seq DESC LIMIT 1`, nil, &l.seq, &l.hash)
	return l, err
}

// statements are those of one transaction, prepared when first used.
type statements struct {
	ctx  context.Context //nolint:containedctx // lives as long as one transaction
	tx   store.Tx
	made map[string]*sql.Stmt
}

func newStatements(ctx context.Context, tx store.Tx) *statements {
	return &statements{ctx, tx, map[string]*sql.Stmt{}}
}

func (st *statements) prepare(query string) (*sql.Stmt, error) {
	p, ok := st.made[query]
	if ok {
		return p, nil
	}
	p, err := st.tx.Prepare(st.ctx, query)
	if err == nil {
		st.made[query] = p
	}
	return p, err
}

func (st *statements) exec(query string, args ...any) error {
	p, err := st.prepare(query) //nolint:sqlclosecheck // close does
	if err != nil {
		return err
	}
	_, err = p.ExecContext(st.ctx, args...)
	return st.tx.Fault(err)
}

// each calls scan for every row of query, in order.
func (st *statements) each(query string, args []any, scan func(scan func(...any) error) error) error {
	p, err := st.prepare(query) //nolint:sqlclosecheck // close does
	if err != nil {
		return err
	}
	rows, err := p.QueryContext(st.ctx, args...)
	if err != nil {
		return st.tx.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says more
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return st.tx.Fault(rows.Err())
}

// one scans the single row of query into dst; found is false when there is none.
func (st *statements) one(query string, args []any, dst ...any) (found bool, err error) {
	err = st.each(query, args, func(scan func(...any) error) error {
		found = true
		return scan(dst...)
	})
	return found, err
}

func (st *statements) close() (err error) {
	for _, p := range st.made {
		err = errors.Join(err, p.Close())
	}
	return err
}

// write writes all rows of the batch.
func (b *batch) write(st *statements) error {
	for _, part := range []func(*statements) error{b.writeEvents, b.writeCases, b.writeBeside} {
		if err := part(st); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeEvents(st *statements) error {
	for _, e := range b.events {
		if err := st.exec(`INSERT INTO flow_event (seq, case_, n, name, by_, at, key, data, result, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			e.Seq, e.Case, e.N, e.Name, e.By, store.Micros(e.At), e.Key, e.text, e.Result, e.Hash); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeCases(st *statements) error {
	for _, id := range b.order {
		if err := b.writeCase(st, b.cases[id]); err != nil {
			return err
		}
	}
	for series, n := range b.numbers {
		if err := st.exec(`INSERT INTO flow_number (series, last) VALUES ($1, $2) ON CONFLICT (series) DO UPDATE SET last = excluded.last`, series, n); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes what stands beside the cases: notices, acts, documents.
func (b *batch) writeBeside(st *statements) error {
	for _, n := range b.notices {
		if err := st.exec(`INSERT INTO flow_notice (id, case_, holder, zh, en, at) VALUES ($1, $2, $3, $4, $5, $6)`, n.ID, n.Case, n.Holder, n.Text.ZH, n.Text.EN, store.Micros(n.At)); err != nil {
			return err
		}
	}
	for _, o := range b.out {
		if err := st.exec(`INSERT INTO flow_outbox (id, case_, kind, body, tries, again) VALUES ($1, $2, $3, $4, 0, 0)`, o.ID, o.Case, o.Kind, o.Body); err != nil {
			return err
		}
	}
	for _, d := range b.docs {
		if err := st.exec(`INSERT INTO flow_document (case_, n, sha256, name, media, size) VALUES ($1, $2, $3, $4, $5, $6)`, d.Case, d.N, d.SHA256, d.Name, d.Media, d.Size); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeCase(st *statements, r *row) error {
	var err error
	switch {
	case r.fresh:
		err = st.exec(`INSERT INTO flow_case (`+caseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			r.ID, r.Number, r.Procedure, r.Digest, r.Title.ZH, r.Title.EN, r.Subject, r.Unit, r.Parent, micros(r.Opened), micros(r.Closed), r.Events, r.text)
	case r.changed:
		err = st.exec(`UPDATE flow_case SET digest = $1, closed = $2, events = $3, state = $4 WHERE id = $5`, r.Digest, micros(r.Closed), r.Events, r.text, r.ID)
	}
	if err == nil {
		err = r.writeTimer(st)
	}
	if err != nil {
		return err
	}
	return b.writeTasks(st, r, taskRows(r.ID, r.state, b.cal, b.now))
}

// writeTimer puts the timer of a case where its clocks say.
func (r *row) writeTimer(st *statements) error {
	if r.wake.Equal(r.timer) {
		return nil
	}
	if !r.timer.IsZero() {
		if err := st.exec(`DELETE FROM flow_timer WHERE at = $1 AND case_ = $2`, micros(r.timer), r.ID); err != nil {
			return err
		}
	}
	r.timer = r.wake
	if r.wake.IsZero() {
		return nil
	}
	return st.exec(`INSERT INTO flow_timer (at, case_) VALUES ($1, $2) ON CONFLICT (at, case_) DO NOTHING`, micros(r.wake), r.ID)
}

// writeTasks brings the inbox to what the case says, touching changed rows alone.
func (b *batch) writeTasks(st *statements, r *row, now []taskRow) error {
	was := make(map[string]taskRow, len(r.before))
	for _, t := range r.before {
		was[t.ID] = t
	}
	for _, t := range now {
		old, ok := was[t.ID]
		delete(was, t.ID)
		var err error
		switch {
		case !ok:
			err = st.exec(`INSERT INTO flow_task (id, case_, holder, unit, opened, due, light) VALUES ($1, $2, $3, $4, $5, $6, $7)`, t.ID, r.ID, t.Holder, t.Unit, t.Opened, t.Due, t.Light)
		case old != t:
			err = st.exec(`UPDATE flow_task SET holder = $1, unit = $2, due = $3, light = $4 WHERE id = $5`, t.Holder, t.Unit, t.Due, t.Light, t.ID)
		}
		if err != nil {
			return err
		}
	}
	for id := range was {
		if err := st.exec(`DELETE FROM flow_task WHERE id = $1`, id); err != nil {
			return err
		}
	}
	r.before = now
	return nil
}
