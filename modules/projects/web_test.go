package projects

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, listPage)
	testkit.Page(t, workPage)
	testkit.Page(t, ganttPage)
	testkit.Page(t, monthsPage)
	testkit.Page(t, effortPage)
	testkit.Page(t, editPage)
	testkit.Page(t, reportPage)
	testkit.Page(t, closePage)
	testkit.Page(t, changePage)
}

// site is the module's pages, with one project in force and demonstration data,
// on 16 October 2025. X-Role says who asks.
func site(t *testing.T) (*stage, http.Handler, string) {
	t.Helper()
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "projects", migrations); err != nil {
		t.Fatal(err)
	}
	st := newStage(t, db)
	w := good()
	w.Milestones = append(w.Milestones, Milestone{ID: "M3", Text: pack.Text{ZH: "试运行<b>"}, Planned: mon(t, "2025-09")})
	id := st.enter(t, w)
	st.clock.at = time.Date(2025, 10, 16, 4, 0, 0, 0, time.UTC)
	if _, err := st.Demo(as(t, actor.Owner, "500000")); err != nil {
		t.Fatal(err)
	}
	rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), city{}.Decide)
	st.Module().Routes(rt)
	return st, rt.Handler(func(r *http.Request) (actor.Actor, error) {
		role := r.Header.Get("X-Role")
		if role == "" {
			return actor.Actor{}, nil
		}
		return actor.Actor{ID: role, Name: role, Grants: []actor.Grant{{Role: actor.Role(role), Unit: "500000"}}}, nil
	}), id
}

