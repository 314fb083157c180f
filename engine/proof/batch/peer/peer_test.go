// Package peer holds batches beside what they stand in for: one log entry a record, and
// one signature a record. It is apart so that other tests do not compile the peers.
package peer

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"yuzhou/engine/proof/batch"
)

// size of a record in bytes, here and there.
const size = 256

func record(i int) []byte {
	out := make([]byte, size)
	copy(out, fmt.Sprintf("record %d", i))
	return out
}

// cpu returns the processor time of this process.
func cpu() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// measure reports entries a second and processor time an entry.
func measure(b *testing.B, n int, work func()) {
	b.Helper()
	for b.Loop() {
		was, begun := cpu(), time.Now()
		work()
		b.ReportMetric(float64(n)/time.Since(begun).Seconds(), "entries/s")
		b.ReportMetric(float64((cpu()-was).Nanoseconds())/float64(n), "cpu-ns/entry")
	}
}

// BenchmarkIngest: a million records into one tree, and a bare Tessera POSIX appender of
// the same records.
func BenchmarkIngest(b *testing.B) {
	b.Run("batch", func(b *testing.B) {
		const n = 1_000_000
		rec := record(1)
		measure(b, n, func() {
			t := batch.Builder{Schema: "call/1", Keep: batch.Checks}
			for range n {
				if err := t.Append(rec); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := t.Close(); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("tessera", func(b *testing.B) {
		const n = 50_000
		skey, _, err := note.GenerateKey(rand.Reader, "peer.example.org")
		if err != nil {
			b.Fatal(err)
		}
		signer, err := note.NewSigner(skey)
		if err != nil {
			b.Fatal(err)
		}
		measure(b, n, func() { appendAll(b, signer, n) })
	})
}

func appendAll(b *testing.B, signer note.Signer, n int) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	log, stop, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(4096, 100*time.Millisecond))
	if err != nil {
		b.Fatal(err)
	}
	futures := make([]tessera.IndexFuture, n)
	for i := range n {
		futures[i] = log.Add(ctx, tessera.NewEntry(record(i)))
	}
	for _, f := range futures {
		if _, err := f(); err != nil {
			b.Fatal(err)
		}
	}
	if err := stop(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCheck: a million records against their tree, ten of them altered and named;
// and 100,000 Ed25519 signatures, a tenth as many.
func BenchmarkCheck(b *testing.B) {
	b.Run("batch", func(b *testing.B) {
		const n = 1_000_000
		t := batch.Builder{Schema: "call/1", Keep: batch.Checks}
		for i := range n {
			if err := t.Append(record(i)); err != nil {
				b.Fatal(err)
			}
		}
		tree, err := t.Close()
		if err != nil {
			b.Fatal(err)
		}
		measure(b, n, func() {
			rec := make([]byte, size)
			found, err := tree.Audit(func(use func(int64, []byte) error) error {
				for i := range int64(n) {
					clear(rec)
					copy(rec, fmt.Appendf(rec[:0], "record %d", i))
					if i%100_000 == 5 {
						rec[100] = 1
					}
					if err := use(i, rec); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil || len(found.Altered) != 10 {
				b.Fatal(found, err)
			}
		})
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
	})
	b.Run("ed25519", func(b *testing.B) {
		const n = 100_000
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		rec := record(1)
		sig := ed25519.Sign(private, rec)
		measure(b, n, func() {
			for range n {
				if !ed25519.Verify(public, rec, sig) {
					b.Fatal("it does not verify")
				}
			}
		})
	})
}
