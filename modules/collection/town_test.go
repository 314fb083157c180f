package collection

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/org"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/blob"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// town stands in for engine/org: a city with three districts and three bodies.
type town struct{}

func (town) all() []org.Unit {
	return []org.Unit{
		{ID: "500000", Kind: org.City, Text: pack.Text{ZH: "重庆市", EN: "Chongqing"}},
		{ID: "500103", Kind: org.District, Text: pack.Text{ZH: "渝中区", EN: "Yuzhong"}},
		{ID: "500105", Kind: org.District, Text: pack.Text{ZH: "江北区", EN: "Jiangbei"}},
		{ID: "500106", Kind: org.District, Text: pack.Text{ZH: "沙坪坝区", EN: "Shapingba"}},
		{ID: "kjj", Kind: org.Body, Text: pack.Text{ZH: "市科技局", EN: "Science Bureau"}},
		{ID: "tjj", Kind: org.Body, Text: pack.Text{ZH: "市统计局", EN: "Statistics Bureau"}},
		{ID: "office", Kind: org.Body, Text: pack.Text{ZH: "市政府办公厅", EN: "City office"}},
	}
}

func (t town) Unit(_ context.Context, id string) (org.Unit, error) {
	for _, u := range t.all() {
		if u.ID == id {
			return u, nil
		}
	}
	return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
}

func (t town) Units(context.Context, time.Time) ([]org.Unit, error) { return t.all(), nil }

func (t town) Districts(context.Context) ([]org.Unit, error) { return t.all()[1:4], nil }

func (town) Posts(context.Context, string) ([]org.Post, error) {
	return []org.Post{{ID: "post.tjj.head", Unit: "tjj"}}, nil
}

func (town) Named(_ context.Context, id string) (pack.Text, error) { return pack.Text{ZH: id}, nil }

func (town) Within(_ context.Context, unit, top string) (bool, error) {
	return unit == top || top == "500000", nil
}

func (town) Decide(_ context.Context, who actor.Actor, need actor.Permission, unit string) error {
	if who.May(need, unit, func(unit, top string) bool { return unit == top || top == "500000" || unit == "" }) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s may not %s over %s", who.Name, need, unit)
}

func (town) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// archive stands in for modules/indicators: numbers in memory, each publication a
// vintage.
type archive struct {
	mu   sync.Mutex
	defs []observation.Indicator
	all  []observation.Observation
	fail error // of the next publication
}

func (a *archive) Indicators(context.Context) ([]observation.Indicator, error) { return a.defs, nil }

func (a *archive) Series(_ context.Context, indicator, unit string, known time.Time) (observation.Series, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range a.defs {
		if i.ID == indicator {
			return observation.NewSeries(i, unit, slices.DeleteFunc(slices.Clone(a.all), func(o observation.Observation) bool {
				return o.Indicator != indicator || o.Unit != unit || o.Known.After(known)
			})), nil
		}
	}
	return observation.Series{}, fault.New(fault.NotFound, "there is no indicator %q", indicator)
}

func (a *archive) Publish(_ context.Context, document string, _ pack.Text, all []observation.Observation) ([]observation.Observation, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fail; err != nil {
		a.fail = nil
		return nil, err
	}
	out := make([]observation.Observation, 0, len(all))
	for _, o := range all {
		if o.Source.Document != document {
			return nil, fault.New(fault.Invalid, "the source of %s is %q", o.Indicator, o.Source.Document)
		}
		out = append(out, a.add(o))
	}
	return out, nil
}

// add appends o as the next vintage of its period, unless its document has said it.
func (a *archive) add(o observation.Observation) observation.Observation {
	o.Vintage = 1
	for _, was := range a.all {
		if was.Indicator != o.Indicator || was.Unit != o.Unit || was.Period != o.Period {
			continue
		}
		if was.Source.Document == o.Source.Document && was.Quantity == o.Quantity && was.Status == o.Status {
			return was
		}
		o.Vintage = was.Vintage + 1
	}
	a.all = append(a.all, o)
	return o
}

// city is the module on a database and on the engine itself, in a year without holidays.
type city struct {
	*Service
	engine *flow.Service
	office *archive
	at     time.Time
}

const workdays = `schema: yuzhou.holidays/v1
years:
  2022: {off: {}, work: {}}
  2023: {off: {}, work: {}}
  2024: {off: {}, work: {}}
`

