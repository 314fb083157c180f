package plan

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// targetView is one target with everything that is known of where it stands.
type targetView struct {
	Target    Target
	Name      string
	Row       statusRow
	Status    Status
	Chart     template.HTML
	Printed   *web.Figure // the target as its source prints it
	Baseline  *web.Figure
	Basis     string // where the baseline comes from, or why there is none
	Work      []workRow
	Shapes    []shapeRow
	Unit      string // that the splits are in
	Years     []splitRow
	Districts []splitRow // none when it cannot be split over districts
	Element   Element
	Related   []Element
	Note      string
	PathNote  string
	Declared  Path
	MayDecide bool
	Form      pathForm
}

// pathForm is a path as a leader has filled it in, with what is wrong with it.
type pathForm struct{ Shape, Band, Note, Error string }

// workRow is one line of "why this light".
type workRow struct{ Key, Value string }

// splitRow is a part of a target.
type splitRow struct{ Key, From, Step, To string }

// split prints the parts of a target; none when the numbers that the rule needs
// are not there.
func (s *Service) split(ctx context.Context, sh *web.Shell, st Status, by Split) ([]splitRow, error) {
	d, err := s.Decompose(ctx, st, by)
	if err != nil {
		if fault.KindOf(err) == fault.Invalid {
			return nil, nil
		}
		return nil, err
	}
	digits := places(st.Indicator)
	var out []splitRow
	for _, share := range d.Shares {
		name := pack.Text{ZH: share.ZH, EN: share.EN}
		out = append(out, splitRow{sh.In(name), web.Number(share.Base, digits), web.Number(share.Want-share.Base, digits), web.Number(share.Want, digits)})
	}
	return out, nil
}

// shapeRow is the target under another path.
type shapeRow struct {
	Shape  Shape
	Lit    Lit
	Path   string
	Behind string
	Inuse  bool
}

func (s *Service) showTarget(w http.ResponseWriter, r *http.Request) error {
	return s.renderTarget(w, r, http.StatusOK, pathForm{Band: "5"})
}

func (s *Service) renderTarget(w http.ResponseWriter, r *http.Request, status int, form pathForm) error {
	ctx := r.Context()
	sh, p, all, err := s.current(r)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(st Status) bool { return st.Target.ID == r.PathValue("id") })
	if at < 0 {
		return fault.Say(fault.NotFound, "规划里没有目标 %q。", "the plan has no target %q", r.PathValue("id"))
	}
	st := all[at]
	v := targetView{
		Target: st.Target, Name: named(st.Indicator, sh), Row: s.row(ctx, sh, st), Status: st, Work: work(st, p.Rules, sh),
		Note: sh.In(st.Target.Note), Declared: st.Path, PathNote: sh.In(st.Path.Note), Form: form,
		MayDecide: s.Access.Decide(ctx, sh.Actor, actor.Decide, st.Target.Unit) == nil,
	}
	v.Element, _ = p.Element(st.Target.Element)
	v.Related = p.Under(st.Target.Element)
	if err := s.fillTarget(ctx, sh, st, &v); err != nil {
		return err
	}
	return targetPage.RenderStatus(w, r, status, v)
}

// fillTarget adds what has to be looked up or drawn.
func (s *Service) fillTarget(ctx context.Context, sh *web.Shell, st Status, v *targetView) error {
	o, err := s.figure(ctx, st.Target.Figure, sh.Known)
	if err != nil {
		return err
	}
	if o != nil {
		f := sh.Figure(*o)
		v.Printed = &f
	}
	b := st.Target.Baseline
	v.Basis = sh.In(b.Basis)
	if b.None != nil {
		v.Basis = sh.In(*b.None)
	}
	if st.Base != nil {
		f := sh.Figure(*st.Base)
		v.Baseline = &f
	}
	if v.Shapes, err = s.shapes(ctx, sh, st); err != nil {
		return err
	}
	v.Unit = st.Indicator.Unit.String()
	if sh.English() {
		v.Unit = st.Indicator.Unit.English()
	}
	if v.Years, err = s.split(ctx, sh, st, Split{By: "years"}); err != nil {
		return err
	}
	if v.Districts, err = s.split(ctx, sh, st, Split{By: "districts", Rule: Proportional}); err != nil {
		return err
	}
	if v.Row.Effort, err = s.effort(ctx, sh, st.Target.ID, sh.Known); err != nil {
		return err
	}
	v.Chart, err = s.drawTarget(ctx, sh, st)
	return err
}

// work lists the numbers that the light was computed from.
func work(st Status, rules Rules, sh *web.Shell) []workRow {
	u := st.Indicator.Unit
	var out []workRow
	add := func(zh, en string, v pack.Text) {
		out = append(out, workRow{sh.In(pack.Text{ZH: zh, EN: en}), sh.In(v)})
	}
	same := func(s string) pack.Text { return pack.Text{ZH: s, EN: s} }
	if st.HasBase {
		add("基期", "Baseline", text("%s(%s)", "%s (%s)", amount(st.BaseValue, u), day(st.BaseDate)))
	}
	if st.Latest != nil {
		add("最新的可比数字", "Newest comparable number", text("%s(%s)", "%s (%s)", amount(st.Value, u), st.Latest.Period.String()))
		add("缺口", "Gap", amount(st.Gap, u))
		add("到期所需速度", "Rate needed until the due date", rate(st.Required, st))
	}
	if st.Judged {
		m := st.Measured
		add("考察的一段", "Stretch measured", same(day(m.From)+" – "+day(m.To)))
		add("路径上应有的变化", "Change on the path", amount(m.Expected, u))
		add("实际变化", "Change made", amount(m.Value-m.FromValue, u))
		add("完成率", "Share done", same(web.Number(100-st.Behind, 1)+"%"))
		add("落后(百分点)", "Points behind", same(web.Number(st.Behind, 1)))
		add("路径值(最新数字当日)", "The path's value then", amount(st.PathValue, u))
	}
	add("规则", "Rule", same(st.Rule))
	add("门槛", "Thresholds", text("落后 ≥ %g 黄,> %g 红", "from %g points behind yellow, beyond %g red", rules.BehindYellow, rules.BehindRed))
	return out
}

