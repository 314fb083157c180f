package org

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, signInPage)
	testkit.Page(t, mePage)
	testkit.Page(t, peoplePage)
	testkit.Page(t, personPage)
	testkit.Page(t, auditPage)
	testkit.Page(t, unitsPage)
	testkit.Page(t, unitPage)
	testkit.Page(t, routesPage)
}

// site is a whole site with this engine alone on it.
type site struct {
	town
	handler http.Handler
	router  *web.Router
}

func newSite(t *testing.T, w town) site {
	t.Helper()
	rt := web.NewRouter(w.site, w.Service.log, w.Decide)
	w.routes(rt)
	return site{w, rt.Handler(w.Identify), rt}
}

// browser keeps a cookie.
type browser struct {
	t     *testing.T
	s     site
	token string
	head  http.Header
}

func (s site) browser(t *testing.T) *browser {
	t.Helper()
	return &browser{t: t, s: s, head: http.Header{"Origin": {"http://127.0.0.1:1458"}, "Sec-Fetch-Site": {"same-origin"}}}
}

func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://127.0.0.1:1458"+path, strings.NewReader(form.Encode()))
	r.Header = b.head.Clone()
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.token != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.token})
	}
	w := httptest.NewRecorder()
	b.s.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == cookieName {
			b.token = c.Value
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder { return b.do("GET", path, nil) }

func (b *browser) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, form)
}

// want checks an answer's status and that its body has each text in it.
func (b *browser) want(w *httptest.ResponseRecorder, status int, texts ...string) {
	b.t.Helper()
	if w.Code != status {
		b.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			b.t.Errorf("the page lacks %q:\n%s", text, w.Body)
		}
	}
}

// owner returns a browser in which the first owner has signed in.
func (s site) owner(t *testing.T) (b *browser, password string) {
	t.Helper()
	user, password, _, err := s.EnsureOwner(t.Context())
	must(t, err)
	b = s.browser(t)
	b.want(b.post("/org/sign-in", "login", user, "password", password), http.StatusSeeOther)
	return b, password
}

func TestPages(t *testing.T) {
	testkit.EachStore(t, "org", theFiles(), func(t *testing.T, db *store.DB) {
		s := newSite(t, newTown(t, db, packs.Chongqing()))
		b, _ := s.owner(t)
		me := s.ownerID(t)
		for _, lang := range web.Langs() {
			for _, tt := range []struct {
				path  string
				texts []string
			}{
				{"/org/sign-in", nil},
				{"/org/me", []string{"owner"}},
				{"/org/people", []string{"/org/people/mingju"}},
				{"/org/people/" + me, []string{"owner"}},
				{"/org/units", []string{"/org/units/500101", "/org/units/500000-ne", "1031"}},
				{"/org/units?q=wanzhou", []string{"500101"}},
				{"/org/units/500101", []string{"500101001", "/org/units/500000-ne"}},
				{"/org/units/500000", []string{"500243", "/org/units/kjj"}},
				{"/org/units/kjj", []string{"第 91 行|line 91"}},
				{"/org/units/500000-ne", []string{"/org/units/500101"}},
				{"/org/audit", []string{"org.grant.add", "org.session.open"}},
				{"/org/audit?action=org.grant", []string{"owner over 500000"}},
				{"/org/routes", []string{"POST /org/sign-out"}},
			} {
				sep := "?"
				if strings.Contains(tt.path, "?") {
					sep = "&"
				}
				w := b.get(tt.path + sep + "lang=" + lang)
				var texts []string
				for _, text := range tt.texts {
					if a, e, both := strings.Cut(text, "|"); both {
						text = map[string]string{web.ZH: a, web.EN: e}[lang]
					}
					texts = append(texts, text)
				}
				b.want(w, http.StatusOK, append(texts, `<html lang="`+lang+`">`)...)
				if strings.Contains(w.Body.String(), "style=") || strings.Contains(w.Body.String(), "%!") {
					t.Errorf("%s: inline style or a wording with a wrong verb", tt.path)
				}
			}
		}
		b.want(b.get("/org/units/nowhere"), http.StatusNotFound)
		b.want(b.get("/org/people/nobody"), http.StatusNotFound)
	})
}

func (s site) ownerID(t *testing.T) string {
	t.Helper()
	acc, err := s.account(t.Context(), "owner")
	must(t, err)
	return acc.person
}

