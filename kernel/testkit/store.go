// Package testkit is what the tests of modules have in common.
//
// It must never be imported by code that ships.
package testkit

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"yuzhou/kernel/store"
)

// EachStore runs fn on every engine the program supports, on an empty database
// with owner's migrations applied (none when nil). It skips PostgreSQL, loudly,
// unless YUZHOU_TEST_POSTGRES holds the URL of a server's database whose text
// sorts by bytes; each test gets a schema of its own there.
func EachStore(t *testing.T, owner string, migrations fs.FS, fn func(*testing.T, *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		fn(t, open(t, filepath.Join(t.TempDir(), "test.db"), owner, migrations))
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("YUZHOU_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("YUZHOU_TEST_POSTGRES is not set: not tested on PostgreSQL")
		}
		schema := fmt.Sprintf("test_%d", rand.Uint64())
		admin := open(t, dsn, "", nil)
		must(t, execute(t.Context(), admin, "CREATE SCHEMA "+schema))
		t.Cleanup(func() { _ = execute(context.Background(), admin, "DROP SCHEMA "+schema+" CASCADE") })
		fn(t, open(t, dsn+"&search_path="+schema, owner, migrations))
	})
}

func execute(ctx context.Context, db *store.DB, statement string) error {
	return db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
}

// Store returns an empty SQLite database without migrations, closed when t ends.
func Store(t *testing.T) *store.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "test.db"), "", nil)
}

// open returns the database dsn names, migrated, and closes it when t ends.
func open(t *testing.T, dsn, owner string, migrations fs.FS) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	if migrations != nil {
		must(t, db.Migrate(t.Context(), owner, migrations))
	}
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
