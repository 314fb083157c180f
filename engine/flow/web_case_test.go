package flow

import (
	"bytes"
	"context"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// townsfolk is people with names, as pages show them.
type townsfolk struct{ people }

func (townsfolk) Unit(_ context.Context, id string) (org.Unit, error) {
	return org.Unit{ID: id, Kind: "district", Text: townNames()[id]}, nil
}

func (f townsfolk) Units(ctx context.Context, _ time.Time) ([]org.Unit, error) {
	var out []org.Unit
	for _, id := range []string{"500000", "500112", "500113"} {
		u, err := f.Unit(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

func (townsfolk) Named(_ context.Context, id string) (pack.Text, error) {
	names := map[string]pack.Text{"clerk": {ZH: "李经办", EN: "Clerk Li"}, "leader": {ZH: "王负责", EN: "Leader Wang"}, "other": {ZH: "赵经办", EN: "Clerk Zhao"}}
	if n, ok := names[id]; ok {
		return n, nil
	}
	return pack.Text{}, fault.New(fault.NotFound, "nobody is called %s", id)
}

func townNames() map[string]pack.Text {
	return map[string]pack.Text{"500000": {ZH: "重庆市", EN: "Chongqing"}, "500112": {ZH: "渝北区", EN: "Yubei"}, "500113": {ZH: "巴南区", EN: "Banan"}}
}

// counter is the engine's pages, asked for by whoever a request says.
type counter struct {
	*bench
	t *testing.T
	h http.Handler
}

// eachCounter runs fn with the pages on every database.
func eachCounter(t *testing.T, fn func(t *testing.T, c counter)) {
	t.Helper()
	each(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.who = townsfolk{}
		rt := web.NewRouter(b.site, slog.New(slog.DiscardHandler), func(_ context.Context, a actor.Actor, p actor.Permission, unit string) error {
			if a.May(p, unit, func(unit, top string) bool { return unit == top || top == "500000" }) {
				return nil
			}
			return fault.New(fault.Forbidden, "not you")
		})
		b.routes(rt)
		fn(t, counter{b, t, rt.Handler(func(r *http.Request) (actor.Actor, error) { return visitors()[r.Header.Get("X-Who")], nil })})
	})
}

// visitors are who asks for pages: an empty name is nobody in particular.
func visitors() map[string]actor.Actor {
	one := func(id string, role actor.Role, unit string) actor.Actor {
		return actor.Actor{ID: id, Name: id, Grants: []actor.Grant{{Role: role, Unit: unit}}}
	}
	return map[string]actor.Actor{
		"clerk": one("clerk", actor.Clerk, "500112"), "leader": one("leader", actor.Leader, "500112"), "other": one("other", actor.Clerk, "500113"), "city": one("city", actor.Owner, "500000"),
	}
}

// answer is what a page has answered.
type pageAnswer struct {
	status   int
	body     string
	location string
	header   http.Header
}

func (c counter) do(r *http.Request, who string) pageAnswer {
	c.t.Helper()
	r.Header.Set("X-Who", who)
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r.WithContext(c.t.Context()))
	return pageAnswer{w.Code, w.Body.String(), w.Header().Get("Location"), w.Header()}
}

func (c counter) get(who, path string) pageAnswer {
	c.t.Helper()
	return c.do(httptest.NewRequest(http.MethodGet, path, nil), who)
}

func (c counter) post(who, path string, form url.Values) pageAnswer {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(r, who)
}

func (c counter) upload(who, path, name, content string) pageAnswer {
	c.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || m.Close() != nil {
		c.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return c.do(r, who)
}

// settled is a page's content with what differs from run to run taken out.
func settled(t *testing.T, body string) []byte {
	t.Helper()
	_, body, _ = strings.Cut(body, "<main")
	body, _, ok := strings.Cut(body, "</main>")
	if !ok {
		t.Fatal("the page has no content")
	}
	for _, x := range [][2]string{ // in this order: a digest in an address is more than a hash
		{`name="key" value="[^"]*"`, `name="key" value="KEY"`},
		{`/flow/cases/[0-9A-Za-z-]{16,}`, `/flow/cases/CASE`},
		{`/flow/procedures/[0-9a-f]{64}`, `/flow/procedures/DIGEST`},
		{`[0-9a-f]{64}`, `HASH`},
	} {
		body = regexp.MustCompile(x[0]).ReplaceAllString(body, x[1])
	}
	return []byte("<main" + body + "</main>\n")
}

// hidden reads what the page's form for an event carries along.
func hidden(t *testing.T, body, event string) url.Values {
	t.Helper()
	_, form, ok := strings.Cut(body, `name="event" value="`+event+`"`)
	if !ok {
		t.Fatalf("the page has no form for %q", event)
	}
	form, _, _ = strings.Cut(form, "</form>")
	out := url.Values{"event": {event}}
	for _, name := range []string{"key", "after"} {
		if m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(form); m != nil {
			out.Set(name, m[1])
		}
	}
	if out.Get("key") == "" {
		t.Fatalf("the form for %q has no key, so sending it twice would do it twice", event)
	}
	return out
}
