package trust_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/trust"
)

const made = "../wire/testdata/handlenet/made/"

// lines are a file of recorded tokens or digests, by their first column.
func lines(tb testing.TB, file string) map[string][]string {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(strings.TrimSpace(line), "\t"); !strings.HasPrefix(line, "#") {
			out[cells[0]] = cells[1:]
		}
	}
	return out
}

// signer is the key that Handle.Net signed with.
func signer(tb testing.TB) crypto.PublicKey {
	tb.Helper()
	text, err := os.ReadFile("../wire/testdata/handlenet/key-admin.pub.hex")
	if err != nil {
		tb.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		tb.Fatal(err)
	}
	key, err := auth.ParsePublicKey(b)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// signedRecord is what the recorded signature is of.
func signedRecord(t *testing.T) handle.Record {
	t.Helper()
	rec := handle.Record{Name: "88.709.911/signed"}
	digests := lines(t, made+"digests.tsv")
	for _, index := range []string{"1", "2", "3"} {
		b, err := hex.DecodeString(digests[index][0])
		if err != nil {
			t.Fatal(err)
		}
		v, _, err := handle.ParseValue(b)
		if err != nil {
			t.Fatal(err)
		}
		if got := trust.DigestOf(v); got != digests[index][1] {
			t.Errorf("value %s: %s, want %s", index, got, digests[index][1])
		}
		rec.Values = append(rec.Values, v)
	}
	return rec
}

const now = 1_800_000_000

func TestRecorded(t *testing.T) {
	tokens := lines(t, made+"trust.tsv")
	rec := signedRecord(t)
	key := signer(t)
	prefix := []trust.Permission{{Handle: "0.NA/88.709.911", Level: trust.Everything}}
	root := []trust.Anchor{{Identity: "300:0.NA/88.709", Key: key, Permissions: []trust.Permission{{Handle: "0.NA/88.709", Level: trust.Everything}}}}
	self := []trust.Anchor{{Identity: "300:88.709.911/ADMIN", Key: key, Permissions: prefix}}
	stranger := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(3), 2046), E: 65537}
	changed := handle.Record{Name: rec.Name, Values: append([]handle.Value(nil), rec.Values...)}
	changed.Values[1].Data = []byte("changed")
	more := handle.Record{Name: rec.Name, Values: append([]handle.Value{{Index: 9, Type: "URL"}}, rec.Values...)}
	for _, tt := range []struct {
		name    string
		rec     handle.Record
		chain   []string
		anchors []trust.Anchor
		now     int64
		bad     string // the sentence of the first finding that is not good
	}{
		{name: "by an anchor", rec: rec, anchors: self},
		{name: "a part", rec: handle.Record{Name: rec.Name, Values: rec.Values[1:2]}, anchors: self},
		{name: "by a chain", rec: rec, chain: []string{"cert-everything"}, anchors: root},
		{name: "by a chain for identifiers", rec: rec, chain: []string{"cert-handlesUnderThisPrefix"}, anchors: root},
		{name: "a chain for the prefix alone", rec: rec, chain: []string{"cert-thisHandle"}, anchors: root, bad: "may not sign"},
		{name: "a chain for prefixes below", rec: rec, chain: []string{"cert-derivedPrefixes"}, anchors: root, bad: "may not sign"},
		{name: "a chain that gives too much", rec: rec, chain: []string{"cert-everything"}, anchors: []trust.Anchor{{Identity: "300:0.NA/88.709", Key: key, Permissions: []trust.Permission{{Handle: "0.NA/88.70", Level: trust.Everything}}}}, bad: "which it does not have"},
		{name: "no anchor", rec: rec, chain: []string{"cert-everything"}, bad: "no chain leads"},
		{name: "no anchor and no chain", rec: rec, bad: "no chain leads"},
		{name: "another key", rec: rec, anchors: []trust.Anchor{{Identity: "300:88.709.911/ADMIN", Key: stranger, Permissions: prefix}}, bad: "not by the key"},
		{name: "another key above", rec: rec, chain: []string{"cert-everything"}, anchors: []trust.Anchor{{Identity: "300:0.NA/88.709", Key: stranger, Permissions: prefix}}, bad: "not by the key"},
		{name: "another record", rec: handle.Record{Name: "88.709.911/other"}, anchors: self, bad: "not of 88.709.911/other"},
		{name: "a changed value", rec: changed, anchors: self, bad: "value 2 is not what was signed"},
		{name: "a value too much", rec: more, anchors: self, bad: "value 9 is not signed"},
		{name: "too early", rec: rec, anchors: self, now: 1_700_000_000, bad: "not good yet"},
		{name: "too late", rec: rec, anchors: self, now: 4_102_444_800, bad: "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var chain []string
			for _, c := range tt.chain {
				chain = append(chain, tokens[c][0])
			}
			if tt.now == 0 {
				tt.now = now
			}
			findings, err := trust.Check(tt.rec, tokens["signature"][0], chain, tt.anchors, tt.now)
			if err != nil || len(findings) == 0 {
				t.Fatal(findings, err)
			}
			bad := ""
			for _, f := range findings {
				if !f.Good && bad == "" {
					bad = f.Sentence
				}
			}
			if (bad == "") != (tt.bad == "") || !strings.Contains(bad, tt.bad) {
				t.Errorf("%q, want %q", bad, tt.bad)
			}
		})
	}
}

func TestSign(t *testing.T) {
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	e, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, d, _ := ed25519.GenerateKey(rand.Reader)
	s, _ := sm2.GenerateKey(rand.Reader)
	rec := signedRecord(t)
	for i, key := range []crypto.Signer{r, e, d, s} {
		token, err := trust.Sign(rand.Reader, trust.SignatureOf(rec, "300:88.1/a", trust.Times{}), key)
		if err != nil {
			t.Fatal(err)
		}
		for j, other := range []crypto.Signer{r, e, d, s} {
			anchors := []trust.Anchor{{Identity: "300:88.1/a", Key: other.Public(), Permissions: []trust.Permission{{Handle: rec.Name, Level: trust.ThisHandle}}}}
			findings, err := trust.Check(rec, token, nil, anchors, now)
			if err != nil || findings[0].Good != (i == j) {
				t.Errorf("%T by %T: %v %v", key, other, findings, err)
			}
		}
	}
}

func TestTokensRefused(t *testing.T) {
	enc := base64.RawURLEncoding.EncodeToString
	for name, s := range map[string]string{
		"empty":         "",
		"no algorithm":  enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(`{}`)) + ".",
		"critical":      enc([]byte(`{"alg":"RS256","crit":["x"]}`)) + "." + enc([]byte(`{}`)) + ".",
		"a claim twice": enc([]byte(`{"alg":"RS256"}`)) + "." + enc([]byte(`{"iss":"a","ISS":"b"}`)) + ".",
		"no object":     enc([]byte(`{"alg":"RS256"}`)) + "." + enc([]byte(`[]`)) + ".",
		"padding":       enc([]byte(`{"alg":"RS256"}`)) + "." + enc([]byte(`{}`)) + ".YQ==",
	} {
		if _, err := trust.ParseToken(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	for _, cells := range lines(f, made+"trust.tsv") {
		f.Add(cells[0])
	}
	key := signer(f)
	f.Fuzz(func(t *testing.T, s string) {
		token, err := trust.ParseToken(s)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if err := token.Verify(key); err != nil && fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if _, err := trust.Check(handle.Record{Name: "88.1/x"}, s, []string{s}, nil, now); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	})
}
