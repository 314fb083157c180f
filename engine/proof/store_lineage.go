package proof

import (
	"context"

	"yuzhou/engine/proof/lineage"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/tsa"
	"yuzhou/kernel/store"
)

// Lineage returns what a statement rests on, as a graph.
//
//   - r: Vintage 0 means the newest. depth: 0 to lineage.MaxDepth steps from statement to
//     statement.
//   - Errors: fault.NotFound when nothing was stated under the name; fault.Busy while it is
//     not in the log.
func (s *Service) Lineage(ctx context.Context, r Ref, depth int) (lineage.Graph, error) {
	var root row
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		root, err = s.rowOf(ctx, tx, r)
		return err
	})
	if err != nil {
		return lineage.Graph{}, err
	}
	shown, err := s.logged(ctx, root.place)
	if err != nil {
		return lineage.Graph{}, err
	}
	var g lineage.Graph
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		g, err = lineage.Build(root.digest, func(digest string) (lineage.Entry, bool, error) { return s.entry(ctx, tx, digest, shown) }, depth)
		return err
	})
	return g, err
}

// logged describes the checkpoint that a bundle of the place would have.
func (s *Service) logged(ctx context.Context, place int64) (lineage.Logged, error) {
	note, tokens, err := s.covering(ctx, place)
	if err != nil {
		return lineage.Logged{}, err
	}
	c, err := readCheckpoint(note, s.Origin())
	out := lineage.Logged{Origin: c.Origin, Size: c.Size, Root: c.Root, Cosigned: c.Witnesses}
	if err != nil || len(tokens) == 0 {
		return out, err
	}
	var own *secret
	err = s.db.Read(ctx, func(tx store.Tx) (err error) {
		own, err = s.secret(ctx, tx, tsaUnit, tsaUnit)
		return err
	})
	if err != nil {
		return out, err
	}
	pins, err := s.pins(own)
	for _, token := range tokens {
		if st, bad := tsa.Verify(token, signedText(note), pins); bad == nil {
			out.Stamps = append(out.Stamps, lineage.Stamped{Authority: st.Authority, At: st.At})
		}
	}
	return out, err
}

// entry reads a statement by its digest, with what is known of it.
func (s *Service) entry(ctx context.Context, tx store.Tx, digest string, shown lineage.Logged) (e lineage.Entry, found bool, err error) {
	rows, err := store.Collect(ctx, tx, `SELECT `+rowColumns+` FROM proof_statement WHERE digest = $1`, []any{digest}, scanRow)
	if err != nil || len(rows) == 0 {
		return e, false, err
	}
	st, proofs, err := statement.Parse(rows[0].doc)
	if err != nil {
		return e, false, err
	}
	e.Statement = st
	for _, p := range proofs {
		sg := lineage.Signature{Method: p.VerificationMethod, Suite: p.Cryptosuite}
		if rows[0].kind != string(statement.KeyState) {
			_, err := tx.One(ctx, `SELECT digest FROM proof_statement WHERE name = $1 ORDER BY vintage DESC LIMIT 1`, []any{s.path(p.VerificationMethod)}, &sg.Key)
			if err != nil {
				return e, false, err
			}
		}
		e.Facts.Signatures = append(e.Facts.Signatures, sg)
	}
	if st.Formula != nil {
		if e.Facts.Formula, err = s.text(ctx, tx, st.Formula.Digest); err != nil {
			return e, false, err
		}
	}
	if at := rows[0].place; at >= 0 && at < shown.Size {
		l := shown
		l.Index = at
		e.Facts.Log = &l
	}
	return e, true, nil
}
