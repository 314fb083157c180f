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
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	held "yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/typed"
)

// asked is how many of the identifiers are asked for: as many as the node keeps answers of.
func asked() int { return min(*records, 100_000) }

// site answers by HTTP as the product does, on records of its own in a directory: with the
// router, its headers and its log, which goes nowhere. What is asked for is warm.
func site(ctx context.Context, dir string) (http.Handler, error) {
	m, rt, err := whole(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	m.Routes(rt)
	handler := rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
	for i := range asked() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/handles/"+string(name(i)), nil))
	}
	return handler, nil
}

// serveWhole answers by UDP as the product does, with all that it counts and measures, until
// standard input ends.
func serveWhole() error {
	dir, err := os.MkdirTemp("", "yuzhou-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is nobody's any more
	free, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return err
	}
	at := free.LocalAddr().String()
	if err := free.Close(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	m, _, err := whole(ctx, dir, map[string]string{"identifiers-udp": at, "identifiers-tcp": "off", "identifiers-recursor": "off"})
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() {
		ask := client.Client{Start: []typed.Site{client.At(netip.MustParseAddrPort(at))}, Transports: []typed.Transport{typed.UDP}}
		for i := range asked() { // to be warm; before the socket is there it is asked again
			_, _ = ask.Resolve(ctx, name(i), handle.Query{})
		}
		fmt.Println(at)
	}()
	return m.Serve(ctx)
}

// whole is the module on records of its own in a directory.
func whole(ctx context.Context, dir string, settings map[string]string) (m module.Module, rt *web.Router, err error) {
	db, err := store.Open(ctx, filepath.Join(dir, "yuzhou.db"))
	if err != nil {
		return m, nil, err
	}
	r, err := pebblestore.Open(ctx, filepath.Join(dir, "records"), pebblestore.Options{Now: time.Now})
	if err != nil {
		return m, nil, err
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
		return m, nil, err
	}
	log := slog.New(slog.DiscardHandler)
	h := module.Host{
		DB: db, Now: time.Now, Log: log, Dir: dir, Site: web.Site{Unit: "1", Prefix: "88.118.2", Zone: time.UTC, Now: time.Now},
		Setting: func(name string) string { return settings[name] },
	}
	m = identifiers.New(h, identifiers.Needs{Open: func(context.Context, string) (held.Store, error) { return r, nil }}).Module()
	if err := db.Migrate(ctx, "identifiers", m.Migrations); err != nil {
		return m, nil, err
	}
	return m, web.NewRouter(h.Site, log, func(context.Context, actor.Actor, actor.Permission, string) error { return nil }), nil
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
