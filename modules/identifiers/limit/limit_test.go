package limit

import (
	"net/netip"
	"testing"
	"time"
)

// TestJudge: who asks little and is answered much gets its burst, then what its time
// brings, then nothing but now and then a word to come by TCP.
func TestJudge(t *testing.T) {
	var now int64
	l := New(Config{Bytes: 1000, Burst: 2000, Slip: 3, Clock: func() int64 { return now }})
	a := netip.MustParseAddr("198.51.100.7")
	for i, step := range []struct {
		name     string
		from     string
		asked    int
		answered int
		after    time.Duration
		want     Verdict
	}{
		{"no longer than the question", "198.51.100.7", 500, 500, 0, Send},
		{"of the burst", "198.51.100.7", 100, 1100, 0, Send},
		{"the rest of it", "198.51.100.8", 100, 1100, 0, Send}, // the same network
		{"beyond", "198.51.100.7", 100, 1100, 0, Silent},
		{"and again", "198.51.100.7", 100, 1100, 0, Silent},
		{"a word", "198.51.100.7", 100, 1100, 0, Refuse},
		{"another network", "203.0.113.7", 100, 1100, 0, Send},
		{"the same written otherwise", "::ffff:198.51.100.9", 100, 1100, 0, Silent},
		{"half a second brings half", "198.51.100.7", 100, 1100, 500 * time.Millisecond, Silent},
		{"the other half", "198.51.100.7", 100, 1100, 500 * time.Millisecond, Send},
		{"a day brings no more than a burst", "198.51.100.7", 100, 2101, 24 * time.Hour, Silent},
		{"a burst", "198.51.100.7", 100, 2100, 0, Send},
		{"this machine", "127.0.0.1", 1, 1_000_000, 0, Send},
		{"a subscriber", "2001:db8:0:100::1", 100, 2100, 0, Send},
		{"another address of his", "2001:db8:0:1ff::2", 100, 2100, 0, Silent},
		{"his neighbour", "2001:db8:0:200::1", 100, 2100, 0, Send},
	} {
		now += int64(step.after)
		if got := l.Judge(netip.MustParseAddr(step.from), step.asked, step.answered); got != step.want {
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
	l := New(Config{Bytes: 1000, Burst: 1000, Clock: func() int64 { return now }})
	sent := 0
	flood := func(n int) {
		for i := range n {
			a := netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})
			if l.Judge(a, 0, 1000) == Send {
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
	if v := l.Judge(netip.MustParseAddr("250.1.1.1"), 0, 1000); v != Send {
		t.Errorf("an honest client after the flood: %v", v)
	}
}

func BenchmarkJudge(b *testing.B) {
	l := New(Config{})
	a := netip.MustParseAddr("198.51.100.7")
	for b.Loop() {
		l.Judge(a, 80, 300)
	}
}
