package indicators

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/chart"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// chart draws a series with its vintages, breaks and target; "" when there are
// fewer than two numbers to draw.
func (s *Service) chart(ctx context.Context, sh *web.Shell, series observation.Series) (template.HTML, error) {
	i := series.Indicator
	line := chart.Line{Title: i.Name(sh.Lang), Desc: i.Concept(sh.Lang), Unit: i.Unit.String()}
	for _, o := range series.Points {
		if p, ok := point(o, i, sh); ok {
			line.Points = append(line.Points, p)
		}
	}
	line.Earlier, line.Breaks = earlier(series, sh), breakMarks(i, sh)
	for _, o := range series.Targets {
		if p, ok := point(o, i, sh); ok {
			line.Target = &chart.Mark{Date: p.Date, Value: p.Value, Label: p.Label}
		}
	}
	if len(line.Points) < 2 && (line.Target == nil || len(line.Points) == 0) {
		return "", nil
	}
	return s.charts.HTML(ctx, line.Chart())
}

// earlier lists the vintages that have been replaced.
func earlier(series observation.Series, sh *web.Shell) []chart.Point {
	var out []chart.Point
	for n, o := range series.Vintages {
		replaced := n+1 < len(series.Vintages) && series.Vintages[n+1].Period == o.Period
		if p, ok := point(o, series.Indicator, sh); ok && replaced && o.Status != observation.Target {
			p.Label, p.Hollow = "", true
			out = append(out, p)
		}
	}
	return out
}

// breakMarks lists the changes of definition.
func breakMarks(i observation.Indicator, sh *web.Shell) []chart.Mark {
	var out []chart.Mark
	for _, b := range i.Breaks {
		d, err := time.Parse(time.DateOnly, b.Date)
		if err != nil {
			continue // checked when the pack was read
		}
		out = append(out, chart.Mark{Date: d, Label: sh.In(pack.Text{ZH: b.ZH, EN: b.EN})})
	}
	return out
}

func point(o observation.Observation, i observation.Indicator, sh *web.Shell) (chart.Point, bool) {
	v, ok := o.Value(i.Unit)
	return chart.Point{
		Date: o.Period.Last(), Value: v, Label: sh.Figure(o).Text, Hollow: !o.Status.Settled() || o.Source.Weak, Bound: o.Quantity.Cmp.IsBound(),
	}, ok
}

// place is one district in the comparison.
type place struct {
	ID, Name string
	Figure   *web.Figure
	value    float64
}

// has is 1 when the place has a number: those come first.
func (p place) has() int {
	if p.Figure == nil {
		return 0
	}
	return 1
}

type mapView struct {
	Indicator observation.Indicator
	Name      string
	All       []observation.Indicator
	Places    []place
	With      int // places that have a number
	Map, Bars template.HTML
	Schematic bool
}

func (s *Service) showMap(w http.ResponseWriter, r *http.Request) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	c, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("indicator")
	v := mapView{All: c.all}
	if id == "" && len(c.all) > 0 {
		id = c.all[0].ID
		for _, i := range c.all {
			if i.Nature == observation.Stock && i.Space == "sum" {
				id = i.ID
				break
			}
		}
	}
	if v.Indicator, err = s.Indicator(ctx, id); err != nil {
		return err
	}
	v.Name = v.Indicator.Name(sh.Lang)
	if v.Places, err = s.districts(ctx, sh, v.Indicator); err != nil {
		return err
	}
	for _, p := range v.Places {
		if p.Figure != nil {
			v.With++
		}
	}
	if err := s.drawPlaces(ctx, sh, &v); err != nil {
		return err
	}
	return mapPage.Render(w, r, v)
}

// districts lists the districts with their newest number, the largest first and
// those without one last.
func (s *Service) districts(ctx context.Context, sh *web.Shell, i observation.Indicator) ([]place, error) {
	units, err := s.Units.Districts(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.everywhere(ctx, i.ID, sh.Known)
	if err != nil {
		return nil, err
	}
	newest := map[string]place{}
	for _, series := range all {
		o, known := series.Latest()
		if v, ok := o.Value(i.Unit); known && ok {
			f := sh.Figure(o)
			newest[series.Unit] = place{Figure: &f, value: v}
		}
	}
	out := make([]place, 0, len(units))
	for _, u := range units {
		p := newest[u.ID]
		p.ID, p.Name = u.ID, sh.In(u.Text)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.has(), a.has()), cmp.Compare(b.value, a.value))
	})
	return out, nil
}

func (s *Service) drawPlaces(ctx context.Context, sh *web.Shell, v *mapView) error {
	var geo []byte
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		geo, err = districtMap(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	noData := "没有公布"
	if sh.English() {
		noData = "not published"
	}
	var areas, withNumber []chart.Area
	for _, p := range v.Places {
		short := strings.TrimSuffix(strings.TrimSuffix(p.Name, " District"), " County")
		a := chart.Area{Name: p.ID, Label: short, Value: p.value, Has: p.Figure != nil}
		areas = append(areas, a)
		if a.Has {
			withNumber = append(withNumber, a)
		}
	}
	if geo != nil {
		s.charts.RegisterMap("districts", geo)
		v.Schematic = true
		places := chart.Places{Title: v.Name, Map: "districts", Areas: areas, Classes: quartiles(withNumber), NoData: noData}
		if v.Map, err = s.charts.HTML(ctx, places.Chart()); err != nil {
			return err
		}
	}
	if len(withNumber) > 1 {
		v.Bars, err = s.charts.HTML(ctx, chart.Bars{Title: v.Name, Unit: v.Indicator.Unit.String(), Areas: withNumber, NoData: noData}.Chart())
	}
	return err
}

// quartiles makes up to four classes with about as many places in each.
// areas come largest first.
func quartiles(areas []chart.Area) []chart.Class {
	if len(areas) == 0 {
		return nil
	}
	var edges []float64
	for n := range 4 {
		edges = append(edges, areas[len(areas)-1-n*len(areas)/4].Value)
	}
	edges = slices.Compact(edges)
	var out []chart.Class
	for n, low := range edges {
		high := areas[0].Value + 1
		label := web.Number(low, 0) + "–" + web.Number(areas[0].Value, 0)
		if n+1 < len(edges) {
			high = edges[n+1]
			label = web.Number(low, 0) + "–" + web.Number(high, 0)
		}
		out = append(out, chart.Class{Min: low, Max: high, Label: label})
	}
	return out
}
