package evaluation

import (
	"context"
	"embed"
	"encoding/csv"
	"net/http"
	"strconv"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	listPage   = web.MustPage[listView](pages, "pages/list.html")
	schemePage = web.MustPage[schemeView](pages, "pages/scheme.html")
	unitPage   = web.MustPage[unitView](pages, "pages/unit.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /evaluation", actor.Read, s.showList)
	rt.Page("GET /evaluation/{scheme}", actor.Read, s.showScheme)
	rt.Page("GET /evaluation/{scheme}/{unit}", actor.Read, s.showUnit)
	rt.Page("GET /api/v1/evaluation/{scheme}/scores.csv", actor.Read, s.export)
}

// listView is the published rules.
type listView struct{ Rows []schemeRowView }

type schemeRowView struct {
	Scheme
	Name, Origin  string
	Href          string
	Scored, Units int
}

func (s *Service) showList(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	all, err := s.schemes(ctx, sh.Known)
	if err != nil {
		return err
	}
	var v listView
	for _, sc := range all {
		e, err := s.Evaluate(ctx, Ask{Scheme: sc.ID, Date: sh.Date, Known: sh.Known})
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, schemeRowView{Scheme: sc, Name: sh.In(sc.Text), Origin: sh.In(sc.Source), Href: sh.Link("/evaluation/" + sc.ID), Scored: e.Scored, Units: len(e.Results)})
	}
	return listPage.Render(w, r, v)
}

// schemeView is a rule and what it gives, by group.
type schemeView struct {
	Scheme Scheme
	Name   string
	Origin string
	Parts  []partView
	Groups []groupView
	Scored int
	Units  int
	Demo   bool
	Other  string // the same page with, or without, generated numbers
}

type partView struct {
	Part
	Name, Href, Period string
	Share              string // of the weights
	Posts              string
	Rule               string // how growth is scored
}

type groupView struct {
	Name string
	Rows []resultView
}

type resultView struct {
	Result
	Name, Href string
	Points     string
	Coverage   string
	Reason     string
}

// names are the wordings that several pages need.
type names struct {
	sh        *web.Shell
	unit      func(id string) string
	indicator func(id string) string
}

func (s *Service) names(ctx context.Context) names {
	sh := web.ShellOf(ctx)
	return names{
		sh: sh,
		unit: func(id string) string {
			if u, err := s.Units.Unit(ctx, id); err == nil {
				return sh.In(u.Text)
			}
			return id
		},
		indicator: func(id string) string {
			if i, err := s.Readings.Indicator(ctx, id); err == nil {
				return sh.In(pack.Text{ZH: i.ZH, EN: i.EN})
			}
			return id
		},
	}
}

// evaluated is the evaluation that a page is about.
func (s *Service) evaluated(r *http.Request) (Evaluation, error) {
	sh := web.ShellOf(r.Context())
	return s.Evaluate(r.Context(), Ask{Scheme: r.PathValue("scheme"), Date: sh.Date, Known: sh.Known, Demo: r.URL.Query().Get("demo") == "true"})
}

// link leads to a page of an evaluation, with generated numbers where this page has them.
func (n names) link(path string, e Evaluation) string {
	if e.Demo {
		path += "?demo=true"
	}
	return n.sh.Link(path)
}

