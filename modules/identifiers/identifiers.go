// Package identifiers is a node of the industrial-internet identifier network: it
// registers, resolves, delegates and reports identifiers, as a top node, a
// second-level node or an enterprise node, and names everything that this product
// publishes.
//
// What must hold: an identifier has one record, and every protocol answers from it;
// who holds a prefix and under which terms is in the database, and the record of
// the prefix (0.NA/PREFIX) says the same; nothing changes that without a case; what
// a registration has acknowledged is on disk, whole; a count that is reported is the
// sum of a tree whose head was stated; what was generated for demonstration says so.
package identifiers

import (
	"context"
	"crypto"
	"embed"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/proof"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/module"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/store"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/changefeed"
	"yuzhou/modules/identifiers/jsonapi/session"
	"yuzhou/modules/identifiers/meter"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/recursor"
	"yuzhou/modules/identifiers/typed"
)

//go:embed migrations
var migrations embed.FS

//go:embed procedures
var procedures embed.FS

// The procedure of prefixes, and the topics that it asks of this module.
const (
	PrefixProcedure = "identifiers-prefix"
	topicChanged    = "identifiers.changed"
	topicDropped    = "identifiers.dropped"
)

// Flow is what the module asks of the engine.
type Flow interface {
	Open(ctx context.Context, o flow.Opening) (flow.Case, error)
	Send(ctx context.Context, c flow.Command) (flow.Case, error)
	Case(ctx context.Context, id string) (flow.Case, error)
	Possible(ctx context.Context, id string) ([]flow.Possible, error)
}

// Needs is what the module asks of others.
type Needs struct {
	Flow Flow
	// Open opens the store of identifiers in a directory of its own; fault.Busy when
	// another process has it.
	Open func(ctx context.Context, dir string) (records.Store, error)
	// Feed connects to where changes of identifiers travel; nil: they do not.
	Feed  func(ctx context.Context, o changefeed.Options) (changefeed.Bus, error)
	Proof interface {
		// State asks, in the transaction of the thing itself, that it be stated.
		State(ctx context.Context, tx store.Tx, c proof.Claim) error
	}
	// Observe records the figures of a day as numbers of the city; nil: nobody does.
	Observe func(ctx context.Context, f Figures) error
	// Describe says what the names of the product stand for, module by module.
	Describe []module.Describe
	Access   interface {
		// Decide says whether the actor may use a permission over a unit.
		Decide(ctx context.Context, a actor.Actor, p actor.Permission, unit string) error
	}
	People interface {
		// Named returns what a person is called; fault.NotFound.
		Named(ctx context.Context, person string) (pack.Text, error)
		// ByLogin returns the id of who signs in by a name; fault.NotFound.
		ByLogin(ctx context.Context, login string) (string, error)
	}
	SignIn SignIn // of people at the APIs of enterprise nodes; nil: nobody signs in there
	Audit  interface {
		// Audit records a change within the transaction that makes it.
		Audit(ctx context.Context, tx store.Tx, action, subject, detail string) error
	}
}

// Service is the module.
type Service struct {
	Needs
	db       *store.DB
	log      *slog.Logger
	now      func() time.Time
	site     web.Site
	blobs    blob.Store
	settings func(string) string
	dir      string

	resolved *resolutions
	meter    *meter.Meter
	counting sync.Mutex        // held while resolutions are written down and the census is taken or shown
	asked    map[string]repeat // of the job that asks nodes below
	doubted  map[string]repeat // of the job that compares what they have sent
	deposits repeat            // of the job that deposits
	dockings repeat            // of the job of docking
	waiting  struct {          // of the job of docking: the day that nodes below are waited for
		day   string
		since time.Time
	}

	sessions  session.Table      // of the JSON API, and tokens of identities
	signing   session.Nonces     // what identities sign for a token
	recursor  *recursor.Recursor // of identifiers of other nodes
	watching  bool               // of the job that watches: it has looked since the start
	outside   chan struct{}      // a place for each look-up at other nodes
	following *following         // of the node that this one follows; nil in most
	standby   *standby
	standings map[string]standing // of the job that probes nodes below

	madeOf sync.Map // templates by their name: string to *template.Template

	telling sync.Mutex                      // guards told
	told    []map[string]module.Description // what each module has said of its names

	mu         sync.Mutex    // guards what follows
	records    records.Store // nil before it is opened
	node       *node.Node    // nil before it is first asked
	serving    bool
	dns        string        // where DNS is answered; "" for nowhere
	depository string        // where deposits are taken; "" for nowhere
	depositing keys          // for deposits; none before they are asked for
	own        typed.Site    // how this node is reached
	key        crypto.Signer // of its answers; nil before it serves
	quotas     map[string]int64
	places     map[string]node.Place
	silent     []string // listeners that could not be had
	done       published

	granting map[string][]Grant // that stand, by folded prefix
}

