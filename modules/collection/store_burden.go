package collection

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// burdenRow is an entry of the ledger.
type burdenRow struct {
	ID           string
	At           time.Time
	Asker, Unit  string
	Key, Case    string
	Basis, Kind  string
	Fields, Held int
	Minutes      float64 // estimated for what was left
	Spared       float64
	Measured     float64 // minutes, summed from the sittings
	Detail       burdenDetail
}

// burdenDetail is what the ledger says beside the counts.
type burdenDetail struct {
	Title  pack.Text `json:"title"`
	Period string    `json:"period"`
	Held   []Held    `json:"held,omitempty"`
}

// burdenOf is the entry of a request.
func burdenOf(row requestRow, kind string, now time.Time) burdenRow {
	p, a := row.Plan, row.Plan.Assignment
	if kind == byRevision {
		p.Held = nil // the first round has counted what it spared
	}
	return burdenRow{
		ID: store.NewID(now), At: now, Asker: a.Asker, Unit: p.Unit, Key: row.Key, Case: row.Case, Basis: a.Basis, Kind: kind,
		Fields: len(p.Cells) + len(p.Held), Held: len(p.Held), Minutes: a.each() * float64(len(p.Cells)), Spared: a.each() * float64(len(p.Held)),
		Detail: burdenDetail{a.Text, p.Period, p.Held},
	}
}

func putBurden(ctx context.Context, tx store.Tx, b burdenRow) error {
	doc, err := json.Marshal(b.Detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO collection_burden (id, at, asker, unit, key, case_, basis, kind, fields, held, minutes, spared, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		b.ID, store.Micros(b.At), b.Asker, b.Unit, b.Key, b.Case, b.Basis, b.Kind, b.Fields, b.Held, b.Minutes, b.Spared, string(doc))
	return err
}

// burdens returns the ledger from an instant on, the newest first.
func (s *Service) burdens(ctx context.Context, from time.Time) (out []burdenRow, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = store.Collect(ctx, tx, `SELECT b.id, b.at, b.asker, b.unit, b.key, b.case_, b.basis, b.kind, b.fields, b.held, b.minutes, b.spared, b.doc,
				(SELECT COALESCE(SUM(t.seconds), 0) FROM collection_sitting t WHERE t.case_ = b.case_ AND b.case_ <> '')
			FROM collection_burden b WHERE b.at >= $1 ORDER BY b.at DESC, b.id DESC`, []any{store.Micros(from)}, scanBurden)
		return err
	})
	return out, err
}

func scanBurden(scan func(...any) error) (b burdenRow, err error) {
	var at int64
	var seconds float64
	var doc string
	if err := scan(&b.ID, &at, &b.Asker, &b.Unit, &b.Key, &b.Case, &b.Basis, &b.Kind, &b.Fields, &b.Held, &b.Minutes, &b.Spared, &doc, &seconds); err != nil {
		return b, err
	}
	b.At, b.Measured = store.FromMicros(at), seconds/60
	return b, json.Unmarshal([]byte(doc), &b.Detail)
}

// filing is a number as it was handed in.
type filing struct {
	Entry
	Case   string
	Round  int
	Sent   int64
	Period string
	By     string
	At     time.Time
	Name   string
}

// putFilings records what was handed in; the same again adds nothing.
func (s *Service) putFilings(ctx context.Context, all []filing) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		for _, f := range all {
			_, err := tx.Exec(ctx, `INSERT INTO collection_filing (case_, round, sent, indicator, place, period, value, note, by_, at, name)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '') ON CONFLICT (case_, round, sent, indicator, place) DO NOTHING`,
				f.Case, f.Round, f.Sent, f.Indicator, f.Place, f.Period, f.Value, f.Note, f.By, store.Micros(f.At))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// nameFilings notes under which name the last filing of a case's number was published.
func (s *Service) nameFilings(ctx context.Context, id string, names map[Cell]string) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		for c, name := range names {
			_, err := tx.Exec(ctx, `UPDATE collection_filing SET name = $1 WHERE case_ = $2 AND indicator = $3 AND place = $4
				AND sent = (SELECT MAX(f.sent) FROM collection_filing f WHERE f.case_ = $2 AND f.indicator = $3 AND f.place = $4)`, name, id, c.Indicator, c.Place)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// filings returns what was handed in by a case, oldest first; of all cases when "".
func (s *Service) filings(ctx context.Context, id string) (out []filing, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = store.Collect(ctx, tx, `SELECT case_, round, sent, indicator, place, period, value, note, by_, at, name
			FROM collection_filing WHERE $1 = '' OR case_ = $1 ORDER BY at, case_, sent, indicator, place`, []any{id},
			func(scan func(...any) error) (f filing, err error) {
				var at int64
				err = scan(&f.Case, &f.Round, &f.Sent, &f.Indicator, &f.Place, &f.Period, &f.Value, &f.Note, &f.By, &at, &f.Name)
				f.At = store.FromMicros(at)
				return f, err
			})
		return err
	})
	return out, err
}
