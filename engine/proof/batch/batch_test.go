package batch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/kernel/fault"
)

func record(i int) []byte { return fmt.Appendf(nil, `{"call":%d}`, i) }

func build(tb testing.TB, n int, keep Keep) Tree {
	tb.Helper()
	b := Builder{Schema: "call/1", Keep: keep}
	for i := range n {
		if err := b.Append(record(i)); err != nil {
			tb.Fatal(err)
		}
	}
	tree, err := b.Close()
	if err != nil {
		tb.Fatal(err)
	}
	return tree
}

// plain is RFC 6962 §2.1 as it stands there.
func plain(records [][]byte) Hash {
	if len(records) == 1 {
		return leaf(nil, records[0])
	}
	k := split(len(records))
	return node(plain(records[:k]), plain(records[k:]))
}

func records(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = record(i)
	}
	return out
}

// sizes are those where trees differ in form.
func sizes() []int {
	out := []int{1023, 1024, 1025, 4096, 65_537}
	for n := 1; n <= 600; n++ {
		out = append(out, n)
	}
	return out
}

// TestRoot: the root is that of RFC 6962, by its text and by x/mod.
func TestRoot(t *testing.T) {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, n := range at {
			out[i] = hashes[n]
		}
		return out, nil
	})
	for i := range 600 {
		more, err := tlog.StoredHashes(int64(i), record(i), reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		want, err := tlog.TreeHash(int64(i+1), reader)
		if err != nil {
			t.Fatal(err)
		}
		if got := build(t, i+1, Runs).Root; got != Hash(want) {
			t.Fatalf("%d records: another root than x/mod's", i+1)
		}
	}
	for _, n := range sizes() {
		if build(t, n, Runs).Root != plain(records(n)) {
			t.Fatalf("%d records: another root than RFC 6962's", n)
		}
	}
}

// TestSize: what is kept is as small as it is said to be.
func TestSize(t *testing.T) {
	const n = 100_000
	for keep, most := range map[Keep]float64{Runs: 0.2, Checks: 4.2, Leaves: 32.1} {
		if got := float64(len(build(t, n, keep).Append(nil))) / n; got > most {
			t.Errorf("%s: %.3f B a record, more than %.1f", keep, got, most)
		}
	}
}

