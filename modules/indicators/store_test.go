package indicators

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/org"
	"yuzhou/engine/proof/prooftest"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/chart"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/module"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// city stands in for engine/org: it knows two places and lets everybody do everything.
type city struct{ deny map[string]bool }

func (c city) Unit(_ context.Context, id string) (org.Unit, error) {
	for _, u := range c.all() {
		if u.ID == id {
			return u, nil
		}
	}
	return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
}

func (city) all() []org.Unit {
	return []org.Unit{
		{ID: "500000", Text: pack.Text{ZH: "重庆市", EN: "Chongqing"}},
		{ID: "500103", Parent: "500000", Text: pack.Text{ZH: "渝中区", EN: "Yuzhong"}},
		{ID: "500105", Parent: "500000", Text: pack.Text{ZH: "江北区", EN: "Jiangbei"}},
	}
}

func (c city) Units(context.Context, time.Time) ([]org.Unit, error) { return c.all(), nil }

func (c city) Districts(context.Context) ([]org.Unit, error) { return c.all()[1:], nil }

func (c city) Decide(_ context.Context, _ actor.Actor, _ actor.Permission, unit string) error {
	if c.deny[unit] {
		return fault.New(fault.Forbidden, "not for %s", unit)
	}
	return nil
}

func (city) Audit(context.Context, store.Tx, string, string, string) error { return nil }

// loaded returns the module on db with the Chongqing pack in it.
func loaded(t *testing.T, db *store.DB, c city) *Service {
	t.Helper()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	zone := time.FixedZone("+08:00", 8*3600)
	site := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: zone, Now: func() time.Time { return now }}
	s := New(module.Host{DB: db, Now: site.Now, Site: site, Charts: chart.New()}, Needs{Units: c, Access: c, Audit: c, Proof: &prooftest.Book{}})
	load(t, s, db)
	return s
}

func load(t *testing.T, s *Service, db *store.DB) {
	t.Helper()
	p := pack.Open(packs.Chongqing())
	fn := s.loadPack(p)
	if err := db.Write(t.Context(), func(tx store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func on(t *testing.T, s *Service, date string) time.Time {
	t.Helper()
	_, known, err := s.site.ParseAsOf(date)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// TestEveryFigureOfThePage: all 116 load, keep their printed form and resolve by name.
func TestEveryFigureOfThePage(t *testing.T) {
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		s := loaded(t, db, city{})
		all, err := s.Figures(t.Context(), "page", on(t, s, "2023-07-11"))
		if err != nil || len(all) != 116 {
			t.Fatalf("%d figures, %v", len(all), err)
		}
		d, err := s.Document(t.Context(), "page")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			var text strings.Builder
			for _, n := range o.Source.Lines {
				text.WriteString(d.Lines[n-1])
			}
			if !strings.Contains(text.String(), o.Printed) {
				t.Errorf("%s: %q does not stand in lines %v", o.Source.Figure, o.Printed, o.Source.Lines)
			}
			got, err := s.Resolve(t.Context(), o.Name("88.500.1").String())
			if err != nil || got.Source.Figure != o.Source.Figure {
				t.Errorf("%s: %s resolves to %q, %v", o.Source.Figure, o.Name("88.500.1"), got.Source.Figure, err)
			}
		}
		load(t, s, db)
		if again, err := s.Figures(t.Context(), "page", s.now()); err != nil || len(again) != 116 {
			t.Errorf("loading the pack again: %d figures, %v", len(again), err)
		}
	})
}

// TestAsOf: the answer to what was known on a date does not change afterwards.
func TestAsOf(t *testing.T) {
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		s := loaded(t, db, city{})
		for _, tt := range []struct {
			indicator, asOf, want string
			vintages              int
		}{
			{"st.rd_intensity", "2023-07-10", "", 0},
			{"st.rd_intensity", "2023-07-11", "2022 2.3%", 1},
			{"st.rd_intensity", "2025-10-15", "2022 2.36% 2023 2.45%", 3},
			{"st.hte", "2023-07-11", "2023-06-30 6401家", 1},
			{"st.hte", "2025-10-14", "2023-06-30 6401家", 1},
			{"st.hte", "2025-10-15", "2023-06-30 6401家 2025-10-15 9123家", 2},
		} {
			series, err := s.Series(t.Context(), tt.indicator, "500000", on(t, s, tt.asOf))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range series.Points {
				got = append(got, o.Period.String(), o.Quantity.Chinese())
			}
			if n := len(series.Vintages) - len(series.Targets); strings.Join(got, " ") != tt.want || n != tt.vintages {
				t.Errorf("%s as of %s: %v, %d vintages; want %s, %d", tt.indicator, tt.asOf, got, n, tt.want, tt.vintages)
			}
		}
	})
}

