package projects

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// desktop is a small engine: it knows the way through the two procedures and
// nothing of owners, clocks or guards.
type desktop struct {
	s     *Service
	cases map[string]flow.Case
	keys  map[string]string
	fail  error // of the next opening
}

func (d *desktop) Open(_ context.Context, o flow.Opening) (flow.Case, error) {
	if d.fail != nil {
		return flow.Case{}, d.fail
	}
	if id := d.keys[o.Key]; id != "" {
		return d.cases[id], nil
	}
	id := "case-" + strconv.Itoa(len(d.cases)+1)
	c := flow.Case{ID: id, Number: id, Procedure: o.Procedure, Title: o.Title, Subject: o.Subject, Unit: o.Unit}
	c.State = machine.Configuration{Active: []string{"draft"}, Data: maps.Clone(o.Data)}
	d.cases[id], d.keys[o.Key] = c, id
	return c, nil
}

func (d *desktop) Send(ctx context.Context, cmd flow.Command) (flow.Case, error) {
	c, err := d.Case(ctx, cmd.Case)
	if err != nil {
		return c, err
	}
	approving := "approving"
	if said(c, "post") != "" {
		approving = "answering"
	}
	last := "approved"
	ways := map[string]string{"draft.submit": "check", "draft.withdraw": "withdrawn", "check.pass": approving, approving + ".approve": last, approving + ".return": "draft", "check.return": "draft"}
	if c.Procedure == MonthProcedure {
		last = "accepted"
		ways = map[string]string{"draft.submit": "check", "draft.withdraw": "withdrawn", "check.approve": last, "check.return": "draft"}
	}
	to := ways[c.State.Active[0]+"."+cmd.Event]
	if to == "" {
		return c, fault.New(fault.Conflict, "%s does nothing in %s", cmd.Event, c.State.Active[0])
	}
	c.State.Active, c.State.Data = []string{to}, maps.Clone(c.State.Data)
	if digest, ok := cmd.Data["digest"]; ok {
		c.State.Data["digest"] = digest
	}
	d.cases[c.ID] = c
	topics := d.s.Guest().Topics
	e := flow.Effected{ID: c.ID + ".effect", Case: c, At: d.s.now(), By: actor.Of(ctx).ID}
	topic := map[string]string{"approved": topicVersion, "accepted": topicMonth, "withdrawn": topicWithdrawn}[to]
	if fn := topics[topic]; fn != nil {
		for range 2 { // at least once
			if err := fn(ctx, e); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

func (d *desktop) Case(_ context.Context, id string) (flow.Case, error) {
	if c, ok := d.cases[id]; ok {
		return c, nil
	}
	return flow.Case{}, fault.New(fault.NotFound, "there is no case %q", id)
}

func (d *desktop) Find(_ context.Context, f flow.Filter) ([]flow.Case, error) {
	var out []flow.Case
	for _, c := range d.cases {
		ended := slices.Contains([]string{"approved", "accepted", "withdrawn"}, c.State.Active[0])
		if c.Procedure == f.Procedure && c.Subject == f.Subject && (!f.Open || !ended) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (d *desktop) Possible(ctx context.Context, id string) ([]flow.Possible, error) {
	c, err := d.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	back := flow.Possible{Event: "return", ZH: "退回", Mine: true, Refusal: true, Reasons: []flow.Reason{{Code: "unclear", ZH: "不清"}}}
	switch c.State.Active[0] {
	case "draft":
		return []flow.Possible{{Event: "submit", ZH: "提交核对", Mine: true}, {Event: "withdraw", ZH: "撤回", For: "unit:kjj:clerk"}}, nil
	case "check":
		return []flow.Possible{{Event: "pass", ZH: "核对通过", Mine: true}, back}, nil
	case "approving", "answering":
		return []flow.Possible{{Event: "approve", ZH: "批准", Mine: true}, back}, nil
	}
	return nil, nil
}

// city stands in for the units, the plan and who may do what.
type city struct{}

func (city) Unit(_ context.Context, id string) (org.Unit, error) {
	for _, u := range (city{}).all() {
		if u.ID == id {
			return u, nil
		}
	}
	return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
}

func (city) all() []org.Unit {
	return []org.Unit{
		{ID: "500106", Kind: org.District, Text: pack.Text{ZH: "沙坪坝区", EN: "Shapingba"}},
		{ID: "jjxx", Kind: org.Body, Text: pack.Text{ZH: "市经济信息委", EN: "Economy and Information"}},
		{ID: "kjj", Kind: org.Body, Text: pack.Text{ZH: "市科技局", EN: "Science Bureau"}},
	}
}

func (c city) Units(context.Context, time.Time) ([]org.Unit, error) { return c.all(), nil }

func (city) Audit(context.Context, store.Tx, string, string, string) error { return nil }

func (city) Decide(_ context.Context, who actor.Actor, need actor.Permission, unit string) error {
	if who.May(need, unit, func(_, top string) bool { return top == "500000" }) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s may not %s over %s", who.Name, need, unit)
}

func plan(context.Context, time.Time) ([]Element, error) {
	slot := &pack.Text{ZH: "页面只载类别。", EN: "The page names the class."}
	out := []Element{
		{ID: "O3", Kind: "objective", Text: pack.Text{ZH: "科技赋能产业", EN: "Industry"}},
		{ID: "AC1", Kind: "action", Text: pack.Text{ZH: "战略科技力量", EN: "Strategic forces"}},
		{ID: "T09", Kind: "target", Under: []string{"O3"}, Text: pack.Text{ZH: "高新技术企业", EN: "High-tech firms"}},
		{ID: "T13", Kind: "target", Under: []string{"O5"}, Text: pack.Text{ZH: "研发投入强度", EN: "R&D intensity"}},
		{ID: "PL01", Kind: "policy", Text: pack.Text{ZH: "创新政策(1)", EN: "Innovation policy (1)"}, Slot: slot},
	}
	for n, name := range []string{"重大科技基地", "基础条件平台", "成果转化服务载体", "重大科创示范区"} {
		out = append(out, Element{ID: "PC" + strconv.Itoa(n+1), Kind: "project_class", Text: pack.Text{ZH: name, EN: "Class " + strconv.Itoa(n+1)}, Slot: slot})
	}
	return out, nil
}

// clock is a settable now.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// stage is the module on a database with its neighbours played.
type stage struct {
	*Service
	flow  *desktop
	clock *clock
	late  []Late
}

func newStage(t *testing.T, db *store.DB) *stage {
	t.Helper()
	st := &stage{flow: &desktop{cases: map[string]flow.Case{}, keys: map[string]string{}}, clock: &clock{time.Date(2023, 7, 15, 4, 0, 0, 0, time.UTC)}}
	where := web.Site{Unit: "500000", Zone: time.FixedZone("", 8*3600), Now: st.clock.now, Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}}
	st.Service = New(module.Host{DB: db, Now: st.clock.now, Site: where, Log: slog.New(slog.DiscardHandler), Blobs: blob.Files{Dir: t.TempDir()}}, Needs{
		Flow: st.flow, Plan: plan, Units: city{}, Access: city{}, Audit: city{},
		Late: func(_ context.Context, l Late) (string, error) {
			st.late = append(st.late, l)
			return "directive-" + strconv.Itoa(len(st.late)), nil
		},
	})
	st.flow.s = st.Service
	return st
}

func as(t *testing.T, role actor.Role, unit string) context.Context {
	t.Helper()
	return actor.With(t.Context(), actor.Actor{ID: string(role), Name: string(role), Grants: []actor.Grant{{Role: role, Unit: unit}}})
}

// hand hands a document in and returns it.
func (st *stage) hand(ctx context.Context, t *testing.T, name string) Document {
	t.Helper()
	d, err := st.keep(ctx, name, strings.NewReader("文字 "+name))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pass leads a case to its end.
func (st *stage) pass(t *testing.T, c flow.Case, events ...string) {
	t.Helper()
	for _, e := range events {
		st.clock.at = st.clock.at.Add(time.Minute)
		if _, err := st.send(as(t, actor.Leader, "500000"), c.ID, e, "incomplete", "说明"); err != nil {
			t.Fatalf("%s: %v", e, err)
		}
	}
}
