// Package store runs portable SQL on embedded SQLite or on PostgreSQL.
//
// Modules write one dialect: $1 placeholders in ascending first appearance,
// BIGINT microseconds UTC for instants, TEXT identifiers made by the program,
// TEXT or BYTEA for what is signed. ARCHITECTURE.md lists what the two engines do
// differently and how this package hides it.
//
// What must hold: Write has committed to disk when it returns nil; a failed
// Write has changed nothing; errors of the engines leave this package as faults.
package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// DB is an open database, shared by all modules.
type DB struct {
	read, write *sql.DB // the same pool on PostgreSQL
	engine      engine
	queue       chan *job     // SQLite only: waits for the writer
	done        chan struct{} // closed when the writer has ended
	closed      chan struct{} // closed by Close

	mu    sync.Mutex // guards watch, which Generation asks
	watch *sql.Conn  // SQLite only: one connection, always the same
}

// Tx is what a transaction lets its caller do. It must not outlive the call it
// was given to, nor be used by two goroutines at once.
type Tx struct {
	q      querier
	engine engine
	conn   *sql.Conn // PostgreSQL only, of a Write: the connection below q
}

// querier is what *sql.Tx and *sql.Conn have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Exec runs a statement that returns no rows and reports how many it changed.
func (tx Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := tx.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, tx.engine.fault(err)
	}
	return r.RowsAffected()
}

// One scans the single row of query into dst; found is false when there is none.
func (tx Tx) One(ctx context.Context, query string, args []any, dst ...any) (found bool, err error) {
	err = tx.q.QueryRowContext(ctx, query, args...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, tx.engine.fault(err)
}

// Each calls scan for every row of query, in order. It stops at the first error.
func (tx Tx) Each(ctx context.Context, query string, args []any, scan func(scan func(...any) error) error) error {
	rows, err := tx.q.QueryContext(ctx, query, args...)
	if err != nil {
		return tx.engine.fault(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says more
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return tx.engine.fault(rows.Err())
}

// Prepare returns a statement for many Execs in this transaction. Close it.
func (tx Tx) Prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	s, err := tx.q.PrepareContext(ctx, query)
	return s, tx.engine.fault(err)
}

// Fault turns an error of a prepared statement into the fault a caller can act on.
func (tx Tx) Fault(err error) error { return tx.engine.fault(err) }

// Collect returns what scan makes of every row of query, in order.
func Collect[T any](ctx context.Context, tx Tx, query string, args []any, scan func(scan func(...any) error) (T, error)) ([]T, error) {
	var out []T
	err := tx.Each(ctx, query, args, func(row func(...any) error) error {
		v, err := scan(row)
		if err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// Read runs fn on one consistent snapshot. fn must not write.
func (db *DB) Read(ctx context.Context, fn func(Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.engine == postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTx(ctx, opts)
	if err != nil {
		return db.engine.fault(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return fn(Tx{q: tx, engine: db.engine})
}

// Write runs fn in one transaction and returns nil only when it is committed
// and on disk. When fn returns an error nothing of it remains.
//
// On SQLite one writer serves all callers and commits those that wait together
// as one group: each fn has a savepoint of its own, so that the failure of one
// does not touch the others. fn must be quick and must not call Write.
func (db *DB) Write(ctx context.Context, fn func(Tx) error) error {
	if db.engine == sqlite {
		return db.enqueue(ctx, fn)
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return db.engine.fault(err)
	}
	defer conn.Close() //nolint:errcheck // goes back to the pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return db.engine.fault(err)
	}
	defer tx.Rollback() //nolint:errcheck // no-op after Commit
	if err := fn(Tx{tx, db.engine, conn}); err != nil {
		return err
	}
	return db.engine.fault(tx.Commit())
}

// Generation returns a number that has changed when anything in the database
// has, by this process or another: what was computed under the same generation
// still holds.
func (db *DB) Generation(ctx context.Context) (uint64, error) {
	var n int64
	var err error
	if db.engine == sqlite {
		// data_version counts the commits of every other connection, in this
		// process or not; this connection itself never writes.
		db.mu.Lock()
		defer db.mu.Unlock()
		err = db.watch.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&n)
	} else {
		err = db.read.QueryRowContext(ctx, `SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)`).Scan(&n)
	}
	return uint64(n), db.engine.fault(err) //nolint:gosec // neither counts below zero
}
