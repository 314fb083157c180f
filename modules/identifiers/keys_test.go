package identifiers

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// keyPair returns a new private key, and its public key as a registrant gives it.
func keyPair(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// jwkOf writes a public key as a JWK (RFC 7518 §6.3.1).
func jwkOf(t *testing.T, k *rsa.PrivateKey, more map[string]string) string {
	t.Helper()
	out := map[string]string{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes())}
	maps.Copy(out, more)
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestKeysOfChange(t *testing.T) {
	key, text := keyPair(t)
	_, other := keyPair(t)
	jwk := jwkOf(t, key, nil)
	for _, tt := range []struct {
		name  string
		c     Change
		wrong string
	}{
		{"PEM and a JWK", Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{text, jwk}}, ""},
		{"none: nobody registers by the protocol", Change{Change: Rekey, Prefix: "88.500.1"}, ""},
		{"of an allocation", Change{Change: Allocate, Holder: "r1", Keys: []string{text}}, ""},
		{"with a suspension", Change{Change: Suspend, Prefix: "88.500.1", Reason: "x", Keys: []string{text}}, "a change of keys changes them"},
		{"a private JWK", Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{jwkOf(t, key, map[string]string{"d": "x"})}}, "is a private one"},
		{"a JWK of a curve", Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{`{"kty":"EC"}`}}, "cannot be read"},
		{"words", Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{"ssh-rsa AAAA"}}, "cannot be read"},
		{"one twice", Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{text, text}}, "key 2 is there twice"},
		{"too many", Change{Change: Rekey, Prefix: "88.500.1", Keys: make([]string, 9)}, "at most 8"},
	} {
		err := tt.c.valid()
		if tt.wrong == "" && err != nil || tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.wrong)
		}
	}
	if got := splitKeys("\r\n" + text + jwk + "\n" + strings.ReplaceAll(other, "\n", "\r\n")); len(got) != 3 || got[1] != jwk || got[2]+"\n" != other {
		t.Errorf("%d keys: %q", len(got), got)
	}
	if got := splitKeys(jwk + "\n" + text + other); len(got) != 3 || got[0] != jwk || got[1]+"\n" != text || got[2]+"\n" != other {
		t.Errorf("%q", got)
	}
	if got := splitKeys(" \n"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// TestServerKey: the key is made once, readable by its owner alone, and never written over.
func TestServerKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "identifiers")
	first, err := serverKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := serverKey(dir)
	if err != nil || !again.Equal(first) {
		t.Errorf("another key, %v", err)
	}
	name := filepath.Join(dir, keyFile)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	for _, text := range []string{"", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := serverKey(dir); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", text, err)
		}
		if left, err := os.ReadFile(name); err != nil || string(left) != text {
			t.Errorf("%q is written over, %v", text, err)
		}
	}
}

// TestRegistrantByProtocol: who holds the key that was enrolled with a prefix registers and
// deletes below it over the wire, up to the quota; after a change of keys no more.
func TestRegistrantByProtocol(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.dir = t.TempDir()
		st.Open = func(context.Context, string) (records.Store, error) { return records.NewMemory(st.now), nil }
		key, text := keyPair(t)
		_, other := keyPair(t)
		r := factory()
		c, err := st.Propose(as(t, actor.Clerk), Change{Change: Allocate, Registrant: &r, Quota: 2, Keys: []string{text}})
		if err != nil {
			t.Fatal(err)
		}
		st.step(as(t, actor.Steward), t, c.ID, "verified")
		st.step(as(t, actor.Leader), t, c.ID, "approve")
		at := st.listening(t)
		who := client.Identity{Reference: handle.Reference{Name: "0.NA/88.500.1", Index: keyIndex}, Key: key}
		create := func(name string) wire.Code {
			t.Helper()
			admin := typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: who.Reference})
			rec := handle.Record{Name: handle.Name(name), Values: []handle.Value{{Index: 1, Type: "URL", Data: []byte("u"), Perm: handle.Usual}, {Index: 100, Type: handle.TypeAdmin, Data: admin, Perm: handle.Usual}}}
			return st.asks(t, at, who, wire.OpCreate, body.AppendRecord(nil, rec))
		}
		for i, tt := range []struct {
			name string
			want wire.Code
		}{
			{"88.500.1/a", wire.Success}, {"88.500.1/b", wire.Success}, {"88.500.1/c", wire.InvalidValue}, {"88.500.2/a", wire.NotFound},
		} {
			if got := create(tt.name); got != tt.want {
				t.Errorf("%d. %s: %v, want %v", i, tt.name, got, tt.want)
			}
		}
		if got := st.asks(t, at, who, wire.OpDelete, body.AppendName(nil, "88.500.1/a")); got != wire.Success {
			t.Errorf("deletion: %v", got)
		}
		if got := create("88.500.1/c"); got != wire.Success {
			t.Errorf("in the room that it left: %v", got)
		}
		if got := st.asks(t, at, who, wire.OpDelete, body.AppendName(nil, "0.NA/88.500.1")); got == wire.Success {
			t.Error("a registrant deletes the record of its prefix")
		}
		if c, err = st.Propose(as(t, actor.Clerk), Change{Change: Rekey, Prefix: "88.500.1", Keys: []string{other}}); err != nil {
			t.Fatal(err)
		}
		st.step(as(t, actor.Leader), t, c.ID, "approve")
		if got := st.asks(t, at, who, wire.OpDelete, body.AppendName(nil, "88.500.1/c")); got != wire.ChallengeFailed {
			t.Errorf("by the key that was replaced: %v", got)
		}
	})
}

// listening lets the node of a stage answer by TCP on loopback.
func (st *stage) listening(t *testing.T) netip.AddrPort {
	t.Helper()
	if err := st.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ln, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, st.answering(), server.Config{}, nil, []*net.TCPListener{ln}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return netip.MustParseAddrPort(ln.Addr().String())
}

// asks sends one request as an identity and returns the code of its answer.
func (st *stage) asks(t *testing.T, at netip.AddrPort, who client.Identity, op wire.Op, content []byte) wire.Code {
	t.Helper()
	d, err := (&client.Client{Timeout: 10 * time.Second}).Dial(t.Context(), at, who)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // all is said
	got, err := d.Ask(op, 0, content)
	if err != nil {
		t.Fatal(err)
	}
	return got.Code
}
