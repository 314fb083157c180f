package census

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainHead is format.md as directly as it can be written: keys as strings of the
// characters 0 and 1, divided at every level.
func plainHead(leaves []Leaf) Head {
	keys := make([]string, len(leaves))
	for i, l := range leaves {
		keys[i] = plainBits(l.Key)
	}
	return plain(leaves, keys)
}

func plain(leaves []Leaf, keys []string) Head {
	switch len(leaves) {
	case 0:
		return Head{Hash: sha256.Sum256([]byte{2})}
	case 1:
		l := leaves[0]
		return Head{Counts{1, l.Resolved}, sha256.Sum256(fmt.Appendf(nil, "\x00%s%s%s%s%s",
			number(uint64(len(l.Key)), 2), l.Key, l.Digest[:], number(1, 8), number(l.Resolved, 8)))}
	}
	same := len(keys[0])
	for _, k := range keys {
		for same > len(k) || k[:same] != keys[0][:same] {
			same--
		}
	}
	var sides [2][]Leaf
	var rest [2][]string
	for i, k := range keys {
		bit := k[same] - '0'
		sides[bit] = append(sides[bit], leaves[i])
		rest[bit] = append(rest[bit], k)
	}
	left, right := plain(sides[0], rest[0]), plain(sides[1], rest[1])
	return Head{
		Counts{left.Registered + right.Registered, left.Resolved + right.Resolved},
		sha256.Sum256(fmt.Appendf(nil, "\x01%s%s%s%s%s%s%s%s",
			number(uint64(same), 2), plainPack(keys[0][:same]),
			number(left.Registered, 8), number(left.Resolved, 8), left.Hash[:],
			number(right.Registered, 8), number(right.Resolved, 8), right.Hash[:])),
	}
}

func number(n uint64, size int) []byte { return binary.BigEndian.AppendUint64(nil, n)[8-size:] }

func plainBits(key []byte) string {
	var b strings.Builder
	for _, c := range key {
		b.WriteByte('1')
		for i := range 8 {
			b.WriteByte('0' + c>>(7-i)&1)
		}
	}
	return b.String() + "0"
}

// plainPack leaves out the bits that say that a byte follows.
func plainPack(prefix string) []byte {
	var out []byte
	for group := range slices.Chunk([]byte(prefix), 9) {
		if len(group) > 1 {
			c := byte(0)
			for i, bit := range group[1:] {
				c |= (bit - '0') << (7 - i)
			}
			out = append(out, c)
		}
	}
	return out
}

// sorted is a census that is kept as a sorted slice: a Source, and the truth in tests.
type sorted []Leaf

func (s sorted) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(s, key, func(l Leaf, key []byte) int { return bytes.Compare(l.Key, key) })
}

func (s sorted) Leaves(ctx context.Context, from, to []byte) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Leaf{}, err)
			return
		}
		i, _ := s.find(from)
		for ; i < len(s) && (to == nil || bytes.Compare(s[i].Key, to) < 0); i++ {
			if !yield(s[i], nil) {
				return
			}
		}
	}
}

func (s sorted) under(prefix string) sorted {
	var out sorted
	for _, l := range s {
		if bytes.HasPrefix(l.Key, []byte(prefix)) {
			out = append(out, l)
		}
	}
	return out
}

// tree puts the leaves in some order.
func (s sorted) tree(tb testing.TB, r *rand.Rand) *Tree {
	tb.Helper()
	tree := &Tree{}
	for _, i := range r.Perm(len(s)) {
		if err := tree.Put(s[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return tree
}

func (s sorted) build(tb testing.TB, o Options) Head {
	tb.Helper()
	b := NewBuilder(o)
	for _, l := range s {
		if err := b.Add(l); err != nil {
			tb.Fatal(err)
		}
	}
	head, err := b.Head()
	if err != nil {
		tb.Fatal(err)
	}
	return head
}

func leafOf(key string) Leaf {
	return Leaf{Key: []byte(key), Digest: sha256.Sum256([]byte("record of " + key)), Resolved: uint64(len(key))}
}

func sortedOf(keys ...string) sorted {
	var out sorted
	for _, k := range keys {
		out = append(out, leafOf(k))
	}
	slices.SortFunc(out, func(a, b Leaf) int { return bytes.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b Leaf) bool { return bytes.Equal(a.Key, b.Key) })
}

// shapes of key sets: what a trie could get wrong is in how keys share their bits.
func shapes() map[string]func(r *rand.Rand, n int) []string {
	some := func(n int, f func(i int) string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	return map[string]func(r *rand.Rand, n int) []string{
		"identifiers": func(r *rand.Rand, n int) []string {
			return some(n, func(int) string { return fmt.Sprintf("88.118.%d/GB-%d", r.IntN(4), r.IntN(10*n)) })
		},
		"each begins the next": func(_ *rand.Rand, n int) []string {
			return some(n, func(i int) string { return strings.Repeat("a", i+1) })
		},
		"few letters": func(r *rand.Rand, n int) []string {
			return some(n, func(int) string {
				b := make([]byte, 1+r.IntN(6))
				for i := range b {
					b[i] = "\x00\x01\x7f\x80\xfe\xff"[r.IntN(6)]
				}
				return string(b)
			})
		},
		"any bytes": func(r *rand.Rand, n int) []string {
			return some(n, func(int) string {
				b := make([]byte, 1+r.IntN(3))
				for i := range b {
					b[i] = byte(r.UintN(256))
				}
				return string(b)
			})
		},
		"long": func(r *rand.Rand, n int) []string {
			return some(min(n, 40), func(int) string {
				return strings.Repeat("x", MaxKey-2) + string([]byte{byte(r.UintN(256)), byte(r.UintN(256))}[:cmp.Compare(r.IntN(2), 0)+1])
			})
		},
	}
}

// everyShape runs f with sets of every shape, small ones and some bigger than a bucket.
func everyShape(t *testing.T, f func(t *testing.T, r *rand.Rand, s sorted)) {
	t.Helper()
	for name, keys := range shapes() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(16) {
				r := rand.New(rand.NewPCG(seed, 5))
				s := sortedOf(keys(r, []int{1, 2, 3, 5, 8, 30, 100, 300}[seed%8])...)
				for i := range s {
					s[i].Resolved = r.Uint64N(1000)
				}
				f(t, r, s)
			}
		})
	}
}

// probes are keys that are there and keys beside them that mostly are not.
func (s sorted) probes(r *rand.Rand) [][]byte {
	out := [][]byte{{0}, {0xff}, []byte("a"), bytes.Repeat([]byte("a"), MaxKey)}
	for range 10 {
		k := bytes.Clone(s[r.IntN(len(s))].Key)
		out = append(out, bytes.Clone(k), append(bytes.Clone(k), 0)[:min(len(k)+1, MaxKey)])
		if len(k) > 1 {
			out = append(out, k[:r.IntN(len(k)-1)+1])
		}
		k = bytes.Clone(k)
		k[r.IntN(len(k))] ^= 1 << r.IntN(8)
		out = append(out, k)
	}
	return out
}
