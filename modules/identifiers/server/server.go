// Package server listens on UDP and TCP for messages of the Handle protocol and
// hands them, whole, to whoever answers them.
//
// What must hold: no client, however slow, forged or many, takes more than its share
// of memory, time or answers; an answer goes to where its request came from; a TCP
// connection stays open until it is idle too long, whatever the request's keep-alive
// flag says (the clients of the Chinese network never set it and never reconnect);
// when Serve returns, nothing of it runs.
//
// The package knows of a message only its envelope's length, RFC 3652 §2.2.1: 20
// bytes, of which the last four count what follows.
package server

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"yuzhou/modules/identifiers/limit"
)

// The protocol's sizes, in bytes.
const (
	EnvelopeSize = 20
	PacketSize   = 512       // of a datagram
	MessageSize  = 262_144   // of a message behind its envelope
	maxDatagram  = 2 * 1_024 // of what is read, to tell what is too long
)

// Handler answers messages.
type Handler interface {
	// Packet appends the datagrams that answer one, none when it is not to be answered
	// or is only a part of a message. It is called by several goroutines at once; what
	// it is given is its own until it returns.
	Packet(from netip.AddrPort, packet []byte, answer *Packets)
	// Refuse appends the datagram that answers one whose sender has had its share: no
	// longer than the request, else it is not sent. It says to come by TCP.
	Refuse(packet []byte, answer *Packets)
	// Message appends the whole answer to one message of a connection, envelope and
	// all. One connection has one call at a time. An error ends the connection.
	Message(ctx context.Context, c *Conn, message, answer []byte) ([]byte, error)
}

// Config says how to listen. The zero value works.
type Config struct {
	Idle        time.Duration // a connection without a request is closed after; 0: 2 minutes
	Slow        time.Duration // a request that has begun, and an answer, take at most; 0: 20 seconds
	Connections int           // at most at once, then the one that is idle longest is closed; 0: 200,000
	PerSource   int           // connections of one source at most; 0: 2,000
	Limit       limit.Config  // of UDP answers by source
	Log         *slog.Logger  // nil: nothing is logged
}

func (c Config) with() Config {
	c.Idle = cmp.Or(c.Idle, 2*time.Minute)
	c.Slow = cmp.Or(c.Slow, 20*time.Second)
	c.Connections = cmp.Or(c.Connections, 200_000)
	c.PerSource = cmp.Or(c.PerSource, 2_000)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

// Serve answers on sockets until ctx ends.
//
//   - packets: UDP sockets, each read by a goroutine of its own; several on one port
//     (SO_REUSEPORT) let the kernel share clients out. streams: TCP.
//   - Errors: what broke a socket. The sockets are closed in any case.
func Serve(ctx context.Context, h Handler, c Config, packets []*net.UDPConn, streams []*net.TCPListener) error {
	c = c.with()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	run := func(f func() error) {
		all.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				stop(err)
			}
		})
	}
	limiter := limit.New(c.Limit)
	for _, conn := range packets {
		run(func() error { return servePackets(h, conn, limiter) })
	}
	t := &tcp{Config: c, handler: h, sources: map[netip.Addr]int{}, open: map[*net.TCPConn]*list.Element{}}
	for _, ln := range streams {
		run(func() error { return t.accept(ctx, ln) })
	}
	<-ctx.Done()
	errs := []error{t.close()}
	for _, conn := range packets {
		errs = append(errs, conn.Close())
	}
	for _, ln := range streams {
		errs = append(errs, ln.Close())
	}
	all.Wait()
	t.running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		errs = append(errs, cause)
	}
	return errors.Join(errs...)
}
