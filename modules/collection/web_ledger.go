package collection

import (
	"net/http"
	"time"

	"yuzhou/kernel/web"
)

// burdenView is the ledger of burden as a page.
type burdenView struct {
	Burden
	UnitRows  []loadRow
	AskerRows []loadRow
	Lines     []ledgerRow
	Demo      bool
}

// loadRow is the sums of a unit, with numbers as people read them.
type loadRow struct {
	Name                                              string
	Requests, Numbers, Timed, Held, Refused, Baseless int
	Minutes, Measured, Spared                         string
}

// ledgerRow is a line of the ledger.
type ledgerRow struct {
	Day, Title, Period, Asker, Unit, Basis, Kind, Href string
	Numbers                                            int
	Minutes, Measured                                  string
	Held                                               []heldRow
}

func loads(sh *web.Shell, all []Load) []loadRow {
	var out []loadRow
	for _, l := range all {
		out = append(out, loadOf(sh, l))
	}
	return out
}

func loadOf(sh *web.Shell, l Load) loadRow {
	return loadRow{sh.In(l.Name), l.Requests, l.Numbers, l.Timed, l.Held, l.Refused, l.Baseless, web.Number(l.Minutes, 0), web.Number(l.Measured, 0), web.Number(l.Spared, 0)}
}

func (s *Service) showBurden(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	from, err := s.since(r.URL.Query().Get("from"))
	if err != nil {
		return err
	}
	b, err := s.Burden(ctx, from)
	if err != nil {
		return err
	}
	v := burdenView{Burden: b, UnitRows: loads(sh, b.Units), AskerRows: loads(sh, b.Askers), Demo: sh.Demo}
	for _, e := range b.Entries {
		row := ledgerRow{
			Day: e.At.In(s.site.Zone).Format(time.DateOnly), Title: sh.In(e.Title), Period: e.Period, Asker: sh.In(s.unitName(ctx, e.Asker)), Unit: sh.In(s.unitName(ctx, e.Unit)),
			Basis: e.Basis, Kind: "kind." + e.Kind, Numbers: e.Numbers, Minutes: web.Number(e.Minutes, 0), Measured: web.Number(e.Measured, 0),
		}
		if e.Case != "" {
			row.Href = "/collection/" + e.Case
		}
		for _, h := range e.Held {
			row.Held = append(row.Held, heldRow{Name: h.Indicator, Kind: h.Kind, Text: h.Where, Href: h.Href})
		}
		v.Lines = append(v.Lines, row)
	}
	return burdenPage.Render(w, r, v)
}

// Sum is the sums of all, with numbers as people read them.
func (v burdenView) Sum() loadRow {
	return loadRow{
		Requests: v.Total.Requests, Numbers: v.Total.Numbers, Timed: v.Total.Timed, Held: v.Total.Held, Refused: v.Total.Refused, Baseless: v.Total.Baseless,
		Minutes: web.Number(v.Total.Minutes, 0), Measured: web.Number(v.Total.Measured, 0), Spared: web.Number(v.Total.Spared, 0),
	}
}

// checksView is the tests for gaming as a page.
type checksView struct {
	Checks
	Rows       []testRow
	Indicators []choice
	Notable    int
	Silent     int
	Demo       bool
}

type choice struct {
	Key, Name string
	Chosen    bool
}

// testRow is one test as the page says it.
type testRow struct {
	Name, About string // keys of the wordings
	Lit         Lit
	Text        string
	N           int
	Instances   []instanceRow
	More        int
}

type instanceRow struct{ Name, Place, Period, Text, Href string }

// verdictLit shows a result without a colour of alarm: it is a question.
func verdictLit(verdict string) Lit {
	switch verdict {
	case Notable:
		return Lit{"yellow", "▲", "verdict.notable"}
	case Clear:
		return Lit{"green", "●", "verdict.clear"}
	}
	return Lit{"cannot_say", "○", "verdict.cannot_say"}
}

// maxInstances is how many numbers a page shows of a test; the API has them all.
const maxInstances = 30

func (s *Service) showChecks(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	indicator := r.URL.Query().Get("indicator")
	c, err := s.Checks(ctx, indicator, r.URL.Query().Get("place"), sh.Known)
	if err != nil {
		return err
	}
	defs, err := s.indicators(ctx)
	if err != nil {
		return err
	}
	cells, err := s.collected(ctx)
	if err != nil {
		return err
	}
	v := checksView{Checks: c, Demo: sh.Demo}
	seen := map[string]bool{}
	for _, x := range cells {
		if d := defs[x.Indicator]; !seen[x.Indicator] {
			seen[x.Indicator] = true
			v.Indicators = append(v.Indicators, choice{x.Indicator, sh.In(text(d.ZH, d.EN)), x.Indicator == indicator})
		}
	}
	for _, t := range c.Tests {
		row := testRow{Name: "test." + t.Test, About: "about." + t.Test, Lit: verdictLit(t.Verdict), Text: sh.In(t.Text), N: t.N}
		switch t.Verdict {
		case Notable:
			v.Notable++
		case CannotSay:
			v.Silent++
		}
		for _, i := range t.Instances[:min(len(t.Instances), maxInstances)] {
			x := instanceRow{Name: sh.In(text(defs[i.Indicator].ZH, defs[i.Indicator].EN)), Place: sh.In(s.unitName(ctx, i.Place)), Period: i.Period, Text: sh.In(i.Text)}
			if i.Name != "" {
				x.Href = "/" + i.Name
			}
			row.Instances = append(row.Instances, x)
		}
		row.More = len(t.Instances) - len(row.Instances)
		v.Rows = append(v.Rows, row)
	}
	return checksPage.Render(w, r, v)
}
