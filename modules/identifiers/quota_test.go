package identifiers

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

func named(name string) handle.Record {
	return handle.Record{Name: handle.Name(name), Values: []handle.Value{{Index: 1, Type: "URL", Data: []byte("u"), Perm: handle.Usual}}}
}

// TestQuota: below a prefix there are never more identifiers than its quota says; what is
// there already may be replaced, what was deleted gives its room back, and a batch that
// was refused in part may be sent again when there is room.
func TestQuota(t *testing.T) {
	quotas := map[string]int64{"88.500.1": 3}
	s := withQuotas(records.NewMemory(time.Now), func(p string) int64 { return quotas[p] })
	apply := func(key string, op records.Op, names ...string) string {
		t.Helper()
		var items []records.Item
		for _, n := range names {
			items = append(items, records.Item{Op: op, Record: named(n)})
		}
		out, err := s.Apply(t.Context(), records.Batch{Key: key, Items: items})
		if err != nil {
			t.Fatal(err)
		}
		var verdicts []string
		for _, o := range out {
			verdicts = append(verdicts, string(o.Verdict))
			if o.Verdict == records.Invalid && !strings.Contains(o.Text, "quota of 3") {
				t.Error(o.Text)
			}
		}
		return strings.Join(verdicts, " ")
	}
	for i, tt := range []struct {
		key   string
		op    records.Op
		names string
		want  string
	}{
		{"k1", records.Create, "88.500.1/a 88.500.1/b", "done done"},
		{"k2", records.Create, "88.500.1/c 88.500.1/d 88.500.2/x", "done invalid done"},
		{"k2", records.Create, "88.500.1/c 88.500.1/d 88.500.2/x", "done invalid done"},
		{"", records.Put, "88.500.1/A", "done"},
		{"", records.Put, "88.500.1/e", "invalid"},
		{"", records.Create, "88.500.1/a", "conflict"},
		{"", records.Delete, "88.500.1/none", "missing"},
		{"", records.Create, "88.500.1/e", "invalid"},
		{"", records.Delete, "88.500.1/b", "done"},
		{"", records.Create, "88.500.1/e", "done"},
		{"", records.Create, "88.500.1/f", "invalid"},
	} {
		if got := apply(tt.key, tt.op, strings.Fields(tt.names)...); got != tt.want {
			t.Errorf("%d. %s: %s, want %s", i, tt.names, got, tt.want)
		}
	}
	quotas["88.500.1"] = 4
	if got := apply("k2", records.Create, "88.500.1/c", "88.500.1/d", "88.500.2/x"); got != "unchanged done unchanged" {
		t.Errorf("when there is room: %s", got)
	}
	err := s.Load(t.Context(), func(yield func(handle.Record, error) bool) {
		for i := range 3 {
			if !yield(named(fmt.Sprintf("88.500.1/load%d", i)), nil) {
				return
			}
		}
	}, records.LoadOptions{Key: "load"})
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "quota of 4") {
		t.Error(err)
	}
}

// TestQuotaAtOnce: many writers at once get what there is room for, and no more.
func TestQuotaAtOnce(t *testing.T) {
	const limit = 25
	s := withQuotas(records.NewMemory(time.Now), func(string) int64 { return limit })
	var all sync.WaitGroup
	for w := range 10 {
		all.Go(func() {
			for i := range 10 {
				_, _ = s.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Create, Record: named(fmt.Sprintf("88.500.1/%d", (w*7+i)%40))}}})
			}
		})
	}
	all.Wait()
	if n, err := s.Count(t.Context(), records.Range{Prefix: "88.500.1"}); err != nil || n != limit {
		t.Errorf("%d identifiers, %v; want %d", n, err, limit)
	}
}
