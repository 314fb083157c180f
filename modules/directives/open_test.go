package directives

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yuzhou/engine/flow"
	"yuzhou/engine/flow/machine"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

func grant(role actor.Role, unit string) actor.Actor {
	return actor.Actor{ID: string(role) + "-" + unit, Name: string(role), Grants: []actor.Grant{{Role: role, Unit: unit}}}
}

func as(ctx context.Context, role actor.Role, unit string) context.Context {
	return actor.With(ctx, grant(role, unit))
}

// TestOpen: who may order what.
func TestOpen(t *testing.T) {
	c := newCity(t, migrated(t))
	c.stand("red", "2023-06-30@1")
	title := pack.Text{ZH: "上报项目清单"}
	for _, tt := range []struct {
		name string
		who  actor.Actor
		o    Order
		kind fault.Kind
		says string
	}{
		{"a leader of the city", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kjj"}, "", ""},
		{"a leader of the lead", grant(actor.Leader, "kjj"), Order{Title: title, Lead: "kjj", Target: "T09", Condition: Condition{Kind: OnPath}}, "", ""},
		{"a leader of another", grant(actor.Leader, "500103"), Order{Title: title, Lead: "kjj"}, fault.Forbidden, "kjj"},
		{"a clerk", grant(actor.Clerk, "500000"), Order{Title: title, Lead: "kjj"}, fault.Forbidden, "decide"},
		{"nobody", actor.Actor{}, Order{Title: title, Lead: "kjj"}, fault.Forbidden, "decide"},
		{"no title", grant(actor.Leader, "500000"), Order{Lead: "kjj"}, fault.Invalid, "title"},
		{"no such unit", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kj"}, fault.Invalid, `"kj"`},
		{"no such joint unit", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kjj", Joint: []string{"x"}}, fault.Invalid, `"x"`},
		{"no such target", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kjj", Target: "T99"}, fault.Invalid, "T99"},
		{"a path without a target", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kjj", Condition: Condition{Kind: OnPath}}, fault.Invalid, "target"},
		{"a date that is none", grant(actor.Leader, "500000"), Order{Title: title, Lead: "kjj", By: "soon"}, fault.Invalid, "soon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := c.Open(actor.With(t.Context(), tt.who), tt.o)
			if fault.KindOf(err) != tt.kind || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v, want %q", err, tt.kind)
			}
			if err == nil && (d.Office != "office" || d.Lead != "kjj" || d.Title.EN == "" || d.Matter == "" || d.Condition == "") {
				t.Errorf("left open: %+v", d)
			}
		})
	}
}

// TestOpenFrom: a thing of another module gets one directive as long as that one stands.
func TestOpenFrom(t *testing.T) {
	c := newCity(t, migrated(t))
	open := func() string {
		t.Helper()
		id, err := c.OpenFrom(t.Context(), ByProject, "project/P3.m2", "", pack.Text{ZH: "节点逾期"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := open()
	if again := open(); again != first {
		t.Errorf("a second one %s beside %s", again, first)
	}
	if d, err := c.read(c.program(t.Context()), first); err != nil || d.Lead != "office" || d.Origin != ByProject || d.Subject != "project/P3.m2" {
		t.Errorf("%+v, %v", d, err)
	}
	c.desk.find(first).State.Active = []string{stageClosed}
	if again := open(); again == first {
		t.Error("a closed one was taken for one that stands")
	}
}

// TestDecideMeeting: a meeting opens all of its decisions, or none when one is not right.
func TestDecideMeeting(t *testing.T) {
	c := newCity(t, migrated(t))
	leader := as(t.Context(), actor.Leader, "500000")
	good := []Ordered{{Title: pack.Text{ZH: "一"}, Lead: "kjj"}, {Title: pack.Text{ZH: "二"}, Lead: "500103", By: "2023-07-31", Condition: "st.hte/500103 >=700家"}}
	bad := append(slices.Clone(good), Ordered{Title: pack.Text{ZH: "三"}, Lead: "nobody"})
	if _, _, err := c.Decide(leader, Stocktake{Held: "2023-07-17", Orders: bad}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "decision 3") {
		t.Errorf("a decision that is not right: %v", err)
	}
	if _, _, err := c.Decide(leader, Stocktake{Held: "Monday", Orders: good}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a day that is none: %v", err)
	}
	if _, _, err := c.Decide(leader, Stocktake{Held: "2023-07-17"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no decisions: %v", err)
	}
	if _, _, err := c.Decide(as(t.Context(), actor.Leader, "kjj"), Stocktake{Held: "2023-07-17", Orders: good}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("over a unit of another: %v", err)
	}
	if len(c.desk.cases) != 0 {
		t.Fatalf("%d cases were opened by meetings that were refused", len(c.desk.cases))
	}
	m, all, err := c.Decide(leader, Stocktake{Held: "2023-07-17", Orders: good})
	if err != nil || len(all) != 2 || all[0].Meeting != m.ID || all[0].Origin != ByMeeting || m.Title.ZH == "" {
		t.Fatalf("%+v %+v %v", m, all, err)
	}
	listed, err := c.List(leader, Query{Meeting: m.ID})
	if err != nil || len(listed) != 2 {
		t.Errorf("%d of the meeting's directives, %v", len(listed), err)
	}
	past, err := c.meetings(t.Context())
	if err != nil || len(past) != 1 || past[0].ID != m.ID {
		t.Errorf("meetings %+v, %v", past, err)
	}
}

// TestClose: a directive closes on evidence that resolves and a condition that
// holds; every refusal is one sentence.
func TestClose(t *testing.T) {
	c := newCity(t, migrated(t))
	leader := as(t.Context(), actor.Leader, "500000")
	for _, tt := range []struct {
		name      string
		stage     string
		condition string
		evidence  []any
		files     []any
		says      string // "" when it closes
	}{
		{"not for review", "working", "document", nil, []any{"abc"}, "from review"},
		{"without evidence", stageReview, "document", nil, nil, "document"},
		{"a document that is not there", stageReview, "document", nil, []any{"def"}, "def"},
		{"a number that does not resolve", stageReview, "document", []any{"nowhere/x"}, []any{"abc"}, "nowhere/x"},
		{"with its document", stageReview, "document", nil, []any{"abc"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := Ordered{Title: pack.Text{ZH: tt.name}, Lead: "kjj", Condition: tt.condition}.order(ByHand)
			if err != nil {
				t.Fatal(err)
			}
			d, err := c.Open(leader, o)
			if err != nil {
				t.Fatal(err)
			}
			at := c.desk.find(d.ID)
			at.State.Active = []string{"live", tt.stage}
			at.State.Data["evidence"], at.State.Data["files"] = tt.evidence, tt.files
			got, err := c.Act(leader, d.ID, "accept", nil)
			if tt.says == "" && (err != nil || got.Stage != stageClosed) {
				t.Errorf("%s, %v", got.Stage, err)
			}
			if tt.says != "" && (fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestSplit: a directive's parts are opened once, however often they are asked for.
func TestSplit(t *testing.T) {
	c := newCity(t, migrated(t))
	d, err := c.Open(as(t.Context(), actor.Leader, "500000"), Order{Title: pack.Text{ZH: "培育高企"}, Lead: "kjj"})
	if err != nil {
		t.Fatal(err)
	}
	d.Target = "T09"
	c.desk.find(d.ID).State.Data["target"] = d.Target
	units := []any{"500103", "500105", "500106"}
	asked := flow.Effected{ID: "e1", Case: *c.desk.find(d.ID), Data: map[string]any{"units": units, "matter": "各自增加", "rule": "equal"}}
	for range 2 {
		if err := c.onSplit(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := c.parts(t.Context(), d.ID)
	if err != nil || len(parts) != 3 || parts[0].Unit != "500103" || parts[0].Stage != "issued" {
		t.Fatalf("%+v, %v", parts, err)
	}
	first := c.desk.find(parts[0].ID)
	if first.Title.ZH != "培育高企（渝中区）" || first.State.Data["lead"] != "kjj" || first.State.Data["matter"] != "各自增加（到 500103）" {
		t.Errorf("a part is %+v", first)
	}
	lead := as(t.Context(), actor.Clerk, "kjj")
	for _, tt := range []struct {
		name string
		data map[string]any
		says string
	}{
		{"a unit that is not there", map[string]any{"units": []any{"500103", "x"}}, `"x"`},
		{"the lead itself", map[string]any{"units": []any{"kjj"}}, "leads"},
		{"a rule that does not apply", map[string]any{"units": []any{"500103"}, "rule": "growth"}, "growth"},
	} {
		if _, err := c.Act(lead, d.ID, "split", tt.data); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if len(c.desk.sent) > 0 {
		t.Errorf("sent %v", c.desk.sent)
	}
	if _, err := c.Act(lead, d.ID, "split", map[string]any{"units": []any{"500103"}, "rule": "equal"}); err != nil || fmt.Sprint(c.desk.sent) != "[split]" {
		t.Errorf("sent %v, %v", c.desk.sent, err)
	}
}

// TestSees: who may see a directive, and that others are told so.
func TestSees(t *testing.T) {
	c := newCity(t, migrated(t))
	c.stand("red", "2023-06-30@1")
	c.evaluate(t, "2023-07-11")
	c.desk.cases[0].State = machine.Configuration{Active: []string{"live", "working", "pace", "chased"}, Data: c.desk.cases[0].State.Data}
	c.desk.cases[0].State.Data["parts"] = []any{"500103"}
	for _, tt := range []struct {
		unit string
		sees bool
	}{{"office", true}, {"kjj", true}, {"500103", true}, {"500105", false}, {"500000", true}} {
		who := as(t.Context(), actor.Clerk, tt.unit)
		all, err := c.List(who, Query{})
		if err != nil || (len(all) == 1) != tt.sees {
			t.Errorf("%s lists %d, %v", tt.unit, len(all), err)
		}
		_, err = c.Act(who, "c1", "feedback", nil)
		if !tt.sees && fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s acts: %v", tt.unit, err)
		}
	}
	works, err := c.Works(t.Context(), "T09")
	if err != nil || len(works) != 0 {
		t.Errorf("a visitor sees %d, %v", len(works), err)
	}
	works, err = c.Works(as(t.Context(), actor.Clerk, "kjj"), "T09")
	if err != nil || len(works) != 1 || works[0].Stage.ZH != "催办" || works[0].Href != "/directives/c1" {
		t.Errorf("works %+v, %v", works, err)
	}
}
