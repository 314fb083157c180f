package directives

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// Within and Units let the town serve the engine too: every unit is below the city.
// Named lets people be called by their ids.
func (town) Named(_ context.Context, id string) (pack.Text, error) { return pack.Text{ZH: id}, nil }

func (town) Within(_ context.Context, unit, top string) (bool, error) {
	return unit == top || top == "500000", nil
}

func (town) Units(context.Context, time.Time) ([]org.Unit, error) { return nil, nil }

// workdays is a calendar without holidays: every Monday to Friday is worked.
const workdays = `schema: yuzhou.holidays/v1
years:
  2023: {off: {}, work: {}}
  2024: {off: {}, work: {}}
`

// onEngine puts the engine itself under a city.
func onEngine(t *testing.T, db *store.DB) (*city, *flow.Service) {
	t.Helper()
	c := newCity(t, db)
	engine := flow.New(module.Host{DB: db, Now: c.Service.now, Site: c.site, Log: slog.New(slog.DiscardHandler), Blobs: blob.Files{Dir: t.TempDir()}}, town{}, &prooftest.Book{})
	if err := db.Migrate(t.Context(), "flow", engine.Module().Migrations); err != nil {
		t.Fatal(err)
	}
	c.Flow = engine
	engine.Admit(c.Guest())
	if err := engine.SetCalendar(c.program(t.Context()), []byte(workdays)); err != nil {
		t.Fatal(err)
	}
	return c, engine
}

// act does a step as somebody with a role over a unit, and says what came of it.
func (c *city) act(t *testing.T, role actor.Role, unit, id, event string, data map[string]any) error {
	t.Helper()
	_, err := c.Act(as(t.Context(), role, unit), id, event, data)
	return err
}

// TestStory plays a directive through the engine: red, handed to three districts,
// one returned, closed by the next figure, opened again by the one after.
func TestStory(t *testing.T) {
	testkit.EachStore(t, "directives", migrations, func(t *testing.T, db *store.DB) {
		c, engine := onEngine(t, db)
		c.stand("red", "2023-06-30@1")
		if got := c.evaluate(t, "2023-07-11"); got != "opened 1 joined 0 reached 0 reopened 0" {
			t.Fatal(got)
		}
		office := as(t.Context(), actor.Steward, "office")
		all, err := c.List(office, Query{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d directives, %v", len(all), err)
		}
		id := all[0].ID
		stage := func(want string) Directive {
			t.Helper()
			d, err := c.read(office, id)
			if err != nil || d.Stage != want {
				t.Fatalf("stage %q, want %q, %v", d.Stage, want, err)
			}
			return d
		}
		do := func(role actor.Role, unit, id, event string, data map[string]any) {
			t.Helper()
			if err := c.act(t, role, unit, id, event, data); err != nil {
				t.Fatalf("%s: %v", event, err)
			}
		}
		stage("filed")
		if err := c.act(t, actor.Clerk, "kjj", id, "issue", nil); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the lead hands over to itself: %v", err)
		}
		do(actor.Clerk, "office", id, "issue", nil)
		if d := stage("issued"); d.DueOn != "2023-07-13" {
			t.Errorf("to be acknowledged by %s", d.DueOn)
		}
		do(actor.Clerk, "kjj", id, "sign", nil)
		districts := []any{"500103", "500105", "500106"}
		do(actor.Clerk, "kjj", id, "split", map[string]any{"units": districts, "matter": "各自增加", "rule": "equal"})
		c.answerParts(t, engine, id, do)
		d := stage("working")
		if d.Answered != 3 || d.Accepted != 3 || d.SentBack != 1 || len(d.Parts) != 3 {
			t.Errorf("answered %d, accepted %d, sent back %d of %d", d.Answered, d.Accepted, d.SentBack, len(d.Parts))
		}
		do(actor.Clerk, "kjj", id, "answer", map[string]any{"text": "三区已落实", "numbers": []any{"88.500.1/st.hte/500000/2023-06-30@1"}})
		if err := c.act(t, actor.Steward, "office", id, "accept", nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "gap red") {
			t.Errorf("closed off its path: %v", err)
		}
		if _, err := engine.Send(office, flow.Command{Case: id, Event: "accept"}); fault.KindOf(err) == "" {
			t.Error("the engine let it close off its path")
		}
		do(actor.Steward, "office", id, "reject", map[string]any{"reason": "unmet", "text": "数字未到"})
		stage("working")
		c.now = time.Date(2023, 10, 12, 4, 0, 0, 0, time.UTC)
		c.stand("green", "2023-09-30@1")
		if got := c.evaluate(t, "2023-10-12"); got != "opened 0 joined 0 reached 1 reopened 0" {
			t.Error(got)
		}
		if d := stage("review"); !d.Holds || !d.Resolved || d.Why.ZH != "" || d.Evidence[len(d.Evidence)-1] != "88.500.1/st.hte/500000/2023-09-30@1" {
			t.Errorf("review of %+v", d)
		}
		if err := c.act(t, actor.Steward, "kjj", id, "accept", nil); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the lead judges itself: %v", err)
		}
		do(actor.Steward, "office", id, "accept", nil)
		stage("closed")
		c.now = time.Date(2024, 1, 12, 4, 0, 0, 0, time.UTC)
		c.stand("red", "2023-12-31@1")
		if got := c.evaluate(t, "2024-01-12"); got != "opened 0 joined 0 reached 0 reopened 1" {
			t.Error(got)
		}
		if d := stage("issued"); d.Round != 2 || !strings.Contains(d.Again.ZH, "2023-12-31@1") || d.Light != "green" || len(d.Evidence) != 0 {
			t.Errorf("opened again as %+v", d)
		}
		if audited, err := engine.Verify(c.program(t.Context())); err != nil {
			t.Errorf("the log: %+v, %v", audited, err)
		}
	})
}

