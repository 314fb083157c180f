package evaluation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// putScheme records a scheme as its next version, unless the newest says the same.
func putScheme(ctx context.Context, tx store.Tx, s Scheme, at time.Time) error {
	s.Version = 0
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(doc)
	digest := hex.EncodeToString(sum[:])
	var version int
	var newest string
	found, err := tx.One(ctx, `SELECT version, digest FROM evaluation_scheme WHERE id = $1 ORDER BY version DESC LIMIT 1`, []any{s.ID}, &version, &newest)
	if err != nil || found && newest == digest {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO evaluation_scheme (id, version, digest, since, doc) VALUES ($1, $2, $3, $4, $5)`, s.ID, version+1, digest, store.Micros(at), string(doc))
	return err
}

// schemes returns the newest version of every scheme, by id. A scheme counts for
// all dates, from its first version on: what it says of an earlier date is what
// it would have said.
func (s *Service) schemes(ctx context.Context, known time.Time) ([]Scheme, error) {
	var out []Scheme
	err := s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT version, since, doc FROM evaluation_scheme ORDER BY id, version`, nil, func(scan func(...any) error) error {
			var sc Scheme
			var doc string
			var version int
			var since int64
			if err := scan(&version, &since, &doc); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(doc), &sc); err != nil {
				return err
			}
			sc.Version = version
			n := len(out)
			switch {
			case n == 0 || out[n-1].ID != sc.ID:
				out = append(out, sc)
			case !store.FromMicros(since).After(known):
				out[n-1] = sc
			}
			return nil
		})
	})
	return out, err
}

// scheme returns a scheme; fault.NotFound when there is none.
func (s *Service) scheme(ctx context.Context, id string, known time.Time) (Scheme, error) {
	all, err := s.schemes(ctx, known)
	if err != nil {
		return Scheme{}, err
	}
	for _, sc := range all {
		if sc.ID == id {
			return sc, nil
		}
	}
	return Scheme{}, fault.New(fault.NotFound, "there is no scoring rule %q", id)
}
