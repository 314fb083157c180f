// Package app opens the database, mounts the modules and runs them until told to
// stop; or runs one command-line verb on them.
//
// What must hold: the environment is read here and nowhere else; a database is
// loaded with a pack whole or not at all; SIGTERM ends the program after the
// requests and the commit under way.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/module"
)

// Version is the program's version, as OpenAPI and pages print it.
const Version = "0.1.0"

// Product is what makes this program itself: cmd fills it in.
type Product struct {
	// Modules returns what the program is made of, standing on a host, on the people
	// and units of who and on the evidence engine.
	Modules func(h module.Host, who *org.Service, evidence *proof.Service) []module.Module
	// Pack is the city that is loaded when no other is named.
	Pack fs.FS
	// Stories are demonstrations that play themselves.
	Stories []Story
	// Replay computes a derived number again, for yuzhou verify --replay.
	Replay verify.Replay
}

// process is what the program asks of the operating system, so that tests can
// stand in for it.
type process struct {
	args     []string
	env      func(string) string
	in       io.Reader
	out, err io.Writer
}

// Main runs the program and returns its exit status: 0, 1 when it failed, 2 when
// it was called wrongly.
func Main(p Product) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20) // a soft limit: collect harder before growing past it
	}
	return p.run(ctx, process{os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr})
}

// errUsage marks an error of the command line's form.
var errUsage = errors.New("usage")

// errFound makes a verb exit with 1 without a further word: it has said all.
var errFound = module.ErrFound

func (p Product) run(ctx context.Context, proc process) int {
	err := p.dispatch(ctx, proc)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		return 1
	case errors.Is(err, errUsage):
		return 2
	}
	_, _ = fmt.Fprintln(proc.err, "yuzhou:", sentence(err))
	return 1
}

func (p Product) dispatch(ctx context.Context, proc process) error {
	if len(proc.args) == 0 {
		return p.usage(proc.err)
	}
	if story, ok := p.storyOf(proc.args); ok {
		return p.tell(ctx, story, proc)
	}
	switch proc.args[0] {
	case "serve":
		return p.serve(ctx, proc)
	case "verify":
		return p.verify(proc)
	case "config":
		return p.config(proc)
	case "version":
		_, err := fmt.Fprintln(proc.out, "yuzhou", Version)
		return err
	case "help", "-h", "--help":
		_ = p.usage(proc.out)
		return nil
	}
	return p.verb(ctx, proc)
}

func logger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}
