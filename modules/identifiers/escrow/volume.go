package escrow

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/hex"
	"hash"
	"io"
	"os"

	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

const (
	entryName = "deposit.xml"

	// flushEvery is after how many bytes of XML the compressor is asked to write all
	// it has: until then nobody knows how big the volume is.
	flushEvery = 4 << 20

	// closing is more than the end of the XML, of the zip archive, and of the last
	// chunk take.
	closing = 4096
)

// volumeWriter writes the file of one volume.
type volumeWriter struct {
	says  Volume
	file  *os.File
	out   *bufio.Writer
	sum   hash.Hash // of the manifest
	signs hash.Hash // of the signature
	seal  *sealer
	zip   *zip.Writer
	flate *flate.Writer
	entry io.Writer
	limit int64

	pending int // bytes of XML the compressor was given since it was last flushed
	xml     []byte
}

// temporary is what the name of a file ends in that is not whole yet.
const temporary = ".tmp"

func (m Maker) newVolume(dir *os.Root, d Deposit, n int) (*volumeWriter, error) {
	public, err := publicOf(m.Signer)
	if err != nil {
		return nil, err
	}
	v := &volumeWriter{says: Volume{Name: d.volumeName(n)}, sum: sm3.New(), limit: m.VolumeSize}
	if v.signs, err = signing(public); err != nil {
		return nil, err
	}
	if v.file, err = dir.Create(v.says.Name + temporary); err != nil {
		return nil, err
	}
	v.out = bufio.NewWriterSize(io.MultiWriter(v.file, v.sum, v.signs), 1<<18)
	if err := v.begin(m, d, n); err != nil {
		return nil, v.abandon(err)
	}
	return v, nil
}

func (v *volumeWriter) begin(m Maker, d Deposit, n int) error {
	var err error
	if v.seal, err = newSealer(v.out, m.Recipient, d.ID, n); err != nil {
		return err
	}
	v.zip = zip.NewWriter(v.seal)
	v.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		// The fastest level: XML of identifiers repeats itself so much that the
		// others gain a few per cent for several times the work.
		var err error
		v.flate, err = flate.NewWriter(w, flate.BestSpeed)
		return v.flate, err
	})
	if v.entry, err = v.zip.Create(entryName); err != nil {
		return err
	}
	v.xml = appendStart(v.xml, d, n)
	return v.write()
}

// abandon closes the file of a volume that failed.
func (v *volumeWriter) abandon(err error) error {
	_ = v.file.Close() // the error that made it fail says more
	return err
}

// write gives v.xml to the compressor.
func (v *volumeWriter) write() error {
	_, err := v.entry.Write(v.xml)
	v.pending += len(v.xml)
	v.xml = v.xml[:0]
	if err == nil && v.pending >= flushEvery {
		err = v.flush()
	}
	return err
}

func (v *volumeWriter) flush() error {
	v.pending = 0
	if err := v.flate.Flush(); err != nil {
		return err
	}
	return v.zip.Flush()
}

// room reports whether n more bytes of XML fit, even when they do not compress.
func (v *volumeWriter) room(n int) (bool, error) {
	fits := func() bool {
		n := int64(v.pending) + int64(n)
		return v.seal.Size()+n+n/1024+closing <= v.limit
	}
	if fits() || v.pending == 0 {
		return fits(), nil
	}
	err := v.flush()
	return fits(), err
}

// add writes a change and reports whether the volume had room for it. One that has
// none even in an empty volume is an error.
func (v *volumeWriter) add(c Change) (bool, error) {
	v.xml = appendChange(v.xml, c)
	ok, err := v.room(len(v.xml))
	if err != nil || !ok {
		if err == nil && v.says.First == "" {
			err = fault.New(fault.Invalid, "identifier %.80q takes %d bytes, more than a volume of %d has room for; ask for bigger volumes", c.Record.Name, len(v.xml), v.limit)
		}
		v.xml = v.xml[:0]
		return false, err
	}
	if v.says.First == "" {
		v.says.First = c.Record.Name
	}
	v.says.Last = c.Record.Name
	if c.Deleted {
		v.says.Deleted++
	} else {
		v.says.Records++
	}
	return true, v.write()
}

// finish closes the volume, signs it, and gives it its name: from then on it is whole.
func (v *volumeWriter) finish(m Maker, dir *os.Root) error {
	v.xml = append(v.xml, xmlEnd...)
	if err := v.write(); err != nil {
		return err
	}
	if err := v.zip.Close(); err != nil {
		return err
	}
	if err := v.seal.Close(); err != nil {
		return err
	}
	if err := v.out.Flush(); err != nil {
		return err
	}
	if err := v.file.Sync(); err != nil {
		return err
	}
	if err := v.file.Close(); err != nil {
		return err
	}
	v.says.Size, v.says.Digest = v.seal.size, hex.EncodeToString(v.sum.Sum(nil))
	signature, err := sign(m.Signer, v.signs.Sum(nil))
	if err != nil {
		return err
	}
	if err := writeFile(dir, v.says.Name+signatureEnd, signature); err != nil {
		return err
	}
	return dir.Rename(v.says.Name+temporary, v.says.Name)
}

// signatureEnd is what the name of a signature has behind that of what it signs.
const signatureEnd = ".sig"

// writeFile writes a file so that it is whole or not there.
func writeFile(dir *os.Root, name string, b []byte) error {
	f, err := dir.Create(name + temporary)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close() // the error of writing says more
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // the error of syncing says more
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return dir.Rename(name+temporary, name)
}
