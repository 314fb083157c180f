package flow

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
)

func caseVerb(flags *flag.FlagSet) module.Run {
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 1 {
			return fault.New(fault.Invalid, "give the id of one case")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var k wholeCase
		for path, into := range map[string]any{"": &k.Case, "/possible": &k.Possible, "/events": &k.Events} {
			if err := api.Get(ctx, escaped(c.Args[0])+path, nil, into); err != nil {
				return err
			}
		}
		if c.JSON {
			return c.PrintJSON(k)
		}
		_, err = io.WriteString(c.Out, k.text(*lang))
		return err
	}
}

// wholeCase is what the verb case prints.
type wholeCase struct {
	Case     Case        `json:"case"`
	Possible []Possible  `json:"possible"`
	Events   []Happening `json:"events"`
}

func (k wholeCase) text(lang string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s  [%s]\n", k.Case.Number, k.Case.Title.In(lang), strings.Join(k.Case.State.Active, " "), k.Case.Light)
	for _, p := range k.Possible {
		fmt.Fprintf(&b, "  -> %s  %s  (%s)\n", p.Event, pack.Text{ZH: p.ZH, EN: p.EN}.In(lang), p.For)
	}
	for _, e := range k.Events {
		fmt.Fprintf(&b, "%4d  %s  %s  %s\n", e.N, e.At.Format("2006-01-02 15:04"), e.By, e.Name)
	}
	return b.String()
}

func sendVerb(flags *flag.FlagSet) module.Run {
	data := flags.String("form", "", "what the event's form asks for, as JSON")
	key := flags.String("key", "", "idempotency key: sent again with the same, it is carried out once")
	return func(ctx context.Context, c module.Call) error {
		if len(c.Args) != 2 {
			return fault.New(fault.Invalid, "give the id of a case and the name of an event")
		}
		body := map[string]any{"event": c.Args[1]}
		if *data != "" {
			if !json.Valid([]byte(*data)) {
				return fault.New(fault.Invalid, `--form %q is not JSON; give for example {"text": "..."}`, *data)
			}
			body["data"] = json.RawMessage(*data)
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		if *key != "" {
			api.Key = *key
		}
		var k Case
		if err := api.Do(ctx, http.MethodPost, escaped(c.Args[0])+"/events", body, &k); err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(k)
		}
		_, err = fmt.Fprintf(c.Out, "%s  %s\n", k.Number, strings.Join(k.State.Active, " "))
		return err
	}
}

func verifyVerb(*flag.FlagSet) module.Run {
	return func(ctx context.Context, c module.Call) error {
		api, err := c.API()
		if err != nil {
			return err
		}
		var a Audited
		if err := api.Get(ctx, "/flow/audit", nil, &a); err != nil {
			return err
		}
		if c.JSON {
			if err := c.PrintJSON(a); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintf(c.Out, "%d events, %d cases replayed, head %s\n%s", a.Events, a.Cases, a.Head, a.Broken); err != nil {
			return err
		}
		if a.Broken != "" {
			return module.ErrFound
		}
		return nil
	}
}

func exportVerb(flags *flag.FlagSet) module.Run {
	asXES := flags.Bool("xes", false, "as XES (IEEE 1849), for process mining")
	asOCEL := flags.Bool("ocel", false, "as OCEL 2.0, for object-centric process mining")
	asEvents := flags.Bool("cloudevents", false, "as a batch of CloudEvents")
	asSCXML := flags.String("scxml", "", "a procedure as a statechart in SCXML, by its id or digest")
	asICS := flags.Bool("ical", false, "one's own deadlines as iCalendar")
	procedure := flags.String("procedure", "", "with --xes or --ocel: of this procedure alone")
	after := flags.String("after", "", "with --cloudevents: those after this sequence")
	return func(ctx context.Context, c module.Call) error {
		path, chosen := "", 0
		for p, yes := range map[string]bool{"/flow/export.xes": *asXES, "/flow/export.ocel": *asOCEL, "/flow/events": *asEvents, "/flow/deadlines.ics": *asICS} {
			if yes {
				path, chosen = p, chosen+1
			}
		}
		if *asSCXML != "" {
			path, chosen = "/flow/procedures/"+url.PathEscape(*asSCXML)+"/scxml", chosen+1
		}
		if chosen != 1 {
			return fault.New(fault.Invalid, "give one of --xes, --ocel, --cloudevents, --ical and --scxml PROCEDURE")
		}
		api, err := c.API()
		if err != nil {
			return err
		}
		var text []byte
		if err := api.Get(ctx, path, module.Query("procedure", *procedure, "after", *after), &text); err != nil {
			return err
		}
		_, err = c.Out.Write(text)
		return err
	}
}
