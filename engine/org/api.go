package org

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/org/units", ID: "listUnits", Summary: "Units in force on a date, by code"}, s.apiUnits)
	web.Serve(rt, web.Operation{Path: "/org/units/{id}", ID: "getUnit", Summary: "A unit and what stands around it"}, s.apiUnit)
	web.Serve(rt, web.Operation{Path: "/org/routes", ID: "listRoutes", Summary: "Every route and the roles that may use it"},
		func(context.Context, *struct{}) ([]routeLine, error) { return inventory(rt), nil })
	web.Serve(rt, web.Operation{Path: "/org/me", ID: "getMe", Summary: "Who I am, what I may do, where I am signed in", Need: actor.Visit}, s.apiMe)
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/org/me/password", ID: "changePassword", Summary: "Choose a password; every session ends", Need: actor.Visit}, s.apiPassword)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/org/sessions", ID: "signIn", Summary: "Open a session and get its token", Status: http.StatusCreated}, s.apiSignIn)
	web.Serve(rt, web.Operation{Method: http.MethodDelete, Path: "/org/sessions/current", ID: "signOut", Summary: "End this session", Need: actor.Visit}, s.apiSignOut)
	web.Serve(rt, web.Operation{Path: "/org/audit", ID: "listAudit", Summary: "The record of changes, the newest first", Need: actor.Administer}, s.apiAudit)
	s.peopleOperations(rt)
}

func (s *Service) peopleOperations(rt *web.Router) {
	need := actor.Administer
	web.Serve(rt, web.Operation{Path: "/org/people", ID: "listPeople", Summary: "People, by name", Need: need}, s.apiPeople)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/org/people", ID: "addPerson", Summary: "Let somebody sign in; answers with a temporary password", Need: need, Status: http.StatusCreated}, s.apiAddPerson)
	web.Serve(rt, web.Operation{Path: "/org/people/{id}", ID: "getPerson", Summary: "A person", Need: need}, s.apiPerson)
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/org/people/{id}/post", ID: "setPost", Summary: "Let a person hold a post, or none", Need: need}, s.apiSetPost)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/org/people/{id}/grants", ID: "addGrant", Summary: "Give a role over a unit and all below it", Need: need}, s.apiGrant)
	web.Serve(rt, web.Operation{Method: http.MethodDelete, Path: "/org/people/{id}/grants/{grant}", ID: "endGrant", Summary: "Take a role away", Need: need}, s.apiRevoke)
	web.Serve(rt, web.Operation{Method: http.MethodPost, Path: "/org/people/{id}/password", ID: "resetPassword", Summary: "Make a new temporary password; all sessions end", Need: need}, s.apiReset)
	web.Serve(rt, web.Operation{Method: http.MethodPut, Path: "/org/people/{id}/lock", ID: "lockPerson", Summary: "Keep a person from signing in; all sessions end", Need: need}, s.apiLock)
	web.Serve(rt, web.Operation{Method: http.MethodDelete, Path: "/org/people/{id}/lock", ID: "unlockPerson", Summary: "Let a person sign in again", Need: need}, s.apiUnlock)
}

type unitsInput struct {
	Kind   string `query:"kind" doc:"nation, city, group, district, county, town, body, body_outside"`
	Parent string `query:"parent" doc:"id of the unit right above"`
	Region string `query:"region" doc:"id of the group"`
	Q      string `query:"q" doc:"part of a code or name"`
	At     string `query:"at" doc:"date on which they are in force (2023-07-11); today when empty"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 to 1000; 100 when absent"`
}

func (s *Service) apiUnits(ctx context.Context, in *unitsInput) (web.List[Unit], error) {
	date := s.day(s.now())
	if in.At != "" {
		if _, err := time.Parse(time.DateOnly, in.At); err != nil {
			return web.List[Unit]{}, s.refuse(invalid, "unit.date", in.At)
		}
		date = in.At
	}
	t, err := s.tree(ctx)
	if err != nil {
		return web.List[Unit]{}, err
	}
	var out []Unit
	text := strings.ToLower(strings.TrimSpace(in.Q))
	for _, u := range t.on(date) {
		if fitsOne(in.Kind, u.Kind) && fitsOne(in.Parent, u.Parent) && fitsOne(in.Region, u.Region) && (text == "" || fits(u, text) > 0) {
			out = append(out, u)
		}
	}
	return web.Paginate(out, in.Cursor, in.Limit, func(u Unit) string { return u.ID }), nil
}

// fitsOne reports whether a filter lets a value through.
func fitsOne(filter, value string) bool { return filter == "" || filter == value }

type idInput struct {
	ID string `path:"id"`
}

func (s *Service) apiUnit(ctx context.Context, in *idInput) (UnitDetail, error) {
	d, err := s.detail(ctx, in.ID)
	// Lists, not null, where there is none.
	d.Above, d.Children, d.Posts = append([]Unit{}, d.Above...), append([]Unit{}, d.Children...), append([]Post{}, d.Posts...)
	return d, err
}

// Me is who asks.
type Me struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Grants   []actor.Grant `json:"grants"`
	Sessions []Session     `json:"sessions"`
}

// bearerInput is how an operation learns which session called it.
type bearerInput struct {
	Authorization string `header:"Authorization" hidden:"true"`
	Cookie        string `cookie:"__Host-yuzhou" hidden:"true"`
}

