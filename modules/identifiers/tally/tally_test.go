package tally

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
)

// clock is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// stores are both implementations of a store.
func stores(t *testing.T, use func(t *testing.T, st records.Store, c *clock)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		c := &clock{day("2026-01-05").Add(-12 * time.Hour)}
		use(t, records.NewMemory(c.now), c)
	})
	t.Run("pebble", func(t *testing.T) {
		c := &clock{day("2026-01-05").Add(-12 * time.Hour)}
		st, err := pebblestore.Open(t.Context(), filepath.Join(t.TempDir(), "records"), pebblestore.Options{Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		use(t, st, c)
	})
}

// day returns the end of a day.
func day(date string) time.Time {
	at, _ := time.Parse(time.DateOnly, date)
	return at.AddDate(0, 0, 1)
}

func write(t *testing.T, st records.Store, op records.Op, names ...string) {
	t.Helper()
	var items []records.Item
	for _, n := range names {
		v := handle.Value{Index: 1, Type: "URL", Data: []byte("https://example.cn/" + n), Perm: handle.Usual}
		items = append(items, records.Item{Op: op, Record: handle.Record{Name: handle.Name(n), Values: []handle.Value{v}}})
	}
	done, err := st.Apply(t.Context(), records.Batch{Who: "test", Items: items})
	for _, o := range done {
		if err == nil && o.Verdict != records.Done {
			err = fmt.Errorf("%s", o.Text)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// take takes the census of a day and settles it.
func take(t *testing.T, st records.Store, dir, date string, last *Day) Day {
	t.Helper()
	d, err := Take(t.Context(), st, dir, Day{Date: date, At: day(date)}, last)
	if err == nil {
		err = st.Fold(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// plain counts what stands at an instant by reading everything.
func plain(t *testing.T, st records.Store, at time.Time, resolved map[string]uint64) census.Head {
	t.Helper()
	tree := &census.Tree{}
	err := st.Scan(t.Context(), records.Range{AsOf: at}, func(v records.Version) error {
		k := v.Record.Name.Fold()
		if len(k) > 1 && k[:2] == "0." {
			return nil
		}
		return tree.Put(census.Leaf{Key: []byte(k), Digest: Digest(v.Record), Resolved: resolved[k]})
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree.Head()
}

// TestDays: each day counts what stood at its end, follows from the day before, and shows
// single identifiers; what is registered later is not in it.
func TestDays(t *testing.T) {
	stores(t, func(t *testing.T, st records.Store, c *clock) {
		t.Helper()
		dir := t.TempDir()
		var many []string
		for i := range 500 {
			many = append(many, fmt.Sprintf("88.1.%d/item-%04d", i%3, i))
		}
		write(t, st, records.Put, append(many, "0.NA/88.1.1")...)
		counts := map[string]uint64{many[7]: 3, many[8]: 1}
		resolve(t, st, counts)
		first := take(t, st, dir, "2026-01-05", nil)
		if want := plain(t, st, day("2026-01-05"), folded(counts)); first.Head != want || first.Head.Registered != 500 || first.Head.Resolved != 4 || first.Before != "" {
			t.Fatalf("%+v, want %v", first, want)
		}
		c.at = day("2026-01-06").Add(-time.Hour)
		write(t, st, records.Put, "88.1.1/new-1", "88.1.1/new-2")
		write(t, st, records.Delete, many[3])
		resolve(t, st, map[string]uint64{many[7]: 2, "88.1.1/new-1": 1})
		c.at = day("2026-01-06").Add(time.Hour)
		write(t, st, records.Put, "88.1.2/of-the-day-after")
		second := take(t, st, dir, "2026-01-06", &first)
		if second.Head.Registered != 501 || second.Head.Resolved != 7 || second.Before != first.Date {
			t.Fatalf("%+v", second)
		}
		growth := check(t, dir, first, second)
		if growth != (census.Growth{Added: 2, Removed: 1, Resolved: 3}) {
			t.Errorf("%+v", growth)
		}
		third := take(t, st, dir, "2026-01-07", &second)
		if growth := check(t, dir, second, third); growth != (census.Growth{Added: 1}) {
			t.Errorf("%+v", growth)
		}
		proves(t, st, dir, third, map[string]census.Shown{many[7]: census.Present, many[3]: census.Absent, "88.1.2/of-the-day-after": census.Present, "88.1.1/NEW-1": census.Present, "88.9/x": census.Absent})
	})
}

func folded(counts map[string]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for k, n := range counts {
		out[handle.Fold(k)] = n
	}
	return out
}

func resolve(t *testing.T, st records.Store, counts map[string]uint64) {
	t.Helper()
	if err := st.Resolved(t.Context(), folded(counts)); err != nil {
		t.Fatal(err)
	}
}

// check checks the delta between two days as somebody who has their heads alone.
func check(t *testing.T, dir string, before, after Day) census.Growth {
	t.Helper()
	b, err := ReadDelta(dir, after.Date)
	if err != nil {
		t.Fatal(err)
	}
	d, err := census.ParseDelta(b)
	if err != nil {
		t.Fatal(err)
	}
	growth, findings, err := d.Check(before.Head, after.Head)
	if err != nil || len(findings) > 0 {
		t.Errorf("%v, %v", findings, err)
	}
	return growth
}

// proves looks at single identifiers, at prefixes and at samples of the last census.
func proves(t *testing.T, st records.Store, dir string, d Day, want map[string]census.Shown) {
	t.Helper()
	last, err := Open(st, dir, d)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close() //nolint:errcheck // only read
	for name, shown := range want {
		tree, err := last.Prove(t.Context(), []handle.Name{handle.Name(name)}, "88.1.1")
		if err != nil {
			t.Fatal(err)
		}
		leaf, got, err := census.Verify(tree.Append(nil), d.Head, []byte(handle.Fold(name)))
		if err != nil || got != shown {
			t.Errorf("%s is %v, %v", name, got, err)
		}
		if v, err := st.Get(t.Context(), handle.Name(name), d.At); shown == census.Present && (err != nil || leaf.Digest != Digest(v.Record)) {
			t.Errorf("%s: the digest is of another record, %v", name, err)
		}
		if under, shown := tree.Under([]byte("88.1.1/")); shown == census.Hidden || under.Registered != 167+2 {
			t.Errorf("below 88.1.1 are %v", under)
		}
	}
	for _, i := range []uint64{0, 77, d.Head.Registered - 1} {
		tree, err := last.Sample(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if _, shown := tree.At(i); tree.Head() != d.Head || shown != census.Present {
			t.Errorf("sample %d is %v", i, shown)
		}
	}
	if _, err := last.Sample(t.Context(), d.Head.Registered); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// TestStopped: a program that ends after the census was taken and before it is settled
// counts no resolution twice and none not at all.
func TestStopped(t *testing.T) {
	stores(t, func(t *testing.T, st records.Store, _ *clock) {
		t.Helper()
		dir := t.TempDir()
		write(t, st, records.Put, "88.1/a", "88.1/b")
		resolve(t, st, map[string]uint64{"88.1/a": 5})
		var heads []census.Head
		for range 2 {
			d, err := Take(t.Context(), st, dir, Day{Date: "2026-01-05", At: day("2026-01-05")}, nil)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, d.Head)
		}
		if heads[0] != heads[1] || heads[0].Resolved != 5 {
			t.Errorf("%v", heads)
		}
	})
}

// TestNoDelta: when the file of the day before is gone, the census is taken without a
// delta, and says so.
func TestNoDelta(t *testing.T) {
	stores(t, func(t *testing.T, st records.Store, c *clock) {
		t.Helper()
		dir := t.TempDir()
		write(t, st, records.Put, "88.1/a")
		first := take(t, st, dir, "2026-01-05", nil)
		if err := Forget(dir, first.Date); err != nil {
			t.Fatal(err)
		}
		c.at = day("2026-01-06").Add(-time.Hour)
		write(t, st, records.Put, "88.1/b")
		second := take(t, st, dir, "2026-01-06", &first)
		if second.Before != "" || second.Head.Registered != 2 {
			t.Errorf("%+v", second)
		}
		if _, err := ReadDelta(dir, second.Date); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := Open(st, dir, first); !os.IsNotExist(err) {
			t.Error(err)
		}
	})
}

// BenchmarkTake counts a node of 100,000 identifiers of which 1,000 are new.
func BenchmarkTake(b *testing.B) {
	c := &clock{day("2026-01-05").Add(-time.Hour)}
	st := records.NewMemory(c.now)
	put := func(from, to int) {
		for i := from; i < to; i += 1000 {
			var items []records.Item
			for k := range 1000 {
				n := handle.Name(fmt.Sprintf("88.1.%d/item-%07d", k%100, i+k))
				items = append(items, records.Item{Op: records.Put, Record: handle.Record{Name: n, Values: []handle.Value{{Index: 1, Type: "URL", Data: []byte(n), Perm: handle.Usual}}}})
			}
			if _, err := st.Apply(context.Background(), records.Batch{Items: items}); err != nil {
				b.Fatal(err)
			}
		}
	}
	dir := b.TempDir()
	put(0, 100_000)
	first, err := Take(b.Context(), st, dir, Day{Date: "2026-01-05", At: day("2026-01-05")}, nil)
	if err != nil {
		b.Fatal(err)
	}
	c.at = day("2026-01-06").Add(-time.Hour)
	put(100_000, 101_000)
	for b.Loop() {
		if _, err := Take(b.Context(), st, dir, Day{Date: "2026-01-06", At: day("2026-01-06")}, &first); err != nil {
			b.Fatal(err)
		}
	}
}
