package inspect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/tally"
)

// lowerNode is a node with a census of each day. What it answers can be tampered with.
type lowerNode struct {
	t    *testing.T
	at   time.Time
	st   *records.Memory
	dir  string
	days []tally.Day
	lies lies
}

// lies are what a node that cheats does otherwise.
type lies struct {
	stated func([]Stated) []Stated
	delta  func(day string, text []byte) ([]byte, error)
	sample func(number uint64, text []byte) ([]byte, error)
	signed func(Stated) (Stated, error)
	gone   string // an identifier that does not resolve
}

func newNode(t *testing.T) *lowerNode {
	t.Helper()
	n := &lowerNode{t: t, at: time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC), dir: t.TempDir()}
	n.st = records.NewMemory(func() time.Time { return n.at })
	return n
}

// pass registers and removes identifiers on the next day, and takes its census.
func (n *lowerNode) pass(register []string, remove ...string) {
	n.t.Helper()
	n.at = n.at.AddDate(0, 0, 1)
	var items []records.Item
	for _, name := range register {
		items = append(items, records.Item{Op: records.Put, Record: handle.Record{Name: handle.Name(name), Values: []handle.Value{{Index: 1, Type: "URL", Data: []byte(name), Perm: handle.Usual}}}})
	}
	for _, name := range remove {
		items = append(items, records.Item{Op: records.Delete, Record: handle.Record{Name: handle.Name(name)}})
	}
	if _, err := n.st.Apply(n.t.Context(), records.Batch{Items: items}); err != nil {
		n.t.Fatal(err)
	}
	n.take()
}

func (n *lowerNode) take() {
	n.t.Helper()
	var last *tally.Day
	if len(n.days) > 0 {
		last = &n.days[len(n.days)-1]
	}
	end := n.at.Truncate(24 * time.Hour).Add(24*time.Hour - time.Microsecond)
	d, err := tally.Take(n.t.Context(), n.st, n.dir, tally.Day{Date: n.at.Format(time.DateOnly), At: end}, last)
	if err == nil {
		err = n.st.Fold(n.t.Context())
	}
	if err != nil {
		n.t.Fatal(err)
	}
	n.days = append(n.days, d)
}

func statedOf(d tally.Day) Stated {
	root := d.Head.String()
	return Stated{
		Prefix: "88.500", Day: d.Date, Registered: int64(d.Head.Registered), Resolved: int64(d.Head.Resolved), Root: root[strings.Index(root, "sha256:"):],
		Before: d.Before, Statement: "88.500/census/" + d.Date,
	}
}

func (n *lowerNode) Stated(context.Context) ([]Stated, error) {
	var out []Stated
	for _, d := range slices.Backward(n.days) {
		out = append(out, statedOf(d))
	}
	if n.lies.stated != nil {
		out = n.lies.stated(out)
	}
	return out, nil
}

func (n *lowerNode) Delta(_ context.Context, day string) ([]byte, error) {
	b, err := tally.ReadDelta(n.dir, day)
	if err == nil && n.lies.delta != nil {
		return n.lies.delta(day, b)
	}
	return b, err
}

func (n *lowerNode) Sample(ctx context.Context, number uint64) ([]byte, error) {
	t, err := tally.Open(n.st, n.dir, n.days[len(n.days)-1])
	if err != nil {
		return nil, err
	}
	defer t.Close() //nolint:errcheck // only read
	tree, err := t.Sample(ctx, number)
	var text []byte
	if err == nil {
		text = tree.Append(nil)
	}
	if n.lies.sample != nil {
		return n.lies.sample(number, text)
	}
	return text, err
}

func (n *lowerNode) Signed(_ context.Context, s Stated) (Stated, error) {
	if n.lies.signed != nil {
		return n.lies.signed(s)
	}
	return s, nil
}

func (n *lowerNode) Resolves(ctx context.Context, folded string) error {
	if folded == handle.Fold(n.lies.gone) {
		return fault.New(fault.NotFound, "there is no identifier %s", folded)
	}
	_, err := n.st.Get(ctx, handle.Name(folded), time.Time{})
	return err
}

func names(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("88.500.1/item-%03d", i))
	}
	return out
}

// inspector draws every number in turn, so that the test finds what lots find in the end.
func inspector(samples int) Inspector {
	var next uint64
	return Inspector{Prefix: "88.500", Samples: samples, Draw: func(n uint64) uint64 {
		next++
		return (next - 1) % n
	}}
}

