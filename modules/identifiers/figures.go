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
		due, err = unobserved(ctx, tx)
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
			err = s.db.Write(ctx, func(tx store.Tx) error { return observed(ctx, tx, t.Date) })
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
		before, err := checkedOn(ctx, tx, t.Before)
		if err != nil {
			return err
		}
		on, err := checkedOn(ctx, tx, t.Date)
		if err != nil {
			return err
		}
		f.Registered += on.registered
		f.Resolved += on.resolved
		f.Late = on.nodes < nodes
		if t.Before == "" {
			return nil
		}
		was, err := censuses(ctx, tx, t.Before, 1)
		if err != nil || len(was) == 0 {
			return err
		}
		if all := was[0].Head.Resolved + before.resolved; f.Resolved > all {
			f.Answered = f.Resolved - all
		}
		return nil
	})
	return f, err
}
