package statement

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"yuzhou/kernel/fault"
)

// The cryptographic suites.
const (
	// SuiteEdDSA is W3C's: SHA-256, Ed25519. Data Integrity EdDSA Cryptosuites v1.0 §3.3.
	SuiteEdDSA = "eddsa-jcs-2022"

	// SuiteSM2 is our own, there is none of W3C: the same algorithm with SM3 (GB/T
	// 32905) in place of SHA-256 and SM2 (GB/T 32918.2) in place of Ed25519. The
	// message is SM3(proof options) followed by SM3(document), 64 bytes; it is signed
	// as e = SM3(Z ‖ message), Z of the signer's public key with the user identifier
	// 1234567812345678 (GM/T 0009-2012 §10). proofValue is r ‖ s, 32 bytes each, big
	// end first, in base58btc.
	SuiteSM2 = "sm2-sm3-jcs"
)

// userID is what stands for the signer in Z when nothing else is agreed on.
const userID = "1234567812345678"

// signatureSize is the size of a signature in bytes, in both suites.
const signatureSize = 64

// suite is what the two differ in.
type suite struct {
	hash   func([]byte) [32]byte
	form   func(k Key, message []byte) ([]byte, error) // what a Signer gets
	verify func(k Key, formed, signature []byte) bool
}

func suiteOf(name string) (suite, error) {
	switch name {
	case SuiteEdDSA:
		return suite{sha256.Sum256, formEd25519, verifyEd25519}, nil
	case SuiteSM2:
		return suite{sm3.Sum, formSM2, verifySM2}, nil
	}
	return suite{}, fault.New(fault.Invalid, "cryptographic suite %.40q is not known; known are eddsa-jcs-2022 and sm2-sm3-jcs", name)
}

// message joins the hashes of the proof's options and of the document, both canonical.
func (s suite) message(options, document []byte) []byte {
	first, second := s.hash(options), s.hash(document)
	return append(first[:], second[:]...)
}

func formEd25519(_ Key, message []byte) ([]byte, error) { return message, nil }

func verifyEd25519(k Key, message, signature []byte) bool {
	return ed25519.Verify(ed25519.PublicKey(k.raw), message, signature)
}

func formSM2(k Key, message []byte) ([]byte, error) {
	pub, err := k.sm2()
	if err != nil {
		return nil, err
	}
	return sm2.CalculateSM2Hash(pub, message, []byte(userID))
}

// pair is a signature as ASN.1 has it (GM/T 0009-2012 §7.3).
type pair struct{ R, S *big.Int }

func verifySM2(k Key, e, signature []byte) bool {
	pub, err := k.sm2()
	if err != nil {
		return false
	}
	der, err := asn1.Marshal(pair{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	return err == nil && sm2.VerifyASN1(pub, e, der)
}
