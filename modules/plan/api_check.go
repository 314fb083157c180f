package plan

import (
	"context"
	"slices"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// checkOperations mounts what tells the reader of the plan's data to take care.
func (s *Service) checkOperations(rt *web.Router) {
	web.Serve(rt, web.Operation{Path: "/plan/check", ID: "listFindings", Summary: "What the checks find in the plan and in its numbers"},
		func(ctx context.Context, _ *struct{}) ([]pack.Finding, error) {
			numbers, err := s.Readings.Check(ctx)
			if err != nil {
				return nil, err
			}
			own, err := s.Findings(ctx)
			return slices.Concat([]pack.Finding{}, own, numbers), err
		})
}
