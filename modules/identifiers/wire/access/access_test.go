package access_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	sha2 "crypto/sha256"
	"encoding/hex"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// example is a kind of body with an example of it, byte for byte.
type example struct {
	name   string
	bytes  string
	want   any
	parse  func([]byte) (any, error)
	append func([]byte) []byte
	whole  []int // lengths at which the example, cut off, is whole all the same
}

// parsed makes one function of all Parses.
func parsed[T any](parse func([]byte) (T, error)) func([]byte) (any, error) {
	return func(b []byte) (any, error) { return parse(b) }
}

// appended does so with an Append and what it appends.
func appended[T any](f func([]byte, T) []byte, v T) func([]byte) []byte {
	return func(dst []byte) []byte { return f(dst, v) }
}

// kind is a body with one Parse and one Append.
func kind[T any](name, raw string, want T, parse func([]byte) (T, error), write func([]byte, T) []byte, whole ...int) example {
	return example{name, raw, want, parsed(parse), appended(write, want), whole}
}

const (
	owner  = "\x00\x00\x00\x0a88.1/owner\x00\x00\x01\x2c"
	nonce  = "\x00\x00\x00\x10nonceNONCEnonceN"
	sha256 = "digestDIGESTdigestDIGESTdigestDI"
)

func ownerKey() handle.Reference { return handle.Reference{Name: "88.1/owner", Index: 300} }

// examples are all kinds, with those that differ by version.
func examples() []example {
	return []example{
		kind("answer to a challenge", "\x00\x00\x00\x09HS_PUBKEY"+owner+"\x00\x00\x00\x06signed",
			access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: ownerKey(), Answer: []byte("signed")}, access.ParseChallengeAnswer, access.AppendChallengeAnswer),
		kind("verification", owner+nonce+"\x00\x00\x00\x20"+sha256+"\x00\x00\x00\x06answer",
			access.Verification{Key: ownerKey(), Nonce: []byte(nonce[4:]), Digest: access.Digest{Sum: []byte(sha256)}, Answer: []byte("answer")}, access.ParseVerification, access.AppendVerification),
		kind("verification, digest behind its algorithm", owner+nonce+"\x03"+sha256+"\x00\x00\x00\x06answer",
			access.Verification{Key: ownerKey(), Nonce: []byte(nonce[4:]), Digest: access.Digest{Algorithm: access.SHA256, Sum: []byte(sha256)}, Answer: []byte("answer")}, access.ParseVerification, access.AppendVerification),
		kind("verdict", "\x01", true, access.ParseVerdict, access.AppendVerdict),
		kind("session by Diffie-Hellman", "\x00\x04\x00\x01\x51\x80"+owner+"\x00\x00\x00\x03key",
			access.SessionSetUp{Mode: access.ExchangeDH, Timeout: 86400, Identity: ownerKey(), PublicKey: []byte("key")}, access.ParseSessionSetUp, access.AppendSessionSetUp),
		kind("session by the client's key", "\x00\x01\x00\x01\x51\x80\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x03key",
			access.SessionSetUp{Mode: access.ExchangeClientKey, Timeout: 86400, Identity: handle.Reference{Index: 1<<32 - 1}, PublicKey: []byte("key")}, access.ParseSessionSetUp, access.AppendSessionSetUp),
		kind("session by the server's key", "\x00\x02\x00\x01\x51\x80"+owner,
			access.SessionSetUp{Mode: access.ExchangeServerKey, Timeout: 86400, Identity: ownerKey()}, access.ParseSessionSetUp, access.AppendSessionSetUp),
		kind("session by a named key", "\x00\x03\x00\x01\x51\x80"+owner+owner,
			access.SessionSetUp{Mode: access.ExchangeNamedKey, Timeout: 86400, Identity: ownerKey(), NamedKey: ownerKey()}, access.ParseSessionSetUp, access.AppendSessionSetUp),
		kind("answer to a session", "\x00\x04\x00\x00\x00\x03key", access.SessionAnswer{Mode: access.ExchangeDH, Key: []byte("key")}, access.ParseSessionAnswer, access.AppendSessionAnswer),
		kind("exchanged key", "\x00\x00\x00\x03key", []byte("key"), access.ParseExchangedKey, access.AppendExchangedKey, 0),
		kind("credential", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x06HS_MAC\x00\x00\x00\x16\x00\x00\x00\x0bHMAC-SHA256\x00\x00\x00\x03mac",
			access.Credential{Signer: handle.Reference{Index: 5}, Type: access.CredentialMAC, Algorithm: "HMAC-SHA256", Signature: []byte("mac")}, access.ParseCredential, access.AppendCredential),
		challengeOf(wire.Version{Major: 5}),
		challengeOf(wire.Newest()),
	}
}

