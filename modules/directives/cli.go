package directives

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
)

func verbs() []module.Verb {
	return []module.Verb{
		ListVerb("list"),
		{Name: "show", Args: "ID", Help: "a directive with its parts", Bind: showVerb},
		{Name: "open", Args: "TITLE", Help: "open a directive by hand", Bind: openVerb},
		{Name: "act", Args: "ID EVENT", Help: "do on a directive what its procedure offers: sign, split, answer, accept …", Bind: actVerb},
		{Name: "evaluate", Help: "look where every target stands, and open, join or re-open directives", Bind: evaluateVerb},
		{Name: "stocktake", Help: "what a weekly meeting has before it, in ten lines", Bind: stocktakeVerb},
	}
}

// ListVerb lists directives under a name of the caller's: the plan's verbs have it too.
func ListVerb(name string) module.Verb {
	return module.Verb{Name: name, Help: "directives, the most urgent first", Bind: listVerb}
}

func listVerb(flags *flag.FlagSet) module.Run {
	state := flags.String("state", "", "open (when empty), all, or a stage such as review")
	light := flags.String("light", "", "of the clocks: green, yellow, red or black")
	unit := flags.String("unit", "", "unit that supervises, leads or answers too")
	target := flags.String("target", "", "target that they are about, such as T09")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var all []Directive
		if err := api.Get(ctx, "/directives", module.Query("state", *state, "light", *light, "unit", *unit, "target", *target), &all); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, d := range all {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.ID, d.Light, d.Stage, d.Target, d.Lead, d.DueOn, d.Title.In(*lang)) // Flush reports
		}
		return w.Flush()
	}
}

func showVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "show takes one id; yuzhou directives list prints them")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var d Detail
		if err := api.Get(ctx, "/directives/"+url.PathEscape(c.Args[0]), nil, &d); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(d)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, row := range [][2]string{
			{"number", d.Number},
			{"title", d.Title.In(*lang)},
			{"stage", d.Stage + " " + d.StageName.In(*lang)},
			{"due", d.DueOn},
			{"light", d.Light},
			{"office", d.Office},
			{"lead", d.Lead},
			{"target", d.Target},
			{"gap", d.Gap.In(*lang)},
			{"closes on", d.Condition},
			{"evidence", strings.Join(append(d.Evidence, d.Files...), " ")},
			{"in the way", d.Why.In(*lang)},
			{"said", d.Said},
			{"round", fmt.Sprintf("%d %s", d.Round, d.Again.In(*lang))},
			{"parts", fmt.Sprintf("%d answered, %d accepted of %d", d.Answered, d.Accepted, len(d.Parts))},
		} {
			if strings.TrimSpace(row[1]) != "" {
				_, _ = fmt.Fprintf(w, "%s\t%s\n", row[0], row[1]) // Flush reports
			}
		}
		for _, p := range d.PartCases {
			_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", p.ID, p.Unit, p.Stage, p.Light, p.DueOn)
		}
		return w.Flush()
	}
}

func openVerb(flags *flag.FlagSet) module.Run {
	var o Ordered
	flags.StringVar(&o.Lead, "lead", "", "unit that answers for it")
	flags.StringVar(&o.Matter, "matter", "", "what is to be done, at length")
	flags.StringVar(&o.Target, "target", "", "target that it is about, such as T09")
	flags.StringVar(&o.By, "by", "", "date by which it is wanted")
	flags.StringVar(&o.Condition, "condition", "", "path, document (when empty) or a number such as \"st.hte/500101 >=700家\"")
	joint := flags.String("joint", "", "units that answer too, separated by commas")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "open takes one title in quotes")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		o.Title = pack.Text{ZH: c.Args[0], EN: c.Args[0]}
		if *joint != "" {
			o.Joint = strings.Split(*joint, ",")
		}
		var d Directive
		if err := api.Do(ctx, http.MethodPost, "/directives", o, &d); err != nil {
			return err
		}
		return printDirective(c, d)
	}
}

// printDirective prints what became of a directive, in a line.
func printDirective(c module.Call, d Directive) error {
	if c.JSON {
		return c.PrintJSON(d)
	}
	_, err := fmt.Fprintf(c.Out, "%s %s %s %s\n", d.ID, d.Number, d.Stage, d.Lead)
	return err
}

func actVerb(flags *flag.FlagSet) module.Run {
	form := flags.String("form", "", `what the step asks for, as JSON: {"text": "…", "units": ["500101"]}`)
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "act takes an id and an event, such as sign")
		}
		step := Step{Event: c.Args[1]}
		if *form != "" {
			if err := json.Unmarshal([]byte(*form), &step.Data); err != nil {
				return fault.New(fault.Invalid, "form is not a JSON object: %v", err)
			}
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var d Directive
		if err := api.Do(ctx, http.MethodPost, "/directives/"+url.PathEscape(c.Args[0])+"/steps", step, &d); err != nil {
			return err
		}
		return printDirective(c, d)
	}
}

func evaluateVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "date that it is about; today when empty")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		path := "/directives/evaluations"
		if *asOf != "" {
			path += "?as_of=" + url.QueryEscape(*asOf)
		}
		var e Evaluation
		if err := api.Do(ctx, http.MethodPost, path, nil, &e); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(e)
		}
		_, err = fmt.Fprintf(c.Out, "%s: %d targets; opened %v, joined %v, for review %v, opened again %v\n", e.Date, e.Targets, e.Opened, e.Joined, e.Reached, e.Reopened)
		return err
	}
}

func stocktakeVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "date of the meeting; today when empty")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var a Agenda
		if err := api.Get(ctx, "/directives/stocktake", module.Query("as_of", *asOf), &a); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(a)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, l := range a.Lines {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Why, l.Name.In(*lang), l.Changed.In(*lang), l.Who, l.Owes.In(*lang), l.DueOn) // Flush reports
		}
		_, _ = fmt.Fprintf(w, "%d under way, %d late, %d closed, %d further lines\n", a.Open, a.Late, a.Ended, a.More)
		return w.Flush()
	}
}
