package census

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

// day is one day in the life of a census: what it was, what it is, and what was listed.
type day struct {
	before, after sorted
	changes       []Change
}

// nextDay changes s at random.
func nextDay(r *rand.Rand, s sorted, fresh []string) day {
	now := map[string]Leaf{}
	changed := map[string]Change{}
	for _, l := range s {
		now[string(l.Key)] = l
		switch r.IntN(6) {
		case 0:
			delete(now, string(l.Key))
			changed[string(l.Key)] = Change{Removed, Leaf{Key: l.Key}}
		case 1:
			l.Digest, l.Resolved = sha256.Sum256(l.Digest[:]), l.Resolved+r.Uint64N(9)
			now[string(l.Key)] = l
			changed[string(l.Key)] = Change{Changed, l}
		}
	}
	for _, k := range fresh {
		if _, found := s.find([]byte(k)); !found {
			now[k] = leafOf(k)
			changed[k] = Change{Added, leafOf(k)}
		}
	}
	d := day{before: s}
	for _, k := range slices.Sorted(maps.Keys(now)) {
		d.after = append(d.after, now[k])
	}
	for _, k := range slices.Sorted(maps.Keys(changed)) {
		d.changes = append(d.changes, changed[k])
	}
	return d
}

func (d day) keys() [][]byte {
	var out [][]byte
	for _, c := range d.changes {
		out = append(out, c.Key)
	}
	return out
}

func (d day) delta(t *testing.T) Delta {
	t.Helper()
	before, err := d.before.tree(t, rand.New(rand.NewPCG(1, 1))).Prune(Want{Keys: d.keys()})
	if err != nil {
		t.Fatal(err)
	}
	return Delta{d.changes, before}
}

func TestDelta(t *testing.T) {
	everyShape(t, func(t *testing.T, r *rand.Rand, s sorted) {
		t.Helper()
		var fresh []string
		for _, k := range s.probes(r)[:r.IntN(20)] {
			fresh = append(fresh, string(k))
		}
		d := nextDay(r, s, fresh)
		text := d.delta(t).Append(nil)
		delta, err := ParseDelta(text)
		if err != nil || !bytes.Equal(delta.Append(nil), text) {
			t.Fatalf("ParseDelta: %v", err)
		}
		growth, findings, err := delta.Check(plainHead(d.before), plainHead(d.after))
		if err != nil || len(findings) > 0 {
			t.Fatalf("%d changes of %d: %v, %v", len(d.changes), len(s), findings, err)
		}
		if want := plainGrowth(d); growth != want {
			t.Errorf("growth %+v, want %+v", growth, want)
		}
		if delta.Before.Head() != plainHead(d.before) {
			t.Error("Check has changed the tree")
		}
	})
}

// plainGrowth counts without looking at the changes.
func plainGrowth(d day) Growth {
	var g Growth
	for _, l := range d.before {
		i, found := d.after.find(l.Key)
		switch {
		case !found:
			g.Removed++
			g.Gone += l.Resolved
		case d.after[i].Digest != l.Digest:
			g.Changed++
		}
		if found {
			g.Resolved += d.after[i].Resolved - l.Resolved
		}
	}
	for _, l := range d.after {
		if _, found := d.before.find(l.Key); !found {
			g.Added++
			g.Resolved += l.Resolved
		}
	}
	return g
}

