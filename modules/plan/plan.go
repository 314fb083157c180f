// Package plan keeps the city's plan and says where each target stands.
//
// What must hold: an accepted version is never changed; the status of a target is
// a pure function of the plan, the declared path, the rules and what was known on
// a date; where the data cannot say, the status says so and is never green.
package plan

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/event"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
)

//go:embed migrations
var migrations embed.FS

// Kinds of elements. One of these is what an Element's Kind says.
const (
	Goal         = "goal"
	Position     = "position"
	Objective    = "objective"
	Action       = "action"
	Measure      = "measure"
	Policy       = "policy"
	ProjectClass = "project_class"
	Principle    = "principle"
	Programme    = "programme"
	Commitment   = "commitment"
	Execution    = "execution"
)

// Plan is one version of a plan, whole.
type Plan struct {
	pack.Text
	ID           string        `json:"id"`
	Version      int           `json:"version"`
	Issued       string        `json:"issued"` // date
	From         period.Period `json:"from"`   // first year
	To           period.Period `json:"to"`     // last year
	Issuer       string        `json:"issuer"`
	Numerals     pack.Text     `json:"numerals"` // the plan in one sentence, by its numbers
	Strategy     pack.Text     `json:"strategy"`
	Focus        []pack.Text   `json:"policy_focus,omitempty"`
	Traits       []pack.Text   `json:"policy_traits,omitempty"`
	Summary      pack.Text     `json:"summary"`
	Lines        []int         `json:"lines,omitempty"`
	Source       string        `json:"source,omitempty"`
	Elements     []Element     `json:"elements"`
	Relations    []Relation    `json:"relations"`
	Targets      []Target      `json:"targets"`
	Trajectories []Path        `json:"trajectories"`
	Rules        Rules         `json:"rules"`
	Highlights   []Highlight   `json:"highlights,omitempty"`
}

// Element is one node of the plan's tree.
type Element struct {
	pack.Text
	ID          string      `json:"id"`
	Kind        string      `json:"kind"`
	Lines       []int       `json:"lines,omitempty"`
	Body        pack.Text   `json:"body"` // what the source says of it
	Parts       []pack.Text `json:"parts,omitempty"`
	Qualitative []pack.Text `json:"qualitative,omitempty"` // wishes without a number
	Slot        *pack.Text  `json:"slot,omitempty"`        // why there is no content
	Start       string      `json:"start,omitempty"`       // date on which its work is planned to begin
	Begun       string      `json:"begun,omitempty"`       // date on which it did
}

// Relation ties two elements: From refines, serves, implements, funds or
// contributes_to To.
type Relation struct {
	From  string `json:"from"`
	Kind  string `json:"kind"`
	To    string `json:"to"`
	Lines []int  `json:"lines,omitempty"`
	Basis string `json:"basis,omitempty"`
}

// Target is a number the city has promised to reach.
type Target struct {
	ID        string            `json:"id"`
	Element   string            `json:"element"`
	Parent    string            `json:"parent,omitempty"` // the target that this one is a part of
	Indicator string            `json:"indicator"`
	Unit      string            `json:"unit"` // whose
	Figure    string            `json:"figure,omitempty"`
	Also      []string          `json:"also,omitempty"`
	Want      quantity.Quantity `json:"want"`
	Due       period.Period     `json:"due"`
	Kind      string            `json:"kind"` // binding 约束性, expected 预期性, stretch 力争, unstated
	Issuer    string            `json:"issuer"`
	Printed   string            `json:"printed"`
	Baseline  Baseline          `json:"baseline"`
	Implied   *Implied          `json:"implied,omitempty"`
	Differs   []string          `json:"differs,omitempty"` // indicators that look alike and must not score it
	Beside    []string          `json:"beside,omitempty"`  // figures to be read beside it that must not light it
	Note      pack.Text         `json:"note"`
}

// Baseline is where a target starts: a figure, a value the text implies, or none.
type Baseline struct {
	Figure string     `json:"figure,omitempty"`
	Value  string     `json:"value,omitempty"`
	On     string     `json:"on,omitempty"` // the date of Value
	Basis  pack.Text  `json:"basis"`
	None   *pack.Text `json:"none,omitempty"` // why there is none
}

// Implied is a base that the plan's own words imply ("doubling").
type Implied struct {
	Derived string `json:"derived"` // a derived figure
	At      string `json:"at"`      // date
}

// Highlight is one of the yearly report's ten.
type Highlight struct {
	pack.Text
	N       int       `json:"n"`
	Field   pack.Text `json:"field"`
	Lines   []int     `json:"lines,omitempty"`
	Figures []string  `json:"figures,omitempty"`
}

// Needs is what the plan asks of other modules.
type Needs struct {
	Readings interface {
		// Series returns what was known at an instant of an indicator in a unit.
		Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error)
		// Figure returns a figure by its id in its document; fault.NotFound when it was not known then.
		Figure(ctx context.Context, id string, known time.Time) (observation.Observation, error)
		// Indicators returns all definitions in force.
		Indicators(ctx context.Context) ([]observation.Indicator, error)
		// Indicator returns a definition; fault.NotFound when there is none.
		Indicator(ctx context.Context, id string) (observation.Indicator, error)
		// Check returns what may mislead a reader of the numbers.
		Check(ctx context.Context) ([]pack.Finding, error)
	}
	Units interface {
		// Unit returns a unit; fault.NotFound when there is none.
		Unit(ctx context.Context, id string) (org.Unit, error)
		// Find returns units by a part of their code or name.
		Find(ctx context.Context, text string) ([]org.Unit, error)
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
	Proof interface {
		// State asks, in the transaction of the thing itself, that it be stated.
		State(ctx context.Context, tx store.Tx, c proof.Claim) error
		// Settle returns when what was claimed is in the log.
		Settle(ctx context.Context) error
	}
	// Efforts returns what works on a target, as the actor of ctx may see it, and
	// what it had cost by an instant; nil when nothing keeps such work.
	Efforts func(ctx context.Context, target string, known time.Time) (Effort, error)
}

// Service is the plan module.
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

// Element returns an element by id.
func (p *Plan) Element(id string) (Element, bool) {
	for _, e := range p.Elements {
		if e.ID == id {
			return e, true
		}
	}
	return Element{}, false
}

// Of returns the elements of a kind, in the plan's order.
func (p *Plan) Of(kind string) []Element {
	var out []Element
	for _, e := range p.Elements {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// Under returns the elements that stand in a relation to an element, in the
// plan's order, with the relation's kind.
func (p *Plan) Under(id string) []Element {
	var out []Element
	for _, r := range p.Relations {
		if e, ok := p.Element(r.From); ok && r.To == id {
			out = append(out, e)
		}
	}
	return out
}

// TargetsOf returns the targets of an element.
func (p *Plan) TargetsOf(element string) []Target {
	var out []Target
	for _, t := range p.Targets {
		if t.Element == element {
			out = append(out, t)
		}
	}
	return out
}

// Target returns a target by id.
func (p *Plan) Target(id string) (Target, bool) {
	for _, t := range p.Targets {
		if t.ID == id {
			return t, true
		}
	}
	return Target{}, false
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "plan", Migrations: migrations, Pack: s.loadPack, Verbs: s.verbs(), Describe: s.describe,
		Routes: func(rt *web.Router) { s.operations(rt); s.moreOperations(rt); s.checkOperations(rt); s.routes(rt) },
	}
}
