package evaluation

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

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
	"yuzhou/packs"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, listPage)
	testkit.Page(t, schemePage)
	testkit.Page(t, unitPage)
	words, err := web.Catalogs(pages)
	if err != nil {
		t.Fatal(err)
	}
	for lang, c := range words {
		for _, f := range []string{LinearFunction, ExponentialFunction} {
			if c["function."+f] == "" {
				t.Errorf("%s lacks function.%s", lang, f)
			}
		}
	}
}

// city is three districts of one region and one of another, and a town.
type city struct {
	numbers map[string][]observation.Observation // by indicator and unit
}

func (city) Units(context.Context, time.Time) ([]org.Unit, error) {
	return []org.Unit{
		{ID: "500101", Kind: org.District, Region: "ne", Text: pack.Text{ZH: "万州区", EN: "Wanzhou"}},
		{ID: "500103", Kind: org.District, Region: "core", Text: pack.Text{ZH: "渝中区", EN: "Yuzhong"}},
		{ID: "500106", Kind: org.District, Region: "core", Text: pack.Text{ZH: "沙坪坝区", EN: "Shapingba"}},
		{ID: "500107", Kind: org.District, Region: "core", Text: pack.Text{ZH: "九龙坡区", EN: "Jiulongpo"}},
		{ID: "500107001", Kind: org.Town},
	}, nil
}

func (c city) Unit(ctx context.Context, id string) (org.Unit, error) {
	all, err := c.Units(ctx, time.Time{})
	for _, u := range all {
		if u.ID == id {
			return u, err
		}
	}
	return org.Unit{ID: id, Text: pack.Text{ZH: "组 " + id, EN: "Group " + id}}, err
}

func (city) Indicator(_ context.Context, id string) (observation.Indicator, error) {
	i := observation.Indicator{ID: id, ZH: "指标 " + id, EN: "Indicator " + id, Direction: "up", Unit: quantity.MustUnit("家")}
	if id == "st.rd_intensity" || id == "st.patents_per_10k" {
		i.Unit = quantity.MustUnit("%")
	}
	return i, nil
}

func (c city) Series(ctx context.Context, indicator, unit string, known time.Time) (observation.Series, error) {
	i, err := c.Indicator(ctx, indicator)
	if unit == "500101" {
		return observation.Series{}, fault.New(fault.NotFound, "nothing of %s", unit)
	}
	var all []observation.Observation
	for _, o := range c.numbers[indicator+" "+unit] {
		if !o.Known.After(known) {
			all = append(all, o)
		}
	}
	return observation.NewSeries(i, unit, all), err
}

// stated is one published number.
func stated(t *testing.T, indicator, unit, per, value, cmp string) observation.Observation {
	t.Helper()
	p, err := period.Parse(per)
	if err != nil {
		t.Fatal(err)
	}
	v, err := quantity.ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	u := quantity.MustUnit("家")
	if strings.HasPrefix(indicator, "st.rd_") || strings.HasPrefix(indicator, "st.patents") {
		u = quantity.MustUnit("%")
	}
	return observation.Observation{
		Indicator: indicator, Unit: unit, Period: p, Vintage: 1, Status: observation.Reported, Known: p.End(), Printed: cmp + value,
		Quantity: quantity.Quantity{Value: v, Cmp: quantity.Comparator(cmp), Unit: u},
	}
}

