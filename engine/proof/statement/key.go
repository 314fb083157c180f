package statement

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/emmansun/gmsm/sm2"
	"github.com/mr-tron/base58"

	"yuzhou/kernel/fault"
)

// Key is a public key. Two that are equal by == are the same key; the zero Key is none.
type Key struct {
	suite string
	// Ed25519: 32 bytes (RFC 8032 §5.1.2). SM2: the point without compression, 65
	// bytes, so that the square root is taken once.
	raw string
}

// The codes of a Multikey, as varints, from the multicodec table: ed25519-pub 0xed and
// sm2-pub 0x1206.
const (
	codeEd25519 = "\xed\x01"
	codeSM2     = "\x86\x24"
)

// Suite returns the cryptographic suite that signs with such a key, "" of no key.
func (k Key) Suite() string { return k.suite }

// String returns the key as Multikey text, which ParseKey reads; "" of no key.
//
// Source: Controlled Identifiers v1.0 §2.2.2; the point of SM2 compressed as in SEC 1
// §2.3.3.
func (k Key) String() string {
	switch k.suite {
	case SuiteEdDSA:
		return encode58([]byte(codeEd25519 + k.raw))
	case SuiteSM2:
		odd := k.raw[64] & 1
		return encode58(append([]byte(codeSM2), append([]byte{2 + odd}, k.raw[1:33]...)...))
	}
	return ""
}

// ParseKey reads a Multikey of Ed25519 (z6Mk…) or SM2.
//
// Errors: fault.Invalid, also for what is a number but no key: not on the curve,
// written with a coordinate beyond the field, or of an order so small that a signature
// can be made for it without a private key.
func ParseKey(text string) (Key, error) {
	raw, err := decode58(text, 80)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "key %.80q: %v", text, err)
	}
	switch {
	case len(raw) == 34 && bytes.HasPrefix(raw, []byte(codeEd25519)):
		return ed25519Key(raw[2:])
	case len(raw) == 35 && bytes.HasPrefix(raw, []byte(codeSM2)):
		x, y := elliptic.UnmarshalCompressed(sm2.P256(), raw[2:])
		if x == nil {
			return Key{}, fault.New(fault.Invalid, "key %q is no point of the SM2 curve", text)
		}
		return sm2Key(x, y), nil
	}
	return Key{}, fault.New(fault.Invalid, "key %q is neither Ed25519 (z6Mk…) nor SM2 (multicodec 0x1206, compressed point)", text)
}

func sm2Key(x, y *big.Int) Key {
	raw := make([]byte, 65)
	raw[0] = 4
	x.FillBytes(raw[1:33])
	y.FillBytes(raw[33:])
	return Key{suite: SuiteSM2, raw: string(raw)}
}

// sm2 returns the key as the library takes it.
func (k Key) sm2() (*ecdsa.PublicKey, error) { return sm2.NewPublicKey([]byte(k.raw)) }

func ed25519Key(raw []byte) (Key, error) {
	if !onEdwards25519(raw) || smallOrder(raw) {
		return Key{}, fault.New(fault.Invalid, "%x is not the public key of an Ed25519 key pair", raw)
	}
	return Key{suite: SuiteEdDSA, raw: string(raw)}, nil
}

// onEdwards25519 reports whether raw is the y of a point, less than the field's prime:
// whether x² = (y²-1)/(dy²+1) is a square (RFC 8032 §5.1.3).
func onEdwards25519(raw []byte) bool {
	le := slices.Clone(raw)
	le[31] &= 0x7f
	slices.Reverse(le)
	y, one := new(big.Int).SetBytes(le), big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	if y.Cmp(p) >= 0 {
		return false
	}
	// d is -121665/121666.
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665)).Mod(d, p)
	y.Mul(y, y).Mod(y, p)
	u := new(big.Int).Sub(y, one)
	v := d.Mul(d, y).Add(d, one)
	// u/v is a square when uv is, and v is never 0: -1/d is none.
	return big.Jacobi(u.Mul(u, v).Mod(u, p), p) >= 0
}

// smallOrder reports whether raw is one of the points of order 1, 2, 4 or 8. For these
// a signature verifies that anybody can make. Their y, without the sign of x, from RFC
// 7748 §6 and the list in libsodium (ge25519_has_small_order).
func smallOrder(raw []byte) bool {
	low := slices.Clone(raw)
	low[31] &= 0x7f
	return slices.Contains([]string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}, hex.EncodeToString(low))
}

// encode58 returns multibase text in base58btc.
func encode58(raw []byte) string { return "z" + base58.Encode(raw) }

// decode58 is the inverse of encode58. It takes at most limit bytes of text, for
// base58 costs the square of it, and refuses a second way to write the same.
func decode58(text string, limit int) ([]byte, error) {
	if len(text) > limit || len(text) < 2 || text[0] != 'z' {
		return nil, fault.New(fault.Invalid, "it is not multibase text in base58btc of at most %d bytes, which begins with z", limit)
	}
	raw, err := base58.Decode(text[1:])
	if err != nil || encode58(raw) != text {
		return nil, fault.New(fault.Invalid, "it holds what base58btc does not")
	}
	return raw, nil
}
