package batch

import (
	"bytes"

	"yuzhou/kernel/fault"
)

// Found is what an audit has found.
type Found struct {
	Altered []int64    // records, by index from 0, that are not what they were
	Ranges  [][2]int64 // where Runs alone are kept: from and up to, one of which is not what it was
	Missing []int64    // indexes of which there is no record
	Extra   int64      // records past the last
}

// OK reports whether every record is what it was.
func (f Found) OK() bool {
	return len(f.Altered)+len(f.Ranges)+len(f.Missing) == 0 && f.Extra == 0
}

// Audit compares records with the tree that was built over them. It holds one run in
// memory.
//
//   - each: calls use with every record that there is and its index from 0, ascending.
//   - Errors: what each returns; fault.Invalid when indexes do not ascend.
func (t Tree) Audit(each func(use func(index int64, record []byte) error) error) (Found, error) {
	a := auditor{tree: t, next: 0}
	if err := each(a.take); err != nil {
		return a.found, err
	}
	a.skipTo(t.Count)
	a.endRun()
	return a.found, nil
}

// auditor is an audit under way.
type auditor struct {
	tree   Tree
	next   int64 // index
	leaves []Hash
	gone   []int64 // missing in the run under way
	buf    []byte
	found  Found
}

func (a *auditor) take(index int64, record []byte) error {
	if index < a.next {
		return fault.New(fault.Invalid, "record %d comes after record %d", index, a.next-1)
	}
	if index >= a.tree.Count {
		a.found.Extra++
		return nil
	}
	a.skipTo(index)
	if cap(a.buf) < 1+len(record) {
		a.buf = make([]byte, 0, 2*(1+len(record)))
	}
	a.add(leaf(a.buf, record))
	return nil
}

// skipTo notes that there are no records up to an index.
func (a *auditor) skipTo(index int64) {
	for a.next < index {
		a.gone = append(a.gone, a.next)
		a.add(Hash{})
	}
}

func (a *auditor) add(h Hash) {
	a.leaves = append(a.leaves, h)
	a.next++
	if len(a.leaves) == Run {
		a.endRun()
	}
}

// endRun compares a run, and where it differs its records.
func (a *auditor) endRun() {
	if len(a.leaves) == 0 {
		return
	}
	first := a.next - int64(len(a.leaves))
	if rootOf(append([]Hash(nil), a.leaves...)) != a.tree.runs[first/Run] {
		a.name(first)
	}
	a.leaves, a.gone = a.leaves[:0], a.gone[:0]
}

// name says which records of a run differ.
func (a *auditor) name(first int64) {
	a.found.Missing = append(a.found.Missing, a.gone...)
	named := len(a.gone)
	for i, h := range a.leaves {
		at := first + int64(i)
		same := true
		switch a.tree.Keep {
		case Leaves:
			same = h == a.tree.leaves[at]
		case Checks:
			same = bytes.Equal(h[:4], a.tree.marks[4*at:4*at+4])
		case Runs:
		}
		if !same && h != (Hash{}) {
			a.found.Altered = append(a.found.Altered, at)
			named++
		}
	}
	if named == 0 {
		a.found.Ranges = append(a.found.Ranges, [2]int64{first, a.next})
	}
}