// TestDerived: every derived figure of the pack comes out as it is stated.
func TestDerived(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	p := pack.Open(packs.Chongqing())
	in := readPack(p)
	if len(in.derived) != 22 {
		t.Fatalf("%d derived figures, want 22", len(in.derived))
	}
	for _, d := range in.derived {
		series, err := s.Series(t.Context(), d.Indicator, "500000", on(t, s, "2023-07-11"))
		if err != nil {
			t.Errorf("%s: %v", d.ID, err)
			continue
		}
		found := false
		for _, o := range series.Points {
			if o.Period == d.Period {
				found = true
				if o.Quantity.Value.Cmp(d.Value) != 0 || o.Status != observation.Derived {
					t.Errorf("%s: computed %s (%s), stated %s", d.ID, o.Quantity, o.Status, d.Value)
				}
			}
		}
		if !found {
			t.Errorf("%s: %s has no number for %s", d.ID, d.Indicator, d.Period)
		}
	}
}

// TestDerivedFollowsItsInputs: a revision of an input changes what is derived,
// from when it is known on.
func TestDerivedFollowsItsInputs(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	const id = "st.rd_intensity.yearly_rise"
	var got []string
	for _, asOf := range []string{"2023-07-11", "2025-10-15"} {
		for _, i := range mustIndicators(t, s) {
			if strings.Contains(i.Formula, "st.rd_intensity[2022]") {
				series, err := s.Series(t.Context(), i.ID, "500000", on(t, s, asOf))
				if err != nil {
					t.Fatal(err)
				}
				if o, ok := series.Latest(); ok {
					got = append(got, o.Quantity.Value.String())
				}
			}
		}
	}
	if len(got) != 2 || got[0] != "0.08" || got[1] != "0.07" {
		t.Errorf("%s: %v, want 0.08 then 0.07", id, got)
	}
}

func mustIndicators(t *testing.T, s *Service) []observation.Indicator {
	t.Helper()
	all, err := s.Indicators(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImport(t *testing.T) {
	const head = "indicator,unit,period,value,measure,status,known_since\n"
	good := "st.hte,500000,2026-06-30,10250,家,final,2026-07-10\nst.hte,500103,2026-06-30,812,家,final,2026-07-10\n"
	for _, tt := range []struct {
		name, file string
		opts       ImportOptions
		added      int
		done       bool
		refused    string // part of the reason, "" for none
	}{
		{"good rows", head + good, ImportOptions{}, 2, true, ""},
		{"only read", head + good, ImportOptions{DryRun: true}, 2, false, ""},
		{"one bad row keeps all out", head + good + "st.hte,500000,2026-06-30,10,元,final,2026-07-10\n", ImportOptions{}, 0, false, "元"},
		{"unless asked otherwise", head + good + "st.hte,500000,2026-07-31,10,元,final,2026-08-10\n", ImportOptions{Partial: true}, 2, true, "元"},
		{"not for a place that is not the actor's", head + "st.hte,500105,2026-06-30,10,家,final,2026-07-10\n", ImportOptions{}, 0, false, "not for 500105"},
		{"an unknown place", head + "st.hte,510000,2026-06-30,10,家,final,2026-07-10\n", ImportOptions{}, 0, false, "510000"},
		{"a derived indicator", head + "st.hte.implied_base,500000,2026-06-30,10,家,final,2026-07-10\n", ImportOptions{}, 0, false, "formula"},
		{"a number that claims to be derived", head + "st.hte,500000,2026-06-30,10,家,derived,2026-07-10\n", ImportOptions{}, 0, false, "derived"},
		{"knowledge is not put into the past", head + "st.hte,500000,2023-06-30,6500,家,final,2022-07-10\n", ImportOptions{}, 0, false, "before"},
		{"the future", head + "st.hte,500000,2027-06-30,6500,家,final,2026-07-10\n", ImportOptions{}, 0, false, "after today"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
				s := loaded(t, db, city{deny: map[string]bool{"500105": true}})
				before := held(t, db)
				r, err := s.Import(t.Context(), strings.NewReader(tt.file), tt.opts)
				if err != nil {
					t.Fatal(err)
				}
				if r.Added != tt.added || r.Done != tt.done {
					t.Errorf("added %d, done %v; want %d, %v: %+v", r.Added, r.Done, tt.added, tt.done, r.Verdicts)
				}
				var reasons []string
				for _, v := range r.Verdicts {
					reasons = append(reasons, v.Reason)
				}
				why := strings.Join(reasons, "; ")
				if !strings.Contains(why, tt.refused) || tt.refused == "" && r.Refused > 0 {
					t.Errorf("verdicts %q, want %q", why, tt.refused)
				}
				want := before
				if tt.done {
					want += tt.added
				}
				if after := held(t, db); after != want {
					t.Errorf("%d observations held, want %d", after, want)
				}
			})
		})
	}
}

