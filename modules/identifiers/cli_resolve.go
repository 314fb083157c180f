package identifiers

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/did"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/zone"
)

func resolveVerb(flags *flag.FlagSet) module.Run {
	protocol := flags.String("protocol", "", "udp, tcp, http or dns with --server HOST:PORT; did or gs1 with --server URL; else the API of --server or of the data")
	asOf := flags.String("as-of", "", "what it resolved to at the end of this day")
	proof := flags.Bool("proof", false, "show that it is counted, or not, in the node's last census, and check that")
	origin := flags.String("zone", "id.example.", "of dns: the zone in which identifiers have their names")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "one identifier is wanted, such as 88.118.2/gb-1; %d are given", len(c.Args))
		}
		if *asOf != "" && (*protocol != "" || hostPort(c.Server)) {
			return fault.New(fault.Invalid, "--as-of is answered by the API alone: the protocols have no past")
		}
		if *proof && (*protocol != "" || hostPort(c.Server)) {
			return fault.New(fault.Invalid, "--proof is answered by the API of the node that has the identifier: give its URL as --server, and no --protocol")
		}
		switch {
		case *proof:
			return resolveProven(ctx, c, *asOf)
		case *protocol == "" && !hostPort(c.Server):
			return get(ctx, c, "/identifiers/resolve", module.Query("name", c.Args[0], "as_of", *asOf), printResolved)
		case *protocol == "dns":
			return lookUp(ctx, c, *origin)
		case *protocol == "did" || *protocol == "gs1":
			return fetch(ctx, c, *protocol)
		}
		return askNode(ctx, c, *protocol)
	}
}

// resolveProven resolves an identifier and shows whether it is counted.
func resolveProven(ctx context.Context, c module.Call, asOf string) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out struct {
		Resolved
		Proof ProofAnswer `json:"proof"`
	}
	err = api.Get(ctx, "/identifiers/resolve", module.Query("name", c.Args[0], "as_of", asOf), &out.Resolved)
	absent := fault.KindOf(err) == fault.NotFound
	if err != nil && !absent {
		return err
	}
	if out.Proof, err = proven(ctx, c, c.Args[0]); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	if absent {
		line(c.Out, "%s does not resolve here", c.Args[0])
	} else {
		printResolved(c.Out, out.Resolved)
	}
	printProof(c.Out, out.Proof)
	return nil
}

// hostPort reports whether a text is HOST:PORT and no URL.
func hostPort(s string) bool { return s != "" && !strings.Contains(s, "://") }

// askNode resolves by the protocol, beginning at a node. A node that it is referred to may
// offer no HTTP: then it is asked by TCP.
func askNode(ctx context.Context, c module.Call, protocol string) error {
	transports, ok := map[string][]typed.Transport{"": nil, "udp": {typed.UDP}, "tcp": {typed.TCP}, "http": {typed.HTTP, typed.TCP, typed.UDP}}[protocol]
	if !ok {
		return fault.New(fault.Invalid, "protocol %q is none of udp, tcp, http, dns, did, gs1", protocol)
	}
	at, err := netip.ParseAddrPort(c.Server)
	if err != nil {
		return fault.New(fault.Invalid, "--server %q is no address and port such as 127.0.0.1:2641", c.Server)
	}
	n, err := handle.Parse(c.Args[0])
	if err != nil {
		return err
	}
	a, err := (&client.Client{Start: []typed.Site{client.At(at)}, Transports: transports}).Resolve(ctx, n, handle.Query{})
	if err != nil {
		return err
	}
	out := Resolved{Identifier: string(a.Record.Name), Values: shown(a.Record.Values), Steps: a.Steps}
	if c.JSON {
		return c.PrintJSON(out)
	}
	printResolved(c.Out, out)
	return nil
}

// lookUp resolves in DNS.
func lookUp(ctx context.Context, c module.Call, origin string) error {
	n, err := handle.Parse(c.Args[0])
	if err != nil {
		return err
	}
	records, err := zone.Lookup(ctx, c.Server, n, origin)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(records)
	}
	for _, r := range records {
		line(c.Out, "%s", r)
	}
	return nil
}

// fetch resolves a DID, or a thing of GS1 (01/06901234567892), over HTTP.
func fetch(ctx context.Context, c module.Call, protocol string) error {
	base := strings.TrimRight(c.Server, "/")
	if base == "" {
		return fault.New(fault.Invalid, "--server is missing: the URL of a site, such as http://127.0.0.1:1458")
	}
	to, accept := base+"/gs1/"+c.Args[0]+"?linkType=linkset", "application/linkset+json"
	if protocol == "did" {
		name := c.Args[0]
		if !strings.HasPrefix(name, did.Method) {
			name = did.DID(name)
		}
		u, err := did.Parse(name)
		if err != nil {
			return err
		}
		to, accept = base+"/1.0/identifiers/"+url.PathEscape(u.String()), did.MediaResult
	}
	doc, location, err := new(client.Client).Fetch(ctx, to, accept)
	if err != nil {
		return err
	}
	if location != "" {
		_, err = fmt.Fprintln(c.Out, location)
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s\n", doc)
	return err
}

func printResolved(w io.Writer, r Resolved) {
	line(w, "%s", r.Identifier)
	for _, v := range r.Values {
		line(w, "  %d\t%s\t%s", v.Index, v.Type, v.Data)
	}
	for _, s := range r.Steps {
		line(w, "  by %s (%s): %s", s.Server, transportName(s.Transport), s.Said)
	}
}

func transportName(t typed.Transport) string {
	return map[typed.Transport]string{typed.UDP: "udp", typed.TCP: "tcp", typed.HTTP: "http", typed.HTTPS: "https"}[t]
}
