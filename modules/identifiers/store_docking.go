package identifiers

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/handle"
)

// The verdicts on a batch.
const (
	batchTaken   = "taken"
	batchRefused = "refused"
)

// docked is a batch: one of this node's, or one that a node below has sent.
type docked struct {
	Node      string
	Table     docking.Table
	Digest    string // SHA-256 of Doc
	Content   string // of the rows alone
	Period    string // day, month or number of the event that it reaches to
	Rows      int
	Short     int    // rows that were left out
	Doc       []byte // as it was signed; not read by lists
	Signature []byte
	Made      time.Time
	Settled   time.Time
	Verdict   string // "" until the node above has said
	Findings  docking.Findings
	Compared  bool // with the census of the node below
}

const dockedColumns = `node, tbl, digest, content, period, rows, short, signature, made, settled, verdict, findings, proved`

func scanDocked(scan func(...any) error) (d docked, err error) {
	var made, settled, proved int64
	var findings string
	if err := scan(&d.Node, &d.Table, &d.Digest, &d.Content, &d.Period, &d.Rows, &d.Short, &d.Signature, &made, &settled, &d.Verdict, &findings, &proved); err != nil {
		return d, err
	}
	d.Made, d.Compared = store.FromMicros(made), proved != 0
	if settled != 0 {
		d.Settled = store.FromMicros(settled)
	}
	return d, json.Unmarshal([]byte(findings), &d.Findings)
}

// putDocked notes a batch, unless it is there already.
func putDocked(ctx context.Context, tx store.Tx, d docked) error {
	findings, err := json.Marshal(append(docking.Findings{}, d.Findings...))
	if err != nil {
		return err
	}
	packed, err := zipped(d.Doc)
	if err != nil {
		return err
	}
	if d.Verdict == batchTaken && stands(d.Table) { // that things stand as they stood is kept once
		if _, err := tx.Exec(ctx, `DELETE FROM identifiers_docked WHERE node = $1 AND tbl = $2 AND content = $3 AND verdict = 'taken'`, d.Node, string(d.Table), d.Content); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_docked (`+dockedColumns+`, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13) ON CONFLICT DO NOTHING`,
		d.Node, string(d.Table), d.Digest, d.Content, d.Period, d.Rows, d.Short, d.Signature, store.Micros(d.Made), settledAt(d), d.Verdict, string(findings), packed)
	return err
}

func settledAt(d docked) int64 {
	if d.Settled.IsZero() {
		return 0
	}
	return store.Micros(d.Settled)
}

// stands reports whether a table says how things stand, not what happened.
func stands(t docking.Table) bool {
	switch t {
	case docking.TableStatistics, docking.TableEnterpriseStatistics, docking.TableItem, docking.TableFigures, docking.TableEvent, docking.TableReport, docking.TableEscrow:
		return false
	case docking.TableOperator, docking.TableRoute, docking.TableTemplate, docking.TableApplication, docking.TableEnterprise, docking.TableEnterpriseRoute, docking.TableEnterpriseApplication, docking.TableEnterpriseTemplate:
	}
	return true
}

// settleDocked notes what the node above has said of a batch.
func settleDocked(ctx context.Context, tx store.Tx, d docked) error {
	if d.Verdict == batchTaken && stands(d.Table) {
		if _, err := tx.Exec(ctx, `DELETE FROM identifiers_docked WHERE node = $1 AND tbl = $2 AND content = $3 AND verdict = 'taken' AND digest <> $4`, d.Node, string(d.Table), d.Content, d.Digest); err != nil {
			return err
		}
	}
	findings, err := json.Marshal(append(docking.Findings{}, d.Findings...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE identifiers_docked SET verdict = $4, settled = $5, findings = $6 WHERE node = $1 AND tbl = $2 AND digest = $3`,
		d.Node, string(d.Table), d.Digest, d.Verdict, settledAt(d), string(findings))
	return err
}

// lastDocked returns the newest batch of a table, without its document; fault.NotFound.
//
//   - verdict: "" for any.
func lastDocked(ctx context.Context, tx store.Tx, node string, t docking.Table, verdict string) (docked, error) {
	all, err := store.Collect(ctx, tx, `SELECT `+dockedColumns+` FROM identifiers_docked WHERE node = $1 AND tbl = $2 AND ($3 = '' OR verdict = $3)
		ORDER BY made DESC, digest DESC LIMIT 1`, []any{node, string(t), verdict}, scanDocked)
	if err == nil && len(all) == 0 {
		err = fault.Say(fault.NotFound, "%s 没有报送过 %s。", "%s has sent no %s", node, t)
	}
	if err != nil {
		return docked{}, err
	}
	return all[0], nil
}

// dockedDoc reads the document of a batch.
func dockedDoc(ctx context.Context, tx store.Tx, d *docked) error {
	var packed []byte
	if _, err := tx.One(ctx, `SELECT doc FROM identifiers_docked WHERE node = $1 AND tbl = $2 AND digest = $3`, []any{d.Node, string(d.Table), d.Digest}, &packed); err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	d.Doc, err = io.ReadAll(io.LimitReader(z, docking.MaxBatch+1))
	return err
}

