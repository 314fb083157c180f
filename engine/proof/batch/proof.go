package batch

import (
	"yuzhou/kernel/fault"
)

// Proof shows that records stand in a tree at a range of indexes: the hashes of what lies
// beside the range, from left to right. Of one record it has the hashes of an inclusion
// proof (RFC 6962 §2.1.1), in the order of the tree and not from the leaf up.
type Proof struct {
	Count  int64 // records of the whole tree
	First  int64 // index of the first record
	N      int64 // how many
	Hashes []Hash
}

// Prove makes the proof of a range.
//
//   - run: returns the records of a run (256, the last has fewer) by its number from 0. It
//     is asked for the first and the last run of the range at most, and not when the tree
//     keeps Leaves.
//   - Errors: fault.Invalid of a range that the tree does not have, and when the records
//     are not those of the tree; what run returns.
func (t Tree) Prove(first, n int64, run func(number int64) ([][]byte, error)) (Proof, error) {
	if first < 0 || n < 1 || first > t.Count-n {
		return Proof{}, fault.New(fault.Invalid, "records %d to %d are asked for; the batch has 0 to %d", first, first+n-1, t.Count-1)
	}
	p := prover{tree: t, run: run, known: map[int64][]Hash{}}
	p.out = Proof{Count: t.Count, First: first, N: n}
	err := p.walk(0, t.Count)
	return p.out, err
}

// prover walks a tree from left to right.
type prover struct {
	tree  Tree
	run   func(int64) ([][]byte, error)
	known map[int64][]Hash // leaves, by run
	out   Proof
}

// walk emits what lies beside the range of the subtree over the records from lo up to hi.
func (p *prover) walk(lo, hi int64) error {
	end := p.out.First + p.out.N
	switch {
	case lo >= p.out.First && hi <= end:
		return nil // the verifier computes it
	case hi <= p.out.First || lo >= end:
		h, err := p.hash(lo, hi)
		p.out.Hashes = append(p.out.Hashes, h)
		return err
	}
	mid := lo + int64(split(int(hi-lo)))
	if err := p.walk(lo, mid); err != nil {
		return err
	}
	return p.walk(mid, hi)
}

// hash returns the root of the subtree over the records from lo up to hi.
func (p *prover) hash(lo, hi int64) (Hash, error) {
	if lo%Run == 0 && (hi-lo >= Run || hi == p.tree.Count) {
		return rootOf(append([]Hash(nil), p.tree.runs[lo/Run:(hi+Run-1)/Run]...)), nil
	}
	leaves, err := p.leaves(lo / Run)
	if err != nil {
		return Hash{}, err
	}
	return rootOf(append([]Hash(nil), leaves[lo%Run:(hi-1)%Run+1]...)), nil
}

// leaves returns the hashes of the records of a run.
func (p *prover) leaves(number int64) ([]Hash, error) {
	first := number * Run
	end := min(first+Run, p.tree.Count)
	if p.tree.Keep == Leaves {
		return p.tree.leaves[first:end], nil
	}
	if h := p.known[number]; h != nil {
		return h, nil
	}
	if p.run == nil {
		return nil, fault.New(fault.Invalid, "the tree keeps %s: the records of run %d are needed for the proof", p.tree.Keep, number)
	}
	records, err := p.run(number)
	if err != nil {
		return nil, err
	}
	var out []Hash
	for _, r := range records {
		out = append(out, leaf(nil, r))
	}
	if int64(len(out)) != end-first || rootOf(append([]Hash(nil), out...)) != p.tree.runs[number] {
		return nil, fault.New(fault.Invalid, "records %d to %d are not those that the batch was built over", first, end-1)
	}
	p.known[number] = out
	return out, nil
}

// Verify checks that records stand in the tree of a root at the range of a proof.
//
// Errors: fault.Invalid.
func (p Proof) Verify(root Hash, records [][]byte) error {
	if p.Count < 1 || p.Count > MaxCount || p.First < 0 || p.N < 1 || p.First > p.Count-p.N || int64(len(records)) != p.N {
		return fault.New(fault.Invalid, "the proof is of records %d to %d of %d, and %d are here", p.First, p.First+p.N-1, p.Count, len(records))
	}
	v := checker{proof: p, records: records}
	got, ok := v.walk(0, p.Count)
	if !ok || len(v.proof.Hashes) > 0 || got != root {
		return fault.New(fault.Invalid, "the records do not lead to the root of the batch")
	}
	return nil
}

// checker walks the same way and takes the hashes as it needs them.
type checker struct {
	proof   Proof
	records [][]byte
}

func (v *checker) walk(lo, hi int64) (Hash, bool) {
	end := v.proof.First + v.proof.N
	if hi <= v.proof.First || lo >= end {
		if len(v.proof.Hashes) == 0 {
			return Hash{}, false
		}
		h := v.proof.Hashes[0]
		v.proof.Hashes = v.proof.Hashes[1:]
		return h, true
	}
	if hi-lo == 1 {
		return leaf(nil, v.records[lo-v.proof.First]), true
	}
	mid := lo + int64(split(int(hi-lo)))
	left, ok := v.walk(lo, mid)
	if !ok {
		return left, false
	}
	right, ok := v.walk(mid, hi)
	return node(left, right), ok
}
