package identifiers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/records"
)

// TestCensus: the census of a day is taken when it is over, once, with the resolutions of
// identifiers; it is stated, proves single identifiers, becomes figures, and days that were
// slept through are made up.
func TestCensus(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		book := &prooftest.Book{}
		st.Proof = book
		var seen []Figures
		st.Observe = func(_ context.Context, f Figures) error {
			seen = append(seen, f)
			return nil
		}
		run := func() {
			t.Helper()
			if err := st.takeCensus(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		m.put(t, named("88.500/a"), named("88.500/b"), named("88.500.1/c"), named("0.NA/88.500.1"))
		run()
		if all := st.counted(t); len(all) > 0 {
			t.Fatalf("before the day is over: %+v", all)
		}
		for range 3 {
			st.resolved.add([]byte("88.500/A"))
		}
		st.at = time.Date(2026, 11, 24, 0, 0, 6, 0, time.UTC)
		run()
		run()
		all := st.counted(t)
		if len(all) != 1 || all[0].Day != "2026-11-23" || all[0].Registered != 3 || all[0].Resolved != 3 || all[0].Before != "" {
			t.Fatalf("%+v", all)
		}
		st.at = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC) // asleep for two days
		m.put(t, named("88.500.1/d"))
		for range 4 {
			run()
		}
		all = st.counted(t)
		if len(all) != 4 || all[0].Day != "2026-11-26" || all[0].Registered != 3 || all[2].Before != "2026-11-23" {
			t.Fatalf("%+v", all)
		}
		claims := book.Claims()
		if len(claims) != 4 || claims[1].Name != "census/2026-11-24" || claims[1].After != "census/2026-11-23" || claims[1].Batch.Root != all[2].Root || claims[1].Kind != statement.Census {
			t.Errorf("%+v", claims)
		}
		st.sourced(t, claims)
		st.proven(t, all[0])
		if err := st.observe(t.Context()); err != nil || len(seen) != 4 || seen[0].Registered != 3 || seen[0].Resolved != 3 || seen[1].Answered != 0 || seen[3].Document != "census/2026-11-26" {
			t.Errorf("%+v, %v", seen, err)
		}
		if err := st.observe(t.Context()); err != nil || len(seen) != 4 {
			t.Errorf("again: %d, %v", len(seen), err)
		}
		v := st.visit(t)
		v.get(t, "/identifiers/census", "At the end of 2026-11-26 this node has 3 identifiers, resolved 3 times", "/proof/of/88.500/census/2026-11-26")
		v.send(t, httptest.NewRequest(http.MethodGet, "/api/v1/identifiers/censuses/2026-11-24/delta", nil), 200)
		v.send(t, httptest.NewRequest(http.MethodGet, "/api/v1/identifiers/censuses/2026-01-01/delta", nil), 404, "no delta")
	})
}

func (st *stage) counted(t *testing.T) []inspect.Stated {
	t.Helper()
	all, err := st.stated(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sourced compares what the evidence engine is told with what was claimed.
func (st *stage) sourced(t *testing.T, claims []proof.Claim) {
	t.Helper()
	src := st.Source()
	var again []proof.Claim
	err := src.Claims(t.Context(), func(c proof.Claim) error {
		again = append(again, c)
		return nil
	})
	same := func(a, b proof.Claim) bool {
		return a.Name == b.Name && a.After == b.After && *a.Batch == *b.Batch && a.Value == b.Value
	}
	if err != nil || !slices.EqualFunc(again, claims, same) {
		t.Errorf("%+v, %v", again, err)
	}
	for _, c := range claims {
		if one, err := src.One(t.Context(), proof.Ref{Name: c.Name, Vintage: 1}); err != nil || !same(one, c) {
			t.Errorf("%+v, %v", one, err)
		}
	}
	if _, err := src.One(t.Context(), proof.Ref{Name: "census/2020-01-01", Vintage: 1}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// proven checks the proofs of what is there, what is not, and what came later.
func (st *stage) proven(t *testing.T, last inspect.Stated) {
	t.Helper()
	head, err := last.Head()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"88.500/A": "present", "88.500.1/c": "present", "88.500.1/d": "absent", "88.500/none": "absent"} {
		p, err := st.prove(t.Context(), name)
		if err != nil || p.Shown != want {
			t.Errorf("%s is %s, %v", name, p.Shown, err)
			continue
		}
		if _, shown, err := census.Verify(p.Tree, head, []byte(handle.Fold(name))); err != nil || shown.String() != want {
			t.Errorf("the proof of %s shows %v, %v", name, shown, err)
		}
	}
	if _, err := st.prove(t.Context(), "99.1/x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of another node: %v", err)
	}
}

// TestCensusKilled: a program that ends after the census was noted and before its
// resolutions are settled counts them once.
func TestCensusKilled(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(nil)
		st.Proof = &prooftest.Book{}
		m.put(t, named("88.500/a"))
		st.resolved.add([]byte("88.500/A"))
		st.at = time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
		broken := &unfolding{Store: m.Store}
		m.Store = broken
		if err := st.takeCensus(t.Context()); err == nil {
			t.Fatal("it went on without settling")
		}
		broken.heals = true
		st.resolved.add([]byte("88.500/A")) // of the day after
		for range 2 {
			if err := st.flushResolved(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		st.at = time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)
		if err := st.takeCensus(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := st.counted(t); len(all) != 2 || all[1].Resolved != 1 || all[0].Resolved != 2 || all[0].Before != all[1].Day {
			t.Errorf("%+v", all)
		}
	})
}

// unfolding is a store that ends before it has settled resolutions.
type unfolding struct {
	records.Store
	heals bool
}

func (u *unfolding) Fold(ctx context.Context) error {
	if !u.heals {
		return fault.New(fault.Busy, "killed")
	}
	return u.Store.Fold(ctx)
}

// TestResolutions: what is counted is written once, and kept when it cannot be written.
func TestResolutions(t *testing.T) {
	r := newResolutions()
	names := []string{"88.1/A", "88.1/B", "88.1/A"}
	for _, n := range names {
		r.add([]byte(n))
	}
	if err := r.flush(t.Context(), func(context.Context, map[string]uint64) error { return fault.New(fault.Busy, "no room") }); fault.KindOf(err) != fault.Busy {
		t.Error(err)
	}
	r.add([]byte("88.1/A"))
	written := map[string]uint64{}
	for range 2 {
		err := r.flush(t.Context(), func(_ context.Context, counts map[string]uint64) error {
			for k, n := range counts {
				written[k] += n
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := json.Marshal(written); string(got) != `{"88.1/A":3,"88.1/B":1}` {
		t.Errorf("%s", got)
	}
}
