package flow

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "check", Args: "FILE", Help: "everything that is wrong with a procedure (YAML or SCXML); exit 1 when something keeps it from being accepted", Bind: checkVerb},
		{Name: "simulate", Args: "FILE", Help: "the configuration of a procedure after each event", Bind: simulateVerb},
		{Name: "accept", Args: "FILE", Help: "put a procedure in force", Bind: acceptVerb},
		{Name: "due", Help: "when a limit ends by the official calendar", Bind: dueVerb},
		{Name: "calendar", Args: "FILE", Help: "put a calendar of working days in force; open dues are computed again", Bind: calendarVerb},
		{Name: "inbox", Help: "tasks, the most urgent first", Bind: inboxVerb},
		{Name: "cases", Help: "cases, the newest first", Bind: casesVerb},
		{Name: "case", Args: "ID", Help: "a case: where it stands, what may happen, what has happened", Bind: caseVerb},
		{Name: "send", Args: "ID EVENT", Help: "let something happen to a case", Bind: sendVerb},
		{Name: "verify", Help: "follow the log's hashes and replay every case; exit 1 when something is broken", Bind: verifyVerb},
		{Name: "export", Help: "the handling of cases for process mining (--xes, --ocel), CloudEvents, deadlines as iCalendar, a procedure as SCXML", Bind: exportVerb},
	}
}

// file reads the one file that a verb is about.
func file(c module.Call) (name, text string, err error) {
	if len(c.Args) != 1 {
		return "", "", fault.New(fault.Invalid, "%d arguments were given; this verb takes the name of one file", len(c.Args))
	}
	b, err := os.ReadFile(c.Args[0])
	if err != nil {
		return "", "", fault.New(fault.Invalid, "file %s cannot be read: %v", c.Args[0], err)
	}
	return c.Args[0], string(b), nil
}

type textBody struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func checkVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "en", "language of the findings: zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		name, text, err := file(c)
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var all []pack.Finding
		if err := api.Do(ctx, http.MethodPost, "/flow/procedures/check", textBody{name, text}, &all); err != nil {
			return err
		}
		if c.JSON {
			if err := c.PrintJSON(all); err != nil {
				return err
			}
		} else if err := printFindings(c, all, *lang); err != nil {
			return err
		}
		if errorsOf(all) != nil {
			return module.ErrFound
		}
		return nil
	}
}

func printFindings(c module.Call, all []pack.Finding, lang string) error {
	for _, f := range all {
		if lang != web.EN && f.ZH != "" {
			f.Text = f.ZH
		}
		if _, err := fmt.Fprintln(c.Out, f); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(c.Out, "nothing is wrong with it")
		return err
	}
	return nil
}

func simulateVerb(flags *flag.FlagSet) module.Run {
	events := flags.String("events", "", `file with the events: ["name", {"event": "name", "data": {...}}, ...]`)
	fields := flags.String("fields", "", "what the case begins with, as JSON")
	return func(ctx context.Context, c module.Call) error {
		name, text, err := file(c)
		if err != nil {
			return err
		}
		body := map[string]any{"name": name, "text": text}
		if body["events"], err = simulatedEvents(*events); err != nil {
			return err
		}
		if *fields != "" {
			if !json.Valid([]byte(*fields)) {
				return fault.New(fault.Invalid, `--fields %q is not JSON; give for example {"unit": "500112"}`, *fields)
			}
			body["data"] = json.RawMessage(*fields)
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var all Simulation
		if err := api.Do(ctx, http.MethodPost, "/flow/procedures/simulate", body, &all); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		return printSteps(c.Out, all)
	}
}

// simulatedEvents reads a file of events; no name gives none.
func simulatedEvents(name string) ([]SimulatedEvent, error) {
	list := []SimulatedEvent{}
	if name == "" {
		return list, nil
	}
	b, err := os.ReadFile(name) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fault.New(fault.Invalid, "--events %s cannot be read: %v", name, err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fault.New(fault.Invalid, `--events %s is no list of events: %v; give ["name", {"event": "name", "data": {}}]`, name, err)
	}
	return list, nil
}

// printSteps prints the configuration after each event, as JSON, one a line.
func printSteps(out io.Writer, all Simulation) error {
	for _, step := range all.Steps {
		line, err := json.Marshal(step.Active)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func acceptVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		name, text, err := file(c)
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var v Version
		if err := api.Do(ctx, http.MethodPost, "/flow/procedures", textBody{name, text}, &v); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(v)
		}
		_, err = fmt.Fprintf(c.Out, "procedure %s is in force, version %s\n", v.ID, v.Digest)
		return err
	}
}

func calendarVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		name, text, err := file(c)
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		if err := api.Do(ctx, http.MethodPut, "/flow/calendar", textBody{name, text}, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Out, "the calendar is in force; open dues have been computed again")
		return err
	}
}

func dueVerb(flags *flag.FlagSet) module.Run {
	start := flags.String("start", "", "the day on which the clock starts (2026-02-10); it is not counted")
	working := flags.Int("working-days", 0, "limit in working days")
	natural := flags.Int("natural-days", 0, "limit in natural days")
	return func(ctx context.Context, c module.Call) error {
		unit, limit := "working-day", *working
		switch {
		case *working == 0 && *natural > 0:
			unit, limit = "natural-day", *natural
		case *natural != 0 || *working == 0:
			return fault.New(fault.Invalid, "give one of --working-days and --natural-days")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var due Due
		if err := api.Get(ctx, "/flow/due", module.Query("start", *start, "unit", unit, "limit", strconv.Itoa(limit)), &due); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(due)
		}
		_, err = fmt.Fprintln(c.Out, due.Due)
		return err
	}
}

func inboxVerb(flags *flag.FlagSet) module.Run {
	unit := flags.String("unit", "", "tasks of this unit and all below it, in place of one's own")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var box Inbox
		if err := api.Get(ctx, "/flow/inbox", module.Query("unit", *unit), &box); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(box)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, it := range box.Items {
			due := "-"
			if !it.Due.IsZero() {
				due = it.Due.Format("2006-01-02")
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", it.Light, due, it.Do.In(*lang), it.Case.Title.In(*lang), it.Case.Number, it.Task) // Flush reports
		}
		return w.Flush()
	}
}

func casesVerb(flags *flag.FlagSet) module.Run {
	procedure := flags.String("procedure", "", "of this procedure alone")
	subject := flags.String("subject", "", "about this alone")
	open := flags.Bool("open", false, "leave closed ones out")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var all web.List[Case]
		if err := api.Get(ctx, "/flow/cases", module.Query("procedure", *procedure, "subject", *subject, "open", strconv.FormatBool(*open)), &all); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, k := range all.Items {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Light, k.Number, k.Title.In(*lang), strings.Join(k.State.Active, " "), k.ID) // Flush reports
		}
		return w.Flush()
	}
}

// escaped is an id as a part of a path.
func escaped(id string) string { return "/flow/cases/" + url.PathEscape(id) }
