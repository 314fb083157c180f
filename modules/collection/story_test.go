package collection

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
)

// act does a step as somebody and says what kind of refusal came of it.
func (c *city) act(t *testing.T, who, id, event string, want fault.Kind) {
	t.Helper()
	c.at = c.at.Add(time.Minute)
	data := map[string]any{}
	if event == "return" {
		data = map[string]any{"reason": "wrong", "text": "与底册不符"}
	}
	if _, err := c.Act(as(t, who), id, Step{Event: event, Data: data}); fault.KindOf(err) != want {
		t.Fatalf("%s of %s: %v; want %q", event, who, err, want)
	}
}

// submit hands in a form as somebody; words are what a refusal says.
func (c *city) submit(t *testing.T, who, id string, in Typed, want fault.Kind, words string) {
	t.Helper()
	c.at = c.at.Add(time.Minute)
	_, err := c.Submit(as(t, who), id, in)
	if fault.KindOf(err) != want || err != nil && !strings.Contains(err.Error(), words) {
		t.Fatalf("handed in by %s: %v; want %q with %q", who, err, want, words)
	}
}

func (c *city) stage(t *testing.T, id, want string) Request {
	t.Helper()
	r, err := c.request(c.program(t.Context()), id)
	if err != nil || r.Stage != want {
		t.Fatalf("stage %q, want %q, %v", r.Stage, want, err)
	}
	return r
}

// vintages lists what is published of an indicator for a period, the first vintage first.
func (c *city) vintages(t *testing.T, indicator, place, at string) []string {
	t.Helper()
	series, err := c.office.Series(t.Context(), indicator, place, c.at)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range series.Vintages {
		if o.Period.String() == at {
			out = append(out, o.Quantity.Value.String()+" "+string(o.Status))
		}
	}
	return out
}

