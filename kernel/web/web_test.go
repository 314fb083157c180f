package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
)

func testSite() Site {
	now := time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC) // the 23rd in the city
	return Site{
		Name: pack.Text{ZH: "试市", EN: "Testville"}, Unit: "1", Prefix: "88.1", Version: "t",
		Zone: time.FixedZone("+08:00", 8*3600), Now: func() time.Time { return now },
	}
}

// router lets signed-in people do everything and visitors read.
func router(log io.Writer) *Router {
	return NewRouter(testSite(), slog.New(slog.NewTextHandler(log, nil)), func(_ context.Context, a actor.Actor, p actor.Permission, _ string) error {
		if p == actor.Read || a.Known() {
			return nil
		}
		return fault.New(fault.Forbidden, "not you")
	})
}

func visitor(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil }

func ask(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestErrorsAreAnsweredOnce(t *testing.T) {
	var log strings.Builder
	rt := router(&log)
	fails := func(err error) Handler { return func(http.ResponseWriter, *http.Request) error { return err } }
	rt.Page("GET /invalid", actor.Read, fails(fault.New(fault.Invalid, "field x is 3; 1 or 2 would be right")))
	rt.Page("GET /gone", actor.Read, fails(fault.New(fault.NotFound, "there is no x")))
	rt.Page("GET /broken", actor.Read, fails(errors.New("secret detail")))
	rt.Page("GET /panics", actor.Read, func(http.ResponseWriter, *http.Request) error { panic("secret detail") })
	rt.Page("GET /closed", actor.Curate, fails(nil))
	rt.Page("GET /api/v1/t/broken", actor.Read, fails(fault.New(fault.Conflict, "it has changed")))
	h := rt.Handler(visitor)
	for _, tt := range []struct {
		path   string
		status int
		says   string
	}{
		{"/invalid", 422, "field x is 3; 1 or 2 would be right"},
		{"/gone", 404, "there is no x"},
		{"/nowhere", 404, "there is no page /nowhere"},
		{"/broken", 500, "系统内部出错，已经记录。"},
		{"/panics", 500, "系统内部出错"},
		{"/closed", 303, "/org/sign-in?next=%2Fclosed"},
		{"/api/v1/t/broken", 409, `"detail":"it has changed"`},
		{"/invalid?as_of=soon", 422, "as_of &#34;soon&#34;"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			w := ask(t, h, http.MethodGet, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String()+w.Header().Get("Location"), tt.says) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Error("the cause is shown")
			}
		})
	}
	if !strings.Contains(log.String(), "secret detail") {
		t.Error("the cause is not in the log")
	}
}

func TestAnswersAreTaggedAndCompressed(t *testing.T) {
	rt := router(io.Discard)
	rt.Page("GET /long", actor.Read, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain")
		_, err := io.WriteString(w, strings.Repeat("渝", 2000))
		return err
	})
	rt.Page("GET /huge", actor.Read, func(w http.ResponseWriter, _ *http.Request) error {
		for range 3 {
			if _, err := w.Write(make([]byte, maxBuffer/2)); err != nil {
				return err
			}
		}
		return nil
	})
	h := rt.Handler(visitor)
	w := ask(t, h, http.MethodGet, "/long", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || len(text) != 6000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	tag := w.Header().Get("ETag")
	if again := ask(t, h, http.MethodGet, "/long", "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("with %s: %d, %d bytes", tag, again.Code, again.Body.Len())
	}
	if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("X-Request-Id") == "" {
		t.Error("no security headers")
	}
	if huge := ask(t, h, http.MethodGet, "/huge"); huge.Body.Len() != maxBuffer/2*3 || huge.Header().Get("ETag") != "" {
		t.Errorf("a streamed answer: %d bytes, tag %q", huge.Body.Len(), huge.Header().Get("ETag"))
	}
}

