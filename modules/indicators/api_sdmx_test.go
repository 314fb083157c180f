package indicators

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/org"
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
	"yuzhou/modules/indicators/sdmx"
)

// places stands in for the units: a city with two districts.
type places []org.Unit

func samplePlaces() places {
	unit := func(id, parent, zh, en string) org.Unit {
		return org.Unit{Text: pack.Text{ZH: zh, EN: en}, ID: id, Parent: parent}
	}
	return places{unit("900000", "", "样市", "Sample"), unit("900101", "900000", "东区", "East"), unit("900102", "900000", "西区", "West")}
}

func (p places) Unit(_ context.Context, id string) (org.Unit, error) {
	at := slices.IndexFunc(p, func(u org.Unit) bool { return u.ID == id })
	if at < 0 {
		return org.Unit{}, fault.New(fault.NotFound, "there is no unit %q", id)
	}
	return p[at], nil
}

func (p places) Units(context.Context, time.Time) ([]org.Unit, error) { return p, nil }

func (p places) Districts(context.Context) ([]org.Unit, error) { return p[1:], nil }

// revision is one line of the script: a number, when it became known, and when
// this database learned it.
type revision struct {
	indicator, unit, period, value, cmp, measure string
	status                                       observation.Status
	known, recorded                              string
}

// script is the numbers of the tests: revised, in two spellings on one day, over a
// stretch of months, a target that was raised.
func script() []revision {
	return []revision{
		{"st.hte", "900000", "2022-12-31", "6348", "=", "家", observation.Flash, "2023-01-20", "2023-01-20"},
		{"st.hte", "900000", "2022-12-31", "6350", "=", "家", observation.Revised, "2023-03-01", "2023-03-05"},
		{"st.hte", "900000", "2027", "12700", ">=", "家", observation.Target, "2023-07-11", "2023-07-12"},
		{"st.hte", "900000", "2027", "1.3", ">", "万家", observation.Target, "2024-02-01", "2024-02-01"},
		{"st.hte", "900000", "2023-06-30", "6401", "=", "家", observation.Reported, "2023-07-11", "2023-07-12"},
		{"st.hte", "900101", "2022-12-31", "1204", "=", "家", observation.Reported, "2023-03-01", "2023-03-05"},
		{"st.hte", "900101", "2022-12-31", "0.12", "~", "万家", observation.Reported, "2023-03-01", "2023-03-05"},
		{"st.contracts", "900000", "2022", "630.50", "=", "亿元", observation.Final, "2023-07-11", "2023-07-12"},
		{"st.contracts", "900000", "2023-01/2023-06", "300", ">", "亿元", observation.Estimate, "2023-07-11", "2023-07-12"},
		{"net.stations", "900102", "2022", "7", "=", "万个", observation.Reported, "2023-01-20", "2023-01-20"},
	}
}

