package flow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/engine/flow/clock"
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

// people is a small city: 500000 with districts 500112 and 500113.
type people struct{}

func (people) Within(_ context.Context, unit, top string) (bool, error) {
	return unit == top || top == "500000", nil
}

func (people) Unit(_ context.Context, id string) (org.Unit, error) { return org.Unit{ID: id}, nil }

func (people) Units(context.Context, time.Time) ([]org.Unit, error) {
	return []org.Unit{{ID: "500000"}, {ID: "500112"}, {ID: "500113"}}, nil
}

func (people) Named(_ context.Context, id string) (pack.Text, error) { return pack.Text{ZH: id}, nil }

func (people) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// bench is an engine with a clock that the test turns.
type bench struct {
	*Service
	mu        sync.Mutex
	at        time.Time
	published []Effected
	refuse    error // what the topic answers
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) turn(t *testing.T, at string) {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.at = when
	b.mu.Unlock()
	if err := errors.Join(b.ring(t.Context()), b.deliverAll(t.Context())); err != nil {
		t.Fatal(err)
	}
}

const calendar2026 = "testdata/holidays.yaml"

// each runs fn on every database with an engine that stands on 2026-02-10, 09:00
// in the city.
func each(t *testing.T, fn func(t *testing.T, b *bench)) {
	t.Helper()
	testkit.EachStore(t, "flow", migrations, func(t *testing.T, db *store.DB) {
		t.Helper()
		fn(t, engineOn(t, db))
	})
}