func (s *Service) showScheme(w http.ResponseWriter, r *http.Request) error {
	e, err := s.evaluated(r)
	if err != nil {
		return err
	}
	n := s.names(r.Context())
	v := schemeView{Scheme: e.Scheme, Name: n.sh.In(e.Scheme.Text), Origin: n.sh.In(e.Scheme.Source), Scored: e.Scored, Units: len(e.Results), Demo: e.Demo, Parts: n.parts(e)}
	v.Other = n.link("/evaluation/"+e.Scheme.ID, Evaluation{Demo: !e.Demo})
	for _, res := range e.Results {
		row := resultView{Result: res, Name: n.unit(res.Unit), Href: n.link("/evaluation/"+e.Scheme.ID+"/"+res.Unit, e), Coverage: web.Number(res.Covered, 0) + "%", Reason: n.sh.In(res.Why)}
		if res.Score != nil {
			row.Points = web.Number(*res.Score, 2)
		}
		if k := len(v.Groups); k == 0 || v.Groups[k-1].Rows[0].Group != res.Group {
			v.Groups = append(v.Groups, groupView{Name: n.unit(res.Group)})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Rows = append(g.Rows, row)
	}
	return schemePage.Render(w, r, v)
}

// parts writes how each indicator counts.
func (n names) parts(e Evaluation) []partView {
	sum := 0.0
	for _, p := range e.Scheme.Parts {
		sum += p.Weight
	}
	var out []partView
	for _, p := range e.Scheme.Parts {
		row := partView{
			Part: p, Name: n.indicator(p.Indicator), Href: n.sh.Link("/indicators/" + p.Indicator), Period: e.Periods[p.Indicator],
			Share: web.Number(100*p.Weight/sum, 1) + "%", Posts: n.sh.In(pack.Text{ZH: "同组最差 – 最好", EN: "worst – best of the peers"}),
		}
		if p.Low != nil {
			row.Posts = short(*p.Low) + " – " + short(*p.High)
		}
		if g := p.Rate; g != nil && p.Growth > 0 {
			row.Rule = n.sh.In(because("增速 %s%% 得 %s 分，每快 %s 个百分点加 %s 分，最多 %s 分", "%s%% a year earns %s; every %s points more add %s; at most %s",
				short(g.Reference), short(g.Base), short(g.Step), short(g.Points), short(g.Cap)))
		}
		out = append(out, row)
	}
	return out
}

// short prints a number of a rule.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// unitView is one unit's score down to the numbers.
type unitView struct {
	Name, Scheme, Group string
	Back                string
	Result              Result
	Points              string
	Coverage            string
	Reason              string
	Rows                []shareView
	Demo                bool
	Version             int
	API                 string
}

type shareView struct {
	Share
	Name, Period  string
	Value         string
	Href          string // the number's page
	Earlier       string
	EarlierHref   string
	Posts         string // with whose they are
	LevelWork     string // the arithmetic
	GrowthWork    string
	Points, Total string
	Reason        string
}

func (s *Service) showUnit(w http.ResponseWriter, r *http.Request) error {
	e, err := s.evaluated(r)
	if err != nil {
		return err
	}
	res, err := e.of(r.PathValue("unit"))
	if err != nil {
		return err
	}
	n := s.names(r.Context())
	v := unitView{
		Name: n.unit(res.Unit), Scheme: n.sh.In(e.Scheme.Text), Group: n.unit(res.Group), Back: n.link("/evaluation/"+e.Scheme.ID, e), Result: res, Demo: e.Demo,
		Coverage: web.Number(res.Covered, 0) + "%", Reason: n.sh.In(res.Why), Version: e.Scheme.Version, API: n.link("/api/v1/evaluation/"+e.Scheme.ID+"/"+res.Unit, e),
	}
	if res.Score != nil {
		v.Points = web.Number(*res.Score, 2)
	}
	for k, share := range res.Parts {
		v.Rows = append(v.Rows, n.share(share, e.Scheme.Parts[k]))
	}
	return unitPage.Render(w, r, v)
}

// share writes what an indicator gives, with its arithmetic.
func (n names) share(x Share, p Part) shareView {
	out := shareView{Share: x, Name: n.indicator(x.Indicator), Reason: n.sh.In(x.Why)}
	if x.Reading != nil {
		out.Value, out.Period, out.Href = short(x.Reading.Value), x.Reading.Period.String(), n.sh.Link(x.Reading.Page)
	}
	if x.Earlier != nil {
		out.Earlier, out.EarlierHref = short(x.Earlier.Value)+" ("+x.Earlier.Period.String()+")", n.sh.Link(x.Earlier.Page)
	}
	if x.Low != nil && x.High != nil {
		post := func(v float64, of string) string {
			if of == "" {
				return short(v)
			}
			return short(v) + " (" + n.unit(of) + ")"
		}
		out.Posts = post(*x.Low, x.LowOf) + " – " + post(*x.High, x.HighOf)
	}
	if x.Level != nil {
		form := "60 + 40 × (%s − %s) / (%s − %s) = %s"
		if x.Function == ExponentialFunction {
			form = "60 × e^(0.5108 × (%s − %s) / (%s − %s)) = %s"
		}
		out.LevelWork = n.sh.In(because(form, form, short(x.Reading.Value), short(*x.Low), short(*x.High), short(*x.Low), web.Number(*x.Level, 2)))
	}
	if x.Growth != nil {
		out.GrowthWork = n.sh.In(because("增速 %s%% → %s 分", "%s%% a year → %s points", web.Number(*x.Growing, 2), web.Number(*x.Growth, 2)))
	}
	if x.Score != nil {
		out.Points, out.Total = web.Number(*x.Score, 2), web.Number(*x.Points, 2)
	}
	if x.Score != nil && x.Level != nil && x.Growth != nil {
		out.Points = short(p.Level) + " × " + web.Number(*x.Level, 2) + " + " + short(p.Growth) + " × " + web.Number(*x.Growth, 2) + " → " + out.Points
	}
	return out
}

// export answers with the scores as CSV, one line for each unit and indicator.
func (s *Service) export(w http.ResponseWriter, r *http.Request) error {
	e, err := s.evaluated(r)
	if err != nil {
		return err
	}
	rows := [][]string{{"scheme", "version", "unit", "group", "indicator", "weight", "period", "value", "name", "low", "high", "level", "growth_percent", "growth", "score", "points", "total", "why_zh", "demo"}}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', 12, 64)
	}
	for _, res := range e.Results {
		for _, x := range res.Parts {
			var period, value, name string
			if x.Reading != nil {
				period, value, name = x.Reading.Period.String(), number(&x.Reading.Value), x.Reading.Name
			}
			rows = append(rows, []string{
				e.Scheme.ID, strconv.Itoa(e.Scheme.Version), res.Unit, res.Group, x.Indicator, short(x.Weight), period, value, name, number(x.Low), number(x.High), number(x.Level),
				number(x.Growing), number(x.Growth), number(x.Score), number(x.Points), number(res.Score), x.Why.ZH, strconv.FormatBool(e.Demo),
			})
		}
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="scores.csv"`)
	if _, err := w.Write([]byte("\ufeff")); err != nil { // spreadsheets take it for UTF-8 only then
		return err
	}
	return csv.NewWriter(w).WriteAll(rows)
}
