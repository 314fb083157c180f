package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"

	"yuzhou/kernel/fault"
)

// Migrate applies the migrations/NNNN_name.sql of owner that are not applied
// yet, in name order, each in one transaction with its record. A file that was
// applied and has changed since is fault.Conflict: migrations are append-only.
func (db *DB) Migrate(ctx context.Context, owner string, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	if err := db.Write(ctx, createMigrations(ctx)); err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := db.Write(ctx, migrate(ctx, owner, name, string(text))); err != nil {
			return err
		}
	}
	return nil
}

func createMigrations(ctx context.Context) func(Tx) error {
	return func(tx Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS store_migration (
			owner TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (owner, name))`)
		return err
	}
}

func migrate(ctx context.Context, owner, name, text string) func(Tx) error {
	digest := sha256.Sum256([]byte(text))
	sum := hex.EncodeToString(digest[:])
	return func(tx Tx) error {
		var was string
		found, err := tx.One(ctx, `SELECT sha256 FROM store_migration WHERE owner = $1 AND name = $2`, []any{owner, name}, &was)
		switch {
		case err != nil:
			return err
		case found && was == sum:
			return nil
		case found:
			return fault.New(fault.Conflict, "migration %s of %s was changed after it was applied; add a new one instead", name, owner)
		}
		for s := range strings.SplitSeq(text, ";\n") {
			if strings.TrimSpace(s) == "" {
				continue
			}
			if _, err := tx.Exec(ctx, s); err != nil {
				return &fault.Fault{Kind: fault.KindOf(err), Text: "migration " + name + " of " + owner + " failed", Err: err}
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO store_migration (owner, name, sha256) VALUES ($1, $2, $3)`, owner, name, sum)
		return err
	}
}
