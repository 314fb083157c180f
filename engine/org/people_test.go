package org

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// newBare is an engine as the command line makes it to list verbs.
func newBare() *Service { return New(module.Host{}) }

func TestDecide(t *testing.T) {
	w := newTown(t, migrated(t), small(threeUnits+`  - {id: "990101001", kind: town, zh: 镇, parent: "990101", from: "", source: s}`+"\n"))
	person := func(grants ...actor.Grant) actor.Actor { return actor.Actor{ID: "x", Grants: grants} }
	for _, tt := range []struct {
		name string
		who  actor.Actor
		p    actor.Permission
		unit string
		ok   bool
	}{
		{"a visitor reads", actor.Actor{}, actor.Read, "", true},
		{"a visitor reads of a unit", actor.Actor{}, actor.Read, "990101", true},
		{"a visitor has no account", actor.Actor{}, actor.Visit, "", false},
		{"a person without grants has one", person(), actor.Visit, "", true},
		{"a person without grants submits", person(), actor.Submit, "", false},
		{"a clerk submits for the own unit", person(actor.Grant{Role: actor.Clerk, Unit: "990101"}), actor.Submit, "990101", true},
		{"a clerk submits for a unit below", person(actor.Grant{Role: actor.Clerk, Unit: "990101"}), actor.Submit, "990101001", true},
		{"a clerk submits for the neighbour", person(actor.Grant{Role: actor.Clerk, Unit: "990101"}), actor.Submit, "990102", false},
		{"a clerk submits for the city", person(actor.Grant{Role: actor.Clerk, Unit: "990101"}), actor.Submit, "990000", false},
		{"a clerk submits for no such unit", person(actor.Grant{Role: actor.Clerk, Unit: "990000"}), actor.Submit, "nowhere", false},
		{"a clerk decides", person(actor.Grant{Role: actor.Clerk, Unit: "990000"}), actor.Decide, "", false},
		{"a steward curates", person(actor.Grant{Role: actor.Steward, Unit: "990000"}), actor.Curate, "990102", true},
		{"a leader decides", person(actor.Grant{Role: actor.Leader, Unit: "990000"}), actor.Decide, "990102", true},
		{"a leader submits", person(actor.Grant{Role: actor.Leader, Unit: "990000"}), actor.Submit, "", false},
		{"two grants do not mix", person(actor.Grant{Role: actor.Leader, Unit: "990102"}, actor.Grant{Role: actor.Clerk, Unit: "990000"}), actor.Decide, "990101", false},
		{"an unknown permission", actor.System("990000"), "fly", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := w.Decide(t.Context(), tt.who, tt.p, tt.unit)
			if tt.ok != (err == nil) {
				t.Errorf("got %v", err)
			}
			if err != nil {
				kindIs(t, "refused", err, forbidden)
			}
		})
	}
}

// TestDecideWithoutDatabase closes the database under Decide: it must not open a
// door, nor call a failure a refusal.
func TestDecideWithoutDatabase(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir()+"/x.db")
	must(t, err)
	must(t, db.Migrate(t.Context(), "org", theFiles()))
	w := newTown(t, db, small(threeUnits))
	must(t, db.Close())
	err = w.Decide(t.Context(), actor.Actor{ID: "x", Grants: []actor.Grant{{Role: actor.Owner, Unit: "990000"}}}, actor.Administer, "990101")
	if err == nil || errors.Is(err, forbidden) {
		t.Errorf("got %v, want the database's error", err)
	}
}

