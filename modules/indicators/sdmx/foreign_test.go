package sdmx

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// A message as others write it: constant dimensions at the dataset, key order
// unlike the order shown, indexes and direct values mixed, a flat dataset
// beside one of series, annotations after attributes.
func TestReadForeign(t *testing.T) {
	b, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	want := []Dataset{
		{
			Action: Append, Attrs: []Value{{"1"}, {"office@example.org"}},
			Groups: []Group{
				{Key: []string{"D2", "A", ""}, Attrs: []Value{{"note on district two"}}},
				{Key: []string{"", "", "2022"}, Attrs: []Value{nil, {"yearbook", "bulletin"}}},
			},
			Series: []Series{
				{Key: []string{"D1", "A"}, Attrs: []Value{{"en:Prices", "zh:价格"}}, Obs: []Obs{
					{Period: "2022", Values: []Value{{"12.50"}}, Attrs: []Value{nil, {"A"}}},
					{Period: "2023-01-01/P6M", Values: []Value{{"NaN"}}},
				}},
				{Key: []string{"D2", "A"}, Attrs: []Value{{"untitled"}}, Obs: []Obs{
					{Period: "2023-01-01/P6M", Values: []Value{{"1e3"}}, Attrs: []Value{{"2024-01-31T10:00:00"}, {"P"}}},
				}},
			},
		},
		{Action: Delete, Series: []Series{{Key: []string{"D2", "A"}, Obs: []Obs{{Period: "2022"}}}}},
	}
	equal(t, want, got.Datasets)
	equal(t, Header{
		ID: "F-1", Prepared: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), Languages: []string{"en"},
		Sender: Party{ID: "NSO", Name: Text{"en": "Statistics office"}},
	}, got.Header)
	equal(t, Identity{"NSO.PRICE", "CPI", "2.1"}, got.Flow.Identity)
	equal(t, []string{"AREA", "FREQ", TimePeriod}, ids(got.Structure.Dimensions))
}

func TestReadJSONRefuses(t *testing.T) {
	b, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	for name, c := range map[string]struct{ old, new, want string }{
		"no JSON":                    {good, "<html>", "not an SDMX-JSON data message"},
		"no structure":               {`"structures"`, `"structure"`, "has 0 structures"},
		"series index out of range":  {`"1": {"observations"`, `"7": {"observations"`, `dataset 0: index "7" is not one of 2 values`},
		"status index out of range":  {`10:00:00", 1, 0]`, `10:00:00", 9]`, `OBS_STATUS: index "9" is not one of 2 values`},
		"key with too many parts":    {`"0": {"attributes"`, `"0:0": {"attributes"`, `key "0:0" has not 1 parts`},
		"group with too few parts":   {`"0:1:":`, `"0:1":`, `group key "0:1" has not 3 parts`},
		"observations are no object": {`{"1:0": []}`, `[]`, "[] is not a JSON object"},
		"dimension given twice":      {`{"id": "FREQ"`, `{"id": "AREA"`, "dimension AREA stands twice"},
		"observation is no list":     {`"1": ["NaN"]`, `"1": "NaN"`, `"1" is not of the form`},
		"structure not there":        {`"action": "Delete"`, `"structure": 1`, "structure 1 is not in the message"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadJSON(strings.NewReader(strings.Replace(good, c.old, c.new, 1)))
			refused(t, err, c.want)
		})
	}
}

func FuzzReadJSON(f *testing.F) {
	b, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	for _, layout := range []string{"", AllDimensions, "REF_AREA"} {
		var out bytes.Buffer
		if err := Write(&out, sampleMessage(), Options{Media: offers("data")[0], ObsDim: layout}); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		msg, err := ReadJSON(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if Write(&out, msg, Options{Media: offers("data")[0]}) != nil {
			return // what was read need not be well-formed enough to be written
		}
		if _, err := ReadJSON(&out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
