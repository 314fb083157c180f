package escrow

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// maxManifest is how many bytes a manifest may have: 10,000 volumes, 10 TB.
const maxManifest = 16 << 20

// Volume is one line of a manifest.
type Volume struct {
	Name    string      // of the file
	Size    int64       // bytes of the file
	Digest  string      // SM3 of the file, 64 hexadecimal digits
	Records uint64      // records in it
	Deleted uint64      // names of deleted records in it
	First   handle.Name // the first identifier in it, "" when there is none
	Last    handle.Name
}

// Manifest says what a deposit is made of.
type Manifest struct {
	Deposit

	Volumes []Volume // at least one, numbered from 1 on
}

// Records returns how many records the deposit has.
func (m Manifest) Records() uint64 {
	var n uint64
	for _, v := range m.Volumes {
		n += v.Records
	}
	return n
}

// Digest returns SM3 of the manifest's file, by which the next deposit names this one.
func (m Manifest) Digest() string {
	sum := sm3.Sum(m.XML())
	return hex.EncodeToString(sum[:])
}

// XML returns the manifest's file. A manifest has one form only, so ParseManifest and
// XML are inverses byte by byte.
func (m Manifest) XML() []byte {
	dst := append([]byte(nil), xmlHead+"<manifest"...)
	dst = appendAttr(dst, "type", string(m.Type))
	dst = appendAttr(dst, "id", m.ID)
	dst = appendAttr(dst, "prefix", m.Prefix)
	dst = appendAttr(dst, "watermark", m.Watermark.UTC().Format(time.RFC3339))
	dst = appendAttr(dst, "resend", strconv.Itoa(m.Resend))
	dst = append(dst, ">\n"...)
	if m.PreviousID != "" {
		dst = append(dst, "<previous"...)
		dst = appendAttr(dst, "id", m.PreviousID)
		dst = appendAttr(dst, "sm3", m.PreviousDigest)
		dst = append(dst, "/>\n"...)
	}
	for i, v := range m.Volumes {
		dst = append(dst, "<volume"...)
		dst = appendAttr(dst, "number", strconv.Itoa(i+1))
		dst = appendAttr(dst, "name", v.Name)
		dst = appendAttr(dst, "size", strconv.FormatInt(v.Size, 10))
		dst = appendAttr(dst, "sm3", v.Digest)
		dst = appendAttr(dst, "records", strconv.FormatUint(v.Records, 10))
		dst = appendAttr(dst, "deleted", strconv.FormatUint(v.Deleted, 10))
		if v.First != "" {
			dst = appendAttr(dst, "first", string(v.First))
			dst = appendAttr(dst, "last", string(v.Last))
		}
		dst = append(dst, "/>\n"...)
	}
	return append(dst, "</manifest>\n"...)
}

// manifestXML is the manifest as encoding/xml reads it.
type manifestXML struct {
	XMLName   xml.Name `xml:"manifest"`
	Type      Type     `xml:"type,attr"`
	ID        string   `xml:"id,attr"`
	Prefix    string   `xml:"prefix,attr"`
	Watermark string   `xml:"watermark,attr"`
	Resend    int      `xml:"resend,attr"`
	Previous  *struct {
		ID     string `xml:"id,attr"`
		Digest string `xml:"sm3,attr"`
	} `xml:"previous"`
	Volumes []struct {
		Name    string      `xml:"name,attr"`
		Size    int64       `xml:"size,attr"`
		Digest  string      `xml:"sm3,attr"`
		Records uint64      `xml:"records,attr"`
		Deleted uint64      `xml:"deleted,attr"`
		First   handle.Name `xml:"first,attr"`
		Last    handle.Name `xml:"last,attr"`
		First64 []byte      `xml:"first64,attr"` // as appendAttr writes them
		Last64  []byte      `xml:"last64,attr"`
	} `xml:"volume"`
}

