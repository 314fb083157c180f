// Package tsa makes, asks for and checks time stamps of RFC 3161: a signed sentence
// "this digest existed at this time" from an authority both sides accept.
//
// What must hold:
//   - Verify needs the token, the message and pinned certificates, and nothing else: no
//     network, no clock, no trust store of the machine.
//   - No byte of a token can be changed unseen. CMS leaves parts of a token unsigned
//     (versions, order, algorithm parameters, further certificates, unsigned attributes);
//     Verify builds the token again from what it checked and refuses any other bytes.
//     Canonical brings the token of a foreign authority into that form. What stays open is
//     whether certificates of the chain are enclosed.
//   - An Authority gives no token before its serial number and time are on disk, no number
//     twice, and no time before one it has given.
//
// The parser is our own, on golang.org/x/crypto/cryptobyte. github.com/digitorus/timestamp
// (20250524) serves the tests as a second implementation and not more, because its Parse
// does not check the certificate chain, the extended key usage, the signing-certificate
// attribute, the content type or the validity at the stamped time; skips the signature when
// no certificate is enclosed; takes SHA-1, BER and bytes after the end of a structure; and its
// CreateResponse draws a random serial number that cannot be set or recorded first.
//
// Not checked: revocation (a list is a document of its own time; pin another certificate
// when an authority fails). Not read: BER, RSASSA-PSS, SM2 and SHA-1 signatures.
package tsa

