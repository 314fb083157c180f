package collection

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
)

func verbs() []module.Verb {
	return []module.Verb{
		{Name: "due", Help: "requests for numbers under way, the most urgent first", Bind: dueVerb},
		{Name: "calendar", Help: "what is due from whom", Bind: calendarVerb},
		{Name: "open", Help: "open every request whose period has ended", Bind: openVerb},
		{Name: "show", Args: "ID", Help: "a request as its form", Bind: showVerb},
		{Name: "fill", Args: "ID INDICATOR[@PLACE]=VALUE…", Help: "fill in numbers; with --submit hand them in", Bind: fillVerb},
		{Name: "act", Args: "ID EVENT", Help: "pass, approve, return, recall or withdraw a request", Bind: actVerb},
		{Name: "revise", Args: "ID WHY", Help: "correct what was published, in a new round", Bind: reviseVerb},
		{Name: "ask", Args: "INDICATOR…", Help: "ask for numbers by hand; those that are held are refused", Bind: askVerb},
		{Name: "dups", Help: "which fields of forms need not be asked for: reads a JSON list of forms", Bind: dupsVerb},
		{Name: "burden", Help: "what asking for numbers has cost", Bind: burdenVerb},
		{Name: "checks", Help: "tests for gaming on the collected numbers", Bind: checksVerb},
	}
}

// call is one call of the API.
type call struct {
	method, path string
	in           any // its body; nil for none
}

// do calls the API and prints its answer: as JSON, or by show in lines of columns.
func do[T any](ctx context.Context, c module.Call, to call, show func(T, func(...any))) error {
	api, err := c.API()
	if err != nil {
		return err
	}
	var out T
	if err := api.Do(ctx, to.method, to.path, to.in, &out); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(out)
	}
	w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
	show(out, func(cells ...any) {
		for i, x := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t") // Flush reports
			}
			_, _ = fmt.Fprint(w, x) // Flush reports
		}
		_, _ = fmt.Fprintln(w) // Flush reports
	})
	return w.Flush()
}

// get is do for reading.
func get[T any](ctx context.Context, c module.Call, path string, q url.Values, show func(T, func(...any))) error {
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return do(ctx, c, call{http.MethodGet, path, nil}, show)
}

func printRequest(r Request, line func(...any)) {
	line(r.ID, r.Number, r.Stage, r.Unit, r.Period, r.DueOn)
}

func dueVerb(flags *flag.FlagSet) module.Run {
	stage := flags.String("stage", "", "those under way when empty; all, asked, returned, checking, approving, published")
	unit := flags.String("unit", "", "unit that fills in")
	mine := flags.String("mine", "", "fill, check or approve: those that I may do that with now")
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/collection/requests", module.Query("stage", *stage, "unit", *unit, "mine", *mine), func(all []Request, line func(...any)) {
			for _, r := range all {
				line(r.ID, r.Light, r.Stage, r.Unit, r.Period, r.DueOn, r.Title.ZH)
			}
		})
	}
}

func calendarVerb(flags *flag.FlagSet) module.Run {
	from := flags.String("from", "", "first day")
	to := flags.String("to", "", "last day")
	unit := flags.String("unit", "", "unit that fills in")
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/collection/calendar", module.Query("from", *from, "to", *to, "unit", *unit), func(all []Due, line func(...any)) {
			for _, d := range all {
				line(d.Asked, d.Unit, d.Indicator, d.Place, d.Period, d.Days, d.State, d.Case)
			}
		})
	}
}

func openVerb(flags *flag.FlagSet) module.Run {
	asOf := flags.String("as-of", "", "date that it is about; today when empty")
	return func(ctx context.Context, c module.Call) error {
		path := "/collection/openings"
		if *asOf != "" {
			path += "?as_of=" + url.QueryEscape(*asOf)
		}
		return do(ctx, c, call{http.MethodPost, path, nil}, func(o Opening, line func(...any)) {
			line(o.Date, fmt.Sprintf("%d requests opened, %d numbers held already", len(o.Opened), o.Spared))
			for _, id := range o.Opened {
				line(id)
			}
		})
	}
}

func showVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "show takes one id; yuzhou collection due prints them")
		}
		return get(ctx, c, "/collection/requests/"+url.PathEscape(c.Args[0]), nil, func(v FormView, line func(...any)) {
			line(v.Request.Number, v.Request.Title.In(*lang), v.Request.StageName.In(*lang), v.Request.DueOn)
			for _, r := range v.Rows {
				last := ""
				if r.Last != nil {
					last = r.Last.Printed + " (" + r.Last.Period + ")"
				}
				line(r.Indicator, r.Place, r.Name.In(*lang), r.Reported, r.Value, r.Measure, last, r.Note)
			}
			for _, f := range v.Findings {
				line(f.Severity, f.Indicator, f.Place, f.Text.In(*lang))
			}
			for _, h := range v.Held {
				line(h.Kind, h.Indicator, h.Place, h.Where)
			}
		})
	}
}

