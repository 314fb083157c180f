package flow

import (
	"context"
	"log/slog"
	"sync"

	"yuzhou/kernel/store"
)

// wakeChunk is how many cases are woken at once.
const wakeChunk = maxBatch

// ring wakes every case whose clocks have something to say: a warning, a due.
// Timers are rows, so they survive a restart; they are compared with the time of
// day each time, so that a jump of the machine's clock makes them early or late
// by no more than that jump, and never lost.
func (s *Service) ring(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	for {
		var ids []string
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			ids, err = store.Collect(ctx, tx, `SELECT id FROM flow_case WHERE wake > 0 AND wake <= $1 ORDER BY wake, id LIMIT $2`, []any{store.Micros(s.now()), wakeChunk},
				func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		if failed := s.wakeAll(ctx, ids); failed == len(ids) {
			return nil // said in the log; the next round tries again
		}
	}
}

// wakeAll wakes cases together, so that they are committed as a group, and
// returns how many could not be.
func (s *Service) wakeAll(ctx context.Context, ids []string) (failed int) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, id := range ids {
		wait.Go(func() {
			if _, err := s.do(ctx, &request{wake: id}); err != nil {
				s.log.ErrorContext(ctx, "clocks of a case could not be told", slog.String("case", id), slog.Any("error", err))
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return failed
}
