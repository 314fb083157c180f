package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// outRow is one thing to do after a commit.
type outRow struct {
	ID, Case, Kind, Body string
	Tries                int64
	later                bool // it is not tried before a time that lies ahead
}

// outBody is an act with what was true when it was decided on.
type outBody struct {
	act
	At   time.Time `json:"at"`
	Case Case      `json:"case"`
}

func newOutRow(id string, c Case, a act, at time.Time) (outRow, error) {
	a.Data, c.State.Data = exactMap(a.Data), exactMap(c.State.Data)
	body, err := json.Marshal(outBody{a, at, c})
	return outRow{ID: id, Case: c.ID, Kind: a.Kind, Body: string(body)}, err
}

func decodeBody(text string) (outBody, error) {
	var b outBody
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&b); err != nil {
		return b, err
	}
	numbers(b.Data)
	numbers(b.Case.State.Data)
	return b, nil
}

// deliver does what is to be done, unless somebody is at it already; what fails
// is tried again by the job. It is called right after a commit, so that who sent
// a command sees its consequences.
func (s *Service) deliver(ctx context.Context) {
	if !s.outbox.TryLock() {
		return
	}
	defer s.outbox.Unlock()
	if err := s.deliverNow(context.WithoutCancel(ctx)); err != nil {
		s.log.ErrorContext(ctx, "what a case has led to could not be delivered", slog.Any("error", err))
	}
}

// deliverAll is deliver as a job.
func (s *Service) deliverAll(ctx context.Context) error {
	if err := s.ready(ctx); err != nil || !s.outbox.TryLock() {
		return err
	}
	defer s.outbox.Unlock()
	return s.deliverNow(ctx)
}

// outboxChunk is how many rows are read at once.
const outboxChunk = 200

// deliverNow empties the outbox in order. A row that fails waits, and so do
// those after it of the same case, so that a case's own order is kept.
func (s *Service) deliverNow(ctx context.Context) error {
	held := map[string]bool{}
	after := ""
	for {
		rows, err := s.waiting(ctx, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			after = r.ID
			if held[r.Case] = held[r.Case] || r.later; held[r.Case] {
				continue
			}
			done, err := s.carryOut(ctx, r)
			if err != nil {
				return err
			}
			held[r.Case] = !done
		}
	}
}

// waiting returns a chunk of the outbox.
func (s *Service) waiting(ctx context.Context, after string) ([]outRow, error) {
	var rows []outRow
	now := store.Micros(s.now())
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		rows, err = store.Collect(ctx, tx, `SELECT id, case_, kind, body, tries, again FROM flow_outbox WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, outboxChunk},
			func(scan func(...any) error) (r outRow, err error) {
				var again int64
				err = scan(&r.ID, &r.Case, &r.Kind, &r.Body, &r.Tries, &again)
				r.later = again > now
				return r, err
			})
		return err
	})
	return rows, err
}

// carryOut does one row and takes it off, or notes when to try again.
func (s *Service) carryOut(ctx context.Context, r outRow) (done bool, err error) {
	failed := s.perform(s.AsProgram(ctx), r)
	return failed == nil, s.db.Write(ctx, func(tx store.Tx) error {
		if failed == nil {
			_, err := tx.Exec(ctx, `DELETE FROM flow_outbox WHERE id = $1`, r.ID)
			return err
		}
		s.log.WarnContext(ctx, "what a case has led to failed and is tried again", slog.String("outbox", r.ID), slog.String("kind", r.Kind), slog.Any("error", failed))
		wait := min(time.Second<<min(r.Tries, 12), time.Hour)
		_, err := tx.Exec(ctx, `UPDATE flow_outbox SET tries = $1, again = $2 WHERE id = $3`, r.Tries+1, store.Micros(s.now().Add(wait)), r.ID)
		return err
	})
}

// perform does what an act asks for. It may happen more than once, so each part
// is safe to repeat: commands carry the row's id as their idempotency key.
func (s *Service) perform(ctx context.Context, r outRow) error {
	b, err := decodeBody(r.Body)
	if err != nil {
		return err
	}
	switch b.Kind {
	case actOpen:
		return s.openChild(ctx, r.ID, b)
	case actEmit:
		return s.emit(ctx, r.ID, b)
	}
	for _, g := range s.guests {
		if fn := g.Topics[b.Topic]; fn != nil {
			return fn(ctx, Effected{ID: r.ID, Case: b.Case, Topic: b.Topic, Data: b.Data, At: b.At, By: b.By})
		}
	}
	return fault.New(fault.NotFound, "no module serves topic %q", b.Topic)
}

// openChild opens a part of a case. Its title, subject and unit are the
// parent's unless the data say otherwise.
func (s *Service) openChild(ctx context.Context, key string, b outBody) error {
	text := func(name, other string) string {
		if v, ok := b.Data[name].(string); ok && v != "" {
			return v
		}
		return other
	}
	o := Opening{
		Key: "outbox:" + key, Procedure: b.Procedure, Parent: b.Case.ID, Data: b.Data,
		Title:   pack.Text{ZH: text("title", b.Case.Title.ZH), EN: text("title_en", b.Case.Title.EN)},
		Subject: text("subject", b.Case.Subject), Unit: text("unit", b.Case.Unit),
	}
	_, err := s.openDeclared(ctx, o)
	return err
}

// openDeclared opens a case, leaving out what its procedure does not declare.
func (s *Service) openDeclared(ctx context.Context, o Opening) (Case, error) {
	p, err := s.Procedure(ctx, o.Procedure)
	if err != nil {
		return Case{}, err
	}
	declared := map[string]any{}
	for _, f := range p.Data {
		if v, ok := o.Data[f.Name]; ok {
			declared[f.Name] = v
		}
	}
	o.Data = declared
	return s.Open(ctx, o)
}

// emit sends an event to the parent or to all children of a case. One that does
// nothing there is no failure: the other case has gone another way.
func (s *Service) emit(ctx context.Context, key string, b outBody) error {
	var to []string
	if b.To == "parent" {
		to = append(to, b.Case.Parent)
	} else {
		children, err := s.Find(ctx, Filter{Parent: b.Case.ID, Limit: maxFound})
		if err != nil {
			return err
		}
		for _, c := range children {
			to = append(to, c.ID)
		}
	}
	for i, id := range to {
		if id == "" {
			continue
		}
		_, err := s.Send(ctx, Command{Key: fmt.Sprintf("outbox:%s:%d", key, i), Case: id, Event: b.Event, Data: b.Data})
		if kind := fault.KindOf(err); err != nil && kind != fault.Conflict && kind != fault.NotFound {
			return err
		}
	}
	return nil
}
