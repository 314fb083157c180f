package directives

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yuzhou/engine/flow"
	"yuzhou/engine/flow/machine"
	"yuzhou/engine/org"
	"yuzhou/kernel/actor"
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

// desk stands in for the engine: cases in memory, with the few moves that these
// tests need. A key is carried out once.
type desk struct {
	mu    sync.Mutex
	cases []*flow.Case
	keys  map[string]string // id of the case that a key opened or moved
	sent  []string
	fail  error // of the next Open
}

func (d *desk) find(id string) *flow.Case {
	for _, c := range d.cases {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (d *desk) Open(_ context.Context, o flow.Opening) (flow.Case, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail; err != nil {
		d.fail = nil
		return flow.Case{}, err
	}
	if id := d.keys[o.Key]; o.Key != "" && id != "" {
		return *d.find(id), nil
	}
	data := map[string]any{"rounds": int64(1), "evidence": []any{}}
	maps.Copy(data, o.Data)
	c := &flow.Case{
		ID: fmt.Sprintf("c%d", len(d.cases)+1), Number: fmt.Sprintf("%s-%d", o.Procedure, len(d.cases)+1), Procedure: o.Procedure, Title: o.Title,
		Subject: o.Subject, Unit: o.Unit, Parent: o.Parent, Events: 1, Light: "green", State: machine.Configuration{Active: []string{"live", "filed"}, Data: data},
	}
	if o.Procedure == PartProcedure {
		c.State.Active = []string{"live", "issued"}
	}
	d.cases = append(d.cases, c)
	d.keys[o.Key] = c.ID
	return *c, nil
}

func (d *desk) Send(_ context.Context, cmd flow.Command) (flow.Case, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.find(cmd.Case)
	if cmd.Key != "" && d.keys[cmd.Key] != "" {
		return *c, nil
	}
	if cmd.After != 0 && cmd.After != c.Events {
		return *c, fault.New(fault.Conflict, "case %s has moved on", c.ID)
	}
	d.keys[cmd.Key] = c.ID
	d.sent = append(d.sent, cmd.Event)
	data := maps.Clone(c.State.Data)
	for k, v := range cmd.Data {
		if k != "date" {
			data[k] = v
		}
	}
	states := map[string][]string{
		"reached": {"live", "review"}, "slip": {"live", "issued"}, "accept": {"closed"}, "reject": {"live", "working", "doing", "pace", "reporting"}, "withdraw": {"withdrawn"},
	}
	if to := states[cmd.Event]; to != nil {
		c.State.Active = to
	}
	switch cmd.Event {
	case "reached":
		data["evidence"] = []any{cmd.Data["number"]}
	case "slip":
		n, _ := data["rounds"].(int64)
		data["rounds"] = n + 1
	case "withdraw":
		c.Closed = time.Date(2023, 7, 12, 0, 0, 0, 0, time.UTC)
	}
	c.State.Data = data
	c.Events++
	return *c, nil
}

func (d *desk) Case(_ context.Context, id string) (flow.Case, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.find(id); c != nil {
		return *c, nil
	}
	return flow.Case{}, fault.New(fault.NotFound, "there is no case %q", id)
}

func (d *desk) Find(_ context.Context, f flow.Filter) ([]flow.Case, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []flow.Case
	past := f.After == ""
	for _, c := range slices.Backward(d.cases) {
		if !past || len(out) == f.Limit {
			past = past || c.ID == f.After
			continue
		}
		if c.Procedure == f.Procedure && (f.Subject == "" || c.Subject == f.Subject) && (f.Parent == "" || c.Parent == f.Parent) && (!f.Open || c.Closed.IsZero()) {
			out = append(out, *c)
		}
	}
	return out, nil
}

func (d *desk) Documents(_ context.Context, id string) ([]flow.Document, error) {
	return []flow.Document{{Case: id, SHA256: "abc"}}, nil
}

// town stands in for engine/org: everybody knows the units, and who has a grant
// may use it over its unit, or over all with the city's.
type town struct{}

func (town) Unit(_ context.Context, id string) (org.Unit, error) {
	names := map[string]pack.Text{
		"500000": {ZH: "重庆市", EN: "Chongqing"}, "office": {ZH: "督查办", EN: "Office"}, "kjj": {ZH: "市科技局", EN: "Science Bureau"},
		"500103": {ZH: "渝中区", EN: "Yuzhong"}, "500105": {ZH: "江北区", EN: "Jiangbei"}, "500106": {ZH: "沙坪坝区", EN: "Shapingba"},
	}
	if names[id].ZH == "" {
		return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
	}
	return org.Unit{ID: id, Text: names[id]}, nil
}

func (town) Children(ctx context.Context, _, _ string) ([]org.Unit, error) {
	u, err := town{}.Unit(ctx, "kjj")
	return []org.Unit{u}, err
}

func (town) Districts(ctx context.Context) ([]org.Unit, error) {
	u, err := town{}.Unit(ctx, "500103")
	return []org.Unit{u}, err
}

func (town) Decide(_ context.Context, a actor.Actor, p actor.Permission, unit string) error {
	if a.May(p, unit, func(_, top string) bool { return top == "500000" }) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s may not %s over %s", a.Name, p, unit)
}

func (town) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// books stands in for modules/indicators: names under the prefix resolve, and one
// series has the number that a test gives it.
type books struct{ latest *observation.Observation }

func (b *books) Resolve(_ context.Context, name string) (observation.Observation, error) {
	if !strings.HasPrefix(name, "88.500.1/") {
		return observation.Observation{}, fault.New(fault.NotFound, "%q does not resolve", name)
	}
	if b.latest != nil && strings.Contains(name, b.latest.Indicator+"/"+b.latest.Unit) {
		return *b.latest, nil
	}
	return firms(6401, "500000", "2023-06-30"), nil
}

func (b *books) Series(_ context.Context, indicator, unit string, _ time.Time) (observation.Series, error) {
	if b.latest == nil || b.latest.Indicator != indicator || b.latest.Unit != unit {
		return observation.Series{}, fault.New(fault.NotFound, "there is no indicator %q in %s", indicator, unit)
	}
	return observation.Series{Unit: unit, Points: []observation.Observation{*b.latest}}, nil
}

// firms is a number of high-tech firms.
func firms(n int64, unit, date string) observation.Observation {
	p, _ := period.Parse(date)
	return observation.Observation{
		Indicator: "st.hte", Unit: unit, Period: p, Vintage: 1, Status: observation.Reported,
		Quantity: quantity.Quantity{Value: quantity.Int(n), Cmp: quantity.Equal, Unit: quantity.MustUnit("家")},
	}
}

// city is the module over a fake engine, with the targets as a test sets them.
type city struct {
	*Service
	desk  *desk
	books books
	gaps  []Gap
	now   time.Time
}

func newCity(tb testing.TB, db *store.DB) *city {
	tb.Helper()
	c := &city{desk: &desk{keys: map[string]string{}}, now: time.Date(2023, 7, 11, 4, 0, 0, 0, time.UTC)}
	now := func() time.Time { return c.now }
	site := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.FixedZone("", 8*3600), Now: now, Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}}
	c.Service = New(module.Host{DB: db, Now: now, Site: site, Log: slog.New(slog.DiscardHandler)}, Needs{
		Flow: c.desk, Units: town{}, Access: town{}, Audit: town{},
		Gaps: func(context.Context, time.Time, time.Time) ([]Gap, error) { return c.gaps, nil },
		Parts: func(_ context.Context, _, rule string, units []string) (map[string]pack.Text, error) {
			if rule != "equal" {
				return nil, fault.New(fault.Invalid, "rule %s lacks numbers", rule)
			}
			out := map[string]pack.Text{}
			for _, u := range units {
				out[u] = pack.Text{ZH: "到 " + u, EN: "to " + u}
			}
			return out, nil
		},
	})
	c.Readings = &c.books
	rule := Rule{ID: "r", Office: "office", Opens: []Opens{{"red", 1}, {"yellow", 3}}, MeetingDays: 7, Publishers: []string{"500000"}}
	if err := db.Write(tb.Context(), func(tx store.Tx) error { return putRule(tb.Context(), tx, rule) }); err != nil {
		tb.Fatal(err)
	}
	return c
}

