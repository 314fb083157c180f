package projects

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	listPage   = web.MustPage[listView](pages, "pages/list.html")
	workPage   = web.MustPage[workView](pages, "pages/work.html")
	ganttPage  = web.MustPage[ganttView](pages, "pages/gantt.html")
	monthsPage = web.MustPage[monthsView](pages, "pages/months.html")
	effortPage = web.MustPage[effortView](pages, "pages/effort.html")
	editPage   = web.MustPage[editView](pages, "pages/edit.html")
	reportPage = web.MustPage[reportView](pages, "pages/report.html")
	closePage  = web.MustPage[closeView](pages, "pages/close.html")
	changePage = web.MustPage[changeView](pages, "pages/change.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /projects", actor.Read, s.showList)
	rt.Page("GET /projects/gantt", actor.Read, s.showGantt)
	rt.Page("GET /projects/months", actor.Read, s.showMonths)
	rt.Page("GET /projects/effort", actor.Read, s.showEffort)
	rt.Page("GET /projects/document", actor.Read, s.showDocument)
	rt.Page("POST /projects/document", actor.Submit, s.takeDocument)
	rt.Page("GET /projects/new", actor.Submit, s.showNew)
	rt.Page("POST /projects/new", actor.Submit, s.enter)
	rt.Page("GET /projects/{id}", actor.Read, s.showWork)
	rt.Page("GET /projects/{id}/edit", actor.Submit, s.showEdit)
	rt.Page("POST /projects/{id}/edit", actor.Submit, s.edit)
	rt.Page("GET /projects/{id}/close", actor.Submit, s.showClose)
	rt.Page("POST /projects/{id}/close", actor.Submit, s.close)
	rt.Page("GET /projects/{id}/report", actor.Submit, s.showReport)
	rt.Page("POST /projects/{id}/report", actor.Submit, s.report)
	rt.Page("POST /projects/{id}/directives", actor.Decide, s.driveForm)
	rt.Page("GET /projects/{id}/changes/{case}", actor.Visit, s.showChange)
	rt.Page("POST /projects/{id}/changes/{case}", actor.Visit, s.sendForm)
	rt.Page("GET /api/v1/projects/export.csv", actor.Read, s.exportList)
	rt.Page("GET /api/v1/projects/{id}/months.csv", actor.Read, s.exportMonths)
}

// lit is a light as people read it: shape, colour and word together.
type lit struct {
	Light  Light
	Symbol string
	Count  int
}

func litOf(l Light) lit { return lit{Light: l, Symbol: symbol(l)} }

// workRow is a work as a line of a page.
type workRow struct {
	ID, Name, Kind string
	Href           string
	Unit           string
	Element        string // name of the class, slot or action it carries out
	Lit            lit
	Reason, Rule   string
	Budget, Spent  string
	Serves         []link
	Demo           bool
}

type link struct{ Href, Text string }

// desk is what the lines of a page need to be written: the plan's and the units' names.
type desk struct {
	sh       *web.Shell
	elements map[string]Element
	order    []Element
	unit     func(id string) string
}

func (s *Service) desk(ctx context.Context) (desk, error) {
	sh := web.ShellOf(ctx)
	all, err := s.Plan(ctx, sh.Known)
	d := desk{sh: sh, elements: map[string]Element{}, order: all}
	for _, e := range all {
		d.elements[e.ID] = e
	}
	d.unit = func(id string) string {
		u, err := s.Units.Unit(ctx, id)
		if err != nil {
			return id
		}
		return sh.In(u.Text)
	}
	return d, err
}

// element names an element of the plan; its id when the plan has none.
func (d desk) element(id string) string {
	if e, ok := d.elements[id]; ok {
		return d.sh.In(e.Text)
	}
	return id
}

// link leads to an element or a target of the plan.
func (d desk) link(id string) link {
	path := "/plan/elements/" + id
	if d.elements[id].Kind == "target" {
		path = "/plan/targets/" + id
	}
	return link{d.sh.Link(path), id + " " + d.element(id)}
}

func (d desk) row(e Entry) workRow {
	budget, spent := total(e.Accounts)
	row := workRow{
		ID: e.ID, Name: d.sh.In(e.Text), Kind: e.Kind, Href: d.sh.Link(e.Page), Unit: d.unit(e.Unit), Element: d.element(e.Element),
		Lit: litOf(e.Standing.Light), Reason: d.sh.In(e.Standing.Reason), Rule: e.Standing.Rule, Demo: e.Demo,
	}
	if len(e.Accounts) > 0 {
		row.Budget, row.Spent = d.sh.In(budget.words()), d.sh.In(spent.words())
	}
	for _, l := range e.Links {
		row.Serves = append(row.Serves, d.link(l.To))
	}
	return row
}

