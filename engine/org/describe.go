package org

import (
	"context"
	"time"

	"yuzhou/kernel/module"
)

// describe says what the units and posts of the city are.
func (s *Service) describe(ctx context.Context, _ time.Time, use func(module.Description) error) error {
	t, err := s.tree(ctx)
	if err != nil {
		return err
	}
	for _, u := range t.on(s.day(s.now())) {
		d := module.Description{
			Name: "unit/" + u.ID, Kind: "unit", Title: u.Text, Page: "/org/units/" + u.ID,
			Facts: module.Facts("KIND", u.Kind, "ABOVE", u.Parent, "SINCE", u.From, "SOURCE", u.Source),
		}
		if err := use(d); err != nil {
			return err
		}
		posts, err := s.Posts(ctx, u.ID)
		if err != nil {
			return err
		}
		for _, p := range posts {
			d := module.Description{
				Name: "post/" + p.ID, Kind: "post", Title: p.Text, Page: "/org/units/" + u.ID,
				Facts: module.Facts("UNIT", u.ID, "SOURCE", p.Source),
			}
			if err := use(d); err != nil {
				return err
			}
		}
	}
	return nil
}
