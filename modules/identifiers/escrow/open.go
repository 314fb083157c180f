package escrow

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Opener opens deposits of one depositor.
type Opener struct {
	Depositor *ecdsa.PublicKey // whose signatures count
	Key       *sm2.PrivateKey  // the recipient's key
}

// Archive is a deposit whose signatures, sizes and digests were verified.
type Archive struct {
	Manifest Manifest

	files fs.FS
	key   *sm2.PrivateKey
}

// Open verifies a deposit: every volume is read once.
//
//   - files: the folder it lies in; its files are io.ReaderAt, as those of os.Root.FS.
//   - manifest: the name of its manifest; what else lies in the folder is not looked at.
//   - Errors: fault.Invalid with the file and what is wrong with it; fault.NotFound
//     when one is missing.
func (o Opener) Open(ctx context.Context, files fs.FS, manifest string) (*Archive, error) {
	if o.Depositor == nil || !sm2.IsSM2PublicKey(o.Depositor) || o.Key == nil {
		return nil, fault.New(fault.Invalid, "give the depositor's SM2 key and the recipient's to open a deposit")
	}
	doc, err := readSmall(files, manifest, maxManifest)
	if err != nil {
		return nil, err
	}
	if err := o.signed(files, manifest, bytes.NewReader(doc)); err != nil {
		return nil, err
	}
	m, err := ParseManifest(doc)
	if err != nil {
		return nil, err
	}
	if m.ManifestName() != manifest {
		return nil, fault.New(fault.Invalid, "%s is the manifest of %s; files of a deposit keep their names", manifest, m.ManifestName())
	}
	a := &Archive{Manifest: m, files: files, key: o.Key}
	for i, v := range m.Volumes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := o.volume(a, i+1, v); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// volume verifies one volume.
func (o Opener) volume(a *Archive, n int, v Volume) error {
	f, err := open(a.files, v.Name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != v.Size {
		return fault.New(fault.Invalid, "%s has %d bytes, the manifest says %d; it is cut off or another's", v.Name, info.Size(), v.Size)
	}
	h := sm3.New()
	if err := o.signed(a.files, v.Name, io.TeeReader(f, h)); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != v.Digest {
		return fault.New(fault.Invalid, "%s has the digest %.12s…, the manifest says %.12s…; it is another volume or another deposit's", v.Name, got, v.Digest)
	}
	// The key is tried here, so that a wrong one shows before any record is given out.
	_, err = newUnsealer(f, v.Size, a.key, a.Manifest.Deposit, n)
	return named(v.Name, err)
}

// signed verifies the signature beside a file.
func (o Opener) signed(files fs.FS, name string, in io.Reader) error {
	signature, err := readSmall(files, name+signatureEnd, 256)
	if err != nil {
		return err
	}
	return named(name, verify(o.Depositor, in, signature))
}

// named puts a file's name before a fault.
func named(name string, err error) error {
	if kind := fault.KindOf(err); kind != "" {
		return fault.New(kind, "%s: %v", name, err)
	}
	return err
}

// file is what a volume must be to be decrypted at any place.
type file interface {
	fs.File
	io.ReaderAt
}

func open(files fs.FS, name string) (file, error) {
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s is missing", name)
	}
	if err != nil {
		return nil, err
	}
	at, ok := f.(file)
	if !ok {
		_ = f.Close() // nothing was read
		return nil, fmt.Errorf("%s: this folder's files cannot be read at any place", name)
	}
	return at, nil
}

// readSmall reads a file of at most so many bytes.
func readSmall(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s is missing", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fault.New(fault.Invalid, "%s has more than %d bytes", name, most)
	}
	return b, err
}

