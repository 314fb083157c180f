package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"                               //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider" //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/sstable"                       //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/vfs"                           //nolint:depguard // this package is its adapter
)

// ingest takes the entries of a plan over as files, one for each space of keys, all at
// once. s.write is held.
func (s *Store) ingest(ctx context.Context, p *plan) error {
	entries := p.sorted()
	var paths []string
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].key[0] == entries[0].key[0] {
			n++
		}
		path := s.fs.PathJoin(s.dir, "load-"+string(entries[0].key[:1])+".sst")
		if err := s.table(path, entries[:n]); err != nil {
			return err
		}
		paths, entries = append(paths, path), entries[n:]
	}
	if err := s.db.Ingest(ctx, paths); err != nil {
		return err
	}
	s.last = p.state
	s.reached(p.seq)
	return nil
}

// table writes a file of entries in order; one that a crash left behind is overwritten.
func (s *Store) table(path string, entries []entry) error {
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), s.opts.MakeWriterOptions(0, s.db.TableFormat()))
	for _, e := range entries {
		if err := w.Set(e.key, e.value); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

// Prune implements records.Store.
func (s *Store) Prune(_ context.Context, below uint64, keys time.Time) error {
	s.write.Lock()
	p := s.plan(0)
	if below > 0 {
		p.floor = max(p.floor, min(below-1, p.seq))
	}
	batch := s.db.NewBatch()
	err := errors.Join(batch.DeleteRange(change(0), change(p.floor+1), nil), batch.Set([]byte("m"), p.append(nil), nil))
	err = errors.Join(err, each(s.db, []byte("b"), []byte("c"), func(key, value []byte) error {
		if len(value) < 32 {
			return errForm
		}
		if at, _ := binary.Varint(value[32:]); at < keys.UnixMicro() {
			return batch.Delete(bytes.Clone(key), nil)
		}
		return nil
	}))
	if err == nil {
		err = batch.Commit(pebble.Sync)
	}
	if err == nil {
		s.last = p.state
	}
	s.write.Unlock()
	return errors.Join(err, batch.Close())
}

// Resolved implements records.Store. Counts of the last moments may be lost in a crash.
func (s *Store) Resolved(_ context.Context, counts map[string]uint64) error {
	batch := s.db.NewBatch()
	for folded, n := range counts {
		if err := batch.Merge(append([]byte{'p'}, folded...), binary.AppendUvarint(nil, n), nil); err != nil {
			return errors.Join(err, batch.Close())
		}
	}
	return errors.Join(batch.Commit(pebble.NoSync), batch.Close())
}

// folds is how many names Fold takes at once.
const folds = 10_000

// Fold implements records.Store. What is counted is taken off what is pending, so that
// counts that arrive meanwhile stay.
func (s *Store) Fold(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	batch := s.db.NewBatch()
	flush := func() error {
		err := batch.Commit(pebble.Sync)
		err = errors.Join(err, batch.Close())
		batch = s.db.NewBatch()
		return err
	}
	view := s.db.NewSnapshot()
	err := each(view, []byte("p"), []byte("q"), func(key, value []byte) error {
		d := reader{rest: value}
		n := d.uvarint()
		if d.err != nil || n == 0 {
			return d.err
		}
		name := bytes.Clone(key[1:])
		err := errors.Join(ctx.Err(), batch.Merge(append([]byte{'r'}, name...), value, nil),
			batch.Merge(append([]byte{'p'}, name...), binary.AppendUvarint(nil, -n), nil)) // wraps around to zero
		if err == nil && batch.Count() >= folds {
			err = flush()
		}
		return err
	})
	if err == nil {
		err = flush()
	}
	return errors.Join(err, view.Close(), batch.Close())
}

// Checkpoint writes a copy of the store, as it is now, to a directory that is not there
// yet. Opening it restores it.
func (s *Store) Checkpoint(_ context.Context, dir string) error {
	return s.db.Checkpoint(dir, pebble.WithFlushedWAL())
}
