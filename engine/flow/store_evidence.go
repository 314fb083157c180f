package flow

import (
	"context"
	"encoding/json"

	"yuzhou/engine/proof"
	trees "yuzhou/engine/proof/batch"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/store"
)

// procedureClaim is what is stated of a version of a procedure.
//
//   - digest: SHA-256 of its source, hex. size: of the source, in bytes.
func procedureClaim(id, digest string, size int) proof.Claim {
	return proof.Claim{
		Kind: statement.Procedure, Name: "procedure." + id,
		Content: &statement.Content{Digest: "sha256:" + digest, Media: "application/yaml", Size: int64(size)},
	}
}

// Source returns what the evidence engine asks when it looks whether the procedures are
// still what was stated.
func (s *Service) Source() proof.Source {
	return proof.Source{Kinds: []statement.Kind{statement.Procedure}, Claims: s.procedureClaims, Page: func(name string) string {
		return "/flow/procedures/" + name[len("procedure."):]
	}}
}

// Events returns the log of the engine as records: what happened to cases is stated as
// trees, none of it in the open.
func (s *Service) Events() proof.Stream {
	return proof.Stream{Name: "flow.event", Schema: "flow.event/1", Keep: trees.Checks, Read: readRecords}
}

// readRecords calls use with rows of the log: the fields of a row as a JSON array.
func readRecords(ctx context.Context, tx store.Tx, after, most int64, use func(int64, []byte) error) error {
	return tx.Each(ctx, `SELECT `+eventColumns+` FROM flow_event WHERE seq > $1 AND seq <= $2 ORDER BY seq`, []any{after, after + most}, func(scan func(...any) error) error {
		e, err := scanEvent(scan)
		if err != nil {
			return err
		}
		record, err := json.Marshal([]any{e.Seq, e.Case, e.N, e.Name, e.By, e.At.UnixMicro(), e.Key, e.text, e.Result, e.Hash})
		if err != nil {
			return err
		}
		return use(e.Seq, record)
	})
}

// procedureClaims calls use with the claim of the newest version of each procedure.
func (s *Service) procedureClaims(ctx context.Context, use func(proof.Claim) error) error {
	return s.db.Read(ctx, func(tx store.Tx) error {
		return tx.Each(ctx, `SELECT p.id, p.digest, p.source FROM flow_procedure p
			WHERE NOT EXISTS (SELECT 1 FROM flow_procedure q WHERE q.id = p.id AND (q.accepted > p.accepted OR q.accepted = p.accepted AND q.digest > p.digest))
			ORDER BY p.id`, nil, func(scan func(...any) error) error {
			var id, digest, source string
			if err := scan(&id, &digest, &source); err != nil {
				return err
			}
			return use(procedureClaim(id, digest, len(source)))
		})
	})
}