// newCity is a city on 30 June 2023, at noon, that knows numbers up to March.
func newCity(t *testing.T, db *store.DB) *city {
	t.Helper()
	c := &city{at: time.Date(2023, 6, 30, 4, 0, 0, 0, time.UTC), office: &archive{defs: defined(t)}}
	now := func() time.Time { return c.at }
	site := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.FixedZone("", 8*3600), Now: now, Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}}
	host := module.Host{DB: db, Now: now, Site: site, Log: slog.New(slog.DiscardHandler), Blobs: blob.Files{Dir: t.TempDir()}}
	c.engine = flow.New(host, town{}, &prooftest.Book{})
	if err := db.Migrate(t.Context(), "flow", c.engine.Module().Migrations); err != nil {
		t.Fatal(err)
	}
	c.Service = New(host, Needs{Flow: c.engine, Numbers: c.office, Units: town{}, Access: town{}, Audit: town{}})
	c.engine.Admit(c.Guest())
	if err := c.engine.SetCalendar(c.program(t.Context()), []byte(workdays)); err != nil {
		t.Fatal(err)
	}
	for _, known := range []struct{ indicator, unit, period, value, status string }{
		{"st.hte", "500000", "2022-06-30", "5100", "reported"},
		{"st.hte", "500000", "2023-03-31", "6300", "reported"},
		{"st.hte", "500000", "2023-06-30", "6380", "estimate"},
		{"st.sti_firms", "500000", "2023-03-31", "46000", "reported"},
		{"st.tech_contracts", "500103", "2023-Q1", "12.50", "reported"},
	} {
		c.know(t, known.indicator, known.unit, known.period, known.value, observation.Status(known.status))
	}
	c.assigned(t)
	return c
}

// defined are the indicators of the tests, with their units.
func defined(t *testing.T) []observation.Indicator {
	t.Helper()
	out := indicatorsForTest()
	for i, unit := range map[int]string{0: "家", 1: "家", 2: "家", 3: "家", 4: "家", 5: "%", 6: "%", 7: "亿元", 8: "个", 9: "个", 10: "个", 11: "家"} {
		u, err := quantity.ParseUnit(unit)
		if err != nil {
			t.Fatal(err)
		}
		out[i].Unit, out[i].Body, out[i].ConceptZH, out[i].ConceptEN = u, "kjj", out[i].ZH+"的口径", "What counts: "+out[i].EN
	}
	share := out[5]
	share.ID, share.ZH, share.EN, share.Formula = "st.hte_share", "高新技术企业占比", "Share of high-tech firms", "st.hte / st.sti_firms"
	return append(out, share)
}

// know puts a number into the archive as another source would.
func (c *city) know(t *testing.T, indicator, unit, at, value string, status observation.Status) {
	t.Helper()
	p, err := period.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	d, err := quantity.ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range c.office.defs {
		if i.ID != indicator {
			continue
		}
		q := quantity.Quantity{Value: d, Cmp: quantity.Equal, Unit: i.Unit}
		c.office.add(observation.Observation{
			Indicator: indicator, Unit: unit, Period: p, Quantity: q, Printed: q.Chinese(), Status: status,
			Known: c.at.Add(-time.Hour), Source: observation.Source{Document: "page"},
		})
		return
	}
	t.Fatalf("there is no indicator %q", indicator)
}

