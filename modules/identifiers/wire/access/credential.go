package access

import (
	"encoding/binary"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
)

// Kinds of credential.
const (
	CredentialMAC    = "HS_MAC"       // with the session's key
	CredentialSigned = "HS_SIGNED"    // with a private key, a server's of its HS_SITE
	CredentialOld    = "HS_DSAPUBKEY" //nolint:gosec // the name of a kind: as HS_SIGNED, of old peers
)

// Credential proves who sent a message and that it is as it was sent:
//
//	version 0, reserved (1 byte each), options (2), signer: name and index, type (text),
//	length of what follows, digest algorithm (text), signature behind its length
//
// The name of the signer is empty in all versions. From 2.5 on its index is the
// session's counter: it rises with each message, so that none is taken twice. Below, it
// is the session or nothing. A digest algorithm is its name (SHA-1, HMAC-SHA256, SM3) or,
// below 2.6, one byte (Algorithm). Source: RFC 3652 §2.2.4, DO-IRP 3.0.
type Credential struct {
	Options   uint16
	Signer    handle.Reference
	Type      string
	Algorithm string
	Signature []byte
}

// ParseCredential reads a credential.
func ParseCredential(b []byte) (Credential, error) {
	r := octets.Reader{Rest: b}
	if v := r.Byte("version of the credential"); v != 0 {
		r.Fail("the version of the credential is %d, want 0", v)
	}
	_ = r.Byte("reserved byte of the credential") // it means nothing
	c := Credential{Options: r.Uint16("options of the credential"), Signer: readReference(&r)}
	c.Type = string(r.Bytes("type of the credential"))
	within := octets.Reader{Rest: r.Bytes("signature section"), Err: r.Err}
	r.End("the credential")
	c.Algorithm = string(within.Bytes("digest algorithm"))
	c.Signature = within.Bytes("signature")
	within.End("the signature")
	if r.Err == nil {
		r.Err = within.Err
	}
	if r.Err != nil {
		return Credential{}, r.Err
	}
	return c, nil
}

// AppendCredential appends a credential.
func AppendCredential(dst []byte, c Credential) []byte {
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, c.Options)
	dst = appendReference(dst, c.Signer)
	dst = octets.AppendBytes(dst, c.Type)
	dst = octets.AppendCount(dst, 4+len(c.Algorithm)+4+len(c.Signature))
	dst = octets.AppendBytes(dst, c.Algorithm)
	return octets.AppendBytes(dst, c.Signature)
}

// AppendAuthenticated appends the bytes of a message that a credential covers, which are
// more than header and body from 2.7 on: without the envelope a message could be sent
// again in another session. The credential's type and counter count, not its signature.
//
//		version (2 bytes), from 2.8 on suggested version (2), session, request, counter, header, body
//		below 2.7, signed: header, body
//		below 2.5, MAC: header, body
//
//	  - Errors: fault.Invalid when message is not a whole message, or of the versions between,
//	    whose peers computed it over bytes that a defect had mixed up: a MAC of 2.5 and 2.6,
//	    a signature of 2.6.
//	  - Source: RFC 3652 §2.2.4 for the old versions; Handle.Net for the others.
func AppendAuthenticated(dst, message []byte, c Credential) ([]byte, error) {
	covered, err := wire.Digested(message)
	if err != nil {
		return dst, err
	}
	e, err := wire.ParseEnvelope(message)
	if err != nil {
		return dst, err
	}
	since := wire.Version{Major: 2, Minor: 6} // when peers began to cover more
	if c.Type == CredentialMAC {
		since.Minor = 5
	}
	switch v := e.Version; {
	case v.Before(since):
		return append(dst, covered...), nil
	case v.Before(wire.Version{Major: 2, Minor: 7}):
		return dst, fault.New(fault.Invalid, "a credential %s of version %d.%d cannot be checked; use 2.7 or newer", c.Type, v.Major, v.Minor)
	case v.Before(wire.Version{Major: 2, Minor: 8}):
		dst = append(dst, v.Major, v.Minor)
	default:
		// A sender that suggests nothing is taken to suggest its own version: what its
		// envelope leaves zero stands here in full.
		dst = append(dst, v.Major, v.Minor, e.Speaks().Major, e.Speaks().Minor)
	}
	be := binary.BigEndian
	dst = be.AppendUint32(dst, e.Session)
	dst = be.AppendUint32(dst, e.Request)
	dst = be.AppendUint32(dst, c.Signer.Index)
	return append(dst, covered...), nil
}
