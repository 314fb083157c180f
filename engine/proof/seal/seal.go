// Package seal keeps private keys at rest: a secret goes in, one line of text comes out
// that only the holder of the key-encryption key opens.
//
// What must hold:
//   - An envelope says by itself how it is opened (version, key derivation with its cost,
//     cipher); all of that is authenticated, so nothing in it can be changed unseen.
//   - It is bound to the unit and the key it belongs to: moved into another row, it does
//     not open.
//   - Whoever tries learns one thing, that it did not open: a wrong key, another row and
//     an altered envelope give the same sentence.
//   - No two envelopes share a key: each has its own salt.
//
// The line, version 1, all six parts with no spaces:
//
//	yuzhou-seal-1:SCHEME:xchacha20-poly1305:SALT:NONCE:SEALED
//
// SCHEME is "hkdf-sha256" or "argon2id,v=19,m=KIB,t=PASSES,p=LANES" or a device's own;
// SALT has 16 bytes, NONCE 24, SEALED those of the secret and 16, in base64url without
// padding. The additional data of the cipher is the line up to and with the last colon,
// then unit and key, each after its length in 8 bytes, big-endian.
//
// Keys are overwritten after use. Go may have copied them (a growing stack, the working
// memory of Argon2), so this shortens the time they can be found and does not promise more.
package seal

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"yuzhou/kernel/fault"
)

const (
	magic    = "yuzhou-seal-1"
	cipher   = "xchacha20-poly1305" // draft-irtf-cfrg-xchacha-03; nonces may be drawn at random
	saltSize = 16                   // bytes; RFC 9106 §3.1 recommends it
	keySize  = chacha20poly1305.KeySize
	tagSize  = chacha20poly1305.Overhead

	// MaxSecret is the length of the longest secret, in bytes: far above an RSA key.
	MaxSecret   = 16 << 10
	maxScheme   = 64
	maxEnvelope = 24 << 10
	maxBinding  = 1 << 10 // bytes of a unit or key id
)

// Binding is what an envelope belongs to. It is not written in it; whoever opens it knows.
type Binding struct {
	Unit string // the issuing body, 1 to 1,024 bytes
	Key  string // id of the key in its register, 1 to 1,024 bytes
}

// KEK gives key-encryption keys: Passphrase, Key, or a device whose key never leaves it
// (an HSM derives by HMAC or HKDF from its own key, with the salt as input).
type KEK interface {
	// Scheme names how keys for new envelopes are derived, with its cost: 1 to 64 of
	// a–z, 0–9, "-", "=" and ",". It stands in the envelope.
	Scheme() string

	// Derive returns the 32-byte key of one envelope, made for the caller alone: it is
	// overwritten after use. The same scheme and salt always give the same key; another
	// salt gives an unrelated one.
	//
	//   - scheme: as in the envelope, read before anything is authenticated: bound its cost.
	//   - salt: 16 bytes.
	//   - Errors: fault.Busy when the device cannot be reached; fault.Invalid when it can
	//     derive no key by this scheme.
	Derive(ctx context.Context, scheme string, salt []byte) ([]byte, error)
}

// Envelope is a line as it reads. Nothing in it is proved: that is Open.
type Envelope struct {
	Scheme string // how its key is derived
	Cipher string // xchacha20-poly1305
	header string // the line up to and with its last colon
	salt   []byte
	nonce  []byte
	sealed []byte
}

// Seal closes a secret.
//
//   - secret: 1 to MaxSecret bytes; it is left as it is, see Wipe.
//   - Result: the envelope, ASCII, without newline. Sealed twice, it reads differently.
//   - Errors: fault.Invalid when the secret, the binding or the key does not fit;
//     fault.Busy when the device cannot be reached.
func Seal(ctx context.Context, secret []byte, kek KEK, to Binding) (string, error) {
	var drawn [saltSize + chacha20poly1305.NonceSizeX]byte
	if _, err := rand.Read(drawn[:]); err != nil {
		return "", err
	}
	return sealWith(ctx, secret, kek, to, drawn[:])
}

