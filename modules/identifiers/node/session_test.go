package node_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
)

// newServed is an office with a key of its own that listens on loopback.
func newServed(t *testing.T) (*office, netip.AddrPort, *rsa.PrivateKey) {
	t.Helper()
	o := newOffice(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	o.Key, o.Own = func() crypto.Signer { return key }, "88.118.2"
	udp, tcp := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- server.Serve(ctx, o.Node, server.Config{}, []*net.UDPConn{udp}, []*net.TCPListener{tcp})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return o, netip.MustParseAddrPort(tcp.Addr().String()), key
}

func dialog(t *testing.T, o *office, at netip.AddrPort, index uint32) *client.Dialog {
	t.Helper()
	who := client.Identity{Reference: handle.Reference{Name: "88.118.2/who", Index: index}, Key: o.owner}
	if index == 301 {
		who.Key, who.Secret = nil, []byte("密码")
	}
	d, err := (&client.Client{Timeout: 10 * time.Second}).Dial(t.Context(), at, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestDialog: our client and our server, outside sessions and in one: creation, a value
// that is not public, minting, lists, deletion.
func TestDialog(t *testing.T) {
	o, at, key := newServed(t)
	private := value(2, "NOTE", "secret note")
	private.Perm = handle.AdminRead | handle.AdminWrite
	nobody := value(3, "NOTE", "nobody's")
	nobody.Perm = 0
	admin := value(100, handle.TypeAdmin, string(typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "88.118.2/who", Index: 300}})))
	for _, secure := range []bool{false, true} {
		d := dialog(t, o, at, 300)
		if secure {
			if err := d.Secure(&key.PublicKey); err != nil {
				t.Fatal(err)
			}
		}
		rec := handle.Record{Name: "88.118.2/d", Values: []handle.Value{value(1, "URL", "u"), private, nobody, admin}}
		ask := func(op wire.Op, flags wire.Flags, content []byte) []byte {
			t.Helper()
			got, err := d.Ask(op, flags, content)
			if err != nil || got.Code != wire.Success || got.Op != op {
				t.Fatalf("secure %v, %v: %v %v %q", secure, op, got.Code, err, got.Body)
			}
			_, content, err = access.Content(got)
			if err != nil {
				t.Fatal(err)
			}
			return content
		}
		ask(wire.OpCreate, 0, body.AppendRecord(nil, rec))
		read, err := body.ParseRecord(ask(wire.OpResolve, 0, body.AppendResolve(nil, body.Resolve{Name: []byte(rec.Name)})))
		if err != nil || len(read.Values) != 3 || string(read.Values[1].Data) != "secret note" {
			t.Errorf("secure %v: an administrator reads %v, %v", secure, read.Values, err)
		}
		minted, err := body.ParseName(ask(wire.OpCreate, wire.MintSuffix, body.AppendRecord(nil, handle.Record{Name: "88.118.2/lot-", Values: rec.Values})))
		if err != nil || len(minted) != len("88.118.2/lot-")+36 {
			t.Errorf("minted: %q, %v", minted, err)
		}
		names, err := body.ParseNames(ask(wire.OpList, 0, body.AppendName(nil, "0.NA/88.118.2")))
		if err != nil || len(names) != 3 {
			t.Errorf("listed: %v, %v", names, err)
		}
		homed, err := body.ParseNames(ask(wire.OpListHomed, 0, body.AppendName(nil, "/")))
		if err != nil || len(homed) != 1 || homed[0] != "0.NA/88.118.2" {
			t.Errorf("homed: %v, %v", homed, err)
		}
		ask(wire.OpDelete, 0, body.AppendName(nil, minted))
		ask(wire.OpDelete, 0, body.AppendName(nil, rec.Name))
		if secure {
			ask(wire.OpTerminateSession, 0, nil)
			if got, err := d.Ask(wire.OpSiteInfo, 0, nil); err != nil || got.Code != wire.SessionTimeout {
				t.Errorf("after its end: %v, %v", got.Code, err)
			}
		}
	}
}

