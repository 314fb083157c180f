package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web/assets"
)

// Site is what every page knows of the installation.
type Site struct {
	Name    pack.Text      // the city
	Unit    string         // its code
	Prefix  string         // of its names
	Zone    *time.Location // in which a date begins
	Version string
	Now     func() time.Time
	Demo    bool // demonstration data are loaded: said on every page
}

// StartOf returns the first instant of a calendar date in the city's zone.
func (s Site) StartOf(date time.Time) time.Time {
	y, m, d := date.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, s.Zone).UTC()
}

// EndOf returns the last microsecond of a calendar date in the city's zone: "as
// of a date" includes all that became known on it.
func (s Site) EndOf(date time.Time) time.Time {
	return s.StartOf(date.AddDate(0, 0, 1)).Add(-time.Microsecond)
}

// Today returns the calendar date in the city, as midnight UTC.
func (s Site) Today() time.Time {
	y, m, d := s.Now().In(s.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// ParseAsOf reads an as-of date (2023-07-11) or instant (RFC 3339); empty means
// now. It returns the calendar date asked about, as midnight UTC, and the last
// instant whose knowledge counts.
func (s Site) ParseAsOf(text string) (date, known time.Time, err error) {
	if text == "" {
		return s.Today(), s.Now(), nil
	}
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return d, s.EndOf(d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return date, known, fault.New(fault.Invalid, "as_of %q is not a date such as 2023-07-11", text)
	}
	y, m, d := at.In(s.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), at.UTC(), nil
}

// Shell is what stands around every page.
type Shell struct {
	Site
	Lang  string
	Path  string
	Query url.Values
	Actor actor.Actor
	AsOf  string    // as given, "" for now
	Date  time.Time // the date the page is about
	Known time.Time // what became known later is not shown

	waiting func() int                             // counts what waits for Actor; nil: nothing can
	attest  func(observation.Observation) Evidence // nil: nothing is proved
	cited   []Cited
}

// maxWaiting is the largest count beside the link to the inbox: past it nobody
// needs to know by how much.
const maxWaiting = 99

// Waiting prints how much waits for the reader; empty when nothing does.
func (s *Shell) Waiting() string {
	if s.waiting == nil {
		return ""
	}
	switch n := s.waiting(); {
	case n > maxWaiting:
		return strconv.Itoa(maxWaiting) + "+"
	case n > 0:
		return strconv.Itoa(n)
	}
	return ""
}

type shellKey struct{}

func newShell(site Site, who actor.Actor, r *http.Request) (*Shell, error) {
	q := r.URL.Query()
	sh := &Shell{Site: site, Lang: language(r), Path: r.URL.Path, Query: q, Actor: who, AsOf: q.Get("as_of")}
	var err error
	if sh.Date, sh.Known, err = site.ParseAsOf(sh.AsOf); err != nil {
		sh.AsOf = ""
		sh.Date, sh.Known = site.Today(), site.Now()
	}
	return sh, err
}

// ShellOf returns the shell of the request that ctx belongs to.
func ShellOf(ctx context.Context) *Shell {
	if sh, ok := ctx.Value(shellKey{}).(*Shell); ok {
		return sh
	}
	return &Shell{Lang: ZH}
}

// Link returns path with the as-of date of this page, so that a reader who has
// turned back time stays there.
func (s *Shell) Link(path string) string {
	if s.AsOf == "" {
		return path
	}
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("as_of", s.AsOf)
	u.RawQuery = q.Encode()
	return u.String()
}

// With returns this page's address with one parameter changed.
func (s *Shell) With(key, value string) string {
	q := url.Values{}
	maps.Copy(q, s.Query)
	q.Set(key, value)
	return s.Path + "?" + q.Encode()
}

// Other returns the language that this page is not in.
func (s *Shell) Other() string {
	if s.Lang == EN {
		return ZH
	}
	return EN
}

// English reports whether the page is in English.
func (s *Shell) English() bool { return s.Lang == EN }

// In returns the wording in the page's language, punctuated as it is there.
func (s *Shell) In(t pack.Text) string {
	if s.Lang == ZH {
		return FullWidth(t.ZH)
	}
	return t.In(s.Lang)
}

// City returns the city's name in the page's language.
func (s *Shell) City() string { return s.Name.In(s.Lang) }

// Asset returns the address of an embedded asset.
func (s *Shell) Asset(name string) string { return assets.URL(name) }

// DateText prints the date that the page is about.
func (s *Shell) DateText() string { return s.Date.Format(time.DateOnly) }

// Day prints a date as the page's language does.
func (s *Shell) Day(t time.Time) string {
	if s.Lang == EN {
		return t.Format("2 January 2006")
	}
	return t.Format("2006年1月2日")
}
