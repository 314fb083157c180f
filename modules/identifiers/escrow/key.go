package escrow

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm2"    //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/smx509" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// maxKey is how many bytes the text of a key may have.
const maxKey = 4096

// ParsePublicKey reads an SM2 public key: SubjectPublicKeyInfo as PEM, or as one line
// of base64, which is how the guide's deposit client is given it.
func ParsePublicKey(text []byte) (*ecdsa.PublicKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	key, err := smx509.ParsePKIXPublicKey(der)
	public, ok := key.(*ecdsa.PublicKey)
	if err != nil || !ok || !sm2.IsSM2PublicKey(public) {
		return nil, fault.New(fault.Invalid, "the public key is no SubjectPublicKeyInfo of an SM2 key; give it as PEM or base64")
	}
	return public, nil
}

// ParsePrivateKey reads an SM2 private key: PKCS #8 as PEM or as one line of base64.
func ParsePrivateKey(text []byte) (*sm2.PrivateKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	key, err := smx509.ParsePKCS8PrivateKey(der)
	private, ok := key.(*sm2.PrivateKey)
	if err != nil || !ok {
		return nil, fault.New(fault.Invalid, "the private key is no PKCS #8 of an SM2 key; give it as PEM or base64")
	}
	return private, nil
}

// keyBytes undoes PEM or base64.
func keyBytes(text []byte) ([]byte, error) {
	if len(text) > maxKey {
		return nil, fault.New(fault.Invalid, "the key has %d bytes; a key of SM2 has at most %d", len(text), maxKey)
	}
	if block, _ := pem.Decode(text); block != nil {
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the key is neither PEM nor base64")
	}
	return der, nil
}

// publicOf returns the SM2 key of a signer.
func publicOf(s crypto.Signer) (*ecdsa.PublicKey, error) {
	public, ok := s.Public().(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(public) {
		return nil, fault.New(fault.Invalid, "the depositor's key is not an SM2 key")
	}
	return public, nil
}

// signing returns the hash whose sum is signed by a key: SM3(Z ‖ what is written).
func signing(public *ecdsa.PublicKey) (hash.Hash, error) { return sm2.NewHash(public) }

// sign signs the sum of signing.
func sign(s crypto.Signer, sum []byte) ([]byte, error) { return s.Sign(rand.Reader, sum, nil) }

// verify holds that signature is one over all that in gives.
func verify(public *ecdsa.PublicKey, in io.Reader, signature []byte) error {
	h, err := signing(public)
	if err != nil {
		return err
	}
	if _, err := io.Copy(h, in); err != nil {
		return err
	}
	if !sm2.VerifyASN1(public, h.Sum(nil), signature) {
		return fault.New(fault.Invalid, "the signature is not one of the depositor's key over this file; it was altered, or the key is another's")
	}
	return nil
}

// Sign signs a text: SM2 with SM3, as manifests are signed.
func Sign(key *PrivateKey, text []byte) ([]byte, error) {
	h, err := signing(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	h.Write(text)
	return sign(key, h.Sum(nil))
}

// Verify returns fault.Invalid when a signature is not one of the key over the text.
func Verify(key *ecdsa.PublicKey, text, signature []byte) error {
	return verify(key, bytes.NewReader(text), signature)
}
