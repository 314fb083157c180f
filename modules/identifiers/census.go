package identifiers

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/proof"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/tally"
)

// The census of a day is taken when the day is over. One that the node slept through is
// taken afterwards, from the records as they were; the resolutions of all these days count
// in the first of them, because nobody knows better.
const (
	longestGap = 31              // days that are made up
	afterEnd   = 5 * time.Second // writes that were under way at the end of the day are over then
)

// censusName is how the census of a day is stated.
func censusName(day string) string { return "census/" + day }

func (s *Service) censusDir() string { return filepath.Join(s.dir, "census") }

// takeCensus takes the census of the first day that is over and has none.
func (s *Service) takeCensus(ctx context.Context) error {
	st, err := s.open(ctx)
	if fault.KindOf(err) == fault.Busy {
		return nil // another process has the records, and takes it
	}
	if err != nil {
		return err
	}
	s.counting.Lock()
	defer s.counting.Unlock()
	last, err := s.settled(ctx, st)
	if err != nil {
		return err
	}
	if err := s.resolved.flush(ctx, st.Resolved); err != nil {
		return err
	}
	day, err := s.dayToCount(ctx, st, last)
	if err != nil || day.Date == "" {
		return err
	}
	if day, err = tally.Take(ctx, st, s.censusDir(), day, last); err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		if err := putCensus(ctx, tx, day); err != nil || day.Head.Registered == 0 {
			return err
		}
		return s.Proof.State(ctx, tx, censusClaim(day, last))
	})
	if err != nil {
		return err
	}
	if _, err := s.settled(ctx, st); err != nil || last == nil {
		return err
	}
	return tally.Forget(s.censusDir(), last.Date)
}

// flushResolved writes down what was counted since.
func (s *Service) flushResolved(ctx context.Context) error {
	st, err := s.open(ctx)
	if fault.KindOf(err) == fault.Busy {
		return nil
	}
	if err != nil {
		return err
	}
	s.counting.Lock()
	defer s.counting.Unlock()
	if _, err := s.settled(ctx, st); err != nil {
		return err
	}
	return s.resolved.flush(ctx, st.Resolved)
}

// settled returns the last census, nil for none, after making the resolutions that it
// counts counted ones.
func (s *Service) settled(ctx context.Context, st records.Store) (*tally.Day, error) {
	var all []taken
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		all, err = censuses(ctx, tx, "", 1)
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	last := all[0]
	if last.settled {
		return &last.Day, nil
	}
	if err := st.Fold(ctx); err != nil {
		return nil, err
	}
	return &last.Day, s.db.Write(ctx, func(tx store.Tx) error { return settleCensus(ctx, tx, last.Date) })
}

// dayToCount returns the day whose census is due; without a date when none is.
func (s *Service) dayToCount(ctx context.Context, st records.Store, last *tally.Day) (tally.Day, error) {
	now := s.now().In(s.site.Zone).Add(-afterEnd)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.site.Zone)
	var day time.Time
	if last != nil {
		on, err := time.ParseInLocation(time.DateOnly, last.Date, s.site.Zone)
		if err != nil {
			return tally.Day{}, err
		}
		day = on.AddDate(0, 0, 1)
	} else {
		at, err := firstChange(ctx, st)
		if err != nil || at.IsZero() {
			return tally.Day{}, err
		}
		y, m, d := at.In(s.site.Zone).Date()
		day = time.Date(y, m, d, 0, 0, 0, 0, s.site.Zone)
	}
	if earliest := today.AddDate(0, 0, -longestGap); day.Before(earliest) {
		day = earliest
	}
	if !day.Before(today) {
		return tally.Day{}, nil
	}
	return tally.Day{Date: day.Format(time.DateOnly), At: day.AddDate(0, 0, 1).Add(-time.Microsecond).UTC()}, nil
}

// errEnough ends a reading that has found what it was for.
var errEnough = errors.New("enough was read")

// firstChange returns when the first record that is remembered was written; zero for none.
func firstChange(ctx context.Context, st records.Store) (at time.Time, err error) {
	err = st.Changes(ctx, 1, func(v records.Version) error {
		at = v.At
		return errEnough
	})
	if errors.Is(err, errEnough) || fault.KindOf(err) == fault.NotFound {
		err = nil
	}
	return at, err
}

// censusClaim states the census of a day.
func censusClaim(d tally.Day, last *tally.Day) proof.Claim {
	c := proof.Claim{
		Kind: statement.Census, Name: censusName(d.Date), Vintage: 1, Value: strconv.FormatUint(d.Head.Resolved, 10), Unit: "次", Period: d.Date,
		Batch: &statement.Batch{Count: int64(d.Head.Registered), Root: rootOf(d.Head), Schema: "yuzhou.census/v1"}, //nolint:gosec // of one node
	}
	if last != nil && last.Head.Registered > 0 {
		c.After = censusName(last.Date)
	}
	return c
}

// Source returns what the evidence engine asks when it looks whether the censuses are
// still what was stated.
func (s *Service) Source() proof.Source {
	claims := func(ctx context.Context, use func(proof.Claim) error) error {
		all, err := s.allCensuses(ctx)
		for i, t := range all {
			if t.Head.Registered == 0 {
				continue
			}
			var last *tally.Day
			if i > 0 {
				last = &all[i-1].Day
			}
			if err := use(censusClaim(t.Day, last)); err != nil {
				return err
			}
		}
		return err
	}
	one := func(ctx context.Context, r proof.Ref) (proof.Claim, error) {
		var all []taken
		day := strings.TrimPrefix(r.Name, censusName(""))
		err := s.db.Read(ctx, func(tx store.Tx) (err error) {
			all, err = censuses(ctx, tx, day, 2)
			return err
		})
		switch {
		case err != nil:
			return proof.Claim{}, err
		case len(all) == 0 || all[0].Date != day || all[0].Head.Registered == 0:
			return proof.Claim{}, fault.New(fault.NotFound, "there is no census %s", r.Name)
		case len(all) == 1:
			return censusClaim(all[0].Day, nil), nil
		}
		return censusClaim(all[0].Day, &all[1].Day), nil
	}
	return proof.Source{Kinds: []statement.Kind{statement.Census}, Claims: claims, One: one, Page: func(string) string { return "/identifiers/census" }}
}

// allCensuses returns every census, the oldest first.
func (s *Service) allCensuses(ctx context.Context) (all []taken, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		all, err = allCensuses(ctx, tx)
		return err
	})
	return all, err
}

// withCensus calls use with the last census. No other one is taken meanwhile.
func (s *Service) withCensus(ctx context.Context, use func(*tally.Taken) error) error {
	st, err := s.open(ctx)
	if err != nil {
		return err
	}
	s.counting.Lock()
	defer s.counting.Unlock()
	last, err := s.settled(ctx, st)
	if err != nil {
		return err
	}
	if last == nil {
		return fault.Say(fault.NotFound, "本节点还没有标识计数；每日结束后计一次。", "this node has no census yet: one is taken when a day is over")
	}
	t, err := tally.Open(st, s.censusDir(), *last)
	if err != nil {
		return err
	}
	defer t.Close() //nolint:errcheck // it is only read
	return use(t)
}
