package evaluation

import (
	"context"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// When is how an operation is asked for a date and for generated numbers.
type When struct {
	AsOf string `query:"as_of" doc:"what was known by this date" example:"2023-07-11"`
	Demo bool   `query:"demo" doc:"with numbers generated to show how the rule works; never mixed with published ones"`
}

// ask reads a When.
func (s *Service) ask(scheme string, w When) (Ask, error) {
	date, known, err := s.site.ParseAsOf(w.AsOf)
	return Ask{Scheme: scheme, Date: date, Known: known, Demo: w.Demo}, err
}

func (s *Service) operations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/evaluation", ID: "listSchemes", Summary: "Published scoring rules"},
		func(ctx context.Context, in *When) ([]Scheme, error) {
			a, err := s.ask("", *in)
			if err != nil {
				return nil, err
			}
			all, err := s.schemes(ctx, a.Known)
			return append([]Scheme{}, all...), err
		})
	web.Serve(rt, web.Operation{Path: "/evaluation/{scheme}", ID: "evaluate", Summary: "Scores of all units by a rule, by group and code"},
		func(ctx context.Context, in *struct {
			When
			Scheme string `path:"scheme"`
		},
		) (Evaluation, error) {
			a, err := s.ask(in.Scheme, in.When)
			if err != nil {
				return Evaluation{}, err
			}
			return s.Evaluate(ctx, a)
		})
	web.Serve(rt, web.Operation{Path: "/evaluation/{scheme}/{unit}", ID: "explainScore", Summary: "A unit's score down to the numbers"},
		func(ctx context.Context, in *struct {
			When
			Scheme string `path:"scheme"`
			Unit   string `path:"unit"`
		},
		) (Result, error) {
			a, err := s.ask(in.Scheme, in.When)
			if err != nil {
				return Result{}, err
			}
			e, err := s.Evaluate(ctx, a)
			if err != nil {
				return Result{}, err
			}
			return e.of(in.Unit)
		})
}

// of returns a unit's result; fault.NotFound when the scheme does not score it.
func (e Evaluation) of(unit string) (Result, error) {
	for _, r := range e.Results {
		if r.Unit == unit {
			return r, nil
		}
	}
	return Result{}, fault.New(fault.NotFound, "scoring rule %s does not score unit %q", e.Scheme.ID, unit)
}
