package proof

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yuzhou/engine/proof/batch"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// TestPruned: what the README says may be dropped may, and what can be proved after.
func TestPruned(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		stocked(t, w)
		p := w.readerPolicy(t)
		m := w.outside(t)
		seen, kinds := w.look(t, m, nil)
		if kinds != "" {
			t.Fatal(kinds)
		}
		if err := os.RemoveAll(filepath.Join(w.dir, "log", "tile", "entries")); err != nil {
			t.Fatal(err)
		}
		file, err := w.Bundle(t.Context(), Ref{Name: "st.ab/500000/2023"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if r := verify.Verify(file, p, verify.Options{}); !r.OK {
			_, en := r.Sentence()
			t.Error(en)
		}
		if _, kinds := w.look(t, m, seen); kinds != "" {
			t.Errorf("who has followed the log is told: %s", kinds)
		}
		if _, _, err := m.Step(t.Context(), nil); err == nil {
			t.Error("who begins anew does not notice that entries are gone")
		}
	})
}

// TestRecordsDropped: of records that were dropped, one that comes back is checked alone
// when the tree keeps leaves, and with its neighbours else.
func TestRecordsDropped(t *testing.T) {
	for keep, alone := range map[batch.Keep]bool{batch.Leaves: true, batch.Checks: false, batch.Runs: false} {
		b := batch.Builder{Schema: "call/1", Keep: keep}
		for i := range 300 {
			if err := b.Append(fmt.Appendf(nil, "call %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		tree, err := b.Close()
		if err != nil {
			t.Fatal(err)
		}
		p, err := tree.Prove(7, 1, nil)
		if alone != (err == nil) {
			t.Errorf("%s: %v", keep, err)
		}
		if alone && p.Verify(tree.Root, [][]byte{[]byte("call 7")}) != nil {
			t.Errorf("%s: the record that came back does not verify", keep)
		}
	}
}

// TestDevice: a key that a device holds signs, and nothing of it is in the database.
func TestDevice(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		const method = "88.500.1/500101#k1"
		device, err := statement.NewSigner(statement.SuiteSM2, method, []byte(strings.Repeat("d", 32)))
		if err != nil {
			t.Fatal(err)
		}
		w.Device = func(_ context.Context, name, suite string) (statement.Signer, error) {
			if name != method || suite != statement.SuiteSM2 {
				return nil, fault.New(fault.NotFound, "the device has no key %s", name)
			}
			return device, nil
		}
		c := number("st.a/500101/2023", 1, "1")
		w.claim(t, c)
		w.settle(t) // the city's root is there
		if err := w.Enrol(t.Context(), "500101", "k1", device.Public()); err != nil {
			t.Fatal(err)
		}
		c = number("st.b/500101/2023", 1, "2")
		c.Issuer = "500101"
		w.claim(t, c)
		w.settle(t)
		file, err := w.Bundle(t.Context(), Ref{Name: c.Name}, false)
		if err != nil {
			t.Fatal(err)
		}
		r := verify.Verify(file, w.readerPolicy(t), verify.Options{})
		if !r.OK || len(r.Keys) != 1 || r.Keys[0].Name != method {
			t.Errorf("%+v", r)
		}
		all, err := w.Register(t.Context())
		if err != nil || !all[len(all)-1].Device {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// forbid makes the database refuse an operation on a table until the function it returns
// is called.
func forbid(t *testing.T, w *town, operation, table string) (allow func()) {
	t.Helper()
	if strings.HasSuffix(t.Name(), "sqlite") {
		w.exec(t, `CREATE TRIGGER forbidden BEFORE `+operation+` ON `+table+` BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END`)
		return func() { w.exec(t, `DROP TRIGGER forbidden`) }
	}
	w.exec(t, `CREATE FUNCTION forbidden() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the disk is gone''; END'`)
	w.exec(t, `CREATE TRIGGER forbidden BEFORE `+operation+` ON `+table+` FOR EACH ROW EXECUTE FUNCTION forbidden()`)
	return func() {
		w.exec(t, `DROP TRIGGER forbidden ON `+table)
		w.exec(t, `DROP FUNCTION forbidden()`)
	}
}

// TestDatabaseFaults: each write of the database fails once; nothing is acknowledged, and
// after it everything is stated, once.
func TestDatabaseFaults(t *testing.T) {
	for _, tt := range []struct {
		name, operation, table string
		claimed                bool // the number itself is there all the same
	}{
		{"the claim", "INSERT", "proof_claim", false},
		{"the statement", "INSERT", "proof_statement", true},
		{"taking the claim away", "DELETE", "proof_claim", true},
		{"the place in the log", "UPDATE", "proof_statement", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachTown(t, func(t *testing.T, w *town) {
				t.Helper()
				stocked(t, w)
				allow := forbid(t, w, tt.operation, tt.table)
				err := w.db.Write(t.Context(), func(tx store.Tx) error {
					if _, err := tx.Exec(t.Context(), `INSERT INTO shelf (name, value) VALUES ('st.d/500000/2023', '4')`); err != nil {
						return err
					}
					return w.State(t.Context(), tx, number("st.d/500000/2023", 1, "4"))
				})
				if (err == nil) != tt.claimed {
					t.Fatalf("the number is written: %v", err)
				}
				if err := w.Settle(t.Context()); tt.claimed && err == nil {
					t.Error("it was acknowledged")
				}
				allow()
				if !tt.claimed {
					w.put(t, map[string]string{"st.d/500000/2023": "4"})
				}
				w.settle(t)
				if got := w.audited(t); got != "" {
					t.Error(got)
				}
				seen := map[string]int{}
				for _, n := range w.logged(t) {
					if seen[n]++; seen[n] > 1 {
						t.Errorf("%s stands twice in the log", n)
					}
				}
				if seen["88.500.1/st.d/500000/2023@1"] != 1 {
					t.Error("it is not in the log")
				}
			})
		})
	}
}
