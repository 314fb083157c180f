package indicators

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/web"
)

//go:embed pages locale
var pages embed.FS

var (
	listPage      = web.MustPage[listView](pages, "pages/list.html")
	indicatorPage = web.MustPage[indicatorView](pages, "pages/indicator.html")
	numberPage    = web.MustPage[numberView](pages, "pages/number.html")
	documentPage  = web.MustPage[documentView](pages, "pages/document.html")
	importPage    = web.MustPage[importView](pages, "pages/import.html")
	mapPage       = web.MustPage[mapView](pages, "pages/map.html")
)

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /indicators", actor.Read, s.showList)
	rt.Page("GET /indicators/{id}", actor.Read, s.showIndicator)
	rt.Page("GET /indicators/{id}/{unit}", actor.Read, s.showIndicator)
	rt.Page("GET /indicators/{id}/{unit}/{period}", actor.Read, s.showNumber)
	rt.Page("GET /indicators/documents/{id}", actor.Read, s.showDocument)
	rt.Page("GET /"+s.site.Prefix+"/{name...}", actor.Read, s.followName)
	rt.Page("GET /indicators/map", actor.Read, s.showMap)
	rt.Page("GET /indicators/import", actor.Submit, s.showImport)
	rt.Page("POST /indicators/import", actor.Submit, s.takeImport)
}

// row is one indicator in a list, with its newest number.
type row struct {
	ID, Name, Unit, Body, Concept string
	Derived                       bool
	Newest                        *web.Figure // nil when nothing is known
}

type listGroup struct {
	Name string
	Rows []row
}

type listView struct {
	Text   string
	Count  int
	Groups []listGroup
}

func (s *Service) showList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sh := web.ShellOf(ctx)
	c, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	v := listView{Text: strings.TrimSpace(r.URL.Query().Get("q"))}
	for _, g := range c.relations.Groups {
		group := listGroup{Name: sh.In(g.Text)}
		for _, i := range c.all {
			if i.Group != g.ID || !strings.Contains(strings.ToLower(i.ID+i.ZH+i.EN), strings.ToLower(v.Text)) {
				continue
			}
			rw, err := s.listRow(ctx, sh, i)
			if err != nil {
				return err
			}
			group.Rows = append(group.Rows, rw)
		}
		if len(group.Rows) > 0 {
			v.Groups = append(v.Groups, group)
			v.Count += len(group.Rows)
		}
	}
	return listPage.Render(w, r, v)
}

func (s *Service) listRow(ctx context.Context, sh *web.Shell, i observation.Indicator) (row, error) {
	rw := row{ID: i.ID, Name: i.Name(sh.Lang), Unit: i.Unit.String(), Concept: i.Concept(sh.Lang), Derived: i.Formula != ""}
	rw.Body = s.place(ctx, sh, i.Body)
	series, err := s.Series(ctx, i.ID, sh.Unit, sh.Known)
	if err != nil {
		return rw, err
	}
	if o, ok := series.Latest(); ok {
		f := sh.Figure(o)
		rw.Newest = &f
	}
	return rw, nil
}

// vintage is one line of an indicator's table.
type vintage struct {
	Figure   web.Figure
	Period   string
	Vintage  int
	Printed  string
	Known    string
	KnownBy  bool
	Source   string
	Href     string // the line of the source
	Replaced bool   // a newer vintage is known
}

// notice is something to keep in mind beside a number.
type notice struct{ Other, Name, Text string }

type indicatorView struct {
	Indicator  observation.Indicator
	Name       string
	Concept    string
	Area       string
	AreaName   string
	Body       string
	Newest     *web.Figure
	Chart      template.HTML // SVG, "" when there is nothing to draw
	Rows       []vintage
	Targets    []vintage
	Breaks     []observation.Break
	Differs    []notice
	Working    *Working
	Areas      int // places with numbers
	Query      string
	Definition DefinitionJSON
}

