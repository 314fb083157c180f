package flow

import (
	"context"

	"yuzhou/kernel/store"
)

// maxWaiting bounds what is counted for the link to the inbox that every page has.
const maxWaiting = 100

// Waiting counts the tasks of the actor of ctx, at most maxWaiting of them: each
// holder's in an index range of its own, so that a full inbox costs no more than
// a hundred rows.
func (s *Service) Waiting(ctx context.Context) (int, error) {
	n := 0
	err := s.db.Read(ctx, func(tx store.Tx) error {
		for _, holder := range s.person(ctx).holders() {
			some := 0
			if _, err := tx.One(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM flow_task WHERE holder = $1 LIMIT $2) t`, []any{holder, maxWaiting - n}, &some); err != nil {
				return err
			}
			if n += some; n >= maxWaiting {
				return nil
			}
		}
		return nil
	})
	return n, err
}
