package census

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"iter"

	"yuzhou/kernel/fault"
)

// The index has the branches below which many leaves stand, each behind those below it,
// and then where the root is. See format.md.
const (
	indexMagic  = "yzcensus1\n"
	indexFooter = 8 + 8 + 8 + 16 + 32 + 32
	maxRecord   = 4096
)

// place is where a branch stands in the index; zero when it does not.
type place struct{ at, size uint64 }

// indexWriter writes an index.
type indexWriter struct {
	to  *bufio.Writer
	at  uint64
	buf []byte
}

func (w *indexWriter) write(b []byte) error {
	n, err := w.to.Write(b)
	w.at += uint64(n) //nolint:gosec // never negative
	return err
}

func (w *indexWriter) begin() error {
	if w.at > 0 {
		return nil
	}
	return w.write([]byte(indexMagic))
}

// add writes a branch whose keys begin as key does; above as in treeParser.node.
func (w *indexWriter) add(key []byte, above int, b *branch, right *part) (place, error) {
	if err := w.begin(); err != nil {
		return place{}, err
	}
	w.buf = appendPrefix(w.buf[:0], key[fromOf(above):width(b.bit)], b.bit, above)
	for _, p := range []*part{&b.left, right} {
		w.buf = appendStub(w.buf, &p.head)
		w.buf = binary.AppendUvarint(w.buf, p.at.at)
		if p.at.at > 0 {
			w.buf = binary.AppendUvarint(w.buf, p.at.size)
		}
	}
	at := place{w.at, uint64(len(w.buf))}
	return at, w.write(w.buf)
}

func (w *indexWriter) end(root part, bucket uint64) error {
	if err := w.begin(); err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint64(w.buf[:0], root.at.at)
	b = binary.BigEndian.AppendUint64(b, root.at.size)
	b = binary.BigEndian.AppendUint64(b, bucket)
	b = appendHead(b, &root.head)
	sum := sha256.Sum256(b)
	if err := w.write(append(b, sum[:]...)); err != nil {
		return err
	}
	return w.to.Flush()
}

// Source has the leaves of the census that an index is of: those of its day, whatever was
// registered since.
type Source interface {
	// Leaves yields the leaves with from <= key < to in ascending order; to is nil when
	// there is no end. The bytes of a leaf are the reader's until the next one.
	Leaves(ctx context.Context, from, to []byte) iter.Seq2[Leaf, error]
}

// Index shows a census that is too big for a Tree: the branches near the root are in a
// file, the leaves in a Source. Every branch is checked against the hash that the one above
// has of it, so a file that was altered shows nothing false. It may be used by several
// goroutines at once.
type Index struct {
	r    io.ReaderAt
	size uint64
	head Head
	root place
}

// OpenIndex reads the end of an index of size bytes that a Builder has written.
//
// Errors: fault.Invalid when it is none or not complete, errors of r.
func OpenIndex(r io.ReaderAt, size int64) (*Index, error) {
	if size < int64(len(indexMagic)+indexFooter) {
		return nil, fault.New(fault.Invalid, "the index of the census has %d bytes; a complete one has at least %d", size, len(indexMagic)+indexFooter)
	}
	magic, b := make([]byte, len(indexMagic)), make([]byte, indexFooter)
	if _, err := r.ReadAt(magic, 0); err != nil {
		return nil, err
	}
	if _, err := r.ReadAt(b, size-indexFooter); err != nil && err != io.EOF {
		return nil, err
	}
	if sum := sha256.Sum256(b[:indexFooter-32]); string(magic) != indexMagic || !bytes.Equal(sum[:], b[indexFooter-32:]) {
		return nil, fault.New(fault.Invalid, "it is no index of a census, or not complete: build it anew")
	}
	ix := &Index{r: r, size: uint64(size), root: place{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}}
	ix.head.Counts = Counts{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[32:])}
	copy(ix.head.Hash[:], b[40:])
	return ix, nil
}

// Head returns the head of the census.
func (ix *Index) Head() Head { return ix.head }

// Prune is Tree.Prune of the whole census. For each key it reads one way down the index and
// the leaves of one bucket.
//
// Errors: fault.Invalid when a key is too long or the index was altered, fault.Conflict
// when the leaves are not those of the census; errors of the index and the source.
func (ix *Index) Prune(ctx context.Context, src Source, want Want) (*Tree, error) {
	paths, err := want.paths()
	if err != nil {
		return nil, err
	}
	t := &Tree{total: ix.head.Counts}
	if ix.head == emptyHead() {
		return t, nil
	}
	t.root = &node{head: ix.head}
	d := descent{ix: ix, src: src}
	if err := d.open(ctx, t.root, spot{place: ix.root}, paths); err != nil {
		return nil, err
	}
	return t, nil
}

