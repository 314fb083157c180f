// Package census counts identifiers so that everybody can check the count.
//
// The leaves of a census are the identifiers of one day, each with the digest of its
// record. They stand in a binary Patricia trie over the bits of their keys, every node
// of which commits to the sums below it (a Merkle-sum trie). What must hold:
//
//   - The head is a function of the set of leaves alone, whatever the order in which
//     they came. Two parties with the same records have the same head.
//   - A head says how many identifiers there are, and how many begin with any prefix.
//     One identifier is one leaf and counts as one: there is no way to write another
//     number into a leaf.
//   - Under one head an identifier cannot be shown to be present and shown to be absent,
//     because every node commits to the whole of its prefix.
//   - A tree never guesses. Of what lies below a stub, of which counts and hash alone are
//     known, it says Hidden; that is neither present nor absent.
//   - No input makes Parse, ParseDelta, ParseHead or OpenIndex panic or take more memory
//     than a small multiple of the input.
//
// A proof is a pruned Tree in its encoding. To verify one: Parse it, compare its Head
// with the one that was stated, ask it (or let Verify do the three). What happened day by
// day is checked by Delta; what an upper node was told, by Tree.CheckReports.
//
// Keys are bytes: what is one identifier must be one key, so callers fold letter case
// before. The bytes of everything that is hashed or sent are in format.md.
package census

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// MaxKey is how many bytes a key may have: as many as a Handle.Net server stores.
const MaxKey = 2048

// Hash is a SHA-256.
type Hash [32]byte

// Counts are what a node of the trie adds up.
type Counts struct {
	Registered uint64 // identifiers
	Resolved   uint64 // resolutions of them since they were registered
}

// Head is what is known of a trie, or of a part of it, from the outside. Only heads that
// are equal in all three say the same.
type Head struct {
	Counts
	Hash Hash
}

// Leaf is one identifier.
type Leaf struct {
	Key      []byte // 1 to MaxKey bytes, folded
	Digest   Hash   // of the record, as its owner computes it
	Resolved uint64 // how often it was resolved
}

// Shown is what a tree can say of a key. Its zero value claims nothing.
type Shown int8

// What a tree can say.
const (
	Hidden  Shown = iota // the key may be there or not: the tree shows no node that tells
	Absent               // it is not there
	Present              // it is there
)

// String returns the word.
func (s Shown) String() string {
	switch s {
	case Absent:
		return "absent"
	case Present:
		return "present"
	case Hidden:
	}
	return "hidden"
}

// plus returns a + b.
//
// Errors: fault.Invalid when a sum does not fit 64 bits.
func (c Counts) plus(o Counts) (Counts, error) {
	if c.Registered > math.MaxUint64-o.Registered || c.Resolved > math.MaxUint64-o.Resolved {
		return Counts{}, fault.New(fault.Invalid, "the counts %d+%d registered, %d+%d resolved do not fit 64 bits", c.Registered, o.Registered, c.Resolved, o.Resolved)
	}
	return Counts{c.Registered + o.Registered, c.Resolved + o.Resolved}, nil
}

// minus returns a - b, which is part of a.
func (c Counts) minus(o Counts) Counts {
	return Counts{c.Registered - o.Registered, c.Resolved - o.Resolved}
}

func (l Leaf) counts() Counts { return Counts{1, l.Resolved} }

// String returns the head as ParseHead reads it: registered, resolved and the hash.
//
//	1000000 52341 sha256:5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456
func (h Head) String() string {
	return fmt.Sprintf("%d %d sha256:%s", h.Registered, h.Resolved, hex.EncodeToString(h.Hash[:]))
}

// ParseHead is the inverse of Head.String; it takes no other spelling.
//
// Errors: fault.Invalid.
func ParseHead(s string) (Head, error) {
	words := strings.Split(s, " ")
	if len(s) > 128 || len(words) != 3 {
		return Head{}, fault.New(fault.Invalid, "the head %.128q is not \"REGISTERED RESOLVED sha256:64 hexadecimal digits\"", s)
	}
	var h Head
	registered, err1 := strconv.ParseUint(words[0], 10, 64)
	resolved, err2 := strconv.ParseUint(words[1], 10, 64)
	digits, err3 := hex.DecodeString(strings.TrimPrefix(words[2], "sha256:"))
	h.Counts = Counts{registered, resolved}
	copy(h.Hash[:], digits)
	if err1 != nil || err2 != nil || err3 != nil || h.String() != s {
		return Head{}, fault.New(fault.Invalid, "the head %.128q is not two whole numbers and \"sha256:\" with 64 lower-case hexadecimal digits", s)
	}
	return h, nil
}

func checkKey(key []byte) error {
	if len(key) < 1 || len(key) > MaxKey {
		return fault.New(fault.Invalid, "the key %.40q has %d bytes; it has 1 to %d", key, len(key), MaxKey)
	}
	return nil
}
