package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/web/assets"
)

// Route is one declared route: what the inventory lists.
type Route struct {
	Pattern string           `json:"pattern"` // as net/http reads it
	Need    actor.Permission `json:"need"`
	API     bool             `json:"api"` // also described by OpenAPI
}

// Decide says whether an actor may use a permission over a unit (empty: over
// any). It returns nil, fault.Forbidden, or the error that kept it from knowing.
type Decide func(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error

// Router collects the routes of all modules on one mux.
type Router struct {
	Site   Site
	Log    *slog.Logger
	Decide Decide

	// Waiting counts what waits for the actor of a request, to 100 and no further:
	// every page says so beside its link to the inbox. Nil: nothing is counted.
	Waiting func(context.Context) (int, error)

	// Attest says how far a number that is shown is proved. Nil: not asked.
	Attest func(context.Context, observation.Observation) Evidence

	mux    *http.ServeMux
	api    huma.API
	routes []Route
	peers  []peer
	cache  pageCache
}

// KeepPages lets visitors' pages be given again while generation stays the same.
func (rt *Router) KeepPages(generation func(context.Context) (uint64, error)) {
	rt.cache.generation = generation
}

// NewRouter returns a router that serves the OpenAPI 3.1 description of its
// operations at /api/v1/openapi.json and .yaml.
func NewRouter(site Site, log *slog.Logger, decide Decide) *Router {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Yuzhou", site.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/v1/openapi", "", ""
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema member in answers
	rt := &Router{Site: site, Log: log, Decide: decide, mux: mux, api: humago.New(mux, config)}
	rt.Static("GET /assets/", assets.Handler())
	return rt
}

// Page mounts a handler that answers people (or streams a file): pattern as in
// net/http, such as "GET /plan/{id}".
func (rt *Router) Page(pattern string, need actor.Permission, h Handler) {
	rt.routes = append(rt.routes, Route{Pattern: pattern, Need: need})
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := rt.Decide(r.Context(), actor.Of(r.Context()), need, "")
		if key := rt.cache.key(r, need); err == nil && key != "" {
			err = rt.cache.answer(w, r, key, h)
		} else if err == nil {
			err = h(w, r)
		}
		if fault.KindOf(err) == fault.Forbidden && r.Method == http.MethodGet &&
			!wantsJSON(r.URL.Path) && !actor.Of(r.Context()).Known() {
			http.Redirect(w, r, "/org/sign-in?next="+escapeNext(r), http.StatusSeeOther) //nolint:gosec // a local page; next is escaped, and checked again there
			return
		}
		if err != nil {
			fail(rt.Log, w, r, err)
		}
	})
}

// Static mounts a handler that needs no decision: assets.
func (rt *Router) Static(pattern string, h http.Handler) {
	rt.routes = append(rt.routes, Route{Pattern: pattern, Need: actor.Read})
	rt.mux.Handle(pattern, h)
}

// Routes lists what has been mounted.
func (rt *Router) Routes() []Route { return rt.routes }

// Handler returns the whole site: every route behind the outer layers.
func (rt *Router) Handler(identify func(*http.Request) (actor.Actor, error)) http.Handler {
	rt.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(rt.Log, w, r, fault.New(fault.NotFound, "there is no page %s", r.URL.Path))
	})
	protect := http.NewCrossOriginProtection()
	return rt.outer(rt.peered(identify, protect.Handler(rt.identified(identify, rt.mux))))
}

// counted returns what counts the inbox of a request's actor when its page comes
// to ask. A count that fails is left out: the page itself is not about it.
func (rt *Router) counted(ctx context.Context) func() int {
	if rt.Waiting == nil || !actor.Of(ctx).Known() {
		return nil
	}
	return func() int {
		n, err := rt.Waiting(ctx)
		if err != nil {
			rt.Log.WarnContext(ctx, "the inbox cannot be counted", slog.Any("error", err))
		}
		return n
	}
}

// identified puts the actor and the page's shell into the request's context.
func (rt *Router) identified(identify func(*http.Request) (actor.Actor, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			next.ServeHTTP(w, r)
			return
		}
		who := actor.Of(r.Context()) // a command-line call is identified already
		var err error
		if !who.Known() {
			who, err = identify(r)
		}
		ctx := actor.With(r.Context(), who)
		shell, shellErr := newShell(rt.Site, who, r)
		r = r.WithContext(context.WithValue(ctx, shellKey{}, shell))
		shell.waiting = rt.counted(r.Context())
		if attest, ctx := rt.Attest, r.Context(); attest != nil {
			shell.attest = func(o observation.Observation) Evidence { return attest(ctx, o) }
		}
		if err == nil {
			err = shellErr
		}
		if err != nil {
			fail(rt.Log, w, r, err)
			return
		}
		if lang := r.URL.Query().Get("lang"); lang != "" {
			http.SetCookie(w, &http.Cookie{ //nolint:gosec // no secret; Secure would lose it on plain HTTP
				Name: "lang", Value: shell.Lang, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			})
		}
		next.ServeHTTP(w, r)
	})
}
