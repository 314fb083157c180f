package identifiers

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/store"
)

// deposit is a deposit of this node's records.
type deposit struct {
	Day, Kind, Manifest, Digest string
	Seq                         int64
	Records                     int64
	Sent                        bool
}

// deposits returns what was deposited, the newest first.
func deposits(ctx context.Context, tx store.Tx, limit int) ([]deposit, error) {
	return store.Collect(ctx, tx, `SELECT day, kind, manifest, digest, seq, records, sent FROM identifiers_deposit ORDER BY day DESC LIMIT $1`, []any{limit},
		func(scan func(...any) error) (d deposit, err error) {
			var sent int64
			err = scan(&d.Day, &d.Kind, &d.Manifest, &d.Digest, &d.Seq, &d.Records, &sent)
			d.Sent = sent != 0
			return d, err
		})
}

func putDeposit(ctx context.Context, tx store.Tx, d deposit) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_deposit (day, kind, manifest, digest, seq, records, sent) VALUES ($1, $2, $3, $4, $5, $6, 0)
		ON CONFLICT (day) DO NOTHING`, d.Day, d.Kind, d.Manifest, d.Digest, d.Seq, d.Records)
	return err
}

func sentDeposit(ctx context.Context, tx store.Tx, day string, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_deposit SET sent = $2 WHERE day = $1`, day, store.Micros(at))
	return err
}

// peer returns the keys that another node told first; ok is false before that.
func peer(ctx context.Context, tx store.Tx, name string) (k EscrowAnswer, ok bool, err error) {
	var doc string
	ok, err = tx.One(ctx, `SELECT doc FROM identifiers_peer WHERE name = $1`, []any{name}, &doc)
	if err != nil || !ok {
		return k, false, err
	}
	return k, true, json.Unmarshal([]byte(doc), &k)
}

func putPeer(ctx context.Context, tx store.Tx, name string, k EscrowAnswer, at time.Time) error {
	doc, err := json.Marshal(k)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_peer (name, doc, since) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, name, string(doc), store.Micros(at))
	return err
}

// Takeover is a time in which a node above answers for one below.
type Takeover struct {
	Prefix    string    `json:"prefix"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until,omitzero" doc:"not there while it lasts"`
	Reason    string    `json:"reason"`
	Watermark time.Time `json:"watermark" doc:"of the deposit that is answered from: what was registered later is not known here"`
}

// takeovers returns takeovers, those that last first, then the newest.
func takeovers(ctx context.Context, tx store.Tx, limit int) ([]Takeover, error) {
	return store.Collect(ctx, tx, `SELECT prefix, since, until, reason, watermark FROM identifiers_takeover ORDER BY CASE WHEN until = 0 THEN 0 ELSE 1 END, since DESC LIMIT $1`,
		[]any{limit}, func(scan func(...any) error) (t Takeover, err error) {
			var since, until, watermark int64
			err = scan(&t.Prefix, &since, &until, &t.Reason, &watermark)
			t.Since, t.Watermark = store.FromMicros(since), store.FromMicros(watermark)
			if until != 0 {
				t.Until = store.FromMicros(until)
			}
			return t, err
		})
}

func beginTakeover(ctx context.Context, tx store.Tx, t Takeover) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_takeover (prefix, since, until, reason, watermark) VALUES ($1, $2, 0, $3, $4)`,
		t.Prefix, store.Micros(t.Since), t.Reason, store.Micros(t.Watermark))
	return err
}

func endTakeover(ctx context.Context, tx store.Tx, prefix string, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_takeover SET until = $2 WHERE prefix = $1 AND until = 0`, prefix, store.Micros(at))
	return err
}