func engineOn(t *testing.T, db *store.DB) *bench {
	t.Helper()
	zone := time.FixedZone("+08:00", 8*3600)
	b := &bench{at: time.Date(2026, 2, 10, 9, 0, 0, 0, zone)}
	b.Service = New(module.Host{
		DB: db, Log: slog.New(slog.DiscardHandler), Now: b.clock, Site: web.Site{Unit: "500000", Zone: zone, Now: b.clock}, Blobs: blob.Files{Dir: t.TempDir()},
	}, people{}, &prooftest.Book{})
	b.Admit(Guest{Name: "test", Procedures: os.DirFS("testdata/procedures"), Topics: map[string]func(context.Context, Effected) error{
		"test.result": func(_ context.Context, e Effected) error {
			if b.refuse == nil {
				b.published = append(b.published, e)
			}
			return b.refuse
		},
	}})
	source, err := os.ReadFile(calendar2026)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.SetCalendar(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	return b
}

// as returns a context in which somebody acts.
func as(ctx context.Context, id string, role actor.Role, unit string) context.Context {
	return actor.With(ctx, actor.Actor{ID: id, Name: id, Grants: []actor.Grant{{Role: role, Unit: unit}}})
}

func (b *bench) permit(t *testing.T) Case {
	t.Helper()
	c, err := b.Open(as(t.Context(), "clerk", actor.Clerk, "500112"), Opening{
		Procedure: "permit", Title: pack.Text{ZH: "施工许可", EN: "Building permit"}, Unit: "500112", Data: map[string]any{"unit": "500112"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) must(t *testing.T, ctx context.Context, c Case, event string, data map[string]any) Case {
	t.Helper()
	c, err := b.Send(ctx, Command{Case: c.ID, Event: event, Data: data})
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return c
}

// sound fails t unless the log's hashes hold and every case is its own replay.
func (b *bench) sound(t *testing.T) {
	t.Helper()
	a, err := b.Verify(t.Context())
	if err != nil || a.Broken != "" {
		t.Errorf("the log: %v %s", err, a.Broken)
	}
}

func TestCase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk, leader := as(t.Context(), "clerk", actor.Clerk, "500112"), as(t.Context(), "leader", actor.Leader, "500112")
		c := b.permit(t)
		if c.Number != "permit-2026-000001" || !c.In("filed") || len(c.Tasks) != 1 || c.Light != clock.Green {
			t.Fatalf("opened: %+v", c)
		}
		if want := "2026-02-24"; c.Due.In(b.site.Zone).Format(time.DateOnly) != want {
			t.Errorf("due %v, want %s: five working days after the tenth, over the Spring Festival", c.Due, want)
		}
		for _, tc := range []struct {
			name  string
			ctx   context.Context
			cmd   Command
			want  fault.Kind
			words string
		}{
			{"unknown event", clerk, Command{Event: "fly"}, fault.Conflict, "accept (受理)"},
			{"somebody else's", as(t.Context(), "x", actor.Clerk, "500113"), Command{Event: "accept"}, fault.Forbidden, "clerk of unit 500112"},
			{"another role", leader, Command{Event: "accept"}, fault.Forbidden, "clerk"},
			{"refusal without a reason", clerk, Command{Event: "refuse", Data: map[string]any{"text": "…"}}, fault.Invalid, "reason"},
			{"reason that is not listed", clerk, Command{Event: "refuse", Data: map[string]any{"text": "…", "reason": "mood"}}, fault.Invalid, "mood"},
			{"form field missing", clerk, Command{Event: "refuse", Data: map[string]any{"reason": "scope"}}, fault.Invalid, "text"},
			{"form field unknown", clerk, Command{Event: "accept", Data: map[string]any{"colour": "red"}}, fault.Invalid, "colour"},
			{"the program's event", clerk, Command{Event: "clock.legal.due"}, fault.Forbidden, "program"},
			{"seen too little", clerk, Command{Event: "accept", After: 7}, fault.Conflict, "moved on"},
		} {
			tc.cmd.Case = c.ID
			_, err := b.Send(tc.ctx, tc.cmd)
			if fault.KindOf(err) != tc.want || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("%s: %v, want %s with %q", tc.name, err, tc.want, tc.words)
			}
		}
		c = b.must(t, clerk, c, "accept", nil)
		c = b.must(t, clerk, c, "propose", map[string]any{"fee": 12})
		if _, err := b.Send(as(t.Context(), "clerk", actor.Leader, "500112"), Command{Case: c.ID, Event: "decide"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("who proposed has decided: %v", err)
		}
		c = b.must(t, leader, c, "decide", nil)
		if c.Closed.IsZero() || len(c.Tasks) != 0 || c.State.Data["fee"] != 12.0 {
			t.Errorf("closed: %+v", c)
		}
		if len(b.published) != 1 || b.published[0].Data["fee"] != 12.0 {
			t.Errorf("published: %+v", b.published)
		}
		if _, err := b.Send(clerk, Command{Case: c.ID, Event: "accept"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a closed case went on: %v", err)
		}
		b.sound(t)
	})
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		o := Opening{Key: "k1", Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"}}
		first, err := b.Open(clerk, o)
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Open(clerk, o)
		if err != nil || second.ID != first.ID {
			t.Errorf("sent again: %s, %v; want %s", second.ID, err, first.ID)
		}
		for range 2 {
			c, err := b.Send(clerk, Command{Key: "k2", Case: first.ID, Event: "accept"})
			if err != nil || c.Events != 2 {
				t.Errorf("accept: %d events, %v", c.Events, err)
			}
		}
		if _, err := b.Send(clerk, Command{Key: "k1", Case: first.ID, Event: "accept"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a key for another command: %v", err)
		}
		other, err := b.Open(as(t.Context(), "other", actor.Clerk, "500112"), o)
		if err != nil || other.ID == first.ID {
			t.Errorf("somebody else's key is somebody else's: %s, %v", other.ID, err)
		}
		b.sound(t)
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		var wait sync.WaitGroup
		var mu sync.Mutex
		numbers := map[string]bool{}
		for i := range 300 {
			wait.Go(func() {
				key := fmt.Sprint("k", i%200) // a third is sent twice
				c, err := b.Open(clerk, Opening{Key: key, Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"}})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				numbers[c.Number] = true
			})
		}
		wait.Wait()
		if len(numbers) != 200 {
			t.Errorf("%d cases, want 200", len(numbers))
		}
		b.sound(t)
	})
}

func TestClocks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		c := b.permit(t)
		b.turn(t, "2026-02-24T23:59:59+08:00")
		if c, _ = b.Case(clerk, c.ID); !c.In("filed") {
			t.Fatal("accepted before its day was over")
		}
		b.turn(t, "2026-02-25T00:00:00+08:00")
		if c, _ = b.Case(clerk, c.ID); !c.In("examined") {
			t.Fatal("nobody said anything for five working days: it must be accepted")
		}
		notices, err := b.Notices(as(t.Context(), "leader", actor.Leader, "500112"))
		if err != nil || len(notices) != 1 || notices[0].Text.EN != "Deemed accepted" {
			t.Errorf("notices: %+v, %v", notices, err)
		}
		c = b.must(t, clerk, c, "hold", map[string]any{"reason": "hearing"})
		k := c.Clocks["legal"]
		if !k.Paused() || k.Limit != 20 || k.Pauses[0].Basis == "" {
			t.Errorf("paused: %+v", k)
		}
		b.turn(t, "2026-06-01T09:00:00+08:00")
		if c, _ = b.Case(clerk, c.ID); c.Light != clock.Green {
			t.Errorf("a paused clock has lit %s", c.Light)
		}
		c = b.must(t, clerk, c, "resume", nil)
		b.turn(t, "2026-12-30T09:00:00+08:00")
		c, _ = b.Case(clerk, c.ID)
		if c.Light != clock.Black {
			t.Errorf("past the legal limit: %s, want black", c.Light)
		}
		events, err := b.History(clerk, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range events {
			names = append(names, e.Name)
		}
		for _, want := range []string{"clock.notice.due", "clock.check.warn", "clock.check.due", "clock.legal.warn", "clock.legal.due"} {
			if n := strings.Count(strings.Join(names, " "), want); n != 1 {
				t.Errorf("%s was told %d times in %v", want, n, names)
			}
		}
		b.turn(t, "2026-12-30T08:00:00+08:00") // the machine's clock is set back
		c = b.must(t, clerk, c, "propose", map[string]any{"fee": 0})
		if events, _ = b.History(clerk, c.ID); events[len(events)-1].At.Before(events[len(events)-2].At) {
			t.Error("time ran backwards within a case")
		}
		b.sound(t)
	})
}

func TestNewCalendar(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		c := b.permit(t)
		source, err := os.ReadFile(calendar2026)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(source), `"2026-02-23": 春节`, `"2026-02-23": 春节, "2026-02-24": 春节`, 1)
		if err := b.SetCalendar(t.Context(), []byte(changed)); err != nil {
			t.Fatal(err)
		}
		c, err = b.Case(clerk, c.ID)
		if want := "2026-02-25"; err != nil || c.Due.In(b.site.Zone).Format(time.DateOnly) != want {
			t.Errorf("due %v, %v; want %s", c.Due, err, want)
		}
		moves, err := b.Moved(clerk, c.ID)
		if err != nil || len(moves) != 2 || !moves[0].Before.Before(moves[0].After) {
			t.Errorf("moved: %+v, %v; want the notice and the legal limit", moves, err)
		}
		box, err := b.Inbox(clerk, Asking{})
		if err != nil || len(box.Items) != 1 || !box.Items[0].Due.Equal(c.Due) {
			t.Errorf("inbox: %+v, %v", box, err)
		}
		b.sound(t)
	})
}