// published is a city in which two districts of the core have all numbers, and
// Jiulongpo has a bound in place of one.
func published(t *testing.T) city {
	t.Helper()
	c := city{map[string][]observation.Observation{}}
	for _, x := range [][5]string{
		{"st.rd_intensity", "500103", "2022", "2.0", "="},
		{"st.rd_intensity", "500106", "2022", "4.0", "="},
		{"st.rd_intensity", "500107", "2022", "3.0", "="},
		{"st.patents_per_10k", "500103", "2022", "20", "="},
		{"st.patents_per_10k", "500106", "2022", "60", "="},
		{"st.patents_per_10k", "500107", "2022", "40", ">"},
		{"st.hte", "500103", "2022-06-30", "100", "="},
		{"st.hte", "500106", "2022-06-30", "500", "="},
		{"st.hte", "500103", "2023-06-30", "120", "="},
		{"st.hte", "500106", "2023-06-30", "575", "="},
		{"st.hte", "500107", "2023-06-30", "300", "="},
		{"st.sti_firms", "500103", "2022-06-30", "1000", "="},
		{"st.sti_firms", "500106", "2022-06-30", "2000", "="},
		{"st.sti_firms", "500103", "2023-06-30", "1100", "="},
		{"st.sti_firms", "500106", "2023-06-30", "3000", "="},
		{"st.sti_firms", "500107", "2023-06-30", "1500", "="},
	} {
		key := x[0] + " " + x[1]
		c.numbers[key] = append(c.numbers[key], stated(t, x[0], x[1], x[2], x[3], x[4]))
	}
	return c
}

