package flow

import (
	"context"
	"fmt"

	"yuzhou/kernel/fault"
)

// delivery identifies a command: by whom, with which idempotency key.
type delivery struct{ by, key string }

// doing is what a command has done: an event of a case.
type doing struct{ of, name string }

// idOf is the case that a request is about; empty when it opens one.
func (r *request) idOf() string {
	switch {
	case r.command != nil:
		return r.command.Case
	case r.note != nil:
		return r.note.id
	case r.migrate != nil:
		return r.migrate.id
	case r.wake != nil:
		return r.wake.id
	}
	return ""
}

// delivery is how a request can be known again; its key is empty when it cannot.
func (r *request) delivery() delivery {
	switch {
	case r.opening != nil:
		return delivery{sender(r.who), r.opening.Key}
	case r.command != nil:
		return delivery{sender(r.who), r.command.Key}
	case r.note != nil:
		return delivery{sender(r.who), r.note.key}
	}
	return delivery{}
}

// preload reads what a group is about with as few questions as possible: what has
// been done with its keys, its cases, and their rows of the inbox.
func (b *batch) preload(ctx context.Context, group []*request) error {
	b.done = map[delivery]doing{}
	var keys in
	var ids []string
	for _, r := range group {
		if s := r.delivery(); s.key != "" {
			keys.add(s.by, s.key)
		}
		if id := r.idOf(); id != "" {
			ids = append(ids, id)
		}
	}
	err := keys.each(ctx, b.tx, `SELECT by_, key, case_, name FROM flow_event WHERE key <> '' AND (by_, key) IN `, func(scan func(...any) error) error {
		var s delivery
		var d doing
		err := scan(&s.by, &s.key, &d.of, &d.name)
		b.done[s] = d
		return err
	})
	if err != nil {
		return err
	}
	b.cases, err = b.s.load(ctx, b.tx, b.cal, ids...)
	return err
}

// again finds what a command with the same key has done already.
func (b *batch) again(ctx context.Context, by, key, name, id string) (Case, bool, error) {
	was, ok := b.done[delivery{by, key}]
	if !ok {
		return Case{}, false, nil
	}
	if was.name != name || (id != "" && was.of != id) {
		return Case{}, false, fault.New(fault.Conflict, "the idempotency key %q was used for %q before; use a new key for another command", key, was.name)
	}
	r, err := b.find(ctx, was.of)
	if err != nil {
		return Case{}, false, err
	}
	return r.Case, true, nil
}

// number returns the next running number of a procedure in this year.
func (b *batch) number(ctx context.Context, id string) (string, error) {
	series := fmt.Sprintf("%s-%d", id, b.now.In(b.s.site.Zone).Year())
	n, ok := b.numbers[series]
	if !ok {
		if _, err := b.tx.One(ctx, `SELECT last FROM flow_number WHERE series = $1`, []any{series}, &n); err != nil {
			return "", err
		}
	}
	b.numbers[series] = n + 1
	return fmt.Sprintf("%s-%06d", series, n+1), nil
}