// TestReadPermissions: who may not read a value gets it in no way that values are read.
func TestReadPermissions(t *testing.T) {
	o, at, _ := newServed(t)
	private := value(2, "NOTE", "private")
	private.Perm = handle.AdminRead
	unread := value(3, "NOTE", "unread")
	unread.Perm = 0
	secret := value(4, handle.TypeSecretKey, "secret") // public by mistake
	admin := value(100, handle.TypeAdmin, string(typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "88.118.2/who", Index: 300}})))
	rec := handle.Record{Name: "88.118.2/p", Values: []handle.Value{value(1, "URL", "u"), private, unread, secret, admin}}
	if _, err := o.store.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Put, Record: rec}}}); err != nil {
		t.Fatal(err)
	}
	owner, stranger := dialog(t, o, at, 300), dialog(t, o, at, 301)
	for _, tt := range []struct {
		name  string
		by    *client.Dialog
		flags wire.Flags
		q     handle.Query
		want  string // the data that is read of 1 to 4
		code  wire.Code
	}{
		{"owner, all", owner, 0, handle.Query{}, "u private secret ", wire.Success},
		{"owner, what is public", owner, wire.PublicOnly, handle.Query{}, "u ", wire.Success},
		{"owner, what nobody reads", owner, 0, handle.Query{Indexes: []uint32{3}}, "", wire.ValueNotFound},
		{"owner, a secret key", owner, 0, handle.Query{Indexes: []uint32{4}}, "secret ", wire.Success},
		{"stranger, all", stranger, 0, handle.Query{}, "u ", wire.Success},
		{"stranger, by index", stranger, 0, handle.Query{Indexes: []uint32{2}}, "", wire.ValueNotFound},
		{"stranger, a secret key by its type", stranger, 0, handle.Query{Types: []string{handle.TypeSecretKey}}, "", wire.ValueNotFound},
		{"anybody, all again, from what is kept", stranger, wire.PublicOnly, handle.Query{}, "u ", wire.Success},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.by.Ask(wire.OpResolve, tt.flags, body.AppendResolve(nil, body.Resolve{Name: []byte(rec.Name), Query: tt.q}))
			if err != nil || got.Code != tt.code {
				t.Fatalf("%v, %v; want %v", got.Code, err, tt.code)
			}
			if tt.code != wire.Success {
				return
			}
			_, content, err := access.Content(got)
			if err != nil {
				t.Fatal(err)
			}
			read, err := body.ParseRecord(content)
			if err != nil {
				t.Fatal(err)
			}
			var have strings.Builder
			for _, v := range read.Values {
				if v.Index < 100 {
					have.WriteString(string(v.Data) + " ")
				}
			}
			if have.String() != tt.want {
				t.Errorf("%q is read, want %q", have.String(), tt.want)
			}
		})
	}
	for _, q := range []handle.Query{{}, {Indexes: []uint32{2, 3, 4}}} {
		if _, content := o.Ask(t.Context(), rec.Name, q, 0); bytes.Contains(content, []byte("private")) || bytes.Contains(content, []byte("unread")) || bytes.Contains(content, []byte("secret")) {
			t.Errorf("%v over another protocol: %q", q, content)
		}
	}
}

// agreed opens a session by hand and returns its number and keys.
func agreed(t *testing.T, o *office) (uint32, session.Keys) {
	t.Helper()
	p, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
	secret, own, err := session.NewSecret(rand.Reader, &auth.DHKey{Y: big.NewInt(4), P: p, G: big.NewInt(2)})
	if err != nil {
		t.Fatal(err)
	}
	public, err := auth.AppendPublicKey(nil, own)
	if err != nil {
		t.Fatal(err)
	}
	m := newest(wire.OpSetUpSession, access.AppendSessionSetUp(nil, access.SessionSetUp{Mode: access.ExchangeDH, PublicKey: public}))
	answer := o.exchange(t, nil, m)
	told, err := access.ParseSessionAnswer(answer.Body)
	if err != nil {
		t.Fatal(answer.Code, err)
	}
	peer, err := auth.ParsePublicKey(told.Key[4:])
	if err != nil {
		t.Fatal(err)
	}
	dh, _ := peer.(*auth.DHKey)
	key, err := secret.Agree(dh)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Session, session.Keys{Cipher: session.AES, Key: key}
}

func newest(op wire.Op, content []byte) wire.Message {
	return wire.Message{Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest(), Request: 5}, Header: wire.Header{Op: op, Serial: wire.NoSerial}, Body: content}
}

