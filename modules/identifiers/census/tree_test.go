package census

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"yuzhou/kernel/fault"
)

// One head for one set: whichever way it came about, and whoever wrote the code.
func TestHead(t *testing.T) {
	everyShape(t, func(t *testing.T, r *rand.Rand, s sorted) {
		t.Helper()
		want := plainHead(s)
		if got := s.build(t, Options{}); got != want {
			t.Fatalf("Builder of %d: %v, want %v", len(s), got, want)
		}
		tree := s.tree(t, r)
		if got := tree.Head(); got != want {
			t.Fatalf("Put of %d: %v, want %v", len(s), got, want)
		}
		// A detour over other keys and other values leaves no trace.
		for _, k := range s.probes(r) {
			if err := tree.Put(Leaf{Key: k, Resolved: 7}); err != nil {
				t.Fatal(err)
			}
			if r.IntN(3) == 0 {
				tree.Head()
			}
		}
		if tree.Head() == want {
			t.Fatal("other leaves have the same head")
		}
		for _, k := range s.probes(r) {
			if err := tree.Delete(k); err != nil && !errors.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
		back(t, tree, s)
		if got := tree.Head(); got != want {
			t.Fatalf("there and back: %v, want %v", got, want)
		}
	})
}

// back makes the leaves of a tree those of s again.
func back(t *testing.T, tree *Tree, s sorted) {
	t.Helper()
	var other [][]byte
	for i := range tree.Head().Registered {
		l, shown := tree.At(i)
		if shown != Present {
			t.Fatalf("leaf %d is %s", i, shown)
		}
		if _, ok := s.find(l.Key); !ok {
			other = append(other, l.Key)
		}
	}
	for _, k := range other {
		if err := tree.Delete(k); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range s {
		if err := tree.Put(l); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGetAndUnder(t *testing.T) {
	everyShape(t, func(t *testing.T, r *rand.Rand, s sorted) {
		t.Helper()
		tree := s.tree(t, r)
		for _, k := range s.probes(r) {
			check(t, tree, s, k)
			want := plainHead(s.under(string(k)))
			if got, _ := tree.Under(k); got != want {
				t.Errorf("Under(%q) = %v, want %v", k, got, want)
			}
		}
		for i, want := range s {
			if l, shown := tree.At(uint64(i)); shown != Present || !bytes.Equal(l.Key, want.Key) || l.Digest != want.Digest {
				t.Errorf("At(%d) = %q, %s; want %q", i, l.Key, shown, want.Key)
			}
		}
		if _, shown := tree.At(uint64(len(s))); shown != Absent {
			t.Errorf("At behind the last is %s", shown)
		}
	})
}

// check holds that tree shows of key what is so.
func check(t *testing.T, tree *Tree, s sorted, key []byte) {
	t.Helper()
	l, shown := tree.Get(key)
	i, found := s.find(key)
	switch {
	case found && (shown != Present || l.Digest != s[i].Digest || l.Resolved != s[i].Resolved || !bytes.Equal(l.Key, key)):
		t.Fatalf("Get(%q) = %+v, %s; it is there", key, l, shown)
	case !found && shown != Absent:
		t.Fatalf("Get(%q) is %s; it is not there", key, shown)
	}
}

func TestPruned(t *testing.T) {
	everyShape(t, func(t *testing.T, r *rand.Rand, s sorted) {
		t.Helper()
		tree := s.tree(t, r)
		var index bytes.Buffer
		head := s.build(t, Options{Index: &index, Bucket: 1 + r.Uint64N(100)})
		ix, err := OpenIndex(bytes.NewReader(index.Bytes()), int64(index.Len()))
		if err != nil || ix.Head() != head {
			t.Fatalf("OpenIndex: %v, %v", ix, err)
		}
		probes := s.probes(r)
		for i := range probes {
			want := Want{Keys: probes[i:min(i+r.IntN(4), len(probes))], Prefixes: probes[i : i+r.IntN(2)]}
			p, err := tree.Prune(want)
			if err != nil {
				t.Fatal(err)
			}
			proof := p.Append(nil)
			q, err := Parse(proof)
			if err != nil {
				t.Fatalf("Parse of %x: %v", proof, err)
			}
			if q.Head() != head || !bytes.Equal(q.Append(nil), proof) {
				t.Fatal("what was pruned and encoded is another tree")
			}
			for _, k := range want.Keys {
				check(t, q, s, k)
			}
			for _, k := range want.Prefixes {
				if got, shown := q.Under(k); shown == Hidden || got != plainHead(s.under(string(k))) {
					t.Errorf("Under(%q) = %v, %s", k, got, shown)
				}
			}
			for _, k := range probes {
				if l, shown := q.Get(k); shown != Hidden {
					check(t, q, s, k)
				} else if l.Key != nil {
					t.Error("a hidden key has a leaf")
				}
			}
			// The index shows the same, byte for byte.
			viaIndex, err := ix.Prune(t.Context(), s, want)
			if err != nil || !bytes.Equal(viaIndex.Append(nil), proof) {
				t.Fatalf("through the index: %v", err)
			}
			// A tree that is pruned already shows no more than it did.
			if again, err := q.Prune(want); err != nil || !bytes.Equal(again.Append(nil), proof) {
				t.Fatalf("pruned again: %v", err)
			}
		}
		i := r.Uint64N(uint64(len(s)))
		if l, err := ix.At(t.Context(), s, i); err != nil || !bytes.Equal(l.Key, s[i].Key) {
			t.Errorf("At(%d) = %q, %v", i, l.Key, err)
		}
	})
}

// Smallest: nothing of a pruned tree can be made a stub without hiding what is wanted.
func TestPrunedIsSmallest(t *testing.T) {
	everyShape(t, func(t *testing.T, r *rand.Rand, s sorted) {
		t.Helper()
		probes := s.probes(r)
		want := Want{Keys: probes[:2+r.IntN(3)], Prefixes: probes[5:7]}
		p, err := s.tree(t, r).Prune(want)
		if err != nil {
			t.Fatal(err)
		}
		var cut func(n **node)
		cut = func(n **node) {
			if (*n).kind == stub {
				return
			}
			kept := *n
			*n = &node{head: kept.head}
			shows := !slices.ContainsFunc(want.Keys, func(k []byte) bool { _, shown := p.Get(k); return shown == Hidden }) &&
				!slices.ContainsFunc(want.Prefixes, func(k []byte) bool { _, shown := p.Under(k); return shown == Hidden })
			if *n = kept; shows {
				t.Errorf("a node of %d bits is not needed", kept.bits)
			}
			for i := range kept.child {
				if kept.child[i] != nil {
					cut(&kept.child[i])
				}
			}
		}
		cut(&p.root)
	})
}

func TestRefused(t *testing.T) {
	tree := sortedOf("a", "ab", "b").tree(t, rand.New(rand.NewPCG(1, 1)))
	head := tree.Head()
	pruned, err := tree.Prune(Want{Keys: [][]byte{[]byte("b")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"no key", tree.Put(Leaf{}), fault.Invalid},
		{"long key", tree.Put(Leaf{Key: make([]byte, MaxKey+1)}), fault.Invalid},
		{"overflow", tree.Put(Leaf{Key: []byte("c"), Resolved: math.MaxUint64}), fault.Invalid},
		{"put into the dark", pruned.Put(leafOf("ab")), fault.Invalid},
		{"delete in the dark", pruned.Delete([]byte("ab")), fault.Invalid},
		{"prune of the dark", second(pruned.Prune(Want{Keys: [][]byte{[]byte("ab")}})), fault.Invalid},
		{"prefix of the dark", second(pruned.Prune(Want{Prefixes: [][]byte{[]byte("ab")}})), fault.Invalid},
		{"want of no key", second(tree.Prune(Want{Keys: [][]byte{nil}})), fault.Invalid},
		{"want of a long prefix", second(tree.Prune(Want{Prefixes: [][]byte{make([]byte, MaxKey+1)}})), fault.Invalid},
		{"delete of nothing", tree.Delete([]byte("c")), fault.NotFound},
		{"delete of a prefix", tree.Delete([]byte("")), fault.NotFound},
		{"head without hash", second(ParseHead("1 1")), fault.Invalid},
		{"head of another hash", second(ParseHead("1 1 sha1:00")), fault.Invalid},
		{"head in capitals", second(ParseHead("1 1 sha256:" + "AB5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c95")), fault.Invalid},
		{"head with a leading zero", second(ParseHead("01" + head.String()[1:])), fault.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !errors.Is(tt.err, tt.kind) {
				t.Errorf("error %v, want %s", tt.err, tt.kind)
			}
		})
	}
	if tree.Head() != head || pruned.Head() != head {
		t.Error("what was refused has changed the tree")
	}
	if h, err := ParseHead(head.String()); err != nil || h != head {
		t.Errorf("ParseHead(%s) = %v, %v", head, h, err)
	}
	// What is not hidden can be changed although other parts are.
	if err := pruned.Delete([]byte("b")); err != nil || pruned.Head() != plainHead(sortedOf("a", "ab")) {
		t.Errorf("Delete of what is shown: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestEmpty(t *testing.T) {
	var tree Tree
	if got := (sorted{}).build(t, Options{}); got != tree.Head() || got != plainHead(nil) || got.Counts != (Counts{}) {
		t.Errorf("head %v", got)
	}
	p, err := tree.Prune(Want{Keys: [][]byte{[]byte("a")}, Prefixes: [][]byte{nil}})
	if err != nil {
		t.Fatal(err)
	}
	if _, shown, err := Verify(p.Append(nil), tree.Head(), []byte("a")); err != nil || shown != Absent {
		t.Errorf("Verify: %s, %v", shown, err)
	}
	if head, shown := tree.Under(nil); head != tree.Head() || shown != Absent {
		t.Errorf("Under: %v, %s", head, shown)
	}
	if err := tree.Put(leafOf("a")); err != nil {
		t.Fatal(err)
	}
	if err := tree.Delete([]byte("a")); err != nil || tree.Head() != plainHead(nil) {
		t.Errorf("emptied: %v, %v", tree.Head(), err)
	}
}
