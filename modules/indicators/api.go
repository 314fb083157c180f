package indicators

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/web"
	"yuzhou/modules/indicators/sheet"
)

// Paged is how a page of a list is asked for.
type Paged struct {
	Cursor string `query:"cursor" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"items a page; 100 when empty"`
}

// Known is how knowledge of the past is asked for.
type Known struct {
	AsOf string `query:"as_of" doc:"only what was known by this date counts; now when empty" example:"2023-07-11"`
}

type listInput struct {
	Paged
	Group string `query:"group"`
	Text  string `query:"q" doc:"part of an id or a name"`
}

// ObservationsInput is how observations are asked for.
type ObservationsInput struct {
	Paged
	Known
	Indicator string `query:"indicator" required:"true" doc:"id, such as st.hte"`
	Unit      string `query:"unit" doc:"code of the place; the city when empty, * for all"`
	Period    string `query:"period" doc:"one period"`
	History   bool   `query:"history" doc:"every vintage and target, not only the newest numbers"`
}

// ExplainInput is how a number's working is asked for.
type ExplainInput struct {
	Known
	ID     string `query:"indicator" required:"true"`
	Unit   string `query:"unit" doc:"code of the place; the city when empty"`
	Period string `query:"period" required:"true"`
}

func (s *Service) operations(rt *web.Router) {
	s.withdrawOperation(rt)
	web.Serve(rt, web.Operation{Path: "/indicators/definitions", ID: "listIndicators", Summary: "Definitions of indicators"}, s.listOperation)
	web.Serve(rt, web.Operation{Path: "/indicators/definitions/{id}", ID: "getIndicator", Summary: "One definition"},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		},
		) (DefinitionJSON, error) {
			i, err := s.Indicator(ctx, in.ID)
			return s.definition(i), err
		})
	web.Serve(rt, web.Operation{Path: "/indicators/workings", ID: "explainNumber", Summary: "How a number came about: formula, inputs, sources as a tree"},
		func(ctx context.Context, in *ExplainInput) (Working, error) {
			p, err := period.Parse(in.Period)
			if err != nil {
				return Working{}, err
			}
			_, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return Working{}, err
			}
			return s.Explain(ctx, in.ID, s.orCity(in.Unit), p, known)
		})
	web.Serve(rt, web.Operation{Path: "/indicators/observations", ID: "listObservations", Summary: "Numbers of one indicator, as known"}, s.observationsOperation)
	web.Serve(rt, web.Operation{Path: "/indicators/figures", ID: "listFigures", Summary: "Every figure of a document, by its id there"},
		func(ctx context.Context, in *struct {
			Paged
			Known
			Document string `query:"document" doc:"page, later …; all when empty"`
		},
		) (web.List[Datum], error) {
			_, known, err := s.site.ParseAsOf(in.AsOf)
			if err != nil {
				return web.List[Datum]{}, err
			}
			all, err := s.Figures(ctx, in.Document, known)
			if err != nil {
				return web.List[Datum]{}, err
			}
			return s.page(ctx, all, in.Paged, func(o observation.Observation) string { return o.Source.Figure + " " + o.Name(s.site.Prefix).String() })
		})
	web.Serve(rt, web.Operation{Path: "/indicators/names/{name}", ID: "getObservation", Summary: "The number that a resolvable name means; / in the name is written %2F"},
		func(ctx context.Context, in *struct {
			Name string `path:"name"`
		},
		) (Datum, error) {
			o, err := s.Resolve(ctx, in.Name)
			if err != nil {
				return Datum{}, err
			}
			return s.attested(ctx, o)
		})
	web.Serve(rt, web.Operation{Path: "/indicators/documents/{id}", ID: "getDocument", Summary: "A source with its text, where we hold it"},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		},
		) (Document, error) {
			return s.Document(ctx, in.ID)
		})
}

func (s *Service) listOperation(ctx context.Context, in *listInput) (web.List[DefinitionJSON], error) {
	all, err := s.Indicators(ctx)
	if err != nil {
		return web.List[DefinitionJSON]{}, err
	}
	var out []DefinitionJSON
	text := strings.ToLower(in.Text)
	for _, i := range all {
		named := strings.Contains(strings.ToLower(i.ID+" "+i.ZH+" "+i.EN), text)
		if (in.Group == "" || i.Group == in.Group) && named {
			out = append(out, s.definition(i))
		}
	}
	slices.SortFunc(out, func(a, b DefinitionJSON) int { return strings.Compare(a.ID, b.ID) })
	return web.Paginate(out, in.Cursor, in.Limit, func(d DefinitionJSON) string { return d.ID }), nil
}

func (s *Service) orCity(unit string) string {
	if unit == "" {
		return s.site.Unit
	}
	return unit
}

