package tsa

import (
	"crypto"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// Query is a TimeStampReq, RFC 3161 §2.4.1.
type Query struct {
	Hash        crypto.Hash // SHA-256, SHA-384 or SHA-512
	Digest      []byte      // of the message, as long as Hash makes it
	Policy      string      // dotted OID wanted, "" for the authority's own
	Nonce       *big.Int    // nil for none
	Certificate bool        // the answer shall enclose the signer's certificate
}

// Request returns the query for a SHA-256 digest, with the certificate enclosed.
//
//   - digest: 32 bytes. nonce: drawn anew for every query, 64 bits or more; nil for none.
//   - Result: DER, as sent with content type application/timestamp-query.
//   - Errors: fault.Invalid when digest is not 32 bytes.
//   - Source: RFC 3161 §2.4.1.
func Request(digest []byte, nonce *big.Int) ([]byte, error) {
	return Query{Hash: crypto.SHA256, Digest: digest, Nonce: nonce, Certificate: true}.Marshal()
}

// Marshal returns q as DER; the inverse of ParseQuery.
//
//   - Errors: fault.Invalid when the digest is weak or of the wrong length, the policy is
//     no OID or the nonce is longer than 32 bytes.
func (q Query) Marshal() ([]byte, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		imprint{algorithm{hashOID(q.Hash), true}, q.Digest}.add(b)
		if q.Policy != "" {
			addOID(b, q.Policy)
		}
		if q.Nonce != nil {
			b.AddASN1BigInt(q.Nonce)
		}
		if q.Certificate {
			b.AddASN1Boolean(true) // DER: DEFAULT FALSE is left out
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fault.New(fault.Invalid, "time stamp query: the policy %q is not an object identifier such as 1.3.6.1.4.1.1", clip(q.Policy))
	}
	return der, nil
}

// check holds what a query may ask.
func (q Query) check() error {
	if hashOID(q.Hash) == "" {
		return fault.New(fault.Invalid, "time stamp query: the digest must be SHA-256, SHA-384 or SHA-512")
	}
	if len(q.Digest) != q.Hash.Size() {
		return fault.New(fault.Invalid, "time stamp query: the digest has %d bytes, %v has %d", len(q.Digest), q.Hash, q.Hash.Size())
	}
	if q.Nonce != nil && q.Nonce.BitLen() >= maxInteger*8 {
		return fault.New(fault.Invalid, "time stamp query: the nonce is longer than %d bytes", maxInteger)
	}
	return nil
}

// ParseQuery reads a TimeStampReq.
//
//   - der: at most MaxQuery bytes of DER.
//   - Errors: fault.Invalid when it is not one, its digest is weak, or it carries
//     extensions (none is known here, and RFC 3161 §2.4.1 forbids passing over one).
func ParseQuery(der []byte) (Query, error) {
	q, _, err := parseQuery(der)
	return q, err
}

// parseQuery is ParseQuery with what the authority answers to a bad one.
func parseQuery(der []byte) (Query, Failure, error) {
	if len(der) > MaxQuery {
		return Query{}, BadDataFormat, fault.New(fault.Invalid, "time stamp query: %d bytes are more than %d", len(der), MaxQuery)
	}
	bad := fault.New(fault.Invalid, "time stamp query: the bytes are not a TimeStampReq in DER (RFC 3161 §2.4.1)")
	var in cryptobyte.String
	var version int
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&in, asn1.SEQUENCE) || !rest.Empty() || !in.ReadASN1Integer(&version) {
		return Query{}, BadDataFormat, bad
	}
	if version != 1 {
		return Query{}, BadRequest, fault.New(fault.Invalid, "time stamp query: version %d, only 1 is known", version)
	}
	m, ok := readImprint(&in)
	if !ok {
		return Query{}, BadDataFormat, bad
	}
	q := Query{Digest: m.digest}
	if q.Hash, ok = m.algorithm.hash(); !ok {
		return Query{}, BadAlgorithm, fault.New(fault.Invalid, "time stamp query: the digest algorithm %s is not SHA-256, SHA-384 or SHA-512", m.algorithm.oid)
	}
	if !readOptional(&q, &in) {
		return Query{}, BadDataFormat, bad
	}
	if in.PeekASN1Tag(explicit(0)) {
		return Query{}, UnacceptedExtension, fault.New(fault.Invalid, "time stamp query: it carries extensions, and none is known here")
	}
	if !in.Empty() {
		return Query{}, BadDataFormat, bad
	}
	return q, BadDataFormat, q.check()
}

// readOptional reads the policy, the nonce and certReq.
func readOptional(q *Query, in *cryptobyte.String) bool {
	ok := true
	if in.PeekASN1Tag(asn1.OBJECT_IDENTIFIER) {
		q.Policy, ok = readOID(in)
	}
	if ok && in.PeekASN1Tag(asn1.INTEGER) {
		q.Nonce, ok = readInteger(in)
	}
	if ok && in.PeekASN1Tag(asn1.BOOLEAN) {
		ok = in.ReadASN1Boolean(&q.Certificate)
	}
	return ok
}
