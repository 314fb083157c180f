package auth

import (
	"crypto"
	"crypto/dsa" //nolint:staticcheck // keys of old administrators are read, none is made
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // clients of version 2.0 know nothing else; see Question.Old
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // as the protocol has it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/asn1"
	"encoding/binary"
	"hash"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/octets"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
)

// The forms of an answer by a secret key, its first byte.
const (
	formMD5        = 0x01 // digest of key, question, key
	formSHA1       = 0x02
	formSHA256     = 0x03
	formHMACSHA1   = 0x12
	formHMACSHA256 = 0x13
	formPBKDF2     = 0x22 // HMAC-SHA1 by a key that PBKDF2-HMAC-SHA1 makes of the secret
)

// Bounds of what a client names with formPBKDF2, and what Handle.Net names.
const (
	maxIterations   = 100_000
	maxSalt         = 64
	maxKeyBits      = 512
	usualIterations = 10_000
	usualKeyBits    = 160
)

// Question is what an answer proves to have seen: the nonce, and the digest of the
// request that was challenged.
type Question struct {
	Nonce, Digest []byte
	Version       wire.Version // of the challenge
	Old           bool         // answers by MD5 are taken, which clients of 2.0 give
}

func (q Question) bytes() []byte { return append(append([]byte(nil), q.Nonce...), q.Digest...) }

// Verify returns nil when an answer is that of who holds a key.
//
//   - key: the value that the answer's identity names: HS_PUBKEY or HS_SECKEY.
//   - Errors: fault.Forbidden when it is not, fault.Invalid when the answer or the key
//     cannot be read.
func Verify(q Question, a access.ChallengeAnswer, key handle.Value) error {
	if key.Type != a.Type {
		return fault.New(fault.Forbidden, "%s:%d is of type %s, the answer of %.40q", a.Identity.Name, a.Identity.Index, key.Type, a.Type)
	}
	switch key.Type {
	case handle.TypeSecretKey:
		return verifySecret(q, a.Answer, key.Data)
	case handle.TypePublicKey:
		k, err := ParsePublicKey(key.Data)
		if err != nil {
			return err
		}
		r := octets.Reader{Rest: a.Answer}
		name, signature := string(r.Bytes("digest algorithm of the answer")), r.Bytes("signature of the answer")
		r.End("the answer to the challenge")
		if r.Err != nil {
			return r.Err
		}
		return verifySignature(q, k, signature, signed{name: name, identity: a.Identity.Name})
	default:
		return fault.New(fault.Invalid, "a key is of type %s, want %s or %s", key.Type, handle.TypePublicKey, handle.TypeSecretKey)
	}
}

func wrong() error {
	return fault.New(fault.Forbidden, "the answer to the challenge is not that of the key")
}

// verifySecret checks an answer by a secret key.
func verifySecret(q Question, answer, secret []byte) error {
	if len(secret) == 0 {
		return fault.New(fault.Forbidden, "the secret key is empty; nobody can prove to hold it")
	}
	x := q.bytes()
	var want []byte
	switch {
	case len(answer) == md5.Size: // version 2.0 sends the digest alone
		if !q.Old {
			return oldMD5()
		}
		want = around(md5.New(), secret, x) //nolint:gosec // see Question.Old
	case len(answer) == 0:
		return fault.New(fault.Invalid, "the answer to the challenge is empty")
	case answer[0] == formPBKDF2:
		return verifyPBKDF2(x, answer[1:], secret)
	default:
		if answer[0] == formMD5 && !q.Old {
			return oldMD5()
		}
		sum := plainForm(answer[0], secret, x)
		if sum == nil {
			return fault.New(fault.Invalid, "the form of the answer is %#02x, want 01, 02, 03, 12, 13 or 22", answer[0])
		}
		want = append([]byte{answer[0]}, sum...)
	}
	if subtle.ConstantTimeCompare(want, answer) != 1 {
		return wrong()
	}
	return nil
}

func oldMD5() error {
	return fault.New(fault.Forbidden, "the answer to the challenge uses MD5, which this server does not take; use version 2.1 or later")
}

// plainForm computes the forms without parameters, nil for others.
func plainForm(form byte, secret, x []byte) []byte {
	switch form {
	case formMD5:
		return around(md5.New(), secret, x) //nolint:gosec // see Question.Old
	case formSHA1:
		return around(sha1.New(), secret, x) //nolint:gosec // as versions 2.1 to 2.6 have it
	case formSHA256:
		return around(sha256.New(), secret, x)
	case formHMACSHA1:
		return mac(sha1.New, secret, x)
	case formHMACSHA256:
		return mac(sha256.New, secret, x)
	default:
		return nil
	}
}

func around(h hash.Hash, key, x []byte) []byte {
	h.Write(key)
	h.Write(x)
	h.Write(key)
	return h.Sum(nil)
}

func mac(h func() hash.Hash, key, x []byte) []byte {
	m := hmac.New(h, key)
	m.Write(x)
	return m.Sum(nil)
}

// verifyPBKDF2 checks: salt, iterations, bits of the key, MAC.
func verifyPBKDF2(x, answer, secret []byte) error {
	r := octets.Reader{Rest: answer}
	salt, iterations, bits, got := r.Bytes("salt of the answer"), r.Uint32("iterations of the answer"), r.Uint32("length of the derived key"), r.Bytes("MAC of the answer")
	r.End("the answer to the challenge")
	if r.Err != nil {
		return r.Err
	}
	if iterations == 0 || iterations > maxIterations || len(salt) > maxSalt || bits < 128 || bits > maxKeyBits || bits%8 != 0 {
		return fault.New(fault.Invalid, "the answer derives a key of %d bits with %d iterations and a salt of %d bytes, want 128 to %d bits, at most %d and at most %d",
			bits, iterations, len(salt), maxKeyBits, maxIterations, maxSalt)
	}
	want, err := derived(x, secret, salt, derivation{int(iterations), int(bits)})
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, got) != 1 {
		return wrong()
	}
	return nil
}

