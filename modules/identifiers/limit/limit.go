// Package limit bounds what a source is sent by UDP, where nobody proves that they are
// who they say: without it a server could be made to flood a third party with answers
// that are longer than the requests.
//
// What must hold: forged sources, however many, take bounded memory and are sent a
// bounded number of bytes; an honest one is told how to be answered all the same.
package limit

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Config says how much. The zero value works.
type Config struct {
	Bytes int           // a source may be sent this many bytes a second beyond what it has sent; 0: 256 KiB
	Burst int           // and may save up as many; 0: 1 MiB
	Slip  int           // every so manieth request beyond is told so, so that an honest client asks again by TCP; 0: 4
	Clock func() int64  // nanoseconds of a steady clock; nil: the machine's
	Sweep time.Duration // sources that were silent as long are forgotten; 0: 1 minute
}

func (c Config) with() Config {
	c.Bytes = cmp.Or(c.Bytes, 256<<10)
	c.Burst = cmp.Or(c.Burst, 1<<20)
	c.Slip = cmp.Or(c.Slip, 4)
	c.Sweep = cmp.Or(c.Sweep, time.Minute)
	if c.Clock == nil {
		began := time.Now() //nolint:forbidigo // a steady clock, of which only differences are used
		c.Clock = func() int64 { return int64(time.Since(began)) }
	}
	return c
}

const (
	shards    = 64
	perShard  = 4096 // sources that are known at once; the rest share one account
	v4Network = 24   // an IPv4 source is its network of 256 addresses
	v6Network = 56   // an IPv6 source is what one subscriber is given
)

// Limiter keeps an account of bytes for each source.
type Limiter struct {
	Config
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu       sync.Mutex // guards what follows
	accounts map[netip.Addr]account
	rest     account // of all sources that found no room
	swept    int64
	_        [64]byte // no two shards share a cache line
}

// account is what a source may still be sent.
type account struct {
	bytes   int64 // left
	at      int64 // nanoseconds: when that was so
	refused int
}

// Verdict is what becomes of an answer.
type Verdict int

// The verdicts.
const (
	Send   Verdict = iota
	Refuse         // say in short that it has had its share
	Silent
)

// New returns a limiter.
func New(c Config) *Limiter {
	out := &Limiter{Config: c.with(), seed: maphash.MakeSeed()}
	for i := range out.shards {
		out.shards[i].accounts = map[netip.Addr]account{}
	}
	return out
}

// network returns what counts as one source.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap()
	size := v6Network
	if a.Is4() {
		size = v4Network
	}
	p, err := a.WithZone("").Prefix(size)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// Judge says what becomes of an answer of some bytes to a request of some bytes.
func (l *Limiter) Judge(from netip.Addr, asked, answered int) Verdict {
	if answered <= asked || from.IsLoopback() {
		return Send
	}
	source := network(from)
	s := &l.shards[maphash.Comparable(l.seed, source)%shards]
	now := l.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[source]
	if !known {
		if len(s.accounts) >= perShard {
			s.sweep(now, int64(l.Sweep))
		}
		if len(s.accounts) >= perShard {
			return l.draw(&s.rest, now, answered-asked)
		}
		a = account{bytes: int64(l.Burst), at: now}
	}
	v := l.draw(&a, now, answered-asked)
	s.accounts[source] = a
	return v
}

// draw takes bytes from an account after adding what time has brought.
func (l *Limiter) draw(a *account, now int64, bytes int) Verdict {
	if passed := now - a.at; passed > 0 {
		a.bytes = min(int64(l.Burst), a.bytes+passed/int64(time.Millisecond)*int64(l.Bytes)/1000)
		a.at = now - passed%int64(time.Millisecond)
	}
	if a.bytes >= int64(bytes) {
		a.bytes -= int64(bytes)
		a.refused = 0
		return Send
	}
	a.refused++
	if a.refused%l.Slip == 0 {
		return Refuse
	}
	return Silent
}

// sweep forgets sources that were silent, at most once a second.
func (s *shard) sweep(now, silence int64) {
	if now-s.swept < int64(time.Second) {
		return
	}
	s.swept = now
	for source, a := range s.accounts {
		if now-a.at > silence {
			delete(s.accounts, source)
		}
	}
}
