package proof

import (
	"context"
	"log/slog"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
)

// loadPack states that a pack is loaded: its digest covers every file of it.
func (s *Service) loadPack(p *pack.Pack) pack.Load {
	return func(ctx context.Context, tx store.Tx) error {
		digest, err := p.Digest()
		if err != nil {
			return err
		}
		return s.State(ctx, tx, Claim{
			Kind: statement.Pack, Name: "pack." + p.Manifest.ID,
			Content: &statement.Content{Digest: "sha256:" + digest, Media: "application/vnd.yuzhou.pack", Size: 0},
		})
	}
}

// Close states what still waits and closes the log.
func (s *Service) Close(ctx context.Context) error {
	if s.pending.Load() {
		if err := s.work(ctx); err != nil { // it waits in the database for the next start
			s.log.WarnContext(ctx, "not all that was claimed is stated", slog.Any("error", err))
		}
	}
	s.sequencing.Lock()
	defer s.sequencing.Unlock()
	if s.opened == nil {
		return nil
	}
	return s.forget(ctx)
}
