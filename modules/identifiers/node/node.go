// Package node answers the requests of the Handle protocol: what one node knows, what
// it refers to others, and what it refuses.
//
// What must hold: a value is given to nobody whom its permissions do not let read it;
// an answer says what the records say at that moment, whether it was kept or not; a
// request that cannot be understood has an answer that says so, or none, never a wrong
// one; nothing that a request announces takes memory before it has come.
//
// Source: RFC 3652 §3, with Handle.Net 9.2 where the RFC is silent.
package node

import (
	"context"
	"crypto"
	"crypto/md5" //nolint:gosec // what old clients ask for: nothing here rests on its strength
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
	"yuzhou/modules/identifiers/wire/packet"
)

// Standing is how a prefix stands to this node.
type Standing int

// The standings.
const (
	Foreign   Standing = iota // of another network, or of nobody
	Hosted                    // its identifiers are here
	Delegated                 // its identifiers are elsewhere; Referral says where
	Suspended                 // nothing below it resolves
	Standby                   // answered here in the place of the node that has it; nothing is written
)

// Place is what a node knows of a prefix.
type Place struct {
	Standing Standing
	Referral []handle.Value // HS_SITE values of a delegated prefix
}

// Config is what a node works with.
type Config struct {
	// Record returns a record as it is now; fault.NotFound. It may be asked by many at once.
	Record func(ctx context.Context, n handle.Name) (handle.Record, error)
	// Place returns how a prefix stands, given folded. It is asked for each request that
	// no kept answer serves: it must not wait.
	Place func(prefix string) Place
	// Site returns this node's own site, and which of its servers this is.
	Site func() (site typed.Site, slot int)
	// Holds says whether this server of a site of several answers a name; nil: it answers
	// those whose hash is its own.
	Holds func(n handle.Name) bool
	// Upper are the HS_SITE values of the node above, to which foreign names are
	// referred; nil: they are refused.
	Upper func() []handle.Value
	// Granted returns the indexes of the private values of a record that a proven identity
	// may read beside what its rights let it; nil: nothing is granted.
	Granted func(ctx context.Context, who handle.Reference, r handle.Record) map[uint32]bool
	// Resolved is told of each name that was resolved with success, folded; nil: nobody
	// is. What it is given is its own only until it returns.
	Resolved func(folded []byte)
	// Served is told of each message that was answered, with where it came from, the zero
	// Addr when that is not known; nil: nobody is. What it is given is its own only until it
	// returns.
	Served func(from netip.Addr, request, answer []byte, took time.Duration)
	// Store takes what is written by the protocol; nil: nothing is. Record reads from it.
	Store records.Store
	// Key returns what signs answers that are asked for certified, *rsa.PrivateKey, nil for
	// none; nil: there never is. Its public key is that of this server in Site.
	Key func() crypto.Signer
	// Own is the node's own prefix: who may list by its record is told the prefixes here.
	Own string
	// Home takes a prefix in, or lets it go, for who has the right to by the record of the
	// prefix above; nil: that is not done by the protocol.
	Home   func(ctx context.Context, prefix string, here bool) error
	Random io.Reader // of challenges and sessions; nil: crypto/rand
	Now    func() time.Time
	Log    *slog.Logger
	// Kept is how many bytes of answers are kept; 0: 64 MiB.
	Kept int
}

// Node answers requests. It is a server.Handler.
type Node struct {
	Config
	assembler  *packet.Assembler
	kept       *answers
	challenges auth.Challenges[waiting]
	sessions   session.Table
}

// New returns a node. Tell it by Forget of each record that has changed.
func New(c Config) *Node {
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return &Node{Config: c, assembler: packet.NewAssembler(packet.Limits{}), kept: newAnswers(c.Kept)}
}

// Forget makes the next answer about a name a new one. Call it when a change is durable
// and before it is acknowledged; with the name of a prefix (0.NA/88.118) also when how
// that stands, or the node's own site, has changed: then all kept answers go.
func (n *Node) Forget(name handle.Name) {
	if _, prefix := name.DescribedPrefix(); prefix {
		n.kept.clear()
		return
	}
	n.kept.forget(handle.AppendFold(nil, string(name)))
}

