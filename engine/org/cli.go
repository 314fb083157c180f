package org

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "units", Help: "units in force on a date", Bind: unitsVerb},
		{Name: "people", Args: "[TEXT]", Help: "who holds a post or can sign in, and their roles", Bind: peopleVerb},
		{Name: "add-person", Args: "LOGIN [NAME]", Help: "let somebody sign in; prints a temporary password", Bind: addPersonVerb},
		{Name: "grant", Args: "PERSON ROLE UNIT", Help: "give a role over a unit and all below it", Bind: grantVerb},
		{Name: "revoke", Args: "PERSON ROLE UNIT", Help: "take a role away", Bind: revokeVerb},
		{Name: "reset-password", Args: "PERSON", Help: "make and print a new temporary password", Bind: resetVerb},
		{Name: "lock", Args: "PERSON", Help: "keep a person from signing in", Bind: lockVerb(http.MethodPut)},
		{Name: "unlock", Args: "PERSON", Help: "let a person sign in again", Bind: lockVerb(http.MethodDelete)},
		{Name: "sign-in", Args: "LOGIN", Help: "read a password from standard input and print a session token", Bind: signInVerb},
		{Name: "audit", Help: "who changed what, the newest first", Bind: auditVerb},
		{Name: "routes", Help: "every route and the roles that may use it", Bind: routesVerb},
	}
}

// get asks the API and prints the answer: as JSON, or by line through a table.
func get[T any](ctx context.Context, c module.Call, path string, q url.Values, line func(io.Writer, T)) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out T
	if err := api.Get(ctx, path, q, &out); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
	line(w, out)
	return w.Flush()
}

// printf writes into a tabwriter, whose Flush reports what went wrong.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func unitsVerb(flags *flag.FlagSet) module.Run {
	kind := flags.String("kind", "", "nation, city, group, district, county, town, body or body_outside")
	parent := flags.String("parent", "", "id of the unit right above")
	text := flags.String("q", "", "part of a code or name")
	at := flags.String("at", "", "date (2023-07-11); today when empty")
	cursor := flags.String("cursor", "", "list what comes after this id")
	limit := flags.Int("limit", 1000, "how many at most, 1 to 1000")
	return func(ctx context.Context, c module.Call) error {
		q := module.Query("kind", *kind, "parent", *parent, "q", *text, "at", *at, "cursor", *cursor, "limit", strconv.Itoa(*limit))
		return get(ctx, c, "/org/units", q, func(w io.Writer, list web.List[Unit]) {
			for _, u := range list.Items {
				printf(w, "%s\t%s\t%s\t%s\t%s\n", u.ID, u.Kind, u.Parent, u.ZH, u.EN)
			}
			if list.Next != "" {
				printf(w, "…\tmore with --cursor %s\n", list.Next)
			}
		})
	}
}

func peopleVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		q := module.Query("q", strings.Join(c.Args, " "), "limit", "1000")
		return get(ctx, c, "/org/people", q, func(w io.Writer, list web.List[Person]) {
			for _, p := range list.Items {
				roles := make([]string, len(p.Grants))
				for i, g := range p.Grants {
					roles[i] = string(g.Role) + ":" + g.Unit
				}
				printf(w, "%s\t%s\t%s\t%s\n", p.ID, p.Login, p.ZH, strings.Join(roles, " "))
			}
		})
	}
}

// want checks the number of arguments.
func want(c module.Call, least, most int, usage string) error {
	if len(c.Args) < least || len(c.Args) > most {
		return fault.New(fault.Invalid, "this verb takes %s; %d arguments were given", usage, len(c.Args))
	}
	return nil
}

func addPersonVerb(flags *flag.FlagSet) module.Run {
	en := flags.String("en", "", "name in English")
	person := flags.String("person", "", "id of somebody who holds a post already, instead of NAME")
	return func(ctx context.Context, c module.Call) error {
		if err := want(c, 1, 2, "LOGIN and NAME"); err != nil {
			return err
		}
		p := NewPerson{Login: c.Args[0], EN: *en, Person: *person}
		if len(c.Args) > 1 {
			p.ZH = c.Args[1]
		}
		return change(ctx, c, request{http.MethodPost, "/org/people", p}, func(w io.Writer, made NewPassword) {
			printf(w, "%s signs in as %s, password %s (shown once)\n", made.Person, p.Login, made.Password)
		})
	}
}

// request is one call of the API that changes something.
type request struct {
	method, path string
	body         any
}

// change calls the API and prints the answer, as JSON or as say does.
func change[T any](ctx context.Context, c module.Call, r request, say func(io.Writer, T)) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out T
	if err := api.Do(ctx, r.method, r.path, r.body, &out); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	say(c.Out, out)
	return nil
}

