package projects

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "list", Help: "measures, policies and projects, worst light first", Bind: listVerb},
		{Name: "show", Args: "WORK", Help: "one work with its milestones and money", Bind: showVerb},
		{Name: "months", Args: "WORK", Help: "a work month by month: planned and actual", Bind: monthsVerb},
		{Name: "effort", Args: "TARGET", Help: "what works on a target and what it has cost", Bind: effortVerb},
		{Name: "propose", Args: "FILE", Help: "enter a work from JSON (- for standard input); --change to change, close or reopen one", Bind: proposeVerb},
		{Name: "report", Args: "FILE", Help: "hand in a month's report from JSON", Bind: reportVerb},
		{Name: "send", Args: "WORK CASE EVENT", Help: "submit, withdraw, pass, return or approve a change", Bind: sendVerb},
		{Name: "demo", Help: "generate demonstration data, marked as such", Bind: demoVerb},
	}
}

// argument returns the only argument of a verb.
func argument(c module.Call, what string) (string, error) {
	if len(c.Args) != 1 {
		return "", fault.New(fault.Invalid, "one %s is wanted, %d are given", what, len(c.Args))
	}
	return c.Args[0], nil
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

// say prints a line of columns.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // Flush reports

func listVerb(flags *flag.FlagSet) module.Run {
	kind := flags.String("kind", "", "measure, policy or project")
	element := flags.String("element", "", "element or target of the plan")
	light := flags.String("light", "", "red, yellow, cannot_say, green or reached")
	asOf := flags.String("as-of", "", "what was known by this date")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		q := module.Query("kind", *kind, "element", *element, "light", *light, "as_of", *asOf)
		return get(ctx, c, "/projects", q, func(w io.Writer, all []Entry) {
			for _, e := range all {
				mark := ""
				if e.Demo {
					mark = "demo"
				}
				say(w, "%s\t%s\t%s\t%s\t%s\t%s", e.Standing.Light, e.ID, e.Kind, mark, e.In(*lang), e.Standing.Reason.In(*lang))
			}
		})
	}
}

func showVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	asOf := flags.String("as-of", "", "what was known by this date")
	return func(ctx context.Context, c module.Call) error {
		id, err := argument(c, "work")
		if err != nil {
			return err
		}
		return get(ctx, c, "/projects/"+url.PathEscape(id), module.Query("as_of", *asOf), func(w io.Writer, e Entry) {
			say(w, "%s %s v%d\t%s\t%s", e.ID, e.In(*lang), e.Version, e.Standing.Light, e.Standing.Reason.In(*lang))
			for n, m := range e.Milestones {
				say(w, "  %s\t%s\t%s\t%s", e.Lights[n].Light, m.ID, m.In(*lang), e.Lights[n].Reason.In(*lang))
			}
			for _, a := range e.Accounts {
				say(w, "  %d\t%s\t%s", a.Year, a.Budget, a.Spent)
			}
		})
	}
}

func monthsVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "what was known by this date")
	return func(ctx context.Context, c module.Call) error {
		id, err := argument(c, "work")
		if err != nil {
			return err
		}
		percent := func(v *float64) string {
			if v == nil {
				return "-"
			}
			return tidy(*v) + "%"
		}
		return get(ctx, c, "/projects/"+url.PathEscape(id)+"/months", module.Query("as_of", *asOf), func(w io.Writer, all []Row) {
			for _, m := range all {
				light := ""
				switch {
				case m.Missing:
					light = "missing"
				case m.Standing != nil:
					light = string(m.Standing.Light)
				}
				say(w, "%s\t%s\t%s\t%s\t%v\t%v", m.Month, percent(m.Planned), percent(m.Actual), light, m.Due, m.Met)
			}
		})
	}
}

func effortVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	asOf := flags.String("as-of", "", "what was known by this date")
	return func(ctx context.Context, c module.Call) error {
		target, err := argument(c, "target")
		if err != nil {
			return err
		}
		return get(ctx, c, "/projects/effort", module.Query("target", target, "as_of", *asOf), func(w io.Writer, e Effort) {
			for _, p := range e.Parts {
				name := p.Name.ZH
				if *lang == "en" {
					name = p.Name.EN
				}
				say(w, "%s\t%s\t%s\t%s / %s 万元", p.Standing.Light, p.Work, name, p.Spent, p.Budget)
			}
			say(w, "total\t%d\t\t%s / %s 万元", e.Sum.Works, e.Sum.Spent, e.Sum.Budget)
			if e.Demo.Works > 0 {
				say(w, "demonstration\t%d\t\t%s / %s 万元", e.Demo.Works, e.Demo.Spent, e.Demo.Budget)
			}
		})
	}
}

// post sends v to the API and prints the case that it became.
func post(ctx context.Context, c module.Call, path string, v any) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out CaseAnswer
	if err := api.Do(ctx, http.MethodPost, path, v, &out); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	_, err = fmt.Fprintf(c.Out, "%s\t%s\t%v\n", out.Work, out.Case, out.States)
	return err
}

// read reads the JSON that a verb is given.
func read(c module.Call, v any) error {
	name, err := argument(c, "file")
	if err != nil {
		return err
	}
	in := c.In
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the file that the user names
		if err != nil {
			return fault.New(fault.Invalid, "%s cannot be read", name)
		}
		defer f.Close() //nolint:errcheck // only read
		in = f
	}
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault.New(fault.Invalid, "%s is not the JSON that is wanted: %v", name, err)
	}
	return nil
}

func proposeVerb(flags *flag.FlagSet) module.Run {
	change := flags.String("change", Enter, "enter, change, close or reopen")
	return func(ctx context.Context, c module.Call) error {
		var w Work
		if err := read(c, &w); err != nil {
			return err
		}
		if *change == Enter {
			return post(ctx, c, "/projects", w)
		}
		return post(ctx, c, "/projects/"+url.PathEscape(w.ID)+"/changes?change="+url.QueryEscape(*change), w)
	}
}

func reportVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		var r Report
		if err := read(c, &r); err != nil {
			return err
		}
		return post(ctx, c, "/projects/"+url.PathEscape(r.Work)+"/months", r)
	}
}

func sendVerb(flags *flag.FlagSet) module.Run {
	reason := flags.String("reason", "", "of a return: incomplete, unclear, unlinked, evidence or mistaken")
	text := flags.String("text", "", "of a return")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 3 {
			return fault.New(fault.Invalid, "a work, a case and an event are wanted, %d are given", len(c.Args))
		}
		body := map[string]string{"event": c.Args[2]}
		if *reason != "" {
			body["reason"] = *reason
		}
		if *text != "" {
			body["text"] = *text
		}
		return post(ctx, c, "/projects/"+url.PathEscape(c.Args[0])+"/changes/"+url.PathEscape(c.Args[1]), body)
	}
}

func demoVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var out DemoAnswer
		if err := api.Do(ctx, http.MethodPost, "/projects/demo", nil, &out); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(out)
		}
		_, err = fmt.Fprintf(c.Out, "demonstration data: %d works, %d reports\n", out.Works, out.Reports)
		return err
	}
}
