package packet

import (
	"bytes"
	"cmp"
	"container/list"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/wire"
)

// Limits bound what an Assembler keeps. The zero value works.
type Limits struct {
	Bytes     int           // of all sources; 0: 16 MiB
	PerSource int           // bytes of one source; 0: 512 KiB, room for one message of any length
	Age       time.Duration // a message is given up after; 0: 5 seconds
}

func (l Limits) with() Limits {
	l.Bytes = cmp.Or(l.Bytes, 16<<20)
	l.PerSource = cmp.Or(l.PerSource, 512<<10)
	l.Age = cmp.Or(l.Age, 5*time.Second)
	return l
}

// Assembler puts messages together whose packets come in any order, doubled, or never.
// It is safe for concurrent use.
//
// What must hold: what it keeps, with its own bookkeeping, stays within its limits,
// whatever packets announce; a packet counts with what it carries, not with what it
// says. When there is no room the oldest message goes, of the same source before others,
// so that who forges sources must send the whole of Bytes within the time that an honest
// message takes.
type Assembler struct {
	limits Limits

	mu      sync.Mutex // guards what follows
	partial map[partialKey]*partial
	oldest  *list.List // of *partial, by when its first packet came
	sources map[netip.Addr]*source
	bytes   int
}

// source is who sends packets, whatever the port.
type source struct {
	oldest *list.List // of *partial, as that of the Assembler
	bytes  int
}

// partialKey tells messages apart. A client counts or draws its request numbers, so
// that two of its messages under way differ in them.
type partialKey struct {
	from    netip.AddrPort
	session uint32
	request uint32
}

// partial is a message of which some packets have come.
type partial struct {
	key      partialKey
	since    time.Time
	envelope [wire.EnvelopeSize]byte // of all its packets, with sequence 0 and without TC
	want     int                     // packets
	seen     [(MaxCount + 63) / 64]uint64
	pieces   []piece
	bytes    int // as counted against the limits

	source   *source
	inAll    *list.Element // of Assembler.oldest
	inSource *list.Element // of source.oldest
}

type piece struct {
	sequence int
	data     []byte
}

// The bookkeeping of a partial message and of a piece, in bytes, rounded up.
const (
	partialCost = 512
	pieceCost   = 64
)

// NewAssembler returns an Assembler that keeps nothing yet.
func NewAssembler(l Limits) *Assembler {
	return &Assembler{
		limits: l.with(), partial: map[partialKey]*partial{}, oldest: list.New(), sources: map[netip.Addr]*source{},
	}
}

