package session

import (
	"cmp"
	"container/list"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
)

// How long sessions live: those of nobody until they are answered, the others while they
// are used, and no longer than a day.
const (
	answerWithin = 10 * time.Minute
	idle         = time.Hour
	longest      = 24 * time.Hour
	nonceSize    = 16
)

// Table keeps the sessions of a server. The zero value works; it is safe for concurrent
// use. When it is full the oldest session that nobody has answered gives way, so that who
// asks without end for new ones throws nobody out who has signed in.
type Table struct {
	Most int // at a time; 0: 10,000

	mu   sync.Mutex // guards what follows
	byID map[string]*list.Element
	rows [2]list.List // of *row: nobody's, the oldest first; those of who signed in, longest unused first
}

type row struct {
	Session
	born, used time.Time
}

// Open begins a session.
//
// Errors: fault.Busy when all sessions are of who has signed in; that of random.
func (t *Table) Open(random io.Reader, now time.Time) (Session, error) {
	b := make([]byte, 2*nonceSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return Session{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(now)
	if len(t.byID) >= cmp.Or(t.Most, 10_000) {
		oldest := t.rows[0].Front()
		if oldest == nil {
			return Session{}, fault.New(fault.Busy, "%d sessions are open; try again later", len(t.byID))
		}
		t.remove(oldest)
	}
	r := &row{Session: Session{ID: hex.EncodeToString(b[nonceSize:]), Nonce: b[:nonceSize:nonceSize]}, born: now, used: now}
	if t.byID == nil {
		t.byID = map[string]*list.Element{}
	}
	t.byID[r.ID] = t.rows[0].PushBack(r)
	return r.Session, nil
}

// Get returns a session, and notes that it is used.
func (t *Table) Get(now time.Time, id string) (Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(now)
	e := t.byID[id]
	if e == nil {
		return Session{}, false
	}
	r := of(e)
	if now.Sub(r.born) >= longest {
		t.remove(e)
		return Session{}, false
	}
	if r.Authenticated {
		r.used = now
		t.rows[1].MoveToBack(e)
	}
	return r.Session, true
}

// SignIn notes who has answered a session, and returns it; false when it has ended.
func (t *Table) SignIn(now time.Time, id string, who handle.Reference) (Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(now)
	e := t.byID[id]
	if e == nil {
		return Session{}, false
	}
	r := of(e)
	t.remove(e)
	r.Authenticated, r.Identity, r.used = true, who, now
	t.byID[id] = t.rows[1].PushBack(r)
	return r.Session, true
}

// Close ends a session; none is no error.
func (t *Table) Close(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byID[id]; e != nil {
		t.remove(e)
	}
}

// drop forgets what is too old.
func (t *Table) drop(now time.Time) {
	for i, most := range []time.Duration{answerWithin, idle} {
		for e := t.rows[i].Front(); e != nil && now.Sub(of(e).used) >= most; e = t.rows[i].Front() {
			t.remove(e)
		}
	}
}

func (t *Table) remove(e *list.Element) {
	r := of(e)
	delete(t.byID, r.ID)
	for i := range t.rows { // it is in one of them
		t.rows[i].Remove(e)
	}
}

func of(e *list.Element) *row {
	return e.Value.(*row) //nolint:forcetypeassert,errcheck // nothing else is put in
}
