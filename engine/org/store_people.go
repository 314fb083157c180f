package org

import (
	"context"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// account is a row of org_account with the person's name. Its person is empty
// when there is none.
type account struct {
	person, login, name, password string
	temporary, locked             bool
}

func accountOf(ctx context.Context, tx store.Tx, login string) (a account, err error) {
	var temporary, locked int64
	_, err = tx.One(ctx, `SELECT a.person, a.login, p.zh, a.password, a.temporary, a.locked
		FROM org_account a JOIN org_person p ON p.id = a.person WHERE a.login = $1`,
		[]any{login}, &a.person, &a.login, &a.name, &a.password, &temporary, &locked)
	a.temporary, a.locked = temporary != 0, locked != 0
	return a, err
}

func insertAccount(ctx context.Context, tx store.Tx, a account, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_account (person, login, password, temporary, locked, created) VALUES ($1, $2, $3, 1, 0, $4)`,
		a.person, a.login, a.password, store.Micros(now))
	return err
}

func updatePassword(ctx context.Context, tx store.Tx, a account) error {
	var temporary int64
	if a.temporary {
		temporary = 1
	}
	_, err := tx.Exec(ctx, `UPDATE org_account SET password = $1, temporary = $2 WHERE person = $3`, a.password, temporary, a.person)
	return err
}

func setLocked(ctx context.Context, tx store.Tx, person string, locked int64) error {
	_, err := tx.Exec(ctx, `UPDATE org_account SET locked = $1 WHERE person = $2`, locked, person)
	return err
}

func insertPerson(ctx context.Context, tx store.Tx, id string, name pack.Text) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_person (id, zh, en, note, origin) VALUES ($1, $2, $3, '', 'here')`, id, name.ZH, name.EN)
	return err
}

func personExists(ctx context.Context, tx store.Tx, id string) (bool, error) {
	return tx.One(ctx, `SELECT id FROM org_person WHERE id = $1`, []any{id}, &id)
}

func postExists(ctx context.Context, tx store.Tx, id string) (bool, error) {
	return tx.One(ctx, `SELECT id FROM org_post WHERE id = $1`, []any{id}, &id)
}

