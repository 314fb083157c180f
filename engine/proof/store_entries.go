package proof

import (
	"context"
	"time"

	"filippo.io/torchwood"

	"yuzhou/engine/proof/monitor"
	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// entries reads the log from an entry on, as it is published: any process can, whichever
// has it open. It waits for a checkpoint over all that was stated; short says that there
// is none.
func (s *Service) entries(ctx context.Context, from uint64, use func(index uint64, entry []byte) error) (short bool, err error) {
	least, err := s.least(ctx)
	if err != nil || least == 0 {
		return false, err
	}
	note, err := s.checkpointOver(ctx, int64(least)-1) //nolint:gosec // a log has fewer
	if fault.KindOf(err) == fault.Busy {               // or the database names a place that the log does not have
		short = true
		note, err = s.read(ctx, "checkpoint")
	}
	if err != nil {
		return short, err
	}
	c, err := torchwood.ParseCheckpoint(string(signedText(note)))
	if err != nil {
		return short, err
	}
	client, err := torchwood.NewClient(monitor.Files{Fetch: s.read})
	if err != nil {
		return short, err
	}
	for i, entry := range client.AllEntries(ctx, c.Tree, int64(from)) { //nolint:gosec // likewise
		if err := use(uint64(i), entry); err != nil { //nolint:gosec // not below 0
			return short, err
		}
	}
	return short, client.Err()
}

// verifier returns the keys that the register has, each for the time it is in force.
func (s *Service) verifier(ctx context.Context) (statement.KeyOf, error) {
	all, err := s.secrets(ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string]secret{}
	for _, k := range all {
		byName[s.name(k.method())] = k
	}
	return func(method string, at time.Time) (statement.Key, error) {
		k, ok := byName[method]
		if !ok {
			return statement.Key{}, fault.New(fault.NotFound, "key %s is not in the register", method)
		}
		if t := store.Micros(at); t < k.made || k.ended != 0 && t >= k.ended {
			return statement.Key{}, fault.New(fault.Forbidden, "key %s was not in force at %s", method, at.Format(time.RFC3339))
		}
		return statement.ParseKey(k.public)
	}, nil
}