func (b bearerInput) token() string {
	if t, ok := strings.CutPrefix(b.Authorization, "Bearer "); ok {
		return t
	}
	return b.Cookie
}

func (s *Service) apiMe(ctx context.Context, in *bearerInput) (Me, error) {
	a := actor.Of(ctx)
	current, _, err := s.bearer(ctx, in.token())
	if err != nil {
		return Me{}, err
	}
	list, err := s.sessions(ctx, current.session)
	return Me{ID: a.ID, Name: a.Name, Grants: append([]actor.Grant{}, a.Grants...), Sessions: append([]Session{}, list...)}, err
}

type passwordInput struct {
	Body struct {
		Present string `json:"present"`
		Chosen  string `json:"chosen"`
	}
}

// nothing is the answer where there is nothing to say.
type nothing struct{}

func (s *Service) apiPassword(ctx context.Context, in *passwordInput) (nothing, error) {
	return nothing{}, s.changePassword(ctx, in.Body.Present, in.Body.Chosen)
}

type signInInput struct {
	from origin
	Body struct {
		User     string `json:"user" maxLength:"64"`
		Password string `json:"password" maxLength:"256"`
	}
}

// Resolve implements huma.Resolver: it notes where the request comes from.
func (in *signInInput) Resolve(ctx huma.Context) []error {
	in.from = originOf(ctx.RemoteAddr(), ctx.Header("User-Agent"))
	return nil
}

// Token is an open session.
type Token struct {
	Token     string `json:"token" doc:"for the header Authorization: Bearer"`
	Until     string `json:"until" doc:"it ends then at the latest, and after 30 minutes without use; RFC 3339"`
	Temporary bool   `json:"temporary" doc:"the password was chosen by somebody else and should be changed"`
}

func (s *Service) apiSignIn(ctx context.Context, in *signInInput) (Token, error) {
	got, err := s.signIn(ctx, in.Body.User, in.Body.Password, in.from)
	return Token{Token: got.token, Until: got.until.UTC().Format(time.RFC3339), Temporary: got.temporary}, err
}

func (s *Service) apiSignOut(ctx context.Context, in *bearerInput) (nothing, error) {
	return nothing{}, s.signOut(ctx, in.token())
}

type auditInput struct {
	Actor   string `query:"actor" doc:"person's id, or system"`
	Action  string `query:"action" doc:"an action or its beginning: org.grant"`
	Subject string `query:"subject"`
	Cursor  string `query:"cursor"`
	Limit   int    `query:"limit" doc:"1 to 1000; 100 when absent"`
}

func (s *Service) apiAudit(ctx context.Context, in *auditInput) (web.List[Entry], error) {
	list, more, err := s.entries(ctx, Filter{in.Actor, in.Action, in.Subject, in.Cursor}, in.Limit)
	out := web.List[Entry]{Items: append([]Entry{}, list...)}
	if more {
		out.Next = list[len(list)-1].ID
	}
	return out, err
}

type peopleInput struct {
	Q      string `query:"q" doc:"part of a name, user name or id"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 to 1000; 100 when absent"`
}

func (s *Service) apiPeople(ctx context.Context, in *peopleInput) (web.List[Person], error) {
	all, err := s.people(ctx, in.Q)
	return web.Paginate(all, in.Cursor, in.Limit, func(p Person) string { return p.ZH + " " + p.ID }), err
}

func (s *Service) apiPerson(ctx context.Context, in *idInput) (Person, error) {
	return s.person(ctx, in.ID)
}

// NewPassword is a password that was just made. It is nowhere else.
type NewPassword struct {
	Person   string `json:"person"`
	Password string `json:"password" doc:"shown once; to be changed at the first sign-in"`
}

func (s *Service) apiAddPerson(ctx context.Context, in *struct{ Body NewPerson }) (NewPassword, error) {
	id, password, err := s.addPerson(ctx, in.Body)
	return NewPassword{id, password}, err
}

type postInput struct {
	ID   string `path:"id"`
	Body struct {
		Post string `json:"post" doc:"id of a post; empty for none"`
	}
}

func (s *Service) apiSetPost(ctx context.Context, in *postInput) (Person, error) {
	return s.after(ctx, in.ID, s.setPost(ctx, in.ID, in.Body.Post))
}

// after returns the person as it is after a change.
func (s *Service) after(ctx context.Context, id string, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	return s.person(ctx, id)
}

type grantInput struct {
	ID   string `path:"id"`
	Body actor.Grant
}

func (s *Service) apiGrant(ctx context.Context, in *grantInput) (Person, error) {
	return s.after(ctx, in.ID, s.grant(ctx, in.ID, in.Body))
}

type revokeInput struct {
	ID    string `path:"id"`
	Grant string `path:"grant"`
}

func (s *Service) apiRevoke(ctx context.Context, in *revokeInput) (Person, error) {
	return s.after(ctx, in.ID, s.revoke(ctx, in.ID, in.Grant))
}

func (s *Service) apiReset(ctx context.Context, in *idInput) (NewPassword, error) {
	password, err := s.resetPassword(ctx, in.ID)
	return NewPassword{in.ID, password}, err
}

func (s *Service) apiLock(ctx context.Context, in *idInput) (Person, error) {
	return s.after(ctx, in.ID, s.lock(ctx, in.ID))
}

func (s *Service) apiUnlock(ctx context.Context, in *idInput) (Person, error) {
	return s.after(ctx, in.ID, s.unlock(ctx, in.ID))
}
