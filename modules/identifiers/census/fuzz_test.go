package census

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"yuzhou/kernel/fault"
)

// samples are encoded trees of every shape: seeds, and a corpus of its own for the tests.
func samples(tb testing.TB) [][]byte {
	tb.Helper()
	out := [][]byte{(&Tree{}).Append(nil)}
	for name, keys := range shapes() {
		if name == "long" {
			continue
		}
		r := rand.New(rand.NewPCG(1, 2))
		s := sortedOf(keys(r, 60)...)
		tree := s.tree(tb, r)
		for _, n := range []int{0, 1, 3} {
			p, err := tree.Prune(Want{Keys: s.probes(r)[:n]})
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, p.Append(nil))
		}
		out = append(out, tree.Append(nil))
	}
	return out
}

// What Parse takes is a tree in the one spelling, and every question to it has an answer.
func FuzzParse(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s, []byte("88.118.1/GB-1"))
	}
	f.Fuzz(func(t *testing.T, text, key []byte) {
		tree, err := Parse(text)
		if err != nil {
			return
		}
		if !bytes.Equal(tree.Append(nil), text) {
			t.Fatal("it is spelt otherwise")
		}
		head := tree.Head()
		_, before := tree.Get(key)
		if _, shown, err := Verify(text, head, key); err != nil || shown != before {
			t.Fatalf("Verify: %s, %v; Get says %s", shown, err, before)
		}
		tree.Under(key)
		for i := range min(head.Registered, 100) {
			if l, shown := tree.At(i); shown == Present {
				if _, again := tree.Get(l.Key); again != Present {
					t.Fatalf("leaf %q is at %d and not there", l.Key, i)
				}
			}
		}
		// All heads are computed from what was read: none was believed.
		if tree.root != nil && tree.root.kind != stub {
			forget(tree.root)
		}
		if tree.Head() != head {
			t.Fatal("computed again, the head is another one")
		}
		if tree.Put(Leaf{Key: key}) == nil {
			if _, shown := tree.Get(key); shown != Present {
				t.Fatalf("what was put is %s", shown)
			}
			if again, err := Parse(tree.Append(nil)); err != nil || again.Head() != tree.Head() {
				t.Fatalf("after Put: %v", err)
			}
			if before == Absent {
				if err := tree.Delete(key); err != nil || tree.Head() != head {
					t.Fatalf("after Delete: %v", err)
				}
			}
		}
	})
}

func forget(n *node) {
	n.stale = n.kind != stub
	for _, c := range n.child {
		if c != nil {
			forget(c)
		}
	}
}

func FuzzParseDelta(f *testing.F) {
	d := nextDay(rand.New(rand.NewPCG(1, 2)), sortedOf("a", "ab", "b", "c", "d", "88.1/x", "88.1/y"), []string{"88.1/z"})
	before := d.before.tree(f, rand.New(rand.NewPCG(1, 2)))
	f.Add(Delta{d.changes, before}.Append(nil))
	if pruned, err := before.Prune(Want{Keys: d.keys()}); err == nil {
		f.Add(Delta{d.changes, pruned}.Append(nil))
	}
	f.Add(Delta{Before: &Tree{}}.Append(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDelta(text)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Append(nil), text) {
			t.Fatal("it is spelt otherwise")
		}
		before := d.Before.Head()
		_, findings, err := d.Check(before, Head{})
		if err != nil || slices.ContainsFunc(findings, func(f Finding) bool { return f.Kind == Unproven }) {
			return
		}
		if d.Before.Head() != before {
			t.Fatal("Check has changed the tree")
		}
		// The same changes from the last to the first lead to the same head.
		now := d.Before.clone()
		for _, what := range []What{Added, Changed, Removed} {
			for _, c := range slices.Backward(d.Changes) {
				switch {
				case c.What != what:
				case what == Removed:
					if err := now.Delete(c.Key); err != nil && !errors.Is(err, fault.NotFound) {
						t.Fatal(err)
					}
				default:
					if now.Put(c.Leaf) != nil {
						return // a sum on the way is too great
					}
				}
			}
		}
		_, findings, err = d.Check(before, now.Head())
		for _, f := range findings {
			if err != nil || f.Kind == Inflated || f.Kind == Dropped || f.Kind == Altered {
				t.Fatal(f, err)
			}
		}
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add(emptyHead().String())
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := ParseHead(s); err == nil && h.String() != s {
			t.Fatalf("%q is read as %s", s, h)
		}
	})
}

