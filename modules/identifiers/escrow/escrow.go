// Package escrow deposits the records of a node with the national top-level node's
// standby node and gives them back when the node is taken over.
//
// What must hold: a deposit says what the records of a prefix were at one instant, its
// watermark. Whoever holds the recipient's key gets back exactly what was deposited,
// or one sentence that says what is wrong with it; no record is given out of a deposit
// whose signatures, digests, and predecessors were not verified first. Memory is
// bounded by one record and some buffers, whatever the number of records, and a
// deposit that was interrupted goes on behind its last whole volume.
//
// The service guide of the national top-level node (国家顶级节点对接服务指南, annex 4)
// and the manual of its deposit client ask for XML, zip, encryption by SM2, volumes of
// at most 1 GB, a signature, and SFTP, once a day after 08:00 Beijing time, FULL or
// DIFF. They do not publish the formats themselves. These are ours, with the words of
// RFC 8909 (FULL, DIFF, watermark, resend, previous deposit):
//
//   - The names of records ascend (Compare). A FULL deposit has all records of the
//     prefix, a DIFF what was changed or deleted since the deposit before it.
//   - They are cut into volumes. Each is an XML document, in a zip archive of one
//     entry, encrypted, of at most VolumeSize bytes. The client of the guide cuts
//     after it has encrypted; here each volume is whole by itself, so that one that
//     was lost does not take the others with it.
//   - A volume is encrypted as a header and chunks. Header: "YZESCROW", version 1
//     (1 byte), the binary logarithm of the chunk size (1 byte, 16), number of the
//     volume (4 bytes, from 1 on), SM3 of the recipient's public key as a point
//     without compression (32 bytes), id of the deposit and key envelope (each 2 bytes
//     of length, then its bytes); big end first. The envelope is the SM2 ciphertext
//     (GM/T 0009-2012 §7.2, ASN.1) of a key for SM4 that serves this volume alone.
//     A chunk is up to 64 KiB in SM4-GCM with 16 bytes of tag; its nonce is 3 zero
//     bytes, its number (8 bytes, from 0 on), and 1 in the last, otherwise 0; what is
//     authenticated with it is SM3 of the header. So chunks cannot be lost, added or
//     moved, not even at the end.
//   - NAME.sig beside a volume or manifest is its SM2 signature with SM3 (GM/T
//     0009-2012, ASN.1, user identifier 1234567812345678) over the whole file, which
//     openssl dgst -sm3 verifies as well.
//   - The manifest is an XML document: what deposit it is, SM3 of the manifest before
//     it, and of each volume name, size, SM3, counts, and first and last identifier.
//   - Names: PREFIX_DATE_full_S1_R0.escrow is volume 1 of resend 0 of the FULL deposit
//     of a date; PREFIX_DATE_full_R0.xml its manifest. A colon of a prefix becomes "-".
package escrow

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Type says what a deposit holds.
type Type string

// The types of the guide's deposit client (--escrow.type).
const (
	Full Type = "FULL" // all records
	Diff Type = "DIFF" // what was changed or deleted since the deposit before
)

// VolumeSize is how many bytes a volume has at most when nothing else is asked for:
// 1 GB in the guide, which does not say which; this is 2^30.
const VolumeSize = 1 << 30

// smallest is the smallest size a volume may be limited to.
const smallest = 1 << 18

// Change is one record, or the name of one that was deleted.
type Change struct {
	Record  handle.Record
	Deleted bool // Record.Name is gone; Record.Values is empty
}

// Source gives the changes of a deposit in ascending order of their names, those
// behind a name or, for "", all. It is asked again behind the last whole volume when a
// deposit was interrupted, and must then give what it would have given the first time.
type Source func(after handle.Name) iter.Seq2[Change, error]

// Deposit says which deposit is made.
type Deposit struct {
	ID        string    // unique to the prefix: letters, digits, "-" and "_", at most 64
	Prefix    string    // such as 88.709: all records are of it or below
	Type      Type      //
	Watermark time.Time // the instant of whose records it is, to the second
	Resend    int       // 0, then 1, 2, ... when a deposit is made again

	// The deposit before this one. A DIFF must have one, a FULL may; see
	// Manifest.Digest.
	PreviousID     string
	PreviousDigest string
}