// sealWith is Seal with the salt and the nonce given.
func sealWith(ctx context.Context, secret []byte, kek KEK, to Binding, drawn []byte) (string, error) {
	if len(secret) == 0 || len(secret) > MaxSecret {
		return "", fault.New(fault.Invalid, "seal: the secret has %d bytes, it must have 1 to %d", len(secret), MaxSecret)
	}
	if err := to.check(); err != nil {
		return "", err
	}
	scheme := kek.Scheme()
	if !validScheme(scheme) {
		return "", fault.New(fault.Invalid, "seal: the scheme of the key must be 1 to %d of a–z, 0–9, -, = and comma", maxScheme)
	}
	salt, nonce := drawn[:saltSize], drawn[saltSize:]
	key, err := kek.Derive(ctx, scheme, salt)
	defer Wipe(key)
	if err != nil {
		return "", err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return "", fault.New(fault.Invalid, "seal: the derived key has %d bytes, it must have %d", len(key), keySize)
	}
	header := strings.Join([]string{magic, scheme, cipher, encode(salt), encode(nonce), ""}, ":")
	return header + encode(aead.Seal(nil, nonce, secret, to.additional(header))), nil
}

// Open opens an envelope.
//
//   - envelope: as Seal gave it, without newline.
//   - Result: the secret; Wipe it after use.
//   - Errors: fault.Forbidden, always with the same sentence, when it does not open;
//     fault.Busy when the device cannot be reached.
func Open(ctx context.Context, envelope string, kek KEK, to Binding) ([]byte, error) {
	closed := fault.New(fault.Forbidden, "seal: the envelope does not open: the passphrase or key is wrong, it belongs to another unit or key, or it was altered")
	e, err := Parse(envelope)
	if err != nil || to.check() != nil {
		return nil, closed
	}
	key, err := kek.Derive(ctx, e.Scheme, e.salt)
	defer Wipe(key)
	if unavailable(ctx, err) {
		return nil, err
	}
	if err != nil {
		return nil, closed
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, closed
	}
	secret, err := aead.Open(nil, e.nonce, e.sealed, to.additional(e.header))
	if err != nil {
		return nil, closed
	}
	return secret, nil
}

// unavailable reports whether the device failed, rather than the key being another.
func unavailable(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, fault.Busy))
}

// Reseal opens an envelope with one key and closes the secret with another, as when a
// passphrase is changed.
//
//   - Errors: as of Open and Seal; the old envelope stays good until it is overwritten.
func Reseal(ctx context.Context, envelope string, from, into KEK, to Binding) (string, error) {
	secret, err := Open(ctx, envelope, from, to)
	if err != nil {
		return "", err
	}
	defer Wipe(secret)
	return Seal(ctx, secret, into, to)
}

// Parse reads the form of an envelope; it needs no key.
//
//   - Errors: fault.Invalid when it is none of version 1.
func Parse(envelope string) (Envelope, error) {
	bad := fault.New(fault.Invalid, "seal: the text is not an envelope of version 1 (%s:SCHEME:%s:SALT:NONCE:SEALED)", magic, cipher)
	parts := strings.Split(envelope[:min(len(envelope), maxEnvelope+1)], ":")
	if len(envelope) > maxEnvelope || len(parts) != 6 {
		return Envelope{}, bad
	}
	if parts[0] != magic || parts[2] != cipher || !validScheme(parts[1]) {
		return Envelope{}, bad
	}
	e := Envelope{Scheme: parts[1], Cipher: parts[2], header: strings.TrimSuffix(envelope, parts[5])}
	for i, out := range []*[]byte{&e.salt, &e.nonce, &e.sealed} {
		b, err := base64.RawURLEncoding.DecodeString(parts[3+i])
		// The decoder passes over line breaks and loose bits at the end: written
		// again they differ.
		if err != nil || encode(b) != parts[3+i] {
			return Envelope{}, bad
		}
		*out = b
	}
	if len(e.salt) != saltSize || len(e.nonce) != chacha20poly1305.NonceSizeX || len(e.sealed) <= tagSize {
		return Envelope{}, bad
	}
	return e, nil
}

// Wipe overwrites a secret that is no longer needed.
func Wipe(secret []byte) {
	clear(secret)
	runtime.KeepAlive(secret) // else the compiler may see that nobody reads it again
}

func (b Binding) check() error {
	for _, s := range []string{b.Unit, b.Key} {
		if s == "" || len(s) > maxBinding {
			return fault.New(fault.Invalid, "seal: the unit and the key id it is bound to must each have 1 to %d bytes", maxBinding)
		}
	}
	return nil
}

// additional is what is authenticated and not sealed. Lengths keep "ab","c" from being
// "a","bc".
func (b Binding) additional(header string) []byte {
	out := []byte(header)
	for _, s := range []string{b.Unit, b.Key} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}

func validScheme(s string) bool {
	return s != "" && len(s) <= maxScheme && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-=,", r)
	}) < 0
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