// An index may be any bytes: it shows what is so or fails.
func FuzzOpenIndex(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	s := sortedOf(shapes()["identifiers"](r, 16)...)
	var good bytes.Buffer
	head := s.build(f, Options{Index: &good, Bucket: 4})
	f.Add(good.Bytes(), uint16(40), byte(1))
	f.Add(good.Bytes(), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, at uint16, flip byte) {
		text = slices.Clone(text)
		if len(text) > 0 {
			text[int(at)%len(text)] ^= flip
		}
		if end := len(text) - 32; end >= indexFooter-32 {
			// Who alters an index computes its sum anew.
			sum := sha256.Sum256(text[end+32-indexFooter : end])
			copy(text[end:], sum[:])
		}
		ix, err := OpenIndex(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		p, err := ix.Prune(context.Background(), s, Want{Keys: [][]byte{s[0].Key, s[10].Key, []byte("88.118.2/")}})
		if err != nil {
			return
		}
		if ix.Head() == head {
			check(t, p, s, s[0].Key)
			check(t, p, s, []byte("88.118.2/"))
		}
		if p.Head() != ix.Head() {
			t.Fatal("the tree has another head than the index")
		}
	})
}

// No input takes more memory than twelve times its length and what an empty call does.
func TestParseIsFrugal(t *testing.T) {
	worst := [][]byte{
		// As deep as possible, and as many nodes: stubs of 35 bytes below branches of 2 or 3.
		deep(group*MaxKey - 2),
		bytes.Repeat([]byte{wordInner, 1}, 1<<20),
		append([]byte{wordVersion}, bytes.Repeat([]byte{wordInner, 1}, 1<<20)...),
		append([]byte{wordVersion, wordLeaf}, 0xff, 0xff, 0xff, 0xff, 0x0f),
		append([]byte{wordVersion, wordInner}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
	}
	for _, s := range samples(t) {
		worst = append(worst, s, s[:len(s)-1], append(slices.Clone(s), 0))
	}
	for i, text := range worst {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tree, err := Parse(text)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(12*len(text))+16<<10 {
			t.Errorf("input %d of %d bytes takes %d (%v)", i, len(text), used, err)
		}
		runtime.KeepAlive(tree)
	}
	// A delta may list many short keys: a change of 5 bytes takes 72.
	text := binary.AppendUvarint([]byte{wordVersion}, 100_000)
	for i := range 100_000 {
		text = append(text, byte(Removed), 3, byte(i>>16), byte(i>>8), byte(i))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParseDelta(append(text, (&Tree{}).Append(nil)...))
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err != nil || used > uint64(24*len(text)) {
		t.Errorf("a delta of %d bytes takes %d (%v)", len(text), used, err)
	}
}

// deep is a chain of n branches, each at the next bit and with a stub on its left.
func deep(n int) []byte {
	chain := &node{head: Head{Counts: Counts{1, 0}}}
	key := bytes.Repeat([]byte{0xff}, MaxKey)
	for i := n; i > 0; i-- {
		from := 0
		if i > 1 {
			from = (i - 1) / group
		}
		b := &node{kind: inner, from: int32(from), bits: int32(i), ext: key[from:width(i)], stale: true}
		b.child = [2]*node{{head: Head{Counts: Counts{1, 0}}}, chain}
		chain = b
	}
	tree := &Tree{root: chain}
	text := tree.Append(nil)
	return text
}

// Every byte of a proof counts: with any bit turned it is no proof of that head, or it
// shows the same.
func TestEveryBitCounts(t *testing.T) {
	for _, text := range samples(t) {
		if len(text) > 1500 {
			continue
		}
		tree, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(text) {
			other := slices.Clone(text)
			other[i/8] ^= 1 << (i % 8)
			if got, err := Parse(other); err == nil && got.Head() == tree.Head() {
				t.Errorf("bit %d of %x may be either", i, text)
			}
		}
	}
}