// Changes gives the changes of the deposit in ascending order, those behind a name or,
// for "", all. Volumes that end before it are passed over. Behind an error comes
// nothing: what is wrong with a volume although its signature is right, such as a
// count, is the last thing that is said of it.
func (a *Archive) Changes(ctx context.Context, after handle.Name) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for i, v := range a.Manifest.Volumes {
			if v.Last == "" || (after != "" && Compare(v.Last, after) <= 0) {
				continue
			}
			err := a.volume(ctx, i+1, func(c Change) bool {
				return after != "" && Compare(c.Record.Name, after) <= 0 || yield(c, nil)
			})
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(Change{}, err)
				return
			}
		}
	}
}

// errStop says that the reader of changes has enough.
var errStop = errors.New("stop")

// volume gives the changes of one volume.
func (a *Archive) volume(ctx context.Context, n int, yield func(Change) bool) error {
	v := a.Manifest.Volumes[n-1]
	f, err := open(a.files, v.Name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	u, err := newUnsealer(f, v.Size, a.key, a.Manifest.Deposit, n)
	if err != nil {
		return named(v.Name, err)
	}
	entry, err := unzip(u)
	if err != nil {
		return named(v.Name, err)
	}
	defer entry.Close() //nolint:errcheck // it is only read
	in := newChanges(entry)
	if err := in.start(a.Manifest.Deposit, n); err != nil {
		return named(v.Name, err)
	}
	read := reading{of: a.Manifest, volume: v}
	err = read.all(ctx, in, yield)
	if errors.Is(err, errStop) {
		return err
	}
	return named(v.Name, err)
}

// unzip opens the one entry of a volume's archive.
func unzip(u *unsealer) (io.ReadCloser, error) {
	z, err := zip.NewReader(u, u.size)
	if err != nil {
		if fault.KindOf(err) != "" {
			return nil, err
		}
		return nil, fault.New(fault.Invalid, "what is encrypted is no zip archive: %v", err)
	}
	if len(z.File) != 1 || z.File[0].Name != entryName {
		return nil, fault.New(fault.Invalid, "the zip archive does not hold the one file %s", entryName)
	}
	entry, err := z.File[0].Open()
	if err != nil {
		return nil, fault.New(fault.Invalid, "the zip archive does not open: %v", err)
	}
	return entry, nil
}

// reading compares what a volume holds with what the manifest says of it.
type reading struct {
	of     Manifest
	volume Volume
	so     Volume
}

func (r *reading) all(ctx context.Context, in *changes, yield func(Change) bool) error {
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		c, err := in.next()
		if errors.Is(err, io.EOF) {
			return r.end()
		}
		if err == nil {
			err = r.add(c)
		}
		if err != nil {
			return err
		}
		if !yield(c) {
			return errStop
		}
	}
}

func (r *reading) add(c Change) error {
	name := c.Record.Name
	switch {
	case r.so.Last != "" && Compare(r.so.Last, name) >= 0:
		return fault.New(fault.Invalid, "identifier %q comes behind %q; they must ascend", name, r.so.Last)
	case !Holds(r.of.Prefix, name):
		return fault.New(fault.Invalid, "identifier %q is not of prefix %s or below", name, r.of.Prefix)
	case r.so.First == "" && name != r.volume.First, Compare(name, r.volume.Last) > 0:
		return fault.New(fault.Invalid, "identifier %q lies outside of what the manifest says, %q to %q", name, r.volume.First, r.volume.Last)
	case c.Deleted && r.of.Type == Full:
		return fault.New(fault.Invalid, "identifier %q is deleted in a FULL deposit", name)
	}
	if r.so.First == "" {
		r.so.First = name
	}
	r.so.Last = name
	if c.Deleted {
		r.so.Deleted++
	} else {
		r.so.Records++
	}
	return nil
}

func (r *reading) end() error {
	if r.so.Records != r.volume.Records || r.so.Deleted != r.volume.Deleted || r.so.Last != r.volume.Last {
		return fault.New(fault.Invalid, "it holds %d records and %d deleted ones up to %q, the manifest says %d and %d up to %q", r.so.Records, r.so.Deleted, r.so.Last, r.volume.Records, r.volume.Deleted, r.volume.Last)
	}
	return nil
}
