package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/web"
)

// Story is a demonstration that plays itself: a pack with a clock of its own, and
// what people do in it.
type Story struct {
	Pack fs.FS
	Play func(ctx context.Context, s *Stage) error
}

// Stage is what a story plays on: a city that runs and can be looked at.
type Stage struct {
	URL             string // of the running city
	Owner, Password string // of whom runs it
	English         bool   // what is told is told in English
	clock           *demoClock
	zone            *time.Location
	out             io.Writer
	exit            bool   // the city ends with the story
	next            func() // waits until the reader wants to go on
}

// At lets the city's clock go on from a time of day of its own zone, such as
// "2023-07-04 09:30".
//
// Errors: fault.Conflict when that has passed.
func (s *Stage) At(local string) error {
	at, err := time.ParseInLocation("2006-01-02 15:04", local, s.zone)
	if err != nil {
		return err
	}
	return s.clock.put(at)
}

// Client returns a client that has signed in.
func (s *Stage) Client(ctx context.Context, user, password string) (*web.Client, error) {
	c := &web.Client{Base: s.URL, HTTP: http.DefaultClient}
	var t struct{ Token string }
	err := c.Do(ctx, http.MethodPost, "/org/sessions", map[string]string{"user": user, "password": password}, &t)
	c.Token = t.Token
	return c, err
}

// Tell prints a line.
func (s *Stage) Tell(line pack.Text) {
	_, _ = fmt.Fprintln(s.out, line.In(s.lang())) // nowhere to complain to
}

// Step says what has just happened and where it can be seen, then waits until the
// reader wants to go on.
func (s *Stage) Step(what pack.Text, see ...string) {
	_, _ = fmt.Fprintf(s.out, "\n%s  %s\n", s.clock.now().In(s.zone).Format("2006-01-02 15:04"), what.In(s.lang()))
	for _, path := range see {
		_, _ = fmt.Fprintf(s.out, "    %s%s\n", s.URL, path)
	}
	s.next()
}

func (s *Stage) lang() string {
	if s.English {
		return "en"
	}
	return "zh-CN"
}

// story opens a new city, lets the story play in it while it serves, and goes on
// serving until told to stop.
func (p Product) story(ctx context.Context, proc process) error {
	c := p.configuration()
	flags := newFlags("story", proc.err)
	c.bind(flags)
	pause := flags.Bool("pause", false, "wait for the Enter key after every step, to look at it in the browser")
	exit := flags.Bool("exit", false, "end when the story has been told; yuzhou serve --data DIR shows what came of it")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	if err := flags.Parse(proc.args[1:]); err != nil {
		return errUsage
	}
	if c.Data == "" {
		c.Data = "story"
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
	p.Pack, c.Pack = p.Story.Pack, ""
	ct, err := p.open(ctx, c, log)
	if err != nil {
		return err
	}
	stage := &Stage{URL: "http://" + ln.Addr().String(), English: *lang == "en", clock: ct.clock, out: proc.out, exit: *exit, next: func() {}}
	if *pause {
		keys := bufio.NewReader(proc.in)
		stage.next = func() {
			stage.Tell(pack.Text{ZH: "    （按回车继续）", EN: "    (press Enter to go on)"})
			_, _ = keys.ReadString('\n') // at the end of the input it goes on
		}
	}
	return errors.Join(p.perform(ctx, ct, ln, stage), ct.close(ctx))
}

// perform serves the city and plays on it; the first error of either ends both.
func (p Product) perform(ctx context.Context, ct *city, ln net.Listener, stage *Stage) error {
	var fresh bool
	var err error
	if stage.Owner, stage.Password, fresh, err = ct.who.EnsureOwner(ctx); err != nil {
		return err
	}
	if !fresh || ct.clock == nil {
		return fault.New(fault.Conflict, "there is a city in that data directory already; name a new one with --data, or see it with yuzhou serve")
	}
	stage.zone = ct.site.Zone
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- ct.run(ctx, ln)
		stop()
	}()
	played := p.Story.Play(ctx, stage)
	if played == nil && !stage.exit {
		stage.Tell(pack.Text{
			ZH: strings.TrimSpace("\n故事讲完了，城市继续运行（Ctrl-C 结束）：" + stage.URL),
			EN: strings.TrimSpace("\nThe story has been told; the city goes on (Ctrl-C ends it): " + stage.URL),
		})
		return <-served
	}
	stop()
	return errors.Join(played, <-served)
}
