package org

import (
	"net"
	"net/http"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

// cookieName begins with __Host-, so that a browser keeps the cookie to this
// host and to HTTPS; on the machine itself browsers take it on plain HTTP too.
const cookieName = "__Host-yuzhou"

// Identify finds out who asks: by the Authorization header of a program, or by
// the cookie of a browser. A cookie whose session has ended means nobody; a
// token whose session has ended is fault.Forbidden, since a program must know.
func (s *Service) Identify(r *http.Request) (actor.Actor, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return actor.Actor{}, s.refuse(forbidden, "token.scheme")
		}
		a, _, found, err := s.bearer(r.Context(), token)
		if err == nil && !found {
			err = s.refuse(forbidden, "token.ended")
		}
		return a, err
	}
	token := cookieToken(r)
	if token == "" {
		return actor.Actor{}, nil
	}
	a, _, _, err := s.bearer(r.Context(), token)
	return a, err
}

func cookieToken(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a token, or takes it away when it is empty. It
// has no date: the session ends with the browser, or here.
func setCookie(w http.ResponseWriter, token string) {
	c := &http.Cookie{Name: cookieName, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// private reports whether what the browser sends cannot be overheard: over
// HTTPS, here or at a proxy before us, or within this machine. Only the sender
// could lie in these headers, and would only fool itself.
func private(r *http.Request) bool {
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

// originOf returns where a request comes from.
func originOf(r *http.Request) origin {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = ""
	}
	return origin{host, r.UserAgent()}
}

func (s *Service) routes(rt *web.Router) {
	s.operations(rt)
}