// answerParts lets three districts answer, and the lead return one of the answers.
func (c *city) answerParts(t *testing.T, engine *flow.Service, id string, do func(actor.Role, string, string, string, map[string]any)) {
	t.Helper()
	parts, err := c.parts(t.Context(), id)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	if !slices.IsSortedFunc(parts, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) }) {
		t.Errorf("parts are not in the order of their numbers: %+v", parts)
	}
	send := func(unit, id, event string, data map[string]any) {
		t.Helper()
		if _, err := engine.Send(as(t.Context(), actor.Clerk, unit), flow.Command{Case: id, Event: event, Data: data}); err != nil {
			t.Fatalf("%s of %s: %v", event, unit, err)
		}
	}
	for i, p := range parts {
		send(p.Unit, p.ID, "sign", nil)
		send(p.Unit, p.ID, "answer", map[string]any{"text": "已落实"})
		if i == 1 {
			send("kjj", p.ID, "reject", map[string]any{"reason": "incomplete", "text": "缺措施"})
			send(p.Unit, p.ID, "answer", map[string]any{"text": "已补充"})
		}
		send("kjj", p.ID, "accept", nil)
	}
	do(actor.Clerk, "kjj", id, "feedback", map[string]any{"text": "三区均已回复"})
}

// TestOverdue: a report that is late is asked for, first of the lead, then at a
// higher level; the report starts the next period.
func TestOverdue(t *testing.T) {
	c, engine := onEngine(t, migrated(t))
	leader := as(t.Context(), actor.Leader, "500000")
	d, err := c.Open(leader, Order{Title: pack.Text{ZH: "培育高企"}, Lead: "kjj", Joint: []string{"500103"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct{ unit, event string }{{"office", "issue"}, {"kjj", "sign"}, {"kjj", "alone"}} {
		if err := c.act(t, actor.Clerk, s.unit, d.ID, s.event, nil); err != nil {
			t.Fatal(err)
		}
	}
	at, err := engine.Case(c.program(t.Context()), d.ID)
	if err != nil || !slices.ContainsFunc(at.Tasks, func(k flow.Task) bool { return k.Joint && k.Owner.Unit == "500103" }) {
		t.Errorf("the joint unit is not asked: %+v, %v", at.Tasks, err)
	}
	for _, tt := range []struct {
		name          string
		days          int
		report        string // event; "" for none
		stage         string
		chased, level int
	}{
		{"in time", 10, "", "working", 0, 0},
		{"late", 8, "", "chased", 1, 0},
		{"later still", 6, "", "chased", 2, 1},
		{"reported", 0, "feedback", "working", 2, 1},
		{"late again", 16, "", "chased", 3, 1},
	} {
		c.now = c.now.AddDate(0, 0, tt.days)
		c.ring(t, engine)
		if tt.report != "" {
			if err := c.act(t, actor.Clerk, "kjj", d.ID, tt.report, map[string]any{"text": "在办"}); err != nil {
				t.Fatal(err)
			}
		}
		d, err := c.read(leader, d.ID)
		if err != nil || d.Stage != tt.stage || d.Chased != tt.chased || d.Level != tt.level {
			t.Errorf("%s: %s, reminded %d times, level %d, %v", tt.name, d.Stage, d.Chased, d.Level, err)
		}
	}
}

// ring lets the engine's clocks say what they have to say.
func (c *city) ring(t *testing.T, engine *flow.Service) {
	t.Helper()
	for _, j := range engine.Module().Jobs {
		if err := j.Run(c.program(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDocument: a directive that wants a document closes when its case, or that of
// a part, holds it, and not before.
func TestDocument(t *testing.T) {
	c, engine := onEngine(t, migrated(t))
	d, err := c.Open(as(t.Context(), actor.Leader, "500000"), Order{Title: pack.Text{ZH: "上报清单"}, Lead: "kjj"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct{ unit, event string }{{"office", "issue"}, {"kjj", "sign"}, {"kjj", "alone"}} {
		if err := c.act(t, actor.Clerk, s.unit, d.ID, s.event, nil); err != nil {
			t.Fatal(err)
		}
	}
	clerk := as(t.Context(), actor.Clerk, "kjj")
	sum := sha256.Sum256([]byte("清单"))
	name := hex.EncodeToString(sum[:])
	if err := c.act(t, actor.Clerk, "kjj", d.ID, "answer", map[string]any{"text": "已上报", "files": []any{name}}); err != nil {
		t.Fatal(err)
	}
	if err := c.act(t, actor.Steward, "office", d.ID, "accept", nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), name) {
		t.Errorf("closed on a document that nobody attached: %v", err)
	}
	both := actor.With(t.Context(), actor.Actor{ID: "clerk-kjj", Name: "clerk", Grants: []actor.Grant{{Role: actor.Clerk, Unit: "kjj"}, {Role: actor.Steward, Unit: "office"}}})
	if _, err := engine.Attach(clerk, d.ID, "清单.txt", strings.NewReader("清单")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Act(both, d.ID, "accept", nil); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who answered judges: %v", err)
	}
	if err := c.act(t, actor.Steward, "office", d.ID, "accept", nil); err != nil {
		t.Error(err)
	}
	if got, err := c.read(clerk, d.ID); err != nil || got.Stage != stageClosed {
		t.Errorf("%s, %v", got.Stage, err)
	}
}

// TestRealEvaluationIsOnce: evaluations at once, in two programs on one database,
// open one directive.
func TestRealEvaluationIsOnce(t *testing.T) {
	testkit.EachStore(t, "directives", migrations, func(t *testing.T, db *store.DB) {
		c, engine := onEngine(t, db)
		c.stand("red", "2023-06-30@1")
		var all sync.WaitGroup
		for i := range 8 {
			s := c.Service
			if i%2 == 1 {
				s = New(module.Host{DB: db, Now: c.Service.now, Site: c.site, Log: c.log}, c.Needs)
			}
			all.Go(func() {
				if _, err := s.Evaluate(t.Context(), c.site.Today(), c.now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		cases, err := engine.Find(c.program(t.Context()), flow.Filter{Procedure: Procedure})
		if err != nil || len(cases) != 1 {
			t.Errorf("%d cases, %v", len(cases), err)
		}
	})
}
