package client

import (
	"context"
	"crypto"
	"crypto/rand"
	"math/big"
	"net"
	"net/netip"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// Identity is who a client is, and how it proves that.
type Identity struct {
	handle.Reference               // of the value that has the key
	Key              crypto.Signer // *rsa.PrivateKey or *sm2.PrivateKey; nil: Secret
	Secret           []byte        // as HS_SECKEY has it
}

// Dialog is a connection on which one identity asks a server, in a session when Secure
// was called. It is not safe for concurrent use.
type Dialog struct {
	who     Identity
	conn    net.Conn
	timeout time.Duration

	id      uint32 // of the session; 0 for none
	keys    session.Keys
	counter uint32
}

// Dial connects to a server by TCP. Close the dialog.
func (c *Client) Dial(ctx context.Context, to netip.AddrPort, who Identity) (*Dialog, error) {
	conn, err := (&net.Dialer{Timeout: c.timeout()}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "server " + to.String() + " does not answer", Err: err}
	}
	return &Dialog{who: who, conn: conn, timeout: c.timeout()}, nil
}

// Close ends the connection.
func (d *Dialog) Close() error { return d.conn.Close() }

// Ask sends a request and answers the challenge that comes for it. In a session the
// request is encrypted and has a MAC, and so has its answer.
//
//   - op, flags, content: of the request, whose other fields are set here.
//   - Errors: fault.Busy when the connection fails, fault.Invalid for an answer that is
//     none, fault.Forbidden for one that has not the MAC of the session.
func (d *Dialog) Ask(op wire.Op, flags wire.Flags, content []byte) (wire.Message, error) {
	m := d.request(op, flags, content)
	first, err := d.exchange(m)
	if err != nil || first.Code != wire.ChallengeNeeded {
		return first, err
	}
	ch, err := access.ParseChallenge(first)
	if err != nil {
		return first, err
	}
	a := access.ChallengeAnswer{Type: handle.TypePublicKey, Identity: d.who.Reference}
	q := auth.Question{Nonce: ch.Nonce, Digest: ch.Digest.Sum, Version: first.Version}
	if d.who.Key != nil {
		a.Answer, err = auth.AnswerKey(rand.Reader, q, d.who.Name, d.who.Key)
	} else {
		a.Type = handle.TypeSecretKey
		a.Answer, err = auth.AnswerSecret(rand.Reader, q, d.who.Secret)
	}
	if err != nil {
		return first, err
	}
	answer := d.request(wire.OpAnswerChallenge, flags, access.AppendChallengeAnswer(nil, a))
	answer.Session = first.Session
	return d.exchange(answer)
}

func (d *Dialog) request(op wire.Op, flags wire.Flags, content []byte) wire.Message {
	return wire.Message{
		Envelope: wire.Envelope{Version: wire.Newest(), Suggested: wire.Newest(), Session: d.id, Request: number()},
		Header:   wire.Header{Op: op, Flags: flags | wire.KeepConnection, Serial: wire.NoSerial}, Body: content,
	}
}

// exchange sends a message and returns its answer.
func (d *Dialog) exchange(m wire.Message) (wire.Message, error) {
	b := wire.Append(nil, m)
	if d.id != 0 {
		var err error
		d.counter++
		if b, err = d.keys.Authenticate(m, d.counter); err != nil {
			return m, err
		}
		if b, err = d.keys.Encrypt(rand.Reader, b); err != nil {
			return m, err
		}
	}
	out, err := d.send(b)
	if err != nil {
		return m, &fault.Fault{Kind: fault.Busy, Text: "the server does not answer", Err: err}
	}
	e, err := wire.ParseEnvelope(out)
	if err != nil {
		return m, err
	}
	if e.Encrypted {
		if out, err = d.keys.Decrypt(out); err != nil {
			return m, err
		}
		if _, err := d.keys.Check(out); err != nil {
			return m, err
		}
	}
	answer, err := wire.Parse(out)
	switch {
	case err != nil:
		return answer, err
	case answer.Request != m.Request || answer.Code == wire.Request:
		return answer, fault.New(fault.Invalid, "the server answers another request")
	case d.id != 0 && !e.Encrypted && !answer.Code.IsError():
		return answer, fault.New(fault.Forbidden, "the server's answer is not encrypted, though its session is")
	}
	return answer, nil
}

