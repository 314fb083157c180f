package body_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
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
	value = "\x00\x00\x00\x01" + "\x37\x45\xb1\x9e" + "\x00" + "\x00\x01\x51\x80" + "\x0e" +
		"\x00\x00\x00\x03URL" + "\x00\x00\x00\x09https://a" + "\x00\x00\x00\x00"
	name  = "\x00\x00\x00\x06\x38\x38.1/a"
	owner = "\x00\x00\x00\x0a88.1/owner\x00\x00\x01\x2c"
)

func values() []handle.Value {
	return []handle.Value{{Index: 1, Type: "URL", Data: []byte("https://a"), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 927314334}}
}

func ownerKey() handle.Reference { return handle.Reference{Name: "88.1/owner", Index: 300} }

// examples are all kinds, with those that differ by version.
func examples() []example {
	none, today := wire.Version{Major: 2, Minor: 8}, wire.Newest()
	transactions := func(v wire.Version) (func([]byte) (body.Transactions, error), func([]byte, body.Transactions) []byte) {
		return func(b []byte) (body.Transactions, error) { return body.ParseTransactions(b, v) },
			func(dst []byte, q body.Transactions) []byte { return body.AppendTransactions(dst, q, v) }
	}
	parse28, append28 := transactions(none)
	parse29, append29 := transactions(today)
	share := "\x02\x00\x00\x00\x03\x00\x00\x00\x01"
	third := body.Share{Hash: 2, Servers: 3, Server: 1}
	last := "\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x01\x88\x00\x00\x00\x00"
	return []example{
		kind("resolve", name+"\x00\x00\x00\x00\x00\x00\x00\x00", body.Resolve{Name: []byte("88.1/a")}, body.ParseResolve, body.AppendResolve),
		kind("resolve, by index and type", name+"\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x64\x00\x00\x00\x01\x00\x00\x00\x03URL",
			body.Resolve{Name: []byte("88.1/a"), Query: handle.Query{Indexes: []uint32{1, 100}, Types: []string{"URL"}}}, body.ParseResolve, body.AppendResolve),
		kind("resolve, with an identity", name+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02me",
			body.Resolve{Name: []byte("88.1/a"), Identity: []byte("me")}, body.ParseResolve, body.AppendResolve, 18),
		kind("record", name+"\x00\x00\x00\x01"+value, handle.Record{Name: "88.1/a", Values: values()}, body.ParseRecord, body.AppendRecord),
		kind("record without values", name+"\x00\x00\x00\x00", handle.Record{Name: "88.1/a"}, body.ParseRecord, body.AppendRecord),
		kind("name", name, "88.1/a", body.ParseName, body.AppendName, 0),
		kind("removal", name+"\x00\x00\x00\x01\x00\x00\x00\x05", body.Removal{Name: "88.1/a", Indexes: []uint32{5}}, body.ParseRemoval, body.AppendRemoval),
		kind("names", "\x00\x00\x00\x02"+name+"\x00\x00\x00\x00", []handle.Name{"88.1/a", ""}, body.ParseNames, body.AppendNames),
		kind("referral to a name", name, body.Referral{To: "88.1/a"}, body.ParseReferral, body.AppendReferral),
		kind("referral with values", "\x00\x00\x00\x00\x00\x00\x00\x01"+value, body.Referral{Values: values()}, body.ParseReferral, body.AppendReferral, 4),
		kind("error", "\x00\x00\x00\x02no", body.ErrorAnswer{Text: "no"}, body.ParseErrorAnswer, body.AppendErrorAnswer, 0),
		kind("error with indexes", "\x00\x00\x00\x02no\x00\x00\x00\x01\x00\x00\x00\x07", body.ErrorAnswer{Text: "no", Indexes: []uint32{7}}, body.ParseErrorAnswer, body.AppendErrorAnswer, 0, 6),
		kind("login", owner, body.Login{Identity: ownerKey()}, body.ParseLogin, body.AppendLogin),
		kind("transactions of one source", "\x00"+last+share, body.Transactions{Last: 9, Asked: 0x188 << 32, Share: third}, parse29, append29),
		kind("transactions of all sources", "\x01\x00\x00\x00\x02{}"+share, body.Transactions{State: []byte("{}"), Share: third}, parse29, append29),
		kind("transactions, below 2.9", last+share, body.Transactions{Last: 9, Asked: 0x188 << 32, Share: third}, parse28, append28),
		kind("dump", share, body.Dump{Share: third}, body.ParseDump, body.AppendDump),
		kind("dump from a name on", share+name+"\x00\x00\x00\x01", body.Dump{Share: third, Begin: []byte("88.1/a"), Kind: 1}, body.ParseDump, body.AppendDump, 9),
		kind("transaction", "\x00\x00\x00\x00\x00\x00\x00\x09", 9, body.ParseTransaction, body.AppendTransaction),
	}
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
	long := strings.Repeat("x", handle.MaxName+1)
	for _, tt := range []struct {
		name  string
		parse func([]byte) (any, error)
		bytes string
		wrong string
	}{
		{"a name of 2049 bytes", parsed(body.ParseName), "\x00\x00\x08\x01" + long, "name has 2049 bytes, at most 2048"},
		{"the same, resolved", parsed(body.ParseResolve), "\x00\x00\x08\x01" + long + strings.Repeat("\x00", 8), "name has 2049 bytes"},
		{"more indexes than there is room for", parsed(body.ParseRemoval), name + "\x00\x00\x00\x02\x00\x00\x00\x05", "2 indexes are announced, there is room for 1"},
		{"more types than there is room for", parsed(body.ParseResolve), name + "\x00\x00\x00\x00\x10\x00\x00\x00", "268435456 types are announced"},
		{"more names than there are", parsed(body.ParseNames), "\x00\x00\x00\x02" + name, "name takes 4 bytes, 0 are left"},
		{"more values than are allowed", parsed(body.ParseRecord), name + "\x00\x00\x08\x01" + strings.Repeat(value, 2049), "2049 values are announced, there is room for 2048"},
		{"a mirror's server beyond its servers", parsed(body.ParseDump), "\x02\x00\x00\x00\x03\x00\x00\x00\x03", "server 3 of 3"},
		{"a mirror of no servers", parsed(body.ParseDump), "\x02\x00\x00\x00\x00\x00\x00\x00\x00", "server 0 of 0"},
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
		{"an empty identity behind a request", parsed(body.ParseResolve), name + strings.Repeat("\x00", 12), body.Resolve{Name: []byte("88.1/a"), Identity: []byte{}}},
		{"no name", parsed(body.ParseName), "", handle.Name("")},
	} {
		got, err := tt.parse([]byte(tt.bytes))
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", tt.name, diff, err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	raw := []byte(name + "\x00\x00\x00\x00\x00\x00\x00\x00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := body.ParseResolve(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// TestResolveAllocates holds that a plain request costs no memory.
func TestResolveAllocates(t *testing.T) {
	raw := wire.Append(nil, wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest()}, Header: wire.Header{Op: wire.OpResolve},
		Body: []byte(name + "\x00\x00\x00\x00\x00\x00\x00\x00"),
	})
	if n := testing.AllocsPerRun(100, func() {
		m, err := wire.Parse(raw)
		if err == nil {
			_, err = body.ParseResolve(m.Body)
		}
		if err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAnswer(b *testing.B) {
	rec := handle.Record{Name: "88.118.2/gb-1", Values: []handle.Value{
		{Index: 1, Type: "URL", Data: make([]byte, 60)}, {Index: 2, Type: "DESC", Data: make([]byte, 60)}, {Index: 100, Type: "HS_ADMIN", Data: make([]byte, 30)},
	}}
	q := wire.Message{Envelope: wire.Envelope{Version: wire.Newest()}, Header: wire.Header{Op: wire.OpResolve}}
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		a := wire.Reply(q, wire.Success, wire.Newest(), 1)
		out := wire.AppendHeader(wire.AppendEnvelope(dst, a.Envelope), a.Header, 0)
		wire.Seal(body.AppendRecord(out, rec))
	}
}
