package escrow

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

func p256Key(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

// A store is changed at random for ten days and deposited each; what is restored is
// what it held. The store is a map: the plain implementation of the merge.
func TestRestore(t *testing.T) {
	dir := folder(t)
	seed := mathrand.Uint64()
	t.Logf("seed %d", seed)
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	store := map[handle.Name]handle.Record{}
	pool := many(500, true)
	var deposits []*Archive
	d := full("0")
	for day := range 10 {
		touched := map[handle.Name]Change{}
		for range 120 {
			c := pool[r.IntN(len(pool))]
			c.Record.Values = slices.Clone(c.Record.Values)
			c.Record.Values[0].Timestamp = uint32(day)
			if _, ok := store[c.Record.Name]; ok && r.IntN(2) == 0 {
				delete(store, c.Record.Name)
				c = Change{Record: handle.Record{Name: c.Record.Name}, Deleted: true}
			} else {
				store[c.Record.Name] = c.Record
			}
			touched[c.Record.Name] = c
		}
		if day == 0 {
			touched = map[handle.Name]Change{}
			for name, rec := range store {
				touched[name] = Change{Record: rec}
			}
		}
		var changes []Change
		for _, name := range slices.SortedFunc(maps.Keys(touched), Compare) {
			changes = append(changes, touched[name])
		}
		made := mustMake(t, maker, dir, d, changes)
		deposits = append(deposits, mustOpen(t, dir, made))
		d = diff(string(rune('1'+day)), made)
		want := []handle.Record{}
		for _, name := range slices.SortedFunc(maps.Keys(store), Compare) {
			want = append(want, store[name])
		}
		got := collect(t, Restore(t.Context(), deposits, ""))
		same(t, want, got)
		half := want[len(want)/2].Name
		if got := collect(t, Restore(t.Context(), deposits, half)); len(got) != len(want)-len(want)/2-1 {
			t.Errorf("behind %s come %d of %d", half, len(got), len(want))
		}
	}
}

func TestChain(t *testing.T) {
	m := func(d Deposit) Manifest { return Manifest{Deposit: d} }
	a := m(full("a"))
	b := m(diff("b", a))
	c := m(diff("c", b))
	other := a
	other.Resend = 1
	elsewhere, early := b, b
	elsewhere.Prefix, early.Watermark = "88.1", a.Watermark
	again := m(full("d"))
	for _, tt := range []struct {
		name string
		in   []Manifest
		want string
	}{
		{"a FULL", []Manifest{a}, ""},
		{"two DIFFs", []Manifest{a, b, c}, ""},
		{"nothing", nil, "there is no deposit to restore from"},
		{"a DIFF without its FULL", []Manifest{b, c}, "deposit b is a DIFF without its FULL; it rests on deposit a, which is missing"},
		{"a DIFF is missing", []Manifest{a, c}, "deposit c rests on deposit b, which is missing; before it comes a"},
		{"another FULL of that id", []Manifest{other, b}, "deposit b rests on another deposit a than this one"},
		{"another prefix", []Manifest{a, elsewhere}, "is of prefix 88.1, deposit a before it of 88.709"},
		{"not later", []Manifest{a, early}, "not later than deposit a"},
		{"a FULL in between", []Manifest{a, again}, "is a FULL behind deposit a"},
		{"in another order", []Manifest{a, c, b}, "deposit c rests on deposit b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckChain(tt.in)
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	dir := folder(t)
	base := mustMake(t, maker, dir, full("a"), nil)
	alone := mustOpen(t, dir, mustMake(t, maker, dir, diff("b", base), many(10, false)))
	for r, err := range Restore(t.Context(), []*Archive{alone}, "") {
		if r.Name != "" || err == nil || !strings.Contains(err.Error(), "without its FULL") {
			t.Errorf("%v, %v", r, err)
		}
	}
}

func TestCompare(t *testing.T) {
	sorted := []handle.Name{"88.1/", "88.1/A", "88.1/b", "88.1/B/", "88.1/\u4e2d", "88.1.2/", "88.10/x", "88.2/"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := Compare(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("Compare(%q, %q) = %d", a, b, got)
			}
		}
	}
	if Compare("88.1/ab", "88.1/AB") != 0 {
		t.Error("case makes a difference")
	}
}

func TestNames(t *testing.T) {
	d := Deposit{ID: "1", Prefix: "did:bid:ef", Type: Diff, Watermark: time.Date(2026, 1, 31, 16, 0, 0, 0, time.UTC), Resend: 2}
	if d.ManifestName() != "did-bid-ef_2026-02-01_diff_R2.xml" || d.volumeName(3) != "did-bid-ef_2026-02-01_diff_S3_R2.escrow" {
		t.Error(d.ManifestName(), d.volumeName(3))
	}
}