// lives is how long an answer is good for on its way; clients discard it then.
const lives = 12 * 60 * 60 // seconds

// Packet answers a datagram.
func (n *Node) Packet(from netip.AddrPort, datagram []byte, answer *server.Packets) {
	e, err := wire.ParseEnvelope(datagram)
	if err != nil {
		return // whoever that was speaks another protocol
	}
	message := datagram
	if e.Fragment(len(datagram)) {
		message, err = n.assembler.Add(n.Now(), from, datagram)
		if err != nil || message == nil {
			return
		}
	}
	out := n.kept.buffer()
	defer n.kept.put(out)
	out.bytes = n.timed(context.Background(), nil, from.Addr(), message, out.bytes[:0])
	if len(out.bytes) > mostByUDP {
		n.Refuse(datagram, answer)
		return
	}
	for i := range packet.Count(len(out.bytes)) {
		if len(out.bytes) > 0 {
			answer.Done(packet.Append(answer.Next(), out.bytes, i))
		}
	}
}

// mostByUDP is how long an answer is that goes in datagrams: who forges the source of a
// request has little use of it, and of more some packet is lost. Longer ones are had by TCP.
const mostByUDP = 16 << 10

// Refuse tells a source that has had its share to come by TCP: there it shows who it is.
func (n *Node) Refuse(datagram []byte, answer *server.Packets) {
	e, err := wire.ParseEnvelope(datagram)
	if err != nil || len(datagram) < wire.EnvelopeSize+wire.HeaderSize+4 {
		return
	}
	m := wire.Reply(wire.Message{Envelope: e}, wire.ServerBusy, wire.Newest(), 0)
	if whole, err := wire.Parse(datagram); err == nil {
		m.Op = whole.Op
	}
	answer.Done(wire.Append(answer.Next(), m))
}

// Message answers a message of a connection.
func (n *Node) Message(ctx context.Context, c *server.Conn, message, answer []byte) ([]byte, error) {
	var from netip.Addr
	if c != nil {
		from = c.Remote.Addr()
	}
	out := n.timed(ctx, c, from, message, answer)
	if len(out) == len(answer) {
		return answer, errSilent
	}
	return out, nil
}

// timed is answer, of which Served is told.
func (n *Node) timed(ctx context.Context, c *server.Conn, from netip.Addr, message, dst []byte) []byte {
	if n.Served == nil {
		return n.answer(ctx, c, message, dst)
	}
	began := time.Now() //nolint:forbidigo // how long it takes is no matter of the city's clock
	out := n.answer(ctx, c, message, dst)
	n.Served(from, message, out[len(dst):], time.Since(began))
	return out
}

var errSilent = errors.New("a message that is none ends the connection")

// answer appends the answer to a whole message; nothing when it is none.
func (n *Node) answer(ctx context.Context, c *server.Conn, message, dst []byte) []byte {
	e, err := wire.ParseEnvelope(message)
	if err != nil {
		return dst
	}
	q := call{Message: wire.Message{Envelope: e}, raw: message, conn: c}
	if !e.Encrypted {
		if q.Message, err = wire.Parse(message); err != nil {
			return n.unread(message, err, dst)
		}
		if q.Code != wire.Request {
			return dst // an answer that strayed: to answer it would go on for ever
		}
	}
	q, refused := n.unseal(e, q)
	switch {
	case refused != wire.Request && e.Encrypted:
		return n.fail(wire.Message{Envelope: e}, message, refused, sessionText(refused), dst) // nothing of what was decrypted shows
	case refused != wire.Request:
		return n.fail(q.Message, message, refused, sessionText(refused), dst)
	case q.Code != wire.Request:
		return dst
	}
	return n.seal(q, n.dispatch(ctx, q, dst), len(dst))
}

