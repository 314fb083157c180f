package directives

import (
	"cmp"
	"context"
	"embed"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	boardPage     = web.MustPage[boardView](pages, "pages/board.html")
	directivePage = web.MustPage[directiveView](pages, "pages/directive.html")
	stocktakePage = web.MustPage[stocktakeView](pages, "pages/stocktake.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /directives", actor.Visit, s.showBoard)
	rt.Page("POST /directives", actor.Decide, s.openByHand)
	rt.Page("GET /directives/{id}", actor.Visit, s.showDirective)
	rt.Page("POST /directives/{id}/close", actor.Visit, s.closeByHand)
	rt.Page("POST /directives/{id}/split", actor.Visit, s.splitByHand)
	rt.Page("GET /directives/stocktake", actor.Visit, s.showStocktake)
	rt.Page("POST /directives/stocktake", actor.Decide, s.holdStocktake)
}

// Lit is a light as people read it: shape, colour and word together. Class is the
// stylesheet's, Word the key of the wording.
type Lit struct{ Class, Symbol, Word string }

// clockLit is the light of a directive's clocks.
func clockLit(light string) Lit {
	classes := map[string]string{"black": "red", "red": "red", "yellow": "yellow", "green": "green"}
	symbols := map[string]string{"black": "◆", "red": "■", "yellow": "▲", "green": "●"}
	return Lit{classes[light], symbols[light], "clock." + light}
}

// targetLit is the light of a target; nil when there is none.
func targetLit(light string) *Lit {
	symbols := map[string]string{"red": "■", "yellow": "▲", "green": "●", "cannot_say": "○", "reached": "✔", met: "✔", unmet: "○"}
	if symbols[light] == "" {
		return nil
	}
	classes := map[string]string{met: "reached", unmet: "cannot_say"}
	return &Lit{cmp.Or(classes[light], light), symbols[light], "light." + light}
}

// row is a directive as a line of a page.
type row struct {
	ID, Number  string
	Href        string
	Title       string
	Origin      string
	Stage       string
	Lit         Lit
	Target      string
	TargetLit   *Lit
	Gap         string
	Lead, Owner string // names of units
	Owes        string
	Due         string
	Round       int
	Level       int
	Parts       int
	Answered    int
}

func (s *Service) row(ctx context.Context, sh *web.Shell, d Directive) row {
	r := row{
		ID: d.ID, Number: d.Number, Href: "/directives/" + url.PathEscape(d.ID), Title: sh.In(d.Title), Origin: d.Origin, Stage: sh.In(d.StageName), Lit: clockLit(d.Light),
		Target: d.Target, TargetLit: targetLit(d.TargetLit), Gap: sh.In(d.Gap), Lead: s.unit(ctx, sh, d.Lead), Owner: s.unit(ctx, sh, d.holder()), Owes: sh.In(d.owes()),
		Due: d.DueOn, Round: d.Round, Level: d.Level, Parts: len(d.Parts), Answered: d.Answered,
	}
	if !d.Standing() {
		r.Owner, r.Due = "", ""
	}
	return r
}

// unit names a unit in the page's language; its code when nobody knows it.
func (s *Service) unit(ctx context.Context, sh *web.Shell, id string) string {
	if id == "" {
		return ""
	}
	u, err := s.Units.Unit(ctx, id)
	if err != nil {
		return id
	}
	return sh.In(u.Text)
}

// choice is one way to narrow the board, with how many fit.
type choice struct {
	Key, Name string
	Count     int
	Chosen    bool
}

// maxRows is how many directives a page shows: more are found by narrowing it.
const maxRows = 200

// boardView is all directives that one may see.
type boardView struct {
	Query     Query
	Stages    []choice
	Units     []choice
	Lights    []choice
	Options   options
	Rows      []row // at most maxRows
	Shown     int   // how many fit the filter
	Open      int
	Late      int
	Closed    int
	MayDecide bool
	Rule      Rule
	Form      orderForm
}

// orderForm is a directive by hand as a leader has filled it in, with what is
// wrong with it.
type orderForm struct {
	N                                                 int // of a row in a batch
	Title, Matter, Lead, Target, By, Condition, Error string
}

