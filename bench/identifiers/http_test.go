package identifiers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/kernel/actor"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers"
	"yuzhou/modules/identifiers/handle"
	held "yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
)

// asked is how many of the identifiers are asked for: as many as the node keeps answers of.
func asked() int { return min(*records, 100_000) }

// site is the module as the product has it, on records of its own in a directory: with the
// router, its headers and its log, which goes nowhere. What is asked for is warm.
func site(ctx context.Context, dir string) (http.Handler, error) {
	db, err := store.Open(ctx, filepath.Join(dir, "yuzhou.db"))
	if err != nil {
		return nil, err
	}
	r, err := pebblestore.Open(ctx, filepath.Join(dir, "records"), pebblestore.Options{Now: time.Now})
	if err != nil {
		return nil, err
	}
	err = r.Load(ctx, func(yield func(handle.Record, error) bool) {
		for i := range *records {
			v := handle.Value{Index: 1, Type: "URL", Data: []byte(url(i)), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: 1}
			if !yield(handle.Record{Name: name(i), Values: []handle.Value{v}}, nil) {
				return
			}
		}
	}, held.LoadOptions{Key: "bench"})
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	h := module.Host{DB: db, Now: time.Now, Log: log, Dir: dir, Site: web.Site{Unit: "1", Prefix: "88.118.2", Zone: time.UTC, Now: time.Now}, Setting: func(string) string { return "" }}
	s := identifiers.New(h, identifiers.Needs{Open: func(context.Context, string) (held.Store, error) { return r, nil }})
	if err := db.Migrate(ctx, "identifiers", s.Module().Migrations); err != nil {
		return nil, err
	}
	rt := web.NewRouter(h.Site, log, func(context.Context, actor.Actor, actor.Permission, string) error { return nil })
	s.Module().Routes(rt)
	handler := rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
	for i := range asked() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/handles/"+string(name(i)), nil))
	}
	return handler, nil
}

// serveHTTP answers by HTTP until standard input ends.
func serveHTTP() error {
	dir, err := os.MkdirTemp("", "yuzhou-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is nobody's any more
	h, err := site(context.Background(), dir)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// BenchmarkHTTP resolves identifiers drawn uniformly, by the JSON API over loopback on
// connections that stay open: the server's own processor time for an answer.
//
//	go test ./bench/identifiers -run '^$' -bench HTTP -benchtime 1x
func BenchmarkHTTP(b *testing.B) {
	to, pid := startNode(b, "http")
	for b.Loop() {
		loadHTTP(b, to, time.Second) // to be warm
		before := cpu(b, pid)
		began := time.Now()
		n := loadHTTP(b, to, *lasting)
		used, wall := cpu(b, pid)-before, time.Since(began)
		b.ReportMetric(float64(n)/used.Seconds(), "answers/cpu-s")
		b.ReportMetric(float64(n)/wall.Seconds(), "answers/s")
		b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/answer")
	}
}

// BenchmarkHandler answers the same without a socket.
func BenchmarkHandler(b *testing.B) {
	h, err := site(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	requests := make([]*http.Request, 1<<12)
	for i := range requests {
		requests[i] = httptest.NewRequest(http.MethodGet, "/api/handles/"+string(name(rand.IntN(asked()))), nil)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, requests[i%len(requests)])
		if i++; w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// loadHTTP asks for a while on eight connections, on each one question after the other, and
// returns how many answers came.
func loadHTTP(b *testing.B, to netip.AddrPort, lasting time.Duration) int64 {
	b.Helper()
	var answers atomic.Int64
	var all sync.WaitGroup
	end := time.Now().Add(lasting)
	for range 8 {
		c, err := net.Dial("tcp", to.String())
		if err != nil {
			b.Fatal(err)
		}
		all.Go(func() {
			defer c.Close() //nolint:errcheck // its work is done
			answers.Add(askHTTP(c, end))
		})
	}
	all.Wait()
	return answers.Load()
}

func askHTTP(c net.Conn, end time.Time) (answers int64) {
	in := bufio.NewReader(c)
	for time.Now().Before(end) {
		if _, err := fmt.Fprintf(c, "GET /api/handles/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n", name(rand.IntN(asked()))); err != nil {
			return answers
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers
		}
		_, err = io.Copy(io.Discard, r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil || r.StatusCode != http.StatusOK {
			return answers
		}
		answers++
	}
	return answers
}
