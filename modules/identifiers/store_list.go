package identifiers

import (
	"context"
	"encoding/json"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// Filter narrows a list of prefixes; empty fields mean all.
type Filter struct {
	Under      string `query:"under" doc:"prefixes below this one"`
	State      string `query:"state" enum:"hosted,delegated,suspended,reclaimed"`
	Registrant string `query:"registrant" doc:"id of who holds them"`
	Text       string `query:"q" doc:"part of the prefix or of its holder's name"`
	After      string `query:"after" doc:"prefix that the page before ended with"`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// Held is a prefix with who holds it and what is under way.
type Held struct {
	Prefix
	Holder   Registrant `json:"holder" doc:"personal fields are there for staff alone"`
	UnderWay string     `json:"under_way,omitempty" doc:"case of the change under way"`
}

// prefixes lists allocated prefixes by their text.
func prefixes(ctx context.Context, tx store.Tx, f Filter) ([]Held, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	return store.Collect(ctx, tx, `SELECT p.doc, p.case_, r.id, r.doc, r.demo FROM identifiers_prefix p JOIN identifiers_registrant r ON r.id = p.registrant
		WHERE p.version > 0 AND p.prefix > $1 AND ($2 = '' OR p.prefix LIKE $3) AND ($4 = '' OR p.state = $4) AND ($5 = '' OR p.registrant = $5)
			AND ($6 = '' OR lower(p.prefix || ' ' || r.doc) LIKE lower($7)) ORDER BY p.prefix LIMIT $8`,
		[]any{f.After, f.Under, f.Under + ".%", f.State, f.Registrant, f.Text, "%" + f.Text + "%", f.Limit}, scanHeld)
}

func scanHeld(scan func(...any) error) (h Held, err error) {
	var doc, id, holder string
	var demo int64
	if err := scan(&doc, &h.UnderWay, &id, &holder, &demo); err != nil {
		return h, err
	}
	if err := json.Unmarshal([]byte(doc), &h.Prefix); err != nil {
		return h, err
	}
	err = json.Unmarshal([]byte(holder), &h.Holder)
	h.Holder.ID, h.Holder.Demo = id, demo != 0
	return h, err
}

// held returns one allocated prefix with its holder; fault.NotFound.
func held(ctx context.Context, tx store.Tx, name string) (Held, error) {
	all, err := store.Collect(ctx, tx, `SELECT p.doc, p.case_, r.id, r.doc, r.demo FROM identifiers_prefix p JOIN identifiers_registrant r ON r.id = p.registrant
		WHERE p.version > 0 AND p.prefix = $1`, []any{name}, scanHeld)
	if err == nil && len(all) == 0 {
		err = fault.Say(fault.NotFound, "前缀 %s 没有分配。", "prefix %s was not allocated", name)
	}
	if err != nil {
		return Held{}, err
	}
	return all[0], nil
}

// versionsOf returns all versions of a prefix, newest first.
func versionsOf(ctx context.Context, tx store.Tx, name string) ([]Version, error) {
	return store.Collect(ctx, tx, `SELECT change, doc, by_ FROM identifiers_version WHERE prefix = $1 ORDER BY version DESC`, []any{name},
		func(scan func(...any) error) (v Version, err error) {
			var doc string
			if err := scan(&v.Change, &doc, &v.By); err != nil {
				return v, err
			}
			return v, json.Unmarshal([]byte(doc), &v.Prefix)
		})
}

// countStates counts the prefixes by state, demonstration apart.
func countStates(ctx context.Context, tx store.Tx) (map[string]int64, int64, error) {
	out := map[string]int64{}
	var demo int64
	err := tx.Each(ctx, `SELECT state, demo, COUNT(*) FROM identifiers_prefix WHERE version > 0 GROUP BY state, demo ORDER BY state, demo`, nil,
		func(scan func(...any) error) error {
			var state string
			var made, n int64
			err := scan(&state, &made, &n)
			if made != 0 {
				demo += n
			} else {
				out[state] = n
			}
			return err
		})
	return out, demo, err
}

// registrants lists who is known, by credit code.
func registrants(ctx context.Context, tx store.Tx, most int) ([]Registrant, error) {
	return store.Collect(ctx, tx, `SELECT id, doc, demo FROM identifiers_registrant ORDER BY credit_code LIMIT $1`, []any{most},
		func(scan func(...any) error) (r Registrant, err error) {
			var id, doc string
			var demo int64
			if err := scan(&id, &doc, &demo); err != nil {
				return r, err
			}
			err = json.Unmarshal([]byte(doc), &r)
			r.ID, r.Demo = id, demo != 0
			return r, err
		})
}

// underWay lists the changes that wait for somebody, the oldest first.
func underWay(ctx context.Context, tx store.Tx, most int) ([]claim, error) {
	return store.Collect(ctx, tx, `SELECT prefix, claim, case_, asked FROM identifiers_prefix WHERE case_ <> '' ORDER BY asked, prefix LIMIT $1`, []any{most},
		func(scan func(...any) error) (c claim, err error) {
			var asked int64
			err = scan(&c.Prefix, &c.Key, &c.Case, &asked)
			c.At = store.FromMicros(asked)
			return c, err
		})
}

// unrecorded lists prefixes whose newest version their record does not say yet.
func unrecorded(ctx context.Context, tx store.Tx, most int) ([]Held, error) {
	return store.Collect(ctx, tx, `SELECT p.doc, p.case_, r.id, r.doc, r.demo FROM identifiers_version v
		JOIN identifiers_prefix p ON p.prefix = v.prefix AND p.version = v.version JOIN identifiers_registrant r ON r.id = p.registrant
		WHERE v.recorded = 0 ORDER BY p.prefix LIMIT $1`, []any{most}, scanHeld)
}

// recorded notes that the record of a prefix says what its versions up to one say.
func recorded(ctx context.Context, tx store.Tx, name string, version int) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_version SET recorded = 1 WHERE prefix = $1 AND version <= $2 AND recorded = 0`, name, version)
	return err
}
