package census

// treeParser reads the nodes of a tree and computes their heads from below.
type treeParser struct {
	*reader
	walker
}

// node reads a node that stands on one side of a branch whose prefix is in p.key; above is
// the bit of the branch and one, 0 for the root. Since every branch has more bits than the
// one above, nodes are at most group*MaxKey deep.
//
// It returns a node in any case; after an error one that is not used.
func (p *treeParser) node(above, side int) *node {
	n := &node{}
	switch word := p.byte(); word {
	case wordStub:
		n.head = p.stub(above, side)
	case wordLeaf:
		p.leafNode(n, above, side)
	case wordInner:
		p.innerNode(n, above, side)
	default:
		_ = p.bad("a node begins with %q; it is s, l or i", word)
	}
	return n
}

// stub reads counts and a hash.
func (r *reader) stub(above, side int) (h Head) {
	h.Counts = Counts{r.number(), r.number()}
	h.Hash = r.hash()
	switch {
	case h.Registered == 0:
		_ = r.bad("a stub counts nothing; of an empty part there is no node")
	case endsKey(above, side) && h.Registered != 1:
		_ = r.bad("a stub where one key ends counts %d", h.Registered)
	}
	return h
}

// endsKey reports whether a node stands where its key ends: on the left of the bit that
// says whether a byte follows. There is room for one leaf and nothing else.
func endsKey(above, side int) bool { return above%group == 1 && side == 0 }

// fromOf returns how many bytes the branch above says of a prefix.
func fromOf(above int) int { return max(above-1, 0) / group }

func (p *treeParser) leafNode(n *node, above, side int) {
	n.kind = leaf
	from := fromOf(above)
	n.ext = p.take(p.size("the rest of a key", MaxKey-from))
	n.digest = p.hash()
	resolved := p.number()
	n.from, n.bits = int32(from), int32(group*(from+len(n.ext))+1) //nolint:gosec // at most MaxKey bytes
	if p.err != nil || !p.fits(n, above, side) {
		return
	}
	p.enter(n)
	n.head = p.leaf(p.key, &n.digest, resolved)
}

func (p *treeParser) innerNode(n *node, above, side int) {
	if !p.branch(n, above, side) {
		return
	}
	for i := range n.child {
		if n.child[i] = p.node(int(n.bits)+1, i); p.err != nil {
			return
		}
	}
	p.sum(n)
}

// branch reads the prefix of a branch, and enters it.
func (p *treeParser) branch(n *node, above, side int) bool {
	n.kind = inner
	from := fromOf(above)
	end := above + p.size("the rest of a prefix", group*MaxKey-1-above)
	n.ext = p.take(width(end) - from)
	n.from, n.bits = int32(from), int32(end) //nolint:gosec // less than group*MaxKey
	if p.err != nil || !p.fits(n, above, side) {
		return false
	}
	if in := end % group; in > 1 && n.ext[len(n.ext)-1]<<(in-1) != 0 {
		_ = p.bad("the last byte of a prefix has bits behind its %d", end)
		return false
	}
	p.enter(n)
	return true
}

// sum computes the head of a branch from its children.
func (p *treeParser) sum(n *node) {
	left, right := &n.child[0].head, &n.child[1].head
	counts, err := left.plus(right.Counts)
	if err != nil {
		_ = p.bad("%v", err)
		return
	}
	p.enter(n) // the children have written into its last byte
	n.head = Head{counts, p.inner(p.key, int(n.bits), left, right)}
}

// fits reports whether the prefix of n goes on from that of the branch above on the given
// side, and is bad otherwise.
func (p *treeParser) fits(n *node, above, side int) bool {
	in := (above - 1) % group
	ok := false
	switch {
	case above == 0:
		ok = n.bits > 1 || n.kind == inner && n.bits > 0 // no key is empty
	case in == 0:
		ok = (n.kind == leaf && len(n.ext) == 0) == (side == 0)
	case len(n.ext) > 0:
		known := side
		if in > 1 {
			known |= int(p.key[n.from]>>(group-in)) << 1
		}
		ok = int(n.ext[0]>>(group-1-in)) == known
	}
	if !ok {
		_ = p.bad("a node is not on the side of the branch on which its key stands")
	}
	return ok
}
