package proof

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"yuzhou/engine/proof/monitor"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

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
	f.StringVar(&w.log, "log", "", "address of the log, such as https://city.example.org/log")
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
		return fault.New(fault.Invalid, "say which log to follow and whom you trust: yuzhou proof monitor --log https://…/log --trust POLICY")
	}
	m, err := w.monitor()
	if err != nil {
		return err
	}
	var seen []byte
	if w.state != "" {
		if seen, err = os.ReadFile(w.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if w.once {
		alerts, err := w.step(ctx, c, m, &seen)
		if err == nil && alerts > 0 {
			err = module.ErrFound
		}
		return err
	}
	return w.follow(ctx, c, m, &seen)
}

// follow looks again and again until ctx ends.
func (w watching) follow(ctx context.Context, c module.Call, m *monitor.Monitor, seen *[]byte) error {
	for {
		_, err := w.step(ctx, c, m, seen)
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

// monitor returns what is asked of the log.
func (w watching) monitor() (*monitor.Monitor, error) {
	text, err := os.ReadFile(w.policy)
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the policy " + w.policy + " cannot be read", Err: err}
	}
	m := &monitor.Monitor{Fetch: fetcher(strings.TrimSuffix(w.log, "/")), Quiet: w.quiet, Now: time.Now} //nolint:forbidigo // a reader outside has no host
	if w.watched != "" {
		m.Watched = strings.Split(w.watched, ",")
	}
	m.Policy, err = verify.ParsePolicy(text)
	return m, err
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
	if err := os.WriteFile(w.state+".new", now, 0o600); err != nil { //nolint:gosec // the file that the user names
		return len(alerts), err
	}
	return len(alerts), os.Rename(w.state+".new", w.state)
}
