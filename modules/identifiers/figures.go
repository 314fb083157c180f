package identifiers

import (
	"context"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// Figures are the figures of this node and of the nodes right below whose counts were
// found right, at the end of a day.
type Figures struct {
	Day         string    // 2026-11-22
	Document    string    // name of the statement that they rest on, below the node's prefix
	Title       pack.Text // of it
	Registered  uint64    // identifiers
	Resolved    uint64    // resolutions, since they were registered
	Answered    uint64    // resolutions of the day; as much as the day before is exceeded
	Nodes       uint64    // prefixes that are delegated right below the node's
	Enterprises uint64    // who hold prefixes
	Late        bool      // not all nodes below were heard of
	Demo        bool      // the whole node is a demonstration
}

// figuresPatience is how long after a day's end the counts of nodes below are waited for.
const figuresPatience = 6 * time.Hour

// observe gives the figures of each day to the indicators, once.
func (s *Service) observe(ctx context.Context) error {
	if s.Observe == nil {
		return nil
	}
	var due []taken
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		due, err = store.Collect(ctx, tx, `SELECT `+censusColumns+` FROM identifiers_census WHERE observed = 0 ORDER BY day`, nil, scanTaken)
		return err
	})
	for _, t := range due {
		if err != nil {
			return err
		}
		var f Figures
		if f, err = s.figures(ctx, t); err != nil {
			return err
		}
		if f.Late && s.now().Before(t.At.Add(figuresPatience)) {
			return nil
		}
		if err = s.Observe(ctx, f); err == nil {
			err = s.db.Write(ctx, func(tx store.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE identifiers_census SET observed = 1 WHERE day = $1`, t.Date)
				return err
			})
		}
	}
	return err
}

// figures adds the counts of nodes below that were found right to those of this node.
func (s *Service) figures(ctx context.Context, t taken) (f Figures, err error) {
	f = Figures{
		Day: t.Date, Document: censusName(t.Date), Registered: t.Head.Registered, Resolved: t.Head.Resolved, Demo: s.site.Demo,
		Title: pack.Text{ZH: t.Date + " 标识计数（经证明）", EN: "Census of identifiers, " + t.Date + ", proved"},
	}
	err = s.db.Read(ctx, func(tx store.Tx) error {
		nodes, enterprises, err := holders(ctx, tx)
		if err != nil {
			return err
		}
		f.Nodes, f.Enterprises = uint64(nodes), uint64(enterprises) //nolint:gosec // counts
		before, err := s.checkedOn(ctx, tx, t.Before)
		if err != nil {
			return err
		}
		on, err := s.checkedOn(ctx, tx, t.Date)
		if err != nil {
			return err
		}
		f.Registered += on.registered
		f.Resolved += on.resolved
		f.Late = on.nodes < nodes
		if t.Before == "" {
			return nil
		}
		var was int64
		if _, err := tx.One(ctx, `SELECT resolved FROM identifiers_census WHERE day = $1`, []any{t.Before}, &was); err != nil {
			return err
		}
		if all := uint64(was) + before.resolved; f.Resolved > all { //nolint:gosec // a count
			f.Answered = f.Resolved - all
		}
		return nil
	})
	return f, err
}

// checked is what the nodes below state of a day, of those where nothing was found wrong.
type checked struct {
	nodes                int64 // that were heard of, right or wrong
	registered, resolved uint64
}

func (s *Service) checkedOn(ctx context.Context, tx store.Tx, day string) (c checked, err error) {
	var registered, resolved int64
	_, err = tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN findings = '[]' THEN registered ELSE 0 END), 0), coalesce(sum(CASE WHEN findings = '[]' THEN resolved ELSE 0 END), 0)
		FROM identifiers_lower WHERE day = $1`, []any{day}, &c.nodes, &registered, &resolved)
	c.registered, c.resolved = uint64(registered), uint64(resolved) //nolint:gosec // counts
	return c, err
}
