package escrow

import (
	"crypto/rand"
	"encoding/pem"

	"github.com/emmansun/gmsm/sm2"    //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/smx509" //nolint:depguard // a codec is where a third party belongs
)

// PrivateKey is a depositor's or a recipient's key.
type PrivateKey = sm2.PrivateKey

// NewKey makes an SM2 key, as ParsePrivateKey reads it.
func NewKey() ([]byte, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// PublicPEM returns the public half of a key, as ParsePublicKey reads it.
func PublicPEM(key *PrivateKey) ([]byte, error) {
	der, err := smx509.MarshalPKIXPublicKey(&key.PublicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
