package indicators

import (
	"context"
	"maps"
	"slices"
	"time"

	"yuzhou/modules/indicators/sdmx"
)

// survey notes which values the dimensions have in the series it is shown.
type survey struct {
	structure sdmx.Structure
	exact     sdmx.Query
	each      []sdmx.Query // by dimension: whose data have the values to note
	values    []map[string]bool
	from, to  time.Time // days of the periods
	counted   sdmx.Availability
}

// availability collects which values the dimensions have: exactly those of the
// data that the query asks for, or with mode=available, for each dimension, those
// that could be chosen with what is asked of the other dimensions. The periods
// are told as the first and the last day.
func (x *stream) availability(ctx context.Context) (sdmx.Availability, error) {
	v := &survey{structure: x.p.structure, exact: x.q, counted: sdmx.Availability{Flow: x.flow.Identity}}
	for n, d := range v.structure.Dimensions {
		q := x.q
		if x.q.Available {
			q = without(q, n, d.ID)
		}
		v.each = append(v.each, q)
		v.values = append(v.values, map[string]bool{})
	}
	if x.q.Available { // to see what else there is, walk over everything
		all, err := newStream(x.s, x.p, x.flow, sdmx.Query{UpdatedAfter: x.q.UpdatedAfter})
		if err != nil {
			return sdmx.Availability{}, err
		}
		x = all
	}
	err := x.walk(ctx, look{span: span{last: x.known}}, v.note)
	return v.result(), err
}

func (v *survey) note(series sdmx.Series) error {
	if got := selected(v.exact, v.structure, series); len(got.Obs) > 0 {
		v.counted.Series++
		v.counted.Obs += len(got.Obs)
	}
	for n, d := range v.structure.Dimensions {
		got := selected(v.each[n], v.structure, series)
		switch {
		case len(got.Obs) == 0:
		case d.ID == sdmx.TimePeriod:
			v.from, v.to = widened(v.from, v.to, got.Obs)
		default:
			v.values[n][series.Key[n]] = true
		}
	}
	return nil
}

// result lists the dimensions asked for that have any value.
func (v *survey) result() sdmx.Availability {
	a := v.counted
	for n, d := range v.structure.Dimensions {
		found := sdmx.Available{Dimension: d.ID, Values: slices.Sorted(maps.Keys(v.values[n]))}
		if d.ID == sdmx.TimePeriod && !v.from.IsZero() {
			found.Values = []string{v.from.Format(time.DateOnly), v.to.Format(time.DateOnly)}
		}
		if len(found.Values) > 0 && (v.exact.Components == nil || slices.Contains(v.exact.Components, d.ID)) {
			a.Values = append(a.Values, found)
		}
	}
	return a
}

// selected is what of a series a query asks for.
func selected(q sdmx.Query, s sdmx.Structure, series sdmx.Series) sdmx.Series {
	if !q.Match(s, series.Key) {
		series.Obs = nil
		return series
	}
	return q.Select(s, series)
}

// without asks the same, of one dimension whatever it has.
func without(q sdmx.Query, part int, id string) sdmx.Query {
	q.Filters = slices.DeleteFunc(slices.Clone(q.Filters), func(f sdmx.Filter) bool { return f.Component == id })
	keys := make([][]string, len(q.Keys))
	for i, k := range q.Keys {
		if keys[i] = slices.Clone(k); part < len(k) {
			keys[i][part] = ""
		}
	}
	if q.Keys != nil {
		q.Keys = keys
	}
	return q
}

// widened stretches the days from and to over the periods of obs.
func widened(from, to time.Time, obs []sdmx.Obs) (first, last time.Time) {
	for _, o := range obs {
		p, err := sdmx.ParsePeriod(o.Period)
		if err != nil {
			continue // cannot be: FormatPeriod wrote it
		}
		if from.IsZero() || p.Start().Before(from) {
			from = p.Start()
		}
		if p.Last().After(to) {
			to = p.Last()
		}
	}
	return from, to
}