// listView is all works with what the plan names and nobody has filled in.
type listView struct {
	Query    Query
	Rows     []workRow
	Summary  []lit
	Counts   []kindCount
	Demo     int // how many are demonstration data
	Kinds    []string
	Lights   []Light
	Elements []Element
	Slots    []slotRow
	MayEnter bool
	CSV      string
}

type kindCount struct {
	Kind  string
	Count int
}

// slotRow is elements that the plan names, nobody has filled in, and the source
// says nothing more of.
type slotRow struct {
	Kind, Reason string
	Elements     []link
}

func (s *Service) query(r *http.Request) Query {
	q := r.URL.Query()
	return Query{Kind: q.Get("kind"), Element: q.Get("element"), Unit: q.Get("unit"), Light: q.Get("light"), Text: q.Get("q"), Demo: q.Get("demo")}
}

func (s *Service) showList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	all, err := s.list(ctx, Query{}, d.sh.Date, d.sh.Known)
	if err != nil {
		return err
	}
	v := listView{
		Query: s.query(r), Kinds: Kinds(), Lights: Lights(), Slots: d.slots(all), CSV: "/api/v1/projects/export.csv?" + r.URL.RawQuery,
		MayEnter: s.Access.Decide(ctx, d.sh.Actor, actor.Submit, "") == nil,
	}
	for _, e := range d.order {
		if e.Kind == "project_class" || e.Kind == "target" || e.Kind == "action" {
			v.Elements = append(v.Elements, e)
		}
	}
	v.tally(d, all)
	return listPage.Render(w, r, v)
}

// tally writes the works that are asked for and counts them, demonstration data
// apart.
func (v *listView) tally(d desk, all []Entry) {
	lights, kinds := map[Light]int{}, map[string]int{}
	for _, e := range all {
		if !v.Query.fits(e) {
			continue
		}
		v.Rows = append(v.Rows, d.row(e))
		if e.Demo {
			v.Demo++
			continue
		}
		lights[e.Standing.Light]++
		kinds[e.Kind]++
	}
	for _, l := range Lights() {
		if lights[l] > 0 {
			v.Summary = append(v.Summary, lit{l, symbol(l), lights[l]})
		}
	}
	for _, k := range Kinds() {
		v.Counts = append(v.Counts, kindCount{k, kinds[k]})
	}
}

// slots groups what the plan names and nobody has filled in, by kind and reason.
// Demonstration data fill nothing in.
func (d desk) slots(all []Entry) []slotRow {
	filled := map[string]bool{}
	for _, e := range all {
		if !e.Demo {
			filled[e.Element] = true
		}
	}
	var out []slotRow
	for _, e := range d.order {
		if e.Slot == nil || filled[e.ID] {
			continue
		}
		reason := d.sh.In(*e.Slot)
		at := slices.IndexFunc(out, func(r slotRow) bool { return r.Kind == e.Kind && r.Reason == reason })
		if at < 0 {
			at = len(out)
			out = append(out, slotRow{Kind: e.Kind, Reason: reason})
		}
		out[at].Elements = append(out[at].Elements, d.link(e.ID))
	}
	return out
}

// ganttView is the works of a window of months as bars.
type ganttView struct {
	Query   Query
	Kinds   []string
	Drawing template.HTML
	Narrow  template.HTML // the same for a telephone
	Classes []classKey
	Lights  []lit
	From    string
	To      string
	Windows []link
	Demo    bool
	Count   int
	Undated []workRow // without a month to draw
}

type classKey struct {
	Swatch template.HTML
	Name   string
}

