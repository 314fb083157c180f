package proof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/batch"
	"yuzhou/engine/proof/monitor"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// shelf is a module's table: what the operator may change behind the engine's back.
const shelf = `CREATE TABLE shelf (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)`

// put writes numbers and claims them, as a module does.
func (w *town) put(tb testing.TB, values map[string]string) {
	tb.Helper()
	err := w.db.Write(tb.Context(), func(tx store.Tx) error {
		for name, value := range values {
			if _, err := tx.Exec(tb.Context(), `INSERT INTO shelf (name, value) VALUES ($1, $2)`, name, value); err != nil {
				return err
			}
			if err := w.State(tb.Context(), tx, number(name, 1, value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// exec changes the database behind the engine's back.
func (w *town) exec(tb testing.TB, query string, args ...any) {
	tb.Helper()
	err := w.db.Write(tb.Context(), func(tx store.Tx) error {
		_, err := tx.Exec(tb.Context(), query, args...)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// claims is the module's Source.
func (w *town) claims(ctx context.Context, use func(Claim) error) error {
	return w.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT name, value FROM shelf ORDER BY name`, nil, func(scan func(...any) error) error {
			var name, value string
			if err := scan(&name, &value); err != nil {
				return err
			}
			return use(number(name, 1, value))
		})
	})
}

// stocked returns a town with numbers on its shelf and one that rests on two of them.
func stocked(t *testing.T, w *town) {
	t.Helper()
	w.exec(t, shelf)
	w.Admit(Source{Kinds: []statement.Kind{statement.Observation}, Claims: w.claims, Page: func(name string) string { return "/indicators/" + name }, One: func(ctx context.Context, r Ref) (c Claim, err error) {
		err = fault.New(fault.NotFound, "no %s", r.Name)
		_ = w.claims(ctx, func(x Claim) error {
			if x.Name == r.Name {
				c, err = x, nil
			}
			return nil
		})
		return c, err
	}})
	w.Admit(Source{Kinds: []statement.Kind{statement.Derived}, Kept: true, Page: func(name string) string { return "/indicators/" + name }, Claims: func(ctx context.Context, use func(Claim) error) error {
		return w.db.Read(ctx, func(tx store.Tx) error {
			var a, b string
			if _, err := tx.One(ctx, `SELECT value FROM shelf WHERE name = 'st.a/500000/2023'`, nil, &a); err != nil {
				return err
			}
			if _, err := tx.One(ctx, `SELECT value FROM shelf WHERE name = 'st.b/500000/2023'`, nil, &b); err != nil {
				return err
			}
			return use(Claim{
				Kind: statement.Derived, Name: "st.ab/500000/2023", Value: a + "/" + b, Period: "2023", Status: "derived", Formula: &Formula{ID: "st.ab", Text: "a/b"},
				Inputs: []Ref{{"st.a/500000/2023", 1}, {"st.b/500000/2023", 1}},
			})
		})
	}})
	w.put(t, map[string]string{"st.a/500000/2023": "1", "st.b/500000/2023": "2", "st.c/500000/2023": "3"})
	w.settle(t)
	if err := w.keepUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settle(t)
}

// audited returns what an audit finds, a line each: kind, name, what it touches.
func (w *town) audited(tb testing.TB) string {
	tb.Helper()
	got, err := w.Audit(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, f := range got.Findings {
		line := f.Kind + " " + strings.TrimPrefix(f.Name, "88.500.1/")
		for _, x := range f.Touches {
			line = strings.Join([]string{line, strings.TrimPrefix(x.Name, "88.500.1/")}, " > ")
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// TestOperator: what an operator does behind the engine's back is named by the audit, with
// what rests on it.
func TestOperator(t *testing.T) {
	for name, tt := range map[string]struct {
		query string
		args  []any
		found string
	}{
		"nothing":              {"", nil, ""},
		"edits a number":       {`UPDATE shelf SET value = '7' WHERE name = 'st.a/500000/2023'`, nil, "altered st.a/500000/2023@1 > st.ab/500000/2023@1; altered st.ab/500000/2023@1"},
		"drops a number":       {`DELETE FROM shelf WHERE name = 'st.c/500000/2023'`, nil, "missing st.c/500000/2023@1"},
		"slips in a number":    {`INSERT INTO shelf (name, value) VALUES ('st.d/500000/2023', '4')`, nil, "unstated st.d/500000/2023@1"},
		"edits a statement":    {`UPDATE proof_statement SET doc = replace(doc, '"value":"3"', '"value":"4"') WHERE name = 'st.c/500000/2023'`, nil, "unlogged st.c/500000/2023@1"},
		"drops a statement":    {`DELETE FROM proof_statement WHERE name = 'st.c/500000/2023'`, nil, "lost st.c/500000/2023@1"},
		"slips in a statement": {`INSERT INTO proof_statement (name, vintage, kind, digest, doc, issued, place) SELECT 'st.d/500000/2023', 1, kind, 'x', doc, issued, 99 FROM proof_statement WHERE name = 'st.c/500000/2023'`, nil, "unlogged st.d/500000/2023@1"},
	} {
		t.Run(name, func(t *testing.T) {
			eachTown(t, func(t *testing.T, w *town) {
				t.Helper()
				t.Helper()
				stocked(t, w)
				if tt.query != "" {
					w.exec(t, tt.query, tt.args...)
				}
				if got := w.audited(t); got != tt.found {
					t.Errorf("found %q, want %q", got, tt.found)
				}
			})
		})
	}
}

// TestAlteredInput: what is computed from altered data is not signed.
func TestAlteredInput(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		stocked(t, w)
		w.exec(t, `UPDATE shelf SET value = '7' WHERE name = 'st.a/500000/2023'`)
		w.Wake()
		if err := w.keepUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		all, err := w.History(t.Context(), "st.ab/500000/2023")
		if err != nil || len(all) != 1 || all[0].Text != "1/2 " {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// policy returns what a reader outside trusts.
func (w *town) readerPolicy(tb testing.TB) verify.Policy {
	tb.Helper()
	text, err := w.VerifierPolicy(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	p, err := verify.ParsePolicy([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// outside is a reader that sees the log's files alone.
func (w *town) outside(tb testing.TB) *monitor.Monitor {
	tb.Helper()
	return &monitor.Monitor{Policy: w.readerPolicy(tb), Now: func() time.Time { return begin().AddDate(1, 0, 0) }, Fetch: w.read}
}

// look is one step of a reader outside; it waits for a checkpoint over everything.
func (w *town) look(tb testing.TB, m *monitor.Monitor, was []byte) (now []byte, kinds string) {
	tb.Helper()
	if err := w.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	now, alerts, err := m.Step(tb.Context(), was)
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for _, a := range alerts {
		all = append(all, string(a.Kind))
	}
	return now, strings.Join(all, " ")
}

// TestFromOutside: an operator who restores an old log, or forks it, is caught from
// published files alone.
func TestFromOutside(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		w.claim(t, number("st.a/500000/2023", 1, "1"))
		w.settle(t)
		m := w.outside(t)
		seen, kinds := w.look(t, m, nil)
		if kinds != "" {
			t.Fatal(kinds)
		}
		old := filepath.Join(t.TempDir(), "old")
		if err := os.CopyFS(old, os.DirFS(filepath.Join(w.dir, "log"))); err != nil {
			t.Fatal(err)
		}
		w.claim(t, number("st.b/500000/2023", 1, "2"))
		w.settle(t)
		if seen, kinds = w.look(t, m, seen); kinds != "" {
			t.Fatal(kinds)
		}
		// The log is put back to what it was.
		if err := os.RemoveAll(filepath.Join(w.dir, "log")); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(w.dir, "log"), os.DirFS(old)); err != nil {
			t.Fatal(err)
		}
		if _, kinds := w.look(t, m, seen); kinds != "rollback" {
			t.Errorf("an old log: %q", kinds)
		}
		if err := w.try(t.Context(), number("st.c/500000/2023", 1, "3")); err != nil {
			t.Fatal(err)
		}
		if err := w.Settle(t.Context()); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the program goes on with an old log: %v", err)
		}
		// The operator makes the database forget, too, and states another past.
		w.exec(t, `DELETE FROM proof_claim`)
		w.exec(t, `DELETE FROM proof_statement WHERE name = 'st.b/500000/2023'`)
		w.claim(t, number("st.x/500000/2023", 1, "9"), number("st.y/500000/2023", 1, "9"))
		w.settle(t)
		if _, kinds := w.look(t, m, seen); kinds != "fork" {
			t.Errorf("another past: %q", kinds)
		}
	})
}

// TestDatabaseRestored: an old backup of the database beside the newer log. What was
// published since comes back from the log.
func TestDatabaseRestored(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		stocked(t, w)
		w.put(t, map[string]string{"st.d/500000/2023": "4"})
		w.settle(t)
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.exec(t, `DELETE FROM shelf WHERE name = 'st.d/500000/2023'`)
		w.exec(t, `DELETE FROM proof_statement WHERE name = 'st.d/500000/2023'`)
		w.begun.Store(false) // the program starts again
		if err := w.work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.audited(t); got != "missing st.d/500000/2023@1" {
			t.Errorf("found %q", got)
		}
		if err := w.try(t.Context(), number("st.d/500000/2023", 1, "5")); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another number for the same vintage: %v", err)
		}
	})
}

// inner is the log below the faults.
func inner(t *testing.T, w *town) Log {
	t.Helper()
	f, ok := w.opened.(faulty)
	if !ok {
		t.Fatal("the log is not open")
	}
	return f.Log
}

// TestClash: a number that was recorded in an old database before the log was looked at.
func TestClash(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		stocked(t, w)
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.exec(t, `DELETE FROM shelf WHERE name = 'st.c/500000/2023'`)
		w.exec(t, `DELETE FROM proof_statement WHERE name = 'st.c/500000/2023'`)
		w.put(t, map[string]string{"st.c/500000/2023": "8"})
		if err := w.Settle(t.Context()); fault.KindOf(err) != fault.Conflict {
			t.Errorf("it was acknowledged: %v", err)
		}
		w.settle(t)
		if got := w.audited(t); got != "altered st.c/500000/2023@1" {
			t.Errorf("found %q", got)
		}
	})
}

// TestFaults: whatever fails at a write, nothing that was acknowledged lacks its proof, and
// nothing is stated twice.
func TestFaults(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, fail := range map[string]func(t *testing.T, w *town) func(int) error{
		"the append fails, not persisted": func(*testing.T, *town) func(int) error { return func(int) error { return broken } },
		"the append fails, but is persisted": func(t *testing.T, w *town) func(int) error {
			t.Helper()
			return func(int) error {
				var docs [][]byte
				err := w.db.Read(context.Background(), func(tx store.Tx) error {
					rows, err := store.Collect(context.Background(), tx, `SELECT `+rowColumns+` FROM proof_statement WHERE place < 0 ORDER BY issued`, nil, scanRow)
					for _, r := range rows {
						docs = append(docs, r.doc)
					}
					return err
				})
				if err != nil {
					return err
				}
				if _, err := inner(t, w).Append(context.Background(), docs...); err != nil {
					return err
				}
				return broken
			}
		},
		"half of the append is persisted": func(t *testing.T, w *town) func(int) error {
			t.Helper()
			return func(int) error {
				var doc string
				err := w.db.Read(context.Background(), func(tx store.Tx) error {
					_, err := tx.One(context.Background(), `SELECT doc FROM proof_statement WHERE place < 0 ORDER BY issued LIMIT 1`, nil, &doc)
					return err
				})
				if err != nil {
					return err
				}
				if _, err := inner(t, w).Append(context.Background(), []byte(doc)); err != nil {
					return err
				}
				return broken
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachTown(t, func(t *testing.T, w *town) {
				t.Helper()
				t.Helper()
				stocked(t, w)
				w.put(t, map[string]string{"st.d/500000/2023": "4", "st.e/500000/2023": "5"})
				w.fail = fail(t, w)
				if err := w.Settle(t.Context()); err == nil {
					t.Fatal("it was acknowledged")
				}
				w.fail = nil
				w.settle(t)
				if got := w.audited(t); got != "" {
					t.Error(got)
				}
				seen := map[string]bool{}
				for _, n := range w.logged(t) {
					if seen[n] {
						t.Errorf("%s stands twice in the log", n)
					}
					seen[n] = true
				}
				if !seen["88.500.1/st.d/500000/2023@1"] || !seen["88.500.1/st.e/500000/2023@1"] {
					t.Error("not all of it is in the log")
				}
			})
		})
	}
}

// TestRecords: records are stated as trees, and one that was altered is named.
func TestRecords(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		w.exec(t, `CREATE TABLE calls (n BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)`)
		w.AdmitStream(Stream{Name: "call", Schema: "call/1", Keep: batch.Checks, Read: func(ctx context.Context, tx store.Tx, after, most int64, use func(int64, []byte) error) error {
			return tx.Each(ctx, `SELECT n, body FROM calls WHERE n > $1 AND n <= $2 ORDER BY n`, []any{after, after + most}, func(scan func(...any) error) error {
				var n int64
				var body string
				if err := scan(&n, &body); err != nil {
					return err
				}
				return use(n, []byte(body))
			})
		}})
		add := func(from, to int) {
			for n := from; n <= to; n++ {
				w.exec(t, `INSERT INTO calls (n, body) VALUES ($1, $2)`, n, fmt.Sprint("call ", n))
			}
			if err := w.gatherAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.settle(t)
		}
		add(1, 300)
		add(301, 310)
		all, err := w.History(t.Context(), batchName("call", 301))
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if got := w.audited(t); got != "" {
			t.Error(got)
		}
		w.exec(t, `UPDATE calls SET body = 'x' WHERE n = 299`)
		w.exec(t, `DELETE FROM calls WHERE n = 305`)
		if got := w.audited(t); got != "altered call/299; missing call/305" {
			t.Error(got)
		}
		w.exec(t, `UPDATE proof_batch SET tree = $1 WHERE first = 1`, []byte("yuzhou-tree/v1"))
		if got := w.audited(t); !strings.HasPrefix(got, "altered records.call/1@1") {
			t.Error(got)
		}
	})
}

// TestVerified: what the engine hands out holds for a stranger, before and after its key
// has ended, and no longer when it was revoked for that time.
func TestVerified(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		t.Helper()
		stocked(t, w)
		if err := w.stamp(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := w.readerPolicy(t)
		check := func(name string, ok bool) {
			t.Helper()
			for _, deep := range []bool{false, true} {
				file, err := w.Bundle(t.Context(), Ref{Name: name}, deep)
				if err != nil {
					t.Fatal(err)
				}
				if r := verify.Verify(file, p, verify.Options{}); r.OK != ok {
					_, en := r.Sentence()
					t.Errorf("%s: %s", name, en)
				}
			}
		}
		check("st.a/500000/2023", true)
		check("st.ab/500000/2023", true)
		w.clock.at = w.clock.at.Add(time.Hour)
		method, err := w.Rotate(t.Context(), "500000", statement.SuiteEdDSA)
		if err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		check("st.ab/500000/2023", true)
		w.clock.at = w.clock.at.Add(time.Hour)
		w.put(t, map[string]string{"st.d/500000/2023": "4"})
		w.settle(t)
		check("st.d/500000/2023", true)
		if err := w.Revoke(t.Context(), method, w.clock.at.Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		check("st.d/500000/2023", false)
		check("st.ab/500000/2023", true)
	})
}

// TestMutatedBundles: of what the engine hands out no byte can be changed.
func TestMutatedBundles(t *testing.T) {
	w := build(t, migrated(t), t.TempDir())
	stocked(t, w)
	if err := w.stamp(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := w.readerPolicy(t)
	file, err := w.Bundle(t.Context(), Ref{Name: "st.a/500000/2023"}, false)
	if err != nil {
		t.Fatal(err)
	}
	for at := range file {
		changed := bytes.Clone(file)
		changed[at] ^= 1
		if verify.Verify(changed, p, verify.Options{}).OK {
			t.Fatalf("byte %d can be changed", at)
		}
	}
}

// migrated returns a database of the engine alone.
func migrated(t *testing.T) *store.DB {
	t.Helper()
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "proof", migrations); err != nil {
		t.Fatal(err)
	}
	return db
}
