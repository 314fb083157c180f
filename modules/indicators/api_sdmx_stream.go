package indicators

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/modules/indicators/formula"
	"yuzhou/modules/indicators/sdmx"
	"yuzhou/modules/indicators/sdmx/codes"
)

// stream reads the series that a query asks for, one indicator at a time. It is
// for one request.
type stream struct {
	s    *Service
	p    *published
	flow flow
	q    sdmx.Query

	known time.Time // what became known later does not count
	unit  string    // the one unit that is asked for, or ""
	rank  []rank    // how series are sorted; nil: by key
	desc  bool      // periods from the newest
	needs map[string]need
	begin map[int]sdmx.Query // q of the first parts of a key, by how many
	d     *derivation        // of the instant that was last asked about
}

// need is what a derived indicator stands on.
type need struct {
	inputs []string // itself and all inputs of inputs
	space  bool     // one of them is read in other units too
}

func newStream(s *Service, p *published, f flow, q sdmx.Query) (*stream, error) {
	if q.YearStart != "" && q.YearStart != "--01-01" {
		return nil, fault.New(fault.Invalid, "reportingYearStartDay %q is not --01-01: years here begin on 1 January", q.YearStart)
	}
	x := &stream{s: s, p: p, flow: f, q: q, known: q.AsOf, needs: map[string]need{}, begin: map[int]sdmx.Query{}}
	if x.known.IsZero() {
		x.known = s.now()
	}
	for i, k := range q.Keys {
		switch {
		case len(k) < 2 || k[1] == "" || i > 0 && codes.Decode(k[1]) != x.unit:
			x.unit = ""
			return x, x.order()
		}
		x.unit = codes.Decode(k[1])
	}
	return x, x.order()
}

