package tsa

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
)

// stampUsage is an ExtKeyUsage of timeStamping alone.
var stampUsage = []byte{0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}

// leaf makes a certificate below c's root with the extended key usage given.
func leaf(tb testing.TB, c Chain, usage []byte, critical bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	in := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: begin, NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if usage != nil {
		in.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: usage}}
	}
	der, err := x509.CreateCertificate(rand.Reader, in, c.Root, &key.PublicKey, c.RootKey)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return out, key
}

// replace exchanges bytes that stand once in b.
func replace(tb testing.TB, b []byte, from, to string) []byte {
	tb.Helper()
	if bytes.Count(b, []byte(from)) != 1 || len(from) != len(to) {
		tb.Fatalf("%q stands %d times", from, bytes.Count(b, []byte(from)))
	}
	return bytes.Replace(b, []byte(from), []byte(to), 1)
}

// enclosed returns the certificates of a token.
func enclosed(tb testing.TB, token []byte) []*x509.Certificate {
	tb.Helper()
	tok, err := Parse(token)
	if err != nil {
		tb.Fatal(err)
	}
	return tok.Certificates
}

// enclose puts further certificates into a token.
func enclose(tb testing.TB, token []byte, more ...*x509.Certificate) []byte {
	tb.Helper()
	tok, err := Parse(token)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := tok.der(append(tok.Certificates, more...))
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func pins(c Chain) []*x509.Certificate { return []*x509.Certificate{c.Root} }

// enclosedOr pins the root when the token encloses its signer, and the signer otherwise.
func enclosedOr(tb testing.TB, token []byte, c Chain) []*x509.Certificate {
	tb.Helper()
	if len(enclosed(tb, token)) > 0 {
		return pins(c)
	}
	return []*x509.Certificate{c.TSA}
}

// writeKey puts the authority's key and certificate into dir.
func writeKey(t *testing.T, dir string, c Chain) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(t, dir, "tsa.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.TSA.Raw}))
}
