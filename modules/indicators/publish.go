package indicators

import (
	"context"
	"fmt"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Publish records numbers that were approved as new vintages, in one transaction,
// from a document that is made when it is not there; it returns them as recorded,
// vintage and all. What that document has said already adds nothing, so that a
// delivery that is repeated is harmless.
//
// Who calls it has decided that they may be published. Errors: fault.NotFound for an
// indicator or a place that is not known, fault.Invalid for one that is derived, for a unit of
// measure that does not convert or for a status that only the program gives,
// fault.Conflict when a newer number is known already.
func (s *Service) Publish(ctx context.Context, document string, title pack.Text, all []observation.Observation) ([]observation.Observation, error) {
	touched := map[string]bool{}
	for _, o := range all {
		if err := s.publishable(ctx, o, document); err != nil {
			return nil, err
		}
		touched[o.Indicator] = true
	}
	added := 0
	err := s.db.Write(ctx, func(tx store.Tx) (err error) {
		if added, err = appendAll(ctx, tx, s.Proof, all); err != nil || added == 0 {
			return err
		}
		doc := Document{ID: document, Kind: "collection", Published: s.site.Today().Format("2006-01-02")}
		doc.Text = title
		if err := putDoc(ctx, tx, "document", document, doc); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "indicators.publish", document, fmt.Sprintf("%d numbers, %d new, approved by %s", len(all), added, actor.Of(ctx).ID))
	})
	if err != nil {
		return nil, err
	}
	if added > 0 {
		if err := s.Proof.Settle(ctx); err != nil {
			return nil, err
		}
		ids := make([]string, 0, len(touched))
		for id := range touched {
			ids = append(ids, id)
		}
		event.Publish(ctx, s.events, Recorded{ids})
	}
	return s.broughtBy(ctx, document, all)
}

// appendAll adds numbers and says how many of them were new.
func appendAll(ctx context.Context, tx store.Tx, p Proof, all []observation.Observation) (added int, err error) {
	a, err := newAppender(ctx, tx, p)
	if err != nil {
		return 0, err
	}
	defer a.Close() //nolint:errcheck // the transaction's end closes it too
	for _, o := range all {
		if err := a.add(ctx, o); err != nil {
			return 0, err
		}
	}
	return a.Added, nil
}

// publishable says what keeps a number from being published.
func (s *Service) publishable(ctx context.Context, o observation.Observation, document string) error {
	i, err := s.Indicator(ctx, o.Indicator)
	if err == nil {
		_, err = s.Units.Unit(ctx, o.Unit)
	}
	switch {
	case err != nil:
		return err
	case i.Formula != "":
		return fault.New(fault.Invalid, "indicator %s is derived by a formula: publish its inputs instead", i.ID)
	case o.Status == observation.Derived || o.Status == observation.Target || o.Status == observation.Withdrawn:
		return fault.New(fault.Invalid, "status %s is given by this program only", o.Status)
	case !i.Unit.Same(o.Quantity.Unit):
		return fault.New(fault.Invalid, "%s is in %s, but indicator %s counts %s", o.Quantity, o.Quantity.Unit, i.ID, i.Unit)
	case o.Source.Document != document:
		return fault.New(fault.Invalid, "the number's source is %q; it has to be %q", o.Source.Document, document)
	}
	return nil
}

// broughtBy reads back the vintages that a document has brought.
func (s *Service) broughtBy(ctx context.Context, document string, all []observation.Observation) ([]observation.Observation, error) {
	out := make([]observation.Observation, 0, len(all))
	for _, o := range all {
		series, err := s.stored(ctx, o.Indicator, o.Unit, o.Known)
		if err != nil {
			return nil, err
		}
		for _, v := range series.Vintages {
			if v.Period == o.Period && v.Source.Document == document && v.Quantity == o.Quantity {
				out = append(out, v)
				break
			}
		}
	}
	return out, nil
}
