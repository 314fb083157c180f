package projects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// version is one approved version of a work.
type version struct {
	Work
	Version int
	Change  string
	Digest  string
	Case    string // "" for demonstration data
	Since   time.Time
	By      string
}

// reported is one accepted revision of a month's report.
type reported struct {
	Report
	Revision int
	Digest   string
	Case     string
	Since    time.Time
	By       string
}

// putText keeps the JSON of v under its SHA-256, which it returns.
func putText(ctx context.Context, tx store.Tx, v any, at time.Time) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(doc)
	digest := hex.EncodeToString(sum[:])
	_, err = tx.Exec(ctx, `INSERT INTO projects_text (digest, doc, at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`, digest, string(doc), store.Micros(at))
	return digest, err
}

// text reads what was kept under a digest into v.
func text(ctx context.Context, tx store.Tx, digest string, v any) error {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM projects_text WHERE digest = $1`, []any{digest}, &doc)
	if err != nil {
		return err
	}
	if !found {
		return fault.New(fault.NotFound, "no text with SHA-256 %q was handed in here", digest)
	}
	return json.Unmarshal([]byte(doc), v)
}

// versions returns all approved versions, by work and number.
func versions(ctx context.Context, tx store.Tx) ([]version, error) {
	return store.Collect(ctx, tx, `SELECT v.version, v.change, v.digest, v.case_, v.since, v.by_, t.doc, v.work
		FROM projects_version v JOIN projects_text t ON t.digest = v.digest ORDER BY v.work, v.version`, nil,
		func(scan func(...any) error) (v version, err error) {
			var doc, id string
			var since int64
			if err := scan(&v.Version, &v.Change, &v.Digest, &v.Case, &since, &v.By, &doc, &id); err != nil {
				return v, err
			}
			v.Since = store.FromMicros(since)
			err = json.Unmarshal([]byte(doc), &v.Work)
			v.ID = id
			return v, err
		})
}

// months returns all accepted reports, by work, month and revision.
func months(ctx context.Context, tx store.Tx) ([]reported, error) {
	return store.Collect(ctx, tx, `SELECT m.revision, m.digest, m.case_, m.since, m.by_, t.doc
		FROM projects_month m JOIN projects_text t ON t.digest = m.digest ORDER BY m.work, m.month, m.revision`, nil,
		func(scan func(...any) error) (r reported, err error) {
			var doc string
			var since int64
			if err := scan(&r.Revision, &r.Digest, &r.Case, &since, &r.By, &doc); err != nil {
				return r, err
			}
			r.Since = store.FromMicros(since)
			return r, json.Unmarshal([]byte(doc), &r.Report)
		})
}

// approval is what makes a version or a report count.
type approval struct {
	Change string
	Digest string
	Case   string
	Key    string // the same when it is delivered again
	By     string
	At     time.Time
}

// counted reports whether an approval has made a version already.
func counted(ctx context.Context, tx store.Tx, key string) (bool, error) {
	var n int
	return tx.One(ctx, `SELECT version FROM projects_version WHERE key = $1`, []any{key}, &n)
}

// addVersion records the next version of a work, unless this approval has
// counted already, and lets go of the change that was under way.
func addVersion(ctx context.Context, tx store.Tx, work string, a approval) (int, error) {
	var n int
	found, err := tx.One(ctx, `SELECT version FROM projects_version WHERE key = $1`, []any{a.Key}, &n)
	if err != nil || found {
		return n, err
	}
	if _, err := tx.One(ctx, `SELECT COALESCE(MAX(version), 0) FROM projects_version WHERE work = $1`, []any{work}, &n); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO projects_version (work, version, change, digest, case_, key, since, by_) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		work, n+1, a.Change, a.Digest, a.Case, a.Key, store.Micros(a.At), a.By)
	if err != nil {
		return 0, err
	}
	return n + 1, release(ctx, tx, work, a.Case)
}

// addMonth records the next revision of a month's report, unless this approval
// has counted already.
func addMonth(ctx context.Context, tx store.Tx, r Report, a approval) error {
	var n int
	found, err := tx.One(ctx, `SELECT revision FROM projects_month WHERE key = $1`, []any{a.Key}, &n)
	if err != nil || found {
		return err
	}
	month := r.Month.String()
	if _, err := tx.One(ctx, `SELECT COALESCE(MAX(revision), 0) FROM projects_month WHERE work = $1 AND month = $2`, []any{r.Work, month}, &n); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO projects_month (work, month, revision, digest, case_, key, since, by_) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Work, month, n+1, a.Digest, a.Case, a.Key, store.Micros(a.At), a.By)
	return err
}

// claim is the change under way of a work.
type claim struct {
	Work, Kind, Key, Case string
	Demo                  bool
	At                    time.Time
}

// patience is how long a claim without a case keeps others out: the program
// ended between the claim and the opening of its case.
const patience = time.Minute

// take claims a work for a change, making its row when there is none; one whose
// change is under way is fault.Conflict.
func take(ctx context.Context, tx store.Tx, c claim) error {
	_, err := tx.Exec(ctx, `INSERT INTO projects_work (id, kind, demo, opened, key, case_, asked) VALUES ($1, $2, $3, $4, '', '', 0) ON CONFLICT (id) DO NOTHING`,
		c.Work, c.Kind, int64(count(c.Demo)), store.Micros(c.At))
	if err != nil {
		return err
	}
	var held claim
	var asked int64
	if _, err := tx.One(ctx, `SELECT key, case_, asked FROM projects_work WHERE id = $1`, []any{c.Work}, &held.Key, &held.Case, &asked); err != nil {
		return err
	}
	if held.Key != "" && (held.Case != "" || c.At.Sub(store.FromMicros(asked)) < patience) {
		return fault.Say(fault.Conflict, "%s 的变更正在办理（办件 %s），请等它办完。", "a change of %s is under way (case %s); it ends first", c.Work, held.Case)
	}
	_, err = tx.Exec(ctx, `UPDATE projects_work SET key = $1, case_ = '', asked = $2 WHERE id = $3`, c.Key, store.Micros(c.At), c.Work)
	return err
}

// hold records which case a claim became.
func hold(ctx context.Context, tx store.Tx, c claim) error {
	_, err := tx.Exec(ctx, `UPDATE projects_work SET case_ = $1 WHERE id = $2 AND key = $3`, c.Case, c.Work, c.Key)
	return err
}

// release ends the change that a case was.
func release(ctx context.Context, tx store.Tx, work, caseID string) error {
	_, err := tx.Exec(ctx, `UPDATE projects_work SET key = '', case_ = '' WHERE id = $1 AND case_ = $2`, work, caseID)
	return err
}

// drop ends a claim that became no case.
func drop(ctx context.Context, tx store.Tx, c claim) error {
	_, err := tx.Exec(ctx, `UPDATE projects_work SET key = '' WHERE id = $1 AND key = $2 AND case_ = ''`, c.Work, c.Key)
	return err
}

// underway returns the case of the change under way of each work.
func underway(ctx context.Context, tx store.Tx) (map[string]string, error) {
	out := map[string]string{}
	return out, tx.Each(ctx, `SELECT id, case_ FROM projects_work WHERE case_ <> '' ORDER BY id`, nil, func(scan func(...any) error) error {
		var id, caseID string
		err := scan(&id, &caseID)
		out[id] = caseID
		return err
	})
}

// nextID returns an id that no work has: the kind's letter and a number.
func nextID(ctx context.Context, tx store.Tx, kind string) (string, error) {
	var n int
	if _, err := tx.One(ctx, `SELECT COUNT(*) FROM projects_work WHERE kind = $1`, []any{kind}, &n); err != nil {
		return "", err
	}
	letters := map[string]string{Measure: "JC", Policy: "ZC", Project: "XM"} // 举措, 政策, 项目
	for {
		n++
		id := fmt.Sprintf("%s-%04d", letters[kind], n)
		var taken int
		found, err := tx.One(ctx, `SELECT 1 FROM projects_work WHERE id = $1`, []any{id}, &taken)
		if err != nil || !found {
			return id, err
		}
	}
}

// putFile records a document that was handed in; one that is known keeps its first name.
func putFile(ctx context.Context, tx store.Tx, d Document, by string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO projects_file (sha256, name, media, size, by_, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING`,
		d.SHA256, d.Name, d.Media, d.Size, by, store.Micros(at))
	return err
}

// file returns a document that was handed in; fault.NotFound when it was not.
func file(ctx context.Context, tx store.Tx, sha256 string) (Document, error) {
	d := Document{SHA256: sha256}
	found, err := tx.One(ctx, `SELECT name, media, size FROM projects_file WHERE sha256 = $1`, []any{sha256}, &d.Name, &d.Media, &d.Size)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "no document with SHA-256 %q was handed in here", sha256)
	}
	return d, err
}

// lates returns the directives that were asked for, by work, milestone and month.
func lates(ctx context.Context, tx store.Tx) (map[string]string, error) {
	out := map[string]string{}
	return out, tx.Each(ctx, `SELECT work, milestone, planned, directive FROM projects_late ORDER BY work, milestone, planned`, nil, func(scan func(...any) error) error {
		var work, milestone, planned, directive string
		err := scan(&work, &milestone, &planned, &directive)
		out[lateKey(work, milestone, planned)] = directive
		return err
	})
}

// putLate records the directive of a late milestone.
func putLate(ctx context.Context, tx store.Tx, l Late, planned string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO projects_late (work, milestone, planned, directive, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (work, milestone, planned) DO NOTHING`,
		l.Work, l.Milestone, planned, l.Key, store.Micros(at))
	return err
}