// TestManagedByEqualsOnly checks that the owner of a part cannot take over what
// belongs to the whole.
func TestManagedByEqualsOnly(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		sys := systemOf(t, w)
		add := func(login string, g actor.Grant) string {
			id, _, err := w.addPerson(sys, NewPerson{Login: login, ZH: login})
			must(t, err)
			must(t, w.grant(sys, id, g))
			return id
		}
		whole := add("whole", actor.Grant{Role: actor.Owner, Unit: "990000"})
		part := add("part", actor.Grant{Role: actor.Owner, Unit: "990101"})
		clerk := add("clerk", actor.Grant{Role: actor.Clerk, Unit: "990101"})
		p, err := w.person(sys, whole)
		must(t, err)
		ctx := actor.With(t.Context(), actor.Actor{ID: part, Grants: []actor.Grant{{Role: actor.Owner, Unit: "990101"}}})
		_, reset := w.resetPassword(ctx, whole)
		for name, err := range map[string]error{
			"reset the password of the whole's owner": reset,
			"lock the whole's owner":                  w.lock(ctx, whole),
			"unlock the whole's owner":                w.unlock(ctx, whole),
			"revoke the whole's grant":                w.revoke(ctx, whole, p.Grants[0].ID),
			"grant to oneself over the whole":         w.grant(ctx, part, actor.Grant{Role: actor.Owner, Unit: "990000"}),
			"grant over the neighbour":                w.grant(ctx, clerk, actor.Grant{Role: actor.Clerk, Unit: "990102"}),
			"give the whole's owner a post":           w.setPost(ctx, whole, ""),
		} {
			kindIs(t, name, err, forbidden)
		}
		must(t, w.grant(ctx, clerk, actor.Grant{Role: actor.Steward, Unit: "990101"}))
		must(t, w.lock(ctx, clerk))
		must(t, w.unlock(ctx, clerk))
		if _, err := w.resetPassword(ctx, clerk); err != nil {
			t.Error(err)
		}
		kindIs(t, "nobody", w.lock(sys, "nobody"), notFound)
		kindIs(t, "an empty id", w.lock(sys, ""), notFound)
		kindIs(t, "a grant of somebody else", w.revoke(sys, clerk, p.Grants[0].ID), notFound)
		kindIs(t, "no such post", w.setPost(sys, clerk, "none"), notFound)
	})
}

func TestLastOwnerStays(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		_, _, _, err := w.EnsureOwner(t.Context())
		must(t, err)
		sys := systemOf(t, w)
		acc, err := w.account(sys, "owner")
		must(t, err)
		p, err := w.person(sys, acc.person)
		must(t, err)
		kindIs(t, "revoke", w.revoke(sys, p.ID, p.Grants[0].ID), conflict)
		kindIs(t, "lock", w.lock(sys, p.ID), conflict)
		after, err := w.person(sys, acc.person)
		must(t, err)
		if len(after.Grants) != 1 || after.Locked {
			t.Errorf("a refused change left something: %+v", after)
		}
	})
}

// TestAuditIsPartOfTheChange checks that an entry disappears with the change
// that failed.
func TestAuditIsPartOfTheChange(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		ctx := t.Context()
		failed := errors.New("failed after the entry")
		err := w.db.Write(ctx, func(tx store.Tx) error {
			must(t, w.Audit(ctx, tx, "test.change", "x", "a → b"))
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		list, _, err := w.entries(ctx, Filter{Action: "test"}, 10)
		must(t, err)
		if len(list) != 0 {
			t.Errorf("entries of a change that never was: %+v", list)
		}
	})
}

// TestSurvivesAReload loads another version of the pack and finds accounts and
// grants untouched.
func TestSurvivesAReload(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		sys := systemOf(t, w)
		id, password, err := w.addPerson(sys, NewPerson{Login: "wang", ZH: "王"})
		must(t, err)
		must(t, w.grant(sys, id, actor.Grant{Role: actor.Clerk, Unit: "990101"}))
		w.load(t, small(strings.Replace(threeUnits, east101, "", 1)))
		in, err := w.signIn(t.Context(), "wang", password, origin{})
		must(t, err)
		a, _, err := w.bearer(t.Context(), in.token)
		must(t, err)
		if len(a.Grants) != 1 || w.Decide(t.Context(), a.Actor, actor.Submit, "990101") != nil {
			t.Errorf("grants after the unit has gone: %+v", a.Grants)
		}
	})
}

// verb runs a verb on the site as the program itself.
func (s site) verb(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	for _, v := range verbs() {
		if v.Name != args[0] {
			continue
		}
		flags := flag.NewFlagSet(v.Name, flag.ContinueOnError)
		do := v.Bind(flags)
		must(t, flags.Parse(args[1:]))
		err := do(t.Context(), module.Call{
			Args: flags.Args(), In: strings.NewReader(in), Out: &out,
			API: func() (*web.Client, error) { return web.InProcess(s.handler, actor.System(s.site.Unit)), nil },
		})
		return out.String(), err
	}
	return "", errors.New("no such verb")
}

