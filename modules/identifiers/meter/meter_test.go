package meter

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"yuzhou/modules/identifiers/docking"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// at is noon in Beijing of a day.
func at(day int) time.Time { return time.Date(2026, 1, day, 4, 0, 0, 0, time.UTC) }

func newMeter(now *time.Time) *Meter {
	return New(Config{Own: "88.118", Known: func(p string) bool { return p == "88.118.2" || p == "88.118.3" }, Now: func() time.Time { return *now }})
}

// given is what Changed gives, by day and prefix.
func given(t *testing.T, m *Meter) map[string]Day {
	t.Helper()
	out := map[string]Day{}
	err := m.Changed(func(days []Day) error {
		for _, d := range days {
			text, err := json.Marshal(d)
			if err != nil {
				return err
			}
			var back Day
			if err := json.Unmarshal(text, &back); err != nil {
				return err
			}
			out[d.Date()+" "+d.Prefix] = back
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMeter(t *testing.T) {
	now := at(5)
	m := newMeter(&now)
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.2")
	m.Resolved(one, []byte("88.118.2/a"), true, true, time.Millisecond)
	m.Resolved(one, []byte("88.118.2/b"), true, false, 3*time.Millisecond)
	m.Resolved(other, []byte("88.118.2/c"), false, false, time.Second)
	m.Resolved(netip.Addr{}, []byte("88.118/d"), true, true, time.Millisecond)
	m.Resolved(one, []byte("10.5/e"), true, false, time.Millisecond) // of nobody here
	m.Resolved(one, []byte("88.118.2"), true, true, time.Millisecond)
	m.Registered("88.118.3/x", true, 2*time.Millisecond)
	m.Registered("88.118.3/x", false, time.Second)
	all := given(t, m)
	if len(all) != 3 {
		t.Fatal(all)
	}
	own, two, three := all["2026-01-05 88.118"], all["2026-01-05 88.118.2"], all["2026-01-05 88.118.3"]
	if own.Queries != 6 || own.Successes != 3 || two.Queries != 3 || two.Successes != 1 || three.Queries != 0 {
		t.Error(own, two, three)
	}
	f := two.Figures("2026-01-05", "88.118.2")
	if f.ResolveMean != 2000 || f.ResolveMax != 3000 || f.PeakQPS != 3 || f.PeakAt != "2026-01-05 12:00:00" {
		t.Errorf("%+v", f)
	}
	if c := three.Latency.Counts(); c.Registered != 1 || c.RegisterFailed != 1 || c.EffectiveSum != 2000 || c.EffectiveOnes != 1 {
		t.Errorf("%+v", c)
	}
	// The rules of the tables take what it says.
	for _, d := range []Day{own, two, three} {
		st := d.Statistics(d.Date(), d.Prefix)
		b := docking.Batch{Table: docking.TableStatistics, Node: d.Prefix, Sent: now, Rows: []any{&st}}
		if _, err := b.JSON(); err != nil {
			t.Error(err)
		}
	}
	if n := len(given(t, m)); n != 0 {
		t.Errorf("%d are given again", n)
	}
}

// TestDays: a day that is over is given once more as it ended; what cannot be written
// down is given again; a stop of the program loses nothing that was given.
func TestDays(t *testing.T) {
	now := at(5)
	m := newMeter(&now)
	ask := func() { m.Resolved(netip.Addr{}, []byte("88.118.2/a"), true, true, time.Millisecond) }
	ask()
	kept := given(t, m)
	ask()
	now = at(6)
	broken := errors.New("no room")
	if err := m.Changed(func([]Day) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	ask()
	all := given(t, m)
	if len(all) != 4 || all["2026-01-05 88.118.2"].Queries != 2 || all["2026-01-06 88.118.2"].Queries != 1 {
		t.Error(all)
	}
	now = at(5)
	again := newMeter(&now)
	again.Restore([]Day{kept["2026-01-05 88.118.2"], all["2026-01-06 88.118.2"]})
	again.Resolved(netip.Addr{}, []byte("88.118.2/a"), true, true, time.Millisecond)
	if d := given(t, again)["2026-01-05 88.118.2"]; d.Queries != 2 {
		t.Error(d)
	}
}

// TestMany: what is asked from ever new addresses is counted, and takes no more room.
func TestMany(t *testing.T) {
	now := at(5)
	m := newMeter(&now)
	for i := range 3 * MaxSources {
		m.Resolved(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), []byte("88.118.2/a"), true, true, time.Millisecond)
	}
	d := given(t, m)["2026-01-05 88.118.2"]
	if len(d.Sources) != MaxSources+1 || d.Sources[Others()] != 2*MaxSources || d.Queries != 3*MaxSources {
		t.Errorf("%d sources, %d others, %d queries", len(d.Sources), d.Sources[Others()], d.Queries)
	}
}

func TestServed(t *testing.T) {
	now := at(5)
	m := newMeter(&now)
	message := func(op wire.Op, code wire.Code, encrypted bool, content []byte) []byte {
		return wire.Append(nil, wire.Message{Envelope: wire.Envelope{Version: wire.Newest(), Encrypted: encrypted}, Header: wire.Header{Op: op, Code: code}, Body: content})
	}
	asked := body.AppendResolve(nil, body.Resolve{Name: []byte("88.118.2/a")})
	request := message(wire.OpResolve, wire.Request, false, asked)
	for _, tt := range []struct {
		name            string
		request, answer []byte
		queries, found  int64
	}{
		{"found", request, message(wire.OpResolve, wire.Success, false, nil), 1, 1},
		{"there is none", request, message(wire.OpResolve, wire.NotFound, false, nil), 1, 0},
		{"failed", request, message(wire.OpResolve, wire.Failed, false, nil), 1, 0},
		{"not answered", request, nil, 0, 0},
		{"something else", message(wire.OpSiteInfo, wire.Request, false, nil), message(wire.OpSiteInfo, wire.Success, false, nil), 0, 0},
		{"encrypted", message(wire.OpResolve, wire.Request, true, asked), message(wire.OpResolve, wire.Success, false, nil), 0, 0},
		{"a length that is forged", message(wire.OpResolve, wire.Request, false, []byte{255, 255, 255, 255, 1}), message(wire.OpResolve, wire.ProtocolError, false, nil), 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m.Served(netip.Addr{}, tt.request, tt.answer, time.Millisecond)
			if d := given(t, m)["2026-01-05 88.118.2"]; d.Queries != tt.queries || d.Successes != tt.found {
				t.Errorf("%d queries, %d found", d.Queries, d.Successes)
			}
			m = newMeter(&now)
		})
	}
}

func BenchmarkResolved(b *testing.B) {
	now := at(5)
	m := newMeter(&now)
	from := netip.MustParseAddr("192.0.2.1")
	name := []byte(handle.Name("88.118.2/gearbox-4711"))
	b.ReportAllocs()
	for b.Loop() {
		m.Resolved(from, name, true, true, time.Millisecond)
	}
}
