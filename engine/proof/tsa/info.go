package tsa

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// info is a TSTInfo: what the authority signs. RFC 3161 §2.4.2.
type info struct {
	policy   string
	imprint  imprint
	serial   *big.Int
	at       time.Time // UTC
	accuracy time.Duration
	nonce    *big.Int
	tsa      []byte // GeneralName of the authority, DER; nil when it gives none
}

func parseInfo(der []byte) (info, error) {
	bad := fault.New(fault.Invalid, "time stamp token: what is signed is not a TSTInfo of version 1 (RFC 3161 §2.4.2)")
	var in cryptobyte.String
	var version int
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&in, asn1.SEQUENCE) || !rest.Empty() || !in.ReadASN1Integer(&version) || version != 1 {
		return info{}, bad
	}
	i := info{}
	var ok bool
	if i.policy, ok = readOID(&in); !ok {
		return info{}, bad
	}
	if i.imprint, ok = readImprint(&in); !ok {
		return info{}, bad
	}
	if i.serial, ok = readInteger(&in); !ok {
		return info{}, bad
	}
	if i.at, ok = readTime(&in); !ok {
		return info{}, fault.New(fault.Invalid, "time stamp token: the stamped time is not written YYYYMMDDhhmmss[.s…]Z (RFC 3161 §2.4.2)")
	}
	if !readRest(&i, &in) {
		return info{}, bad
	}
	return i, readExtensions(&in)
}

// readTime reads a GeneralizedTime in the one form RFC 3161 allows: UTC, seconds, a
// fraction without zeros at its end.
func readTime(in *cryptobyte.String) (time.Time, bool) {
	var raw cryptobyte.String
	if !in.ReadASN1(&raw, asn1.GeneralizedTime) {
		return time.Time{}, false
	}
	// time.Parse takes a fraction that the layout does not name, and a comma for a
	// point; writing it again catches every form but the one.
	at, err := time.Parse(timeNoSplit, string(raw))
	return at, err == nil && at.Format(timeLayout) == string(raw)
}

// readRest reads accuracy, ordering, nonce and tsa.
func readRest(i *info, in *cryptobyte.String) bool {
	ok := true
	if in.PeekASN1Tag(asn1.SEQUENCE) {
		i.accuracy, ok = readAccuracy(in)
	}
	if ok && in.PeekASN1Tag(asn1.BOOLEAN) {
		var ordering bool // a promise between stamps of one authority; nothing here leans on it
		ok = in.ReadASN1Boolean(&ordering)
	}
	if ok && in.PeekASN1Tag(asn1.INTEGER) {
		i.nonce, ok = readInteger(in)
	}
	if ok && in.PeekASN1Tag(explicit(0)) {
		var name cryptobyte.String
		ok = in.ReadASN1(&name, explicit(0))
		i.tsa = name
	}
	return ok
}

func readAccuracy(in *cryptobyte.String) (time.Duration, bool) {
	var acc cryptobyte.String
	if !in.ReadASN1(&acc, asn1.SEQUENCE) {
		return 0, false
	}
	var s, ms, us int64
	if acc.PeekASN1Tag(asn1.INTEGER) && (!acc.ReadASN1Integer(&s) || s < 0 || s > maxAccuracyS) {
		return 0, false
	}
	if !readPart(&acc, 0, &ms) || !readPart(&acc, 1, &us) || !acc.Empty() {
		return 0, false
	}
	return time.Duration(s)*time.Second + time.Duration(ms)*time.Millisecond + time.Duration(us)*time.Microsecond, true
}

// readPart reads an implicitly tagged INTEGER (1..999), or nothing. Some authorities write
// a 0 where they should leave it out; it means the same and is signed.
func readPart(in *cryptobyte.String, tag uint8, out *int64) bool {
	if !in.PeekASN1Tag(implicit(tag)) {
		return true
	}
	return in.ReadASN1Int64WithTag(out, implicit(tag)) && *out >= 0 && *out <= 999
}

// readExtensions passes over extensions that are not critical and refuses others: they
// may change what the stamp means.
func readExtensions(in *cryptobyte.String) error {
	bad := fault.New(fault.Invalid, "time stamp token: bytes follow the TSTInfo that are no extensions")
	var list cryptobyte.String
	if in.Empty() {
		return nil
	}
	if !in.ReadASN1(&list, explicit(1)) || !in.Empty() {
		return bad
	}
	for !list.Empty() {
		var ext cryptobyte.String
		var critical bool
		if !list.ReadASN1(&ext, asn1.SEQUENCE) {
			return bad
		}
		id, ok := readOID(&ext)
		if !ok || ext.PeekASN1Tag(asn1.BOOLEAN) && !ext.ReadASN1Boolean(&critical) {
			return bad
		}
		if critical {
			return fault.New(fault.Invalid, "time stamp token: its critical extension %s is not known here", id)
		}
	}
	return nil
}

// marshal returns i as DER.
func (i info) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addOID(b, i.policy)
		i.imprint.add(b)
		b.AddASN1BigInt(i.serial)
		b.AddASN1(asn1.GeneralizedTime, func(b *cryptobyte.Builder) {
			b.AddBytes([]byte(i.at.UTC().Format(timeLayout)))
		})
		addAccuracy(b, i.accuracy)
		if i.nonce != nil {
			b.AddASN1BigInt(i.nonce)
		}
	})
	return b.Bytes()
}

// addAccuracy writes d in whole microseconds, rounded up: an accuracy must not promise
// more than is so.
func addAccuracy(b *cryptobyte.Builder, d time.Duration) {
	if d <= 0 {
		return
	}
	us := int64((d + time.Microsecond - 1) / time.Microsecond)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if s := us / 1e6; s > 0 {
			b.AddASN1Int64(s)
		}
		if ms := us / 1e3 % 1e3; ms > 0 {
			b.AddASN1Int64WithTag(ms, implicit(0))
		}
		if us %= 1e3; us > 0 {
			b.AddASN1Int64WithTag(us, implicit(1))
		}
	})
}
