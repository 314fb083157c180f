// Package trust signs values and says who may: HS_SIGNATURE (digests of a record's
// values) and HS_CERT (what the holder of a key may sign), both JSON Web Tokens.
//
// What must hold: a token is taken only with the algorithm of its key; a certificate
// never gives what its issuer does not have; a chain ends at a key the caller gave. A
// part of a record is judged by its own values, so that answers to questions for some
// values are judged as well. No network, no clock.
//
// Source: RFC 7515, RFC 7517, RFC 7519; Handle.Net 9.2 for the claims, and for what of a
// value is digested.
package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"strings"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// MaxToken is how many bytes a token may have.
const MaxToken = 256 << 10

// The algorithms. Nothing registers one for SM2; the name here is that of Java's providers.
const (
	rs256 = "RS256"
	es256 = "ES256"
	eddsa = "EdDSA"
	sm2sm = "SM3withSM2"
)

// Token is a JSON Web Token in its compact form, read and not yet verified.
type Token struct {
	alg       string
	signed    string // what the signature covers
	claims    []byte
	signature []byte
}

// ParseToken reads a token. Errors: fault.Invalid, also for an unknown algorithm, a header
// with critical extensions, and claims of which one stands twice.
func ParseToken(s string) (Token, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(s) > MaxToken {
		return Token{}, fault.New(fault.Invalid, "the token has %d parts in %d bytes, want 3 in at most %d", len(parts), len(s), MaxToken)
	}
	var raw [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil || strings.ContainsAny(p, "\r\n") {
			return Token{}, fault.New(fault.Invalid, "part %d of the token is not base64url without padding", i+1)
		}
		raw[i] = b
	}
	var head struct {
		Alg  string          `json:"alg"`
		Crit json.RawMessage `json:"crit"`
	}
	if err := decode(raw[0], &head); err != nil {
		return Token{}, err
	}
	if head.Crit != nil {
		return Token{}, fault.New(fault.Invalid, "the token has critical extensions, which nobody here knows")
	}
	switch head.Alg {
	case rs256, es256, eddsa, sm2sm:
	default:
		return Token{}, fault.New(fault.Invalid, "the algorithm of the token is %.20q, want %s, %s, %s or %s", head.Alg, rs256, es256, eddsa, sm2sm)
	}
	if err := unique(raw[1]); err != nil {
		return Token{}, err
	}
	return Token{alg: head.Alg, signed: parts[0] + "." + parts[1], claims: raw[1], signature: raw[2]}, nil
}

// decode reads one JSON object whose members differ in more than case.
func decode(b []byte, into any) error {
	if err := unique(b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fault.New(fault.Invalid, "the token holds what is not expected: %v", err)
	}
	return nil
}

// unique holds that no member of an object stands twice: readers differ in which they take.
func unique(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fault.New(fault.Invalid, "the token holds no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || seen[strings.ToLower(name)] {
			return fault.New(fault.Invalid, "the token holds %.40q twice, or no JSON", name)
		}
		seen[strings.ToLower(name)] = true
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return fault.New(fault.Invalid, "the token holds no JSON: %v", err)
		}
	}
	return nil
}

// Verify returns nil when the token was signed by the holder of a key: *rsa.PublicKey,
// *ecdsa.PublicKey (P-256 or SM2), ed25519.PublicKey. Errors: fault.Forbidden.
func (t Token) Verify(key crypto.PublicKey) error {
	digest := sha256.Sum256([]byte(t.signed))
	ok := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		ok = t.alg == rs256 && k.N.BitLen() >= 2048 && rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], t.signature) == nil
	case ed25519.PublicKey:
		ok = t.alg == eddsa && len(k) == ed25519.PublicKeySize && ed25519.Verify(k, []byte(t.signed), t.signature)
	case *ecdsa.PublicKey:
		if k.Curve == sm2.P256() {
			ok = t.alg == sm2sm && sm2.VerifyASN1WithSM2(k, nil, []byte(t.signed), t.signature)
			break
		}
		if t.alg == es256 && k.Curve == elliptic.P256() && len(t.signature) == 64 {
			r, s := new(big.Int).SetBytes(t.signature[:32]), new(big.Int).SetBytes(t.signature[32:])
			ok = ecdsa.Verify(k, digest[:], r, s)
		}
	}
	if !ok {
		return fault.New(fault.Forbidden, "the token (%s) is not signed by the key (%T)", t.alg, key)
	}
	return nil
}

// Sign makes a token of claims, Certificate or Signature.
//
//   - key: *rsa.PrivateKey, *ecdsa.PrivateKey on P-256, ed25519.PrivateKey, *sm2.PrivateKey.
func Sign(random io.Reader, claims any, key crypto.Signer) (string, error) {
	alg := algorithm(key)
	if alg == "" {
		return "", fault.New(fault.Invalid, "a key of %T signs no token, want RSA, P-256, Ed25519 or SM2", key)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"`+alg+`"}`)) + "." + enc.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	switch k := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(random, k, crypto.SHA256, digest[:])
	case *sm2.PrivateKey:
		signature, err = k.SignWithSM2(random, nil, []byte(signed))
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(signed))
	case *ecdsa.PrivateKey:
		r, s, failed := ecdsa.Sign(random, k, digest[:])
		if failed != nil {
			return "", failed
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	if err != nil {
		return "", err
	}
	return signed + "." + enc.EncodeToString(signature), nil
}

func algorithm(key crypto.Signer) string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return rs256
	case *sm2.PrivateKey:
		return sm2sm
	case ed25519.PrivateKey:
		return eddsa
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return es256
		}
	}
	return ""
}