// site is the module's pages over the pack's rule, as asked for on 15 July 2023.
func site(t *testing.T, db *store.DB, c city) (*Service, http.Handler) {
	t.Helper()
	now := func() time.Time { return time.Date(2023, 7, 15, 4, 0, 0, 0, time.UTC) }
	where := web.Site{Unit: "500000", Prefix: "88.500.1", Zone: time.FixedZone("", 8*3600), Now: now, Name: pack.Text{ZH: "重庆市", EN: "Chongqing"}}
	s := New(module.Host{DB: db, Now: now, Site: where}, Needs{Readings: c, Units: c})
	load := s.loadPack(pack.Open(packs.Chongqing()))
	for range 2 { // the second changes nothing
		if err := db.Write(t.Context(), func(tx store.Tx) error { return load(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
	}
	rt := web.NewRouter(where, slog.New(slog.DiscardHandler), func(context.Context, actor.Actor, actor.Permission, string) error { return nil })
	s.Module().Routes(rt)
	return s, rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
}

// TestPages: what a reader finds with numbers, without, and with generated ones.
func TestPages(t *testing.T) {
	testkit.EachStore(t, "evaluation", migrations, func(t *testing.T, db *store.DB) {
		_, h := site(t, db, published(t))
		for _, tt := range []struct {
			path   string
			status int
			has    []string
			not    []string
		}{
			{"/evaluation", 200, []string{"区县科技创新评价（本项目设定）", "4 个单位，2 个有分数", "v1", "不排名"}, []string{"演示："}},
			{"/evaluation?lang=en", 200, []string{"4 units, of which 2 have a score", "assumption"}, nil},
			{"/evaluation/st-districts", 200, []string{"渝中区", "组 core", "没有分数", "只公布了界限（&gt;40）", "没有公布过的数字", "30.0%", "线性", "指数", "水平 0.4，增长 0.6", "2023-06-30"}, []string{"同组位次", "演示：以下"}},
			{"/evaluation/st-districts?as_of=2023-01-15&lang=en", 200, []string{"of which 0 have a score", "no number of a year before"}, nil},
			{"/evaluation/st-districts?demo=true", 200, []string{"演示：以下分数用命令生成", "?demo=true"}, nil},
			{"/evaluation/nothing", 404, []string{"nothing"}, nil},
			{"/evaluation/st-districts/500106", 200, []string{"沙坪坝区", "60 &#43; 40 × (4 − 2) / (4 − 2) = 100.00", "2 (渝中区) – 4 (沙坪坝区)", "/indicators/st.hte/500106/2023-06-30?v=1", "增速 15.00% → 80.00 分", "0.4 × 100.00 &#43; 0.6 × 80.00 → 88.00"}, nil},
			{"/evaluation/st-districts/500101?lang=en", 200, []string{"No score (numbers for 0% of the weights)", "no published number"}, nil},
			{"/evaluation/st-districts/500107001", 404, nil, nil},
			{"/api/v1/evaluation", 200, []string{`"id":"st-districts"`, `"ranking":false`}, nil},
			{"/api/v1/evaluation/st-districts", 200, []string{`"scored":2`, `"score":null`}, []string{`"rank":`}},
			{"/api/v1/evaluation/st-districts/500106", 200, []string{`"name":"88.500.1/st.hte/500106/2023-06-30@1"`}, nil},
			{"/api/v1/evaluation/st-districts/scores.csv", 200, []string{"\ufeffscheme,version,unit", "st-districts,1,500106,core,st.rd_intensity,30,2022,4,"}, nil},
		} {
			r := httptest.NewRequest(http.MethodGet, tt.path, nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != tt.status {
				t.Errorf("%s: status %d, want %d: %.300s", tt.path, w.Code, tt.status, body)
				continue
			}
			for _, want := range tt.has {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %q", tt.path, want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(body, not) {
					t.Errorf("%s has %q", tt.path, not)
				}
			}
		}
	})
}

// TestNothingPublished: the pack as it is has no number of a district: no unit has
// a score, and each says why.
func TestNothingPublished(t *testing.T) {
	db := testkit.Store(t)
	if err := db.Migrate(t.Context(), "evaluation", migrations); err != nil {
		t.Fatal(err)
	}
	s, _ := site(t, db, city{})
	e, err := s.Evaluate(t.Context(), Ask{Scheme: "st-districts", Date: s.site.Today(), Known: s.now()})
	if err != nil || e.Scored != 0 || len(e.Results) != 4 {
		t.Fatalf("%+v, %v", e, err)
	}
	for _, r := range e.Results {
		if r.Score != nil || r.Why.ZH == "" || r.Demo {
			t.Errorf("%s: %+v", r.Unit, r)
		}
	}
	shown, err := s.Evaluate(t.Context(), Ask{Scheme: "st-districts", Date: s.site.Today(), Known: s.now(), Demo: true})
	if err != nil || shown.Scored == 0 || !shown.Demo {
		t.Fatalf("%+v, %v", shown, err)
	}
	for _, r := range shown.Results {
		if !r.Demo && r.Covered > 0 {
			t.Errorf("%s rests on generated numbers and does not say so", r.Unit)
		}
	}
}

// TestPack: what a rule must not say is found, with its line.
func TestPack(t *testing.T) {
	good := `schemes:
  - id: a
    zh: 甲
    kinds: [district]
    peers: region
    ranking: "off"
    floor: "0"
    cap: "100"
    source: {zh: 设定}
    parts:
      - {indicator: i, weight: "1", function: linear, goalposts: {peers: "true"}, level: "1", growth: "0"}
`
	for name, tt := range map[string]struct{ old, new, says string }{
		"as it is":         {"", "", ""},
		"ranking":          {`"off"`, `maybe`, `ranking is "maybe"`},
		"peers":            {"peers: region", "peers: friends", `"friends"`},
		"kind":             {"[district]", "[village]", `"village"`},
		"function":         {"function: linear", "function: cubic", `"cubic"`},
		"weight":           {`weight: "1"`, `weight: "0"`, "weights are above 0"},
		"cap":              {`cap: "100"`, `cap: "0"`, "not below the cap"},
		"no goalposts":     {`{peers: "true"}`, `{low: "1"}`, "goalposts"},
		"equal goalposts":  {`{peers: "true"}`, `{low: "1", high: "1"}`, "goalposts"},
		"growth undefined": {`growth: "0"`, `growth: "1"`, "growth needs"},
		"unknown key":      {"kinds:", "sorts:", "sorts"},
	} {
		text := good
		if tt.old != "" {
			text = strings.Replace(good, tt.old, tt.new, 1)
		}
		p := pack.Open(fstest.MapFS{rulesFile: {Data: []byte(text)}, "pack.yaml": {Data: []byte("x")}})
		readSchemes(p)
		var lines []string
		for _, f := range p.Findings() {
			if f.File == rulesFile && f.Rule != "pack.dangling" {
				lines = append(lines, f.String())
			}
		}
		found := strings.Join(lines, "\n")
		if tt.says == "" && found != "" || !strings.Contains(found, tt.says) {
			t.Errorf("%s: %q; want %q", name, found, tt.says)
		}
	}
}
