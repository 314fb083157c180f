package identifiers

import (
	"context"
	"time"

	"yuzhou/kernel/store"
)

// addGrant keeps a grant and returns its id; one that stands already is that.
func addGrant(ctx context.Context, tx store.Tx, g Grant) (id string, err error) {
	found, err := tx.One(ctx, `SELECT id FROM identifiers_grant WHERE prefix = $1 AND template = $2 AND item = $3 AND identifier = $4 AND kind = $5 AND grantee = $6 AND until = $7 AND ended = 0`,
		[]any{g.Prefix, g.Template, g.Item, g.Identifier, g.Kind, g.Grantee, microsOf(g.ends)}, &id)
	if err != nil || found {
		return id, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_grant (id, prefix, template, item, identifier, kind, grantee, until, since, by_, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`,
		g.ID, g.Prefix, g.Template, g.Item, g.Identifier, g.Kind, g.Grantee, microsOf(g.ends), store.Micros(g.Since), g.By)
	return g.ID, err
}

// endGrant ends a grant of a prefix; ended is false when none stood.
func endGrant(ctx context.Context, tx store.Tx, prefix, id string, at time.Time) (ended bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE identifiers_grant SET ended = $1 WHERE id = $2 AND prefix = $3 AND ended = 0`, store.Micros(at), id, prefix)
	return n > 0, err
}

// grants lists the grants that stand, of one prefix or with "" of all, the newest first.
func grants(ctx context.Context, tx store.Tx, prefix string) ([]Grant, error) {
	return store.Collect(ctx, tx, `SELECT id, prefix, template, item, identifier, kind, grantee, until, since, by_ FROM identifiers_grant
		WHERE ended = 0 AND ($1 = '' OR prefix = $1) ORDER BY since DESC, id DESC`, []any{prefix},
		func(scan func(...any) error) (g Grant, err error) {
			var until, since int64
			err = scan(&g.ID, &g.Prefix, &g.Template, &g.Item, &g.Identifier, &g.Kind, &g.Grantee, &until, &since, &g.By)
			g.Since = store.FromMicros(since)
			if until != 0 {
				g.ends = store.FromMicros(until)
			}
			return g, err
		})
}

// microsOf is an instant as the database has it, 0 for none.
func microsOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return store.Micros(t)
}

// membership lists the registrants that a person may register for, by credit code.
func membership(ctx context.Context, tx store.Tx, person string) ([]string, error) {
	return store.Collect(ctx, tx, `SELECT r.id FROM identifiers_member m JOIN identifiers_registrant r ON r.id = m.registrant WHERE m.person = $1 ORDER BY r.credit_code`,
		[]any{person}, scanText)
}

// membersOf lists who may register for a registrant, by id.
func membersOf(ctx context.Context, tx store.Tx, registrant string) ([]string, error) {
	return store.Collect(ctx, tx, `SELECT person FROM identifiers_member WHERE registrant = $1 ORDER BY at, person`, []any{registrant}, scanText)
}

func scanText(scan func(...any) error) (s string, err error) {
	err = scan(&s)
	return s, err
}
