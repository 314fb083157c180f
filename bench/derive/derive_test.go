package derive

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPeerAgrees holds the two derivations together: what is compared for speed
// must be the same work.
func TestPeerAgrees(t *testing.T) {
	s := size{provinces: 2, districts: 4, base: 12, derived: 20, months: 30}
	e, err := s.engine()
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, s, e.Panel)
	for range 2 { // once more, as the benches do
		if err := s.rollUp(t.Context(), e.Panel, 0, s.base); err != nil {
			t.Fatal(err)
		}
		if err := e.Recompute(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.recompute(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := p.db.QueryContext(t.Context(), `SELECT ind, unit, month, value FROM derived`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n, numbers := 0, 0
	for rows.Next() {
		var k, unit, month int
		var v *float64
		if err := rows.Scan(&k, &unit, &month, &v); err != nil {
			t.Fatal(err)
		}
		n++
		got := e.Panel.Row(derivedID(k), unit)[month]
		switch {
		case v == nil && !math.IsNaN(got), v != nil && !(math.Abs(got-*v) <= 1e-9*math.Abs(*v)+1e-9):
			t.Fatalf("%s in unit %d, month %d: columns give %v, SQL %v", s.formulaOf(k), unit, month, got, v)
		case v != nil:
			numbers++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if want := s.units() * s.derived * s.months; n != want || numbers < want/2 {
		t.Errorf("SQL derives %d cells, %d of them numbers; want %d", n, numbers, want)
	}
}

// BenchmarkCountry recomputes everything at full size: all roll-ups, then all 250
// derived indicators.
func BenchmarkCountry(b *testing.B) {
	s := country()
	e, err := s.engine()
	if err != nil {
		b.Fatal(err)
	}
	cpu := cpuTime()
	for b.Loop() {
		if err := s.rollUp(b.Context(), e.Panel, 0, s.base); err != nil {
			b.Fatal(err)
		}
		if err := e.Recompute(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	derived := float64(s.units() * s.derived * s.months)
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/recompute")
	b.ReportMetric((cpuTime()-cpu).Seconds()/float64(b.N), "cpu-s/recompute")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/derived, "ns/derived-cell")
	b.ReportMetric(float64(s.cells())/1e6, "Mcells")
	b.ReportMetric(peakGiB(), "GiB-peak")
	runtime.KeepAlive(e)
}

// BenchmarkOneChange changes one series of one district and recomputes what rests
// on it: of the indicator that most others rest on.
func BenchmarkOneChange(b *testing.B) {
	s := country()
	e, err := s.engine()
	if err != nil {
		b.Fatal(err)
	}
	if err := s.rollUp(b.Context(), e.Panel, 0, s.base); err != nil {
		b.Fatal(err)
	}
	if err := e.Recompute(b.Context()); err != nil {
		b.Fatal(err)
	}
	most := 0
	for i := range s.base {
		if len(e.Graph.Dependants(baseID(i))) > len(e.Graph.Dependants(baseID(most))) {
			most = i
		}
	}
	unit, dependants := s.units()-1, 0
	for b.Loop() {
		e.Panel.Row(baseID(most), unit)[60]++
		if err := s.rollUp(b.Context(), e.Panel, most, most+1); err != nil {
			b.Fatal(err)
		}
		done, err := e.Changed(b.Context(), baseID(most))
		if err != nil {
			b.Fatal(err)
		}
		dependants = len(done)
	}
	b.ReportMetric(float64(dependants), "dependants")
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/change")
}

// BenchmarkPeer derives one province both ways and reports how many times longer
// SQL takes for a cell.
func BenchmarkPeer(b *testing.B) {
	s := province()
	e, err := s.engine()
	if err != nil {
		b.Fatal(err)
	}
	p := newPeer(b, s, e.Panel)
	var columns, query time.Duration
	const repeat = 50 // one pass of columns is too short for the clock
	for b.Loop() {
		start := time.Now()
		for range repeat {
			if err := s.rollUp(b.Context(), e.Panel, 0, s.base); err != nil {
				b.Fatal(err)
			}
			if err := e.Recompute(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		columns += time.Since(start)
		if err := p.clear(b.Context()); err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		if err := p.recompute(b.Context()); err != nil {
			b.Fatal(err)
		}
		query += time.Since(start)
	}
	derived := float64(b.N * s.units() * s.derived * s.months)
	b.ReportMetric(float64(columns.Nanoseconds())/repeat/derived, "ns/cell-columns")
	b.ReportMetric(float64(query.Nanoseconds())/derived, "ns/cell-sqlite")
	b.ReportMetric(float64(query)/float64(columns)*repeat, "x-slower-sqlite")
	b.ReportMetric(float64(s.cells())/1e6, "Mcells")
}

// peakGiB is the most memory that the process has held, or 0 where the system
// does not say.
func peakGiB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err == nil {
				return kib / (1 << 20)
			}
		}
	}
	return 0
}
