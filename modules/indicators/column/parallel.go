package column

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel runs work(worker, part) for each part from 0 to parts-1 on as many
// goroutines as there are processors to run them, and waits for all. No two run
// with the same worker number, which is below Workers, at once. When ctx ends, no
// further part is begun and its error is returned.
func Parallel(ctx context.Context, parts int, work func(worker, part int)) error {
	workers := min(Workers(), parts)
	var next atomic.Int64
	run := func(worker int) {
		for ctx.Err() == nil {
			part := int(next.Add(1)) - 1
			if part >= parts {
				return
			}
			work(worker, part)
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { run(w) })
	}
	run(0)
	wg.Wait()
	return ctx.Err()
}

// Workers is how many goroutines Parallel uses at most.
func Workers() int { return runtime.GOMAXPROCS(0) }
