package census

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"yuzhou/kernel/fault"
)

func TestBuilderRefuses(t *testing.T) {
	add := func(leaves ...Leaf) error {
		b := NewBuilder(Options{})
		for _, l := range leaves {
			if err := b.Add(l); err != nil {
				if again := second(b.Head()); !errors.Is(again, err) {
					t.Errorf("after %v Head says %v", err, again)
				}
				return err
			}
		}
		if _, err := b.Head(); err != nil {
			return err
		}
		return b.Add(leafOf("z"))
	}
	for _, tt := range []struct {
		name, want string
		err        error
	}{
		{"no key", "has 0 bytes", add(Leaf{})},
		{"a long key", "has 2049 bytes", add(Leaf{Key: make([]byte, MaxKey+1)})},
		{"a key twice", "ascending", add(leafOf("a"), leafOf("a"))},
		{"keys out of order", "ascending", add(leafOf("ab"), leafOf("a"))},
		{"a sum over 64 bits", "do not fit", add(leafOf("a"), Leaf{Key: []byte("b"), Resolved: math.MaxUint64})},
		{"a key after the head", "after the head", add(leafOf("a"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !errors.Is(tt.err, fault.Invalid) || !strings.Contains(tt.err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", tt.err, tt.want)
			}
		})
	}
	// The greatest sum is one.
	b := NewBuilder(Options{})
	for _, l := range []Leaf{{Key: []byte("a"), Resolved: math.MaxUint64 - 1}, {Key: []byte("b"), Resolved: 1}} {
		if err := b.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if head, err := b.Head(); err != nil || head.Counts != (Counts{2, math.MaxUint64}) {
			t.Errorf("Head = %v, %v", head, err)
		}
	}
}

// A builder keeps nothing of a leaf: the caller's buffer may be used again.
func TestBuilderKeepsNothing(t *testing.T) {
	s := sortedOf("88.1/a", "88.1/b", "88.2/a", "88.2/b")
	b := NewBuilder(Options{})
	buf := make([]byte, 6)
	for _, l := range s {
		copy(buf, l.Key)
		if err := b.Add(Leaf{buf, l.Digest, l.Resolved}); err != nil {
			t.Fatal(err)
		}
	}
	if head, err := b.Head(); err != nil || head != plainHead(s) {
		t.Errorf("Head = %v, %v", head, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestIndexCannotBeWritten(t *testing.T) {
	full := errors.New("no space")
	for _, room := range []int{0, 1000, 100_000} {
		b := NewBuilder(Options{Bucket: 1, Index: writerFunc(func(p []byte) (int, error) {
			if room -= len(p); room < 0 {
				return 0, full
			}
			return len(p), nil
		})})
		for i := range 2000 {
			if err := b.Add(Leaf{Key: fmt.Appendf(nil, "%06d", i)}); err != nil && !errors.Is(err, full) {
				t.Fatal(err)
			}
		}
		if _, err := b.Head(); !errors.Is(err, full) {
			t.Errorf("Head: %v", err)
		}
	}
}

// sourceFunc is a source in a line.
type sourceFunc func(ctx context.Context, from, to []byte) iter.Seq2[Leaf, error]

func (f sourceFunc) Leaves(ctx context.Context, from, to []byte) iter.Seq2[Leaf, error] {
	return f(ctx, from, to)
}

func numbered(n int) sorted {
	s := make(sorted, n)
	for i := range s {
		s[i] = leafOf(fmt.Sprintf("88.118.2/%06d", i))
	}
	return s
}

func openIndex(t *testing.T, text []byte) *Index {
	t.Helper()
	ix, err := OpenIndex(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

// The records go on while the census stays: what is not of its day is not shown as if it were.
func TestSourceOfAnotherDay(t *testing.T) {
	s := numbered(1000)
	var index bytes.Buffer
	s.build(t, Options{Index: &index})
	ix := openIndex(t, index.Bytes())
	key := s[500].Key
	broken := errors.New("disk")
	edited := slices.Clone(s)
	edited[500].Resolved++
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	everything := sourceFunc(func(ctx context.Context, _, _ []byte) iter.Seq2[Leaf, error] { return s.Leaves(ctx, nil, nil) })
	for _, tt := range []struct {
		name string
		ctx  context.Context
		src  Source
		want error
	}{
		{"as it was", t.Context(), s, nil},
		{"one more", t.Context(), slices.Insert(slices.Clone(s), 501, leafOf("88.118.2/0005000")), fault.Conflict},
		{"one less", t.Context(), slices.Delete(slices.Clone(s), 500, 501), fault.Conflict},
		{"none", t.Context(), sorted{}, fault.Conflict},
		{"another record", t.Context(), edited, fault.Conflict},
		{"keys that were not asked for", t.Context(), everything, fault.Conflict},
		{"an error", t.Context(), sourceFunc(func(context.Context, []byte, []byte) iter.Seq2[Leaf, error] {
			return func(yield func(Leaf, error) bool) { yield(Leaf{}, broken) }
		}), broken},
		{"too late", cancelled, s, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ix.Prune(tt.ctx, tt.src, Want{Keys: [][]byte{key}})
			if !errors.Is(err, tt.want) {
				t.Errorf("Prune: %v, want %v", err, tt.want)
			}
			if _, err := ix.At(tt.ctx, tt.src, 500); !errors.Is(err, tt.want) {
				t.Errorf("At: %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := ix.At(t.Context(), s, 1000); !errors.Is(err, fault.NotFound) {
		t.Errorf("At behind the last: %v", err)
	}
	if _, err := ix.Prune(t.Context(), s, Want{Keys: [][]byte{nil}}); !errors.Is(err, fault.Invalid) {
		t.Errorf("Prune of no key: %v", err)
	}
}

// An index of which a byte was changed fails for one of the keys whose way leads over it.
func TestIndexAltered(t *testing.T) {
	s := numbered(300)
	var index bytes.Buffer
	s.build(t, Options{Index: &index, Bucket: 16})
	text := index.Bytes()
	for i := range text {
		other := slices.Clone(text)
		other[i] ^= 0x10
		ix, err := OpenIndex(bytes.NewReader(other), int64(len(other)))
		if err == nil {
			for k := 0; k < len(s); k += 10 {
				var p *Tree
				if p, err = ix.Prune(t.Context(), s, Want{Keys: [][]byte{s[k].Key}}); err != nil {
					break
				}
				check(t, p, s, s[k].Key)
			}
		}
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	for n := range len(text) - 1 {
		if _, err := OpenIndex(bytes.NewReader(text[:n]), int64(n)); !errors.Is(err, fault.Invalid) {
			t.Errorf("of %d bytes: %v", n, err)
		}
	}
	if _, err := OpenIndex(bytes.NewReader(nil), int64(len(text))); !errors.Is(err, io.EOF) {
		t.Errorf("of a file that is not there: %v", err)
	}
}

func TestIndexAtOnce(t *testing.T) {
	s := numbered(2000)
	var index bytes.Buffer
	head := s.build(t, Options{Index: &index})
	ix := openIndex(t, index.Bytes())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := i; j < len(s); j += 101 {
				p, err := ix.Prune(t.Context(), s, Want{Keys: [][]byte{s[j].Key}})
				if err != nil || p.Head() != head {
					t.Errorf("Prune: %v", err)
					return
				}
				if _, shown := p.Get(s[j].Key); shown != Present {
					t.Errorf("%q is %s", s[j].Key, shown)
				}
			}
		})
	}
	all.Wait()
}

// span is held against the bits themselves.
func TestSpan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	keys := sortedOf(append(shapes()["few letters"](r, 300), shapes()["any bytes"](r, 2000)...)...)
	for range 3000 {
		key := keys[r.IntN(len(keys))].Key
		n, side := 1+r.IntN(bitsOf(key)-1), r.IntN(2)
		prefix := bytes.Clone(key[:width(n)])
		mask(prefix, n)
		from, to := span(prefix, n, side)
		want := plainBits(key)[:n] + string(rune('0'+side))
		for _, l := range keys {
			in := bytes.Compare(l.Key, from) >= 0 && (to == nil || bytes.Compare(l.Key, to) < 0)
			if in != strings.HasPrefix(plainBits(l.Key), want) {
				t.Fatalf("%x in [%x, %x) is %t; the bits are %s", l.Key, from, to, in, want)
			}
		}
	}
}