// dispatch appends the answer to a request.
func (n *Node) dispatch(ctx context.Context, q call, dst []byte) []byte {
	switch q.Op { //nolint:exhaustive // the rest is refused in one place
	case wire.OpResolve:
		return n.resolve(ctx, q, dst)
	case wire.OpSiteInfo:
		site, _ := n.Site()
		return n.finish(q.Message, q.raw, wire.Success, typed.AppendSite(nil, site), dst)
	case wire.OpCreate, wire.OpDelete, wire.OpAddValues, wire.OpModifyValues, wire.OpRemoveValues, wire.OpLogin,
		wire.OpList, wire.OpListPrefixes, wire.OpListHomed, wire.OpHome, wire.OpUnhome:
		return n.write(ctx, q, dst)
	case wire.OpAnswerChallenge:
		return n.answered(ctx, q, dst)
	case wire.OpVerifyAnswer:
		return n.verify(ctx, q, dst)
	case wire.OpSetUpSession:
		return n.setUp(ctx, q, dst)
	case wire.OpExchangeKey:
		return n.exchangeKey(q, dst)
	case wire.OpTerminateSession:
		return n.terminate(q, dst)
	default:
		return n.fail(q.Message, q.raw, wire.OperationDenied, "operation "+q.Op.String()+" is not offered here", dst)
	}
}

// unread answers a message of which the envelope alone can be read.
func (n *Node) unread(message []byte, err error, dst []byte) []byte {
	e, broken := wire.ParseEnvelope(message)
	if broken != nil {
		return dst
	}
	return n.fail(wire.Message{Envelope: e}, message, wire.ProtocolError, err.Error(), dst)
}

// fail appends an answer that says what went wrong.
func (n *Node) fail(m wire.Message, message []byte, code wire.Code, text string, dst []byte) []byte {
	return n.finish(m, message, code, body.AppendErrorAnswer(nil, body.ErrorAnswer{Text: text}), dst)
}

// finish appends an answer with a body.
func (n *Node) finish(m wire.Message, message []byte, code wire.Code, content, dst []byte) []byte {
	r := wire.Reply(m, code, wire.Newest(), n.expires())
	r.Code = code.For(r.Version)
	if r.Code == wire.NotResponsible && r.Version.Before(wire.Version{Major: 2, Minor: 5}) {
		r.Code = wire.NotFound // ID-SDK, which speaks 2.3, breaks off at a code that it does not know
	}
	site, _ := n.Site()
	r.Serial = site.Serial
	if r.Flags.Has(wire.RequestDigest) {
		if d, ok := digest(r.Version, message); ok {
			content = append(access.AppendDigest(nil, d), content...)
		} else {
			r.Flags &^= wire.RequestDigest
		}
	}
	r.Body = content
	return wire.Append(dst, r)
}

func (n *Node) expires() uint32 {
	return uint32(n.Now().Unix()) + lives //nolint:gosec // good until 2106
}

// digest returns the digest of a request as its version wants it.
func digest(v wire.Version, message []byte) (access.Digest, bool) {
	said, err := wire.Digested(message)
	if err != nil {
		return access.Digest{}, false
	}
	d := access.Digest{Algorithm: access.DigestOf(v)}
	switch d.Algorithm {
	case access.OldMD5, access.MD5:
		sum := md5.Sum(said) //nolint:gosec // see the import
		d.Sum = sum[:]
	case access.SHA1:
		sum := sha1.Sum(said) //nolint:gosec // see the import
		d.Sum = sum[:]
	case access.SHA256:
		sum := sha256.Sum256(said)
		d.Sum = sum[:]
	}
	return d, true
}

// codeOf returns the code of a failure.
func codeOf(err error) wire.Code {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return wire.NotFound
	case fault.Invalid:
		return wire.InvalidName
	case fault.Forbidden:
		return wire.AccessDenied
	case fault.Busy:
		return wire.ServerBusy
	case fault.Conflict:
		return wire.AlreadyExists
	default:
		return wire.Failed
	}
}
