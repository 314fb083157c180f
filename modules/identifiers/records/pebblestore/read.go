package pebblestore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2" //nolint:depguard // this package is its adapter

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// Get implements records.Store. A version may be seen a moment before it is durable.
func (s *Store) Get(_ context.Context, n handle.Name, asOf time.Time) (records.Version, error) {
	folded := n.Fold()
	v, err := s.newest(folded)
	if err == nil && v.Seq != 0 && !asOf.IsZero() && v.At.After(asOf) {
		v, err = before(s.db, folded, asOf)
	}
	if err != nil {
		return v, err
	}
	if v.Seq == 0 || v.Deleted {
		return records.Version{}, missing(n)
	}
	return v, nil
}

// before returns the older version of a name that stood at an instant.
func before(db pebble.Reader, folded string, asOf time.Time) (out records.Version, err error) {
	err = each(db, older(folded, 0), older(folded, ^uint64(0)), func(_, value []byte) error {
		v, err := readVersion(folded, value)
		if err == nil && !v.At.After(asOf) {
			out = v
		}
		return err
	})
	return out, err
}

// each gives keys and values from low up to, without, high. They are the iterator's.
func each(db pebble.Reader, low, high []byte, use func(key, value []byte) error) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = use(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// History implements records.Store.
func (s *Store) History(_ context.Context, n handle.Name) ([]records.Version, error) {
	folded := n.Fold()
	view := s.db.NewSnapshot()
	var out []records.Version
	add := func(_, value []byte) error {
		v, err := readVersion(folded, value)
		out = append(out, v)
		return err
	}
	err := each(view, older(folded, 0), older(folded, ^uint64(0)), add)
	key := append([]byte{'n'}, folded...)
	if err == nil {
		err = each(view, key, append(slices.Clip(key), 0), add)
	}
	return out, errors.Join(err, view.Close())
}

// bounds returns the keys of a range in a space of keys.
func bounds(space byte, r records.Range) (low, high []byte) {
	low, high = []byte{space}, []byte{space + 1}
	if r.Prefix != "" {
		p := handle.Fold(r.Prefix)
		low = append(low, p+"/"...)
		high = append([]byte{space}, p+"0"...) // the byte behind "/"
	}
	if after := string(space) + r.After.Fold() + "\x00"; r.After != "" && after > string(low) {
		low = []byte(after)
	}
	return low, high
}

// Scan implements records.Store.
func (s *Store) Scan(ctx context.Context, r records.Range, use func(records.Version) error) error {
	view := s.db.NewSnapshot()
	return errors.Join(scan(ctx, view, r, use), view.Close())
}

func scan(ctx context.Context, db pebble.Reader, r records.Range, use func(records.Version) error) error {
	low, high := bounds('n', r)
	if string(low) >= string(high) {
		return nil
	}
	return each(db, low, high, func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		folded := string(key[1:])
		v, err := readVersion(folded, value)
		if err == nil && !r.AsOf.IsZero() && v.At.After(r.AsOf) {
			v, err = before(db, folded, r.AsOf)
		}
		if err != nil || v.Seq == 0 || v.Deleted {
			return err
		}
		return use(v)
	})
}

// Count implements records.Store; it reads the range.
func (s *Store) Count(ctx context.Context, r records.Range) (n int, err error) {
	err = s.Scan(ctx, r, func(records.Version) error { n++; return nil })
	return n, err
}

// Changes implements records.Store.
func (s *Store) Changes(ctx context.Context, from uint64, use func(records.Version) error) error {
	view := s.db.NewSnapshot()
	return errors.Join(s.changes(ctx, view, max(from, 1), use), view.Close())
}

func (s *Store) changes(ctx context.Context, view *pebble.Snapshot, from uint64, use func(records.Version) error) error {
	b, done, err := view.Get([]byte("m"))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r := reader{rest: b}
	seq, _, floor := r.uvarint(), r.varint(), r.uvarint()
	if err := errors.Join(r.err, done.Close()); err != nil {
		return err
	}
	if from <= floor {
		return fault.New(fault.NotFound, "changes up to %d were forgotten, %d is asked for; a dump is needed", floor, from)
	}
	upTo := min(seq, s.Seq())
	if from > upTo {
		return nil
	}
	return each(view, change(from), change(upTo+1), func(key, name []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := numbered(view, string(name), key[1:])
		if err != nil {
			return err
		}
		return use(v)
	})
}

// numbered returns the version of a name that has a number.
func numbered(view *pebble.Snapshot, folded string, seq []byte) (records.Version, error) {
	key := append(append(append([]byte{'o'}, folded...), 0), seq...)
	b, done, err := view.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		b, done, err = view.Get(append([]byte{'n'}, folded...))
	}
	if err != nil {
		return records.Version{}, err
	}
	v, err := readVersion(folded, b)
	return v, errors.Join(err, done.Close())
}

// Seq implements records.Store: the newest version that is durable.
func (s *Store) Seq() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable
}

// Watch implements records.Store.
func (s *Store) Watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// view is a snapshot.
type view struct {
	db  *pebble.Snapshot
	seq uint64
}

// Snapshot implements records.Store. Until it is closed the disk keeps what it shows.
func (s *Store) Snapshot(context.Context) (records.Reader, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.db.LogData(nil, pebble.Sync); err != nil { // what it shows is durable
		return nil, err
	}
	return &view{s.db.NewSnapshot(), s.last.seq}, nil
}

func (v *view) Scan(ctx context.Context, r records.Range, use func(records.Version) error) error {
	return scan(ctx, v.db, r, use)
}

func (v *view) Seq() uint64 { return v.seq }

func (v *view) Close() error { return v.db.Close() }

// Counted implements records.Store.
func (s *Store) Counted(ctx context.Context, r records.Range, use func(string, uint64) error) error {
	return s.counts(ctx, 'r', r, use)
}

// Pending implements records.Store.
func (s *Store) Pending(ctx context.Context, r records.Range, use func(string, uint64) error) error {
	return s.counts(ctx, 'p', r, use)
}

func (s *Store) counts(ctx context.Context, space byte, r records.Range, use func(string, uint64) error) error {
	low, high := bounds(space, r)
	if string(low) >= string(high) {
		return nil
	}
	return each(s.db, low, high, func(key, value []byte) error {
		d := reader{rest: value}
		n := d.uvarint()
		if d.err != nil || n == 0 { // what was folded
			return d.err
		}
		return errors.Join(ctx.Err(), use(strings.Clone(string(key[1:])), n))
	})
}
