package tsa

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/kernel/fault"
)

var (
	noon    = time.Date(2026, 11, 23, 4, 0, 0, 250e6, time.UTC)
	begin   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end     = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	message = []byte("yuzhou.example/evidence\n42\n0123456789abcdef0123456789abcdef0123456789a=\n")
)

// shelf is a Serials that lives as long as the test: what is on it is "on disk".
type shelf struct {
	mu     sync.Mutex
	last   Issued
	before error // failed, not persisted
	after  error // failed, but persisted
}

func (s *shelf) Issue(_ context.Context, next func(Issued) (Issued, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, err := next(s.last)
	if err != nil {
		return err
	}
	if s.before != nil {
		return s.before
	}
	s.last = got
	return s.after
}

func authority(tb testing.TB) (*Authority, Chain) {
	tb.Helper()
	c, err := NewChain("Town", begin, end)
	if err != nil {
		tb.Fatal(err)
	}
	return &Authority{
		Certificate: c.TSA, Key: c.Key, Policy: "1.3.6.1.4.1.32473.1", Accuracy: time.Second,
		Serials: &shelf{}, Now: func() time.Time { return noon },
	}, c
}

// query is what a Client asks.
func query(m []byte) Query {
	sum := sha256.Sum256(m)
	h, _ := algorithm{oid: oidSHA256}.hash()
	return Query{Hash: h, Digest: sum[:], Nonce: big.NewInt(0x0123456789abcdef), Certificate: true}
}

func stamp(tb testing.TB, a *Authority) []byte {
	tb.Helper()
	token, err := a.Stamp(tb.Context(), query(message))
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// refused checks that err is one sentence of the kind with the words.
func refused(tb testing.TB, err error, kind fault.Kind, words string) {
	tb.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != kind || !strings.Contains(f.Text, words) || strings.Contains(f.Text, "\n") {
		tb.Errorf("got %v, want %v with %q", err, kind, words)
	}
}

func TestStampVerifies(t *testing.T) {
	a, c := authority(t)
	token := stamp(t, a)
	for _, tt := range []struct {
		name string
		pins []*x509.Certificate
	}{
		{"by the root", []*x509.Certificate{c.Root}},
		{"by the authority's certificate", []*x509.Certificate{c.TSA}},
		{"by both", []*x509.Certificate{c.TSA, c.Root, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Verify(token, message, tt.pins)
			if err != nil {
				t.Fatal(err)
			}
			if !s.At.Equal(noon) || s.Accuracy != time.Second || s.Policy != a.Policy || s.Authority != "CN=Town TSA" || s.Serial.BitLen() < 65 {
				t.Errorf("stamp = %+v", s)
			}
			again, err := Canonical(token, tt.pins)
			if err != nil || string(again) != string(token) {
				t.Errorf("the authority's token is not canonical: %v", err)
			}
		})
	}
	t.Logf("token with certificate: %d B", len(token))
	if len(token) > 1300 {
		t.Errorf("the token has %d B, more than 1,300", len(token))
	}
}

func TestTokenWithoutCertificate(t *testing.T) {
	a, c := authority(t)
	q := query(message)
	q.Certificate = false
	token, err := a.Stamp(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Verify(token, message, []*x509.Certificate{c.TSA}); err != nil {
		t.Errorf("with the certificate pinned: %v", err)
	}
	_, err = Verify(token, message, []*x509.Certificate{c.Root})
	refused(t, err, fault.Invalid, "neither enclosed nor pinned")
}

func TestVerifyRefuses(t *testing.T) {
	a, c := authority(t)
	token := stamp(t, a)
	_, other := authority(t)
	// The same root stamps: whatever is wrong, it is not the chain.
	with := func(change func(a *Authority)) []byte {
		b := *a
		b.Serials = &shelf{}
		change(&b)
		i := info{
			policy: b.Policy, imprint: imprint{algorithm{oidSHA256, true}, query(message).Digest},
			serial: big.NewInt(1), at: b.Now(), accuracy: b.Accuracy,
		}
		token, err := b.sign(i, true)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	certificate := func(usage []byte, critical bool) func(*Authority) {
		return func(a *Authority) { a.Certificate, a.Key = leaf(t, c, usage, critical) }
	}
	for _, tt := range []struct {
		name  string
		token []byte
		text  []byte
		pins  []*x509.Certificate
		words string
	}{
		{"another message", token, append([]byte("x"), message...), nil, "another message"},
		{"another root", token, message, []*x509.Certificate{other.Root}, "does not lead to a pinned"},
		{"no root", token, message, []*x509.Certificate{}, "does not lead to a pinned"},
		{"stamped after the certificate ran out", with(func(a *Authority) { a.Now = func() time.Time { return end.Add(time.Second) } }), message, nil, "ran out"},
		{"stamped before the certificate began", with(func(a *Authority) { a.Now = func() time.Time { return begin.Add(-time.Second) } }), message, nil, "before the signer's certificate begins"},
		{"certificate without usage", with(certificate(nil, false)), message, nil, "not for time stamping alone"},
		{"certificate for servers", with(certificate([]byte{0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1}, true)), message, nil, "not for time stamping alone"},
		{"certificate for stamps and servers", with(certificate(append([]byte{0x30, 0x14}, append(append([]byte{}, stampUsage[2:]...), 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1)...), true)), message, nil, "not for time stamping alone"},
		{"usage not critical", with(certificate(stampUsage, false)), message, nil, "not critical"},
		{"another key", with(func(a *Authority) { a.Key = other.Key }), message, nil, "signature is not the signer's"},
		{"altered time", replace(t, token, "20261123040000.25Z", "20251123040000.25Z"), message, nil, "altered after signing"},
		{"certificate put in", enclose(t, token, other.TSA), message, nil, "nobody signed"},
		{"root put in twice", enclose(t, token, c.Root, c.Root), message, nil, "nobody signed"},
		{"bytes at the end", append(append([]byte{}, token...), 0), message, nil, "not a SignedData"},
		{"too long", make([]byte, MaxToken+1), message, nil, "more than 32768"},
		{"nothing", nil, message, nil, "not a SignedData"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.pins == nil {
				tt.pins = []*x509.Certificate{c.Root}
			}
			_, err := Verify(tt.token, tt.text, tt.pins)
			refused(t, err, fault.Invalid, tt.words)
		})
	}
}

// A token stays good when its certificate has run out since, and an expired CA above a
// valid signer is named.
func TestExpiredAbove(t *testing.T) {
	a, c := authority(t)
	root := *c.Root
	root.NotAfter = noon.Add(-time.Hour)
	expired, err := issue(&root, &root, &c.RootKey.PublicKey, c.RootKey)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Verify(stamp(t, a), message, []*x509.Certificate{expired})
	refused(t, err, fault.Invalid, "above the signer's was not valid")
}

// A signer that names another certificate of the same key.
func TestBinding(t *testing.T) {
	a, c := authority(t)
	b := *a
	b.Certificate = c.Root // the attribute is made from it
	i := info{policy: a.Policy, imprint: imprint{algorithm{oidSHA256, true}, query(message).Digest}, serial: big.NewInt(1), at: noon}
	content, err := i.marshal()
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := b.attributes(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		attributes []byte
		words      string
	}{
		{"another certificate", wrong, "names another certificate"},
		{"no attributes", []byte{}, "attribute is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sid, err := sidOf(c.TSA)
			if err != nil {
				t.Fatal(err)
			}
			tok := Token{content: content, signer: signerInfo{
				sid: sid, issuer: c.TSA.RawIssuer, digest: algorithm{oid: oidSHA256}, attributes: tt.attributes,
				algorithm: algorithm{oid: oidECDSAWithSHA2}, signature: []byte{1},
			}}
			der, err := tok.der([]*x509.Certificate{c.TSA})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Verify(der, message, []*x509.Certificate{c.Root})
			refused(t, err, fault.Invalid, tt.words)
		})
	}
}

// TestForeign reads tokens of real authorities. The certificate between and the root are
// not in them, or not usable for time stamping by RFC 5280, so the pin is what they
// enclose.
func TestForeign(t *testing.T) {
	text := []byte("RhT49MYCgJzWssTF+LXtFZbLD4pe94q4uezLWoTLzyM=\n")
	token := func(name string) []byte {
		r, err := ParseResponse(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return r.Token
	}
	adobe := token("globalsign-adobe-2017.tsr")
	signer := enclosed(t, adobe)[0]
	aatl := read(t, "globalsign-aatl.tst")
	injected := token("sigstore-injected-certs.tsr")
	for _, tt := range []struct {
		name  string
		token []byte
		text  []byte
		pin   *x509.Certificate
		want  string // of Canonical
	}{
		{"GlobalSign, the signer pinned", adobe, text, signer, ""},
		{"GlobalSign without nonce", token("globalsign-adobe-2017-nononce.tsr"), text, signer, ""},
		{"GlobalSign without certificates", token("globalsign-adobe-2017-nocert.tsr"), text, signer, ""},
		{"GlobalSign, a CA that may not issue for time stamping", adobe, text, enclosed(t, adobe)[1], "does not lead to a pinned"},
		{"GlobalSign AATL, its CA pinned", aatl, nil, enclosed(t, aatl)[1], ""},
		{"Sigstore, certificates put in", injected, []byte("hello"), enclosed(t, injected)[0], "does not lead"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pins := []*x509.Certificate{tt.pin}
			short, err := Canonical(tt.token, pins)
			if tt.want != "" {
				refused(t, err, fault.Invalid, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d B, canonical %d B", len(tt.token), len(short))
			_, err = Verify(short, tt.text, pins)
			if tt.text == nil {
				refused(t, err, fault.Invalid, "another message")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	// Sigstore's: the signature itself holds; whoever trusts the self-made certificate in it
	// gets that certificate's name and no other, and the others are dropped.
	for _, c := range enclosed(t, injected) {
		short, err := Canonical(injected, []*x509.Certificate{c})
		if err != nil {
			continue
		}
		s, err := Verify(short, []byte("hello"), []*x509.Certificate{c})
		if err != nil || strings.Contains(s.Authority, "Spoofed") {
			t.Errorf("%q: %v", s.Authority, err)
		}
		_, err = Verify(injected, []byte("hello"), []*x509.Certificate{c})
		refused(t, err, fault.Invalid, "nobody signed")
	}
}

// TestMutations changes bytes of tokens and responses at random: 10,000 of each are
// refused, none panics. A second pass of mutations grows and shrinks them.
// mutate changes, inserts, removes, doubles or cuts.
func TestParseCertificates(t *testing.T) {
	_, c := authority(t)
	one := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Root.Raw}))
	for _, tt := range []struct {
		name, text string
		n          int
		words      string
	}{
		{"two", "# pinned\n" + one + one, 2, ""},
		{"none", "hello", 0, "no PEM block"},
		{"a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0, "CERTIFICATE is wanted"},
		{"rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0, "not an X.509"},
		{"long", strings.Repeat("x", 65<<10), 0, "64 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := ParseCertificates([]byte(tt.text))
			if tt.words != "" {
				refused(t, err, fault.Invalid, tt.words)
			} else if err != nil || len(list) != tt.n {
				t.Errorf("%d certificates, %v", len(list), err)
			}
		})
	}
}
