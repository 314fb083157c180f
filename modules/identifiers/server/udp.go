package server

import (
	"errors"
	"iter"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4" //nolint:depguard // one system call for many datagrams

	"yuzhou/modules/identifiers/limit"
)

// batch is how many datagrams one system call reads or writes.
const batch = 64

// Packets collects the datagrams of an answer.
type Packets struct {
	buf  []byte
	ends []int
}

// Next returns the buffer to append the next datagram to; Done ends it.
func (p *Packets) Next() []byte { return p.buf }

// Done ends a datagram: buf is what Next returned, with the datagram appended. A
// datagram is at most PacketSize; what is longer is not sent.
func (p *Packets) Done(buf []byte) {
	p.buf = buf
	p.ends = append(p.ends, len(buf))
}

// reset empties the collection and keeps its memory.
func (p *Packets) reset() { p.buf, p.ends = p.buf[:0], p.ends[:0] }

// all yields the datagrams.
func (p *Packets) all() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for _, end := range p.ends {
			if n := end - from; 0 < n && n <= PacketSize && !yield(p.buf[from:end]) {
				return
			}
			from = end
		}
	}
}

// packetLoop is one socket's goroutine with all its memory.
type packetLoop struct {
	conn    *ipv4.PacketConn // its batches work for both families
	handler Handler
	limiter *limit.Limiter
	in      []ipv4.Message
	out     []ipv4.Message
	outBufs [][PacketSize]byte
	answer  Packets
	pending int // datagrams in out
}

// servePackets answers datagrams until the socket is closed.
func servePackets(h Handler, conn *net.UDPConn, l *limit.Limiter) error {
	p := &packetLoop{
		conn: ipv4.NewPacketConn(conn), handler: h, limiter: l,
		in: make([]ipv4.Message, batch), out: make([]ipv4.Message, batch), outBufs: make([][PacketSize]byte, batch),
	}
	for i := range p.in {
		p.in[i].Buffers = [][]byte{make([]byte, maxDatagram)}
		p.out[i].Buffers = [][]byte{nil}
	}
	for {
		n, err := p.conn.ReadBatch(p.in, 0)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range p.in[:n] {
			p.take(&p.in[i])
		}
		p.flush()
	}
}

// take answers one datagram.
func (p *packetLoop) take(m *ipv4.Message) {
	from, ok := m.Addr.(*net.UDPAddr)
	if !ok || m.N < EnvelopeSize || m.N > PacketSize {
		return // nothing that the protocol sends; whoever it was gets no answer to amplify
	}
	packet := m.Buffers[0][:m.N]
	peer := from.AddrPort()
	p.answer.reset()
	p.handler.Packet(netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()), packet, &p.answer)
	if len(p.answer.buf) == 0 {
		return
	}
	switch p.limiter.Judge(peer.Addr(), m.N, len(p.answer.buf)) {
	case limit.Send:
	case limit.Refuse:
		p.answer.reset()
		p.handler.Refuse(packet, &p.answer)
		if len(p.answer.buf) > m.N {
			return
		}
	case limit.Silent:
		return
	}
	for answer := range p.answer.all() {
		p.queue(answer, from)
	}
}

// queue puts a datagram with those that the next call sends.
func (p *packetLoop) queue(packet []byte, to net.Addr) {
	if p.pending == batch {
		p.flush()
	}
	n := copy(p.outBufs[p.pending][:], packet)
	m := &p.out[p.pending]
	m.Buffers[0], m.Addr = p.outBufs[p.pending][:n], to
	p.pending++
}

// flush sends what is queued. A datagram that cannot be sent is lost, as datagrams are;
// that the socket is closed, the next reading says.
func (p *packetLoop) flush() {
	for all := p.out[:p.pending]; len(all) > 0; {
		n, err := p.conn.WriteBatch(all, 0)
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			n = max(n, 1) // that one is not to be sent: no route, a forged address
		}
		all = all[n:]
	}
	p.pending = 0
}
