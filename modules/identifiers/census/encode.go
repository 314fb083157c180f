package census

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"yuzhou/kernel/fault"
)

// MaxTree is how many bytes an encoded tree may have: enough for a day with a hundred
// thousand changes of a census of a hundred million.
const MaxTree = 128 << 20

// The words of an encoded tree.
const (
	wordVersion = 1
	wordEmpty   = 'e'
	wordStub    = 's'
	wordLeaf    = 'l'
	wordInner   = 'i'
)

// Append appends the tree, as far as it is shown, to b: a version, then its nodes, each
// before its children and the left child before the right. See format.md.
func (t *Tree) Append(b []byte) []byte {
	b = append(b, wordVersion)
	if t.root == nil {
		return append(b, wordEmpty)
	}
	t.Head()
	return appendNode(b, t.root, 0)
}

// appendNode appends n, which stands below a branch at bit above.
func appendNode(b []byte, n *node, above int) []byte {
	switch n.kind {
	case stub:
		return appendStub(append(b, wordStub), &n.head)
	case leaf:
		b = binary.AppendUvarint(append(b, wordLeaf), uint64(len(n.ext)))
		b = append(b, n.ext...)
		b = append(b, n.digest[:]...)
		return binary.AppendUvarint(b, n.head.Resolved)
	case inner:
	}
	end := int(n.bits)
	b = append(b, wordInner)
	b = appendPrefix(b, n.ext, end, above)
	b = appendNode(b, n.child[0], end+1)
	return appendNode(b, n.child[1], end+1)
}

// appendPrefix appends a prefix of n bits of which ext has what is new below a prefix of
// above bits.
func appendPrefix(b, ext []byte, n, above int) []byte {
	b = binary.AppendUvarint(b, uint64(n-above)) //nolint:gosec // a node has more bits than the one above
	b = append(b, ext...)
	if len(ext) > 0 {
		mask(b, n)
	}
	return b
}

func appendStub(b []byte, h *Head) []byte {
	b = binary.AppendUvarint(b, h.Registered)
	b = binary.AppendUvarint(b, h.Resolved)
	return append(b, h.Hash[:]...)
}

// Parse reads an encoded tree. It is the inverse of Append and takes no other spelling of
// a tree. The head of what it returns is computed, so it has to be compared with one that
// was stated.
//
// Errors: fault.Invalid with the byte, from 0, at which it is no tree.
func Parse(text []byte) (*Tree, error) {
	if len(text) > MaxTree {
		return nil, fault.New(fault.Invalid, "the tree has %d bytes; it has at most %d", len(text), MaxTree)
	}
	// The tree keeps parts of the text, which is the caller's.
	r := reader{text: bytes.Clone(text)}
	t := r.tree()
	if err := r.end(); err != nil {
		return nil, err
	}
	return t, nil
}

func (r *reader) tree() *Tree {
	t := &Tree{}
	if v := r.byte(); v != wordVersion {
		_ = r.bad("the tree has the version %d; known is %d", v, wordVersion)
		return t
	}
	if r.at < len(r.text) && r.text[r.at] == wordEmpty {
		r.at++
		return t
	}
	p := treeParser{reader: r}
	t.root = p.node(0, 0)
	t.total = t.root.head.Counts
	return t
}

// reader reads what Append wrote. After the first error it yields zeros.
type reader struct {
	text []byte
	at   int
	err  error
}

func (r *reader) bad(format string, args ...any) error {
	if r.err == nil {
		r.err = &fault.Fault{Kind: fault.Invalid, Text: fmt.Sprintf("byte %d: ", r.at) + fmt.Sprintf(format, args...)}
	}
	return r.err
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.text)-r.at {
		_ = r.bad("it ends in the middle: %d more bytes are to come, %d are there", n, len(r.text)-r.at)
		return nil
	}
	r.at += n
	return r.text[r.at-n : r.at : r.at]
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) hash() (h Hash) {
	copy(h[:], r.take(len(h)))
	return h
}

// number reads a number in its shortest form.
func (r *reader) number() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.text[r.at:])
	if n <= 0 || n > 1 && r.text[r.at+n-1] == 0 {
		_ = r.bad("it has no number in its shortest form")
		return 0
	}
	r.at += n
	return v
}

// size reads a number of at most limit.
func (r *reader) size(what string, limit int) int {
	v := r.number()
	if r.err == nil && (limit < 0 || v > uint64(limit)) {
		_ = r.bad("%s is %d; it is at most %d", what, v, limit)
		return 0
	}
	return int(v) //nolint:gosec // at most limit
}

// end returns the first error, or one when something follows.
func (r *reader) end() error {
	if r.err == nil && r.at < len(r.text) {
		_ = r.bad("%d bytes follow the end", len(r.text)-r.at)
	}
	return r.err
}
