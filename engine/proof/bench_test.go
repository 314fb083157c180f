package proof

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/store"
)

// spent returns the processor time of this process.
func spent() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkPublish measures what stating adds to a number: a claim in its transaction, the
// signature, the statement's row and the leaf in the log, on disk. Numbers come a hundred
// at a time, as a collection does, and one by one.
func BenchmarkPublish(b *testing.B) {
	for _, at := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d-at-once", at), func(b *testing.B) {
			db, err := store.Open(b.Context(), b.TempDir()+"/town.db")
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // a bench
			if err := db.Migrate(b.Context(), "proof", migrations); err != nil {
				b.Fatal(err)
			}
			w := build(b, db, b.TempDir())
			w.every = 0 // as it ships
			n := 0
			publish := func() {
				var all []Claim
				for range at {
					n++
					all = append(all, number(fmt.Sprintf("st.a/%d/2023", n), 1, "1"))
				}
				w.claim(b, all...)
				w.settle(b)
			}
			publish() // the keys are made, the log is opened
			was := spent()
			begun := n
			for b.Loop() {
				publish()
			}
			b.ReportMetric(float64((spent()-was).Microseconds())/float64(n-begun), "cpu-µs/number")
			if err := w.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkBundle measures making the bundle of a number and verifying it.
func BenchmarkBundle(b *testing.B) {
	db, err := store.Open(b.Context(), b.TempDir()+"/town.db")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a bench
	if err := db.Migrate(b.Context(), "proof", migrations); err != nil {
		b.Fatal(err)
	}
	w := build(b, db, b.TempDir())
	for i := range 2000 {
		w.claim(b, number(fmt.Sprintf("st.a/%d/2023", i), 1, "1"))
	}
	w.settle(b)
	p := w.readerPolicy(b)
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			file, err := w.Bundle(b.Context(), Ref{Name: "st.a/700/2023"}, false)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(file)), "B")
		}
	})
	file, err := w.Bundle(b.Context(), Ref{Name: "st.a/700/2023"}, false)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if r := verify.Verify(file, p, verify.Options{}); !r.OK {
				b.Fatal(r.Sentence())
			}
		}
	})
}
