package pack

import (
	"context"
	"embed"
	"encoding/json"
	"time"

	"yuzhou/kernel/store"
)

//go:embed migrations
var migrations embed.FS

// Loaded is the newest pack that a database was loaded with.
type Loaded struct {
	Manifest Manifest
	Digest   string
}

// Current returns what the database was loaded with; found is false before the
// first load.
func Current(ctx context.Context, db *store.DB) (l Loaded, found bool, err error) {
	if err := db.Migrate(ctx, "pack", migrations); err != nil {
		return l, false, err
	}
	err = db.Read(ctx, func(tx store.Tx) error {
		var doc string
		found, err = tx.One(ctx, `SELECT digest, manifest FROM pack_load ORDER BY loaded DESC LIMIT 1`, nil, &l.Digest, &doc)
		if err != nil || !found {
			return err
		}
		return json.Unmarshal([]byte(doc), &l.Manifest)
	})
	return l, found, err
}

// Store runs the loads of all modules in one transaction and records the pack's
// digest with them: a pack is in the database whole or not at all.
func (p *Pack) Store(ctx context.Context, db *store.DB, now time.Time, loads []Load) error {
	if err := p.Err(); err != nil {
		return err
	}
	digest, err := p.Digest()
	if err != nil {
		return err
	}
	doc, err := json.Marshal(p.Manifest)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx store.Tx) error {
		for _, load := range loads {
			if err := load(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO pack_load (digest, loaded, manifest) VALUES ($1, $2, $3)`, digest, store.Micros(now), string(doc))
		return err
	})
}
