package plan

import (
	"context"
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
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

func (s *Service) verbs() []module.Verb {
	return []module.Verb{
		{Name: "status", Help: "where every target stands, worst first", Bind: statusVerb},
		{Name: "tree", Help: "the plan as a tree", Bind: treeVerb},
		{Name: "check", Args: "[DIR]", Help: "findings in a pack (or in the data); exit 1 when one is an error", Bind: checkVerb},
		{Name: "diff", Args: "FROM TO", Help: "what differs between two versions", Bind: diffVerb},
		{Name: "export", Help: "the plan as StratML Part 2 or JSON", Bind: exportVerb},
		{Name: "import", Args: "FILE", Help: "show what a plan (JSON or StratML) would change; --accept to bring it into force", Bind: importVerb},
		{Name: "decompose", Args: "TARGET", Help: "a target split over years, districts or departments by a named rule", Bind: decomposeVerb},
	}
}

func statusVerb(flags *flag.FlagSet) module.Run {
	at := flags.String("at", "", "date the status is of (2023-07-11); today when empty")
	asOf := flags.String("as-of", "", "only what was known by this date counts")
	path := flags.String("path", "", "put this shape in place of every declared path: linear, geometric or s")
	lang := flags.String("lang", "zh-CN", "language of the reasons: zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var all []TargetStatus
		if err := api.Get(ctx, "/plan/status", module.Query("at", *at, "as_of", *asOf, "path", *path, "lang", *lang), &all); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(all)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
		for _, t := range all {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Light, t.Target, t.Name.In(*lang), t.Reason) // Flush reports
		}
		return w.Flush()
	}
}

func treeVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "the plan in force on this date")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var p Plan
		if err := api.Get(ctx, "/plan", module.Query("as_of", *asOf), &p); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(p)
		}
		return printTree(c.Out, p, *lang)
	}
}

// printTree prints the plan by kind, each element with what stands under it.
func printTree(out io.Writer, p Plan, lang string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s–%s)\n", p.ID, p.In(lang), p.From, p.To)
	line := func(depth int, e Element) {
		fmt.Fprintf(&b, "%s%s %s", strings.Repeat("  ", depth), e.ID, e.In(lang))
		if e.Slot != nil {
			fmt.Fprintf(&b, " ○ %s", e.Slot.In(lang))
		}
		b.WriteString("\n")
		for _, t := range p.TargetsOf(e.ID) {
			fmt.Fprintf(&b, "%s▸ %s %s %s\n", strings.Repeat("  ", depth+1), t.ID, t.Indicator, wanted(t).In(lang))
		}
	}
	for _, kind := range []string{Goal, Position, Objective, Action, Policy, ProjectClass} {
		for _, e := range p.Of(kind) {
			line(1, e)
			if kind != Action {
				continue
			}
			for _, m := range p.Under(e.ID) {
				line(2, m)
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func checkVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "en", "zh-CN or en, where a finding has both")
	return func(ctx context.Context, c module.Call) error {
		findings, err := checked(ctx, c)
		if err != nil {
			return err
		}
		failed := false
		for _, f := range findings {
			failed = failed || f.Severity == pack.Error
		}
		if c.JSON {
			err = c.PrintJSON(findings)
		} else {
			err = printFindings(c.Out, findings, *lang)
		}
		if err == nil && failed {
			return module.ErrFound
		}
		return err
	}
}

// checked returns the findings of the pack directory that is named, else of the data.
func checked(ctx context.Context, c module.Call) ([]pack.Finding, error) {
	if len(c.Args) > 0 {
		if info, err := os.Stat(c.Args[0]); err != nil || !info.IsDir() {
			return nil, fault.New(fault.Invalid, "pack %q is not a directory", c.Args[0])
		}
		pk := pack.Open(os.DirFS(c.Args[0]))
		for _, m := range c.Modules {
			if m.Pack != nil {
				m.Pack(pk)
			}
		}
		return pk.Findings(), nil
	}
	api, err := c.API()
	if err != nil {
		return nil, err
	}
	var out []pack.Finding
	return out, api.Get(ctx, "/plan/check", nil, &out)
}

func printFindings(out io.Writer, findings []pack.Finding, lang string) error {
	n := map[pack.Severity]int{}
	for _, f := range findings {
		n[f.Severity]++
		if lang == "zh-CN" && f.ZH != "" {
			f.Text = f.ZH
		}
		if _, err := fmt.Fprintln(out, f); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%d errors, %d warnings, %d notes\n", n[pack.Error], n[pack.Warning], n[pack.Note])
	return err
}

func diffVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "diff takes two version numbers")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var changes []Change
		if err := api.Get(ctx, "/plan/diff", module.Query("from", c.Args[0], "to", c.Args[1]), &changes); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(changes)
		}
		return printChanges(c.Out, changes)
	}
}