// write writes the datasets: one, or with includeHistory one for each instant at
// which something became known. It returns how many observations were written.
func (x *stream) write(ctx context.Context, out *sdmx.Writer) (int, error) {
	p := &pager{out: out, skip: x.q.Offset, limit: x.q.Limit}
	var err error
	if x.q.History {
		err = x.history(ctx, p)
	} else {
		p.open(sdmx.Dataset{Action: sdmx.Replace, ValidTo: x.q.AsOf})
		err = x.sorted(ctx, look{span: span{last: x.known}}, p.put)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return p.written, err
}

// history writes what became known at each instant. A period may have got two
// vintages at once: each is in a dataset of its own.
func (x *stream) history(ctx context.Context, p *pager) error {
	instants, err := x.instants(ctx)
	if err != nil {
		return err
	}
	for _, at := range instants {
		for nth, more := 0, true; more; nth++ {
			more = false
			p.open(sdmx.Dataset{Action: sdmx.Replace, ValidFrom: at})
			if err := x.sorted(ctx, look{span: span{at, at}, history: true, nth: nth, more: &more}, p.put); err != nil {
				return err
			}
		}
	}
	return nil
}

// look is which vintages a walk is about: the newest known at the end of the
// span, or, of history, the nth of each period that became known in the span.
type look struct {
	span
	history bool
	nth     int
	more    *bool // set when a period has a vintage after the nth
}

// walk calls take with every series that the query asks for, in the order of keys.
func (x *stream) walk(ctx context.Context, l look, take func(sdmx.Series) error) error {
	for _, i := range x.flow.indicators {
		if !x.wanted(x.p.codes[i.ID]) {
			continue
		}
		all, err := x.read(ctx, i, l)
		if err != nil {
			return err
		}
		for _, series := range all {
			if err := x.take(series, take); err != nil {
				return err
			}
		}
	}
	return nil
}

// read returns the series of an indicator whose Points are what the walk is about.
func (x *stream) read(ctx context.Context, i observation.Indicator, l look) ([]observation.Series, error) {
	var all []observation.Series
	var err error
	switch {
	case !x.computes(i):
		all, err = x.stored(ctx, i, l)
	case l.nth > 0:
		return nil, nil // computed once for an instant
	default:
		all, err = x.derived(ctx, i, l.last)
	}
	if err != nil {
		return nil, err
	}
	return x.updated(ctx, i, all, l)
}

// computes reports whether the numbers of an indicator are computed here.
func (x *stream) computes(i observation.Indicator) bool { return i.Formula != "" && !x.flow.targets }

// wanted reports whether any series of these first parts of a key may match.
func (x *stream) wanted(parts ...string) bool {
	q, ok := x.begin[len(parts)]
	if !ok {
		q.Filters = x.q.Filters
		for _, k := range x.q.Keys {
			q.Keys = append(q.Keys, k[:min(len(k), len(parts))])
		}
		x.begin[len(parts)] = q
	}
	return q.Match(x.p.structure, parts)
}

// stored reads what is in the store.
func (x *stream) stored(ctx context.Context, i observation.Indicator, l look) ([]observation.Series, error) {
	var rows []observation.Observation
	err := x.s.db.Read(ctx, func(tx store.Tx) (err error) {
		rows, err = spanRows(ctx, tx, seriesKey{i.ID, x.unit}, l.span)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(o observation.Observation) bool { return o.Wished() != x.flow.targets })
	slices.SortStableFunc(rows, func(a, b observation.Observation) int {
		if c := strings.Compare(a.Unit, b.Unit); c != 0 {
			return c
		}
		return observation.Compare(a, b)
	})
	var out []observation.Series
	for len(rows) > 0 {
		first := rows[0]
		n := 1
		for n < len(rows) && rows[n].Unit == first.Unit && rows[n].Period == first.Period {
			n++
		}
		if len(out) == 0 || out[len(out)-1].Unit != first.Unit {
			out = append(out, observation.Series{Indicator: i, Unit: first.Unit})
		}
		if at := l.choose(n); at >= 0 && !x.withdrawn(l, rows[at]) {
			out[len(out)-1].Points = append(out[len(out)-1].Points, rows[at])
		}
		rows = rows[n:]
	}
	return out, nil
}

// withdrawn reports whether a walk leaves a vintage out because it is a withdrawal: it
// is shown as missing to whoever asks for history or for what has changed.
func (x *stream) withdrawn(l look, o observation.Observation) bool {
	return o.Status == observation.Withdrawn && !l.history && x.q.UpdatedAfter.IsZero()
}

// choose picks one of the n vintages of a period, or -1.
func (l look) choose(n int) int {
	switch {
	case !l.history:
		return n - 1
	case l.nth >= n:
		return -1
	}
	*l.more = *l.more || l.nth+1 < n
	return l.nth
}

// derived computes a derived indicator in all units where one of its inputs has
// numbers; with an input that is read across units, in the units above too.
func (x *stream) derived(ctx context.Context, i observation.Indicator, known time.Time) ([]observation.Series, error) {
	if x.d == nil || !x.d.known.Equal(known) {
		d, err := x.s.derivation(ctx, known)
		if err != nil {
			return nil, err
		}
		x.d = d
	}
	units := []string{x.unit}
	if x.unit == "" {
		var err error
		if units, err = x.units(ctx, i.ID); err != nil {
			return nil, err
		}
	}
	var out []observation.Series
	for _, unit := range units {
		series, err := x.d.series(i.ID, unit)
		if err != nil {
			return nil, err
		}
		series.Points = withKnown(series)
		out = append(out, series)
	}
	return out, nil
}

// withKnown returns the points of a derived series; what a formula without inputs
// gives is known since it was stated.
func withKnown(series observation.Series) []observation.Observation {
	points := slices.Clone(series.Points)
	for n, o := range points {
		at := slices.IndexFunc(series.Vintages, func(v observation.Observation) bool { return v.Period == o.Period })
		if o.Known.IsZero() && at >= 0 {
			points[n].Known = series.Vintages[at].Known
		}
	}
	return points
}

// units lists where a derived indicator may have numbers.
func (x *stream) units(ctx context.Context, id string) ([]string, error) {
	n := x.need(id)
	set := map[string]bool{}
	err := x.s.db.Read(ctx, func(tx store.Tx) error {
		for _, in := range n.inputs {
			units, err := unitsOf(ctx, tx, in)
			if err != nil {
				return err
			}
			for _, u := range units {
				set[u] = true
				for up := x.p.parents[u]; n.space && up != "" && !set[up]; up = x.p.parents[up] {
					set[up] = true
				}
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(set)), err
}

// need finds what an indicator stands on; of a formula that cannot be read, just
// itself: computing it will say why.
func (x *stream) need(id string) need {
	if n, ok := x.needs[id]; ok {
		return n
	}
	seen := map[string]bool{}
	n := need{}
	queue := []string{id}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		e, err := formula.Parse(x.p.formulas[at])
		if err != nil {
			continue
		}
		for _, in := range e.Inputs() {
			n.space = n.space || in.Space
			queue = append(queue, in.ID)
		}
	}
	n.inputs = slices.Sorted(maps.Keys(seen))
	x.needs[id] = n
	return n
}