// TestVisitorsPagesAreKept: a page is made once for all visitors of a language
// while the store and the minute stay the same; signed-in people get their own.
func TestVisitorsPagesAreKept(t *testing.T) {
	var generation uint64
	made := 0
	rt := router(io.Discard)
	rt.KeepPages(func(context.Context) (uint64, error) { return generation, nil })
	rt.Page("GET /p", actor.Read, func(w http.ResponseWriter, r *http.Request) error {
		made++
		if r.URL.Query().Get("fail") != "" {
			return fault.New(fault.NotFound, "none")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := fmt.Fprintf(w, "made %d in %s", made, ShellOf(r.Context()).Lang)
		return err
	})
	known := false
	h := rt.Handler(func(*http.Request) (actor.Actor, error) {
		if known {
			return actor.Actor{ID: "a"}, nil
		}
		return actor.Actor{}, nil
	})
	for _, tt := range []struct {
		name, path string
		before     func()
		want       string
	}{
		{"made", "/p", nil, "made 1 in zh-CN"},
		{"kept", "/p", nil, "made 1 in zh-CN"},
		{"another language", "/p?lang=en", nil, "made 2 in en"},
		{"kept too", "/p?lang=en", nil, "made 2 in en"},
		{"a failure is not kept", "/p?fail=1", nil, "none"},
		{"nor given again", "/p?fail=1", nil, "none"},
		{"the store has changed", "/p", func() { generation++ }, "made 5 in zh-CN"},
		{"signed in", "/p", func() { known = true }, "made 6 in zh-CN"},
		{"signed in again", "/p", nil, "made 7 in zh-CN"},
	} {
		if tt.before != nil {
			tt.before()
		}
		if w := ask(t, h, http.MethodGet, tt.path); !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %.60q, want %q", tt.name, w.Body, tt.want)
		}
	}
}

func TestCrossOriginPostIsRefused(t *testing.T) {
	rt := router(io.Discard)
	rt.Page("POST /t", actor.Read, func(http.ResponseWriter, *http.Request) error { return nil })
	h := rt.Handler(visitor)
	if w := ask(t, h, http.MethodPost, "/t", "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("cross-site: %d", w.Code)
	}
	if w := ask(t, h, http.MethodPost, "/t", "Sec-Fetch-Site", "same-origin"); w.Code != http.StatusOK {
		t.Errorf("same-origin: %d", w.Code)
	}
}

type greeting struct {
	Hello string `json:"hello"`
}

func TestClientSeesTheSameFaults(t *testing.T) {
	rt := router(io.Discard)
	Serve(rt, Operation{Path: "/t/{name}", ID: "greet", Summary: "x"}, func(_ context.Context, in *struct {
		Name string `path:"name" maxLength:"5"`
	},
	) (greeting, error) {
		if in.Name == "none" {
			return greeting{}, fault.New(fault.NotFound, "there is nobody %q", in.Name)
		}
		return greeting{in.Name}, nil
	})
	Serve(rt, Operation{Method: http.MethodPost, Path: "/t", ID: "own", Summary: "x", Need: actor.Administer},
		func(ctx context.Context, _ *struct{}) (greeting, error) { return greeting{actor.Of(ctx).Name}, nil })
	h := rt.Handler(visitor)
	server := httptest.NewServer(h)
	defer server.Close()
	for name, c := range map[string]*Client{
		"in process":   InProcess(h, actor.Actor{}),
		"over the net": {Base: server.URL, HTTP: server.Client()},
	} {
		t.Run(name, func(t *testing.T) {
			var g greeting
			if err := c.Get(t.Context(), "/t/ann", nil, &g); err != nil || g.Hello != "ann" {
				t.Errorf("%+v, %v", g, err)
			}
			for path, kind := range map[string]fault.Kind{"/t/none": fault.NotFound, "/t/toolong": fault.Invalid} {
				if err := c.Get(t.Context(), path, nil, &g); fault.KindOf(err) != kind {
					t.Errorf("%s: %v, want %s", path, err, kind)
				}
			}
			if err := c.Do(t.Context(), http.MethodPost, "/t", nil, &g); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("a visitor's change: %v", err)
			}
		})
	}
	// Whoever may not call an operation does not learn what is wrong with the input.
	if w := ask(t, h, http.MethodPost, "/api/v1/t", "Content-Type", "application/json", "Content-Length", "x"); w.Code != http.StatusForbidden || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	own := InProcess(h, actor.System("1"))
	var g greeting
	if err := own.Do(t.Context(), http.MethodPost, "/t", nil, &g); err != nil || g.Hello != "system" {
		t.Errorf("%+v, %v", g, err)
	}
	var doc []byte
	if err := own.Get(t.Context(), "/openapi.json", nil, &doc); err != nil || !strings.Contains(string(doc), `"openapi":"3.1`) {
		t.Errorf("no OpenAPI 3.1: %v", err)
	}
}

