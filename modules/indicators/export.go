package indicators

import (
	"context"
	"iter"
	"slices"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
)

// everywhere returns an indicator's series in every unit that has one, by unit.
func (s *Service) everywhere(ctx context.Context, indicator string, known time.Time) ([]observation.Series, error) {
	i, err := s.Indicator(ctx, indicator)
	if err != nil {
		return nil, err
	}
	var rows []observation.Observation
	err = s.db.Read(ctx, func(tx store.Tx) error {
		rows, err = unitRows(ctx, tx, indicator, known)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []observation.Series
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(o observation.Observation) bool { return o.Unit != rows[0].Unit })
		if n < 0 {
			n = len(rows)
		}
		out = append(out, observation.NewSeries(i, rows[0].Unit, rows[:n]))
		rows = rows[n:]
	}
	return out, nil
}

// exported yields what an export holds: the newest vintage of every number of
// the indicators, or every vintage, in the order of indicators, units, periods.
// The first error ends it and is left in *failed.
func (s *Service) exported(ctx context.Context, ids []string, history bool, known time.Time, failed *error) iter.Seq[observation.Observation] { //nolint:revive // as wanted
	return func(yield func(observation.Observation) bool) {
		for _, id := range ids {
			all, err := s.everywhere(ctx, id, known)
			if err != nil {
				*failed = err
				return
			}
			for _, series := range all {
				if !each(wanted(series, history), yield) {
					return
				}
			}
		}
	}
}

// each yields all rows and reports whether more are wanted.
func each(rows []observation.Observation, yield func(observation.Observation) bool) bool {
	for _, o := range rows {
		if !yield(o) {
			return false
		}
	}
	return true
}
