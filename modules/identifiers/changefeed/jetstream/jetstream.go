// Package jetstream carries the feed over NATS JetStream: on a server inside this
// program, or on a cluster that others run.
//
// What must hold: a stream has few messages of many changes, never one for each
// identifier; nothing rests on what JetStream keeps, for the records are the truth and
// a follower notices what is missing; who follows can write nothing that others take
// for a change; who does not know the token of a server inside this program, which
// listens elsewhere than on this machine, is let in nowhere.
package jetstream

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"strings"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server" //nolint:depguard // this package is its adapter
	"github.com/nats-io/nats.go"                     //nolint:depguard // this package is its adapter
	js "github.com/nats-io/nats.go/jetstream"        //nolint:depguard // this package is its adapter

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/changefeed"
)

// Bus is a connection to the feed: a changefeed.Log for the origin, a changefeed.Line for a follower.
type Bus struct {
	changefeed.Options
	server *natsd.Server // nil when it is elsewhere
	conn   *nats.Conn
	js     js.JetStream
}

// patience is how long an answer is waited for.
const patience = 5 * time.Second

// soon is how long a cut line is left alone before it is tried again.
const soon = 100 * time.Millisecond

// Open connects to the feed. A follower, and an origin of a cluster, need not find it
// there yet: it is tried until it is.
//
// Errors: fault.Invalid for an address that is none; fault.Busy when it cannot be
// listened on.
func Open(ctx context.Context, o changefeed.Options) (*Bus, error) {
	if o.Bytes == 0 {
		o.Bytes = 1 << 30
	}
	b := &Bus{Options: o}
	options := []nats.Option{
		nats.Name("yuzhou " + o.Name), nats.MaxReconnects(-1), nats.ReconnectWait(soon), nats.ReconnectJitter(soon, soon),
		nats.RetryOnFailedConnect(o.Listen == ""), nats.Timeout(patience), nats.ReconnectBufSize(-1), nats.PingInterval(10 * time.Second),
	}
	if o.Listen != "" {
		password := rand.Text()
		var err error
		if b.server, err = embedded(o, password); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(b.server), nats.UserInfo(ownUser, password))
	}
	var err error
	if b.conn, err = nats.Connect(o.URL, options...); err == nil {
		b.js, err = js.New(b.conn, js.WithDefaultTimeout(patience))
	}
	if err == nil && b.server != nil {
		err = b.ready(ctx)
	}
	if err != nil {
		b.Close()
		if o.URL != "" { // what is wrong with it may quote its token
			err = fault.New(fault.Invalid, "the feed of identifiers cannot be connected to at %q; an address is such as nats://192.0.2.7:4222", redacted(o.URL))
		}
		return nil, err
	}
	return b, nil
}

// ready waits for the connection to the server inside, and makes the stream.
func (b *Bus) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := b.stream(ctx)
	return err
}

// redacted is an address without its token.
func redacted(url string) string {
	if i := strings.LastIndexByte(url, '@'); i >= 0 {
		return "nats://…" + url[i:]
	}
	return url
}

// The users of a server inside.
const (
	ownUser      = "origin" // writes; its password is drawn at each start
	followerUser = "follower"
)

// embedded starts a server inside this program.
func embedded(o changefeed.Options, password string) (*natsd.Server, error) {
	at, err := netip.ParseAddrPort(o.Listen)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address %q of the feed is none, such as 127.0.0.1:4222", o.Listen)
	}
	if !at.Addr().IsLoopback() && o.Token == "" {
		return nil, fault.New(fault.Invalid, "the feed of identifiers is to listen on %s, where others reach it, and has no token; set one", at)
	}
	// The port is looked at first: the server inside would end the program for it.
	ln, err := net.Listen("tcp", at.String()) //nolint:noctx // closed at once
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "the feed of identifiers cannot listen on " + at.String(), Err: err}
	}
	if err := ln.Close(); err != nil {
		return nil, err
	}
	opts := &natsd.Options{
		ServerName: "yuzhou-" + token(o.Name), Host: at.Addr().String(), Port: int(at.Port()), StoreDir: o.Dir, JetStream: true, SyncAlways: true,
		MaxPayload: maxPayload, NoSigs: true, DisableJetStreamBanner: true, JetStreamMaxStore: 2 * o.Bytes, JetStreamMaxMemory: 16 << 20,
		Users: []*natsd.User{{Username: ownUser, Password: password}, {Username: followerUser, Password: o.Token, Permissions: following(o.Name)}},
	}
	if o.Token == "" {
		opts.NoAuthUser = followerUser
		opts.Users[1].Password = rand.Text()
	}
	s, err := natsd.NewServer(opts)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return nil, fault.New(fault.Busy, "the feed of identifiers does not start at %s", at)
	}
	return s, nil
}

// maxPayload is how large a message may be: a batch, and what one large record is beyond it.
const maxPayload = 8 << 20

// following is what a follower may do: read the stream, and ask.
func following(name string) *natsd.Permissions {
	s := streamName(name)
	return &natsd.Permissions{
		Publish: &natsd.SubjectPermission{Allow: []string{
			"$JS.API.STREAM.INFO." + s, "$JS.API.CONSUMER.CREATE." + s + ".>", "$JS.API.CONSUMER.DELETE." + s + ".>",
			"$JS.API.CONSUMER.MSG.NEXT." + s + ".>", "$JS.API.CONSUMER.INFO." + s + ".>", asked(name),
		}},
		Subscribe: &natsd.SubjectPermission{Allow: []string{"_INBOX.>"}},
	}
}

// token is a name as a part of a subject.
func token(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

func streamName(name string) string { return "identifiers_" + token(name) }
func subject(name string) string    { return "identifiers.changes." + token(name) }
func asked(name string) string      { return "identifiers.ask." + token(name) }

// Close ends the connection, and the server inside.
func (b *Bus) Close() {
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}
