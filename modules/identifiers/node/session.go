package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/binary"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // the keys of Chinese clients

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// call is a request, with what is known of who sent it.
type call struct {
	wire.Message
	raw    []byte           // as it came, decrypted
	conn   *server.Conn     // nil by datagram and in the tunnel
	in     *session.Session // that it names; nil for none
	bound  bool             // it has the MAC of that session
	sealed bool             // it was encrypted
}

// who returns the identity that is proven to have sent it, the zero value for nobody.
func (q call) who() handle.Reference {
	switch {
	case q.bound:
		return q.in.Who()
	case q.in != nil:
		return handle.Reference{} // a session is proven by MACs, not by the connection
	default:
		return guestOf(q.conn).who
	}
}

// secure is the oldest version in which the MAC of a message covers its session and its
// counter: in older ones it can be sent again.
func secure() wire.Version { return wire.Version{Major: 2, Minor: 7} }

// unseal finds the session of a message, decrypts it and checks its MAC.
//
//   - The code is Request when it may be answered, else it says why not. What cannot be
//     decrypted, what is no message then and what has another MAC have one code and take
//     the same time: else who alters a message could read it (padding oracle).
//   - A session's number that is not known here is taken for none, as id-pointer-sdk makes
//     up its own, but for messages that are encrypted or have a MAC.
func (n *Node) unseal(e wire.Envelope, q call) (call, wire.Code) {
	if e.Session != 0 {
		q.in = n.sessions.Get(n.Now(), e.Session)
	}
	switch {
	case e.Session == 0 && !e.Encrypted:
		return q, wire.Request
	case q.in == nil && e.Encrypted && e.Session == 0:
		return q, wire.SessionFailed
	case q.in == nil && (e.Encrypted || hasMAC(q.Credential)):
		return q, wire.SessionTimeout
	case q.in == nil:
		return q, wire.Request
	}
	keys := q.in.Secret()
	if e.Encrypted {
		plain, err := keys.Decrypt(q.raw)
		if err == nil {
			q.Message, err = wire.Parse(plain)
		}
		if err != nil {
			_, _ = keys.Authenticate(wire.Message{Envelope: wire.Envelope{Version: wire.Newest()}, Body: q.raw}, 1) // as long as Check takes
			return q, wire.InvalidSessionKey
		}
		q.raw, q.sealed = plain, true
	}
	return n.bind(q, keys)
}

// bind checks the MAC of a message of a session, and that it comes for the first time.
func (n *Node) bind(q call, keys session.Keys) (call, wire.Code) {
	if !hasMAC(q.Credential) {
		if q.sealed && q.Op != wire.OpAnswerChallenge { // which no client gives one
			return q, wire.InvalidSessionKey
		}
		return q, wire.Request
	}
	credential, err := keys.Check(q.raw)
	if err != nil || q.Version.Before(secure()) {
		return q, wire.InvalidSessionKey
	}
	if !q.in.Take(credential.Signer.Index) {
		return q, wire.SessionReplayed
	}
	n.sessions.Used(n.Now(), q.in)
	q.bound = true
	return q, wire.Request
}

// hasMAC reports whether a credential says to be a MAC.
func hasMAC(credential []byte) bool {
	c, err := access.ParseCredential(credential)
	return err == nil && c.Type == access.CredentialMAC
}

// sessionText says why a message of a session is refused.
func sessionText(c wire.Code) string {
	switch c { //nolint:exhaustive // these are all that unseal gives
	case wire.SessionTimeout:
		return "the session is unknown here or has ended; open another"
	case wire.SessionFailed:
		return "the message is encrypted and names no session"
	case wire.SessionReplayed:
		return "the counter of the message was seen before"
	default:
		return "the message cannot be read with the key of its session"
	}
}

// setUp opens a session (OpSetUpSession).
func (n *Node) setUp(ctx context.Context, q call, dst []byte) []byte {
	asked, err := access.ParseSessionSetUp(q.Body)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, err.Error(), dst)
	}
	if q.Speaks().Before(secure()) {
		return n.fail(q.Message, q.raw, wire.InvalidSessionSetUp, "sessions are had from version 2.7 of the protocol on", dst)
	}
	keys, key, err := n.agree(ctx, asked)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.InvalidSessionSetUp, sentence(err), dst)
	}
	s, err := n.sessions.Open(n.Random, n.Now(), keys, asked.Timeout)
	if err != nil {
		return n.fail(q.Message, q.raw, codeOf(err), sentence(err), dst)
	}
	q.Session = s.ID
	return n.finish(q.Message, q.raw, wire.Success, access.AppendSessionAnswer(nil, access.SessionAnswer{Mode: asked.Mode, Key: key}), dst)
}

// agree comes by the key of a session, and what the client is told for it.
func (n *Node) agree(ctx context.Context, q access.SessionSetUp) (session.Keys, []byte, error) {
	switch q.Mode {
	case access.ExchangeDH:
		return n.agreeDH(q.PublicKey)
	case access.ExchangeClientKey:
		return n.choose(q.PublicKey)
	case access.ExchangeNamedKey:
		v, err := n.key(ctx, q.NamedKey)
		if err != nil || v.Type != handle.TypePublicKey {
			return session.Keys{}, nil, fault.New(fault.Invalid, "%s:%d is no public key of this node", q.NamedKey.Name, q.NamedKey.Index)
		}
		return n.choose(v.Data)
	case access.ExchangeServerKey:
		own := n.signer()
		if own == nil {
			return session.Keys{}, nil, fault.New(fault.Invalid, "this server has no key of its own; use Diffie-Hellman (4)")
		}
		key, err := auth.AppendPublicKey(nil, own.Public())
		return session.Keys{}, key, err
	case access.ExchangeNone:
	}
	return session.Keys{}, nil, fault.New(fault.Invalid, "the key exchange is %d, want 1 to 4", q.Mode)
}

