package identifiers

import (
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
)

// TestRegister: each item of a batch has its verdict, for one who may; the same key has
// the same verdicts again; what is registered resolves at once.
func TestRegister(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		r := factory()
		c := st.decide(t, Change{Change: Allocate, Registrant: &r})
		clerk := as(t, actor.Clerk)
		tm, err := st.addTemplate(clerk, template.Template{ID: "gearbox", Name: pack.Text{ZH: "减速机"}, Items: []template.Item{
			{Index: 1, Name: "page", Type: template.URL, Alias: pack.Text{ZH: "网址", EN: "Page"}},
			{Index: 2000, Name: "model", Type: template.Text, Required: true, Alias: pack.Text{ZH: "型号", EN: "Model"}},
		}})
		if err != nil || tm.Ref() != "gearbox@1" {
			t.Fatal(tm, err)
		}
		if again, err := st.addTemplate(clerk, tm); err != nil || again.Version != 1 {
			t.Errorf("the same template: version %d, %v", again.Version, err)
		}
		url := []Given{{Index: 1, Type: "URL", Data: "https://f.example"}}
		items := []Registration{
			{Identifier: "88.500.1/a", Values: url},
			{Identifier: "88.500.1/b", Template: "gearbox@1", Fields: map[string]string{"model": "RV-40"}},
			{Identifier: "88.500.1/c", Template: "gearbox@1", Fields: map[string]string{"page": "https://f.example"}},
			{Identifier: "88.500.1/d", Template: "gearbox@9", Fields: map[string]string{"model": "x"}},
			{Identifier: "88.500.9/e", Values: url},
			{Identifier: "88.500.1/", Values: url},
			{Identifier: "88.500.1", Values: url},
			{Identifier: "88.500.1/g"},
			{Identifier: "88.500.1/h", Values: []Given{{Index: 2, Type: "HS_ADMIN", Data: "x"}}},
			{Identifier: "88.500.1/i", Values: []Given{{Index: 1, Type: "URL", Data: "x"}, {Index: 1, Type: "URL", Data: "y"}}},
		}
		want := []string{
			"registered", "registered", "refused Model (model) is missing", "refused there is no template gearbox@9", "refused prefix 88.500.9 was not allocated",
			"refused identifier \"88.500.1/\" has no suffix", "refused identifier \"88.500.1\" has no \"/\"", "refused there is no value", "refused a value of type HS_ADMIN", "refused identifier \"88.500.1/i\" has two values of index 1",
		}
		st.verdicts(t, Batch{Key: "batch-0001", Items: items}, want)
		st.verdicts(t, Batch{Key: "batch-0001", Items: items}, want)
		st.verdicts(t, Batch{Key: "batch-0002", Items: items[:2]}, []string{"unchanged", "unchanged"})
		other := []Registration{{Identifier: "88.500.1/A", Values: []Given{{Index: 1, Type: "URL", Data: "https://g.example"}}}}
		st.verdicts(t, Batch{Key: "batch-0003", Items: other}, []string{"taken identifier 88.500.1/A is registered, and otherwise"})
		st.verdicts(t, Batch{Key: "batch-0004", Items: other, Replace: true}, []string{"registered"})
		got, err := st.resolve(t.Context(), "88.500.1/a", "")
		if err != nil || got.Identifier != "88.500.1/A" || got.Values[0].Data != "https://g.example" || got.Values[1].Type != handle.TypeAdmin {
			t.Errorf("%+v, %v", got, err)
		}
		st.members(t, said(c, "prefix"), items[:1])
	})
}

// verdicts registers a batch and compares what is said of each item.
func (st *stage) verdicts(t *testing.T, b Batch, want []string) {
	t.Helper()
	got, err := st.Register(as(t, actor.Clerk), b)
	if err != nil || len(got) != len(want) {
		t.Fatal(got, err)
	}
	for i, v := range got {
		if said := strings.TrimSpace(v.Outcome + " " + v.EN); !strings.HasPrefix(said, want[i]) || (v.Outcome == Refused) != (v.ZH != "" && v.Outcome != Taken) || v.Identifier != b.Items[i].Identifier {
			t.Errorf("%s: %s %s; want %s", v.Identifier, said, v.ZH, want[i])
		}
	}
}

// members: who belongs to a registrant registers for it, and no longer when they do not.
func (st *stage) members(t *testing.T, name string, items []Registration) {
	t.Helper()
	p, err := st.holds(t, name)
	if err != nil {
		t.Fatal(err)
	}
	worker := actor.With(t.Context(), actor.Actor{ID: "worker", Name: "worker"})
	st.Access = visitors{}
	defer func() { st.Access = city{} }()
	try := func(key string) Verdict {
		got, err := st.Register(worker, Batch{Key: key, Items: items, Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	if v := try("worker-01"); v.Outcome != Refused || !strings.Contains(v.EN, "no member") {
		t.Errorf("a stranger: %+v", v)
	}
	if err := st.changeMember(worker, member{p.Registrant, "worker"}, true); err != nil {
		t.Fatal(err)
	}
	if v := try("worker-02"); v.Outcome != Registered {
		t.Errorf("a member: %+v", v)
	}
	if err := st.changeMember(worker, member{p.Registrant, "worker"}, false); err != nil {
		t.Fatal(err)
	}
	if v := try("worker-03"); v.Outcome != Refused {
		t.Errorf("who was a member: %+v", v)
	}
	if err := st.changeMember(worker, member{"nobody", "worker"}, true); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}
