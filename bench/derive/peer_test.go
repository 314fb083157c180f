package derive

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	_ "modernc.org/sqlite"

	"yuzhou/modules/indicators/column"
)

// peer is the same derivation in SQLite, in memory and without a journal: as fast
// as it can be there.
type peer struct {
	db *sql.DB
	size
}

func newPeer(tb testing.TB, s size, p *column.Panel) *peer {
	tb.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{
		`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`,
		`CREATE TABLE unit (id INTEGER PRIMARY KEY, parent INTEGER)`,
		`CREATE TABLE base (ind INTEGER, unit INTEGER, month INTEGER, value REAL, PRIMARY KEY (ind, unit, month)) WITHOUT ROWID`,
		`CREATE TABLE derived (ind INTEGER, unit INTEGER, month INTEGER, value REAL, PRIMARY KEY (ind, unit, month)) WITHOUT ROWID`,
	} {
		if _, err := db.ExecContext(tb.Context(), q); err != nil {
			tb.Fatal(q, err)
		}
	}
	tx, err := db.BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	parents := s.parents()
	hasChildren := map[int]bool{}
	for u, parent := range parents {
		hasChildren[parent] = true
		if _, err := tx.ExecContext(tb.Context(), `INSERT INTO unit VALUES ($1, NULLIF($2, -1))`, u, parent); err != nil {
			tb.Fatal(err)
		}
	}
	for i := range s.base {
		for u := range parents {
			if hasChildren[u] {
				continue
			}
			for m, v := range p.Row(baseID(i), u) {
				if _, err := tx.ExecContext(tb.Context(), `INSERT INTO base VALUES ($1, $2, $3, $4)`, i, u, m, v); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
	return &peer{db, s}
}

// query is the k-th derivation as INSERT … SELECT.
func (p *peer) query(k int) string {
	stock, first, second := p.operands(k)
	head := fmt.Sprintf(`INSERT INTO derived SELECT %d, a.unit, a.month, `, k)
	series := fmt.Sprintf(` FROM base a WHERE a.ind = %d WINDOW w AS (PARTITION BY a.unit ORDER BY a.month)`, first)
	with := func(alias string, ind int) string {
		return fmt.Sprintf(` JOIN base %s ON %s.ind = %d AND %s.unit = a.unit AND %s.month = a.month`, alias, alias, ind, alias, alias)
	}
	of := fmt.Sprintf(` WHERE a.ind = %d`, first)
	switch k % kinds {
	case 0:
		return head + `a.value / b.value * 100 FROM base a` + with("b", second) + of
	case 1:
		return head + `(a.value + 1.5 * b.value) / c.value FROM base a` + with("b", second) + with("c", stock) + of
	case 2:
		return head + `(a.value / LAG(a.value, 12) OVER w - 1) * 100` + series
	case 3:
		return head + `CASE WHEN a.month >= 11 THEN AVG(a.value) OVER (w ROWS 11 PRECEDING) END` + series
	case 4:
		return head + `SUM(a.value) OVER (PARTITION BY a.unit, a.month / 12 ORDER BY a.month) FROM base a` + of
	case 5:
		return head + `a.value - LAG(a.value) OVER w` + fmt.Sprintf(` FROM base a WHERE a.ind = %d WINDOW w AS (PARTITION BY a.unit ORDER BY a.month)`, stock)
	case 6:
		return head + `a.value / b.value * 100 FROM base a JOIN unit u ON u.id = a.unit LEFT JOIN base b ON b.ind = a.ind AND b.unit = u.parent AND b.month = a.month` + of
	case 7:
		return head + `RANK() OVER (PARTITION BY u.parent, a.month ORDER BY a.value DESC) FROM base a JOIN unit u ON u.id = a.unit` + of
	case 8:
		return head + `a.value - LAG(a.value, 12) OVER w` + fmt.Sprintf(` FROM derived a WHERE a.ind = %d WINDOW w AS (PARTITION BY a.unit ORDER BY a.month)`, k-8)
	}
	return head + `COALESCE(LAG(a.value) OVER w, a.value)` + series
}

// clear takes away what recompute makes.
func (p *peer) clear(ctx context.Context) error {
	_, err := p.db.ExecContext(ctx, `DELETE FROM derived; DELETE FROM base WHERE unit IN (SELECT parent FROM unit)`)
	return err
}

// recompute rolls the published numbers up to provinces, then to the country, and
// derives the others, in one transaction.
func (p *peer) recompute(ctx context.Context) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	queries := []string{
		`INSERT INTO base SELECT ind, parent, month, SUM(value) FROM base JOIN unit ON unit.id = base.unit WHERE parent > 0 GROUP BY ind, parent, month`,
		`INSERT INTO base SELECT ind, parent, month, SUM(value) FROM base JOIN unit ON unit.id = base.unit WHERE parent = 0 GROUP BY ind, parent, month`,
	}
	for k := range p.derived {
		queries = append(queries, p.query(k))
	}
	for _, q := range queries {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return tx.Commit()
}
