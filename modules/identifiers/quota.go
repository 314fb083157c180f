package identifiers

import (
	"context"
	"encoding/hex"
	"iter"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// quotaStore is a store of identifiers in which no more are registered below a prefix
// than its quota says, by whatever way they come.
type quotaStore struct {
	records.Store
	quota func(prefix string) int64 // of a folded prefix; 0: no limit

	mu   sync.Mutex       // guards used
	used map[string]int64 // identifiers of prefixes with a quota, with what is being written
}

func withQuotas(s records.Store, quota func(string) int64) *quotaStore {
	return &quotaStore{Store: s, quota: quota, used: map[string]int64{}}
}

// Apply implements records.Store. What is beyond the quota is records.Invalid, the rest
// is written.
func (s *quotaStore) Apply(ctx context.Context, b records.Batch) ([]records.Outcome, error) {
	c := checked{out: make([]records.Outcome, len(b.Items)), reserved: map[int]string{}, removed: map[int]string{}}
	for i, item := range b.Items {
		if err := s.check(ctx, &c, i, item); err != nil {
			s.settle(&c, nil)
			return nil, err
		}
	}
	inner := b
	if len(c.places) < len(b.Items) {
		inner.Items = c.items
		if b.Key != "" { // what is left is another batch, and the whole one may come again when there is room
			sum := records.Digest(c.items)
			inner.Key += " " + hex.EncodeToString(sum[:8])
		}
	}
	if len(inner.Items) == 0 {
		return c.out, nil
	}
	done, err := s.Store.Apply(ctx, inner)
	s.settle(&c, done)
	if err != nil {
		return nil, err
	}
	for k, o := range done {
		c.out[c.places[k]] = o
	}
	return c.out, nil
}

// checked is a batch on its way through the quotas.
type checked struct {
	out      []records.Outcome
	items    []records.Item // that have room
	places   []int          // where they stand in the batch
	reserved map[int]string // by place in items: the prefix that a new one was counted for
	removed  map[int]string // likewise, of deletions
}

// check finds room for an item.
func (s *quotaStore) check(ctx context.Context, c *checked, i int, item records.Item) error {
	prefix := handle.Fold(item.Record.Name.Prefix())
	if limit := s.quota(prefix); limit > 0 {
		switch item.Op {
		case records.Create, records.Put:
			counted, err := s.count(ctx, item.Record.Name, limit)
			if fault.KindOf(err) == fault.Conflict {
				c.out[i] = records.Outcome{Verdict: records.Invalid, Text: err.Error()}
				return nil
			}
			if err != nil {
				return err
			}
			if counted {
				c.reserved[len(c.items)] = prefix
			}
		case records.Delete:
			c.removed[len(c.items)] = prefix
		case records.Add, records.Set, records.Modify, records.Remove:
		}
	}
	c.items, c.places = append(c.items, item), append(c.places, i)
	return nil
}

// count counts a name when it is new.
//
// Errors: fault.Conflict when the quota is used up.
func (s *quotaStore) count(ctx context.Context, n handle.Name, limit int64) (bool, error) {
	if _, err := s.Get(ctx, n, time.Time{}); fault.KindOf(err) != fault.NotFound {
		return false, err
	}
	prefix := handle.Fold(n.Prefix())
	room, err := s.reserve(ctx, prefix, limit)
	if err == nil && !room {
		err = beyond(prefix, limit)
	}
	return room, err
}

func beyond(prefix string, limit int64) error {
	return fault.Say(fault.Conflict, "前缀 %s 的配额是 %d 个标识，已经用完；请申请调整配额。", "prefix %s has a quota of %d identifiers, which is used up; ask for a larger one", prefix, limit)
}

// reserve counts one more below a prefix, when there is room.
func (s *quotaStore) reserve(ctx context.Context, prefix string, limit int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.used[prefix]; !known {
		n, err := s.Count(ctx, records.Range{Prefix: prefix})
		if err != nil {
			return false, err
		}
		s.used[prefix] = int64(n)
	}
	if s.used[prefix] >= limit {
		return false, nil
	}
	s.used[prefix]++
	return true, nil
}

// settle gives back what was counted for items that were not written, and the room of
// those that were deleted.
func (s *quotaStore) settle(c *checked, done []records.Outcome) {
	written := func(k int) bool { return k < len(done) && done[k].Verdict == records.Done }
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, prefix := range c.reserved {
		if _, known := s.used[prefix]; known && !written(k) {
			s.used[prefix]--
		}
	}
	for k, prefix := range c.removed {
		if _, known := s.used[prefix]; known && written(k) {
			s.used[prefix]--
		}
	}
}

// Load implements records.Store. A stream ends with fault.Conflict at the first record
// that is beyond its quota; what came before is written.
func (s *quotaStore) Load(ctx context.Context, source iter.Seq2[handle.Record, error], o records.LoadOptions) error {
	touched := map[string]bool{}
	bounded := func(yield func(handle.Record, error) bool) {
		for rec, err := range source {
			prefix := handle.Fold(rec.Name.Prefix())
			if limit := s.quota(prefix); err == nil && limit > 0 {
				touched[prefix] = true
				_, err = s.count(ctx, rec.Name, limit)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
	err := s.Store.Load(ctx, bounded, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	for prefix := range touched {
		delete(s.used, prefix) // fewer may have been written than were counted: they are counted anew
	}
	return err
}

// quotaOf returns the quota of a folded prefix, 0 for none.
func (s *Service) quotaOf(prefix string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quotas[prefix]
}
