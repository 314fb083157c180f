package census

import (
	"bytes"
	"slices"

	"yuzhou/kernel/fault"
)

// Tree is a trie, or what is shown of one: where it was pruned, stubs stand whose counts
// and hash are known and nothing else. The zero value is the empty trie.
//
// A tree is not for several goroutines at once. It takes about 250 bytes a leaf; a census
// too big for that is made by a Builder and shown through its Index.
type Tree struct {
	root  *node
	total Counts // of the root, kept up to date while its hash waits for Head
	path  []*node
}

type kind uint8

const (
	stub  kind = iota // only head is known
	leaf              // a key
	inner             // a branch: what is below shares the first n bits and differs in the next
)

// node is a node of the trie. Its prefix is what its ancestors say of the first from bytes,
// and ext; so a tree holds no byte of a common prefix twice.
type node struct {
	kind   kind
	stale  bool // the head is to be computed anew
	from   int32
	bits   int32  // of the prefix; of a leaf: of its key with the end
	ext    []byte // what lies behind the bits in its last byte is not part of it
	head   Head
	digest Hash     // of a leaf
	child  [2]*node // of a branch
}

func newLeaf(l Leaf, from int) *node {
	n := &node{kind: leaf, stale: true, ext: bytes.Clone(l.Key[from:]), digest: l.Digest}
	n.from, n.bits = int32(from), int32(bitsOf(l.Key)) //nolint:gosec // a key has at most MaxKey bytes
	n.head.Counts = l.counts()
	return n
}

// meet returns the first bit in which key differs from the prefix of n, and how many bits
// that has when it does not. The first n.from bytes of key are those of n.
func (n *node) meet(key []byte) int {
	from, end := int(n.from), int(n.bits)
	whole := n.ext
	if n.kind == inner {
		whole = n.ext[:end/group-from]
	}
	if d := diverge(key[from:], whole); d < group*len(whole) {
		return group*from + d
	}
	at := from + len(whole)
	in := end % group
	switch {
	case n.kind == leaf && len(key) > at:
		return end - 1
	case n.kind == leaf || in == 0:
		return end
	case len(key) == at:
		return group * at
	}
	if in == 1 {
		return end
	}
	return min(end, group*at+diverge(key[at:at+1], n.ext[len(whole):]))
}

// find returns the node at which the way to key ends, nil in an empty tree: a stub, the
// leaf, or what stands where the key would have to stand.
func (t *Tree) find(key []byte) *node {
	n := t.root
	for n != nil && n.kind == inner && n.meet(key) == int(n.bits) {
		n = n.child[bitAt(key, int(n.bits))]
	}
	return n
}

// Get returns what the tree shows of key: the leaf when it is Present, nothing of it when
// it is Absent or Hidden.
func (t *Tree) Get(key []byte) (Leaf, Shown) {
	if checkKey(key) != nil {
		return Leaf{}, Absent
	}
	n := t.find(key)
	switch {
	case n == nil:
		return Leaf{}, Absent
	case n.kind == stub:
		return Leaf{}, Hidden
	case n.kind == leaf && n.meet(key) == int(n.bits):
		return Leaf{key, n.digest, n.head.Resolved}, Present
	}
	return Leaf{}, Absent
}

// under returns the node below which all keys with a prefix stand, and no other ones; nil
// when there are none. A stub is returned when it hides where they stand.
func (t *Tree) under(prefix []byte) *node {
	n := t.root
	for n != nil && n.kind != stub && len(prefix) > 0 {
		d := n.meet(prefix)
		switch {
		case d >= group*len(prefix):
			return n
		case d < int(n.bits):
			return nil
		}
		n = n.child[bitAt(prefix, int(n.bits))]
	}
	return n
}

// Under returns the head of all keys that begin with prefix: how many they are, and a hash
// that says which. With an empty prefix it is Head.
//
// Result: the head of the empty tree and Absent when no key begins so, Hidden when the
// tree does not show it.
func (t *Tree) Under(prefix []byte) (Head, Shown) {
	head := t.Head()
	n := t.under(prefix)
	switch {
	case n == nil:
		return emptyHead(), Absent
	case len(prefix) == 0:
		return head, Present
	case n.kind == stub:
		return Head{}, Hidden
	}
	return n.head, Present
}

// Head returns the head of the tree. It hashes what was changed since it was last asked.
func (t *Tree) Head() Head {
	if t.root == nil {
		return emptyHead()
	}
	if t.root.stale {
		w := walker{}
		w.refresh(t.root)
	}
	return t.root.head
}

