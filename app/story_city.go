package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// City is a city of a story while it runs.
type City struct {
	URL             string
	Owner, Password string // of whom runs it
	clock           *demoClock
	zone            *time.Location
	stop            func() error
}

// openCity opens and serves a new city of a story.
func (p Product) openCity(ctx context.Context, c config, o Opening, log *slog.Logger) (*City, error) {
	p.Pack, c.Pack = o.Pack, ""
	if o.Name != "" {
		c.Data, c.Addr, log = filepath.Join(c.Data, o.Name), "127.0.0.1:0", log.With(slog.String("city", o.Name))
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Busy, Text: fmt.Sprintf("address %s cannot be listened on; is another server running?", c.Addr), Err: err}
	}
	out := &City{URL: "http://" + ln.Addr().String()}
	c.override(o.Settings, out.URL)
	ct, err := p.open(ctx, c, log)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	var fresh bool
	if out.Owner, out.Password, fresh, err = ct.who.EnsureOwner(ctx); err == nil && (!fresh || ct.clock == nil) {
		err = fault.New(fault.Conflict, "there is a city in that data directory already; name a new one with --data, or see it with yuzhou serve")
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close(), ct.close(ctx))
	}
	out.clock, out.zone = ct.clock, ct.site.Zone
	running, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- errors.Join(ct.run(running, ln), ct.close(running)) }()
	out.stop = sync.OnceValue(func() error {
		stop()
		return <-served
	})
	return out, nil
}

// override puts settings in force in a copy of the settings; {url} stands for url.
func (c *config) override(settings map[string]string, url string) {
	more := make([]setting, len(c.more))
	for i, s := range c.more {
		v := *s.field
		if own, ok := settings[s.name]; ok {
			v = strings.ReplaceAll(own, "{url}", url)
		}
		s.field = &v
		more[i] = s
	}
	c.more = more
}

// Stop ends the city; what it has acknowledged is in its directory.
func (c *City) Stop() error { return c.stop() }

// Now is what the city's clock shows, in its zone.
func (c *City) Now() time.Time { return c.clock.now().In(c.zone) }

// At lets the city's clock go on from a time of day of its own zone, such as
// "2023-07-04 09:30".
//
// Errors: fault.Conflict when that has passed.
func (c *City) At(local string) error {
	at, err := time.ParseInLocation("2006-01-02 15:04", local, c.zone)
	if err != nil {
		return err
	}
	return c.clock.put(at)
}

// Client returns a client that has signed in.
func (c *City) Client(ctx context.Context, user, password string) (*web.Client, error) {
	out := &web.Client{Base: c.URL, HTTP: http.DefaultClient}
	var t struct{ Token string }
	err := out.Do(ctx, http.MethodPost, "/org/sessions", map[string]string{"user": user, "password": password}, &t)
	out.Token = t.Token
	return out, err
}
