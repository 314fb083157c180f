package statement

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"yuzhou/kernel/fault"
)

// Hash is a hash function, by the word that stands before its digests.
type Hash string

// The hash functions. Both give 32 bytes.
const (
	SHA256 Hash = "sha256" // FIPS 180-4
	SM3    Hash = "sm3"    // GB/T 32905-2016
)

// Sum returns the digest of data as text: sha256:<64 hexadecimal digits>. A hash that
// is none of the two gives "", which is no digest.
func (h Hash) Sum(data []byte) string {
	switch h {
	case SHA256:
		sum := sha256.Sum256(data)
		return string(h) + ":" + hex.EncodeToString(sum[:])
	case SM3:
		sum := sm3.Sum(data)
		return string(h) + ":" + hex.EncodeToString(sum[:])
	}
	return ""
}

// ParseDigest reads a digest; Sum is its inverse. Capital letters are refused, for a
// digest is compared as text.
//
// Errors: fault.Invalid.
func ParseDigest(text string) (Hash, [32]byte, error) {
	var sum [32]byte
	name, digits, _ := strings.Cut(text, ":")
	h := Hash(name)
	if h != SHA256 && h != SM3 || len(digits) != 64 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", sum, fault.New(fault.Invalid, "digest %.80q is not sha256: or sm3: and 64 hexadecimal digits, a to f small", text)
	}
	if _, err := hex.Decode(sum[:], []byte(digits)); err != nil {
		return "", sum, fault.New(fault.Invalid, "digest %.80q is not hexadecimal", text)
	}
	return h, sum, nil
}

// Digest returns the SHA-256 digest of what doc states: its canonical form without the
// member proof. Inputs, supersedes and withdraws refer to statements by it.
//
// Proofs are not in it on purpose. SM2 signatures are random and a second signature or
// another suite may be added later: were proofs in the digest, each would make another
// statement of it and leave every reference to the first pointing at nothing. What the
// signatures cover is exactly what the digest covers.
//
// Errors: fault.Invalid when doc is no I-JSON object.
func Digest(doc []byte) (string, error) { return DigestIn(SHA256, doc) }

// DigestIn is Digest with another hash function.
func DigestIn(h Hash, doc []byte) (string, error) {
	d, err := open(doc)
	if err != nil {
		return "", err
	}
	if sum := h.Sum(d.unsecured); sum != "" {
		return sum, nil
	}
	return "", fault.New(fault.Invalid, "hash %.40q is not known; give sha256 or sm3", string(h))
}
