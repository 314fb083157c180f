package seal

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"

	"yuzhou/kernel/fault"
)

var (
	key    = Key("0123456789abcdef0123456789abcdef")
	words  = Passphrase{Secret: []byte("correct horse battery staple"), Memory: minMemory, Passes: 2, Lanes: 1}
	town   = Binding{Unit: "did:web:yuzhou.example", Key: "key-1"}
	secret = []byte("a private key of Ed25519, 32 B!!")
)

// closed checks for the one sentence.
func closed(tb testing.TB, err error) {
	tb.Helper()
	if fault.KindOf(err) != fault.Forbidden || !strings.HasPrefix(err.Error(), "seal: the envelope does not open: ") || strings.Count(err.Error(), ":") != 2 {
		tb.Errorf("got %v, want the one sentence", err)
	}
}

func TestSealOpen(t *testing.T) {
	for _, tt := range []struct {
		name string
		kek  KEK
	}{{"key", key}, {"passphrase", words}} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range [][]byte{{0}, secret, make([]byte, MaxSecret)} {
				e, err := Seal(t.Context(), in, tt.kek, town)
				if err != nil {
					t.Fatal(err)
				}
				out, err := Open(t.Context(), e, tt.kek, town)
				if err != nil || !bytes.Equal(in, out) {
					t.Errorf("%d bytes: %v", len(in), err)
				}
				if strings.ContainsAny(e, " \n") {
					t.Errorf("not one word: %q", e)
				}
				if other, _ := Seal(t.Context(), in, tt.kek, town); other == e {
					t.Error("sealed twice it reads the same")
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	byKey, err := Seal(t.Context(), secret, key, town)
	if err != nil {
		t.Fatal(err)
	}
	byWords, err := Seal(t.Context(), secret, words, town)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(key)
	other[0] ^= 1
	for _, tt := range []struct {
		name     string
		envelope string
		kek      KEK
		to       Binding
	}{
		{"another key", byKey, Key(other), town},
		{"a short key", byKey, key[:31], town},
		{"a passphrase for a key", byKey, words, town},
		{"a key for a passphrase", byWords, key, town},
		{"another passphrase", byWords, Passphrase{Secret: []byte("correct horse battery stapler")}, town},
		{"a short passphrase", byWords, Passphrase{Secret: []byte("x")}, town},
		{"another unit", byKey, key, Binding{"did:web:other.example", "key-1"}},
		{"another key id", byKey, key, Binding{town.Unit, "key-2"}},
		{"the border moved", byKey, key, Binding{town.Unit + "k", "ey-1"}},
		{"no binding", byKey, key, Binding{}},
		{"a newline", byKey + "\n", key, town},
		{"a newline within", byKey[:len(byKey)-3] + "\n" + byKey[len(byKey)-3:], key, town},
		{"padding", byKey + "=", key, town},
		{"another version", strings.Replace(byKey, "seal-1", "seal-2", 1), key, town},
		{"another cipher", strings.Replace(byKey, "xcha", "cha", 1), key, town},
		{"another scheme", strings.Replace(byKey, hkdfScheme, "none", 1), key, town},
		{"no cost", strings.Replace(byWords, "m=19456", "m=1", 1), words, town},
		{"all the memory", strings.Replace(byWords, "m=19456", "m=4294967295", 1), words, town},
		{"beyond a number", strings.Replace(byWords, "m=19456", "m=99999999999", 1), words, town},
		{"a cost written otherwise", strings.Replace(byWords, "m=19456", "m=019456", 1), words, town},
		{"another cost", strings.Replace(byWords, "t=2", "t=3", 1), words, town},
		{"nothing", "", key, town},
		{"rubbish", "hello", key, town},
		{"too long", strings.Repeat("A", maxEnvelope+1), key, town},
		{"an envelope that was never sealed", byKey[:strings.LastIndex(byKey, ":")+1], key, town},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Open(t.Context(), tt.envelope, tt.kek, tt.to)
			closed(t, err)
			if out != nil {
				t.Errorf("and %q was given", out)
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		secret []byte
		kek    KEK
		to     Binding
		words  string
	}{
		{"no secret", nil, key, town, "the secret has 0 bytes"},
		{"a long secret", make([]byte, MaxSecret+1), key, town, "1 to 16384"},
		{"a short key", secret, key[:16], town, "the key has 16 bytes"},
		{"a short passphrase", secret, Passphrase{Secret: []byte("short")}, town, "the passphrase has 5 bytes"},
		{"a cheap passphrase", secret, Passphrase{Secret: words.Secret, Memory: 8}, town, "the cost of argon2id"},
		{"no unit", secret, key, Binding{Key: "k"}, "bound to"},
		{"no key id", secret, key, Binding{Unit: "u"}, "bound to"},
		{"a device with a colon", secret, device{scheme: "a:b"}, town, "the scheme"},
		{"a device with no name", secret, device{}, town, "the scheme"},
		{"a device with a short key", secret, device{scheme: "hsm", key: make([]byte, 8)}, town, "the derived key has 8 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Seal(t.Context(), tt.secret, tt.kek, tt.to)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want %q", err, tt.words)
			}
		})
	}
}

