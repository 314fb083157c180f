package census

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
)

const million = 1_000_000

// census1M is a million identifiers of 1,200 enterprises.
var census1M = sync.OnceValue(func() sorted {
	r := rand.New(rand.NewPCG(1, 9))
	s := make(sorted, million)
	for i := range s {
		s[i].Key = fmt.Appendf(nil, "88.118.%d/GB-%07d%03d", 1+r.IntN(1200), i, r.IntN(1000))
		s[i].Digest = sha256.Sum256(s[i].Key)
		s[i].Resolved = r.Uint64N(100)
	}
	slices.SortFunc(s, func(a, b Leaf) int { return bytes.Compare(a.Key, b.Key) })
	return s
})

// index1M is the index of it, in memory.
var index1M = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	b := NewBuilder(Options{Index: &out})
	for _, l := range census1M() {
		_ = b.Add(l) // it stays until Head
	}
	if _, err := b.Head(); err != nil {
		return nil
	}
	return out.Bytes()
})

func open1M(b *testing.B) *Index {
	b.Helper()
	ix, err := OpenIndex(bytes.NewReader(index1M()), int64(len(index1M())))
	if err != nil {
		b.Fatal(err)
	}
	return ix
}

// cpu begins to count the time of the processor, which other work on the machine does not
// lengthen; what it returns reports it for each of n things an iteration does.
func cpu(b *testing.B) func(n int, unit string) {
	b.Helper()
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func(n int, unit string) {
		b.ReportMetric(float64(used()-start)/float64(b.N)/float64(n), unit)
	}
}

// The head of a million leaves; and, to compare, SHA-256 of as many bytes as it hashes.
func BenchmarkBuilder(b *testing.B) {
	s := census1M()
	b.Run("head", func(b *testing.B) {
		b.ReportAllocs()
		report := cpu(b)
		for b.Loop() {
			s.build(b, Options{})
		}
		report(million, "cpu-ns/leaf")
	})
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		var out bytes.Buffer
		out.Grow(len(index1M()))
		report := cpu(b)
		for b.Loop() {
			out.Reset()
			s.build(b, Options{Index: &out})
		}
		report(million, "cpu-ns/leaf")
		b.ReportMetric(float64(out.Len())/million, "index-B/leaf")
	})
	b.Run("sha256 alone", func(b *testing.B) {
		h := hasher{}
		h.leaf(s[0].Key, &Hash{}, 0)
		one := bytes.Clone(h.buf)
		h.inner(s[0].Key, 9*14, &Head{}, &Head{})
		two := bytes.Clone(h.buf)
		report := cpu(b)
		for b.Loop() {
			for range s {
				sum := sha256.Sum256(one)
				one[0] = sum[0]
				sum = sha256.Sum256(two)
				two[0] = sum[0]
			}
		}
		report(million, "cpu-ns/leaf")
	})
}

// A proof of one key among a million: made through the index, then verified.
func BenchmarkProof(b *testing.B) {
	s, ix := census1M(), open1M(b)
	key := func(i int) []byte { return s[i*7919%len(s)].Key }
	b.Run("prune", func(b *testing.B) {
		b.ReportAllocs()
		size, n := 0, 0
		report := cpu(b)
		for b.Loop() {
			t, err := ix.Prune(b.Context(), s, Want{Keys: [][]byte{key(n)}})
			if err != nil {
				b.Fatal(err)
			}
			size += len(t.Append(nil))
			n++
		}
		report(1, "cpu-ns/op")
		b.ReportMetric(float64(size)/float64(n), "B/proof")
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		proofs := make([][]byte, 1000)
		for i := range proofs {
			t, err := ix.Prune(b.Context(), s, Want{Keys: [][]byte{key(i)}})
			if err != nil {
				b.Fatal(err)
			}
			proofs[i] = t.Append(nil)
		}
		n := 0
		report := cpu(b)
		for b.Loop() {
			i := n % len(proofs)
			if _, shown, err := Verify(proofs[i], ix.Head(), key(i)); shown != Present {
				b.Fatal(shown, err)
			}
			n++
		}
		report(1, "cpu-ns/op")
	})
}

// A day of a million identifiers with 10,000 changes: half new, a third changed, the rest
// removed.
func BenchmarkDelta(b *testing.B) {
	s, ix := census1M(), open1M(b)
	var changes []Change
	var keys [][]byte
	for i := range 10_000 {
		c := Change{Changed, s[i*100]}
		c.Resolved++
		c.Digest[0] ^= 1
		switch i % 6 {
		case 0, 1, 2:
			c.What, c.Key = Added, append(bytes.Clone(c.Key), 'N')
		case 3:
			c = Change{Removed, Leaf{Key: c.Key}}
		}
		changes = append(changes, c)
		keys = append(keys, c.Key)
	}
	prune := func() Delta {
		t, err := ix.Prune(b.Context(), s, Want{Keys: keys})
		if err != nil {
			b.Fatal(err)
		}
		return Delta{changes, t}
	}
	text := prune().Append(nil)
	b.Run("prune", func(b *testing.B) {
		b.ReportAllocs()
		report := cpu(b)
		for b.Loop() {
			prune()
		}
		report(len(changes), "cpu-ns/change")
		b.ReportMetric(float64(len(text))/float64(len(changes)), "B/change")
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		report := cpu(b)
		for b.Loop() {
			d, err := ParseDelta(text)
			if err != nil {
				b.Fatal(err)
			}
			growth, _, err := d.Check(ix.Head(), Head{})
			if err != nil || growth.Added != 5001 {
				b.Fatal(growth, err)
			}
		}
		report(len(changes), "cpu-ns/change")
	})
}

// A Tree in memory, for nodes with fewer identifiers.
func BenchmarkTree(b *testing.B) {
	s := census1M()[:100_000]
	b.ReportAllocs()
	report := cpu(b)
	for b.Loop() {
		t := &Tree{}
		for _, l := range s {
			if err := t.Put(l); err != nil {
				b.Fatal(err)
			}
		}
		t.Head()
	}
	report(len(s), "cpu-ns/leaf")
}
