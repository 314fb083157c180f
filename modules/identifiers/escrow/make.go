package escrow

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Make makes a deposit in a folder: volumes, manifest, and the signatures of both.
//
//   - dir: may hold other deposits, and what an interrupted Make of this one left:
//     then it goes on behind the last whole volume. When the deposit is there already,
//     nothing is done.
//   - from: see Source.
//   - Errors: fault.Invalid when the deposit, a key, or a change is none, or changes
//     do not ascend; fault.Conflict when what is there is another deposit of the same
//     file names; what from, dir and the signer return.
func (m Maker) Make(ctx context.Context, dir *os.Root, d Deposit, from Source) (Manifest, error) {
	if err := m.check(&d); err != nil {
		return Manifest{}, err
	}
	if m.VolumeSize == 0 {
		m.VolumeSize = VolumeSize
	}
	done, err := m.made(dir, d, d.ManifestName())
	if err != nil || len(done.Volumes) > 0 {
		return done, err
	}
	so, err := m.made(dir, d, d.partialName())
	if err != nil {
		return Manifest{}, err
	}
	so.Deposit = d
	for _, v := range so.Volumes {
		if err := unchanged(dir, v); err != nil {
			return Manifest{}, err
		}
	}
	w := &making{Maker: m, dir: dir, so: so}
	if err := w.volumes(ctx, from); err != nil {
		return Manifest{}, err
	}
	return w.so, w.finish()
}

func (m Maker) check(d *Deposit) error {
	d.Watermark = d.Watermark.UTC()
	if err := d.Check(); err != nil {
		return err
	}
	if m.Signer == nil || m.Recipient == nil || !sm2.IsSM2PublicKey(m.Recipient) {
		return fault.New(fault.Invalid, "deposit %s: give the depositor's SM2 key and the recipient's", d.ID)
	}
	if _, err := publicOf(m.Signer); err != nil {
		return err
	}
	if m.VolumeSize != 0 && (m.VolumeSize < smallest || m.VolumeSize > VolumeSize) {
		return fault.New(fault.Invalid, "deposit %s: volumes of %d bytes; give %d to %d", d.ID, m.VolumeSize, smallest, VolumeSize)
	}
	return nil
}

// made reads a manifest that an earlier Make wrote, one without volumes when there is
// none.
func (m Maker) made(dir *os.Root, d Deposit, name string) (Manifest, error) {
	b, err := dir.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, nil
	}
	if err != nil {
		return Manifest{}, err
	}
	was, err := ParseManifest(b)
	if err != nil {
		return Manifest{}, err
	}
	if was.Deposit != d {
		return Manifest{}, fault.New(fault.Conflict, "%s is of deposit %s at %s already; raise resend to make deposit %s", name, was.ID, was.Watermark, d.ID)
	}
	return was, nil
}

// unchanged holds that a volume in the folder is still the one that was written.
func unchanged(dir *os.Root, v Volume) error {
	f, err := dir.Open(v.Name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	h := sm3.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != v.Digest {
		return fault.New(fault.Conflict, "%s was altered since it was written; remove it and the file %s.partial to begin again", v.Name, v.Name)
	}
	return nil
}

// making is one Make under way.
type making struct {
	Maker

	dir *os.Root
	so  Manifest // the volumes that are whole
}

// behind returns the last identifier of the whole volumes.
func (w *making) behind() handle.Name {
	if n := len(w.so.Volumes); n > 0 {
		return w.so.Volumes[n-1].Last
	}
	return ""
}

// volumes writes the volumes that are still missing.
func (w *making) volumes(ctx context.Context, from Source) error {
	before := w.behind()
	next, stop := iter.Pull2(from(before))
	defer stop()
	v, err := w.newVolume(w.dir, w.so.Deposit, len(w.so.Volumes)+1)
	if err != nil {
		return err
	}
	for {
		c, err, more := next()
		if !more {
			return w.last(v)
		}
		if err == nil {
			err = w.fits(before, c)
		}
		if err != nil {
			return v.abandon(err)
		}
		before = c.Record.Name
		if v, err = w.put(ctx, v, c); err != nil {
			return err
		}
	}
}

// last closes the last volume. One without any change is kept only when it is the
// first: even a deposit of nothing has one.
func (w *making) last(v *volumeWriter) error {
	if v.says.First != "" || len(w.so.Volumes) == 0 {
		return w.close(v)
	}
	if err := v.file.Close(); err != nil {
		return err
	}
	return w.dir.Remove(v.says.Name + temporary)
}

// put writes a change to a volume, or to a new one when that is full.
func (w *making) put(ctx context.Context, v *volumeWriter, c Change) (*volumeWriter, error) {
	if err := ctx.Err(); err != nil {
		return v, v.abandon(err)
	}
	ok, err := v.add(c)
	if err != nil {
		return v, v.abandon(err)
	}
	if ok {
		return v, nil
	}
	if err := w.close(v); err != nil {
		return v, err
	}
	if v, err = w.newVolume(w.dir, w.so.Deposit, len(w.so.Volumes)+1); err != nil {
		return v, err
	}
	if _, err := v.add(c); err != nil {
		return v, v.abandon(err)
	}
	return v, nil
}

// fits holds that a change may stand behind a name in this deposit.
func (w *making) fits(before handle.Name, c Change) error {
	name := c.Record.Name
	if _, err := handle.Parse(string(name)); err != nil {
		return err
	}
	switch {
	case before != "" && Compare(before, name) >= 0:
		return fault.New(fault.Invalid, "identifier %q comes behind %q; a deposit has them in ascending order, each once", name, before)
	case !Holds(w.so.Prefix, name):
		return fault.New(fault.Invalid, "identifier %q is not of prefix %s or below", name, w.so.Prefix)
	case c.Deleted && w.so.Type == Full:
		return fault.New(fault.Invalid, "identifier %q is given as deleted in a FULL deposit, which has only what there is", name)
	case c.Deleted && len(c.Record.Values) > 0:
		return fault.New(fault.Invalid, "identifier %q is given as deleted and has values", name)
	}
	return c.Record.Check()
}

// close finishes a volume and notes it.
func (w *making) close(v *volumeWriter) error {
	if err := v.finish(w.Maker, w.dir); err != nil {
		return v.abandon(err)
	}
	w.so.Volumes = append(w.so.Volumes, v.says)
	return writeFile(w.dir, w.so.partialName(), w.so.XML())
}

// finish writes the manifest behind its signature: where there is one, all is there.
func (w *making) finish() error {
	public, err := publicOf(w.Signer)
	if err != nil {
		return err
	}
	h, err := signing(public)
	if err != nil {
		return err
	}
	doc := w.so.XML()
	h.Write(doc)
	signature, err := sign(w.Signer, h.Sum(nil))
	if err != nil {
		return err
	}
	if err := writeFile(w.dir, w.so.ManifestName()+signatureEnd, signature); err != nil {
		return err
	}
	if err := writeFile(w.dir, w.so.ManifestName(), doc); err != nil {
		return err
	}
	return w.dir.Remove(w.so.partialName())
}
