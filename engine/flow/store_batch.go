package flow

import (
	"context"
	"fmt"

	"yuzhou/kernel/fault"
)

// again finds what a command with the same key has done already.
func (b *batch) again(ctx context.Context, by, key, name, id string) (Case, bool, error) {
	if key == "" {
		return Case{}, false, nil
	}
	var was event
	for _, e := range b.events {
		if e.By == by && e.Key == key {
			was = e
		}
	}
	if was.Case == "" {
		found, err := b.st.one(`SELECT case_, name FROM flow_event WHERE by_ = $1 AND key = $2`, []any{by, key}, &was.Case, &was.Name)
		if err != nil || !found {
			return Case{}, false, err
		}
	}
	if was.Name != name || (id != "" && was.Case != id) {
		return Case{}, false, fault.New(fault.Conflict, "the idempotency key %q was used for %q before; use a new key for another command", key, was.Name)
	}
	r, err := b.find(ctx, was.Case)
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
