package identifiers

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

var portalPage = web.MustPage[portalView](pages, "pages/portal.html")

func (s *Service) portalRoutes(rt *web.Router) {
	rt.Page("GET /identifiers/portal", actor.Visit, s.showPortal)
	rt.Page("GET /identifiers/portal/register", actor.Visit, s.showRegister)
	rt.Page("POST /identifiers/portal/register", actor.Visit, s.takeRegister)
	rt.Page("GET /identifiers/portal/files", actor.Visit, s.showFile)
	rt.Page("POST /identifiers/portal/files", actor.Visit, s.takeFile)
	rt.Page("GET /identifiers/portal/sample.csv", actor.Visit, s.sendSample)
	rt.Page("GET /identifiers/portal/template", actor.Visit, s.showTemplate)
	rt.Page("POST /identifiers/portal/template", actor.Visit, s.takeTemplate)
	rt.Page("GET /identifiers/portal/grants", actor.Visit, s.showGrants)
	rt.Page("POST /identifiers/portal/grants", actor.Visit, s.takeGrant)
	rt.Page("GET /identifiers/portal/statistics", actor.Visit, s.showStatistics)
	rt.Page("GET /identifiers/portal/members", actor.Visit, s.showMembers)
	rt.Page("POST /identifiers/portal/members", actor.Visit, s.takeMember)
	rt.Page("GET /identifiers/jobs/{job}", actor.Visit, s.showJob)
	rt.Page("POST /identifiers/jobs/{job}", actor.Visit, s.commandJob)
	rt.Page("GET /identifiers/node", actor.Submit, s.showNode)
}

// desk is what a member of a registrant works with: who it is and what it holds.
type desk struct {
	Holder   Registrant
	Others   []Registrant // that the reader may choose instead
	Prefixes []Held
	Member   bool // the reader belongs to it; otherwise they run the node and look on
}

// ID adds which registrant is meant to a path of the portal.
func (d desk) ID(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("holder", d.Holder.ID)
	u.RawQuery = q.Encode()
	return u.String()
}

// Hosted lists the prefixes below which the registrant registers here.
func (d desk) Hosted() []Held {
	return slices.DeleteFunc(slices.Clone(d.Prefixes), func(h Held) bool { return h.State != Hosted })
}

// desk returns the desk of the registrant that the request names, or of the first that
// the reader belongs to. Who runs the node may look at everybody's.
//
// Errors: fault.NotFound when the reader has none.
func (s *Service) desk(ctx context.Context, chosen string) (d desk, err error) {
	staff := s.staff(ctx)
	err = s.db.Read(ctx, func(tx store.Tx) error {
		mine, err := membership(ctx, tx, actor.Of(ctx).ID)
		if err != nil {
			return err
		}
		if d.Others, err = selectable(ctx, tx, mine, staff); err != nil {
			return err
		}
		if chosen == "" && len(d.Others) > 0 {
			chosen = d.Others[0].ID
		}
		d.Member = slices.Contains(mine, chosen)
		if chosen == "" || !d.Member && !staff {
			return fault.Say(fault.NotFound, "您还不是哪个注册者的成员；请节点的管理者或已有的成员把您加进去。", "you are no member of a registrant yet; who runs the node, or a member, adds you")
		}
		if d.Holder, err = registrant(ctx, tx, chosen); err != nil {
			return err
		}
		d.Prefixes, err = prefixes(ctx, tx, Filter{Registrant: chosen, Limit: 500})
		return err
	})
	d.Others = slices.DeleteFunc(d.Others, func(r Registrant) bool { return r.ID == d.Holder.ID })
	return d, err
}

// selectable lists the registrants that a reader belongs to; for who runs the node and
// belongs to none, all.
func selectable(ctx context.Context, tx store.Tx, mine []string, staff bool) ([]Registrant, error) { //nolint:revive // it is a property of the reader
	if staff && len(mine) == 0 {
		return registrants(ctx, tx, 500)
	}
	var out []Registrant
	for _, id := range mine {
		r, err := registrant(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// mended reports whether a form can be filled in so that the error does not come again:
// then it is shown once more with what is wrong.
func mended(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Invalid || kind == fault.NotFound || kind == fault.Conflict
}

// deskOf is desk for a request.
func (s *Service) deskOf(r *http.Request) (desk, error) {
	return s.desk(r.Context(), r.FormValue("holder"))
}

// portalView is a registrant at a glance.
type portalView struct {
	desk
	None      bool // the reader belongs to no registrant
	Name      string
	Rows      []usedRow
	All       string // registered below all its prefixes
	Latest    []latestRow
	Jobs      []jobRow
	Running   int // jobs
	Attention []attention
	Templates []templateRow
}

// usedRow is a prefix with how far it is used.
type usedRow struct {
	row
	usage
	Used string // with thousands parted
	Of   string // the quota, or "" without one
}

// latestRow is an identifier that was registered or changed lately.
type latestRow struct {
	Name    handle.Name
	Href    string
	At      string
	Deleted bool
}

func (s *Service) showPortal(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	d, err := s.deskOf(r)
	if fault.KindOf(err) == fault.NotFound {
		return portalPage.Render(w, r, portalView{None: true})
	}
	if err != nil {
		return err
	}
	v := portalView{desk: d, Name: sh.In(d.Holder.Text)}
	if err := s.fillPrefixes(ctx, sh, &v); err != nil {
		return err
	}
	var jobs []Job
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if jobs, err = jobsOf(ctx, tx, "", d.Holder.ID, 8); err != nil {
			return err
		}
		v.Templates, err = s.templateRows(ctx, tx, sh, d.Holder.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Open() {
			v.Running++
		}
		v.Jobs = append(v.Jobs, s.jobRow(j))
		if j.State == jobFailed && s.now().Sub(j.Ended) < recent {
			v.Attention = append(v.Attention, attention{"job", j.Name, "/identifiers/jobs/" + j.ID})
		}
	}
	return portalPage.Render(w, r, v)
}

// fillPrefixes reads how far the prefixes are used and what was registered last.
func (s *Service) fillPrefixes(ctx context.Context, sh *web.Shell, v *portalView) error {
	below := map[string]bool{}
	var total int64
	for _, h := range v.Prefixes {
		u, err := s.usedRow(ctx, sh, h)
		if err != nil {
			return err
		}
		total += u.Registered
		if u.Nearly() {
			v.Attention = append(v.Attention, attention{"quota", h.Prefix.Prefix, u.Href})
		}
		v.Rows = append(v.Rows, u)
		below[handle.Fold(h.Prefix.Prefix)] = true
	}
	newest, err := s.latest(ctx, below, 6)
	v.All, v.Latest = count64(total), s.latestRows(newest)
	return err
}

func (s *Service) usedRow(ctx context.Context, sh *web.Shell, h Held) (usedRow, error) {
	u, err := s.usage(ctx, h.Prefix)
	out := usedRow{row: s.row(sh, h), usage: u, Used: count64(u.Registered)}
	if u.Quota > 0 {
		out.Of = count64(u.Quota)
	}
	return out, err
}

// count64 prints a count with its thousands parted.
func count64(n int64) string { return web.Number(float64(n), 0) }

func (s *Service) latestRows(all []records.Version) []latestRow {
	out := make([]latestRow, 0, len(all))
	for _, v := range all {
		out = append(out, latestRow{v.Record.Name, "/identifiers/of/" + escapeName(v.Record.Name), s.minute(v.At), v.Deleted})
	}
	return out
}