func held(t *testing.T, db *store.DB) int {
	t.Helper()
	var n int
	err := db.Read(t.Context(), func(tx store.Tx) error {
		_, err := tx.One(t.Context(), `SELECT count(*) FROM indicators_observation`, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestImportTwiceAddsNothing(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	const file = "indicator,period,value,source,known_since\nst.hte,2026-06-30,10250,bureau,2026-07-10\n"
	for n, want := range []int{1, 0} {
		r, err := s.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if err != nil || r.Added != want || r.Refused > 0 {
			t.Errorf("time %d: %+v, %v; want %d added", n+1, r, err, want)
		}
	}
}

func TestResolveSaysWhatIsWrong(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	for name, kind := range map[string]fault.Kind{
		"88.500.1/st.hte/500000/2023-06-30":   "",
		"88.500.1/st.hte/500000/2023-06-30@9": fault.NotFound,
		"88.500.1/st.hte/500000/soon":         fault.Invalid,
		"88.500.2/st.hte/500000/2023-06-30":   fault.NotFound,
		"88.500.1/st.htx/500000/2023-06-30":   fault.NotFound,
		"no name":                             fault.Invalid,
	} {
		if _, err := s.Resolve(t.Context(), name); fault.KindOf(err) != kind || err != nil && kind == "" {
			t.Errorf("%s: %v, want %q", name, err, kind)
		}
	}
}

func TestMark(t *testing.T) {
	for _, tt := range []struct{ line, quote, before, mark, after string }{
		{"研发投入强度预计2.3%,万人", "强度预计2.3%", "研发投入", "强度预计2.3%", ",万人"},
		{"基础设施实现零的突", "实现零的突破", "基础设施", "实现零的突", ""},
		{"破,新增8个", "实现零的突破", "", "破", ",新增8个"},
		{"什么也没有", "数字", "什么也没有", "", ""},
	} {
		got := mark(1, tt.line, tt.quote)
		if tt.mark == "破" && got.Mark == "" {
			continue // one character alone is not worth marking
		}
		if got.Before != tt.before || got.Mark != tt.mark || got.After != tt.after {
			t.Errorf("%q in %q: %+v", tt.quote, tt.line, got)
		}
	}
}

func TestExplainReachesThePage(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	p, err := period.Parse("2023-06-30")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Explain(t.Context(), "st.hte.gap2027", "500000", p, s.now())
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, part := range w.Parts {
		if part.Input == nil {
			t.Fatalf("%s is no input", part.Text)
		}
		lines = append(lines, part.Input.Source.Lines...)
	}
	if *w.Value != 6299 || len(lines) != 2 || lines[0] != 75 || lines[1] != 15 {
		t.Errorf("%v from lines %v, want 6299 from 75 and 15", *w.Value, lines)
	}
	if _, err := s.Explain(t.Context(), "none", "500000", p, s.now()); !errors.Is(err, fault.NotFound) {
		t.Errorf("an unknown indicator: %v", err)
	}
}

func TestRepeatingWhatIsKnownAddsNothing(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "indicators", migrations); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, db, city{})
	for _, tt := range []struct {
		value string
		added int
	}{{"10250", 1}, {"10250", 0}, {"10260", 1}, {"10250", 1}} { // the last is a correction back
		r, err := s.Import(t.Context(), strings.NewReader("indicator,period,value,status\nst.hte,2026-06-30,"+tt.value+",final\n"), ImportOptions{})
		if err != nil || r.Added != tt.added || r.Refused > 0 {
			t.Errorf("%s: %+v, %v; want %d added", tt.value, r, err, tt.added)
		}
	}
}