func (d *Dialog) send(b []byte) ([]byte, error) {
	if err := d.conn.SetDeadline(clock().Add(d.timeout)); err != nil {
		return nil, err
	}
	if _, err := d.conn.Write(b); err != nil {
		return nil, err
	}
	return readMessage(d.conn)
}

// oakley is the second Oakley group (RFC 2409 §6.2), generator 2, which all peers have.
const oakley = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"

// Secure opens a session by Diffie-Hellman: what is asked from then on nobody else reads
// or sends again.
//
//   - server: the public key of the server as its HS_SITE has it (*rsa.PublicKey), by
//     which its part of the exchange is signed; nil: whoever answers is believed.
//   - Errors: fault.Forbidden when the answer is not signed by it.
func (d *Dialog) Secure(server crypto.PublicKey) error {
	p, _ := new(big.Int).SetString(oakley, 16)
	secret, own, err := session.NewSecret(rand.Reader, &auth.DHKey{Y: big.NewInt(4), P: p, G: big.NewInt(2)})
	if err != nil {
		return err
	}
	public, err := auth.AppendPublicKey(nil, own)
	if err != nil {
		return err
	}
	m := d.request(wire.OpSetUpSession, wire.Certified, access.AppendSessionSetUp(nil, access.SessionSetUp{Mode: access.ExchangeDH, Timeout: 3600, PublicKey: public}))
	answer, err := d.exchange(m)
	if err != nil {
		return err
	}
	_, content, err := access.Content(answer)
	if err != nil || answer.Code != wire.Success {
		return failure(d.who.Name, answer.Code, content)
	}
	if server != nil {
		if err := Signed(answer, server); err != nil {
			return err
		}
	}
	told, err := access.ParseSessionAnswer(content)
	if err != nil {
		return err
	}
	return d.agree(secret, answer.Session, told.Key)
}

// agree takes the server's part of the exchange: the cipher in 4 bytes, its key.
func (d *Dialog) agree(secret session.Secret, id uint32, told []byte) error {
	if len(told) < 4 || told[3] != byte(session.AES) {
		return fault.New(fault.Invalid, "the server does not agree on AES")
	}
	parsed, err := auth.ParsePublicKey(told[4:])
	if err != nil {
		return err
	}
	peer, ok := parsed.(*auth.DHKey)
	if !ok {
		return fault.New(fault.Invalid, "the server's key is %T, want one of Diffie-Hellman", parsed)
	}
	key, err := secret.Agree(peer)
	if err != nil {
		return err
	}
	d.id, d.keys, d.counter = id, session.Keys{Cipher: session.AES, Key: key}, 0
	return nil
}

// Signed returns nil when a message has the signature of a server (RFC 3652 §2.2.4).
//
// Errors: fault.Forbidden when it has none or another; fault.Invalid when the message is
// below version 2.7, whose signatures bind it to no request.
func Signed(m wire.Message, server crypto.PublicKey) error {
	c, err := access.ParseCredential(m.Credential)
	if err != nil || c.Type != access.CredentialSigned {
		return fault.New(fault.Forbidden, "the answer is not signed")
	}
	if m.Version.Before(wire.Version{Major: 2, Minor: 7}) {
		return fault.New(fault.Invalid, "the answer is of version %d.%d, want 2.7 or later", m.Version.Major, m.Version.Minor)
	}
	covered, err := access.AppendAuthenticated(nil, wire.Append(nil, m), c)
	if err != nil {
		return err
	}
	return auth.Signature(covered, c.Algorithm, c.Signature, server)
}
