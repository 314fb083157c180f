package tsa

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RFC 3161 names the certificate by SHA-1; what trusts it is its chain
	"crypto/x509"
	"crypto/x509/pkix"
	encoding "encoding/asn1"
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// Verify checks a time stamp of a message, with no network and no clock.
//
//   - token: DER, in canonical form (an Authority and a Client give no other; see
//     Canonical). message: the bytes that were stamped, not their digest.
//   - pins: what the reader trusts: roots, or the authority's certificate itself. Not
//     taken from the token.
//   - Result: what the token proves. A certificate that has run out since then does no harm.
//   - Errors: fault.Invalid, one sentence: the message imprint, the signer's certificate,
//     its extended key usage, the signing-certificate attribute, the signature, the validity
//     at the stamped time, the chain, or bytes that nobody signed.
//   - Source: RFC 3161 §2.2–2.4 and appendix A, RFC 5816, RFC 5652 §5, RFC 5280 §6.
func Verify(token, message []byte, pins []*x509.Certificate) (Stamp, error) {
	t, err := Parse(token)
	if err != nil {
		return Stamp{}, err
	}
	h := t.Hash.New()
	h.Write(message)
	if !bytes.Equal(h.Sum(nil), t.Digest) {
		return Stamp{}, fault.New(fault.Invalid, "time stamp token: it is for another message, the %v digests differ", t.Hash)
	}
	signer, chains, err := t.check(pins)
	if err != nil {
		return Stamp{}, err
	}
	again, err := t.der(t.within(chains))
	if err != nil || !bytes.Equal(again, token) {
		return Stamp{}, fault.New(fault.Invalid, "time stamp token: it carries bytes that nobody signed, or certificates outside the signer's chain; bring a foreign token into canonical form first")
	}
	t.Stamp.Authority = signer.Subject.String()
	return t.Stamp, nil
}

// Canonical checks a token in all but its message and returns it in the form Verify
// accepts: the signer's certificate and those between it and the pinned one, when any is
// enclosed; no revocation lists, no unsigned attributes.
//
//   - Errors: as of Verify.
func Canonical(token []byte, pins []*x509.Certificate) ([]byte, error) {
	t, err := Parse(token)
	if err != nil {
		return nil, err
	}
	signer, chains, err := t.check(pins)
	if err != nil {
		return nil, err
	}
	if len(t.Certificates) == 0 {
		return t.der(nil)
	}
	chain := chains[0]
	for _, c := range chains {
		if len(c) < len(chain) {
			chain = c
		}
	}
	keep := append([]*x509.Certificate{signer}, chain[1:]...)
	if len(chain) > 1 {
		keep = keep[:len(keep)-1] // the reader has the pinned one
	}
	return t.der(keep)
}

// within returns the enclosed certificates that stand in one of the chains, each once.
func (t *Token) within(chains [][]*x509.Certificate) []*x509.Certificate {
	used := map[string]bool{}
	for _, chain := range chains {
		for _, c := range chain {
			used[string(c.Raw)] = true
		}
	}
	var kept []*x509.Certificate
	for _, c := range t.Certificates {
		if used[string(c.Raw)] {
			kept = append(kept, c)
			delete(used, string(c.Raw))
		}
	}
	return kept
}

// check proves who signed what, and returns the signer and its chains to pins.
func (t *Token) check(pins []*x509.Certificate) (*x509.Certificate, [][]*x509.Certificate, error) {
	signer := t.find(pins)
	if signer == nil {
		return nil, nil, fault.New(fault.Invalid, "time stamp token: the signer's certificate is neither enclosed nor pinned")
	}
	for _, step := range []func(*x509.Certificate) error{
		checkPurpose, t.checkBinding, t.checkSignature, t.checkName, t.checkWindow,
	} {
		if err := step(signer); err != nil {
			return nil, nil, err
		}
	}
	chains, err := t.chains(signer, pins)
	return signer, chains, err
}

// find returns the certificate the signer names. The one that is found is the one that
// every later step is about: naming one certificate and proving another is the known
// attack on enclosed certificates.
func (t *Token) find(pins []*x509.Certificate) *x509.Certificate {
	for _, list := range [][]*x509.Certificate{t.Certificates, pins} {
		for _, c := range list {
			if c != nil && t.signer.names(c) {
				return c
			}
		}
	}
	return nil
}

