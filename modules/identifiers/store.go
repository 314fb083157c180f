package identifiers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/handle"
)

// version is one version of a prefix.
type version struct {
	Prefix Prefix
	Change string
	Digest string
	Case   string // "" for demonstration data
	Key    string // the same when it is delivered again
	By     string
	Since  time.Time
	Demo   bool
}

// putText keeps the JSON of v under its SHA-256, which it returns.
func putText(ctx context.Context, tx store.Tx, v any, at time.Time) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(doc)
	digest := hex.EncodeToString(sum[:])
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_text (digest, doc, at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`, digest, string(doc), store.Micros(at))
	return digest, err
}

// text reads what was kept under a digest into v.
func text(ctx context.Context, tx store.Tx, digest string, v any) error {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM identifiers_text WHERE digest = $1`, []any{digest}, &doc)
	if err != nil {
		return err
	}
	if !found {
		return fault.New(fault.NotFound, "no text with SHA-256 %q was handed in here", digest)
	}
	return json.Unmarshal([]byte(doc), v)
}

// registrant returns a registrant; fault.NotFound.
func registrant(ctx context.Context, tx store.Tx, id string) (Registrant, error) {
	return oneRegistrant(ctx, tx, `SELECT id, doc, demo FROM identifiers_registrant WHERE id = $1`, id)
}

// registrantBy returns the registrant of a credit code; fault.NotFound.
func registrantBy(ctx context.Context, tx store.Tx, creditCode string) (Registrant, error) {
	return oneRegistrant(ctx, tx, `SELECT id, doc, demo FROM identifiers_registrant WHERE credit_code = $1`, creditCode)
}

func oneRegistrant(ctx context.Context, tx store.Tx, query, key string) (Registrant, error) {
	var r Registrant
	var id, doc string
	var demo int64
	found, err := tx.One(ctx, query, []any{key}, &id, &doc, &demo)
	if err != nil {
		return r, err
	}
	if !found {
		return r, fault.Say(fault.NotFound, "没有注册者 %q。", "there is no registrant %q", key)
	}
	err = json.Unmarshal([]byte(doc), &r)
	r.ID, r.Demo = id, demo != 0
	return r, err
}

// putRegistrant keeps a registrant as it was verified last, and returns its id.
func putRegistrant(ctx context.Context, tx store.Tx, r Registrant, at time.Time) (string, error) {
	known, err := registrantBy(ctx, tx, r.CreditCode)
	switch {
	case err == nil:
		r.ID = known.ID
	case fault.KindOf(err) == fault.NotFound:
		r.ID = store.NewID(at)
	default:
		return "", err
	}
	doc, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_registrant (id, credit_code, doc, demo, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, demo = excluded.demo, at = excluded.at`,
		r.ID, r.CreditCode, string(doc), truth(r.Demo), store.Micros(at))
	return r.ID, err
}

func truth(b bool) int64 { //nolint:revive // the databases know no other truth in common
	if b {
		return 1
	}
	return 0
}

// prefix returns a prefix as it stands; fault.NotFound when it was not allocated.
func prefix(ctx context.Context, tx store.Tx, name string) (Prefix, error) {
	p := Prefix{Prefix: name}
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM identifiers_prefix WHERE prefix = $1 AND version > 0`, []any{name}, &doc)
	if err != nil {
		return p, err
	}
	if !found {
		return p, fault.Say(fault.NotFound, "前缀 %s 没有分配。", "prefix %s was not allocated", name)
	}
	return p, json.Unmarshal([]byte(doc), &p)
}

// exists reports whether somebody has a prefix, or asks for it.
func exists(ctx context.Context, tx store.Tx, name string) (bool, error) {
	var n int
	return tx.One(ctx, `SELECT 1 FROM identifiers_prefix WHERE prefix = $1`, []any{name}, &n)
}

// children counts the prefixes right below one.
func children(ctx context.Context, tx store.Tx, parent string) (n int, err error) {
	_, err = tx.One(ctx, `SELECT COUNT(*) FROM identifiers_prefix WHERE parent = $1`, []any{parent}, &n)
	return n, err
}

