package plan

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/proof/prooftest"
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
	"yuzhou/packs"
)

// figures opens a pack and reads the figures that its plan names.
func figures(files fs.FS) *pack.Pack {
	p := pack.Open(files)
	p.AddFigures(pack.Read[struct {
		Figures []pack.Figure `pack:"figures"`
	}](p, "indicators/figures.yaml").Figures)
	return p
}

// opened returns a pack whose plan has been read.
func opened(files fs.FS) *pack.Pack {
	p := figures(files)
	readPack(p)
	return p
}

// said lists findings of the plan's checks: severity, rule and figures.
func said(all []pack.Finding) []string {
	var out []string
	for _, f := range all {
		if strings.HasPrefix(f.Rule, "plan.") {
			out = append(out, strings.Join(append([]string{string(f.Severity), f.Rule}, f.Figures...), " "))
		}
	}
	slices.Sort(out)
	return out
}

// TestFindings: what the checks say of the plans at hand; among it the wording of
// the highlights, which people had noticed in F084.
func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files fs.FS
		want  []string
	}{
		{"chongqing", packs.Chongqing(), []string{
			"note plan.empty-slot", "note plan.empty-slot", "note plan.empty-slot", "note plan.no-path F025", "note plan.undeclared-path",
			"note plan.wording F080", "note plan.wording F084", "note plan.wording F085",
		}},
		{"taoyuan", os.DirFS("../../packs/testdata/taoyuan"), []string{"note plan.empty-slot"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := opened(tt.files)
			all := p.Findings()
			if diff := cmp.Diff(tt.want, said(all)); diff != "" {
				t.Error(diff)
			}
			for _, f := range all {
				if strings.HasPrefix(f.Rule, "plan.") && (f.File == "" || f.Line == 0 || f.Text == "" || f.ZH == "") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// small is a plan in which the checks find nothing.
func small() (*Plan, map[string]figure) {
	year := func(s string) period.Period {
		p, _ := period.Parse(s)
		return p
	}
	firms := func(n int64, c quantity.Comparator) quantity.Quantity {
		return quantity.Quantity{Value: quantity.Int(n), Cmp: c, Unit: quantity.MustUnit("家")}
	}
	pl := &Plan{
		Numerals: pack.Text{ZH: "1个目标、1项任务"}, From: year("2023"), To: year("2027"),
		Elements: []Element{{ID: "G", Kind: Goal}, {ID: "O1", Kind: Objective}},
		Targets: []Target{{
			ID: "T1", Element: "O1", Indicator: "firms", Figure: "A", Want: firms(200, quantity.AtLeast), Due: year("2027"), Baseline: Baseline{Figure: "B"},
		}},
		Trajectories: []Path{{Target: "T1", Shape: "linear", DeclaredBy: "office"}},
		Highlights:   []Highlight{{N: 1, Field: pack.Text{ZH: "数字社会不断丰富"}, Figures: []string{"C", "D"}}},
	}
	return pl, map[string]figure{
		"A": {"firms", firms(200, quantity.AtLeast), "达到200家", false}, "B": {"firms", firms(100, quantity.Equal), "有100家", false},
		"C": {"rank", firms(3, quantity.Equal), "数字社会综合评价全国第三", true}, "D": {"rank", firms(1, quantity.Equal), "缴费情况全国第一", true},
	}
}

// TestPlanChecks changes one thing at a time in a plan with no findings.
func TestPlanChecks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(pl *Plan, figures map[string]figure)
		want   []string
	}{
		{"nothing", func(*Plan, map[string]figure) {}, nil},
		{"an objective more than the numerals say", func(pl *Plan, _ map[string]figure) {
			pl.Elements = append(pl.Elements, Element{ID: "O2", Kind: Objective})
			pl.Targets = append(pl.Targets, Target{ID: "T2", Element: "O2", Baseline: Baseline{None: &pack.Text{}}})
		}, []string{"warning plan.numerals"}},
		{"an empty slot", func(pl *Plan, _ map[string]figure) { pl.Elements[0].Slot = &pack.Text{ZH: "未载"} }, []string{"note plan.empty-slot"}},
		{"an objective without a target", func(pl *Plan, _ map[string]figure) { pl.Targets[0].Element = "G" }, []string{"note plan.no-target"}},
		{"due after the plan", func(pl *Plan, _ map[string]figure) { pl.Targets[0].Due = pl.Targets[0].Due.Add(1) }, []string{"warning plan.due A B"}},
		{"a baseline of another indicator", func(_ *Plan, f map[string]figure) { b := f["B"]; b.indicator = "reviews"; f["B"] = b }, []string{"error plan.baseline-notion A B"}},
		{"met at its start", func(pl *Plan, _ map[string]figure) { pl.Targets[0].Want.Value = quantity.Int(100) }, []string{"warning plan.met-at-start A B"}},
		{"over its start is not met there", func(pl *Plan, _ map[string]figure) {
			pl.Targets[0].Want.Value, pl.Targets[0].Want.Cmp = quantity.Int(100), quantity.Over
		}, nil},
		{"a path that nobody declared", func(pl *Plan, _ map[string]figure) { pl.Trajectories[0].DeclaredBy = "" }, []string{"note plan.undeclared-path"}},
		{"no path", func(pl *Plan, _ map[string]figure) { pl.Trajectories = nil }, []string{"note plan.no-path A B"}},
		{"no path and no start", func(pl *Plan, _ map[string]figure) {
			pl.Trajectories, pl.Targets[0].Baseline = nil, Baseline{None: &pack.Text{ZH: "未载"}}
		}, nil},
		{"another name", func(pl *Plan, _ map[string]figure) {
			pl.Highlights[0].Field.ZH = "网络综合治理体系日臻完善"
		}, []string{"note plan.wording C"}},
		{"a rank of a part only", func(pl *Plan, _ map[string]figure) {
			pl.Highlights[0].Field.ZH, pl.Highlights[0].Figures = "网络综合治理", []string{"D"}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pl, figures := small()
			tt.change(pl, figures)
			got := said(planFindings(&inspection{
				plan: pl, figure: func(id string) (figure, bool) { f, ok := figures[id]; return f, ok },
				at: func(kind, id string) pack.Pos { return pack.Pos{File: kind, Line: len(id)} },
			}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shelf stands in for the indicators: figures of a pack, and one finding.
type shelf struct{ p *pack.Pack }

func (shelf) Series(context.Context, string, string, time.Time) (observation.Series, error) {
	return observation.Series{}, nil
}

func (s shelf) Figure(_ context.Context, id string, _ time.Time) (observation.Observation, error) {
	f, ok := s.p.Figure(id)
	if !ok {
		return observation.Observation{}, fault.New(fault.NotFound, "there is no figure %q", id)
	}
	o := observation.Observation{Indicator: f.Indicator, Quantity: f.Quantity(), Source: observation.Source{Document: f.Source, Lines: f.Lines, Quote: f.Quote}}
	if f.Rank != nil {
		o.Rank = &observation.Rank{}
	}
	return o, nil
}

func (shelf) Indicator(_ context.Context, id string) (observation.Indicator, error) {
	return observation.Indicator{ID: id}, nil
}

func (shelf) Check(context.Context) ([]pack.Finding, error) {
	return []pack.Finding{{Severity: pack.Warning, Rule: "reconcile.term", File: "page", Line: 15, Text: "Two terms."}}, nil
}

// TestCheckOperation: the API answers the findings of the plan in force, the same
// as of its pack, and those of the numbers.
func TestCheckOperation(t *testing.T) {
	testkit.EachStore(t, "plan", migrations, func(t *testing.T, db *store.DB) {
		p := opened(packs.Chongqing())
		now := func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }
		s := New(module.Host{DB: db, Now: now, Site: web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.UTC, Now: now}}, Needs{Readings: shelf{p}, Proof: &prooftest.Book{}})

		before, err := s.Findings(t.Context())
		if err != nil || len(before) != 0 {
			t.Fatalf("without a plan: %v, %v", before, err)
		}
		q := figures(packs.Chongqing())
		load := s.loadPack(q)
		if err := db.Write(t.Context(), func(tx store.Tx) error { return load(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		all := func(context.Context, actor.Actor, actor.Permission, string) error { return nil }
		rt := web.NewRouter(s.site, slog.New(slog.DiscardHandler), all)
		s.checkOperations(rt)
		w := httptest.NewRecorder()
		rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/plan/check", nil))
		var got []pack.Finding
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if diff := cmp.Diff(said(p.Findings()), said(got)); diff != "" {
			t.Error(diff)
		}
		if last := got[len(got)-1]; last.Rule != "reconcile.term" {
			t.Errorf("last finding %v, want that of the numbers", last)
		}
	})
}

func (s shelf) Indicators(context.Context) ([]observation.Indicator, error) { return nil, nil }
