// Package projects keeps what works on the plan: measures, policies and landmark
// projects, with their milestones, money, risk and documents, month by month.
//
// What must hold: a version that was approved is never changed, a change is a
// new one; nothing is in force that was not checked and approved by others than
// whoever filled it in, and what was checked is, by its digest, what is approved;
// a milestone counts as reached, and a work as closed, only with a document; what
// was generated for demonstration says so and is never summed with the rest;
// what the plan names and nobody has filled in stays an empty slot.
package projects

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed procedures
var procedures embed.FS

// The procedures, and the topics that they ask of this module.
const (
	EntryProcedure = "projects-entry"
	MonthProcedure = "projects-month"
	topicVersion   = "projects.version"
	topicWithdrawn = "projects.withdrawn"
	topicMonth     = "projects.month"
)

// The changes that a work goes through.
const (
	Enter  = "enter"
	Change = "change"
	Close  = "close"
	Reopen = "reopen"
)

// Element is an element or a target of the plan, as this module needs to know it.
type Element struct {
	pack.Text
	ID    string     `json:"id"`
	Kind  string     `json:"kind"`            // as plan.Element has it; "target" for a target
	Under []string   `json:"under,omitempty"` // ids of what it stands under; of a target: its element
	Slot  *pack.Text `json:"slot,omitempty"`  // why the source says no more of it
}

// Late is a milestone that a directive is asked for.
type Late struct {
	Work      string    // id
	Name      pack.Text // of work and milestone
	Milestone string
	Unit      string // that answers for it
	Standing  Standing
	Key       string // idempotency key: the same milestone and planned month give the same
}

// Flow is what the module asks of the engine.
type Flow interface {
	Open(ctx context.Context, o flow.Opening) (flow.Case, error)
	Send(ctx context.Context, c flow.Command) (flow.Case, error)
	Case(ctx context.Context, id string) (flow.Case, error)
	Find(ctx context.Context, f flow.Filter) ([]flow.Case, error)
	Possible(ctx context.Context, id string) ([]flow.Possible, error)
}

// Needs is what projects ask of others.
type Needs struct {
	Flow Flow
	// Plan returns the elements and targets of the plan known at an instant, in its order.
	Plan func(ctx context.Context, known time.Time) ([]Element, error)
	// Late opens a directive for a late milestone, or joins the one of the same key,
	// and returns its case's id. Nil: none is opened.
	Late  func(ctx context.Context, l Late) (directive string, err error)
	Units interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Units returns the units in force at an instant, by code.
		Units(ctx context.Context, at time.Time) ([]org.Unit, error)
	}
	Access interface {
		// Decide says whether the actor may use a permission over a unit.
		Decide(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error
	}
	Audit interface {
		// Audit records a change within the transaction that makes it.
		Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error
	}
}

// Service is the module.
type Service struct {
	Needs
	db    *store.DB
	log   *slog.Logger
	now   func() time.Time
	site  web.Site
	blobs blob.Store
	cache cache
}

// New returns the module on host h.
func New(h module.Host, n Needs) *Service {
	return &Service{Needs: n, db: h.DB, log: h.Log, now: h.Now, site: h.Site, blobs: h.Blobs}
}

// Guest is what the engine is given: the procedures, and what they ask for.
func (s *Service) Guest() flow.Guest {
	sub, err := fs.Sub(procedures, "procedures")
	if err != nil {
		sub = procedures // cannot happen: the name is a valid path
	}
	return flow.Guest{Name: "projects", Procedures: sub, Topics: map[string]func(context.Context, flow.Effected) error{
		topicVersion: s.onVersion, topicWithdrawn: s.onWithdrawn, topicMonth: s.onMonth,
	}}
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "projects", Migrations: migrations, Verbs: verbs(),
		Routes: func(rt *web.Router) { s.operations(rt); s.moreOperations(rt); s.routes(rt) },
		Jobs:   []module.Job{{Name: "projects.late", Every: 10 * time.Minute, Run: s.lateJob}},
	}
}

// program returns ctx with the program itself as the actor.
func (s *Service) program(ctx context.Context) context.Context {
	return actor.With(ctx, actor.System(s.site.Unit))
}
