package changefeed_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/recordstest"
	"yuzhou/modules/identifiers/typed"
)

// bus is a log and a line in memory, which can be cut.
type bus struct {
	mu       sync.Mutex
	first    uint64 // place of the oldest message
	messages [][]byte
	changed  chan struct{}
	cut      bool
	answer   func([]byte) []byte
	asked    map[changefeed.Kind]int
	noticed  int // how often the cut was met
	lose     bool
}

func newBus() *bus {
	return &bus{first: 1, changed: make(chan struct{}), asked: map[changefeed.Kind]int{}}
}

var errCut = fault.New(fault.Busy, "the line is cut")

func (b *bus) wake() { close(b.changed); b.changed = make(chan struct{}) }

func (b *bus) setCut(cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = cut
	b.wake()
}

// cutFor cuts the line while do is done, at least until n followers have noticed.
func (b *bus) cutFor(t *testing.T, n int, do func()) {
	t.Helper()
	b.mu.Lock()
	b.noticed = 0
	b.mu.Unlock()
	b.setCut(true)
	do()
	eventually(t, "the cut is noticed", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.noticed >= n
	})
	b.setCut(false)
}

// drop forgets the oldest messages but for n.
func (b *bus) drop(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := len(b.messages) - n; k > 0 {
		b.first, b.messages = b.first+uint64(k), b.messages[k:]
	}
}

func (b *bus) Last(context.Context) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) == 0 {
		return nil, nil
	}
	return b.messages[len(b.messages)-1], nil
}

func (b *bus) Append(_ context.Context, m []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lose {
		b.lose = false
		b.first++ // its place is taken
		b.messages = nil
		return nil
	}
	b.messages = append(b.messages, m)
	b.wake()
	return nil
}

func (b *bus) Clear(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.first, b.messages = b.first+uint64(len(b.messages)), nil
	return nil
}

func (b *bus) Answer(ctx context.Context, answer func([]byte) []byte) error {
	b.mu.Lock()
	b.answer = answer
	b.mu.Unlock()
	<-ctx.Done()
	return nil
}

func (b *bus) Ask(_ context.Context, request []byte) ([]byte, error) {
	b.mu.Lock()
	cut, answer := b.cut, b.answer
	if q, err := changefeed.ParseRequest(request); err == nil {
		b.asked[q.Kind]++
	}
	b.mu.Unlock()
	if cut || answer == nil {
		return nil, errCut
	}
	return answer(request), nil
}

