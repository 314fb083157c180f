package main

import (
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/module"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestRoutes lists every route of the product with the roles that may call it:
// testdata/routes.txt is the inventory, and a new route shows in it.
func TestRoutes(t *testing.T) {
	site := web.Site{Unit: "1", Prefix: "88.1", Zone: time.UTC, Now: time.Now}
	host := module.Host{Now: time.Now, Site: site}
	who := org.New(host)
	evidence := proof.New(host, who, proof.Config{})
	rt := web.NewRouter(site, slog.New(slog.DiscardHandler), who.Decide)
	for _, m := range append([]module.Module{who.Module(), evidence.Module()}, city(host, who, evidence)...) {
		if m.Routes != nil {
			m.Routes(rt)
		}
	}
	var lines []string
	for _, r := range rt.Routes() {
		var roles []string
		for _, role := range actor.Roles() {
			if role.Has(r.Need) {
				roles = append(roles, string(role))
			}
		}
		method, path, one := strings.Cut(r.Pattern, " ")
		if !one { // by every method, and all that lies below
			method, path = "*", r.Pattern
		}
		lines = append(lines, fmt.Sprintf("%-52s %-6s %-10s %s", path, method, r.Need, strings.Join(roles, " ")))
	}
	slices.Sort(lines)
	testkit.Golden(t, "routes.txt", []byte(strings.Join(lines, "\n")+"\n"))
}

// TestVerbs: no verb has a flag that every verb has already, and every verb says
// what it does.
func TestVerbs(t *testing.T) {
	host := module.Host{Now: time.Now, Site: web.Site{Unit: "1", Prefix: "88.1", Zone: time.UTC, Now: time.Now}}
	who := org.New(host)
	evidence := proof.New(host, who, proof.Config{})
	for _, m := range append([]module.Module{who.Module(), evidence.Module()}, city(host, who, evidence)...) {
		for _, v := range m.Verbs {
			flags := flag.NewFlagSet(v.Name, flag.ContinueOnError)
			v.Bind(flags)
			for _, taken := range []string{"addr", "data", "database", "pack", "log-level", "server", "token", "config", "json", "seal", "policy", "watched", "tsa", "tsa-cert"} {
				if flags.Lookup(taken) != nil {
					t.Errorf("yuzhou %s %s declares --%s, which every verb has", m.Name, v.Name, taken)
				}
			}
			if v.Help == "" {
				t.Errorf("yuzhou %s %s has no help", m.Name, v.Name)
			}
		}
	}
}
