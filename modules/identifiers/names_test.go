package identifiers

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/typed"
)

// counting counts what is written.
type counting struct {
	records.Store
	writes int
}

func (c *counting) Apply(ctx context.Context, b records.Batch) ([]records.Outcome, error) {
	c.writes += len(b.Items)
	return c.Store.Apply(ctx, b)
}

// withRecords gives the module a store in memory, settings, and what modules describe.
func (st *stage) withRecords(settings map[string]string, describe ...module.Describe) *counting {
	m := &counting{Store: records.NewMemory(func() time.Time { return st.at })}
	st.Open = func(context.Context, string) (records.Store, error) { return m, nil }
	st.settings = func(name string) string { return settings[name] }
	st.Describe = describe
	return m
}

// put writes records.
func (c *counting) put(t *testing.T, all ...handle.Record) {
	t.Helper()
	for _, r := range all {
		got, err := c.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Put, Record: r}}})
		if err != nil || got[0].Verdict != records.Done {
			t.Fatal(got, err)
		}
	}
}

// texts writes the values of a record as lines of type and data.
func texts(t *testing.T, r handle.Record, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range r.Values {
		if v.Type != handle.TypeAdmin {
			out = append(out, v.Type+" "+string(v.Data))
		}
	}
	return strings.Join(out, "\n")
}

// TestPublish: what modules describe is registered, put together by name, written again
// when it has changed and only then.
func TestPublish(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		number := module.Description{Name: "st.a/500000/2026", Kind: "observation", Page: "/indicators/st.a/500000/2026", Facts: module.Facts("VALUE", "7", "PROOF", "/api/v1/proof/bundles/x")}
		plan := module.Description{Name: "plan.1458", Kind: "plan", Title: pack.Text{ZH: "规划", EN: "Plan"}, Page: "/plan/tree"}
		stated := module.Description{Name: "plan.1458", Kind: "statement", Facts: module.Facts("DIGEST", "sha256:1")}
		var since []time.Time
		m := st.withRecords(map[string]string{settingURL: "https://city.example"},
			func(_ context.Context, _ time.Time, use func(module.Description) error) error { return use(plan) },
			func(_ context.Context, at time.Time, use func(module.Description) error) error {
				since = append(since, at)
				if len(since) == 1 {
					if err := use(stated); err != nil {
						return err
					}
				}
				return use(number)
			})
		get := func(name handle.Name) string {
			v, err := m.Get(t.Context(), name, time.Time{})
			return texts(t, v.Record, err)
		}
		publish := func(writes int) {
			t.Helper()
			st.at = st.at.Add(time.Hour)
			if err := db.Write(t.Context(), func(tx store.Tx) error { // something has happened in the city
				_, err := putText(t.Context(), tx, st.at, st.at)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			before := m.writes
			if err := st.publish(t.Context()); err != nil || m.writes-before != writes {
				t.Fatalf("%d records were written, want %d; %v", m.writes-before, writes, err)
			}
		}
		publish(2)
		if want := "URL https://city.example/indicators/st.a/500000/2026\nKIND observation\nVALUE 7\nPROOF https://city.example/api/v1/proof/bundles/x"; get("88.500/st.a/500000/2026") != want {
			t.Error(get("88.500/st.a/500000/2026"))
		}
		if want := "URL https://city.example/plan/tree\nDESC 规划\nDESC Plan\nKIND plan\nDIGEST sha256:1"; get("88.500/PLAN.1458") != want {
			t.Error(get("88.500/plan.1458"))
		}
		publish(0)
		number.Facts = module.Facts("VALUE", "8")
		publish(1)
		if !strings.Contains(get("88.500/st.a/500000/2026"), "VALUE 8") {
			t.Error(get("88.500/st.a/500000/2026"))
		}
		plan.Title.ZH = "新规划" // its statement is not told again
		publish(1)
		if got := get("88.500/plan.1458"); !strings.Contains(got, "新规划") || !strings.Contains(got, "sha256:1") {
			t.Error(got)
		}
		if len(since) != 4 || !since[0].IsZero() || since[1].IsZero() {
			t.Error("asked since", since)
		}
	})
}

// TestManyFacts: a name of which very much is said still has a record that holds.
func TestManyFacts(t *testing.T) {
	st := &Service{settings: func(string) string { return "" }}
	d := module.Description{Name: "x"}
	for range 300 {
		d.Facts = append(d.Facts, module.Fact{Type: "INPUT", Text: "y"})
	}
	for n := range d.Facts {
		part := d
		part.Facts = d.Facts[:n]
		rec := st.recordOf(part, 1)
		rec.Name = "88.1/x"
		if err := rec.Check(); err != nil {
			t.Fatalf("%d facts: %v", n, err)
		}
		if len(rec.Values) != n+1 {
			t.Fatalf("%d facts make %d values", n, len(rec.Values))
		}
	}
}

