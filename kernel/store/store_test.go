package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

var tables = fstest.MapFS{"migrations/0001_thing.sql": {Data: []byte(
	"CREATE TABLE test_thing (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0));\nCREATE INDEX test_thing_n ON test_thing (n);\n")}}

func insert(ctx context.Context, id string, n int) func(store.Tx) error {
	return func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO test_thing (id, n) VALUES ($1, $2)`, id, n)
		return err
	}
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx store.Tx) error {
		_, err := tx.One(t.Context(), `SELECT count(*) FROM test_thing`, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWrite(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		boom := errors.New("boom")
		for _, tt := range []struct {
			name string
			fn   func(store.Tx) error
			want error
			rows int
		}{
			{"committed", insert(ctx, "a", 1), nil, 1},
			{"the same key again", insert(ctx, "a", 1), fault.Conflict, 1},
			{"refused by a check", insert(ctx, "b", -1), fault.Invalid, 1},
			{"failed after a change", func(tx store.Tx) error {
				if err := insert(ctx, "c", 1)(tx); err != nil {
					return err
				}
				return boom
			}, boom, 1},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if err := db.Write(ctx, tt.fn); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if n := count(t, db); n != tt.rows {
					t.Errorf("%d rows, want %d", n, tt.rows)
				}
			})
		}
	})
}

// TestGroup: many callers at once, every third of which fails; the failures of
// some must not touch the others that share their commit.
func TestGroup(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				n := i
				if i%3 == 0 {
					n = -1
				}
				err := db.Write(t.Context(), insert(t.Context(), strconv.Itoa(i), n))
				if failed := err != nil; failed != (i%3 == 0) {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 200 {
			t.Errorf("%d rows, want 200", n)
		}
	})
}

func TestCancelledCallerChangesNothing(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Write(ctx, insert(ctx, "a", 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if n := count(t, db); n != 0 {
			t.Errorf("%d rows, want 0", n)
		}
	})
}

func TestGeneration(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		generation := func() uint64 {
			g, err := db.Generation(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		was := generation()
		if generation() != was {
			t.Error("reading changed it")
		}
		if err := db.Write(t.Context(), insert(t.Context(), "a", 1)); err != nil {
			t.Fatal(err)
		}
		if generation() == was {
			t.Error("a commit did not change it")
		}
	})
}

func TestMigrateRefusesAChangedFile(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		if err := db.Migrate(t.Context(), "test", tables); err != nil {
			t.Errorf("again: %v", err)
		}
		changed := fstest.MapFS{"migrations/0001_thing.sql": {Data: []byte("CREATE TABLE test_other (id TEXT);\n")}}
		if err := db.Migrate(t.Context(), "test", changed); !errors.Is(err, fault.Conflict) {
			t.Errorf("got %v, want fault.Conflict", err)
		}
	})
}

func TestMigrateIsAllOrNothing(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		broken := fstest.MapFS{"migrations/0001_a.sql": {Data: []byte("CREATE TABLE more_a (id TEXT);\nCREATE TABEL more_b (id TEXT);\n")}}
		if err := db.Migrate(t.Context(), "more", broken); err == nil {
			t.Fatal("want an error")
		}
		mended := fstest.MapFS{"migrations/0001_a.sql": {Data: []byte("CREATE TABLE more_a (id TEXT);\nCREATE TABLE more_b (id TEXT);\n")}}
		if err := db.Migrate(t.Context(), "more", mended); err != nil {
			t.Errorf("after mending: %v", err)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder", "x.db"))
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v, want fault.Invalid", err)
	}
}

func TestNewIDSortsByTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	a, b := store.NewID(at), store.NewID(at.Add(time.Millisecond))
	if len(a) != 26 || a >= b {
		t.Errorf("%q, %q", a, b)
	}
}

func BenchmarkWriteGrouped(b *testing.B) {
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "b.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the bench is over
	if err := db.Migrate(b.Context(), "test", tables); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := db.Write(b.Context(), insert(b.Context(), store.NewID(time.Unix(0, 0)), 1)); err != nil {
				b.Error(err)
			}
		}
	})
}

// TestExecAll: many changes in one go are in order, and an error among them leaves
// nothing of the transaction.
func TestExecAll(t *testing.T) {
	testkit.EachStore(t, "test", tables, func(t *testing.T, db *store.DB) {
		put := func(id string, n int) store.Change {
			return store.Change{Query: `INSERT INTO test_thing (id, n) VALUES ($1, $2)`, Args: []any{id, n}}
		}
		write := func(all ...store.Change) error {
			return db.Write(t.Context(), func(tx store.Tx) error { return tx.ExecAll(t.Context(), all) })
		}
		if err := write(); err != nil {
			t.Errorf("nothing to do: %v", err)
		}
		if err := write(put("a", 1), put("b", 2), store.Change{Query: `DELETE FROM test_thing WHERE n < $1`, Args: []any{2}}, put("c", 1)); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db); n != 2 {
			t.Errorf("%d rows, want b and c", n)
		}
		for _, bad := range []struct {
			name string
			all  []store.Change
			kind fault.Kind
		}{
			{"there already", []store.Change{put("d", 1), put("b", 1), put("e", 1)}, fault.Conflict},
			{"refused value", []store.Change{put("d", 1), put("e", -1)}, fault.Invalid},
			{"no such table", []store.Change{put("d", 1), {Query: `DELETE FROM test_nothing`}}, ""},
		} {
			if err := write(bad.all...); err == nil || fault.KindOf(err) != bad.kind {
				t.Errorf("%s: %v, want %q", bad.name, err, bad.kind)
			}
			if n := count(t, db); n != 2 {
				t.Errorf("%s: %d rows, want 2", bad.name, n)
			}
		}
		if err := write(put("f", 1)); err != nil {
			t.Errorf("after errors: %v", err)
		}
	})
}