// challengeOf is a challenge, whose Parse takes the message for its version and flags.
func challengeOf(v wire.Version) example {
	m := wire.Message{Envelope: wire.Envelope{Version: v}, Header: wire.Header{Code: wire.ChallengeNeeded, Flags: wire.RequestDigest}}
	c := access.Challenge{Digest: access.Digest{Algorithm: access.SHA256, Sum: []byte(sha256)}, Nonce: []byte(nonce[4:])}
	raw := "\x03" + sha256 + nonce
	if v.Major == 5 {
		m.Flags = 0
		c.Digest = access.Digest{Sum: []byte(sha256[:16])}
		raw = nonce + "\x00\x00\x00\x10" + sha256[:16]
	}
	parse := func(b []byte) (access.Challenge, error) {
		m.Body = b
		return access.ParseChallenge(m)
	}
	write := func(dst []byte, c access.Challenge) []byte { return access.AppendChallenge(dst, c, v) }
	return kind("challenge of version "+string('0'+rune(v.Major)), raw, c, parse, write)
}

func TestBodies(t *testing.T) {
	for _, tt := range examples() {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.parse([]byte(tt.bytes))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if b := tt.append([]byte("before")); string(b) != "before"+tt.bytes {
				t.Errorf("%q\n%q", b, tt.bytes)
			}
			for n := range tt.bytes {
				if _, err := tt.parse([]byte(tt.bytes)[:n]); (err == nil) != slices.Contains(tt.whole, n) || err != nil && fault.KindOf(err) != fault.Invalid {
					t.Errorf("cut off after %d bytes: %v", n, err)
				}
			}
			if _, err := tt.parse([]byte(tt.bytes + "\x01")); fault.KindOf(err) != fault.Invalid {
				t.Errorf("one byte too much: %v", err)
			}
		})
	}
}

// TestBodiesForged puts the greatest numbers over every four bytes of every example: no
// length and no count makes a Parse stumble or take more memory than the bytes have.
func TestBodiesForged(t *testing.T) {
	for _, tt := range examples() {
		for at := range len(tt.bytes) - 3 {
			for _, forged := range []string{"\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\x80\x00\x00\x00", "\x00\x04\x00\x00"} {
				b := []byte(tt.bytes)
				copy(b[at:], forged)
				if got, err := tt.parse(b); err != nil && fault.KindOf(err) != fault.Invalid {
					t.Errorf("%s, byte %d: %v, %v", tt.name, at, got, err)
				}
			}
		}
	}
}

func TestBodiesRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parse func([]byte) (any, error)
		bytes string
		wrong string
	}{
		{"a name of 2049 bytes", parsed(access.ParseVerification), "\x00\x00\x08\x01" + strings.Repeat("x", handle.MaxName+1), "name has 2049 bytes, at most 2048"},
		{"a digest of an unknown algorithm", parsed(access.ParseVerification), owner + nonce + "\x04" + sha256, "algorithm of the digest is 4"},
		{"a key exchange that is none", parsed(access.ParseSessionSetUp), "\x00\x05\x00\x00\x00\x00" + owner, "mode of the key exchange is 5"},
		{"padding that is not zero", parsed(access.ParseSessionAnswer), "\x00\x04\x00\x00\x00\x01k\x00\x01", "left behind the answer to a request for a session and are not zero"},
		{"a verdict that is none", parsed(access.ParseVerdict), "\x02", "verdict on an answer is 02"},
		{"a credential of version 1", parsed(access.ParseCredential), "\x01" + strings.Repeat("\x00", 31), "version of the credential is 1"},
		{"a signature section longer than its parts", parsed(access.ParseCredential), strings.Repeat("\x00", 16) + "\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00", "left behind the signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.parse([]byte(tt.bytes)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v, %v; want %q", got, err, tt.wrong)
			}
		})
	}
}

// TestBodiesReadQuirks holds what Handle.Net and its kin write beside the RFC.
func TestBodiesReadQuirks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parse func([]byte) (any, error)
		bytes string
		want  any
	}{
		{"padding behind a session", parsed(access.ParseSessionSetUp), "\x00\x02\x00\x00\x00\x01" + owner + "\x00\x00", access.SessionSetUp{Mode: access.ExchangeServerKey, Timeout: 1, Identity: ownerKey()}},
		{"padding behind its answer", parsed(access.ParseSessionAnswer), "\x00\x04\x00\x00\x00\x01k\x00\x00", access.SessionAnswer{Mode: access.ExchangeDH, Key: []byte("k")}},
	} {
		got, err := tt.parse([]byte(tt.bytes))
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", tt.name, diff, err)
		}
	}
}

