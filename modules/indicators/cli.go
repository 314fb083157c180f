package indicators

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/web"
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "get", Args: "INDICATOR", Help: "numbers of an indicator, as known", Bind: getVerb},
		{Name: "list", Args: "[TEXT]", Help: "definitions whose id or name holds the text", Bind: listVerb},
		{Name: "define", Args: "INDICATOR", Help: "what an indicator counts, and what not", Bind: defineVerb},
		{Name: "explain", Args: "INDICATOR", Help: "how a number came about: formula, inputs, sources", Bind: explainVerb},
		{Name: "import", Args: "FILE", Help: "take in a CSV or XLSX file, all or nothing; exit 1 when a row is refused", Bind: importVerb},
		{Name: "export", Args: "[INDICATOR…]", Help: "numbers as CSV, or XLSX with --out FILE.xlsx", Bind: exportVerb},
		{Name: "withdraw", Args: "NAME", Help: "say that a published number no longer holds and that nothing takes its place", Bind: withdrawVerb},
	}
}

func one(c module.Call, what string) (string, error) {
	if len(c.Args) != 1 {
		return "", fault.New(fault.Invalid, "one %s is wanted, %d are given", what, len(c.Args))
	}
	return c.Args[0], nil
}

func getVerb(flags *flag.FlagSet) module.Run {
	unit := flags.String("unit", "", "code of the place; the city when empty, * for all")
	asOf := flags.String("as-of", "", "only what was known by this date counts (2023-07-11)")
	period := flags.String("period", "", "one period")
	history := flags.Bool("history", false, "every vintage and target")
	return func(ctx context.Context, c module.Call) error {
		id, err := one(c, "indicator")
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		q := url.Values{"indicator": {id}, "unit": {*unit}, "as_of": {*asOf}, "period": {*period}, "limit": {"1000"}}
		if *history {
			q.Set("history", "true")
		}
		all, err := allPages[Datum](ctx, api, "/indicators/observations", q)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, d := range all {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Area, d.Period, d.Printed, d.Status, d.KnownSince[:10], d.Name) // Flush reports
		}
		return w.Flush()
	}
}

// allPages reads all pages of a list.
func allPages[T any](ctx context.Context, api *web.Client, path string, q url.Values) ([]T, error) {
	all := []T{}
	for {
		var l web.List[T]
		if err := api.Get(ctx, path, q, &l); err != nil {
			return nil, err
		}
		all = append(all, l.Items...)
		if l.Next == "" {
			return all, nil
		}
		q.Set("cursor", l.Next)
	}
}

func listVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		all, err := allPages[DefinitionJSON](ctx, api, "/indicators/definitions", url.Values{"q": {strings.Join(c.Args, " ")}, "limit": {"1000"}})
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, d := range all {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.ID, d.ZH, d.EN, d.Nature, d.Unit) // Flush reports
		}
		return w.Flush()
	}
}

func defineVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		id, err := one(c, "indicator")
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var d DefinitionJSON
		if err := api.Get(ctx, "/indicators/definitions/"+url.PathEscape(id), nil, &d); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(d)
		}
		_, err = fmt.Fprintf(c.Out, "%s  %s / %s\n%s\n%s\n%s, in %s, better %s; version %d\n%s\n",
			d.ID, d.ZH, d.EN, d.ConceptZH, d.ConceptEN, d.Nature, d.Unit, d.Direction, d.Version, d.Formula)
		return err
	}
}

func explainVerb(flags *flag.FlagSet) module.Run {
	unit := flags.String("unit", "", "code of the place; the city when empty")
	period := flags.String("period", "", "the period that is asked about")
	asOf := flags.String("as-of", "", "only what was known by this date counts")
	return func(ctx context.Context, c module.Call) error {
		id, err := one(c, "indicator")
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var w Working
		err = api.Get(ctx, "/indicators/workings", url.Values{"indicator": {id}, "unit": {*unit}, "period": {*period}, "as_of": {*asOf}}, &w)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(w)
		}
		return printWorking(c.Out, w, 0)
	}
}

