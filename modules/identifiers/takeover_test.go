package identifiers

import (
	"context"
	"io/fs"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// TestJudge: a node is taken over when 51 % of the probes fail three times in a row, and
// handed back after three good rounds; a round without probes says nothing.
func TestJudge(t *testing.T) {
	type round struct{ failed, all int }
	for _, tt := range []struct {
		name   string
		rounds []round
		want   string // after each round: + taken over, - handed back, . nothing
	}{
		{"all fail", []round{{4, 4}, {4, 4}, {4, 4}, {4, 4}}, "..+."},
		{"51 of 100", []round{{51, 100}, {51, 100}, {51, 100}}, "..+"},
		{"half of them", []round{{2, 4}, {2, 4}, {2, 4}, {2, 4}}, "...."},
		{"a good round between", []round{{3, 3}, {3, 3}, {0, 3}, {3, 3}, {3, 3}, {3, 3}}, ".....+"},
		{"back again", []round{{1, 1}, {1, 1}, {1, 1}, {0, 1}, {0, 1}, {1, 1}, {0, 1}, {0, 1}, {0, 1}}, "..+.....-"},
		{"nobody probes", []round{{0, 0}, {0, 0}, {0, 0}, {0, 0}}, "...."},
	} {
		w, taken, got := standing{}, false, ""
		for _, r := range tt.rounds {
			var take, back bool
			w, take, back = w.judge(r.failed, r.all, taken)
			switch {
			case take:
				taken, got = true, got+"+"
			case back:
				taken, got = false, got+"-"
			default:
				got += "."
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// dirs gives a store in memory for each directory, which outlives whoever closes it.
type dirs map[string]*lasting

// lasting is a store that is not gone when it is closed.
type lasting struct{ records.Store }

func (lasting) Close() error { return nil }

func (d dirs) open(now func() time.Time) func(context.Context, string) (records.Store, error) {
	return func(_ context.Context, dir string) (records.Store, error) {
		if d[dir] == nil {
			d[dir] = &lasting{records.NewMemory(now)}
		}
		return d[dir], nil
	}
}

// nodeOn puts a node with a prefix on a database of its own, and serves its API.
func nodeOn(t *testing.T, prefix string, stores dirs, settings map[string]string) (*stage, string) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context(), "identifiers", migrations); err != nil {
		t.Fatal(err)
	}
	st := onStage(t, db)
	st.site.Prefix = prefix
	st.Open = stores.open(func() time.Time { return st.at })
	st.settings = func(name string) string { return settings[name] }
	st.Proof = &prooftest.Book{}
	server := httptest.NewServer(st.visit(t).h)
	t.Cleanup(server.Close)
	return st, server.URL
}

// TestTakeover: a node below deposits its records day by day; when it is down the node
// above answers from them, leads to those further below, takes no changes, still does so
// after a restart, and hands back.
func TestTakeover(t *testing.T) {
	stores := dirs{}
	upper, above := nodeOn(t, "88", stores, map[string]string{settingEscrow: "127.0.0.1:0"})
	lower, url := nodeOn(t, "88.500", stores, map[string]string{settingDocking: above})
	st, err := lower.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	below, err := site([]Server{{Address: "192.0.2.9", TCP: 2641}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	further := handle.Record{Name: "0.NA/88.500.1", Values: []handle.Value{{Index: 1, Type: handle.TypeSite, Data: typed.AppendSite(nil, below), Perm: handle.Usual}}}
	memory := &counting{Store: st}
	memory.put(t, named("88.500/a"), named("88.500/gone"), named("88.5001/other"), further)
	upper.delegated(t, url)

	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- upper.takeDeposits(ctx) }()
	for upper.takesAt() == "" {
		time.Sleep(time.Millisecond)
	}
	lower.nextDay(t, upper)
	upper.kept(t, "88.500/a", true)
	upper.kept(t, "88.5001/other", false)
	memory.put(t, named("88.500/b"))
	if _, err := st.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Delete, Record: handle.Record{Name: "88.500/gone"}}}}); err != nil {
		t.Fatal(err)
	}
	lower.nextDay(t, upper)
	upper.kept(t, "88.500/b", true)
	upper.kept(t, "88.500/gone", false)
	if made := lower.made(t); len(made) != 2 || made[0].Kind != "DIFF" || made[1].Kind != "FULL" || !made[0].Sent {
		t.Errorf("%+v", made)
	}

	for range takeoverRounds {
		if err := upper.probeLower(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	upper.answers(t)
	again := New(module.Host{DB: upper.db, Now: upper.now, Log: upper.log, Site: upper.site, Setting: upper.settings, Dir: filepath.Dir(upper.dir)}, upper.Needs)
	if err := again.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := again.keepStandby(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := again.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	(&stage{Service: again, at: upper.at}).answers(t)

	if err := upper.handBack(t.Context(), "88.500"); err != nil {
		t.Fatal(err)
	}
	if p := upper.place("88.500"); p.Standing != node.Delegated {
		t.Errorf("it stands as %v", p.Standing)
	}
	if all, err := upper.takeovers(t.Context()); err != nil || len(all) != 1 || all[0].Until.IsZero() || !strings.Contains(all[0].Reason, "of 3 probes fail") {
		t.Errorf("%+v, %v", all, err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// delegated allocates 88.500 and delegates it to where nobody answers but by HTTP.
func (st *stage) delegated(t *testing.T, url string) {
	t.Helper()
	at, err := netip.ParseAddrPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := netip.MustParseAddrPort(ln.Addr().String()).Port()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	r := factory()
	st.decide(t, Change{Change: Allocate, Prefix: "88.500", Registrant: &r})
	c, err := st.Propose(as(t, actor.Clerk), Change{Change: Delegate, Prefix: "88.500", Route: []Server{{Address: "127.0.0.1", UDP: dead, TCP: dead, HTTP: at.Port()}}})
	if err != nil {
		t.Fatal(err)
	}
	st.step(as(t, actor.Leader), t, c.ID, "approve")
	if err := st.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (st *stage) takesAt() string {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.depository
}

// nextDay lets a day end, takes its census, deposits it, and lets the node above restore it.
func (st *stage) nextDay(t *testing.T, upper *stage) {
	t.Helper()
	st.at = st.at.AddDate(0, 0, 1)
	upper.at = st.at
	for _, run := range []func(context.Context) error{st.takeCensus, st.depositRecords, upper.keepStandby} {
		if err := run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	st.at = st.at.Add(time.Hour)
}

// kept looks whether the standby of 88.500 has an identifier.
func (st *stage) kept(t *testing.T, name string, want bool) {
	t.Helper()
	st.standby.mu.RLock()
	b := st.standby.kept["88.500"]
	st.standby.mu.RUnlock()
	if b.Store == nil {
		t.Fatal("there is no standby")
	}
	_, err := b.Get(t.Context(), handle.Name(name), time.Time{})
	if (err == nil) != want {
		t.Errorf("%s: %v, want it there: %v", name, err, want)
	}
}

func (st *stage) made(t *testing.T) (all []deposit) {
	t.Helper()
	err := st.db.Read(t.Context(), func(tx store.Tx) (err error) {
		all, err = deposits(t.Context(), tx, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// answers looks whether a node answers in the place of 88.500.
func (st *stage) answers(t *testing.T) {
	t.Helper()
	if p := st.place("88.500"); p.Standing != node.Standby {
		t.Fatalf("it stands as %v", p.Standing)
	}
	if a, err := st.find(t.Context(), "88.500/A"); err != nil || string(a.Record.Name) != "88.500/a" || a.Steps != nil {
		t.Errorf("%+v, %v", a, err)
	}
	if p := st.place("88.500.1"); p.Standing != node.Delegated || len(p.Referral) != 1 {
		t.Errorf("further below: %+v", p)
	}
	got, err := st.Register(as(t, actor.Clerk), Batch{Key: "batch-0001", Items: []Registration{{Identifier: "88.500/new", Values: []Given{{Index: 1, Type: "URL", Data: "https://x.example"}}}}})
	if err != nil || got[0].Outcome != Refused {
		t.Errorf("a registration: %+v, %v", got, err)
	}
	if own, err := st.open(t.Context()); err == nil {
		if _, err := own.Get(t.Context(), "88.500/a", time.Time{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("the copy is among the node's own records: %v", err)
		}
	}
}

// TestForged: what somebody else has signed, and what was altered on the way, is not
// answered from.
func TestForged(t *testing.T) {
	stores := dirs{}
	upper, above := nodeOn(t, "88", stores, map[string]string{settingEscrow: "127.0.0.1:0"})
	lower, url := nodeOn(t, "88.500", stores, map[string]string{settingDocking: above})
	st, err := lower.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	(&counting{Store: st}).put(t, named("88.500/a"))
	upper.delegated(t, url)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- upper.takeDeposits(ctx) }()
	for upper.takesAt() == "" {
		time.Sleep(time.Millisecond)
	}
	lower.at = lower.at.AddDate(0, 0, 1)
	if err := lower.takeCensus(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := lower.depositRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := upper.escrowDir(filepath.Join("in", "88.500"))
	volumes, err := fs.Glob(os.DirFS(in), "*.escrow")
	if err != nil || len(volumes) != 1 {
		t.Fatal(volumes, err)
	}
	b, err := os.ReadFile(filepath.Join(in, volumes[0]))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(filepath.Join(in, volumes[0]), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := upper.restore(t.Context(), "88.500"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an altered volume: %v", err)
	}
	if err := upper.takeOver(t.Context(), "88.500", "test"); err != nil || len(upper.standby.takes()) > 0 {
		t.Errorf("taken over without a deposit: %v, %v", upper.standby.takes(), err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestTakeoversStored: takeovers are remembered, those that last first.
func TestTakeoversStored(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		err := db.Write(t.Context(), func(tx store.Tx) error {
			for i, p := range []string{"88.1", "88.2", "88.1"} {
				if err := beginTakeover(t.Context(), tx, Takeover{Prefix: p, Since: at.AddDate(0, 0, i), Reason: "3 of 3 probes fail", Watermark: at}); err != nil {
					return err
				}
				if i < 2 {
					if err := endTakeover(t.Context(), tx, p, at.AddDate(0, 0, i).Add(time.Hour)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := st.takeovers(t.Context())
		if err != nil || len(all) != 3 || all[0].Prefix != "88.1" || !all[0].Until.IsZero() || all[1].Prefix != "88.2" {
			t.Errorf("%+v, %v", all, err)
		}
		if err := st.remember(t.Context()); err != nil || len(st.standby.takes()) != 1 {
			t.Errorf("%v, %v", st.standby.takes(), err)
		}
	})
}
