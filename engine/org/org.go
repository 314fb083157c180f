// Package org knows who there is and what they may do: the tree of units, posts,
// people, their grants and sessions, and the record of every change.
//
// What must hold: Decide is the only place where a permission is given; a grant
// reaches its unit and what is below it, never above; a password and a session
// token are never stored nor logged as they are; a unit's past is never
// overwritten by its present; every change leaves an audit entry in the same
// transaction.
package org

import (
	"context"
	"embed"
	"log/slog"
	"sync"
	"time"

	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations pages locale
var files embed.FS

// The kinds of units.
const (
	Nation      = "nation"
	City        = "city"
	Group       = "group" // of districts that are compared; has no authority
	District    = "district"
	County      = "county" // autonomous counties too
	Town        = "town"   // streets and townships too
	Body        = "body"   // a body of the city
	BodyOutside = "body_outside"
)

// Kinds lists the kinds from the largest territory to the bodies.
func Kinds() []string {
	return []string{Nation, City, Group, District, County, Town, Body, BodyOutside}
}

// Unit is a territory or a body during a stretch of time in which nothing about
// it changed.
type Unit struct {
	pack.Text
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Parent string `json:"parent,omitempty"` // the unit above; empty at the top
	Region string `json:"region,omitempty"` // the group it is compared within
	From   string `json:"from,omitempty"`   // first day; empty when the sources do not say
	To     string `json:"to,omitempty"`     // first day after; empty while it is in force
	Source string `json:"source,omitempty"`
	Lines  []int  `json:"lines,omitempty"` // of the source's text
}

// At reports whether the unit is in force on a calendar date (2023-07-11).
func (u Unit) At(date string) bool {
	return u.From <= date && (u.To == "" || date < u.To)
}

// Post is an office of a unit. It outlasts its holders.
type Post struct {
	pack.Text
	ID      string   `json:"id"`
	Unit    string   `json:"unit"`
	Source  string   `json:"source,omitempty"`
	Lines   []int    `json:"lines,omitempty"`
	Holders []Holder `json:"holders,omitempty"` // today's
}

// Holder is who holds a post.
type Holder struct {
	pack.Text
	Person string `json:"person"`
	From   string `json:"from,omitempty"` // first day; empty when the sources do not say
	Note   string `json:"note,omitempty"`
}

// Service is the engine: one for the whole program.
type Service struct {
	db   *store.DB
	log  *slog.Logger
	now  func() time.Time
	site web.Site

	known  known    // who was looked up a moment ago
	gate   gate     // before the hashing of passwords
	door   *doorman // counts failures by address
	mu     sync.Mutex
	cached *tree // guarded by mu
}

// New returns the engine on host h.
func New(h module.Host) *Service {
	return &Service{
		db: h.DB, log: h.Log, now: h.Now, site: h.Site,
		gate: newGate(), door: newDoorman(),
	}
}

// Module describes the engine to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "org", Migrations: files, Pack: s.loadPack, Routes: s.routes, Verbs: verbs(), Describe: s.describe,
		Jobs: []module.Job{{Name: "org.purge", Every: 10 * time.Minute, Run: s.purge}},
	}
}

// Unit returns a unit as it is today, or as it last was (To says until when);
// fault.NotFound when there never was one.
func (s *Service) Unit(ctx context.Context, id string) (Unit, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return Unit{}, err
	}
	u, ok := t.latest[id]
	if !ok {
		return u, s.refuse(notFound, "unit.unknown", id)
	}
	return u, nil
}

// Children returns the units in force today right below id, by code; kind
// narrows them, empty means all. An unknown id has none.
func (s *Service) Children(ctx context.Context, id, kind string) ([]Unit, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	return t.below(id, func(u Unit) bool { return kind == "" || u.Kind == kind }), nil
}

// Districts returns the districts and counties of the city in force today, by code.
func (s *Service) Districts(ctx context.Context) ([]Unit, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	return t.below(s.site.Unit, func(u Unit) bool { return u.Kind == District || u.Kind == County }), nil
}

// Within reports whether unit is top or lies below it. Unknown units lie nowhere.
func (s *Service) Within(ctx context.Context, unit, top string) (bool, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return false, err
	}
	return t.within(unit, top), nil
}

// Units returns the units in force on the calendar date that at falls on in the
// city, by code.
func (s *Service) Units(ctx context.Context, at time.Time) ([]Unit, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	return t.on(s.day(at)), nil
}

// Find returns the units in force today whose code or name, in either language,
// has text in it: the likeliest first, at most 50. Empty text finds none.
func (s *Service) Find(ctx context.Context, text string) ([]Unit, error) {
	t, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	return t.find(text, 50), nil
}

// Posts returns the posts of a unit with those who hold them today, by id.
func (s *Service) Posts(ctx context.Context, unit string) ([]Post, error) {
	var out []Post
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = postsOf(ctx, tx, unit, s.day(s.now()))
		return err
	})
	return out, err
}

// day returns the calendar date of an instant in the city. A date without a time
// (midnight UTC, as Site.Today gives it) is that date in any zone east of it.
func (s *Service) day(at time.Time) string {
	if s.site.Zone != nil {
		at = at.In(s.site.Zone)
	}
	return at.Format(time.DateOnly)
}
