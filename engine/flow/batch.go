package flow

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// batch is one transaction of the writer: it computes what a group of requests
// does, in memory and in order, and then writes the rows.
type batch struct {
	s       *Service
	tx      store.Tx
	now     time.Time
	cal     clock.Calendar
	head    link
	cases   map[string]*row
	done    map[delivery]doing // by commands with the keys of this group
	order   []string           // ids of touched cases, in order
	numbers map[string]int64
	force   map[string]*procedure.Procedure // in force now, by id
	events  []event
	out     []outRow
	notices []noticeRow
	docs    []Document
}

// row is a case in memory while a batch runs.
type row struct {
	Case
	before  []taskRow // as stored; nil of a new case
	state   State
	p       *procedure.Procedure
	wake    time.Time // when a clock next has something to tell
	timer   time.Time // wake as stored
	text    string    // state as stored
	fresh   bool      // not in the database yet
	changed bool      // the case has changed since it was read
	dirty   bool      // something of it is to be written
}

func (b *batch) run(ctx context.Context, group []*request) (_ []answer, err error) {
	if b.cal, err = b.s.calendar(ctx, b.tx); err != nil {
		return nil, err
	}
	if b.head, err = readHead(ctx, b.tx); err != nil {
		return nil, err
	}
	if err := b.preload(ctx, group); err != nil {
		return nil, err
	}
	answers := make([]answer, len(group))
	for i, r := range group {
		n := len(b.out)
		answers[i].c, answers[i].err = b.one(ctx, r)
		if err := answers[i].err; err != nil && fault.KindOf(err) == "" {
			return nil, err // of the database: the whole group is in doubt
		}
		answers[i].acts = len(b.out) > n
	}
	if len(b.events) == 0 {
		if err := b.unmoved(ctx); err != nil {
			return nil, err
		}
	}
	return answers, b.write(ctx)
}

// unmoved holds that no other process has written since the head was read: what a group
// is refused for could be what that has done, even the very same commands. A group with
// events finds out when it writes them.
//
// Errors: fault.Conflict.
func (b *batch) unmoved(ctx context.Context) error {
	now, err := readHead(ctx, b.tx)
	if err == nil && now.seq != b.head.seq {
		err = fault.New(fault.Conflict, "another process has written since")
	}
	return err
}

// inForce is the version that new cases of a procedure run on, asked for once.
func (b *batch) inForce(ctx context.Context, id string) (*procedure.Procedure, error) {
	if p := b.force[id]; p != nil {
		return p, nil
	}
	p, err := b.s.inForce(ctx, b.tx, id, b.now)
	if err == nil {
		b.force[id] = p
	}
	return p, err
}

func (b *batch) one(ctx context.Context, r *request) (Case, error) {
	switch {
	case r.opening != nil:
		return b.open(ctx, r.who, *r.opening)
	case r.command != nil:
		return b.send(ctx, r.who, *r.command)
	case r.note != nil:
		return b.note(ctx, r.who, *r.note)
	case r.migrate != nil:
		return b.migrate(ctx, r.who, *r.migrate)
	}
	return b.wake(ctx, *r.wake)
}

// open opens a case.
func (b *batch) open(ctx context.Context, who person, o Opening) (Case, error) {
	by := sender(who)
	if c, ok, err := b.again(ctx, by, o.Key, eventOpen, ""); ok || err != nil {
		return c, err
	}
	p, err := b.inForce(ctx, o.Procedure)
	if err != nil {
		return Case{}, err
	}
	data, err := normal(o.Data)
	if err == nil {
		data, err = machine.Coerce(p, data)
	}
	if err != nil {
		return Case{}, err
	}
	if o.Title.ZH == "" {
		o.Title = p.Name
	}
	number, err := b.number(ctx, o.Procedure)
	if err != nil {
		return Case{}, err
	}
	r := &row{fresh: true, p: p, Case: Case{
		ID: store.NewID(b.now), Number: number, Procedure: p.ID, Digest: p.Digest, Title: o.Title,
		Subject: o.Subject, Unit: o.Unit, Parent: o.Parent, Opened: b.now,
	}}
	if err := b.happen(r, o.Key, machine.Event{Name: eventOpen, By: by, At: b.now, Data: r.opening(data)}); err != nil {
		return Case{}, err
	}
	b.cases[r.ID] = r
	return r.Case, nil
}

// openDigest is the key under which an event names a version of a procedure.
const openDigest = "digest"

// opening is what the first event of a case says: all that the case begins with,
// so that the log alone gives every case again.
func (r *row) opening(data map[string]any) map[string]any {
	return map[string]any{
		openDigest: r.Digest, "number": r.Number, "zh": r.Title.ZH, "en": r.Title.EN, "subject": r.Subject, "unit": r.Unit, "parent": r.Parent, "data": data,
	}
}

