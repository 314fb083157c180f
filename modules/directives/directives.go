// Package directives turns gaps into work: a target that leaves its path opens a
// directive with the unit that answers for it, and the number closes it or opens
// it again.
//
// What must hold: a target has at most one directive that stands, however many
// evaluations run at once; a directive closes only when its evidence resolves and
// its condition holds, judged by somebody who did not do the work; one that was
// closed is opened again by the next evaluation that finds the gap, with the
// number that says so; every step of a directive is an event of its case, so
// nothing about its course is kept here.
package directives

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"sync"
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

// The procedures, and the topics that they ask of this module.
const (
	Procedure     = "directive"
	PartProcedure = "directive-part"
	topicCheck    = "directives.check"
	topicSplit    = "directives.split"
)

// Where directives come from. One of these is what an Order's Origin says.
const (
	ByGap     = "gap"     // an evaluation found a target off its path
	ByHand    = "hand"    // a leader
	ByMeeting = "meeting" // a stocktake
	ByMeasure = "measure" // a measure that is late
	ByPolicy  = "policy"  // a clause of a policy that nobody carries out
	ByProject = "project" // a milestone of a project that was missed
)

// Gap is where a target stands, as those who drive the work need to know it.
// The fields are those of plan.Gap, in its order: cmd converts one into the other.
type Gap struct {
	Target    string    `json:"target"`
	Name      pack.Text `json:"name"`
	Indicator string    `json:"indicator"`
	Unit      string    `json:"unit"` // whose number it is
	Body      string    `json:"body"` // unit that gives the number
	Due       string    `json:"due"`
	Light     string    `json:"light"` // red, yellow, cannot_say, green, reached; of a wished number met or unmet
	Rule      string    `json:"rule"`  // id of the rule that lit it
	Words     pack.Text `json:"words"` // the gap in a few words; what keeps it in the dark otherwise
	Reason    pack.Text `json:"reason"`
	Pace      pack.Text `json:"pace"`   // what is needed from now on and what it was; the reason where no pace is judged
	Number    string    `json:"number"` // resolvable name of the newest number, vintage and all; "" for none
	Shown     pack.Text `json:"shown"`  // that number as people read it, with its period
	Page      string    `json:"page"`   // its page
	Path      pack.Text `json:"path"`   // what the path asks for at that number's date
	Behind    float64   `json:"behind"` // percentage points behind the path
}

// Off reports whether the target is off its path.
func (g Gap) Off() bool { return g.Light == "red" || g.Light == "yellow" }

// On reports whether the target is on its path or reached.
func (g Gap) On() bool { return g.Light == "green" || g.Light == "reached" || g.Light == met }

// The lights of a wished number, which no rule lights.
const (
	met   = "met"
	unmet = "unmet"
)

// Flow is what the module asks of the engine.
type Flow interface {
	Open(ctx context.Context, o flow.Opening) (flow.Case, error)
	Send(ctx context.Context, c flow.Command) (flow.Case, error)
	Case(ctx context.Context, id string) (flow.Case, error)
	Find(ctx context.Context, f flow.Filter) ([]flow.Case, error)
	Documents(ctx context.Context, id string) ([]flow.Document, error)
}

// Needs is what directives ask of others.
type Needs struct {
	Flow Flow
	// Gaps returns where every target stood on a date by what was known at an
	// instant, worst first.
	Gaps func(ctx context.Context, date, known time.Time) ([]Gap, error)
	// Parts words what each of some units has to reach of a target when it is split
	// by a rule; fault.Invalid when the rule lacks the numbers it needs.
	Parts    func(ctx context.Context, target, rule string, units []string) (map[string]pack.Text, error)
	Readings interface {
		// Resolve returns a published number by its resolvable name; fault.NotFound when
		// the name does not resolve, fault.Invalid when it is no name.
		Resolve(ctx context.Context, name string) (observation.Observation, error)
		// Series returns what was known at an instant of an indicator in a unit;
		// fault.NotFound when there is no such indicator.
		Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error)
	}
	Units interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Children returns the units right below one, of a kind.
		Children(ctx context.Context, id, kind string) ([]org.Unit, error)
		// Districts returns the districts and counties of the city, by code.
		Districts(ctx context.Context) ([]org.Unit, error)
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

	news       atomic.Bool  // numbers have come in since the last evaluation began
	day        atomic.Int64 // that the job evaluated last, in seconds since 1970
	evaluating sync.Mutex   // held by whoever evaluates
}

// New returns the module on host h. It evaluates when it first runs, and then on
// Wake and once a day.
func New(h module.Host, n Needs) *Service {
	s := &Service{Needs: n, db: h.DB, log: h.Log, now: h.Now, site: h.Site}
	s.news.Store(true)
	return s
}

// Guest is what the engine is given: the procedures, and what they ask for.
func (s *Service) Guest() flow.Guest {
	sub, err := fs.Sub(procedures, "procedures")
	if err != nil {
		sub = procedures // cannot happen: the name is a valid path
	}
	page := flow.Page{Path: "/directives/", Name: pack.Text{ZH: "督办：差距、依据和分办", EN: "The directive: gap, evidence and parts"}}
	return flow.Guest{Name: "directives", Procedures: sub, Pages: map[string]flow.Page{Procedure: page}, Topics: map[string]func(context.Context, flow.Effected) error{
		topicCheck: s.onCheck, topicSplit: s.onSplit,
	}}
}

// Wake says that numbers have come in: the next run of the job evaluates. It does
// nothing else, so that whoever brings the numbers does not wait.
func (s *Service) Wake() { s.news.Store(true) }

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "directives", Migrations: migrations, Pack: s.loadPack, Verbs: verbs(),
		Routes: func(rt *web.Router) { s.operations(rt); s.moreOperations(rt); s.routes(rt) },
		Jobs:   []module.Job{{Name: "directives.evaluate", Every: time.Second, Run: s.evaluateJob}},
	}
}

// program returns ctx with the program itself as the actor.
func (s *Service) program(ctx context.Context) context.Context {
	return actor.With(ctx, actor.System(s.site.Unit))
}
