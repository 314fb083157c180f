package plan

import (
	"context"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

// describe says what the plan in force and its elements are. Its targets are stated,
// and described by their statements.
func (s *Service) describe(ctx context.Context, _ time.Time, use func(module.Description) error) error {
	p, err := s.Plan(ctx, s.now())
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	err = use(module.Description{
		Name: "plan." + p.ID, Kind: "plan", Title: p.Text, Page: "/plan/tree",
		Facts: module.Facts("ISSUED", p.Issued, "ISSUER", p.Issuer, "SOURCE", p.Source),
	})
	if err != nil {
		return err
	}
	for _, e := range p.Elements {
		d := module.Description{
			Name: "plan/" + p.ID + "/element/" + e.ID, Kind: "element", Title: e.Text, Page: "/plan/elements/" + e.ID,
			Facts: module.Facts("KIND", e.Kind, "TEXT", e.Body.ZH, "SOURCE", p.Source),
		}
		if err := use(d); err != nil {
			return err
		}
	}
	return nil
}