// TestStory is the whole way of a quarter's numbers on the engine itself, on both
// databases: asked for by the calendar, prefilled, filled in with what the rules
// demand, recalled, returned, checked, approved, published, and revised.
func TestStory(t *testing.T) {
	testkit.EachStore(t, "collection", migrations, func(t *testing.T, db *store.DB) {
		c := newCity(t, db)
		c.run(t)
		if all, err := c.List(c.program(t.Context()), Query{}); err != nil || len(all) != 0 {
			t.Fatalf("%d requests before the period has ended, %v", len(all), err)
		}
		c.on(t, "2023-07-03")
		c.run(t) // once, however often it looks
		r := c.asked(t, "firms")
		if r.Stage != stageAsked || r.DueOn != "2023-07-13" || r.Light != "green" || len(r.Asked) != 3 {
			t.Fatalf("%+v", r)
		}
		if mine, err := c.List(as(t, "clerk"), Query{Mine: "fill"}); err != nil || len(mine) != 1 || mine[0].ID != r.ID {
			t.Fatalf("the clerk finds %+v, %v", mine, err)
		}
		if in, err := c.engine.Inbox(as(t, "clerk"), flow.Asking{}); err != nil || len(in.Items) != 1 {
			t.Errorf("the clerk's inbox: %+v, %v", in, err)
		}
		c.prefilled(t, r.ID)
		c.demanded(t, r.ID)
		c.act(t, "clerk", r.ID, "pass", fault.Forbidden)
		c.act(t, "all", r.ID, "recall", "")
		c.stage(t, r.ID, stageReturned)
		c.submit(t, "all", r.ID, typed("年报认定集中", "st.hte", "6401", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "", "")
		c.act(t, "all", r.ID, "pass", fault.Forbidden) // has filled it in
		c.act(t, "steward", r.ID, "return", "")
		if r := c.stage(t, r.ID, stageReturned); r.Returned != 1 || r.Said != "与底册不符" {
			t.Errorf("returned %d times: %q", r.Returned, r.Said)
		}
		c.submit(t, "clerk", r.ID, typed("年报认定集中", "st.hte", "６，４０１", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "", "")
		c.act(t, "steward", r.ID, "approve", fault.Conflict) // before its turn
		c.act(t, "steward", r.ID, "pass", "")
		c.act(t, "steward", r.ID, "approve", fault.Forbidden)
		c.act(t, "all", r.ID, "approve", fault.Forbidden) // filled it in once
		c.act(t, "leader", r.ID, "approve", "")
		c.published(t, r.ID)
		c.revised(t, r.ID)
		if audited, err := c.engine.Verify(c.program(t.Context())); err != nil {
			t.Errorf("the log: %+v, %v", audited, err)
		}
	})
}

// prefilled looks at the form as it comes: an estimate for the period stands in it,
// the last period and the year before stand beside it.
func (c *city) prefilled(t *testing.T, id string) {
	t.Helper()
	v, err := c.form(as(t, "clerk"), id)
	if err != nil {
		t.Fatal(err)
	}
	hte := v.Rows[0]
	if hte.Value != "6380" || hte.From != "here" || hte.Here.Status != "estimate" || hte.Last.Value != "6300" || hte.Year.Value != "5100" || hte.Reported != "2023-06-30" {
		t.Errorf("high-tech firms come as %+v, %+v, %+v", hte, hte.Last, hte.Year)
	}
	if firms := v.Rows[1]; firms.Value != "" || firms.Last.Value != "46000" || firms.Year != nil {
		t.Errorf("science firms come as %+v", firms)
	}
	if _, err := c.form(as(t, "500103"), id); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a district reads the form of a body: %v", err)
	}
}

// demanded hands in what the rules do not let pass, and then what they do.
func (c *city) demanded(t *testing.T, id string) {
	t.Helper()
	for _, tt := range []struct {
		in    Typed
		who   string
		kind  fault.Kind
		words string
	}{
		{typed("", "st.hte", "6401.5", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "clerk", fault.Invalid, "6401.5 is not a whole number"},
		{typed("", "st.hte", "many", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "clerk", fault.Invalid, `"many" is not a number`},
		{typed("全部认定", "st.hte", "49000", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "clerk", fault.Invalid, "does not hold"},
		{typed("", "st.hte", "6401", "st.sti_firms", "", "st.sti_firms_new", "2838"), "clerk", fault.Invalid, "S&T firms (Chongqing, st.sti_firms@500000) needs an explanation"},
		{typed("", "st.hte", "7401", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "clerk", fault.Invalid, "+17.5%, beyond ±10%"},
		{typed("", "st.hte", "6401", "st.sti_firms", "48838", "st.sti_firms_new", "100"), "clerk", fault.Invalid, "46000 at the start + 100 in"},
		{typed("", "st.rd_intensity", "2.3"), "clerk", fault.Invalid, "is not asked for"},
		{typed("", "st.hte", "6401", "st.hte", "6402"), "clerk", fault.Invalid, "twice"},
		{typed("", "st.hte", "6401"), "steward", fault.Forbidden, "clerk"},
		{typed("", "st.hte", "6401"), "500103", fault.Forbidden, ""},
	} {
		c.submit(t, tt.who, id, tt.in, tt.kind, tt.words)
	}
	v, err := c.form(as(t, "clerk"), id)
	if err != nil || v.Rows[0].Value != "6401" || v.Rows[2].Value != "100" || v.Saved == "" {
		t.Errorf("what was refused is not kept as a draft: %+v, %v", v.Rows, err)
	}
	if v, err := c.form(as(t, "leader"), id); err != nil || v.Rows[2].Value != "" {
		t.Errorf("the leader sees a draft: %+v, %v", v.Rows, err)
	}
	c.submit(t, "clerk", id, typed("年报认定集中", "st.hte", "6401", "st.sti_firms", "48838", "st.sti_firms_new", "100"), "", "")
	c.stage(t, id, stageChecking)
}

// published looks at what the approval has brought.
func (c *city) published(t *testing.T, id string) {
	t.Helper()
	r := c.stage(t, id, stagePublished)
	if got := c.vintages(t, "st.hte", "500000", "2023-06-30"); !slices.Equal(got, []string{"6380 estimate", "6401 reported"}) {
		t.Errorf("vintages of high-tech firms: %q", got)
	}
	if got := c.vintages(t, "st.sti_firms_new", "500000", "2023-Q2"); !slices.Equal(got, []string{"2838 reported"}) {
		t.Errorf("vintages of new firms: %q", got)
	}
	all, err := c.filings(t.Context(), id)
	if err != nil || len(all) != 9 || all[0].Name != "" || all[6].Name != "88.500.1/st.hte/500000/2023-06-30@2" {
		t.Errorf("filings %+v, %v; want three times three, the last ones with names", all, err)
	}
	newest := c.office.all[len(c.office.all)-1]
	if newest.By != "leader" || newest.Source.Document != "collection."+id || newest.Source.Issuer != "市科技局" || newest.Source.Note != "年报认定集中" {
		t.Errorf("published as %+v", newest)
	}
	e := flow.Effected{ID: "again", Topic: topicNumber, At: c.at, By: "leader", Data: map[string]any{"values": dataOf(r.Values)}}
	if e.Case, err = c.engine.Case(c.program(t.Context()), id); err != nil {
		t.Fatal(err)
	}
	before := len(c.office.all)
	c.know(t, "st.hte", "500000", "2023-06-30", "6410", observation.Final) // another source, meanwhile
	if err := c.onNumber(t.Context(), e); err != nil || len(c.office.all) != before+1 {
		t.Errorf("delivered again it adds %d numbers, %v", len(c.office.all)-before-1, err)
	}
	c.office.all = c.office.all[:before]
}

// revised corrects what was published: a new round, a new vintage of what has
// changed, and the one before stays.
func (c *city) revised(t *testing.T, id string) {
	t.Helper()
	for _, tt := range []struct {
		who, why string
		kind     fault.Kind
	}{{"tjj.clerk", "更正", fault.Forbidden}, {"clerk", " ", fault.Invalid}} {
		if _, err := c.Revise(as(t, tt.who), id, tt.why); fault.KindOf(err) != tt.kind {
			t.Errorf("revised by %s because %q: %v", tt.who, tt.why, err)
		}
	}
	second, err := c.Revise(as(t, "clerk"), id, "底册更正")
	if err != nil || second.Round != 2 || second.Why != "底册更正" || second.Stage != stageAsked {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err := c.Revise(as(t, "leader"), id, "又更正"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), second.ID) {
		t.Errorf("two revisions at once: %v", err)
	}
	if _, err := c.Act(as(t, "office"), second.ID, Step{Event: "withdraw", Data: map[string]any{"text": "无须更正"}}); err != nil {
		t.Fatal(err)
	}
	third, err := c.Revise(as(t, "steward"), id, "还是要更正")
	if err != nil || third.Round != 3 {
		t.Fatalf("after a withdrawn revision: %+v, %v", third, err)
	}
	v, err := c.form(as(t, "clerk"), third.ID)
	if err != nil || v.Rows[0].Value != "6401" || v.Rows[0].From != "here" {
		t.Errorf("a revision begins with %+v, %v", v.Rows, err)
	}
	c.submit(t, "clerk", third.ID, typed("底册更正", "st.hte", "6405", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "", "")
	c.act(t, "steward", third.ID, "pass", "")
	c.act(t, "leader", third.ID, "approve", "")
	if got := c.vintages(t, "st.hte", "500000", "2023-06-30"); !slices.Equal(got, []string{"6380 estimate", "6401 reported", "6405 revised"}) {
		t.Errorf("vintages after the revision: %q", got)
	}
	if got := c.vintages(t, "st.sti_firms", "500000", "2023-06-30"); len(got) != 1 {
		t.Errorf("what has not changed has vintages %q", got)
	}
}

// TestPost: numbers that a post answers for are approved by whoever holds it, and
// by no leader.
func TestPost(t *testing.T) {
	c := newCity(t, migrated(t))
	c.on(t, "2023-07-03")
	r := c.asked(t, "contracts")
	values := func(yuzhong string) Typed {
		var in Typed
		for place, value := range map[string]string{"500000": "60.00", "500103": yuzhong, "500105": "20", "500106": "26.50"} {
			in.Values = append(in.Values, Entry{Cell{"st.tech_contracts", place}, value, ""})
		}
		return in
	}
	c.submit(t, "tjj.clerk", r.ID, values("13.40"), fault.Invalid, "the city has 60, 3 places together 59.9: 0.1 apart")
	c.submit(t, "tjj.clerk", r.ID, values("13.50"), "", "")
	c.act(t, "tjj.steward", r.ID, "pass", "")
	for who, want := range map[string]int{"tjj.head": 1, "tjj.leader": 0} {
		if mine, err := c.List(as(t, who), Query{Mine: "approve"}); err != nil || len(mine) != want {
			t.Errorf("%s finds %d to approve, want %d, %v", who, len(mine), want, err)
		}
	}
	c.act(t, "tjj.leader", r.ID, "approve", fault.Forbidden)
	c.act(t, "tjj.head", r.ID, "approve", "")
	c.stage(t, r.ID, stagePublished)
	if got := c.vintages(t, "st.tech_contracts", "500103", "2023-Q2"); !slices.Equal(got, []string{"13.50 reported"}) {
		t.Errorf("vintages %q", got)
	}
}

// TestPublicationFails: a publication that fails is tried again, until it is there, once.
func TestPublicationFails(t *testing.T) {
	c := newCity(t, migrated(t))
	c.on(t, "2023-07-03")
	r := c.asked(t, "firms")
	c.submit(t, "clerk", r.ID, typed("集中认定", "st.hte", "6401", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "", "")
	c.act(t, "steward", r.ID, "pass", "")
	c.office.fail = fault.New(fault.Busy, "not now")
	c.act(t, "leader", r.ID, "approve", "")
	if got := c.vintages(t, "st.hte", "500000", "2023-06-30"); len(got) != 1 {
		t.Fatalf("published all the same: %q", got)
	}
	c.at = c.at.Add(time.Hour)
	c.run(t)
	c.run(t)
	if got := c.vintages(t, "st.hte", "500000", "2023-06-30"); !slices.Equal(got, []string{"6380 estimate", "6401 reported"}) {
		t.Errorf("after another try: %q", got)
	}
}

// TestPastTheForm: who sends numbers past the form, to the engine itself, is held
// to the same rules.
func TestPastTheForm(t *testing.T) {
	for _, tt := range []struct {
		name, value, stage, said string
		cell                     Cell
	}{
		{"an error", "6401.5", stageReturned, "6401.5 不是整数", Cell{"st.hte", "500000"}},
		{"a number that is not asked for", "1", stageReturned, "所填的不是所要的数字", Cell{"st.rd_intensity", "500000"}},
		{"what is right", "6401", stageChecking, "", Cell{"st.hte", "500000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t, migrated(t))
			c.on(t, "2023-07-03")
			r := c.asked(t, "firms")
			values := []Entry{{tt.cell, tt.value, "说明"}, {Cell{"st.sti_firms", "500000"}, "48838", "说明"}, {Cell{"st.sti_firms_new", "500000"}, "2838", "说明"}}
			if _, err := c.engine.Send(as(t, "clerk"), flow.Command{Case: r.ID, Event: "submit", Data: map[string]any{"values": dataOf(values)}}); err != nil {
				t.Fatal(err)
			}
			if got := c.stage(t, r.ID, tt.stage); !strings.Contains(got.Said, tt.said) {
				t.Errorf("said %q, want %q", got.Said, tt.said)
			}
		})
	}
}

// TestOverdue: who does not fill in is late by the clock of the request, the
// leader is told, and the form can still be handed in.
func TestOverdue(t *testing.T) {
	c := newCity(t, migrated(t))
	c.on(t, "2023-07-03")
	r := c.asked(t, "firms")
	for _, tt := range []struct{ day, light string }{{"2023-07-11", "green"}, {"2023-07-13", "yellow"}, {"2023-07-14", "red"}} {
		c.on(t, tt.day)
		if got := c.stage(t, r.ID, stageAsked); got.Light != tt.light || got.Overdue != (tt.light == "red") {
			t.Errorf("on %s: %s, overdue %v; want %s", tt.day, got.Light, got.Overdue, tt.light)
		}
	}
	if told, err := c.engine.Notices(as(t, "leader")); err != nil || len(told) != 1 || !strings.Contains(told[0].Text.ZH, "超期") {
		t.Errorf("the leader is told %+v, %v", told, err)
	}
	c.submit(t, "clerk", r.ID, typed("集中认定", "st.hte", "6401", "st.sti_firms", "48838", "st.sti_firms_new", "2838"), "", "")
}

// TestCalendar: what is due from whom, with what has become of it.
func TestCalendar(t *testing.T) {
	c := newCity(t, migrated(t))
	c.know(t, "st.sti_firms_new", "500000", "2023-Q2", "2838", observation.Final)
	c.on(t, "2023-07-03")
	states := func(unit, from, to string) string {
		t.Helper()
		a, b, err := c.span(from, to)
		if err != nil {
			t.Fatal(err)
		}
		all, err := c.Calendar(t.Context(), a, b, unit)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range all {
			out = append(out, strings.Join([]string{d.Asked, d.Unit, d.Indicator, d.Place, d.Period, d.State}, " "))
		}
		return strings.Join(out, "\n")
	}
	want := `2023-07-01 kjj st.hte 500000 2023-Q2 open
2023-07-01 kjj st.sti_firms 500000 2023-Q2 open
2023-07-01 kjj st.sti_firms_new 500000 2023-Q2 held
2023-10-01 kjj st.hte 500000 2023-Q3 coming
2023-10-01 kjj st.sti_firms 500000 2023-Q3 coming
2023-10-01 kjj st.sti_firms_new 500000 2023-Q3 coming`
	if got := states("kjj", "2023-06-01", "2023-12-01"); got != want {
		t.Errorf("the calendar of the bureau:\n%s", got)
	}
	if got := states("500105", "2023-06-01", "2024-01-31"); got != "2024-01-01 500105 im.smart_factories 500105 2023-H2 coming" {
		t.Errorf("the calendar of a district: %s", got)
	}
	stopped, err := c.assignments(t.Context())
	if err != nil || stopped[0].ID != "contracts" {
		t.Fatal(stopped, err)
	}
	stopped[0].Stopped = true
	if err := c.assign(c.program(t.Context()), stopped[0]); err != nil {
		t.Fatal(err)
	}
	if got := states("tjj", "2023-06-01", "2024-01-31"); strings.Count(got, "open") != 4 || strings.Contains(got, "coming") {
		t.Errorf("a stopped assignment still asks: %s", got)
	}
}

// TestOpeningOnce: two programs on one database open each request once, even when
// one of them stops between its row and its case.
func TestOpeningOnce(t *testing.T) {
	testkit.EachStore(t, "collection", migrations, func(t *testing.T, db *store.DB) {
		c := newCity(t, db)
		c.at = time.Date(2023, 7, 3, 4, 0, 0, 0, time.UTC)
		all, err := c.assignments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plans, err := c.due(t.Context(), all[2], time.Time{}, c.site.Today())
		if err != nil || len(plans) != 1 {
			t.Fatalf("%d plans, %v", len(plans), err)
		}
		byID, err := c.indicators(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, fresh, err := c.claim(t.Context(), plans[0], byCalendar, byID); err != nil || !fresh { // the row, and no case
			t.Fatal(fresh, err)
		}
		done := make(chan error)
		open := func(ctx context.Context) {
			_, err := c.OpenDue(c.program(ctx), c.site.Today(), c.at)
			done <- err
		}
		for range 4 {
			go open(t.Context())
		}
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		cases, err := c.engine.Find(c.program(t.Context()), flow.Filter{Procedure: Procedure})
		if err != nil || len(cases) != 2 {
			t.Errorf("%d cases, want one of each assignment, %v", len(cases), err)
		}
	})
}
