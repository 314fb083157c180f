package identifiers

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/census"
	"yuzhou/modules/identifiers/inspect"
	"yuzhou/modules/identifiers/tally"
)

// taken is a census as it was noted.
type taken struct {
	tally.Day
	settled bool
}

const censusColumns = `day, at, registered, resolved, root, seq, before, settled`

func scanTaken(scan func(...any) error) (t taken, err error) {
	var at, registered, resolved, seq, settled int64
	var root string
	if err := scan(&t.Date, &at, &registered, &resolved, &root, &seq, &t.Before, &settled); err != nil {
		return t, err
	}
	t.At, t.Seq, t.settled = store.FromMicros(at), uint64(seq), settled != 0 //nolint:gosec // written so
	t.Head, err = head(uint64(registered), uint64(resolved), root)           //nolint:gosec // written so
	return t, err
}

// head puts a head together from its parts.
func head(registered, resolved uint64, root string) (census.Head, error) {
	h := census.Head{Counts: census.Counts{Registered: registered, Resolved: resolved}}
	text := h.String()
	return census.ParseHead(text[:len(text)-len(root)] + root)
}

// rootOf is the hash of a head as it is stated: sha256:HEX.
func rootOf(h census.Head) string {
	text := h.String()
	return text[len(text)-len("sha256:")-2*len(h.Hash):]
}

// censuses returns the censuses up to a day, the newest first.
func censuses(ctx context.Context, tx store.Tx, until string, limit int) ([]taken, error) {
	return store.Collect(ctx, tx, `SELECT `+censusColumns+` FROM identifiers_census WHERE $1 = '' OR day <= $1 ORDER BY day DESC LIMIT $2`, []any{until, limit}, scanTaken)
}

func putCensus(ctx context.Context, tx store.Tx, d tally.Day) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_census (`+censusColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
		d.Date, store.Micros(d.At), int64(d.Head.Registered), int64(d.Head.Resolved), rootOf(d.Head), int64(d.Seq), d.Before) //nolint:gosec // of one node
	return err
}

func settleCensus(ctx context.Context, tx store.Tx, day string) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_census SET settled = 1 WHERE day = $1`, day)
	return err
}

// lower is what a node below has stated of a day.
type lower struct {
	Prefix   string
	Stated   inspect.Stated
	How      string
	Added    int64 // identifiers that came that day, when its changes were checked
	Findings []inspect.Finding
	Checked  time.Time
}

func putLower(ctx context.Context, tx store.Tx, l lower) error {
	doc, err := json.Marshal(l.Stated)
	if err != nil {
		return err
	}
	findings, err := json.Marshal(l.Findings)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_lower (prefix, day, registered, resolved, root, doc, how, added, findings, checked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (prefix, day) DO UPDATE SET findings = excluded.findings, checked = excluded.checked`,
		l.Prefix, l.Stated.Day, l.Stated.Registered, l.Stated.Resolved, l.Stated.Root, string(doc), l.How, l.Added, string(findings), store.Micros(l.Checked))
	return err
}

func scanLower(scan func(...any) error) (l lower, err error) {
	var doc, findings string
	var checked int64
	if err := scan(&l.Prefix, &doc, &l.How, &l.Added, &findings, &checked); err != nil {
		return l, err
	}
	l.Checked = store.FromMicros(checked)
	if err := json.Unmarshal([]byte(doc), &l.Stated); err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(findings), &l.Findings)
}

// lowers returns what the nodes below have stated: of each its last day.
func lowers(ctx context.Context, tx store.Tx) ([]lower, error) {
	return store.Collect(ctx, tx, `SELECT prefix, doc, how, added, findings, checked FROM identifiers_lower l
		WHERE day = (SELECT max(day) FROM identifiers_lower m WHERE m.prefix = l.prefix) ORDER BY prefix`, nil, scanLower)
}

// lowerPolicy returns whom a node below signs with, as it was first told; "" before that.
func lowerPolicy(ctx context.Context, tx store.Tx, prefix string) (policy string, err error) {
	_, err = tx.One(ctx, `SELECT policy FROM identifiers_lower_policy WHERE prefix = $1`, []any{prefix}, &policy)
	return policy, err
}

func putLowerPolicy(ctx context.Context, tx store.Tx, prefix, policy string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_lower_policy (prefix, policy, since) VALUES ($1, $2, $3) ON CONFLICT (prefix) DO NOTHING`, prefix, policy, store.Micros(now))
	return err
}

// holders returns how many prefixes are delegated and how many registrants hold one.
func holders(ctx context.Context, tx store.Tx) (nodes, enterprises int64, err error) {
	if _, err = tx.One(ctx, `SELECT count(*) FROM identifiers_prefix WHERE state = 'delegated'`, nil, &nodes); err != nil {
		return 0, 0, err
	}
	_, err = tx.One(ctx, `SELECT count(DISTINCT registrant) FROM identifiers_prefix WHERE version > 0 AND state <> 'reclaimed'`, nil, &enterprises)
	return nodes, enterprises, err
}

// unobserved returns the censuses whose figures nobody has recorded yet, the oldest first.
func unobserved(ctx context.Context, tx store.Tx) ([]taken, error) {
	return store.Collect(ctx, tx, `SELECT `+censusColumns+` FROM identifiers_census WHERE observed = 0 ORDER BY day`, nil, scanTaken)
}

func observed(ctx context.Context, tx store.Tx, day string) error {
	_, err := tx.Exec(ctx, `UPDATE identifiers_census SET observed = 1 WHERE day = $1`, day)
	return err
}

// allCensuses returns every census, the oldest first.
func allCensuses(ctx context.Context, tx store.Tx) ([]taken, error) {
	return store.Collect(ctx, tx, `SELECT `+censusColumns+` FROM identifiers_census ORDER BY day`, nil, scanTaken)
}

// sound is what the nodes below state of a day, of those where nothing was found wrong.
type sound struct {
	nodes                int64 // that were heard of, right or wrong
	registered, resolved uint64
}

func checkedOn(ctx context.Context, tx store.Tx, day string) (c sound, err error) {
	var registered, resolved int64
	_, err = tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN findings = '[]' THEN registered ELSE 0 END), 0), coalesce(sum(CASE WHEN findings = '[]' THEN resolved ELSE 0 END), 0)
		FROM identifiers_lower WHERE day = $1`, []any{day}, &c.nodes, &registered, &resolved)
	c.registered, c.resolved = uint64(registered), uint64(resolved) //nolint:gosec // counts
	return c, err
}
