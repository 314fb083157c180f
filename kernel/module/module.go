// Package module says what a domain module is to the rest of the program.
//
// A module is plain data: no registration by side effect, no reflection. What
// must hold: its tables, routes, verbs and settings carry its name as prefix.
package module

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"yuzhou/kernel/blob"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/event"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

// Host is what the program lends to every module. A module's New copies the
// fields it needs and keeps nothing else.
type Host struct {
	DB     *store.DB
	Log    *slog.Logger
	Now    func() time.Time
	Events *event.Bus
	Charts *chart.Renderer
	Blobs  blob.Store
	Site   web.Site
	// Dir is the directory of the data. A module that keeps files has Dir/NAME to itself.
	Dir string
	// Setting returns what is in force of a setting that the module has declared.
	Setting func(name string) string
}

// Module is a domain module as data: the program asks for nothing else, and a
// nil field means "this module has none".
type Module struct {
	Name       string                     // also the prefix of its tables, routes and verbs
	Migrations fs.FS                      // migrations/NNNN_name.sql, applied in order, never edited
	Pack       func(*pack.Pack) pack.Load // reads its part of a pack; the Load runs with all others in one transaction
	Routes     func(*web.Router)
	Jobs       []Job
	Verbs      []Verb // yuzhou NAME VERB
	Settings   []Setting
	Describe   Describe // the names that it publishes
	// Serve serves what is not HTTP beside the web server, until ctx ends.
	Serve func(ctx context.Context) error
	// Close ends what the module has begun, before the database is closed. What others
	// have of it ends later: modules are closed in the reverse order of their list.
	Close func(context.Context) error
}

// Setting is something that whoever runs the program may choose: by the flag
// --NAME, by YUZHOU_NAME in the environment, or by a line of the settings' file.
type Setting struct {
	Name     string // begins with the module's name and "-"
	Usage    string // one line
	Fallback string // in force when nothing was chosen
}

// Job runs every Every until ctx ends. A Job must be safe to run twice at once.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
}

// Verb is a command-line verb. It works on the API alone, so that it does the
// same on a data directory and on a running server.
type Verb struct {
	Name string
	Args string // of the usage line: "FILE"
	Help string // one line
	Bind func(*flag.FlagSet) Run
}

// Run does what a verb is for. Its error is printed and becomes the exit status.
type Run func(ctx context.Context, c Call) error

// Call is one use of a verb.
type Call struct {
	Args    []string // what is not a flag
	JSON    bool     // --json: print what the API answers
	In      io.Reader
	Out     io.Writer
	Server  string                      // --server as it was given; "" for none
	API     func() (*web.Client, error) // opens the data directory, or reaches the server
	Modules []Module                    // without a database, to read packs with
}

// ErrFound is returned by a verb that has printed what it found and wants the
// exit status 1 without a further word.
var ErrFound = errors.New("something was found")