// At is Tree.At of the whole census; i is a number below Head().Registered.
//
// Errors: fault.NotFound when there are not so many, and those of Prune.
func (ix *Index) At(ctx context.Context, src Source, i uint64) (Leaf, error) {
	if i >= ix.head.Registered {
		return Leaf{}, fault.New(fault.NotFound, "there is no leaf %d: the census has %d, from 0", i, ix.head.Registered)
	}
	d := descent{ix: ix, src: src}
	s, n := spot{place: ix.root}, &node{head: ix.head}
	for s.at > 0 {
		sides, err := d.read(n, s)
		if err != nil {
			return Leaf{}, err
		}
		side := 0
		if left := n.child[0].head.Registered; i >= left {
			side, i = 1, i-left
		}
		n, s = n.child[side], sides[side]
	}
	bucket, err := d.load(ctx, n, s)
	if err != nil {
		return Leaf{}, err
	}
	l, _ := bucket.At(i)
	return l, nil
}

// spot is where a node stands that is to be read.
type spot struct {
	place
	above, side int // as in treeParser.node
}

// descent is one way down an index, with the prefix of the branch it has come to.
type descent struct {
	treeParser
	ix  *Index
	src Source
}

// read makes n, a stub, the branch that stands at s, and returns where its children are.
func (d *descent) read(n *node, s spot) (sides [2]spot, err error) {
	if s.size > maxRecord || s.at > d.ix.size || s.at+s.size > d.ix.size {
		return sides, fault.New(fault.Invalid, "the index of the census was altered: no branch is at byte %d with %d bytes; build it anew", s.at, s.size)
	}
	text := make([]byte, s.size)
	if _, err := d.ix.r.ReadAt(text, int64(s.at)); err != nil { //nolint:gosec // less than the size
		return sides, err
	}
	d.reader = &reader{text: text}
	b := &node{}
	if d.branch(b, s.above, s.side) {
		for i := range b.child {
			above := int(b.bits) + 1
			b.child[i] = &node{head: d.stub(above, i)}
			sides[i] = spot{place{at: d.number()}, above, i}
			if sides[i].at > 0 {
				sides[i].size = d.number()
			}
		}
	}
	if d.end() == nil {
		d.sum(b)
	}
	if d.err != nil || b.head != n.head {
		return sides, &fault.Fault{Kind: fault.Invalid, Text: "the index of the census was altered: a branch is not the one that the branch above has; build it anew", Err: d.err}
	}
	*n = *b
	return sides, nil
}

// load returns the leaves of the bucket at s as a tree; n is their stub.
func (d *descent) load(ctx context.Context, n *node, s spot) (*Tree, error) {
	var from, to []byte
	if s.above > 0 {
		from, to = span(d.key[:width(s.above-1)], s.above-1, s.side)
	}
	t := &Tree{}
	other := false
	for l, err := range d.src.Leaves(ctx, from, to) {
		if err != nil {
			return nil, err
		}
		other = t.total.Registered == n.head.Registered ||
			bytes.Compare(l.Key, from) < 0 || to != nil && bytes.Compare(l.Key, to) >= 0
		if other {
			break
		}
		if err := t.Put(l); err != nil {
			return nil, err
		}
	}
	if other || t.Head() != n.head {
		return nil, fault.New(fault.Conflict, "the records from %.40q on are not those of the census with %s: read them as of its day", from, d.ix.head)
	}
	return t, nil
}

// open shows below n, a stub at s, what paths ask for.
func (d *descent) open(ctx context.Context, n *node, s spot, paths []path) error {
	if len(paths) == 0 {
		return nil
	}
	if s.at == 0 {
		t, err := d.load(ctx, n, s)
		if err != nil {
			return err
		}
		from := fromOf(s.above)
		t.root.ext, t.root.from = t.root.ext[from:], int32(from) //nolint:gosec // at most MaxKey
		shown := n
		for _, p := range paths {
			open(&shown, t.root, p)
		}
		*n = *shown
		return nil
	}
	sides, err := d.read(n, s)
	if err != nil {
		return err
	}
	var below [2][]path
	end := int(n.bits)
	for _, p := range paths {
		if end < p.until && n.meet(p.key) == end {
			side := bitAt(p.key, end)
			below[side] = append(below[side], p)
		}
	}
	for i, child := range n.child {
		d.enter(n)
		if err := d.open(ctx, child, sides[i], below[i]); err != nil {
			return err
		}
	}
	return nil
}
