package org

import (
	"context"
	"sync"
	"time"

	"yuzhou/kernel/store"
)

// knownFor is how long a session is not looked up again. What an owner changes
// in this process counts at once; a change by another process on the same
// database counts after this long.
const knownFor = time.Second

// maxKnown bounds the sessions that are kept.
const maxKnown = 10_000

// known remembers who tokens belong to, so that a program that calls often does
// not ask the database each time.
type known struct {
	mu     sync.Mutex
	tokens map[string]knownCaller // guarded by mu; by digest
	epoch  int                    // guarded by mu: rises when all is forgotten
}

type knownCaller struct {
	caller
	at time.Time
}

// get returns who a token was found to belong to; ok is false when it is to be
// looked up. The epoch is to be handed to put.
func (k *known) get(digest string, now time.Time) (c caller, epoch int, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.tokens[digest]
	if age := now.Sub(kept.at); !ok || age < 0 || age >= knownFor {
		return caller{}, k.epoch, false
	}
	return kept.caller, k.epoch, true
}

// put remembers what was looked up, unless something has changed meanwhile.
func (k *known) put(digest string, c caller, now time.Time, epoch int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if epoch != k.epoch {
		return
	}
	if k.tokens == nil || len(k.tokens) >= maxKnown {
		k.tokens = map[string]knownCaller{}
	}
	k.tokens[digest] = knownCaller{c, now}
}

// forget makes every token be looked up again.
func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens, k.epoch = nil, k.epoch+1
}

// write changes people, grants or sessions: who was known before is looked up
// again once the change is on disk.
func (s *Service) write(ctx context.Context, fn func(store.Tx) error) error {
	defer s.known.forget()
	return s.db.Write(ctx, fn)
}
