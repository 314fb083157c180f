package projects

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// Within lets the city serve the engine too: every unit is below it.
// Named lets people be called by their ids.
func (city) Named(_ context.Context, id string) (pack.Text, error) { return pack.Text{ZH: id}, nil }

func (city) Within(_ context.Context, unit, top string) (bool, error) {
	return unit == top || top == "500000", nil
}

// workdays is a calendar without holidays: every Monday to Friday is worked.
const workdays = `schema: yuzhou.holidays/v1
years:
  2023: {off: {}, work: {}}
`

// onEngine puts the engine itself under the module.
func onEngine(t *testing.T, db *store.DB) (*stage, *flow.Service) {
	t.Helper()
	st := newStage(t, db)
	engine := flow.New(module.Host{DB: db, Now: st.clock.now, Site: st.site, Log: slog.New(slog.DiscardHandler), Blobs: st.blobs}, city{}, &prooftest.Book{})
	if err := db.Migrate(t.Context(), "flow", engine.Module().Migrations); err != nil {
		t.Fatal(err)
	}
	st.Flow = engine
	engine.Admit(st.Guest())
	if err := engine.SetCalendar(st.program(t.Context()), []byte(workdays)); err != nil {
		t.Fatal(err)
	}
	return st, engine
}

// TestOnEngine: the engine itself keeps who fills in, who checks and who approves
// apart, and what is approved is in force at once, on both databases.
func TestOnEngine(t *testing.T) {
	testkit.EachStore(t, "projects", migrations, func(t *testing.T, db *store.DB) {
		st, engine := onEngine(t, db)
		clerk, steward, leader := as(t, actor.Clerk, "kjj"), as(t, actor.Steward, "kjj"), as(t, actor.Leader, "kjj")
		doc := st.hand(clerk, t, "批复.txt")
		w := good()
		w.ID, w.Documents, w.Milestones[0].Document = "", []Document{doc}, doc.SHA256
		c, err := st.Propose(clerk, Enter, w)
		if err != nil || !c.In("check") {
			t.Fatalf("%v, %v", c.State.Active, err)
		}
		id := said(c, "work")
		step := func(ctx context.Context, id, event string, want fault.Kind) {
			t.Helper()
			st.clock.at = st.clock.at.Add(time.Minute)
			reason, text := "", ""
			if event == "return" {
				reason, text = "incomplete", "请补充"
			}
			if _, err := st.send(ctx, id, event, reason, text); fault.KindOf(err) != want {
				t.Fatalf("%s: %v; want %q", event, err, want)
			}
		}
		step(clerk, c.ID, "pass", fault.Forbidden)
		both := actor.With(t.Context(), actor.Actor{ID: "clerk", Name: "clerk", Grants: []actor.Grant{{Role: actor.Steward, Unit: "kjj"}, {Role: actor.Clerk, Unit: "kjj"}}})
		step(both, c.ID, "pass", fault.Forbidden) // who has filled it in, with another role too
		step(steward, c.ID, "return", "")
		w.ZH = "补正后的项目"
		if _, err := st.Amend(clerk, c.ID, w); err != nil {
			t.Fatal(err)
		}
		step(steward, c.ID, "pass", "")
		step(steward, c.ID, "approve", fault.Forbidden)
		possible, err := engine.Possible(leader, c.ID)
		if err != nil || len(possible) != 2 || !possible[0].Mine || possible[1].Event != "return" || len(possible[1].Reasons) != 4 {
			t.Errorf("what a leader may do: %+v, %v", possible, err)
		}
		step(leader, c.ID, "approve", "")
		got, err := st.state(t.Context(), id, st.now())
		if err != nil || got.ZH != "补正后的项目" || got.By != "leader" || got.Underway != "" {
			t.Fatalf("%+v, %v; want the mended version in force", got.version, err)
		}
		st.postAndMonth(t, got.Work)
		if audited, err := engine.Verify(st.program(t.Context())); err != nil {
			t.Errorf("the log: %+v, %v", audited, err)
		}
	})
}

// postAndMonth gives a work to a post, which then approves, reports a month and
// withdraws a change.
func (st *stage) postAndMonth(t *testing.T, w Work) {
	t.Helper()
	clerk, steward, leader := as(t, actor.Clerk, "kjj"), as(t, actor.Steward, "kjj"), as(t, actor.Leader, "kjj")
	send := func(ctx context.Context, id, event string) error {
		st.clock.at = st.clock.at.Add(time.Minute)
		_, err := st.send(ctx, id, event, "", "")
		return err
	}
	w.Post = "post.kjj.head"
	c, err := st.Propose(clerk, Change, w)
	if err != nil {
		t.Fatal(err)
	}
	if err := send(steward, c.ID, "pass"); err != nil {
		t.Fatal(err)
	}
	if err := send(leader, c.ID, "approve"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a leader approves in place of the post: %v", err)
	}
	head := actor.With(t.Context(), actor.Actor{ID: "head", Name: "head", Posts: []string{"post.kjj.head"}})
	if err := send(head, c.ID, "approve"); err != nil {
		t.Fatal(err)
	}
	doc := st.hand(clerk, t, "开工令.txt")
	m, err := st.File(clerk, Report{Work: w.ID, Month: mon(t, "2023-06"), Text: "开工", Spent: money(t, "12"), Met: []Met{{"M2", doc.SHA256}}, Documents: []Document{doc}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.File(clerk, Report{Work: w.ID, Month: mon(t, "2023-06"), Text: "再报"}); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), m.ID) {
		t.Errorf("two reports at once: %v", err)
	}
	if err := send(steward, m.ID, "approve"); err != nil {
		t.Fatal(err)
	}
	got, err := st.state(t.Context(), w.ID, st.now())
	if err != nil || got.Version != 2 || got.By != "head" || len(got.Reports) != 1 || got.folded().Milestones[1].Actual != mon(t, "2023-06") {
		t.Errorf("%+v %+v, %v", got.version, got.Reports, err)
	}
	c, err = st.Propose(clerk, Change, w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.send(steward, c.ID, "return", "incomplete", "说明"); err != nil {
		t.Fatal(err)
	}
	if err := send(clerk, c.ID, "withdraw"); err != nil {
		t.Fatal(err)
	}
	if got, err = st.state(t.Context(), w.ID, st.now()); err != nil || got.Underway != "" || got.Version != 2 {
		t.Errorf("after a withdrawal: %+v, %v", got, err)
	}
}