// TestHonest: a node that states what is so has no findings, over days with new, removed
// and resolved identifiers, and what happened is known to the number.
func TestHonest(t *testing.T) {
	n := newNode(t)
	n.pass(names(0, 40))
	first, err := inspector(40).Check(t.Context(), n, nil)
	if err != nil || len(first) != 1 || first[0].How != First || len(first[0].Findings) > 0 || first[0].Registered != 40 {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := n.st.Resolved(t.Context(), map[string]uint64{"88.500.1/ITEM-001": 7}); err != nil {
		t.Fatal(err)
	}
	n.pass(names(40, 45), "88.500.1/item-003")
	n.pass(names(45, 46))
	more, err := inspector(45).Check(t.Context(), n, &first[0].Stated)
	if err != nil || len(more) != 2 || len(more[0].Findings)+len(more[1].Findings) > 0 {
		t.Fatalf("%+v, %v", more, err)
	}
	if more[0].How != Changes || more[0].Growth != (census.Growth{Added: 5, Removed: 1, Resolved: 7}) || more[1].Growth != (census.Growth{Added: 1}) {
		t.Errorf("%+v", more)
	}
	if again, err := inspector(1).Check(t.Context(), n, &more[1].Stated); err != nil || len(again) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestCheats: a registrar that inflates counts, dates back, drops or forks its history is
// caught.
func TestCheats(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cheat func(n *lowerNode)
		kinds []string
	}{
		{"more than the tree has", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[0].Registered += 1000
				return all
			}
		}, []string{"unsigned", "inflated", "forked"}},
		{"more, and signed", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[0].Registered += 1000
				return all
			}
			n.lies.signed = func(s Stated) (Stated, error) { return s, nil }
		}, []string{"inflated", "forked"}},
		{"identifiers that are nowhere but in the tree", func(n *lowerNode) { n.lies.gone = "88.500.1/item-041" }, []string{"unresolved"}},
		{"resolutions that never were", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[0].Resolved += 500
				return all
			}
		}, []string{"unsigned", "inflated", "forked"}},
		{"a sample that is not shown", func(n *lowerNode) {
			n.lies.sample = func(uint64, []byte) ([]byte, error) { return nil, fault.New(fault.NotFound, "it is gone") }
		}, []string{"inflated"}},
		{"another identifier than the one drawn", func(n *lowerNode) {
			n.lies.sample = func(_ uint64, text []byte) ([]byte, error) {
				t, err := tally.Open(n.st, n.dir, n.days[len(n.days)-1])
				if err != nil {
					return nil, err
				}
				defer t.Close() //nolint:errcheck // only read
				other, err := t.Sample(context.Background(), 9)
				return other.Append(nil), err
			}
		}, []string{"inflated"}},
		{"a day that is stated otherwise afterwards", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[1].Root = all[0].Root
				return all
			}
		}, []string{"forked"}},
		{"identifiers dated back into a day that was stated", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[1].Registered += 5
				return all
			}
		}, []string{"forked"}},
		{"a day that is gone", func(n *lowerNode) {
			n.days[0].Date, n.days[1].Before = "2025-12-31", "2025-12-31" // it tells of an older day in its place
		}, []string{"dropped", "unproven"}},
		{"a day without a delta", func(n *lowerNode) {
			n.lies.delta = func(string, []byte) ([]byte, error) { return nil, fault.New(fault.NotFound, "none") }
		}, []string{"unproven"}},
		{"a delta that leaves a removal out", func(n *lowerNode) {
			n.lies.delta = func(_ string, text []byte) ([]byte, error) {
				d, err := census.ParseDelta(text)
				d.Changes = slices.DeleteFunc(d.Changes, func(c census.Change) bool { return c.What == census.Removed })
				return d.Append(nil), err
			}
		}, []string{"dropped"}},
		{"a delta that says what was there is new", func(n *lowerNode) {
			n.lies.delta = func(_ string, text []byte) ([]byte, error) {
				d, err := census.ParseDelta(text)
				for i := range d.Changes {
					if d.Changes[i].What == census.Changed {
						d.Changes[i].What = census.Added
					}
				}
				return d.Append(nil), err
			}
		}, []string{"recounted"}},
		{"a delta that is none", func(n *lowerNode) {
			n.lies.delta = func(string, []byte) ([]byte, error) { return []byte("no delta"), nil }
		}, []string{"unproven"}},
		{"evidence that does not hold", func(n *lowerNode) {
			n.lies.signed = func(Stated) (Stated, error) {
				return Stated{}, fault.New(fault.Invalid, "the signature is of another key")
			}
		}, []string{"unsigned"}},
		{"another prefix", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				for i := range all {
					all[i].Prefix = "88.999"
				}
				return all
			}
		}, []string{"forked"}},
		{"no head at all", func(n *lowerNode) {
			n.lies.stated = func(all []Stated) []Stated {
				all[0].Root = "sha256:x"
				return all
			}
		}, []string{"unsigned"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNode(t)
			n.pass(names(0, 40))
			known, err := inspector(40).Check(t.Context(), n, nil)
			if err != nil || len(known) != 1 || len(known[0].Findings) > 0 {
				t.Fatalf("%+v, %v", known, err)
			}
			if err := n.st.Resolved(t.Context(), map[string]uint64{"88.500.1/ITEM-001": 7}); err != nil {
				t.Fatal(err)
			}
			n.pass(names(40, 45), "88.500.1/item-003")
			tt.cheat(n)
			signed := n.lies.signed
			if signed == nil {
				honest := statedOf(n.days[len(n.days)-1])
				n.lies.signed = func(s Stated) (Stated, error) {
					if s.Day == honest.Day {
						return honest, nil
					}
					return s, nil
				}
			}
			got, err := inspector(44).Check(t.Context(), n, &known[0].Stated)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, c := range got {
				for _, f := range c.Findings {
					if !slices.Contains(kinds, f.Kind) {
						kinds = append(kinds, f.Kind)
					}
				}
			}
			if !slices.Equal(kinds, tt.kinds) {
				t.Errorf("found are %v, want %v: %+v", kinds, tt.kinds, got)
			}
		})
	}
}

// TestBusy: a node that does not answer has nothing held against it; it is asked again.
func TestBusy(t *testing.T) {
	n := newNode(t)
	n.pass(names(0, 4))
	n.lies.sample = func(uint64, []byte) ([]byte, error) { return nil, fault.New(fault.Busy, "no answer") }
	if got, err := inspector(2).Check(t.Context(), n, nil); fault.KindOf(err) != fault.Busy || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	n.lies = lies{signed: func(Stated) (Stated, error) { return Stated{}, fault.New(fault.NotFound, "not in the log yet") }}
	if got, err := inspector(2).Check(t.Context(), n, nil); err != nil || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
