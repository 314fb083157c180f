package directives

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// putRule records a rule; the one of the same id gives way.
func putRule(ctx context.Context, tx store.Tx, r Rule) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO directives_rule (id, doc) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, r.ID, string(doc))
	return err
}

// rule returns the rules in force: the pack's, else the plain ones.
func (s *Service) rule(ctx context.Context) (Rule, error) {
	r := plainRule(s.site.Unit)
	err := s.db.Read(ctx, func(tx store.Tx) error {
		var doc string
		found, err := tx.One(ctx, `SELECT doc FROM directives_rule ORDER BY id LIMIT 1`, nil, &doc)
		if err != nil || !found {
			return err
		}
		r = Rule{}
		return json.Unmarshal([]byte(doc), &r)
	})
	return r, err
}

// watches returns what the evaluations saw last, by target.
func (s *Service) watches(ctx context.Context) (map[string]watch, error) {
	out := map[string]watch{}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT since, evaluated, days, doc FROM directives_watch ORDER BY target`, nil, func(scan func(...any) error) error {
			var w watch
			var doc string
			if err := scan(&w.Since, &w.Evaluated, &w.Days, &doc); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(doc), &w.Gap); err != nil {
				return err
			}
			out[w.Target] = w
			return nil
		})
	})
	return out, err
}

// putWatch records what an evaluation saw of a target, unless a later date has
// been evaluated meanwhile.
func putWatch(ctx context.Context, tx store.Tx, w watch) error {
	doc, err := json.Marshal(w.Gap)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO directives_watch (target, light, since, evaluated, days, doc) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (target) DO UPDATE SET light = excluded.light, since = excluded.since, evaluated = excluded.evaluated, days = excluded.days, doc = excluded.doc
		WHERE directives_watch.evaluated <= excluded.evaluated`,
		w.Target, w.Light, w.Since, w.Evaluated, w.Days, string(doc))
	return err
}

// gapRow is the directive that stands for a target's gap.
type gapRow struct {
	Target, Key, Case string
}

// gapRows returns the directives that stand, by target.
func (s *Service) gapRows(ctx context.Context) (map[string]gapRow, error) {
	out := map[string]gapRow{}
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT target, key, case_ FROM directives_gap WHERE ended = 0 ORDER BY target`, nil, func(scan func(...any) error) error {
			var r gapRow
			if err := scan(&r.Target, &r.Key, &r.Case); err != nil {
				return err
			}
			out[r.Target] = r
			return nil
		})
	})
	return out, err
}

// claimGap makes the one row of a target's gap, or returns the one that is there.
func (s *Service) claimGap(ctx context.Context, target string) (gapRow, error) {
	now := s.now()
	row := gapRow{Target: target, Key: "directives.gap." + target + "." + store.NewID(now)}
	err := s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO directives_gap (target, ended, key, case_, opened) VALUES ($1, 0, $2, '', $3) ON CONFLICT (target, ended) DO NOTHING`,
			target, row.Key, store.Micros(now))
		if err != nil {
			return err
		}
		_, err = tx.One(ctx, `SELECT key, case_ FROM directives_gap WHERE target = $1 AND ended = 0`, []any{target}, &row.Key, &row.Case)
		return err
	})
	return row, err
}

// holdGap records which case a target's gap became.
func (s *Service) holdGap(ctx context.Context, row gapRow) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE directives_gap SET case_ = $1 WHERE target = $2 AND ended = 0 AND key = $3`, row.Case, row.Target, row.Key)
		return err
	})
}

// endGap lets go of a directive that was withdrawn or filed away.
func (s *Service) endGap(ctx context.Context, row gapRow) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE directives_gap SET ended = $1 WHERE target = $2 AND ended = 0 AND key = $3`, store.Micros(s.now()), row.Target, row.Key)
		return err
	})
}

// keep records what an evaluation saw of the targets.
func (s *Service) keep(ctx context.Context, seen []watch) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		for _, w := range seen {
			if err := putWatch(ctx, tx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// putEvaluation records what an evaluation did.
func (s *Service) putEvaluation(ctx context.Context, e Evaluation) error {
	return s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO directives_evaluation (id, date, at, by_, targets, opened, joined, reopened, reached) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			store.NewID(e.At), e.Date, store.Micros(e.At), e.By, e.Targets, len(e.Opened), len(e.Joined), len(e.Reopened), len(e.Reached))
		return err
	})
}

// lastEvaluated returns the newest date that was evaluated, "" before the first.
func (s *Service) lastEvaluated(ctx context.Context) (date string, err error) {
	err = s.db.Read(ctx, func(tx store.Tx) error {
		_, err := tx.One(ctx, `SELECT date FROM directives_evaluation ORDER BY date DESC, at DESC LIMIT 1`, nil, &date)
		return err
	})
	return date, err
}

// putMeeting records a meeting; a second one of the same id is fault.Conflict.
func (s *Service) putMeeting(ctx context.Context, m Meeting) error {
	err := s.db.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO directives_meeting (id, held, zh, en, by_, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			m.ID, m.Held, m.Title.ZH, m.Title.EN, m.By, store.Micros(m.At))
		if err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "directives.meeting", m.ID, m.Held+" "+m.Title.ZH)
	})
	if fault.KindOf(err) == fault.Conflict {
		return fault.Say(fault.Conflict, "会议 %q 已经录入过。", "meeting %q is there already", m.ID)
	}
	return err
}

// meetings returns all meetings, the newest first.
func (s *Service) meetings(ctx context.Context) ([]Meeting, error) {
	var out []Meeting
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = store.Collect(ctx, tx, `SELECT id, held, zh, en, by_, at FROM directives_meeting ORDER BY held DESC, id DESC`, nil, func(scan func(...any) error) (m Meeting, err error) {
			var at int64
			err = scan(&m.ID, &m.Held, &m.Title.ZH, &m.Title.EN, &m.By, &at)
			m.At = store.FromMicros(at)
			return m, err
		})
		return err
	})
	return out, err
}

// Meeting is a meeting whose decisions became directives.
type Meeting struct {
	ID    string    `json:"id"`
	Held  string    `json:"held" doc:"date"`
	Title pack.Text `json:"title"`
	By    string    `json:"by" doc:"id of the person who recorded it"`
	At    time.Time `json:"at"`
}
