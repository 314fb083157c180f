package flow

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// TestTwoWriters: two programs on one database write at the same time. Nothing is
// lost or there twice, numbers run on without a gap, and the log stays one chain.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		other := New(module.Host{DB: b.db, Log: b.log, Now: b.now, Site: b.site, Blobs: b.blobs}, people{}, &prooftest.Book{})
		other.guests = b.guests
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		const each = 60
		var wait sync.WaitGroup
		var mu sync.Mutex
		numbers := map[string]int{}
		for i := range 2 * each {
			s := []*Service{b.Service, other}[i%2]
			wait.Go(func() {
				// Every command is sent through both programs with the same key.
				key := fmt.Sprint("k", i/2)
				c, err := s.Open(clerk, Opening{Key: key, Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"}})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Send(clerk, Command{Key: key + "a", Case: c.ID, Event: "accept"}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				numbers[c.Number]++
			})
		}
		wait.Wait()
		for n := 1; n <= each; n++ {
			if number := fmt.Sprintf("permit-2026-%06d", n); numbers[number] != 2 {
				t.Errorf("case %s was answered %d times; each program answers it once", number, numbers[number])
			}
		}
		b.sound(t)
	})
}

// TestDiskFull: a database that cannot grow says so, changes nothing, and goes on
// when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "flow", migrations); err != nil {
		t.Fatal(err)
	}
	b := engineOn(t, db)
	limit := func(pages int64) {
		t.Helper()
		err := db.Write(t.Context(), func(tx store.Tx) error {
			var now int64
			_, err := tx.One(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, &now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
	open := func(n int) (Case, error) {
		return b.Open(clerk, Opening{
			Key: fmt.Sprint("k", n), Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"},
			Title: pack.Text{ZH: strings.Repeat("许可", 500)},
		})
	}
	first, err := open(0)
	if err != nil {
		t.Fatal(err)
	}
	limit(1) // SQLite takes the pages there are
	held := map[string]bool{first.ID: true}
	failed := 0
	for n := 1; n < 60; n++ {
		c, err := open(n)
		switch {
		case err == nil:
			held[c.ID] = true
		case fault.KindOf(err) == fault.Busy && strings.Contains(err.Error(), "disk is full"):
			failed++
		default:
			t.Fatalf("case %d: %v", n, err)
		}
	}
	if failed == 0 {
		t.Fatal("the database never ran full: this test says nothing")
	}
	if _, err := b.Case(clerk, first.ID); err != nil {
		t.Errorf("reading while the disk is full: %v", err)
	}
	b.sound(t)
	limit(1 << 30)
	for n := 1; n < 60; n++ {
		c, err := open(n)
		if err != nil {
			t.Fatalf("case %d with room again: %v", n, err)
		}
		held[c.ID] = true
	}
	all, err := b.Find(clerk, Filter{Procedure: "permit", Limit: 1000})
	if err != nil || len(all) != 60 || len(held) != 60 {
		t.Errorf("%d cases, %d answered, %v; want 60 of each", len(all), len(held), err)
	}
	b.sound(t)
}

// TestBlobsFull: a document that the disk does not take leaves nothing behind.
func TestBlobsFull(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		c := b.permit(t)
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		if _, err := b.Attach(clerk, c.ID, "plan.pdf", torn{}); !errors.Is(err, errTorn) {
			t.Errorf("an upload that breaks off: %v", err)
		}
		if docs, err := b.Documents(clerk, c.ID); err != nil || len(docs) != 0 {
			t.Errorf("documents: %+v, %v", docs, err)
		}
		b.sound(t)
	})
}

var errTorn = errors.New("the connection is gone")

// torn is an upload that breaks off.
type torn struct{}

func (torn) Read([]byte) (int, error) { return 0, errTorn }
