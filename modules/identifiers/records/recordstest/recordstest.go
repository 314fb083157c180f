// Package recordstest is what every store of identifiers must pass.
//
// What must hold: it knows a store by its contract alone, and holds it against a plain
// list of versions.
package recordstest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// Clock is a clock that advances by a millisecond whenever it is read.
type Clock struct{ at time.Time }

// Now returns the next instant.
func (c *Clock) Now() time.Time {
	if c.at.IsZero() {
		c.at = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	}
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

// Record returns a record of two values, one of which names it.
func Record(name string, n int) handle.Record {
	return handle.Record{Name: handle.Name(name), Values: []handle.Value{
		{Index: 1, Type: handle.TypeURL, Data: []byte("https://example.cn/" + handle.Name(name).Suffix() + fmt.Sprintf("?v=%d", n)), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1_790_000_000},
		{Index: 100, Type: "88.1/type", Data: []byte{byte(n)}, TTL: handle.TTL{Absolute: true, Seconds: 7}, Perm: 0xf1, References: []handle.Reference{{Name: "88.1/a", Index: 3}}}, //nolint:gosec // small numbers
	}}
}

// Run holds the stores that open returns, each empty, against the contract.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) records.Store) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(*testing.T, records.Store)
	}{
		{"operations", operations},
		{"keys", keys},
		{"changes", changes},
		{"loads", loads},
		{"snapshots", snapshots},
		{"counters", counters},
		{"model", model},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c Clock
			s := open(t, c.Now)
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			tt.test(t, s)
		})
	}
}

// same compares as text, in which an empty slice is none.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if w, g := fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got); w != g {
		t.Fatalf("%s: %s, want %s", what, g, w)
	}
}

