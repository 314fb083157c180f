package flow

import (
	"context"
	"sync"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// maxBatch is how many commands are committed together at most. More would make
// the first of them wait longer than the disk does.
const maxBatch = 512

// retries is how often a batch is tried again when another process has written
// to the log at the same time.
const retries = 5

// request is a command that waits to be committed: one of Opening, Command, or
// a case to wake.
type request struct {
	who     person
	opening *Opening
	command *Command
	note    *note
	migrate *migrant
	wake    *timer

	answer chan answer // buffered: the writer never waits for who asked
}

type answer struct {
	c    Case
	acts bool // something is to be done after the commit
	err  error
}

// writer commits commands, those that wait together as one group: the log has
// one order, and so one writer a process. It needs no goroutine of its own while
// nothing waits.
type writer struct {
	mu      sync.Mutex
	waiting []*request // guarded by mu
	running bool       // guarded by mu: a goroutine is emptying waiting
}

// do queues a request and waits for its answer. When ctx ends first the request
// may still be carried out: its idempotency key tells.
func (s *Service) do(ctx context.Context, r *request) (Case, error) {
	if err := s.ready(ctx); err != nil {
		return Case{}, err
	}
	r.answer = make(chan answer, 1)
	w := &s.writer
	w.mu.Lock()
	w.waiting = append(w.waiting, r)
	if !w.running {
		w.running = true
		go s.write(context.WithoutCancel(ctx))
	}
	w.mu.Unlock()
	select {
	case a := <-r.answer:
		if a.acts {
			s.deliver(ctx)
		}
		return a.c, a.err
	case <-ctx.Done():
		return Case{}, ctx.Err()
	}
}

// write commits batch after batch until nothing waits.
func (s *Service) write(ctx context.Context) {
	w := &s.writer
	for {
		w.mu.Lock()
		n := min(len(w.waiting), maxBatch)
		group := w.waiting[:n:n]
		w.waiting = w.waiting[n:]
		if n == 0 {
			w.running, w.waiting = false, nil
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		s.commit(ctx, group)
	}
}

// commit writes a group as one transaction. What one request does wrong is its
// own answer; what the database refuses for the whole group is tried again one
// by one, so that one bad request fails alone.
func (s *Service) commit(ctx context.Context, group []*request) {
	answers, err := s.attempt(ctx, group)
	if err != nil && len(group) > 1 && fault.KindOf(err) != fault.Busy {
		for _, r := range group {
			s.commit(ctx, []*request{r})
		}
		return
	}
	for i, r := range group {
		if err != nil {
			r.answer <- answer{err: err}
			continue
		}
		r.answer <- answers[i]
	}
}

func (s *Service) attempt(ctx context.Context, group []*request) (answers []answer, err error) {
	for range retries {
		err = s.db.Write(ctx, func(tx store.Tx) error {
			b := &batch{s: s, tx: tx, now: s.now(), cases: map[string]*row{}, numbers: map[string]int64{}, force: map[string]*procedure.Procedure{}}
			answers, err = b.run(ctx, group)
			return err
		})
		if fault.KindOf(err) != fault.Conflict { // of the log's order: another process was first
			return answers, err
		}
	}
	return nil, err
}