func TestSignInPage(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		s := newSite(t, w)
		user, password, _, err := s.EnsureOwner(t.Context())
		must(t, err)
		b := s.browser(t)
		b.want(b.get("/org/people"), http.StatusSeeOther)
		b.want(b.post("/org/sign-in", "login", user, "password", "wrong"), http.StatusForbidden, "用户名或密码不对", `value="owner"`)
		if b.token != "" {
			t.Error("a failed sign-in set a cookie")
		}

		got := b.post("/org/sign-in", "login", " OWNER ", "password", password, "next", "/org/units?q=x")
		b.want(got, http.StatusSeeOther)
		cookie := got.Header().Get("Set-Cookie")
		for _, attr := range []string{"__Host-yuzhou=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
			if !strings.Contains(cookie, attr) {
				t.Errorf("cookie %q lacks %s", cookie, attr)
			}
		}
		if strings.Contains(cookie, "Domain") || strings.Contains(cookie, "Max-Age") {
			t.Errorf("cookie %q is not for this host and this sitting alone", cookie)
		}
		first := b.token
		b.want(b.post("/org/sign-in", "login", user, "password", password), http.StatusSeeOther)
		if b.token == first {
			t.Error("signing in again kept the token")
		}
		if _, found, _ := s.bearer(t.Context(), first); found {
			t.Error("signing in again left the former session open")
		}

		chosen := "a new long password"
		b.want(b.post("/org/me/password", "present", password, "chosen", chosen, "again", chosen+"!"), http.StatusUnprocessableEntity, "不一致")
		b.want(b.post("/org/me/password", "present", password, "chosen", "short", "again", "short"), http.StatusUnprocessableEntity, "至少要 10 个字符")
		b.want(b.post("/org/me/password", "present", "wrong", "chosen", chosen, "again", chosen), http.StatusForbidden, "当前密码不对")
		before := b.token
		b.want(b.post("/org/me/password", "present", password, "chosen", chosen, "again", chosen), http.StatusSeeOther)
		if _, found, _ := s.bearer(t.Context(), before); found || b.token == before {
			t.Error("a changed password left the former session open")
		}
		b.want(b.get("/org/me?done=password"), http.StatusOK, "密码已修改")
		b.want(b.post("/org/sign-out"), http.StatusSeeOther)
		b.want(b.get("/org/me"), http.StatusSeeOther)
		b.want(b.post("/org/sign-in", "login", user, "password", chosen, "next", "/org/units"), http.StatusSeeOther)
		b.want(b.post("/org/sign-out"), http.StatusSeeOther)

		for _, secret := range []string{password, chosen, first, before} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("a secret stands in the log:\n%s", s.log)
			}
		}
		if s.log.Len() == 0 {
			t.Error("the log is empty: nothing was tested")
		}
	})
}

func TestNextMustBeLocal(t *testing.T) {
	for next, want := range map[string]string{
		"":                       "/",
		"/":                      "/",
		"/plan/tree?as_of=2023":  "/plan/tree?as_of=2023",
		"/org/units?q=%E5%8C%BA": "/org/units?q=%E5%8C%BA",
		"plan":                   "/",
		"//evil.example":         "/",
		"///evil.example":        "/",
		"/\\evil.example":        "/",
		"\\\\evil.example":       "/",
		"/%5cevil.example":       "/",
		"/%2fevil.example":       "/",
		"/.//evil.example":       "/",
		"/\tevil":                "/",
		"/\n/evil.example":       "/",
		"https://evil.example/":  "/",
		"javascript:alert(1)":    "/",
		"http:/plan":             "/",
		" /plan":                 "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

// FuzzLocalPath holds localPath to what a browser makes of its answer: an
// address on the same site.
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/a?b#c", "http://x", "/%2f/x"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "here.example", Path: "/"}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || strings.HasPrefix(u.Path, "//") || strings.Contains(got, "\\") {
			t.Errorf("localPath(%q) = %q leads to %v, %v", next, got, u, err)
		}
	})
}

