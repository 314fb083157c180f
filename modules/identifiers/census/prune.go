package census

import (
	"yuzhou/kernel/fault"
)

// Want is what a pruned tree is to show.
type Want struct {
	Keys     [][]byte // present or absent
	Prefixes [][]byte // the heads of all that begin with them
}

// Prune returns the smallest tree of the same head that shows what is wanted.
//
// Errors: fault.Invalid when t itself is pruned and does not show it, or a key has no or
// too many bytes.
func (t *Tree) Prune(want Want) (*Tree, error) {
	paths, err := want.paths()
	if err != nil {
		return nil, err
	}
	out := &Tree{}
	if t.root == nil {
		return out, nil
	}
	out.root, out.total = &node{head: t.Head()}, t.total
	for _, p := range paths {
		if !open(&out.root, t.root, p) {
			return nil, hidden(p.key)
		}
	}
	return out, nil
}

// paths returns the ways to what is wanted. Whatever the tree, it shows the head of all.
func (w Want) paths() ([]path, error) {
	out := make([]path, 0, len(w.Keys)+len(w.Prefixes))
	for _, key := range w.Keys {
		if err := checkKey(key); err != nil {
			return nil, err
		}
		out = append(out, path{key, bitsOf(key)})
	}
	for _, prefix := range w.Prefixes {
		if len(prefix) == 0 {
			continue
		}
		if err := checkKey(prefix); err != nil {
			return nil, err
		}
		out = append(out, path{prefix, group * len(prefix)})
	}
	return out, nil
}

// path is the way to a key or to the node of a prefix: it ends with the first node whose
// prefix has at least so many bits, or is another one.
type path struct {
	key   []byte
	until int
}

// open copies the nodes on the way p from one tree to another of the same head. It reports
// false when a stub stands in the way.
func open(to **node, from *node, p path) bool {
	for {
		if from.kind == stub {
			return false
		}
		if (*to).kind == stub {
			*to = from.shallow()
		}
		end := int(from.bits)
		if from.kind == leaf || end >= p.until || from.meet(p.key) < end {
			return true
		}
		side := bitAt(p.key, end)
		to, from = &(*to).child[side], from.child[side]
	}
}

// shallow returns n with stubs for children.
func (n *node) shallow() *node {
	c := *n
	for i, child := range n.child {
		if child != nil {
			c.child[i] = &node{head: child.head}
		}
	}
	return &c
}

// Verify reads an encoded tree and returns what it shows of key, provided that it is a
// tree of the head given.
//
// Errors: fault.Invalid when it is no tree or one of another head. Hidden is no error.
func Verify(proof []byte, head Head, key []byte) (Leaf, Shown, error) {
	t, err := Parse(proof)
	if err != nil {
		return Leaf{}, Hidden, err
	}
	if got := t.Head(); got != head {
		return Leaf{}, Hidden, fault.New(fault.Invalid, "the proof has the head %s, stated is %s", got, head)
	}
	l, shown := t.Get(key)
	return l, shown, nil
}

// At returns leaf number i in the order of the keys, from 0. Who checks a census picks
// numbers below Head().Registered at random and asks for these leaves: of a count that is
// inflated by one in ten thousand, 30,000 numbers miss the empty part with a chance of 5 %.
//
// Result: Absent when there are not so many, Hidden when the tree does not show it.
func (t *Tree) At(i uint64) (Leaf, Shown) {
	n := t.root
	t.Head()
	if n == nil || i >= n.head.Registered {
		return Leaf{}, Absent
	}
	w := walker{}
	for n.kind == inner {
		w.enter(n)
		left := n.child[0]
		if i < left.head.Registered {
			n = left
		} else {
			i -= left.head.Registered
			n = n.child[1]
		}
	}
	if n.kind == stub {
		return Leaf{}, Hidden
	}
	w.enter(n)
	return Leaf{w.key, n.digest, n.head.Resolved}, Present
}
