// Package tally takes the census of a node day by day from its records, and answers
// from the last one.
//
// What must hold: the census of a day counts the identifiers that stood at its end and
// nothing else, whenever it is taken; a day follows from the day before by a delta that
// anybody can check; a resolution is counted in one day alone, also when the program is
// killed while it counts. The records of prefixes (0.NA) and of types are the network's
// and are not counted.
package tally

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// Day is the census of a day.
type Day struct {
	Date   string      // 2026-01-05
	At     time.Time   // its end: what was registered until then counts
	Head   census.Head // what is stated
	Seq    uint64      // of the store's changes up to its end
	Before string      // the day that its delta begins at; "" when there is no delta
}

// maxChanges is how many identifiers a delta may be of. A day with more has none: whoever
// checks it asks for samples.
const maxChanges = 200_000

// Take counts the identifiers at the end of a day. Its files are in dir, and durable, when
// it returns. Resolutions that are pending are counted; they stay pending until the caller,
// having noted the day, calls Fold of the store. No resolutions may be added in between.
//
//   - last: the census before, which is settled; nil for none.
func Take(ctx context.Context, st records.Store, dir string, d Day, last *Day) (Day, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return d, err
	}
	view, err := st.Snapshot(ctx)
	if err != nil {
		return d, err
	}
	defer view.Close() //nolint:errcheck // it was read to the end or is of no interest
	changes, before, err := changed(ctx, st, dir, &d, last)
	if err != nil {
		return d, err
	}
	from := leaves{store: st, view: view, at: d.At, pending: true}
	now := map[string]census.Leaf{}
	err = replace(filepath.Join(dir, d.Date+indexSuffix), func(f *os.File) error {
		d.Head, err = build(from.Leaves(ctx, nil, nil), f, func(l census.Leaf) {
			if _, ok := changes[string(l.Key)]; ok {
				now[string(l.Key)] = l
			}
		})
		return err
	})
	if err != nil || before == nil {
		return d, err
	}
	d.Before = last.Date
	delta := census.Delta{Before: before, Changes: diff(changes, before, now)}
	return d, replace(filepath.Join(dir, d.Date+deltaSuffix), func(f *os.File) error {
		_, err := f.Write(delta.Append(nil))
		return err
	})
}

// build writes the index of leaves and shows each to see.
func build(leaves iter.Seq2[census.Leaf, error], index io.Writer, see func(census.Leaf)) (census.Head, error) {
	b := census.NewBuilder(census.Options{Index: index})
	for l, err := range leaves {
		if err == nil {
			err = b.Add(l)
		}
		if err != nil {
			return census.Head{}, err
		}
		see(l)
	}
	return b.Head()
}

const (
	indexSuffix = ".index"
	deltaSuffix = ".delta"
)

// changed returns the keys that may be others than in the last census, and that census
// pruned to them; nil when no delta can be made of it.
func changed(ctx context.Context, st records.Store, dir string, d *Day, last *Day) (map[string]struct{}, *census.Tree, error) {
	keys, err := touched(ctx, st, d, last)
	if err != nil || keys == nil || len(keys) > maxChanges {
		return nil, nil, err
	}
	was, err := Open(st, dir, *last)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer was.Close() //nolint:errcheck // it was only read
	want := census.Want{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		want.Keys = append(want.Keys, []byte(k))
	}
	tree, err := was.prune(ctx, want)
	if fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Invalid { // another state of the records was put back
		return nil, nil, nil
	}
	return keys, tree, err
}

// touched returns the keys that were written or resolved since the last census, at most
// one more than a delta may have, and notes how far the changes of the day go; nil when
// there is no last census or the changes are no longer remembered.
func touched(ctx context.Context, st records.Store, d *Day, last *Day) (map[string]struct{}, error) {
	keys := map[string]struct{}{}
	touch := func(folded string) {
		if counts(folded) && len(keys) <= maxChanges {
			keys[folded] = struct{}{}
		}
	}
	from := uint64(1)
	if last != nil {
		from, d.Seq = last.Seq+1, last.Seq
	}
	late := false // changes after the end of the day
	err := st.Changes(ctx, from, func(v records.Version) error {
		late = late || v.At.After(d.At)
		if !late {
			d.Seq = v.Seq
		}
		touch(v.Record.Name.Fold())
		return nil
	})
	if fault.KindOf(err) == fault.NotFound { // forgotten since
		d.Seq, last, err = st.Seq(), nil, nil
	}
	if err != nil || last == nil {
		return nil, err
	}
	return keys, st.Pending(ctx, records.Range{}, func(folded string, _ uint64) error {
		touch(folded)
		return nil
	})
}

