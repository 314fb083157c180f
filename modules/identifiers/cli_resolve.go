package identifiers

import (
	"context"
	"flag"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

func resolveVerb(flags *flag.FlagSet) module.Run {
	protocol := flags.String("protocol", "", "udp, tcp or http, with --server HOST:PORT of a node; else the API of --server or of the data")
	asOf := flags.String("as-of", "", "what it resolved to at the end of this day")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "one identifier is wanted, such as 88.118.2/gb-1; %d are given", len(c.Args))
		}
		if *protocol == "" && !hostPort(c.Server) {
			q := url.Values{"name": {c.Args[0]}}
			if *asOf != "" {
				q.Set("as_of", *asOf)
			}
			return get(ctx, c, "/identifiers/resolve", q, printResolved)
		}
		if *asOf != "" {
			return fault.New(fault.Invalid, "--as-of is answered by the API alone: the protocol has no past")
		}
		return askNode(ctx, c, *protocol)
	}
}

// hostPort reports whether a text is HOST:PORT and no URL.
func hostPort(s string) bool { return s != "" && !strings.Contains(s, "://") }

// askNode resolves by the protocol, beginning at a node.
func askNode(ctx context.Context, c module.Call, protocol string) error {
	transports, ok := map[string][]typed.Transport{"": nil, "udp": {typed.UDP}, "tcp": {typed.TCP}, "http": {typed.HTTP}}[protocol]
	if !ok {
		return fault.New(fault.Invalid, "protocol %q is none of udp, tcp, http", protocol)
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

func printResolved(w io.Writer, r Resolved) {
	line(w, "%s", r.Identifier)
	for _, v := range r.Values {
		line(w, "  %d\t%s\t%s", v.Index, v.Type, v.Data)
	}
	for _, s := range r.Steps {
		line(w, "  by %s: %s", s.Server, s.Said)
	}
}
