// Package batch builds Merkle trees over records that come in millions a day: calls,
// readings, events. The root of a tree is one signed statement; what is kept of the tree
// is a fraction of a byte a record, for it is built again from the records.
//
// What must hold: the root is that of RFC 6962 over the records in order, so that any
// reader of transparency logs computes the same; nothing is taken from a kept tree that
// does not lead to its root; an altered record is found whatever is kept, and named as
// far as what is kept allows.
package batch

import (
	"crypto/sha256"
	"math/bits"

	"yuzhou/kernel/fault"
)

// Run is how many records lie below one hash that is kept.
const Run = 256

// MaxCount is how many records a tree has at most.
const MaxCount = 1 << 20

// Hash is a node of a tree.
type Hash [sha256.Size]byte

// Keep is what is kept of a tree beside the records.
type Keep string

// What can be kept, and what it costs a record. Whatever is kept, an altered record is
// found; which one it is, runs alone say only to 256.
const (
	Runs   Keep = "runs"   // a hash a run: 0.125 B; for stores whose records say themselves whether they were altered
	Checks Keep = "checks" // and 4 bytes of each record's hash: 4.125 B; names the record but once in 2^32
	Leaves Keep = "leaves" // each record's hash: 32 B; also proves a record without its neighbours
)

// leaf and node are the hashes of RFC 6962 §2.1.
func leaf(buf []byte, record []byte) Hash {
	buf = append(buf[:0], 0)
	buf = append(buf, record...)
	return sha256.Sum256(buf)
}

func node(left, right Hash) Hash {
	var buf [1 + 2*sha256.Size]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[1+sha256.Size:], right[:])
	return sha256.Sum256(buf[:])
}

// split returns the largest power of two below n ≥ 2.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// rootOf returns the root over the nodes of one level, all whole but the last. It
// overwrites nodes.
func rootOf(nodes []Hash) Hash {
	switch len(nodes) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return nodes[0]
	}
	// Pairs, level by level; one that is left over moves up as it is: that is the same
	// tree as RFC 6962's, which splits at powers of two.
	for len(nodes) > 1 {
		half := nodes[:0]
		n := len(nodes)
		for i := 0; i+1 < n; i += 2 {
			half = append(half, node(nodes[i], nodes[i+1]))
		}
		if n%2 == 1 {
			half = append(half, nodes[n-1])
		}
		nodes = half
	}
	return nodes[0]
}

// Builder makes a tree. The zero Builder keeps Runs.
type Builder struct {
	Schema string // how a record is written
	Keep   Keep

	count  int64
	leaves []Hash // of the run under way
	runs   []Hash
	marks  []byte // first 4 bytes of each record's hash
	all    []Hash // every record's hash
	buf    []byte
}

// Append adds a record. It keeps nothing of it but hashes.
//
// Errors: fault.Invalid past MaxCount.
func (b *Builder) Append(record []byte) error {
	if b.count >= MaxCount {
		return fault.New(fault.Invalid, "a batch has at most %d records; close this one and begin another", MaxCount)
	}
	if cap(b.buf) < 1+len(record) {
		b.buf = make([]byte, 0, 2*(1+len(record)))
	}
	h := leaf(b.buf, record)
	switch b.Keep {
	case Checks:
		b.marks = append(b.marks, h[:4]...)
	case Leaves:
		b.all = append(b.all, h)
	case Runs:
	}
	b.leaves = append(b.leaves, h)
	b.count++
	if len(b.leaves) == Run {
		b.endRun()
	}
	return nil
}

func (b *Builder) endRun() {
	b.runs = append(b.runs, rootOf(b.leaves))
	b.leaves = b.leaves[:0]
}

// Count returns how many records were added.
func (b *Builder) Count() int64 { return b.count }

// Close returns the tree.
//
// Errors: fault.Invalid when it has no record, or its schema is no word.
func (b *Builder) Close() (Tree, error) {
	if len(b.leaves) > 0 {
		b.endRun()
	}
	t := Tree{Schema: b.Schema, Keep: b.Keep, Count: b.count, runs: b.runs, marks: b.marks, leaves: b.all}
	if t.Keep == "" {
		t.Keep = Runs
	}
	if err := t.check(); err != nil {
		return Tree{}, err
	}
	t.Root = rootOf(append([]Hash(nil), b.runs...))
	return t, nil
}
