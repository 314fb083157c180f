package column

import (
	"slices"

	"yuzhou/kernel/fault"
)

// Tree is which unit stands below which.
type Tree struct {
	parent []int32 // of each unit; -1 for those at the top
	up     []int32 // all units, every child before its parent
	leaf   []bool
	peers  [][]int32 // units with the same parent, for parents in order; the top first
}

// NewTree returns the tree in which unit i stands below parent[i], -1 for none. A
// parent that is no unit, and a unit below itself, are fault.Invalid.
func NewTree(parent []int) (*Tree, error) {
	n := len(parent)
	t := &Tree{parent: make([]int32, n), leaf: make([]bool, n)}
	groups := make([][]int32, n+1)
	for i, p := range parent {
		if p < -1 || p >= n {
			return nil, fault.New(fault.Invalid, "unit %d stands below %d, which is not one of the %d units", i, p, n)
		}
		t.parent[i], t.leaf[i] = int32(p), true //nolint:gosec // bounded by the units there are
		groups[p+1] = append(groups[p+1], int32(i))
	}
	for _, p := range parent {
		if p >= 0 {
			t.leaf[p] = false
		}
	}
	// From the top down, level by level; turned round, children come first and in
	// order: sums add them as they stand.
	level := groups[0]
	var levels [][]int32
	seen := 0
	for len(level) > 0 {
		levels = append(levels, level)
		seen += len(level)
		var below []int32
		for _, u := range level {
			below = append(below, groups[u+1]...)
		}
		level = below
	}
	if seen != n {
		return nil, fault.New(fault.Invalid, "the units do not form a tree: %d of them stand below themselves", n-seen)
	}
	for _, l := range slices.Backward(levels) {
		t.up = append(t.up, l...)
	}
	for _, g := range groups {
		if len(g) > 0 {
			t.peers = append(t.peers, g)
		}
	}
	return t, nil
}

// Len is how many units there are.
func (t *Tree) Len() int { return len(t.parent) }
