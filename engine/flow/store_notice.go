package flow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Notice is a word of a case to whoever holds a post.
type Notice struct {
	ID     string    `json:"id" doc:"sorts by time"`
	Case   string    `json:"case"`
	Number string    `json:"number"`
	Title  pack.Text `json:"title"`
	Text   pack.Text `json:"text"`
	Holder string    `json:"holder"`
	At     time.Time `json:"at"`
}

// maxNotices is how many notices are shown: older ones are in their cases.
const maxNotices = 100

// Notices returns the newest notices to the actor of ctx and to the posts and
// roles that the actor holds.
func (s *Service) Notices(ctx context.Context) ([]Notice, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	out := []Notice{}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		for _, holder := range s.person(ctx).holders() {
			some, err := store.Collect(ctx, tx, `SELECT n.id, n.case_, c.number, c.zh, c.en, n.zh, n.en, n.at FROM flow_notice n JOIN flow_case c ON c.id = n.case_
				WHERE n.holder = $1 ORDER BY n.id DESC LIMIT $2`, []any{holder, maxNotices}, func(scan func(...any) error) (n Notice, err error) {
				var at int64
				err = scan(&n.ID, &n.Case, &n.Number, &n.Title.ZH, &n.Title.EN, &n.Text.ZH, &n.Text.EN, &at)
				n.Holder, n.At = holder, store.FromMicros(at)
				return n, err
			})
			if err != nil {
				return err
			}
			out = append(out, some...)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Notice) int { return cmp.Compare(b.ID, a.ID) })
	return out[:min(len(out), maxNotices)], err
}