// What a registrar could do to a day, and what is found. What it states in the end is the
// head of whatever it has: the finding must come from the tree.
func TestCaught(t *testing.T) {
	before := sortedOf("88.118.2/A", "88.118.2/B", "88.118.2/C", "88.118.2/D")
	honest := day{before: before, after: sortedOf("88.118.2/A", "88.118.2/B", "88.118.2/C", "88.118.2/E")}
	honest.after[1].Resolved += 5
	honest.changes = []Change{
		{Changed, honest.after[1]},
		{Removed, Leaf{Key: []byte("88.118.2/D")}},
		{Added, leafOf("88.118.2/E")},
	}
	for _, tt := range []struct {
		name string
		lie  func(d *day, before, after *Head)
		want []Kind
	}{
		{"an honest day", func(*day, *Head, *Head) {}, nil},
		{"one more is stated than there is", func(_ *day, _, after *Head) { after.Registered++ }, []Kind{Inflated}},
		{"more resolutions are stated than there are", func(_ *day, _, after *Head) { after.Resolved += 1000 }, []Kind{Inflated}},
		{"more of both", func(_ *day, _, after *Head) { after.Registered++; after.Resolved++ }, []Kind{Inflated, Inflated}},
		{"an identifier is gone and not listed", func(d *day, _, after *Head) { *after = plainHead(d.after[1:]) }, []Kind{Dropped, Dropped}},
		{"an identifier is there and not listed", func(d *day, _, after *Head) {
			*after = plainHead(append(slices.Clone(d.after), leafOf("88.118.2/F")))
		}, []Kind{Inflated, Inflated}},
		{"a record is another one and not listed", func(d *day, _, after *Head) {
			d.after[2].Digest[0] ^= 1
			*after = plainHead(d.after)
		}, []Kind{Altered}},
		{"what is new is given out as old", func(d *day, _, _ *Head) { d.changes[2].What = Changed }, []Kind{BackDated}},
		{"what is old is counted as new", func(d *day, _, _ *Head) { d.changes[0].What = Added }, []Kind{Recounted}},
		{"what never was is removed", func(d *day, _, _ *Head) {
			d.changes = append(d.changes, Change{Removed, Leaf{Key: []byte("88.118.2/X")}})
		}, []Kind{Phantom}},
		{"resolutions are taken back", func(d *day, _, after *Head) {
			d.changes[0].Resolved, d.after[1].Resolved = 1, 1
			*after = plainHead(d.after)
		}, []Kind{Reduced}},
		{"the day before is another one", func(d *day, _, _ *Head) {
			d.before = d.before[1:]
		}, []Kind{Forked}},
		{"the day before had other counts", func(_ *day, before, _ *Head) { before.Registered-- }, []Kind{Forked}},
		{"a change is left out", func(d *day, _, _ *Head) { d.changes = d.changes[1:] }, []Kind{Inflated}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := day{slices.Clone(honest.before), slices.Clone(honest.after), slices.Clone(honest.changes)}
			before, after := plainHead(d.before), plainHead(d.after)
			tt.lie(&d, &before, &after)
			_, findings, err := d.delta(t).Check(before, after)
			if err != nil {
				t.Fatal(err)
			}
			var got []Kind
			for _, f := range findings {
				got = append(got, f.Kind)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %v, want %v", findings, tt.want)
			}
		})
	}
}

// A tree that hides what is listed proves nothing, and no count is compared with it.
func TestDeltaHides(t *testing.T) {
	d := nextDay(rand.New(rand.NewPCG(7, 7)), sortedOf("a", "b", "c", "d", "e", "f", "g"), []string{"ca", "x"})
	delta := d.delta(t)
	var err error
	if delta.Before, err = d.before.tree(t, rand.New(rand.NewPCG(1, 1))).Prune(Want{Keys: d.keys()[:1]}); err != nil {
		t.Fatal(err)
	}
	_, findings, err := delta.Check(plainHead(d.before), Head{})
	if err != nil || len(findings) == 0 {
		t.Fatal(findings, err)
	}
	for _, f := range findings {
		if f.Kind != Unproven {
			t.Errorf("found %v", f)
		}
	}
}