// agreeDH agrees on a key by Diffie-Hellman in the client's group.
func (n *Node) agreeDH(data []byte) (session.Keys, []byte, error) {
	parsed, err := auth.ParsePublicKey(data)
	if err != nil {
		return session.Keys{}, nil, err
	}
	peer, ok := parsed.(*auth.DHKey)
	if !ok {
		return session.Keys{}, nil, fault.New(fault.Invalid, "the key of the key exchange is %T, want one of Diffie-Hellman", parsed)
	}
	secret, own, err := session.NewSecret(n.Random, peer)
	if err != nil {
		return session.Keys{}, nil, err
	}
	key, err := secret.Agree(peer)
	if err != nil {
		return session.Keys{}, nil, err
	}
	told, err := session.AppendKey(nil, session.AES, own)
	return session.Keys{Cipher: session.AES, Key: key}, told, err
}

// keySize is how many bytes the key of a session has that one side chooses.
const keySize = 16

// choose draws a key and encrypts it for the client: the cipher in 4 bytes, the key.
func (n *Node) choose(data []byte) (session.Keys, []byte, error) {
	parsed, err := auth.ParsePublicKey(data)
	if err != nil {
		return session.Keys{}, nil, err
	}
	told := make([]byte, 4+keySize)
	if _, err := io.ReadFull(n.Random, told[4:]); err != nil {
		return session.Keys{}, nil, err
	}
	keys := session.Keys{Cipher: session.AES, Key: told[4:]}
	var out []byte
	switch k := parsed.(type) {
	case *rsa.PublicKey:
		binary.BigEndian.PutUint32(told, uint32(session.AES))
		out, err = rsa.EncryptPKCS1v15(n.Random, k, told) //nolint:staticcheck // as the protocol has it; who decrypts is the client
	case *ecdsa.PublicKey:
		keys.Cipher = session.SM4
		binary.BigEndian.PutUint32(told, uint32(session.SM4))
		out, err = sm2.Encrypt(n.Random, k, told, nil)
	default:
		err = fault.New(fault.Invalid, "a key of %T encrypts nothing, want RSA or SM2", parsed)
	}
	if err != nil && fault.KindOf(err) == "" {
		err = fault.New(fault.Invalid, "the client's key encrypts nothing: %v", err)
	}
	return keys, out, err
}

// exchangeKey takes the key that a client has encrypted with the server's (OpExchangeKey).
// A key that is not right is answered as one that is: what the client sends next fails.
func (n *Node) exchangeKey(q call, dst []byte) []byte {
	private, ok := n.signer().(*rsa.PrivateKey)
	if q.in == nil || !ok {
		return n.fail(q.Message, q.raw, wire.SessionTimeout, "there is no session that awaits its key", dst)
	}
	sent, err := access.ParseExchangedKey(q.Body)
	if err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, err.Error(), dst)
	}
	key := make([]byte, 4+keySize)
	if _, err := io.ReadFull(n.Random, key[4:]); err != nil {
		return n.fail(q.Message, q.raw, wire.Failed, "the server failed", dst)
	}
	binary.BigEndian.PutUint32(key, uint32(session.AES))
	if err := rsa.DecryptPKCS1v15SessionKey(n.Random, private, sent, key); err != nil { //nolint:staticcheck // this one is no oracle
		return n.fail(q.Message, q.raw, wire.ProtocolError, "the session's key has not the length of the server's modulus", dst)
	}
	if err := q.in.Agreed(session.Keys{Cipher: session.Cipher(binary.BigEndian.Uint32(key)), Key: key[4:]}); err != nil {
		return n.fail(q.Message, q.raw, wire.ProtocolError, sentence(err), dst)
	}
	return n.finish(q.Message, q.raw, wire.Success, nil, dst)
}

// terminate ends a session (OpTerminateSession).
func (n *Node) terminate(q call, dst []byte) []byte {
	if !q.bound {
		return n.fail(q.Message, q.raw, wire.InvalidCredential, "a session is ended by a message with its MAC", dst)
	}
	n.sessions.Close(q.in)
	return n.finish(q.Message, q.raw, wire.Success, nil, dst)
}

// pended is a request that waits in its session for the answer to a challenge.
type pended struct {
	waiting
	nonce []byte
	born  time.Time
}

// challengeAge is how long a challenge within a session may be answered.
const challengeAge = time.Minute

// issue draws a challenge for a request: in its session, or outside with a number of its own.
func (n *Node) issue(q call, w waiting) (id uint32, nonce []byte, err error) {
	if q.in == nil {
		return n.challenges.Issue(n.Random, n.Now(), w)
	}
	nonce = make([]byte, auth.NonceSize)
	if _, err := io.ReadFull(n.Random, nonce); err != nil {
		return 0, nil, err
	}
	q.in.Pend(pended{w, nonce, n.Now()})
	return q.in.ID, nonce, nil
}

// taken returns the request that an answer to a challenge is about, once.
func (n *Node) taken(q call) ([]byte, waiting, error) {
	if q.in == nil {
		return n.challenges.Take(n.Now(), q.Session)
	}
	p, ok := q.in.Pended().(pended)
	if !ok || n.Now().Sub(p.born) >= challengeAge {
		return nil, waiting{}, fault.New(fault.NotFound, "the challenge of the session is unknown, answered or too old; send the request again")
	}
	return p.nonce, p.waiting, nil
}