func (s *Service) showGantt(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := s.desk(ctx)
	if err != nil {
		return err
	}
	v := ganttView{Query: s.query(r), Kinds: Kinds()}
	g := gantt{Today: d.sh.Date}
	if g.From, g.To, err = window(r, d.sh.Date); err != nil {
		return err
	}
	b, err := s.book(ctx)
	if err != nil {
		return err
	}
	for _, st := range b.at(d.sh.Known) {
		e := b.entry(st, d.sh.Date)
		if !v.Query.fits(e) {
			continue
		}
		v.Demo = v.Demo || e.Demo
		if bar, ok := d.bar(st, e); ok {
			g.Bars = append(g.Bars, bar)
		} else {
			v.Undated = append(v.Undated, d.row(e))
		}
	}
	slices.SortStableFunc(g.Bars, func(a, b ganttBar) int { return a.Class - b.Class })
	v.Count, v.From, v.To = len(g.Bars), g.From.String(), g.To.String()
	v.Classes, v.Windows = d.classes(), d.windows(r, v.Query)
	for _, l := range Lights() {
		v.Lights = append(v.Lights, litOf(l))
	}
	if len(g.Bars) > 0 {
		title := d.sh.In(pack.Text{ZH: "各事项的起止和里程碑", EN: "Works with their spans and milestones"})
		v.Drawing, v.Narrow = g.draw(d.sh, title, ganttDesk), g.draw(d.sh, title, ganttPhone)
	}
	return ganttPage.Render(w, r, v)
}

// window returns the months that are drawn: as asked for, or a year back and a
// year ahead, which is as much as a printed page holds.
func window(r *http.Request, date time.Time) (from, to period.Period, err error) {
	now := period.Of(date, period.Month)
	from, to = now.Add(-11), now.Add(12)
	for key, p := range map[string]*period.Period{"from": &from, "to": &to} {
		text := r.URL.Query().Get(key)
		if text == "" {
			continue
		}
		if *p, err = period.Parse(text); err != nil || !isMonth(*p) {
			return from, to, fault.Say(fault.Invalid, "%s 为 %q，请写成 2024-01 的样子。", "%s is %q; give a month such as 2024-01", key, text)
		}
	}
	if n := period.MonthsBetween(from.Start(), to.Start()); n < 0 || n > 120 {
		return from, to, fault.Say(fault.Invalid, "从 %s 到 %s 画不出来，请选 1 到 120 个月。", "from %s to %s cannot be drawn; give a window of 1 to 120 months", from, to)
	}
	return from, to, nil
}

// windows are the stretches that the page offers.
func (d desk) windows(r *http.Request, q Query) []link {
	var out []link
	add := func(name pack.Text, from, to string) {
		values := r.URL.Query()
		values.Set("from", from)
		values.Set("to", to)
		out = append(out, link{"/projects/gantt?" + values.Encode(), d.sh.In(name)})
	}
	_ = q
	for year := 2023; year <= 2027; year++ {
		y := strconv.Itoa(year)
		add(pack.Text{ZH: y + " 年", EN: y}, y+"-01", y+"-12")
	}
	add(pack.Text{ZH: "整个规划期", EN: "The plan's five years"}, "2023-01", "2027-12")
	return out
}

// classOf numbers what the bars are coloured by: classes of projects from 1 to 4,
// policies, measures.
func (d desk) classOf(e Entry) int {
	if e.Kind == Policy {
		return 5
	}
	if e.Kind == Measure {
		return 6
	}
	n := 0
	for _, x := range d.order {
		if x.Kind == "project_class" {
			n++
			if x.ID == e.Element {
				break
			}
		}
	}
	return min(max(n, 1), 4)
}

func (d desk) classes() []classKey {
	var out []classKey
	for _, x := range d.order {
		if x.Kind == "project_class" && len(out) < 4 {
			out = append(out, classKey{swatch(len(out) + 1), d.sh.In(x.Text)})
		}
	}
	return append(out, classKey{swatch(5), d.sh.In(pack.Text{ZH: "政策（有效期）", EN: "Policies (validity)"})}, classKey{swatch(6), d.sh.In(pack.Text{ZH: "举措", EN: "Measures"})})
}

// bar is a work as a row of the Gantt view; false when it has no month at all.
func (d desk) bar(st state, e Entry) (ganttBar, bool) {
	from, to, ok := st.stretch()
	if !ok {
		return ganttBar{}, false
	}
	bar := ganttBar{ID: e.ID, Name: d.sh.In(e.Text), Class: d.classOf(e), From: from, To: to, Standing: e.Standing, Demo: e.Demo, Href: d.sh.Link(e.Page)}
	for n, m := range e.Milestones {
		at := m.Planned
		if !m.Actual.IsZero() {
			at = m.Actual
		}
		if !at.IsZero() {
			s := e.Lights[n].Standing
			bar.Milestones = append(bar.Milestones, ganttMark{at, s.Light, d.sh.In(m.Text) + " · " + d.sh.In(s.Reason)})
		}
	}
	return bar, true
}
