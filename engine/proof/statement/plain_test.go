package statement

import (
	"math/big"

	"github.com/emmansun/gmsm/sm3"
)

// sm2Plain verifies an SM2 signature as GB/T 32918.2-2016 §7 and GB/T 32918.5 write it,
// with school arithmetic over the curve: slow, and nothing shared with the library but
// SM3.
func sm2Plain(public, message, signature []byte) bool {
	num := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 16); return n }
	p := num("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF")
	a := num("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC")
	b := num("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93")
	n := num("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123")
	g := point{num("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"), num("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0")}
	q := point{new(big.Int).SetBytes(public[1:33]), new(big.Int).SetBytes(public[33:])}

	add := func(u, v point) point {
		if u.x == nil {
			return v
		}
		if v.x == nil {
			return u
		}
		var slope *big.Int
		if u.x.Cmp(v.x) == 0 {
			if u.y.Cmp(v.y) != 0 {
				return point{}
			}
			slope = new(big.Int).Mul(u.x, u.x)
			slope.Mul(slope, big.NewInt(3)).Add(slope, a)
			slope.Mul(slope, new(big.Int).ModInverse(new(big.Int).Lsh(u.y, 1), p))
		} else {
			dx := new(big.Int).Sub(v.x, u.x)
			slope = new(big.Int).Sub(v.y, u.y)
			slope.Mul(slope, new(big.Int).ModInverse(dx.Mod(dx, p), p))
		}
		slope.Mod(slope, p)
		x := new(big.Int).Mul(slope, slope)
		x.Sub(x, u.x).Sub(x, v.x).Mod(x, p)
		y := new(big.Int).Sub(u.x, x)
		y.Mul(y, slope).Sub(y, u.y).Mod(y, p)
		return point{x, y}
	}
	times := func(k *big.Int, u point) (sum point) {
		for i := k.BitLen() - 1; i >= 0; i-- {
			sum = add(sum, sum)
			if k.Bit(i) == 1 {
				sum = add(sum, u)
			}
		}
		return sum
	}

	za := []byte{0, 128}
	za = append(za, "1234567812345678"...)
	for _, v := range []*big.Int{a, b, g.x, g.y, q.x, q.y} {
		za = append(za, v.FillBytes(make([]byte, 32))...)
	}
	z := sm3.Sum(za)
	sum := sm3.Sum(append(z[:], message...))
	e := new(big.Int).SetBytes(sum[:])
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	t := new(big.Int).Add(r, s)
	if t.Mod(t, n); r.Sign() == 0 || s.Sign() == 0 || r.Cmp(n) >= 0 || s.Cmp(n) >= 0 || t.Sign() == 0 {
		return false
	}
	at := add(times(s, g), times(t, q))
	if at.x == nil {
		return false
	}
	e.Add(e, at.x).Mod(e, n)
	return e.Cmp(r) == 0
}

type point struct{ x, y *big.Int } // x is nil at infinity
