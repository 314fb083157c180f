package tally

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// Taken is the last census of a node, opened to show parts of it. Close it.
type Taken struct {
	Day
	file  *os.File
	index *census.Index
	store records.Store
}

// Open opens the last census.
//
// Errors: fs.ErrNotExist when its file is gone, fault.Invalid when it is of another day.
func Open(st records.Store, dir string, d Day) (*Taken, error) {
	f, err := os.Open(filepath.Join(dir, d.Date+indexSuffix)) //nolint:gosec // a file of the node
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	ix, err := census.OpenIndex(f, info.Size())
	if err == nil && ix.Head() != d.Head {
		err = fault.New(fault.Invalid, "the index of the census of %s is of another head", d.Date)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Taken{d, f, ix, st}, nil
}

// Close lets go of the file.
func (t *Taken) Close() error { return t.file.Close() }

func (t *Taken) prune(ctx context.Context, want census.Want) (tree *census.Tree, err error) {
	view, err := t.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	return t.index.Prune(ctx, leaves{store: t.store, view: view, at: t.At}, want)
}

// Prove returns a tree that shows for each identifier whether it was counted, and for
// each prefix how many identifiers below it were.
//
// Errors: fault.Conflict when the records are no longer those of the census.
func (t *Taken) Prove(ctx context.Context, names []handle.Name, prefixes ...string) (*census.Tree, error) {
	want := census.Want{}
	for _, n := range names {
		want.Keys = append(want.Keys, []byte(n.Fold()))
	}
	for _, p := range prefixes {
		want.Prefixes = append(want.Prefixes, []byte(handle.Fold(p)+"/"))
	}
	return t.prune(ctx, want)
}

// Sample returns a tree that shows the identifier with a number, from 0, in the order of
// their folded names. Who asks draws the number after the head was stated, so that a node
// cannot know which identifiers it will have to show.
func (t *Taken) Sample(ctx context.Context, number uint64) (_ *census.Tree, err error) {
	view, err := t.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	from := leaves{store: t.store, view: view, at: t.At}
	l, err := t.index.At(ctx, from, number)
	if err != nil {
		return nil, err
	}
	return t.index.Prune(ctx, from, census.Want{Keys: [][]byte{l.Key}})
}

// ReadDelta returns the delta that leads to a day; fault.NotFound when it has none.
func ReadDelta(dir, date string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, filepath.Base(date)+deltaSuffix)) //nolint:gosec // a file of the node
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Say(fault.NotFound, "%s 的计数没有增量。", "the census of %s has no delta", date)
	}
	return b, err
}

// Forget removes the index of a day that is no longer the last. Its delta stays.
func Forget(dir, date string) error {
	err := os.Remove(filepath.Join(dir, date+indexSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
