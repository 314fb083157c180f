package auth

import (
	"container/list"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"yuzhou/kernel/fault"
)

// NonceSize is how many bytes a nonce has.
const NonceSize = 16

// idMask keeps the ids of challenges below those of sessions (package session): both
// stand in the same field of an envelope.
const idMask = 1<<30 - 1

// Challenges are those that were sent and not yet answered, each with what its sender
// needs to go on, such as the request. They are safe for concurrent use.
type Challenges[T any] struct {
	Most int           // at a time; 0 means 10,000
	Age  time.Duration // after which one is gone; 0 means a minute

	mu      sync.Mutex
	byID    map[uint32]*list.Element
	waiting list.List // of waiting[T], the oldest first
}

type waiting[T any] struct {
	id    uint32
	nonce [NonceSize]byte
	born  time.Time
	about T
}

// Issue draws a nonce and keeps it under an id that is not 0.
//
// Errors: fault.Busy when too many are waiting; that of random.
func (c *Challenges[T]) Issue(random io.Reader, now time.Time, about T) (uint32, []byte, error) {
	var b [4 + NonceSize]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(now)
	most := c.Most
	if most == 0 {
		most = 10_000
	}
	if c.waiting.Len() >= most {
		return 0, nil, fault.New(fault.Busy, "%d challenges are waiting for their answers; try again in a minute", most)
	}
	w := waiting[T]{id: binary.BigEndian.Uint32(b[:4]) & idMask, born: now, about: about}
	for c.byID[w.id] != nil || w.id == 0 {
		w.id = (w.id + 1) & idMask
	}
	copy(w.nonce[:], b[4:])
	if c.byID == nil {
		c.byID = map[uint32]*list.Element{}
	}
	c.byID[w.id] = c.waiting.PushBack(w)
	return w.id, b[4:], nil
}

// Take returns the nonce of a challenge and what it is about, and forgets it: an answer,
// right or wrong, uses it up.
//
// Errors: fault.NotFound when it is not waiting, or no longer.
func (c *Challenges[T]) Take(now time.Time, id uint32) ([]byte, T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(now)
	e := c.byID[id]
	if e == nil {
		var none T
		return nil, none, fault.New(fault.NotFound, "challenge %d is unknown, answered or too old; send the request again", id)
	}
	w, _ := c.remove(e)
	return w.nonce[:], w.about, nil
}

// drop forgets what is too old.
func (c *Challenges[T]) drop(now time.Time) {
	age := c.Age
	if age == 0 {
		age = time.Minute
	}
	for e := c.waiting.Front(); e != nil; e = c.waiting.Front() {
		if w, ok := e.Value.(waiting[T]); ok && now.Sub(w.born) < age {
			return
		}
		c.remove(e)
	}
}

func (c *Challenges[T]) remove(e *list.Element) (waiting[T], bool) {
	w, ok := c.waiting.Remove(e).(waiting[T])
	delete(c.byID, w.id)
	return w, ok
}