// personRows returns a person, or all by name when id is empty.
func personRows(ctx context.Context, tx store.Tx, id string) ([]Person, error) {
	out, err := store.Collect(ctx, tx, `SELECT p.id, p.zh, p.en, p.note, COALESCE(a.login, ''), COALESCE(a.locked, 0), COALESCE(a.temporary, 0)
		FROM org_person p LEFT JOIN org_account a ON a.person = p.id WHERE $1 = '' OR p.id = $1 ORDER BY p.zh, p.id`,
		[]any{id}, func(scan func(...any) error) (p Person, err error) {
			var locked, temporary int64
			err = scan(&p.ID, &p.ZH, &p.EN, &p.Note, &p.Login, &locked, &temporary)
			p.Locked, p.Temporary = locked != 0, temporary != 0
			return p, err
		})
	if err != nil {
		return nil, err
	}
	at := map[string]*Person{}
	for i := range out {
		at[out[i].ID] = &out[i]
	}
	err = tx.Each(ctx, `SELECT person, id, role, unit, since, granter FROM org_grant WHERE ended = 0 AND ($1 = '' OR person = $1) ORDER BY unit, role, id`,
		[]any{id}, func(scan func(...any) error) error {
			var person string
			var g PersonGrant
			var since int64
			err := scan(&person, &g.ID, &g.Role, &g.Unit, &since, &g.By)
			g.Since = store.FromMicros(since).Format(time.RFC3339)
			if p := at[person]; p != nil {
				p.Grants = append(p.Grants, g)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	return out, tx.Each(ctx, `SELECT person, post FROM org_holding WHERE valid_until = '' AND ($1 = '' OR person = $1) ORDER BY post`,
		[]any{id}, func(scan func(...any) error) error {
			var person, post string
			err := scan(&person, &post)
			if p := at[person]; p != nil {
				p.Posts = append(p.Posts, post)
			}
			return err
		})
}

// firstOwner returns the login of the oldest account that can administer unit,
// or "".
func firstOwner(ctx context.Context, tx store.Tx, unit string) (login string, err error) {
	_, err = tx.One(ctx, `SELECT a.login FROM org_account a JOIN org_grant g ON g.person = a.person
		WHERE a.locked = 0 AND g.ended = 0 AND g.role = $1 AND g.unit = $2 ORDER BY a.created, a.login LIMIT 1`,
		[]any{string(actor.Owner), unit}, &login)
	return login, err
}

func grantsInForce(ctx context.Context, tx store.Tx, person string) ([]actor.Grant, error) {
	return store.Collect(ctx, tx, `SELECT role, unit FROM org_grant WHERE person = $1 AND ended = 0 ORDER BY unit, role`,
		[]any{person}, func(scan func(...any) error) (g actor.Grant, err error) {
			err = scan(&g.Role, &g.Unit)
			return g, err
		})
}

func insertGrant(ctx context.Context, tx store.Tx, person string, g PersonGrant, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_grant (id, person, role, unit, since, ended, granter) VALUES ($1, $2, $3, $4, $5, 0, $6)`,
		g.ID, person, string(g.Role), g.Unit, store.Micros(now), g.By)
	return err
}

// lockOwners keeps two transactions on PostgreSQL from ending, each unseen by the
// other, the last two owners.
func lockOwners(ctx context.Context, tx store.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE org_account SET locked = locked WHERE person IN (SELECT person FROM org_grant WHERE role = $1)`, string(actor.Owner))
	return err
}

func endGrant(ctx context.Context, tx store.Tx, person, id string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE org_grant SET ended = $1 WHERE id = $2 AND person = $3 AND ended = 0`, store.Micros(now), id, person)
	return err
}

// sessionRow is a session with its person.
type sessionRow struct {
	id, person, name string
	created, seen    time.Time
	locked           bool
}

func sessionOf(ctx context.Context, tx store.Tx, digest string) (r sessionRow, found bool, err error) {
	var created, seen, locked int64
	found, err = tx.One(ctx, `SELECT s.id, s.person, p.zh, s.created, s.seen, a.locked FROM org_session s
		JOIN org_person p ON p.id = s.person JOIN org_account a ON a.person = s.person WHERE s.digest = $1`,
		[]any{digest}, &r.id, &r.person, &r.name, &created, &seen, &locked)
	r.created, r.seen, r.locked = store.FromMicros(created), store.FromMicros(seen), locked != 0
	return r, found, err
}

func sessionsOf(ctx context.Context, tx store.Tx, person string, seenAfter, createdAfter time.Time) ([]Session, error) {
	return store.Collect(ctx, tx, `SELECT id, created, seen, agent, address FROM org_session
		WHERE person = $1 AND seen > $2 AND created > $3 ORDER BY created DESC, id`,
		[]any{person, store.Micros(seenAfter), store.Micros(createdAfter)}, func(scan func(...any) error) (x Session, err error) {
			var created, seen int64
			err = scan(&x.ID, &created, &seen, &x.Agent, &x.Address)
			x.Created, x.Seen = store.FromMicros(created), store.FromMicros(seen)
			return x, err
		})
}

func insertSession(ctx context.Context, tx store.Tx, person, digest string, x Session) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_session (id, digest, person, created, seen, agent, address) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		x.ID, digest, person, store.Micros(x.Created), store.Micros(x.Seen), x.Agent, x.Address)
	return err
}

func touchSession(ctx context.Context, tx store.Tx, id string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE org_session SET seen = $1 WHERE id = $2`, store.Micros(now), id)
	return err
}

// endSession ends one of a person's sessions, or all when id is empty.
func endSession(ctx context.Context, tx store.Tx, person, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM org_session WHERE person = $1 AND ($2 = '' OR id = $2)`, person, id)
	return err
}

// attempt is a row of org_attempt.
type attempt struct {
	digest      string
	failures    int64
	until, seen time.Time
}

// attempts returns the attempts for a name and keeps others from counting until
// the transaction ends: the first statement takes the row's lock on PostgreSQL,
// where two readers could otherwise count the same failure.
func attempts(ctx context.Context, tx store.Tx, digest string) (attempt, error) {
	a := attempt{digest: digest}
	_, err := tx.Exec(ctx, `INSERT INTO org_attempt (digest, failures, until, seen) VALUES ($1, 0, 0, 0)
		ON CONFLICT (digest) DO UPDATE SET failures = org_attempt.failures`, digest)
	if err != nil {
		return a, err
	}
	var until, seen int64
	_, err = tx.One(ctx, `SELECT failures, until, seen FROM org_attempt WHERE digest = $1`, []any{digest}, &a.failures, &until, &seen)
	a.until, a.seen = store.FromMicros(until), store.FromMicros(seen)
	return a, err
}

func putAttempts(ctx context.Context, tx store.Tx, a attempt) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_attempt (digest, failures, until, seen) VALUES ($1, $2, $3, $4)
		ON CONFLICT (digest) DO UPDATE SET failures = excluded.failures, until = excluded.until, seen = excluded.seen`,
		a.digest, a.failures, store.Micros(a.until), store.Micros(a.seen))
	return err
}

func clearAttempts(ctx context.Context, tx store.Tx, digest string) error {
	_, err := tx.Exec(ctx, `DELETE FROM org_attempt WHERE digest = $1`, digest)
	return err
}

// purge deletes what has expired by now.
func purge(ctx context.Context, tx store.Tx, now time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM org_session WHERE seen <= $1 OR created <= $2`,
		store.Micros(now.Add(-idleLimit)), store.Micros(now.Add(-absoluteLimit)))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM org_attempt WHERE seen <= $1`, store.Micros(now.Add(-forgetAfter)))
	return err
}

func insertEntry(ctx context.Context, tx store.Tx, e Entry) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_audit (id, at, actor, name, request, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.ID, store.Micros(e.At), e.Actor, e.Name, e.Request, e.Action, e.Subject, e.Detail)
	return err
}

func entries(ctx context.Context, tx store.Tx, f Filter, limit int) ([]Entry, error) {
	return store.Collect(ctx, tx, `SELECT id, at, actor, name, request, action, subject, detail FROM org_audit
		WHERE ($1 = '' OR id < $1) AND ($2 = '' OR actor = $2) AND ($3 = '' OR substr(action, 1, length($3)) = $3) AND ($4 = '' OR subject = $4)
		ORDER BY id DESC LIMIT $5`,
		[]any{f.Before, f.Actor, f.Action, f.Subject, limit}, func(scan func(...any) error) (e Entry, err error) {
			var at int64
			err = scan(&e.ID, &at, &e.Actor, &e.Name, &e.Request, &e.Action, &e.Subject, &e.Detail)
			e.At = store.FromMicros(at)
			return e, err
		})
}