func TestRefusals(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		s := newSite(t, w)
		b, password := s.owner(t)
		t.Run("cross-origin post", func(t *testing.T) {
			x := s.browser(t)
			x.token = b.token
			x.head = http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
			if got := x.post("/org/people", "login", "mallory", "zh", "坏"); got.Code != http.StatusForbidden {
				t.Errorf("status %d, want 403", got.Code)
			}
			acc, err := s.account(t.Context(), "mallory")
			must(t, err)
			if acc.person != "" {
				t.Error("the person was added")
			}
			x.head = s.browser(t).head
			x.want(x.post("/org/people", "login", "mallory", "zh", "坏"), http.StatusOK) // from the site itself it works
		})
		t.Run("password over plain HTTP from elsewhere", func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "http://plan.example/org/sign-in",
				strings.NewReader(url.Values{"login": {"owner"}, "password": {password}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			got := httptest.NewRecorder()
			s.handler.ServeHTTP(got, r)
			if got.Code != http.StatusForbidden || got.Header().Get("Set-Cookie") != "" {
				t.Errorf("status %d, cookie %q", got.Code, got.Header().Get("Set-Cookie"))
			}
		})
		for _, tt := range []struct{ name, auth string }{
			{"token that was never given", "Bearer AAAA"},
			{"another scheme", "Basic b3duZXI6eA=="},
		} {
			t.Run(tt.name, func(t *testing.T) {
				r := httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1/api/v1/org/units", nil)
				r.Header.Set("Authorization", tt.auth)
				got := httptest.NewRecorder()
				s.handler.ServeHTTP(got, r)
				if got.Code != http.StatusForbidden {
					t.Errorf("status %d, want 403", got.Code)
				}
			})
		}
		t.Run("session after its end", func(t *testing.T) {
			s.clock.add(idleLimit)
			b.want(b.get("/org/me"), http.StatusSeeOther)
		})
	})
}

// TestRoutes lists every route with who passes, by asking each as a person of
// each role, and compares with the golden list.
func TestRoutes(t *testing.T) {
	w := newTown(t, migrated(t), small(threeUnits))
	s := newSite(t, w)
	var b strings.Builder
	for _, line := range inventory(s.router) {
		var pass []string
		for _, role := range actor.Roles() {
			who := actor.Actor{}
			if role != actor.Public {
				who = actor.Actor{ID: "x", Grants: []actor.Grant{{Role: role, Unit: "990000"}}}
			}
			allowed := s.Decide(t.Context(), who, line.Need, "") == nil
			if allowed {
				pass = append(pass, string(role))
			}
			if allowed != line.May(role) {
				t.Errorf("%s: the inventory says %v of %s, Decide says %v", line.Pattern, line.May(role), role, allowed)
			}
			if refused := s.refuses(t, line.Pattern, who); refused == allowed {
				t.Errorf("%s as %s: refused %v, but Decide says allowed %v", line.Pattern, role, refused, allowed)
			}
		}
		fmt.Fprintf(&b, "%-60s %-10s %s\n", line.Pattern, line.Need, strings.Join(pass, " "))
	}
	testkit.Golden(t, "routes.txt", []byte(b.String()))
}

func migrated(t *testing.T) *store.DB {
	t.Helper()
	db := testkit.Store(t)
	must(t, db.Migrate(t.Context(), "org", theFiles()))
	return db
}

// refuses calls a route with nothing much in it and reports whether it was
// Decide that turned the call away.
func (s site) refuses(t *testing.T, pattern string, who actor.Actor) bool {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.NewReplacer("{id}", "none", "{grant}", "none").Replace(path)
	body := map[string]string{
		"PUT /api/v1/org/me/password":         `{"present":"","chosen":""}`,
		"POST /api/v1/org/sessions":           `{"user":"","password":""}`,
		"POST /api/v1/org/people":             `{"login":""}`,
		"PUT /api/v1/org/people/{id}/post":    `{"post":""}`,
		"POST /api/v1/org/people/{id}/grants": `{"role":"","unit":""}`,
	}[pattern]
	r := httptest.NewRequestWithContext(actor.With(t.Context(), who), method, "http://127.0.0.1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return strings.HasPrefix(w.Header().Get("Location"), "/org/sign-in?next=") ||
		w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "you are not allowed to do this")
}

