package projects

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// TestCourse: a project from its entry to its end and back, on both databases.
func TestCourse(t *testing.T) {
	testkit.EachStore(t, "projects", migrations, func(t *testing.T, db *store.DB) {
		st := newStage(t, db)
		clerk := as(t, actor.Clerk, "kjj")
		doc := st.hand(clerk, t, "批复.txt")
		w := good()
		w.ID, w.Documents, w.Milestones[0].Document = "", []Document{{SHA256: doc.SHA256, Name: "批复"}}, doc.SHA256
		entered, err := st.Propose(clerk, Enter, w)
		if err != nil {
			t.Fatal(err)
		}
		id := said(entered, "work")
		if id != "XM-0001" || !entered.In("check") {
			t.Fatalf("entered as %q in %v", id, entered.State.Active)
		}
		if _, err := st.state(t.Context(), id, st.now()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("in force before it is approved: %v", err)
		}
		before := st.now()
		st.pass(t, entered, "pass", "approve")
		got, err := st.state(t.Context(), id, st.now())
		if err != nil || got.Version != 1 || got.Documents[0].Media != "text/plain; charset=utf-8" || got.By != "leader" {
			t.Fatalf("%+v, %v; want version 1, approved by the leader", got, err)
		}
		if _, err := st.state(t.Context(), id, before); fault.KindOf(err) != fault.NotFound {
			t.Errorf("known before it was approved: %v", err)
		}

		w = got.Work
		w.ZH = "改名的项目"
		change, err := st.Propose(clerk, Change, w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Propose(clerk, Change, w); fault.KindOf(err) != fault.Conflict {
			t.Errorf("two changes at once: %v", err)
		}
		st.pass(t, change, "return")
		w.ZH = "又改名的项目"
		if _, err := st.Amend(clerk, change.ID, w); err != nil {
			t.Fatal(err)
		}
		st.pass(t, change, "pass", "approve")
		history, err := st.history(t.Context(), id)
		if err != nil || len(history) != 2 || history[0].ZH != "测试项目" || history[1].ZH != "又改名的项目" {
			t.Fatalf("%+v, %v; want both versions as they were approved", history, err)
		}

		if withdrawn, err := st.Propose(clerk, Change, w); err != nil {
			t.Fatal(err)
		} else {
			st.pass(t, withdrawn, "return", "withdraw")
		}
		st.close(t, clerk, id)
	})
}

// close closes a work on its document and opens it again.
func (st *stage) close(t *testing.T, clerk context.Context, id string) {
	t.Helper()
	got, err := st.state(t.Context(), id, st.now())
	if err != nil {
		t.Fatal(err)
	}
	w := got.Work
	if _, err := st.Propose(clerk, Close, w); fault.KindOf(err) != fault.Invalid {
		t.Errorf("closed on a promise: %v", err)
	}
	w.Closing = &Closing{Text: pack.Text{ZH: "验收合格"}, On: "2023-07-15", Evidence: []string{w.Documents[0].SHA256}}
	if _, err := st.Propose(clerk, Change, w); fault.KindOf(err) != fault.Invalid {
		t.Errorf("closed by a change: %v", err)
	}
	closing, err := st.Propose(clerk, Close, w)
	if err != nil {
		t.Fatal(err)
	}
	st.pass(t, closing, "pass", "approve")
	if _, err := st.Propose(clerk, Change, got.Work); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a closed work is changed: %v", err)
	}
	reopened, err := st.Propose(clerk, Reopen, got.Work)
	if err != nil {
		t.Fatal(err)
	}
	st.pass(t, reopened, "pass", "approve")
	if got, err = st.state(t.Context(), id, st.now()); err != nil || got.Closing != nil || got.Version != 4 {
		t.Errorf("%+v, %v; want version 4, open", got.version, err)
	}
}

