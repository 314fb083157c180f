// Package collection asks for numbers once: who owes which number of which
// period, the form it is filled in on, the check and the approval on its way to
// publication, and what all the asking costs.
//
// What must hold: a number (indicator, place, period) is asked for at most once
// in a round; one that is held already is refused, with where it is; what was
// published is never overwritten, a revision is a new round and a new vintage; a
// warning is explained before the number is handed in; every request, refused
// ones too, stands in the ledger of burden; a test for gaming is reported with its
// arithmetic, whatever it finds. Every step of a request is an event of its case.
package collection

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

//go:embed procedures
var procedures embed.FS

// The procedure of a request, and the topics that it asks of this module.
const (
	Procedure      = "collection"
	topicNumber    = "collection.number"
	topicSubmitted = "collection.submitted"
	topicWithdrawn = "collection.withdrawn"
)

// Flow is what the module asks of the engine.
type Flow interface {
	Open(ctx context.Context, o flow.Opening) (flow.Case, error)
	Send(ctx context.Context, c flow.Command) (flow.Case, error)
	Case(ctx context.Context, id string) (flow.Case, error)
	Find(ctx context.Context, f flow.Filter) ([]flow.Case, error)
}

// Numbers is what the module asks of whoever keeps the numbers.
type Numbers interface {
	// Indicators returns all definitions in force.
	Indicators(ctx context.Context) ([]observation.Indicator, error)
	// Series returns what was known at an instant of an indicator in a place.
	Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error)
	// Publish records numbers as new vintages from a document, all or none, and
	// returns them as recorded; what that document has said already adds nothing.
	Publish(ctx context.Context, document string, title pack.Text, all []observation.Observation) ([]observation.Observation, error)
}

// Needs is what collection asks of others.
type Needs struct {
	Flow    Flow
	Numbers Numbers
	Units   interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Units returns the units in force at an instant, by code.
		Units(ctx context.Context, at time.Time) ([]org.Unit, error)
		// Districts returns the districts and counties of the city, by code.
		Districts(ctx context.Context) ([]org.Unit, error)
		// Posts returns the posts of a unit, of all units when "".
		Posts(ctx context.Context, unit string) ([]org.Post, error)
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
	db   *store.DB
	log  *slog.Logger
	now  func() time.Time
	site web.Site

	day atomic.Int64 // that the job opened requests for last, in seconds since 1970; 0: look again
}

// New returns the module on host h.
func New(h module.Host, n Needs) *Service {
	return &Service{Needs: n, db: h.DB, log: h.Log, now: h.Now, site: h.Site}
}

// Guest is what the engine is given: the procedure, and what it asks for.
func (s *Service) Guest() flow.Guest {
	sub, err := fs.Sub(procedures, "procedures")
	if err != nil {
		sub = procedures // cannot happen: the name is a valid path
	}
	page := flow.Page{Path: "/collection/", Name: pack.Text{ZH: "填报表", EN: "The form"}, First: true}
	return flow.Guest{Name: "collection", Procedures: sub, Pages: map[string]flow.Page{Procedure: page}, Topics: map[string]func(context.Context, flow.Effected) error{
		topicNumber: s.onNumber, topicSubmitted: s.onSubmitted, topicWithdrawn: s.onWithdrawn,
	}}
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "collection", Migrations: migrations, Pack: s.loadPack, Verbs: verbs(),
		Routes: func(rt *web.Router) { s.operations(rt); s.moreOperations(rt); s.ledgerOperations(rt); s.routes(rt) },
		Jobs:   []module.Job{{Name: "collection.calendar", Every: time.Second, Run: s.calendarJob}},
	}
}

// program returns ctx with the program itself as the actor.
func (s *Service) program(ctx context.Context) context.Context {
	return actor.With(ctx, actor.System(s.site.Unit))
}
