package records

import (
	"context"
	"crypto/sha256"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Memory is a store that ends with the process.
type Memory struct {
	now func() time.Time

	mu       sync.RWMutex
	versions map[string][]Version // by folded name; a slice only grows
	log      []Version            // log[i] has number i+1
	floor    uint64               // changes up to it were forgotten
	keys     map[string]kept
	pending  map[string]uint64
	counted  map[string]uint64
	changed  chan struct{}
}

// kept is what a key stands for.
type kept struct {
	digest   [sha256.Size]byte
	at       time.Time
	outcomes []Outcome
}

// NewMemory returns an empty store that takes its time from now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{
		now: now, versions: map[string][]Version{}, keys: map[string]kept{}, pending: map[string]uint64{},
		counted: map[string]uint64{}, changed: make(chan struct{}),
	}
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, n handle.Name, asOf time.Time) (Version, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v := standing(m.versions[n.Fold()], asOf)
	if v.Seq == 0 || v.Deleted {
		return Version{}, fault.New(fault.NotFound, "there is no identifier %q", n)
	}
	return v, nil
}

// standing returns the version that stood at an instant, zero for now.
func standing(versions []Version, asOf time.Time) Version {
	for _, v := range slices.Backward(versions) {
		if asOf.IsZero() || !v.At.After(asOf) {
			return v
		}
	}
	return Version{}
}

// History implements Store.
func (m *Memory) History(_ context.Context, n handle.Name) ([]Version, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.versions[n.Fold()]), nil
}

// Scan implements Store.
func (m *Memory) Scan(ctx context.Context, r Range, use func(Version) error) error {
	m.mu.RLock()
	versions := maps.Clone(m.versions)
	m.mu.RUnlock()
	for _, folded := range slices.Sorted(maps.Keys(versions)) {
		v := standing(versions[folded], r.AsOf)
		if v.Seq == 0 || v.Deleted || !r.holds(folded) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := use(v); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether a folded name is in a range.
func (r Range) holds(folded string) bool {
	return (r.Prefix == "" || strings.HasPrefix(folded, handle.Fold(r.Prefix)+"/")) && (r.After == "" || folded > r.After.Fold())
}

// Count implements Store.
func (m *Memory) Count(ctx context.Context, r Range) (n int, err error) {
	err = m.Scan(ctx, r, func(Version) error { n++; return nil })
	return n, err
}

// Apply implements Store.
func (m *Memory) Apply(_ context.Context, b Batch) ([]Outcome, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out, _, err := m.apply(b)
	return out, err
}

// apply writes a batch and reports whether it had been written before; m.mu is held.
func (m *Memory) apply(b Batch) ([]Outcome, bool, error) {
	digest := Digest(b.Items)
	if k, ok := m.keys[b.Key]; ok && b.Key != "" {
		if k.digest != digest {
			return nil, false, fault.New(fault.Conflict, "key %q was used for other items", b.Key)
		}
		return k.outcomes, true, nil
	}
	at := m.now().UTC().Truncate(time.Microsecond)
	if len(m.log) > 0 && at.Before(m.log[len(m.log)-1].At) {
		at = m.log[len(m.log)-1].At
	}
	out := make([]Outcome, len(b.Items))
	for i, item := range b.Items {
		var v Version
		if v, out[i] = Decide(standing(m.versions[item.Record.Name.Fold()], time.Time{}), item); out[i].Verdict == Done {
			v.Seq, v.At = uint64(len(m.log))+1, at
			out[i].Seq = v.Seq
			m.keep(v)
		}
	}
	if b.Key != "" {
		m.keys[b.Key] = kept{digest, at, out}
	}
	return out, false, nil
}

// keep adds a version; m.mu is held.
func (m *Memory) keep(v Version) {
	folded := v.Record.Name.Fold()
	m.versions[folded] = append(m.versions[folded], v)
	m.log = append(m.log, v)
	close(m.changed)
	m.changed = make(chan struct{})
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, source iter.Seq2[handle.Record, error], o LoadOptions) error {
	return Chunks(source, o, func(first int, b Batch) (Progress, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		out, repeated, err := m.apply(b)
		if err == nil {
			err = ctx.Err()
		}
		return Progress{first, out, repeated}, err
	})
}

// Changes implements Store.
func (m *Memory) Changes(_ context.Context, from uint64, use func(Version) error) error {
	m.mu.RLock()
	log, floor := m.log, m.floor
	m.mu.RUnlock()
	if from = max(from, 1); from <= floor {
		return fault.New(fault.NotFound, "changes up to %d were forgotten, %d is asked for; a dump is needed", floor, from)
	}
	for ; from <= uint64(len(log)); from++ {
		if err := use(log[from-1]); err != nil {
			return err
		}
	}
	return nil
}

// Replay implements Store.
func (m *Memory) Replay(_ context.Context, versions []Version) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range versions {
		have := uint64(len(m.log))
		if v.Seq > have+1 {
			return fault.New(fault.Conflict, "change %d is missing before change %d", have+1, v.Seq)
		}
		if v.Seq == have+1 {
			m.keep(v)
		}
	}
	return nil
}

// Prune implements Store.
func (m *Memory) Prune(_ context.Context, below uint64, keys time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if below > 0 {
		m.floor = max(m.floor, min(below-1, uint64(len(m.log))))
	}
	maps.DeleteFunc(m.keys, func(_ string, k kept) bool { return k.at.Before(keys) })
	return nil
}