// page answers one page of numbers, each with how far it is proved.
func (s *Service) page(ctx context.Context, all []observation.Observation, p Paged, key func(observation.Observation) string) (web.List[Datum], error) {
	some := web.Paginate(all, p.Cursor, p.Limit, key)
	out := web.List[Datum]{Items: make([]Datum, len(some.Items)), Next: some.Next}
	for i, o := range some.Items {
		var err error
		if out.Items[i], err = s.attested(ctx, o); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *Service) observationsOperation(ctx context.Context, in *ObservationsInput) (web.List[Datum], error) {
	_, known, err := s.site.ParseAsOf(in.AsOf)
	if err != nil {
		return web.List[Datum]{}, err
	}
	units, err := s.unitsAsked(ctx, in, known)
	if err != nil {
		return web.List[Datum]{}, err
	}
	var out []observation.Observation
	for _, unit := range units {
		series, err := s.Series(ctx, in.Indicator, unit, known)
		if err != nil {
			return web.List[Datum]{}, err
		}
		for _, o := range wanted(series, in.History) {
			if in.Period == "" || o.Period.String() == in.Period {
				out = append(out, o)
			}
		}
	}
	key := func(o observation.Observation) string {
		return o.Unit + " " + o.Period.String() + " " + o.Name(s.site.Prefix).String()
	}
	slices.SortStableFunc(out, func(a, b observation.Observation) int { return strings.Compare(key(a), key(b)) })
	return s.page(ctx, out, in.Paged, key)
}

// unitsAsked checks the period and lists the units that are asked about.
func (s *Service) unitsAsked(ctx context.Context, in *ObservationsInput, known time.Time) ([]string, error) {
	if in.Period != "" {
		if _, err := period.Parse(in.Period); err != nil {
			return nil, err
		}
	}
	if in.Unit == "*" {
		return s.unitsWith(ctx, in.Indicator, known)
	}
	return []string{s.orCity(in.Unit)}, nil
}

// wanted returns the newest numbers of a series or, for its history, all it holds.
func wanted(series observation.Series, history bool) []observation.Observation { //nolint:revive // what the caller was asked for
	if history {
		return slices.Concat(series.Vintages, derivedOf(series))
	}
	return series.Points
}

// derivedOf returns the numbers that are computed and therefore have no vintages.
func derivedOf(series observation.Series) []observation.Observation {
	if series.Indicator.Formula == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(series.Points), func(o observation.Observation) bool {
		return slices.ContainsFunc(series.Vintages, func(v observation.Observation) bool { return v.Period == o.Period })
	})
}

// Resolve returns the number that a name means: a given vintage, or without one
// the newest.
func (s *Service) Resolve(ctx context.Context, name string) (observation.Observation, error) {
	asked, pinned, err := s.parseName(name)
	if err != nil {
		return asked, err
	}
	series, err := s.Series(ctx, asked.Indicator, asked.Unit, s.now())
	if err != nil {
		return asked, err
	}
	for _, o := range slices.Backward(slices.Concat(series.Vintages, series.Points)) {
		if o.Period == asked.Period && (pinned == 0 || pinned == o.Vintage) {
			return o, nil
		}
	}
	return asked, fault.New(fault.NotFound, "there is no number %q", name)
}

// unitsWith lists the units in which an indicator has numbers.
func (s *Service) unitsWith(ctx context.Context, indicator string, known time.Time) ([]string, error) {
	series, err := s.everywhere(ctx, indicator, known)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(series))
	for _, x := range series {
		out = append(out, x.Unit)
	}
	return out, nil
}

// files mounts what streams: import and exports.
func (s *Service) files(rt *web.Router) {
	rt.Page("POST /api/v1/indicators/import", actor.Submit, s.importFile)
	rt.Page("GET /api/v1/indicators/export.csv", actor.Read, s.exportFile)
	rt.Page("GET /api/v1/indicators/export.xlsx", actor.Read, s.exportFile)
}

// maxImport is the largest file that is read, in bytes.
const maxImport = 1 << 30

func (s *Service) importFile(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	report, err := s.Import(r.Context(), http.MaxBytesReader(w, r.Body, maxImport), ImportOptions{
		Name: q.Get("name"), DryRun: q.Get("dry_run") == "true", Partial: q.Get("partial") == "true",
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, report)
}

// exportFile answers with the numbers of the indicators (all when none is named)
// as CSV or XLSX.
func (s *Service) exportFile(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	_, known, err := s.site.ParseAsOf(q.Get("as_of"))
	if err != nil {
		return err
	}
	ids := q["indicator"]
	if len(ids) == 0 {
		all, err := s.Indicators(r.Context())
		if err != nil {
			return err
		}
		for _, i := range all {
			ids = append(ids, i.ID)
		}
	}
	for _, id := range ids {
		if _, err := s.Indicator(r.Context(), id); err != nil {
			return err
		}
	}
	var failed error
	rows := s.exported(r.Context(), ids, q.Get("history") == "true", known, &failed)
	e := sheet.Export{
		Lang: web.ShellOf(r.Context()).Lang, Name: s.cited, Bundle: s.bundle,
		Zone: s.site.Zone, BOM: q.Get("bom") == "true", Source: s.site.Name.ZH, AsOf: known,
	}
	kind, write := "text/csv; charset=utf-8", sheet.WriteCSV
	if strings.HasSuffix(r.URL.Path, ".xlsx") {
		kind, write = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheet.WriteXLSX
	}
	name := "yuzhou"
	if len(ids) == 1 {
		name = ids[0]
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+r.URL.Path[strings.LastIndex(r.URL.Path, "."):]+`"`)
	return errors.Join(write(w, rows, e), failed)
}
