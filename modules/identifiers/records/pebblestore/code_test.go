package pebblestore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/recordstest"
)

// FuzzVersion: bytes that are damaged give an error or a version that is written again
// and read as the same.
func FuzzVersion(f *testing.F) {
	v := records.Version{Record: recordstest.Record("88.1/aBc", 3), Seq: 7, At: time.UnixMicro(1).UTC()}
	f.Add("88.1/ABC", encode(v))
	f.Fuzz(func(t *testing.T, folded string, b []byte) {
		v, err := readVersion(folded, b)
		if err != nil || v.Record.Check() != nil {
			return
		}
		again, err := readVersion(v.Record.Name.Fold(), encode(v))
		if diff := cmp.Diff(v, again, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
