// Package logstore keeps the append-only log of what the city has stated: a tiled
// transparency log (C2SP tlog-tiles) as files in a folder, so that a file server is
// enough to publish it and stock tools can read it.
//
// What must hold: an index that was given out is on disk, and so is the tree that
// covers it; an entry never changes its index; the checkpoint that is published
// covers every index given out more than a second ago. One process at a time appends:
// it holds a lock on a file of the folder.
// A log that is smaller than it once was is not opened: see Config.Least.
//
// Tessera (transparency-dev) does the writing; this package is all that imports it.
package logstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"yuzhou/kernel/fault"
)

// How the log writes: what waits longer than batchAge, or is more than batchSize, is
// written together; a checkpoint is published at most every publishEvery.
const (
	batchSize    = 1024
	batchAge     = 5 * time.Millisecond
	publishEvery = 500 * time.Millisecond
	cleanEvery   = time.Minute
)

// Largest is the longest entry, in bytes. Source: C2SP tlog-tiles.
const Largest = tessera.DefaultEntrySizeLimit

// Config says where a log is and whose it is.
type Config struct {
	Dir      string        // is made when it is not there
	Signer   note.Signer   // of checkpoints; its name is the log's origin
	Verifier note.Verifier // of Signer
	Least    uint64        // entries that it has for certain: a log with fewer was put back to an older state
	Client   *http.Client  // to witnesses; nil: the default
	// Policy names witnesses that cosign each checkpoint before it is published, as far
	// as they answer in time (C2SP tlog-policy, witness lines with URLs); "" asks nobody.
	Policy   string
	Patience time.Duration // for witnesses; 0: a second
	Every    time.Duration // how often a checkpoint is published at most; 0: twice a second
}

// Log is an open log.
type Log struct {
	dir    string
	add    tessera.AddFn
	reader tessera.LogReader
	stop   func(context.Context) error
	end    context.CancelFunc
	locked *os.File // held until Close
}

// Open opens the log of a folder, or begins one.
//
// Errors: fault.Conflict when it has fewer entries than it is known to have had, or
// is another log than the signer's; fault.Busy when another process has it open.
func Open(ctx context.Context, c Config) (*Log, error) {
	locked, err := lock(c.Dir)
	if err != nil {
		return nil, err
	}
	l, err := c.open(ctx)
	if err != nil {
		return nil, errors.Join(err, locked.Close())
	}
	l.locked = locked
	if err := c.rolledBack(ctx, l); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (c Config) open(ctx context.Context) (*Log, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: c.Dir, HTTPClient: c.Client})
	if err != nil {
		return nil, err
	}
	var witnesses tessera.WitnessGroup
	if c.Policy != "" {
		if witnesses, err = tessera.NewWitnessGroupFromPolicy([]byte(c.Policy)); err != nil {
			return nil, fault.New(fault.Invalid, "the policy of the log: %v", err)
		}
	}
	patience := c.Patience
	if patience == 0 {
		patience = time.Second
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(c.Signer).WithBatching(batchSize, batchAge).
		WithCheckpointInterval(cmp.Or(c.Every, publishEvery)).WithCheckpointRepublishInterval(0).WithGarbageCollectionInterval(cleanEvery).
		WithWitnesses(witnesses, &tessera.WitnessOptions{FailOpen: true, Timeout: patience})
	// The log's work outlives the call that opened it; Close ends it.
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	appender, stop, reader, err := tessera.NewAppender(running, driver, options)
	if err != nil {
		end()
		return nil, fmt.Errorf("log in %s: %w", c.Dir, err)
	}
	return &Log{dir: c.Dir, add: appender.Add, reader: reader, stop: stop, end: end}, nil
}

// check looks at what is there before anything is written.
func (c Config) check() error {
	text, err := os.ReadFile(filepath.Join(c.Dir, layout.CheckpointPath))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if c.Least > 0 {
			return fault.New(fault.Conflict, "the log in %s is empty; it has had %d entries: put the newest copy of it back", c.Dir, c.Least)
		}
		return nil
	case err != nil:
		return err
	}
	if _, _, _, err := log.ParseCheckpoint(text, c.Signer.Name(), c.Verifier); err != nil {
		return fault.New(fault.Conflict, "the log in %s is not that of %s, or its checkpoint is damaged: %v", c.Dir, c.Signer.Name(), err)
	}
	return nil
}

// rolledBack reports that an open log has fewer entries than it had. The published
// checkpoint says nothing of that: it may be behind what is on disk.
func (c Config) rolledBack(ctx context.Context, l *Log) error {
	size, err := l.Size(ctx)
	if err == nil && size < c.Least {
		err = fault.New(fault.Conflict, "the log in %s has %d entries; it has had %d: put the newest copy of it back", c.Dir, size, c.Least)
	}
	return err
}