// raw sends bytes and returns the answer, decrypted when it is encrypted.
func (o *office) raw(t *testing.T, b []byte, k session.Keys) wire.Message {
	t.Helper()
	out, err := o.Message(t.Context(), nil, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := wire.ParseEnvelope(out); err == nil && e.Encrypted {
		if out, err = k.Decrypt(out); err != nil {
			t.Fatal(err)
		}
	}
	m, err := wire.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSessionAttacked: a message that comes twice, that was altered, that has another's
// MAC or none; and that what cannot be decrypted is answered as a wrong MAC is.
func TestSessionAttacked(t *testing.T) {
	o := newOffice(t)
	id, keys := agreed(t, o)
	other := session.Keys{Cipher: session.AES, Key: bytes.Repeat([]byte{7}, 32)}
	build := func(k session.Keys, counter uint32, encrypt bool) []byte {
		m := newest(wire.OpList, body.AppendName(nil, "0.NA/88.118.2"))
		m.Session = id
		b, err := k.Authenticate(m, counter)
		if err == nil && encrypt {
			b, err = k.Encrypt(rand.Reader, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	altered := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	plain := newest(wire.OpList, body.AppendName(nil, "0.NA/88.118.2"))
	plain.Session = id
	unknown := newest(wire.OpList, body.AppendName(nil, "0.NA/88.118.2"))
	unknown.Session = 10001
	sealed := build(keys, 20, true)
	naked, err := keys.Encrypt(rand.Reader, wire.Append(nil, plain))
	if err != nil {
		t.Fatal(err)
	}
	foreign := build(keys, 30, false)
	foreign[wire.OffsetSession+3] ^= 1
	for _, tt := range []struct {
		name string
		b    []byte
		want wire.Code
	}{
		{"as it is to be", build(keys, 1, false), wire.ChallengeNeeded},
		{"once more", build(keys, 1, false), wire.SessionReplayed},
		{"a counter ahead", build(keys, 1000, false), wire.ChallengeNeeded},
		{"far behind it", build(keys, 2, false), wire.SessionReplayed},
		{"a little behind it", build(keys, 999, true), wire.ChallengeNeeded},
		{"counter 0", build(keys, 0, false), wire.SessionReplayed},
		{"another's key", build(other, 1001, false), wire.InvalidSessionKey},
		{"another's key, encrypted", build(other, 1002, true), wire.InvalidSessionKey},
		{"an altered body", altered(build(keys, 1003, false), wire.EnvelopeSize+wire.HeaderSize+5), wire.InvalidSessionKey},
		{"an altered IV", altered(sealed, wire.EnvelopeSize+3), wire.InvalidSessionKey},
		{"an altered block", altered(sealed, wire.EnvelopeSize+40), wire.InvalidSessionKey},
		{"altered padding", altered(sealed, len(sealed)-1), wire.InvalidSessionKey},
		{"encrypted without a MAC", naked, wire.InvalidSessionKey},
		{"no MAC", wire.Append(nil, plain), wire.InvalidCredential},
		{"a MAC in a session that is not there", foreign, wire.SessionTimeout},
		{"a number that the client made up", wire.Append(nil, unknown), wire.ChallengeNeeded},
	} {
		if got := o.raw(t, tt.b, keys); got.Code != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Code, tt.want)
		}
	}
	// All that is wrong with what is encrypted reads the same, byte for byte.
	answers := map[string]bool{}
	for _, b := range [][]byte{altered(sealed, wire.EnvelopeSize+3), altered(sealed, wire.EnvelopeSize+40), altered(sealed, len(sealed)-1), build(other, 9, true)} {
		out, err := o.Message(t.Context(), nil, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		answers[string(out[:wire.OffsetExpiration])+string(out[wire.OffsetExpiration+4:])] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers", len(answers))
	}
}

// TestSessionIsOnes: a session stays with whom it was proven first.
func TestSessionIsOnes(t *testing.T) {
	o := newOffice(t)
	id, keys := agreed(t, o)
	counter := uint32(0)
	prove := func(secret string, index uint32) wire.Code {
		m := newest(wire.OpLogin, body.AppendLogin(nil, body.Login{Identity: handle.Reference{Name: "88.118.2/who", Index: index}}))
		m.Session = id
		counter++
		b, err := keys.Authenticate(m, counter)
		if err != nil {
			t.Fatal(err)
		}
		out, err := o.Message(t.Context(), &server.Conn{}, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		first, err := wire.Parse(out)
		if err != nil || first.Code != wire.ChallengeNeeded || first.Session != id {
			t.Fatal(first.Code, err)
		}
		ch, err := access.ParseChallenge(first)
		if err != nil {
			t.Fatal(err)
		}
		q := auth.Question{Nonce: ch.Nonce, Digest: ch.Digest.Sum, Version: first.Version}
		a := access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: handle.Reference{Name: "88.118.2/who", Index: index}}
		if secret != "" {
			a.Type = handle.TypeSecretKey
			a.Answer, err = auth.AnswerSecret(rand.Reader, q, []byte(secret))
		} else {
			a.Answer, err = auth.AnswerKey(rand.Reader, q, a.Identity.Name, o.owner)
		}
		if err != nil {
			t.Fatal(err)
		}
		answer := newest(wire.OpAnswerChallenge, access.AppendChallengeAnswer(nil, a))
		answer.Session = id
		return o.raw(t, wire.Append(nil, answer), keys).Code
	}
	if got := prove("", 300); got != wire.Success {
		t.Errorf("the owner: %v", got)
	}
	if got := prove("密码", 301); got != wire.ChallengeFailed {
		t.Errorf("another in the owner's session: %v", got)
	}
}

// TestKeyExchanges: the modes in which one side chooses the key.
func TestKeyExchanges(t *testing.T) {
	o, _, key := newServed(t)
	clientPublic, err := auth.AppendPublicKey(nil, &o.owner.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		q    access.SessionSetUp
	}{
		{"client key", access.SessionSetUp{Mode: access.ExchangeClientKey, PublicKey: clientPublic}},
		{"named key", access.SessionSetUp{Mode: access.ExchangeNamedKey, NamedKey: handle.Reference{Name: "88.118.2/who", Index: 300}}},
		{"server key", access.SessionSetUp{Mode: access.ExchangeServerKey}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := o.exchange(t, nil, newest(wire.OpSetUpSession, access.AppendSessionSetUp(nil, tt.q)))
			told, err := access.ParseSessionAnswer(answer.Body)
			if err != nil || answer.Code != wire.Success {
				t.Fatal(answer.Code, err)
			}
			var plain []byte
			if tt.q.Mode == access.ExchangeServerKey {
				plain = append([]byte{0, 0, 0, 3}, "sixteen bytes...."[:16]...)
				sent, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, plain) //nolint:staticcheck // as the protocol has it
				if err != nil {
					t.Fatal(err)
				}
				m := newest(wire.OpExchangeKey, access.AppendExchangedKey(nil, sent))
				m.Session = answer.Session
				if got := o.exchange(t, nil, m); got.Code != wire.Success {
					t.Fatal(got.Code)
				}
				if got := o.exchange(t, nil, m); got.Code != wire.ProtocolError {
					t.Errorf("the key once more: %v", got.Code)
				}
			} else if plain, err = rsa.DecryptPKCS1v15(nil, o.owner, told.Key); err != nil { //nolint:staticcheck // likewise
				t.Fatal(err)
			}
			keys := session.Keys{Cipher: session.AES, Key: plain[4:]}
			m := newest(wire.OpSiteInfo, nil)
			m.Session = answer.Session
			b, err := keys.Authenticate(m, 1)
			if err == nil {
				b, err = keys.Encrypt(rand.Reader, b)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := o.raw(t, b, keys); got.Code != wire.Success {
				t.Error(got.Code)
			}
		})
	}
	for name, q := range map[string]access.SessionSetUp{
		"no mode":             {},
		"a key that is none":  {Mode: access.ExchangeDH, PublicKey: []byte("x")},
		"RSA for DH":          {Mode: access.ExchangeDH, PublicKey: clientPublic},
		"a name without keys": {Mode: access.ExchangeNamedKey, NamedKey: handle.Reference{Name: "88.118.2/nobody", Index: 300}},
		"a secret key named":  {Mode: access.ExchangeNamedKey, NamedKey: handle.Reference{Name: "88.118.2/who", Index: 301}},
	} {
		if got := o.exchange(t, nil, newest(wire.OpSetUpSession, access.AppendSessionSetUp(nil, q))); !got.Code.IsError() {
			t.Errorf("%s: %v", name, got.Code)
		}
	}
	old := newest(wire.OpSetUpSession, access.AppendSessionSetUp(nil, access.SessionSetUp{Mode: access.ExchangeServerKey}))
	old.Version, old.Suggested = wire.Version{Major: 2, Minor: 4}, wire.Version{Major: 2, Minor: 4}
	if got := o.exchange(t, nil, old); got.Code != wire.InvalidSessionSetUp {
		t.Errorf("a client of 2.4: %v", got.Code)
	}
}

// TestCertified: an answer that is asked for certified is signed, an error too, and the
// signature is of that answer alone.
func TestCertified(t *testing.T) {
	o, _, key := newServed(t)
	for _, op := range []wire.Op{wire.OpSiteInfo, wire.OpResolve, wire.OpNextTransaction} {
		m := newest(op, body.AppendResolve(nil, body.Resolve{Name: []byte("88.118.2/who")}))
		m.Flags = wire.Certified | wire.PublicOnly
		got := o.exchange(t, nil, m)
		if err := client.Signed(got, &key.PublicKey); err != nil {
			t.Errorf("%v: %v", op, err)
		}
		got.Request++
		if client.Signed(got, &key.PublicKey) == nil {
			t.Errorf("%v: as the answer to another request it is taken", op)
		}
		m.Flags = wire.PublicOnly
		if got := o.exchange(t, nil, m); len(got.Credential) > 0 || client.Signed(got, &key.PublicKey) == nil {
			t.Errorf("%v: signed, and nobody asked", op)
		}
	}
}

// TestVerifyAnswer: the node judges answers of others to others' challenges.
func TestVerifyAnswer(t *testing.T) {
	o := newOffice(t)
	q := auth.Question{Nonce: bytes.Repeat([]byte{1}, 16), Digest: bytes.Repeat([]byte{2}, 32), Version: wire.Newest()}
	right, err := auth.AnswerSecret(rand.Reader, q, []byte("密码"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := auth.AnswerSecret(rand.Reader, q, []byte("password"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		key    handle.Reference
		answer []byte
		want   bool
	}{
		{"right", handle.Reference{Name: "88.118.2/who", Index: 301}, right, true},
		{"right, of any key", handle.Reference{Name: "88.118.2/who"}, right, true},
		{"wrong", handle.Reference{Name: "88.118.2/who", Index: 301}, wrong, false},
		{"of a public key", handle.Reference{Name: "88.118.2/who", Index: 300}, right, false},
		{"of nobody", handle.Reference{Name: "88.118.2/nobody", Index: 301}, right, false},
	} {
		v := access.Verification{Key: tt.key, Nonce: q.Nonce, Digest: access.Digest{Algorithm: access.SHA256, Sum: q.Digest}, Answer: tt.answer}
		got := o.exchange(t, nil, newest(wire.OpVerifyAnswer, access.AppendVerification(nil, v)))
		if verdict, err := access.ParseVerdict(got.Body); err != nil || verdict != tt.want {
			t.Errorf("%s: %v, %v", tt.name, verdict, err)
		}
	}
}

// TestListRights: lists, and homing, need a right, and a prefix that is here.
func TestListRights(t *testing.T) {
	o := newOffice(t)
	o.Own = "88.118.2"
	for _, tt := range []struct {
		name string
		op   wire.Op
		of   handle.Name
		by   uint32
		want wire.Code
	}{
		{"the owner", wire.OpList, "0.NA/88.118.2", 300, wire.Success},
		{"by the prefix itself", wire.OpList, "88.118.2", 300, wire.Success},
		{"who has other rights", wire.OpList, "0.NA/88.118.2", 301, wire.InvalidAdmin},
		{"another's prefix", wire.OpList, "0.NA/99", 300, wire.NotResponsible},
		{"an identifier", wire.OpList, "88.118.2/x", 300, wire.InvalidName},
		{"derived prefixes", wire.OpListPrefixes, "0.NA/88.118.2", 300, wire.Success},
		{"those that are here", wire.OpListHomed, "/", 301, wire.InvalidAdmin},
		{"home, without an office for it", wire.OpHome, "0.NA/88.118.2.5", 300, wire.OperationDenied},
		{"home by who may not", wire.OpHome, "0.NA/88.118.2.5", 301, wire.InvalidAdmin},
		{"home what is no prefix", wire.OpHome, "88.118.2/x", 300, wire.InvalidName},
	} {
		if got := o.send(t, nil, ask(tt.op, body.AppendName(nil, tt.of), 0), tt.by); got.Code != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Code, tt.want)
		}
	}
	var homed []string
	o.Home = func(_ context.Context, prefix string, here bool) error {
		homed = append(homed, map[bool]string{true: "+", false: "-"}[here]+prefix)
		return nil
	}
	for _, op := range []wire.Op{wire.OpHome, wire.OpUnhome} {
		if got := o.send(t, nil, ask(op, body.AppendName(nil, "0.NA/88.118.2.5"), 0), 300); got.Code != wire.Success {
			t.Error(op, got.Code)
		}
	}
	if len(homed) != 2 || homed[0] != "+88.118.2.5" || homed[1] != "-88.118.2.5" {
		t.Error(homed)
	}
}

// TestLongList: a list that is longer than a message comes in several, by TCP alone.
func TestLongList(t *testing.T) {
	o := newOffice(t)
	const count = 5000
	var items []records.Item
	for i := range count {
		items = append(items, records.Item{Op: records.Put, Record: handle.Record{Name: handle.Name("88.118.2/a-name-of-some-length-" + string(rune('a'+i%26)) + "-" + time.Duration(i).String()), Values: []handle.Value{value(1, "URL", "u")}}})
	}
	if _, err := o.store.Apply(t.Context(), records.Batch{Items: items}); err != nil {
		t.Fatal(err)
	}
	list := ask(wire.OpList, body.AppendName(nil, "0.NA/88.118.2"), 0)
	if got := o.send(t, nil, list, 300); got.Code != wire.ServerBusy {
		t.Errorf("without a connection: %v", got.Code)
	}
	parts, names := 0, 0
	take := func(m wire.Message) {
		_, content, err := access.Content(m)
		if err != nil {
			t.Fatal(err)
		}
		some, err := body.ParseNames(content)
		if err != nil {
			t.Fatal(err)
		}
		parts, names = parts+1, names+len(some)
	}
	c := &server.Conn{Send: func(b []byte) error {
		m, err := wire.Parse(b)
		if err != nil || !m.Flags.Has(wire.Continuous) || m.Op != wire.OpList {
			t.Fatal(m.Op, m.Flags, err)
		}
		take(m)
		return nil
	}}
	last := o.send(t, c, list, 300)
	if last.Code != wire.Success || last.Flags.Has(wire.Continuous) {
		t.Fatal(last.Code, last.Flags)
	}
	take(last)
	if parts < 3 || names != count+1 {
		t.Errorf("%d names in %d messages", names, parts)
	}
}

// TestNoAmplifier: what is long is not sent to whoever a datagram says to come from, who
// is told to come by TCP in fewer bytes than were sent.
func TestNoAmplifier(t *testing.T) {
	o, at, _ := newServed(t)
	long := handle.Record{Name: "88.118.2/long", Values: []handle.Value{value(1, "DESC", string(bytes.Repeat([]byte("x"), 60_000)))}}
	if _, err := o.store.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Put, Record: long}}}); err != nil {
		t.Fatal(err)
	}
	m := newest(wire.OpResolve, body.AppendResolve(nil, body.Resolve{Name: []byte(long.Name)}))
	m.Flags = wire.PublicOnly
	conn, err := new(net.Dialer).DialContext(t.Context(), "udp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // read only
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	request := wire.Append(nil, m)
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.Parse(buf[:n])
	if err != nil || got.Code != wire.ServerBusy || n > len(request) {
		t.Errorf("by UDP: %v in %d bytes, %v", got.Code, n, err)
	}
	if got := o.exchange(t, nil, m); got.Code != wire.Success || len(got.Body) < 60_000 {
		t.Errorf("by TCP: %v", got.Code)
	}
}
