package indicators

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/modules/indicators/sdmx"
	"yuzhou/modules/indicators/sdmx/codes"
)

// rank is one dimension of a key to sort by.
type rank struct {
	part int
	desc bool
}

// order reads the sort of the query. Answers are made of series, so the period
// can only be sorted by last, within each series.
func (x *stream) order() error {
	dims := x.p.structure.Dimensions
	for n, k := range x.q.Sort {
		at := slices.IndexFunc(dims, func(d sdmx.Component) bool { return d.ID == k.Component })
		switch {
		case k.Component == "*" || k.Component == "series_key":
			for part := range len(dims) - 1 {
				x.rank = append(x.rank, rank{part, k.Desc})
			}
			x.desc = x.desc || k.Desc && k.Component == "*"
		case k.Component == sdmx.TimePeriod && n == len(x.q.Sort)-1:
			x.desc = k.Desc
		case at < 0 || k.Component == sdmx.TimePeriod:
			return fault.New(fault.Invalid, "sort by %s is not offered; sort by dimensions and, last, by TIME_PERIOD, as in series_key+TIME_PERIOD:desc", k.Component)
		default:
			x.rank = append(x.rank, rank{at, k.Desc})
		}
	}
	return nil
}

// sorted is walk in the order that the query asks for; when that is not by key,
// it holds all of them in memory.
func (x *stream) sorted(ctx context.Context, l look, take func(sdmx.Series) error) error {
	if x.rank == nil && !x.desc {
		return x.walk(ctx, l, take)
	}
	var all []sdmx.Series
	err := x.walk(ctx, l, func(series sdmx.Series) error {
		if x.desc {
			series.Obs = slices.Clone(series.Obs)
			slices.Reverse(series.Obs)
		}
		all = append(all, series)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b sdmx.Series) int {
		for _, r := range x.rank {
			if c := strings.Compare(a.Key[r.part], b.Key[r.part]); c != 0 && r.desc {
				return -c
			} else if c != 0 {
				return c
			}
		}
		return 0
	})
	for _, series := range all {
		if err := take(series); err != nil {
			return err
		}
	}
	return nil
}

// updated keeps what this database has learned since updatedAfter. A derived
// number counts as changed when any input of its indicator has: rather once too
// often than never. Of history it keeps the derived numbers that became known in
// the span.
func (x *stream) updated(ctx context.Context, i observation.Indicator, all []observation.Series, l look) ([]observation.Series, error) {
	keep := func(observation.Observation) bool { return true }
	switch after := x.q.UpdatedAfter; {
	case x.computes(i):
		changed, err := x.changed(ctx, i.ID)
		if err != nil {
			return nil, err
		}
		keep = func(o observation.Observation) bool { return changed && (!l.history || o.Known.Equal(l.last)) }
	case !after.IsZero():
		keep = func(o observation.Observation) bool { return o.Recorded.After(after) }
	}
	for n := range all {
		all[n].Points = slices.DeleteFunc(all[n].Points, func(o observation.Observation) bool { return !keep(o) })
	}
	return all, nil
}

// changed reports whether an input of an indicator was recorded after updatedAfter.
func (x *stream) changed(ctx context.Context, id string) (bool, error) {
	if x.q.UpdatedAfter.IsZero() {
		return true, nil
	}
	found := false
	err := x.s.db.Read(ctx, func(tx store.Tx) error {
		for _, in := range x.need(id).inputs {
			at, err := recordedOf(ctx, tx, in)
			if err != nil {
				return err
			}
			found = found || at.After(x.q.UpdatedAfter)
		}
		return nil
	})
	return found, err
}

// take cuts the points of an indicator and unit into series of one frequency and
// hands on what the query asks for.
func (x *stream) take(in observation.Series, take func(sdmx.Series) error) error {
	area, err := codes.Encode(in.Unit)
	if err != nil || !x.wanted(x.p.codes[in.Indicator.ID], area) {
		return nil //nolint:nilerr // a unit that SDMX cannot name is not published
	}
	byFreq := map[string][]observation.Observation{}
	for _, o := range in.Points {
		byFreq[freqOf(o.Period)] = append(byFreq[freqOf(o.Period)], o)
	}
	for _, freq := range slices.Sorted(maps.Keys(byFreq)) {
		series := sdmx.Series{Key: []string{x.p.codes[in.Indicator.ID], area, freq}}
		if !x.q.Match(x.p.structure, series.Key) {
			continue
		}
		for _, o := range byFreq[freq] {
			series.Obs = append(series.Obs, x.s.obsOf(o))
		}
		if series = x.q.Select(x.p.structure, series); len(series.Obs) == 0 {
			continue
		}
		if err := take(series); err != nil {
			return err
		}
	}
	return nil
}

// instants lists when anything that the query is about became known.
func (x *stream) instants(ctx context.Context) ([]time.Time, error) {
	ids := map[string]bool{}
	for _, i := range x.flow.indicators {
		switch {
		case !x.wanted(x.p.codes[i.ID]):
		case x.flow.targets:
			ids[i.ID] = true
		default:
			for _, in := range x.need(i.ID).inputs {
				ids[in] = true
			}
		}
	}
	set := map[time.Time]bool{}
	err := x.s.db.Read(ctx, func(tx store.Tx) error {
		for id := range ids {
			all, err := instantsOf(ctx, tx, id, x.known)
			if err != nil {
				return err
			}
			for _, at := range all {
				set[at] = true
			}
		}
		return nil
	})
	return slices.SortedFunc(maps.Keys(set), time.Time.Compare), err
}
