package indicators

import (
	"context"
	"log/slog"
	"strconv"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/web"
)

// attest says how far a number that a page shows is proved. Demonstrations are not asked
// about: they are never stated.
func (s *Service) attest(ctx context.Context, o observation.Observation) web.Evidence {
	if o.Status == observation.Demo {
		return web.Evidence{}
	}
	st, err := s.Proof.Standing(ctx, Claim(o))
	if err != nil {
		s.log.WarnContext(ctx, "it cannot be said how far a number is proved", slog.String("number", numberPath(o)), slog.Any("error", err))
		return web.Evidence{}
	}
	name := st.Name
	if st.Vintage > 0 {
		name += "@" + strconv.FormatInt(st.Vintage, 10)
	}
	return web.Evidence{State: string(st.State), Name: name, Href: "/proof/of/" + name}
}
