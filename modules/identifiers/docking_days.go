package identifiers

import (
	"bytes"
	"context"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/meter"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/tally"
	"yuzhou/modules/identifiers/template"
)

// countedDay is what the tables of a day are made of.
type countedDay struct {
	taken
	begin    time.Time
	held     []Held
	first    map[string]time.Time // when prefixes were allocated
	measured map[string]meter.Day // by folded prefix
	lower    map[string]lower     // what nodes below have stated and was found right
	before   map[string]lower     // of the day before
	total    map[string]int64     // identifiers by folded prefix, of those that are here
	changes  []dayChange
}

// dayChange is what became of an identifier of this node on a day.
type dayChange struct {
	op   string // docking.OpAdd and so on
	name string // folded
}

// day reads what the tables of a day are made of.
func (s *Service) dayOf(ctx context.Context, t taken, held []Held) (d countedDay, err error) {
	d = countedDay{taken: t, held: held, measured: map[string]meter.Day{}, total: map[string]int64{}}
	d.begin = t.At.Add(time.Microsecond).In(s.site.Zone).AddDate(0, 0, -1)
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		if d.first, err = allocated(ctx, tx, s.site.Prefix); err != nil {
			return err
		}
		all, err := measured(ctx, tx, t.Date, t.Date, "")
		if err != nil {
			return err
		}
		for _, m := range all {
			d.measured[handle.Fold(m.Prefix)] = m
		}
		if d.lower, err = statedOn(ctx, tx, t.Date); err == nil && t.Before != "" {
			d.before, err = statedOn(ctx, tx, t.Before)
		}
		return err
	})
	if err != nil {
		return d, err
	}
	var here []string
	for _, h := range held {
		if !away(h) {
			here = append(here, handle.Fold(h.Prefix.Prefix))
		}
	}
	if err := s.countAt(ctx, t, here, d.total); err != nil {
		return d, err
	}
	d.changes, err = s.changesOn(ctx, t, d.begin)
	return d, err
}

// away reports whether the identifiers of a prefix are in another node.
func away(h Held) bool { return h.State == Delegated || h.State == Suspended && h.Before == Delegated }

// countAt counts the identifiers of prefixes at the end of a day: by the census, which
// proves it, when that is the last one.
func (s *Service) countAt(ctx context.Context, t taken, prefixes []string, into map[string]int64) error {
	if len(prefixes) == 0 {
		return nil
	}
	proved := false
	err := s.withCensus(ctx, func(last *tally.Taken) error {
		if last.Date != t.Date {
			return nil
		}
		tree, err := last.Prove(ctx, nil, prefixes...)
		if err != nil {
			return err
		}
		for _, p := range prefixes {
			under, _ := tree.Under([]byte(p + "/"))
			into[p] = int64(under.Registered) //nolint:gosec // of one node
		}
		proved = true
		return nil
	})
	if err != nil || proved {
		return err
	}
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, p := range prefixes {
		n, err := st.Count(ctx, records.Range{Prefix: p, AsOf: t.At})
		if err != nil {
			return err
		}
		into[p] = int64(n)
	}
	return nil
}

// changesOn returns what became of identifiers on a day: from its delta, or without one,
// on the first day, all that there are.
func (s *Service) changesOn(ctx context.Context, t taken, begin time.Time) (out []dayChange, err error) {
	text, err := tally.ReadDelta(s.censusDir(), t.Date)
	if fault.KindOf(err) == fault.NotFound {
		return s.newOn(ctx, t, begin)
	}
	if err != nil {
		return nil, err
	}
	delta, err := census.ParseDelta(text)
	if err != nil {
		return nil, err
	}
	for _, c := range delta.Changes {
		change := dayChange{docking.OpModify, string(c.Key)}
		switch c.What {
		case census.Added:
			change.op = docking.OpAdd
		case census.Removed:
			change.op = docking.OpDelete
		case census.Changed:
			if was, _ := delta.Before.Get(c.Key); was.Digest == c.Digest {
				continue // it was resolved, and nothing else
			}
		}
		out = append(out, change)
	}
	return out, nil
}

