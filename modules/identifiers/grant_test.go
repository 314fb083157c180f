package identifiers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
)

// ByLogin knows everybody under their own id, but for nobody.
func (city) ByLogin(_ context.Context, login string) (string, error) {
	if login == "nobody" {
		return "", fault.New(fault.NotFound, "nobody")
	}
	return login, nil
}

// TestGrants: a hidden value is read by the members of who holds the prefix and by whom it
// was granted, through every way of asking, until the grant ends; by nobody else.
func TestGrants(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		p := st.allocated(t)
		owner, friend := person(t, "owner"), person(t, "friend")
		if err := st.changeMember(as(t, actor.Clerk), member{p.Registrant, "owner"}, true); err != nil {
			t.Fatal(err)
		}
		st.verdicts(t, Batch{Key: "batch-0001", Items: []Registration{
			{Identifier: "88.500.1/a", Template: "gearbox@1", Fields: map[string]string{"model": "RV", "cost": "42"}},
			{Identifier: "88.500.1/b", Template: "gearbox@1", Fields: map[string]string{"model": "RV", "cost": "43"}},
			{Identifier: "88.500.1/c", Values: []Given{{Index: 1, Type: "URL", Data: "https://f.example"}, {Index: 7, Type: "COST", Data: "44", Granted: true}}},
		}}, []string{Registered, Registered, Registered})
		reads := func(ctx context.Context, name string) bool {
			t.Helper()
			got, err := st.resolve(ctx, name, "")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Contains(fmt.Sprint(got.Values), " 4")
		}
		see := func(what string, who context.Context, want string) {
			t.Helper()
			var got strings.Builder
			for _, suffix := range []string{"a", "b", "c"} {
				if reads(who, "88.500.1/"+suffix) {
					got.WriteString(suffix)
				}
			}
			if got.String() != want {
				t.Errorf("%s: reads %q, want %q", what, got.String(), want)
			}
		}
		grant := func(g Grant) string {
			t.Helper()
			g.Prefix = "88.500.1"
			made, err := st.grant(owner, g)
			if err != nil {
				t.Fatal(err)
			}
			return made.ID
		}
		revoke := func(id string) {
			t.Helper()
			if err := st.revoke(owner, "88.500.1", id); err != nil {
				t.Fatal(err)
			}
		}
		see("the holder", owner, "abc")
		see("a friend before", friend, "")
		see("who runs the node", as(t, actor.Clerk), "")
		item := grant(Grant{Template: "gearbox", Item: "cost", Kind: toPerson, Grantee: "friend"})
		see("a friend, of the item", friend, "ab")
		see("a visitor then", t.Context(), "")
		revoke(item)
		see("a friend afterwards", friend, "")
		one := grant(Grant{Identifier: "88.500.1/C", Item: "7", Kind: toPerson, Grantee: "friend", Until: "2026-11-23"})
		see("a friend, of one", friend, "c")
		st.at = st.at.Add(24 * time.Hour)
		see("a friend, the day after", friend, "")
		revoke(one)
		if err := st.changeMember(as(t, actor.Clerk), member{p.Registrant, "friend"}, true); err != nil {
			t.Fatal(err)
		}
		see("a member", friend, "abc")
		everybody := grant(Grant{Identifier: "88.500.1/b", Kind: toEverybody})
		see("everybody", t.Context(), "b")
		st.everywhere(t, "43", true)
		revoke(everybody)
		st.everywhere(t, "43", false)
	})
}

// everywhere asks for an identifier by each protocol as nobody in particular.
func (st *stage) everywhere(t *testing.T, secret string, want bool) {
	t.Helper()
	rt := web.NewRouter(st.site, slog.New(slog.DiscardHandler), open)
	st.Module().Routes(rt)
	h := rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
	for _, path := range []string{"/api/handles/88.500.1/b", "/api/v1/identifiers/resolve?name=88.500.1/b", "/identifiers/of/88.500.1/b"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if got := strings.Contains(w.Body.String(), secret); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d, says %s: %v", path, w.Code, secret, got)
		}
	}
	code, content := st.answering().Ask(t.Context(), "88.500.1/b", handle.Query{}, wire.PublicOnly)
	if code != wire.Success || strings.Contains(string(content), secret) != want {
		t.Errorf("the protocol: %v, %q", code, content)
	}
}

