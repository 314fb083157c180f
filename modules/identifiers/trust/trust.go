package trust

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// Level is what a permission is about.
type Level string

// The levels, of which Handle is of the form 0.NA/PREFIX for all but the last.
const (
	Everything      Level = "everything"             // the prefix, what is below it, its identifiers
	DerivedPrefixes Level = "derivedPrefixes"        // prefixes below it, and their identifiers
	UnderPrefix     Level = "handlesUnderThisPrefix" // identifiers of the prefix itself
	ThisHandle      Level = "thisHandle"             // this one identifier
)

// Permission is what the holder of a key may sign.
type Permission struct {
	Handle handle.Name `json:"handle"`
	Level  Level       `json:"perm"`
}

// Times bound when a token is good, in seconds since 1970 in UTC; 0 is no bound.
type Times struct {
	Expires   int64 `json:"exp,omitempty"`
	NotBefore int64 `json:"nbf,omitempty"`
	IssuedAt  int64 `json:"iat,omitempty"`
}

// Certificate is HS_CERT: an issuer says what a subject, by its key, may sign. Issuer and
// subject are references, "300:88.1/admin".
type Certificate struct {
	Permissions []Permission `json:"perms"`
	Chain       []string     `json:"chain,omitempty"`
	PublicKey   JWK          `json:"publicKey"`
	Issuer      string       `json:"iss"`
	Subject     string       `json:"sub"`
	Times
}

// Signature is HS_SIGNATURE: an issuer has signed values of an identifier.
type Signature struct {
	Digests Digests     `json:"digests"`
	Chain   []string    `json:"chain,omitempty"`
	Issuer  string      `json:"iss"`
	Subject handle.Name `json:"sub"`
	Times
}

// Digests are those of values.
type Digests struct {
	Algorithm string   `json:"alg"` // SHA-256
	Digests   []Digest `json:"digests"`
}

// Digest is that of one value, in base64.
type Digest struct {
	Index  uint32 `json:"index"`
	Digest string `json:"digest"`
}

