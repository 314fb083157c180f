package flow

import (
	"context"
	"time"

	"yuzhou/kernel/module"
)

// describe says which procedures there are, by the version in force.
func (s *Service) describe(ctx context.Context, since time.Time, use func(module.Description) error) error {
	all, err := s.Versions(ctx, "")
	if err != nil {
		return err
	}
	for _, v := range all {
		if !v.InForce || v.Accepted.Before(since) {
			continue
		}
		d := module.Description{
			Name: "procedure." + v.ID, Kind: "procedure", Title: v.Name, Page: "/flow/procedures/" + v.ID,
			Facts: module.Facts("DIGEST", v.Digest, "SINCE", v.From, "UNTIL", v.Until),
		}
		if err := use(d); err != nil {
			return err
		}
	}
	return nil
}