type derivation struct{ iterations, bits int }

// derived computes the MAC of formPBKDF2. Java clients make a text of the secret, one
// letter a byte, and UTF-8 of that: so from 0x80 on a byte is two.
func derived(x, secret, salt []byte, d derivation) ([]byte, error) {
	letters := make([]rune, len(secret))
	for i, b := range secret {
		letters[i] = rune(b)
	}
	key, err := pbkdf2.Key(sha1.New, string(letters), salt, d.iterations, d.bits/8)
	if err != nil {
		return nil, fault.New(fault.Invalid, "no key can be derived for the answer: %v", err)
	}
	return mac(sha1.New, key, x), nil
}

// AnswerSecret answers a challenge by a secret key, as Handle.Net's clients do in its version.
func AnswerSecret(random io.Reader, q Question, secret []byte) ([]byte, error) {
	x := q.bytes()
	switch {
	case q.Version.Before(wire.Version{Major: 2, Minor: 1}):
		return around(md5.New(), secret, x), nil //nolint:gosec // as the version has it
	case q.Version.Before(wire.Version{Major: 2, Minor: 7}):
		return append([]byte{formSHA1}, around(sha1.New(), secret, x)...), nil //nolint:gosec // as the version has it
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	sum, err := derived(x, secret, salt, derivation{usualIterations, usualKeyBits})
	if err != nil {
		return nil, err
	}
	out := octets.AppendBytes([]byte{formPBKDF2}, salt)
	out = binary.BigEndian.AppendUint32(out, usualIterations)
	out = binary.BigEndian.AppendUint32(out, usualKeyBits)
	return octets.AppendBytes(out, sum), nil
}

// AnswerKey answers a challenge by a private key: *rsa.PrivateKey, or *sm2.PrivateKey with
// the identity's name as the ID of the signature, as id-pointer-sdk does.
func AnswerKey(random io.Reader, q Question, identity handle.Name, key crypto.Signer) ([]byte, error) {
	name, h := "SHA-256", crypto.SHA256
	if q.Version.Before(wire.Version{Major: 2, Minor: 7}) {
		name, h = "SHA1", crypto.SHA1
	}
	var signature []byte
	var err error
	switch k := key.(type) {
	case *rsa.PrivateKey:
		d := h.New()
		d.Write(q.bytes())
		signature, err = rsa.SignPKCS1v15(random, k, h, d.Sum(nil))
	case *sm2.PrivateKey:
		name = "SM3"
		sum := sm3.Sum(q.bytes())
		signature, err = k.SignWithSM2(random, []byte(identity), sum[:])
	default:
		return nil, fault.New(fault.Invalid, "a private key is %T, want RSA or SM2", key)
	}
	if err != nil {
		return nil, err
	}
	return octets.AppendBytes(octets.AppendBytes(nil, name), signature), nil
}

// Signature returns nil when a signature over some bytes is that of a public key of RSA
// or DSA, by a digest of that name: what servers put on their answers.
//
// Errors: fault.Forbidden, fault.Invalid.
func Signature(covered []byte, digest string, signature []byte, key crypto.PublicKey) error {
	if _, ok := key.(*ecdsa.PublicKey); ok {
		return fault.New(fault.Invalid, "a server's key is %T, want RSA or DSA", key)
	}
	return verifySignature(Question{Nonce: covered}, key, signature, signed{name: digest})
}

// signed says how a signature was made, and by whom.
type signed struct {
	name     string // of the digest
	identity handle.Name
}

// verifySignature checks an answer by a public key.
func verifySignature(q Question, key crypto.PublicKey, signature []byte, s signed) error {
	x := q.bytes()
	if k, ok := key.(*ecdsa.PublicKey); ok {
		sum := sm3.Sum(x)
		if s.name != "SM3" || !sm2.VerifyASN1WithSM2(k, []byte(s.identity), sum[:], signature) {
			return wrong()
		}
		return nil
	}
	var h crypto.Hash
	switch s.name {
	case "SHA-256", "SHA256":
		h = crypto.SHA256
	case "SHA1", "SHA-1":
		h = crypto.SHA1
	default:
		return fault.New(fault.Invalid, "the digest of the answer is %.20q, want SHA-256, SHA1, or SM3 with an SM2 key", s.name)
	}
	d := h.New()
	d.Write(x)
	switch k := key.(type) {
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(k, h, d.Sum(nil), signature) != nil {
			return wrong()
		}
	case *dsa.PublicKey:
		return verifyDSA(k, d.Sum(nil), signature)
	default:
		return fault.New(fault.Forbidden, "a key of %T signs nothing", key)
	}
	return nil
}

// verifyDSA checks a signature in DER. The parameters are a stranger's: crypto/dsa works
// with any, but in time that their size decides, so they are of the standard's sizes.
func verifyDSA(k *dsa.PublicKey, sum, signature []byte) error {
	if p, q := k.P.BitLen(), k.Q.BitLen(); p > 3072 || q != 160 && q != 224 && q != 256 {
		return fault.New(fault.Invalid, "the DSA key has p of %d bits and q of %d, want at most 3072, and 160, 224 or 256 (FIPS 186-4 §4.2)", p, q)
	}
	if len(sum) > k.Q.BitLen()/8 {
		sum = sum[:k.Q.BitLen()/8] // FIPS 186-4 §4.6: the leftmost bits
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) > 0 || !dsa.Verify(k, sum, rs.R, rs.S) {
		return wrong()
	}
	return nil
}