// shapes judges the target under each shape of path.
func (s *Service) shapes(ctx context.Context, sh *web.Shell, st Status) ([]shapeRow, error) {
	if st.Path.Shape == "" {
		return nil, nil
	}
	var out []shapeRow
	for _, shape := range []Shape{Linear, Geometric, SCurve} {
		other, err := s.Status(ctx, st.Target.ID, sh.Date, sh.Known, shape)
		if err != nil {
			return nil, err
		}
		if !other.Judged {
			continue
		}
		out = append(out, shapeRow{
			Shape: shape, Lit: lit(other.Light), Path: sh.In(amount(other.PathValue, st.Indicator.Unit)),
			Behind: web.Number(other.Behind, 1), Inuse: shape == st.Path.Shape,
		})
	}
	return out, nil
}

// drawTarget draws the series, its path and the target.
func (s *Service) drawTarget(ctx context.Context, sh *web.Shell, st Status) (template.HTML, error) {
	if st.Latest == nil {
		return "", nil
	}
	series, err := s.Readings.Series(ctx, st.Target.Indicator, st.Target.Unit, sh.Known)
	if err != nil {
		return "", err
	}
	u := st.Indicator.Unit
	line := chart.Line{Title: named(st.Indicator, sh), Desc: sh.In(st.Reason), Unit: u.String(), Band: st.Path.Band}
	for _, o := range series.Points {
		if v, ok := o.Value(u); ok && !o.Period.Start().After(sh.Date) {
			line.Points = append(line.Points, chart.Point{
				Date: o.Period.Last(), Value: v, Label: sh.Figure(o).Text, Hollow: !o.Status.Settled() || o.Source.Weak, Bound: o.Quantity.Cmp.IsBound(),
			})
		}
	}
	due := st.Target.Due.Last()
	line.Target = &chart.Mark{Date: due, Value: st.Want, Label: sh.In(wanted(st.Target))}
	if st.HasBase && st.Path.Shape != "" {
		if l, err := newLine(st.Path, st.BaseDate, due, st.BaseValue, st.Want); err == nil {
			for d := st.BaseDate; d.Before(due); d = d.AddDate(0, 3, 0) {
				line.Path = append(line.Path, chart.Point{Date: d, Value: l.at(d)})
			}
			line.Path = append(line.Path, chart.Point{Date: due, Value: st.Want})
		}
	}
	return s.charts.HTML(ctx, line.Chart())
}

// declare records the path that a leader has chosen.
func (s *Service) declare(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Say(fault.Invalid, "表单读不出来，请重新填写。", "the form cannot be read")
	}
	form := pathForm{Shape: r.FormValue("shape"), Band: strings.TrimSpace(r.FormValue("band")), Note: strings.TrimSpace(r.FormValue("note"))}
	band, ok := parseFloat(form.Band)
	if !ok || band < 0 || band > 50 {
		form.Error = web.ShellOf(r.Context()).In(text("带宽“%s”不是 0 到 50 之间的百分数", "band %q is not a percentage from 0 to 50", form.Band))
		return s.renderTarget(w, r, http.StatusUnprocessableEntity, form)
	}
	path := Path{Target: r.PathValue("id"), Shape: Shape(form.Shape), Band: band, Note: pack.Text{ZH: form.Note}}
	err := s.Declare(r.Context(), &path)
	if fault.KindOf(err) == fault.Invalid {
		form.Error = web.Said(r, err)
		return s.renderTarget(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/plan/targets/"+path.Target, http.StatusSeeOther)
	return nil
}

// searchView is what a search has found.
type searchView struct {
	Text       string
	Elements   []Element
	Targets    []searchTarget
	Indicators []observation.Indicator
	Units      []org.Unit
	None       bool
}

// filter returns those that keep wants.
func filter[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

type searchTarget struct{ ID, Name string }

func (s *Service) showSearch(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	v := searchView{Text: strings.TrimSpace(r.URL.Query().Get("q"))}
	if v.Text == "" {
		return searchPage.Render(w, r, v)
	}
	has := func(words ...string) bool {
		return strings.Contains(strings.ToLower(strings.Join(words, "\n")), strings.ToLower(v.Text))
	}
	p, err := s.Plan(ctx, sh.Known)
	if err != nil {
		return err
	}
	all, err := s.Readings.Indicators(ctx)
	if err != nil {
		return err
	}
	v.Elements = filter(p.Elements, func(e Element) bool { return has(e.ID, e.ZH, e.EN, e.Body.ZH, e.Body.EN) })
	v.Indicators = filter(all, func(i observation.Indicator) bool { return has(i.ID, i.ZH, i.EN) })
	for _, t := range p.Targets {
		i, err := s.Readings.Indicator(ctx, t.Indicator)
		if err == nil && has(t.ID, i.ZH, i.EN, t.Printed) {
			v.Targets = append(v.Targets, searchTarget{t.ID, named(i, sh)})
		}
	}
	if v.Units, err = s.Units.Find(ctx, v.Text); err != nil {
		return err
	}
	v.None = len(v.Elements)+len(v.Targets)+len(v.Indicators)+len(v.Units) == 0
	return searchPage.Render(w, r, v)
}
