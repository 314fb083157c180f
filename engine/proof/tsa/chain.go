package tsa

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"time"

	"yuzhou/kernel/fault"
)

// Chain is a root and the authority's certificate below it. The root's key is needed only
// to make the next certificate: keep it away from the machine that stamps.
type Chain struct {
	Root    *x509.Certificate
	RootKey *ecdsa.PrivateKey
	TSA     *x509.Certificate
	Key     *ecdsa.PrivateKey
}

// NewChain makes a root and a time stamping certificate, ECDSA P-256 and SHA-256, both
// valid from and until the same times.
//
//   - name: of the authority, 1 to 64 bytes; both common names begin with it. Short names keep
//     tokens small: it stands in each three times.
//   - Errors: fault.Invalid when the name is empty or too long, or until is not after from.
//   - Source: RFC 3161 §2.3 (extended key usage, critical, timeStamping and nothing else),
//     RFC 5280 §4.1–4.2.
func NewChain(name string, from, until time.Time) (Chain, error) {
	if name == "" || len(name) > 64-len(" TSA root") {
		return Chain{}, fault.New(fault.Invalid, "time stamp authority: the name has %d bytes, it must have 1 to %d", len(name), 64-len(" TSA root"))
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Chain{}, err
	}
	root := &x509.Certificate{
		Subject: pkix.Name{CommonName: name + " TSA root"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	c := Chain{RootKey: rootKey}
	if c.Root, err = issue(root, root, &rootKey.PublicKey, rootKey); err != nil {
		return Chain{}, err
	}
	return c.Renew(name, from, until)
}

// Renew returns c with a new key and certificate of the authority below the same root, so
// that readers need no new pin.
//
//   - Errors: as of NewChain; and fault.Invalid when the root is not valid all the time.
func (c Chain) Renew(name string, from, until time.Time) (Chain, error) {
	if c.Root == nil || c.RootKey == nil {
		return Chain{}, fault.New(fault.Invalid, "time stamp authority: the root and its key must be given")
	}
	if !until.After(from) {
		return Chain{}, fault.New(fault.Invalid, "time stamp authority: the certificate would end at %s, before it begins", until.Format(time.RFC3339))
	}
	if from.Before(c.Root.NotBefore) || until.Truncate(time.Second).After(c.Root.NotAfter) {
		return Chain{}, fault.New(fault.Invalid, "time stamp authority: the certificate would be valid outside the root's time, %s to %s", c.Root.NotBefore.Format(time.RFC3339), c.Root.NotAfter.Format(time.RFC3339))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Chain{}, err
	}
	// x509 writes the extended key usage as not critical; RFC 3161 §2.3 asks for critical,
	// and OpenSSL refuses the other.
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return Chain{}, err
	}
	c.Key = key
	c.TSA, err = issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name + " TSA"}, NotBefore: from, NotAfter: until,
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}, c.Root, &key.PublicKey, c.RootKey)
	return c, err
}

// issue signs a certificate with a random serial number of 126 bits.
func issue(c, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	c.SerialNumber = serial.Add(serial, big.NewInt(1))
	if c.IsCA {
		point, err := key.Bytes()
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(point)
		c.SubjectKeyId = sum[:8] // short: the identifier stands in every token again
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// ParseCertificates reads pinned certificates from PEM.
//
//   - text: PEM blocks of type CERTIFICATE, at most 64 KiB; text around them is passed over.
//   - Errors: fault.Invalid when there is none, one does not parse, or another type stands there.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	if len(text) > 64<<10 {
		return nil, fault.New(fault.Invalid, "certificates: %d bytes are more than 64 KiB", len(text))
	}
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fault.New(fault.Invalid, "certificates: a block of type %q stands where CERTIFICATE is wanted", clip(block.Type))
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &fault.Fault{Kind: fault.Invalid, Text: "certificates: one is not an X.509 certificate", Err: err}
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Invalid, "certificates: no PEM block of type CERTIFICATE was found")
	}
	return list, nil
}