// checkPurpose holds RFC 3161 §2.3: the key stamps time and does nothing else.
func checkPurpose(c *x509.Certificate) error {
	critical := false
	for _, e := range c.Extensions {
		critical = critical || e.Critical && e.Id.String() == oidExtKeyUsage
	}
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) != 0 {
		return fault.New(fault.Invalid, "time stamp token: the signer's certificate is not for time stamping alone (extended key usage)")
	}
	if !critical {
		return fault.New(fault.Invalid, "time stamp token: the extended key usage of the signer's certificate is not critical")
	}
	signs := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if c.KeyUsage != 0 && c.KeyUsage&signs == 0 {
		return fault.New(fault.Invalid, "time stamp token: the key usage of the signer's certificate does not allow signatures")
	}
	return nil
}

// checkBinding holds RFC 5816 §2.2.1: the signature names the certificate it is checked
// with, so that no other certificate of the same key can take its place.
func (t *Token) checkBinding(c *x509.Certificate) error {
	v1, v2 := t.signer.values[oidSigningCert], t.signer.values[oidSigningCertV2]
	if v1 == nil && v2 == nil {
		return fault.New(fault.Invalid, "time stamp token: the signing-certificate attribute is missing")
	}
	if v1 != nil && !bindsTo(v1, c, algorithm{}) || v2 != nil && !bindsTo(v2, c, algorithm{oid: oidSHA256}) {
		return fault.New(fault.Invalid, "time stamp token: the signing-certificate attribute names another certificate")
	}
	return nil
}

// bindsTo reads a SigningCertificate or, with a digest to start from, a SigningCertificateV2.
func bindsTo(der []byte, c *x509.Certificate, digest algorithm) bool {
	var in, list, id, sum cryptobyte.String
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&in, asn1.SEQUENCE) || !rest.Empty() || !in.ReadASN1(&list, asn1.SEQUENCE) || !list.ReadASN1(&id, asn1.SEQUENCE) {
		return false
	}
	if digest.oid != "" && id.PeekASN1Tag(asn1.SEQUENCE) {
		var ok bool
		if digest, ok = readAlgorithm(&id); !ok {
			return false
		}
	}
	own, ok := fingerprint(c, digest)
	if !ok || !id.ReadASN1(&sum, asn1.OCTET_STRING) || !bytes.Equal(sum, own) {
		return false
	}
	return id.Empty() || issuedAs(&id, c)
}

// fingerprint returns the digest of a certificate, SHA-1 when none is named; false when
// the named one is weak.
func fingerprint(c *x509.Certificate, digest algorithm) ([]byte, bool) {
	if digest.oid == "" {
		sum := sha1.Sum(c.Raw) //nolint:gosec // RFC 3161 names the certificate by SHA-1
		return sum[:], true
	}
	hash, ok := digest.hash()
	if !ok {
		return nil, false
	}
	h := hash.New()
	h.Write(c.Raw)
	return h.Sum(nil), true
}

// issuedAs reads an IssuerSerial and compares it with the certificate.
func issuedAs(in *cryptobyte.String, c *x509.Certificate) bool {
	var is, names, dn cryptobyte.String
	if !in.ReadASN1(&is, asn1.SEQUENCE) || !in.Empty() || !is.ReadASN1(&names, asn1.SEQUENCE) {
		return false
	}
	serial, ok := readInteger(&is)
	if !ok || !is.Empty() || serial.Cmp(c.SerialNumber) != 0 {
		return false
	}
	return names.ReadASN1(&dn, explicit(4)) && names.Empty() && bytes.Equal(dn, c.RawIssuer)
}

// checkSignature holds RFC 5652 §5.4 and §5.6: the attributes name the content and its
// digest, the signature is over the attributes.
func (t *Token) checkSignature(c *x509.Certificate) error {
	s := &t.signer
	kind := cryptobyte.String(s.values[oidContentType])
	if !isOID(&kind, oidTSTInfo) || !kind.Empty() {
		return fault.New(fault.Invalid, "time stamp token: the signed content type is not TSTInfo")
	}
	hash, ok := s.digest.hash()
	if !ok {
		return fault.New(fault.Invalid, "time stamp token: the signer's digest algorithm %s is not SHA-256, SHA-384 or SHA-512", s.digest.oid)
	}
	h := hash.New()
	h.Write(t.content)
	var sum cryptobyte.String
	attribute := cryptobyte.String(s.values[oidMessageDigest])
	if !attribute.ReadASN1(&sum, asn1.OCTET_STRING) || !attribute.Empty() || !bytes.Equal(sum, h.Sum(nil)) {
		return fault.New(fault.Invalid, "time stamp token: the stamped time, number or digest was altered after signing")
	}
	how, ok := signatureAlgorithm(s.algorithm.oid, hash)
	if !ok || !strong(c) {
		return fault.New(fault.Invalid, "time stamp token: the signature algorithm %s, with this digest and key, is not one that is taken (ECDSA, RSA of %d to %d bits, Ed25519)", s.algorithm.oid, minModulus, maxModulus)
	}
	signed, err := s.signed()
	if err != nil || c.CheckSignature(how, signed, s.signature) != nil {
		return fault.New(fault.Invalid, "time stamp token: the signature is not the signer's")
	}
	return nil
}