func day(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, s, time.FixedZone("", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func (r revision) observation(t *testing.T) observation.Observation {
	t.Helper()
	p, err := period.Parse(r.period)
	if err != nil {
		t.Fatal(err)
	}
	value, err := quantity.ParseDecimal(r.value)
	if err != nil {
		t.Fatal(err)
	}
	o := observation.Observation{
		Indicator: r.indicator, Unit: r.unit, Period: p, Status: r.status, By: "test", Known: day(t, r.known), Recorded: day(t, r.recorded),
		Quantity: quantity.Quantity{Value: value, Cmp: quantity.Comparator(r.cmp), Unit: quantity.MustUnit(r.measure)},
		Source:   observation.Source{Document: "book", Lines: []int{7, 9}},
	}
	o.Printed = o.Quantity.Chinese()
	return o
}

// publish runs the script on an empty database and returns the site over it.
func publish(t *testing.T, db *store.DB, revisions []revision) http.Handler {
	t.Helper()
	now := func() time.Time { return time.Date(2024, 3, 1, 4, 0, 0, 0, time.UTC) }
	site := web.Site{
		Name: pack.Text{ZH: "样市", EN: "Sample"}, Unit: "900000", Prefix: "88.900.1", Zone: time.FixedZone("", 8*3600), Now: now,
	}
	s := New(module.Host{DB: db, Log: slog.New(slog.DiscardHandler), Now: now, Site: site}, Needs{Units: samplePlaces(), Proof: &prooftest.Book{}})
	define := func(id, group, zh, en, unit, formula string) observation.Indicator {
		return observation.Indicator{ID: id, Group: group, ZH: zh, EN: en, Unit: quantity.MustUnit(unit), Formula: formula, Nature: observation.Stock, Space: "sum"}
	}
	err := db.Write(t.Context(), func(tx store.Tx) error {
		for _, i := range []observation.Indicator{
			define("st.hte", "st", "高新技术企业", "High-tech firms", "家", ""),
			define("st.hte.rest", "st", "距目标", "Left to the target", "家", "target(st.hte, 2027) - st.hte"),
			define("st.contracts", "st", "技术合同成交额", "Technology contracts", "亿元", ""),
			define("net.stations", "net", "基站", "Base stations", "万个", ""),
			define("网.bad", "net", "无码", "Without a code", "个", ""),
		} {
			if err := putDefinition(t.Context(), tx, i, now()); err != nil {
				return err
			}
		}
		groups := []Group{{Text: pack.Text{ZH: "科技", EN: "Science"}, ID: "st"}, {Text: pack.Text{ZH: "网络", EN: "Network"}, ID: "net"}}
		if err := putDoc(t.Context(), tx, "relation", "relations", Relations{Groups: groups}); err != nil {
			return err
		}
		a, err := newAppender(t.Context(), tx, &prooftest.Book{})
		if err != nil {
			return err
		}
		defer a.Close() //nolint:errcheck // the transaction's end closes it too
		for _, r := range revisions {
			if err := a.add(t.Context(), r.observation(t)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rt := web.NewRouter(site, slog.New(slog.DiscardHandler), func(context.Context, actor.Actor, actor.Permission, string) error { return nil })
	s.sdmxRoutes(rt)
	return rt.Handler(func(*http.Request) (actor.Actor, error) { return actor.Actor{}, nil })
}

// ask sends a query to the site; accept may be "".
func ask(t *testing.T, site http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sdmx/v2/"+path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

const csvType = "application/vnd.sdmx.data+csv;version=2.0.0"

// rows asks for CSV and returns, of each observation, the columns that matter most.
func rows(t *testing.T, site http.Handler, path string) []string {
	t.Helper()
	w := ask(t, site, path, csvType)
	if w.Code == http.StatusNoContent {
		return nil
	}
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	var out []string
	s := (&published{agency: agencyOf("88.900.1")}).definition()
	err := sdmx.ScanCSV(w.Body, s, func(r sdmx.Row) error {
		out = append(out, strings.Join(slices.Concat(r.Key, r.Values[0], r.Attrs[0]), " "))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

const (
	contracts22 = "st@contracts 900000 A 2022 630.50 A"
	contractsH1 = "st@contracts 900000 _Z 2023-01-01/P6M 300 E"
	hteFlash    = "st@hte 900000 D 2022-12-31 6348 P"
	hteRevised  = "st@hte 900000 D 2022-12-31 6350 R"
	hteMid      = "st@hte 900000 D 2023-06-30 6401 A"
	east        = "st@hte 900101 D 2022-12-31 0.12 A"
	eastFirst   = "st@hte 900101 D 2022-12-31 1204 A"
	rest22      = "st@hte@rest 900000 D 2022-12-31 6650 I"
	restMid     = "st@hte@rest 900000 D 2023-06-30 6599 I"
	stations    = "net@stations 900102 A 2022 7 A"
)

func TestSDMXData(t *testing.T) {
	cases := []struct {
		name, path string
		want       []string
	}{
		{"everything", "data/dataflow/P88_900_1/INDICATORS/1.0.0/*", []string{stations, contracts22, contractsH1, hteRevised, hteMid, east, rest22, restMid}},
		{"wildcards mean the numbers", "data/*/*/*/*/*", []string{stations, contracts22, contractsH1, hteRevised, hteMid, east, rest22, restMid}},
		{"by structure", "data/datastructure/*/DSD_INDICATORS/+/*.900101", []string{east}},
		{"a group", "data/dataflow/*/NET", []string{stations}},
		{"targets apart", "data/dataflow/*/TARGETS", []string{"st@hte 900000 A 2027 1.3 F"}},
		{"targets as of before", "data/dataflow/*/TARGETS?asOf=2023-12-31", []string{"st@hte 900000 A 2027 12700 F"}},
		{"key", "data/dataflow/*/INDICATORS/*/st@hte.900000.D", []string{hteRevised, hteMid}},
		{"keys with wildcards", "data/dataflow/*/INDICATORS/*/*.900102.*,st@contracts.*.A", []string{stations, contracts22}},
		{"filter of time", "data/dataflow/*/INDICATORS/*/st@hte?c[TIME_PERIOD]=ge:2023+le:2023", []string{hteMid}},
		{"a stretch is in the year", "data/dataflow/*/ST/*/*?c[TIME_PERIOD]=ge:2023+le:2023&c[FREQ]=_Z", []string{contractsH1}},
		{"filter of an attribute", "data/dataflow/*/INDICATORS?c[STATUS_NATIVE]=revised,final", []string{contracts22, hteRevised}},
		{"as of before the revision", "data/dataflow/*/INDICATORS?asOf=2023-02-01", []string{stations, hteFlash}},
		{"as of the day itself", "data/dataflow/*/INDICATORS/*/st@hte?asOf=2023-03-01", []string{hteRevised, east}},
		{"as of an instant before", "data/dataflow/*/INDICATORS/*/st@hte?asOf=2023-02-28T23:59:59%2B08:00", []string{hteFlash}},
		{"updated after", "data/dataflow/*/INDICATORS?updatedAfter=2023-03-05T00:00:01%2B08:00", []string{contracts22, contractsH1, hteMid, rest22, restMid}},
		{"updated after, of what was known", "data/dataflow/*/INDICATORS/*/st@hte?updatedAfter=2023-02-01&asOf=2023-03-10", []string{hteRevised, east}},
		{"nothing new", "data/dataflow/*/INDICATORS?updatedAfter=2024-02-20", nil},
		{"nothing there", "data/dataflow/*/INDICATORS/*/st@hte.900102", nil},
		{"last", "data/dataflow/*/INDICATORS/*/st@hte?lastNObservations=1", []string{hteMid, east}},
		{"first", "data/dataflow/*/INDICATORS/*/st@hte.900000?firstNObservations=1", []string{hteRevised}},
		{"a page", "data/dataflow/*/INDICATORS?offset=2&limit=2", []string{contractsH1, hteRevised}},
		{"sorted", "data/dataflow/*/INDICATORS/*/st@hte,net@stations?sort=REF_AREA:desc+TIME_PERIOD:desc", []string{stations, east, hteMid, hteRevised}},
		{"history", "data/dataflow/*/INDICATORS/*/st@hte?includeHistory=true", []string{hteFlash, hteRevised, eastFirst, east, hteMid}},
		{"history of what was known", "data/dataflow/*/INDICATORS/*/st@hte.900000?includeHistory=true&asOf=2023-03-01", []string{hteFlash, hteRevised}},
		{"history since", "data/dataflow/*/INDICATORS/*/st@hte.900000?includeHistory=true&updatedAfter=2023-02-01", []string{hteRevised, hteMid}},
		{"history of what is derived", "data/dataflow/*/INDICATORS/*/st@hte@rest?includeHistory=true", []string{
			"st@hte@rest 900000 D 2022-12-31 6350 I", "st@hte@rest 900000 D 2023-06-30 6299 I", rest22, restMid,
		}},
		{"history of targets", "data/dataflow/*/TARGETS?includeHistory=true", []string{"st@hte 900000 A 2027 12700 F", "st@hte 900000 A 2027 1.3 F"}},
	}
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		site := publish(t, db, script())
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, rows(t, site, c.path)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.path, diff)
				}
			})
		}
	})
}

func TestSDMXGolden(t *testing.T) {
	cases := []struct{ file, path, accept string }{
		{"sdmx_now.json", "data/dataflow/P88_900_1/INDICATORS", "application/vnd.sdmx.data+json;version=2.0.0"},
		{"sdmx_now.csv", "data/dataflow/P88_900_1/INDICATORS", csvType + ";labels=both"},
		{"sdmx_history.json", "data/dataflow/P88_900_1/INDICATORS/1.0.0/st@hte?includeHistory=true&lang=en", "application/vnd.sdmx.data+json;version=2.1.0"},
		{"sdmx_asof.json", "data/dataflow/P88_900_1/INDICATORS/1.0.0/st@hte.900000?asOf=2023-03-01&dimensionAtObservation=AllDimensions&attributes=OBS_STATUS", ""},
		{"sdmx_structure.json", "structure/dataflow/P88_900_1/INDICATORS/1.0.0?references=all", ""},
		{"sdmx_available.json", "availability/dataflow/P88_900_1/INDICATORS/1.0.0/st@hte.900101?mode=available&references=codelist", ""},
		{"sdmx_available20.json", "availability/dataflow/P88_900_1/ST", "application/vnd.sdmx.structure+json;version=2.0.0"},
	}
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		site := publish(t, db, script())
		for _, c := range cases {
			t.Run(c.file, func(t *testing.T) {
				w := ask(t, site, c.path, c.accept)
				if w.Code != http.StatusOK {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				got := w.Body.Bytes()
				if strings.HasSuffix(c.file, ".json") {
					var pretty bytes.Buffer
					if err := json.Indent(&pretty, got, "", " "); err != nil {
						t.Fatal(err)
					}
					got = pretty.Bytes()
				}
				testkit.Golden(t, c.file, got)
			})
		}
	})
}

func TestSDMXRefuses(t *testing.T) {
	cases := []struct {
		name, path, accept string
		status             int
		says               string
	}{
		{"flow", "data/dataflow/P88_900_1/NOSUCH", "", 404, "/sdmx/v2/structure/dataflow/P88_900_1"},
		{"agency", "data/dataflow/ECB/INDICATORS", "", 404, "there is no such dataflow"},
		{"version", "data/dataflow/*/INDICATORS/7.0.0", "", 404, "there is no such dataflow"},
		{"provision", "data/provisionagreement/*/INDICATORS", "", 404, "there is no such provisionagreement"},
		{"two flows", "data/dataflow/*/ST,NET", "", 422, `resourceID "ST,NET" names 2 dataflows`},
		{"key", "data/dataflow/*/INDICATORS/*/st@hte.900000.D.x", "", 422, `has 4 parts`},
		{"component", "data/dataflow/*/INDICATORS?c[COLOUR]=red", "", 422, `"COLOUR" is not a component`},
		{"sort", "data/dataflow/*/INDICATORS?sort=OBS_VALUE", "", 422, "sort by OBS_VALUE is not offered"},
		{"year", "data/dataflow/*/INDICATORS?reportingYearStartDay=--07-01", "", 422, `"--07-01" is not --01-01`},
		{"parameter", "data/dataflow/*/INDICATORS?colour=red", "", 400, `parameter "colour" is not one of this query`},
		{"instant", "data/dataflow/*/INDICATORS?asOf=yesterday", "", 400, `asOf "yesterday" is not an instant`},
		{"context", "data/cube/*/INDICATORS", "", 400, `context "cube"`},
		{"media type", "data/dataflow/*/INDICATORS", "application/vnd.sdmx.data+xml;version=3.0.0", 406, "is not offered, ask for"},
		{"format", "data/dataflow/*/INDICATORS?format=pdf", "", 406, `format "pdf" is not offered`},
		{"media type of structures", "structure/dataflow", "text/csv", 406, "is not offered, ask for"},
		{"artefact type", "structure/cube", "", 400, `artefactType "cube"`},
		{"artefact", "structure/codelist/*/CL_NOSUCH", "", 404, "no codelist matches the query"},
		{"structures of the past", "structure/dataflow?asOf=2023-01-01", "", 400, "asOf is not offered of structures"},
		{"availability", "availability/dataflow/*/INDICATORS/*/*/COLOUR", "", 422, `componentID "COLOUR"`},
	}
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		site := publish(t, db, script())
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				w := ask(t, site, c.path, c.accept)
				var p web.Problem
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
					t.Fatalf("%d %s: %v", w.Code, w.Body, err)
				}
				if w.Code != c.status || p.Status != c.status || !strings.Contains(p.Detail, c.says) {
					t.Errorf("%d %q, want %d and %q", w.Code, p.Detail, c.status, c.says)
				}
				if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
					t.Errorf("content type %q", got)
				}
			})
		}
	})
}

func TestSDMXNothing(t *testing.T) {
	testkit.EachStore(t, "indicators", migrations, func(t *testing.T, db *store.DB) {
		w := ask(t, publish(t, db, nil), "data/dataflow/*/INDICATORS", "")
		if w.Code != http.StatusNoContent || w.Body.Len() > 0 {
			t.Errorf("%d %q, want 204 and nothing", w.Code, w.Body)
		}
	})
}

func TestAgencyOf(t *testing.T) {
	for prefix, want := range map[string]string{"88.500.1": "P88_500_1", "88": "P88", "a/b-c": "Pa_b-c"} {
		if got := agencyOf(prefix); got != want {
			t.Errorf("agency of %s is %s, want %s", prefix, got, want)
		}
	}
}