// TestNewCalendarStopped: a program that stops while dues are recomputed goes on
// where it was, and what happens to a case meanwhile is not lost.
func TestNewCalendarStopped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		cases := []Case{b.permit(t), b.permit(t), b.permit(t)}
		source, err := os.ReadFile(calendar2026)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(source), `"2026-02-23": 春节`, `"2026-02-23": 春节, "2026-02-24": 春节`, 1)
		var c change
		var rows []clocked
		if err := b.db.Write(t.Context(), func(tx store.Tx) error {
			if err := b.putCalendar(t.Context(), tx, []byte(changed)); err != nil {
				return err
			}
			if c, _, err = readChange(t.Context(), tx); err != nil {
				return err
			}
			rows, err = openClocks(t.Context(), tx, "", lastID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		k, err := c.chunk(rows[:2], b.now())
		if err != nil {
			t.Fatal(err)
		}
		k.more = true
		b.must(t, clerk, cases[0], "accept", nil) // after the chunk was computed, before it is written
		if err := b.relit(t.Context(), c, k, ""); err != nil {
			t.Fatal(err)
		}
		if err := b.relight(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, was := range cases {
			moves, err := b.Moved(clerk, was.ID)
			if err != nil || len(moves) == 0 || !moves[0].Before.Before(moves[0].After) {
				t.Errorf("case %d moved: %+v, %v", i, moves, err)
			}
			now, err := b.Case(clerk, was.ID)
			if err != nil || !now.Due.After(was.Due) {
				t.Errorf("case %d is due %v, was %v, %v", i, now.Due, was.Due, err)
			}
		}
		box, err := b.Inbox(clerk, Asking{})
		if err != nil || len(box.Items) != 3 {
			t.Fatalf("inbox: %+v, %v", box, err)
		}
		for _, it := range box.Items {
			if at := it.Case.Clocks[it.Detail.Clock]; it.Detail.Clock != "" && !it.Due.Equal(dueOf(at, c.is)) {
				t.Errorf("a task is due %v, its clock %v", it.Due, dueOf(at, c.is))
			}
		}
		b.sound(t)
	})
}

func TestTasks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ann, bob := as(t.Context(), "ann", actor.Clerk, "500112"), as(t.Context(), "bob", actor.Clerk, "500112")
		far, leader := as(t.Context(), "far", actor.Clerk, "500113"), as(t.Context(), "leader", actor.Leader, "500112")
		c := b.permit(t)
		sees := func(ctx context.Context) int {
			box, err := b.Inbox(ctx, Asking{})
			if err != nil {
				t.Fatal(err)
			}
			return len(box.Items)
		}
		task := func() map[string]any { return map[string]any{"task": c.Tasks[0].ID} }
		with := func(k string, v any) map[string]any { m := task(); m[k] = v; return m }
		if sees(ann) != 1 || sees(bob) != 1 || sees(far) != 0 || sees(leader) != 0 {
			t.Errorf("at first: ann %d, bob %d, far %d, leader %d", sees(ann), sees(bob), sees(far), sees(leader))
		}
		c = b.must(t, ann, c, taskClaim, task())
		if sees(ann) != 1 || sees(bob) != 0 {
			t.Errorf("claimed by ann: ann %d, bob %d", sees(ann), sees(bob))
		}
		if _, err := b.Send(bob, Command{Case: c.ID, Event: "accept"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("bob did what ann has claimed: %v", err)
		}
		c = b.must(t, ann, c, taskRelease, task())
		c = b.must(t, leader, c, taskDelegate, with("person", "dora"))
		if n := sees(as(t.Context(), "dora", actor.Clerk, "500999")); n != 1 {
			t.Errorf("delegated to dora, who sees %d", n)
		}
		c = b.must(t, ann, c, taskReturn, task())
		c = b.must(t, leader, c, taskTransfer, with("unit", "500113"))
		if sees(far) != 1 || sees(ann) != 0 {
			t.Errorf("transferred: far %d, ann %d", sees(far), sees(ann))
		}
		c = b.must(t, far, c, taskReturn, task())
		if sees(far) != 0 || sees(ann) != 1 {
			t.Errorf("given back: far %d, ann %d", sees(far), sees(ann))
		}
		c = b.must(t, ann, c, taskRecuse, with("text", "亲属"))
		if _, err := b.Send(ann, Command{Case: c.ID, Event: "accept"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("ann has recused herself and went on: %v", err)
		}
		c = b.must(t, leader, c, taskRemind, task())
		if _, err := b.Send(bob, Command{Case: c.ID, Event: taskSupervise, Data: with("level", 1)}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a clerk supervises: %v", err)
		}
		c = b.must(t, leader, c, taskSupervise, with("level", 2))
		if c.Tasks[0].Reminded != 1 || c.Tasks[0].Level != 2 {
			t.Errorf("reminded and supervised: %+v", c.Tasks[0])
		}
		c = b.must(t, bob, c, "accept", nil)
		c = b.must(t, bob, c, taskJoin, with("units", []string{"500113"}))
		if sees(far) != 1 {
			t.Error("the joint unit does not see what it is asked")
		}
		c = b.must(t, far, c, taskAnswer, map[string]any{"task": c.Tasks[1].ID, "text": "同意"})
		if c.State.Data["answered"] != int64(1) || sees(far) != 0 {
			t.Errorf("answered: %v", c.State.Data)
		}
		b.sound(t)
	})
}

