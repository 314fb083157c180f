package flow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// load reads cases with their procedures and their rows of the inbox, settled under a
// calendar, by id; what there is not is left out.
func (s *Service) load(ctx context.Context, tx store.Tx, cal clock.Calendar, ids ...string) (map[string]*row, error) {
	out := make(map[string]*row, len(ids))
	var cases, tasks in
	for _, id := range ids {
		cases.add(id)
	}
	err := cases.each(ctx, tx, `SELECT `+caseColumns+` FROM flow_case WHERE id IN `, func(scan func(...any) error) error {
		r, err := scanCase(scan)
		if err != nil {
			return err
		}
		r.settle(cal, s.now())
		r.timer = r.wake
		for _, t := range r.Tasks {
			tasks.add(r.ID + "." + t.ID)
		}
		out[r.ID] = &r
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = tasks.each(ctx, tx, `SELECT case_, id, holder, unit, opened, due, light FROM flow_task WHERE id IN `, func(scan func(...any) error) error {
		var id string
		var t taskRow
		err := scan(&id, &t.ID, &t.Holder, &t.Unit, &t.Opened, &t.Due, &t.Light)
		out[id].before = append(out[id].before, t)
		return err
	})
	for _, r := range out {
		if err != nil {
			return nil, err
		}
		r.p, err = s.version(ctx, tx, r.Digest)
	}
	return out, err
}

// loadOne is load of a single case. Errors: fault.NotFound.
func (s *Service) loadOne(ctx context.Context, tx store.Tx, cal clock.Calendar, id string) (*row, error) {
	all, err := s.load(ctx, tx, cal, id)
	if err != nil {
		return nil, err
	}
	if r := all[id]; r != nil {
		return r, nil
	}
	return nil, fault.Say(fault.NotFound, "没有办件 %q。", "there is no case %q", id)
}

func readHead(ctx context.Context, tx store.Tx) (link, error) {
	var l link
	_, err := tx.One(ctx, `SELECT seq, hash FROM flow_event ORDER BY seq DESC LIMIT 1`, nil, &l.seq, &l.hash)
	return l, err
}

// in is the right side of IN: texts, or pairs of texts, each given once.
type in struct {
	width int
	args  []any
	there map[string]bool
}

// add adds a text or a pair of texts.
func (l *in) add(a ...string) {
	key := strings.Join(a, "\x00")
	if l.there[key] {
		return
	}
	if l.there == nil {
		l.there = map[string]bool{}
	}
	l.there[key], l.width = true, len(a)
	for _, v := range a {
		l.args = append(l.args, v)
	}
}

// maxIn bounds how many are asked for at once.
const maxIn = 100

// each calls scan for every row of query, which ends with IN.
func (l *in) each(ctx context.Context, tx store.Tx, query string, scan func(scan func(...any) error) error) error {
	if len(l.args) == 0 {
		return nil
	}
	for part := range slices.Chunk(l.args, maxIn*l.width) {
		var list strings.Builder
		for i := range part {
			switch {
			case i > 0 && i%l.width == 0 && l.width > 1:
				list.WriteString("), (")
			case i > 0:
				list.WriteString(", ")
			}
			list.WriteString("$" + strconv.Itoa(i+1))
		}
		text := "(" + list.String() + ")"
		if l.width > 1 {
			text = "(VALUES " + text + ")"
		}
		if err := tx.Each(ctx, query+text, part, scan); err != nil {
			return err
		}
	}
	return nil
}
