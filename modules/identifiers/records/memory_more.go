package records

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Watch implements Store.
func (m *Memory) Watch() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changed
}

// Seq implements Store.
func (m *Memory) Seq() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return uint64(len(m.log))
}

// Snapshot implements Store.
func (m *Memory) Snapshot(context.Context) (Reader, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &Memory{versions: maps.Clone(m.versions), log: m.log}, nil
}

// Close implements Store.
func (*Memory) Close() error { return nil }

// Resolved implements Store.
func (m *Memory) Resolved(_ context.Context, counts map[string]uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for folded, n := range counts {
		m.pending[folded] += n
	}
	return nil
}

// Fold implements Store.
func (m *Memory) Fold(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for folded, n := range m.pending {
		m.counted[folded] += n
	}
	clear(m.pending)
	return nil
}

// Counted implements Store.
func (m *Memory) Counted(_ context.Context, r Range, use func(string, uint64) error) error {
	return m.counts(m.counted, r, use)
}

// Pending implements Store.
func (m *Memory) Pending(_ context.Context, r Range, use func(string, uint64) error) error {
	return m.counts(m.pending, r, use)
}

func (m *Memory) counts(of map[string]uint64, r Range, use func(string, uint64) error) error {
	m.mu.RLock()
	counted := maps.Clone(of)
	m.mu.RUnlock()
	for _, folded := range slices.Sorted(maps.Keys(counted)) {
		if !r.holds(folded) {
			continue
		}
		if err := use(folded, counted[folded]); err != nil {
			return err
		}
	}
	return nil
}

// usualChunk is how many records of a stream become durable at once.
const usualChunk = 50_000

// Chunks cuts a stream into batches with keys of their own, gives each to write, and
// reports it. It ends at the first error; what was written before stays.
func Chunks(source iter.Seq2[handle.Record, error], o LoadOptions, write func(first int, b Batch) (Progress, error)) error {
	if o.Key == "" {
		return fault.New(fault.Invalid, "a load has no key; it is what lets it go on after a crash")
	}
	op, size := Create, o.Chunk
	if o.Replace {
		op = Put
	}
	if size <= 0 {
		size = usualChunk
	}
	first := 0
	items := make([]Item, 0, size)
	flush := func() error {
		p, err := write(first, Batch{Key: o.Key + "\x00" + strconv.Itoa(first), Who: o.Who, Items: items})
		if err == nil && o.OnChunk != nil {
			err = o.OnChunk(p)
		}
		first += len(items)
		items = items[:0]
		return err
	}
	for r, err := range source {
		if err != nil {
			return err
		}
		if items = append(items, Item{Op: op, Record: r}); len(items) == size {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(items) == 0 {
		return nil
	}
	return flush()
}