// TestReadmeExamples runs what README.md shows, in its order, on the real pack.
func TestReadmeExamples(t *testing.T) {
	text, err := os.ReadFile("README.md")
	must(t, err)
	_, examples, _ := strings.Cut(string(text), "## Examples\n\n```\n")
	examples, _, _ = strings.Cut(examples, "```")
	s := newSite(t, newTown(t, migrated(t), packs.Chongqing()))
	password, done := "", 0
	for line := range strings.Lines(examples) {
		command, piped := strings.CutPrefix(strings.TrimSpace(line), `echo "$PASSWORD" | `)
		command, _, _ = strings.Cut(command, " --server")
		in := ""
		if piped {
			in = password + "\n"
		}
		out, err := s.verb(t, in, strings.Fields(strings.TrimPrefix(command, "yuzhou org "))...)
		if err != nil || out == "" {
			t.Errorf("%s: %v, answer %q", line, err, out)
		}
		if _, after, ok := strings.Cut(out, "password "); ok {
			password, _, _ = strings.Cut(after, " ")
		}
		done++
	}
	if done < 5 {
		t.Errorf("%d examples were found, want at least 5", done)
	}
}

func TestVerbs(t *testing.T) {
	onEachStore(t, small(threeUnits), func(t *testing.T, w town) {
		s := newSite(t, w)
		_, _, _, err := s.EnsureOwner(t.Context())
		must(t, err)
		run := func(in string, args ...string) (string, error) { return s.verb(t, in, args...) }
		made, err := run("", "add-person", "wang", "王")
		must(t, err)
		password := strings.Fields(made)[6]
		for _, tt := range []struct {
			name, in, want string
			args           []string
		}{
			{"units", "", "990101  district  990000  东区  East\n", []string{"units", "-kind", "district"}},
			{"grant", "", "clerk over 990101\n", []string{"grant", "wang", "clerk", "990101"}},
			{"people", "", "clerk:990101\n", []string{"people", "wang"}},
			{"audit", "", "clerk over 990101\n", []string{"audit", "-action", "org.grant"}},
			{"revoke", "", "王\n", []string{"revoke", "wang", "clerk", "990101"}},
			{"lock", "", "王\n", []string{"lock", "wang"}},
			{"unlock", "", "王\n", []string{"unlock", "wang"}},
			{"reset", "", "(shown once)\n", []string{"reset-password", "wang"}},
			{"routes", "", "POST /org/sign-in", []string{"routes"}},
		} {
			got, err := run(tt.in, tt.args...)
			if err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("%s: %v\n%s", tt.name, err, got)
			}
			if tt.name == "reset" && strings.Contains(got, password) {
				t.Error("the password is the former one")
			}
			if tt.name == "reset" {
				password = strings.Fields(got)[6]
			}
		}
		token, err := run(strings.TrimSuffix(password, ",")+"\n", "sign-in", "wang")
		must(t, err)
		if _, found, _ := s.bearer(t.Context(), strings.TrimSpace(token)); !found {
			t.Errorf("the token %q opens nothing", token)
		}
		for _, tt := range []struct {
			name string
			want error
			args []string
		}{
			{"nobody", notFound, []string{"grant", "nobody", "clerk", "990101"}},
			{"role not held", notFound, []string{"revoke", "wang", "owner", "990101"}},
			{"arguments missing", invalid, []string{"grant", "wang"}},
			{"no password", invalid, []string{"sign-in", "wang"}},
		} {
			if _, err := run("", tt.args...); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	db, err := store.Open(b.Context(), b.TempDir()+"/x.db")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the bench is over
	if err := db.Migrate(b.Context(), "org", theFiles()); err != nil {
		b.Fatal(err)
	}
	c := &clock{}
	s := New(module.Host{DB: db, Now: c.now})
	p := pack.Open(packs.Chongqing())
	load := s.loadPack(p)
	if err := db.Write(b.Context(), func(tx store.Tx) error { return load(b.Context(), tx) }); err != nil {
		b.Fatal(err)
	}
	clerk := actor.Actor{ID: "x", Grants: []actor.Grant{{Role: actor.Clerk, Unit: p.Manifest.Unit}}}
	for b.Loop() {
		if err := s.Decide(b.Context(), clerk, actor.Submit, "500101001"); err != nil {
			b.Fatal(err)
		}
	}
}
