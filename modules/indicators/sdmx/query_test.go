package sdmx

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
)

// refused checks that err is fault.Invalid and says what is wrong.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want an invalid one with %q", err, want)
	}
}

// The example queries of the SDMX-REST 2.2.2 documentation, and some of ours.
func TestParseQuery(t *testing.T) {
	beijing := time.FixedZone("", 8*3600)
	cond := func(s string) Condition { op, v, _ := strings.Cut(s, " "); return Condition{op, v} }
	for _, c := range []struct {
		path, raw string
		want      Query
	}{
		{"data", "", Query{}},
		{"/data/", "", Query{}},
		{"data/dataflow/ECB/EXR/1.0.0/M.USD.EUR.SP00.A", "", Query{
			Context: "dataflow", Agencies: []string{"ECB"}, IDs: []string{"EXR"}, Versions: []string{"1.0.0"},
			Keys: [][]string{{"M", "USD", "EUR", "SP00", "A"}},
		}},
		{"data/datastructure/ECB/ECB_EXR1/1.0.0,2.0.0/M.*.EUR.SP00.A", "attributes=OBS_STATUS,UNIT_MEASURE", Query{
			Context: "datastructure", Agencies: []string{"ECB"}, IDs: []string{"ECB_EXR1"}, Versions: []string{"1.0.0", "2.0.0"},
			Keys: [][]string{{"M", "", "EUR", "SP00", "A"}}, Attributes: []string{"OBS_STATUS", "UNIT_MEASURE"},
		}},
		{"data/dataflow/ECB/EXR/+/M.USD.EUR.SP00.A,A.CHF.EUR.SP00.A", "updatedAfter=2009-05-15T14%3A15%3A00%2B01%3A00", Query{
			Context: "dataflow", Agencies: []string{"ECB"}, IDs: []string{"EXR"}, Versions: []string{"+"},
			Keys:         [][]string{{"M", "USD", "EUR", "SP00", "A"}, {"A", "CHF", "EUR", "SP00", "A"}},
			UpdatedAfter: time.Date(2009, 5, 15, 14, 15, 0, 0, time.FixedZone("", 3600)),
		}},
		{"data/dataflow/ECB/EXR/", "c[TIME_PERIOD]=ge:2009-05-01+le:2009-05-31&c%5BCONF_STATUS%5D=F", Query{
			Context: "dataflow", Agencies: []string{"ECB"}, IDs: []string{"EXR"},
			Filters: []Filter{
				{"TIME_PERIOD", [][]Condition{{cond("ge 2009-05-01"), cond("le 2009-05-31")}}},
				{"CONF_STATUS", [][]Condition{{cond("eq F")}}},
			},
		}},
		{"data/*/*/*/*/*", "c[X]=ne:A,B%2BC&c[T]=co:http://x&measures=none", Query{
			Filters: []Filter{
				{"X", [][]Condition{{cond("ne A")}, {cond("eq B"), cond("eq C")}}},
				{"T", [][]Condition{{cond("co http://x")}}},
			},
			Measures: []string{"none"},
		}},
		{"data/dataflow", "offset=2000&limit=1000&sort=series_key:asc+TIME_PERIOD:desc&firstNObservations=1&lastNObservations=2", Query{
			Context: "dataflow", Offset: 2000, Limit: 1000, First: 1, Last: 2,
			Sort: []SortKey{{"series_key", false}, {"TIME_PERIOD", true}},
		}},
		{"data", "includeHistory=true&asOf=2023-07-11&reportingYearStartDay=--07-01&dimensionAtObservation=AllDimensions&format=csv&lang=en", Query{
			History: true, AsOf: time.Date(2023, 7, 12, 0, 0, 0, 0, beijing).Add(-time.Microsecond), YearStart: "--07-01",
			ObsDim: AllDimensions, Format: "csv", Lang: "en",
		}},
		{"data", "asOf=2023-07-11T09:30:00", Query{AsOf: time.Date(2023, 7, 11, 9, 30, 0, 0, beijing)}},
		{"availability/dataflow/ECB/ECB_EXR1_WEB/1.0.0/M.*.EUR.SP00.A/FREQ,CURRENCY", "mode=available&references=codelist", Query{
			Availability: true, Context: "dataflow", Agencies: []string{"ECB"}, IDs: []string{"ECB_EXR1_WEB"}, Versions: []string{"1.0.0"},
			Keys: [][]string{{"M", "", "EUR", "SP00", "A"}}, Components: []string{"FREQ", "CURRENCY"}, Available: true, References: []string{"codelist"},
		}},
	} {
		t.Run(c.path+"?"+c.raw, func(t *testing.T) {
			got, err := ParseQuery(c.path, c.raw, beijing)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, c.want, got)
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for _, c := range []struct{ path, raw, want string }{
		{"metadata/x", "", `resource "metadata" is not data or availability`},
		{"data/flow", "", `context "flow" is not dataflow`},
		{"data/dataflow//EXR", "", "a part that is empty"},
		{"data/dataflow/%zz", "", "wrongly escaped"},
		{"data/dataflow/9CB", "", `agencyID "9CB"`},
		{"data/dataflow/ECB/E.XR", "", `resourceID "E.XR"`},
		{"data/dataflow/ECB/EXR/1.2.3.4", "", `version "1.2.3.4"`},
		{"data/dataflow/ECB/EXR/1.0/D..EUR", "", `part 2, "", is not a code`},
		{"data/dataflow/ECB/EXR/1.0/D/x", "", "more parts than"},
		{"data", "updateAfter=2020-01-01", `parameter "updateAfter" is not one of this query`},
		{"data", "limit=0", `limit "0" is not a whole number of at least 1`},
		{"data", "offset=-1", `offset "-1"`},
		{"data", "limit=5&limit=6", "limit is given twice"},
		{"data", "limit", "limit has no value"},
		{"data", "includeHistory=yes", `includeHistory "yes" is not true or false`},
		{"data", "asOf=July", `asOf "July" is not an instant`},
		{"data", "updatedAfter=2023-01-02&asOf=2023-01-01T00:00:00Z", "is later than asOf"},
		{"data", "c[FREQ]=A,,B", "has an empty value"},
		{"data", "c[1]=A", "does not name a component"},
		{"data", "c[FREQ]=%zz", "wrongly escaped"},
		{"data", "sort=A:up", `sort "A:up"`},
		{"data", "mode=exact", `parameter "mode"`},
		{"data", "dimensionAtObservation=a.b", "dimensionAtObservation"},
		{"availability", "mode=all", `mode "all" is not exact or available`},
		{"availability", "references=parents", `references "parents"`},
		{"availability", "asOf=2023-01-01", `parameter "asOf"`},
		{"data", "reportingYearStartDay=07-01", "reportingYearStartDay"},
	} {
		t.Run(c.path+"?"+c.raw, func(t *testing.T) {
			_, err := ParseQuery(c.path, c.raw, time.UTC)
			refused(t, err, c.want)
		})
	}
}

func TestMatch(t *testing.T) {
	s := sampleStructure()
	key := []string{"st@hte", "500000", "A"}
	for _, c := range []struct {
		path, raw string
		want      bool
	}{
		{"*", "", true},
		{"st@hte", "", true},
		{"st@hte.500000.A", "", true},
		{"*.500000", "", true},
		{"*.500101,*.500000.A", "", true},
		{"*.*.M", "", false},
		{"x", "", false},
		{"*", "c[REF_AREA]=500000", true},
		{"*", "c[REF_AREA]=ne:500000", false},
		{"*", "c[REF_AREA]=sw:5001,ew:000", true},
		{"*", "c[REF_AREA]=sw:5001+ew:000", false},
		{"*", "c[REF_AREA]=nc:50", false},
		{"*", "c[INDICATOR]=co:@&c[FREQ]=A,M", true},
		{"*", "c[INDICATOR]=co:@&c[FREQ]=M", false},
		{"*", "c[OBS_VALUE]=gt:5", true}, // not about the key
	} {
		t.Run(c.path+"?"+c.raw, func(t *testing.T) {
			q, err := ParseQuery("data/*/*/*/*/"+c.path, c.raw, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.Match(s, key); got != c.want {
				t.Errorf("match is %v, want %v", got, c.want)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	s := sampleStructure()
	obs := func(period, value, status string, sources ...string) Obs {
		return Obs{Period: period, Values: []Value{{value}}, Attrs: []Value{{status}, nil, sources}}
	}
	series := Series{Key: []string{"st@hte", "500000", "A"}, Attrs: []Value{{"FIRM"}}, Obs: []Obs{
		obs("2020", "9.5", "A", "yearbook"),
		obs("2021-S1", "10", "A", "yearbook", "bulletin"),
		obs("2021", "10.0", "E"),
		obs("2022", "12345678901234567890.2", "P", "bulletin"),
		obs("2023-01-01/P6M", "12345678901234567890.1", "P"),
	}}
	for raw, want := range map[string]string{
		"":                                         "2020 2021-S1 2021 2022 2023-01-01/P6M",
		"c[TIME_PERIOD]=ge:2021":                   "2021-S1 2021 2022 2023-01-01/P6M",
		"c[TIME_PERIOD]=ge:2021+le:2021":           "2021-S1 2021",
		"c[TIME_PERIOD]=gt:2021":                   "2022 2023-01-01/P6M",
		"c[TIME_PERIOD]=lt:2021":                   "2020",
		"c[TIME_PERIOD]=le:2021-06":                "2020 2021-S1",
		"c[TIME_PERIOD]=2022,2020":                 "2020 2022",
		"c[TIME_PERIOD]=2023-01-01/2023-06-30":     "",
		"c[TIME_PERIOD]=eq:2023-01-01/P6M":         "2023-01-01/P6M",
		"c[TIME_PERIOD]=sw:2021":                   "2021-S1 2021",
		"c[OBS_VALUE]=10":                          "2021-S1 2021",
		"c[OBS_VALUE]=gt:9.5+lt:11":                "2021-S1 2021",
		"c[OBS_VALUE]=gt:12345678901234567890.1":   "2022",
		"c[OBS_STATUS]=ne:A":                       "2021 2022 2023-01-01/P6M",
		"c[SOURCE]=bulletin":                       "2021-S1 2022",
		"c[SOURCE]=bulletin+yearbook":              "2021-S1",
		"c[SOURCE]=nc:year":                        "2021 2022 2023-01-01/P6M",
		"c[UNIT_MEASURE]=FIRM&lastNObservations=1": "2023-01-01/P6M",
		"c[UNIT_MEASURE]=YUAN":                     "",
		"firstNObservations=2":                     "2020 2021-S1",
		"firstNObservations=9":                     "2020 2021-S1 2021 2022 2023-01-01/P6M",
		"firstNObservations=1&lastNObservations=1": "2020 2023-01-01/P6M",
		"firstNObservations=3&lastNObservations=3": "2020 2021-S1 2021 2022 2023-01-01/P6M",
		"c[OBS_STATUS]=A&lastNObservations=1":      "2021-S1",
	} {
		t.Run(raw, func(t *testing.T) {
			q, err := ParseQuery("data", raw, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range q.Select(s, series).Obs {
				got = append(got, o.Period)
			}
			if g := strings.Join(got, " "); g != want {
				t.Errorf("selected %q, want %q", g, want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ path, raw, want string }{
		{"data/*/*/*/*/A.B.C.D", "", "has 4 parts, YUZHOU:DSD_INDICATORS(1.0.0) has 3 dimensions before the time"},
		{"data", "c[COLOUR]=red", `filter on "COLOUR"`},
		{"data", "attributes=COLOUR", `attributes "COLOUR"`},
		{"data", "measures=COLOUR", `measures "COLOUR"`},
		{"data", "sort=COLOUR", `sort "COLOUR"`},
		{"data", "dimensionAtObservation=OBS_VALUE", `dimensionAtObservation "OBS_VALUE"`},
		{"availability/*/*/*/*/*/OBS_VALUE", "", `componentID "OBS_VALUE"`},
	} {
		q, err := ParseQuery(c.path, c.raw, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, q.Check(sampleStructure()), c.want)
	}
	q, err := ParseQuery("data/*/*/*/*/*.500000", "c[TIME_PERIOD]=2022&sort=*&attributes=obs,UNIT_MULT&measures=all&dimensionAtObservation=FREQ", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Check(sampleStructure()); err != nil {
		t.Error(err)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("data/dataflow/ECB/EXR/1.0+.0,~/M.*.EUR,A", "c[TIME_PERIOD]=ge:2009-05-01+le:2009-05-31,2010&limit=5&asOf=2023-07-11")
	f.Add("availability/*/*/*/*/*/FREQ", "mode=available&references=all")
	f.Add("structure/codelist/*/CL_A/~/A,B", "detail=full&references=all")
	series := sampleMessage().Datasets[0].Series[0]
	all := &Structures{DataStructures: []Structure{sampleStructure()}, Codelists: sampleMessage().Codelists}
	f.Fuzz(func(t *testing.T, path, raw string) {
		if q, err := ParseQuery(path, raw, time.UTC); err == nil {
			q.Match(sampleStructure(), series.Key)
			if got := q.Select(sampleStructure(), series); len(got.Obs) > len(series.Obs) {
				t.Error("more observations than there are")
			}
			q.MatchFlow(sampleMessage().Flow.Identity)
		}
		if q, err := ParseStructureQuery(path, raw, time.UTC); err == nil {
			if _, err := q.Select(all); err != nil && !errors.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
	})
}
