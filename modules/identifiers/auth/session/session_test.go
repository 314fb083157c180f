package session_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/wire"
)

func unhex(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("../../wire/testdata/handlenet/" + name + ".hex")
	if err != nil {
		tb.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// recorded are the keys of sessions that Handle.Net and its client agreed on.
var recorded = map[string]string{
	"session-dh-secret":        "45803ea4216b8b3c8511faa719b4de8c89dbd206e005fc1d96ef20c500e78ccb",
	"session-dh-rsa-encrypted": "39e07c32e2b080a1c6f679909c1a637b6ea7a7bc7954bfe21706a98be99b5b49",
	"session-client-rsa":       "1236320ae7a7d0d7b66baa5b6c6c9b40",
	"session-handle-rsa":       "d80068dfddf623072993e1e3d9b6f431",
	"session-dh-2.4":           "0aa92fabe973ad4648563dd97945618004abe52856007ac7e909f555138589a8",
	"session-dh-2.6":           "b74df0e018cef1c34677ff041db3001a77c4f364150c69e683a99b82d315c5ff",
	"session-dh-2.8":           "7692982e4ddc997aa244d7a55bb288c6211b4af56815639a7db587371587f88d",
	"session-dh-2.10":          "c9a8060b1fe0833c014fa07c21b9dc9b4d5e3b0dd25e7db28e219622c3655cdb",
	"session-bad-mac":          "4c2b5524df983a04cf54f5ddd34a37dcb758f73601dbe86b217be399f25ab6a0",
}

func keysOf(tb testing.TB, name string) session.Keys {
	tb.Helper()
	key, err := hex.DecodeString(recorded[name])
	if err != nil {
		tb.Fatal(err)
	}
	return session.Keys{Cipher: session.AES, Key: key}
}

// TestRecorded decrypts all that was encrypted and checks all MACs of recorded sessions,
// and takes neither with a key that differs in one bit.
func TestRecorded(t *testing.T) {
	macs, encrypted, wrong := 0, 0, 0
	for name := range recorded {
		keys := keysOf(t, name)
		other := session.Keys{Cipher: session.AES, Key: bytes.Clone(keys.Key)}
		other.Key[0] ^= 1
		for _, file := range []string{"1.req", "1.resp", "2.req", "2.resp", "3.req", "3.resp", "4.req", "4.resp", "5.req", "5.resp", "6.req", "6.resp"} {
			if _, err := os.Stat("../../wire/testdata/handlenet/" + name + "-" + file + ".hex"); err != nil {
				continue
			}
			b := unhex(t, name+"-"+file)
			e, err := wire.ParseEnvelope(b)
			if err != nil {
				t.Fatal(err)
			}
			if e.Encrypted {
				encrypted++
				plain, err := keys.Decrypt(b)
				if err != nil {
					t.Errorf("%s-%s: %v", name, file, err)
					continue
				}
				if m, err := other.Decrypt(b); err == nil && bytes.Equal(m, plain) {
					t.Errorf("%s-%s is decrypted by another key", name, file)
				}
				b = plain
			}
			m, err := wire.Parse(b)
			if err != nil {
				t.Errorf("%s-%s: %v", name, file, err)
				continue
			}
			if !bytes.Contains(m.Credential, []byte("HS_MAC")) {
				continue
			}
			if _, err := keys.Check(b); err != nil {
				if wrong++; name != "session-bad-mac" || fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s-%s: %v", name, file, err)
				}
				continue
			}
			macs++
			if _, err := other.Check(b); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s-%s: by another key: %v", name, file, err)
			}
		}
	}
	if macs < 10 || encrypted < 2 || wrong != 1 {
		t.Errorf("%d MACs, %d encrypted, %d wrong", macs, encrypted, wrong)
	}
}

func message() wire.Message {
	return wire.Message{Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest(), Session: 7, Request: 9}, Header: wire.Header{Op: wire.OpDelete}, Body: []byte("\x00\x00\x00\x0688.1/x")}
}

