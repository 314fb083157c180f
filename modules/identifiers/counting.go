package identifiers

import (
	"context"
	"hash/maphash"
	"sync"
)

// resolutions counts how often identifiers are resolved, in memory until they are written
// down. What was counted since, a few seconds of it, is lost when the program is killed.
type resolutions struct {
	seed   maphash.Seed
	shards [64]struct {
		sync.Mutex // guards counts

		counts map[string]uint64
	}
}

func newResolutions() *resolutions { return &resolutions{seed: maphash.MakeSeed()} }

// add counts a resolution of a folded name. It is called for each answer.
func (r *resolutions) add(folded []byte) {
	shard := &r.shards[maphash.Bytes(r.seed, folded)%uint64(len(r.shards))]
	shard.Lock()
	if shard.counts == nil {
		shard.counts = map[string]uint64{}
	}
	shard.counts[string(folded)]++
	shard.Unlock()
}

// flush gives what was counted to write, and keeps it when that fails.
func (r *resolutions) flush(ctx context.Context, write func(context.Context, map[string]uint64) error) error {
	for i := range r.shards {
		shard := &r.shards[i]
		shard.Lock()
		counts := shard.counts
		shard.counts = nil
		shard.Unlock()
		if len(counts) == 0 {
			continue
		}
		if err := write(ctx, counts); err != nil {
			shard.Lock()
			for name, n := range shard.counts {
				counts[name] += n
			}
			shard.counts = counts
			shard.Unlock()
			return err
		}
	}
	return nil
}
