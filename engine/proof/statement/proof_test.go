package statement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
)

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// vectorSigner has the key pair of the test vectors of Data Integrity EdDSA
// Cryptosuites v1.0, appendix B.
func vectorSigner(tb testing.TB) Signer {
	tb.Helper()
	var pair struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	if err := json.Unmarshal(read(tb, "vc-di-eddsa/keyPair.json"), &pair); err != nil {
		tb.Fatal(err)
	}
	secret, err := decode58(pair.PrivateKeyMultibase, 80)
	if err != nil || len(secret) != 34 || secret[0] != 0x80 || secret[1] != 0x26 {
		tb.Fatalf("the secret key %x, %v", secret, err)
	}
	did := "did:key:" + pair.PublicKeyMultibase
	s, err := NewSigner(SuiteEdDSA, did+"#"+pair.PublicKeyMultibase, secret[2:])
	if err != nil {
		tb.Fatal(err)
	}
	if s.Public().String() != pair.PublicKeyMultibase {
		tb.Fatalf("the public key is %s, want %s", s.Public(), pair.PublicKeyMultibase)
	}
	return s
}

// The files are github.com/w3c/vc-di-eddsa, TestVectors, at abb673eb9df6: those of
// the specification, byte for byte and step by step.
func TestSpecificationVector(t *testing.T) {
	signer := vectorSigner(t)
	unsigned, signed := read(t, "vc-di-eddsa/unsigned.json"), read(t, "vc-di-eddsa/signedJCS.json")
	d, err := open(signed)
	if err != nil {
		t.Fatal(err)
	}
	options, err := d.proofs[0].options()
	if err != nil {
		t.Fatal(err)
	}
	if want := read(t, "vc-di-eddsa/canonDocJCS.txt"); !bytes.Equal(d.unsecured, want) {
		t.Errorf("the document in canonical form:\n%s\nwant\n%s", d.unsecured, want)
	}
	if want := read(t, "vc-di-eddsa/proofCanonJCS.txt"); !bytes.Equal(options, want) {
		t.Errorf("the options in canonical form:\n%s\nwant\n%s", options, want)
	}
	s, err := suiteOf(SuiteEdDSA)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.message(options, d.unsecured), unhex(t, string(read(t, "vc-di-eddsa/combinedHashJCS.txt"))); !bytes.Equal(got, want) {
		t.Errorf("the message is %x, want %x", got, want)
	}
	got, err := Secure(t.Context(), unsigned, time.Date(2023, 2, 24, 23, 36, 38, 0, time.UTC), signer)
	if err != nil {
		t.Fatal(err)
	}
	want, err := canon.Canonical(signed)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("Secure:\n%s\nwant\n%s, %v", got, want, err)
	}
	asked := func(method string, at time.Time) (Key, error) {
		if method != signer.Method() || !at.Equal(time.Date(2023, 2, 24, 23, 36, 38, 0, time.UTC)) {
			t.Errorf("asked for %s at %s", method, at)
		}
		return signer.Public(), nil
	}
	if results, err := VerifyDocument(signed, asked); err != nil || len(results) != 1 || results[0].Err != nil {
		t.Errorf("VerifyDocument = %v, %v", results, err)
	}
	digest, err := Digest(signed)
	if sum := sha256.Sum256(d.unsecured); err != nil || digest != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Errorf("Digest = %s, %v", digest, err)
	}
	if of, err := Digest(unsigned); err != nil || of != digest {
		t.Errorf("the digest of the unsigned document is %s, %v; want %s", of, err, digest)
	}
}