func TestLanguage(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"", ZH}, {"en-US,en;q=0.9", EN}, {"zh-TW", ZH}, {"fr,en;q=0.3,zh;q=0.8", ZH}, {"fr", ZH}, {"en;q=0.9,zh;q=0.8", EN}, {"en;q=x", ZH},
	} {
		if got := accepted(tt.header); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.header, got, tt.want)
		}
	}
}

func TestParseAsOf(t *testing.T) {
	s := testSite()
	for _, tt := range []struct{ in, date, known string }{
		{"", "2026-11-23", "2026-11-22T17:30:00Z"},
		{"2023-07-11", "2023-07-11", "2023-07-11T15:59:59.999999Z"},
		{"2023-07-11T20:00:00Z", "2023-07-12", "2023-07-11T20:00:00Z"},
	} {
		date, known, err := s.ParseAsOf(tt.in)
		if err != nil || date.Format(time.DateOnly) != tt.date || known.Format(time.RFC3339Nano) != tt.known {
			t.Errorf("%q: %s, %s, %v", tt.in, date, known.Format(time.RFC3339Nano), err)
		}
	}
	if _, _, err := s.ParseAsOf("11.7.2023"); !errors.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestPaginate(t *testing.T) {
	items := []string{"a", "b", "c", "d", "e"}
	var got []string
	cursor := ""
	for range 10 {
		p := Paginate(items, cursor, 2, func(s string) string { return s })
		got = append(got, p.Items...)
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(items) {
		t.Errorf("%v", got)
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		x      float64
		places int
		want   string
	}{{12700, 0, "12,700"}, {-1234.5, 1, "−1,234.5"}, {0.004, 1, "0.0"}, {-0.004, 1, "0.0"}, {999, 0, "999"}} {
		if got := Number(tt.x, tt.places); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.x, got, tt.want)
		}
	}
}

func TestInboxIsCounted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		who   string
		count func(context.Context) (int, error)
		want  string // "" for no link at all
	}{
		{"a visitor has none", "", func(context.Context) (int, error) { return 3, nil }, ""},
		{"nobody counts", "7", nil, `href="/flow">待办</a>`},
		{"nothing waits", "7", func(context.Context) (int, error) { return 0, nil }, `href="/flow">待办</a>`},
		{"some wait", "7", func(context.Context) (int, error) { return 12, nil }, `待办 <span class="count">12</span>`},
		{"many wait", "7", func(context.Context) (int, error) { return 100, nil }, `<span class="count">99&#43;</span>`},
		{"it cannot be counted", "7", func(context.Context) (int, error) { return 0, errors.New("torn cable") }, `href="/flow">待办</a>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			rt := router(&log)
			rt.Waiting = tt.count
			rt.Page("GET /page", actor.Read, func(w http.ResponseWriter, r *http.Request) error {
				return errorPage.Render(w, r, errorView{})
			})
			h := rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{ID: tt.who, Name: tt.who}, nil })
			w := ask(t, h, http.MethodGet, "/page")
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d, lacks %q", w.Code, tt.want)
			}
			if tt.want == "" && strings.Contains(w.Body.String(), `href="/flow"`) {
				t.Error("a visitor is led to an inbox")
			}
			if tt.name == "it cannot be counted" && !strings.Contains(log.String(), "torn cable") {
				t.Error("the log does not say why")
			}
		})
	}
}

// TestSentence: what a person reads of an error, in both languages.
func TestSentence(t *testing.T) {
	for _, tt := range []struct {
		name, zh, en string
		err          error
	}{
		{"worded in both", "没有单位“kjj”。", `there is no unit "kjj"`, fault.Say(fault.Invalid, "没有单位“%s”。", "there is no unit %q", "kjj")},
		{"wrapped", "是空的。", "it is empty", fmt.Errorf("line 3: %w", fault.Say(fault.Invalid, "是空的。", "it is empty"))},
		{"an argument in each language", "请填写“名称”。", "fill in “name”", fault.Say(fault.Invalid, "请填写“%s”。", "fill in “%s”", pack.Text{ZH: "名称", EN: "name"})},
		{"in English alone", "填写的内容不对，请改正后再试。（year is 3）", "year is 3", fault.New(fault.Invalid, "year is %d", 3)},
		{"a bare kind", "系统正忙，没有保存，请稍后再试。", "busy", fault.Busy},
		{"not for people", "系统内部出错，已经记录。", "internal error", errors.New("secret detail")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Sentence(tt.err); got.ZH != tt.zh || got.EN != tt.en {
				t.Errorf("%q, %q", got.ZH, got.EN)
			}
		})
	}
}
