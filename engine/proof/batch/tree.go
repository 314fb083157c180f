package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"yuzhou/kernel/fault"
)

// Tree is what is kept of a Merkle tree.
type Tree struct {
	Schema string
	Keep   Keep
	Count  int64
	Root   Hash

	runs   []Hash // of runs of 256 records
	marks  []byte // Checks: 4 bytes a record
	leaves []Hash // Leaves: a hash a record
}

// magic is the first word of a kept tree.
const magic = "yuzhou-tree/v1"

// Digest returns the root as statements have it.
func (t Tree) Digest() string { return "sha256:" + hex.EncodeToString(t.Root[:]) }

func (t Tree) check() error {
	if t.Count < 1 || t.Count > MaxCount {
		return fault.New(fault.Invalid, "the batch has %d records; it has 1 to %d", t.Count, MaxCount)
	}
	if t.Keep != Runs && t.Keep != Checks && t.Keep != Leaves {
		return fault.New(fault.Invalid, "what is kept is %.20q; it is runs, checks or leaves", string(t.Keep))
	}
	bad := strings.IndexFunc(t.Schema, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
	if t.Schema == "" || len(t.Schema) > 128 || bad >= 0 {
		return fault.New(fault.Invalid, "the schema %.40q is not a word of 1 to 128 bytes", t.Schema)
	}
	return nil
}

// Append appends the kept tree to b: a line with what it is and the SHA-256 of the rest,
// then the hashes. Of Leaves the runs are left out, for they follow.
func (t Tree) Append(b []byte) []byte {
	var body []byte
	if t.Keep == Leaves {
		for _, h := range t.leaves {
			body = append(body, h[:]...)
		}
	} else {
		for _, h := range t.runs {
			body = append(body, h[:]...)
		}
		body = append(body, t.marks...)
	}
	head := fmt.Sprintf("%s %s %s %d %x", magic, t.Schema, t.Keep, t.Count, t.Root)
	b = fmt.Appendf(b, "%s %x\n", head, sum(head, body))
	return append(b, body...)
}

// sum covers what no root does: the schema, the count, the checks.
func sum(head string, body []byte) [32]byte {
	return sha256.Sum256(append([]byte(head+"\n"), body...))
}

// Parse reads a kept tree and checks that it leads to its root.
//
// Errors: fault.Invalid.
func Parse(text []byte) (Tree, error) {
	line, rest, ok := bytes.Cut(text, []byte("\n"))
	words := strings.Split(string(line), " ")
	if !ok || len(words) != 6 || words[0] != magic {
		return Tree{}, fault.New(fault.Invalid, "it is no kept tree: it does not begin with a line \"%s SCHEMA KEEP COUNT ROOT SUM\"", magic)
	}
	t := Tree{Schema: words[1], Keep: Keep(words[2])}
	count, err := strconv.ParseInt(words[3], 10, 64)
	root, err2 := hex.DecodeString(words[4])
	if err != nil || err2 != nil || len(root) != len(t.Root) || strconv.FormatInt(count, 10) != words[3] || strings.ToLower(words[4]) != words[4] {
		return Tree{}, fault.New(fault.Invalid, "the count %.20q or the root %.80q of the tree is not a number and 64 hexadecimal digits", words[3], words[4])
	}
	t.Count, t.Root = count, Hash(root)
	if err := t.check(); err != nil {
		return Tree{}, err
	}
	if err := take(&t, rest); err != nil {
		return Tree{}, err
	}
	want := sum(strings.Join(words[:5], " "), rest)
	if rootOf(append([]Hash(nil), t.runs...)) != t.Root || words[5] != hex.EncodeToString(want[:]) {
		return Tree{}, fault.New(fault.Invalid, "the tree does not lead to its root: it was altered")
	}
	return t, nil
}

// take reads the hashes after the first line.
func take(t *Tree, rest []byte) error {
	n := int(t.Count)
	runs := (n + Run - 1) / Run
	want := map[Keep]int{Runs: 32 * runs, Checks: 32*runs + 4*n, Leaves: 32 * n}
	size, ok := want[t.Keep]
	if !ok || len(rest) != size {
		return fault.New(fault.Invalid, "the tree keeps %.20q and has %d bytes of hashes; runs, checks and leaves of %d records have %d, %d and %d",
			string(t.Keep), len(rest), n, want[Runs], want[Checks], want[Leaves])
	}
	hashes := func(n int) []Hash {
		out := make([]Hash, n)
		for i := range out {
			copy(out[i][:], rest)
			rest = rest[32:]
		}
		return out
	}
	if t.Keep != Leaves {
		t.runs, t.marks = hashes(runs), nil
		if t.Keep == Checks {
			t.marks = bytes.Clone(rest)
		}
		return nil
	}
	t.leaves = hashes(n)
	for first := 0; first < n; first += Run {
		t.runs = append(t.runs, rootOf(append([]Hash(nil), t.leaves[first:min(first+Run, n)]...)))
	}
	return nil
}
