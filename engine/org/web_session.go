package org

import (
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

var (
	signInPage = web.MustPage[signInView](files, "pages/signin.html")
	mePage     = web.MustPage[meView](files, "pages/me.html")
)

type signInView struct {
	Login, Next, Problem string
}

type meView struct {
	Person   Person
	Grants   []namedGrant
	Posts    []Post
	Sessions []Session
	Problem  string
	Done     string // key of a wording
	Shortest int    // characters a password needs
}

func (s *Service) showSignIn(w http.ResponseWriter, r *http.Request) error {
	v := signInView{Next: localPath(r.URL.Query().Get("next"))}
	return signInPage.Render(w, r, v)
}

func (s *Service) postSignIn(w http.ResponseWriter, r *http.Request) error {
	field := fields(w, r)
	v := signInView{Login: field("login"), Next: localPath(field("next"))}
	in, err := s.enter(r, v.Login)
	if err != nil {
		text, status, err := s.explained(r, err)
		if err != nil {
			return err
		}
		v.Problem = text
		w.Header().Set("Cache-Control", "no-store")
		return signInPage.RenderStatus(w, r, status, v)
	}
	if old := cookieToken(r); old != "" { // who signs in anew leaves nothing open
		if err := s.signOut(r.Context(), old); err != nil {
			return err
		}
	}
	setCookie(w, in.token)
	if in.temporary {
		v.Next = "/org/me?done=temporary"
	}
	http.Redirect(w, r, v.Next, http.StatusSeeOther)
	return nil
}

// enter signs in with the posted password, which keeps its spaces.
func (s *Service) enter(r *http.Request, login string) (signedIn, error) {
	if !web.Private(r) {
		return signedIn{}, s.refuse(forbidden, "signin.insecure")
	}
	return s.signIn(r.Context(), login, r.PostForm.Get("password"), originOf(r.RemoteAddr, r.UserAgent()))
}

func (s *Service) postSignOut(w http.ResponseWriter, r *http.Request) error {
	if token := cookieToken(r); token != "" {
		if err := s.signOut(r.Context(), token); err != nil {
			return err
		}
	}
	setCookie(w, "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Service) showMe(w http.ResponseWriter, r *http.Request) error {
	return s.renderMe(w, r, http.StatusOK, "")
}

func (s *Service) renderMe(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	ctx := r.Context()
	p, err := s.person(ctx, actor.Of(ctx).ID)
	if err != nil {
		return err
	}
	current, _, err := s.bearer(ctx, cookieToken(r))
	if err != nil {
		return err
	}
	v := meView{Person: p, Problem: problem, Shortest: minPassword}
	if done := r.URL.Query().Get("done"); done == "password" || done == "temporary" || done == "session" {
		v.Done = "me.done." + done
	}
	if v.Grants, err = s.named(ctx, p.Grants); err != nil {
		return err
	}
	if v.Posts, err = s.postsNamed(ctx, p.Posts); err != nil {
		return err
	}
	if v.Sessions, err = s.sessions(ctx, current.session); err != nil {
		return err
	}
	return mePage.RenderStatus(w, r, status, v)
}

func (s *Service) postMyPassword(w http.ResponseWriter, r *http.Request) error {
	fields(w, r)
	if !web.Private(r) {
		return s.refuse(forbidden, "signin.insecure")
	}
	chosen := r.PostForm.Get("chosen")
	err := s.refuse(invalid, "password.twice")
	if chosen == r.PostForm.Get("again") {
		err = s.changePassword(r.Context(), r.PostForm.Get("present"), chosen)
	}
	if err != nil {
		text, status, err := s.explained(r, err)
		if err != nil {
			return err
		}
		return s.renderMe(w, r, status, text)
	}
	in, err := s.renewed(r)
	if err != nil {
		return err
	}
	setCookie(w, in.token)
	http.Redirect(w, r, "/org/me?done=password", http.StatusSeeOther)
	return nil
}

// renewed opens the one session that is left after all have ended.
func (s *Service) renewed(r *http.Request) (signedIn, error) {
	p, err := s.person(r.Context(), actor.Of(r.Context()).ID)
	if err != nil {
		return signedIn{}, err
	}
	acc, err := s.account(r.Context(), p.Login)
	if err != nil {
		return signedIn{}, err
	}
	return s.openSession(r.Context(), acc, originOf(r.RemoteAddr, r.UserAgent()))
}

func (s *Service) postMySession(w http.ResponseWriter, r *http.Request) error {
	if err := s.revokeSession(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	http.Redirect(w, r, "/org/me?done=session", http.StatusSeeOther)
	return nil
}

// SignIn opens a session for a program, as the operation of the API does, and returns its
// token, for the header Authorization: Bearer.
//
// Errors: fault.Forbidden when name or password is wrong, or the channel is one where others
// could overhear them; fault.Busy after too many attempts.
func (s *Service) SignIn(r *http.Request, login, password string) (string, error) {
	if !web.Private(r) {
		return "", s.refuse(forbidden, "signin.insecure")
	}
	got, err := s.signIn(r.Context(), login, password, originOf(r.RemoteAddr, r.UserAgent()))
	return got.token, err
}
