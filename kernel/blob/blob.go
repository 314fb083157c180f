// Package blob keeps bytes under their hash: documents of cases, photos, sheets.
//
// What must hold: what Put has returned is on disk; the bytes under a name never
// change, for the name is their SHA-256; what Get returns is exactly what was
// put, or an error.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"yuzhou/kernel/fault"
)

// Store keeps blobs. Files is one on disk; others (an object store) stand behind
// the same two methods.
type Store interface {
	// Put keeps what r gives and returns its name and size in bytes. It reads no
	// more than limit bytes: more is fault.Invalid, and nothing is kept.
	Put(ctx context.Context, r io.Reader, limit int64) (name string, size int64, err error)
	// Get opens what was put under a name; fault.NotFound when nothing was.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
}

// Files is a Store of files in a folder, two levels deep by the name's first
// letters.
type Files struct {
	Dir string
}

// Put implements Store. The file is written beside its place, synced and then
// renamed, so that a name never stands for half a file.
func (f Files) Put(_ context.Context, r io.Reader, limit int64) (name string, size int64, err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return "", 0, unwritable(err)
	}
	tmp, err := os.CreateTemp(f.Dir, "new-*")
	if err != nil {
		return "", 0, unwritable(err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // renamed away when all is well
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = fault.New(fault.Invalid, "the file is larger than %d bytes; at most that many are kept", limit)
	}
	if err == nil {
		err = unwritable(tmp.Sync())
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", 0, err
	}
	name = hex.EncodeToString(sum.Sum(nil))
	return name, size, f.settle(tmp.Name(), name)
}

// settle moves a whole file to its place.
func (f Files) settle(from, name string) error {
	dir := filepath.Join(f.Dir, name[:2])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(err)
	}
	if err := os.Rename(from, filepath.Join(dir, name)); err != nil {
		return unwritable(err)
	}
	d, err := os.Open(dir) //nolint:gosec // of the name checked above
	if err != nil {
		return unwritable(err)
	}
	return errors.Join(unwritable(d.Sync()), d.Close())
}

// unwritable says that the disk did not take a file.
func unwritable(err error) error {
	if err == nil {
		return nil
	}
	return &fault.Fault{Kind: fault.Busy, Text: "the file could not be kept: the disk of the data directory is full or cannot be written", Err: err}
}

// Get implements Store.
func (f Files) Get(_ context.Context, name string) (io.ReadCloser, error) {
	if b, err := hex.DecodeString(name); err != nil || len(b) != sha256.Size {
		return nil, fault.New(fault.Invalid, "%q is no name of a file here; give its SHA-256 as 64 hexadecimal digits", name)
	}
	file, err := os.Open(filepath.Join(f.Dir, name[:2], name)) //nolint:gosec // 64 hexadecimal digits
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no file %s here", name)
	}
	if err != nil {
		return nil, err
	}
	return &checked{file: file, sum: sha256.New(), name: name}, nil
}

// checked is a file that is compared with its name as it is read: rot of the
// disk is found by the reader and not by the court.
type checked struct {
	file *os.File
	sum  interface {
		io.Writer
		Sum(b []byte) []byte
	}
	name string
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	_, _ = c.sum.Write(p[:n]) // a hash never fails
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.sum.Sum(nil)) != c.name {
		return n, fmt.Errorf("file %s has changed on disk: its bytes have another SHA-256", c.name)
	}
	return n, err
}

// Close implements io.Closer.
func (c *checked) Close() error { return c.file.Close() }
