package tsa

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// Token is a time stamp as it reads. Nothing in it is proved: that is Verify.
type Token struct {
	Stamp        Stamp               // Authority is empty: who signed is not known yet
	Hash         crypto.Hash         // of the message imprint
	Digest       []byte              // the message imprint
	Nonce        *big.Int            // nil for none
	Certificates []*x509.Certificate // enclosed, as they come

	content []byte // eContent, DER of tsa
	tsa     []byte // GeneralName, nil for none
	signer  signerInfo
}

// signerInfo is a SignerInfo, RFC 5652 §5.3.
type signerInfo struct {
	sid        []byte // DER
	issuer     []byte // DER of a Name; nil when the signer is named by key
	serial     *big.Int
	keyID      []byte
	digest     algorithm
	attributes []byte            // signed attributes, the content of their SET
	values     map[string][]byte // by type: the one value, DER
	algorithm  algorithm
	signature  []byte
}

// Parse reads a TimeStampToken.
//
//   - token: at most MaxToken bytes of DER (CMS SignedData, RFC 5652, over a TSTInfo).
//   - Result: what it says; further certificates that do not parse are passed over, Verify
//     then refuses the token.
//   - Errors: fault.Invalid when it is not one, has no or several signers, or its message
//     imprint is weak.
func Parse(token []byte) (Token, error) {
	if len(token) > MaxToken {
		return Token{}, fault.New(fault.Invalid, "time stamp token: %d bytes are more than %d", len(token), MaxToken)
	}
	t := Token{}
	certificates, signers, ok := t.readSignedData(token)
	if !ok || !t.signer.read(&signers) {
		return Token{}, fault.New(fault.Invalid, "time stamp token: the bytes are not a SignedData in DER with one signer over a TSTInfo (RFC 3161 §2.4.2)")
	}
	if !t.readCertificates(certificates) {
		return Token{}, fault.New(fault.Invalid, "time stamp token: the enclosed certificates do not read, or are more than %d", maxChain)
	}
	i, err := parseInfo(t.content)
	if err != nil {
		return Token{}, err
	}
	if t.Hash, ok = i.imprint.algorithm.hash(); !ok || len(i.imprint.digest) != t.Hash.Size() {
		return Token{}, fault.New(fault.Invalid, "time stamp token: the message imprint is not a SHA-256, SHA-384 or SHA-512 digest")
	}
	t.Digest, t.Nonce, t.tsa = i.imprint.digest, i.nonce, i.tsa
	t.Stamp = Stamp{At: i.at, Accuracy: i.accuracy, Serial: i.serial, Policy: i.policy}
	return t, nil
}

// readSignedData reads the outer layers and returns the content of the certificates'
// and of the signers' SET.
func (t *Token) readSignedData(token []byte) (certificates, signers cryptobyte.String, ok bool) {
	var outer, tagged, sd, algorithms, encap, octets, content, crls cryptobyte.String
	var version int
	rest := cryptobyte.String(token)
	if !rest.ReadASN1(&outer, asn1.SEQUENCE) || !rest.Empty() || !isOID(&outer, oidSignedData) {
		return nil, nil, false
	}
	if !outer.ReadASN1(&tagged, explicit(0)) || !outer.Empty() ||
		!tagged.ReadASN1(&sd, asn1.SEQUENCE) || !tagged.Empty() {
		return nil, nil, false
	}
	if !sd.ReadASN1Integer(&version) || !sd.ReadASN1(&algorithms, asn1.SET) ||
		!sd.ReadASN1(&encap, asn1.SEQUENCE) || !isOID(&encap, oidTSTInfo) {
		return nil, nil, false
	}
	if !encap.ReadASN1(&octets, explicit(0)) || !encap.Empty() ||
		!octets.ReadASN1(&content, asn1.OCTET_STRING) || !octets.Empty() {
		return nil, nil, false
	}
	t.content = content
	if !sd.ReadOptionalASN1(&certificates, nil, explicit(0)) ||
		!sd.ReadOptionalASN1(&crls, nil, explicit(1)) ||
		!sd.ReadASN1(&signers, asn1.SET) || !sd.Empty() {
		return nil, nil, false
	}
	return certificates, signers, true
}

func isOID(s *cryptobyte.String, want string) bool {
	id, ok := readOID(s)
	return ok && id == want
}

func (t *Token) readCertificates(set cryptobyte.String) bool {
	for n := 0; !set.Empty(); n++ {
		var raw cryptobyte.String
		if n == maxChain || !set.ReadASN1Element(&raw, asn1.SEQUENCE) {
			return false
		}
		if c, err := x509.ParseCertificate(raw); err == nil {
			t.Certificates = append(t.Certificates, c)
		}
	}
	return true
}

