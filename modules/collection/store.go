package collection

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
)

func putAssignment(ctx context.Context, tx store.Tx, a Assignment, now time.Time) error {
	doc, err := json.Marshal(a)
	if err != nil {
		return err
	}
	stopped := int64(0)
	if a.Stopped {
		stopped = store.Micros(now)
	}
	_, err = tx.Exec(ctx, `INSERT INTO collection_assignment (id, stopped, doc) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET stopped = excluded.stopped, doc = excluded.doc`, a.ID, stopped, string(doc))
	return err
}

func putRule(ctx context.Context, tx store.Tx, r Rule) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO collection_rule (id, doc) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, r.ID, string(doc))
	return err
}

func putSynonym(ctx context.Context, tx store.Tx, name, indicator string) error {
	_, err := tx.Exec(ctx, `INSERT INTO collection_synonym (name, indicator) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET indicator = excluded.indicator`, name, indicator)
	return err
}

// assignments returns all of them, stopped ones too, by id.
func (s *Service) assignments(ctx context.Context) (out []Assignment, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = store.Collect(ctx, tx, `SELECT doc FROM collection_assignment ORDER BY id`, nil, scanDoc[Assignment])
		return err
	})
	return out, err
}

// ruleSet returns the rules in force, by id.
func (s *Service) ruleSet(ctx context.Context) (out []Rule, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = store.Collect(ctx, tx, `SELECT doc FROM collection_rule ORDER BY id`, nil, scanDoc[Rule])
		return err
	})
	return out, err
}

func scanDoc[T any](scan func(...any) error) (v T, err error) {
	var doc string
	if err := scan(&doc); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(doc), &v)
}

