package projects

import (
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mon(t *testing.T, s string) period.Period {
	t.Helper()
	if s == "" {
		return period.Period{}
	}
	p, err := period.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func money(t *testing.T, s string) Money {
	t.Helper()
	m, err := ParseMoney(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMoney: amounts in 万元 to the yuan, and as people write them.
func TestMoney(t *testing.T) {
	for _, tt := range []struct{ in, out, zh, en string }{
		{"0", "0", "0万元", "CNY 0 million"},
		{"1250.5", "1250.5", "1,250.5万元", "CNY 12.51 million"},
		{" 1,250.50万元", "1250.5", "1,250.5万元", "CNY 12.51 million"},
		{"0.0001", "0.0001", "0万元", "CNY 0 million"},
		{"123400", "123400", "12.34亿元", "CNY 1,234 million"},
		{"-1", "", "", ""},
		{"1.00001", "", "", ""},
		{"1.", "", "", ""},
		{"", "", "", ""},
		{"一百", "", "", ""},
		{"99999999999999999999", "", "", ""},
		{"1.+5", "", "", ""},
	} {
		m, err := ParseMoney(tt.in)
		if tt.out == "" {
			if err == nil {
				t.Errorf("%q is read as %s; it is no amount", tt.in, m)
			}
			continue
		}
		if err != nil || m.String() != tt.out || m.words() != (pack.Text{ZH: tt.zh, EN: tt.en}) {
			t.Errorf("%q: %s %+v, %v; want %s %s %s", tt.in, m, m.words(), err, tt.out, tt.zh, tt.en)
		}
	}
}

// FuzzParseMoney: what is read prints as what is read again.
func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"0", "1250.5", "1,250.50万元", "0.0001", "400000000000", "-1", "9.99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoney(s)
		if err != nil {
			return
		}
		again, err := ParseMoney(m.String())
		if err != nil || again != m {
			t.Errorf("%q prints as %s, which is read as %s, %v", s, m, again, err)
		}
	})
}

// TestMilestoneStanding: yellow once the planned month has passed, red three
// months later, to the day.
func TestMilestoneStanding(t *testing.T) {
	for _, tt := range []struct {
		planned, actual, on string
		light               Light
		rule                string
		months              int
	}{
		{"2023-06", "", "2023-06-30", Green, "projects.milestone.ahead", 0},
		{"2023-06", "", "2023-07-01", Yellow, "projects.milestone.late", 0},
		{"2023-06", "", "2023-09-30", Yellow, "projects.milestone.late", 2},
		{"2023-06", "", "2023-10-01", Red, "projects.milestone.late-3-months", 3},
		{"2023-06", "", "2025-01-15", Red, "projects.milestone.late-3-months", 18},
		{"2023-06", "2023-06", "2025-01-15", Reached, "projects.milestone.done", 0},
		{"2023-06", "2023-11", "2025-01-15", Reached, "projects.milestone.done-late", 0},
		{"", "", "2025-01-15", CannotSay, "projects.milestone.unplanned", 0},
		{"", "2023-11", "2025-01-15", Reached, "projects.milestone.done", 0},
	} {
		s := Milestone{Planned: mon(t, tt.planned), Actual: mon(t, tt.actual)}.Standing(day(t, tt.on))
		if s.Light != tt.light || s.Rule != tt.rule || s.Months != tt.months || s.Reason.ZH == "" || s.Reason.EN == "" {
			t.Errorf("planned %q done %q on %s: %+v; want %s by %s, %d months", tt.planned, tt.actual, tt.on, s, tt.light, tt.rule, tt.months)
		}
	}
}

// TestWorkStanding: the worst milestone speaks for the work; what cannot be said
// is never green.
func TestWorkStanding(t *testing.T) {
	at := func(planned, actual string) Milestone {
		return Milestone{ID: planned + actual, Text: pack.Text{ZH: "节点" + planned}, Planned: mon(t, planned), Actual: mon(t, actual)}
	}
	for _, tt := range []struct {
		name  string
		work  Work
		light Light
		rule  string
		says  string
	}{
		{"no milestone", Work{Kind: Project}, CannotSay, "projects.work.no-milestone", ""},
		{"milestones without months", Work{Kind: Project, Milestones: []Milestone{at("", "")}}, CannotSay, "projects.work.no-milestone", ""},
		{"one yellow, one red", Work{Kind: Project, Milestones: []Milestone{at("2023-06", ""), at("2023-01", ""), at("2023-02", "")}}, Red, "projects.milestone.late-3-months", "2023-01"},
		{"a longer yellow speaks", Work{Kind: Project, Milestones: []Milestone{at("2023-06", ""), at("2023-05", "")}}, Yellow, "projects.milestone.late", "2023-05"},
		{"on time", Work{Kind: Measure, Milestones: []Milestone{at("2023-05", "2023-05"), at("2023-12", "")}}, Green, "projects.work.on-time", "1"},
		{"all done", Work{Kind: Project, Milestones: []Milestone{at("2023-05", "2023-05")}}, Green, "projects.work.all-reached", ""},
		{"closed", Work{Kind: Project, Milestones: []Milestone{at("2023-01", "")}, Closing: &Closing{On: "2023-06-01"}}, Reached, "projects.work.closed", "2023-06-01"},
		{"policy without dates", Work{Kind: Policy}, CannotSay, "projects.policy.no-dates", ""},
		{"policy in force on its last day", Work{Kind: Policy, From: "2023-01-01", To: "2023-07-15"}, Green, "projects.policy.in-force", ""},
		{"policy expired", Work{Kind: Policy, From: "2022-01-01", To: "2023-07-14"}, Yellow, "projects.policy.expired", "2023-07-14"},
		{"policy to come", Work{Kind: Policy, From: "2024-01-01"}, Green, "projects.policy.ahead", "2024-01-01"},
	} {
		s := tt.work.Standing(day(t, "2023-07-15"))
		if s.Light != tt.light || s.Rule != tt.rule || !strings.Contains(s.Reason.ZH, tt.says) {
			t.Errorf("%s: %+v; want %s by %s with %q", tt.name, s, tt.light, tt.rule, tt.says)
		}
	}
}

// good is a project that is right in every part.
func good() Work {
	doc := Document{SHA256: strings.Repeat("a", 64), Name: "批复.pdf"}
	return Work{
		Text: pack.Text{ZH: "测试项目", EN: "Test project"}, ID: "XM-T", Kind: Project, Element: "PC1", Unit: "kjj", From: "2023-01-01", To: "2023-12-31",
		Milestones: []Milestone{
			{ID: "M1", Text: pack.Text{ZH: "立项"}, Planned: period.Of(time.Date(2023, 2, 1, 0, 0, 0, 0, time.UTC), period.Month), Actual: period.Of(time.Date(2023, 2, 1, 0, 0, 0, 0, time.UTC), period.Month), Document: doc.SHA256},
			{ID: "M2", Text: pack.Text{ZH: "开工"}, Planned: period.Of(time.Date(2023, 4, 1, 0, 0, 0, 0, time.UTC), period.Month)},
		},
		Pace:   []Step{{period.Of(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), period.Month), 10}, {period.Of(time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC), period.Month), 60}},
		Budget: []Year{{Year: 2023, Budget: Money{12_000_000}}},
		Links:  []Link{{To: "T09", Effect: pack.Text{ZH: "增加 10 家"}, Grade: "expert"}}, Documents: []Document{doc},
		Risk: &Risk{Level: "low", Text: pack.Text{ZH: "无"}},
	}
}

