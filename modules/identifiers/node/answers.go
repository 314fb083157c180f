package node

import (
	"hash/maphash"
	"sync"
)

// answers keeps wire-ready answers by folded name, up to a number of bytes. What is not
// asked for is dropped by halves: each shard has a young and an old generation; what is
// found in the old one becomes young, and when the young one is full it becomes the old.
type answers struct {
	seed   maphash.Seed
	shards [answerShards]answerShard
	spare  sync.Pool // of *buffer
}

const (
	answerShards = 64
	keptBytes    = 64 << 20
	entryCost    = 96 // of the maps, for each answer
	maxAnswer    = 16 << 10
)

type answerShard struct {
	mu         sync.RWMutex // guards what follows
	young, old map[string][]byte
	bytes      int // of young
	most       int
	turns      uint64 // raised by each forgetting
	_          [64]byte
}

func newAnswers(bytes int) *answers {
	if bytes == 0 {
		bytes = keptBytes
	}
	a := &answers{seed: maphash.MakeSeed(), spare: sync.Pool{New: func() any { return new(buffer) }}}
	for i := range a.shards {
		a.shards[i] = answerShard{young: map[string][]byte{}, most: bytes / answerShards / 2}
	}
	return a
}

func (a *answers) shard(key []byte) *answerShard {
	return &a.shards[maphash.Bytes(a.seed, key)%answerShards]
}

// get returns the answer about a name, which nobody changes.
func (a *answers) get(key []byte) ([]byte, bool) {
	s := a.shard(key)
	s.mu.RLock()
	b, young := s.young[string(key)]
	if !young {
		b = s.old[string(key)]
	}
	turn := s.turns
	s.mu.RUnlock()
	if b != nil && !young {
		s.keep(key, b, turn)
	}
	return b, b != nil
}

// turn returns what keep wants to know: take it before the record is read, so that an
// answer made of what has changed since is not kept.
func (a *answers) turn(key []byte) uint64 {
	s := a.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.turns
}

// keep keeps an answer unless something was forgotten since a turn.
func (a *answers) keep(key, answer []byte, turn uint64) {
	if len(answer) <= maxAnswer {
		a.shard(key).keep(key, append([]byte(nil), answer...), turn)
	}
}

func (s *answerShard) keep(key, answer []byte, turn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns != turn {
		return
	}
	if _, known := s.young[string(key)]; !known {
		s.bytes += len(key) + len(answer) + entryCost
	}
	s.young[string(key)] = answer
	if s.bytes > s.most {
		s.young, s.old, s.bytes = make(map[string][]byte, len(s.young)), s.young, 0
	}
}

// forget drops the answer about a name.
func (a *answers) forget(key []byte) {
	s := a.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	delete(s.young, string(key))
	delete(s.old, string(key))
}

// clear drops all answers.
func (a *answers) clear() {
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.Lock()
		s.turns++
		s.young, s.old, s.bytes = map[string][]byte{}, nil, 0
		s.mu.Unlock()
	}
}

// buffer is memory in which an answer is written before it is cut into packets.
type buffer struct{ bytes []byte }

func (a *answers) buffer() *buffer {
	return a.spare.Get().(*buffer) //nolint:forcetypeassert,errcheck // nothing else is put in
}

func (a *answers) put(b *buffer) {
	if cap(b.bytes) <= 64<<10 {
		a.spare.Put(b)
	}
}
