package census

import (
	"bytes"
	"encoding/binary"

	"yuzhou/kernel/fault"
)

// What a change does.
type What byte

// The changes, as they are sent.
const (
	Added   What = 'a' // the key is new
	Changed What = 'c' // the key was there; its digest, its resolutions or both are others
	Removed What = 'r' // the key is there no more
)

// Change is what became of one key. Of what is Removed the leaf is the key alone.
type Change struct {
	What What
	Leaf
}

// Delta shows what happened between two heads: that the second is the first with these
// changes and no other ones. Nothing in it needs to be believed.
type Delta struct {
	Changes []Change // in ascending order of their keys, one a key
	Before  *Tree    // of the first head, pruned to the keys of the changes
}

// Growth is what the changes of a delta come to.
type Growth struct {
	Added, Removed uint64 // identifiers
	Changed        uint64 // identifiers whose record is another one
	Resolved       uint64 // resolutions that came to identifiers that are there now
	Gone           uint64 // resolutions that were counted for what is removed
}

// Check compares the delta with the heads that were stated before and after it.
//
//   - Growth: what the changes come to as far as they were found right.
//   - Findings: what is not as stated, those of single keys first; none when all is right.
//     When the tree is of another head, or hides a key, the head after is not compared.
//   - Errors: fault.Invalid when it is no delta: keys out of order, an unknown change.
//
// It takes as much memory again as the tree, which it leaves as it is.
func (d Delta) Check(before, after Head) (Growth, []Finding, error) {
	if err := d.wellFormed(); err != nil {
		return Growth{}, nil, err
	}
	if got := d.Before.Head(); got != before {
		return Growth{}, []Finding{forked(got, before)}, nil
	}
	a := auditor{before: d.Before, now: d.Before.clone()}
	// Added first: what is taken away takes a branch with it that shows where others stand.
	for _, what := range []What{Added, Changed, Removed} {
		for _, c := range d.Changes {
			if c.What != what {
				continue
			}
			if err := a.apply(c); err != nil {
				return Growth{}, nil, err
			}
		}
	}
	if !a.unproven {
		a.findings = append(a.findings, compare(nil, after, a.now.Head())...)
	}
	return a.growth, a.findings, nil
}

func (d Delta) wellFormed() error {
	if d.Before == nil {
		return fault.New(fault.Invalid, "the delta has no tree of the census before it")
	}
	for i, c := range d.Changes {
		if err := checkKey(c.Key); err != nil {
			return err
		}
		if c.What != Added && c.What != Changed && c.What != Removed {
			return fault.New(fault.Invalid, "the change of %.80q is %q; it is a (added), c (changed) or r (removed)", c.Key, byte(c.What))
		}
		if i > 0 && bytes.Compare(d.Changes[i-1].Key, c.Key) >= 0 {
			return fault.New(fault.Invalid, "the change of %.80q comes after that of %.80q; changes come in ascending order of their keys, one a key", c.Key, d.Changes[i-1].Key)
		}
	}
	return nil
}

// clone returns a tree that can be changed without t.
func (t *Tree) clone() *Tree {
	if t.root == nil {
		return &Tree{}
	}
	t.Head()
	return &Tree{root: t.root.clone(), total: t.total}
}

func (n *node) clone() *node {
	c := *n
	for i, child := range n.child {
		if child != nil {
			c.child[i] = child.clone()
		}
	}
	return &c
}

// auditor applies changes and says what is wrong with them.
type auditor struct {
	before, now *Tree
	growth      Growth
	findings    []Finding
	unproven    bool
}

func (a *auditor) find(kind Kind, key []byte, said said) {
	a.findings = append(a.findings, finding(kind, key, said))
}

func (a *auditor) apply(c Change) error {
	was, shown := a.before.Get(c.Key)
	if shown == Hidden {
		a.unproven = true
		a.find(Unproven, c.Key, said{"增量附带的树没有显示标识 %s 此前是否存在", "the tree of the delta does not show whether %s was there before", []any{c.Key}})
		return nil
	}
	if c.What == Removed {
		return a.remove(c, was, shown)
	}
	a.judge(c, was, shown)
	return a.now.Put(c.Leaf)
}

func (a *auditor) remove(c Change, was Leaf, shown Shown) error {
	if shown == Absent {
		a.find(Phantom, c.Key, said{"标识 %s 列为注销，但此前并不存在", "%s is listed as removed and was not there before", []any{c.Key}})
		return nil
	}
	a.growth.Removed++
	a.growth.Gone += was.Resolved
	return a.now.Delete(c.Key)
}

// judge compares what was added or changed with what was there.
func (a *auditor) judge(c Change, was Leaf, shown Shown) {
	switch {
	case c.What == Added && shown == Present:
		a.find(Recounted, c.Key, said{"标识 %s 列为新注册，但此前已计入", "%s is listed as added and was counted before", []any{c.Key}})
	case c.What == Changed && shown == Absent:
		a.find(BackDated, c.Key, said{"标识 %s 列为变更，但此前并不存在：它是新注册的", "%s is listed as changed and was not there before: it is new", []any{c.Key}})
	case c.What == Added:
		a.growth.Added++
	case c.Digest != was.Digest:
		a.growth.Changed++
	}
	if c.Resolved < was.Resolved {
		a.find(Reduced, c.Key, said{"标识 %s 的解析量从 %d 减为 %d", "the resolutions of %s went down from %d to %d", []any{c.Key, was.Resolved, c.Resolved}})
		return
	}
	a.growth.Resolved += c.Resolved - was.Resolved
}

// Append appends the delta as ParseDelta reads it: see format.md.
func (d Delta) Append(b []byte) []byte {
	b = append(b, wordVersion)
	b = binary.AppendUvarint(b, uint64(len(d.Changes)))
	for _, c := range d.Changes {
		b = append(b, byte(c.What))
		b = binary.AppendUvarint(b, uint64(len(c.Key)))
		b = append(b, c.Key...)
		if c.What != Removed {
			b = append(b, c.Digest[:]...)
			b = binary.AppendUvarint(b, c.Resolved)
		}
	}
	return d.Before.Append(b)
}

// ParseDelta is the inverse of Append and takes no other spelling. Whether the delta shows
// what it should, Check says.
//
// Errors: fault.Invalid with the byte, from 0, at which it is none.
func ParseDelta(text []byte) (Delta, error) {
	if len(text) > MaxTree {
		return Delta{}, fault.New(fault.Invalid, "the delta has %d bytes; it has at most %d: take two, with a head in between", len(text), MaxTree)
	}
	r := reader{text: bytes.Clone(text)}
	if v := r.byte(); v != wordVersion {
		return Delta{}, r.bad("the delta has the version %d; known is %d", v, wordVersion)
	}
	// A change has three bytes or more.
	n := r.size("the number of changes", len(r.text)/3)
	var d Delta
	if r.err == nil {
		d.Changes = make([]Change, 0, n)
	}
	for ; n > 0 && r.err == nil; n-- {
		d.Changes = append(d.Changes, r.change())
	}
	if r.err == nil {
		d.Before = r.tree()
	}
	if err := r.end(); err != nil {
		return Delta{}, err
	}
	return d, d.wellFormed()
}

func (r *reader) change() Change {
	c := Change{What: What(r.byte())}
	c.Key = r.take(r.size("the length of a key", MaxKey))
	if c.What != Removed {
		c.Digest = r.hash()
		c.Resolved = r.number()
	}
	return c
}
