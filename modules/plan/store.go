package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// version is one recorded version of a plan.
type version struct {
	Plan     Plan
	Digest   string
	Accepted time.Time // zero while it is a draft
	Recorder string
}

func scanVersion(scan func(...any) error) (v version, err error) {
	var doc string
	var accepted int64
	if err := scan(&doc, &v.Digest, &accepted, &v.Recorder); err != nil {
		return v, err
	}
	if accepted != 0 {
		v.Accepted = store.FromMicros(accepted)
	}
	return v, json.Unmarshal([]byte(doc), &v.Plan)
}

// versions returns all versions of all plans, oldest first.
func versions(ctx context.Context, tx store.Tx) ([]version, error) {
	return store.Collect(ctx, tx, `SELECT doc, digest, accepted, recorder FROM plan_version ORDER BY plan, version`, nil, scanVersion)
}

// encode returns a plan as stored and the digest that tells versions apart: it
// does not cover the version number itself.
func encode(p Plan) (doc, digest string, err error) {
	n := p.Version
	p.Version = 0
	bare, err := json.Marshal(p)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(bare)
	p.Version = n
	whole, err := json.Marshal(p)
	return string(whole), hex.EncodeToString(sum[:]), err
}

// accept records p as the next version in force from at on, and returns its
// number. A plan equal to the newest version changes nothing.
func accept(ctx context.Context, tx store.Tx, p Plan, at time.Time, by string) (int, error) {
	var newest int
	var digest string
	found, err := tx.One(ctx, `SELECT version, digest FROM plan_version WHERE plan = $1 ORDER BY version DESC LIMIT 1`, []any{p.ID}, &newest, &digest)
	if err != nil {
		return 0, err
	}
	_, sum, err := encode(p)
	if err != nil {
		return 0, err
	}
	if found && sum == digest {
		return newest, nil
	}
	p.Version = newest + 1
	doc, sum, err := encode(p)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO plan_version (plan, version, digest, accepted, recorder, doc) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Version, sum, store.Micros(at), by, doc)
	return p.Version, err
}

// declaredPath is one recorded declaration of a path.
func declaredPaths(ctx context.Context, tx store.Tx) ([]Path, error) {
	return store.Collect(ctx, tx, `SELECT declared, doc FROM plan_path ORDER BY target, declared`, nil,
		func(scan func(...any) error) (p Path, err error) {
			var doc string
			var at int64
			if err := scan(&at, &doc); err != nil {
				return p, err
			}
			err = json.Unmarshal([]byte(doc), &p)
			p.Declared = store.FromMicros(at)
			return p, err
		})
}

// declarePath records a path; a second one of the same instant is fault.Conflict.
func declarePath(ctx context.Context, tx store.Tx, p Path, at time.Time, by string) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO plan_path (target, declared, recorder, doc) VALUES ($1, $2, $3, $4)`, p.Target, store.Micros(at), by, string(doc))
	if fault.KindOf(err) == fault.Conflict {
		return fault.Say(fault.Conflict, "%s 的路径刚刚有人申报，请看过再报。", "a path of %s was declared at this very moment; look at it before declaring another", p.Target)
	}
	return err
}
