// Package sums adds counts up where they are stored, without reading them first.
//
// What must hold: the sum does not depend on the order in which counts are merged, and
// wraps around at 2^64, so that what was added can be taken off again.
package sums

import (
	"encoding/binary"
	"io"

	"github.com/cockroachdb/pebble/v2" //nolint:depguard // it is a part of that store

	"yuzhou/kernel/fault"
)

// Name is what the sum is called in files: another one would be another store.
const Name = "yuzhou.sum"

// Merger returns what Pebble merges values with that are uvarints.
func Merger() *pebble.Merger {
	return &pebble.Merger{Name: Name, Merge: func(_, value []byte) (pebble.ValueMerger, error) {
		m := &sum{}
		return m, m.MergeNewer(value)
	}}
}

// sum merges counts.
type sum struct{ n uint64 }

// MergeNewer implements pebble.ValueMerger.
func (m *sum) MergeNewer(value []byte) error {
	n, k := binary.Uvarint(value)
	if k <= 0 {
		return fault.New(fault.Invalid, "a stored count is none: % x", value)
	}
	m.n += n
	return nil
}

// MergeOlder implements pebble.ValueMerger.
func (m *sum) MergeOlder(value []byte) error { return m.MergeNewer(value) }

// Finish implements pebble.ValueMerger.
func (m *sum) Finish(bool) ([]byte, io.Closer, error) {
	return binary.AppendUvarint(nil, m.n), nil, nil
}
