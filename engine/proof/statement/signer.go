package statement

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/asn1"
	"io"

	"github.com/emmansun/gmsm/sm2"

	"yuzhou/kernel/fault"
)

// Signer holds a private key, or stands before a device that does.
type Signer interface {
	// Suite is the suite of its signatures.
	Suite() string

	// Method names the key in the register: the issuer's identifier, #, the key's name.
	Method() string

	// Public is the key by which its signatures are verified.
	Public() Key

	// Sign returns a signature of 64 bytes. What message is, the suite decides:
	//
	//   - eddsa-jcs-2022: the 64 bytes to be signed, by Ed25519 without a hash of its
	//     own before it (PureEdDSA; in PKCS #11 CKM_EDDSA without parameters).
	//   - sm2-sm3-jcs: the 32 bytes e = SM3(Z ‖ M). The user identifier is in Z
	//     already, so a device signs them as they are, as SDF_InternalSign_ECC of GM/T
	//     0018 does, and must not hash again. The result is r ‖ s, not ASN.1.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// NewSecret returns a new private key of the suite: 32 bytes, of Ed25519 the seed (RFC
// 8032 §5.1.5), of SM2 the number d, big end first.
//
// Errors: fault.Invalid of a suite that is not known; what random returns.
func NewSecret(suite string, random io.Reader) ([]byte, error) {
	if _, err := suiteOf(suite); err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	// Of SM2 one number in 2^32 is none: more than two tries mean a broken source.
	for range 8 {
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, err
		}
		if _, err := NewSigner(suite, "#", secret); err == nil {
			return secret, nil
		}
	}
	return nil, fault.New(fault.Invalid, "the source of random numbers gives none that is a key")
}

// NewSigner returns a signer in software.
//
//   - method: issuer's identifier, #, the key's name.
//   - secret: as NewSecret returns it. It is kept in memory as long as the signer.
//   - Errors: fault.Invalid when the suite is not known or secret is no key of it.
func NewSigner(suite, method string, secret []byte) (Signer, error) {
	if len(secret) != 32 {
		return nil, fault.New(fault.Invalid, "the private key has %d bytes; give the 32 that NewSecret returns", len(secret))
	}
	switch suite {
	case SuiteEdDSA:
		return newEdSigner(method, secret)
	case SuiteSM2:
		return newSM2Signer(method, secret)
	}
	_, err := suiteOf(suite)
	return nil, err
}

// software is what both signers have.
type software struct {
	method string
	public Key
}

func (s software) Suite() string  { return s.public.suite }
func (s software) Method() string { return s.method }
func (s software) Public() Key    { return s.public }

type edSigner struct {
	software

	private ed25519.PrivateKey
}

func newEdSigner(method string, secret []byte) (Signer, error) {
	private := ed25519.NewKeyFromSeed(secret)
	public, err := ed25519Key(private[32:])
	if err != nil {
		return nil, err
	}
	return edSigner{software{method, public}, private}, nil
}

func (s edSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return ed25519.Sign(s.private, message), nil
}

type sm2Signer struct {
	software

	private *sm2.PrivateKey
}

func newSM2Signer(method string, secret []byte) (Signer, error) {
	private, err := sm2.NewPrivateKey(secret)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the private key is not a number from 1 to n-2 of the SM2 curve")
	}
	point, err := sm2.PublicKeyToECDH(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return sm2Signer{software{method, Key{SuiteSM2, string(point.Bytes())}}, private}, nil
}

func (s sm2Signer) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	der, err := s.private.Sign(rand.Reader, message, nil)
	if err != nil {
		return nil, err
	}
	var p pair
	if _, err := asn1.Unmarshal(der, &p); err != nil {
		return nil, err
	}
	signature := make([]byte, signatureSize)
	p.R.FillBytes(signature[:32])
	p.S.FillBytes(signature[32:])
	return signature, nil
}
