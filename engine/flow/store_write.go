package flow

import (
	"context"

	"yuzhou/kernel/store"
)

// changes are what a transaction is to write, sent to the database together.
type changes []store.Change

func (c *changes) add(query string, args ...any) {
	*c = append(*c, store.Change{Query: query, Args: args})
}

// write writes all rows of the batch.
func (b *batch) write(ctx context.Context) error {
	var out changes
	b.writeEvents(&out)
	for _, id := range b.order {
		b.writeCase(&out, b.cases[id])
	}
	b.writeBeside(&out)
	return b.tx.ExecAll(ctx, out)
}

func (b *batch) writeEvents(out *changes) {
	for _, e := range b.events {
		out.add(`INSERT INTO flow_event (seq, case_, n, name, by_, at, key, data, result, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			e.Seq, e.Case, e.N, e.Name, e.By, store.Micros(e.At), e.Key, e.text, e.Result, e.Hash)
	}
}

// writeBeside writes what stands beside the cases: numbers, notices, acts, documents.
func (b *batch) writeBeside(out *changes) {
	for series, n := range b.numbers {
		out.add(`INSERT INTO flow_number (series, last) VALUES ($1, $2) ON CONFLICT (series) DO UPDATE SET last = excluded.last`, series, n)
	}
	for _, n := range b.notices {
		out.add(`INSERT INTO flow_notice (id, case_, holder, zh, en, at) VALUES ($1, $2, $3, $4, $5, $6)`, n.ID, n.Case, n.Holder, n.Text.ZH, n.Text.EN, store.Micros(n.At))
	}
	for _, o := range b.out {
		out.add(`INSERT INTO flow_outbox (id, case_, kind, body, tries, again) VALUES ($1, $2, $3, $4, 0, 0)`, o.ID, o.Case, o.Kind, o.Body)
	}
	for _, d := range b.docs {
		out.add(`INSERT INTO flow_document (case_, n, sha256, name, media, size) VALUES ($1, $2, $3, $4, $5, $6)`, d.Case, d.N, d.SHA256, d.Name, d.Media, d.Size)
	}
}

func (b *batch) writeCase(out *changes, r *row) {
	switch {
	case r.fresh:
		out.add(`INSERT INTO flow_case (`+caseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			r.ID, r.Number, r.Procedure, r.Digest, r.Title.ZH, r.Title.EN, r.Subject, r.Unit, r.Parent, micros(r.Opened), micros(r.Closed), r.Events, r.text)
	case r.changed:
		out.add(`UPDATE flow_case SET digest = $1, closed = $2, events = $3, state = $4 WHERE id = $5`, r.Digest, micros(r.Closed), r.Events, r.text, r.ID)
	}
	r.writeTimer(out)
	r.writeTasks(out, taskRows(r.ID, r.state, b.cal, b.now))
}

// writeTimer puts the timer of a case where its clocks say.
func (r *row) writeTimer(out *changes) {
	if r.wake.Equal(r.timer) {
		return
	}
	if !r.timer.IsZero() {
		out.add(`DELETE FROM flow_timer WHERE at = $1 AND case_ = $2`, micros(r.timer), r.ID)
	}
	if !r.wake.IsZero() {
		out.add(`INSERT INTO flow_timer (at, case_) VALUES ($1, $2) ON CONFLICT (at, case_) DO NOTHING`, micros(r.wake), r.ID)
	}
}

// writeTasks brings the inbox to what the case says, touching changed rows alone.
func (r *row) writeTasks(out *changes, now []taskRow) {
	was := make(map[string]taskRow, len(r.before))
	for _, t := range r.before {
		was[t.ID] = t
	}
	for _, t := range now {
		old, ok := was[t.ID]
		delete(was, t.ID)
		switch {
		case !ok:
			out.add(`INSERT INTO flow_task (id, case_, holder, unit, opened, due, light) VALUES ($1, $2, $3, $4, $5, $6, $7)`, t.ID, r.ID, t.Holder, t.Unit, t.Opened, t.Due, t.Light)
		case old != t:
			out.add(`UPDATE flow_task SET holder = $1, unit = $2, due = $3, light = $4 WHERE id = $5`, t.Holder, t.Unit, t.Due, t.Light, t.ID)
		}
	}
	for id := range was {
		out.add(`DELETE FROM flow_task WHERE id = $1`, id)
	}
}