func TestParts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk, leader := as(t.Context(), "clerk", actor.Clerk, "500112"), as(t.Context(), "leader", actor.Leader, "500112")
		c := b.permit(t)
		c = b.must(t, clerk, c, "accept", nil)
		c = b.must(t, clerk, c, "propose", map[string]any{"fee": 1})
		c = b.must(t, leader, c, "split", nil)
		program := b.AsProgram(t.Context())
		parts, err := b.Find(program, Filter{Parent: c.ID})
		if err != nil || len(parts) != 2 {
			t.Fatalf("parts: %d, %v", len(parts), err)
		}
		for _, p := range parts {
			unit, _ := p.State.Data["unit"].(string)
			b.must(t, as(t.Context(), "far", actor.Clerk, unit), p, "answer", nil)
		}
		c, err = b.Case(leader, c.ID)
		if err != nil || c.State.Data["answered"] != int64(2) {
			t.Errorf("the parts have answered, the whole knows of %v, %v", c.State.Data["answered"], err)
		}
		b.refuse = fault.New(fault.Busy, "not now")
		b.must(t, leader, c, "decide", nil)
		if len(b.published) != 0 {
			t.Fatal("published in spite of the refusal")
		}
		b.refuse = nil
		b.turn(t, "2026-02-11T09:00:00+08:00")
		if len(b.published) != 1 {
			t.Errorf("published %d times after the refusal had gone", len(b.published))
		}
		b.sound(t)
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		c := b.permit(t)
		d, err := b.Attach(clerk, c.ID, `C:\材料\申请表.pdf`, strings.NewReader("%PDF"))
		if err != nil || d.Name != "申请表.pdf" || d.N != 2 {
			t.Fatalf("%+v, %v", d, err)
		}
		_, r, err := b.Document(clerk, c.ID, d.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || string(text) != "%PDF" {
			t.Errorf("%q, %v", text, err)
		}
		if _, err := b.Attach(clerk, c.ID, "run.exe", strings.NewReader("MZ")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a program was taken: %v", err)
		}
		if _, err := b.Attach(as(t.Context(), "x", actor.Clerk, "500113"), c.ID, "a.pdf", strings.NewReader("")); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("somebody else's case: %v", err)
		}
		b.sound(t)
	})
}

