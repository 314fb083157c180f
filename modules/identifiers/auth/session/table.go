package session

import (
	"cmp"
	"container/list"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// The numbers of sessions: positive for Java clients, far from those that id-pointer-sdk
// makes up itself (10001, ...), and none that a challenge may have.
const (
	lowestID = 1 << 30
	idMask   = lowestID - 1
)

// Table keeps the sessions of a server. The zero value works; it is safe for concurrent
// use. When it is full, a session in which nobody has proven who they are gives way, the
// one that was silent longest; those that are proven stay until they are idle too long.
type Table struct {
	Most int           // at a time; 0: 10,000
	Idle time.Duration // after which a session ends; 0: an hour

	mu     sync.Mutex // guards what follows
	byID   map[uint32]*list.Element
	silent [2]list.List // of *Session, those that were silent longest first: nobody's, proven ones
}

// Session is what two sides have agreed on.
type Session struct {
	ID    uint32
	keys  Keys // without a Key as long as the client has not sent it
	until time.Time
	used  time.Time

	mu      sync.Mutex // guards what follows
	who     handle.Reference
	window  Window
	pending any
}

// Open begins a session.
//
//   - lasts: seconds that the client asks for; at most a day.
//   - Errors: fault.Busy when all sessions are proven ones; that of random.
func (t *Table) Open(random io.Reader, now time.Time, keys Keys, lasts uint32) (*Session, error) {
	const day = 24 * 60 * 60
	if lasts == 0 || lasts > day {
		lasts = day
	}
	var b [4]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(now)
	if t.count() >= cmp.Or(t.Most, 10_000) {
		oldest := t.silent[0].Front()
		if oldest == nil {
			return nil, fault.New(fault.Busy, "%d sessions are open; try again later", t.count())
		}
		t.remove(oldest)
	}
	s := &Session{ID: lowestID | binary.BigEndian.Uint32(b[:])&idMask, keys: keys, until: now.Add(time.Duration(lasts) * time.Second), used: now}
	for t.byID[s.ID] != nil {
		s.ID = lowestID | (s.ID+1)&idMask
	}
	if t.byID == nil {
		t.byID = map[uint32]*list.Element{}
	}
	t.byID[s.ID] = t.silent[0].PushBack(s)
	return s, nil
}

// Get returns a session, nil when there is none of that number, or no longer.
func (t *Table) Get(now time.Time, id uint32) *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(now)
	e := t.byID[id]
	if e == nil {
		return nil
	}
	s := of(e)
	if !now.Before(s.until) {
		t.remove(e)
		return nil
	}
	return s
}

// Used notes that the client of a session has shown to hold its key, so that it is not idle.
func (t *Table) Used(now time.Time, s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byID[s.ID]; e != nil && of(e) == s {
		t.remove(e)
		s.used = now
		t.byID[s.ID] = t.silent[s.proven()].PushBack(s)
	}
}

// Close ends a session.
func (t *Table) Close(s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byID[s.ID]; e != nil && of(e) == s {
		t.remove(e)
	}
}

// Len returns how many sessions there are.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count()
}

func (t *Table) count() int { return len(t.byID) }

func of(e *list.Element) *Session {
	s, _ := e.Value.(*Session)
	return s
}

func (t *Table) remove(e *list.Element) {
	delete(t.byID, of(e).ID)
	t.silent[0].Remove(e) // a list leaves alone what is not its own
	t.silent[1].Remove(e)
}

// drop forgets what is idle too long.
func (t *Table) drop(now time.Time) {
	for i := range t.silent {
		for e := t.silent[i].Front(); e != nil && now.Sub(of(e).used) >= cmp.Or(t.Idle, time.Hour); e = t.silent[i].Front() {
			t.remove(e)
		}
	}
}

// proven returns in which list a session stands.
func (s *Session) proven() int {
	if s.Who().Name == "" {
		return 0
	}
	return 1
}

// Who returns the identity that was proven in a session, the zero value for nobody.
func (s *Session) Who() handle.Reference {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

// Prove notes whose session it is. A session stays with whom it was first proven.
//
// Errors: fault.Forbidden for another identity.
func (s *Session) Prove(who handle.Reference) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.who.Name != "" && (!s.who.Name.Equal(who.Name) || s.who.Index != who.Index) {
		return fault.New(fault.Forbidden, "the session is that of another identity; open one of your own")
	}
	s.who = who
	return nil
}

// Take reports whether the counter of a message whose MAC is right is new, and remembers it.
func (s *Session) Take(counter uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.window.Take(counter)
}

// Pend keeps what waits for the answer to a challenge; Pended returns it once. A session
// has one challenge at a time.
func (s *Session) Pend(about any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = about
}

// Pended returns what Pend has kept, once, nil when there is nothing.
func (s *Session) Pended() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	about := s.pending
	s.pending = nil
	return about
}

// Agreed sets the key that the client has sent (OpExchangeKey). It is set once.
//
// Errors: fault.Conflict when the session has a key.
func (s *Session) Agreed(k Keys) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys.Key) > 0 {
		return fault.New(fault.Conflict, "the session has its key")
	}
	s.keys = k
	return nil
}

// Secret returns the keys of a session; without a Key as long as there is none.
func (s *Session) Secret() Keys {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}
