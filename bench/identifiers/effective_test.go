package identifiers

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	held "yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/records/pebblestore"
	"yuzhou/modules/identifiers/server"
	"yuzhou/modules/identifiers/typed"
)

// writers register at the same time, one identifier after the other.
const writers = 16

// BenchmarkEffective registers identifiers one by one, each durable, by several writers at
// once, and resolves each by UDP: the time from the registration's begin to the answer.
//
//	go test ./bench/identifiers -run '^$' -bench Effective -benchtime 20000x
func BenchmarkEffective(b *testing.B) {
	s, err := pebblestore.Open(b.Context(), b.TempDir(), pebblestore.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		b.Fatal(err)
	}
	site := client.At(netip.MustParseAddrPort(udp.LocalAddr().String()))
	n := node.New(node.Config{
		Record: func(ctx context.Context, n handle.Name) (handle.Record, error) {
			v, err := s.Get(ctx, n, time.Time{})
			return v.Record, err
		},
		Place: func(string) node.Place { return node.Place{Standing: node.Hosted} },
		Site:  func() (typed.Site, int) { return site, 0 }, Store: s, Now: time.Now,
	})
	ctx, stop := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, n, server.Config{}, []*net.UDPConn{udp}, nil) }()
	var took [writers][]time.Duration
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		all.Go(func() {
			ask := &client.Client{Start: []typed.Site{site}, Transports: []typed.Transport{typed.UDP}}
			for {
				i := int(next.Add(1))
				if i > b.N {
					return
				}
				begin := time.Now()
				rec := handle.Record{Name: handle.Name(fmt.Sprintf("88.118.2/new-%09d", i)), Values: scaleRecord(i).Values}
				if _, err := s.Apply(ctx, held.Batch{Items: []held.Item{{Op: held.Create, Record: rec}}}); err != nil {
					b.Error(err)
					return
				}
				n.Forget(rec.Name)
				if _, err := ask.Resolve(ctx, rec.Name, handle.Query{}); err != nil {
					b.Error(err)
					return
				}
				took[w] = append(took[w], time.Since(begin))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	every := slices.Sorted(slices.Values(slices.Concat(took[:]...)))
	at := func(share float64) float64 {
		return float64(every[min(len(every)-1, int(share*float64(len(every))))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(len(every))/b.Elapsed().Seconds(), "registered/s")
	stop()
	if err := <-served; err != nil {
		b.Error(err)
	}
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}
