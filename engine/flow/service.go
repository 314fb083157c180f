package flow

import (
	"context"
	"embed"
	"log/slog"
	"sync"
	"time"

	"yuzhou/engine/flow/clock"
	"yuzhou/engine/flow/procedure"
	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

// Who is what the engine asks of engine/org.
type Who interface {
	Within(ctx context.Context, unit, top string) (bool, error)
	Unit(ctx context.Context, id string) (org.Unit, error)
	Units(ctx context.Context, at time.Time) ([]org.Unit, error)
	Named(ctx context.Context, person string) (pack.Text, error)
	Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error
}

// Service is the engine: one for the whole program.
type Service struct {
	db    *store.DB
	log   *slog.Logger
	now   func() time.Time
	site  web.Site
	blobs blob.Store
	who   Who
	proof Proof

	guests  []Guest // set before the program serves, never after
	writer  writer
	outbox  sync.Mutex // held by whoever delivers
	once    sync.Mutex // guards settled
	settled bool       // the guests' procedures are in the database

	mu       sync.Mutex                      // guards what follows
	versions map[string]*procedure.Procedure // by digest; they never change
	owned    map[string]string               // procedure: the module whose it is
	cal      clock.Calendar
	calOf    string // digest of cal; "" before the first is read
}

// Proof is what the engine asks of engine/proof.
type Proof interface {
	// State asks, in the transaction of the thing itself, that it be stated.
	State(ctx context.Context, tx store.Tx, c proof.Claim) error
}

// New returns the engine on host h.
func New(h module.Host, who Who, p Proof) *Service {
	return &Service{db: h.DB, log: h.Log, now: h.Now, site: h.Site, blobs: h.Blobs, who: who, proof: p, versions: map[string]*procedure.Procedure{}, owned: map[string]string{}}
}

// Admit lets a module work through cases. Call it before the program serves.
func (s *Service) Admit(g Guest) { s.guests = append(s.guests, g) }

// Module describes the engine to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "flow", Migrations: migrations, Pack: s.loadPack, Routes: s.routes, Verbs: verbs(), Describe: s.describe,
		Jobs: []module.Job{
			{Name: "flow.clocks", Every: 250 * time.Millisecond, Run: s.ring},
			{Name: "flow.outbox", Every: time.Second, Run: s.deliverAll},
			{Name: "flow.calendar", Every: 5 * time.Second, Run: s.relight},
		},
	}
}

// Open opens a case and returns it as it stands after its first step.
//
// Errors: fault.NotFound when no such procedure is in force, fault.Invalid when
// the data are not what it declares, fault.Conflict when the key was used for
// something else.
func (s *Service) Open(ctx context.Context, o Opening) (Case, error) {
	return s.do(ctx, &request{who: s.person(ctx), opening: &o})
}

// Send lets an event happen to a case, as the actor of ctx, and returns the
// case as it stands then.
//
// Errors: fault.Conflict when the event does nothing now or the case has moved
// on, fault.Forbidden when it is somebody else's to send, fault.Invalid when the
// form is not filled in as asked.
func (s *Service) Send(ctx context.Context, c Command) (Case, error) {
	return s.do(ctx, &request{who: s.person(ctx), command: &c})
}

// Case returns a case that the actor of ctx may see.
func (s *Service) Case(ctx context.Context, id string) (Case, error) {
	r, err := s.row(ctx, id)
	if err != nil {
		return Case{}, err
	}
	return r.Case, nil
}

// row reads a case that the actor of ctx may see.
func (s *Service) row(ctx context.Context, id string) (*row, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	var r *row
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		cal, err := s.calendar(ctx, tx)
		if err != nil {
			return err
		}
		r, err = s.loadOne(ctx, tx, cal, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !s.person(ctx).sees(r.Case) {
		return nil, fault.Say(fault.Forbidden, "办件 %s 不在您的查看范围内，它属于单位 %s。", "case %s is not yours to see; it belongs to unit %s", r.Number, r.Unit)
	}
	return r, nil
}

// AsProgram returns a context in which the program itself acts.
func (s *Service) AsProgram(ctx context.Context) context.Context {
	return actor.With(ctx, actor.System(s.site.Unit))
}

// ready puts the guests' procedures in force, once, and notes the first calendar,
// so that no case is opened before.
func (s *Service) ready(ctx context.Context) error {
	s.once.Lock()
	defer s.once.Unlock()
	if s.settled {
		return nil
	}
	err := s.db.Write(ctx, func(tx store.Tx) error {
		for _, g := range s.guests {
			if err := s.settle(ctx, tx, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.relightFirst(ctx)
	}
	s.settled = err == nil
	return err
}
