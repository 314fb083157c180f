package identifiers

import (
	"context"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

// The values of the record of a prefix (0.NA/PREFIX).
const (
	indexSite   = 1
	indexHolder = 2
	indexState  = 3
)

// recordPrefixes writes the records of the prefixes whose newest version is not in them
// yet, and then lets the node answer by it. A decision is in the database first: what is
// interrupted here is done by the next round.
func (s *Service) recordPrefixes(ctx context.Context) error {
	var due []Held
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		due, err = unrecorded(ctx, tx, 500)
		return err
	})
	if err != nil || len(due) == 0 {
		return err
	}
	r, err := s.open(ctx)
	if err != nil {
		return err
	}
	records := make([]handle.Record, 0, len(due))
	for _, h := range due {
		rec, err := s.prefixRecord(h)
		if err != nil {
			return err
		}
		records = append(records, rec)
	}
	if err := s.put(ctx, r, records); err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		for _, h := range due {
			if err := recorded(ctx, tx, h.Prefix.Prefix, h.Version); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.refresh(ctx)
}

// prefixRecord is what the network is told of a prefix: where its identifiers are, who
// holds it, how it stands. Nothing of persons.
func (s *Service) prefixRecord(h Held) (handle.Record, error) {
	at := seconds(h.Since)
	rec := handle.Record{Name: handle.Authority(h.Prefix.Prefix)}
	add := func(index uint32, kind string, data []byte) {
		rec.Values = append(rec.Values, handle.Value{Index: index, Type: kind, Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: at})
	}
	switch h.State {
	case Delegated:
		st, err := site(h.Route, uint16(h.Version)) //nolint:gosec // few changes
		if err != nil {
			return rec, err
		}
		add(indexSite, handle.TypeSite, typed.AppendSite(nil, st))
	case Hosted:
		if own, _ := s.siteNow(); len(own.Servers) > 0 {
			add(indexSite, handle.TypeSite, typed.AppendSite(nil, own))
		}
	}
	add(indexHolder, handle.TypeDesc, []byte(h.Holder.ZH))
	add(indexState, "STATE", []byte(h.State))
	add(indexAdmin, handle.TypeAdmin, typed.AppendAdmin(nil, s.admin()))
	if h.State != Hosted && h.State != Delegated {
		return rec, nil
	}
	keys, err := keyValues(h, at)
	rec.Values = append(rec.Values, keys...)
	return rec, err
}