// device is an HSM: its key stays within.
type device struct {
	scheme string
	key    []byte
	err    error
	given  *[]byte // what it gave last
}

func (d device) Scheme() string { return d.scheme }

func (d device) Derive(_ context.Context, _ string, salt []byte) ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	if len(d.key) != 32 {
		return bytes.Clone(d.key), nil // what is given is overwritten
	}
	mac := hmac.New(sha256.New, d.key)
	mac.Write(salt)
	k := mac.Sum(nil)
	if d.given != nil {
		*d.given = k
	}
	return k, nil
}

func TestDevice(t *testing.T) {
	var given []byte
	d := device{scheme: "hsm-hmac,slot=3", key: key, given: &given}
	e, err := Seal(t.Context(), secret, d, town)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(given, make([]byte, 32)) {
		t.Error("the key was not overwritten after sealing")
	}
	out, err := Open(t.Context(), e, d, town)
	if err != nil || !bytes.Equal(out, secret) {
		t.Fatal(err)
	}
	if !bytes.Equal(given, make([]byte, 32)) {
		t.Error("the key was not overwritten after opening")
	}
	d.err = fault.New(fault.Busy, "the device is not there")
	if _, err = Open(t.Context(), e, d, town); fault.KindOf(err) != fault.Busy {
		t.Errorf("the device is not there: %v", err)
	}
	d.err = errors.New("no such key")
	_, err = Open(t.Context(), e, d, town)
	closed(t, err)
	p, err := Parse(e)
	if err != nil || p.Scheme != d.scheme || p.Cipher != cipher {
		t.Errorf("%+v, %v", p, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Seal(ctx, secret, words, town); !errors.Is(err, context.Canceled) {
		t.Errorf("broken off: %v", err)
	}
}

func TestReseal(t *testing.T) {
	e, err := Seal(t.Context(), secret, words, town)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Reseal(t.Context(), e, words, key, town)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Open(t.Context(), again, key, town)
	if err != nil || !bytes.Equal(out, secret) {
		t.Errorf("%q, %v", out, err)
	}
	_, err = Reseal(t.Context(), e, key, key, town)
	closed(t, err)
	Wipe(out)
	if !bytes.Equal(out, make([]byte, len(secret))) {
		t.Error("not overwritten")
	}
}

// TestGolden opens envelopes that were written once and must open for ever, and writes
// them again from the same salt and nonce.
func TestGolden(t *testing.T) {
	drawn := make([]byte, saltSize+24)
	for i := range drawn {
		drawn[i] = byte(i)
	}
	for _, tt := range []struct {
		name string
		kek  KEK
	}{
		{"key", key},
		{"passphrase", words},
		{"passphrase-default", Passphrase{Secret: words.Secret}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join("testdata", tt.name+".seal")
			got, err := sealWith(t.Context(), secret, tt.kek, town, drawn)
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				if err = os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Fatalf("%v\n got %s\nwant %s", err, got, want)
			}
			out, err := Open(t.Context(), string(want), tt.kek, town)
			if err != nil || !bytes.Equal(out, secret) {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
}

// TestPlain opens an envelope with a second, plain implementation written from the
// package comment: HKDF by HMAC (RFC 5869), XChaCha20 by HChaCha20.
func TestPlain(t *testing.T) {
	e, err := Seal(t.Context(), secret, key, town)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(e, ":")
	var raw [3][]byte
	for i := range raw {
		if raw[i], err = base64.RawURLEncoding.DecodeString(parts[3+i]); err != nil {
			t.Fatal(err)
		}
	}
	mac := func(k []byte, in string) []byte {
		h := hmac.New(sha256.New, k)
		h.Write([]byte(in))
		return h.Sum(nil)
	}
	derived := mac(mac(raw[0], string(key)), "yuzhou-seal-1\x01")
	sub, err := chacha20.HChaCha20(derived, raw[1][:16])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := chacha20poly1305.New(sub)
	if err != nil {
		t.Fatal(err)
	}
	ad := strings.Join(parts[:5], ":") + ":\x00\x00\x00\x00\x00\x00\x00\x16did:web:yuzhou.example\x00\x00\x00\x00\x00\x00\x00\x05key-1"
	out, err := aead.Open(nil, append(make([]byte, 4), raw[1][16:]...), raw[2], []byte(ad))
	if err != nil || !bytes.Equal(out, secret) {
		t.Errorf("%q, %v", out, err)
	}
}

// quick is a Passphrase whose Argon2id is exchanged for a hash: 10,000 derivations
// would take minutes. It reads the cost as Passphrase does.
// TestMutations changes every bit of an envelope, and 10,000 times bytes at random.
// mutate changes, inserts, removes, repeats or swaps.
