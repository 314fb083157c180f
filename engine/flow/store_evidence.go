package flow

import (
	"context"

	"yuzhou/engine/proof"
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