// TestValid: each mistake is refused by a sentence that names it.
func TestValid(t *testing.T) {
	if err := good().valid(); err != nil {
		t.Fatalf("a work that is right: %v", err)
	}
	for name, tt := range map[string]struct {
		spoil func(*Work)
		says  string
	}{
		"id":                   {func(w *Work) { w.ID = "gantt" }, `"gantt"`},
		"kind":                 {func(w *Work) { w.Kind = "idea" }, `"idea"`},
		"no name":              {func(w *Work) { w.ZH = "" }, "name"},
		"no unit":              {func(w *Work) { w.Unit = "" }, "unit"},
		"no class":             {func(w *Work) { w.Element = "" }, "classes"},
		"clauses of a project": {func(w *Work) { w.Clauses = []Clause{{Number: "1"}} }, "clauses"},
		"day":                  {func(w *Work) { w.From = "2023-13-01" }, "2023-13-01"},
		"ends before":          {func(w *Work) { w.To = "2022-01-01" }, "before it begins"},
		"milestone twice":      {func(w *Work) { w.Milestones[1].ID = "M1" }, "M1 is there twice"},
		"planned no month":     {func(w *Work) { w.Milestones[1].Planned = mon(t, "2023") }, `"2023"`},
		"done undocumented":    {func(w *Work) { w.Milestones[0].Document = "" }, "hand in the document"},
		"someone's document":   {func(w *Work) { w.Milestones[0].Document = strings.Repeat("b", 64) }, "none of the work's"},
		"progress falls":       {func(w *Work) { w.Pace[1].Percent = 5 }, "go up"},
		"progress of 120":      {func(w *Work) { w.Pace[1].Percent = 120 }, "120"},
		"year twice":           {func(w *Work) { w.Budget = append(w.Budget, w.Budget[0]) }, "2023"},
		"risk":                 {func(w *Work) { w.Risk.Level = "huge" }, `"huge"`},
		"linked twice":         {func(w *Work) { w.Links = append(w.Links, w.Links[0]) }, "twice"},
		"grade":                {func(w *Work) { w.Links[0].Grade = "sure" }, `"sure"`},
		"closed on a promise":  {func(w *Work) { w.Closing = &Closing{Text: pack.Text{ZH: "完成"}, On: "2023-12-01"} }, "evidence"},
		"closed on a stranger": {func(w *Work) {
			w.Closing = &Closing{Text: pack.Text{ZH: "完成"}, On: "2023-12-01", Evidence: []string{"x"}}
		}, `"x"`},
	} {
		w := good()
		tt.spoil(&w)
		if err := w.valid(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %q in it", name, err, tt.says)
		}
	}
}

