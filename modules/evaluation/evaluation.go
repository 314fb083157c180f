// Package evaluation scores units by a published rule, down to the numbers.
//
// What must hold: the rule is data, published before it is used and never changed
// without a new version; a score is a pure function of the rule and of published
// numbers, and shows both; a unit without a published number has no score and
// says so; nobody is put in an order unless the rule says that it ranks; numbers
// that were generated to show how a rule works are never mixed with published
// ones, and are stored nowhere.
package evaluation

import (
	"context"
	"embed"
	"time"

	"yuzhou/engine/org"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

// Needs is what evaluation asks of other modules.
type Needs struct {
	Readings interface {
		// Series returns what was known at an instant of an indicator in a unit.
		Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error)
		// Indicator returns a definition; fault.NotFound when there is none.
		Indicator(ctx context.Context, id string) (observation.Indicator, error)
	}
	Units interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Units returns the units in force at an instant, by code.
		Units(ctx context.Context, at time.Time) ([]org.Unit, error)
	}
}

// Service is the module.
type Service struct {
	Needs
	db   *store.DB
	now  func() time.Time
	site web.Site
}

// New returns the module on host h.
func New(h module.Host, n Needs) *Service {
	return &Service{Needs: n, db: h.DB, now: h.Now, site: h.Site}
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "evaluation", Migrations: migrations, Pack: s.loadPack, Verbs: verbs(),
		Routes: func(rt *web.Router) { s.operations(rt); s.routes(rt) },
	}
}
