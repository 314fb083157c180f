package flow

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// engine returns an engine on a new SQLite file, synced on every commit.
func engine(b *testing.B) *Service {
	b.Helper()
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "flow.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), "flow", migrations); err != nil {
		b.Fatal(err)
	}
	s := New(module.Host{DB: db, Log: slog.New(slog.DiscardHandler), Now: time.Now, Site: web.Site{Unit: "500000", Zone: time.FixedZone("", 8*3600)}, Blobs: blob.Files{Dir: b.TempDir()}}, people{}, &prooftest.Book{})
	s.Admit(Guest{Name: "test", Procedures: os.DirFS("testdata/procedures"), Topics: map[string]func(context.Context, Effected) error{
		"test.result": func(context.Context, Effected) error { return nil },
	}})
	source, err := os.ReadFile(calendar2026)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.SetCalendar(b.Context(), source); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkOpen opens cases from many callers at once, without HTTP.
func BenchmarkOpen(b *testing.B) {
	s := engine(b)
	clerk := as(b.Context(), "clerk", actor.Clerk, "500112")
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Open(clerk, Opening{Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"}}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkSend moves cases on from many callers at once, without HTTP.
func BenchmarkSend(b *testing.B) {
	s := engine(b)
	clerk := as(b.Context(), "clerk", actor.Clerk, "500112")
	ids := make([]string, b.N)
	for i := range ids {
		c, err := s.Open(clerk, Opening{Procedure: "permit", Unit: "500112", Data: map[string]any{"unit": "500112"}})
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = c.ID
	}
	var next atomic.Int64
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Send(clerk, Command{Case: ids[next.Add(1)-1], Event: "accept"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// million is how many cases are open in BenchmarkMillion.
const million = 1_000_000

// BenchmarkMillion asks for inboxes beside a million open cases of a thousand
// units, and then puts another calendar in force, which moves every due.
func BenchmarkMillion(b *testing.B) {
	s := engine(b)
	fillWith(b, s, million)
	for b.Loop() {
		inboxes(b, s)
		source, err := os.ReadFile(calendar2026)
		if err != nil {
			b.Fatal(err)
		}
		day := time.Now().In(s.site.Zone).AddDate(0, 0, 1)
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			day = day.AddDate(0, 0, 1)
		}
		head := fmt.Sprintf("  %d:\n    off: {", day.Year())
		changed := strings.Replace(string(source), head, fmt.Sprintf("%s%q: 临时放假, ", head, day.Format(time.DateOnly)), 1)
		began := time.Now()
		if err := s.SetCalendar(b.Context(), []byte(changed)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "relit-s")
		var ranges int64
		if err := s.db.Read(b.Context(), func(tx store.Tx) error {
			_, err := tx.One(b.Context(), `SELECT COUNT(*) FROM flow_redue`, nil, &ranges)
			return err
		}); err != nil || ranges != million/relightChunk {
			b.Fatalf("%d ranges of cases were moved, %v", ranges, err)
		}
	}
}

// fillWith opens n cases of a thousand units.
func fillWith(b *testing.B, s *Service, n int) {
	b.Helper()
	program := s.AsProgram(b.Context())
	var next atomic.Int64
	var wait sync.WaitGroup
	for range maxBatch {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				unit := fmt.Sprintf("5%05d", i%1000)
				if _, err := s.Open(program, Opening{Procedure: "part", Unit: unit, Data: map[string]any{"unit": unit}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// inboxes reports how long the first page of an inbox takes, of a clerk and of
// who oversees the city.
func inboxes(b *testing.B, s *Service) {
	b.Helper()
	for name, ask := range map[string]func(i int) (context.Context, Asking){
		"inbox": func(i int) (context.Context, Asking) {
			return as(b.Context(), "clerk", actor.Clerk, fmt.Sprintf("5%05d", i%1000)), Asking{}
		},
		"cases": func(int) (context.Context, Asking) {
			return as(b.Context(), "leader", actor.Leader, "500000"), Asking{Unit: "500112", Only: true}
		},
	} {
		took := make([]time.Duration, 500)
		for i := range took {
			ctx, a := ask(i)
			began := time.Now()
			box, err := s.Inbox(ctx, a)
			if err != nil || len(box.Items) == 0 {
				b.Fatal(len(box.Items), err)
			}
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, name+"-p99-ms")
	}
}