// Add takes a packet and returns the whole message when it was the last that missed:
// new memory, with TC cleared and sequence 0, for Parse. It returns nil when packets are
// still missing or the packet has come before.
//
//   - now: when the packet came, by a clock that does not go back.
//   - packet: is copied. One that is a whole message by itself is returned at once.
//   - Errors: fault.Invalid when the packet is no packet, or contradicts one that came
//     before in length, flags, version or content: its message is given up then.
func (a *Assembler) Add(now time.Time, from netip.AddrPort, packet []byte) ([]byte, error) {
	p, sequence, err := newPartial(now, from, packet)
	if err != nil {
		return nil, err
	}
	data := packet[wire.EnvelopeSize:]
	if p.want == 1 {
		return p.whole([]piece{{data: data}}), nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	if old := a.partial[p.key]; old != nil {
		if old.envelope != p.envelope {
			a.drop(old)
			return nil, fault.New(fault.Invalid, "packet %d of request %d announces another message than the packets before it", sequence, p.key.request)
		}
		if old.has(sequence) {
			return nil, a.repeated(old, sequence, data)
		}
		p = old
	} else {
		a.begin(p)
	}
	a.keep(p, piece{sequence, bytes.Clone(data)})
	if len(p.pieces) < p.want {
		return nil, nil
	}
	a.drop(p)
	return p.whole(p.pieces), nil
}

// newPartial reads a packet as the beginning of a message, and its place in it.
func newPartial(now time.Time, from netip.AddrPort, packet []byte) (*partial, int, error) {
	e, err := wire.ParseEnvelope(packet)
	if err != nil {
		return nil, 0, err
	}
	length, carried := int(e.Length), len(packet)-wire.EnvelopeSize
	want := Count(wire.EnvelopeSize + length)
	if int64(e.Sequence) >= int64(want) {
		return nil, 0, fault.New(fault.Invalid, "packet %d of request %d is beyond the %d that a message of %d bytes takes", e.Sequence, e.Request, want, length)
	}
	sequence := int(e.Sequence)
	if must := min(payload, length-sequence*payload); carried != must {
		return nil, 0, fault.New(fault.Invalid, "packet %d of request %d carries %d bytes, want %d of a message of %d", sequence, e.Request, carried, must, length)
	}
	p := &partial{key: partialKey{from, e.Session, e.Request}, since: now, want: want}
	copy(p.envelope[:], packet)
	p.envelope[2] &^= truncated
	binary.BigEndian.PutUint32(p.envelope[wire.OffsetSequence:], 0)
	return p, sequence, nil
}

// begin makes a message one of those that are kept.
func (a *Assembler) begin(p *partial) {
	from := p.key.from.Addr()
	if a.sources[from] == nil {
		a.sources[from] = &source{oldest: list.New()}
	}
	p.source = a.sources[from]
	p.inAll, p.inSource = a.oldest.PushBack(p), p.source.oldest.PushBack(p)
	a.partial[p.key] = p
	a.count(p, partialCost)
}

// keep adds a piece to a message and makes room for it at the expense of others: the
// oldest of the same source first. The message itself stays.
func (a *Assembler) keep(p *partial, c piece) {
	p.pieces = append(p.pieces, c)
	p.seen[c.sequence/64] |= 1 << (c.sequence % 64)
	a.count(p, len(c.data)+pieceCost)
	for p.source.bytes > a.limits.PerSource && a.dropOldest(p.source.oldest, p) {
	}
	for a.bytes > a.limits.Bytes && a.dropOldest(a.oldest, p) {
	}
}

// dropOldest drops the first message of a list that is not the one to spare, and
// reports whether there was one.
func (a *Assembler) dropOldest(of *list.List, spare *partial) bool {
	e := of.Front()
	if e != nil && value(e) == spare {
		e = e.Next()
	}
	if e == nil {
		return false
	}
	a.drop(value(e))
	return true
}

// repeated says what is wrong with a packet whose place is taken: nothing when it is
// the same packet.
func (a *Assembler) repeated(p *partial, sequence int, data []byte) error {
	for _, c := range p.pieces {
		if c.sequence == sequence && !bytes.Equal(c.data, data) {
			a.drop(p)
			return fault.New(fault.Invalid, "packet %d of request %d has come before with other bytes", sequence, p.key.request)
		}
	}
	return nil
}

// expire gives up what is too old.
func (a *Assembler) expire(now time.Time) {
	for e := a.oldest.Front(); e != nil && now.Sub(value(e).since) > a.limits.Age; e = a.oldest.Front() {
		a.drop(value(e))
	}
}

// drop forgets a message.
func (a *Assembler) drop(p *partial) {
	a.oldest.Remove(p.inAll)
	p.source.oldest.Remove(p.inSource)
	delete(a.partial, p.key)
	a.count(p, -p.bytes)
	if p.source.oldest.Len() == 0 {
		delete(a.sources, p.key.from.Addr())
	}
}

// count adds to what a message, its source and all sources have.
func (a *Assembler) count(p *partial, n int) {
	p.bytes += n
	p.source.bytes += n
	a.bytes += n
}

// Pending returns how many messages are incomplete, and their bytes as they count
// against the limits.
func (a *Assembler) Pending() (messages, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.oldest.Len(), a.bytes
}

func value(e *list.Element) *partial {
	return e.Value.(*partial) //nolint:forcetypeassert,errcheck // nothing else is put in
}

func (p *partial) has(sequence int) bool {
	return p.seen[sequence/64]&(1<<(sequence%64)) != 0
}

// whole returns the message of all pieces.
func (p *partial) whole(pieces []piece) []byte {
	n := wire.EnvelopeSize
	for _, c := range pieces {
		n += len(c.data)
	}
	out := make([]byte, n)
	copy(out, p.envelope[:])
	for _, c := range pieces {
		copy(out[wire.EnvelopeSize+c.sequence*payload:], c.data)
	}
	return out
}
