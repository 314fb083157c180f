package store

import (
	"context"
	"database/sql"
	"fmt"

	"yuzhou/kernel/fault"
)

// maxGroup is how many callers one commit may serve: enough to hide an fsync,
// few enough that the first does not wait long for the last.
const maxGroup = 256

// job is one caller's transaction. The writer sends exactly one error on done.
type job struct {
	ctx  context.Context //nolint:containedctx // belongs to the caller that waits for done
	fn   func(Tx) error
	done chan error
	err  error // what fn returned, until the group is committed
}

func (db *DB) enqueue(ctx context.Context, fn func(Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case db.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closed:
		return fault.New(fault.Busy, "the database is closing: nothing was changed")
	}
	// From here on the answer is the writer's: a caller that gave up waiting
	// would not know whether its change stands.
	select {
	case err := <-j.done:
		return err
	case <-db.done:
		select {
		case err := <-j.done:
			return err
		default:
			return fault.New(fault.Busy, "the database is closing: nothing was changed")
		}
	}
}

// writer owns the only writing connection of SQLite. It ends when closed is.
func (db *DB) writer() {
	defer close(db.done)
	for {
		select {
		case j := <-db.queue:
			db.commit(db.gather(j))
		case <-db.closed:
			return
		}
	}
}

// gather takes those that are waiting already; it waits for nobody.
func (db *DB) gather(first *job) []*job {
	group := []*job{first}
	for len(group) < maxGroup {
		select {
		case j := <-db.queue:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs the group in one transaction and answers every caller.
func (db *DB) commit(group []*job) {
	err := db.runGroup(group)
	for _, j := range group {
		if j.err == nil {
			j.err = err
		}
		j.done <- j.err
	}
}

func (db *DB) runGroup(group []*job) error {
	// Not the callers' contexts: one that is cancelled must not undo the others.
	ctx := context.WithoutCancel(group[0].ctx)
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.engine.fault(err)
	}
	defer tx.Rollback()  //nolint:errcheck // no-op after Commit
	if len(group) == 1 { // alone: what it undoes is all there is, and a savepoint would copy every page it changes
		if group[0].err = group[0].ctx.Err(); group[0].err == nil {
			group[0].err = call(group[0].fn, Tx{q: tx, engine: db.engine})
		}
		if group[0].err != nil {
			return nil
		}
		return db.engine.fault(tx.Commit())
	}
	for _, j := range group {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if err := db.runOne(tx, j); err != nil {
			return err
		}
	}
	return db.engine.fault(tx.Commit())
}

// runOne runs j in a savepoint. It returns an error only when the transaction
// itself is lost (disk full, say); what fn returned is in j.err.
func (db *DB) runOne(tx *sql.Tx, j *job) error {
	ctx := context.WithoutCancel(j.ctx)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return db.engine.fault(err)
	}
	j.err = call(j.fn, Tx{q: tx, engine: db.engine})
	end := "RELEASE one"
	if j.err != nil {
		end = "ROLLBACK TO one"
	}
	if _, err := tx.ExecContext(ctx, end); err != nil {
		if j.err != nil {
			return j.err // says more than the failing rollback
		}
		return db.engine.fault(err)
	}
	return nil
}

// call keeps a panic in one caller's function from taking the writer with it.
func call(fn func(Tx) error, tx Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a transaction: %v", r)
		}
	}()
	return fn(tx)
}