func printChanges(out io.Writer, changes []Change) error {
	for _, ch := range changes {
		text := fmt.Sprintf("%-8s %-10s %s\n", ch.Kind, ch.What, ch.ID)
		if ch.From != "" {
			text += "  - " + ch.From + "\n"
		}
		if ch.To != "" {
			text += "  + " + ch.To + "\n"
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%d changes\n", len(changes))
	return err
}

func importVerb(flags *flag.FlagSet) module.Run {
	accept := flags.Bool("accept", false, "bring the plan into force; without it nothing is changed")
	return func(ctx context.Context, c module.Call) error {
		api, p, notes, err := readPlan(ctx, c)
		if err != nil {
			return err
		}
		var out Proposal
		path := "/plan/versions"
		if *accept {
			path += "?accept=true"
		}
		if err := api.Do(ctx, http.MethodPost, path, p, &out); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(out)
		}
		for _, n := range notes {
			_, _ = fmt.Fprintln(c.Out, "mended:", n) // printChanges reports a broken pipe
		}
		return printChanges(c.Out, out.Changes)
	}
}

// readPlan reads the plan file that a call names, with what was mended in it.
func readPlan(ctx context.Context, c module.Call) (*web.Client, Plan, []string, error) { //nolint:revive // the API, and what was read by it
	if len(c.Args) != 1 {
		return nil, Plan{}, nil, fault.New(fault.Invalid, "import takes one file, JSON or StratML")
	}
	raw, err := os.ReadFile(c.Args[0])
	if err != nil {
		return nil, Plan{}, nil, fault.New(fault.Invalid, "file %q cannot be read", c.Args[0])
	}
	api, err := c.API()
	if err != nil {
		return nil, Plan{}, nil, err
	}
	p, notes, err := parsePlan(ctx, api, raw)
	return api, p, notes, err
}

func exportVerb(flags *flag.FlagSet) module.Run {
	stratML := flags.Bool("stratml", false, "StratML Part 2 (ANSI/AIIM 22:2017) instead of JSON")
	lang := flags.String("lang", "zh-CN", "language of a StratML export: zh-CN or en")
	asOf := flags.String("as-of", "", "the plan in force on this date")
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		path, q := "/plan/export.json", module.Query("as_of", *asOf, "lang", *lang)
		if *stratML {
			path = "/plan/export.xml"
		}
		var raw []byte
		if err := api.Get(ctx, path, q, &raw); err != nil {
			return err
		}
		_, err = c.Out.Write(raw)
		return err
	}
}

func decomposeVerb(flags *flag.FlagSet) module.Run {
	by := flags.String("by", "years", "years, districts or departments")
	rule := flags.String("rule", "", "districts and departments: equal, growth, proportional or capability")
	weight := flags.String("weight", "", "indicator that rule capability goes by")
	among := flags.String("among", "", "codes of the departments, separated by commas")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "decompose takes one target, such as T09; yuzhou plan tree lists them")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var d Decomposition
		if err := api.Get(ctx, "/plan/targets/"+url.PathEscape(c.Args[0])+"/decomposition", module.Query("by", *by, "rule", *rule, "weight", *weight, "among", *among), &d); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(d)
		}
		w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', tabwriter.AlignRight)
		for _, sh := range d.Shares {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%.6g\t%.6g\t\n", sh.Key, sh.ZH, sh.Base, sh.Want) // Flush reports
		}
		return w.Flush()
	}
}
