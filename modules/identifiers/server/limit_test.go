package server

import (
	"net/netip"
	"testing"
	"time"
)

// TestJudge: who asks little and is answered much gets its burst, then what its time
// brings, then nothing but now and then a word to come by TCP.
func TestJudge(t *testing.T) {
	var now int64
	l := newLimiter(Limit{Bytes: 1000, Burst: 2000, Slip: 3, Clock: func() int64 { return now }}.with())
	a := netip.MustParseAddr("198.51.100.7")
	for i, step := range []struct {
		name     string
		from     string
		asked    int
		answered int
		after    time.Duration
		want     verdict
	}{
		{"no longer than the question", "198.51.100.7", 500, 500, 0, send},
		{"of the burst", "198.51.100.7", 100, 1100, 0, send},
		{"the rest of it", "198.51.100.8", 100, 1100, 0, send}, // the same network
		{"beyond", "198.51.100.7", 100, 1100, 0, silent},
		{"and again", "198.51.100.7", 100, 1100, 0, silent},
		{"a word", "198.51.100.7", 100, 1100, 0, refuse},
		{"another network", "203.0.113.7", 100, 1100, 0, send},
		{"the same written otherwise", "::ffff:198.51.100.9", 100, 1100, 0, silent},
		{"half a second brings half", "198.51.100.7", 100, 1100, 500 * time.Millisecond, silent},
		{"the other half", "198.51.100.7", 100, 1100, 500 * time.Millisecond, send},
		{"a day brings no more than a burst", "198.51.100.7", 100, 2101, 24 * time.Hour, silent},
		{"a burst", "198.51.100.7", 100, 2100, 0, send},
		{"this machine", "127.0.0.1", 1, 1_000_000, 0, send},
		{"a subscriber", "2001:db8:0:100::1", 100, 2100, 0, send},
		{"another address of his", "2001:db8:0:1ff::2", 100, 2100, 0, silent},
		{"his neighbour", "2001:db8:0:200::1", 100, 2100, 0, send},
	} {
		now += int64(step.after)
		if got := l.judge(netip.MustParseAddr(step.from), step.asked, step.answered); got != step.want {
			t.Errorf("%d. %s: %v, want %v", i, step.name, got, step.want)
		}
	}
	if n := network(a); n != netip.MustParseAddr("198.51.100.0") {
		t.Error(n)
	}
}

// TestForgedSources: a million made-up sources take bounded memory and are, together,
// sent a bounded number of bytes; those that were silent are forgotten.
func TestForgedSources(t *testing.T) {
	var now int64
	l := newLimiter(Limit{Bytes: 1000, Burst: 1000, Clock: func() int64 { return now }}.with())
	sent := 0
	flood := func(n int) {
		for i := range n {
			a := netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})
			if l.judge(a, 0, 1000) == send {
				sent++
			}
		}
	}
	flood(1 << 20)
	known := 0
	for i := range l.shards {
		known += len(l.shards[i].accounts)
	}
	if known > shards*perShard || sent > known+shards {
		t.Errorf("%d accounts, %d answers", known, sent)
	}
	now = int64(2 * time.Minute)
	if v := l.judge(netip.MustParseAddr("250.1.1.1"), 0, 1000); v != send {
		t.Errorf("an honest client after the flood: %v", v)
	}
}

func BenchmarkJudge(b *testing.B) {
	l := newLimiter(Limit{}.with())
	a := netip.MustParseAddr("198.51.100.7")
	for b.Loop() {
		l.judge(a, 80, 300)
	}
}