func (s *Service) showIndicator(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	area := s.orCity(r.PathValue("unit"))
	series, err := s.Series(ctx, r.PathValue("id"), area, sh.Known)
	if err != nil {
		return err
	}
	place, err := s.Units.Unit(ctx, area)
	if err != nil {
		return err
	}
	i := series.Indicator
	v := indicatorView{
		Indicator: i, Name: i.Name(sh.Lang), Concept: i.Concept(sh.Lang), Area: area, AreaName: sh.In(place.Text), Breaks: i.Breaks,
		Query: "indicator=" + i.ID + "&unit=" + area, Definition: s.definition(i),
	}
	lr, err := s.listRow(ctx, sh, i)
	if err != nil {
		return err
	}
	v.Body, v.Newest = lr.Body, lr.Newest
	v.Rows, v.Targets = s.vintages(sh, series)
	if v.Differs, err = s.notices(ctx, sh, i.ID); err != nil {
		return err
	}
	areas, err := s.unitsWith(ctx, i.ID, sh.Known)
	if err != nil {
		return err
	}
	v.Areas = len(areas)
	if o, ok := series.Latest(); ok && i.Formula != "" {
		work, err := s.Explain(ctx, i.ID, area, o.Period, sh.Known)
		if err != nil {
			return err
		}
		v.Working = &work
	}
	if v.Chart, err = s.chart(ctx, sh, series); err != nil {
		return err
	}
	return indicatorPage.Render(w, r, v)
}

// vintages lists the numbers of a series, newest period first, and its targets.
func (s *Service) vintages(sh *web.Shell, series observation.Series) (rows, targets []vintage) {
	all := series.Vintages
	if series.Indicator.Formula != "" {
		all = series.Points
	}
	for n, o := range all {
		v := vintage{
			Figure: sh.Figure(o), Period: o.Period.String(), Vintage: o.Vintage, Printed: o.Printed, KnownBy: o.KnownBy,
			Known: sh.Day(o.Known.In(sh.Zone)), Source: o.Source.Document,
			Replaced: n+1 < len(all) && all[n+1].Period == o.Period && all[n+1].Status != observation.Target,
		}
		if len(o.Source.Lines) > 0 {
			v.Href = sh.Link("/indicators/documents/"+o.Source.Document) + "#L" + strconv.Itoa(o.Source.Lines[0])
		}
		if o.Status == observation.Target {
			targets = append(targets, v)
		} else {
			rows = append(rows, v)
		}
	}
	slices.Reverse(rows)
	return rows, targets
}

// notices lists the indicators that must not be taken for this one.
func (s *Service) notices(ctx context.Context, sh *web.Shell, id string) ([]notice, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return nil, err
	}
	var out []notice
	for _, p := range c.differ[id] {
		out = append(out, notice{Other: p.B, Name: c.byID[p.B].Name(sh.Lang), Text: sh.In(p.Text)})
	}
	return out, nil
}

// followName leads from a resolvable name to its page: of an indicator, or of a
// number.
func (s *Service) followName(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if _, err := s.Indicator(r.Context(), name); err == nil {
		http.Redirect(w, r, "/indicators/"+name, http.StatusSeeOther)
		return nil
	}
	o, err := s.Resolve(r.Context(), s.site.Prefix+"/"+name)
	if err != nil {
		return err
	}
	http.Redirect(w, r, web.NumberPath(o), http.StatusSeeOther)
	return nil
}

// importView is the import form with what became of the last file.
type importView struct {
	Report *Report
	Error  string
	Name   string
}

func (s *Service) showImport(w http.ResponseWriter, r *http.Request) error {
	return importPage.Render(w, r, importView{})
}

func (s *Service) takeImport(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxImport)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		return fault.New(fault.Invalid, "the form cannot be read: choose a CSV or XLSX file of at most 1 GiB")
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		return importPage.RenderStatus(w, r, http.StatusUnprocessableEntity, importView{Error: "import.nofile"})
	}
	defer file.Close() //nolint:errcheck // read only
	report, err := s.Import(r.Context(), file, ImportOptions{
		Name: head.Filename, DryRun: r.FormValue("mode") != "keep" && r.FormValue("mode") != "partial", Partial: r.FormValue("mode") == "partial",
	})
	if fault.KindOf(err) == fault.Invalid {
		return importPage.RenderStatus(w, r, http.StatusUnprocessableEntity, importView{Error: web.Said(r, err), Name: head.Filename})
	}
	if err != nil {
		return err
	}
	return importPage.Render(w, r, importView{Report: &report, Name: head.Filename})
}