// Maker makes deposits.
type Maker struct {
	Signer     crypto.Signer    // the depositor's SM2 key; it signs a digest e = SM3(Z ‖ M)
	Recipient  *ecdsa.PublicKey // the SM2 key of the standby node
	VolumeSize int64            // 0 is VolumeSize
}

// Compare orders names as a deposit has them: by prefix, then by suffix, each byte by
// byte with ASCII letters folded. 0 means they are one identifier.
func Compare(a, b handle.Name) int {
	if c := strings.Compare(handle.Fold(a.Prefix()), handle.Fold(b.Prefix())); c != 0 {
		return c
	}
	return strings.Compare(handle.Fold(a.Suffix()), handle.Fold(b.Suffix()))
}

var (
	idForm     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	prefixForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.:-]{0,127}$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Check returns fault.Invalid when d is no deposit.
func (d Deposit) Check() error {
	switch {
	case !idForm.MatchString(d.ID):
		return fault.New(fault.Invalid, "deposit id %.80q: write 1 to 64 letters, digits, - and _", d.ID)
	case !prefixForm.MatchString(d.Prefix):
		return fault.New(fault.Invalid, "deposit %s: prefix %.80q is none; write one such as 88.709", d.ID, d.Prefix)
	case d.Type != Full && d.Type != Diff:
		return fault.New(fault.Invalid, "deposit %s: type %.20q; write FULL or DIFF", d.ID, d.Type)
	case d.Watermark.Unix() <= 0:
		return fault.New(fault.Invalid, "deposit %s has no watermark; give the instant of whose records it is", d.ID)
	case d.Watermark.Nanosecond() != 0:
		return fault.New(fault.Invalid, "deposit %s: watermark %s has parts of a second; give it to the second", d.ID, d.Watermark.Format(time.RFC3339Nano))
	case d.Resend < 0 || d.Resend > 65535:
		return fault.New(fault.Invalid, "deposit %s: resend %d; count from 0 to 65535", d.ID, d.Resend)
	}
	return d.checkPrevious()
}

func (d Deposit) checkPrevious() error {
	switch {
	case d.PreviousID == "" && d.PreviousDigest == "" && d.Type == Diff:
		return fault.New(fault.Invalid, "deposit %s is a DIFF and names no deposit before it; give its id and digest, or make a FULL", d.ID)
	case d.PreviousID == "" && d.PreviousDigest == "":
		return nil
	case !idForm.MatchString(d.PreviousID) || d.PreviousID == d.ID:
		return fault.New(fault.Invalid, "deposit %s: previous deposit %.80q; give the id of another deposit", d.ID, d.PreviousID)
	case !digestForm.MatchString(d.PreviousDigest):
		return fault.New(fault.Invalid, "deposit %s: digest %.80q of the previous deposit; give 64 hexadecimal digits", d.ID, d.PreviousDigest)
	}
	return nil
}

// beijing is the zone whose dates name files.
func beijing(t time.Time) time.Time { return t.In(time.FixedZone("UTC+8", 8*60*60)) }

// stem returns what names of the deposit's files begin with.
func (d Deposit) stem() string {
	return strings.ReplaceAll(d.Prefix, ":", "-") + "_" + beijing(d.Watermark).Format(time.DateOnly) + "_" + strings.ToLower(string(d.Type))
}

// ManifestName returns the name of the deposit's manifest.
func (d Deposit) ManifestName() string { return fmt.Sprintf("%s_R%d.xml", d.stem(), d.Resend) }

// volumeName returns the name of the nth volume, from 1 on.
func (d Deposit) volumeName(n int) string {
	return fmt.Sprintf("%s_S%d_R%d.escrow", d.stem(), n, d.Resend)
}

// partialName returns the name of the list of volumes that are whole already.
func (d Deposit) partialName() string { return d.ManifestName() + ".partial" }

// Holds reports whether an identifier is one of a prefix or of one below it. What a
// prefix says of itself, 0.NA/PREFIX, belongs to it as well.
func Holds(prefix string, name handle.Name) bool {
	p := name.Prefix()
	if handle.EqualFold(p, "0.NA") {
		p = name.Suffix()
	}
	if len(p) < len(prefix) || !handle.EqualFold(p[:len(prefix)], prefix) {
		return false
	}
	return len(p) == len(prefix) || p[len(prefix)] == '.'
}
