package identifiers

import (
	"context"
	"encoding/json"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/template"
)

// templateOf returns a version of a template; fault.NotFound.
func templateOf(ctx context.Context, tx store.Tx, id string, version int) (t template.Template, err error) {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM identifiers_template WHERE id = $1 AND version = $2`, []any{id, version}, &doc)
	if err != nil {
		return t, err
	}
	if !found {
		return t, fault.Say(fault.NotFound, "没有模板 %s@%d。", "there is no template %s@%d", id, version)
	}
	return t, json.Unmarshal([]byte(doc), &t)
}

// newestTemplate returns the newest version of a template; fault.NotFound.
func newestTemplate(ctx context.Context, tx store.Tx, id string) (t template.Template, err error) {
	var doc string
	found, err := tx.One(ctx, `SELECT doc FROM identifiers_template WHERE id = $1 ORDER BY version DESC LIMIT 1`, []any{id}, &doc)
	if err != nil {
		return t, err
	}
	if !found {
		return t, fault.Say(fault.NotFound, "没有模板 %s。", "there is no template %s", id)
	}
	return t, json.Unmarshal([]byte(doc), &t)
}

// templates returns the newest version of each template, by id.
func templates(ctx context.Context, tx store.Tx) ([]template.Template, error) {
	return store.Collect(ctx, tx, `SELECT doc FROM identifiers_template t
		WHERE version = (SELECT MAX(version) FROM identifiers_template n WHERE n.id = t.id) ORDER BY id`, nil,
		func(scan func(...any) error) (t template.Template, err error) {
			var doc string
			if err := scan(&doc); err != nil {
				return t, err
			}
			return t, json.Unmarshal([]byte(doc), &t)
		})
}

// keptTemplate is a template with who made it.
type keptTemplate struct {
	template.Template
	Registrant string // "" for the node
	By         string
	At         time.Time
}

// templateNow returns the newest version of a template, 0 when there is none, and whose
// it is.
func templateNow(ctx context.Context, tx store.Tx, id string) (version int, registrant string, err error) {
	_, err = tx.One(ctx, `SELECT version, registrant FROM identifiers_template WHERE id = $1 ORDER BY version DESC LIMIT 1`, []any{id}, &version, &registrant)
	return version, registrant, err
}

// templatesFor returns the newest version of each template that is a registrant's own or
// the node's, by id.
func templatesFor(ctx context.Context, tx store.Tx, registrant string) ([]keptTemplate, error) {
	return store.Collect(ctx, tx, `SELECT doc, registrant FROM identifiers_template t WHERE registrant IN ('', $1)
		AND version = (SELECT MAX(version) FROM identifiers_template n WHERE n.id = t.id) ORDER BY id`, []any{registrant},
		func(scan func(...any) error) (t keptTemplate, err error) {
			var doc string
			if err := scan(&doc, &t.Registrant); err != nil {
				return t, err
			}
			return t, json.Unmarshal([]byte(doc), &t.Template)
		})
}

// addTemplate keeps the next version of a template, whose number it returns; one that
// says what the newest says is that.
func addTemplate(ctx context.Context, tx store.Tx, t keptTemplate) (int, error) {
	newest, _, err := templateNow(ctx, tx, t.ID)
	if err != nil {
		return 0, err
	}
	var was string
	if _, err := tx.One(ctx, `SELECT doc FROM identifiers_template WHERE id = $1 AND version = $2`, []any{t.ID, newest}, &was); err != nil {
		return 0, err
	}
	t.Version = newest
	if same, err := json.Marshal(t.Template); err != nil || string(same) == was {
		return newest, err
	}
	t.Version = newest + 1
	doc, err := json.Marshal(t.Template)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO identifiers_template (id, version, doc, since, by_, registrant) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.ID, t.Version, string(doc), store.Micros(t.At), t.By, t.Registrant)
	return t.Version, err
}

// isMember reports whether a person may register for a registrant.
func isMember(ctx context.Context, tx store.Tx, registrant, person string) (bool, error) {
	var n int
	return tx.One(ctx, `SELECT 1 FROM identifiers_member WHERE registrant = $1 AND person = $2`, []any{registrant, person}, &n)
}

// addMember lets a person register for a registrant.
func addMember(ctx context.Context, tx store.Tx, registrant, person string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO identifiers_member (registrant, person, at) VALUES ($1, $2, $3) ON CONFLICT (registrant, person) DO NOTHING`, registrant, person, store.Micros(at))
	return err
}

// dropMember takes that away.
func dropMember(ctx context.Context, tx store.Tx, registrant, person string) error {
	_, err := tx.Exec(ctx, `DELETE FROM identifiers_member WHERE registrant = $1 AND person = $2`, registrant, person)
	return err
}
