package flow

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

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
	s := New(module.Host{DB: db, Log: slog.New(slog.DiscardHandler), Now: time.Now, Site: web.Site{Unit: "500000", Zone: time.FixedZone("", 8*3600)}, Blobs: blob.Files{Dir: b.TempDir()}}, people{})
	s.Admit(Guest{Name: "test", Procedures: os.DirFS("testdata/procedures")})
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
