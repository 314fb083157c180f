package org

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

// cookieName begins with __Host-, so that a browser keeps the cookie to this
// host and to HTTPS; on the machine itself browsers take it on plain HTTP too.
const cookieName = "__Host-yuzhou"

// maxForm is the largest form that is read, in bytes.
const maxForm = 64 << 10

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /org/sign-in", actor.Read, s.showSignIn)
	rt.Page("POST /org/sign-in", actor.Read, s.postSignIn)
	rt.Page("POST /org/sign-out", actor.Read, s.postSignOut)
	rt.Page("GET /org/me", actor.Visit, s.showMe)
	rt.Page("POST /org/me/password", actor.Visit, s.postMyPassword)
	rt.Page("POST /org/me/sessions/{id}/revoke", actor.Visit, s.postMySession)
	rt.Page("GET /org/people", actor.Administer, s.showPeople)
	rt.Page("POST /org/people", actor.Administer, s.postPerson)
	rt.Page("GET /org/people/{id}", actor.Administer, s.showPerson)
	rt.Page("POST /org/people/{id}/post", actor.Administer, s.change(s.formPost))
	rt.Page("POST /org/people/{id}/grants", actor.Administer, s.change(s.formGrant))
	rt.Page("POST /org/people/{id}/grants/{grant}/revoke", actor.Administer, s.change(s.formRevoke))
	rt.Page("POST /org/people/{id}/password", actor.Administer, s.change(s.formPassword))
	rt.Page("POST /org/people/{id}/lock", actor.Administer, s.change(s.formLock))
	rt.Page("POST /org/people/{id}/unlock", actor.Administer, s.change(s.formUnlock))
	rt.Page("GET /org/units", actor.Read, s.showUnits)
	rt.Page("GET /org/units/{id}", actor.Read, s.showUnit)
	rt.Page("GET /org/audit", actor.Administer, s.showAudit)
	rt.Page("GET /org/routes", actor.Read, s.showRoutes(rt))
	s.operations(rt)
}

// Identify finds out who asks: by the Authorization header of a program, or by
// the cookie of a browser. A cookie whose session has ended means nobody; a
// token whose session has ended is fault.Forbidden, since a program must know.
func (s *Service) Identify(r *http.Request) (actor.Actor, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return actor.Actor{}, s.refuse(forbidden, "token.scheme")
		}
		c, found, err := s.bearer(r.Context(), token)
		if err == nil && !found {
			err = s.refuse(forbidden, "token.ended")
		}
		return c.Actor, err
	}
	token := cookieToken(r)
	if token == "" {
		return actor.Actor{}, nil
	}
	c, _, err := s.bearer(r.Context(), token)
	return c.Actor, err
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

// originOf returns where a request comes from.
func originOf(remote, agent string) origin {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = ""
	}
	return origin{host, agent}
}

// localPath returns next when it is a path on this site, else home: a link that
// signs people in and sends them elsewhere would be a gift to impostors.
func localPath(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, u.IsAbs(), u.Host != "", u.User != nil, u.Opaque != "":
	case !strings.HasPrefix(next, "/"), strings.HasPrefix(next, "//"):
	case strings.ContainsFunc(next, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }):
	case strings.HasPrefix((&url.URL{Path: "/"}).ResolveReference(u).Path, "//"), strings.Contains(u.Path, "\\"): // also of /.//x
	default:
		return next
	}
	return "/"
}

// fields returns the values of a posted form, without spaces around them.
func fields(w http.ResponseWriter, r *http.Request) func(string) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return func(string) string { return "" }
	}
	return func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
}

// explained returns the sentence that the page shows for err and the status to
// show it with, or err itself when it is not one for people.
func (s *Service) explained(r *http.Request, err error) (text string, status int, _ error) {
	if err == nil {
		return "", http.StatusOK, nil
	}
	text, ok := s.said(err, web.ShellOf(r.Context()).Lang)
	if !ok {
		return "", 0, err
	}
	return text, web.Status(err), nil
}