func apply(t *testing.T, s records.Store, items ...records.Item) []records.Outcome {
	t.Helper()
	out, err := s.Apply(t.Context(), records.Batch{Items: items})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func operations(t *testing.T, s records.Store) {
	t.Helper()
	value := handle.Record{Name: "88.1/A", Values: []handle.Value{{Index: 7, Type: "X"}}}
	for _, tt := range []struct {
		name string
		item records.Item
		want records.Verdict
	}{
		{"delete what is not there", records.Item{Op: records.Delete, Record: value}, records.Missing},
		{"create", records.Item{Op: records.Create, Record: Record("88.1/a", 1)}, records.Done},
		{"create the same", records.Item{Op: records.Create, Record: Record("88.1/a", 1)}, records.Unchanged},
		{"create another in other case", records.Item{Op: records.Create, Record: Record("88.1/A", 2)}, records.Conflict},
		{"add", records.Item{Op: records.Add, Record: value}, records.Done},
		{"add again", records.Item{Op: records.Add, Record: value}, records.Conflict},
		{"modify to the same", records.Item{Op: records.Modify, Record: value}, records.Unchanged},
		{"remove", records.Item{Op: records.Remove, Record: value}, records.Done},
		{"remove again", records.Item{Op: records.Remove, Record: value}, records.Missing},
		{"of another version", records.Item{Op: records.Put, Record: Record("88.1/a", 3), IfSeq: 1}, records.Conflict},
		{"of its version", records.Item{Op: records.Put, Record: Record("88.1/a", 3), IfSeq: 3}, records.Done},
		{"set what is not there", records.Item{Op: records.Set, Record: value}, records.Done},
		{"set to the same", records.Item{Op: records.Set, Record: value}, records.Unchanged},
		{"set otherwise", records.Item{Op: records.Set, Record: handle.Record{Name: "88.1/a", Values: []handle.Value{{Index: 7, Type: "Y"}}}}, records.Done},
		{"no name", records.Item{Op: records.Put, Record: Record("88.1", 3)}, records.Invalid},
		{"a zero byte", records.Item{Op: records.Put, Record: Record("88.1/\x00", 3)}, records.Invalid},
		{"no operation", records.Item{Op: "upsert", Record: Record("88.1/a", 3)}, records.Invalid},
		{"delete", records.Item{Op: records.Delete, Record: value}, records.Done},
		{"create what was deleted", records.Item{Op: records.Create, Record: Record("88.1/a", 4)}, records.Done},
	} {
		if out := apply(t, s, tt.item); out[0].Verdict != tt.want || (out[0].Text == "") != (tt.want == records.Done || tt.want == records.Unchanged) {
			t.Errorf("%s: %+v, want %s", tt.name, out[0], tt.want)
		}
	}
	history, err := s.History(t.Context(), "88.1/A")
	if err != nil || len(history) != 8 {
		t.Fatal(history, err)
	}
	for i, v := range history {
		got, err := s.Get(t.Context(), "88.1/A", v.At)
		if v.Deleted != errors.Is(err, fault.NotFound) || v.Seq != uint64(i)+1 {
			t.Error(v, err)
		}
		if !v.Deleted {
			same(t, "as of", v, got)
		}
	}
	if _, err := s.Get(t.Context(), "88.1/a", history[0].At.Add(-1)); !errors.Is(err, fault.NotFound) {
		t.Error("before it was there:", err)
	}
}

func keys(t *testing.T, s records.Store) {
	t.Helper()
	b := records.Batch{Key: "k", Items: []records.Item{{Op: records.Create, Record: Record("88.1/a", 1)}, {Op: records.Create, Record: Record("88.1/A", 2)}}}
	first, err := s.Apply(t.Context(), b)
	if err != nil || first[0].Verdict != records.Done || first[1].Verdict != records.Conflict {
		t.Fatal(first, err)
	}
	again, err := s.Apply(t.Context(), b)
	same(t, "again", first, again)
	other := records.Batch{Key: "k", Items: b.Items[:1]}
	if _, err2 := s.Apply(t.Context(), other); err != nil || !errors.Is(err2, fault.Conflict) {
		t.Error(err, err2)
	}
	if err := s.Prune(t.Context(), 0, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Apply(t.Context(), other); err != nil || out[0].Verdict != records.Unchanged {
		t.Error("a key that was forgotten:", out, err)
	}
}

func list(t *testing.T, s records.Store, from uint64) []records.Version {
	t.Helper()
	var out []records.Version
	if err := s.Changes(t.Context(), from, func(v records.Version) error { out = append(out, v); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func changes(t *testing.T, s records.Store) {
	t.Helper()
	woken := s.Watch()
	for i := range 5 {
		apply(t, s, records.Item{Op: records.Put, Record: Record(fmt.Sprintf("88.1/%d", i%2), i)})
	}
	<-woken
	all := list(t, s, 1)
	if len(all) != 5 || s.Seq() != 5 {
		t.Fatal(all)
	}
	follower := records.NewMemory((&Clock{}).Now)
	if err := follower.Replay(t.Context(), all[:3]); err != nil {
		t.Fatal(err)
	}
	if err := follower.Replay(t.Context(), all[4:]); !errors.Is(err, fault.Conflict) {
		t.Error("a gap:", err)
	}
	if err := errors.Join(follower.Replay(t.Context(), all), s.Replay(t.Context(), all)); err != nil {
		t.Fatal(err)
	}
	same(t, "replayed", all, list(t, follower, 1))
	if err := s.Replay(t.Context(), []records.Version{{Seq: 7, Record: Record("88.1/z", 1)}}); !errors.Is(err, fault.Conflict) {
		t.Error("a gap:", err)
	}
	if err := s.Prune(t.Context(), 4, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Changes(t.Context(), 3, nil); !errors.Is(err, fault.NotFound) {
		t.Error("behind what was forgotten:", err)
	}
	same(t, "since", all[3:], list(t, s, 4))
}

// Stream returns n records in no order, from number first on.
func Stream(first, n int) iter.Seq2[handle.Record, error] {
	return func(yield func(handle.Record, error) bool) {
		for i := first; i < n; i++ {
			if !yield(Record(fmt.Sprintf("88.1/x-%d", i*7919%n), i), nil) {
				return
			}
		}
	}
}

func loads(t *testing.T, s records.Store) { //nolint:gocognit // one story: cut off, then repeated
	t.Helper()
	apply(t, s, records.Item{Op: records.Put, Record: Record("88.1/X-3", 99)})
	broken := errors.New("the line is cut")
	for _, failing := range []bool{true, false} {
		var verdicts []records.Verdict
		repeated := 0
		source := func(yield func(handle.Record, error) bool) {
			for r, err := range Stream(0, 100) {
				if !yield(r, err) {
					return
				}
			}
			if failing {
				yield(handle.Record{}, broken)
			}
		}
		err := s.Load(t.Context(), source, records.LoadOptions{Key: "file", Chunk: 30, OnChunk: func(p records.Progress) error {
			for _, o := range p.Outcomes {
				verdicts = append(verdicts, o.Verdict)
			}
			if p.Repeated {
				repeated++
			}
			return nil
		}})
		if errors.Is(err, broken) != failing || !failing && (err != nil || len(verdicts) != 100 || repeated != 3) {
			t.Fatal(err, len(verdicts), repeated)
		}
		if i := slices.Index(verdicts, records.Conflict); failing && len(verdicts) != 90 || i < 0 && !failing {
			t.Error(len(verdicts), i)
		}
	}
	if n, err := s.Count(t.Context(), records.Range{Prefix: "88.1"}); n != 100 || err != nil {
		t.Error(n, err)
	}
	if got := list(t, s, 1); len(got) != 100 {
		t.Error("changes:", len(got))
	}
}

func snapshots(t *testing.T, s records.Store) {
	t.Helper()
	apply(t, s, records.Item{Op: records.Put, Record: Record("88.1/a", 1)}, records.Item{Op: records.Put, Record: Record("88.10/b", 1)})
	view, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, records.Item{Op: records.Put, Record: Record("88.1/a", 2)}, records.Item{Op: records.Put, Record: Record("88.1/c", 2)})
	for _, tt := range []struct {
		name string
		from records.Reader
		r    records.Range
		want string
	}{
		{"as it was", view, records.Range{}, "88.1/a@1 88.10/b@2 "},
		{"as it is", s, records.Range{}, "88.1/a@3 88.1/c@4 88.10/b@2 "},
		{"of a prefix", s, records.Range{Prefix: "88.1"}, "88.1/a@3 88.1/c@4 "},
		{"behind a name", s, records.Range{Prefix: "88.1", After: "88.1/A"}, "88.1/c@4 "},
		{"behind all", s, records.Range{Prefix: "88.1", After: "99/A"}, ""},
		{"as of an instant", s, records.Range{AsOf: time.Date(2026, 11, 23, 0, 0, 0, 1e6, time.UTC)}, "88.1/a@1 88.10/b@2 "},
	} {
		got := ""
		err := tt.from.Scan(t.Context(), tt.r, func(v records.Version) error {
			got += fmt.Sprintf("%s@%d ", v.Record.Name, v.Seq)
			return nil
		})
		if got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	if view.Seq() != 2 || view.Close() != nil {
		t.Error(view.Seq())
	}
}

func counters(t *testing.T, s records.Store) {
	t.Helper()
	said := func(of func(context.Context, records.Range, func(string, uint64) error) error) (out string) {
		err := of(t.Context(), records.Range{Prefix: "88.1"}, func(name string, n uint64) error {
			out += fmt.Sprintf("%s=%d ", name, n)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	counted := func() string { return said(s.Counted) }
	for _, want := range []string{"88.1/A=2 88.1/B=1 ", "88.1/A=4 88.1/B=2 "} {
		before := counted()
		err := errors.Join(s.Resolved(t.Context(), map[string]uint64{"88.1/A": 1, "88.1/B": 1}), s.Resolved(t.Context(), map[string]uint64{"88.1/A": 1, "88.2/A": 1}))
		if err != nil || counted() != before {
			t.Fatal("counted before it was folded:", err)
		}
		if got := said(s.Pending); got != "88.1/A=2 88.1/B=1 " {
			t.Errorf("pending are %q", got)
		}
		if err := errors.Join(s.Fold(t.Context()), s.Fold(t.Context())); err != nil || counted() != want || said(s.Pending) != "" {
			t.Errorf("%q, %v; want %q", counted(), err, want)
		}
	}
}

// model does random things and compares with a list of all versions.
func model(t *testing.T, s records.Store) { //nolint:gocognit // each step is compared where it is made
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same every time
	var all []records.Version
	ops := []records.Op{records.Create, records.Put, records.Put, records.Delete, records.Add, records.Set, records.Modify, records.Remove}
	for range 2000 {
		item := records.Item{Op: ops[rnd.IntN(len(ops))], Record: Record(fmt.Sprintf("88.%d/%c", rnd.IntN(3), "aAbBcC"[rnd.IntN(6)]), rnd.IntN(3))}
		if item.Op != records.Create && item.Op != records.Put {
			item.Record.Values = item.Record.Values[rnd.IntN(2):]
		}
		out := apply(t, s, item)
		got, err := s.Get(t.Context(), item.Record.Name, time.Time{})
		if out[0].Verdict != records.Done {
			continue
		}
		v := records.Version{Deleted: true, Seq: out[0].Seq}
		if item.Op != records.Delete {
			if err != nil || got.Seq != v.Seq {
				t.Fatal(item, out, got, err)
			}
			v = got
		}
		all = append(all, v)
		if v.Seq != uint64(len(all)) {
			t.Fatalf("%+v has number %d, want %d", item, v.Seq, len(all))
		}
	}
	for i, v := range list(t, s, 1) {
		if v.Deleted != all[i].Deleted || v.Seq != all[i].Seq {
			t.Fatal(v, all[i])
		}
		if !v.Deleted {
			same(t, "change", all[i], v)
		}
	}
}

// All returns everything a store answers, for comparison with another.
func All(ctx context.Context, s records.Store) (out []records.Version, err error) {
	err = s.Changes(ctx, 1, func(v records.Version) error { out = append(out, v); return nil })
	err = errors.Join(err, s.Scan(ctx, records.Range{}, func(v records.Version) error { out = append(out, v); return nil }))
	return out, err
}