func ask(t *testing.T, h http.Handler, role, path string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("X-Role", role)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestPages: what a reader finds on each page.
func TestPages(t *testing.T) {
	_, h, id := site(t)
	for _, tt := range []struct {
		path, role string
		status     int
		has, not   []string
	}{
		{"/projects", "", 200, []string{"1 个标志性项目", "另有 14 项演示数据", "演示数据", "测试项目", "■</span> 滞后", "projects.milestone.late-3-months", "页面只载类别", "项目类别 × 3", "政策 × 1", "1,200万元", "/plan/targets/T09"}, []string{"登记项目"}},
		{"/projects?lang=en", "clerk", 200, []string{"Landmark projects: 1,", "14 works of demonstration", "Enter a project", "Demonstration"}, nil},
		{"/projects?demo=no&kind=project", "", 200, []string{"测试项目"}, []string{"DEMO-"}},
		{"/projects?element=PC2", "", 200, []string{"DEMO-"}, []string{"测试项目"}},
		{"/projects?light=reached", "", 200, []string{"没有符合条件"}, nil},
		{"/projects?as_of=2023-07-01", "", 200, []string{"没有符合条件", "项目类别 × 4"}, []string{"测试项目"}},
		{"/projects/" + id, "", 200, []string{"测试项目", "试运行&lt;b&gt;", "■", "计划 2023-04，已过期 29 个月", "2023-02 完成", "批复", "预算", "1,200万元", "专家判断", "打表推进", "未报", "/plan/elements/PC1"}, []string{"演示数据", "转督办</button>", "填月报"}},
		{"/projects/" + id, "leader", 200, []string{"转督办</button>"}, []string{"填月报"}},
		{"/projects/" + id, "clerk", 200, []string{"填月报", "/edit", "/close"}, []string{"转督办</button>"}},
		{"/projects/" + id + "?lang=en", "", 200, []string{"29 months late", "Experts", "Not reported"}, nil},
		{"/projects/DEMO-01", "clerk", 200, []string{"演示数据", "不是任何真实的项目"}, []string{"/edit"}},
		{"/projects/XM-9", "", 404, nil, nil},
		{"/projects/gantt", "", 200, []string{"<svg", "2024-11 – 2026-10", "今天", "重大科技基地", "url(#class-2-desk)"}, nil},
		{"/projects/gantt?from=2023-01&to=2027-12&kind=project&lang=en", "", 200, []string{"today", "2027"}, nil},
		{"/projects/gantt?from=2023", "", 422, []string{"2023"}, nil},
		{"/projects/gantt?from=1900-01&to=2027-01", "", 422, []string{"120 个月"}, nil},
		{"/projects/months?month=2025-09", "", 200, []string{"应推进", "演示：按计划推进", "未报"}, nil},
		{"/projects/months?month=x", "", 422, nil, nil},
		{"/projects/effort?target=T09", "", 200, []string{"1 项在推动，已支出 0万元，预算 1,200万元", "项演示数据", "增加 10 家", "不能跨目标相加"}, nil},
		{"/projects/effort?target=O3", "", 404, nil, nil},
		{"/projects/new?kind=policy", "clerk", 200, []string{"条款", "PL01", "沙坪坝区"}, []string{"里程碑</legend>"}},
		{"/projects/new?kind=project", "clerk", 200, []string{"里程碑</legend>", "multipart/form-data"}, []string{"条款</legend>"}},
		{"/projects/" + id + "/edit", "clerk", 200, []string{"测试项目", "2023-04", "增加 10 家", "批复"}, nil},
		{"/projects/" + id + "/close", "clerk", 200, []string{"批复", "依据"}, nil},
		{"/projects/" + id + "/report?month=2023-06", "clerk", 200, []string{"2023-06", "试运行", "document_M3"}, []string{"document_M1"}},
		{"/projects/new", "leader", 403, nil, nil},
		{"/api/v1/projects/" + id, "", 200, []string{`"light":"red"`, `"version":1`, `"budget":"1200"`}, nil},
		{"/api/v1/projects?kind=project&demo=no", "", 200, []string{`"id":"` + id}, []string{"DEMO"}},
		{"/api/v1/projects?kind=idea", "", 422, []string{"idea"}, nil},
		{"/api/v1/projects/" + id + "/months", "", 200, []string{`"month":"2023-01"`, `"missing":true`, `"planned":10`}, nil},
		{"/api/v1/projects/" + id + "/versions", "", 200, []string{`"change":"enter"`, `"digest":"`}, nil},
		{"/api/v1/projects/effort?target=T09", "", 200, []string{`"budget":"1200"`, `"grade":"expert"`}, nil},
		{"/api/v1/projects/export.csv?demo=no", "", 200, []string{"\ufeffid,version", id + ",1,project,PC1,kjj,测试项目"}, []string{"DEMO"}},
		{"/api/v1/projects/" + id + "/months.csv", "", 200, []string{"2023-02,M1,M1,10,"}, nil},
	} {
		t.Run(tt.role+" "+tt.path, func(t *testing.T) {
			status, body := ask(t, h, tt.role, tt.path)
			if status != tt.status {
				t.Fatalf("status %d, want %d: %.300s", status, tt.status, body)
			}
			for _, want := range tt.has {
				if !strings.Contains(body, want) {
					t.Errorf("lacks %q", want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(body, not) {
					t.Errorf("has %q", not)
				}
			}
			if n := strings.Count(body, "<h1"); strings.Contains(body, "<html") && n != 1 {
				t.Errorf("%d headings of the first level", n)
			}
		})
	}
}

// send posts a form, with a file in a field when there is one, and returns the
// answer and where it leads.
func send(t *testing.T, h http.Handler, role, path string, values url.Values, files map[string]string) (status int, to, body string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for key, all := range values {
		for _, v := range all {
			if err := m.WriteField(key, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for field, content := range files {
		f, err := m.CreateFormFile(field, field+".txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("X-Role", role)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

// TestForms: a clerk enters a project, mends it when it is returned, reports a
// month with a document, and closes it, all without script.
func TestForms(t *testing.T) {
	st, h, _ := site(t)
	typed := url.Values{
		"kind": {"project"}, "zh": {"表单项目"}, "element": {"PC1"}, "unit": {"kjj"}, "from": {"2025-01-01"}, "to": {"2025-12-31"},
		"milestone_id": {"", "", ""}, "milestone_zh": {"开工", "完工", ""}, "milestone_planned": {"2025-03", "六月", ""}, "milestone_actual": {"", "", ""}, "milestone_document": {"", "", ""}, "milestone_en": {"", "", ""},
		"budget_year": {"2025"}, "budget_amount": {"1,000"}, "budget_spent": {""}, "link_to": {"T09"}, "link_effect": {"带动"}, "link_grade": {"claimed"},
	}
	status, _, body := send(t, h, "clerk", "/projects/new", typed, nil)
	for _, want := range []string{"六月", `value="表单项目"`, `value="1,000"`, "alert-danger"} {
		if !strings.Contains(body, want) {
			t.Errorf("after a mistake the form lacks %q", want)
		}
	}
	if status != http.StatusUnprocessableEntity {
		t.Errorf("a month that is none: %d", status)
	}
	typed["milestone_planned"][1] = "2025-06"
	status, page, body := send(t, h, "clerk", "/projects/new", typed, map[string]string{"files": "批复"})
	if status != http.StatusSeeOther {
		t.Fatalf("entered: %d %.400s", status, body)
	}
	if _, body := ask(t, h, "steward", page); !strings.Contains(body, "核对通过") || !strings.Contains(body, "M2 完工 2025-06") || !strings.Contains(body, "files.txt") {
		t.Errorf("who checks does not see what is proposed: %.1200s", body)
	}
	for _, step := range []struct{ event, want string }{{"return", "市科技局 填报人"}} {
		if status, _, body = send(t, h, "steward", page, url.Values{"event": {step.event}, "reason": {"unclear"}, "text": {"请补充"}}, nil); status != http.StatusSeeOther {
			t.Fatalf("%s: %d %.300s", step.event, status, body)
		}
		if _, body := ask(t, h, "clerk", page); !strings.Contains(body, step.want) {
			t.Errorf("after %s: lacks %q", step.event, step.want)
		}
	}
	caseID := page[strings.LastIndex(page, "/")+1:]
	again := "/projects/new?case=" + caseID
	if _, body := ask(t, h, "clerk", again); !strings.Contains(body, `value="2025-06"`) {
		t.Error("the returned form has lost what was typed")
	}
	if status, _, body = send(t, h, "clerk", again, typed, nil); status != http.StatusSeeOther {
		t.Fatalf("handed in again: %d %.300s", status, body)
	}
	for _, event := range []string{"pass", "approve"} {
		if status, _, body = send(t, h, "leader", page, url.Values{"event": {event}}, nil); status != http.StatusSeeOther {
			t.Fatalf("%s: %d %.300s", event, status, body)
		}
	}
	work := strings.Split(page, "/")[2]
	if _, body := ask(t, h, "", "/projects/"+work); !strings.Contains(body, "表单项目") || !strings.Contains(body, "1,000万元") {
		t.Error("approved, and not there")
	}
	reportAndClose(t, st, h, work)
}

func reportAndClose(t *testing.T, st *stage, h http.Handler, work string) {
	t.Helper()
	report := url.Values{"month": {"2025-09"}, "percent": {"80%"}, "spent": {"120.5"}, "text": {"完工"}, "met_M2": {"1"}}
	if status, _, body := send(t, h, "clerk", "/projects/"+work+"/report", report, nil); status != http.StatusUnprocessableEntity || !strings.Contains(body, `value="80%"`) {
		t.Errorf("a milestone on a promise: %d", status)
	}
	status, page, body := send(t, h, "clerk", "/projects/"+work+"/report", report, map[string]string{"document_M2": "竣工"})
	if status != http.StatusSeeOther {
		t.Fatalf("reported: %d %.300s", status, body)
	}
	if status, _, _ = send(t, h, "steward", page, url.Values{"event": {"approve"}}, nil); status != http.StatusSeeOther {
		t.Fatalf("accepted: %d", status)
	}
	if _, body = ask(t, h, "", "/projects/"+work); !strings.Contains(body, "2025-09 完成，计划是 2025-06") || !strings.Contains(body, "120.5万元") {
		t.Error("the accepted report does not count")
	}
	st.clock.at = st.clock.at.Add(time.Hour)
	closing := url.Values{"text": {"验收合格"}, "on": {"2025-10-16"}}
	if status, _, _ = send(t, h, "clerk", "/projects/"+work+"/close", closing, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("closed on a promise: %d", status)
	}
	status, page, body = send(t, h, "clerk", "/projects/"+work+"/close", closing, map[string]string{"files": "验收报告"})
	if status != http.StatusSeeOther {
		t.Fatalf("closing: %d %.300s", status, body)
	}
	for _, event := range []string{"pass", "approve"} {
		if status, _, _ = send(t, h, "leader", page, url.Values{"event": {event}}, nil); status != http.StatusSeeOther {
			t.Fatalf("%s: %d", event, status)
		}
	}
	if _, body = ask(t, h, "", "/projects/"+work); !strings.Contains(body, "验收合格") || !strings.Contains(body, "projects.work.closed") {
		t.Error("closed, and not said")
	}
}

// TestDocuments: what is kept, who may have it, and what is not kept.
func TestDocuments(t *testing.T) {
	st, h, id := site(t)
	all, err := st.state(t.Context(), id, st.now())
	if err != nil {
		t.Fatal(err)
	}
	if status, body := ask(t, h, "", documentHref(all.Documents[0].SHA256)); status != http.StatusOK || !strings.Contains(body, "批复") {
		t.Errorf("a document of a work in force: %d", status)
	}
	d := st.hand(as(t, actor.Clerk, "kjj"), t, "草稿.txt")
	if status, _ := ask(t, h, "", documentHref(d.SHA256)); status == http.StatusOK {
		t.Error("a visitor has a document that nobody has approved")
	}
	if status, _ := ask(t, h, "steward", documentHref(d.SHA256)); status != http.StatusOK {
		t.Errorf("who checks cannot have the document: %d", status)
	}
	if status, _, body := send(t, h, "clerk", "/projects/document", nil, map[string]string{"file": "<html><script>1</script></html>"}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "text/html") {
		t.Errorf("a page that runs is kept: %d", status)
	}
	if status, _, body := send(t, h, "clerk", "/projects/document", nil, map[string]string{"file": "材料"}); status != http.StatusCreated || !strings.Contains(body, `"sha256":"`) {
		t.Errorf("handed in: %d %s", status, body)
	}
}

// TestGantt: the drawing, held by a golden file in both languages.
func TestGantt(t *testing.T) {
	g := gantt{From: mon(t, "2023-11"), To: mon(t, "2024-02"), Today: day(t, "2024-01-11"), Bars: []ganttBar{
		{ID: "XM-1", Name: "名字很长很长很长很长很长很长很长很长很长的<项目>", Class: 1, From: mon(t, "2023-01"), To: mon(t, "2023-12"), Standing: Standing{Light: Red}, Href: "/projects/XM-1?a=1&b=2", Milestones: []ganttMark{
			{mon(t, "2023-06"), Reached, "outside"}, {mon(t, "2023-11"), Reached, "done"}, {mon(t, "2023-12"), Red, "late"}, {mon(t, "2024-01"), Yellow, "<late>"}, {mon(t, "2024-02"), Green, "ahead"},
		}},
		{ID: "ZC-1", Name: "Policy", Class: 5, From: mon(t, "2024-02"), To: mon(t, "2024-06"), Standing: Standing{Light: CannotSay}, Href: "/projects/ZC-1", Milestones: []ganttMark{{mon(t, "2024-02"), CannotSay, "?"}}},
	}}
	for _, lang := range web.Langs() {
		for _, c := range []cut{ganttDesk, ganttPhone} {
			testkit.Golden(t, "gantt."+c.class+"."+lang+".svg", []byte(string(g.draw(&web.Shell{Lang: lang}, "t", c))+"\n"))
		}
	}
}