// read reads the one SignerInfo of a set.
func (s *signerInfo) read(set *cryptobyte.String) bool {
	var in, attributes, signature, unsigned cryptobyte.String
	var version int
	if !set.ReadASN1(&in, asn1.SEQUENCE) || !set.Empty() || !in.ReadASN1Integer(&version) || !s.readSID(&in) {
		return false
	}
	var ok bool
	if s.digest, ok = readAlgorithm(&in); !ok {
		return false
	}
	if !in.ReadASN1(&attributes, explicit(0)) || !s.readAttributes(attributes) {
		return false
	}
	if s.algorithm, ok = readAlgorithm(&in); !ok {
		return false
	}
	if !in.ReadASN1(&signature, asn1.OCTET_STRING) || !in.ReadOptionalASN1(&unsigned, nil, explicit(1)) {
		return false
	}
	s.attributes, s.signature = attributes, signature
	return in.Empty()
}

// readSID reads who signed: issuer and serial number, or the key's identifier.
func (s *signerInfo) readSID(in *cryptobyte.String) bool {
	var sid, body, name, key cryptobyte.String
	if in.PeekASN1Tag(implicit(0)) {
		ok := in.ReadASN1Element(&sid, implicit(0))
		s.sid = slices.Clone(sid)
		ok = ok && sid.ReadASN1(&key, implicit(0))
		s.keyID = key
		return ok && len(key) > 0
	}
	if !in.ReadASN1Element(&sid, asn1.SEQUENCE) {
		return false
	}
	s.sid = slices.Clone(sid)
	if !sid.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Element(&name, asn1.SEQUENCE) {
		return false
	}
	var ok bool
	s.issuer = name
	s.serial, ok = readInteger(&body)
	return ok && body.Empty()
}

// readAttributes reads signed attributes: each type once, each with one value.
func (s *signerInfo) readAttributes(in cryptobyte.String) bool {
	s.values = map[string][]byte{}
	for !in.Empty() {
		var attribute, set, value cryptobyte.String
		var tag asn1.Tag
		if !in.ReadASN1(&attribute, asn1.SEQUENCE) {
			return false
		}
		id, ok := readOID(&attribute)
		if !ok || !attribute.ReadASN1(&set, asn1.SET) || !attribute.Empty() {
			return false
		}
		if !set.ReadAnyASN1Element(&value, &tag) || !set.Empty() || s.values[id] != nil {
			return false
		}
		s.values[id] = value
	}
	return true
}

// names reports whether c is the certificate the signer names.
func (s *signerInfo) names(c *x509.Certificate) bool {
	if s.issuer != nil {
		return bytes.Equal(c.RawIssuer, s.issuer) && c.SerialNumber.Cmp(s.serial) == 0
	}
	return bytes.Equal(c.SubjectKeyId, s.keyID)
}

// signed returns what the signature is over: the attributes as a SET, RFC 5652 §5.4.
func (s *signerInfo) signed() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(s.attributes) })
	return b.Bytes()
}

// der writes the token with these certificates in its one accepted form: version 3, one
// digest algorithm, certificates in the order of DER, no revocation lists, no unsigned
// attributes.
func (t *Token) der(certificates []*x509.Certificate) ([]byte, error) {
	raws := make([][]byte, len(certificates))
	for i, c := range certificates {
		raws[i] = c.Raw
	}
	slices.SortFunc(raws, bytes.Compare)
	signer := t.signer.normal()
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, oidSignedData)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(3)
				b.AddASN1(asn1.SET, signer.digest.add)
				b.AddASN1(asn1.SEQUENCE, t.addContent)
				if len(raws) > 0 {
					b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(raws, nil)) })
				}
				b.AddASN1(asn1.SET, signer.add)
			})
		})
	})
	return b.Bytes()
}

func (t *Token) addContent(b *cryptobyte.Builder) {
	addOID(b, oidTSTInfo)
	b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(t.content) })
}

// normal returns s with its unsigned algorithm identifiers in one form: digests without
// parameters (RFC 5754 §2), RSA as rsaEncryption with NULL (RFC 3370 §3.2), others without.
func (s *signerInfo) normal() *signerInfo {
	n := *s
	n.digest.null, n.algorithm.null = false, false
	switch s.algorithm.oid {
	case oidRSA, oidSHA256WithRSA, oidSHA384WithRSA, oidSHA512WithRSA:
		n.algorithm = algorithm{oid: oidRSA, null: true}
	}
	return &n
}

func (s *signerInfo) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		version := int64(1)
		if s.issuer == nil {
			version = 3 // RFC 5652 §5.3: the signer is named by key
		}
		b.AddASN1Int64(version)
		b.AddBytes(s.sid)
		s.digest.add(b)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(s.attributes) })
		s.algorithm.add(b)
		b.AddASN1OctetString(s.signature)
	})
}
