package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
)

// bare returns the modules without a database: enough to list verbs and to read
// packs.
func (p Product) bare() []module.Module {
	host := module.Host{Now: time.Now, Site: web.Site{Zone: time.UTC, Now: time.Now}}
	who := org.New(host)
	evidence := proof.New(host, who, proof.Config{})
	return append([]module.Module{who.Module(), evidence.Module()}, p.Modules(host, who, evidence)...)
}

func (p Product) usage(out io.Writer) error {
	var b strings.Builder
	b.WriteString("yuzhou runs a city's plan.\n\n  yuzhou serve             start the whole product\n" +
		"  yuzhou verify FILE       check the proof of a number: no network, no data\n  yuzhou config            print the settings in force\n  yuzhou version\n\n")
	for _, s := range p.Stories {
		fmt.Fprintf(&b, "  yuzhou %-38s %s\n", strings.Join(s.Command, " "), s.Help)
	}
	for _, m := range p.bare() {
		for _, v := range m.Verbs {
			fmt.Fprintf(&b, "  yuzhou %-38s %s\n", m.Name+" "+v.Name+" "+v.Args, v.Help)
		}
	}
	b.WriteString("\nEvery verb takes --data DIR (made and loaded when new) or --server URL, and --json.\nyuzhou MODULE VERB --help lists its flags.\n")
	_, _ = io.WriteString(out, b.String()) // nowhere to complain to
	return errUsage
}

// verb runs yuzhou MODULE VERB.
func (p Product) verb(ctx context.Context, proc process) error {
	v, err := p.find(proc)
	if err != nil {
		return err
	}
	c := p.configuration()
	flags := newFlags(proc.args[0]+" "+v.Name+" "+v.Args, proc.err)
	asJSON := flags.Bool("json", false, "print what the API answers")
	c.bind(flags)
	run := v.Bind(flags)
	args, err := parse(flags, proc.args[2:])
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return errUsage
	}
	if err := c.fill(proc.env); err != nil {
		return err
	}
	call := module.Call{Args: args, JSON: *asJSON, In: proc.in, Out: proc.out, Server: c.Server, Modules: p.bare()}
	var ct *city
	call.API = func() (*web.Client, error) {
		if c.Server != "" {
			return &web.Client{Base: strings.TrimRight(c.Server, "/"), Token: c.Token, HTTP: http.DefaultClient}, nil
		}
		if ct, err = p.open(ctx, c, logger(proc.err, c.Log)); err != nil {
			return nil, err
		}
		return web.InProcess(ct.router.Handler(ct.who.Identify), actor.System(ct.router.Site.Unit)), nil
	}
	err = run(ctx, call)
	if ct != nil {
		err = errors.Join(err, ct.close(ctx))
	}
	return err
}

func (p Product) find(proc process) (module.Verb, error) {
	var names []string
	for _, m := range p.bare() {
		if m.Name != proc.args[0] {
			continue
		}
		for _, v := range m.Verbs {
			if len(proc.args) > 1 && v.Name == proc.args[1] {
				return v, nil
			}
			names = append(names, v.Name)
		}
		_, _ = fmt.Fprintf(proc.err, "yuzhou: %s has the verbs %s\n", m.Name, strings.Join(names, ", "))
		return module.Verb{}, errUsage
	}
	_, _ = fmt.Fprintf(proc.err, "yuzhou: %q is neither a command nor a module; yuzhou help lists them\n", proc.args[0])
	return module.Verb{}, errUsage
}

// parse reads flags wherever they stand and returns the other arguments.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

// sentence returns what a person should read of an error.
func sentence(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Text
	}
	return err.Error()
}