// assigned sets who owes what, by which rules, through the module's own doors.
func (c *city) assigned(t *testing.T) {
	t.Helper()
	owner := c.program(t.Context())
	source := pack.Text{ZH: "测试", EN: "Test"}
	for _, a := range []Assignment{
		{
			Text: pack.Text{ZH: "科技企业数", EN: "Science firms"}, ID: "firms", Indicators: []string{"st.hte", "st.sti_firms", "st.sti_firms_new"}, Unit: "kjj", Frequency: "Q", First: "2023-Q2",
			Days: 8, Asker: "office", Basis: "《统计法》第七条", Minutes: 10, Source: source,
		},
		{
			Text: pack.Text{ZH: "技术合同", EN: "Contracts"}, ID: "contracts", Indicators: []string{"st.tech_contracts"}, Unit: "tjj", Places: []string{"500000", districts}, Frequency: "Q", First: "2023-Q2",
			Days: 5, Asker: "office", Post: "post.tjj.head", Source: source,
		},
		{Text: pack.Text{ZH: "各区智能工厂", EN: "Smart factories"}, ID: "factories", Indicators: []string{"im.smart_factories"}, Each: districts, Check: "kjj", Approve: "kjj", Frequency: "S", First: "2023-H2", Days: 5, Asker: "kjj", Source: source},
	} {
		if err := c.assign(owner, a); err != nil {
			t.Fatal(err)
		}
	}
	zero := 0.0
	for _, r := range []Rule{
		{Text: pack.Text{ZH: "整数", EN: "Whole"}, ID: "whole", Kind: RangeRule, Severity: Error, Indicators: []string{"st.hte", "st.sti_firms"}, Min: &zero, Whole: true},
		{Text: pack.Text{ZH: "突变", EN: "Jump"}, ID: "jump", Kind: JumpRule, Severity: Warning, Indicators: []string{"*"}, Percent: 10},
		{Text: pack.Text{ZH: "高企属于科技型企业", EN: "High-tech firms are science firms"}, ID: "within", Kind: CrossRule, Severity: Error, Indicators: []string{"st.hte", "st.sti_firms"}, Formula: "data.now['st.hte'] <= data.now['st.sti_firms']"},
		{Text: pack.Text{ZH: "存量与新增", EN: "Stock and flow"}, ID: "flow", Kind: FlowRule, Severity: Warning, Indicators: []string{"st.sti_firms"}, In: []string{"st.sti_firms_new"}, Tolerance: 500},
		{Text: pack.Text{ZH: "分区之和", EN: "Sum of districts"}, ID: "places", Kind: SumRule, Severity: Error, Indicators: []string{"st.tech_contracts"}, Over: overPlaces, Tolerance: 0.01},
	} {
		r.Source = source
		if err := c.regulate(owner, r); err != nil {
			t.Fatal(err)
		}
	}
}

// cast is who takes part: a name for tests, the roles and the post of each.
func cast(name string) actor.Actor {
	a := actor.Actor{ID: name, Name: name}
	grant := func(r actor.Role, unit string) { a.Grants = append(a.Grants, actor.Grant{Role: r, Unit: unit}) }
	switch name {
	case "clerk":
		grant(actor.Clerk, "kjj")
	case "steward":
		grant(actor.Steward, "kjj")
	case "leader":
		grant(actor.Leader, "kjj")
	case "all": // who may do everything in the science bureau, and still not judge their own work
		grant(actor.Clerk, "kjj")
		grant(actor.Steward, "kjj")
		grant(actor.Leader, "kjj")
	case "tjj.clerk":
		grant(actor.Clerk, "tjj")
	case "tjj.steward":
		grant(actor.Steward, "tjj")
	case "tjj.leader":
		grant(actor.Leader, "tjj")
	case "tjj.head":
		a.Posts = []string{"post.tjj.head"}
		grant(actor.Clerk, "office") // a role elsewhere, so that pages open
	case "500103":
		grant(actor.Clerk, "500103")
	case "office":
		grant(actor.Leader, "office")
	case "owner":
		grant(actor.Owner, "500000")
	case "nobody":
		return actor.Actor{}
	}
	return a
}

func as(t *testing.T, name string) context.Context {
	t.Helper()
	return actor.With(t.Context(), cast(name))
}

// run lets every job of the engine and the module run once.
func (c *city) run(t *testing.T) {
	t.Helper()
	for _, m := range []module.Module{c.engine.Module(), c.Module()} {
		for _, j := range m.Jobs {
			if err := j.Run(c.program(t.Context())); err != nil {
				t.Fatalf("%s: %v", j.Name, err)
			}
		}
	}
}

// on is the city on another day, at noon, after its jobs have run.
func (c *city) on(t *testing.T, day string) {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	c.at = at.Add(4 * time.Hour)
	c.run(t)
}

// asked returns the one request of an assignment that is under way.
func (c *city) asked(t *testing.T, assignment string) Request {
	t.Helper()
	all, err := c.List(c.program(t.Context()), Query{})
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(r Request) bool { return r.Assignment != assignment })
	if len(all) != 1 {
		t.Fatalf("%d requests of %s, want 1", len(all), assignment)
	}
	return all[0]
}

// typed is a form of numbers of the whole city, with one explanation for all.
func typed(note string, values ...string) Typed {
	var in Typed
	for i := 0; i+1 < len(values); i += 2 {
		in.Values = append(in.Values, Entry{Cell{values[i], "500000"}, values[i+1], note})
	}
	return in
}

// migrated is a SQLite database with the module's tables.
func migrated(t *testing.T) *store.DB {
	t.Helper()
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "collection", migrations); err != nil {
		t.Fatal(err)
	}
	return db
}