// JWK is a public key of RSA as RFC 7517 has it.
type JWK struct {
	Type     string `json:"kty"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
}

// Key returns the key.
func (j JWK) Key() (crypto.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(j.Modulus)
	e, wrong := base64.RawURLEncoding.DecodeString(j.Exponent)
	if err != nil || wrong != nil || j.Type != "RSA" || len(n) > 2048 || len(e) > 4 || len(n) < 64 {
		return nil, fault.New(fault.Invalid, "the key of the certificate is %.10q, want RSA with n and e in base64url", j.Type)
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 || exponent.BitLen() < 2 || exponent.Bit(0) == 0 {
		return nil, fault.New(fault.Invalid, "the exponent of the certificate's key is %d, want an odd number from 3 on", exponent)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

// DigestOf returns the digest of a value: SHA-256 of its encoding without index and
// timestamp, its first eight bytes. TTL, permissions, type, data and references are in it.
func DigestOf(v handle.Value) string {
	sum := sha256.Sum256(handle.AppendValue(nil, v)[8:])
	return base64.StdEncoding.EncodeToString(sum[:])
}

// SignatureOf returns the claims that sign the values of a record.
func SignatureOf(rec handle.Record, issuer string, t Times) Signature {
	s := Signature{Issuer: issuer, Subject: rec.Name, Digests: Digests{Algorithm: "SHA-256"}, Times: t}
	for _, v := range rec.Values {
		if v.Type != handle.TypeSignature {
			s.Digests.Digests = append(s.Digests.Digests, Digest{v.Index, DigestOf(v)})
		}
	}
	return s
}

// Finding is what is to be said of a signature; Index 0 is of all of it.
type Finding struct {
	Index    uint32
	Good     bool
	Sentence string
}

// Anchor is a key that the reader trusts, with what for.
type Anchor struct {
	Identity    string // 300:0.NA/88
	Key         crypto.PublicKey
	Permissions []Permission
}

// Check judges values, all or some of a record, by a signature over them.
//
//   - chain: certificates, the signer's first, then that of its issuer, to one whose
//     issuer is an anchor; none when the signer is an anchor.
//   - now: seconds since 1970 in UTC.
//   - Findings: when the first is not good nothing is signed. A value that no digest is
//     of is not good. HS_SIGNATURE values are not judged.
//   - Errors: fault.Invalid when a token cannot be read.
func Check(rec handle.Record, signature string, chain []string, anchors []Anchor, now int64) ([]Finding, error) {
	t, err := ParseToken(signature)
	if err != nil {
		return nil, err
	}
	var s Signature
	if err := decode(t.claims, &s); err != nil {
		return nil, err
	}
	if s.Digests.Algorithm != "SHA-256" {
		return nil, fault.New(fault.Invalid, "the digests of the signature are by %.20q, want SHA-256", s.Digests.Algorithm)
	}
	signer, sentence, err := follow(s.Issuer, chain, anchors, now)
	if err != nil {
		return nil, err
	}
	if sentence == "" {
		sentence = refusal(t, s, rec, signer, now)
	}
	if sentence != "" {
		return []Finding{{Sentence: sentence}}, nil
	}
	return append([]Finding{{Good: true, Sentence: "signed by " + s.Issuer}}, values(rec, s)...), nil
}

// refusal says why a signature is not good for a record, "" when it is.
func refusal(t Token, s Signature, rec handle.Record, signer Anchor, now int64) string {
	switch {
	case t.Verify(signer.Key) != nil:
		return "the signature is not by the key of " + s.Issuer
	case !s.Subject.Equal(rec.Name):
		return fmt.Sprintf("the signature is of %s, not of %s", s.Subject, rec.Name)
	case !covers(signer.Permissions, Permission{rec.Name, ThisHandle}):
		return fmt.Sprintf("%s may not sign %s", s.Issuer, rec.Name)
	default:
		return s.refusal("signature", now)
	}
}

// refusal says why a token is not good at a time.
func (t Times) refusal(what string, now int64) string {
	switch {
	case t.Expires != 0 && now >= t.Expires:
		return "the " + what + " has expired"
	case now < t.NotBefore:
		return "the " + what + " is not good yet"
	default:
		return ""
	}
}

func values(rec handle.Record, s Signature) []Finding {
	var out []Finding
	digests := map[uint32]string{}
	for _, d := range s.Digests.Digests {
		if _, twice := digests[d.Index]; twice {
			return []Finding{{Index: d.Index, Sentence: fmt.Sprintf("value %d is signed twice", d.Index)}}
		}
		digests[d.Index] = d.Digest
	}
	for _, v := range rec.Values {
		want, signed := digests[v.Index]
		switch {
		case v.Type == handle.TypeSignature:
		case !signed:
			out = append(out, Finding{v.Index, false, fmt.Sprintf("value %d is not signed", v.Index)})
		case subtle.ConstantTimeCompare([]byte(want), []byte(DigestOf(v))) != 1:
			out = append(out, Finding{v.Index, false, fmt.Sprintf("value %d is not what was signed", v.Index)})
		default:
			out = append(out, Finding{v.Index, true, fmt.Sprintf("value %d is as signed", v.Index)})
		}
	}
	return out
}

// maxChain is how many certificates are followed.
const maxChain = 16

// follow goes from the anchor down the chain and returns the signer's key and what it may
// sign, or why it cannot be trusted.
func follow(signer string, chain []string, anchors []Anchor, now int64) (Anchor, string, error) {
	if len(chain) > maxChain {
		return Anchor{}, "", fault.New(fault.Invalid, "the chain has %d certificates, at most %d", len(chain), maxChain)
	}
	var at Anchor
	for i, token := range slices.Backward(chain) {
		t, err := ParseToken(token)
		if err != nil {
			return Anchor{}, "", err
		}
		var c Certificate
		if err := decode(t.claims, &c); err != nil {
			return Anchor{}, "", err
		}
		if i == len(chain)-1 {
			at = anchor(c.Issuer, anchors)
		}
		key, err := c.PublicKey.Key()
		if err != nil {
			return Anchor{}, "", err
		}
		if why := issued(t, c, at, now); why != "" {
			return Anchor{}, why, nil
		}
		at = Anchor{Identity: c.Subject, Key: key, Permissions: c.Permissions}
	}
	if len(chain) == 0 {
		at = anchor(signer, anchors)
	}
	if at.Identity == "" || at.Identity != signer {
		return Anchor{}, "no chain leads from a trusted key to " + signer, nil
	}
	return at, "", nil
}

// issued says why a certificate is not one by an issuer, "" when it is.
func issued(t Token, c Certificate, by Anchor, now int64) string {
	if by.Identity == "" || by.Identity != c.Issuer {
		return "no chain leads from a trusted key to " + c.Issuer
	}
	if t.Verify(by.Key) != nil {
		return fmt.Sprintf("the certificate of %s is not by the key of %s", c.Subject, c.Issuer)
	}
	for _, p := range c.Permissions {
		if !covers(by.Permissions, p) {
			return fmt.Sprintf("%s gives %s for %s, which it does not have", c.Issuer, p.Level, p.Handle)
		}
	}
	return c.refusal("certificate of "+c.Subject, now)
}

func anchor(identity string, anchors []Anchor) Anchor {
	for _, a := range anchors {
		if a.Identity == identity {
			return a
		}
	}
	return Anchor{}
}

// covers reports whether permissions include another.
func covers(have []Permission, want Permission) bool {
	for _, h := range have {
		if h.covers(want) {
			return true
		}
	}
	return false
}

func (p Permission) covers(want Permission) bool {
	if p.Level == ThisHandle {
		return want.Level == ThisHandle && p.Handle.Equal(want.Handle)
	}
	above, ok := p.Handle.DescribedPrefix()
	if !ok {
		return false
	}
	prefix, describes := want.Handle.DescribedPrefix()
	if !describes {
		if want.Level != ThisHandle {
			return false
		}
		prefix = want.Handle.Prefix()
	}
	same := handle.EqualFold(prefix, above)
	switch p.Level {
	case Everything:
		return handle.Under(handle.Fold(prefix), handle.Fold(above))
	case DerivedPrefixes:
		return !same && handle.Under(handle.Fold(prefix), handle.Fold(above))
	case UnderPrefix:
		return same && (want.Level == UnderPrefix || !describes)
	case ThisHandle:
		return false
	default: // a level that nobody knows gives nothing
		return false
	}
}