func fillVerb(flags *flag.FlagSet) module.Run {
	note := flags.String("note", "", "explanation of all the numbers given")
	submit := flags.Bool("submit", false, "hand the form in")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) < 2 {
			return fault.New(fault.Invalid, "fill takes an id and numbers, such as st.hte=6401 or st.hte@500103=320")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		path := "/collection/requests/" + url.PathEscape(c.Args[0])
		var v FormView
		if err := api.Get(ctx, path, nil, &v); err != nil {
			return err
		}
		in := Typed{Values: v.entries()}
		for _, arg := range c.Args[1:] {
			if err := set(in.Values, arg, *note); err != nil {
				return err
			}
		}
		if *submit {
			return do(ctx, c, call{http.MethodPost, path + "/submission", in}, printRequest)
		}
		return do(ctx, c, call{http.MethodPut, path + "/draft", in}, printDraft)
	}
}

func printDraft(v FormView, line func(...any)) {
	line("saved", v.Saved, fmt.Sprintf("%d findings", len(v.Findings)))
	for _, f := range v.Findings {
		line(f.Severity, f.Indicator, f.Place, f.Text.EN)
	}
}

// set puts one INDICATOR[@PLACE]=VALUE into the entries. Without a place it is the
// only one that is asked for.
func set(entries []Entry, arg, note string) error {
	key, value, ok := strings.Cut(arg, "=")
	indicator, place, placed := strings.Cut(key, "@")
	found := -1
	for i, e := range entries {
		if e.Indicator == indicator && (!placed || e.Place == place) {
			if found >= 0 {
				return fault.New(fault.Invalid, "%s is asked for in several places; write %s@%s=…", indicator, indicator, e.Place)
			}
			found = i
		}
	}
	if !ok || found < 0 {
		return fault.New(fault.Invalid, "%q names no number that is asked for; write INDICATOR=VALUE or INDICATOR@PLACE=VALUE", arg)
	}
	entries[found].Value = value
	if note != "" {
		entries[found].Note = note
	}
	return nil
}

func actVerb(flags *flag.FlagSet) module.Run {
	data := flags.String("form", "", `what the step asks for, as JSON: {"reason": "wrong", "text": "…"}`)
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "act takes an id and an event: pass, approve, return, recall or withdraw")
		}
		step := Step{Event: c.Args[1]}
		if *data != "" {
			if err := json.Unmarshal([]byte(*data), &step.Data); err != nil {
				return fault.New(fault.Invalid, "data is not a JSON object: %v", err)
			}
		}
		return do(ctx, c, call{http.MethodPost, "/collection/requests/" + url.PathEscape(c.Args[0]) + "/steps", step}, printRequest)
	}
}

func reviseVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "revise takes an id and, in quotes, why")
		}
		return do(ctx, c, call{http.MethodPost, "/collection/requests/" + url.PathEscape(c.Args[0]) + "/revisions", map[string]string{"why": c.Args[1]}}, printRequest)
	}
}

func askVerb(flags *flag.FlagSet) module.Run {
	var in Asking
	flags.StringVar(&in.Title, "title", "", "in a few words")
	flags.StringVar(&in.Unit, "unit", "", "unit that is to fill in")
	flags.StringVar(&in.Asker, "asker", "", "unit that asks")
	flags.StringVar(&in.Period, "period", "", "such as 2023-06")
	flags.StringVar(&in.Basis, "basis", "", "legal basis")
	flags.IntVar(&in.Days, "days", 5, "working days, at least 3")
	places := flags.String("places", "", "whose numbers, separated by commas; the city when empty")
	return func(ctx context.Context, c module.Call) error {
		in.Indicators = c.Args
		if *places != "" {
			in.Places = strings.Split(*places, ",")
		}
		return do(ctx, c, call{http.MethodPost, "/collection/asks", in}, func(o Opened, line func(...any)) {
			line(o.Case, fmt.Sprintf("%d numbers asked for, %d held already", len(o.Plan.Cells), len(o.Plan.Held)))
			for _, h := range o.Plan.Held {
				line(h.Kind, h.Indicator, h.Place, h.Where)
			}
		})
	}
}

func dupsVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		var forms []Form
		if err := json.NewDecoder(c.In).Decode(&forms); err != nil {
			return fault.New(fault.Invalid, "dups reads a JSON list of forms from its input: %v", err)
		}
		return do(ctx, c, call{http.MethodPost, "/collection/forms", forms}, func(s Screened, line func(...any)) {
			for _, d := range s.Duplicates {
				line(d.Form, d.Field, d.Name, d.Kind, d.Indicator, d.Place, d.Period, d.Where)
			}
			line(fmt.Sprintf("%d of %d fields in %d forms need not be asked for", len(s.Duplicates), s.Fields, s.Forms))
		})
	}
}

func burdenVerb(flags *flag.FlagSet) module.Run {
	from := flags.String("from", "", "first day; the start of the year when empty")
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/collection/burden", module.Query("from", *from), func(b Burden, line func(...any)) {
			line("unit", "requests", "numbers", "minutes", "measured", "held", "spared")
			for _, l := range append(b.Units, b.Total) {
				line(l.Unit, l.Requests, l.Numbers, plain(l.Minutes), plain(l.Measured), l.Held, plain(l.Spared))
			}
		})
	}
}

func checksVerb(flags *flag.FlagSet) module.Run {
	indicator := flags.String("indicator", "", "one indicator; all collected ones when empty")
	place := flags.String("place", "", "one place")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		return get(ctx, c, "/collection/checks", module.Query("indicator", *indicator, "place", *place), func(k Checks, line func(...any)) {
			for _, t := range k.Tests {
				line(t.Test, t.Verdict, t.N, t.Text.In(*lang))
			}
		})
	}
}