// ParseManifest reads a manifest.
//
//   - b: at most 16 MiB, exactly as Manifest.XML writes it.
//   - Errors: fault.Invalid when it is none or says what cannot be: names of other
//     deposits' files, ranges that overlap, counts that do not fit.
func ParseManifest(b []byte) (Manifest, error) {
	var m Manifest
	if len(b) > maxManifest {
		return m, fault.New(fault.Invalid, "the manifest has %d bytes, at most %d are allowed", len(b), maxManifest)
	}
	var x manifestXML
	if err := xml.Unmarshal(b, &x); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return m, &fault.Fault{Kind: fault.Invalid, Text: "the manifest is not the XML of one", Err: err}
	}
	at, err := parseInstant(x.Watermark)
	if err != nil {
		return m, err
	}
	m.Deposit = Deposit{ID: x.ID, Prefix: x.Prefix, Type: x.Type, Watermark: at, Resend: x.Resend}
	if x.Previous != nil {
		m.PreviousID, m.PreviousDigest = x.Previous.ID, x.Previous.Digest
	}
	for _, v := range x.Volumes {
		// Whichever is not there is empty; what is not base64 shows below.
		m.Volumes = append(m.Volumes, Volume{v.Name, v.Size, v.Digest, v.Records, v.Deleted, v.First + decode64(v.First64), v.Last + decode64(v.Last64)})
	}
	if err := m.check(); err != nil {
		return m, err
	}
	// What encoding/xml overlooks (unknown attributes, comments, other orders) shows
	// here at once.
	if string(m.XML()) != string(b) {
		return m, fault.New(fault.Invalid, "the manifest of deposit %s is not in the one form it has; something was added, left out or moved", m.ID)
	}
	return m, nil
}

// decode64 returns the name that an attribute holds in base64.
func decode64(b []byte) handle.Name {
	s, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return ""
	}
	return handle.Name(s)
}

// parseInstant reads a time to the second in UTC.
func parseInstant(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || at.UTC().Format(time.RFC3339) != s {
		return time.Time{}, fault.New(fault.Invalid, "watermark %.40q: write an instant in UTC to the second, such as 2026-01-31T16:00:00Z", s)
	}
	return at.UTC(), nil
}

// check holds what Maker guarantees.
func (m Manifest) check() error {
	if err := m.Check(); err != nil {
		return err
	}
	if len(m.Volumes) == 0 {
		return fault.New(fault.Invalid, "the manifest of deposit %s names no volume; even a deposit of nothing has one", m.ID)
	}
	var before handle.Name
	for i, v := range m.Volumes {
		if err := m.checkVolume(i+1, v); err != nil {
			return err
		}
		if v.First == "" {
			continue
		}
		if before != "" && Compare(before, v.First) >= 0 {
			return fault.New(fault.Invalid, "the manifest of deposit %s: volume %d begins with %q, which is not behind %q, the end of the volume before", m.ID, i+1, v.First, before)
		}
		before = v.Last
	}
	return nil
}

func (m Manifest) checkVolume(n int, v Volume) error {
	some := v.Records+v.Deleted > 0
	switch {
	case v.Name != m.volumeName(n):
		return fault.New(fault.Invalid, "the manifest of deposit %s: volume %d is named %.80q, want %s", m.ID, n, v.Name, m.volumeName(n))
	case v.Size <= 0 || !digestForm.MatchString(v.Digest):
		return fault.New(fault.Invalid, "the manifest of deposit %s: volume %d has no size or no digest", m.ID, n)
	case v.Records > 1<<62 || v.Deleted > 1<<62 || some != (v.First != "") || some != (v.Last != "") || (some && Compare(v.First, v.Last) > 0):
		return fault.New(fault.Invalid, "the manifest of deposit %s: volume %d has %d records and %d deleted ones from %.80q to %.80q, which cannot be", m.ID, n, v.Records, v.Deleted, v.First, v.Last)
	case m.Type == Full && v.Deleted > 0:
		return fault.New(fault.Invalid, "the manifest of deposit %s: volume %d of a FULL deposit has deleted records", m.ID, n)
	}
	return nil
}
