package zone

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/modules/identifiers/limit"
)

// Serve answers questions on sockets until ctx ends.
//
//   - packets and stream may be nil. Both are closed in any case.
//   - Errors: what broke a socket.
func Serve(ctx context.Context, z Zone, l *limit.Limiter, packets net.PacketConn, stream net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { z.reply(ctx, l, w, q) })
	var servers []*dns.Server
	if packets != nil {
		servers = append(servers, &dns.Server{PacketConn: packets, Handler: answer, UDPSize: udpSize})
	}
	if stream != nil {
		servers = append(servers, &dns.Server{Listener: stream, Handler: answer, IdleTimeout: func() time.Duration { return 10 * time.Second }, ReadTimeout: 5 * time.Second})
	}
	served, ended := make([]error, len(servers)), make([]error, len(servers))
	var all, started sync.WaitGroup
	for i, s := range servers {
		started.Add(1)
		up := sync.OnceFunc(started.Done)
		s.NotifyStartedFunc = up
		all.Go(func() {
			served[i] = s.ActivateAndServe()
			up()
			stop() // one that broke ends the other
		})
	}
	started.Wait() // what has not started cannot be stopped
	<-ctx.Done()
	for i, s := range servers {
		ended[i] = s.Shutdown()
	}
	all.Wait()
	return errors.Join(errors.Join(served...), errors.Join(ended...))
}

// reply answers one question.
func (z Zone) reply(ctx context.Context, l *limit.Limiter, w dns.ResponseWriter, q *dns.Msg) {
	m := z.Answer(ctx, q)
	if from, ok := w.RemoteAddr().(*net.UDPAddr); ok {
		Fit(q, m)
		switch l.Judge(address(from), q.Len(), m.Len()) {
		case limit.Send:
		case limit.Refuse:
			m = new(dns.Msg).SetReply(q)
			m.Truncated = true // come by TCP
		case limit.Silent:
			return
		}
	}
	_ = w.WriteMsg(m) // who has gone is told nothing
}

func address(a *net.UDPAddr) netip.Addr { return a.AddrPort().Addr().Unmap() }
