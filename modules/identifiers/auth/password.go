package auth

import (
	"crypto/sha256"
	"crypto/subtle"

	"yuzhou/modules/identifiers/handle"
)

// Password returns nil when a text that was sent as it is, over a channel that nobody else
// reads, is the secret of a key of type HS_SECKEY.
//
// Errors: fault.Forbidden.
func Password(password []byte, key handle.Value) error {
	a, b := sha256.Sum256(password), sha256.Sum256(key.Data)
	if key.Type != handle.TypeSecretKey || len(key.Data) == 0 || subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return wrong()
	}
	return nil
}