// send lets a person's or the program's event happen to a case.
func (b *batch) send(ctx context.Context, who person, c Command) (Case, error) {
	by := sender(who)
	if done, ok, err := b.again(ctx, by, c.Key, c.Event, c.Case); ok || err != nil {
		return done, err
	}
	r, err := b.find(ctx, c.Case)
	if err != nil {
		return Case{}, err
	}
	if c.After != 0 && c.After != r.Events {
		return Case{}, fault.Say(fault.Conflict, "办件 %s 在您查看之后有了新的进展（现有 %d 步，您看到 %d 步），请看过再办。", "case %s has moved on since you looked (%d events, you saw %d); look again before you decide", r.Number, r.Events, c.After)
	}
	if c.Data, err = normal(c.Data); err != nil {
		return Case{}, err
	}
	data, err := r.check(who, c)
	if err != nil {
		return Case{}, err
	}
	if err := b.happen(r, c.Key, machine.Event{Name: c.Event, By: by, At: b.now, Data: data}); err != nil {
		return Case{}, err
	}
	return r.Case, nil
}

// sender is the name under which an event is logged.
func sender(w person) string {
	if w.ID == "" {
		return string(actor.Public)
	}
	return w.ID
}

// wake tells a case what its clocks have to say, in order of their instants.
func (b *batch) wake(ctx context.Context, t timer) (Case, error) {
	r, err := b.find(ctx, t.id)
	if err != nil {
		return Case{}, err
	}
	r.timer = t.at // whatever its clocks say now, this is what is to go
	for range 2 * (len(r.state.Clocks) + 1) * maxRings {
		next, ok := r.state.next(b.cal)
		if !ok || next.At.After(b.now) || r.state.Done {
			break
		}
		e := machine.Event{Name: clockPrefix + next.Clock + "." + next.What, By: program, At: b.now, Data: map[string]any{"at": next.At.UTC().Format(time.RFC3339)}}
		if err := b.happen(r, "", e); err != nil {
			return Case{}, fmt.Errorf("case %s, %s: %w", r.ID, e.Name, err)
		}
	}
	b.touch(r)
	return r.Case, nil
}

// maxRings bounds how often one clock may be started anew by its own ringing
// while its case is woken once.
const maxRings = 4

// happen applies an event to a case and adds it to the log. Nothing of the batch
// has changed when it fails.
func (b *batch) happen(r *row, key string, e machine.Event) error {
	if e.At.Before(r.state.Last) {
		e.At = r.state.Last // the machine's clock was set back: a case's time is not
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	o, err := apply(r.p, r.state, e)
	if err != nil {
		return err
	}
	if !o.Taken && e.By != program {
		return fault.Say(fault.Conflict, "现在不能做“%s”：办件 %s 还不满足它的条件。", "%q does nothing now: its condition does not hold for case %s", e.Name, r.Number)
	}
	text, result, err := o.State.encode()
	if err != nil {
		return err
	}
	r.state, r.text = o.State, text
	r.Events++
	ev := event{Case: r.ID, N: r.Events, Name: e.Name, By: e.By, At: e.At, Key: key, Data: e.Data, Result: result}
	if err := b.append(&ev); err != nil {
		return err
	}
	for _, problem := range o.Problems {
		b.s.log.Warn("an expression of a procedure failed", slog.String("procedure", r.p.ID), slog.String("case", r.ID), slog.String("event", e.Name), slog.String("problem", problem))
	}
	for i, a := range o.Acts {
		if err := b.post(r, fmt.Sprintf("%020d.%03d", ev.Seq, i), a, e.At); err != nil {
			return err
		}
	}
	if key != "" {
		b.done[delivery{e.By, key}] = doing{r.ID, e.Name}
	}
	r.changed = true
	r.settle(b.cal, b.now)
	b.touch(r)
	return nil
}

func (b *batch) touch(r *row) {
	if !r.dirty {
		r.dirty = true
		b.order = append(b.order, r.ID)
	}
}

// append gives an event its place in the log.
func (b *batch) append(e *event) error {
	e.Seq = b.head.seq + 1
	hash, err := e.hash(b.head.hash)
	if err != nil {
		return err
	}
	e.Hash = hash
	b.head = link{e.Seq, hash}
	b.events = append(b.events, *e)
	return nil
}

// post keeps an act for after the commit. A notice is a row right away.
func (b *batch) post(r *row, id string, a act, at time.Time) error {
	if a.Kind == actNotify {
		b.notices = append(b.notices, noticeRow{ID: id, Case: r.ID, Holder: holderOf(a.Owner), Text: pack.Text{ZH: a.ZH, EN: a.EN}, At: at})
		return nil
	}
	row, err := newOutRow(id, r.Case, a, at)
	b.out = append(b.out, row)
	return err
}

// find returns a case as this batch has it so far.
func (b *batch) find(ctx context.Context, id string) (*row, error) {
	if r, ok := b.cases[id]; ok {
		return r, nil
	}
	r, err := b.s.loadOne(ctx, b.tx, b.cal, id)
	if err != nil {
		return nil, err
	}
	b.cases[id] = r
	return r, nil
}
