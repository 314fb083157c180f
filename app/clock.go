package app

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
)

// demoClock is the time of a demonstration: it runs on from the instant that its
// pack names, can be put forward, never back, and stands in a file of the data
// directory while the program does not run.
type demoClock struct {
	file string

	mu    sync.Mutex // guards what follows
	base  time.Time  // what it showed at since
	since time.Time  // of the machine's clock, the monotonic one
}

// openClock reads the clock that was left in a directory, or starts one.
func openClock(dir, start string) (*demoClock, error) {
	c := &demoClock{file: filepath.Join(dir, "clock"), since: time.Now()}
	text, err := os.ReadFile(c.file)
	switch {
	case err == nil:
		start = strings.TrimSpace(string(text))
	case !os.IsNotExist(err):
		return nil, err
	}
	if c.base, err = time.Parse(time.RFC3339Nano, start); err != nil {
		return nil, fault.New(fault.Invalid, "%s holds %q, which is not an instant such as 2023-07-03T09:00:00+08:00; mend or remove it", c.file, start)
	}
	return c, nil
}

func (c *demoClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.since))
}

// put lets the clock go on from an instant that has not passed.
//
// Errors: fault.Conflict when it has, those of the file.
func (c *demoClock) put(at time.Time) error {
	if now := c.now(); at.Before(now) {
		return fault.New(fault.Conflict, "the clock shows %s and does not go back to %s", now.Format(time.RFC3339), at.Format(time.RFC3339))
	}
	c.mu.Lock()
	c.base, c.since = at, time.Now()
	c.mu.Unlock()
	return c.save()
}

// save notes what the clock shows; a city of people has none to note.
func (c *demoClock) save() error {
	if c == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(c.file, []byte(c.now().UTC().Format(time.RFC3339Nano)+"\n"), 0o600)
}
