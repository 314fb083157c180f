package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
)

// patience is how long a stopping server waits for requests under way.
const patience = 10 * time.Second

func newFlags(name string, out io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("yuzhou "+name, flag.ContinueOnError)
	flags.SetOutput(out)
	return flags
}

func (p Product) serve(ctx context.Context, proc process) error {
	c := p.configuration()
	flags := newFlags("serve", proc.err)
	c.bind(flags)
	if err := flags.Parse(proc.args[1:]); err != nil {
		return errUsage
	}
	if err := c.fill(proc.env); err != nil {
		return err
	}
	log := logger(proc.err, c.Log)
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return &fault.Fault{Kind: fault.Busy, Text: fmt.Sprintf("address %s cannot be listened on; is another server running?", c.Addr), Err: err}
	}
	defer ln.Close() //nolint:errcheck // the server closes it first
	ct, err := p.open(ctx, c, log)
	if err != nil {
		return err
	}
	if err := ct.greet(ctx, proc.out, ln.Addr().String()); err != nil {
		return errors.Join(err, ct.close(ctx))
	}
	return errors.Join(ct.run(ctx, ln), ct.close(ctx))
}

// greet prints the first line: the address and how to sign in.
func (ct *city) greet(ctx context.Context, out io.Writer, addr string) error {
	user, password, created, err := ct.who.EnsureOwner(ctx)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("Yuzhou 渝州 http://%s  sign in as %s with the password you know", addr, user)
	if created {
		line = fmt.Sprintf("Yuzhou 渝州 http://%s  sign in as %s, password %s (shown once: keep it)", addr, user, password)
	}
	_, err = fmt.Fprintln(out, line)
	return err
}

// run serves until ctx ends, then lets requests under way finish.
func (ct *city) run(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler: ct.router.Handler(ct.who.Identify), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(ct.log.Handler(), slog.LevelWarn),
	}
	var jobs sync.WaitGroup
	jobCtx, stop := context.WithCancel(ctx)
	for _, m := range ct.modules {
		for _, j := range m.Jobs {
			jobs.Go(func() { ct.repeat(jobCtx, j) })
		}
		if m.Serve != nil {
			jobs.Go(func() {
				if err := m.Serve(jobCtx); err != nil && jobCtx.Err() == nil {
					ct.log.ErrorContext(jobCtx, "module stopped serving", slog.String("module", m.Name), slog.Any("error", err))
				}
			})
		}
	}
	if ct.clock != nil {
		jobs.Go(func() {
			ct.repeat(jobCtx, module.Job{Name: "clock", Every: time.Second, Run: func(context.Context) error { return ct.clock.save() }})
		})
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		err = server.Shutdown(last)
	}
	stop()
	jobs.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// repeat runs a job every so often until ctx ends; its errors go to the log.
func (ct *city) repeat(ctx context.Context, j module.Job) {
	tick := time.NewTicker(j.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := j.Run(ctx); err != nil && ctx.Err() == nil {
				ct.log.ErrorContext(ctx, "job failed", slog.String("job", j.Name), slog.Any("error", err))
			}
		}
	}
}
