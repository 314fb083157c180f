package proof

import (
	"context"

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
		if err := s.work(ctx); err != nil {
			return err
		}
	}
	s.sequencing.Lock()
	defer s.sequencing.Unlock()
	if s.opened == nil {
		return nil
	}
	return s.forget(ctx)
}
