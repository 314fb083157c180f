// Package indicators defines, keeps, derives and publishes the city's numbers.
//
// What must hold: observations are append-only and bitemporal, so that the answer
// to "what was known on a date" never changes; a number is kept as printed; a
// derived number is computed from what was known and is never stored as stated;
// one import is all or nothing unless its sender asks otherwise.
package indicators

import (
	"context"
	"embed"
	"log/slog"
	"slices"
	"strings"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/event"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

// Recorded announces that observations of these indicators have been committed.
type Recorded struct{ Indicators []string }

// Needs is what this module asks of the rest of the program.
type Needs struct {
	Units interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Units returns the units in force on a date, by code.
		Units(ctx context.Context, at time.Time) ([]org.Unit, error)
		// Districts returns the districts and counties of the city, by code.
		Districts(ctx context.Context) ([]org.Unit, error)
	}
	// Decide says whether the actor may use a permission over a unit.
	Access interface {
		Decide(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error
	}
	Audit interface {
		// Audit records a change within the transaction that makes it.
		Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error
	}
	Proof Proof
}

// Proof is what this module asks of engine/proof.
type Proof interface {
	// State asks, in the transaction of the number itself, that it be stated.
	State(ctx context.Context, tx store.Tx, c proof.Claim) error
	// Settle returns when what was claimed is in the log.
	Settle(ctx context.Context) error
	// Standing compares what is shown with what was stated.
	Standing(ctx context.Context, c proof.Claim) (proof.Standing, error)
}

// Service is the indicators module.
type Service struct {
	Needs
	db     *store.DB
	log    *slog.Logger
	now    func() time.Time
	events *event.Bus
	charts *chart.Renderer
	site   web.Site
	cache  cache
}

// New returns the module on host h.
func New(h module.Host, n Needs) *Service {
	return &Service{Needs: n, db: h.DB, log: h.Log, now: h.Now, events: h.Events, charts: h.Charts, site: h.Site}
}

// Indicator returns a definition in force, or fault.NotFound.
func (s *Service) Indicator(ctx context.Context, id string) (observation.Indicator, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return observation.Indicator{}, err
	}
	i, ok := c.byID[id]
	if !ok {
		return i, fault.New(fault.NotFound, "there is no indicator %q%s", id, c.suggest(id))
	}
	return i, nil
}

// Indicators returns all definitions in force, by group and id.
func (s *Service) Indicators(ctx context.Context) ([]observation.Indicator, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return nil, err
	}
	return c.all, nil
}

// Series returns what was known at an instant of an indicator in a unit, derived
// numbers computed from it. It is empty, not an error, when nothing was; an
// unknown indicator is fault.NotFound.
func (s *Service) Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error) {
	series, err := s.stored(ctx, indicator, unit, known)
	if err != nil || series.Indicator.Formula == "" {
		return series, err
	}
	d, err := s.derivation(ctx, known)
	if err != nil {
		return series, err
	}
	return d.series(indicator, unit)
}

// stored is Series without computing anything.
func (s *Service) stored(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error) {
	i, err := s.Indicator(ctx, indicator)
	if err != nil {
		return observation.Series{}, err
	}
	var rows []observation.Observation
	err = s.db.Read(ctx, func(tx store.Tx) error {
		rows, err = seriesRows(ctx, tx, indicator, unit, known)
		return err
	})
	return observation.NewSeries(i, unit, rows), err
}

// Figure returns the newest vintage, known at the instant, of the number that
// has this id in its document, or fault.NotFound, also when it is withdrawn.
func (s *Service) Figure(ctx context.Context, id string, known time.Time) (observation.Observation, error) {
	var o observation.Observation
	err := s.db.Read(ctx, func(tx store.Tx) error {
		rows, err := figureRows(ctx, tx, id, known)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.NotFound, "there is no figure %q known by %s", id, known.Format(time.DateOnly))
		}
		if o = rows[len(rows)-1]; o.Status == observation.Withdrawn {
			return fault.New(fault.NotFound, "figure %q was withdrawn on %s", id, o.Known.In(s.site.Zone).Format(time.DateOnly))
		}
		return nil
	})
	return o, err
}

// Figures returns every vintage known at the instant that came from a document
// ("" for all documents), by figure id.
func (s *Service) Figures(ctx context.Context, document string, known time.Time) ([]observation.Observation, error) {
	var rows []observation.Observation
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		rows, err = documentRows(ctx, tx, document, known)
		return err
	})
	slices.SortStableFunc(rows, func(a, b observation.Observation) int { return strings.Compare(a.Source.Figure, b.Source.Figure) })
	return rows, err
}

// Document returns a source by id, or fault.NotFound.
func (s *Service) Document(ctx context.Context, id string) (Document, error) {
	c, err := s.catalog(ctx)
	if err != nil {
		return Document{}, err
	}
	d, ok := c.documents[id]
	if !ok {
		return d, fault.New(fault.NotFound, "there is no document %q", id)
	}
	return d, nil
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "indicators", Migrations: migrations, Pack: s.loadPack, Verbs: verbs(), Describe: s.describe,
		Routes: func(rt *web.Router) {
			rt.Attest = s.attest
			s.operations(rt)
			s.files(rt)
			s.sdmxRoutes(rt)
			s.routes(rt)
		},
	}
}
