package identifiers

import (
	"context"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/typed"
)

// place says how a prefix stands, from what was read last. Before the first reading
// there is none but the node's own.
func (s *Service) place(folded string) node.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.places[folded]; ok || folded != s.site.Prefix {
		return p
	}
	return node.Place{Standing: node.Hosted}
}

// refresh reads how all prefixes stand.
func (s *Service) refresh(ctx context.Context) error {
	if s.follows() {
		return s.following.refresh(ctx)
	}
	places, quotas := map[string]node.Place{s.site.Prefix: {Standing: node.Hosted}}, map[string]int64{}
	err := s.eachPrefix(ctx, func(p Prefix) error {
		place, err := placeOf(p)
		places[handle.Fold(p.Prefix)], quotas[handle.Fold(p.Prefix)] = place, p.Quota
		return err
	})
	if err == nil {
		err = s.standbyPlaces(ctx, places)
	}
	if err != nil {
		return err
	}
	if err := s.readGrants(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.places, s.quotas = places, quotas
	s.mu.Unlock()
	s.answering().Forget(handle.Root)
	return nil
}

// ready reads how the prefixes stand when nobody has yet.
func (s *Service) ready(ctx context.Context) error {
	s.mu.Lock()
	known := s.places != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.refresh(ctx)
}

// eachPrefix calls use with every allocated prefix.
func (s *Service) eachPrefix(ctx context.Context, use func(Prefix) error) error {
	const page = 1000
	return s.db.Read(ctx, func(tx store.Tx) error {
		for after := ""; ; {
			all, err := prefixes(ctx, tx, Filter{After: after, Limit: page})
			if err != nil {
				return err
			}
			for _, h := range all {
				after = h.Prefix.Prefix
				if err := use(h.Prefix); err != nil {
					return err
				}
			}
			if len(all) < page {
				return nil
			}
		}
	})
}

// placeOf is how a prefix stands to the protocol.
func placeOf(p Prefix) (node.Place, error) {
	switch p.State {
	case Hosted:
		return node.Place{Standing: node.Hosted}, nil
	case Delegated:
		st, err := site(p.Route, uint16(p.Version)) //nolint:gosec // few changes
		if err != nil {
			return node.Place{}, err
		}
		v := handle.Value{Index: 1, Type: handle.TypeSite, Data: typed.AppendSite(nil, st), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: seconds(p.Since)}
		return node.Place{Standing: node.Delegated, Referral: []handle.Value{v}}, nil
	default:
		return node.Place{Standing: node.Suspended}, nil
	}
}
