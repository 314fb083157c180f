package app

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"yuzhou/kernel/pack"
)

// Story is a demonstration that plays itself: what people do in cities that have a
// clock of their own.
type Story struct {
	Command []string // what plays it: {"story"}
	Help    string   // one line
	Data    string   // directory of its data when none is named
	// Bind declares the story's own flags and returns what plays it.
	Bind func(*flag.FlagSet) Play
}

// Play tells a story on a stage.
type Play func(ctx context.Context, s *Stage) error

// Stage is what a story plays on: it opens cities, which can be looked at while the
// story is told.
type Stage struct {
	English bool // what is told is told in English

	open   func(ctx context.Context, o Opening) (*City, error)
	out    io.Writer
	exit   bool   // the cities end with the story
	next   func() // waits until the reader wants to go on
	cities []*City
}

// Tell prints a line.
func (s *Stage) Tell(line pack.Text) {
	_, _ = fmt.Fprintln(s.out, line.In(s.lang())) // nowhere to complain to
}

// Step says what has just happened in a city and where it can be seen, then waits
// until the reader wants to go on.
func (s *Stage) Step(c *City, what pack.Text, see ...string) {
	_, _ = fmt.Fprintf(s.out, "\n%s  %s\n", c.Now().Format("2006-01-02 15:04"), what.In(s.lang()))
	for _, path := range see {
		_, _ = fmt.Fprintf(s.out, "    %s%s\n", c.URL, path)
	}
	s.next()
}

func (s *Stage) lang() string {
	if s.English {
		return "en"
	}
	return "zh-CN"
}

// Open opens a new city and serves it until it is stopped or the story ends.
//
// Errors: fault.Conflict when there is a city in its directory already.
func (s *Stage) Open(ctx context.Context, o Opening) (*City, error) {
	c, err := s.open(ctx, o)
	if err == nil {
		s.cities = append(s.cities, c)
	}
	return c, err
}

// close ends all cities, the last first.
func (s *Stage) close() error {
	var errs []error
	for _, c := range slices.Backward(s.cities) {
		errs = append(errs, c.Stop())
	}
	return errors.Join(errs...)
}

// Opening says which city a story opens.
type Opening struct {
	Name     string            // of its directory below that of the data; "" for that itself
	Pack     fs.FS             // with a clock
	Settings map[string]string // of modules, instead of what is set; {url} stands for the city's own address
}

// tell plays a story until it is told, and lets its cities go on until told to stop.
func (p Product) tell(ctx context.Context, story Story, proc process) error {
	c := p.configuration()
	flags := newFlags(strings.Join(story.Command, " "), proc.err)
	c.bind(flags)
	pause := flags.Bool("pause", false, "wait for the Enter key after every step, to look at it in the browser")
	exit := flags.Bool("exit", false, "end when the story has been told; yuzhou serve --data DIR shows what came of it")
	lang := flags.String("lang", "zh-CN", "zh-CN or en")
	play := story.Bind(flags)
	if err := flags.Parse(proc.args[len(story.Command):]); err != nil {
		return errUsage
	}
	if c.Data == "" {
		c.Data = story.Data
	}
	if err := c.fill(proc.env); err != nil {
		return err
	}
	log := logger(proc.err, c.Log)
	stage := &Stage{English: *lang == "en", out: proc.out, exit: *exit, next: func() {}}
	stage.open = func(ctx context.Context, o Opening) (*City, error) { return p.openCity(ctx, c, o, log) }
	if *pause {
		keys := bufio.NewReader(proc.in)
		stage.next = func() {
			stage.Tell(pack.Text{ZH: "    （按回车继续）", EN: "    (press Enter to go on)"})
			_, _ = keys.ReadString('\n') // at the end of the input it goes on
		}
	}
	err := play(ctx, stage)
	if err == nil && !stage.exit {
		stage.Tell(pack.Text{ZH: "\n故事讲完了，继续运行（Ctrl-C 结束）：" + stage.cities[0].URL, EN: "\nThe story has been told; it goes on (Ctrl-C ends it): " + stage.cities[0].URL})
		<-ctx.Done()
	}
	return errors.Join(err, stage.close())
}

// storyOf returns the story that a command line plays.
func (p Product) storyOf(args []string) (Story, bool) {
	for _, s := range p.Stories {
		if len(args) >= len(s.Command) && slices.Equal(args[:len(s.Command)], s.Command) {
			return s, true
		}
	}
	return Story{}, false
}
