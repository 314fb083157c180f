package directives

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"yuzhou/engine/flow"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, boardPage)
	testkit.Page(t, directivePage)
	testkit.Page(t, stocktakePage)
}

// TestWordings: the pages build some keys from values; each has its wording.
func TestWordings(t *testing.T) {
	words, err := web.Catalogs(pages)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, l := range []string{"green", "yellow", "red", "black"} {
		keys = append(keys, "clock."+l)
	}
	for _, l := range []string{"red", "yellow", "green", "cannot_say", "reached", met, unmet} {
		keys = append(keys, "light."+l)
	}
	for _, o := range []string{ByGap, ByHand, ByMeeting, ByMeasure, ByPolicy, ByProject} {
		keys = append(keys, "origin."+o)
	}
	for _, p := range []string{"issued", "working", "review", "done", "lapsed"} {
		keys = append(keys, "part."+p)
	}
	for _, w := range order() {
		keys = append(keys, "why."+w)
	}
	for lang, c := range words {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s lacks %q", lang, k)
			}
		}
	}
}

// site is the module's pages and API over a fake engine, asked for by a leader of
// the city unless a header says who asks.
func site(t *testing.T) (*city, http.Handler) {
	t.Helper()
	c := newCity(t, migrated(t))
	rt := web.NewRouter(c.site, slog.New(slog.DiscardHandler), func(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error {
		return town{}.Decide(ctx, a, p, unit)
	})
	c.operations(rt)
	c.moreOperations(rt)
	c.routes(rt)
	return c, rt.Handler(func(r *http.Request) (actor.Actor, error) {
		switch who := r.Header.Get("X-Who"); who {
		case "nobody":
			return actor.Actor{}, nil
		case "":
			return actor.Actor{ID: "1", Name: "leader", Grants: []actor.Grant{{Role: actor.Leader, Unit: "500000"}}}, nil
		default:
			return actor.Actor{ID: who, Name: who, Grants: []actor.Grant{{Role: actor.Clerk, Unit: who}}}, nil
		}
	})
}

func ask(h http.Handler, method, path, who string, form url.Values) (status int, body, location string) {
	var r *http.Request
	if form == nil {
		r = httptest.NewRequest(method, path, nil)
	} else {
		r = httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("X-Who", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

// TestPages: what people find on each page.
func TestPages(t *testing.T) {
	c, h := site(t)
	c.stand("red", "2023-06-30@1")
	c.evaluate(t, "2023-07-11")
	c.desk.cases[0].State.Data["parts"] = []any{"500103", "500105"}
	c.desk.cases[0].State.Data["answered"] = int64(1)
	if err := c.onSplit(t.Context(), flow.Effected{ID: "e", Case: *c.desk.cases[0], Data: map[string]any{"units": []any{"500103"}}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, who string
		status    int
		has       []string
		without   []string
	}{
		{"/directives", "", 200, []string{"在办 1 件", "高新技术企业数：偏离路径", "■", "滞后", "立项", "督查办", "已回复 1", "<form method=\"post\""}, []string{"第 1 轮"}},
		{"/directives?lang=en", "", 200, []string{"1 under way", "High-tech firms: off its path", "Office", "hand it over"}, nil},
		{"/directives?state=closed", "", 200, []string{"没有符合条件"}, []string{"偏离路径"}},
		{"/directives?light=green&unit=kjj", "", 200, []string{"偏离路径"}, nil},
		{"/directives?light=red", "", 200, nil, []string{"偏离路径"}},
		{"/directives", "kjj", 200, []string{"偏离路径"}, []string{"<form method=\"post\""}},
		{"/directives", "500106", 200, []string{"没有符合条件"}, nil},
		{"/directives", "nobody", 303, nil, nil},
		{"/directives/c1", "", 200, []string{"/flow/cases/c1", "/plan/targets/T09", "指标回到路径上", "还没有提交依据", "渝中区", "/flow/cases/c2"}, []string{"核对依据并销号"}},
		{"/directives/c1", "500106", 403, nil, []string{"偏离路径"}},
		{"/directives/c2", "", 404, nil, nil},
		{"/directives/c9", "", 404, nil, nil},
		{"/directives/stocktake?as_of=2023-07-11", "", 200, []string{"2023-07-04", "高新技术企业数", "督查办", "交办", "记录会议并立项"}, nil},
		{"/directives/stocktake", "kjj", 200, []string{"高新技术企业数"}, []string{"<form method=\"post\""}},
	} {
		t.Run(tt.path+" "+tt.who, func(t *testing.T) {
			status, body, _ := ask(h, http.MethodGet, tt.path, tt.who, nil)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			for _, s := range tt.has {
				if !strings.Contains(body, s) {
					t.Errorf("lacks %q", s)
				}
			}
			for _, s := range tt.without {
				if strings.Contains(body, s) {
					t.Errorf("has %q", s)
				}
			}
		})
	}
}

// TestForms: what leaders do on the pages, and what they are told when it is not right.
func TestForms(t *testing.T) {
	c, h := site(t)
	order := url.Values{"title": {"报送清单"}, "lead": {"kjj"}, "condition": {"document"}}
	status, _, location := ask(h, http.MethodPost, "/directives", "", order)
	if status != http.StatusSeeOther || location != "/directives/c1" {
		t.Fatalf("%d to %s", status, location)
	}
	order.Set("condition", "someday")
	if status, body, _ := ask(h, http.MethodPost, "/directives", "", order); status != http.StatusUnprocessableEntity || !strings.Contains(body, "someday") || !strings.Contains(body, "报送清单") {
		t.Errorf("a condition that is none: %d", status)
	}
	if status, _, _ := ask(h, http.MethodPost, "/directives", "kjj", order); status != http.StatusForbidden {
		t.Errorf("a clerk orders: %d", status)
	}
	batch := url.Values{"held": {"2023-07-17"}, "title": {"第二十八次调度会"}, "title1": {"一"}, "lead1": {"kjj"}, "title2": {"二"}, "lead2": {"500103"}}
	status, _, location = ask(h, http.MethodPost, "/directives/stocktake", "", batch)
	if status != http.StatusSeeOther || !strings.HasPrefix(location, "/directives?state=all&meeting=") || len(c.desk.cases) != 3 {
		t.Errorf("%d to %s with %d cases", status, location, len(c.desk.cases))
	}
	if _, body, _ := ask(h, http.MethodGet, location, "", nil); !strings.Contains(body, "会议议定") || strings.Contains(body, "报送清单") {
		t.Error("the meeting's list is not its batch")
	}
	batch.Set("lead2", "")
	if status, body, _ := ask(h, http.MethodPost, "/directives/stocktake", "", batch); status != http.StatusUnprocessableEntity || !strings.Contains(body, "第 2 项") || len(c.desk.cases) != 3 {
		t.Errorf("a decision that is not right: %d with %d cases", status, len(c.desk.cases))
	}
	c.desk.cases[0].State.Active = []string{"live", stageReview}
	if status, body, _ := ask(h, http.MethodPost, "/directives/c1/close", "", url.Values{}); status != http.StatusConflict || !strings.Contains(body, "不能销号：") {
		t.Errorf("closing without evidence: %d", status)
	}
	c.desk.cases[0].State.Data["files"] = []any{"abc"}
	if status, _, _ := ask(h, http.MethodPost, "/directives/c1/close", "", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("closing with evidence: %d", status)
	}
	c.desk.cases[1].State.Active = []string{"live", "dividing"}
	if _, body, _ := ask(h, http.MethodGet, "/directives/c2", "kjj", nil); !strings.Contains(body, `action="/directives/c2/split"`) {
		t.Error("the lead unit is not offered to divide its directive")
	}
	if status, body, _ := ask(h, http.MethodPost, "/directives/c2/split", "kjj", url.Values{"units": {"500103", "x"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "&#34;x&#34;") {
		t.Errorf("a unit that is not there: %d", status)
	}
	if status, _, _ := ask(h, http.MethodPost, "/directives/c2/split", "kjj", url.Values{"units": {"500103"}}); status != http.StatusSeeOther {
		t.Errorf("dividing: %d", status)
	}
}

// TestAPI: the same over the API, and who may call what.
func TestAPI(t *testing.T) {
	c, h := site(t)
	c.stand("red", "2023-06-30@1")
	for _, tt := range []struct {
		method, path, who string
		status            int
		has               string
	}{
		{http.MethodPost, "/api/v1/directives/evaluations?as_of=2023-07-11", "", 403, "curate"},
		{http.MethodGet, "/api/v1/directives", "nobody", 403, ""},
		{http.MethodGet, "/api/v1/directives", "", 200, "[]"},
		{http.MethodGet, "/api/v1/directives/rule", "nobody", 200, `"office":"office"`},
		{http.MethodGet, "/api/v1/directives/stocktake?as_of=2023-07-11", "", 200, `"rank":"off"`},
		{http.MethodGet, "/api/v1/directives/meetings", "", 200, "[]"},
	} {
		status, body, _ := ask(h, tt.method, tt.path, tt.who, nil)
		if status != tt.status || !strings.Contains(body, tt.has) {
			t.Errorf("%s %s as %q: %d %s", tt.method, tt.path, tt.who, status, body)
		}
	}
	c.evaluate(t, "2023-07-11")
	if status, body, _ := ask(h, http.MethodGet, "/api/v1/directives/c1", "kjj", nil); status != 200 || !strings.Contains(body, `"stage":"filed"`) || !strings.Contains(body, `"part_cases":[]`) {
		t.Errorf("%d %s", status, body)
	}
}

// TestVerbs: the command line works on the API alone.
func TestVerbs(t *testing.T) {
	c, h := site(t)
	c.stand("red", "2023-06-30@1")
	owner := actor.System("500000")
	for _, tt := range []struct {
		verb  string
		flags []string
		args  []string
		has   string
	}{
		{"evaluate", []string{"--as-of", "2023-07-11"}, nil, "opened [directive-1]"},
		{"list", []string{"--target", "T09"}, nil, "c1"},
		{"list", []string{"--state", "closed"}, nil, ""},
		{"show", nil, []string{"c1"}, "T09"},
		{"open", []string{"--lead", "kjj"}, []string{"报送清单"}, "c2"},
		{"act", []string{"--form", `{"text":"好"}`}, []string{"c1", "reached"}, "review"},
		{"stocktake", []string{"--as-of", "2023-07-11"}, nil, "高新技术企业数"},
	} {
		for _, v := range verbs() {
			if v.Name != tt.verb {
				continue
			}
			var out strings.Builder
			flags := flag.NewFlagSet(v.Name, flag.ContinueOnError)
			for _, taken := range []string{"data", "server", "json"} { // the program's own
				flags.String(taken, "", "")
			}
			run := v.Bind(flags)
			if err := flags.Parse(tt.flags); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), module.Call{Args: tt.args, Out: &out, API: func() (*web.Client, error) { return web.InProcess(h, owner), nil }})
			if err != nil || !strings.Contains(out.String(), tt.has) {
				t.Errorf("%s %v: %q, %v", tt.verb, tt.args, out.String(), err)
			}
		}
	}
}

// TestPack: the rules of the city's pack are read and put in force.
func TestPack(t *testing.T) {
	c := newCity(t, migrated(t))
	p := pack.Open(packs.Chongqing())
	rules := readRules(p)
	if len(rules) != 1 || rules[0].Office != "party_gov" || !rules[0].opens("red", 1) || rules[0].opens("yellow", 2) || rules[0].Source.ZH == "" {
		t.Fatalf("rules %+v", rules)
	}
	if err := c.db.Write(t.Context(), func(tx store.Tx) error { return putRule(t.Context(), tx, rules[0]) }); err != nil {
		t.Fatal(err)
	}
	if r, err := c.rule(t.Context()); err != nil || r.ID != "default" {
		t.Errorf("%+v, %v", r, err)
	}
	bad := pack.Open(fstest.MapFS{
		"pack.yaml": {Data: []byte("schema: yuzhou.pack/v1\nid: x\nprefix: \"1.1\"\nunit: u\nzone: \"+08:00\"\nzh: x\nen: x\nsources: []\n")},
		rulesFile:   {Data: []byte("rules:\n  - {id: a, zh: a, en: a, office: u, opens: [{light: green, evaluations: 0}]}\n")},
	})
	readRules(bad)
	if err := bad.Err(); err == nil || !strings.Contains(err.Error(), "opens no directive") || !strings.Contains(err.Error(), "it is 1 at least") {
		t.Errorf("rules that are not right: %v", err)
	}
}