// diff returns what became of each key.
func diff(keys map[string]struct{}, before *census.Tree, now map[string]census.Leaf) []census.Change {
	var out []census.Change
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		was, shown := before.Get([]byte(k))
		is, there := now[k]
		switch {
		case shown != census.Present && there:
			out = append(out, census.Change{What: census.Added, Leaf: is})
		case shown == census.Present && !there:
			out = append(out, census.Change{What: census.Removed, Leaf: census.Leaf{Key: []byte(k)}})
		case there && (was.Digest != is.Digest || was.Resolved != is.Resolved):
			out = append(out, census.Change{What: census.Changed, Leaf: is})
		}
	}
	return out
}

// counts reports whether a name is an identifier of the census.
func counts(folded string) bool { return !strings.HasPrefix(folded, "0.") }

// Digest is that of a record in a leaf: SHA-256 of the name as it was registered, with its
// length before it, and the values as the protocol writes them.
func Digest(r handle.Record) census.Hash {
	b := binary.AppendUvarint(nil, uint64(len(r.Name)))
	b = append(b, r.Name...)
	return sha256.Sum256(handle.AppendValues(b, r.Values))
}

// replace writes a file whole or not at all.
func replace(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// leaves are the identifiers at an instant with their resolutions.
type leaves struct {
	store   records.Store
	view    records.Reader
	at      time.Time
	pending bool // pending resolutions are counted
}

// Leaves implements census.Source.
func (l leaves) Leaves(ctx context.Context, from, to []byte) iter.Seq2[census.Leaf, error] {
	return func(yield func(census.Leaf, error) bool) {
		after := records.Range{AsOf: l.at, After: handle.Name(from)}
		resolved, stop := l.resolutions(ctx, after)
		defer stop()
		one := func(v records.Version) error {
			k := v.Record.Name.Fold()
			if to != nil && k >= string(to) {
				return errEnd
			}
			n, err := resolved(k)
			if err == nil && !yield(census.Leaf{Key: []byte(k), Digest: Digest(v.Record), Resolved: n}, nil) {
				return errEnd
			}
			return err
		}
		err := l.scan(ctx, from, after, one)
		if err != nil && !errors.Is(err, errEnd) {
			yield(census.Leaf{}, err)
		}
	}
}

// errEnd ends a scan that has given all that was wanted.
var errEnd = errors.New("the end of what was wanted")

// resolutions returns how often identifiers of a range were resolved, asked for in order.
func (l leaves) resolutions(ctx context.Context, r records.Range) (of func(string) (uint64, error), stop func()) {
	counted, stopCounted := pull(func(use func(string, uint64) error) error { return l.store.Counted(ctx, r, use) })
	if !l.pending {
		return counted, stopCounted
	}
	pending, stopPending := pull(func(use func(string, uint64) error) error { return l.store.Pending(ctx, r, use) })
	return func(k string) (uint64, error) {
			n, err := counted(k)
			more, err2 := pending(k)
			return n + more, errors.Join(err, err2)
		}, func() {
			stopCounted()
			stopPending()
		}
}

// scan gives the records from a key on that are counted.
func (l leaves) scan(ctx context.Context, from []byte, after records.Range, use func(records.Version) error) error {
	counted := func(v records.Version) error {
		if k := v.Record.Name.Fold(); !counts(k) || string(from) > k {
			return nil
		}
		return use(v)
	}
	if err := l.first(ctx, from, counted); err != nil {
		return err
	}
	return l.view.Scan(ctx, after, counted)
}

// first gives the record that is itself where a range begins, which Scan leaves out.
func (l leaves) first(ctx context.Context, from []byte, use func(records.Version) error) error {
	if len(from) == 0 {
		return nil
	}
	v, err := l.store.Get(ctx, handle.Name(from), l.at)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Invalid {
		return nil
	}
	if err != nil {
		return err
	}
	return use(v)
}

// pull makes counts in ascending order something that is asked key by key, ascending too.
func pull(all func(use func(string, uint64) error) error) (of func(string) (uint64, error), stop func()) {
	type counted struct {
		key string
		n   uint64
	}
	next, stop := iter.Pull2(func(yield func(counted, error) bool) {
		err := all(func(k string, n uint64) error {
			if !yield(counted{k, n}, nil) {
				return errEnd
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnd) {
			yield(counted{}, err)
		}
	})
	var head counted
	more := true
	return func(k string) (uint64, error) {
		for more && head.key < k {
			var err error
			if head, err, more = next(); err != nil {
				return 0, err
			}
		}
		if more && head.key == k {
			return head.n, nil
		}
		return 0, nil
	}, stop
}