func TestRoundTrip(t *testing.T) {
	key := bytes.Repeat([]byte("k3Y."), 8)
	for _, c := range []session.Cipher{session.AES, session.SM4, session.DES, session.TripleDES} {
		keys := session.Keys{Cipher: c, Key: key, Old: true}
		b, err := keys.Authenticate(message(), 5)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := keys.Encrypt(rand.Reader, b)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, []byte("88.1/x")) {
			t.Error("in the clear")
		}
		again, err := keys.Decrypt(sealed)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("cipher %d: %v\n%x\n%x", c, err, b, again)
		}
		credential, err := keys.Check(again)
		if err != nil || credential.Signer.Index != 5 {
			t.Error(credential, err)
		}
		for i := range b {
			changed := bytes.Clone(b)
			changed[i] ^= 1
			// Bytes 2 (flags of the envelope), 12-19 (sequence, length) are of the transport.
			if _, err := keys.Check(changed); err == nil && i != 2 && (i < 12 || i > 19) && i < len(b)-90 {
				t.Errorf("byte %d changed and taken", i)
			}
		}
		keys.Old = false
		if _, err := keys.Decrypt(sealed); (err != nil) != (c == session.DES || c == session.TripleDES) {
			t.Errorf("cipher %d without Old: %v", c, err)
		}
	}
}

// TestWindow compares with all counters in a map.
func TestWindow(t *testing.T) {
	var w session.Window
	seen, top := map[uint32]bool{}, uint32(0)
	next := uint32(1)
	for range 200_000 {
		next = next*1_664_525 + 1_013_904_223
		n := next >> 8 % 700
		if n = top + n%700; n > 400 {
			n -= 400
		}
		if next>>20 == 7 {
			n += 5000
		}
		want := n != 0 && !seen[n] && (top < 256 || n > top-256)
		if got := w.Take(n); got != want {
			t.Fatalf("counter %d after %d: %v", n, top, got)
		}
		if want {
			seen[n], top = true, max(top, n)
		}
	}
	if w.Take(1<<32-1) != true || w.Take(1<<32-1) != false || w.Take(top) {
		t.Error("the last counter")
	}
}

// group is the second Oakley group (RFC 2409 §6.2), which Handle.Net's clients use.
func group(tb testing.TB) *auth.DHKey {
	tb.Helper()
	p, ok := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
	if !ok {
		tb.Fatal("group")
	}
	return &auth.DHKey{P: p, G: big.NewInt(2), Y: big.NewInt(4)}
}

func TestAgree(t *testing.T) {
	a, aKey, err := session.NewSecret(rand.Reader, group(t))
	if err != nil {
		t.Fatal(err)
	}
	b, bKey, err := session.NewSecret(rand.Reader, aKey)
	if err != nil {
		t.Fatal(err)
	}
	one, err := a.Agree(bKey)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Agree(aKey)
	if err != nil || !bytes.Equal(one, two) || len(one) != 32 {
		t.Errorf("%x %x %v", one, two, err)
	}
	p := group(t).P
	for _, y := range []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1)), p} {
		if _, err := a.Agree(&auth.DHKey{Y: y, P: p, G: big.NewInt(2)}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", y, err)
		}
	}
	if _, _, err := session.NewSecret(rand.Reader, &auth.DHKey{Y: big.NewInt(3), P: big.NewInt(23), G: big.NewInt(5)}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add(unhex(f, "session-dh-rsa-encrypted-2.req"))
	f.Add(unhex(f, "encrypted-nosession.req"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []session.Cipher{session.AES, session.SM4, session.DES} {
			keys := session.Keys{Cipher: c, Key: []byte("0123456789abcdef0123456789abcdef"), Old: true}
			plain, err := keys.Decrypt(b)
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Error(err)
				}
				continue
			}
			if len(plain) > len(b) {
				t.Error("more than there was")
			}
			if _, err := keys.Check(plain); err == nil {
				t.Error("a forged message is taken")
			}
		}
	})
}
