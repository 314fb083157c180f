package plan

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
	"yuzhou/packs"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, homePage)
	testkit.Page(t, cockpitPage)
	testkit.Page(t, targetPage)
	testkit.Page(t, treePage)
	testkit.Page(t, elementPage)
	testkit.Page(t, highlightsPage)
	testkit.Page(t, checkPage)
	testkit.Page(t, versionsPage)
	testkit.Page(t, searchPage)
}

// archive stands in for the other modules: the figures of the pack, each from the
// day on which it became known.
type archive struct {
	shelf
	byID map[string]observation.Observation
}

// newArchive reads the pack's figures, the later ones too, and the base that
// doubling implies for the high-tech firms.
func newArchive(t *testing.T) archive {
	t.Helper()
	p := opened(packs.Chongqing())
	a := archive{shelf{p}, map[string]observation.Observation{}}
	for n, name := range []string{"indicators/figures.yaml", "indicators/later.yaml"} {
		read := pack.Read[struct {
			Figures []pack.Figure `pack:"figures"`
		}](p, name)
		for _, f := range read.Figures {
			o := observation.Observation{
				Indicator: f.Indicator, Unit: f.At, Period: f.Period, Vintage: n + 1, Quantity: f.Quantity(), Printed: f.Printed,
				Status: observation.Status(f.Status), Known: f.Known.Start(),
				Source: observation.Source{Document: f.Source, Lines: f.Lines, Quote: f.Quote, Weak: f.Weak},
			}
			if f.Rank != nil {
				o.Rank = &observation.Rank{Compiler: f.Rank.Compiler, Edition: f.Rank.Edition, Of: f.Rank.Of}
			}
			a.byID[f.ID] = o
		}
	}
	implied := number(t, "2022-12-31", "6350", "~", "家")
	implied.Indicator, implied.Unit, implied.Status = "st.hte.implied_base", "500000", observation.Derived
	a.byID["D006"] = implied
	return a
}

func (a archive) Figure(_ context.Context, id string, known time.Time) (observation.Observation, error) {
	o, ok := a.byID[id]
	if !ok || o.Known.After(known) {
		return o, fault.New(fault.NotFound, "there is no figure %q", id)
	}
	return o, nil
}

func (a archive) Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error) {
	var all []observation.Observation
	for _, o := range a.byID {
		if o.Indicator == indicator && o.Unit == unit && !o.Known.After(known) {
			all = append(all, o)
		}
	}
	i, err := a.Indicator(ctx, indicator)
	return observation.NewSeries(i, unit, all), err
}

// Indicator makes a definition up from the figures: a name, a nature, a unit.
func (a archive) Indicator(_ context.Context, id string) (observation.Indicator, error) {
	i := observation.Indicator{ID: id, ZH: "指标(" + id + ")", EN: "Indicator " + id, Nature: observation.Stock, Direction: "up", Body: "kjj"}
	for _, o := range a.byID {
		if o.Indicator == id {
			i.Unit = o.Quantity.Unit
			if firms := quantity.MustUnit("家"); i.Unit.Same(firms) {
				i.Unit = firms // not 万家
			}
			if i.Unit.IsPercent() {
				i.Nature = observation.Ratio
			}
		}
	}
	return i, nil
}

func (a archive) Indicators(ctx context.Context) ([]observation.Indicator, error) {
	i, err := a.Indicator(ctx, "st.hte")
	return []observation.Indicator{i}, err
}

func (archive) Unit(_ context.Context, id string) (org.Unit, error) {
	if id != "kjj" {
		return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
	}
	return org.Unit{ID: id, Text: pack.Text{ZH: "市科技局", EN: "Science Bureau"}}, nil
}

func (archive) Find(_ context.Context, text string) ([]org.Unit, error) {
	if text != "科技" {
		return nil, nil
	}
	return []org.Unit{{ID: "kjj", Text: pack.Text{ZH: "市科技局", EN: "Science Bureau"}}}, nil
}

func (archive) Children(context.Context, string, string) ([]org.Unit, error) { return nil, nil }

func (archive) Districts(context.Context) ([]org.Unit, error) { return nil, nil }

func (archive) Audit(context.Context, store.Tx, string, string, string) error { return nil }

func (archive) Decide(_ context.Context, who actor.Actor, need actor.Permission, _ string) error {
	if need == actor.Read || who.May(need, "500000", func(string, string) bool { return false }) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s may not", who.Name)
}

