// Package packs holds the data packs that come with the program.
//
// A pack is data, not code: see chongqing/README.md. What must hold: the program
// works with any pack of the same shape, so nothing else may import this package
// but the command that chooses the default and tests.
package packs

import (
	"archive/zip"
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

//go:embed chongqing node story
var files embed.FS

// Chongqing returns the pack of Chongqing's "1458" plan.
func Chongqing() fs.FS { return under("chongqing") }

// Story returns the demonstration: the pack of Chongqing with a clock of its own
// and somebody who is asked for numbers.
func Story() fs.FS { return overlay{under("story"), under("chongqing")} }

// Node says which node of the identifier network a pack is for. No quotation marks or
// line breaks stand in its fields.
type Node struct {
	Prefix string // that it answers for: 88.500
	Unit   string // who runs it
	Clock  string // when its time begins: 2026-01-05T09:00:00+08:00
	ZH, EN string
}

// Pack returns the pack of a node in a demonstration: who runs it and the calendar of
// working days, without figures.
func (n Node) Pack() (fs.FS, error) {
	words := strings.NewReplacer("[[prefix]]", n.Prefix, "[[unit]]", n.Unit, "[[clock]]", n.Clock, "[[zh]]", n.ZH, "[[en]]", n.EN)
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, part := range []struct {
		files fs.FS
		root  string
	}{{under("node"), "."}, {under("chongqing"), "calendar"}} {
		err := fs.WalkDir(part.files, part.root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(part.files, path)
			if err != nil {
				return err
			}
			f, err := w.Create(path)
			if err == nil {
				_, err = words.WriteString(f, string(text))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
}

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
