package proof

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/logstore"
	"yuzhou/engine/proof/seal"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// quiet stands in for the people and units.
type quiet struct{}

func (quiet) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// begin is when tests begin.
func begin() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// town is an engine with its database, log and clock.
type town struct {
	*Service
	clock *clock
	dir   string
	every time.Duration           // between checkpoints
	fail  func(entries int) error // of the next appends; nil: they go well
}

// faulty is a log whose appends may fail.
type faulty struct {
	*logstore.Log
	t *town
}

func (f faulty) Append(ctx context.Context, entries ...[]byte) ([]uint64, error) {
	if f.t.fail != nil {
		if err := f.t.fail(len(entries)); err != nil {
			return nil, err
		}
	}
	return f.Log.Append(ctx, entries...)
}

// build returns a town on a database; the log and the sealing key are in dir.
func build(tb testing.TB, db *store.DB, dir string) *town {
	tb.Helper()
	w := &town{clock: &clock{begin()}, dir: dir, every: 100 * time.Millisecond}
	host := module.Host{
		DB: db, Log: slog.New(slog.DiscardHandler), Now: w.clock.now,
		Site: web.Site{Unit: "500000", Prefix: "88.500.1", Version: "0.1.0", Now: w.clock.now, Zone: time.UTC},
	}
	folder := filepath.Join(dir, "log")
	w.Service = New(host, quiet{}, Config{
		Keys: func() (seal.KEK, error) { return seal.Key(strings.Repeat("k", 32)), nil },
		Open: func(ctx context.Context, o Opening) (Log, error) {
			l, err := logstore.Open(ctx, logstore.Config{Dir: folder, Signer: o.Signer, Verifier: o.Verifier, Least: o.Least, Policy: w.Policy, Every: w.every})
			if err != nil {
				return nil, err
			}
			return faulty{l, w}, nil
		},
		Read: func(name string) (*os.File, error) { return logstore.Public(folder, name) },
	})
	tb.Cleanup(func() { _ = w.Close(context.Background()) })
	return w
}

// eachTown runs fn on both databases.
func eachTown(t *testing.T, fn func(t *testing.T, w *town)) {
	t.Helper()
	testkit.EachStore(t, "proof", migrations, func(t *testing.T, db *store.DB) {
		t.Helper()
		fn(t, build(t, db, t.TempDir()))
	})
}

// number is the claim of a number.
func number(name string, vintage int64, value string) Claim {
	return Claim{
		Kind: statement.Observation, Name: name, Vintage: vintage, Value: value, Unit: "家", Period: "2023-06-30", Status: "reported",
		Source: &statement.Source{Document: "site-2023", Locator: "line 17"},
	}
}

// claim states claims in one transaction.
func (w *town) claim(tb testing.TB, all ...Claim) {
	tb.Helper()
	if err := w.try(tb.Context(), all...); err != nil {
		tb.Fatal(err)
	}
}