func TestAPI(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		s := newSite(t, w)
		user, password, _, err := s.EnsureOwner(t.Context())
		must(t, err)
		visitor := web.InProcess(s.handler, actor.Actor{})
		ctx := t.Context()
		kindIs(t, "wrong password", visitor.Do(ctx, "POST", "/org/sessions", map[string]string{"user": user, "password": "x"}, nil), forbidden)
		var token Token
		must(t, visitor.Do(ctx, "POST", "/org/sessions", map[string]string{"user": user, "password": password}, &token))
		if want := s.now().Add(absoluteLimit).Format(time.RFC3339); token.Until != want || !token.Temporary {
			t.Errorf("token until %s, want %s", token.Until, want)
		}
		api := web.InProcess(s.handler, actor.Actor{})
		api.Token = token.Token

		var made NewPassword
		must(t, api.Do(ctx, "POST", "/org/people", NewPerson{Login: "wang", ZH: "王"}, &made))
		kindIs(t, "same login", api.Do(ctx, "POST", "/org/people", NewPerson{Login: "wang", ZH: "王"}, nil), conflict)
		kindIs(t, "bad login", api.Do(ctx, "POST", "/org/people", NewPerson{Login: "Wang Wei", ZH: "王"}, nil), invalid)
		var p Person
		must(t, api.Do(ctx, "POST", "/org/people/"+made.Person+"/grants", actor.Grant{Role: actor.Clerk, Unit: "990101"}, &p))
		if len(p.Grants) != 1 || p.Grants[0].Role != actor.Clerk || p.Grants[0].By == "" {
			t.Errorf("grants %+v", p.Grants)
		}
		kindIs(t, "same grant", api.Do(ctx, "POST", "/org/people/"+made.Person+"/grants", actor.Grant{Role: actor.Clerk, Unit: "990101"}, nil), conflict)
		kindIs(t, "public as role", api.Do(ctx, "POST", "/org/people/"+made.Person+"/grants", actor.Grant{Role: actor.Public, Unit: "990101"}, nil), invalid)
		kindIs(t, "unknown unit", api.Do(ctx, "POST", "/org/people/"+made.Person+"/grants", actor.Grant{Role: actor.Clerk, Unit: "990109"}, nil), notFound)
		var me Me
		must(t, api.Get(ctx, "/org/me", nil, &me))
		if me.ID == "" || len(me.Sessions) != 1 || !me.Sessions[0].Current {
			t.Errorf("me: %+v", me)
		}
		var list web.List[Unit]
		must(t, visitor.Get(ctx, "/org/units", url.Values{"limit": {"2"}}, &list))
		if len(list.Items) != 2 || list.Next != "990101" {
			t.Errorf("first page %+v", list)
		}
		var second web.List[Unit]
		must(t, visitor.Get(ctx, "/org/units", url.Values{"cursor": {list.Next}}, &second))
		if len(second.Items) != 1 || second.Items[0].ZH != "西县" || second.Next != "" {
			t.Errorf("second page %+v", second)
		}
		kindIs(t, "bad date", visitor.Get(ctx, "/org/units", url.Values{"at": {"2023-7"}}, &list), invalid)
		kindIs(t, "audit as visitor", visitor.Get(ctx, "/org/audit", nil, nil), forbidden)
		s.auditPages(t, api)

		must(t, api.Do(ctx, "DELETE", "/org/people/"+made.Person+"/grants/"+p.Grants[0].ID, nil, nil))
		left, err := s.person(ctx, made.Person)
		must(t, err)
		if len(left.Grants) != 0 {
			t.Errorf("after revoking: %+v", left.Grants)
		}
		must(t, api.Do(ctx, "DELETE", "/org/sessions/current", nil, nil))
		kindIs(t, "after signing out", api.Get(ctx, "/org/me", nil, nil), forbidden)
	})
}

// auditPages reads the audit two by two and finds each entry once.
func (s site) auditPages(t *testing.T, api *web.Client) {
	t.Helper()
	var actions []string
	q := url.Values{"limit": {"2"}}
	for {
		var list web.List[Entry]
		must(t, api.Get(t.Context(), "/org/audit", q, &list))
		for _, e := range list.Items {
			actions = append(actions, e.Action)
			if e.Actor == "" || e.At.IsZero() {
				t.Errorf("entry without actor or time: %+v", e)
			}
		}
		if list.Next == "" {
			break
		}
		q.Set("cursor", list.Next)
	}
	got, err := json.Marshal(actions)
	must(t, err)
	if len(actions) != 6 {
		t.Errorf("audit: %s, want 6 entries", got)
	}
}
