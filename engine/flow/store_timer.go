package flow

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"yuzhou/kernel/store"
)

// wakeChunk is how many cases are woken at once.
const wakeChunk = maxBatch

// timer is when a case is to be woken.
type timer struct {
	at time.Time
	id string // of the case
}

// ring wakes every case whose clocks have something to say: a warning, a due.
// Timers are rows, so they survive a restart; they are compared with the time of
// day each time, so that a jump of the machine's clock makes them early or late
// by no more than that jump, and never lost.
func (s *Service) ring(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	for {
		var due []timer
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			due, err = store.Collect(ctx, tx, `SELECT at, case_ FROM flow_timer WHERE at <= $1 ORDER BY at, case_ LIMIT $2`, []any{store.Micros(s.now()), wakeChunk},
				func(scan func(...any) error) (t timer, err error) {
					var at int64
					err = scan(&at, &t.id)
					t.at = instant(at)
					return t, err
				})
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		if failed := s.wakeAll(ctx, due); failed == len(due) {
			return nil // said in the log; the next round tries again
		}
	}
}

// wakeAll wakes cases together, so that they are committed as a group, and
// returns how many could not be.
func (s *Service) wakeAll(ctx context.Context, due []timer) (failed int) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, t := range due {
		wait.Go(func() {
			if _, err := s.do(ctx, &request{wake: &t}); err != nil {
				s.log.ErrorContext(ctx, "clocks of a case could not be told", slog.String("case", t.id), slog.Any("error", err))
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return failed
}