// Append adds entries, in order and next to each other unless others append at the
// same time, and returns their indexes when all of them are on disk.
//
// Errors: fault.Invalid for an entry that is empty or too long: then none is added.
// Any other error leaves open whether some have been added: read the log's end.
func (l *Log) Append(ctx context.Context, entries ...[]byte) ([]uint64, error) {
	for i, e := range entries {
		if len(e) == 0 || len(e) > Largest {
			return nil, fault.New(fault.Invalid, "entry %d has %d bytes; a log takes 1 to %d", i+1, len(e), Largest)
		}
	}
	futures := make([]tessera.IndexFuture, len(entries))
	for i, e := range entries {
		futures[i] = l.add(ctx, tessera.NewEntry(e))
	}
	out := make([]uint64, len(entries))
	for i, f := range futures {
		at, err := f()
		if errors.Is(err, tessera.ErrPushback) {
			return nil, &fault.Fault{Kind: fault.Busy, Text: "the log cannot keep up; try again", Err: err}
		}
		if err != nil {
			return nil, fmt.Errorf("append to the log: %w", err)
		}
		out[i] = at.Index
	}
	return out, nil
}

// Checkpoint returns the newest published checkpoint, a signed note.
//
// Errors: fault.NotFound before the first is published.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	text, err := l.reader.ReadCheckpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the log has published no checkpoint yet")
	}
	return text, err
}

// Covered returns a published checkpoint that covers an index, waiting for it until
// ctx ends.
func (l *Log) Covered(ctx context.Context, index uint64) ([]byte, error) {
	const look = 20 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		text, err := l.Checkpoint(ctx)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if size, ok := sizeOf(text); ok && size > index {
			return text, nil
		}
		select {
		case <-ctx.Done():
			return nil, &fault.Fault{Kind: fault.Busy, Text: "no checkpoint covers the entry yet; ask again in a second", Err: ctx.Err()}
		case <-tick.C:
		}
	}
}

// sizeOf reads the size that a checkpoint of our own names.
func sizeOf(text []byte) (uint64, bool) {
	var c log.Checkpoint
	_, err := c.Unmarshal(text)
	return c.Size, len(text) > 0 && err == nil
}

// Size returns how many entries are on disk; the published checkpoint may be behind.
func (l *Log) Size(ctx context.Context) (uint64, error) { return l.reader.NextIndex(ctx) }

// Entries calls use with every entry from an index on, in order, up to the size on
// disk when it is called. It stops at the first error.
func (l *Log) Entries(ctx context.Context, from uint64, use func(index uint64, entry []byte) error) error {
	size, err := l.Size(ctx)
	if err != nil || from >= size {
		return err
	}
	for r := range layout.Range(from, size-from, size) {
		text, err := l.reader.ReadEntryBundle(ctx, r.Index, r.Partial)
		if err != nil {
			return err
		}
		var bundle api.EntryBundle
		if err := bundle.UnmarshalText(text); err != nil {
			return fmt.Errorf("entries from %d of the log are damaged: %w", r.Index*layout.EntryBundleWidth, err)
		}
		for i := range r.N {
			at := uint64(r.First) + uint64(i)
			if at >= uint64(len(bundle.Entries)) {
				return fault.New(fault.Conflict, "the log lacks entry %d of its %d", r.Index*layout.EntryBundleWidth+at, size)
			}
			if err := use(r.Index*layout.EntryBundleWidth+at, bundle.Entries[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Public opens a file of the log as Public does.
func (l *Log) Public(name string) (*os.File, error) { return Public(l.dir, name) }

// Public opens a file of the log in a folder, as C2SP tlog-tiles names it: checkpoint,
// tile/... It gives nothing else of the folder, and needs no open log.
//
// Errors: fault.NotFound.
func Public(dir, name string) (*os.File, error) {
	if name != layout.CheckpointPath && !strings.HasPrefix(name, "tile/") || !fs.ValidPath(name) {
		return nil, fault.New(fault.NotFound, "the log has no file %q; ask for checkpoint or tile/...", name)
	}
	f, err := os.OpenInRoot(dir, filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the log has no file %q", name)
	}
	return f, err
}

// Close waits until what was appended is covered by a published checkpoint, and ends.
func (l *Log) Close(ctx context.Context) error {
	err := l.stop(ctx)
	l.end()
	return errors.Join(err, l.locked.Close())
}

// Report sends what the library that writes says to a logger; without it that goes to
// standard error. It is for the whole process: call it once, before a log is opened.
func Report(to *slog.Logger) { klog.SetSlogLogger(to) }
