package jetstream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/changefeed/jetstream"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/recordstest"
)

// free returns an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// origin serves a store at an address until stop is called.
func origin(t *testing.T, o changefeed.Origin, options changefeed.Options) (stop func()) {
	t.Helper()
	options.Name, options.Origin = "88.118.1", true
	b, err := jetstream.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = b.Answer(ctx, func(q []byte) []byte { return o.Answer(ctx, q) }) })
	all.Go(func() { o.Publish(ctx, b) })
	return sync.OnceFunc(func() {
		cancel()
		all.Wait()
		b.Close()
	})
}

// follow lets a new follower follow at an address.
func follow(t *testing.T, url string) *changefeed.Follower {
	t.Helper()
	b, err := jetstream.Open(t.Context(), changefeed.Options{Name: "88.118.1", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	f := &changefeed.Follower{Store: records.NewMemory(time.Now), Line: b, File: filepath.Join(t.TempDir(), "place"), Now: time.Now}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b.Close()
	})
	return f
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func write(t *testing.T, s records.Store, n int) {
	t.Helper()
	for range n {
		item := records.Item{Op: records.Put, Record: recordstest.Record(fmt.Sprintf("88.118.1/%d", rand.IntN(500)), rand.IntN(200))}
		if _, err := s.Apply(t.Context(), records.Batch{Items: []records.Item{item}}); err != nil {
			t.Fatal(err)
		}
	}
}

func all(t *testing.T, s records.Store) string {
	t.Helper()
	var out strings.Builder
	if err := s.Scan(t.Context(), records.Range{}, func(v records.Version) error {
		fmt.Fprintf(&out, "%s %d %x\n", v.Record.Name, v.At.UnixMicro(), handle.AppendValues(nil, v.Record.Values))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestRestart lets the server with the feed go away and come back, with what it kept
// and without.
func TestRestart(t *testing.T) {
	o := changefeed.Origin{Store: records.NewMemory(time.Now), ID: changefeed.ID{1}}
	write(t, o.Store, 3000)
	at := free(t)
	dir := t.TempDir()
	f := follow(t, "nats://"+at) // before the origin is there
	stop := origin(t, o, changefeed.Options{Listen: at, Dir: dir})
	level := func() bool { s := f.Status(); return s.Ready && s.Applied == o.Store.Seq() }
	eventually(t, "the dump", level)
	for _, kept := range []string{dir, dir, t.TempDir()} {
		write(t, o.Store, 100)
		stop()
		write(t, o.Store, 100)
		began := time.Now()
		stop = origin(t, o, changefeed.Options{Listen: at, Dir: kept})
		write(t, o.Store, 100)
		eventually(t, "what was written meanwhile", level)
		t.Logf("level %v after the origin came back", time.Since(began).Round(time.Millisecond))
	}
	stop()
	if all(t, f.Store) != all(t, o.Store) {
		t.Error("the records differ")
	}
}

// TestLatency measures from a registration to its being on the mirror.
func TestLatency(t *testing.T) {
	o := changefeed.Origin{Store: records.NewMemory(time.Now), ID: changefeed.ID{1}}
	at := free(t)
	defer origin(t, o, changefeed.Options{Listen: at, Dir: t.TempDir()})()
	f := follow(t, "nats://"+at)
	eventually(t, "the dump", func() bool { return f.Status().Ready })
	var worst, sum time.Duration
	const n = 200
	for range n {
		began := time.Now()
		write(t, o.Store, 1)
		eventually(t, fmt.Sprintf("it is there: %+v", f.Status()), func() bool { return f.Status().Applied == o.Store.Seq() })
		took := time.Since(began)
		worst, sum = max(worst, took), sum+took
	}
	t.Logf("mean %v, worst %v of %d", sum/n, worst, n)
	if mean := sum / n; mean > time.Second {
		t.Errorf("a registration is on the mirror after %v", mean)
	}
}

// TestRights shows what a follower may not do, and who is not let in.
func TestRights(t *testing.T) {
	o := changefeed.Origin{Store: records.NewMemory(time.Now), ID: changefeed.ID{1}}
	at := free(t)
	defer origin(t, o, changefeed.Options{Listen: at, Dir: t.TempDir(), Token: "hush"})()
	refused := make(chan error, 10)
	c, err := nats.Connect("nats://follower:hush@"+at, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, subject := range []string{
		"identifiers.changes.88_118_1", "$JS.API.STREAM.PURGE.identifiers_88_118_1", "$JS.API.STREAM.DELETE.identifiers_88_118_1",
		"$JS.API.STREAM.CREATE.mine", "$JS.API.STREAM.UPDATE.identifiers_88_118_1", "_INBOX.somebody",
	} {
		if err := c.Publish(subject, []byte("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-refused:
			if !strings.Contains(err.Error(), "Permissions Violation") {
				t.Errorf("%s: %v", subject, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("a follower may publish to %s", subject)
		}
	}
	for _, url := range []string{"nats://" + at, "nats://follower:wrong@" + at, "nats://origin:@" + at, "nats://hush@" + at} {
		if c, err := nats.Connect(url); err == nil {
			c.Close()
			t.Errorf("%s is let in", url)
		}
	}
}

func TestBadOptions(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct {
		name    string
		options changefeed.Options
		kind    fault.Kind
		says    string
	}{
		{"no address", changefeed.Options{Listen: "somewhere"}, fault.Invalid, "127.0.0.1:4222"},
		{"others reach it", changefeed.Options{Listen: "192.0.2.1:4222"}, fault.Invalid, "token"},
		{"taken", changefeed.Options{Listen: taken.Addr().String()}, fault.Busy, "cannot listen"},
		{"no URL", changefeed.Options{URL: "nats://a b"}, fault.Invalid, "cannot be connected"},
		{"a secret", changefeed.Options{URL: "nats://secret@a b"}, fault.Invalid, "cannot be connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Dir = t.TempDir()
			b, err := jetstream.Open(t.Context(), tt.options)
			if err == nil {
				b.Close()
			}
			if fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
				t.Error(err)
			}
		})
	}
}
