package sums

import (
	"encoding/binary"
	"math"
	"testing"

	"yuzhou/kernel/fault"
)

// TestMerger: a sum is the same in any order, and what is added can be taken off.
func TestMerger(t *testing.T) {
	count := func(n uint64) []byte { return binary.AppendUvarint(nil, n) }
	for _, tt := range []struct {
		name  string
		parts []uint64
		want  uint64
	}{
		{"one", []uint64{7}, 7},
		{"several", []uint64{1, 300, 70_000}, 70_301},
		{"added and taken off", []uint64{12, math.MaxUint64 - 11}, 0}, // -12
	} {
		m, err := Merger().Merge(nil, count(tt.parts[0]))
		for i, n := range tt.parts[1:] {
			if i%2 == 0 {
				err = m.MergeNewer(count(n))
			} else {
				err = m.MergeOlder(count(n))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := m.Finish(true)
		if n, _ := binary.Uvarint(got); n != tt.want || err != nil {
			t.Errorf("%s: %d, %v; want %d", tt.name, n, err, tt.want)
		}
	}
	if _, err := Merger().Merge(nil, []byte{0x80}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
