package identifiers

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "resolve", Args: "IDENTIFIER", Help: "what an identifier resolves to, here or at the node that has it", Bind: resolveVerb},
		{Name: "stats", Help: "how many identifiers, nodes and enterprises there are, here and below, and how that was checked", Bind: statsVerb},
		{Name: "register", Args: "FILE", Help: "register the identifiers of a CSV, XLSX or XML file (- for standard input)", Bind: registerVerb},
		{Name: "template", Args: "FILE", Help: "keep the next version of a metadata template, from JSON", Bind: templateVerb},
		{Name: "prefix", Args: "list|show|allocate|delegate|host|suspend|resume|reclaim|transfer|quota|keys [PREFIX]", Help: "prefixes: who holds them; ask for one, or for a change of one", Bind: prefixVerb},
	}
}

// prefixFlags are what a change of a prefix may need.
type prefixFlags struct {
	holder, reason, to, under, state string
	udp, tcp, http                   uint
	quota                            int64
	keys                             string
}

func prefixVerb(flags *flag.FlagSet) module.Run {
	var f prefixFlags
	flags.StringVar(&f.holder, "holder", "", "of allocate and transfer: id of a registrant, or a JSON file of a new one (- for standard input)")
	flags.StringVar(&f.reason, "reason", "", "of suspend, reclaim and transfer")
	flags.StringVar(&f.to, "to", "", "of delegate: IP address of the server")
	flags.UintVar(&f.udp, "udp", 2641, "of delegate: its UDP port; 0 for none")
	flags.UintVar(&f.tcp, "tcp", 2641, "of delegate: its TCP port; 0 for none")
	flags.UintVar(&f.http, "http", 0, "of delegate: its HTTP port; 0 for none")
	flags.Int64Var(&f.quota, "quota", 0, "of allocate and quota: identifiers at most; 0 for no limit")
	flags.StringVar(&f.keys, "keys", "", "of allocate, transfer and keys: file of the holder's public keys, PEM or a JWK a line")
	flags.StringVar(&f.under, "under", "", "of list: prefixes below this one")
	flags.StringVar(&f.state, "state", "", "of list: hosted, delegated, suspended or reclaimed")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) == 0 {
			return fault.New(fault.Invalid, "say what: list, show, allocate, delegate, host, suspend, resume, reclaim, transfer, quota or keys")
		}
		action, name := c.Args[0], strings.Join(c.Args[1:], " ")
		switch action {
		case "list":
			return listPrefixes(ctx, c, f)
		case "show":
			return showPrefix(ctx, c, name)
		}
		change, err := f.change(c, action, name)
		if err != nil {
			return err
		}
		return postChange(ctx, c, change)
	}
}

// change makes a change of the flags; whether it can be, the API says.
func (f prefixFlags) change(c module.Call, action, name string) (Change, error) {
	out := Change{Change: action, Prefix: name, Quota: f.quota, Reason: f.reason}
	if f.keys != "" {
		text, err := os.ReadFile(f.keys)
		if err != nil {
			return out, fault.New(fault.Invalid, "file %s cannot be read: %v", f.keys, err)
		}
		out.Keys = splitKeys(string(text))
	}
	if f.to != "" {
		server := Server{Address: f.to}
		for _, p := range []struct {
			flag uint
			into *uint16
		}{{f.udp, &server.UDP}, {f.tcp, &server.TCP}, {f.http, &server.HTTP}} {
			if p.flag > 65535 {
				return out, fault.New(fault.Invalid, "port %d is above 65535", p.flag)
			}
			*p.into = uint16(p.flag)
		}
		out.Route = []Server{server}
	}
	if f.holder == "-" || strings.HasSuffix(f.holder, ".json") {
		out.Registrant = &Registrant{}
		return out, readJSON(c, f.holder, out.Registrant)
	}
	out.Holder = f.holder
	return out, nil
}

// readJSON reads a file, or standard input, into v; a field that is not known is told.
func readJSON(c module.Call, name string, v any) error {
	in := c.In
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the file that the user names
		if err != nil {
			return fault.New(fault.Invalid, "file %s cannot be read: %v", name, err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault.New(fault.Invalid, "file %s is not what is wanted: %v", name, err)
	}
	return nil
}

func postChange(ctx context.Context, c module.Call, change Change) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out CaseAnswer
	if err := api.Do(ctx, http.MethodPost, "/identifiers/prefixes", change, &out); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	_, err = fmt.Fprintf(c.Out, "case %s: %s of prefix %s, now %s\n", out.Number, out.Change, out.Prefix, strings.Join(out.States, ", "))
	return err
}

// get asks the API for a T and prints it as JSON or by text.
func get[T any](ctx context.Context, c module.Call, path string, q url.Values, text func(io.Writer, T)) error {
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
	text(w, out)
	return w.Flush() // reports what a line could not write
}

// line prints a line of columns.
func line(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // Flush reports

func listPrefixes(ctx context.Context, c module.Call, f prefixFlags) error {
	return get(ctx, c, "/identifiers/prefixes", module.Query("under", f.under, "state", f.state, "limit", "1000"), func(w io.Writer, all []Held) {
		for _, h := range all {
			mark := ""
			if h.Demo {
				mark = "demo"
			}
			line(w, "%s\t%s\t%s\t%s", h.Prefix.Prefix, h.State, h.Holder.ZH, mark)
		}
	})
}

func showPrefix(ctx context.Context, c module.Call, name string) error {
	return get(ctx, c, "/identifiers/prefixes/"+url.PathEscape(name), nil, func(w io.Writer, p PrefixAnswer) {
		line(w, "%s\t%s\t%s", p.Prefix.Prefix, p.State, p.Holder.ZH)
		for _, r := range p.Route {
			line(w, "  at\t%s\tudp %d tcp %d http %d", r.Address, r.UDP, r.TCP, r.HTTP)
		}
		for _, v := range p.Versions {
			line(w, "  v%d\t%s\t%s\t%s", v.Version, v.Change, v.State, v.Since.Format("2006-01-02 15:04"))
		}
	})
}