// stand sets where the one target stands.
func (c *city) stand(light, number string) {
	c.gaps = []Gap{{
		Target: "T09", Name: pack.Text{ZH: "高新技术企业数", EN: "High-tech firms"}, Light: light, Number: "88.500.1/st.hte/500000/" + number, Body: "kjj",
		Words: pack.Text{ZH: "差距 " + light, EN: "gap " + light}, Shown: pack.Text{ZH: number, EN: number}, Path: pack.Text{ZH: "7101家", EN: "7,101 firms"},
	}}
}

// evaluate evaluates a date and says in a word what was done.
func (c *city) evaluate(t *testing.T, date string) string {
	t.Helper()
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Evaluate(t.Context(), day, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("opened %d joined %d reached %d reopened %d", len(e.Opened), len(e.Joined), len(e.Reached), len(e.Reopened))
}

// TestLoop: a gap opens one directive, its number closes it, the next opens it again.
func TestLoop(t *testing.T) {
	testkit.EachStore(t, "directives", migrations, func(t *testing.T, db *store.DB) {
		c := newCity(t, db)
		judge := actor.With(t.Context(), actor.Actor{ID: "7", Name: "judge", Grants: []actor.Grant{{Role: actor.Steward, Unit: "office"}}})
		for _, tt := range []struct{ date, light, number, want, stage string }{
			{"2023-07-11", "red", "2023-06-30@1", "opened 1 joined 0 reached 0 reopened 0", "filed"},
			{"2023-07-11", "red", "2023-06-30@1", "opened 0 joined 0 reached 0 reopened 0", "filed"},
			{"2023-07-12", "red", "2023-06-30@2", "opened 0 joined 1 reached 0 reopened 0", "filed"},
			{"2023-10-12", "green", "2023-09-30@1", "opened 0 joined 0 reached 1 reopened 0", "review"},
			{"close", "", "", "", "closed"},
			{"2023-10-13", "green", "2023-09-30@1", "opened 0 joined 0 reached 0 reopened 0", "closed"},
			{"2024-01-12", "yellow", "2023-12-31@1", "opened 0 joined 0 reached 0 reopened 1", "issued"},
			{"2024-01-13", "yellow", "2023-12-31@1", "opened 0 joined 0 reached 0 reopened 0", "issued"},
		} {
			if tt.date == "close" {
				if _, err := c.Close(judge, "c1"); err != nil {
					t.Fatal(err)
				}
			} else {
				c.stand(tt.light, tt.number)
				if got := c.evaluate(t, tt.date); got != tt.want {
					t.Errorf("%s %s: %s, want %s", tt.date, tt.light, got, tt.want)
				}
			}
			d, err := c.read(judge, "c1")
			if err != nil || d.Stage != tt.stage || len(c.desk.cases) != 1 {
				t.Errorf("%s: stage %s, %d cases, %v", tt.date, d.Stage, len(c.desk.cases), err)
			}
		}
		d, err := c.read(judge, "c1")
		if err != nil || d.Round != 2 || !strings.Contains(d.Again.ZH, "2023-12-31@1") || !strings.Contains(d.Again.ZH, "7101家") || !strings.Contains(d.Again.ZH, "2024-01-12") {
			t.Errorf("round %d, again %q, %v", d.Round, d.Again.ZH, err)
		}
		if d.Lead != "kjj" || d.Office != "office" || d.Subject != "target/T09" {
			t.Errorf("whose it is: %+v", d)
		}
		day := time.Date(2024, 1, 12, 0, 0, 0, 0, time.UTC)
		if _, err := c.Evaluate(t.Context(), day, c.now); fault.KindOf(err) != fault.Conflict {
			t.Errorf("an evaluation of a date that has passed: %v", err)
		}
	})
}

// TestEvaluationIsOnce: many at once, and one that was cut off between its row and
// its case, open one directive.
func TestEvaluationIsOnce(t *testing.T) {
	testkit.EachStore(t, "directives", migrations, func(t *testing.T, db *store.DB) {
		c := newCity(t, db)
		other := New(module.Host{DB: db, Now: c.Service.now, Site: c.site, Log: c.log}, c.Needs) // another process on the same database
		c.stand("red", "2023-06-30@1")
		c.desk.fail = errors.New("cut off")
		day := time.Date(2023, 7, 11, 0, 0, 0, 0, time.UTC)
		if _, err := c.Evaluate(t.Context(), day, c.now); err == nil {
			t.Fatal("the opening failed and nobody said so")
		}
		var all sync.WaitGroup
		for i := range 8 {
			s := c.Service
			if i%2 == 1 {
				s = other
			}
			all.Go(func() {
				if _, err := s.Evaluate(t.Context(), day, c.now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(c.desk.cases) != 1 {
			t.Errorf("%d cases, want 1", len(c.desk.cases))
		}
		if rows, err := c.gapRows(t.Context()); err != nil || rows["T09"].Case != "c1" {
			t.Errorf("rows %+v, %v", rows, err)
		}
	})
}

// TestYellowWaits: yellow opens when it has stood on three evaluated dates in a row.
func TestYellowWaits(t *testing.T) {
	c := newCity(t, migrated(t))
	c.stand("yellow", "2023-06-30@1")
	for _, tt := range []struct {
		date string
		want int
	}{{"2023-07-11", 0}, {"2023-07-11", 0}, {"2023-07-12", 0}, {"2023-07-13", 1}, {"2023-07-14", 1}} {
		c.evaluate(t, tt.date)
		if len(c.desk.cases) != tt.want {
			t.Errorf("%s: %d cases, want %d", tt.date, len(c.desk.cases), tt.want)
		}
	}
}

// TestWithdrawn: a gap whose directive was withdrawn opens no other until it has
// been closed and is there anew.
func TestWithdrawn(t *testing.T) {
	c := newCity(t, migrated(t))
	c.stand("red", "2023-06-30@1")
	c.evaluate(t, "2023-07-11")
	if _, err := c.desk.Send(t.Context(), flow.Command{Case: "c1", Event: "withdraw"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		date, light string
		want        int
	}{{"2023-07-12", "red", 1}, {"2023-07-13", "green", 1}, {"2023-07-14", "red", 2}} {
		c.stand(tt.light, tt.date)
		c.evaluate(t, tt.date)
		if len(c.desk.cases) != tt.want {
			t.Errorf("%s %s: %d cases, want %d", tt.date, tt.light, len(c.desk.cases), tt.want)
		}
	}
}

// TestJob: the job evaluates when it first runs, on news and once a day.
func TestJob(t *testing.T) {
	c := newCity(t, migrated(t))
	runs := 0
	c.Gaps = func(context.Context, time.Time, time.Time) ([]Gap, error) { runs++; return nil, nil }
	run := func(want int) {
		t.Helper()
		if err := c.evaluateJob(t.Context()); err != nil || runs != want {
			t.Errorf("%d runs, want %d, %v", runs, want, err)
		}
	}
	run(1)
	run(1)
	c.Wake()
	run(2)
	c.now = c.now.Add(24 * time.Hour)
	run(3)
	run(3)
	c.now = c.now.Add(-48 * time.Hour) // a clock that is set back does no work again, and is no error
	run(3)
}

func migrated(tb testing.TB) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), filepath.Join(tb.TempDir(), "test.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(tb.Context(), "directives", migrations); err != nil {
		tb.Fatal(err)
	}
	return db
}

// TestFollow: a wished number closes an ordered directive and opens it again, and so
// does the path of a target that one was ordered for.
func TestFollow(t *testing.T) {
	c := newCity(t, migrated(t))
	leader := as(t.Context(), actor.Leader, "500000")
	wish, err := ParseCondition("st.hte/500103 >=700家")
	if err != nil {
		t.Fatal(err)
	}
	c.stand("green", "2023-06-30@1")
	for _, o := range []Order{
		{Title: pack.Text{ZH: "数字"}, Lead: "500103", Condition: wish},
		{Title: pack.Text{ZH: "路径"}, Lead: "kjj", Target: "T09", Condition: Condition{Kind: OnPath}},
		{Title: pack.Text{ZH: "材料"}, Lead: "kjj"},
	} {
		if _, err := c.Open(leader, o); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		date   string
		n      int64
		light  string
		stages string
	}{
		{"2023-07-11", 0, "yellow", "filed filed filed"},
		{"2023-07-12", 690, "yellow", "filed filed filed"},
		{"2023-10-12", 700, "green", "review review filed"},
		{"close", 0, "", "closed closed filed"},
		{"2023-10-13", 700, "green", "closed closed filed"},
		{"2024-01-12", 699, "yellow", "issued issued filed"},
	} {
		if tt.date == "close" {
			for _, id := range []string{"c1", "c2"} {
				if _, err := c.Close(leader, id); err != nil {
					t.Error(err)
				}
			}
		} else {
			if tt.n > 0 {
				o := firms(tt.n, "500103", "2023-09-30")
				c.books.latest = &o
			}
			c.stand(tt.light, tt.date)
			c.evaluate(t, tt.date)
		}
		var stages []string
		for _, id := range []string{"c1", "c2", "c3"} {
			d, err := c.read(leader, id)
			if err != nil {
				t.Fatal(err)
			}
			stages = append(stages, d.Stage)
		}
		if got := strings.Join(stages, " "); got != tt.stages {
			t.Errorf("%s: %s, want %s", tt.date, got, tt.stages)
		}
	}
	if d, err := c.read(leader, "c1"); err != nil || !strings.Contains(d.Again.ZH, "699") || d.TargetLit != unmet {
		t.Errorf("opened again as %+v, %v", d, err)
	}
}
