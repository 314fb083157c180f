package web

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
)

// peer is what is mounted for programs of other networks.
type peer struct {
	path   string
	answer func(w http.ResponseWriter, r *http.Request) error
}

// Peer mounts what another network's programs ask for: a path and all that lies below it,
// by every method, with the path as it was sent (/a/../b and /a//b are names there).
//
// Such a program says who it is in its network's way, so the header Authorization is the
// handler's to read; a token of this product ("Bearer") that holds is read before, and one
// that does not means nobody. Cookies do not count: pages of other sites may ask, too.
func (rt *Router) Peer(path string, need actor.Permission, h Handler) {
	rt.routes = append(rt.routes, Route{Pattern: path, Need: need})
	rt.peers = append(rt.peers, peer{path, func(w http.ResponseWriter, r *http.Request) error {
		if err := rt.Decide(r.Context(), actor.Of(r.Context()), need, ""); err != nil {
			return err
		}
		return h(w, r)
	}})
}

// covers reports whether a path is the peer's, or below it.
func (p peer) covers(path string) bool {
	return strings.HasPrefix(path, p.path) && (len(path) == len(p.path) || path[len(p.path)] == '/')
}

// peered lets peers answer what is theirs, and next the rest.
func (rt *Router) peered(identify func(*http.Request) (actor.Actor, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(rt.peers, func(p peer) bool { return p.covers(r.URL.Path) })
		if i < 0 {
			next.ServeHTTP(w, r)
			return
		}
		r, err := bearing(identify, r)
		if err == nil {
			err = rt.peers[i].answer(w, r)
		}
		if err != nil {
			fail(rt.Log, w, r, err)
		}
	})
}

// bearing returns a request with who its token of this product belongs to.
func bearing(identify func(*http.Request) (actor.Actor, error), r *http.Request) (*http.Request, error) {
	if actor.Of(r.Context()).Known() || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return r, nil
	}
	who, err := identify(r)
	if fault.KindOf(err) == fault.Forbidden {
		return r, nil
	}
	return r.WithContext(actor.With(r.Context(), who)), err
}

// Private reports whether what a client sends cannot be overheard: over HTTPS, here or at
// a proxy before us, or within this machine. Only the sender could lie in these headers,
// and would only fool itself.
func Private(r *http.Request) bool {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" || strings.HasPrefix(r.Header.Get("Origin"), "https://") {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