// walker goes down a tree with the bytes of the prefix it has come to.
type walker struct {
	hasher
	key []byte
}

// enter makes key the prefix of n, whose parent was entered before.
func (w *walker) enter(n *node) {
	w.key = append(w.key[:n.from], n.ext...)
}

func (w *walker) refresh(n *node) {
	w.enter(n)
	if n.kind == leaf {
		n.head = w.leaf(w.key, &n.digest, n.head.Resolved)
		n.stale = false
		return
	}
	for _, c := range n.child {
		if c.stale {
			w.refresh(c)
		}
	}
	left, right := &n.child[0].head, &n.child[1].head
	w.enter(n) // the children have written into its last byte
	n.head.Hash = w.inner(w.key, int(n.bits), left, right)
	// It cannot overflow: the whole tree does not.
	n.head.Counts = Counts{left.Registered + right.Registered, left.Resolved + right.Resolved}
	n.stale = false
}

// trace fills t.path with the nodes from the root to the one at which the way to key ends.
func (t *Tree) trace(key []byte) *node {
	t.path = t.path[:0]
	n := t.root
	for n != nil {
		t.path = append(t.path, n)
		if n.kind != inner || n.meet(key) < int(n.bits) {
			break
		}
		n = n.child[bitAt(key, int(n.bits))]
	}
	return n
}

// replace puts b where a stands below the last of path, and marks path.
func (t *Tree) replace(path []*node, a, b *node) {
	for _, n := range path {
		n.stale = true
	}
	if len(path) == 0 {
		t.root = b
		return
	}
	last := path[len(path)-1]
	last.child[slices.Index(last.child[:], a)] = b
}

func hidden(key []byte) error {
	return fault.New(fault.Invalid, "the tree does not show whether it has the key %.80q; use one that was pruned to show it", key)
}

// Put adds l, or replaces the leaf of that key.
//
// Errors: fault.Invalid when the key has no or too many bytes, when the tree does not show
// whether it is there, when a sum would not fit 64 bits.
func (t *Tree) Put(l Leaf) error {
	if err := checkKey(l.Key); err != nil {
		return err
	}
	n := t.trace(l.Key)
	if n != nil && n.kind == stub {
		return hidden(l.Key)
	}
	d := 0
	var was Counts
	if n != nil {
		if d = n.meet(l.Key); d == int(n.bits) {
			was = n.head.Counts
		}
	}
	total, err := t.total.minus(was).plus(l.counts())
	if err != nil {
		return err
	}
	t.total = total
	if n == nil {
		t.root = newLeaf(l, 0)
		return nil
	}
	above := t.path[:len(t.path)-1]
	if d == int(n.bits) {
		n.digest, n.head.Resolved, n.stale = l.Digest, l.Resolved, true
		t.replace(above, n, n)
		return nil
	}
	t.replace(above, n, n.branch(l, d))
	return nil
}

// branch returns a branch at bit d with n and a new leaf, which differ there first.
func (n *node) branch(l Leaf, d int) *node {
	at := d / group
	b := &node{kind: inner, stale: true, from: n.from, ext: n.ext[:width(d)-int(n.from)]}
	b.bits = int32(d) //nolint:gosec // less than the bits of a key
	n.ext = n.ext[at-int(n.from):]
	n.from = int32(at) //nolint:gosec // less than the bytes of a key
	side := bitAt(l.Key, d)
	b.child[side], b.child[1-side] = newLeaf(l, at), n
	return b
}

// Delete takes the leaf of key away.
//
// Errors: fault.NotFound when it is not there, fault.Invalid when the tree does not show
// whether it is.
func (t *Tree) Delete(key []byte) error {
	n := (*node)(nil)
	if checkKey(key) == nil {
		n = t.trace(key)
	}
	switch {
	case n != nil && n.kind == stub:
		return hidden(key)
	case n == nil || n.kind != leaf || n.meet(key) < int(n.bits):
		return fault.New(fault.NotFound, "there is no key %.80q in the tree", key)
	}
	t.total = t.total.minus(n.head.Counts)
	last := len(t.path) - 1
	if last == 0 {
		t.root = nil
		return nil
	}
	parent := t.path[last-1]
	other := parent.child[0]
	if other == n {
		other = parent.child[1]
	}
	if other.kind != stub {
		// Its hash stays: it says the whole prefix, not what the parent has left of it.
		other.ext = slices.Concat(parent.ext[:other.from-parent.from], other.ext)
		other.from = parent.from
	}
	t.replace(t.path[:last-1], parent, other)
	return nil
}