// New returns the module on host h.
func New(h module.Host, n Needs) *Service {
	s := &Service{
		Needs: n, db: h.DB, log: h.Log, now: h.Now, site: h.Site, blobs: h.Blobs, settings: h.Setting, dir: filepath.Join(h.Dir, "identifiers"),
		resolved: newResolutions(), asked: map[string]repeat{}, doubted: map[string]repeat{}, outside: make(chan struct{}, mostOutside), standby: newStandby(), standings: map[string]standing{},
	}
	s.meter = s.newMeter()
	s.following = newFollowing(s)
	s.recursor = recursor.New(recursor.Config{Find: s.search, Now: h.Now})
	return s
}

// Guest is what the flow engine is given: the procedure, and what it asks for.
func (s *Service) Guest() flow.Guest {
	sub, err := fs.Sub(procedures, "procedures")
	if err != nil {
		sub = procedures // cannot happen: the name is a valid path
	}
	here := flow.Page{Path: "/identifiers/cases/", Name: pack.Text{ZH: "前缀的分配与变更", EN: "Prefix"}, First: true}
	return flow.Guest{Name: "identifiers", Procedures: sub, Pages: map[string]flow.Page{PrefixProcedure: here}, Topics: map[string]func(context.Context, flow.Effected) error{
		topicChanged: s.onChanged, topicDropped: s.onDropped,
	}}
}

// Module describes the module to the program.
func (s *Service) Module() module.Module {
	out := module.Module{
		Name: "identifiers", Migrations: migrations, Verbs: verbs(), Settings: settings(),
		Routes: func(rt *web.Router) {
			s.operations(rt)
			s.resolveOperations(rt)
			s.registerOperations(rt)
			s.censusOperations(rt)
			s.standbyOperations(rt)
			s.dockingOperations(rt)
			s.networkOperations(rt)
			s.jobOperations(rt)
			s.grantOperations(rt)
			s.peers(rt)
			s.hubPeers(rt)
			s.routes(rt)
			s.dockingRoutes(rt)
		},
		Serve: s.serve, Close: s.close,
		Jobs: []module.Job{
			{Name: "identifiers.prefixes", Every: time.Second, Run: s.recordPrefixes},
			{Name: "identifiers.names", Every: 5 * time.Second, Run: s.publish},
			{Name: "identifiers.resolved", Every: 10 * time.Second, Run: s.flushResolved},
			{Name: "identifiers.measure", Every: 10 * time.Second, Run: s.measure},
			{Name: "identifiers.watch", Every: 5 * time.Second, Run: s.watchOver},
			{Name: "identifiers.census", Every: 2 * time.Second, Run: s.takeCensus},
			{Name: "identifiers.lower", Every: 2 * time.Second, Run: s.checkLower},
			{Name: "identifiers.figures", Every: 5 * time.Second, Run: s.observe},
			{Name: "identifiers.escrow", Every: 2 * time.Second, Run: s.depositRecords},
			{Name: "identifiers.docking", Every: 2 * time.Second, Run: s.dock},
			{Name: "identifiers.docked", Every: 2 * time.Second, Run: s.compareDocked},
			{Name: "identifiers.standby", Every: 2 * time.Second, Run: s.keepStandby},
			{Name: "identifiers.probe", Every: 5 * time.Second, Run: s.probeLower},
			{Name: "identifiers.jobs", Every: 200 * time.Millisecond, Run: s.runJobs},
		},
	}
	for i, j := range out.Jobs {
		out.Jobs[i].Run = s.leading(j.Run)
	}
	return out
}

// program returns ctx with the program itself as the actor.
func (s *Service) program(ctx context.Context) context.Context {
	return actor.With(ctx, actor.System(s.site.Unit))
}
