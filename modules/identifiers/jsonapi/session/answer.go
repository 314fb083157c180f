package session

import (
	"encoding/binary"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire/access"
)

// forms are the first bytes of answers by a secret key over the wire, by the API's names of
// algorithms without their dashes, in upper case.
func forms() map[string]byte {
	return map[string]byte{"MD5": 0x01, "SHA1": 0x02, "SHA256": 0x03, "HMACSHA1": 0x12, "HMACSHA256": 0x13, "PBKDF2WITHHMACSHA1": 0x22}
}

// Answer returns what the client signs with as it is sent over the wire (RFC 3652 §3.5.2):
// there the nonce and the digest of a request are signed, here the server's nonce and the
// client's.
//
//   - kind: HS_SECKEY or HS_PUBKEY, the type of the key that the identity names.
//   - Errors: fault.Invalid for an algorithm that secret keys do not have.
func (a Authorization) Answer(kind string) (access.ChallengeAnswer, error) {
	out := access.ChallengeAnswer{Type: kind, Identity: a.Identity}
	if kind == handle.TypePublicKey {
		out.Answer = octets.AppendBytes(octets.AppendBytes(nil, a.Algorithm), a.Signature)
		return out, nil
	}
	form, known := forms()[strings.ToUpper(strings.ReplaceAll(a.Algorithm, "-", ""))]
	if !known {
		return out, fault.New(fault.Invalid, "alg is %q, want SHA256, SHA1, HMAC-SHA256, HMAC-SHA1 or PBKDF2WithHmacSHA1", a.Algorithm)
	}
	if form != forms()["PBKDF2WITHHMACSHA1"] {
		out.Answer = append([]byte{form}, a.Signature...)
		return out, nil
	}
	b := octets.AppendBytes([]byte{form}, a.Salt)
	b = binary.BigEndian.AppendUint32(b, uint32(a.Iterations)) //nolint:gosec // bounded when it was read
	b = binary.BigEndian.AppendUint32(b, uint32(a.Length))     //nolint:gosec // likewise
	out.Answer = octets.AppendBytes(b, a.Signature)
	return out, nil
}
