package auth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

func unhex(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("../wire/testdata/handlenet/" + name + ".hex")
	if err != nil {
		tb.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// exchange reads a recorded challenge and its answer.
func exchange(tb testing.TB, challenge, answer string) (auth.Question, access.ChallengeAnswer) {
	tb.Helper()
	m, err := wire.Parse(unhex(tb, challenge))
	if err != nil {
		tb.Fatal(err)
	}
	c, err := access.ParseChallenge(m)
	if err != nil {
		tb.Fatal(err)
	}
	m, err = wire.Parse(unhex(tb, answer))
	if err != nil {
		tb.Fatal(err)
	}
	a, err := access.ParseChallengeAnswer(m.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return auth.Question{Nonce: c.Nonce, Digest: c.Digest.Sum, Version: m.Version, Old: true}, a
}

// keys are those of the recorded exchanges.
func keys(tb testing.TB) map[string]handle.Value {
	tb.Helper()
	point := unhex(tb, "cn/key-admin-sm2.pub")
	return map[string]handle.Value{
		"rsa":    {Type: handle.TypePublicKey, Data: unhex(tb, "key-admin.pub")},
		"dsa":    {Type: handle.TypePublicKey, Data: unhex(tb, "key-admin-dsa.pub")},
		"secret": {Type: handle.TypeSecretKey, Data: unhex(tb, "key-secret")},
		"sm2":    {Type: handle.TypePublicKey, Data: octets.AppendBytes(append(octets.AppendBytes(nil, "SM2_PUB_KEY"), 0, 0), point)},
	}
}

// TestVerifyRecorded takes what Handle.Net's and the Chinese clients answered, and
// nothing else: no other nonce, digest, answer or key.
func TestVerifyRecorded(t *testing.T) {
	for _, tt := range []struct{ challenge, answer, key string }{
		{"read-private-rsa-1", "read-private-rsa-2", "rsa"},
		{"read-private-rsa-2.0-1", "read-private-rsa-2.0-2", "rsa"},
		{"read-private-rsa-2.1-1", "read-private-rsa-2.1-2", "rsa"},
		{"read-private-rsa-2.6-1", "read-private-rsa-2.6-2", "rsa"},
		{"read-private-rsa-2.7-1", "read-private-rsa-2.7-2", "rsa"},
		{"read-private-dsa-1", "read-private-dsa-2", "dsa"},
		{"read-private-pbkdf2-1", "read-private-pbkdf2-2", "secret"},
		{"read-private-secret-2.0-1", "read-private-secret-2.0-2", "secret"},
		{"read-private-secret-2.1-1", "read-private-secret-2.1-2", "secret"},
		{"read-private-secret-2.4-1", "read-private-secret-2.4-2", "secret"},
		{"read-private-secret-2.6-1", "read-private-secret-2.6-2", "secret"},
		{"read-private-secret-2.7-1", "read-private-secret-2.7-2", "secret"},
		{"cn/idpointer-login-rsa-2", "cn/idpointer-login-rsa-3", "rsa"},
		{"cn/idpointer-login-sm2-2", "cn/idpointer-login-sm2-3", "sm2"},
		{"cn/idsdk-login-2", "cn/idsdk-login-3", "rsa"},
	} {
		t.Run(tt.answer, func(t *testing.T) {
			q, a := exchange(t, tt.challenge+".resp", tt.answer+".req")
			key := keys(t)[tt.key]
			if err := auth.Verify(q, a, key); err != nil {
				t.Fatal(err)
			}
			for name, other := range keys(t) {
				if err := auth.Verify(q, a, other); name != tt.key && err == nil {
					t.Errorf("taken for the key %s", name)
				}
			}
			for i, part := range []*[]byte{&q.Nonce, &q.Digest, &a.Answer} {
				kept := *part
				*part = bytes.Clone(kept)
				(*part)[len(kept)-1] ^= 1
				if err := auth.Verify(q, a, key); fault.KindOf(err) != fault.Forbidden && fault.KindOf(err) != fault.Invalid {
					t.Errorf("part %d changed: %v", i, err)
				}
				*part = kept
			}
		})
	}
}

// TestWrongKey has Handle.Net's client answer with a key that is not the identity's.
func TestWrongKey(t *testing.T) {
	q, a := exchange(t, "read-private-wrong-key-1.resp", "read-private-wrong-key-2.req")
	for name, key := range keys(t) {
		if err := auth.Verify(q, a, key); err == nil {
			t.Error(name)
		}
	}
}

func TestAnswers(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sm, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	who := handle.Reference{Name: "88.118.2/admin", Index: 300}
	for _, minor := range []byte{0, 1, 6, 7, 11} {
		q := auth.Question{Nonce: []byte("0123456789abcdef"), Digest: []byte("digest"), Version: wire.Version{Major: 2, Minor: minor}, Old: true}
		secret := []byte("标识")
		answer, err := auth.AnswerSecret(rand.Reader, q, secret)
		if err != nil {
			t.Fatal(err)
		}
		a := access.ChallengeAnswer{Type: handle.TypeSecretKey, Identity: who, Answer: answer}
		if err := auth.Verify(q, a, handle.Value{Type: handle.TypeSecretKey, Data: secret}); err != nil {
			t.Errorf("2.%d: %v", minor, err)
		}
		q.Old = false
		if err := auth.Verify(q, a, handle.Value{Type: handle.TypeSecretKey, Data: secret}); (err != nil) != (minor == 0) {
			t.Errorf("2.%d without MD5: %v", minor, err)
		}
		answer, err = auth.AnswerKey(rand.Reader, q, who.Name, private)
		check(t, q, access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: who, Answer: answer}, &private.PublicKey, err)
		answer, err = auth.AnswerKey(rand.Reader, q, who.Name, sm)
		a = access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: who, Answer: answer}
		check(t, q, a, &sm.PublicKey, err)
		a.Identity.Name = "88.118.2/other" // its name is part of an SM2 signature
		data, _ := auth.AppendPublicKey(nil, &sm.PublicKey)
		if err := auth.Verify(q, a, handle.Value{Type: handle.TypePublicKey, Data: data}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	}
}

func check(t *testing.T, q auth.Question, a access.ChallengeAnswer, key any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := auth.AppendPublicKey(nil, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Verify(q, a, handle.Value{Type: handle.TypePublicKey, Data: data}); err != nil {
		t.Error(err)
	}
}

// TestBoundedWork refuses what would make the server derive keys for minutes.
func TestBoundedWork(t *testing.T) {
	for _, tail := range []string{
		"\x00\x00\x00\x00" + "\xff\xff\xff\xff" + "\x00\x00\x00\xa0" + "\x00\x00\x00\x00",
		"\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\xa0" + "\x00\x00\x00\x00",
		"\x00\x00\x00\x00" + "\x00\x00\x00\x01" + "\xff\xff\xff\xf8" + "\x00\x00\x00\x00",
		"\x00\x00\x00\x00" + "\x00\x00\x00\x01" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00",
	} {
		err := auth.Verify(auth.Question{}, access.ChallengeAnswer{Type: handle.TypeSecretKey, Answer: []byte("\x22" + tail)}, handle.Value{Type: handle.TypeSecretKey, Data: []byte("k")})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", tail, err)
		}
	}
}

func TestEmptySecret(t *testing.T) {
	q := auth.Question{Version: wire.Newest()}
	a, err := auth.AnswerSecret(rand.Reader, q, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Verify(q, access.ChallengeAnswer{Type: handle.TypeSecretKey, Answer: a}, handle.Value{Type: handle.TypeSecretKey}); fault.KindOf(err) != fault.Forbidden {
		t.Error(err)
	}
}

func TestPublicKeys(t *testing.T) {
	for _, name := range []string{"key-admin.pub", "key-admin-dsa.pub", "key-server.pub"} {
		data := unhex(t, name)
		key, err := auth.ParsePublicKey(data)
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := auth.AppendPublicKey(nil, key)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: %v\n%x\n%x", name, err, data, again)
		}
		for n := range data {
			if _, err := auth.ParsePublicKey(data[:n]); fault.KindOf(err) != fault.Invalid && n != len(data)-4 {
				t.Errorf("%s cut off after %d bytes: %v", name, n, err)
			}
		}
	}
}

func TestChallenges(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	c := auth.Challenges[string]{Most: 2, Age: time.Minute}
	id, nonce, err := c.Issue(rand.Reader, now, "a")
	if err != nil || len(nonce) != auth.NonceSize || id == 0 {
		t.Fatal(id, nonce, err)
	}
	other, _, err := c.Issue(rand.Reader, now, "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Issue(rand.Reader, now, "c"); fault.KindOf(err) != fault.Busy {
		t.Error(err)
	}
	got, about, err := c.Take(now, id)
	if err != nil || about != "a" || !bytes.Equal(got, nonce) {
		t.Error(got, about, err)
	}
	if _, _, err := c.Take(now, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("taken twice: %v", err)
	}
	if _, _, err := c.Take(now.Add(time.Minute), other); fault.KindOf(err) != fault.NotFound {
		t.Errorf("taken too late: %v", err)
	}
	for i := range 2 {
		if _, _, err := c.Issue(bytes.NewReader(make([]byte, 20)), now.Add(time.Hour), strconv.Itoa(i)); err != nil {
			t.Errorf("the same id drawn twice: %v", err)
		}
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, v := range keys(f) {
		f.Add(v.Data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := auth.ParsePublicKey(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		data, err := auth.AppendPublicKey(nil, key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := auth.ParsePublicKey(data)
		if err != nil {
			t.Fatal(err)
		}
		if once, err := auth.AppendPublicKey(nil, again); err != nil || !bytes.Equal(once, data) {
			t.Errorf("%x\n%x %v", data, once, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	values := keys(f)
	for _, name := range []string{"rsa", "dsa", "pbkdf2"} {
		_, a := exchange(f, "read-private-"+name+"-1.resp", "read-private-"+name+"-2.req")
		f.Add(a.Answer)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for name, key := range values {
			q := auth.Question{Nonce: []byte("a nonce of no one"), Version: wire.Newest(), Old: true}
			err := auth.Verify(q, access.ChallengeAnswer{Type: key.Type, Identity: handle.Reference{Name: "88.1/x", Index: 1}, Answer: answer}, key)
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Forbidden {
				t.Error(name, err)
			}
		}
	})
}
