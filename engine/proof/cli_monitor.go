package proof

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"yuzhou/engine/proof/monitor"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

// maxFile is the largest file of a log that is read, in bytes: 256 entries of 64 KiB.
const maxFile = 17 << 20

// watching is what the verb monitor was asked.
type watching struct {
	log, policy, state, watched string
	every, quiet                time.Duration
	once                        bool
}

// monitorVerb follows a log from outside: it uses no data directory, and of the server
// nothing but the log's public files.
func monitorVerb(f *flag.FlagSet) module.Run {
	var w watching
	f.StringVar(&w.log, "url", "", "address of the log, such as https://city.example.org/log")
	f.StringVar(&w.policy, "trust", "", "file of whom you trust (yuzhou proof policy prints a city's)")
	f.StringVar(&w.state, "state", "", "file in which to remember what was seen; nothing is remembered when empty")
	f.StringVar(&w.watched, "watch", "", "names, separated by commas, of which any statement is told; one that ends in / stands for all that begin with it")
	f.DurationVar(&w.every, "every", 10*time.Second, "how often to look")
	f.DurationVar(&w.quiet, "quiet", 0, "tell when nothing new has come for so long; never when 0")
	f.BoolVar(&w.once, "once", false, "look once; the exit status is 1 when there is something to tell")
	return func(ctx context.Context, c module.Call) error { return w.run(ctx, c) }
}

func (w watching) run(ctx context.Context, c module.Call) error {
	if w.log == "" || w.policy == "" {
		return fault.New(fault.Invalid, "say which log to follow and whom you trust: yuzhou proof monitor --url https://…/log --trust POLICY")
	}
	text, err := os.ReadFile(w.policy)
	if err != nil {
		return &fault.Fault{Kind: fault.Invalid, Text: "the policy " + w.policy + " cannot be read", Err: err}
	}
	m := monitor.Monitor{Fetch: fetcher(strings.TrimSuffix(w.log, "/")), Quiet: w.quiet, Now: time.Now}
	if m.Policy, err = verify.ParsePolicy(text); err != nil {
		return err
	}
	if w.watched != "" {
		m.Watched = strings.Split(w.watched, ",")
	}
	var seen []byte
	if w.state != "" {
		if seen, err = os.ReadFile(w.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for {
		alerts, err := w.step(ctx, c, &m, &seen)
		if w.once {
			if err == nil && alerts > 0 {
				err = module.ErrFound
			}
			return err
		}
		if err != nil {
			_, _ = fmt.Fprintln(c.Out, "not seen:", err) // nowhere to complain to
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.every):
		}
	}
}

// step looks once, prints what there is to tell, and remembers.
func (w watching) step(ctx context.Context, c module.Call, m *monitor.Monitor, seen *[]byte) (int, error) {
	now, alerts, err := m.Step(ctx, *seen)
	for _, a := range alerts {
		if c.JSON {
			if err := c.PrintJSON(a); err != nil {
				return len(alerts), err
			}
			continue
		}
		if _, err := fmt.Fprintf(c.Out, "%-10s %s\n", a.Kind, a.EN); err != nil {
			return len(alerts), err
		}
	}
	if err != nil {
		return len(alerts), err
	}
	*seen = now
	if w.state == "" {
		return len(alerts), nil
	}
	// A new file in place of the old one: half a state is none.
	if err := os.WriteFile(w.state+".new", now, 0o600); err != nil {
		return len(alerts), err
	}
	return len(alerts), os.Rename(w.state+".new", w.state)
}

// fetcher reads files of a log over HTTP.
func fetcher(base string) func(ctx context.Context, path string) ([]byte, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	return func(ctx context.Context, path string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+path, nil)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is no address of a log: %v", base, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, &fault.Fault{Kind: fault.Busy, Text: "no answer from " + base, Err: err}
		}
		defer resp.Body.Close() //nolint:errcheck // read only
		switch resp.StatusCode {
		case http.StatusOK:
			return io.ReadAll(io.LimitReader(resp.Body, maxFile))
		case http.StatusNotFound:
			return nil, fault.New(fault.NotFound, "%s has no file %s", base, path)
		}
		return nil, fault.New(fault.Busy, "%s answered %s for %s", base, resp.Status, path)
	}
}