// TestGrantRefused: what cannot be granted is said in a sentence.
func TestGrantRefused(t *testing.T) {
	testkit.EachStore(t, "identifiers", migrations, func(t *testing.T, db *store.DB) {
		st := onStage(t, db)
		st.withRecords(nil)
		p := st.allocated(t)
		owner := person(t, "owner")
		if err := st.changeMember(as(t, actor.Clerk), member{p.Registrant, "owner"}, true); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			g    Grant
			want fault.Kind
		}{
			"of nothing":              {Grant{Kind: toEverybody}, fault.Invalid},
			"of both":                 {Grant{Template: "gearbox", Item: "cost", Identifier: "88.500.1/a", Kind: toEverybody}, fault.Invalid},
			"of a whole template":     {Grant{Template: "gearbox", Kind: toEverybody}, fault.Invalid},
			"of a public item":        {Grant{Template: "gearbox", Item: "model", Kind: toEverybody}, fault.Invalid},
			"of no item":              {Grant{Template: "gearbox", Item: "colour", Kind: toEverybody}, fault.Invalid},
			"of no template":          {Grant{Template: "none", Item: "cost", Kind: toEverybody}, fault.NotFound},
			"of another's identifier": {Grant{Identifier: "88.500.2/a", Kind: toEverybody}, fault.Invalid},
			"of no name":              {Grant{Identifier: "x", Kind: toEverybody}, fault.Invalid},
			"to nobody":               {Grant{Identifier: "88.500.1/a", Kind: toPerson}, fault.Invalid},
			"to a stranger":           {Grant{Identifier: "88.500.1/a", Kind: toRegistrant, Grantee: "none"}, fault.NotFound},
			"to no identity":          {Grant{Identifier: "88.500.1/a", Kind: toIdentity, Grantee: "me"}, fault.Invalid},
			"to a kind":               {Grant{Identifier: "88.500.1/a", Kind: "friends", Grantee: "x"}, fault.Invalid},
			"until yesterday":         {Grant{Identifier: "88.500.1/a", Kind: toPerson, Grantee: "x", Until: "2026-11-22"}, fault.Invalid},
			"until a word":            {Grant{Identifier: "88.500.1/a", Kind: toPerson, Grantee: "x", Until: "soon"}, fault.Invalid},
			"to everybody until":      {Grant{Identifier: "88.500.1/a", Kind: toEverybody, Until: "2027-11-22"}, fault.Invalid},
		} {
			tt.g.Prefix = "88.500.1"
			if _, err := st.grant(owner, tt.g); fault.KindOf(err) != tt.want {
				t.Errorf("%s: %v; want %v", name, err, tt.want)
			}
		}
		good := Grant{Prefix: "88.500.1", Identifier: "88.500.1/a", Kind: toIdentity, Grantee: "300:88.500.2/User"}
		if _, err := st.grant(as(t, actor.Clerk), good); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		made, err := st.grant(owner, good)
		if err != nil || made.Grantee != "300:88.500.2/USER" {
			t.Fatal(made, err)
		}
		secret := handle.Record{Name: "88.500.1/a", Values: []handle.Value{
			{Index: 1, Type: "COST", Data: []byte("42"), Perm: handle.AdminRead}, {Index: 2, Type: handle.TypeSecretKey, Data: []byte("key"), Perm: handle.AdminRead}, {Index: 3, Type: "NOBODY", Data: []byte("x")},
		}}
		if got := st.grantedTo(t.Context(), handle.Reference{Name: "88.500.2/user", Index: 300}, secret); len(got) != 1 || !got[1] {
			t.Errorf("%v", got)
		}
		if got := st.grantedTo(t.Context(), handle.Reference{Name: "88.500.2/user", Index: 301}, secret); len(got) != 0 {
			t.Errorf("%v", got)
		}
		if again, err := st.grant(owner, good); err != nil || again.ID != made.ID {
			t.Errorf("the same grant: %+v, %v", again, err)
		}
		if err := st.revoke(as(t, actor.Clerk), "88.500.1", made.ID); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if err := st.revoke(owner, "88.500.1", "none"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if all, err := st.grants(owner, "88.500.1"); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
	})
}
