package node_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
)

// office is a node that takes writes, with the keys of its administrators.
type office struct {
	*node.Node
	store records.Store
	owner *rsa.PrivateKey
}

func newOffice(t *testing.T) *office {
	t.Helper()
	owner, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := auth.AppendPublicKey(nil, &owner.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{store: records.NewMemory(time.Now), owner: owner}
	site := client.At(start(t, nil).at)
	o.Node = node.New(node.Config{
		Record: func(ctx context.Context, n handle.Name) (handle.Record, error) {
			v, err := o.store.Get(ctx, n, time.Time{})
			return v.Record, err
		},
		Place: func(p string) node.Place {
			return map[string]node.Place{"88.118": {Standing: node.Hosted}, "88.118.2": {Standing: node.Hosted}}[p]
		},
		Site: func() (typed.Site, int) { return site, 0 }, Store: o.store, Now: time.Now,
	})
	admin := func(rights typed.Rights, index uint32) handle.Value {
		v := value(index, handle.TypeAdmin, string(typed.AppendAdmin(nil, typed.Admin{Rights: rights, Reference: handle.Reference{Name: "88.118.2/who", Index: index + 200}})))
		return v
	}
	secret := value(301, handle.TypeSecretKey, "密码")
	secret.Perm = handle.AdminRead | handle.AdminWrite
	items := []records.Item{
		{Op: records.Put, Record: handle.Record{Name: "0.NA/88.118.2", Values: []handle.Value{admin(typed.Everything, 100), admin(typed.AddName|typed.AddValue, 101)}}},
		{Op: records.Put, Record: handle.Record{Name: "88.118.2/who", Values: []handle.Value{value(300, handle.TypePublicKey, string(public)), secret}}},
	}
	if out, err := o.store.Apply(t.Context(), records.Batch{Items: items}); err != nil || out[0].Verdict != records.Done || out[1].Verdict != records.Done {
		t.Fatal(out, err)
	}
	return o
}

// send sends a request and answers its challenge by the key of an index: 300 is the
// owner's, 301 a secret, 0 none.
func (o *office) send(t *testing.T, c *server.Conn, m wire.Message, index uint32) wire.Message {
	t.Helper()
	m.Version, m.Suggested, m.Request, m.Serial = wire.Newest(), wire.Newest(), 7, wire.NoSerial
	first := o.exchange(t, c, m)
	if first.Code != wire.ChallengeNeeded || index == 0 {
		return first
	}
	ch, err := access.ParseChallenge(first)
	if err != nil {
		t.Fatal(err)
	}
	q := auth.Question{Nonce: ch.Nonce, Digest: ch.Digest.Sum, Version: first.Version}
	a := access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: handle.Reference{Name: "88.118.2/who", Index: index}}
	switch index {
	case 300:
		a.Answer, err = auth.AnswerKey(rand.Reader, q, a.Identity.Name, o.owner)
	case 301:
		a.Type = handle.TypeSecretKey
		a.Answer, err = auth.AnswerSecret(rand.Reader, q, []byte("密码"))
	case 302: // says it is the owner, with another key
		a.Identity.Index = 300
		var other *rsa.PrivateKey
		if other, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
			a.Answer, err = auth.AnswerKey(rand.Reader, q, a.Identity.Name, other)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	answer := wire.Message{Envelope: wire.Envelope{Version: wire.Newest(), Request: 8, Session: first.Session}, Header: wire.Header{Op: wire.OpAnswerChallenge}, Body: access.AppendChallengeAnswer(nil, a)}
	last := o.exchange(t, c, answer)
	if again := o.exchange(t, c, answer); again.Code != wire.ChallengeTimeout {
		t.Errorf("the same answer once more: %v", again.Code)
	}
	return last
}

func (o *office) exchange(t *testing.T, c *server.Conn, m wire.Message) wire.Message {
	t.Helper()
	b, err := o.Message(t.Context(), c, wire.Append(nil, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := wire.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func ask(op wire.Op, content []byte, flags wire.Flags) wire.Message {
	return wire.Message{Header: wire.Header{Op: op, Flags: flags}, Body: content}
}

// TestWrite: what an administrator asks for is done by the rights that the records give,
// proven by a key; the next answer says what was written.
func TestWrite(t *testing.T) {
	o := newOffice(t)
	rec := handle.Record{Name: "88.118.2/new", Values: []handle.Value{value(1, "URL", "https://a.example"), value(100, handle.TypeAdmin, string(typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "88.118.2/who", Index: 300}})))}}
	record := body.AppendRecord(nil, rec)
	one := func(index uint32, data string) []byte {
		return body.AppendRecord(nil, handle.Record{Name: rec.Name, Values: []handle.Value{value(index, "URL", data)}})
	}
	for i, tt := range []struct {
		name string
		m    wire.Message
		by   uint32
		want wire.Code
		url  string // what it resolves to then
	}{
		{"nobody", ask(wire.OpCreate, record, 0), 0, wire.ChallengeNeeded, ""},
		{"a wrong key", ask(wire.OpCreate, record, 0), 302, wire.ChallengeFailed, ""},
		{"a body that is none", ask(wire.OpCreate, []byte{1}, 0), 300, wire.ProtocolError, ""},
		{"another's prefix", ask(wire.OpCreate, body.AppendRecord(nil, handle.Record{Name: "99/x"}), 0), 300, wire.NotResponsible, ""},
		{"created by the secret", ask(wire.OpCreate, record, 0), 301, wire.Success, "https://a.example"},
		{"created again", ask(wire.OpCreate, body.AppendRecord(nil, handle.Record{Name: rec.Name, Values: rec.Values[1:]}), 0), 300, wire.AlreadyExists, "https://a.example"},
		{"modified by who has no right to", ask(wire.OpModifyValues, one(1, "https://b.example"), 0), 301, wire.InvalidAdmin, "https://a.example"},
		{"modified", ask(wire.OpModifyValues, one(1, "https://b.example"), 0), 300, wire.Success, "https://b.example"},
		{"added", ask(wire.OpAddValues, one(2, "https://c.example"), 0), 300, wire.Success, "https://b.example"},
		{"added twice", ask(wire.OpAddValues, one(2, "https://d.example"), 0), 300, wire.ValueExists, "https://b.example"},
		{"removed", ask(wire.OpRemoveValues, body.AppendRemoval(nil, body.Removal{Name: rec.Name, Indexes: []uint32{1}}), 0), 300, wire.Success, "https://c.example"},
		{"a value that is not there", ask(wire.OpModifyValues, one(9, "x"), 0), 300, wire.ValueNotFound, "https://c.example"},
		{"overwritten", ask(wire.OpCreate, record, wire.Overwrite), 300, wire.Success, "https://a.example"},
		{"overwritten by who may only create", ask(wire.OpCreate, one(1, "https://e.example"), wire.Overwrite), 301, wire.InvalidAdmin, "https://a.example"},
		{"deleted by who may not", ask(wire.OpDelete, body.AppendName(nil, rec.Name), 0), 301, wire.InvalidAdmin, "https://a.example"},
		{"deleted", ask(wire.OpDelete, body.AppendName(nil, rec.Name), 0), 300, wire.Success, ""},
		{"deleted again", ask(wire.OpDelete, body.AppendName(nil, rec.Name), 0), 300, wire.NotFound, ""},
	} {
		got := o.send(t, nil, tt.m, tt.by)
		if got.Code != tt.want || got.Op != tt.m.Op {
			t.Fatalf("%d. %s: %v %v, want %v", i, tt.name, got.Op, got.Code, tt.want)
		}
		code, content := o.Ask(t.Context(), "88.118.2/NEW", handle.Query{Types: []string{"URL"}}, 0)
		r, err := body.ParseRecord(content)
		if tt.url == "" && code != wire.NotFound || tt.url != "" && (code != wire.Success || err != nil || string(r.Values[0].Data) != tt.url) {
			t.Fatalf("%d. %s: it resolves to %v %v", i, tt.name, code, r.Values)
		}
	}
	if code, content := o.Ask(t.Context(), "88.118.2/who", handle.Query{Indexes: []uint32{301}}, 0); code != wire.ValueNotFound {
		t.Errorf("the secret is told: %v %s", code, content)
	}
}

// TestNoAdmin: what is created without HS_ADMIN is changed by who administers its prefix,
// and by nobody else.
func TestNoAdmin(t *testing.T) {
	o := newOffice(t)
	create := body.AppendRecord(nil, handle.Record{Name: "88.118.2/bare", Values: []handle.Value{value(1, "URL", "u")}})
	change := body.AppendRecord(nil, handle.Record{Name: "88.118.2/bare", Values: []handle.Value{value(1, "URL", "v")}})
	for _, tt := range []struct {
		name string
		m    wire.Message
		by   uint32
		want wire.Code
	}{
		{"created by who may only create and add", ask(wire.OpCreate, create, 0), 301, wire.Success},
		{"who may not modify", ask(wire.OpModifyValues, change, 0), 301, wire.InvalidAdmin},
		{"who may", ask(wire.OpModifyValues, change, 0), 300, wire.Success},
		{"deleted by who may not", ask(wire.OpDelete, body.AppendName(nil, "88.118.2/bare"), 0), 301, wire.InvalidAdmin},
		{"deleted", ask(wire.OpDelete, body.AppendName(nil, "88.118.2/bare"), 0), 300, wire.Success},
	} {
		if got := o.send(t, nil, tt.m, tt.by); got.Code != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Code, tt.want)
		}
	}
}

// TestLogin: on a connection that was signed in (operation 2001) nothing is asked again;
// on another one it is.
func TestLogin(t *testing.T) {
	o := newOffice(t)
	c := &server.Conn{}
	login := body.AppendLogin(nil, body.Login{Identity: handle.Reference{Name: "88.118.2/who", Index: 300}})
	if got := o.send(t, c, ask(wire.OpLogin, login, 0), 300); got.Code != wire.Success {
		t.Fatal(got.Code)
	}
	create := ask(wire.OpCreate, body.AppendRecord(nil, handle.Record{Name: "88.118.2/x", Values: []handle.Value{value(1, "URL", "u")}}), 0)
	if got := o.send(t, &server.Conn{}, create, 0); got.Code != wire.ChallengeNeeded {
		t.Errorf("another connection: %v", got.Code)
	}
	if got := o.send(t, c, create, 0); got.Code != wire.Success {
		t.Errorf("the connection that is signed in: %v", got.Code)
	}
}
