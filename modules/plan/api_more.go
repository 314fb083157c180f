package plan

import (
	"context"
	"net/http"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/web"
)

// moreOperations mounts the parts of the plan, decompositions and exports.
func (s *Service) moreOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/plan/elements", ID: "listElements", Summary: "The plan's elements, by kind when asked"},
		func(ctx context.Context, in *struct {
			When
			Kind string `query:"kind" doc:"goal, position, objective, action, measure, policy, project_class …"`
		},
		) ([]Element, error) {
			p, err := s.planAt(ctx, in.When)
			if err != nil || in.Kind == "" {
				return p.Elements, err
			}
			return append([]Element{}, p.Of(in.Kind)...), nil
		})
	web.Serve(rt, web.Operation{Path: "/plan/highlights", ID: "listHighlights", Summary: "The yearly report's ten highlights with the figures in them"},
		func(ctx context.Context, in *When) ([]Highlight, error) {
			p, err := s.planAt(ctx, *in)
			return p.Highlights, err
		})
	web.Serve(rt, web.Operation{Path: "/plan/targets/{id}/decomposition", ID: "decomposeTarget", Summary: "A target split over years, districts or departments by a named rule"},
		func(ctx context.Context, in *struct {
			TargetInput
			By     string `query:"by" enum:"years,districts,departments" doc:"years when empty"`
			Rule   string `query:"rule" enum:"equal,growth,proportional,capability" doc:"of a split over districts or departments"`
			Weight string `query:"weight" doc:"indicator that rule capability goes by"`
			Among  string `query:"among" doc:"codes of the departments, separated by commas"`
		},
		) (Decomposition, error) {
			date, known, err := s.dates(in.When)
			if err != nil {
				return Decomposition{}, err
			}
			st, err := s.Status(ctx, in.ID, date, known, in.Path)
			if err != nil {
				return Decomposition{}, err
			}
			return s.Decompose(ctx, st, Split{in.By, in.Rule, in.Weight, in.Among})
		})
	rt.Page("GET /api/v1/plan/export.json", actor.Read, s.exportPlan)
	rt.Page("GET /api/v1/plan/export.xml", actor.Read, s.exportPlan)
}

func (s *Service) planAt(ctx context.Context, w When) (Plan, error) {
	_, known, err := s.dates(w)
	if err != nil {
		return Plan{}, err
	}
	return s.Plan(ctx, known)
}

// exportPlan answers with the plan in force as JSON, or as StratML in the
// language of the request.
func (s *Service) exportPlan(w http.ResponseWriter, r *http.Request) error {
	p, err := s.planAt(r.Context(), When{AsOf: r.URL.Query().Get("as_of")})
	if err != nil {
		return err
	}
	if r.URL.Path == "/api/v1/plan/export.json" {
		w.Header().Set("Content-Disposition", `attachment; filename="plan-`+p.ID+`.json"`)
		return web.JSON(w, http.StatusOK, p)
	}
	doc, err := s.toStratML(r.Context(), p, web.ShellOf(r.Context()).Lang)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="plan-`+p.ID+`.xml"`)
	_, err = w.Write(doc)
	return err
}