func TestContent(t *testing.T) {
	answer := wire.Message{Header: wire.Header{Code: wire.Success, Flags: wire.RequestDigest}, Body: []byte("\x03" + sha256 + "rest")}
	d, rest, err := access.Content(answer)
	if err != nil || string(rest) != "rest" || d.Algorithm != access.SHA256 || string(d.Sum) != sha256 {
		t.Error(d, rest, err)
	}
	answer.Code = wire.Request // it asks for a digest and has none
	if d, rest, err := access.Content(answer); err != nil || !bytes.Equal(rest, answer.Body) || d.Sum != nil {
		t.Error(d, rest, err)
	}
	for _, wrong := range []string{"", "\x03short", "\x00\x00\x00\x0fdigestDIGESTdig", "\x12" + sha256} {
		if _, _, err := access.ParseDigest([]byte(wrong)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	for _, tt := range []struct {
		v    wire.Version
		want access.Algorithm
		name string
	}{
		{wire.Version{Major: 5}, access.OldMD5, "MD5"},
		{wire.Version{Major: 2, Minor: 1}, access.SHA1, "SHA-1"},
		{wire.Version{Major: 2, Minor: 7}, access.SHA256, "SHA-256"},
		{wire.Version{Major: 3}, access.SHA256, "SHA-256"},
	} {
		if got := access.DigestOf(tt.v); got != tt.want || got.String() != tt.name {
			t.Errorf("%v: %v", tt.v, got)
		}
	}
}

// TestChallengeNeedsDigest holds that nobody is made to sign a nonce alone.
func TestChallengeNeedsDigest(t *testing.T) {
	m := wire.Message{Envelope: wire.Envelope{Version: wire.Newest()}, Header: wire.Header{Code: wire.ChallengeNeeded}, Body: []byte(nonce)}
	if _, err := access.ParseChallenge(m); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	m.Flags, m.Body = wire.RequestDigest, []byte("\x03"+sha256+"\x00\x00\x00\x00")
	if _, err := access.ParseChallenge(m); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// TestAuthenticatedByHandleNet checks the signatures of answers that Handle.Net signed with
// its server's RSA key, in each version.
func TestAuthenticatedByHandleNet(t *testing.T) {
	key := serverKey(t)
	files, err := filepath.Glob("../testdata/handlenet/resolve-certified-*.resp.hex")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		message := unhex(t, f)
		m, err := wire.Parse(message)
		if err != nil {
			t.Fatal(f, err)
		}
		c, err := access.ParseCredential(m.Credential)
		if err != nil {
			t.Fatal(f, err)
		}
		covered, err := access.AppendAuthenticated(nil, message, c)
		if refused := m.Version == (wire.Version{Major: 2, Minor: 6}); refused || err != nil {
			if !refused || err == nil {
				t.Errorf("%s: %v", f, err)
			}
			continue
		}
		sum1, sum256 := sha1.Sum(covered), sha2.Sum256(covered)
		switch c.Algorithm {
		case "SHA1":
			err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum1[:], c.Signature)
		case "SHA-256":
			err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum256[:], c.Signature)
		default:
			t.Errorf("%s: algorithm %q", f, c.Algorithm)
		}
		if err != nil {
			t.Errorf("%s: version %v: %v", f, m.Version, err)
		}
	}
}

// serverKey reads the RSA key by which Handle.Net signed: type, two bytes that mean
// nothing, exponent, modulus, the three texts behind their lengths.
func serverKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	r := octets.Reader{Rest: unhex(t, "../testdata/handlenet/key-server.pub.hex")}
	if kind := string(r.Bytes("type")); kind != "RSA_PUB_KEY" {
		t.Fatal(kind)
	}
	r.Uint16("reserved")
	e, n := new(big.Int).SetBytes(r.Bytes("exponent")), new(big.Int).SetBytes(r.Bytes("modulus"))
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

func unhex(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(file, err)
	}
	return b
}

// request is a request to resolve 88.118.2/gb-1 in version 2.1.
func request() []byte {
	return []byte("\x02\x01\x02\x0b\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x35" +
		"\x00\x00\x00\x01\x00\x00\x00\x00\x39\x00\x00\x00\xff\xff\x00\x00\x6a\x00\x00\x00\x00\x00\x00\x19" +
		"\x00\x00\x00\x0d88.118.2/gb-1\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00")
}

func TestAuthenticated(t *testing.T) {
	raw := request()
	headerAndBody := string(raw[20:69])
	for _, tt := range []struct {
		name  string
		begin string // of the envelope
		kind  string
		want  string
	}{
		{"MAC of 2.4", "\x02\x04\x02\x0b", access.CredentialMAC, headerAndBody},
		{"MAC of 2.5", "\x02\x05\x02\x0b", access.CredentialMAC, ""},
		{"MAC of 2.6", "\x02\x06\x02\x0b", access.CredentialMAC, ""},
		{"signature of 2.5", "\x02\x05\x02\x0b", access.CredentialSigned, headerAndBody},
		{"signature of 2.6", "\x02\x06\x02\x0b", access.CredentialSigned, ""},
		{"2.7: with session, request and counter", "\x02\x07\x02\x0b", access.CredentialMAC, "\x02\x07\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x05" + headerAndBody},
		{"2.8: with the suggestion too", "\x02\x08\x02\x0b", access.CredentialMAC, "\x02\x08\x02\x0b\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x05" + headerAndBody},
		{"no suggestion is one's own version", "\x02\x0b\x00\x00", access.CredentialSigned, "\x02\x0b\x02\x0b\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x05" + headerAndBody},
	} {
		b := bytes.Clone(raw)
		copy(b, tt.begin)
		got, err := access.AppendAuthenticated(nil, b, access.Credential{Type: tt.kind, Signer: handle.Reference{Index: 5}})
		if string(got) != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
	if _, err := access.AppendAuthenticated(nil, raw[:30], access.Credential{}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
