package identifiers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

var (
	grantsPage  = web.MustPage[grantsView](pages, "pages/portal_grants.html")
	membersPage = web.MustPage[membersView](pages, "pages/portal_members.html")
)

// grantsView is who may read what is hidden below a prefix, with the form that grants.
type grantsView struct {
	desk
	Prefix  string
	Problem string
	Form    map[string]string
	Rows    []grantRow
	Items   []grantedItem // of templates, that are read by grant
	Kinds   []string
	Today   string
}

type grantRow struct {
	Grant
	To   string
	When string
}

// grantedItem is an item of a template that is read by grant.
type grantedItem struct {
	Key  string // template and item, parted by a space
	Name string
}

func (s *Service) showGrants(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := grantsView{desk: d, Prefix: q.Get("prefix"), Form: map[string]string{"identifier": q.Get("identifier"), "kind": toRegistrant}}
	return s.renderGrants(w, r, v, http.StatusOK)
}

func (s *Service) renderGrants(w http.ResponseWriter, r *http.Request, v grantsView, status int) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v.Kinds, v.Today = []string{toRegistrant, toPerson, toIdentity, toEverybody}, s.day(s.now())
	if hosted := v.Hosted(); v.Prefix == "" && len(hosted) > 0 {
		v.Prefix = hosted[0].Prefix.Prefix
	}
	if v.Prefix == "" {
		return grantsPage.RenderStatus(w, r, status, v)
	}
	all, err := s.grants(ctx, v.Prefix)
	if err != nil {
		return err
	}
	for _, g := range all {
		v.Rows = append(v.Rows, grantRow{g, sh.In(s.grantee(ctx, g)), s.minute(g.Since)})
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := s.templateRows(ctx, tx, sh, v.Holder.ID)
		for _, t := range rows {
			for _, i := range t.Items {
				if i.Granted {
					v.Items = append(v.Items, grantedItem{t.ID + " " + i.Name, t.Title + "：" + sh.In(i.Alias)})
				}
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return grantsPage.RenderStatus(w, r, status, v)
}

func (s *Service) takeGrant(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	if id := get("revoke"); id != "" {
		err = s.revoke(r.Context(), get("prefix"), id)
	} else {
		_, err = s.grant(r.Context(), readGrant(get))
	}
	if mended(err) {
		v := grantsView{desk: d, Prefix: get("prefix"), Form: map[string]string{}, Problem: web.Said(r, err)}
		for name := range r.PostForm {
			v.Form[name] = get(name)
		}
		return s.renderGrants(w, r, v, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, d.ID("/identifiers/portal/grants?prefix="+url.QueryEscape(get("prefix"))), http.StatusSeeOther) //nolint:gosec // a path of this site
	return nil
}

// readGrant reads the form: what is granted is one identifier when that is filled in,
// else the item that is chosen.
func readGrant(get func(string) string) Grant {
	g := Grant{Prefix: get("prefix"), Identifier: get("identifier"), Kind: get("kind"), Grantee: get("grantee"), Until: get("until")}
	if g.Kind == toEverybody {
		g.Grantee, g.Until = "", ""
	}
	g.Template, g.Item, _ = strings.Cut(get("what"), " ")
	if g.Identifier != "" {
		g.Template = "" // the item of one identifier alone; without one, all that it hides
	}
	return g
}

// membersView is who may register for a registrant.
type membersView struct {
	desk
	Problem string
	Login   string
	Rows    []memberRow
	May     bool
}

type memberRow struct{ ID, Name string }

func (s *Service) showMembers(w http.ResponseWriter, r *http.Request) error {
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	return s.renderMembers(w, r, membersView{desk: d}, http.StatusOK)
}

func (s *Service) renderMembers(w http.ResponseWriter, r *http.Request, v membersView, status int) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v.May = v.Member || s.staff(ctx)
	var ids []string
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		ids, err = membersOf(ctx, tx, v.Holder.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		row := memberRow{ID: id, Name: id}
		if name, err := s.People.Named(ctx, id); err == nil {
			row.Name = sh.In(name)
		}
		v.Rows = append(v.Rows, row)
	}
	return membersPage.RenderStatus(w, r, status, v)
}

// takeMember lets a member, or who runs the node, say who else may register.
func (s *Service) takeMember(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	d, err := s.deskOf(r)
	if err != nil {
		return err
	}
	login := strings.TrimSpace(r.PostForm.Get("login"))
	if drop := r.PostForm.Get("drop"); drop != "" {
		err = s.dropMember(r.Context(), d, drop)
	} else {
		var id string
		if id, err = s.personOf(r.Context(), login); err == nil {
			err = s.changeMember(r.Context(), member{d.Holder.ID, id}, true)
		}
	}
	if mended(err) {
		return s.renderMembers(w, r, membersView{desk: d, Login: login, Problem: web.Said(r, err)}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, d.ID("/identifiers/portal/members"), http.StatusSeeOther) //nolint:gosec // a path of this site
	return nil
}

// dropMember takes a member away, but not the last one by their own hand: nobody could
// register any more.
func (s *Service) dropMember(ctx context.Context, d desk, person string) error {
	var left []string
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		left, err = membersOf(ctx, tx, d.Holder.ID)
		return err
	})
	if err != nil {
		return err
	}
	if d.Member && len(left) == 1 && slices.Contains(left, person) {
		return fault.Say(fault.Conflict, "这是最后一位成员；请先加入接替的人。", "this is the last member; add who takes over first")
	}
	return s.changeMember(ctx, member{d.Holder.ID, person}, false)
}
