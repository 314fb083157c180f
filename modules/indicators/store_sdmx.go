package indicators

import (
	"context"
	"math"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
)

// span is a closed stretch of knowledge: what became known from its first to its
// last instant.
type span struct{ first, last time.Time } // zero first: from the beginning

func (s span) micros() (first, last int64) {
	if s.first.IsZero() {
		return math.MinInt64, store.Micros(s.last)
	}
	return store.Micros(s.first), store.Micros(s.last)
}

// spanRows returns the vintages of an indicator that became known in a span, in
// one unit or, with "", in all, by unit, period and vintage.
func spanRows(ctx context.Context, tx store.Tx, k seriesKey, s span) ([]observation.Observation, error) {
	first, last := s.micros()
	return store.Collect(ctx, tx, `SELECT `+columns+` FROM indicators_observation
		WHERE indicator = $1 AND ($2 = '' OR unit = $2) AND known >= $3 AND known <= $4 ORDER BY unit, period, vintage`,
		[]any{k.indicator, k.unit, first, last}, scanObservation)
}

// unitsOf lists the units in which an indicator has any number, "" for any indicator.
func unitsOf(ctx context.Context, tx store.Tx, indicator string) ([]string, error) {
	return store.Collect(ctx, tx, `SELECT DISTINCT unit FROM indicators_observation WHERE $1 = '' OR indicator = $1 ORDER BY unit`,
		[]any{indicator}, func(scan func(...any) error) (unit string, err error) { return unit, scan(&unit) })
}

// instantsOf lists when numbers of an indicator became known, up to an instant.
func instantsOf(ctx context.Context, tx store.Tx, indicator string, last time.Time) ([]time.Time, error) {
	return store.Collect(ctx, tx, `SELECT DISTINCT known FROM indicators_observation WHERE indicator = $1 AND known <= $2 ORDER BY known`,
		[]any{indicator, store.Micros(last)}, scanInstant)
}

// recordedOf returns when this database last learned a number of an indicator;
// the zero time when it never did.
func recordedOf(ctx context.Context, tx store.Tx, indicator string) (time.Time, error) {
	all, err := store.Collect(ctx, tx, `SELECT recorded FROM indicators_observation WHERE indicator = $1 ORDER BY recorded DESC LIMIT 1`,
		[]any{indicator}, scanInstant)
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	return all[0], nil
}

func scanInstant(scan func(...any) error) (time.Time, error) {
	var at int64
	err := scan(&at)
	return store.FromMicros(at), err
}
