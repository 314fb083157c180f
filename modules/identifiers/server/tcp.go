package server

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is a TCP connection. Here it is a session too: who has signed in on it stays
// signed in while it is open.
type Conn struct {
	Remote netip.AddrPort
	// State is the handler's own: it belongs to the connection's goroutine.
	State any
	// Send sends a message that comes before the whole answer, as the parts of a long
	// list do; nil where that cannot be. It is called while Message is.
	Send func(message []byte) error
}

// tcp accepts connections and keeps count of them.
type tcp struct {
	Config
	handler Handler
	running sync.WaitGroup

	mu      sync.Mutex // guards what follows
	sources map[netip.Addr]int
	open    map[*net.TCPConn]*list.Element // its place in idle; nil while it is served
	idle    list.List                      // of *net.TCPConn, those that wait longest first
	closed  bool
}

// accept takes connections until the listener is closed.
func (t *tcp) accept(ctx context.Context, ln *net.TCPListener) error {
	for {
		conn, err := ln.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && tooMany(err):
			// No file is left to accept with: those that are idle give theirs back soon.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(50 * time.Millisecond):
			}
			continue
		case err != nil:
			return err
		}
		remote := source(conn)
		if !t.admit(conn, remote.Addr()) {
			_ = conn.Close() // it is refused; there is nobody to tell
			continue
		}
		t.running.Go(func() {
			defer t.leave(conn, remote.Addr())
			if err := t.talk(ctx, conn, remote); err != nil && ctx.Err() == nil {
				t.Log.DebugContext(ctx, "connection ended", slog.String("remote", remote.String()), slog.Any("error", err))
			}
		})
	}
}

// tooMany reports whether an accept failed for want of files, or for a client that
// left before: neither ends the server.
func tooMany(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}

func source(conn *net.TCPConn) netip.AddrPort {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// admit counts a connection, or refuses it: its source has too many, or all that there
// may be are being served. When there are as many as may be and some are idle, the one
// that is so longest is closed for it.
func (t *tcp) admit(conn *net.TCPConn, from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.sources[from] >= t.PerSource {
		return false
	}
	if len(t.open) >= t.Connections && !t.makeRoom() {
		return false
	}
	t.open[conn] = t.idle.PushBack(conn)
	t.sources[from]++
	return true
}

// makeRoom closes the connection that is idle longest; false when all are served. Its
// goroutine leaves by itself and finds that it does not count any more.
func (t *tcp) makeRoom() bool {
	e := t.idle.Front()
	if e == nil {
		return false
	}
	conn, _ := t.idle.Remove(e).(*net.TCPConn)
	delete(t.open, conn)
	_ = conn.Close() // it is not told: there is no message for that
	return true
}

// serving notes that a connection has a request, or has none any more.
func (t *tcp) serving(conn *net.TCPConn, now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, counted := t.open[conn]
	switch {
	case !counted:
	case now && e != nil:
		t.idle.Remove(e)
		t.open[conn] = nil
	case !now && e == nil:
		t.open[conn] = t.idle.PushBack(conn)
	}
}

func (t *tcp) leave(conn *net.TCPConn, from netip.Addr) {
	t.mu.Lock()
	if e := t.open[conn]; e != nil {
		t.idle.Remove(e)
	}
	delete(t.open, conn)
	if t.sources[from]--; t.sources[from] <= 0 {
		delete(t.sources, from)
	}
	t.mu.Unlock()
	_ = conn.Close() // what it had to say is said
}

// close ends all connections and lets none in.
func (t *tcp) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	var errs []error
	for conn := range t.open {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// talk answers the messages of a connection, one after the other. An idle one holds 20
// bytes and its goroutine; a message's memory comes with its bytes, never with the
// length that it announces.
func (t *tcp) talk(ctx context.Context, conn *net.TCPConn, remote netip.AddrPort) error {
	c := &Conn{Remote: remote, Send: func(b []byte) error { return t.send(conn, b) }}
	var envelope [EnvelopeSize]byte
	for {
		if err := conn.SetReadDeadline(deadline(t.Idle)); err != nil {
			return err
		}
		if _, err := conn.Read(envelope[:1]); err != nil {
			return quiet(err)
		}
		t.serving(conn, true)
		if err := t.one(ctx, conn, c, &envelope); err != nil {
			return err
		}
		t.serving(conn, false)
	}
}

// one reads the rest of a message whose first byte has come, and answers it.
func (t *tcp) one(ctx context.Context, conn *net.TCPConn, c *Conn, envelope *[EnvelopeSize]byte) error {
	b := buffers.Get().(*buffer) //nolint:forcetypeassert,errcheck // nothing else is put in
	defer b.put()
	if err := conn.SetReadDeadline(deadline(t.Slow)); err != nil {
		return err
	}
	if err := full(conn, envelope[1:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(envelope[EnvelopeSize-4:])
	if length > MessageSize {
		return errTooLong
	}
	b.in = append(b.in[:0], envelope[:]...)
	var err error
	if b.in, err = grow(conn, b.in, int(length)); err != nil {
		return err
	}
	if b.out, err = t.handler.Message(ctx, c, b.in, b.out[:0]); err != nil {
		return err
	}
	return t.send(conn, b.out)
}

// send writes a message; who does not read it in time is cut.
func (t *tcp) send(conn *net.TCPConn, b []byte) error {
	if err := conn.SetWriteDeadline(deadline(t.Slow)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

var errTooLong = errors.New("a message is announced that is longer than the protocol allows")

// full reads until b is full.
func full(conn *net.TCPConn, b []byte) error {
	for len(b) > 0 {
		n, err := conn.Read(b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// grow appends n bytes of the connection to b, in steps: what was not sent takes no
// memory.
func grow(conn *net.TCPConn, b []byte, n int) ([]byte, error) {
	const step = 16 << 10
	for n > 0 {
		part := min(n, step)
		at := len(b)
		if cap(b)-at < part {
			b = append(b, make([]byte, part)...)[:at]
		}
		if err := full(conn, b[at:at+part]); err != nil {
			return b, err
		}
		b = b[:at+part]
		n -= part
	}
	return b, nil
}

// quiet takes the ordinary ends of a connection for none.
func quiet(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// deadline is an instant of the machine's own clock, by which sockets go.
func deadline(after time.Duration) time.Time {
	return time.Now().Add(after) //nolint:forbidigo // see above
}

// buffer is the memory of a message under way; an idle connection has none.
type buffer struct{ in, out []byte }

const keptBuffer = 64 << 10 // what is larger is left to the collector

func (b *buffer) put() {
	if cap(b.in) <= keptBuffer && cap(b.out) <= keptBuffer {
		buffers.Put(b)
	}
}

var buffers = sync.Pool{New: func() any { return new(buffer) }} //nolint:gochecknoglobals // memory that any server may use
