package proof

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "bundle", Args: "NAME", Help: "write the one file that proves a number (-o FILE, --vintage, --deep)", Bind: bundleVerb},
		{Name: "log", Help: "size, root and checkpoint of the log", Bind: plain(logVerb)},
		{Name: "policy", Help: "by what a verifier knows this city: keep it where you trust it", Bind: plain(policyVerb)},
		{Name: "witness", Help: "the line by which other nodes name this one as a witness", Bind: plain(witnessVerb)},
		{Name: "keys", Help: "the register of keys", Bind: plain(keysVerb)},
		{Name: "rotate", Args: "UNIT", Help: "put a new key of a unit in force (--suite)", Bind: rotateVerb},
		{Name: "revoke", Args: "KEY", Help: "revoke a key from an instant on (--since)", Bind: revokeVerb},
		{Name: "monitor", Help: "follow a log from outside: fork, rollback, what it should not show (--log, --trust, --state)", Bind: monitorVerb},
		{Name: "audit", Help: "read the whole log and name what the data no longer agree with", Bind: plain(auditVerb)},
	}
}

// plain binds a verb without flags.
func plain(run func(context.Context, module.Call, *web.Client) error) func(*flag.FlagSet) module.Run {
	return func(*flag.FlagSet) module.Run {
		return func(ctx context.Context, c module.Call) error {
			api, err := c.API()
			if err != nil {
				return err
			}
			return run(ctx, c, api)
		}
	}
}

func bundleVerb(f *flag.FlagSet) module.Run {
	out := f.String("o", "", "file to write; standard output when empty")
	vintage := f.Int64("vintage", 0, "vintage; the newest when 0")
	deep := f.Bool("deep", false, "with the inputs of inputs, down to what rests on nothing")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "name one number, such as st.hte/500101/2023-06-30")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		name := c.Args[0]
		if *vintage > 0 {
			name = fmt.Sprintf("%s@%d", name, *vintage)
		}
		query := url.Values{}
		if *deep {
			query.Set("deep", "true")
		}
		var file []byte
		if err := api.Get(ctx, "/proof/bundles/"+(&url.URL{Path: name}).EscapedPath(), query, &file); err != nil {
			return err
		}
		if *out == "" {
			_, err = c.Out.Write(file)
			return err
		}
		if err := os.WriteFile(*out, file, 0o644); err != nil { //nolint:gosec // public
			return &fault.Fault{Kind: fault.Invalid, Text: "the file " + *out + " cannot be written", Err: err}
		}
		_, err = fmt.Fprintf(c.Out, "%s: %d bytes; yuzhou verify %s checks it\n", *out, len(file), *out)
		return err
	}
}

func logVerb(ctx context.Context, c module.Call, api *web.Client) error {
	var l LogState
	if err := api.Get(ctx, "/proof/log", nil, &l); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(l)
	}
	_, err := fmt.Fprintf(c.Out, "log      %s\nsize     %d\nroot     %s\nwaiting  %d\nstamped  %s\n%s\n\n%s", l.Origin, l.Size, l.Root, l.Waiting, l.Stamped, l.EN, l.Checkpoint)
	return err
}

func policyVerb(ctx context.Context, c module.Call, api *web.Client) error {
	var text []byte
	if err := api.Get(ctx, "/proof/policy", nil, &text); err != nil {
		return err
	}
	_, err := c.Out.Write(text)
	return err
}

func witnessVerb(ctx context.Context, c module.Call, api *web.Client) error {
	var w WitnessInfo
	if err := api.Get(ctx, "/proof/witness", nil, &w); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(w)
	}
	_, err := fmt.Fprintf(c.Out, "witness %s %s URL%s\n", w.Name, w.VKey, w.Path)
	return err
}

func keysVerb(ctx context.Context, c module.Call, api *web.Client) error {
	var all []KeyInfo
	if err := api.Get(ctx, "/proof/keys", nil, &all); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(all)
	}
	for _, k := range all {
		if err := printKey(c, k); err != nil {
			return err
		}
	}
	return nil
}

func printKey(c module.Call, k KeyInfo) error {
	if c.JSON {
		return c.PrintJSON(k)
	}
	until := k.Until
	if until == "" {
		until = "in force"
	}
	_, err := fmt.Fprintf(c.Out, "%-28s %-15s %s  %s  %s\n", k.Name, k.Suite, k.Since, until, k.Public)
	return err
}

func rotateVerb(f *flag.FlagSet) module.Run {
	suite := f.String("suite", "eddsa-jcs-2022", "eddsa-jcs-2022 or sm2-sm3-jcs; a unit signs with one key of each suite that it has")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "name one unit, such as 500101")
		}
		return changeKey(ctx, c, "/proof/keys", map[string]string{"unit": c.Args[0], "suite": *suite})
	}
}

func revokeVerb(f *flag.FlagSet) module.Run {
	since := f.String("since", "", "from when on its signatures do not count, RFC 3339; now when empty")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "name one key, such as 500101#k1")
		}
		body := map[string]string{"key": c.Args[0]}
		if *since != "" {
			body["since"] = *since
		}
		return changeKey(ctx, c, "/proof/keys/revoke", body)
	}
}

func changeKey(ctx context.Context, c module.Call, path string, body map[string]string) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var k KeyInfo
	if err := api.Do(ctx, http.MethodPost, path, body, &k); err != nil {
		return err
	}
	return printKey(c, k)
}

func auditVerb(ctx context.Context, c module.Call, api *web.Client) error {
	var a Audited
	if err := api.Get(ctx, "/proof/audit", nil, &a); err != nil {
		return err
	}
	if c.JSON {
		if err := c.PrintJSON(a); err != nil {
			return err
		}
	} else if err := printAudit(c, a); err != nil {
		return err
	}
	if len(a.Findings) > 0 {
		return module.ErrFound
	}
	return nil
}

func printAudit(c module.Call, a Audited) error {
	for _, f := range a.Findings {
		if _, err := fmt.Fprintf(c.Out, "%-9s %s\n", f.Kind, f.EN); err != nil {
			return err
		}
		for _, t := range append([]Mark{{f.Name, f.Page}}, f.Touches...) {
			if t.Page == "" && t.Name == f.Name {
				continue
			}
			if _, err := fmt.Fprintf(c.Out, "          touches %s  %s\n", t.Name, t.Page); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(c.Out, "%d entries of the log, %d things of the data and %d records compared, %d waiting, %d findings\n", a.Entries, a.Claims, a.Records, a.Waiting, len(a.Findings))
	return err
}
