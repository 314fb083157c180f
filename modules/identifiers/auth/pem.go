package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/emmansun/gmsm/sm2"    //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/smx509" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// leastRSA is how many bits the modulus of an RSA key has at least that is enrolled.
const leastRSA = 2048

// ParsePEM reads a public key in PEM: PUBLIC KEY (RFC 5280 §4.1.2.7) of RSA or SM2, or
// RSA PUBLIC KEY (RFC 8017 §A.1.1).
//
// Errors: fault.Invalid, also for a private key, which nobody should have sent, and for
// an RSA key below 2,048 bits.
func ParsePEM(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fault.New(fault.Invalid, "the key is not one block of PEM, BEGIN PUBLIC KEY to END PUBLIC KEY")
	}
	var key crypto.PublicKey
	var err error
	switch {
	case block.Type == "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case block.Type == "PUBLIC KEY":
		key, err = smx509.ParsePKIXPublicKey(block.Bytes)
	case strings.Contains(block.Type, "PRIVATE"):
		return nil, fault.New(fault.Invalid, "the key is a private one; keep it to yourself, and give its public key")
	default:
		return nil, fault.New(fault.Invalid, "the PEM holds %.30q, want PUBLIC KEY", block.Type)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "the key in the PEM cannot be read: %v", err)
	}
	return key, Enrollable(key)
}

// Enrollable returns nil for a public key that a registrant may have: RSA of 2,048 bits
// to 16,384, or SM2. Keys on other curves have no form in HS_PUBKEY that peers read.
func Enrollable(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < leastRSA || n > maxBits || k.E < 3 || k.E&1 == 0 {
			return fault.New(fault.Invalid, "the RSA key has %d bits and exponent %d, want at least %d bits and an odd exponent from 3 on", n, k.E, leastRSA)
		}
		return nil
	case *ecdsa.PublicKey:
		if k.Curve == sm2.P256() {
			return nil
		}
	}
	return fault.New(fault.Invalid, "the key is %T, want RSA or SM2", key)
}
