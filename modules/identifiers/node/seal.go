package node

import (
	"crypto"
	"crypto/sha256"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// seal gives the answer that stands from at on in dst what its request asks for: within
// a session a MAC, and encryption when the request was encrypted; outside, when the
// request is to be certified, a signature by the server's key (RFC 3652 §2.2.4).
//
// An answer that cannot be sealed as its request was is not sent.
func (n *Node) seal(q call, dst []byte, at int) []byte {
	certified := q.Flags.Has(wire.Certified)
	if len(dst) == at || !certified && !q.sealed {
		return dst
	}
	if q.in == nil {
		return n.sign(dst, at)
	}
	keys := q.in.Secret()
	m, err := wire.Parse(dst[at:])
	if err != nil {
		return dst[:at]
	}
	b, err := keys.Authenticate(m, 0)
	if err == nil && q.sealed {
		b, err = keys.Encrypt(n.Random, b)
	}
	if err != nil {
		if q.sealed {
			return dst[:at]
		}
		return dst // of an old version, or the session has no key yet: the client sees that it has no MAC
	}
	return append(dst[:at], b...)
}

// sign signs an answer with the server's key. Below version 2.7 signatures are by SHA-1
// and bind an answer to no request: there is none then, nor without a key.
func (n *Node) sign(dst []byte, at int) []byte {
	m, err := wire.Parse(dst[at:])
	key := n.signer()
	if err != nil || key == nil || m.Version.Before(secure()) {
		return dst
	}
	c := access.Credential{Type: access.CredentialSigned, Algorithm: "SHA-256", Signer: handle.Reference{}}
	covered, err := access.AppendAuthenticated(nil, dst[at:], c)
	if err != nil {
		return dst
	}
	sum := sha256.Sum256(covered)
	if c.Signature, err = key.Sign(n.Random, sum[:], crypto.SHA256); err != nil {
		return dst
	}
	m.Credential = access.AppendCredential(nil, c)
	return wire.Append(dst[:at], m)
}

// signer returns the server's key, nil for none.
func (n *Node) signer() crypto.Signer {
	if n.Key == nil {
		return nil
	}
	return n.Key()
}
