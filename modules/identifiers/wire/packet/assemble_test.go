package packet_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/packet"
)

// messageOf is a message with a body of n bytes, none of which are alike by place.
func messageOf(n int, request uint32) []byte {
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(i*7 + i/256)
	}
	return wire.Append(nil, wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest(), Session: 1, Request: request},
		Header:   wire.Header{Op: wire.OpResolve, Code: wire.Success}, Body: body,
	})
}

func from(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(port >> 8)}), port)
}

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestSplit(t *testing.T) {
	const rest = packet.Size - wire.EnvelopeSize - wire.HeaderSize - 4 // of a body in one packet
	for _, tt := range []struct {
		name  string
		body  int
		sizes []int // of the packets
	}{
		{"nothing", 0, []int{48}},
		{"one packet, full", rest, []int{512}},
		{"one byte more", rest + 1, []int{512, 21}},
		{"two packets, full", rest + 492, []int{512, 512}},
		{"three", rest + 493, []int{512, 512, 21}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			message := messageOf(tt.body, 9)
			packets := packet.Split(message)
			if len(packets) != len(tt.sizes) || len(packets) != packet.Count(len(message)) {
				t.Fatalf("%d packets, want %d", len(packets), len(tt.sizes))
			}
			for i, p := range packets {
				e, err := wire.ParseEnvelope(p)
				if err != nil || len(p) != tt.sizes[i] || e.Sequence != uint32(i) || e.Truncated != (len(packets) > 1) ||
					int(e.Length) != len(message)-20 || e.Request != 9 || e.Fragment(len(p)) != (len(packets) > 1) {
					t.Errorf("packet %d: %+v, %d bytes, %v", i, e, len(p), err)
				}
			}
		})
	}
	if b := packet.Append(nil, messageOf(600, 1), 2); b != nil {
		t.Errorf("packet 2 of 2: %x", b)
	}
	if packet.Count(wire.EnvelopeSize+wire.MaxLength) != packet.MaxCount {
		t.Error(packet.Count(wire.EnvelopeSize + wire.MaxLength))
	}
}

func TestAssemble(t *testing.T) {
	longest := wire.MaxLength - wire.HeaderSize - 4
	for _, tt := range []struct {
		name  string
		body  int
		order func([][]byte) [][]byte
	}{
		{"one packet", 10, func(p [][]byte) [][]byte { return p }},
		{"in order", 2000, func(p [][]byte) [][]byte { return p }},
		{"backwards", 2000, func(p [][]byte) [][]byte {
			for i := range len(p) / 2 {
				p[i], p[len(p)-1-i] = p[len(p)-1-i], p[i]
			}
			return p
		}},
		{"doubled", 2000, func(p [][]byte) [][]byte {
			var out [][]byte
			for _, one := range p[:len(p)-1] {
				out = append(out, one, one)
			}
			return append(out, p[len(p)-1])
		}},
		{"some without TC", 2000, func(p [][]byte) [][]byte {
			p[1][2] &^= 0x20
			p[3][2] &^= 0x20
			return p
		}},
		{"the longest, shuffled", longest, func(p [][]byte) [][]byte {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
			return p
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := packet.NewAssembler(packet.Limits{})
			message := messageOf(tt.body, 9)
			packets := tt.order(packet.Split(message))
			for i, p := range packets {
				got, err := a.Add(start(), from(1), p)
				if last := i == len(packets)-1; err != nil || (got != nil) != last || last && !bytes.Equal(got, message) {
					t.Fatalf("packet %d: %d bytes, %v", i, len(got), err)
				}
			}
			if n, bytes := a.Pending(); n != 0 || bytes != 0 {
				t.Errorf("%d messages of %d bytes are left", n, bytes)
			}
		})
	}
}

// TestAssembleTwo holds that messages under way at once do not mix, whatever they share.
func TestAssembleTwo(t *testing.T) {
	a := packet.NewAssembler(packet.Limits{})
	one, other := messageOf(2000, 9), messageOf(1500, 10)
	session := bytes.Clone(messageOf(2500, 9))
	wire.Readdress(session, 2, 9)
	whole := 0
	for i := range 6 {
		for _, m := range []struct {
			from    netip.AddrPort
			message []byte
		}{{from(1), one}, {from(1), other}, {from(2), one}, {from(1), session}, {netip.MustParseAddrPort("[2001:db8::1]:1"), one}} {
			if i >= packet.Count(len(m.message)) {
				continue
			}
			got, err := a.Add(start(), m.from, packet.Append(nil, m.message, i))
			if err != nil || got != nil && !bytes.Equal(got, m.message) {
				t.Fatal(i, m.from, err)
			}
			if got != nil {
				whole++
			}
		}
	}
	if whole != 5 {
		t.Errorf("%d messages are whole, want 5", whole)
	}
}

