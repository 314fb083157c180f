package identifiers

import (
	"context"
	"embed"
	"html/template"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	homePage   = web.MustPage[homeView](pages, "pages/home.html")
	prefixPage = web.MustPage[prefixView](pages, "pages/prefix.html")
	changePage = web.MustPage[changeView](pages, "pages/change.html")
	casePage   = web.MustPage[caseView](pages, "pages/case.html")

	censusPage     = web.MustPage[censusView](pages, "pages/census.html")
	identifierPage = web.MustPage[identifierView](pages, "pages/identifier.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /identifiers", actor.Read, s.showHome)
	rt.Page("GET /identifiers/prefixes/{prefix}", actor.Read, s.showPrefix)
	rt.Page("GET /identifiers/census", actor.Read, s.showCensus)
	rt.Page("GET /identifiers/change", actor.Submit, s.showChange)
	rt.Page("POST /identifiers/change", actor.Submit, s.takeChange)
	rt.Page("GET /identifiers/cases/{case}", actor.Visit, s.showCase)
	rt.Page("POST /identifiers/cases/{case}", actor.Visit, s.sendCase)
	rt.Page("GET /identifiers/of/{name...}", actor.Read, s.showIdentifier)
	rt.Page("GET /id/{name...}", actor.Read, s.follow)
	rt.Page("GET /1.0/identifiers/{did...}", actor.Read, s.resolveDID)
	rt.Page("POST /{$}", actor.Read, s.tunnel) // a site tells its clients a port and no path
	rt.Page("POST /id/", actor.Read, s.tunnel)
	rt.Page("GET /gs1/{path...}", actor.Read, s.resolveGS1)
	rt.Page("GET /.well-known/gs1resolver", actor.Read, s.describeGS1)
	s.portalRoutes(rt)
}

// homeView is the node at a glance.
type homeView struct {
	Own    string // prefix of the node
	Counts []count
	Total  int64
	Demo   int64
	Rows   []row
	Taken  []takenRow // nodes below that this one answers for now
	Kept   int        // nodes below that it could answer for
	Query  Filter
	States []string
	More   template.URL // the next page of the list; "" for none
	May    bool
}

// count is how many prefixes are in a state.
type count struct {
	State string
	N     int64
}

// row is a prefix as a line of a list.
type row struct {
	Held
	Name, Href string
	Since      string
	CaseHref   string
}

// takenRow is a node below that is answered for.
type takenRow struct {
	Prefix, Since, Reason, Watermark string
}

func states() []string { return []string{Hosted, Delegated, Suspended, Reclaimed} }

const pageSize = 100

func (s *Service) showHome(w http.ResponseWriter, r *http.Request) error {
	ctx, sh, q := r.Context(), web.ShellOf(r.Context()), r.URL.Query()
	v := homeView{
		Own: s.site.Prefix, States: states(), May: s.staff(ctx),
		Query: Filter{Under: q.Get("under"), State: q.Get("state"), Text: q.Get("q"), After: q.Get("after"), Limit: pageSize + 1},
	}
	for _, b := range s.standby.list() {
		v.Kept++
		if b.Taken {
			t := s.standby.takes()[b.Prefix]
			v.Taken = append(v.Taken, takenRow{b.Prefix, s.minute(t.Since), t.Reason, s.minute(t.Watermark)})
		}
	}
	counts, demo, err := s.countStates(ctx)
	if err != nil {
		return err
	}
	v.Demo = demo
	for _, state := range v.States {
		v.Counts = append(v.Counts, count{state, counts[state]})
		v.Total += counts[state]
	}
	all, err := s.List(ctx, v.Query)
	if err != nil {
		return err
	}
	if len(all) > pageSize {
		all = all[:pageSize]
		q.Set("after", all[pageSize-1].Prefix.Prefix)
		v.More = template.URL("/identifiers?" + q.Encode()) //nolint:gosec // encoded in this line
	}
	for _, h := range all {
		v.Rows = append(v.Rows, s.row(sh, h))
	}
	return homePage.Render(w, r, v)
}

func (s *Service) countStates(ctx context.Context) (counts map[string]int64, demo int64, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		counts, demo, err = countStates(ctx, tx)
		return err
	})
	return counts, demo, err
}

func (s *Service) row(sh *web.Shell, h Held) row {
	out := row{Held: h, Name: sh.In(h.Holder.Text), Href: sh.Link("/identifiers/prefixes/" + h.Prefix.Prefix), Since: s.day(h.Since)}
	if h.UnderWay != "" {
		out.CaseHref = "/identifiers/cases/" + h.UnderWay
	}
	return out
}

// prefixView is a prefix with its holder, its servers and its past.
type prefixView struct {
	row
	Kind     string
	Verified string
	Versions []versionRow
	Below    []row
	Changes  []string // that are possible now
	Staff    bool
}

type versionRow struct {
	Version
	Since string
	Case  string
}

func (s *Service) showPrefix(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	p, err := s.Show(ctx, r.PathValue("prefix"))
	if err != nil {
		return err
	}
	v := prefixView{row: s.row(sh, p.Held), Kind: p.Holder.Kind, Verified: s.day(p.Holder.Verified), Staff: s.staff(ctx)}
	for _, one := range p.Versions {
		line := versionRow{Version: one, Since: s.day(one.Since)}
		if one.Case != "" && v.Staff {
			line.Case = "/identifiers/cases/" + one.Case
		}
		v.Versions = append(v.Versions, line)
	}
	below, err := s.List(ctx, Filter{Under: p.Prefix.Prefix, Limit: pageSize})
	if err != nil {
		return err
	}
	for _, h := range below {
		v.Below = append(v.Below, s.row(sh, h))
	}
	if v.Staff && p.UnderWay == "" {
		v.Changes = possible(p.Prefix)
	}
	return prefixPage.Render(w, r, v)
}