func printWorking(out io.Writer, w Working, depth int) error {
	line := strings.Repeat("  ", depth) + w.Text
	if w.Formula != "" {
		line += "  = " + w.Formula
	}
	if w.Input != nil {
		line += fmt.Sprintf("  [%s %s, %s]", w.Indicator, w.Input.Period, w.Input.Name)
		if s := w.Input.Source; s.Quote != "" {
			line += fmt.Sprintf("  %s %v: %q", s.Document, s.Lines, s.Quote)
		}
	}
	if w.Note != "" {
		line += "  (" + w.Note + ")"
	}
	if _, err := fmt.Fprintln(out, line); err != nil {
		return err
	}
	for _, p := range w.Parts {
		if err := printWorking(out, p, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func importVerb(flags *flag.FlagSet) module.Run {
	dry := flags.Bool("dry-run", false, "only say what would happen")
	partial := flags.Bool("partial", false, "keep the good rows of a file that has bad ones")
	return func(ctx context.Context, c module.Call) error {
		name, err := one(c, "file")
		if err != nil {
			return err
		}
		file, err := os.Open(name) //nolint:gosec // the file that the user names
		if err != nil {
			return fault.New(fault.Invalid, "file %q cannot be opened", name)
		}
		defer file.Close() //nolint:errcheck // read only
		api, err := c.API()
		if err != nil {
			return err
		}
		q := url.Values{"name": {filepath.Base(name)}, "dry_run": {strconv.FormatBool(*dry)}, "partial": {strconv.FormatBool(*partial)}}
		var r Report
		if err := api.Upload(ctx, "/indicators/import?"+q.Encode(), file, &r); err != nil {
			return err
		}
		if c.JSON {
			err = c.PrintJSON(r)
		} else {
			err = printReport(c.Out, r)
		}
		if err == nil && r.Refused > 0 {
			return module.ErrFound
		}
		return err
	}
}

func printReport(out io.Writer, r Report) error {
	var b strings.Builder
	for _, n := range r.Notes {
		fmt.Fprintln(&b, n)
	}
	for _, v := range r.Verdicts {
		fmt.Fprintln(&b, v)
	}
	done := "nothing was changed"
	if r.Done {
		done = fmt.Sprintf("%d new numbers recorded", r.Added)
	}
	fmt.Fprintf(&b, "%d rows: %d right (%d mended), %d refused; %s\n", r.Rows, r.Accepted, r.Mended, r.Refused, done)
	_, err := io.WriteString(out, b.String())
	return err
}

func exportVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "only what was known by this date counts")
	history := flags.Bool("history", false, "every vintage and target")
	to := flags.String("out", "", "file to write, .csv or .xlsx; CSV to standard output when empty")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		path := "/indicators/export.csv"
		if strings.HasSuffix(*to, ".xlsx") {
			path = "/indicators/export.xlsx"
		}
		var raw []byte
		q := url.Values{"indicator": c.Args, "as_of": {*asOf}, "history": {strconv.FormatBool(*history)}}
		if err := api.Get(ctx, path, q, &raw); err != nil {
			return err
		}
		if *to != "" {
			return os.WriteFile(*to, raw, 0o600)
		}
		_, err = c.Out.Write(raw)
		return err
	}
}

func withdrawVerb(flags *flag.FlagSet) module.Run {
	reason := flags.String("reason", "", "why; shown to everybody")
	return func(ctx context.Context, c module.Call) error {
		name, err := one(c, "name")
		if err != nil {
			return err
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var d Datum
		in := map[string]string{"name": name, "reason": *reason}
		if err := api.Do(ctx, http.MethodPost, "/indicators/withdrawals", in, &d); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(d)
		}
		_, err = fmt.Fprintf(c.Out, "%s  %s  %s  %s\n", d.Name, d.Printed, d.Status, d.KnownSince[:10])
		return err
	}
}
