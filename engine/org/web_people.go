package org

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

var (
	peoplePage = web.MustPage[peopleView](files, "pages/people.html")
	personPage = web.MustPage[personView](files, "pages/person.html")
	auditPage  = web.MustPage[auditView](files, "pages/audit.html")
)

type peopleView struct {
	Query   string
	People  []personLine
	New     NewPerson // as typed, when it was refused
	Problem string
}

type personLine struct {
	Person
	Roles []namedGrant
	Held  []Post
}

// namedGrant is a grant with its unit's name.
type namedGrant struct {
	PersonGrant
	Over pack.Text
}

type personView struct {
	Person   Person
	Grants   []namedGrant
	Post     string // held now
	Posts    []Post // to choose from
	Roles    []actor.Role
	Role     string // chosen, when it was refused
	Unit     string
	Password string // just made: shown once
	Problem  string
	Done     bool
}

type auditView struct {
	Filter  Filter
	Entries []Entry
	Next    string // address of what is older; empty at the end
}

func (s *Service) showPeople(w http.ResponseWriter, r *http.Request) error {
	return s.renderPeople(w, r, http.StatusOK, peopleView{Query: r.URL.Query().Get("q")})
}

func (s *Service) renderPeople(w http.ResponseWriter, r *http.Request, status int, v peopleView) error {
	people, err := s.people(r.Context(), v.Query)
	if err != nil {
		return err
	}
	posts, err := s.Posts(r.Context(), "")
	if err != nil {
		return err
	}
	for _, p := range people {
		line := personLine{Person: p, Held: pick(posts, p.Posts)}
		if line.Roles, err = s.named(r.Context(), p.Grants); err != nil {
			return err
		}
		v.People = append(v.People, line)
	}
	return peoplePage.RenderStatus(w, r, status, v)
}

// pick returns the posts with these ids.
func pick(posts []Post, ids []string) []Post {
	var out []Post
	for _, p := range posts {
		if slices.Contains(ids, p.ID) {
			out = append(out, p)
		}
	}
	return out
}

func (s *Service) postsNamed(ctx context.Context, ids []string) ([]Post, error) {
	posts, err := s.Posts(ctx, "")
	return pick(posts, ids), err
}

func (s *Service) named(ctx context.Context, grants []PersonGrant) ([]namedGrant, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]namedGrant, len(grants))
	for i, g := range grants {
		out[i] = namedGrant{g, t.latest[g.Unit].Text}
	}
	return out, nil
}

func (s *Service) postPerson(w http.ResponseWriter, r *http.Request) error {
	field := fields(w, r)
	p := NewPerson{Login: field("login"), ZH: field("zh"), EN: field("en"), Person: field("person")}
	id, password, err := s.addPerson(r.Context(), p)
	if err != nil {
		text, status, err := s.explained(r, err)
		if err != nil {
			return err
		}
		return s.renderPeople(w, r, status, peopleView{New: p, Problem: text})
	}
	return s.renderPerson(w, r, http.StatusOK, id, personView{Password: password})
}

func (s *Service) showPerson(w http.ResponseWriter, r *http.Request) error {
	return s.renderPerson(w, r, http.StatusOK, r.PathValue("id"), personView{Done: r.URL.Query().Get("done") != ""})
}

func (s *Service) renderPerson(w http.ResponseWriter, r *http.Request, status int, id string, v personView) error {
	ctx := r.Context()
	var err error
	if v.Person, err = s.person(ctx, id); err != nil {
		return err
	}
	if v.Grants, err = s.named(ctx, v.Person.Grants); err != nil {
		return err
	}
	if v.Posts, err = s.Posts(ctx, ""); err != nil {
		return err
	}
	if len(v.Person.Posts) > 0 {
		v.Post = v.Person.Posts[0]
	}
	v.Roles = actor.Roles()[1:]
	if v.Password != "" {
		w.Header().Set("Cache-Control", "no-store") // nobody finds it with the back button
	}
	return personPage.RenderStatus(w, r, status, v)
}

// change makes a handler of a change to the person in the path: back to the
// person's page when it is done, or the page again with what was wrong.
func (s *Service) change(do func(r *http.Request, field func(string) string) (personView, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("id")
		v, err := do(r, fields(w, r))
		if err != nil {
			text, status, err := s.explained(r, err)
			if err != nil {
				return err
			}
			v.Problem = text
			return s.renderPerson(w, r, status, id, v)
		}
		if v.Password != "" {
			return s.renderPerson(w, r, http.StatusOK, id, v)
		}
		http.Redirect(w, r, "/org/people/"+url.PathEscape(id)+"?done=1", http.StatusSeeOther)
		return nil
	}
}

func (s *Service) formPost(r *http.Request, field func(string) string) (personView, error) {
	return personView{}, s.setPost(r.Context(), r.PathValue("id"), field("post"))
}

func (s *Service) formGrant(r *http.Request, field func(string) string) (personView, error) {
	v := personView{Role: field("role"), Unit: field("unit")}
	return v, s.grant(r.Context(), r.PathValue("id"), actor.Grant{Role: actor.Role(v.Role), Unit: v.Unit})
}

func (s *Service) formRevoke(r *http.Request, _ func(string) string) (personView, error) {
	return personView{}, s.revoke(r.Context(), r.PathValue("id"), r.PathValue("grant"))
}

func (s *Service) formPassword(r *http.Request, _ func(string) string) (v personView, err error) {
	v.Password, err = s.resetPassword(r.Context(), r.PathValue("id"))
	return v, err
}

func (s *Service) formLock(r *http.Request, _ func(string) string) (personView, error) {
	return personView{}, s.lock(r.Context(), r.PathValue("id"))
}

func (s *Service) formUnlock(r *http.Request, _ func(string) string) (personView, error) {
	return personView{}, s.unlock(r.Context(), r.PathValue("id"))
}

func (s *Service) showAudit(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := auditView{Filter: Filter{Actor: q.Get("actor"), Action: q.Get("action"), Subject: q.Get("subject"), Before: q.Get("cursor")}}
	list, more, err := s.entries(r.Context(), v.Filter, 100)
	if err != nil {
		return err
	}
	if v.Entries = list; more {
		v.Next = web.ShellOf(r.Context()).With("cursor", list[len(list)-1].ID)
	}
	return auditPage.Render(w, r, v)
}

// When prints an entry's instant in the city's zone, for the page.
func (e Entry) When(zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return e.At.In(zone).Format("2006-01-02 15:04:05")
}