func TestReports(t *testing.T) {
	s := sortedOf("88.118.2/A", "88.118.2/AB", "88.118.20/A", "88.118.3/A", "88.118.3/B")
	tree := s.tree(t, rand.New(rand.NewPCG(1, 1)))
	pruned, err := tree.Prune(Want{Prefixes: [][]byte{[]byte("88.118.2/")}, Keys: [][]byte{[]byte("88.118.2/A"), []byte("88.118.2/Z")}})
	if err != nil {
		t.Fatal(err)
	}
	head := tree.Head()
	var out strings.Builder
	say := func(title string, findings []Finding) {
		fmt.Fprintln(&out, "#", title)
		for _, f := range findings {
			fmt.Fprintf(&out, "%s %q\n  %s\n  %s\n", f.Kind, f.Key, f.Text, f.ZH)
		}
	}
	two := plainHead(s.under("88.118.2/")).Counts
	say("what is so", pruned.CheckReports(head, []Report{{[]byte("88.118.2/"), two}, {nil, head.Counts}}))
	say("too many", pruned.CheckReports(head, []Report{{[]byte("88.118.2/"), Counts{20, two.Resolved}}, {nil, Counts{6, 999}}}))
	say("too few", pruned.CheckReports(head, []Report{{[]byte("88.118.2/"), Counts{1, 0}}}))
	say("of a node that has none", tree.CheckReports(head, []Report{{[]byte("88.118.4/"), Counts{3, 0}}}))
	say("of a hidden prefix", pruned.CheckReports(head, []Report{{[]byte("88.118.3/"), Counts{2, 2}}}))
	say("of another head", pruned.CheckReports(Head{}, []Report{{nil, head.Counts}}))
	say("known", pruned.CheckKnown(head, []byte("88.118.2/A")))
	say("known later", pruned.CheckKnown(head, []byte("88.118.2/Z")))
	say("hidden", pruned.CheckKnown(head, []byte("88.118.3/B")))
	say("another day", pruned.CheckKnown(Head{}, []byte("88.118.2/A")))
	lie := Delta{[]Change{
		{Added, leafOf("88.118.2/A")},
		{Changed, Leaf{Key: []byte("88.118.2/AB"), Resolved: 1}},
		{Changed, leafOf("88.118.2/B")},
		{Removed, leafOf("88.118.2/C")},
		{Removed, leafOf("88.118.3/B")},
	}, tree}
	_, findings, err := lie.Check(head, head)
	say("all that can be wrong with a delta", findings)
	if err != nil {
		t.Error(err)
	}
	lie.Before = pruned
	_, findings, err = lie.Check(head, head)
	say("and a tree that hides", findings)
	if err != nil {
		t.Error(err)
	}
	_, findings, err = Delta{Before: tree}.Check(head, Head{head.Counts, Hash{1}})
	say("other records", findings)
	if err != nil {
		t.Error(err)
	}
	testkit.Golden(t, "findings.txt", []byte(out.String()))
}

func TestDeltaRefused(t *testing.T) {
	tree := sortedOf("a", "b").tree(t, rand.New(rand.NewPCG(1, 1)))
	good := Delta{[]Change{{Added, leafOf("c")}, {Removed, Leaf{Key: []byte("d")}}}, tree}
	for _, tt := range []struct {
		name string
		d    Delta
	}{
		{"no tree", Delta{}},
		{"keys out of order", Delta{[]Change{good.Changes[1], good.Changes[0]}, tree}},
		{"a key twice", Delta{[]Change{good.Changes[0], good.Changes[0]}, tree}},
		{"no key", Delta{[]Change{{Added, Leaf{}}}, tree}},
		{"an unknown change", Delta{[]Change{{'x', leafOf("c")}}, tree}},
		{"a sum over 64 bits", Delta{[]Change{{Added, Leaf{Key: []byte("c"), Resolved: 1<<64 - 1}}}, tree}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := tt.d.Check(tree.Head(), Head{}); !errors.Is(err, fault.Invalid) {
				t.Errorf("Check: %v", err)
			}
			if tt.d.Before == nil || strings.Contains(tt.name, "sum") {
				return
			}
			if _, err := ParseDelta(tt.d.Append(nil)); !errors.Is(err, fault.Invalid) {
				t.Errorf("ParseDelta: %v", err)
			}
		})
	}
	text := good.Append(nil)
	if d, err := ParseDelta(text); err != nil || !cmp.Equal(d.Changes, good.Changes) {
		t.Fatalf("ParseDelta = %+v, %v", d.Changes, err)
	}
	for n := range text {
		if _, err := ParseDelta(text[:n]); !errors.Is(err, fault.Invalid) {
			t.Errorf("of %d bytes: %v", n, err)
		}
	}
	if _, err := ParseDelta(append(text, 0)); !errors.Is(err, fault.Invalid) {
		t.Errorf("with one byte more: %v", err)
	}
}