import (
	"crypto"
	_ "crypto/sha256" // crypto.Hash.New finds it by import
	_ "crypto/sha512" // as above
	"crypto/x509"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of what is read. They bound memory and time before anything is parsed.
const (
	MaxQuery     = 4 << 10  // bytes of a query; OpenSSL's are about 90
	MaxToken     = 32 << 10 // bytes of a token; with a chain of three RSA certificates 6 kB
	MaxResponse  = MaxToken + 1<<10
	maxChain     = 8    // certificates enclosed
	maxInteger   = 32   // bytes of a serial number or nonce; RFC 3161 asks for 20 and 8
	minModulus   = 2048 // bits of an RSA key; shorter ones have been broken or soon will be
	maxModulus   = 8192 // bits; beyond it one check costs seconds
	maxStatus    = 8    // sentences read from a response
	maxSentence  = 200  // bytes of a foreign sentence that are repeated
	timeLayout   = "20060102150405.999999999Z"
	timeNoSplit  = "20060102150405Z"
	maxAccuracyS = 1 << 31 // seconds; beyond it a time.Duration overflows
)

// Object identifiers, in dotted form.
const (
	oidSignedData     = "1.2.840.113549.1.7.2"       // RFC 5652 §5.1
	oidTSTInfo        = "1.2.840.113549.1.9.16.1.4"  // RFC 3161 §2.4.2
	oidContentType    = "1.2.840.113549.1.9.3"       // RFC 5652 §11.1
	oidMessageDigest  = "1.2.840.113549.1.9.4"       // RFC 5652 §11.2
	oidSigningCert    = "1.2.840.113549.1.9.16.2.12" // RFC 2634 §5.4, SHA-1
	oidSigningCertV2  = "1.2.840.113549.1.9.16.2.47" // RFC 5035 §3
	oidExtKeyUsage    = "2.5.29.37"                  // RFC 5280 §4.2.1.12
	oidSHA256         = "2.16.840.1.101.3.4.2.1"
	oidSHA384         = "2.16.840.1.101.3.4.2.2"
	oidSHA512         = "2.16.840.1.101.3.4.2.3"
	oidRSA            = "1.2.840.113549.1.1.1" // RFC 8017: the digest is named beside it
	oidSHA256WithRSA  = "1.2.840.113549.1.1.11"
	oidSHA384WithRSA  = "1.2.840.113549.1.1.12"
	oidSHA512WithRSA  = "1.2.840.113549.1.1.13"
	oidECDSAWithSHA2  = "1.2.840.10045.4.3.2" // SHA-256; RFC 5758
	oidECDSAWithSHA38 = "1.2.840.10045.4.3.3" // SHA-384
	oidECDSAWithSHA51 = "1.2.840.10045.4.3.4" // SHA-512
	oidEd25519        = "1.3.101.112"         // RFC 8419
)

// Stamp is what a checked token proves: the message existed at At, says Authority.
type Stamp struct {
	At        time.Time     // UTC
	Accuracy  time.Duration // ±; 0 when the authority states none
	Serial    *big.Int      // unique for the authority
	Policy    string        // dotted OID of the authority's policy
	Authority string        // subject of the signer's certificate, RFC 2253
}

// algorithm is an AlgorithmIdentifier whose parameters are absent or NULL. RFC 5754
// writes digests without, most authorities write NULL; both are read.
type algorithm struct {
	oid  string
	null bool
}

// hash returns the digest the algorithm names. SHA-1 and MD5 are none: a second
// message for one digest can be made.
func (a algorithm) hash() (crypto.Hash, bool) {
	switch a.oid {
	case oidSHA256:
		return crypto.SHA256, true
	case oidSHA384:
		return crypto.SHA384, true
	case oidSHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

// hashOID is the inverse of algorithm.hash; "" for a digest that is not taken.
func hashOID(h crypto.Hash) string {
	for _, id := range []string{oidSHA256, oidSHA384, oidSHA512} {
		if known, _ := (algorithm{oid: id}).hash(); known == h {
			return id
		}
	}
	return ""
}

// readOID reads an OBJECT IDENTIFIER; x509.OID takes arcs longer than an int, as those
// below 2.25 (UUID) are.
func readOID(s *cryptobyte.String) (string, bool) {
	var body cryptobyte.String
	var id x509.OID
	if !s.ReadASN1(&body, asn1.OBJECT_IDENTIFIER) || id.UnmarshalBinary(body) != nil {
		return "", false
	}
	return id.String(), true
}

// addOID writes an OBJECT IDENTIFIER; a text that is none fails the builder.
func addOID(b *cryptobyte.Builder, dotted string) {
	id, err := x509.ParseOID(dotted)
	if err != nil {
		b.SetError(err)
		return
	}
	body, err := id.MarshalBinary()
	if err != nil {
		b.SetError(err)
		return
	}
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(body) })
}

func readAlgorithm(s *cryptobyte.String) (algorithm, bool) {
	var in, null cryptobyte.String
	if !s.ReadASN1(&in, asn1.SEQUENCE) {
		return algorithm{}, false
	}
	id, ok := readOID(&in)
	if !ok || in.Empty() {
		return algorithm{oid: id}, ok
	}
	ok = in.ReadASN1(&null, asn1.NULL) && null.Empty() && in.Empty()
	return algorithm{oid: id, null: true}, ok
}

func (a algorithm) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, a.oid)
		if a.null {
			b.AddASN1NULL()
		}
	})
}

// readInteger reads an INTEGER of at most maxInteger bytes.
func readInteger(s *cryptobyte.String) (*big.Int, bool) {
	var raw cryptobyte.String
	n := new(big.Int)
	if !s.ReadASN1Element(&raw, asn1.INTEGER) || len(raw) > maxInteger+2 {
		return nil, false
	}
	return n, raw.ReadASN1Integer(n)
}

// imprint is a MessageImprint: a digest and how it was made.
type imprint struct {
	algorithm algorithm
	digest    []byte
}

func readImprint(s *cryptobyte.String) (imprint, bool) {
	var in, sum cryptobyte.String
	if !s.ReadASN1(&in, asn1.SEQUENCE) {
		return imprint{}, false
	}
	a, ok := readAlgorithm(&in)
	if !ok || !in.ReadASN1(&sum, asn1.OCTET_STRING) || !in.Empty() {
		return imprint{}, false
	}
	return imprint{algorithm: a, digest: sum}, true
}

func (m imprint) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		m.algorithm.add(b)
		b.AddASN1OctetString(m.digest)
	})
}

// implicit is the tag [n] over a primitive value.
func implicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }

// explicit is the tag [n] around a value, or in place of a SET's or SEQUENCE's.
func explicit(n uint8) asn1.Tag { return implicit(n).Constructed() }
