package access

import (
	"encoding/binary"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
)

// KeyExchange is how the two sides of a session come by its key.
type KeyExchange uint16

// The modes (RFC 3652 §3.8.1). DO-IRP 3.0 has the last alone.
const (
	ExchangeNone      KeyExchange = 0
	ExchangeClientKey KeyExchange = 1 // the server encrypts the key with the client's public key
	ExchangeServerKey KeyExchange = 2 // the client encrypts it with the server's and sends OpExchangeKey
	ExchangeNamedKey  KeyExchange = 3 // the server encrypts it with the public key that a record has
	ExchangeDH        KeyExchange = 4 // Diffie-Hellman
)

// String returns the mode's name.
func (k KeyExchange) String() string {
	switch k {
	case ExchangeNone:
		return "none"
	case ExchangeClientKey:
		return "client key"
	case ExchangeServerKey:
		return "server key"
	case ExchangeNamedKey:
		return "named key"
	case ExchangeDH:
		return "Diffie-Hellman"
	default:
		return "key exchange " + strconv.Itoa(int(k))
	}
}

// hasPublicKey reports whether the request for a session brings a public key.
func (k KeyExchange) hasPublicKey() bool { return k == ExchangeClientKey || k == ExchangeDH }

// SessionSetUp is the body of OpSetUpSession:
//
//	mode (2 bytes), timeout in seconds (4 bytes), name and index of who the session is for,
//	and by the mode: client key, Diffie-Hellman: public key behind its length;
//	named key: name and index of the key; server key: nothing
//
// Handle.Net writes two zero bytes behind it, since it takes the mode to have four; they
// are read over. Source: RFC 3652 §3.8.1, whose SessionAttributes are these, in another
// order in the text than any peer writes.
type SessionSetUp struct {
	Mode      KeyExchange
	Timeout   uint32
	Identity  handle.Reference // name "" for nobody
	PublicKey []byte           // as the data of HS_PUBKEY
	NamedKey  handle.Reference
}

// setUpPadding is what Handle.Net writes too much.
const setUpPadding = 2

// ParseSessionSetUp reads the body of OpSetUpSession.
func ParseSessionSetUp(body []byte) (SessionSetUp, error) {
	r := octets.Reader{Rest: body}
	q := SessionSetUp{Mode: KeyExchange(r.Uint16("mode of the key exchange")), Timeout: r.Uint32("timeout of the session"), Identity: readReference(&r)}
	switch {
	case q.Mode.hasPublicKey():
		q.PublicKey = r.Bytes("public key")
	case q.Mode == ExchangeNamedKey:
		q.NamedKey = readReference(&r)
	case q.Mode != ExchangeServerKey:
		r.Fail("the mode of the key exchange is %d, want 1 (client key), 2 (server key), 3 (named key) or 4 (Diffie-Hellman)", q.Mode)
	}
	checkZero(&r, "the request for a session", setUpPadding)
	if r.Err != nil {
		return SessionSetUp{}, r.Err
	}
	return q, nil
}

// AppendSessionSetUp appends the body of OpSetUpSession.
func AppendSessionSetUp(dst []byte, q SessionSetUp) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(q.Mode))
	dst = binary.BigEndian.AppendUint32(dst, q.Timeout)
	dst = appendReference(dst, q.Identity)
	switch {
	case q.Mode.hasPublicKey():
		dst = octets.AppendBytes(dst, q.PublicKey)
	case q.Mode == ExchangeNamedKey:
		dst = appendReference(dst, q.NamedKey)
	}
	return dst
}

// SessionAnswer is the body of the answer to OpSetUpSession:
//
//	mode (2 bytes), key behind its length
//
// The key is by the mode: client key, named key: the session's key, encrypted; server
// key, Diffie-Hellman: the server's public key. The session's number is in the envelope.
// Handle.Net writes two zero bytes behind it. Source: RFC 3652 §3.8.1.
type SessionAnswer struct {
	Mode KeyExchange
	Key  []byte
}

// ParseSessionAnswer reads the body of the answer to OpSetUpSession.
func ParseSessionAnswer(body []byte) (SessionAnswer, error) {
	r := octets.Reader{Rest: body}
	a := SessionAnswer{Mode: KeyExchange(r.Uint16("mode of the key exchange")), Key: r.Bytes("key")}
	checkZero(&r, "the answer to a request for a session", setUpPadding)
	if r.Err != nil {
		return SessionAnswer{}, r.Err
	}
	return a, nil
}

// AppendSessionAnswer appends the body of the answer to OpSetUpSession.
func AppendSessionAnswer(dst []byte, a SessionAnswer) []byte {
	return octets.AppendBytes(binary.BigEndian.AppendUint16(dst, uint16(a.Mode)), a.Key)
}

// ParseExchangedKey reads the body of OpExchangeKey: the session's key behind its length,
// encrypted with the server's public key. An empty body is an empty key.
// Source: RFC 3652 §3.8.2.
func ParseExchangedKey(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	r := octets.Reader{Rest: body}
	key := r.Bytes("session key")
	r.End("the session key")
	if r.Err != nil {
		return nil, r.Err
	}
	return key, nil
}

// AppendExchangedKey appends the body of OpExchangeKey.
func AppendExchangedKey(dst, key []byte) []byte { return octets.AppendBytes(dst, key) }

// checkZero fails when bytes that mean nothing say something.
func checkZero(r *octets.Reader, what string, most int) {
	if len(r.Rest) > most {
		r.End(what)
		return
	}
	for _, b := range r.Rest {
		if b != 0 {
			r.Err = fault.New(fault.Invalid, "%d bytes are left behind %s and are not zero", len(r.Rest), what)
			break
		}
	}
	r.Rest = nil
}

// readReference reads a name and an index.
func readReference(r *octets.Reader) handle.Reference {
	name := r.Bytes("name")
	if len(name) > handle.MaxName {
		r.Fail("the name has %d bytes, at most %d are allowed", len(name), handle.MaxName)
	}
	return handle.Reference{Name: handle.Name(name), Index: r.Uint32("index")}
}

func appendReference(dst []byte, ref handle.Reference) []byte {
	return binary.BigEndian.AppendUint32(octets.AppendBytes(dst, string(ref.Name)), ref.Index)
}