func TestAssembleHostile(t *testing.T) {
	packets := func() [][]byte { return packet.Split(messageOf(1500, 9)) } // four, the last of 72
	put := func(p []byte, at int, n uint32) []byte {
		binary.BigEndian.PutUint32(p[at:], n)
		return p
	}
	for _, tt := range []struct {
		name  string
		after []int // packets that came before
		bad   func([][]byte) []byte
		wrong string
		left  int // messages under way afterwards
	}{
		{"cut off", nil, func(p [][]byte) []byte { return p[0][:511] }, "carries 491 bytes, want 492", 0},
		{"longer than it may be", nil, func(p [][]byte) []byte { return append(p[0], 0) }, "carries 493 bytes, want 492", 0},
		{"no envelope", nil, func(p [][]byte) []byte { return p[0][:19] }, "its envelope alone takes 20", 0},
		{"the last one too long", []int{0}, func(p [][]byte) []byte { return append(p[3], 0) }, "bytes, want", 1},
		{"beyond the last", []int{0}, func(p [][]byte) []byte { return put(p[1], wire.OffsetSequence, 4) }, "packet 4 of request 9 is beyond the 4", 1},
		{"far beyond the last", nil, func(p [][]byte) []byte { return put(p[1], wire.OffsetSequence, 1<<32-1) }, "packet 4294967295 of request 9 is beyond", 0},
		{"more than a message may have", nil, func(p [][]byte) []byte { return put(p[0], wire.OffsetLength, wire.MaxLength+1) }, "announces 262145 bytes", 0},
		{"another length", []int{0, 2}, func(p [][]byte) []byte { return put(p[1], wire.OffsetLength, 9000) }, "announces another message", 0},
		{"another version", []int{0, 2}, func(p [][]byte) []byte { p[1][1] = 3; return p[1] }, "announces another message", 0},
		{"suddenly encrypted", []int{0, 2}, func(p [][]byte) []byte { p[1][2] |= 0x40; return p[1] }, "announces another message", 0},
		{"other bytes in the same place", []int{0, 2}, func(p [][]byte) []byte { p[2][100]++; return p[2] }, "packet 2 of request 9 has come before with other bytes", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := packet.NewAssembler(packet.Limits{})
			for _, i := range tt.after {
				if got, err := a.Add(start(), from(1), packets()[i]); got != nil || err != nil {
					t.Fatal(got, err)
				}
			}
			got, err := a.Add(start(), from(1), tt.bad(packets()))
			if got != nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%d bytes, %v; want %q", len(got), err, tt.wrong)
			}
			if n, _ := a.Pending(); n != tt.left {
				t.Errorf("%d messages are left, want %d", n, tt.left)
			}
		})
	}
}

func TestAssembleAge(t *testing.T) {
	a := packet.NewAssembler(packet.Limits{Age: time.Second})
	packets := packet.Split(messageOf(600, 9))
	add := func(after time.Duration, i int) []byte {
		got, err := a.Add(start().Add(after), from(1), packets[i])
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	add(0, 0)
	if add(time.Second+1, 1) != nil {
		t.Error("the first packet was too old")
	}
	if add(2*time.Second, 0) == nil {
		t.Error("the second one was not")
	}
}

// TestAssembleBounded floods an Assembler with first packets that announce the longest
// message: what it keeps stays bounded, and the oldest goes first.
func TestAssembleBounded(t *testing.T) {
	l := packet.Limits{Bytes: 64 << 10, PerSource: 16 << 10}
	for _, tt := range []struct {
		name string
		from func(i int) netip.AddrPort
		most int
	}{
		{"one source", func(i int) netip.AddrPort { return from(uint16(i % 200)) }, l.PerSource},
		{"forged sources", func(i int) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		}, l.Bytes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := packet.NewAssembler(l)
			honest := packet.Split(messageOf(600, 9))
			if _, err := a.Add(start(), from(0x4001), honest[0]); err != nil {
				t.Fatal(err)
			}
			first := packet.Split(messageOf(wire.MaxLength-28, 1))[0]
			for i := range 10_000 {
				binary.BigEndian.PutUint32(first[wire.OffsetRequest:], uint32(i))
				if _, err := a.Add(start(), tt.from(i), first); err != nil {
					t.Fatal(err)
				}
				if _, kept := a.Pending(); kept > tt.most+2048 {
					t.Fatalf("%d bytes are kept after %d packets", kept, i)
				}
			}
			got, err := a.Add(start(), from(0x4001), honest[1])
			if survives := tt.most == l.PerSource; err != nil || (got != nil) != survives {
				t.Errorf("the honest message: %d bytes, %v", len(got), err)
			}
		})
	}
}

