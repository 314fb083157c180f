package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	sqlite3 "modernc.org/sqlite"       // driver "sqlite"

	"yuzhou/kernel/fault"
)

// engine is which database system answers.
type engine string

const (
	sqlite   engine = "sqlite"
	postgres engine = "postgres"
)

// readers is how many connections read SQLite at once: WAL readers do not block.
const readers = 4

// Open opens the database that dsn names: a postgres:// URL, or else the path of
// an SQLite file, which it creates. PostgreSQL must compare text by bytes (C
// collation), so that both engines sort alike; otherwise Open returns fault.Invalid.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") {
		return openPostgres(ctx, dsn)
	}
	// temp_store: what a savepoint copies stays in memory.
	pragmas := "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=cache_size(-16384)&_pragma=temp_store(MEMORY)"
	name := "file:" + (&url.URL{Path: dsn}).EscapedPath()
	write, err := sql.Open("sqlite", name+pragmas+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	db := &DB{
		write: write, engine: sqlite, queue: make(chan *job, maxGroup),
		done: make(chan struct{}), closed: make(chan struct{}),
	}
	if err := write.PingContext(ctx); err != nil { // creates the file before readers open it
		return nil, errors.Join(fault.New(fault.Invalid, "data file %s cannot be opened", dsn), err, write.Close())
	}
	if db.read, err = sql.Open("sqlite", name+pragmas+"&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	db.read.SetMaxOpenConns(readers + 1) // one is watch
	db.read.SetMaxIdleConns(readers + 1)
	if db.watch, err = db.read.Conn(ctx); err != nil {
		return nil, errors.Join(err, db.read.Close(), write.Close())
	}
	go db.writer()
	return db, nil
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	var byBytes bool
	if err := pool.QueryRowContext(ctx, `SELECT 'a' > 'B' AND 'Z' < 'a'`).Scan(&byBytes); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	if !byBytes {
		return nil, errors.Join(fault.New(fault.Invalid,
			"the PostgreSQL database sorts text by a language; create it with LC_COLLATE 'C'"), pool.Close())
	}
	return &DB{read: pool, write: pool, engine: postgres}, nil
}

// Close waits for the commit under way and closes the database.
func (db *DB) Close() error {
	if db.engine == postgres {
		return db.read.Close()
	}
	close(db.closed)
	<-db.done
	return errors.Join(db.watch.Close(), db.read.Close(), db.write.Close())
}

// Codes of the engines that callers can act on.
const (
	sqliteBusy, sqliteFull, sqliteCheck              = 5, 13, 275
	sqliteUnique, sqlitePrimary, sqliteForeign       = 2067, 1555, 787
	pgUnique, pgCheck, pgForeign, pgDiskFull, pgSeri = "23505", "23514", "23503", "53100", "40001"
)

// fault maps an engine's error to the kind a caller can act on, once for all
// modules. Other errors pass unchanged; nil stays nil.
func (e engine) fault(err error) error {
	var lite *sqlite3.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &lite):
		switch code := lite.Code(); {
		case code == sqliteUnique || code == sqlitePrimary:
			return &fault.Fault{Kind: fault.Conflict, Text: "this exists already", Err: err}
		case code == sqliteCheck || code == sqliteForeign:
			return &fault.Fault{Kind: fault.Invalid, Text: "the database refuses this value", Err: err}
		case code == sqliteFull:
			return &fault.Fault{Kind: fault.Busy, Text: "the disk is full: nothing was changed; make room and try again", Err: err}
		case code&0xff == sqliteBusy:
			return &fault.Fault{Kind: fault.Busy, Text: "the database is busy: nothing was changed; try again", Err: err}
		}
	case errors.As(err, &pg):
		switch pg.Code {
		case pgUnique:
			return &fault.Fault{Kind: fault.Conflict, Text: "this exists already", Err: err}
		case pgCheck, pgForeign:
			return &fault.Fault{Kind: fault.Invalid, Text: "the database refuses this value", Err: err}
		case pgDiskFull:
			return &fault.Fault{Kind: fault.Busy, Text: "the disk is full: nothing was changed; make room and try again", Err: err}
		case pgSeri:
			return &fault.Fault{Kind: fault.Busy, Text: "the database is busy: nothing was changed; try again", Err: err}
		}
	}
	return err
}

// Micros is how instants are stored: microseconds since 1970, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros is the inverse of Micros.
func FromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding) //nolint:gochecknoglobals // a table

// NewID returns an identifier of 128 bits as 26 characters that sort by time:
// 48 bits of milliseconds and 80 random bits.
//
// Source: the ULID specification's layout and alphabet.
func NewID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails since Go 1.24
	return idText.EncodeToString(b[:])
}

// String names the engine for logs.
func (db *DB) String() string { return fmt.Sprintf("%s database", db.engine) }
