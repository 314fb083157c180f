package org

import (
	"context"
	"strconv"
	"strings"

	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// treeStamp returns the newest stamp; 0 before the first.
func treeStamp(ctx context.Context, tx store.Tx) (n int64, err error) {
	_, err = tx.One(ctx, `SELECT COALESCE(MAX(stamp), 0) FROM org_tree`, nil, &n)
	return n, err
}

// touchTree tells every copy in memory that units have changed.
func touchTree(ctx context.Context, tx store.Tx) error {
	n, err := treeStamp(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO org_tree (stamp) VALUES ($1)`, n+1)
	return err
}

// unitVersions returns every version of every unit, by id and first day.
func unitVersions(ctx context.Context, tx store.Tx) ([]Unit, error) {
	return store.Collect(ctx, tx,
		`SELECT id, valid_from, valid_until, kind, parent, region, zh, en, source, lines FROM org_unit ORDER BY id, valid_from`, nil, scanUnit)
}

// openUnits returns the versions without an end, by id.
func openUnits(ctx context.Context, tx store.Tx) (map[string]Unit, error) {
	out := map[string]Unit{}
	all, err := unitVersions(ctx, tx)
	for _, u := range all {
		if u.To == "" {
			out[u.ID] = u
		}
	}
	return out, err
}

func scanUnit(scan func(...any) error) (u Unit, err error) {
	var lines string
	err = scan(&u.ID, &u.From, &u.To, &u.Kind, &u.Parent, &u.Region, &u.ZH, &u.EN, &u.Source, &lines)
	u.Lines = readLines(lines)
	return u, err
}

func insertUnit(ctx context.Context, tx store.Tx, u Unit) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_unit (id, valid_from, valid_until, kind, parent, region, zh, en, source, lines)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		u.ID, u.From, u.To, u.Kind, u.Parent, u.Region, u.ZH, u.EN, u.Source, writeLines(u.Lines))
	return err
}

// rewriteUnit puts u in the place of the version that began on from.
func rewriteUnit(ctx context.Context, tx store.Tx, u Unit, from string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM org_unit WHERE id = $1 AND valid_from = $2`, u.ID, from); err != nil {
		return err
	}
	return insertUnit(ctx, tx, u)
}

func closeUnit(ctx context.Context, tx store.Tx, u Unit, on string) error {
	_, err := tx.Exec(ctx, `UPDATE org_unit SET valid_until = $1 WHERE id = $2 AND valid_from = $3`, on, u.ID, u.From)
	return err
}

func putPost(ctx context.Context, tx store.Tx, p Post) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_post (id, unit, zh, en, source, lines) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, zh = excluded.zh, en = excluded.en, source = excluded.source, lines = excluded.lines`,
		p.ID, p.Unit, p.ZH, p.EN, p.Source, writeLines(p.Lines))
	return err
}

func postsOf(ctx context.Context, tx store.Tx, unit, today string) ([]Post, error) {
	posts, err := store.Collect(ctx, tx, `SELECT id, unit, zh, en, source, lines FROM org_post WHERE unit = $1 OR $1 = '' ORDER BY id`,
		[]any{unit}, func(scan func(...any) error) (p Post, err error) {
			var lines string
			err = scan(&p.ID, &p.Unit, &p.ZH, &p.EN, &p.Source, &lines)
			p.Lines = readLines(lines)
			return p, err
		})
	if err != nil {
		return nil, err
	}
	for i := range posts {
		if posts[i].Holders, err = holders(ctx, tx, posts[i].ID, today); err != nil {
			return nil, err
		}
	}
	return posts, nil
}

func holders(ctx context.Context, tx store.Tx, post, today string) ([]Holder, error) {
	return store.Collect(ctx, tx, `SELECT p.id, p.zh, p.en, p.note, h.valid_from FROM org_holding h JOIN org_person p ON p.id = h.person
		WHERE h.post = $1 AND h.valid_from <= $2 AND (h.valid_until = '' OR h.valid_until > $2) ORDER BY p.id`,
		[]any{post, today}, func(scan func(...any) error) (h Holder, err error) {
			err = scan(&h.Person, &h.ZH, &h.EN, &h.Note, &h.From)
			return h, err
		})
}

// putPerson writes a person of a pack; one made here under the same id stays.
func putPerson(ctx context.Context, tx store.Tx, id string, name pack.Text, note string) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_person (id, zh, en, note, origin) VALUES ($1, $2, $3, $4, 'pack')
		ON CONFLICT (id) DO UPDATE SET zh = excluded.zh, en = excluded.en, note = excluded.note WHERE org_person.origin = 'pack'`,
		id, name.ZH, name.EN, note)
	return err
}

// holdings returns the posts that a person holds without an end, by post id.
func holdings(ctx context.Context, tx store.Tx, person, origin string) ([]string, error) {
	return store.Collect(ctx, tx, `SELECT post FROM org_holding WHERE person = $1 AND valid_until = '' AND ($2 = '' OR origin = $2) ORDER BY post`,
		[]any{person, origin}, func(scan func(...any) error) (post string, err error) {
			err = scan(&post)
			return post, err
		})
}

// holding says that a person holds a post, by the word of a pack or of an owner.
type holding struct{ person, post, origin string }

// settled reports whether an owner has once ended or begun this holding here, so
// that a pack has no more to say about it.
func settled(ctx context.Context, tx store.Tx, h holding) (bool, error) {
	var n int64
	_, err := tx.One(ctx, `SELECT COUNT(*) FROM org_holding WHERE person = $1 AND post = $2 AND origin = 'here'`, []any{h.person, h.post}, &n)
	return n > 0, err
}

// hold lets a person hold a post from a day on. A stretch that began on the same
// day goes on.
func hold(ctx context.Context, tx store.Tx, h holding, from string) error {
	_, err := tx.Exec(ctx, `INSERT INTO org_holding (person, post, valid_from, valid_until, origin) VALUES ($1, $2, $3, '', $4)
		ON CONFLICT (person, post, valid_from) DO UPDATE SET valid_until = '', origin = excluded.origin`, h.person, h.post, from, h.origin)
	return err
}

// release ends what a person holds on a day and notes who ended it. What began
// that very day never was.
func release(ctx context.Context, tx store.Tx, h holding, on string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM org_holding WHERE person = $1 AND post = $2 AND valid_from = $3`, h.person, h.post, on); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE org_holding SET valid_until = $1, origin = $2 WHERE person = $3 AND post = $4 AND valid_until = ''`,
		on, h.origin, h.person, h.post)
	return err
}

// writeLines prints line numbers as 7,91; readLines is its inverse.
func writeLines(lines []int) string {
	parts := make([]string, len(lines))
	for i, n := range lines {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ",")
}

func readLines(text string) []int {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(part); err == nil {
			out = append(out, n)
		}
	}
	return out
}