// one returns the person whose id or user name is who. Should one person's id be
// another's user name, it refuses rather than guess.
func one(ctx context.Context, c module.Call, who string) (Person, error) {
	api, err := c.API()
	if err != nil {
		return Person{}, err
	}
	var list web.List[Person]
	if err := api.Get(ctx, "/org/people", module.Query("q", who, "limit", "1000"), &list); err != nil {
		return Person{}, err
	}
	found := slices.DeleteFunc(list.Items, func(p Person) bool { return p.ID != who && p.Login != who })
	switch len(found) {
	case 0:
		return Person{}, fault.New(fault.NotFound, "nobody has the id or user name %q", who)
	case 1:
		return found[0], nil
	}
	return Person{}, fault.New(fault.Invalid, "%q is the id of one person and the user name of another; give the other id", who)
}

func printPerson(w io.Writer, p Person) {
	printf(w, "%s %s\n", p.ID, p.ZH)
	for _, g := range p.Grants {
		printf(w, "  %s over %s\n", g.Role, g.Unit)
	}
}

func grantVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if err := want(c, 3, 3, "PERSON, ROLE and UNIT"); err != nil {
			return err
		}
		c = once(c)
		p, err := one(ctx, c, c.Args[0])
		if err != nil {
			return err
		}
		g := actor.Grant{Role: actor.Role(c.Args[1]), Unit: c.Args[2]}
		return change(ctx, c, request{http.MethodPost, "/org/people/" + url.PathEscape(p.ID) + "/grants", g}, printPerson)
	}
}

func revokeVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if err := want(c, 3, 3, "PERSON, ROLE and UNIT"); err != nil {
			return err
		}
		c = once(c)
		p, err := one(ctx, c, c.Args[0])
		if err != nil {
			return err
		}
		for _, g := range p.Grants {
			if string(g.Role) == c.Args[1] && g.Unit == c.Args[2] {
				return change(ctx, c, request{http.MethodDelete, "/org/people/" + url.PathEscape(p.ID) + "/grants/" + g.ID, nil}, printPerson)
			}
		}
		return fault.New(fault.NotFound, "%s does not have the role %s over %s", c.Args[0], c.Args[1], c.Args[2])
	}
}

// once makes API open the data no more than once in a verb that asks twice.
func once(c module.Call) module.Call {
	open := c.API
	var api *web.Client
	c.API = func() (*web.Client, error) {
		if api != nil {
			return api, nil
		}
		var err error
		api, err = open()
		return api, err
	}
	return c
}

func resetVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if err := want(c, 1, 1, "PERSON"); err != nil {
			return err
		}
		c = once(c)
		p, err := one(ctx, c, c.Args[0])
		if err != nil {
			return err
		}
		return change(ctx, c, request{http.MethodPost, "/org/people/" + url.PathEscape(p.ID) + "/password", nil}, func(w io.Writer, made NewPassword) {
			printf(w, "%s signs in as %s, password %s (shown once)\n", made.Person, p.Login, made.Password)
		})
	}
}

func lockVerb(method string) func(*flag.FlagSet) module.Run {
	return func(*flag.FlagSet) module.Run {
		return func(ctx context.Context, c module.Call) error {
			if err := want(c, 1, 1, "PERSON"); err != nil {
				return err
			}
			c = once(c)
			p, err := one(ctx, c, c.Args[0])
			if err != nil {
				return err
			}
			return change(ctx, c, request{method, "/org/people/" + url.PathEscape(p.ID) + "/lock", nil}, printPerson)
		}
	}
}

func signInVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if err := want(c, 1, 1, "LOGIN, and the password on standard input"); err != nil {
			return err
		}
		line, err := bufio.NewReader(io.LimitReader(c.In, 4096)).ReadString('\n')
		if err != nil && line == "" {
			return fault.New(fault.Invalid, "no password came on standard input")
		}
		in := map[string]string{"user": c.Args[0], "password": strings.TrimRight(line, "\r\n")}
		return change(ctx, c, request{http.MethodPost, "/org/sessions", in}, func(w io.Writer, t Token) { printf(w, "%s\n", t.Token) })
	}
}

func auditVerb(flags *flag.FlagSet) module.Run {
	who := flags.String("actor", "", "person's id, or system")
	action := flags.String("action", "", "an action or its beginning: org.grant")
	subject := flags.String("subject", "", "what was changed")
	cursor := flags.String("cursor", "", "list what is older than this id")
	return func(ctx context.Context, c module.Call) error {
		q := module.Query("actor", *who, "action", *action, "subject", *subject, "cursor", *cursor)
		return get(ctx, c, "/org/audit", q, func(w io.Writer, list web.List[Entry]) {
			for _, e := range list.Items {
				printf(w, "%s\t%s\t%s\t%s\t%s\n", e.At.Format("2006-01-02 15:04:05"), e.Name, e.Action, e.Subject, e.Detail)
			}
			if list.Next != "" {
				printf(w, "…\tmore with --cursor %s\n", list.Next)
			}
		})
	}
}

func routesVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/org/routes", nil, func(w io.Writer, list []routeLine) {
			for _, l := range list {
				printf(w, "%s\t%s\t%s\n", l.Pattern, l.Need, joinRoles(l.Roles))
			}
		})
	}
}

func joinRoles(roles []actor.Role) string {
	parts := make([]string, len(roles))
	for i, r := range roles {
		parts[i] = string(r)
	}
	return strings.Join(parts, " ")
}
