// Package proof makes what the city publishes checkable by somebody who does not trust
// it: statements signed by the issuing body, an append-only public log of them, time
// stamps and witnesses of the log, and one text file for each number that a stranger
// verifies offline. docs/adr/0007-evidence.md says how; docs/verify/format.md says what
// the file holds.
//
// What must hold:
//   - A module states in the transaction of the thing itself, so that there is no number
//     without its claim and no claim without its number.
//   - A vintage of a name is signed once. What is signed is on disk before it leaves,
//     and the same bytes are in the log; after an interruption the log says what is
//     there and the rest is appended, never signed again.
//   - What Settle has returned for is in the log on disk.
//   - Private keys are in the database only sealed, by a key that is not in it.
//   - What is in the log but not in the database, or the reverse, is found and told,
//     not mended in silence.
//
// Statements are public for ever. No claim may hold personal data.
package proof

import (
	"context"
	"embed"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yuzhou/engine/proof/seal"
	"yuzhou/engine/proof/statement"
	"yuzhou/engine/proof/tsa"
	"yuzhou/engine/proof/witness"
	"yuzhou/kernel/module"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

// Log is an append-only log on disk; engine/proof/logstore is one.
type Log interface {
	// Append returns the indexes of entries when they are on disk, in order.
	Append(ctx context.Context, entries ...[]byte) ([]uint64, error)
	// Checkpoint returns the newest published checkpoint; fault.NotFound before the first.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Covered returns a published checkpoint that covers an index.
	Covered(ctx context.Context, index uint64) ([]byte, error)
	// Size returns how many entries are on disk.
	Size(ctx context.Context) (uint64, error)
	// Entries calls use with every entry from an index on.
	Entries(ctx context.Context, from uint64, use func(index uint64, entry []byte) error) error
	// Public opens a file as C2SP tlog-tiles names it; fault.NotFound.
	Public(name string) (*os.File, error)
	// Close waits until a published checkpoint covers what was appended.
	Close(ctx context.Context) error
}

// Opening is what a log is opened with.
type Opening struct {
	Signer   note.Signer
	Verifier note.Verifier
	Least    uint64 // entries that it has for certain
}

// Config is what the program lends to the engine beside the host.
type Config struct {
	// Open opens the log; fault.Busy when another process has it open.
	Open func(ctx context.Context, o Opening) (Log, error)
	// Read opens a published file of the log without opening the log.
	Read func(name string) (*os.File, error)
	// Keys seals private keys.
	Keys func() (seal.KEK, error)
	// Device returns the signer of a key that a device holds, by what proofs name it
	// and its suite; nil: there is none.
	Device func(ctx context.Context, method, suite string) (statement.Signer, error)
	// Policy is the text of the log's policy (C2SP tlog-policy) with its witnesses; ""
	// for none.
	Policy string
	// Witnessed is a policy whose logs this node cosigns; "" for none.
	Witnessed string
	// Authority is the URL of a time stamping authority (RFC 3161), "" for our own; Pins
	// are the certificates, as PEM, that its stamps must lead to.
	Authority, Pins string
}

// Units is what the engine asks of the people and units.
type Units interface {
	Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error
}

// Service is the engine: one for the whole program.
type Service struct {
	Config

	db   *store.DB
	log  *slog.Logger
	now  func() time.Time
	site web.Site
	who  Units

	streams []Stream      // set before the program serves, never after
	sources []Source      // set before the program serves, never after
	pending atomic.Bool   // this process has made claims that may not be stated
	stale   atomic.Bool   // what is computed may have changed
	begun   atomic.Bool   // the log and the database were brought together once
	count   atomic.Uint64 // of claims, for their order

	sequencing sync.Mutex // held by whoever signs and appends; guards opened
	opened     Log        // nil: not opened by this process

	keys    ring
	tsaOnce sync.Mutex // guards tsa
	tsa     *tsa.Authority
	witOnce sync.Mutex // guards wit
	wit     *witness.Witness
}

// New returns the engine on host h.
func New(h module.Host, who Units, c Config) *Service {
	s := &Service{Config: c, db: h.DB, log: h.Log, now: h.Now, site: h.Site, who: who}
	s.stale.Store(true)
	return s
}

// Module describes the engine to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "proof", Migrations: migrations, Pack: s.loadPack, Close: s.Close, Verbs: verbs(), Describe: s.describe,
		Routes: s.routes,
		Jobs: []module.Job{
			{Name: "proof.sequence", Every: 250 * time.Millisecond, Run: s.work},
			{Name: "proof.keep", Every: time.Second, Run: s.keepUp},
			{Name: "proof.records", Every: time.Second, Run: s.gatherAll},
			{Name: "proof.again", Every: 10 * time.Minute, Run: func(context.Context) error { s.Wake(); return nil }},
			{Name: "proof.stamp", Every: 10 * time.Second, Run: s.stamp},
		},
	}
}
