package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/modules/identifiers/server"
)

// echo answers every message with itself; a body "end" ends the connection, and
// "two" is answered by two datagrams.
type echo struct{ served atomic.Int64 }

func (e *echo) Packet(_ netip.AddrPort, packet []byte, answer *server.Packets) {
	e.served.Add(1)
	answer.Done(append(answer.Next(), packet...))
	if string(packet[server.EnvelopeSize:]) == "two" {
		answer.Done(append(answer.Next(), packet...))
	}
}

func (e *echo) Refuse(packet []byte, answer *server.Packets) {
	answer.Done(append(answer.Next(), packet[:server.EnvelopeSize]...))
}

var errEnd = errors.New("end")

func (e *echo) Message(_ context.Context, _ *server.Conn, message, answer []byte) ([]byte, error) {
	e.served.Add(1)
	if string(message[server.EnvelopeSize:]) == "end" {
		return nil, errEnd
	}
	return append(answer, message...), nil
}

// message returns a message with a body.
func message(body string) []byte {
	b := make([]byte, server.EnvelopeSize, server.EnvelopeSize+len(body))
	binary.BigEndian.PutUint32(b[server.EnvelopeSize-4:], uint32(len(body)))
	return append(b, body...)
}

// node is a server on loopback.
type node struct {
	echo
	udp, tcp string
	stop     func() error
}

func start(t *testing.T, c server.Config) *node {
	t.Helper()
	n := &node{}
	ctx, cancel := context.WithCancel(t.Context())
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	n.udp, n.tcp = udp.LocalAddr().String(), tcp.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, n, c, []*net.UDPConn{udp}, []*net.TCPListener{tcp}) }()
	n.stop = func() error {
		cancel()
		select {
		case err := <-done:
			done <- err
			return err
		case <-time.After(10 * time.Second):
			return errors.New("it does not stop")
		}
	}
	t.Cleanup(func() {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func dial(t *testing.T, network, to string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), network, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// gone reports whether the server has closed a connection.
func gone(c net.Conn) bool {
	_, err := c.Read(make([]byte, 1))
	var late net.Error
	return err != nil && (!errors.As(err, &late) || !late.Timeout())
}

func TestStream(t *testing.T) {
	n := start(t, server.Config{})
	c := dial(t, "tcp", n.tcp)
	bodies := []string{"", "a", string(bytes.Repeat([]byte("b"), 100_000)), string(bytes.Repeat([]byte("c"), server.MessageSize))}
	for i, body := range bodies {
		want := message(body)
		go func() { // in pieces: streams have no edges
			for part := want; len(part) > 0; {
				k := min(len(part), 7000*i+1)
				if _, err := c.Write(part[:k]); err != nil {
					return
				}
				part = part[k:]
			}
		}()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("body of %d bytes: %v", len(body), err)
		}
	}
	if _, err := c.Write(append(message("x"), message("end")...)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, message("x")) {
		t.Errorf("two at once, of which the second ends it: %q, %v", got, err)
	}
}

func TestStreamIsCut(t *testing.T) {
	long := message("")
	binary.BigEndian.PutUint32(long[server.EnvelopeSize-4:], server.MessageSize+1)
	announced := message("")
	binary.BigEndian.PutUint32(announced[server.EnvelopeSize-4:], server.MessageSize)
	for _, tt := range []struct {
		name string
		c    server.Config
		send []byte
	}{
		{"idle", server.Config{Idle: 50 * time.Millisecond}, nil},
		{"slow in its envelope", server.Config{Slow: 50 * time.Millisecond}, message("")[:5]},
		{"slow in its body", server.Config{Slow: 50 * time.Millisecond}, message("body")[:22]},
		{"announces much and sends nothing", server.Config{Slow: 50 * time.Millisecond}, announced},
		{"announces too much", server.Config{}, long},
		{"ends", server.Config{}, message("end")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := start(t, tt.c)
			c := dial(t, "tcp", n.tcp)
			if _, err := c.Write(tt.send); err != nil {
				t.Fatal(err)
			}
			if !gone(c) {
				t.Error("the connection stays")
			}
		})
	}
}

