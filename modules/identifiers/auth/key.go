// Package auth decides whether somebody is who they say: public keys as HS_PUBKEY has
// them, challenges, and the answers to them by public and by secret keys.
//
// What must hold: a challenge is taken once, and in its time; an answer is right for one
// nonce and one request alone; what a client names (iterations, lengths) never makes the
// server work without bound; secrets are compared in constant time. The package knows no
// network, no database and no clock; randomness and time are parameters.
//
// Source: RFC 3652 §3.5, RFC 8017 (RSA), RFC 8018 (PBKDF2), GB/T 32918 (SM2); what
// Handle.Net 9.2, ID-SDK 2.0.3 and id-pointer-sdk 2.3.1 send.
package auth

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // keys of old administrators are read, none is made
	"crypto/ecdsa"
	"crypto/rsa"
	"math/big"

	"github.com/emmansun/gmsm/sm2"    //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/smx509" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/octets"
)

// The kinds of key, as HS_PUBKEY begins with one.
const (
	kindRSA = "RSA_PUB_KEY"
	kindDSA = "DSA_PUB_KEY"
	kindDH  = "DH_PUB_KEY"
	kindSM2 = "SM2_PUB_KEY"
)

// maxBits bounds the numbers of a key, since a check of a signature costs its cube.
const maxBits = 16_384

// DHKey is a public key of Diffie-Hellman: Y is G to a secret power, modulo P.
type DHKey struct{ Y, P, G *big.Int }

// ParsePublicKey reads the data of HS_PUBKEY: *rsa.PublicKey, *dsa.PublicKey, *DHKey, or
// *ecdsa.PublicKey on the curve of SM2.
//
//	kind (text), flags (2 bytes, 0), then behind their lengths
//	RSA_PUB_KEY: exponent, modulus, and four zero bytes that mean nothing
//	DSA_PUB_KEY: q, p, g, y      DH_PUB_KEY: y, p, g
//	SM2_PUB_KEY: SubjectPublicKeyInfo in DER, or the point 04|x|y
//
// Errors: fault.Invalid.
func ParsePublicKey(data []byte) (crypto.PublicKey, error) {
	r := octets.Reader{Rest: data}
	kind := string(r.Bytes("kind of the public key"))
	r.Uint16("flags of the public key")
	var key crypto.PublicKey
	switch kind {
	case kindRSA:
		key = readRSA(&r)
	case kindDSA:
		q, p, g, y := number(&r, "q"), number(&r, "p"), number(&r, "g"), number(&r, "y")
		key = &dsa.PublicKey{Parameters: dsa.Parameters{P: p, Q: q, G: g}, Y: y}
	case kindDH:
		y, p, g := number(&r, "y"), number(&r, "p"), number(&r, "g")
		key = &DHKey{Y: y, P: p, G: g}
	case kindSM2:
		key = readSM2(&r)
	default:
		r.Fail("the kind of the public key is %.40q, want %s, %s, %s or %s", kind, kindRSA, kindDSA, kindDH, kindSM2)
	}
	r.End("the public key")
	if r.Err != nil {
		return nil, r.Err
	}
	return key, nil
}

func readRSA(r *octets.Reader) *rsa.PublicKey {
	e, n := number(r, "exponent"), number(r, "modulus")
	if len(r.Rest) > 0 && !bytes.Equal(r.Take("end of the RSA key", 4), make([]byte, 4)) {
		r.Fail("behind the modulus of the RSA key stand bytes that are not zero")
	}
	if r.Err == nil && (e.BitLen() > 31 || e.Bit(0) == 0 || e.BitLen() < 2 || n.BitLen() < 512) {
		r.Fail("the RSA key has a modulus of %d bits and an exponent of %d, want at least 512 and an odd exponent from 3 to 31 bits", n.BitLen(), e.BitLen())
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

func readSM2(r *octets.Reader) *ecdsa.PublicKey {
	b := r.Bytes("SM2 key")
	if r.Err != nil {
		return nil
	}
	if len(b) > 0 && b[0] == 4 {
		key, err := sm2.NewPublicKey(b)
		if err != nil {
			r.Fail("the point of the SM2 key is not on its curve")
		}
		return key
	}
	parsed, err := smx509.ParsePKIXPublicKey(b)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != sm2.P256() {
		r.Fail("the SM2 key is neither SubjectPublicKeyInfo of the curve of SM2 nor a point 04|x|y")
	}
	return key
}

// number reads a positive number behind its length.
func number(r *octets.Reader, what string) *big.Int {
	b := r.Bytes(what)
	if len(b) > maxBits/8+1 {
		r.Fail("%s of the public key has %d bytes, at most %d", what, len(b), maxBits/8+1)
		return new(big.Int)
	}
	n := new(big.Int).SetBytes(b)
	if r.Err == nil && (n.Sign() == 0 || b[0] >= 0x80) {
		r.Fail("%s of the public key is zero or negative", what)
	}
	return n
}

// AppendPublicKey appends a public key as the data of HS_PUBKEY.
//
// Errors: fault.Invalid for a key that ParsePublicKey does not give.
func AppendPublicKey(dst []byte, key crypto.PublicKey) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return append(appendNumbers(dst, kindRSA, big.NewInt(int64(k.E)), k.N), 0, 0, 0, 0), nil
	case *dsa.PublicKey:
		return appendNumbers(dst, kindDSA, k.Q, k.P, k.G, k.Y), nil
	case *DHKey:
		return appendNumbers(dst, kindDH, k.Y, k.P, k.G), nil
	case *ecdsa.PublicKey:
		if k.Curve != sm2.P256() {
			break
		}
		der, err := smx509.MarshalPKIXPublicKey(k)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the SM2 key cannot be written: %v", err)
		}
		return octets.AppendBytes(append(octets.AppendBytes(dst, kindSM2), 0, 0), der), nil
	}
	return nil, fault.New(fault.Invalid, "a public key is %T, want RSA, DSA, Diffie-Hellman or SM2", key)
}

// appendNumbers appends numbers with a zero before those whose first bit is set.
func appendNumbers(dst []byte, kind string, numbers ...*big.Int) []byte {
	dst = append(octets.AppendBytes(dst, kind), 0, 0)
	for _, n := range numbers {
		b := make([]byte, n.BitLen()/8+1)
		dst = octets.AppendBytes(dst, n.FillBytes(b))
	}
	return dst
}