// newOn returns the identifiers that were registered on a day that has no delta.
func (s *Service) newOn(ctx context.Context, t taken, begin time.Time) (out []dayChange, err error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	err = st.Scan(ctx, records.Range{AsOf: t.At}, func(v records.Version) error {
		if v.At.Before(begin) || !handle.Under(v.Record.Name.Prefix(), s.site.Prefix) {
			return nil
		}
		out = append(out, dayChange{docking.OpAdd, v.Record.Name.Fold()})
		return nil
	})
	return out, err
}

// statistics is the row of table 3.
func (d countedDay) statistics(node string) *docking.Statistics {
	row := d.measured[handle.Fold(node)].Statistics(d.Date, node)
	row.Total, row.New = heldUntil(d.held, d.first, d.begin, d.At)
	return &row
}

// enterprises are the rows of table 8. Of an enterprise with a node of its own they are
// what that has stated and was found right; when it has stated nothing, there is no row.
func (d countedDay) enterprises() (out []any) {
	added := map[string]int64{}
	for _, c := range d.changes {
		if prefix, _, _ := bytes.Cut([]byte(c.name), []byte("/")); c.op == docking.OpAdd {
			added[string(prefix)]++
		}
	}
	for _, h := range d.held {
		p := handle.Fold(h.Prefix.Prefix)
		if d.first[h.Prefix.Prefix].After(d.At) {
			continue
		}
		if !away(h) {
			row := d.measured[p].Statistics(d.Date, h.Prefix.Prefix)
			row.Total, row.New = d.total[p], min(added[p], d.total[p])
			out = append(out, &row)
			continue
		}
		if l, ok := d.lower[p]; ok {
			out = append(out, d.stated(h.Prefix.Prefix, l, d.before[p]))
		}
	}
	return out
}

// stated is the row of an enterprise with a node of its own. Where queries came from is
// known there alone.
func (d countedDay) stated(prefix string, now, before lower) *docking.Statistics {
	row := &docking.Statistics{Date: d.Date, Prefix: prefix, Total: now.Stated.Registered, New: min(now.Added, now.Stated.Registered)}
	if n := now.Stated.Resolved - before.Stated.Resolved; n > 0 {
		row.Queries, row.Successes = n, n
		row.Sources = []docking.Source{{IP: meter.Others().String(), Queries: n}}
	}
	return row
}

// figures are the rows of annex 2, columns 1 to 12: of the node, and of each prefix that
// was resolved or registered below.
func (d countedDay) figures(node string) (out []any) {
	f := d.measured[handle.Fold(node)].Figures(d.Date, node)
	out = append(out, &f)
	for _, h := range d.held {
		if m, ok := d.measured[handle.Fold(h.Prefix.Prefix)]; ok {
			f := m.Figures(d.Date, h.Prefix.Prefix)
			out = append(out, &f)
		}
	}
	return out
}

// items gives the rows of table 9, so many at a time.
func (s *Service) items(ctx context.Context, d countedDay, most int, use func([]any) error) error {
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	known := map[string]template.Template{}
	var out []any
	for _, c := range d.changes {
		n, err := handle.Parse(c.name)
		if err != nil || handle.Fold(n.Prefix()) == s.site.Prefix {
			continue // the node's own names are nobody's products
		}
		row, err := s.itemOn(ctx, st, d, c, known)
		if err != nil {
			return err
		}
		if out = append(out, row); len(out) == most {
			if err := use(out); err != nil {
				return err
			}
			out = nil
		}
	}
	if len(out) == 0 {
		return nil
	}
	return use(out)
}

// itemOn is the row of an identifier.
func (s *Service) itemOn(ctx context.Context, st records.Store, d countedDay, c dayChange, known map[string]template.Template) (*docking.Item, error) {
	history, err := st.History(ctx, handle.Name(c.name))
	if err != nil {
		return nil, err
	}
	rec, created := handle.Record{Name: handle.Name(c.name)}, d.At
	for i, v := range history {
		if v.At.After(d.At) {
			break
		}
		if i == 0 || history[i-1].Deleted {
			created = v.At
		}
		rec = v.Record
	}
	if v, ok := rec.Value(template.Index); ok {
		ref := string(v.Data)
		if _, ok := known[ref]; !ok {
			t, err := s.template(ctx, ref)
			if err != nil && fault.KindOf(err) == "" {
				return nil, err
			}
			known[ref] = t
		}
	}
	return item(c.op, rec, created.In(s.site.Zone).Format(time.DateOnly), known), nil
}
