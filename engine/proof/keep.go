package proof

import (
	"context"
	"log/slog"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// Source is a module as the engine asks it what its data say now.
type Source struct {
	Kinds []statement.Kind // that it states; no other source has them
	// Claims calls use with every claim that the module would make of its data as they
	// are now, inputs before what rests on them. With Vintage 0 a claim is compared
	// with the newest vintage of its name, and vintages before it are not missed.
	Claims func(ctx context.Context, use func(Claim) error) error
	// One returns the claim that the data make now of one vintage; fault.NotFound when
	// they have it no more. nil when Claims has Vintage 0.
	One func(ctx context.Context, r Ref) (Claim, error)
	// Page returns the address of the page that shows a name; "" for none. nil: none has.
	Page func(name string) string
	// Kept says that the engine states what Claims says whenever it has changed: what is
	// computed from other data. Else the module states it where it writes it.
	Kept bool
}

// Admit lets the engine ask a module what its data say. Call it before the program serves.
func (s *Service) Admit(src Source) { s.sources = append(s.sources, src) }

// Wake lets the next round look at what is computed from other data.
func (s *Service) Wake() { s.stale.Store(true) }

// keepUp states what has changed of what is computed. It is a job.
func (s *Service) keepUp(ctx context.Context) error {
	if !s.stale.Swap(false) {
		return nil
	}
	if err := s.work(ctx); err != nil { // what was recorded is stated before what rests on it
		return err
	}
	for _, src := range s.sources {
		if !src.Kept {
			continue
		}
		if err := s.refresh(ctx, src); err != nil {
			s.stale.Store(true)
			return err
		}
	}
	return nil
}

// refresh states what a source's data say now and what was not stated so.
func (s *Service) refresh(ctx context.Context, src Source) error {
	var changed []Claim
	err := src.Claims(ctx, func(c Claim) error {
		differs, err := s.differs(ctx, c)
		if err != nil || !differs {
			return err
		}
		if bad, err := s.rotten(ctx, c); err != nil || bad != "" {
			s.log.WarnContext(ctx, "a number is not stated: what it rests on is not what was stated", slog.String("name", c.Name), slog.String("input", bad))
			return err
		}
		if changed = append(changed, c); len(changed) < atOnce {
			return nil
		}
		err = s.stateAll(ctx, changed)
		changed = changed[:0]
		return err
	})
	if err != nil {
		return err
	}
	return s.stateAll(ctx, changed)
}

// stateAll states claims in one transaction.
func (s *Service) stateAll(ctx context.Context, all []Claim) error {
	if len(all) == 0 {
		return nil
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		for _, c := range all {
			if err := s.State(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// differs reports whether the newest claim of a name says another thing.
func (s *Service) differs(ctx context.Context, c Claim) (differs bool, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		if err := s.resolve(ctx, tx, &c); err != nil {
			return err
		}
		was, err := s.newest(ctx, tx, c.Name)
		differs = was == nil || !was.says(c)
		return err
	})
	return differs, err
}

// rotten names an input of a claim whose data are no longer what was stated of it, ""
// when there is none: what is computed from altered data is not signed.
func (s *Service) rotten(ctx context.Context, c Claim) (string, error) {
	for _, in := range c.Inputs {
		if in.Vintage == 0 {
			continue // computed itself: looked at when it was its turn
		}
		var was *Claim
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			was, err = s.claimed(ctx, tx, in.Name, in.Vintage)
			return err
		})
		if err != nil || was == nil {
			return in.Name, err
		}
		now, err := s.one(ctx, was.Kind, in)
		if fault.KindOf(err) == fault.NotFound || err == nil && !was.says(now) {
			return in.Name, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// one asks the source of a kind for one claim.
func (s *Service) one(ctx context.Context, k statement.Kind, r Ref) (Claim, error) {
	for _, src := range s.sources {
		for _, have := range src.Kinds {
			if have == k && src.One != nil {
				return src.One(ctx, r)
			}
		}
	}
	return Claim{}, fault.New(fault.NotFound, "no module has %s", r.Name)
}