// TestServe: a prefix that was allocated and delegated resolves as it was decided, by
// the protocol and by the API; what is suspended does not.
func TestServe(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		m := st.withRecords(map[string]string{settingUDP: "127.0.0.1:0", settingTCP: "127.0.0.1:0", settingDNS: "127.0.0.1:0", settingZone: "id.example"})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- st.serve(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		at := st.reached(t)
		r := factory()
		st.decide(t, Change{Change: Allocate, Registrant: &r})
		ask := func(name handle.Name) (client.Answer, error) {
			return (&client.Client{Start: []typed.Site{at}, Transports: []typed.Transport{typed.TCP}}).Resolve(t.Context(), name, handle.Query{})
		}
		a, err := ask("0.NA/88.500.1")
		if got := texts(t, a.Record, err); !strings.Contains(got, "示例制造有限公司") || strings.Contains(got, "张三") || !strings.Contains(got, "STATE hosted") {
			t.Errorf("the record of the prefix: %s", got)
		}
		m.put(t, handle.Record{Name: "88.500.1/gb-1", Values: []handle.Value{{Index: 1, Type: "URL", Data: []byte("https://f.example"), Perm: handle.Usual}}})
		if got, err := st.resolve(t.Context(), "88.500.1/GB-1", ""); err != nil || len(got.Values) != 1 || got.Identifier != "88.500.1/gb-1" || len(got.Steps) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := st.inDNS(t, "gb-1.1.500.88.id.example."); err != nil || !slices.Equal(got, []string{"URL=https://f.example"}) {
			t.Errorf("in DNS: %q, %v", got, err)
		}
		holder := said(st.decide(t, Change{Change: Delegate, Prefix: "88.500.1", Route: []Server{{Address: "127.0.0.1", TCP: at.Servers[0].Interfaces[0].Port}}}), "registrant")
		if holder == "" {
			t.Error("the case of a known prefix does not name its holder")
		}
		if _, err := ask("88.500.1/gb-1"); fault.KindOf(err) != fault.Busy { // it is referred to this node again, and again
			t.Errorf("a delegated prefix: %v", err)
		}
		st.decide(t, Change{Change: Suspend, Prefix: "88.500.1", Reason: "滥用"})
		if _, err := ask("88.500.1/gb-1"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a suspended prefix: %v", err)
		}
		if _, err := st.resolve(t.Context(), "99.1/x", ""); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of nobody: %v", err)
		}
	})
}

// inDNS asks for the texts of a name.
func (st *stage) inDNS(t *testing.T, name string) ([]string, error) {
	t.Helper()
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		st.mu.Lock()
		defer st.mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, st.dns)
	}}
	return r.LookupTXT(t.Context(), name)
}

// reached returns where the node is reached, once it is.
func (st *stage) reached(t *testing.T) typed.Site {
	t.Helper()
	for range 500 {
		st.mu.Lock()
		serving, own := st.serving, st.own
		st.mu.Unlock()
		if serving {
			return own
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("the node is not served")
	return typed.Site{}
}

// decide takes a change through its case.
func (st *stage) decide(t *testing.T, c Change) flow.Case {
	t.Helper()
	opened, err := st.Propose(as(t, actor.Clerk), c)
	if err != nil {
		t.Fatal(err)
	}
	if opened.In("verifying") {
		st.step(as(t, actor.Steward), t, opened.ID, "verified")
	}
	return st.step(as(t, actor.Leader), t, opened.ID, "approve")
}

// TestListenersOff: an address that is taken, or none, is told and ends nothing.
func TestListenersOff(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(map[string]string{settingUDP: off, settingTCP: "192.0.2.1:2641"})
		packets, streams := st.listen(t.Context())
		if len(packets)+len(streams) != 0 || !slices.Equal(st.silent, []string{settingTCP + " 192.0.2.1:2641"}) {
			t.Error(packets, streams, st.silent)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- st.serve(ctx) }()
		if own := st.reached(t); len(own.Servers) > 0 {
			t.Errorf("a node without listeners is reached at %+v", own)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestPlaceOf(t *testing.T) {
	for state, want := range map[string]node.Standing{Hosted: node.Hosted, Delegated: node.Delegated, Suspended: node.Suspended, Reclaimed: node.Suspended} {
		p, err := placeOf(Prefix{State: state, Version: 3, Route: []Server{{Address: "2001:db8::1", UDP: 2641}}})
		if err != nil || p.Standing != want || (len(p.Referral) == 1) != (want == node.Delegated) {
			t.Errorf("%s: %+v, %v", state, p, err)
		}
	}
}
