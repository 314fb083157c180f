package census

import (
	"crypto/sha256"
	"encoding/binary"
)

// Each kind of hash begins with a byte of its own, so that none can be taken for another.
const (
	hashLeaf  = 0
	hashInner = 1
	hashEmpty = 2
)

// emptyHead is the head of no leaves.
func emptyHead() Head { return Head{Hash: sha256.Sum256([]byte{hashEmpty})} }

// hasher keeps the buffer in which the bytes of a hash are laid out.
type hasher struct{ buf []byte }

// length appends n, which is at most group*MaxKey, as two bytes.
func length(b []byte, n int) []byte {
	return append(b, byte(n>>8&0xff), byte(n&0xff))
}

func appendHead(b []byte, h *Head) []byte {
	b = binary.BigEndian.AppendUint64(b, h.Registered)
	b = binary.BigEndian.AppendUint64(b, h.Resolved)
	return append(b, h.Hash[:]...)
}

// leaf returns the head of one leaf.
func (h *hasher) leaf(key []byte, digest *Hash, resolved uint64) Head {
	b := length(append(h.buf[:0], hashLeaf), len(key))
	b = append(b, key...)
	b = append(b, digest[:]...)
	b = binary.BigEndian.AppendUint64(b, 1)
	b = binary.BigEndian.AppendUint64(b, resolved)
	h.buf = b
	return Head{Counts{1, resolved}, sha256.Sum256(b)}
}

// inner returns the hash of a branch at bit n of the keys below it, of which key is one
// or the prefix. What key has behind the first n bits does not matter.
func (h *hasher) inner(key []byte, n int, left, right *Head) Hash {
	b := length(append(h.buf[:0], hashInner), n)
	b = append(b, key[:width(n)]...)
	mask(b, n)
	b = appendHead(b, left)
	b = appendHead(b, right)
	h.buf = b
	return sha256.Sum256(b)
}
