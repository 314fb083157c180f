// Package flow measures the flow engine of the whole program over HTTP, with a
// peer doing the same beside it.
//
// Run it with: go test ./bench/flow -run '^$' -bench . -benchtime 1x -timeout 60m
package flow

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// shot is one request that a worker sends.
type shot struct {
	method, path, body string
}

// outcome is what a load has shown.
type outcome struct {
	took    time.Duration
	latency []time.Duration // sorted
	failed  int
	first   string   // of the failures
	bodies  []string // of the answers, when they were asked for
}

// rate returns requests a second.
func (o outcome) rate() float64 { return float64(len(o.latency)) / o.took.Seconds() }

// percentile returns a latency in milliseconds.
func (o outcome) percentile(p float64) float64 {
	if len(o.latency) == 0 {
		return 0
	}
	return float64(o.latency[min(len(o.latency)-1, int(p*float64(len(o.latency))))]) / 1e6
}

// gun is who sends requests where.
type gun struct {
	addr, token string
	workers     int
	keep        bool // the bodies of the answers
}

// fire lets workers send n requests, each on a connection of its own, the next
// one as soon as the last is answered. It writes HTTP by hand: a client that works
// hard would be measured with the server on the same machine.
func (g gun) fire(n int, next func(i int) shot) outcome {
	var mu sync.Mutex
	var wait sync.WaitGroup
	var o outcome
	sent := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		sent++
		return sent - 1, sent <= n
	}
	began := time.Now() //nolint:forbidigo // measures
	for range g.workers {
		wait.Go(func() {
			part := g.work(take, next)
			mu.Lock()
			defer mu.Unlock()
			o.latency = append(o.latency, part.latency...)
			o.bodies = append(o.bodies, part.bodies...)
			o.failed += part.failed
			if o.first == "" {
				o.first = part.first
			}
		})
	}
	wait.Wait()
	o.took = time.Since(began)
	slices.Sort(o.latency)
	return o
}

func (g gun) work(take func() (int, bool), next func(i int) shot) (o outcome) {
	conn, err := net.Dial("tcp", g.addr) //nolint:noctx // as long as the bench
	if err != nil {
		return outcome{failed: 1, first: err.Error()}
	}
	defer conn.Close() //nolint:errcheck // all has been read
	r := bufio.NewReader(conn)
	for {
		i, ok := take()
		if !ok {
			return o
		}
		s := next(i)
		began := time.Now() //nolint:forbidigo // measures
		body, err := s.send(conn, r, g.addr, g.token)
		if err != nil {
			o.failed++
			o.first = err.Error()
			return o
		}
		o.latency = append(o.latency, time.Since(began))
		if g.keep {
			o.bodies = append(o.bodies, body)
		}
	}
}

func (s shot) send(conn net.Conn, r *bufio.Reader, addr, token string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nContent-Type: application/json\r\n", s.method, s.path, addr, len(s.body))
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	b.WriteString("\r\n" + s.body)
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(r, nil) //nolint:bodyclose // read to its end; the connection goes on
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s %s", s.method, s.path, resp.Status, text)
	}
	return string(text), err
}