// plainAssembler is what Assembler does, without limits and bookkeeping: it looks at all
// packets again each time.
type plainAssembler struct{ seen [][]byte }

func (p *plainAssembler) add(packet []byte) []byte {
	p.seen = append(p.seen, packet)
	length := int(binary.BigEndian.Uint32(packet[16:]))
	out := make([]byte, 20, 20+length)
	copy(out, packet[:12])
	out[2] &^= 0x20
	binary.BigEndian.PutUint32(out[16:], uint32(length))
	for sequence := 0; len(out) < 20+length; sequence++ {
		found := false
		for _, s := range p.seen {
			if binary.BigEndian.Uint32(s[8:]) == binary.BigEndian.Uint32(packet[8:]) && int(binary.BigEndian.Uint32(s[12:])) == sequence {
				out, found = append(out, s[20:]...), true
				break
			}
		}
		if !found {
			return nil
		}
	}
	rest := p.seen[:0:0]
	for _, s := range p.seen {
		if binary.BigEndian.Uint32(s[8:]) != binary.BigEndian.Uint32(packet[8:]) {
			rest = append(rest, s)
		}
	}
	p.seen = rest
	return out
}

// FuzzAssembler feeds packets of three messages in any order, as often as it likes, and
// compares with the plain one. Each byte of the order is a message and a packet of it.
func FuzzAssembler(f *testing.F) {
	f.Add(uint16(600), uint16(1500), uint16(10), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Fuzz(func(t *testing.T, x, y, z uint16, order []byte) {
		var packets [][]byte
		for i, n := range []uint16{x, y, z} {
			packets = append(packets, packet.Split(messageOf(int(n%4000), uint32(i)))...)
		}
		a, plain := packet.NewAssembler(packet.Limits{Bytes: 1 << 20, PerSource: 1 << 20}), &plainAssembler{}
		for _, o := range order {
			p := packets[int(o)%len(packets)]
			got, err := a.Add(start(), from(1), p)
			if want := plain.add(p); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, len(want))
			}
		}
	})
}

// FuzzAssemblerHostile feeds anything: nothing is kept beyond the limits, and what comes
// out whole splits into packets again.
func FuzzAssemblerHostile(f *testing.F) {
	two := packet.Split(messageOf(600, 9))
	f.Add(two[0], two[1], uint16(500))
	f.Add(two[1], two[0][:20], uint16(0))
	f.Fuzz(func(t *testing.T, one, other []byte, at uint16) {
		a := packet.NewAssembler(packet.Limits{Bytes: 4096, PerSource: 2048})
		forged := bytes.Clone(one)
		if len(forged) > 0 {
			forged[int(at)%len(forged)]++
		}
		for _, p := range [][]byte{one, forged, other, one, other} {
			got, err := a.Add(start(), from(1), p)
			if err != nil && (got != nil || fault.KindOf(err) != fault.Invalid) {
				t.Fatal(got, err)
			}
			if got != nil && packet.Count(len(got)) == 1 && !bytes.Equal(got[20:], p[20:]) {
				t.Fatalf("%x", got)
			}
			if n, kept := a.Pending(); kept > 4096+2048 || n < 0 {
				t.Fatal(n, kept)
			}
		}
	})
}

func BenchmarkAssemble(b *testing.B) {
	a := packet.NewAssembler(packet.Limits{})
	packets := packet.Split(messageOf(2000, 9))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range packets {
			if _, err := a.Add(start(), from(1), p); err != nil {
				b.Fatal(err)
			}
		}
	}
}