// site is the module's pages over the pack, as asked for on 16 October 2025.
func site(t *testing.T) (*Service, http.Handler) {
	t.Helper()
	a := newArchive(t)
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "plan", migrations); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2025, 10, 16, 4, 0, 0, 0, time.UTC) }
	where := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.FixedZone("", 8*3600), Now: now, Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}}
	s := New(module.Host{DB: db, Now: now, Site: where, Charts: chart.New()}, Needs{Readings: a, Units: a, Audit: a, Access: a, Proof: &prooftest.Book{}})
	load := s.loadPack(figures(packs.Chongqing()))
	if err := db.Write(t.Context(), func(tx store.Tx) error { return load(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	rt := web.NewRouter(where, slog.New(slog.DiscardHandler), a.Decide)
	s.routes(rt)
	leader := actor.Actor{ID: "1", Name: "leader", Grants: []actor.Grant{{Role: actor.Leader, Unit: "500000"}}}
	return s, rt.Handler(func(r *http.Request) (actor.Actor, error) {
		if r.Header.Get("X-Leader") != "" {
			return leader, nil
		}
		return actor.Actor{}, nil
	})
}

func open(t *testing.T, h http.Handler, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// TestPages: what a reader finds on each page, on the dates of the story.
func TestPages(t *testing.T) {
	_, h := site(t)
	for _, tt := range []struct {
		path    string
		status  int
		has     []string
		without []string
	}{
		{"/?as_of=2023-07-11", 200, []string{"■</span> 1 项滞后", `class="infographic desk"`, `class="infographic phone"`, "/plan/elements/AC8?as_of=2023-07-11", "政策 × 20", "2023年7月11日"}, []string{"9123"}},
		{"/?lang=en", 200, []string{"▲</span> 1 behind", "1-4-5-8", "9,123 firms"}, nil},
		{"/plan/cockpit?as_of=2023-07-11", 200, []string{`class="row-red"`, "■", "滞后", "6401家", "每月 116.6 家", "每月 8.50 家", "845家", "76.9%", "default.pace.red", "市科技局", "没有写明"}, []string{"9123", "row-yellow"}},
		{"/plan/cockpit", 200, []string{`class="row-yellow"`, "9123家", "default.pace.yellow", "2025-10-15"}, []string{"row-red"}},
		{"/plan/cockpit?path=geometric", 200, []string{"default.pace.green", "假设所有路径都是", "等比"}, []string{"row-yellow", "row-red"}},
		{"/plan/cockpit?path=zigzag", 422, []string{"zigzag", "linear、geometric、s"}, nil},
		{"/plan/cockpit?as_of=yesterday", 422, []string{"yesterday"}, nil},
		{"/plan/targets/T09?as_of=2023-07-11", 200, []string{"default.pace.red", "92.7", "<svg", "12,700", "直线", "等比", "S 形", "1.27万家以上", "没有公布过这个指标的数字"}, []string{"<form method=\"post\"", "9123"}},
		{"/plan/targets/T09?lang=en", 200, []string{"15.1", "geometric", "In firms", "12,700"}, []string{"Declare a path"}},
		{"/plan/targets/T99", 404, []string{"T99"}, nil},
		{"/plan/tree", 200, []string{"AC1", "M1.3", "只列行动名称，未载举措", "/indicators/documents/page#L91", "服务于"}, nil},
		{"/plan/elements/O3?as_of=2023-07-11", 200, []string{"/plan/targets/T09?as_of=2023-07-11", "NP01", "第 75 行"}, nil},
		{"/plan/elements/X1", 404, []string{"X1"}, nil},
		{"/plan/highlights", 200, []string{"编制者排名", "来源没有写明编制者", "/indicators/net.5g_per_10k.rank/500000/2022"}, nil},
		{"/plan/check", 200, []string{"reconcile.term", "用词不一", "第 15 行", "plan.empty-slot"}, nil},
		{"/plan/versions?from=1&to=1", 200, []string{"没有差别", "SHA-256"}, nil},
		{"/plan/versions?from=1&to=9", 404, nil, nil},
		{"/search?q=科技", 200, []string{"市科技局", "/plan/elements/AC6", "搜索"}, nil},
		{"/search?q=nothing-like-it", 200, []string{"没有找到"}, nil},
	} {
		t.Run(tt.path, func(t *testing.T) {
			status, body := open(t, h, tt.path)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			for _, want := range tt.has {
				if !strings.Contains(body, want) {
					t.Errorf("lacks %q", want)
				}
			}
			for _, not := range tt.without {
				if strings.Contains(body, not) {
					t.Errorf("has %q", not)
				}
			}
			if n := strings.Count(body, "<h1"); n != 1 {
				t.Errorf("%d headings of the first level", n)
			}
		})
	}
}

// TestRow: the cockpit's line of the high-tech firms as markup, on the two dates
// of the story.
func TestRow(t *testing.T) {
	_, h := site(t)
	row := regexp.MustCompile(`(?s)<tr class="row-(?:red|yellow)">.*?</tr>`)
	state := regexp.MustCompile(`(?s)<p class="state">.*?</p>`)
	for _, at := range []string{"2023-07-11", "2025-10-15"} {
		for _, lang := range web.Langs() {
			_, body := open(t, h, "/plan/cockpit?as_of="+at+"&lang="+lang)
			testkit.Golden(t, "cockpit/"+at+"."+lang+".html", []byte(state.FindString(body)+"\n"+row.FindString(body)+"\n"))
		}
	}
}

// TestDeclareForm: a leader's mistake keeps what was typed; a path that is right
// changes the light from then on.
func TestDeclareForm(t *testing.T) {
	s, h := site(t)
	post := func(leader bool, values url.Values) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/plan/targets/T09/path", strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if leader {
			r.Header.Set("X-Leader", "1")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.Code, string(body)
	}
	typed := url.Values{"shape": {"geometric"}, "band": {"五"}, "note": {"按增速"}}
	status, body := post(true, typed)
	for _, want := range []string{"带宽“五”不是 0 到 50 之间的百分数", `value="五"`, `value="按增速"`, `value="geometric" selected`, `aria-invalid="true"`} {
		if !strings.Contains(body, want) {
			t.Errorf("after a mistake the page lacks %q", want)
		}
	}
	if status != http.StatusUnprocessableEntity {
		t.Errorf("a band that is no number: %d", status)
	}
	typed.Set("band", "5")
	if status, _ := post(false, typed); status != http.StatusForbidden {
		t.Errorf("a visitor declares: %d", status)
	}
	if status, body := post(true, typed); status != http.StatusSeeOther {
		t.Fatalf("declared: %d %s", status, body)
	}
	st, err := s.Status(t.Context(), "T09", s.site.Today(), s.now(), "")
	if err != nil || st.Light != Green || st.Path.DeclaredBy != "leader" || st.Path.Note.ZH != "按增速" {
		t.Errorf("%s by %+v, %v; want green on the declared path", st.Light, st.Path, err)
	}
	if before, err := s.Status(t.Context(), "T09", date(t, "2025-10-15"), s.site.EndOf(date(t, "2025-10-15")), ""); err != nil || before.Light != Yellow {
		t.Errorf("the day before: %s, %v; want yellow still", before.Light, err)
	}
}

// TestFigureFits: no word of the 1-4-5-8 figure runs out of its drawing or stands
// on another's line, in either language and cut.
func TestFigureFits(t *testing.T) {
	s, _ := site(t)
	p, err := s.Plan(t.Context(), s.now())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Statuses(t.Context(), s.site.Today(), s.now(), "")
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]float64{"label": 15, "label strong": 15, "small": 13, "tiny": 11.5}
	word := regexp.MustCompile(`<text class="([^"]*)" x="([0-9.]+)" y="([0-9.]+)">([^<]*)</text>`)
	for _, lang := range web.Langs() {
		for _, f := range []format{desk, phone} {
			drawn := string(infographic(p, all, &web.Shell{Site: s.site, Lang: lang}, f))
			type span struct{ from, to float64 }
			rows := map[string][]span{}
			for _, m := range word.FindAllStringSubmatch(drawn, -1) {
				size, ok := sizes[m[1]]
				if !ok {
					continue // numerals and lights
				}
				x, errX := strconv.ParseFloat(m[2], 64)
				if errX != nil {
					t.Fatal(errX)
				}
				end := x + ems(m[4])*size
				if end > f.width {
					t.Errorf("%s %s: %q ends at %.0f of %.0f", lang, f.class, m[4], end, f.width)
				}
				if slices.ContainsFunc(rows[m[3]], func(o span) bool { return x < o.to && o.from < end }) {
					t.Errorf("%s %s: %q stands on other words", lang, f.class, m[4])
				}
				rows[m[3]] = append(rows[m[3]], span{x, end})
			}
			if len(rows) < 10 {
				t.Errorf("%s %s: %d lines of words", lang, f.class, len(rows))
			}
		}
	}
}