func (w *town) try(ctx context.Context, all ...Claim) error {
	return w.db.Write(ctx, func(tx store.Tx) error {
		for _, c := range all {
			if err := w.State(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *town) settle(tb testing.TB) {
	tb.Helper()
	if err := w.Settle(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// standing asks how far a claim is proved.
func (w *town) standing(tb testing.TB, c Claim) Standing {
	tb.Helper()
	got, err := w.Standing(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// logged returns the names of the log's entries, each with its vintage.
func (w *town) logged(tb testing.TB) []string {
	tb.Helper()
	var out []string
	_, err := w.entries(tb.Context(), 0, func(_ uint64, entry []byte) error {
		st, _, err := statement.Parse(entry)
		out = append(out, w.full(Ref{w.path(st.Name), st.Vintage}))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestStated(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		a := number("st.hte/500000/2023-06-30", 1, "4320")
		w.claim(t, a)
		if got := w.standing(t, a); got.State != Waiting {
			t.Errorf("before it is settled: %+v", got)
		}
		w.settle(t)
		want := Standing{State: Proved, Name: "88.500.1/st.hte/500000/2023-06-30", Vintage: 1, Newest: 1, Place: 2}
		if got := w.standing(t, a); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if got := w.standing(t, number("st.hte/500000/2023-06-30", 1, "4321")); got.State != Altered {
			t.Errorf("another value: %+v", got)
		}
		if got := w.standing(t, number("st.hte/500000/2022", 1, "1")); got.State != Unstated {
			t.Errorf("what nobody stated: %+v", got)
		}
		b := number(a.Name, 2, "4400")
		w.claim(t, b)
		w.settle(t)
		if got := w.standing(t, a); got.State != Superseded || got.Newest != 2 {
			t.Errorf("the vintage before: %+v", got)
		}
		w.claim(t, Claim{Kind: statement.Observation, Name: a.Name, Vintage: 3, Withdraw: true})
		w.settle(t)
		if got := w.standing(t, b); got.State != Withdrawn {
			t.Errorf("what was withdrawn: %+v", got)
		}
		if got := w.logged(t); fmt.Sprint(got) != "[88.500.1/500000#root@1 88.500.1/500000#k1@1 88.500.1/st.hte/500000/2023-06-30@1 88.500.1/st.hte/500000/2023-06-30@2 88.500.1/st.hte/500000/2023-06-30@3]" {
			t.Errorf("the log has %v", got)
		}
	})
}

func TestStateTwice(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		a := number("st.hte/500000/2023-06-30", 1, "4320")
		w.claim(t, a, a)
		w.settle(t)
		w.claim(t, a)
		loose := a
		loose.Vintage = 0
		w.claim(t, loose)
		w.settle(t)
		if n := len(w.logged(t)); n != 3 {
			t.Errorf("the log has %d entries", n)
		}
		other := number(a.Name, 1, "4321")
		if err := w.try(t.Context(), other); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another value for the same vintage: %v", err)
		}
		other.Vintage = 0
		w.claim(t, other)
		w.settle(t)
		if got := w.standing(t, other); got.State != Proved || got.Vintage != 2 {
			t.Errorf("the next vintage: %+v", got)
		}
	})
}

// TestMany: more claims than are signed at once, before there is a key, and more than that
// which cannot be stated.
func TestMany(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		var stuck, fine []Claim
		for i := range atOnce + 10 {
			name := fmt.Sprintf("st.a/%d/2023", i)
			stuck = append(stuck, Claim{
				Kind: statement.Derived, Name: "st.b" + name, Value: "1", Period: "2023", Formula: &Formula{ID: "st.x", Text: "x"}, Inputs: []Ref{{"st.none/1/2023", 1}},
			})
			fine = append(fine, number(name, 1, "1"))
		}
		w.claim(t, append(stuck, fine...)...)
		w.settle(t)
		if n := len(w.logged(t)); n != len(fine)+2 {
			t.Errorf("the log has %d entries, want %d", n, len(fine)+2)
		}
	})
}

func TestStateRefuses(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		for name, tt := range map[string]struct {
			claim Claim
			words string
		}{
			"no value": {Claim{Kind: statement.Observation, Name: "a", Vintage: 1, Period: "2023"}, "value and period"},
			"a space":  {number("a b", 1, "1"), "segment"},
			"no name":  {number("", 1, "1"), "no path"},
		} {
			if err := w.try(t.Context(), tt.claim); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestDerivedWaitsForInputs(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		a, b := number("st.a/500000/2023", 1, "1"), number("st.b/500000/2023", 1, "2")
		rule := Formula{ID: "st.ab", Text: `{"text":"a / b"}`}
		c := Claim{
			Kind: statement.Derived, Name: "st.ab/500000/2023", Value: "0.5", Period: "2023", Status: "derived", Formula: &rule,
			Inputs: []Ref{{a.Name, 1}, {b.Name, 1}},
		}
		w.claim(t, c, a)
		w.settle(t)
		if got := w.standing(t, c); got.State != Waiting {
			t.Errorf("without one input: %+v", got)
		}
		w.claim(t, b)
		w.settle(t)
		if got := w.standing(t, c); got.State != Proved {
			t.Errorf("with both: %+v", got)
		}
	})
}

// TestClockSetBack: a statement is newer than the one before it, whatever the clock says.
func TestClockSetBack(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		w.claim(t, number("st.a/500000/2023", 1, "1"))
		w.settle(t)
		w.clock.at = begin().AddDate(-1, 0, 0)
		w.claim(t, number("st.b/500000/2023", 1, "1"), number("st.c/500000/2023", 1, "1"))
		w.settle(t)
		var last time.Time
		_, err := w.entries(t.Context(), 0, func(_ uint64, entry []byte) error {
			st, _, err := statement.Parse(entry)
			if !st.Issued.After(last) {
				t.Errorf("%s was issued at %s, not after %s", st.Name, st.Issued, last)
			}
			last = st.Issued.Time
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestRotateAndRevoke(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		w.claim(t, number("st.a/500000/2023", 1, "1"))
		w.settle(t)
		w.clock.at = w.clock.at.Add(time.Hour)
		method, err := w.Rotate(t.Context(), "500000", statement.SuiteEdDSA)
		if err != nil || method != "88.500.1/500000#k2" {
			t.Fatal(method, err)
		}
		w.clock.at = w.clock.at.Add(time.Hour)
		if _, err := w.Rotate(t.Context(), "500000", statement.SuiteSM2); err != nil {
			t.Fatal(err)
		}
		w.clock.at = w.clock.at.Add(time.Hour)
		w.claim(t, number("st.b/500000/2023", 1, "1"))
		w.settle(t)
		var suites []string
		_, err = w.entries(t.Context(), 0, func(_ uint64, entry []byte) error {
			_, proofs, err := statement.Parse(entry)
			suites = suites[:0]
			for _, p := range proofs {
				suites = append(suites, p.VerificationMethod+" "+p.Cryptosuite)
			}
			return err
		})
		if err != nil || fmt.Sprint(suites) != "[88.500.1/500000#k2 eddsa-jcs-2022 88.500.1/500000#k3 sm2-sm3-jcs]" {
			t.Errorf("the last statement is signed by %v, %v", suites, err)
		}
		if err := w.Revoke(t.Context(), method, w.clock.at.Add(time.Hour)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("revoked from the future on: %v", err)
		}
		if err := w.Revoke(t.Context(), method, w.clock.at.Add(-30*time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		found, err := w.Audit(t.Context())
		if err != nil || len(found.Findings) != 1 || found.Findings[0].Kind != FoundBroken {
			t.Errorf("what a revoked key has signed since: %+v, %v", found, err)
		}
	})
}

func TestMain(m *testing.M) {
	logstore.Report(slog.New(slog.DiscardHandler))
	if dir := os.Getenv("YUZHOU_PROOF_PUBLISH"); dir != "" {
		publish(dir)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestBundle(t *testing.T) {
	eachTown(t, func(t *testing.T, w *town) {
		t.Helper()
		a, b := number("st.a/500000/2023", 1, "1"), number("st.b/500000/2023", 1, "2")
		c := Claim{
			Kind: statement.Derived, Name: "st.ab/500000/2023", Value: "0.5", Period: "2023", Status: "derived", Formula: &Formula{ID: "st.ab", Text: `{"text":"a / b"}`},
			Inputs: []Ref{{a.Name, 1}, {b.Name, 1}},
		}
		w.claim(t, a, b, c)
		w.settle(t)
		for _, name := range []string{a.Name, "88.500.1/" + a.Name + "@1", c.Name, "500000#k1"} {
			r, err := w.ParseRef(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := w.Bundle(t.Context(), r, false)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d bytes", name, len(file))
			if len(file) > 6<<10 && name == a.Name {
				t.Errorf("the bundle of a number has %d bytes, more than 6 KiB", len(file))
			}
			if err := w.stamp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Bundle(t.Context(), Ref{"st.x/500000/2023", 0}, false); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of what nobody stated: %v", err)
		}
	})
}
