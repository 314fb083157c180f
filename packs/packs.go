// Package packs holds the data packs that come with the program.
//
// A pack is data, not code: see chongqing/README.md. What must hold: the program
// works with any pack of the same shape, so nothing else may import this package
// but the command that chooses the default and tests.
package packs

import (
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

//go:embed chongqing story
var files embed.FS

// Chongqing returns the pack of Chongqing's "1458" plan.
func Chongqing() fs.FS { return under("chongqing") }

// Story returns the demonstration: the pack of Chongqing with a clock of its own
// and somebody who is asked for numbers.
func Story() fs.FS { return overlay{under("story"), under("chongqing")} }

func under(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		return files // cannot happen: the name is a valid path
	}
	return sub
}

// overlay is two trees of files as one: what over has stands in place of what
// under has by the same name.
type overlay struct{ over, under fs.FS }

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.under.Open(name)
	}
	return f, err
}

// ReadDir implements fs.ReadDirFS.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	over, err := fs.ReadDir(o.over, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	below, errBelow := fs.ReadDir(o.under, name)
	if errBelow != nil && (err != nil || !errors.Is(errBelow, fs.ErrNotExist)) {
		return nil, errBelow
	}
	all := slices.Clone(over)
	for _, e := range below {
		if !slices.ContainsFunc(over, func(d fs.DirEntry) bool { return d.Name() == e.Name() }) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}
