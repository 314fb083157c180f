package plan

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	homePage       = web.MustPage[homeView](pages, "pages/home.html")
	cockpitPage    = web.MustPage[cockpitView](pages, "pages/cockpit.html")
	targetPage     = web.MustPage[targetView](pages, "pages/target.html")
	treePage       = web.MustPage[treeView](pages, "pages/tree.html")
	elementPage    = web.MustPage[elementView](pages, "pages/element.html")
	highlightsPage = web.MustPage[highlightsView](pages, "pages/highlights.html")
	checkPage      = web.MustPage[checkView](pages, "pages/check.html")
	versionsPage   = web.MustPage[versionsView](pages, "pages/versions.html")
	searchPage     = web.MustPage[searchView](pages, "pages/search.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /{$}", actor.Read, s.showHome)
	rt.Page("GET /plan/cockpit", actor.Read, s.showCockpit)
	rt.Page("GET /plan/targets/{id}", actor.Read, s.showTarget)
	rt.Page("POST /plan/targets/{id}/path", actor.Decide, s.declare)
	rt.Page("GET /plan/tree", actor.Read, s.showTree)
	rt.Page("GET /plan/elements/{id}", actor.Read, s.showElement)
	rt.Page("GET /plan/highlights", actor.Read, s.showHighlights)
	rt.Page("GET /plan/check", actor.Read, s.showCheck)
	rt.Page("GET /plan/versions", actor.Read, s.showVersions)
	rt.Page("GET /search", actor.Read, s.showSearch)
}

// Lit is a light as people read it: shape, colour and word together.
type Lit struct {
	Light  Light
	Symbol string
	Count  int // of how many, in a summary
}

func lit(l Light) Lit {
	symbols := map[Light]string{Red: "■", Yellow: "▲", Green: "●", CannotSay: "○", Reached: "✔"}
	return Lit{Light: l, Symbol: symbols[l]}
}

// named is the indicator's name in the page's language.
func named(i observation.Indicator, sh *web.Shell) string {
	return sh.In(pack.Text{ZH: i.ZH, EN: i.EN})
}

// summary counts the lights in the order of a cockpit; a light that is out is left out.
func summary(all []Status) []Lit {
	var out []Lit
	for _, l := range Lights() {
		n := 0
		for _, st := range all {
			n += count(st.Light == l)
		}
		if n > 0 {
			out = append(out, Lit{l, lit(l).Symbol, n})
		}
	}
	return out
}

// statusRow is a target as a line of a page.
type statusRow struct {
	ID, Name  string
	Href      string
	Lit       Lit
	Element   string
	Latest    *web.Figure
	Want      string
	Due       string
	Required  string // what is needed from now on
	Recent    string // what it was
	Bullet    template.HTML
	Spark     template.HTML
	Reason    string
	Rule      string
	Warnings  []string
	Beside    []besideRow
	Body      string // who gives its number
	Implied   bool
	Undeclard bool
	Effort    effortView
}

type besideRow struct {
	Name   string
	Figure web.Figure
	Lit    *Lit
	Reason string
}

func (s *Service) row(ctx context.Context, sh *web.Shell, st Status) statusRow {
	r := statusRow{
		ID: st.Target.ID, Href: sh.Link("/plan/targets/" + st.Target.ID), Name: named(st.Indicator, sh), Lit: lit(st.Light), Element: st.Target.Element,
		Want: sh.In(wanted(st.Target)), Due: st.Target.Due.String(), Reason: sh.In(st.Reason), Rule: st.Rule,
		Bullet: bullet(st), Spark: spark(st), Implied: st.Measured.Implied, Undeclard: st.Path.Shape != "" && st.Path.DeclaredBy == "",
	}
	if st.Latest != nil {
		f := sh.Figure(*st.Latest)
		r.Latest = &f
		if st.Light != Reached {
			r.Required = sh.In(rate(st.Required, st))
		}
	}
	if st.Judged {
		r.Recent = sh.In(rate(st.Recent, st))
	}
	for _, w := range st.Warnings {
		r.Warnings = append(r.Warnings, sh.In(w))
	}
	for _, b := range st.Beside {
		row := besideRow{Name: named(b.Indicator, sh), Figure: sh.Figure(b.Observation), Reason: sh.In(b.Reason)}
		if b.Light != "" {
			l := lit(b.Light)
			row.Lit = &l
		}
		r.Beside = append(r.Beside, row)
	}
	if u, err := s.Units.Unit(ctx, st.Indicator.Body); err == nil {
		r.Body = sh.In(u.Text)
	}
	return r
}