func (s *Service) showBoard(w http.ResponseWriter, r *http.Request) error {
	return s.renderBoard(w, r, http.StatusOK, orderForm{Condition: OnDocument})
}

func (s *Service) renderBoard(w http.ResponseWriter, r *http.Request, status int, form orderForm) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	q := r.URL.Query()
	v := boardView{Query: Query{State: q.Get("state"), Light: q.Get("light"), Unit: q.Get("unit"), Target: q.Get("target"), Meeting: q.Get("meeting")}, Form: form}
	all, err := s.List(ctx, Query{State: "all", Target: v.Query.Target})
	if err != nil {
		return err
	}
	if v.Rule, err = s.rule(ctx); err != nil {
		return err
	}
	for _, d := range all {
		if !v.Query.wants(d) {
			continue
		}
		if v.Shown++; v.Shown <= maxRows {
			v.Rows = append(v.Rows, s.row(ctx, sh, d))
		}
	}
	s.choices(ctx, sh, all, &v)
	if v.MayDecide = s.Access.Decide(ctx, sh.Actor, actor.Decide, "") == nil; v.MayDecide {
		if v.Options, err = s.options(ctx, sh); err != nil {
			return err
		}
	}
	return boardPage.RenderStatus(w, r, status, v)
}

// choices counts the directives and the ways to narrow the board.
func (s *Service) choices(ctx context.Context, sh *web.Shell, all []Directive, v *boardView) {
	inStage, units, lights := map[string]int{}, map[string]int{}, map[string]int{}
	for _, d := range all {
		inStage[d.Stage]++
		v.Closed += count(d.Stage == stageClosed)
		if d.Standing() {
			units[d.Lead]++
			lights[d.Light]++
			v.Open++
			v.Late += count(d.Light == "red" || d.Light == "black")
		}
	}
	for _, id := range stages() {
		if inStage[id] > 0 {
			v.Stages = append(v.Stages, choice{id, sh.In(stageName(id)), inStage[id], v.Query.State == id})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(units)) {
		v.Units = append(v.Units, choice{id, s.unit(ctx, sh, id), units[id], v.Query.Unit == id})
	}
	for _, id := range []string{"black", "red", "yellow", "green"} {
		v.Lights = append(v.Lights, choice{id, "clock." + id, lights[id], v.Query.Light == id})
	}
}

// options is what a form lets a leader choose from.
type options struct{ Units, Targets []choice }

// options lists the bodies and districts that may be given work, and the targets.
func (s *Service) options(ctx context.Context, sh *web.Shell) (options, error) {
	var o options
	bodies, err := s.Units.Children(ctx, s.site.Unit, "body")
	if err != nil {
		return o, err
	}
	districts, err := s.Units.Districts(ctx)
	if err != nil {
		return o, err
	}
	for _, u := range slices.Concat(bodies, districts) {
		o.Units = append(o.Units, choice{Key: u.ID, Name: sh.In(u.Text)})
	}
	gaps, err := s.Gaps(ctx, s.site.Today(), s.now())
	for _, g := range gaps {
		o.Targets = append(o.Targets, choice{Key: g.Target, Name: g.Target + " " + sh.In(g.Name)})
	}
	return o, err
}

// openByHand opens a directive from the form on the board.
func (s *Service) openByHand(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	get := func(key string) string { return strings.TrimSpace(r.PostFormValue(key)) }
	form := orderForm{Title: get("title"), Matter: get("matter"), Lead: get("lead"), Target: get("target"), By: get("by"), Condition: get("condition")}
	o, err := Ordered{
		Title: pack.Text{ZH: form.Title}, Matter: form.Matter, Lead: form.Lead, Target: form.Target, By: form.By, Condition: form.Condition,
	}.order(ByHand)
	var d Directive
	if err == nil {
		d, err = s.Open(r.Context(), o)
	}
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Forbidden {
		form.Error = web.Said(r, err)
		return s.renderBoard(w, r, web.Status(err), form)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/directives/"+url.PathEscape(d.ID), http.StatusSeeOther)
	return nil
}

// directiveView is one directive: a sentence, its evidence and the way to its case.
type directiveView struct {
	Row        row
	D          Directive
	Matter     string
	Office     string
	Why        string // what is in the way of closing
	Again      string
	Condition  string
	Joint      []string
	Evidence   []evidenceRow
	Files      []string
	Parts      []partRow
	TargetHref string
	CaseHref   string
	MayClose   bool
	MaySplit   bool
	Options    options
	Error      string
}

// evidenceRow is a number in evidence, as its name and, when it resolves, as a figure.
type evidenceRow struct {
	Name   string
	Figure *web.Figure
}

type partRow struct {
	Part
	Href  string
	Name  string
	Lit   Lit
	Stage string // key of the wording
}

func (s *Service) showDirective(w http.ResponseWriter, r *http.Request) error {
	return s.renderDirective(w, r, http.StatusOK, "")
}

func (s *Service) renderDirective(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	d, err := s.detail(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := directiveView{
		Row: s.row(ctx, sh, d.Directive), D: d.Directive, Matter: d.Matter, Office: s.unit(ctx, sh, d.Office), Why: sh.In(d.Why), Again: sh.In(d.Again), Files: d.Files,
		CaseHref: "/flow/cases/" + url.PathEscape(d.ID), MayClose: d.Stage == stageReview && s.Access.Decide(ctx, sh.Actor, actor.Visit, d.Office) == nil, Error: problem,
	}
	if d.Origin == ByGap && sh.English() { // the matter was worded in Chinese
		v.Matter = "Bring the number back to its path: " + d.Gap.EN + "."
	}
	if d.Target != "" {
		v.TargetHref = sh.Link("/plan/targets/" + url.PathEscape(d.Target))
	}
	if v.MaySplit = d.Stage == "dividing" && s.Access.Decide(ctx, sh.Actor, actor.Visit, d.Lead) == nil; v.MaySplit {
		if v.Options, err = s.options(ctx, sh); err != nil {
			return err
		}
	}
	if v.Why != "" && status == http.StatusConflict { // the same in the page's language
		v.Error = sh.In(text("不能销号：%s", "It cannot close: %s", d.Why))
	}
	c, err := ParseCondition(d.Condition)
	if err != nil {
		return err
	}
	v.Condition = sh.In(c.Words())
	for _, u := range d.Joint {
		v.Joint = append(v.Joint, s.unit(ctx, sh, u))
	}
	if v.Evidence, err = s.evidenceRows(ctx, sh, d.Evidence); err != nil {
		return err
	}
	for _, p := range d.PartCases {
		v.Parts = append(v.Parts, partRow{Part: p, Href: "/flow/cases/" + url.PathEscape(p.ID), Name: s.unit(ctx, sh, p.Unit), Lit: clockLit(p.Light), Stage: "part." + p.Stage})
	}
	return directivePage.RenderStatus(w, r, status, v)
}

// evidenceRows looks up the numbers in evidence.
func (s *Service) evidenceRows(ctx context.Context, sh *web.Shell, names []string) ([]evidenceRow, error) {
	var out []evidenceRow
	for _, name := range names {
		e := evidenceRow{Name: name}
		o, err := s.Readings.Resolve(ctx, name)
		switch kind := fault.KindOf(err); {
		case err == nil:
			f := sh.Figure(o)
			e.Figure = &f
		case kind != fault.NotFound && kind != fault.Invalid:
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// closeByHand closes a directive from its page.
func (s *Service) closeByHand(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	_, err := s.Close(r.Context(), id)
	if kind := fault.KindOf(err); kind == fault.Conflict || kind == fault.Forbidden || kind == fault.Invalid {
		return s.renderDirective(w, r, web.Status(err), web.Said(r, err))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/directives/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// splitByHand divides a directive among the units chosen on its page.
func (s *Service) splitByHand(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	units := []any{}
	for _, u := range r.PostForm["units"] {
		units = append(units, u)
	}
	id := r.PathValue("id")
	_, err := s.Act(r.Context(), id, "split", map[string]any{"units": units, "matter": r.PostFormValue("matter"), "rule": r.PostFormValue("rule")})
	if kind := fault.KindOf(err); kind == fault.Conflict || kind == fault.Forbidden || kind == fault.Invalid {
		return s.renderDirective(w, r, web.Status(err), web.Said(r, err))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/directives/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}
