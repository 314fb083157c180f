package evaluation

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "list", Help: "published scoring rules", Bind: listVerb},
		{Name: "score", Args: "SCHEME", Help: "scores of all units by a rule, by group and code", Bind: scoreVerb},
		{Name: "explain", Args: "SCHEME UNIT", Help: "a unit's score down to the numbers", Bind: explainVerb},
	}
}

// demo is the flag that asks for generated numbers.
func demo(flags *flag.FlagSet) *bool {
	return flags.Bool("demo", false, "with numbers generated to show how the rule works")
}

// wanted makes the query of a date and of generated numbers.
func wanted(asOf string, generated bool) url.Values { //nolint:revive // a value of the query, no switch
	q := module.Query("as_of", asOf)
	if generated {
		q.Set("demo", "true")
	}
	return q
}

func listVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	asOf := flags.String("as-of", "", "what was known by this date")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var all []Scheme
		if err := api.Get(ctx, "/evaluation", wanted(*asOf, false), &all); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, s := range all {
			_, _ = fmt.Fprintf(w, "%s\tv%d\t%s\n", s.ID, s.Version, s.In(*lang)) // Flush reports
		}
		return w.Flush()
	}
}

// points prints a score; what has none is a dash.
func points(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *v)
}

func scoreVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	asOf := flags.String("as-of", "", "what was known by this date")
	generated := demo(flags)
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "one scheme is wanted, %d are given", len(c.Args))
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var e Evaluation
		if err := api.Get(ctx, "/evaluation/"+url.PathEscape(c.Args[0]), wanted(*asOf, *generated), &e); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(e)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, r := range e.Results {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%.0f%%\t%s\n", r.Group, r.Unit, points(r.Score), r.Covered, r.Why.In(*lang)) // Flush reports
		}
		if e.Demo {
			_, _ = fmt.Fprintln(w, "demonstration: generated numbers")
		}
		return w.Flush()
	}
}

func explainVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	asOf := flags.String("as-of", "", "what was known by this date")
	generated := demo(flags)
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "a scheme and a unit are wanted, %d are given", len(c.Args))
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var r Result
		if err := api.Get(ctx, "/evaluation/"+url.PathEscape(c.Args[0])+"/"+url.PathEscape(c.Args[1]), wanted(*asOf, *generated), &r); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(r)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, x := range r.Parts {
			value, name := "-", ""
			if x.Reading != nil {
				value, name = short(x.Reading.Value), x.Reading.Name
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Indicator, value, points(x.Score), points(x.Points), name, x.Why.In(*lang)) // Flush reports
		}
		_, _ = fmt.Fprintf(w, "total\t\t\t%s\t\t%s\n", points(r.Score), r.Why.In(*lang))
		return w.Flush()
	}
}