// TestSlowReader: who does not read its answers is cut, and holds nobody else up.
func TestSlowReader(t *testing.T) {
	n := start(t, server.Config{Slow: 100 * time.Millisecond})
	slow := dial(t, "tcp", n.tcp)
	body := message(string(bytes.Repeat([]byte("x"), server.MessageSize)))
	for range 400 { // 100 MB: more than any buffer between the two
		if _, err := slow.Write(body); err != nil {
			break
		}
	}
	quick := dial(t, "tcp", n.tcp)
	if _, err := quick.Write(message("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(quick, make([]byte, 25)); err != nil {
		t.Error(err)
	}
}

// call sends a message and reads its answer.
func call(c net.Conn) error {
	_, err := c.Write(message("x"))
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, 21))
	}
	return err
}

// TestOldestIdleGives: when there are as many connections as may be, the one that is idle
// longest is closed for a new one.
func TestOldestIdleGives(t *testing.T) {
	n := start(t, server.Config{Connections: 3})
	var all []net.Conn
	for range 3 {
		c := dial(t, "tcp", n.tcp)
		if err := call(c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := call(all[0]); err != nil { // now the second is idle longest
		t.Fatal(err)
	}
	fourth := dial(t, "tcp", n.tcp)
	if err := call(fourth); err != nil {
		t.Fatalf("a fourth is not let in: %v", err)
	}
	if !gone(all[1]) {
		t.Error("the one that is idle longest stays")
	}
	for i, c := range []net.Conn{all[0], all[2], fourth} {
		if err := call(c); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
	}
}

// TestManyIdle: who opens connections and sends nothing takes no room from who asks.
func TestManyIdle(t *testing.T) {
	n := start(t, server.Config{Connections: 50})
	for range 200 {
		dial(t, "tcp", n.tcp)
	}
	asks := dial(t, "tcp", n.tcp)
	if err := call(asks); err != nil {
		t.Errorf("with 200 idle connections: %v", err)
	}
}

func TestTooManyConnections(t *testing.T) {
	n := start(t, server.Config{PerSource: 3})
	var first net.Conn
	for i := range 3 {
		c := dial(t, "tcp", n.tcp)
		if i == 0 {
			first = c
		}
		if err := call(c); err != nil {
			t.Fatal(err)
		}
	}
	if !gone(dial(t, "tcp", n.tcp)) {
		t.Error("a fourth of one source is let in")
	}
	_ = first.Close()
	for range 200 {
		if call(dial(t, "tcp", n.tcp)) == nil {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Error("what one leaves, another does not get")
}

// TestIdleIsCheap holds many idle connections and looks at what they cost.
func TestIdleIsCheap(t *testing.T) {
	const count = 2000
	n := start(t, server.Config{PerSource: count + 1})
	before := inUse()
	for range count {
		c := dial(t, "tcp", n.tcp)
		if _, err := c.Write(message("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 21)); err != nil {
			t.Fatal(err)
		}
	}
	each := (inUse() - before) / count
	if each > 16<<10 { // both ends are in this process
		t.Errorf("an idle connection takes %d bytes", each)
	}
	t.Logf("%d bytes for both ends of an idle connection", each)
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func TestPackets(t *testing.T) {
	n := start(t, server.Config{})
	c := dial(t, "udp", n.udp)
	buf := make([]byte, 4096)
	for _, tt := range []struct {
		name string
		send []byte
		want int // datagrams
	}{
		{"shorter than an envelope", make([]byte, server.EnvelopeSize-1), 0},
		{"longer than a datagram may be", make([]byte, server.PacketSize+1), 0},
		{"a message", message("x"), 1},
		{"one that is answered in two", message("two"), 2},
		{"the longest", message(string(make([]byte, server.PacketSize-server.EnvelopeSize))), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.Write(tt.send); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(message("last")); err != nil {
				t.Fatal(err)
			}
			for got := 0; ; got++ {
				k, err := c.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Equal(buf[:k], message("last")) {
					if got != tt.want {
						t.Errorf("%d datagrams, want %d", got, tt.want)
					}
					return
				}
			}
		})
	}
}

func TestStops(t *testing.T) {
	n := start(t, server.Config{})
	c := dial(t, "tcp", n.tcp)
	if _, err := c.Write(message("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 21)); err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil || !gone(c) {
		t.Errorf("stopped: %v", err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", n.tcp); err == nil {
		t.Error("it still listens")
	}
}