// enter puts a work in force.
func (st *stage) enter(t *testing.T, w Work) string {
	t.Helper()
	clerk := as(t, actor.Clerk, w.Unit)
	doc := st.hand(clerk, t, "批复.txt")
	w.Documents = []Document{{SHA256: doc.SHA256}}
	for n := range w.Milestones {
		if !w.Milestones[n].Actual.IsZero() {
			w.Milestones[n].Document = doc.SHA256
		}
	}
	c, err := st.Propose(clerk, Enter, w)
	if err != nil {
		t.Fatal(err)
	}
	st.pass(t, c, "pass", "approve")
	return said(c, "work")
}

// TestRefused: what cannot be proposed, and by whom.
func TestRefused(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "projects", migrations); err != nil {
		t.Fatal(err)
	}
	st := newStage(t, db)
	id := st.enter(t, good())
	clerk := as(t, actor.Clerk, "kjj")
	for name, tt := range map[string]struct {
		role   actor.Role
		unit   string
		change string
		spoil  func(*Work)
		kind   fault.Kind
		says   string
	}{
		"another's unit":       {actor.Clerk, "jjxx", Change, nil, fault.Forbidden, "kjj"},
		"handed over by taker": {actor.Clerk, "jjxx", Change, func(w *Work) { w.Unit = "jjxx" }, fault.Forbidden, "kjj"},
		"a visitor":            {actor.Public, "kjj", Change, nil, fault.Forbidden, ""},
		"no such unit":         {actor.Clerk, "kjj", Change, func(w *Work) { w.Unit = "nobody" }, fault.Invalid, "nobody"},
		"no such class":        {actor.Clerk, "kjj", Change, func(w *Work) { w.Element = "PC9" }, fault.Invalid, "PC9"},
		"a policy's slot":      {actor.Clerk, "kjj", Change, func(w *Work) { w.Element = "PL01" }, fault.Invalid, "project_class"},
		"no such target":       {actor.Clerk, "kjj", Change, func(w *Work) { w.Links[0].To = "T99" }, fault.Invalid, "T99"},
		"another kind":         {actor.Clerk, "kjj", Change, func(w *Work) { w.Kind, w.Element = Measure, "AC1" }, fault.Invalid, "stays"},
		"entered twice":        {actor.Clerk, "kjj", Enter, nil, fault.Conflict, "there already"},
		"no such work":         {actor.Clerk, "kjj", Change, func(w *Work) { w.ID = "XM-9999" }, fault.NotFound, "XM-9999"},
		"no such change":       {actor.Clerk, "kjj", "rename", nil, fault.Invalid, "rename"},
		"reopened open":        {actor.Clerk, "kjj", Reopen, nil, fault.Conflict, "open"},
		"document not here":    {actor.Clerk, "kjj", Change, func(w *Work) { w.Documents = append(w.Documents, Document{SHA256: strings.Repeat("0", 64)}) }, fault.Invalid, "handed in"},
	} {
		got, err := st.state(t.Context(), id, st.now())
		if err != nil {
			t.Fatal(err)
		}
		w := got.Work
		w.Links = slices.Clone(w.Links)
		if tt.spoil != nil {
			tt.spoil(&w)
		}
		if _, err := st.Propose(as(t, tt.role, tt.unit), tt.change, w); fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %s with %q", name, err, tt.kind, tt.says)
		}
	}
	st.flow.fail = fault.New(fault.Busy, "not now")
	got, err := st.state(t.Context(), id, st.now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Propose(clerk, Change, got.Work); fault.KindOf(err) != fault.Busy {
		t.Errorf("the engine refuses: %v", err)
	}
	st.flow.fail = nil
	if _, err := st.Propose(clerk, Change, got.Work); err != nil {
		t.Errorf("after a refused opening the work is held: %v", err)
	}
}