// signatureAlgorithm joins the two algorithms a SignerInfo names; both must say the same digest.
func signatureAlgorithm(oid string, digest crypto.Hash) (x509.SignatureAlgorithm, bool) {
	type pair struct {
		oid    string
		digest crypto.Hash
	}
	how, ok := map[pair]x509.SignatureAlgorithm{
		{oidRSA, crypto.SHA256}:            x509.SHA256WithRSA,
		{oidRSA, crypto.SHA384}:            x509.SHA384WithRSA,
		{oidRSA, crypto.SHA512}:            x509.SHA512WithRSA,
		{oidSHA256WithRSA, crypto.SHA256}:  x509.SHA256WithRSA,
		{oidSHA384WithRSA, crypto.SHA384}:  x509.SHA384WithRSA,
		{oidSHA512WithRSA, crypto.SHA512}:  x509.SHA512WithRSA,
		{oidECDSAWithSHA2, crypto.SHA256}:  x509.ECDSAWithSHA256,
		{oidECDSAWithSHA38, crypto.SHA384}: x509.ECDSAWithSHA384,
		{oidECDSAWithSHA51, crypto.SHA512}: x509.ECDSAWithSHA512,
		{oidEd25519, crypto.SHA512}:        x509.PureEd25519,
	}[pair{oid, digest}]
	return how, ok
}

// strong bounds RSA keys from both sides: short ones prove nothing, a long one of an
// attacker costs seconds to check.
func strong(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return !ok || key.N.BitLen() >= minModulus && key.N.BitLen() <= maxModulus
}

// checkName holds RFC 3161 §2.4.2: the name an authority gives itself is its certificate's.
func (t *Token) checkName(c *x509.Certificate) error {
	if t.tsa == nil {
		return nil
	}
	var dn cryptobyte.String
	general := cryptobyte.String(t.tsa)
	if general.ReadASN1(&dn, explicit(4)) && general.Empty() && sameName(dn, c) {
		return nil
	}
	return fault.New(fault.Invalid, "time stamp token: the authority calls itself otherwise than its certificate does")
}

// sameName compares names as bytes, then as text: some authorities write one string as
// PrintableString here and as UTF8String there.
func sameName(dn []byte, c *x509.Certificate) bool {
	if bytes.Equal(dn, c.RawSubject) {
		return true
	}
	var given pkix.RDNSequence
	if rest, err := encoding.Unmarshal(dn, &given); err != nil || len(rest) > 0 {
		return false
	}
	var own pkix.RDNSequence
	if rest, err := encoding.Unmarshal(c.RawSubject, &own); err != nil || len(rest) > 0 {
		return false
	}
	return given.String() == own.String()
}

// checkWindow holds that the certificate was valid when the stamp was made.
func (t *Token) checkWindow(c *x509.Certificate) error {
	at := t.Stamp.At
	if at.Before(c.NotBefore) {
		return fault.New(fault.Invalid, "time stamp token: it is of %s, before the signer's certificate begins at %s", at.Format(time.RFC3339), c.NotBefore.UTC().Format(time.RFC3339))
	}
	if at.After(c.NotAfter) {
		return fault.New(fault.Invalid, "time stamp token: it is of %s, after the signer's certificate ran out at %s", at.Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// chains returns the ways from the signer to a pinned certificate, valid at the stamped
// time. Only certificates of the token stand between.
func (t *Token) chains(signer *x509.Certificate, pins []*x509.Certificate) ([][]*x509.Certificate, error) {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range pins {
		if c != nil {
			roots.AddCert(c)
		}
	}
	for _, c := range t.Certificates {
		if strong(c) {
			between.AddCert(c)
		}
	}
	chains, err := signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: t.Stamp.At,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err == nil {
		return chains, nil
	}
	var why x509.CertificateInvalidError
	if errors.As(err, &why) && why.Reason == x509.Expired {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "time stamp token: a certificate above the signer's was not valid at the stamped time", Err: err}
	}
	return nil, &fault.Fault{Kind: fault.Invalid, Text: "time stamp token: the signer's certificate does not lead to a pinned certificate", Err: err}
}
