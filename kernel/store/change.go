package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Change is a statement that returns no rows, with its arguments.
type Change struct {
	Query string
	Args  []any
}

// ExecAll carries out changes in order, as Exec does one. PostgreSQL gets them all at
// once and answers once; SQLite reads each different statement once. After an error
// the transaction is good for nothing but to be given up.
func (tx Tx) ExecAll(ctx context.Context, all []Change) error {
	if tx.conn != nil {
		return tx.engine.fault(tx.send(ctx, all))
	}
	made := map[string]*sql.Stmt{}
	var err error
	for _, c := range all {
		if made[c.Query] == nil {
			if made[c.Query], err = tx.q.PrepareContext(ctx, c.Query); err != nil { //nolint:sqlclosecheck // closed below
				delete(made, c.Query)
				break
			}
		}
		if _, err = made[c.Query].ExecContext(ctx, c.Args...); err != nil {
			break
		}
	}
	for _, s := range made {
		err = errors.Join(err, s.Close())
	}
	return tx.engine.fault(err)
}

// send gives changes to PostgreSQL as one batch.
func (tx Tx) send(ctx context.Context, all []Change) error {
	if len(all) == 0 {
		return nil
	}
	return tx.conn.Raw(func(driver any) error {
		var b pgx.Batch
		for _, c := range all {
			b.Queue(c.Query, c.Args...)
		}
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, &b).Close() //nolint:forcetypeassert,errcheck // openPostgres opened it
	})
}