// TestMonths: a report counts once it is accepted; a later one is a revision.
func TestMonths(t *testing.T) {
	testkit.EachStore(t, "projects", migrations, func(t *testing.T, db *store.DB) {
		st := newStage(t, db)
		id := st.enter(t, good())
		clerk := as(t, actor.Clerk, "kjj")
		doc := st.hand(clerk, t, "开工令.txt")
		percent := 40.0
		r := Report{Work: id, Month: mon(t, "2023-06"), Percent: &percent, Spent: money(t, "300"), Text: "开工", Met: []Met{{"M2", doc.SHA256}}, Documents: []Document{doc}}
		c, err := st.File(clerk, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.File(clerk, r); fault.KindOf(err) != fault.Conflict {
			t.Errorf("two reports of a month at once: %v", err)
		}
		known := st.now()
		st.pass(t, c, "return")
		if _, err := st.Refile(clerk, c.ID, r); err != nil {
			t.Fatal(err)
		}
		st.pass(t, c, "approve")
		got, err := st.state(t.Context(), id, st.now())
		if err != nil || len(got.Reports) != 1 || got.folded().Milestones[1].Actual != mon(t, "2023-06") {
			t.Fatalf("%+v, %v; want M2 done in June", got.Reports, err)
		}
		if before, err := st.state(t.Context(), id, known); err != nil || len(before.Reports) != 0 {
			t.Errorf("known before it was accepted: %+v, %v", before.Reports, err)
		}
		r.Spent = money(t, "350")
		if c, err = st.File(clerk, r); err != nil {
			t.Fatal(err)
		}
		st.pass(t, c, "approve")
		effort, err := st.Works(t.Context(), "T09", st.now())
		if err != nil || effort.Sum.Works != 1 || effort.Sum.Spent != money(t, "350") || effort.Sum.Budget != money(t, "1200") || effort.Parts[0].Grade != "expert" {
			t.Errorf("%+v, %v; want 350 of 1200", effort, err)
		}
		for name, bad := range map[string]Report{
			"a month to come":      {Work: id, Month: mon(t, "2023-09"), Text: "x"},
			"no month":             {Work: id, Month: mon(t, "2023"), Text: "x"},
			"nothing said":         {Work: id, Month: mon(t, "2023-05")},
			"unknown milestone":    {Work: id, Month: mon(t, "2023-05"), Text: "x", Met: []Met{{"M9", doc.SHA256}}, Documents: []Document{doc}},
			"milestone on promise": {Work: id, Month: mon(t, "2023-05"), Text: "x", Met: []Met{{"M2", ""}}},
		} {
			if _, err := st.File(clerk, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestWorks: a work that is linked to the objective serves its targets by way of it.
func TestWorks(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "projects", migrations); err != nil {
		t.Fatal(err)
	}
	st := newStage(t, db)
	w := good()
	w.ID, w.Links = "XM-OBJ", []Link{{To: "O3"}, {To: "T13"}}
	st.enter(t, w)
	st.enter(t, good())
	e, err := st.Works(t.Context(), "T09", st.now())
	if err != nil || len(e.Parts) != 2 || e.Parts[0].Work != "XM-OBJ" || e.Parts[0].Via != "O3" || e.Parts[0].Others != 1 || e.Parts[1].Via != "" {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err = st.Works(t.Context(), "T13", st.now()); err != nil || len(e.Parts) != 1 || e.Parts[0].Via != "" {
		t.Errorf("T13: %+v, %v", e, err)
	}
	if e, err = st.Works(t.Context(), "T01", st.now()); err != nil || len(e.Parts) != 0 || e.Sum != (Sum{}) {
		t.Errorf("T01: %+v, %v", e, err)
	}
}

// TestLate: a milestone that turns red asks for a directive once; a leader may
// ask while it is yellow.
func TestLate(t *testing.T) {
	testkit.EachStore(t, "projects", migrations, func(t *testing.T, db *store.DB) {
		st := newStage(t, db)
		w := good()
		w.Milestones = append(w.Milestones, Milestone{ID: "M3", Text: pack.Text{ZH: "封顶"}, Planned: mon(t, "2023-06")})
		id := st.enter(t, w) // on 15 July: M2 of April is 2 months late, M3 of June less than one
		if err := st.lateJob(t.Context()); err != nil || len(st.late) != 0 {
			t.Fatalf("%+v, %v; nothing is red yet", st.late, err)
		}
		if _, err := st.drivenBy(as(t, actor.Leader, "jjxx"), id, "M3"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("another's leader: %v", err)
		}
		if _, err := st.drivenBy(as(t, actor.Leader, "kjj"), id, "M1"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a milestone that is done: %v", err)
		}
		if _, err := st.drivenBy(as(t, actor.Leader, "kjj"), id, "M3"); err != nil || len(st.late) != 1 || st.late[0].Milestone != "M3" {
			t.Fatalf("%+v, %v", st.late, err)
		}
		st.clock.at = time.Date(2023, 10, 20, 4, 0, 0, 0, time.UTC) // both are red
		for range 2 {
			if err := st.lateJob(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(st.late) != 2 || st.late[1].Milestone != "M2" || st.late[1].Unit != "kjj" || st.late[1].Standing.Light != Red {
			t.Errorf("%+v; want one more, of M2", st.late)
		}
	})
}

// TestDemo: generated once, marked in every work, apart in sums, and driving nobody.
func TestDemo(t *testing.T) {
	testkit.EachStore(t, "projects", migrations, func(t *testing.T, db *store.DB) {
		st := newStage(t, db)
		st.clock.at = time.Date(2025, 10, 16, 4, 0, 0, 0, time.UTC)
		if _, err := st.Demo(as(t, actor.Leader, "500000")); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a leader generates: %v", err)
		}
		owner := as(t, actor.Owner, "500000")
		made, err := st.Demo(owner)
		if err != nil || made.Works != 14 || made.Reports == 0 { // 4 classes × 3, a policy, an action
			t.Fatalf("%+v, %v", made, err)
		}
		if again, err := st.Demo(owner); err != nil || again.Works != 0 {
			t.Errorf("again: %+v, %v", again, err)
		}
		all, err := st.states(t.Context(), st.now())
		if err != nil {
			t.Fatal(err)
		}
		lights := map[Light]int{}
		for _, x := range all {
			if err := x.valid(); err != nil {
				t.Errorf("%s: %v", x.ID, err)
			}
			if !x.Demo || !strings.Contains(x.ZH, "演示") || !strings.Contains(x.EN, "emonstration") {
				t.Errorf("%s is not marked: %s", x.ID, x.ZH)
			}
			lights[x.folded().Standing(st.date(st.now())).Light]++
		}
		if lights[Red] == 0 || lights[Green] == 0 {
			t.Errorf("%v: a demonstration shows more than one light", lights)
		}
		e, err := st.Works(t.Context(), "T09", st.now())
		if err != nil || e.Sum.Works != 0 || e.Demo.Works == 0 || e.Sum.Budget != (Money{}) {
			t.Errorf("%+v, %v; want all of it apart", e, err)
		}
		if err := st.lateJob(t.Context()); err != nil || len(st.late) != 0 {
			t.Errorf("demonstration data drive %d directives, %v", len(st.late), err)
		}
		if _, err := st.File(as(t, actor.Clerk, "500000"), Report{Work: all[0].ID, Month: mon(t, "2025-09"), Text: "x"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a report on demonstration data: %v", err)
		}
	})
}

// TestProcedures: the procedures are there and ask for the topics that are served.
func TestProcedures(t *testing.T) {
	g := (&Service{}).Guest()
	for _, name := range []string{"entry.yaml", "month.yaml"} {
		b, err := fs.ReadFile(g.Procedures, name)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(b), "topic: ") {
			topic, _, _ := strings.Cut(part, ",")
			if strings.HasPrefix(topic, "projects.") && g.Topics[topic] == nil {
				t.Errorf("%s asks for %s, which nobody serves", name, topic)
			}
		}
	}
}
