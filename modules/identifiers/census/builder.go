package census

import (
	"bufio"
	"bytes"
	"io"

	"yuzhou/kernel/fault"
)

// DefaultBucket is how many leaves a part of the trie has at least to be in an index.
const DefaultBucket = 64

// Options of a Builder. The zero value builds the head alone.
type Options struct {
	// Index is where the index is written to, from its first byte; nil for none. What is
	// written is complete when Builder.Head has returned. The caller syncs.
	Index io.Writer
	// Bucket is the least number of leaves of a part that is in the index; DefaultBucket
	// when it is 0. Half as many make the index twice as big.
	Bucket uint64
}

// Builder computes the head of a census from its leaves in ascending order of their keys.
// It keeps the branches on the way to the last key, some kilobytes, and nothing else.
type Builder struct {
	hasher
	index  *indexWriter // nil for none
	bucket uint64

	last  []byte // the key added last
	node  part   // what is complete and ends with that key
	open  []branch
	some  bool
	ended bool
	total Counts
	err   error
}

// part is a node of the trie that is complete.
type part struct {
	head Head
	at   place // in the index
}

// branch is one whose left side is complete; the right side ends with the last key.
type branch struct {
	bit  int
	left part
}

// NewBuilder returns a builder of the empty census.
func NewBuilder(o Options) *Builder {
	b := &Builder{bucket: o.Bucket}
	if b.bucket == 0 {
		b.bucket = DefaultBucket
	}
	if o.Index != nil {
		b.index = &indexWriter{to: bufio.NewWriterSize(o.Index, 1<<16)}
	}
	return b
}

// Add adds a leaf.
//
// Errors: fault.Invalid when the key is not greater than the one before, has no or too
// many bytes, or a sum does not fit 64 bits; errors of the index. The first error stays.
func (b *Builder) Add(l Leaf) error {
	if b.err == nil {
		b.err = b.add(l)
	}
	return b.err
}

func (b *Builder) add(l Leaf) error {
	if err := checkKey(l.Key); err != nil {
		return err
	}
	total, err := b.total.plus(l.counts())
	switch {
	case err != nil:
		return err
	case b.ended:
		return fault.New(fault.Invalid, "the key %.80q comes after the head of the census was asked for", l.Key)
	case b.some && bytes.Compare(b.last, l.Key) >= 0:
		return fault.New(fault.Invalid, "the key %.80q comes after %.80q; keys come once each, in ascending order of their bytes", l.Key, b.last)
	}
	if b.some {
		d := diverge(b.last, l.Key)
		if err := b.close(d); err != nil {
			return err
		}
		b.open = append(b.open, branch{d, b.node})
	}
	b.total, b.some = total, true
	b.last = append(b.last[:0], l.Key...)
	b.node = part{head: b.leaf(l.Key, &l.Digest, l.Resolved)}
	return nil
}

// close completes the branches behind bit d of the last key, which no further key has in
// common with it.
func (b *Builder) close(d int) error {
	for len(b.open) > 0 && b.open[len(b.open)-1].bit > d {
		top := b.open[len(b.open)-1]
		b.open = b.open[:len(b.open)-1]
		left, right := &top.left, &b.node
		done := part{head: Head{
			// It cannot overflow: the total does not.
			Counts: Counts{left.head.Registered + right.head.Registered, left.head.Resolved + right.head.Resolved},
			Hash:   b.inner(b.last, top.bit, &left.head, &right.head),
		}}
		if b.index != nil && done.head.Registered >= b.bucket {
			above := d + 1
			if n := len(b.open); n > 0 {
				above = max(above, b.open[n-1].bit+1)
			}
			at, err := b.index.add(b.last, above, &top, right)
			if err != nil {
				return err
			}
			done.at = at
		}
		b.node = done
	}
	return nil
}

// Head ends the census and returns its head.
//
// Errors: the first one of Add; errors of the index.
func (b *Builder) Head() (Head, error) {
	if b.err != nil || b.ended {
		return b.node.head, b.err
	}
	b.ended = true
	if !b.some {
		b.node.head = emptyHead()
	}
	// No bit is before the first: with -1 the branch above the root is at none.
	if b.err = b.close(-1); b.err == nil && b.index != nil {
		b.err = b.index.end(b.node, b.bucket)
	}
	return b.node.head, b.err
}
