package indicators

import (
	"context"
	"time"

	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
)

// describe says what the indicators are. Their numbers are stated, and described by
// their statements.
func (s *Service) describe(ctx context.Context, _ time.Time, use func(module.Description) error) error {
	all, err := s.Indicators(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		d := module.Description{
			Name: i.ID, Kind: "indicator", Title: pack.Text{ZH: i.ZH, EN: i.EN}, Page: "/indicators/" + i.ID,
			Facts: module.Facts("UNIT", i.Unit.String(), "CONCEPT", i.ConceptZH, "FORMULA", i.Formula, "BODY", i.Body),
		}
		if err := use(d); err != nil {
			return err
		}
	}
	return nil
}
