// Package recursor looks identifiers up for others, at the nodes that have them, and
// remembers what it found.
//
// What must hold: what is remembered is not given out for longer than its values live;
// what was asked for at the same time is looked up once; the memory and the questions
// under way are bounded; a node that does not answer is not remembered as one that has
// nothing.
package recursor

import (
	"container/list"
	"context"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
)

// Config says how a recursor works; the zero value is useful but for Find and Now.
type Config struct {
	// Find looks an identifier up in the network.
	Find func(ctx context.Context, n handle.Name) (client.Answer, error)
	Now  func() time.Time

	Most     int           // answers that are remembered; 0: 100,000
	Absent   time.Duration // how long it is remembered that there is nothing; 0: 30 s
	Longest  time.Duration // how long anything is; 0: a day
	UnderWay int           // lookups at once, the rest is told to come again; 0: 512
	Patience time.Duration // of one lookup; 0: 10 s
}

// Recursor looks identifiers up. All methods may be called at the same time.
type Recursor struct {
	Config
	mu      sync.Mutex // guards what follows
	known   map[string]*list.Element
	recent  *list.List // of answer, the one asked for last in front
	pending map[string]*lookup
}

// answer is what is remembered of a folded name.
type answer struct {
	folded string
	found  client.Answer
	err    error
	until  time.Time
}

// lookup is a question under way.
type lookup struct {
	done  chan struct{} // closed when the rest is there
	found client.Answer
	err   error
}

// New returns a recursor that remembers nothing yet.
func New(c Config) *Recursor {
	if c.Most == 0 {
		c.Most = 100_000
	}
	if c.Absent == 0 {
		c.Absent = 30 * time.Second
	}
	if c.Longest == 0 {
		c.Longest = 24 * time.Hour
	}
	if c.UnderWay == 0 {
		c.UnderWay = 512
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	return &Recursor{Config: c, known: map[string]*list.Element{}, recent: list.New(), pending: map[string]*lookup{}}
}

// Lookup returns what an identifier resolves to and how that was found, from memory while
// it is good.
//
// Errors: those of Find; fault.Busy when too much is under way.
func (r *Recursor) Lookup(ctx context.Context, n handle.Name) (client.Answer, error) {
	folded := n.Fold()
	r.mu.Lock()
	if a, ok := r.remembered(folded); ok {
		r.mu.Unlock()
		return a.found, a.err
	}
	l, asked := r.pending[folded]
	if !asked {
		if len(r.pending) >= r.UnderWay {
			r.mu.Unlock()
			return client.Answer{}, fault.New(fault.Busy, "%d lookups are under way; try again", r.UnderWay)
		}
		l = &lookup{done: make(chan struct{})}
		r.pending[folded] = l
	}
	r.mu.Unlock()
	if !asked {
		// Whoever else waits for it does so longer than the one who asked first may.
		go r.find(context.WithoutCancel(ctx), n, folded, l)
	}
	select {
	case <-l.done:
		return l.found, l.err
	case <-ctx.Done():
		return client.Answer{}, &fault.Fault{Kind: fault.Busy, Text: "identifier " + string(n) + " was not found in time", Err: ctx.Err()}
	}
}

// remembered returns an answer that is still good. r.mu is held.
func (r *Recursor) remembered(folded string) (answer, bool) {
	e, ok := r.known[folded]
	if !ok {
		return answer{}, false
	}
	a, _ := e.Value.(answer) // nothing else is in it
	if !r.Now().Before(a.until) {
		r.recent.Remove(e)
		delete(r.known, folded)
		return answer{}, false
	}
	r.recent.MoveToFront(e)
	return a, true
}

// find looks one identifier up, and remembers what came of it.
func (r *Recursor) find(ctx context.Context, n handle.Name, folded string, l *lookup) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	l.found, l.err = r.Find(ctx, n)
	a := answer{folded: folded, found: l.found, err: l.err, until: r.Now()}
	switch fault.KindOf(l.err) {
	case "":
		if l.err == nil {
			a.until = r.expiry(l.found.Record)
		}
	case fault.NotFound:
		a.until = a.until.Add(r.Absent)
	case fault.Busy, fault.Invalid, fault.Conflict, fault.Forbidden: // not for long, or of the one who asks
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(l.done) // what is remembered is there when it is answered
	delete(r.pending, folded)
	if !a.until.After(r.Now()) {
		return
	}
	r.known[folded] = r.recent.PushFront(a)
	for r.recent.Len() > r.Most {
		last := r.recent.Back()
		old, _ := r.recent.Remove(last).(answer) // nothing else is in it
		delete(r.known, old.folded)
	}
}

// expiry is until when a record may be given out: as long as each of its values lives.
func (r *Recursor) expiry(rec handle.Record) time.Time {
	until := r.Now().Add(r.Longest)
	for _, v := range rec.Values {
		end := r.Now().Add(time.Duration(v.TTL.Seconds) * time.Second)
		if v.TTL.Absolute {
			end = time.Unix(int64(v.TTL.Seconds), 0)
		}
		if end.Before(until) {
			until = end
		}
	}
	return until
}