func (s *Service) rows(ctx context.Context, sh *web.Shell, all []Status) []statusRow {
	out := make([]statusRow, 0, len(all))
	for _, st := range all {
		out = append(out, s.row(ctx, sh, st))
	}
	return out
}

// current returns the plan and the statuses that a page is about.
func (s *Service) current(r *http.Request) (*web.Shell, Plan, []Status, error) { //nolint:revive // what nearly every page begins with
	sh := web.ShellOf(r.Context())
	p, err := s.Plan(r.Context(), sh.Known)
	if err != nil {
		return sh, p, nil, err
	}
	shape := Shape(r.URL.Query().Get("path"))
	if shape != "" && !slices.Contains([]Shape{Linear, Geometric, SCurve}, shape) {
		return sh, p, nil, fault.Say(fault.Invalid, "路径 %q 不在 linear、geometric、s 之中。", "path %q is not one of linear, geometric, s", shape)
	}
	all, err := s.Statuses(r.Context(), sh.Date, sh.Known, shape)
	return sh, p, all, err
}

// homeView is what anyone sees first.
type homeView struct {
	Plan       Plan
	Gone       int // share of the plan's time that has passed, in percent
	Summary    []Lit
	Total      int
	Picture    template.HTML // the 1-4-5-8 figure
	Narrow     template.HTML // the same for a telephone
	Rows       []statusRow
	Highlights []highlightRowView
	Changed    []web.Figure
	CannotSay  []reasonGroup
	Slots      []slotView
}

// reasonGroup is targets that the same reason keeps in the dark.
type reasonGroup struct {
	Reason string
	Rows   []statusRow
}

// dark groups the targets of which nothing can be said by their reason.
func dark(rows []statusRow) []reasonGroup {
	var out []reasonGroup
	for _, row := range rows {
		if row.Lit.Light != CannotSay {
			continue
		}
		at := slices.IndexFunc(out, func(g reasonGroup) bool { return g.Reason == row.Reason })
		if at < 0 {
			at = len(out)
			out = append(out, reasonGroup{Reason: row.Reason})
		}
		out[at].Rows = append(out[at].Rows, row)
	}
	return out
}

// slotView is a group of elements that the source names and says no more of.
type slotView struct {
	Kind  string
	Count int
	Text  string
}

func (s *Service) showHome(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sh, p, all, err := s.current(r)
	if err != nil {
		return err
	}
	v := homeView{Plan: p, Gone: gone(p, sh.Date), Summary: summary(all), Total: len(all), Rows: s.rows(ctx, sh, all), Slots: slots(p, sh)}
	v.Picture, v.Narrow, v.CannotSay = infographic(p, all, sh, desk), infographic(p, all, sh, phone), dark(v.Rows)
	if v.Highlights, err = s.highlightRows(ctx, sh, p); err != nil {
		return err
	}
	v.Changed = s.changed(sh, all)
	return homePage.Render(w, r, v)
}

// gone is the share of the plan's years that has passed, in percent.
func gone(p Plan, date time.Time) int {
	from, to := p.From.Start(), p.To.End()
	switch {
	case !date.After(from):
		return 0
	case !date.Before(to):
		return 100
	}
	return int(100 * date.Sub(from).Hours() / to.Sub(from).Hours())
}

