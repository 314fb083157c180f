package identifiers

import (
	"context"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/flow/procedure"
	"yuzhou/engine/org"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// city is a city of one unit in which a role may do what its name says.
type city struct{}

func (city) Unit(_ context.Context, id string) (org.Unit, error) { return org.Unit{ID: id}, nil }
func (city) Named(_ context.Context, id string) (pack.Text, error) {
	return pack.Text{ZH: id}, nil
}

func (city) Units(context.Context, time.Time) ([]org.Unit, error) {
	return []org.Unit{{ID: "500000"}}, nil
}

func (city) Within(_ context.Context, unit, top string) (bool, error) { return unit == top, nil }

func (city) Decide(_ context.Context, a actor.Actor, _ actor.Permission, _ string) error {
	if a.Known() {
		return nil
	}
	return fault.New(fault.Forbidden, "no")
}

func (city) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// workdays is a calendar without holidays.
const workdays = "schema: yuzhou.holidays/v1\nyears:\n  2026: {off: {}, work: {}}\n"

// stage is the module on the engine itself, at a time that a test moves.
type stage struct {
	*Service
	engine *flow.Service
	at     time.Time
}

func onStage(t *testing.T, db *store.DB) *stage {
	t.Helper()
	st := &stage{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return st.at }
	h := module.Host{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Dir: t.TempDir(), Blobs: blob.Files{Dir: t.TempDir()},
		Site: web.Site{Unit: "500000", Prefix: "88.500", Zone: time.UTC, Now: now},
	}
	st.engine = flow.New(h, city{}, &prooftest.Book{})
	if err := db.Migrate(t.Context(), "flow", st.engine.Module().Migrations); err != nil {
		t.Fatal(err)
	}
	st.Service = New(h, Needs{Flow: st.engine, Access: city{}, Audit: city{}, People: city{}})
	st.engine.Admit(st.Guest())
	if err := st.engine.SetCalendar(st.program(t.Context()), []byte(workdays)); err != nil {
		t.Fatal(err)
	}
	return st
}

// as returns a context in which somebody with a role acts.
func as(t *testing.T, role actor.Role) context.Context {
	t.Helper()
	id := string(role)
	return actor.With(t.Context(), actor.Actor{ID: id, Name: id, Grants: []actor.Grant{{Role: role, Unit: "500000"}}})
}

// step sends an event a minute later.
func (st *stage) step(ctx context.Context, t *testing.T, caseID, event string) flow.Case {
	t.Helper()
	st.at = st.at.Add(time.Minute)
	data := map[string]any{}
	switch event {
	case "return":
		data = map[string]any{"reason": "incomplete", "text": "缺营业执照"}
	case "refuse":
		data = map[string]any{"reason": "needless", "text": "无必要"}
	}
	c, err := st.engine.Send(ctx, flow.Command{Case: caseID, Event: event, Data: data})
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return c
}

// holds returns a prefix as the database has it.
func (st *stage) holds(t *testing.T, name string) (p Prefix, err error) {
	t.Helper()
	err = st.db.Read(t.Context(), func(tx store.Tx) error {
		p, err = prefix(t.Context(), tx, name)
		return err
	})
	return p, err
}

func TestProcedureHolds(t *testing.T) {
	source, err := fs.ReadFile((&Service{}).Guest().Procedures, "prefix.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, findings := procedure.Parse("prefix.yaml", source)
	if p != nil {
		findings = append(findings, procedure.Check(p, procedure.Known{})...)
	}
	for _, f := range findings {
		if f.Severity != pack.Note {
			t.Error(f)
		}
	}
}

// TestAllocate: who asks, who compares with the licence and who approves are three
// people; what is approved is in force at once, and is changed by cases alone.
func TestAllocate(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		clerk, steward, leader := as(t, actor.Clerk), as(t, actor.Steward), as(t, actor.Leader)
		r := factory()
		c, err := st.Propose(clerk, Change{Change: Allocate, Registrant: &r, Quota: 1000})
		if err != nil || !c.In("verifying") || said(c, "prefix") != "88.500.1" {
			t.Fatalf("%v %v, %v", c.State.Active, c.State.Data, err)
		}
		if _, err := st.holds(t, "88.500.1"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("before it is approved: %v", err)
		}
		if _, err := st.engine.Send(clerk, flow.Command{Case: c.ID, Event: "verified"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the applicant checks its own name: %v", err)
		}
		st.step(steward, t, c.ID, "return")
		r.Documents = []string{"sha"}
		if c, err = st.Amend(clerk, c.ID, Change{Registrant: &r, Quota: 2000}); err != nil || !c.In("verifying") {
			t.Fatalf("%v, %v", c.State.Active, err)
		}
		st.step(steward, t, c.ID, "verified")
		st.step(leader, t, c.ID, "approve")
		p, err := st.holds(t, "88.500.1")
		if err != nil || p.State != Hosted || p.Quota != 2000 || p.Version != 1 || p.Case != c.ID || p.Parent != "88.500" {
			t.Fatalf("%+v, %v", p, err)
		}
		st.delegate(t, p)
		st.beside(t, p)
	})
}

// delegate changes an allocated prefix: a second change waits for the first, and none
// needs a name to be checked again.
func (st *stage) delegate(t *testing.T, p Prefix) {
	t.Helper()
	clerk, leader := as(t, actor.Clerk), as(t, actor.Leader)
	change := Change{Change: Delegate, Prefix: p.Prefix, Route: []Server{{Address: "192.0.2.7", UDP: 2641, TCP: 2641}}}
	c, err := st.Propose(clerk, change)
	if err != nil || !c.In("approving") {
		t.Fatalf("%v, %v", c.State.Active, err)
	}
	if _, err := st.Propose(clerk, Change{Change: Suspend, Prefix: p.Prefix, Reason: "滥用"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("two changes at once: %v", err)
	}
	st.step(leader, t, c.ID, "approve")
	if got, err := st.holds(t, p.Prefix); err != nil || got.State != Delegated || got.Version != 2 || got.Registrant != p.Registrant || len(got.Route) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
}

// beside asks for what cannot be, and for what is refused.
func (st *stage) beside(t *testing.T, p Prefix) {
	t.Helper()
	clerk, steward, leader := as(t, actor.Clerk), as(t, actor.Steward), as(t, actor.Leader)
	for name, tt := range map[string]struct {
		c    Change
		want fault.Kind
	}{
		"outside of the node":       {Change{Change: Allocate, Prefix: "88.501.1", Holder: p.Registrant}, fault.Invalid},
		"the node's own":            {Change{Change: Allocate, Prefix: "88.500", Holder: p.Registrant}, fault.Invalid},
		"below one that is not":     {Change{Change: Allocate, Prefix: "88.500.9.1", Holder: p.Registrant}, fault.NotFound},
		"below a delegated one":     {Change{Change: Allocate, Prefix: "88.500.1.1", Holder: p.Registrant}, fault.Conflict},
		"one that is held":          {Change{Change: Allocate, Prefix: "88.500.1", Holder: p.Registrant}, fault.Conflict},
		"a holder that is not":      {Change{Change: Allocate, Holder: "nobody"}, fault.NotFound},
		"a change of none":          {Change{Change: Requota, Prefix: "88.500.7"}, fault.NotFound},
		"hosting what is suspended": {Change{Change: Resume, Prefix: "88.500.1"}, fault.Conflict},
	} {
		if _, err := st.Propose(clerk, tt.c); fault.KindOf(err) != tt.want {
			t.Errorf("%s: %v; want %v", name, err, tt.want)
		}
	}
	other := factory()
	other.CreditCode = "91350100M000100Y43"
	c, err := st.Propose(clerk, Change{Change: Allocate, Registrant: &other})
	if err != nil || said(c, "prefix") != "88.500.2" {
		t.Fatalf("%v, %v", c.State.Data, err)
	}
	st.step(steward, t, c.ID, "verified")
	st.step(leader, t, c.ID, "refuse")
	c, err = st.Propose(clerk, Change{Change: Allocate, Holder: p.Registrant})
	if err != nil || said(c, "prefix") != "88.500.2" || !c.In("approving") {
		t.Fatalf("what was refused is free again: %v %v, %v", c.State.Active, c.State.Data, err)
	}
}

// visitors is a city in which nobody is staff.
type visitors struct{ city }

func (visitors) Decide(context.Context, actor.Actor, actor.Permission, string) error {
	return fault.New(fault.Forbidden, "no")
}