// counted reports whether a decision was put in force before.
func counted(ctx context.Context, tx store.Tx, key string) (bool, error) {
	var n int
	return tx.One(ctx, `SELECT 1 FROM identifiers_version WHERE key = $1`, []any{key}, &n)
}

// addVersion puts the next version of a prefix in force and lets go of the change
// that was under way.
func addVersion(ctx context.Context, tx store.Tx, v version) error {
	doc, err := json.Marshal(v.Prefix)
	if err != nil {
		return err
	}
	p := v.Prefix
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_version (prefix, version, change, doc, digest, case_, key, since, by_, recorded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
		p.Prefix, p.Version, v.Change, string(doc), v.Digest, v.Case, v.Key, store.Micros(v.Since), v.By)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_prefix (prefix, parent, registrant, state, doc, version, demo, claim, case_, asked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0)
		ON CONFLICT (prefix) DO UPDATE SET registrant = excluded.registrant, state = excluded.state, doc = excluded.doc,
			version = excluded.version, demo = excluded.demo, claim = '', case_ = ''`,
		p.Prefix, p.Parent, p.Registrant, p.State, string(doc), p.Version, truth(p.Demo))
	return err
}

// claim is the change under way of a prefix.
type claim struct {
	Prefix, Key, Case string
	At                time.Time
}

// patience is how long a claim without a case keeps others out: the program ended
// between the claim and the opening of its case.
const patience = time.Minute

// take claims a prefix for a change; one whose change is under way is fault.Conflict.
func take(ctx context.Context, tx store.Tx, c claim) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_prefix (prefix, parent, registrant, state, doc, version, demo, claim, case_, asked)
		VALUES ($1, $2, '', '', '', 0, 0, '', '', 0) ON CONFLICT (prefix) DO NOTHING`, c.Prefix, handle.Parent(c.Prefix))
	if err != nil {
		return err
	}
	var held claim
	var asked int64
	if _, err := tx.One(ctx, `SELECT claim, case_, asked FROM identifiers_prefix WHERE prefix = $1`, []any{c.Prefix}, &held.Key, &held.Case, &asked); err != nil {
		return err
	}
	if held.Key != "" && (held.Case != "" || c.At.Sub(store.FromMicros(asked)) < patience) {
		return fault.Say(fault.Conflict, "前缀 %s 的变更正在办理（办件 %s），请等它办完。", "a change of prefix %s is under way (case %s); it ends first", c.Prefix, held.Case)
	}
	_, err = tx.Exec(ctx, `UPDATE identifiers_prefix SET claim = $1, case_ = '', asked = $2 WHERE prefix = $3`, c.Key, store.Micros(c.At), c.Prefix)
	return err
}

// hold records which case a claim became.
func hold(ctx context.Context, tx store.Tx, c claim) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_prefix SET case_ = $1 WHERE prefix = $2 AND claim = $3`, c.Case, c.Prefix, c.Key)
	return err
}

// drop ends a claim that became no case.
func drop(ctx context.Context, tx store.Tx, name, key string) error {
	if _, err := tx.Exec(ctx, `UPDATE identifiers_prefix SET claim = '' WHERE prefix = $1 AND claim = $2 AND case_ = ''`, name, key); err != nil {
		return err
	}
	return forget(ctx, tx, name)
}

// release ends the change that a case was.
func release(ctx context.Context, tx store.Tx, name, caseID string) error {
	if _, err := tx.Exec(ctx, `UPDATE identifiers_prefix SET claim = '', case_ = '' WHERE prefix = $1 AND case_ = $2`, name, caseID); err != nil {
		return err
	}
	return forget(ctx, tx, name)
}

// forget gives a prefix free that was asked for and never allocated.
func forget(ctx context.Context, tx store.Tx, name string) error {
	_, err := tx.Exec(ctx, `DELETE FROM identifiers_prefix WHERE prefix = $1 AND version = 0 AND claim = ''`, name)
	return err
}