// What VerifyDocument must tell apart, on the vector of the specification.
func TestVerifyDocument(t *testing.T) {
	signer := vectorSigner(t)
	signed := string(read(t, "vc-di-eddsa/signedJCS.json"))
	swap := func(pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(signed)
		if out == signed {
			t.Fatalf("%q is not in the document", pairs[0])
		}
		return out
	}
	list := strings.Replace(signed, `"proof": {`, `"proof": [{`, 1)
	list = list[:strings.LastIndex(list, "}")] + "]}"
	for _, tt := range []struct{ name, doc, want string }{
		{"as it is", signed, ""},
		{"a list of one", list, ""},
		{"@context grown", strings.Replace(signed, `examples/v2"`, `examples/v2", "https://example.org/more"`, 1), ""},
		{"@context shrunk", strings.Replace(signed, `",
    "https://www.w3.org/ns/credentials/examples/v2"`, `"`, 1), "does not begin with that of the proof"},
		{"@context another", strings.Replace(signed, "examples/v2", "examples/v1", 1), "does not begin with that of the proof"},
		{"@context gone", strings.Replace(signed, `"@context"`, `"context"`, 1), "does not begin with that of the proof"},
		{"value changed", swap("The School", "the School"), "does not hold"},
		{"member added", strings.Replace(signed, "{", `{"also": 1,`, 1), "does not hold"},
		{"date changed", swap("23:36:38", "23:36:39"), "does not hold"},
		{"date that is none", swap("2023-02-24T23", "2023-02-30T23"), "is not RFC 3339"},
		{"purpose changed", swap("assertionMethod", "authentication"), "not assertionMethod"},
		{"type changed", swap("DataIntegrityProof", "Ed25519Signature2020"), "not DataIntegrityProof"},
		{"suite not known", swap("eddsa-jcs-2022", "eddsa-rdfc-2022"), `"eddsa-rdfc-2022" is not known`},
		{"key of another suite", swap("eddsa-jcs-2022", "sm2-sm3-jcs"), "is not one of sm2-sm3-jcs"},
		{"option not known", swap(`"proofPurpose"`, `"expires": "2020-01-01T00:00:00Z", "proofPurpose"`), `"expires", which is not known`},
		{"capital letters", swap(`"created"`, `"Created"`), `"Created", which is not known`},
		{"no value", swap(`"proofValue"`, `"proofPurposes"`), "is not known"},
		{"value in another base", swap(`"z2Hn`, `"m2Hn`), "not a signature"},
		{"value with a second spelling", swap(`"z2Hn`, `"z12Hn`), "not a signature"},
		{"value of a type", swap(`"proofValue": "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"`, `"proofValue": null`), "proofValue of the proof is not text"},
		{"no proof", string(read(t, "vc-di-eddsa/unsigned.json")), "nobody has signed it"},
		{"proofs of no list", `{"proof":[]}`, "neither an object nor a list"},
		{"proof that is text", `{"proof":"z2Hn"}`, "neither an object nor a list"},
		{"proof that is null", `{"proof":null}`, "neither an object nor a list"},
		{"a list", `[1]`, "is not a JSON object"},
		{"no JSON", `{`, "byte 1"},
		{"a key twice", strings.Replace(signed, "{", `{"name": "x",`, 1), `key "name" is there a second time`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := VerifyDocument([]byte(tt.doc), func(string, time.Time) (Key, error) { return signer.Public(), nil })
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("VerifyDocument: %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("no key", func(t *testing.T) {
		gone := fault.New(fault.NotFound, "revoked")
		if _, err := VerifyDocument([]byte(signed), func(string, time.Time) (Key, error) { return Key{}, gone }); !errors.Is(err, gone) {
			t.Errorf("VerifyDocument: %v", err)
		}
		if _, err := VerifyDocument([]byte(signed), func(string, time.Time) (Key, error) { return Key{}, nil }); err == nil {
			t.Error("the zero key is taken")
		}
	})
}

// GB/T 32918.5-2017 appendix A.2: the example signature on the recommended curve.
func TestSM2Example(t *testing.T) {
	secret := unhex(t, "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
	signer, err := NewSigner(SuiteSM2, "city#sm2", secret)
	if err != nil {
		t.Fatal(err)
	}
	public := unhex(t, "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"+"CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
	if signer.Public().raw != string(public) {
		t.Fatalf("the public key is %x", signer.Public().raw)
	}
	s, err := suiteOf(SuiteSM2)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("message digest")
	e, err := s.form(signer.Public(), message)
	if want := unhex(t, "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"); err != nil || !bytes.Equal(e, want) {
		t.Errorf("e is %x, %v; want %x", e, err, want)
	}
	signature := unhex(t, "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"+"B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")
	if !s.verify(signer.Public(), e, signature) || !sm2Plain(public, message, signature) {
		t.Error("the signature of the example does not hold")
	}
	n := unhex(t, "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123")
	over := new(big.Int).Add(new(big.Int).SetBytes(signature[32:]), new(big.Int).SetBytes(n))
	for name, bad := range map[string][]byte{
		"r 0":     append(make([]byte, 32), signature[32:]...),
		"s 0":     append(bytes.Clone(signature[:32]), make([]byte, 32)...),
		"all 0":   make([]byte, 64),
		"r n":     append(bytes.Clone(n), signature[32:]...),
		"s n":     append(bytes.Clone(signature[:32]), n...),
		"all 1":   bytes.Repeat([]byte{0xff}, 64),
		"r and s": append(bytes.Clone(signature[32:]), signature[:32]...),
	} {
		if s.verify(signer.Public(), e, bad) || sm2Plain(public, message, bad) {
			t.Errorf("%s: taken", name)
		}
	}
	if over.BitLen() <= 256 && s.verify(signer.Public(), e, append(bytes.Clone(signature[:32]), over.FillBytes(make([]byte, 32))...)) {
		t.Error("s + n is taken for s")
	}
}

// Our own suite against implementations that share nothing with the one we use: the
// plain one, and OpenSSL.
func TestSM2AgainstOthers(t *testing.T) {
	signer := testSigner(t, SuiteSM2)
	for range 3 {
		doc, err := Secure(t.Context(), []byte(`{"b":"<2>","a":1}`), time.Date(2026, 7, 1, 0, 0, 0, 1000, time.UTC), signer)
		if err != nil {
			t.Fatal(err)
		}
		// Step by step from the description of SuiteSM2, without the package.
		options, document := sm3.Sum([]byte(`{"created":"2026-07-01T00:00:00.000001Z","cryptosuite":"sm2-sm3-jcs","proofPurpose":"assertionMethod","type":"DataIntegrityProof","verificationMethod":"`+signer.Method()+`"}`)), sm3.Sum([]byte(`{"a":1,"b":"<2>"}`))
		message := append(options[:], document[:]...)
		var read struct{ Proof struct{ ProofValue string } }
		if err := json.Unmarshal(doc, &read); err != nil {
			t.Fatal(err)
		}
		signature, err := decode58(read.Proof.ProofValue, 100)
		if err != nil || !sm2Plain([]byte(signer.Public().raw), message, signature) {
			t.Errorf("the plain verifier refuses %s, %v", doc, err)
		}
		openssl(t, signer.Public(), message, signature)
	}
}

func openssl(t *testing.T, key Key, message, signature []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl")
	}
	pub, err := key.sm2()
	if err != nil {
		t.Fatal(err)
	}
	spki, err := smx509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(pair{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), "message": message, "signature": der} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-in", "message", "-sigfile", "signature",
		"-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// device is a signer of which the parts can be wrong.
type device struct {
	Signer

	suite string
	sign  func(message []byte) ([]byte, error)
}

func (d device) Suite() string { return d.suite }
func (d device) Sign(_ context.Context, message []byte) ([]byte, error) {
	return d.sign(message)
}

func TestSecureRefuses(t *testing.T) {
	ed, sm := testSigner(t, SuiteEdDSA), testSigner(t, SuiteSM2)
	broken := errors.New("device is gone")
	with := func(s Signer, sign func([]byte) ([]byte, error)) Signer { return device{s, s.Suite(), sign} }
	for _, tt := range []struct {
		name   string
		signer Signer
		want   string
	}{
		{"a device that fails", with(ed, func([]byte) ([]byte, error) { return nil, broken }), "device is gone"},
		{"no signature", with(ed, func([]byte) ([]byte, error) { return nil, nil }), "is not its signature"},
		{"signature of something else", with(ed, func(m []byte) ([]byte, error) { return ed.Sign(t.Context(), m[1:]) }), "is not its signature"},
		{"hashed a second time", with(sm, func(m []byte) ([]byte, error) { h := sm3.Sum(m); return sm.Sign(t.Context(), h[:]) }), "is not its signature"},
		{"message changed in place", with(ed, func(m []byte) ([]byte, error) { m[0]++; return ed.Sign(t.Context(), m) }), "is not its signature"},
		{"suite not known", device{ed, "x", nil}, `"x" is not known`},
		{"key of another suite", device{ed, SuiteSM2, nil}, "its Public must be of its Suite"},
		{"no method", device{Signer: edSigner{software{"", ed.Public()}, nil}, suite: SuiteEdDSA, sign: func(m []byte) ([]byte, error) { return ed.Sign(t.Context(), m) }}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Secure(t.Context(), []byte(`{}`), time.Time{}, tt.signer)
			if tt.want == "" {
				if _, err := VerifyDocument(doc, func(string, time.Time) (Key, error) { return ed.Public(), nil }); err == nil {
					t.Errorf("a proof without method is taken: %s", doc)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Secure = %s, %v; want %q", doc, err, tt.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []Signer{ed, sm} {
		if _, err := Secure(ctx, []byte(`{}`), time.Time{}, s); !errors.Is(err, context.Canceled) {
			t.Errorf("%s signs after the end: %v", s.Suite(), err)
		}
	}
}
