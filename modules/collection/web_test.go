package collection

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

// site is the module's pages and API on the third of July 2023; the header X-Who
// says who asks.
func site(t *testing.T) (*city, http.Handler) {
	t.Helper()
	c := newCity(t, migrated(t))
	c.on(t, "2023-07-03")
	rt := web.NewRouter(c.site, slog.New(slog.DiscardHandler), town{}.Decide)
	c.Module().Routes(rt)
	return c, rt.Handler(func(r *http.Request) (actor.Actor, error) { return cast(r.Header.Get("X-Who")), nil })
}

// page is what somebody gets of an address.
type page struct {
	status         int
	body, location string
	header         http.Header
}

func serve(t *testing.T, h http.Handler, who string, r *http.Request) page {
	t.Helper()
	r.Header.Set("X-Who", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return page{w.Code, w.Body.String(), w.Header().Get("Location"), w.Header()}
}

func fetch(t *testing.T, h http.Handler, who, path string) page {
	t.Helper()
	return serve(t, h, who, httptest.NewRequest(http.MethodGet, path, nil))
}

func post(t *testing.T, h http.Handler, who, path string, form url.Values) page {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return serve(t, h, who, r)
}
