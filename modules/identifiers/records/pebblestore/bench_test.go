package pebblestore_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/records/recordstest"
)

const million = 1_000_000

// BenchmarkStore loads a million records, reads them, and says what they take.
func BenchmarkStore(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, pebblestore.Options{Now: time.Now})
	begin := time.Now()
	if err := s.Load(b.Context(), recordstest.Stream(0, million), records.LoadOptions{Key: "f"}); err != nil {
		b.Fatal(err)
	}
	loaded := million / time.Since(begin).Seconds()
	b.Run("get", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i = (i + 611953) % million
			if _, err := s.Get(b.Context(), handle.Name(fmt.Sprintf("88.1/x-%d", i)), time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(loaded, "loaded/s")
		b.ReportMetric(float64(size(b, dir))/million, "B/record")
	})
	b.Run("apply", func(b *testing.B) {
		n := 0
		for b.Loop() {
			items := make([]records.Item, 1000)
			for i := range items {
				items[i] = records.Item{Op: records.Create, Record: recordstest.Record(fmt.Sprintf("88.2/%d", n), n)}
				n++
			}
			if _, err := s.Apply(b.Context(), records.Batch{Key: strconv.Itoa(n), Items: items}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "applied/s")
	})
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}

func size(b *testing.B, dir string) (n int64) {
	b.Helper()
	names, err := vfs.Default.List(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		if i, err := vfs.Default.Stat(dir + "/" + name); err == nil {
			n += i.Size()
		}
	}
	return n
}
