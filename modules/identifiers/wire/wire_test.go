package wire_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
)

// plain is a request to resolve 88.118.2/gb-1, all values, as Handle.Net's client and
// PYHANDLE write it: 2.1, suggesting 2.11, credential of no bytes.
const plain = "0201" + "020b" + "00000000" + "00000007" + "00000000" + "00000035" + // envelope
	"00000001" + "00000000" + "39000000" + "ffff" + "00" + "00" + "6a000000" + "00000019" + // header
	"0000000d" + "38382e3131382e322f67622d31" + "00000000" + "00000000" + // body
	"00000000" // credential

// plainBytes returns plain, each time anew.
func plainBytes(tb testing.TB) []byte {
	tb.Helper()
	b, err := hex.DecodeString(plain)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func plainMessage(tb testing.TB) (wire.Message, []byte) {
	tb.Helper()
	b := plainBytes(tb)
	m, err := wire.Parse(b)
	if err != nil {
		tb.Fatal(err)
	}
	return m, b
}

func TestParse(t *testing.T) {
	m, b := plainMessage(t)
	want := wire.Message{
		Envelope: wire.Envelope{Version: wire.Version{Major: 2, Minor: 1}, Suggested: wire.Newest(), Request: 7, Length: 53},
		Header: wire.Header{
			Op: wire.OpResolve, Flags: wire.Encrypted | wire.Recursive | wire.CacheCertified | wire.PublicOnly,
			Serial: wire.NoSerial, Expiration: 0x6a000000,
		},
		Body: b[44:69], Credential: []byte{},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if out := wire.Append(nil, m); !bytes.Equal(out, b) || len(out) != m.Size() {
		t.Errorf("%x\n%x", out, b)
	}
	digested, err := wire.Digested(b)
	if err != nil || !bytes.Equal(digested, b[20:69]) {
		t.Errorf("%x, %v", digested, err)
	}
}

// TestParseReadsQuirks holds what peers write and RFC 3652 does not have.
func TestParseReadsQuirks(t *testing.T) {
	put := func(at int, s string) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], s); return b }
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		check  func(wire.Message) bool
	}{
		{"a client of 2.0 that calls itself 5.0", put(0, "\x05\x00"), func(m wire.Message) bool { return m.Version.Before(wire.Version{Major: 2}) }},
		{"DO-IRP 3.0", put(0, "\x03\x00\x03\x00"), func(m wire.Message) bool { return m.Speaks() == wire.Version{Major: 3} }},
		{"no suggestion", put(2, "\x00\x00"), func(m wire.Message) bool { return m.Speaks() == wire.Version{Major: 2, Minor: 1} }},
		{"no credential and no length of one", func(b []byte) []byte {
			b = b[:len(b)-4]
			binary.BigEndian.PutUint32(b[wire.OffsetLength:], uint32(len(b)-20))
			return b
		}, func(m wire.Message) bool { return m.Credential == nil }},
		{"a reserved byte", put(35, "\x07"), func(m wire.Message) bool { return m.Recursion == 0 }},
		{"TC on what one packet holds", put(2, "\x22"), func(m wire.Message) bool { return m.Truncated && m.Fragment(75) }},
		{"a flag of the Chinese network", put(31, "\x04"), func(m wire.Message) bool { return m.Flags.Has(wire.CarryIdentity) }},
		{"an operation that is none", put(20, "\xff\xff\xff\xff"), func(m wire.Message) bool { return !m.Op.Known() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Parse(tt.change(plainBytes(t)))
			if err != nil || !tt.check(m) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestParseHostile(t *testing.T) {
	for _, tt := range []struct {
		name  string
		at    int
		put   string
		wrong string
	}{
		{"version 1", 0, "\x01", "version 1.1"},
		{"version 4", 0, "\x04", "version 4.1"},
		{"longer than it is", 16, "\x00\x00\x00\x36", "announces 54 bytes behind its envelope and has 53"},
		{"shorter than it is", 16, "\x00\x00\x00\x34", "announces 52 bytes behind its envelope and has 53"},
		{"longer than allowed", 16, "\x00\x04\x00\x01", "announces 262145 bytes, at most 262144"},
		{"four gigabytes", 16, "\xff\xff\xff\xff", "announces 4294967295 bytes"},
		{"encrypted", 2, "\x42", "is encrypted"},
		{"compressed", 2, "\x82", "is compressed"},
		{"a body longer than the message", 40, "\x00\x00\x00\x1e", "announces a body of 30 bytes and has 29"},
		{"a body of four gigabytes", 40, "\xff\xff\xff\xff", "announces a body of 4294967295 bytes"},
		{"a body that leaves half a length", 40, "\x00\x00\x00\x1b", "ends 2 bytes behind its body"},
		{"a body that is too short", 40, "\x00\x00\x00\x15", "a credential of 0 bytes and has 4"},
		{"a credential longer than the message", 69, "\x00\x00\x00\x01", "a credential of 1 bytes and has 0"},
		{"a credential of four gigabytes", 69, "\xff\xff\xff\xff", "a credential of 4294967295 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := plainBytes(t)
			copy(b[tt.at:], tt.put)
			if m, err := wire.Parse(b); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%+v, %v; want %q", m, err, tt.wrong)
			}
			if tt.put != "\x00\x00\x00\x36" { // the others are wrong for a digest as well
				if _, err := wire.Digested(b); fault.KindOf(err) != fault.Invalid {
					t.Error(err)
				}
			}
		})
	}
	whole := plainBytes(t)
	for n := range whole {
		if _, err := wire.Parse(whole[:n]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
		if n >= wire.EnvelopeSize {
			short := bytes.Clone(whole[:n])
			binary.BigEndian.PutUint32(short[wire.OffsetLength:], uint32(n-wire.EnvelopeSize))
			if m, err := wire.Parse(short); err == nil && n != len(whole)-4 {
				t.Errorf("cut off after %d bytes, length mended: %+v", n, m)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	order := []wire.Version{{Major: 5}, {Major: 5, Minor: 3}, {Major: 2}, {Major: 2, Minor: 1}, {Major: 2, Minor: 11}, {Major: 3}}
	for i, v := range order {
		for j, o := range order {
			if v.Before(o) != (i < j) {
				t.Errorf("%v before %v: %v", v, o, v.Before(o))
			}
		}
	}
}

func TestReply(t *testing.T) {
	q, _ := plainMessage(t)
	q.Flags |= wire.RequestDigest | wire.Continuous | wire.Overwrite
	q.Recursion = 2
	for _, tt := range []struct{ suggested, newest, want wire.Version }{
		{wire.Newest(), wire.Newest(), wire.Newest()},
		{wire.Version{Major: 2, Minor: 4}, wire.Newest(), wire.Version{Major: 2, Minor: 4}},
		{wire.Version{Major: 3}, wire.Newest(), wire.Newest()},
		{wire.Version{}, wire.Newest(), wire.Version{Major: 2, Minor: 1}},
	} {
		q.Suggested = tt.suggested
		a := wire.Reply(q, wire.NotFound, tt.newest, 99)
		if a.Version != tt.want || a.Suggested != tt.newest || a.Request != 7 || a.Op != q.Op || a.Code != wire.NotFound ||
			a.Flags.Has(wire.Continuous) || a.Flags.Has(wire.Overwrite) || !a.Flags.Has(wire.RequestDigest) || a.Expiration != 99 || a.Recursion != 2 {
			t.Errorf("%+v", a)
		}
	}
}

func TestSealAndReaddress(t *testing.T) {
	q, _ := plainMessage(t)
	a := wire.Reply(q, wire.Success, wire.Newest(), 1)
	a.Body = []byte("what is there")
	inPlace := wire.AppendHeader(wire.AppendEnvelope(nil, a.Envelope), a.Header, 0)
	inPlace = wire.Seal(append(inPlace, a.Body...))
	if !bytes.Equal(inPlace, wire.Append(nil, a)) {
		t.Errorf("%x\n%x", inPlace, wire.Append(nil, a))
	}
	wire.Readdress(inPlace, 3, 4)
	m, err := wire.Parse(inPlace)
	if err != nil || m.Session != 3 || m.Request != 4 {
		t.Errorf("%+v, %v", m, err)
	}
	a.Session, a.Request = 3, 4
	if !bytes.Equal(inPlace, wire.Append(nil, a)) {
		t.Error("readdressing changed more than session and request")
	}
	short := []byte("short")
	wire.Readdress(short, 1, 1)
	if string(wire.Seal(short)) != "short" {
		t.Errorf("%q", short)
	}
}

func TestWords(t *testing.T) {
	for c := range wire.Code(4000) {
		zh, en := c.In("zh-CN"), c.In("en")
		if c.Known() != (zh != en) || c.Known() != strings.HasSuffix(zh, "。") || c.Known() == strings.HasPrefix(c.String(), "code ") || strings.Contains(en, "|") {
			t.Errorf("%d: %q, %q, %q", c, c, zh, en)
		}
	}
	if s := wire.PrefixLimit.String() + ", " + wire.Code(9).String() + ", " + wire.OpLogin.String() + ", " + wire.Op(9).String(); s != "PREFIX_LIMIT, code 9, LOGIN_ID_SYSTEM, operation 9" {
		t.Error(s)
	}
	for _, tt := range []struct {
		flags wire.Flags
		want  string
	}{
		{0, "0x0"},
		{wire.Authoritative | wire.DoNotRefer, "AT|DNR"},
		{wire.CarryIdentity | wire.TrustedQuery | wire.TrustedAnswer, "TA|TQ|RA"},
		{wire.PublicOnly | 0x10, "PO|0x10"},
	} {
		if tt.flags.String() != tt.want {
			t.Errorf("%q, want %q", tt.flags, tt.want)
		}
	}
	if !wire.OpModifyValues.Writes() || wire.OpList.Writes() || wire.OpSiteInfo.Writes() {
		t.Error("create, delete, add, remove and modify write, nothing else")
	}
}

// TestCodesOfVersions holds the codes that changed with 2.5.
func TestCodesOfVersions(t *testing.T) {
	old, today := wire.Version{Major: 2, Minor: 4}, wire.Version{Major: 2, Minor: 5}
	for _, tt := range []struct{ code, inOld, back wire.Code }{
		{wire.ServerBackup, wire.PrefixReferral, wire.ServerBackup},
		{wire.InvalidValue, wire.ValueExists, wire.ValueExists},
		{wire.NotFound, wire.NotFound, wire.NotFound},
	} {
		if tt.code.For(today) != tt.code || tt.code.From(today) != tt.code || tt.code.For(old) != tt.inOld || tt.inOld.From(old) != tt.back {
			t.Errorf("%v: %v in old messages, %v back", tt.code, tt.code.For(old), tt.inOld.From(old))
		}
	}
	for _, c := range []wire.Code{wire.Request, wire.Success, wire.ServiceReferral, wire.PrefixReferral, wire.ChallengeNeeded} {
		if c.IsError() {
			t.Errorf("%v is no error", c)
		}
	}
	if !wire.NotFound.IsError() || !wire.LogInFirst.IsError() {
		t.Error("100 and 408 are errors")
	}
}

func BenchmarkParse(b *testing.B) {
	raw := plainBytes(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReaddress(b *testing.B) {
	q, _ := plainMessage(b)
	a := wire.Reply(q, wire.Success, wire.Newest(), 1)
	a.Body = make([]byte, 305)
	kept := wire.Append(nil, a)
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		out := append(dst, kept...)
		wire.Readdress(out, q.Session, q.Request)
	}
}