func zipped(doc []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(doc); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// oneDocked returns a batch by its digest; ok is false when there is none.
func oneDocked(ctx context.Context, tx store.Tx, node string, t docking.Table, digest string) (d docked, ok bool, err error) {
	all, err := store.Collect(ctx, tx, `SELECT `+dockedColumns+` FROM identifiers_docked WHERE node = $1 AND tbl = $2 AND digest = $3`, []any{node, string(t), digest}, scanDocked)
	if err != nil || len(all) == 0 {
		return d, false, err
	}
	return all[0], true, nil
}

// undocked returns the batches of a node that wait for a verdict, the oldest first.
func undocked(ctx context.Context, tx store.Tx, node string, most int) ([]docked, error) {
	return store.Collect(ctx, tx, `SELECT `+dockedColumns+` FROM identifiers_docked WHERE verdict = '' AND node = $1 ORDER BY made, digest LIMIT $2`, []any{node, most}, scanDocked)
}

// newestDocked returns the newest batch of each table of each node, without documents.
func newestDocked(ctx context.Context, tx store.Tx) ([]docked, error) {
	return store.Collect(ctx, tx, `SELECT `+dockedColumns+` FROM identifiers_docked d
		WHERE NOT EXISTS (SELECT 1 FROM identifiers_docked n WHERE n.node = d.node AND n.tbl = d.tbl AND (n.made > d.made OR n.made = d.made AND n.digest > d.digest))
		ORDER BY node, tbl`, nil, scanDocked)
}

// dockedSince returns when the first batch of a node was made; the zero time for none.
func dockedSince(ctx context.Context, tx store.Tx, node string) (time.Time, error) {
	var at int64
	found, err := tx.One(ctx, `SELECT made FROM identifiers_docked WHERE node = $1 ORDER BY made LIMIT 1`, []any{node}, &at)
	if err != nil || !found {
		return time.Time{}, err
	}
	return store.FromMicros(at), nil
}

// unproved returns the batches of a table whose counts were not compared with a census yet,
// the oldest first, of nodes below.
func unproved(ctx context.Context, tx store.Tx, t docking.Table, own string) ([]docked, error) {
	return store.Collect(ctx, tx, `SELECT `+dockedColumns+` FROM identifiers_docked WHERE verdict = 'taken' AND proved = 0 AND tbl = $1 AND node <> $2 ORDER BY made LIMIT 100`,
		[]any{string(t), own}, scanDocked)
}

// proveDocked notes that the counts of a batch were compared, and what was found.
func proveDocked(ctx context.Context, tx store.Tx, d docked) error {
	if err := settleDocked(ctx, tx, d); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE identifiers_docked SET proved = 1 WHERE node = $1 AND tbl = $2 AND digest = $3`, d.Node, string(d.Table), d.Digest)
	return err
}

// told returns what people have told: of a prefix, or with "" of all; doc by doc.
func told[T any](ctx context.Context, tx store.Tx, kind, prefix string) ([]T, error) {
	return store.Collect(ctx, tx, `SELECT doc FROM identifiers_told WHERE kind = $1 AND ($2 = '' OR prefix = $2) ORDER BY prefix, key`, []any{kind, prefix},
		func(scan func(...any) error) (out T, err error) {
			var doc string
			if err := scan(&doc); err != nil {
				return out, err
			}
			return out, json.Unmarshal([]byte(doc), &out)
		})
}

// saying is what somebody has told.
type saying struct {
	Kind, Prefix, Key string
	Doc               any
	By                string
	At                time.Time
}

// The kinds of sayings.
const (
	toldOperator    = "operator"
	toldApplication = "application"
)

// putTold keeps what somebody has told.
func putTold(ctx context.Context, tx store.Tx, t saying) error {
	doc, err := json.Marshal(t.Doc)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_told (kind, prefix, key, doc, by_, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, prefix, key) DO UPDATE SET doc = excluded.doc, by_ = excluded.by_, at = excluded.at`, t.Kind, t.Prefix, t.Key, string(doc), t.By, store.Micros(t.At))
	return err
}

// deleteTold forgets what was told.
func deleteTold(ctx context.Context, tx store.Tx, t saying) error {
	_, err := tx.Exec(ctx, `DELETE FROM identifiers_told WHERE kind = $1 AND prefix = $2 AND key = $3`, t.Kind, t.Prefix, t.Key)
	return err
}

// allTemplates returns the newest version of each template and whose it is, by id.
func allTemplates(ctx context.Context, tx store.Tx) ([]keptTemplate, error) {
	return store.Collect(ctx, tx, `SELECT doc, registrant FROM identifiers_template t WHERE version = (SELECT MAX(version) FROM identifiers_template n WHERE n.id = t.id) ORDER BY id`, nil,
		func(scan func(...any) error) (t keptTemplate, err error) {
			var doc string
			if err := scan(&doc, &t.Registrant); err != nil {
				return t, err
			}
			return t, json.Unmarshal([]byte(doc), &t.Template)
		})
}

// allocated returns when each prefix below one was allocated.
func allocated(ctx context.Context, tx store.Tx, under string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := tx.Each(ctx, `SELECT prefix, since FROM identifiers_version WHERE version = 1 AND prefix LIKE $1 ORDER BY prefix`, []any{under + ".%"}, func(scan func(...any) error) error {
		var prefix string
		var at int64
		err := scan(&prefix, &at)
		out[prefix] = store.FromMicros(at)
		return err
	})
	return out, err
}

// statedOn returns what nodes below have stated of a day, of those found right, by prefix.
func statedOn(ctx context.Context, tx store.Tx, day string) (map[string]lower, error) {
	out := map[string]lower{}
	all, err := store.Collect(ctx, tx, `SELECT prefix, doc, how, added, findings, checked FROM identifiers_lower WHERE day = $1 AND findings = '[]' ORDER BY prefix`, []any{day}, scanLower)
	for _, l := range all {
		out[handle.Fold(l.Prefix)] = l
	}
	return out, err
}
