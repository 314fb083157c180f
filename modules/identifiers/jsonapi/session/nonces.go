package session

import (
	"encoding/hex"
	"io"
	"sync"
	"time"

	"yuzhou/kernel/fault"
)

// nonceAge is how long a nonce may be signed.
const nonceAge = time.Minute

// Nonces keeps what identities are to sign that name no session: one for each name at a
// time, so that who asks for another cannot make the answer of the first one wrong. The zero
// value works; it is safe for concurrent use.
type Nonces struct {
	Most int // at a time; 0: 10,000

	mu     sync.Mutex // guards what follows
	byName map[string]nonce
}

type nonce struct {
	text string
	born time.Time
}

// For returns what a name is to sign, as text: that which it was given less than a minute
// ago, or a new one.
//
// Errors: fault.Busy when too many are waiting; that of random.
func (n *Nonces) For(random io.Reader, now time.Time, name string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if had, ok := n.get(now, name); ok {
		return had, nil
	}
	most := n.Most
	if most == 0 {
		most = 10_000
	}
	if len(n.byName) >= most {
		for k := range n.byName {
			n.get(now, k)
		}
	}
	if len(n.byName) >= most {
		return "", fault.New(fault.Busy, "%d identities are signing in; try again in a minute", most)
	}
	b := make([]byte, nonceSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	if n.byName == nil {
		n.byName = map[string]nonce{}
	}
	n.byName[name] = nonce{hex.EncodeToString(b), now}
	return n.byName[name].text, nil
}

// Get returns what a name is to sign; false when it was given nothing, or too long ago.
func (n *Nonces) Get(now time.Time, name string) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.get(now, name)
}

func (n *Nonces) get(now time.Time, name string) (string, bool) {
	had, ok := n.byName[name]
	if ok && now.Sub(had.born) >= nonceAge {
		delete(n.byName, name)
		return "", false
	}
	return had.text, ok
}

// Drop forgets what a name was given: it has signed it.
func (n *Nonces) Drop(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.byName, name)
}
