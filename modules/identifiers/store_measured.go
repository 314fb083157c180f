package identifiers

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/docking/monitor"
	"yuzhou/modules/identifiers/meter"
)

// putMeasured writes down what was measured, as it stands now.
func putMeasured(ctx context.Context, tx store.Tx, days []meter.Day) error {
	for _, d := range days {
		doc, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO identifiers_measured (day, prefix, doc) VALUES ($1, $2, $3) ON CONFLICT (day, prefix) DO UPDATE SET doc = excluded.doc`,
			d.Date(), d.Prefix, string(doc)); err != nil {
			return err
		}
	}
	return nil
}

// measured returns what was measured from a day to another one, both counted, by day and
// prefix: of one folded prefix, or with "" of all.
func measured(ctx context.Context, tx store.Tx, from, to, prefix string) ([]meter.Day, error) {
	return store.Collect(ctx, tx, `SELECT doc FROM identifiers_measured WHERE day >= $1 AND day <= $2 AND ($3 = '' OR prefix = $3) ORDER BY day, prefix`, []any{from, to, prefix},
		func(scan func(...any) error) (d meter.Day, err error) {
			var doc string
			if err := scan(&doc); err != nil {
				return d, err
			}
			return d, json.Unmarshal([]byte(doc), &d)
		})
}

// watched returns the watch of this node over itself, and when it was last seen to run;
// the zero time for never.
func watched(ctx context.Context, tx store.Tx, prefix string) (w monitor.Watch, alive time.Time, err error) {
	w.Prefix = prefix
	var doc string
	var at int64
	found, err := tx.One(ctx, `SELECT doc, alive FROM identifiers_watch WHERE prefix = $1`, []any{prefix}, &doc, &at)
	if err != nil || !found {
		return w, alive, err
	}
	return w, store.FromMicros(at), json.Unmarshal([]byte(doc), &w)
}

func putWatch(ctx context.Context, tx store.Tx, w monitor.Watch, alive time.Time) error {
	doc, err := json.Marshal(w)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_watch (prefix, doc, alive) VALUES ($1, $2, $3) ON CONFLICT (prefix) DO UPDATE SET doc = excluded.doc, alive = excluded.alive`,
		w.Prefix, string(doc), store.Micros(alive))
	return err
}

// event is a time at which this node became abnormal, or recovered.
type event struct {
	docking.Event
	Seq int64
}

func putEvent(ctx context.Context, tx store.Tx, e docking.Event, at time.Time) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_event (seq, id, at, doc) SELECT coalesce(max(seq), 0) + 1, $1, $2, $3 FROM identifiers_event`, e.ID, store.Micros(at), string(doc))
	return err
}

// events returns the events behind a number, in their order.
func events(ctx context.Context, tx store.Tx, after int64) ([]event, error) {
	return store.Collect(ctx, tx, `SELECT seq, doc FROM identifiers_event WHERE seq > $1 ORDER BY seq`, []any{after}, func(scan func(...any) error) (e event, err error) {
		var doc string
		if err := scan(&e.Seq, &doc); err != nil {
			return e, err
		}
		return e, json.Unmarshal([]byte(doc), &e.Event)
	})
}
