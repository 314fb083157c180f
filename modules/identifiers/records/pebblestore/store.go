// Package pebblestore keeps identifiers in Pebble, in one directory.
//
// What must hold: what was acknowledged is durable, and a batch or a chunk that was not
// is absent or whole; the newest versions stand in folded order, older ones behind
// them; a change is given to followers only when it is durable, so that no number ever
// stands for two of them; a directory has one process.
//
// Keys: "n" name: the newest version; "o" name 0 number: an older one; "c" number: the
// name that was changed; "b" key: the outcomes of a batch; "m": number, time and what
// was forgotten; "p" and "r" name: pending and counted resolutions. Names are folded and
// hold no zero byte; numbers are eight bytes, big-endian.
package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"         //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/bloom"   //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/sstable" //nolint:depguard // this package is its adapter
	"github.com/cockroachdb/pebble/v2/vfs"     //nolint:depguard // this package is its adapter

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore/sums"
)

// Options of a store; the zero value is useful but for Now.
type Options struct {
	Now     func() time.Time
	FS      vfs.FS // nil for the disk
	Cache   int64  // bytes of blocks in memory; 0 for 256 MiB
	Reserve uint64 // bytes that stay free on the disk, for compactions; 0 for 512 MiB
}

// Store is a store in a directory.
type Store struct {
	db      *pebble.DB
	fs      vfs.FS
	dir     string
	opts    *pebble.Options
	now     func() time.Time
	reserve uint64

	write sync.Mutex // orders writes; guards last
	last  state      // what the newest write leaves behind

	mu      sync.Mutex // guards what follows
	durable uint64     // number up to which changes are on disk
	changed chan struct{}
}

// state is what stands under "m".
type state struct {
	seq   uint64
	at    int64 // microseconds since 1970 of the newest version
	floor uint64
}

// Open opens a directory, which it creates when it is not there. One that another
// process has is fault.Busy. Opening a checkpoint restores it.
func Open(_ context.Context, dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, fs: o.FS, now: o.Now, reserve: o.Reserve, changed: make(chan struct{})}
	if s.fs == nil {
		s.fs = vfs.Default
	}
	if s.reserve == 0 {
		s.reserve = 512 << 20
	}
	if err := s.fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, s.fs)
	if err != nil {
		return nil, fault.New(fault.Busy, "the store of identifiers in %s is in use by another process, or cannot be locked: %v", dir, err)
	}
	s.opts = options(s.fs, o.Cache, lock)
	defer s.opts.Cache.Unref()
	if s.db, err = pebble.Open(dir, s.opts); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := s.readState(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func options(fs vfs.FS, cache int64, lock *pebble.Lock) *pebble.Options {
	if cache == 0 {
		cache = 256 << 20
	}
	o := &pebble.Options{
		FS: fs, Lock: lock, Cache: pebble.NewCache(cache), MemTableSize: 32 << 20, MemTableStopWritesThreshold: 4,
		L0CompactionThreshold: 4, MaxOpenFiles: 1000, Merger: sums.Merger(),
		FormatMajorVersion: pebble.FormatNewest, Logger: quiet{pebble.DefaultLogger},
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings {
		c := pebble.UniformDBCompressionSettings(sstable.SnappyCompression)
		c.Levels[len(c.Levels)-1] = sstable.ZstdCompression
		return c
	})
	for i := range o.Levels {
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// quiet drops what Pebble tells of its housekeeping. When the log can no longer be
// written nothing further may be acknowledged, so Pebble ends the process through the
// logger; a restart finds what was acknowledged.
type quiet struct{ pebble.Logger }

func (quiet) Infof(string, ...any) {}

// Close implements records.Store.
func (s *Store) Close() error {
	err := s.db.Close()
	if vfs.IsNoSpaceError(err) {
		err = nil // of a full disk: all that was acknowledged is on it
	}
	return errors.Join(err, s.opts.Lock.Close())
}

func (s *Store) readState() error {
	b, err := s.get([]byte("m"))
	if err != nil || b == nil {
		return err
	}
	r := reader{rest: b}
	s.last = state{r.uvarint(), r.varint(), r.uvarint()}
	s.durable = s.last.seq
	return r.err
}

func (t state) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, t.seq)
	dst = binary.AppendVarint(dst, t.at)
	return binary.AppendUvarint(dst, t.floor)
}

// get returns a copy of what stands under a key, nil for nothing.
func (s *Store) get(key []byte) ([]byte, error) {
	b, done, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(b)+1), b...)
	return out, done.Close()
}

// newest returns the newest version of a folded name; one without a number when there is
// none.
func (s *Store) newest(folded string) (records.Version, error) {
	b, err := s.get(append([]byte{'n'}, folded...))
	if err != nil || b == nil {
		return records.Version{}, err
	}
	return readVersion(folded, b)
}

// older returns the key of an older version.
func older(folded string, seq uint64) []byte {
	key := append(append(make([]byte, 0, len(folded)+10), 'o'), folded...)
	return binary.BigEndian.AppendUint64(append(key, 0), seq)
}

func change(seq uint64) []byte { return binary.BigEndian.AppendUint64([]byte{'c'}, seq) }

// room returns fault.Busy when less is free on the disk than must stay free.
func (s *Store) room() error {
	u, err := s.fs.GetDiskUsage(s.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if u.AvailBytes < s.reserve {
		return fault.New(fault.Busy, "the disk of the store of identifiers has %d bytes free, %d must stay free; nothing was written", u.AvailBytes, s.reserve)
	}
	return nil
}

var _ records.Store = (*Store)(nil)

// missing is what a name that is not there is answered with.
func missing(n handle.Name) error {
	return fault.New(fault.NotFound, "there is no identifier %q", n)
}