// changed lists the newest numbers of the targets, the last known first.
func (s *Service) changed(sh *web.Shell, all []Status) []web.Figure {
	var newest []Status
	for _, st := range all {
		if st.Latest != nil {
			newest = append(newest, st)
		}
	}
	slices.SortStableFunc(newest, func(a, b Status) int { return b.Latest.Known.Compare(a.Latest.Known) })
	var out []web.Figure
	for _, st := range newest[:min(5, len(newest))] {
		f := sh.Figure(*st.Latest)
		f.Text = named(st.Indicator, sh) + " " + f.Text
		f.Period = st.Latest.Known.In(sh.Zone).Format(time.DateOnly)
		out = append(out, f)
	}
	return out
}

func slots(p Plan, sh *web.Shell) []slotView {
	var out []slotView
	for _, e := range p.Elements {
		if e.Slot == nil {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Kind == e.Kind {
			out[n-1].Count++
			continue
		}
		out = append(out, slotView{Kind: e.Kind, Count: 1, Text: sh.In(*e.Slot)})
	}
	return out
}

// cockpitView is the leader's page: what needs attention, worst first.
type cockpitView struct {
	Plan    Plan
	Gone    int
	Summary []Lit
	Total   int
	Rows    []statusRow
	Shapes  []Shape
	Shape   Shape
	Rules   Rules
}

func (s *Service) showCockpit(w http.ResponseWriter, r *http.Request) error {
	sh, p, all, err := s.current(r)
	if err != nil {
		return err
	}
	rows := s.rows(r.Context(), sh, all)
	for i := range rows {
		if rows[i].Effort, err = s.effort(r.Context(), sh, rows[i].ID, sh.Known); err != nil {
			return err
		}
	}
	return cockpitPage.Render(w, r, cockpitView{
		Plan: p, Gone: gone(p, sh.Date), Summary: summary(all), Total: len(all), Rows: rows,
		Shapes: []Shape{Linear, Geometric, SCurve}, Shape: Shape(r.URL.Query().Get("path")), Rules: p.Rules,
	})
}

// highlightRowView is one of the ten highlights with its figures.
type highlightRowView struct {
	Highlight
	Words   string
	Name    string
	Source  []treeLink
	Figures []highlightFigure
}

type highlightFigure struct {
	Name   string
	Figure web.Figure
	Rank   bool
	Claim  string // whose ranking it is, "" when the source does not say
}

type highlightsView struct{ Rows []highlightRowView }

func (s *Service) showHighlights(w http.ResponseWriter, r *http.Request) error {
	sh, p, _, err := s.current(r)
	if err != nil {
		return err
	}
	rows, err := s.highlightRows(r.Context(), sh, p)
	if err != nil {
		return err
	}
	return highlightsPage.Render(w, r, highlightsView{rows})
}

func (s *Service) highlightRows(ctx context.Context, sh *web.Shell, p Plan) ([]highlightRowView, error) {
	var out []highlightRowView
	for _, h := range p.Highlights {
		row := highlightRowView{Highlight: h, Words: sh.In(h.Text), Name: sh.In(h.Field), Source: sourceLines(sh, p.Source, h.Lines)}
		for _, id := range h.Figures {
			o, err := s.figure(ctx, id, sh.Known)
			if err != nil {
				return nil, err
			}
			if o == nil {
				continue // not known then
			}
			i, err := s.Readings.Indicator(ctx, o.Indicator)
			if err != nil {
				return nil, err
			}
			f := highlightFigure{Name: named(i, sh), Figure: sh.Figure(*o), Rank: o.Rank != nil}
			if o.Rank != nil {
				f.Claim = s.claim(ctx, sh, *o)
			}
			row.Figures = append(row.Figures, f)
		}
		out = append(out, row)
	}
	return out, nil
}

// claim says whose ranking a rank is, of which edition and of how many; "" when
// its source says nothing of this.
func (s *Service) claim(ctx context.Context, sh *web.Shell, o observation.Observation) string {
	var said []string
	if u, err := s.Units.Unit(ctx, o.Rank.Compiler); err == nil {
		said = append(said, sh.In(u.Text))
	}
	if o.Rank.Edition != "" {
		said = append(said, o.Rank.Edition)
	}
	if o.Rank.Of > 0 {
		said = append(said, sh.In(text("共 %d 个", "of %d", o.Rank.Of)))
	}
	return strings.Join(said, " · ")
}
