package census

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

// What format.md says of bytes, for who writes it anew.
func TestGolden(t *testing.T) {
	var out strings.Builder
	for _, keys := range [][]string{
		{},
		{"a"},
		{"a", "ab"},
		{"a", "b"},
		{"a", "c", "ab", "abc"},
		{"88.118.2/GB-1", "88.118.2/GB-2", "88.118.20/GB-1", "88.118.3/甲"},
	} {
		s := sortedOf(keys...)
		tree := s.tree(t, rand.New(rand.NewPCG(1, 1)))
		fmt.Fprintf(&out, "keys %q\nhead %s\nall  %s\n", keys, tree.Head(), hex.EncodeToString(tree.Append(nil)))
		for _, k := range []string{"a", "88.118.2/GB-1", "88.118.2/"} {
			p, err := tree.Prune(Want{Keys: [][]byte{[]byte(k)}})
			if err != nil {
				t.Fatal(err)
			}
			_, shown := p.Get([]byte(k))
			under, _ := tree.Under([]byte(k))
			fmt.Fprintf(&out, "%-7s %q %s\nunder   %q %s\n", shown, k, hex.EncodeToString(p.Append(nil)), k, under)
		}
	}
	testkit.Golden(t, "trees.txt", []byte(out.String()))
}

// What a proof that was forged could look like.
func TestParseRefuses(t *testing.T) {
	one := &node{head: Head{Counts: Counts{1, 0}}}
	two := &node{head: Head{Counts: Counts{2, 0}}}
	key := func(from int, rest string) *node {
		return &node{kind: leaf, from: int32(from), ext: []byte(rest)}
	}
	at := func(bit int, ext string, left, right *node) *node {
		return &node{kind: inner, bits: int32(bit), ext: []byte(ext), child: [2]*node{left, right}}
	}
	text := func(n *node) []byte { return appendNode([]byte{wordVersion}, n, 0) }
	for _, tt := range []struct {
		name string
		text []byte
		want string // "" when it is a tree
	}{
		{"nothing", nil, "it ends in the middle"},
		{"another version", []byte{2, 'e'}, "version 2"},
		{"something behind", []byte{1, 'e', 0}, "1 bytes follow"},
		{"no node", []byte{1, 'x'}, "s, l or i"},
		{"a stub alone", text(two), ""},
		{"a stub of nothing", text(&node{}), "counts nothing"},
		{"a long number", append([]byte{1, 's', 0x81, 0, 0}, make([]byte, 32)...), "shortest form"},
		{"a number over 64 bits", append([]byte{1, 's', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0}, make([]byte, 32)...), "shortest form"},
		{"a key", text(key(0, "a")), ""},
		{"no key", text(key(0, "")), "not on the side"},
		{"a key as long as may be", text(key(0, strings.Repeat("x", MaxKey))), ""},
		{"a long key", text(key(0, strings.Repeat("x", MaxKey+1))), "it is at most 2048"},
		{"keys a, ab", text(at(9, "a", key(1, ""), key(1, "b"))), ""},
		{"keys a, b", text(at(7, "`", key(0, "a"), key(0, "b"))), ""},
		{"keys b, a", text(at(7, "`", key(0, "b"), key(0, "a"))), "not on the side"},
		{"keys ab, a", text(at(9, "a", key(1, "b"), key(1, ""))), "not on the side"},
		{"a key of another prefix", text(at(7, "`", key(0, "Q"), key(0, "b"))), "not on the side"},
		{"a branch of another prefix", text(at(7, "`", key(0, "a"), at(9, "c", one, two))), ""},
		{"a branch on the other side", text(at(7, "`", key(0, "a"), at(9, "a", one, two))), "not on the side"},
		{"a branch where a key ends", text(at(9, "a", at(10, "", one, one), one)), "not on the side"},
		{"two where one key ends", text(at(9, "a", two, one)), "one key ends"},
		{"a branch at the first bit", text(at(0, "", one, one)), "not on the side"},
		{"a branch behind the longest key", text(at(group*MaxKey, strings.Repeat("x", MaxKey), one, one)), "it is at most 18431"},
		{"a branch in the last bit", text(at(group*MaxKey-1, strings.Repeat("x", MaxKey), one, one)), ""},
		{"a branch below the last bit", append(text(at(group*MaxKey-1, strings.Repeat("x", MaxKey), at(group*MaxKey, "x", one, one), one)), 0), "it is at most -1"},
		{"bits behind the prefix", append([]byte{1, 'i', 7, 'a'}, text(one)[1:]...), "has bits behind"},
		{"a sum over 64 bits", text(at(7, "`", &node{head: Head{Counts: Counts{math.MaxUint64, 0}}}, one)), "do not fit"},
		{"resolutions over 64 bits", text(at(7, "`", &node{head: Head{Counts: Counts{1, math.MaxUint64}}}, &node{head: Head{Counts: Counts{1, 1}}})), "do not fit"},
		{"half a hash", text(one)[:20], "it ends in the middle"},
		{"too much", make([]byte, MaxTree+1), "at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree, err := Parse(tt.text)
			switch {
			case tt.want == "" && (err != nil || !bytes.Equal(tree.Append(nil), tt.text)):
				t.Errorf("Parse: %v", err)
			case tt.want != "" && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

// A proof of one head is none of another one, and an unread one is none at all.
func TestVerify(t *testing.T) {
	s := sortedOf("a", "ab", "b")
	tree := s.tree(t, rand.New(rand.NewPCG(1, 1)))
	p, err := tree.Prune(Want{Keys: [][]byte{[]byte("ab")}})
	if err != nil {
		t.Fatal(err)
	}
	proof := p.Append(nil)
	inflated := tree.Head()
	inflated.Registered++
	for _, tt := range []struct {
		name  string
		proof []byte
		head  Head
		key   string
		want  Shown
		good  bool
	}{
		{"present", proof, tree.Head(), "ab", Present, true},
		{"absent", proof, tree.Head(), "aba", Absent, true},
		{"hidden", proof, tree.Head(), "a", Hidden, true},
		{"hidden, absent", proof, tree.Head(), "bb", Hidden, true},
		{"another count", proof, inflated, "ab", Hidden, false},
		{"another head", proof, plainHead(s[:2]), "ab", Hidden, false},
		{"half", proof[:30], tree.Head(), "ab", Hidden, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, shown, err := Verify(tt.proof, tt.head, []byte(tt.key))
			if shown != tt.want || (err == nil) != tt.good || (shown == Present) != (l.Key != nil) {
				t.Errorf("Verify = %+v, %s, %v", l, shown, err)
			}
		})
	}
}