func TestParse(t *testing.T) {
	for _, keep := range []Keep{Runs, Checks, Leaves} {
		for _, n := range []int{1, 255, 256, 257, 1000} {
			want := build(t, n, keep)
			got, err := Parse(want.Append(nil))
			if err != nil || !bytes.Equal(got.Append(nil), want.Append(nil)) {
				t.Fatalf("%s of %d: %v", keep, n, err)
			}
		}
	}
	for name, tt := range map[string]struct{ text, words string }{
		"nothing":          {"", "no kept tree"},
		"another version":  {"yuzhou-tree/v2 a runs 1 00 00\n", "no kept tree"},
		"a count of words": {"yuzhou-tree/v1 a runs x 00 00\n", "count"},
		"none":             {"yuzhou-tree/v1 a runs 0 " + strings.Repeat("0", 64) + " 00\n", "1 to 1048576"},
		"too many":         {"yuzhou-tree/v1 a runs 1048577 " + strings.Repeat("0", 64) + " 00\n", "1 to 1048576"},
		"capital letters":  {"yuzhou-tree/v1 a runs 1 " + strings.Repeat("A", 64) + " 00\n", "root"},
		"another keeping":  {"yuzhou-tree/v1 a all 1 " + strings.Repeat("0", 64) + " 00\n", "runs, checks or leaves"},
		"too short":        {"yuzhou-tree/v1 a runs 1 " + strings.Repeat("0", 64) + " 00\n", "0 bytes of hashes"},
		"another root":     {"yuzhou-tree/v1 a runs 1 " + strings.Repeat("0", 64) + " 00\n" + strings.Repeat("x", 32), "does not lead"},
	} {
		if _, err := Parse([]byte(tt.text)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMutations: no change of a kept tree is accepted.
func TestMutations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, keep := range []Keep{Runs, Checks, Leaves} {
		whole := build(t, 1000, keep).Append(nil)
		for i := range 4000 {
			b := slices.Clone(whole)
			switch at := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b[at] ^= 1 << r.IntN(8)
			case 1:
				b = b[:at]
			case 2:
				b = slices.Insert(b, at, byte(r.IntN(256)))
			}
			if _, err := Parse(b); err == nil {
				t.Fatalf("seed %d: change %d is accepted", seed, i)
			}
		}
	}
}

// TestProve: every range of small trees and random ones of larger trees; and one hash less,
// more or other is refused.
func TestProve(t *testing.T) {
	run := func(n int) func(int64) ([][]byte, error) {
		all := records(n)
		return func(number int64) ([][]byte, error) { return all[number*Run : min(int(number+1)*Run, n)], nil }
	}
	try := func(n, first, count int, keep Keep) {
		tree := build(t, n, keep)
		p, err := tree.Prove(int64(first), int64(count), run(n))
		if err != nil {
			t.Fatal(err)
		}
		all := records(n)[first : first+count]
		if err := p.Verify(tree.Root, all); err != nil {
			t.Fatalf("%d to %d of %d: %v", first, first+count, n, err)
		}
		other := slices.Clone(all)
		other[count/2] = []byte("x")
		if p.Verify(tree.Root, other) == nil {
			t.Fatalf("%d to %d of %d: another record is accepted", first, first+count, n)
		}
		if len(p.Hashes) == 0 {
			return
		}
		less, more := p, p
		less.Hashes = p.Hashes[1:]
		more.Hashes = append(slices.Clone(p.Hashes), Hash{})
		if less.Verify(tree.Root, all) == nil || more.Verify(tree.Root, all) == nil {
			t.Fatalf("%d to %d of %d: a hash less or more is accepted", first, first+count, n)
		}
	}
	for n := 1; n <= 20; n++ {
		for first := range n {
			for count := 1; first+count <= n; count++ {
				try(n, first, count, Runs)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		n := 1 + r.IntN(2000)
		first := r.IntN(n)
		try(n, first, 1+r.IntN(n-first), []Keep{Runs, Checks, Leaves}[r.IntN(3)])
	}
	tree := build(t, 10, Runs)
	for _, r := range [][2]int64{{9, 2}, {10, 1}, {-1, 1}, {0, 0}, {1<<63 - 1, 1}, {1 << 62, 1 << 62}} {
		if _, err := tree.Prove(r[0], r[1], run(10)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d records from %d: %v", r[1], r[0], err)
		}
	}
	if _, err := tree.Prove(3, 1, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without records: %v", err)
	}
	if _, err := tree.Prove(3, 1, func(int64) ([][]byte, error) { return records(9), nil }); fault.KindOf(err) != fault.Invalid {
		t.Errorf("other records: %v", err)
	}
}

// TestAudit: altered, missing, exchanged and further records among 100,000 are named.
func TestAudit(t *testing.T) {
	const n = 100_000
	changed := map[int64][]byte{7: []byte("x"), 255: []byte("y"), 256: []byte(""), 70_000: record(70_001), 70_001: record(70_000), 99_999: []byte("z")}
	missing := map[int64]bool{300: true, 301: true, 99_000: true}
	all := func(use func(int64, []byte) error) error {
		for i := range int64(n + 2) {
			if missing[i] {
				continue
			}
			rec, ok := changed[i]
			if !ok {
				rec = record(int(i))
			}
			if err := use(i, rec); err != nil {
				return err
			}
		}
		return nil
	}
	for _, keep := range []Keep{Checks, Leaves} {
		got, err := build(t, n, keep).Audit(all)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got.Altered) != "[7 255 256 70000 70001 99999]" || fmt.Sprint(got.Missing) != "[300 301 99000]" || got.Extra != 2 || len(got.Ranges) > 0 {
			t.Errorf("%s: %+v", keep, got)
		}
	}
	got, err := build(t, n, Runs).Audit(all)
	if err != nil || fmt.Sprint(got.Ranges) != "[[0 256] [69888 70144] [99840 100000]]" || fmt.Sprint(got.Missing) != "[300 301 99000]" {
		t.Errorf("runs: %+v, %v", got, err)
	}
	got, err = build(t, n, Runs).Audit(func(use func(int64, []byte) error) error {
		for i := range int64(n) {
			if err := use(i, record(int(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !got.OK() {
		t.Errorf("nothing was changed: %+v, %v", got, err)
	}
}

func TestBuilderRefuses(t *testing.T) {
	var b Builder
	if _, err := b.Close(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no record: %v", err)
	}
	b = Builder{Schema: "a", Keep: "odd"}
	if _, err := b.Close(); b.Append(nil) != nil || fault.KindOf(err) != fault.Invalid {
		t.Errorf("an odd keeping: %v", err)
	}
	b.count = MaxCount
	if err := b.Append(nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("one too many: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(build(f, 3, Runs).Append(nil))
	f.Add(build(f, 300, Leaves).Append(nil))
	f.Add(build(f, 3, Checks).Append(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		if tree, err := Parse(text); err == nil && !bytes.Equal(tree.Append(nil), text) {
			t.Error("it comes back otherwise")
		}
	})
}
