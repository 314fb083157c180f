package indicators

import (
	"context"
	"log/slog"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/web"
)

// attest says how far a number that a page shows is proved. Demonstrations are not asked
// about: they are never stated.
func (s *Service) attest(ctx context.Context, o observation.Observation) web.Evidence {
	e, err := s.evidence(ctx, o)
	if err != nil {
		s.log.WarnContext(ctx, "it cannot be said how far a number is proved", slog.String("number", numberPath(o)), slog.Any("error", err))
	}
	if err != nil || e == nil {
		return web.Evidence{}
	}
	return web.Evidence{State: string(e.State), Name: e.Name, Href: "/proof/of/" + e.Name}
}