// TestRows: a work month by month, with what was planned, reported and missed.
func TestRows(t *testing.T) {
	percent := 35.0
	st := state{version: version{Work: good()}, Reports: []reported{
		{Report: Report{Month: mon(t, "2023-06"), Percent: &percent, Spent: money(t, "100"), Text: "推进", Met: []Met{{"M2", "x"}}}, Revision: 1},
	}}
	rows := st.rows(day(t, "2023-08-01"))
	if len(rows) != 12 || rows[0].Month != mon(t, "2023-01") || rows[11].Month != mon(t, "2023-12") {
		t.Fatalf("%d rows from %s", len(rows), rows[0].Month)
	}
	june := rows[5]
	if *june.Planned != 60 || *june.Actual != 35 || june.Standing.Light != Yellow || june.Standing.Rule != "projects.pace.yellow" || june.Missing || len(june.Met) != 1 {
		t.Errorf("June: %+v %+v; want 25 points behind, yellow, M2 met", june, june.Standing)
	}
	if !rows[6].Missing || *rows[6].Planned != 60 || rows[6].Standing != nil {
		t.Errorf("July: %+v; want it missing, with June's plan and no light", rows[6])
	}
	if rows[7].Missing {
		t.Error("August has not ended and is missing already")
	}
	if got := st.folded().Milestones[1].Actual; got != mon(t, "2023-06") {
		t.Errorf("M2 done in %s; the report says June", got)
	}
	if !st.Milestones[1].Actual.IsZero() {
		t.Error("folding has changed the version itself")
	}
}

// TestAccounts: a final account counts instead of the months; without one the
// months are added up.
func TestAccounts(t *testing.T) {
	final := money(t, "900")
	st := state{version: version{Work: Work{Budget: []Year{{Year: 2024, Budget: money(t, "500")}, {Year: 2023, Budget: money(t, "1200"), Spent: &final}}}}}
	for _, m := range []string{"2023-11", "2024-01", "2024-02", "2025-01"} {
		st.Reports = append(st.Reports, reported{Report: Report{Month: mon(t, m), Spent: money(t, "100.5")}})
	}
	want := []Account{{2023, money(t, "1200"), final, true}, {2024, money(t, "500"), money(t, "201"), false}, {2025, Money{}, money(t, "100.5"), false}}
	got := st.accounts()
	for n := range want {
		if n >= len(got) || got[n] != want[n] {
			t.Fatalf("%+v; want %+v", got, want)
		}
	}
	if budget, spent := total(got); budget != money(t, "1700") || spent != money(t, "1201.5") {
		t.Errorf("in all %s of %s", spent, budget)
	}
}

// TestForm: a work goes through its form and comes back as it was.
func TestForm(t *testing.T) {
	w := good()
	w.Clauses, w.Milestones[0].EN, w.Links[0].Effect.EN = nil, "Approved", "10 more"
	f := formOf(w)
	again, err := f.work()
	if err != nil {
		t.Fatal(err)
	}
	a, err := again.MarshalForTest()
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.MarshalForTest()
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("came back as %s\nwas %s", a, b)
	}
	for name, spoil := range map[string]func(*workForm){
		"month":   func(f *workForm) { f.Milestones[0][2] = "June" },
		"percent": func(f *workForm) { f.Pace[0][1] = "much" },
		"year":    func(f *workForm) { f.Budget[0][0] = "now" },
		"amount":  func(f *workForm) { f.Budget[0][1] = "lots" },
	} {
		f := formOf(w)
		spoil(&f)
		if _, err := f.work(); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}
