package census

import (
	"bytes"
	"math/bits"
)

// A key is read as groups of nine bits: a 1 and the eight bits of a byte, for each of its
// bytes, and a 0 behind the last. So no key begins another one ("a" ends where "ab" goes
// on), keys in the order of their bytes are in the order of their bits, and all that begin
// with the bytes of a prefix share nine bits for each of these.

const group = 9

// bitAt returns bit i of a key whose first i bits are there.
func bitAt(key []byte, i int) int {
	at, in := i/group, i%group
	switch {
	case at >= len(key):
		return 0
	case in == 0:
		return 1
	}
	return int(key[at]>>(group-1-in)) & 1
}

// bitsOf returns how many bits a key has, with the one that ends it.
func bitsOf(key []byte) int { return group*len(key) + 1 }

// diverge returns the first bit in which two keys differ; of equal keys the last.
func diverge(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if d := a[i] ^ b[i]; d != 0 {
			return group*i + 1 + bits.LeadingZeros8(d)
		}
	}
	return group * n
}

// width returns how many bytes hold the first n bits of a key. The ones that say that a
// byte follows are not written: in front of a further bit they can be nothing else.
func width(n int) int {
	if n%group > 1 {
		return n/group + 1
	}
	return n / group
}

// mask sets to 0 what the last byte of a prefix of n bits has too many.
func mask(prefix []byte, n int) {
	if in := n % group; in > 1 {
		prefix[len(prefix)-1] &= 0xff << (group - in)
	}
}

// span returns the keys of one side of a branch as a range: from is the first one, to the
// first one behind, nil when there is none. The branch is at bit n behind prefix, which
// has width(n) bytes.
func span(prefix []byte, n, side int) (from, to []byte) {
	whole := prefix[:n/group]
	in := n % group
	if in == 0 {
		from = append(bytes.Clone(whole), 0)
		if side == 0 {
			return whole, from
		}
		return from, after(whole)
	}
	var last byte
	if in > 1 {
		last = prefix[n/group]
	}
	half := byte(1) << (group - 1 - in) // the bit of the branch
	low, middle := append(bytes.Clone(whole), last), append(bytes.Clone(whole), last|half)
	if side == 0 {
		return low, middle
	}
	// The byte behind the half is last|half + half, which may carry into the bytes before.
	if end := int(last|half) + int(half); end <= 0xff {
		return middle, append(bytes.Clone(whole), last|half+half)
	}
	return middle, after(whole)
}

// after returns the first key behind all that begin with prefix, nil when there is none.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			next := bytes.Clone(prefix[:i+1])
			next[i]++
			return next
		}
	}
	return nil
}
