package statement

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

// testSigner has a private key that never changes, so that golden files stay.
func testSigner(tb testing.TB, suite string) Signer {
	tb.Helper()
	s, err := NewSigner(suite, "88.500.1/org/500000#"+suite[:3]+"-2026", bytes.Repeat([]byte{0x42}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestKey(t *testing.T) {
	ed, sm := testSigner(t, SuiteEdDSA).Public(), testSigner(t, SuiteSM2).Public()
	for _, k := range []Key{ed, sm} {
		got, err := ParseKey(k.String())
		if err != nil || got != k {
			t.Errorf("ParseKey(%s) = %v, %v", k, got, err)
		}
	}
	if !strings.HasPrefix(ed.String(), "z6Mk") {
		t.Errorf("an Ed25519 key is %s", ed)
	}
	if ed.Suite() != SuiteEdDSA || sm.Suite() != SuiteSM2 || (Key{}).Suite() != "" || (Key{}).String() != "" {
		t.Error("suites of keys")
	}
	hexKey := func(code, digits string) string { return encode58(append([]byte(code), unhex(t, digits)...)) }
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "not multibase"},
		{"z alone", "z", "not multibase"},
		{"another base", "f" + ed.String()[1:], "not multibase"},
		{"long", "z" + strings.Repeat("1", 100), "at most 80 bytes"},
		{"not of the alphabet", "z6MkO0Il", "base58btc does not"},
		{"another algorithm", hexKey("\xe7\x01", "02"+strings.Repeat("11", 32)), "neither Ed25519"},
		{"a byte short", hexKey(codeEd25519, strings.Repeat("11", 31)), "neither Ed25519"},
		{"a byte long", hexKey(codeSM2, "02"+strings.Repeat("11", 33)), "neither Ed25519"},
		{"SM2, not on the curve", hexKey(codeSM2, "02"+strings.Repeat("00", 31)+"05"), "no point of the SM2 curve"},
		{"SM2, x beyond the field", hexKey(codeSM2, "02"+strings.Repeat("ff", 32)), "no point of the SM2 curve"},
		{"SM2, not compressed", hexKey(codeSM2, "04"+strings.Repeat("11", 32)), "no point of the SM2 curve"},
		{"Ed25519, not on the curve", hexKey(codeEd25519, "02"+strings.Repeat("00", 31)), "not the public key"},
		{"Ed25519, order 1", hexKey(codeEd25519, "01"+strings.Repeat("00", 31)), "not the public key"},
		{"Ed25519, order 1, sign", hexKey(codeEd25519, "01"+strings.Repeat("00", 30)+"80"), "not the public key"},
		{"Ed25519, order 2", hexKey(codeEd25519, "ec"+strings.Repeat("ff", 30)+"7f"), "not the public key"},
		{"Ed25519, order 4", hexKey(codeEd25519, strings.Repeat("00", 32)), "not the public key"},
		{"Ed25519, order 8", hexKey(codeEd25519, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"), "not the public key"},
		{"Ed25519, order 8, other", hexKey(codeEd25519, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "not the public key"},
		{"Ed25519, y beyond the field", hexKey(codeEd25519, "f0"+strings.Repeat("ff", 30)+"7f"), "not the public key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if k, err := ParseKey(tt.text); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseKey = %v, %v; want %q", k, err, tt.want)
			}
		})
	}
}

// The Multikeys of Controlled Identifiers v1.0 and of the EdDSA suites' appendix B.
func TestPublishedMultikeys(t *testing.T) {
	for _, text := range []string{
		"z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
		"z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu",
	} {
		if k, err := ParseKey(text); err != nil || k.String() != text || k.Suite() != SuiteEdDSA {
			t.Errorf("ParseKey(%s) = %s, %v", text, k, err)
		}
	}
}

func TestNewSigner(t *testing.T) {
	for _, suite := range []string{SuiteEdDSA, SuiteSM2} {
		secret, err := NewSecret(suite, rand.Reader)
		if err != nil || len(secret) != 32 {
			t.Fatalf("NewSecret = %d bytes, %v", len(secret), err)
		}
		if _, err := NewSigner(suite, "m#k", secret[1:]); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: a short key: %v", suite, err)
		}
		if _, err := NewSecret(suite, bytes.NewReader(secret[1:])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: a short source: %v", suite, err)
		}
	}
	if _, err := NewSigner("rsa", "m#k", make([]byte, 32)); !errors.Is(err, fault.Invalid) {
		t.Errorf("a suite that is not known: %v", err)
	}
	if _, err := NewSecret("rsa", rand.Reader); !errors.Is(err, fault.Invalid) {
		t.Errorf("a suite that is not known: %v", err)
	}
	for name, secret := range map[string]string{
		"0":   strings.Repeat("00", 32),
		"n-1": "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122",
		"n":   "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123",
	} {
		if s, err := NewSigner(SuiteSM2, "m#k", unhex(t, secret)); !errors.Is(err, fault.Invalid) {
			t.Errorf("the SM2 key %s: %v, %v", name, s, err)
		}
	}
	if _, err := NewSecret(SuiteSM2, bytes.NewReader(make([]byte, 1000))); !errors.Is(err, fault.Invalid) {
		t.Errorf("a source of zeros: %v", err)
	}
}

func TestDigestText(t *testing.T) {
	// FIPS 180-4 and GB/T 32905 appendix A.1, of "abc".
	for h, want := range map[Hash]string{
		SHA256: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		SM3:    "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		"md5":  "",
	} {
		if got := h.Sum([]byte("abc")); got != want {
			t.Errorf("%s: %s", h, got)
		}
	}
	for _, bad := range []string{
		"", "sha256:", "sha256", "md5:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("0", 63), "sha256:" + strings.Repeat("A", 64),
		"SHA256:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("0", 65), "sm3: " + strings.Repeat("0", 63), "sha256:0x" + strings.Repeat("0", 62),
	} {
		if _, _, err := ParseDigest(bad); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseDigest(%q): %v", bad, err)
		}
	}
	if d, err := DigestIn("md5", []byte(`{}`)); !errors.Is(err, fault.Invalid) {
		t.Errorf("DigestIn(md5) = %s, %v", d, err)
	}
}

func FuzzParseDigest(f *testing.F) {
	f.Add(SHA256.Sum(nil))
	f.Add(SM3.Sum(nil))
	f.Fuzz(func(t *testing.T, text string) {
		h, sum, err := ParseDigest(text)
		if err != nil {
			return
		}
		if got := string(h) + ":" + strings.ToLower(encodeHex(sum)); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	})
}

func encodeHex(sum [32]byte) string {
	var b strings.Builder
	for _, c := range sum {
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

func FuzzParseKey(f *testing.F) {
	for _, suite := range []string{SuiteEdDSA, SuiteSM2} {
		f.Add(testSigner(f, suite).Public().String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text)
		if err == nil && k.String() != text {
			t.Errorf("%q comes back as %q", text, k)
		}
		if err != nil && k != (Key{}) {
			t.Errorf("%q: %v and %v", text, k, err)
		}
	})
}