func TestTampering(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"an event is changed": `UPDATE flow_event SET data = '{"reason":"scope"}' WHERE name = 'accept'`,
		"an event is removed": `DELETE FROM flow_event WHERE name = 'accept'`,
		"a timer is lost":     `DELETE FROM flow_timer`,
		"a case is changed":   `UPDATE flow_case SET state = REPLACE(state, '"rounds":0', '"rounds":1')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *bench) {
				clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
				c := b.must(t, clerk, b.permit(t), "accept", nil)
				b.must(t, clerk, c, "propose", map[string]any{"fee": 1})
				b.sound(t)
				if err := b.db.Write(t.Context(), func(tx store.Tx) error { _, err := tx.Exec(t.Context(), change); return err }); err != nil {
					t.Fatal(err)
				}
				if a, err := b.Verify(t.Context()); err != nil || a.Broken == "" {
					t.Errorf("nobody has noticed: %+v, %v", a, err)
				}
			})
		})
	}
}

func TestProceduresInForce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		clerk := as(t.Context(), "clerk", actor.Clerk, "500112")
		old := b.permit(t)
		source, err := os.ReadFile("testdata/procedures/permit.yaml")
		if err != nil {
			t.Fatal(err)
		}
		next := strings.NewReplacer("examined", "reviewed", `"2020-01-01"`, `"2026-03-01"`).Replace(string(source))
		v, err := b.Accept(b.AsProgram(t.Context()), "permit.yaml", []byte(next))
		if err != nil || v.InForce {
			t.Fatalf("%+v, %v", v, err)
		}
		if c := b.permit(t); c.Digest != old.Digest {
			t.Error("a version of next month is in force today")
		}
		b.turn(t, "2026-03-02T09:00:00+08:00")
		if c := b.permit(t); c.Digest != v.Digest {
			t.Error("the version of this month is not in force")
		}
		if c, _ := b.Case(clerk, old.ID); c.Digest != old.Digest || !c.In("examined") {
			t.Errorf("a running case has changed its version: %v", c.State.Active)
		}
		m := Migration{From: old.Digest, To: v.Digest, Check: true}
		if got, err := b.Migrate(b.AsProgram(t.Context()), m); err != nil || got.Moved != 0 || errorsOf(got.Findings) == nil {
			t.Errorf("without a map: %+v, %v", got, err)
		}
		m.States, m.Check = map[string]string{"examined": "reviewed"}, false
		if got, err := b.Migrate(b.AsProgram(t.Context()), m); err != nil || got.Moved != 2 {
			t.Fatalf("with a map: %+v, %v", got, err)
		}
		c, err := b.Case(clerk, old.ID)
		if err != nil || !c.In("reviewed") || c.Tasks[0].State != "reviewed" {
			t.Errorf("moved: %+v, %v", c, err)
		}
		b.must(t, clerk, c, "propose", map[string]any{"fee": 1})
		if _, err := b.Accept(b.AsProgram(t.Context()), "bad.yaml", []byte(strings.Replace(string(source), "to: granted", "to: nowhere", 1))); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "bad.yaml:") {
			t.Errorf("a procedure that leads nowhere: %v", err)
		}
		b.sound(t)
	})
}

func TestSubtree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for range 5 {
			b.permit(t)
		}
		city := as(t.Context(), "city", actor.Leader, "500000")
		var got []string
		for cursor := ""; ; {
			box, err := b.Inbox(city, Asking{Unit: "500000", Limit: 2, After: cursor})
			if err != nil || box.Later+box.Soon+box.Overdue != 5 {
				t.Fatalf("%+v, %v", box, err)
			}
			for _, it := range box.Items {
				got = append(got, it.Task)
			}
			if cursor = box.Next; cursor == "" {
				break
			}
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != 5 {
			t.Errorf("pages: %v", got)
		}
		if _, err := b.Inbox(as(t.Context(), "x", actor.Leader, "500113"), Asking{Unit: "500112"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("the neighbour's inbox: %v", err)
		}
	})
}