func (s *Service) synonyms(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT name, indicator FROM collection_synonym ORDER BY name`, nil, func(scan func(...any) error) error {
			var name, indicator string
			err := scan(&name, &indicator)
			out[name] = indicator
			return err
		})
	})
	return out, err
}

// requestRow is a request as it is kept beside its case.
type requestRow struct {
	Key, Case, Ended string
	Plan             Plan
}

const requestColumns = `key, case_, ended, doc`

func scanRequest(scan func(...any) error) (r requestRow, err error) {
	var doc string
	if err := scan(&r.Key, &r.Case, &r.Ended, &doc); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(doc), &r.Plan)
}

// rows returns all requests by slot.
func (s *Service) rows(ctx context.Context) (map[string]requestRow, error) {
	out := map[string]requestRow{}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		all, err := store.Collect(ctx, tx, `SELECT `+requestColumns+` FROM collection_request ORDER BY assignment, unit, period, round`, nil, scanRequest)
		for _, r := range all {
			out[r.Plan.slot()] = r
		}
		return err
	})
	return out, err
}

// rounds returns the requests of a plan's slot in all its rounds, the newest first.
func (s *Service) rounds(ctx context.Context, plan Plan) (out []requestRow, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		out, err = store.Collect(ctx, tx, `SELECT `+requestColumns+` FROM collection_request WHERE assignment = $1 AND unit = $2 AND period = $3 ORDER BY round DESC`,
			[]any{plan.Assignment.ID, plan.Unit, plan.Period}, scanRequest)
		return err
	})
	return out, err
}

// planOf returns what a case asks for; fault.NotFound when it is no request.
func (s *Service) planOf(ctx context.Context, id string) (Plan, error) {
	row, err := s.rowOf(ctx, id)
	return row.Plan, err
}

func (s *Service) rowOf(ctx context.Context, id string) (row requestRow, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		all, err := store.Collect(ctx, tx, `SELECT `+requestColumns+` FROM collection_request WHERE case_ = $1 ORDER BY key`, []any{id}, scanRequest)
		if err == nil && len(all) == 0 {
			err = fault.New(fault.NotFound, "there is no request for numbers %q", id)
		}
		if err == nil {
			row = all[0]
		}
		return err
	})
	return row, err
}

// claim makes the one row of a plan, or returns the one that is there. Cells that
// another request asks for in this round are taken out of the plan and named
// among those held; the ledger gets its entry in the same transaction.
func (s *Service) claim(ctx context.Context, plan Plan, kind string, byID map[string]observation.Indicator) (row requestRow, fresh bool, err error) {
	now := s.now()
	p, err := period.Parse(plan.Period)
	if err != nil {
		return row, false, err
	}
	err = s.db.Write(ctx, func(tx store.Tx) error {
		row = requestRow{Key: "collection." + store.NewID(now), Plan: plan}
		row.Plan.Held = append([]Held{}, plan.Held...)
		slot := []any{plan.Assignment.ID, plan.Unit, plan.Period, plan.Round}
		n, err := tx.Exec(ctx, `INSERT INTO collection_request (assignment, unit, period, round, key, case_, opened, ended, doc) VALUES ($1, $2, $3, $4, $5, '', $6, '', '')
			ON CONFLICT (assignment, unit, period, round) DO NOTHING`, append(slot, row.Key, store.Micros(now))...) // first, so that a second program waits here for ours
		if err != nil {
			return err
		}
		if fresh = n > 0; !fresh {
			was, err := store.Collect(ctx, tx, `SELECT `+requestColumns+` FROM collection_request WHERE assignment = $1 AND unit = $2 AND period = $3 AND round = $4`, slot, scanRequest)
			if err == nil {
				row = was[0]
			}
			return err
		}
		if err := s.claimCells(ctx, tx, &row, byID, cellClaim{row.Key, p, plan.Round}); err != nil {
			return err
		}
		doc, err := json.Marshal(row.Plan)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `UPDATE collection_request SET ended = $2, doc = $3 WHERE key = $1`, row.Key, row.Ended, string(doc)); err != nil {
			return err
		}
		return putBurden(ctx, tx, burdenOf(row, kind, now))
	})
	return row, fresh, err
}

// claimCells notes what a new request asks for; what another asks for already
// goes to what is held.
func (s *Service) claimCells(ctx context.Context, tx store.Tx, row *requestRow, byID map[string]observation.Indicator, claim cellClaim) error {
	asked := row.Plan.Cells
	row.Plan.Cells = nil
	for _, c := range asked {
		taken, err := s.claimCell(ctx, tx, byID[c.Indicator], c.Place, claim)
		if err != nil {
			return err
		}
		if taken == nil {
			row.Plan.Cells = append(row.Plan.Cells, c)
		} else {
			row.Plan.Held = append(row.Plan.Held, *taken)
		}
	}
	if len(row.Plan.Cells) == 0 {
		row.Ended = "held"
	}
	return nil
}

// cellClaim is by which request, for which period and round a cell is asked for.
type cellClaim struct {
	key    string
	period period.Period
	round  int
}

// claimCell notes that a number is asked for; it returns who asks for it already.
func (s *Service) claimCell(ctx context.Context, tx store.Tx, i observation.Indicator, place string, c cellClaim) (*Held, error) {
	day, begins := cellPeriod(i, c.period)
	n, err := tx.Exec(ctx, `INSERT INTO collection_cell (indicator, place, day, begins, round, key) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (indicator, place, day, begins, round) DO NOTHING`,
		i.ID, place, day, begins, c.round, c.key)
	if err != nil || n > 0 {
		return nil, err
	}
	var other, id string
	_, err = tx.One(ctx, `SELECT r.key, r.case_ FROM collection_cell c JOIN collection_request r ON r.key = c.key
		WHERE c.indicator = $1 AND c.place = $2 AND c.day = $3 AND c.begins = $4 AND c.round = $5`, []any{i.ID, place, day, begins, c.round}, &other, &id)
	return &Held{Cell: Cell{i.ID, place}, Kind: "asked", Where: id, Href: "/collection/" + id}, err
}

// askedAt returns the request that asks for a number already, "" for none.
func (s *Service) askedAt(ctx context.Context, i observation.Indicator, place string, p period.Period) (id string, err error) {
	day, begins := cellPeriod(i, p)
	err = s.db.Read(ctx, func(tx store.Tx) error {
		_, err := tx.One(ctx, `SELECT r.case_ FROM collection_cell c JOIN collection_request r ON r.key = c.key
			WHERE c.indicator = $1 AND c.place = $2 AND c.day = $3 AND c.begins = $4 ORDER BY c.round DESC LIMIT 1`, []any{i.ID, place, day, begins}, &id)
		return err
	})
	return id, err
}

// settleCase notes which case a request became.
func (s *Service) settleCase(ctx context.Context, key, id string) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE collection_burden SET case_ = $1 WHERE key = $2`, id, key); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE collection_request SET case_ = $1 WHERE key = $2`, id, key)
		return err
	})
}

// end notes how a request ended. A withdrawn one gives its numbers free.
func (s *Service) end(ctx context.Context, id, how string) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		if how == stageWithdrawn {
			_, err := tx.Exec(ctx, `DELETE FROM collection_cell WHERE key IN (SELECT key FROM collection_request WHERE case_ = $1)`, id)
			if err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM collection_draft WHERE case_ = $1`, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE collection_request SET ended = $1 WHERE case_ = $2`, how, id)
		return err
	})
}

// Draft is what has been typed and not handed in.
type Draft struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Entries []Entry   `json:"entries"`
}

func (s *Service) draft(ctx context.Context, id string) (d Draft, found bool, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		var at int64
		var doc string
		found, err = tx.One(ctx, `SELECT at, by_, doc FROM collection_draft WHERE case_ = $1`, []any{id}, &at, &d.By, &doc)
		if err != nil || !found {
			return err
		}
		d.At = store.FromMicros(at)
		return json.Unmarshal([]byte(doc), &d.Entries)
	})
	return d, found, err
}

// putDraft keeps what has been typed, and for how long the form was open.
func (s *Service) putDraft(ctx context.Context, id, by string, entries []Entry, seconds int) error {
	now := s.now()
	doc, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx store.Tx) error {
		if seconds > 0 {
			_, err := tx.Exec(ctx, `INSERT INTO collection_sitting (id, case_, at, by_, seconds) VALUES ($1, $2, $3, $4, $5)`, store.NewID(now), id, store.Micros(now), by, seconds)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO collection_draft (case_, at, by_, doc) VALUES ($1, $2, $3, $4)
			ON CONFLICT (case_) DO UPDATE SET at = excluded.at, by_ = excluded.by_, doc = excluded.doc`, id, store.Micros(now), by, string(doc))
		return err
	})
}