func (b *bus) Follow(ctx context.Context, place uint64, use func([]byte, uint64) error) error {
	for {
		b.mu.Lock()
		cut, changed := b.cut, b.changed
		at := max(place+1, b.first)
		if at > b.first+uint64(len(b.messages)) {
			at = b.first
		}
		var m []byte
		if i := at - b.first; i < uint64(len(b.messages)) {
			m = b.messages[i]
		}
		b.mu.Unlock()
		if cut {
			b.mu.Lock()
			b.noticed++
			b.mu.Unlock()
			return errCut
		}
		if m != nil {
			if err := use(m, at); err != nil {
				return err
			}
			place = at
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// clock is shared by goroutines.
type clock struct {
	sync.Mutex
	recordstest.Clock
}

func (c *clock) Now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.Clock.Now()
}

func start(t *testing.T, run func(ctx context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return sync.OnceValue(func() error { cancel(); return <-done })
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func all(t *testing.T, s records.Store) string {
	t.Helper()
	var out strings.Builder
	if err := s.Scan(t.Context(), records.Range{}, func(v records.Version) error {
		fmt.Fprintf(&out, "%s %s %x\n", v.Record.Name, v.At.Format(time.RFC3339Nano), handle.AppendValues(nil, v.Record.Values))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func names(t *testing.T, s records.Store) (out []string) {
	t.Helper()
	if err := s.Scan(t.Context(), records.Range{}, func(v records.Version) error {
		out = append(out, string(v.Record.Name))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, s records.Store, r *rand.Rand, n int) {
	t.Helper()
	for range n {
		name := fmt.Sprintf("88.1/item-%d", r.IntN(300))
		if r.IntN(10) == 0 {
			name = fmt.Sprintf("0.NA/88.%d", r.IntN(20))
		}
		item := records.Item{Op: records.Put, Record: recordstest.Record(name, r.IntN(200))}
		if r.IntN(5) == 0 {
			item = records.Item{Op: records.Delete, Record: handle.Record{Name: handle.Name(name)}}
		}
		if _, err := s.Apply(t.Context(), records.Batch{Items: []records.Item{item}}); err != nil {
			t.Error(err)
		}
	}
}

// TestFollow lets a mirror and the three servers of a hash site follow a store through
// cut lines, lost messages and their own restarts: then they have what it has.
func TestFollow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := &clock{}
	b := newBus()
	o := changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{7}}
	write(t, o.Store, r, 2500) // more than one batch, before anybody follows
	stopAnswer := start(t, func(ctx context.Context) error {
		return b.Answer(ctx, func(q []byte) []byte { return o.Answer(ctx, q) })
	})
	stopPublish := start(t, func(ctx context.Context) error { o.Publish(ctx, b); return nil })
	defer func() { _ = stopAnswer(); _ = stopPublish() }()
	type one struct {
		*changefeed.Follower
		stop func() error
	}
	dir := t.TempDir()
	var followers []*one
	run := func(f *one) {
		f.Follower = &changefeed.Follower{Store: f.Store, Share: f.Share, Line: b, File: f.File, Now: time.Now}
		if err := f.Load(); err != nil {
			t.Fatal(err)
		}
		f.stop = start(t, f.Run)
	}
	for i, share := range []changefeed.Share{{}, {typed.HashName, 3, 0}, {typed.HashName, 3, 1}, {typed.HashName, 3, 2}} {
		f := &one{Follower: &changefeed.Follower{Store: records.NewMemory(c.Now), Share: share, File: filepath.Join(dir, strconv.Itoa(i))}}
		run(f)
		followers = append(followers, f)
	}
	level := func() bool {
		return !slices.ContainsFunc(followers, func(f *one) bool { s := f.Status(); return !s.Ready || s.Applied != o.Store.Seq() })
	}
	eventually(t, "the first dump", level)
	for round := range 12 {
		write(t, o.Store, r, 20+r.IntN(1500))
		switch round % 4 {
		case 0: // nothing happens
		case 1:
			b.cutFor(t, len(followers), func() { write(t, o.Store, r, 100) })
		case 2:
			f := followers[r.IntN(len(followers))]
			if err := f.stop(); err != nil {
				t.Fatal(err)
			}
			write(t, o.Store, r, 300)
			run(f)
		case 3: // messages are lost, and the line with them
			b.cutFor(t, len(followers), func() {
				write(t, o.Store, r, 200)
				b.drop(r.IntN(2))
			})
		}
		eventually(t, fmt.Sprintf("round %d", round), level)
	}
	if want, got := all(t, o.Store), all(t, followers[0].Store); want != got {
		t.Errorf("the mirror has\n%.2000s\nwant\n%.2000s", got, want)
	}
	var held []string
	for _, f := range followers[1:] {
		for _, n := range names(t, f.Store) {
			if !strings.HasPrefix(n, "0.NA/") {
				held = append(held, n)
			}
		}
	}
	slices.Sort(held)
	var want []string
	for _, n := range names(t, o.Store) {
		if !strings.HasPrefix(n, "0.NA/") {
			want = append(want, n)
		}
	}
	slices.Sort(want)
	if !slices.Equal(held, want) {
		t.Errorf("the hash site has %d names, want %d, each once", len(held), len(want))
	}
	for _, f := range followers {
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	}
	if b.asked[changefeed.Changes] == 0 || b.asked[changefeed.Dump] == 0 {
		t.Errorf("asked: %v", b.asked)
	}
}

// TestLogGoesOnAlone follows a log whose origin does not answer any more.
func TestLogGoesOnAlone(t *testing.T) {
	c := &clock{}
	r := rand.New(rand.NewPCG(3, 4))
	b := newBus()
	o := changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{7}}
	write(t, o.Store, r, 10)
	b.answer = func(q []byte) []byte { return o.Answer(t.Context(), q) }
	stop := start(t, func(ctx context.Context) error { o.Publish(ctx, b); return nil })
	f := &changefeed.Follower{Store: records.NewMemory(c.Now), Line: b, File: filepath.Join(t.TempDir(), "place"), Now: time.Now}
	stopFollower := start(t, f.Run)
	eventually(t, "the dump", func() bool { return f.Status().Level() })
	if err := stopFollower(); err != nil {
		t.Fatal(err)
	}
	write(t, o.Store, r, 50)
	eventually(t, "the log has all", func() bool {
		last, _ := b.Last(t.Context())
		m, err := changefeed.ParseBatch(last)
		return err == nil && m.To == o.Store.Seq()
	})
	_ = stop()
	b.mu.Lock()
	b.answer = nil // the origin is gone
	b.mu.Unlock()
	f = &changefeed.Follower{Store: f.Store, Line: b, File: f.File, Now: time.Now}
	if err := f.Load(); err != nil {
		t.Fatal(err)
	}
	defer start(t, f.Run)() //nolint:errcheck // nothing is wrong with it
	eventually(t, "it has what the log has", func() bool { return f.Status().Applied == o.Store.Seq() })
	if all(t, f.Store) != all(t, o.Store) {
		t.Error("the records differ")
	}
}

// TestLostMessage loses the last message there is: nothing behind it shows the gap.
func TestLostMessage(t *testing.T) {
	c := &clock{}
	b := newBus()
	o := changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{7}}
	b.answer = func(q []byte) []byte { return o.Answer(t.Context(), q) }
	defer start(t, func(ctx context.Context) error { o.Publish(ctx, b); return nil })() //nolint:errcheck // nothing is wrong with it
	f := &changefeed.Follower{Store: records.NewMemory(c.Now), Line: b, File: filepath.Join(t.TempDir(), "place"), Now: time.Now}
	defer start(t, f.Run)() //nolint:errcheck // nothing is wrong with it
	r := rand.New(rand.NewPCG(3, 4))
	write(t, o.Store, r, 30)
	eventually(t, "the first changes", func() bool { s := f.Status(); return s.Ready && s.Applied == o.Store.Seq() })
	b.mu.Lock()
	b.lose = true
	b.mu.Unlock()
	if _, err := o.Store.Apply(t.Context(), records.Batch{Items: []records.Item{{Op: records.Put, Record: recordstest.Record("88.1/last", 1)}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the last change", func() bool { return f.Status().Applied == o.Store.Seq() })
}

// TestOtherHistory shows that nobody follows a history that is not the one begun with.
func TestOtherHistory(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(c *clock, was records.Store) changefeed.Origin
		says string
	}{
		{"another store", func(c *clock, _ records.Store) changefeed.Origin {
			return changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{8}}
		}, "the origin is 08"},
		{"the same put back to an older state", func(c *clock, _ records.Store) changefeed.Origin {
			return changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{7}}
		}, "parts from"},
		{"put back, and as long again", func(c *clock, was records.Store) changefeed.Origin {
			st := records.NewMemory(c.Now)
			write(t, st, rand.New(rand.NewPCG(9, 9)), int(was.Seq())+50)
			return changefeed.Origin{Store: st, ID: changefeed.ID{7}}
		}, "parts from"},
		{"changes that were forgotten", func(_ *clock, was records.Store) changefeed.Origin {
			write(t, was, rand.New(rand.NewPCG(9, 9)), 50)
			if err := was.Prune(t.Context(), was.Seq(), time.Time{}); err != nil {
				t.Fatal(err)
			}
			return changefeed.Origin{Store: was, ID: changefeed.ID{7}}
		}, "forgotten"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{}
			b := newBus()
			o := changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{7}}
			write(t, o.Store, rand.New(rand.NewPCG(5, 6)), 20)
			b.answer = func(q []byte) []byte { return o.Answer(t.Context(), q) }
			f := &changefeed.Follower{Store: records.NewMemory(c.Now), Line: b, File: filepath.Join(t.TempDir(), "place"), Now: time.Now}
			stop := start(t, f.Run)
			eventually(t, "the dump", func() bool { return f.Status().Level() })
			write(t, o.Store, rand.New(rand.NewPCG(5, 7)), 20)
			b.cutFor(t, 1, func() {}) // it asks for what is missing: there is no log
			eventually(t, "changes", func() bool { return f.Status().Applied == o.Store.Seq() })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			now := tt.make(c, o.Store)
			b.mu.Lock()
			b.answer = func(q []byte) []byte { return now.Answer(t.Context(), q) }
			b.mu.Unlock()
			f = &changefeed.Follower{Store: f.Store, Line: b, File: f.File, Now: time.Now}
			if err := f.Load(); err != nil {
				t.Fatal(err)
			}
			err := f.Run(t.Context())
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

func TestPublishOverOtherLog(t *testing.T) {
	c := &clock{}
	b := newBus()
	if err := b.Append(t.Context(), changefeed.AppendBatch(nil, changefeed.Batch{Origin: changefeed.ID{1}, From: 1, To: 900})); err != nil {
		t.Fatal(err)
	}
	o := changefeed.Origin{Store: records.NewMemory(c.Now), ID: changefeed.ID{2}}
	defer start(t, func(ctx context.Context) error { o.Publish(ctx, b); return nil })() //nolint:errcheck // nothing is wrong with it
	eventually(t, "the log of another is cleared", func() bool { last, _ := b.Last(t.Context()); return last == nil })
	write(t, o.Store, rand.New(rand.NewPCG(5, 6)), 3)
	eventually(t, "the changes are in it", func() bool {
		last, _ := b.Last(t.Context())
		m, err := changefeed.ParseBatch(last)
		return err == nil && m.Origin == o.ID && m.To == o.Store.Seq()
	})
}

func TestDamagedPlace(t *testing.T) {
	f := &changefeed.Follower{Store: records.NewMemory(time.Now), Line: newBus(), File: filepath.Join(t.TempDir(), "place"), Now: time.Now}
	if err := os.WriteFile(f.File, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Load(); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzParseBatch(f *testing.F) {
	f.Add(changefeed.AppendBatch(nil, changefeed.Batch{Origin: changefeed.ID{1, 2}, From: 3, To: 4, ToAt: time.UnixMicro(5), Head: 9, After: "88.1/a", More: true, Versions: []records.Version{
		{Seq: 3, At: time.UnixMicro(4), Record: recordstest.Record("88.1/x", 3)}, {Seq: 4, At: time.UnixMicro(5), Deleted: true, Record: handle.Record{Name: "88.1/y"}},
	}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := changefeed.ParseBatch(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if again := changefeed.AppendBatch(nil, m); !bytes.Equal(again, b) {
			t.Errorf("% x\nbecomes\n% x", b, again)
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	f.Add(changefeed.AppendRequest(nil, changefeed.Request{Kind: changefeed.Changes, Share: changefeed.Share{Hash: typed.HashName, Servers: 3, Server: 1}, From: 9, At: time.UnixMicro(7), After: "88.1/x"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := changefeed.ParseRequest(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if again := changefeed.AppendRequest(nil, q); !bytes.Equal(again, b) {
			t.Errorf("% x\nbecomes\n% x", b, again)
		}
	})
}
