package recursor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
)

// network is what a recursor asks, with a clock that is set by hand.
type network struct {
	mu    sync.Mutex
	at    time.Time
	asked map[string]int
	wait  chan struct{} // when it is there: answers come when it is closed
}

func (n *network) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at
}

func (n *network) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at = n.at.Add(d)
}

// find answers by the suffix: "none", "down", or its values live that many seconds.
func (n *network) find(ctx context.Context, name handle.Name) (client.Answer, error) {
	n.mu.Lock()
	n.asked[string(name)]++
	wait := n.wait
	n.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return client.Answer{}, fault.New(fault.Busy, "late")
		}
	}
	switch name.Suffix() {
	case "none":
		return client.Answer{}, fault.New(fault.NotFound, "there is none")
	case "down":
		return client.Answer{}, fault.New(fault.Busy, "it is down")
	}
	var seconds uint32
	_, _ = fmt.Sscan(name.Suffix(), &seconds) // another suffix lives no time at all
	return client.Answer{Record: handle.Record{Name: name, Values: []handle.Value{
		{Index: 1, Type: "URL", TTL: handle.TTL{Seconds: 1 << 20}}, {Index: 2, Type: "URL", TTL: handle.TTL{Seconds: seconds}},
	}}}, nil
}

func (n *network) times(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[name]
}

func start() (*network, *Recursor) {
	n := &network{at: time.Unix(1_800_000_000, 0), asked: map[string]int{}}
	return n, New(Config{Find: n.find, Now: n.now, Most: 3})
}

// TestMemory: an answer is remembered as long as its shortest value lives, and that there
// is none for a while; a node that is down is asked again at once.
func TestMemory(t *testing.T) {
	for _, tt := range []struct {
		name   string
		passes time.Duration
		asked  int // after two questions
	}{
		{"88.1/60", 59 * time.Second, 1},
		{"88.1/60", 60 * time.Second, 2},
		{"88.1/0", 0, 2},
		{"88.1/none", 29 * time.Second, 1},
		{"88.1/none", 30 * time.Second, 2},
		{"88.1/down", 0, 2},
		{"88.1/999999", 23 * time.Hour, 1},
		{"88.1/999999", 24 * time.Hour, 2},
	} {
		n, r := start()
		first, err1 := r.Lookup(t.Context(), handle.Name(tt.name))
		n.pass(tt.passes)
		again, err2 := r.Lookup(t.Context(), handle.Name(tt.name))
		if n.times(tt.name) != tt.asked || fault.KindOf(err1) != fault.KindOf(err2) || len(first.Record.Values) != len(again.Record.Values) {
			t.Errorf("%s after %s: asked %d times, want %d; %v, %v", tt.name, tt.passes, n.times(tt.name), tt.asked, err1, err2)
		}
	}
}

// TestBounds: what was asked for least recently is forgotten; names are folded.
func TestBounds(t *testing.T) {
	n, r := start()
	for _, name := range []handle.Name{"88.A/60", "88.b/60", "88.c/60", "88.a/60", "88.d/60", "88.a/60", "88.b/60"} {
		if _, err := r.Lookup(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if n.times("88.A/60")+n.times("88.a/60") != 1 || n.times("88.b/60") != 2 || len(r.known) != 3 {
		t.Errorf("%v, %d are known", n.asked, len(r.known))
	}
}

// TestOnce: what many ask for at once is looked up once; too many lookups are refused, and
// who goes away does not take the answer from the others.
func TestOnce(t *testing.T) {
	n, r := start()
	r.UnderWay = 1
	n.wait = make(chan struct{})
	var found atomic.Int64
	var all sync.WaitGroup
	gone, leave := context.WithCancel(t.Context())
	all.Go(func() {
		if _, err := r.Lookup(gone, "88.1/60"); fault.KindOf(err) != fault.Busy {
			t.Error(err)
		}
	})
	for n.times("88.1/60") == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 50 {
		all.Go(func() {
			if _, err := r.Lookup(t.Context(), "88.1/60"); err == nil {
				found.Add(1)
			}
		})
	}
	if _, err := r.Lookup(t.Context(), "88.2/60"); fault.KindOf(err) != fault.Busy {
		t.Errorf("one more lookup: %v", err)
	}
	leave()
	close(n.wait)
	all.Wait()
	if found.Load() != 50 || n.times("88.1/60") != 1 {
		t.Errorf("%d were answered, asked %d times", found.Load(), n.times("88.1/60"))
	}
}
