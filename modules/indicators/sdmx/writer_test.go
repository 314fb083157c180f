package sdmx

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func media(t *testing.T, accept string) Media {
	t.Helper()
	m, err := Negotiate("data", accept, "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 rewrites it); got:\n%s", path, got)
	}
}

func TestWriteGolden(t *testing.T) {
	const data = "application/vnd.sdmx.data+"
	for name, c := range map[string]struct{ accept, obsDim string }{
		"series.json":    {data + "json;version=2.1.0", ""},
		"series20.json":  {data + "json;version=2.0.0", ""},
		"flat.json":      {data + "json", AllDimensions},
		"cross.json":     {data + "json", "REF_AREA"},
		"plain.csv":      {data + "csv;version=2.1.0", ""},
		"both.csv":       {data + "csv;version=2.0.0;labels=both;keys=both", ""},
		"name.csv":       {data + "csv;labels=name;keys=series", ""},
		"normalized.csv": {data + "csv;timeFormat=normalized;keys=obs", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Write(&out, sampleMessage(), Options{Media: media(t, c.accept), ObsDim: c.obsDim}); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

func TestWriteProjection(t *testing.T) {
	for name, c := range map[string]struct {
		opts Options
		want string
	}{
		"no attributes": {Options{Attributes: []string{"none"}}, "OBS_VALUE\r\n"},
		"levels":        {Options{Attributes: []string{"dataset", "series"}}, "OBS_VALUE,DECIMALS,UNIT_MEASURE,UNIT_MULT\r\n"},
		"by id":         {Options{Attributes: []string{"SOURCE", "UNIT_MULT"}}, "OBS_VALUE,UNIT_MULT,SOURCE[]\r\n"},
		"no measures":   {Options{Measures: []string{"none"}, Attributes: []string{"PRINTED"}}, "TIME_PERIOD,PRINTED\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.opts.Media = media(t, "text/csv")
			if err := Write(&out, sampleMessage(), c.opts); err != nil {
				t.Fatal(err)
			}
			if head, _, _ := bytes.Cut(out.Bytes(), []byte("dataflow,")); !bytes.HasSuffix(head, []byte(c.want)) {
				t.Errorf("header %q does not end in %q", head, c.want)
			}
			msg := sampleMessage()
			msg.Structure = project(msg.Structure, c.opts)
			if err := ReadCSV(bytes.NewReader(out.Bytes()), msg); err != nil {
				t.Fatal(err)
			}
			c.opts.Media = media(t, "")
			out.Reset()
			if err := Write(&out, sampleMessage(), c.opts); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadJSON(&out); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	key := []string{"st@hte", "500000", "A"}
	obs := func(period, value string) Obs { return Obs{Period: period, Values: []Value{{value}}} }
	for name, c := range map[string]struct {
		want string
		do   func(w *Writer) error
	}{
		"series before its dataset": {"comes before its dataset", func(w *Writer) error { return w.Series(Series{Key: key}) }},
		"short key":                 {"has 2 parts, YUZHOU:DSD_INDICATORS(1.0.0) has 3 dimensions", series(Series{Key: key[:2]})},
		"series twice":              {`series "st@hte.500000.A" comes twice`, series(Series{Key: key}, Series{Key: key})},
		"period twice":              {`period "2022" comes twice`, series(Series{Key: key, Obs: []Obs{obs("2022", "1"), obs("2023", "1"), obs("2022", "2")}})},
		"no number":                 {`OBS_VALUE "1,300" is not a decimal number`, series(Series{Key: key, Obs: []Obs{obs("2022", "1,300")}})},
		"leading zero":              {`OBS_VALUE "007" is not`, series(Series{Key: key, Obs: []Obs{obs("2022", "007")}})},
		"two values":                {"PRINTED has 2 values, the structure allows one", series(Series{Key: key, Obs: []Obs{{Period: "2022", Attrs: []Value{nil, {"a", "b"}}}}})},
		"group key": {"group key \"a\" has 1 parts", func(w *Writer) error {
			return w.Begin(Dataset{Groups: []Group{{Key: []string{"a"}}}})
		}},
	} {
		for _, accept := range []string{"application/json", "text/csv"} {
			t.Run(name+" "+accept, func(t *testing.T) {
				w, err := NewWriter(&bytes.Buffer{}, sampleMessage(), Options{Media: media(t, accept)})
				if err != nil {
					t.Fatal(err)
				}
				err = c.do(w)
				refused(t, err, c.want)
				if again := w.Close(); !errors.Is(again, err) {
					t.Errorf("after %v the writer says %v", err, again)
				}
			})
		}
	}
	_, err := NewWriter(&bytes.Buffer{}, sampleMessage(), Options{ObsDim: "COLOUR"})
	refused(t, err, `dimensionAtObservation "COLOUR"`)
	if err := Write(full{}, sampleMessage(), Options{Media: media(t, "")}); !errors.Is(err, errFull) {
		t.Errorf("error %v, want that of the io.Writer", err)
	}
}

// series begins a dataset and writes the series until one is refused.
func series(list ...Series) func(*Writer) error {
	return func(w *Writer) error {
		err := w.Begin(Dataset{})
		for _, s := range list {
			if err == nil {
				err = w.Series(s)
			}
		}
		return err
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestNumbers(t *testing.T) {
	for _, s := range []string{"0", "-0", "12", "0.50", "-1.5e3", "1E-7", "1e+9", "123456789012345678901234567890.10"} {
		if !isNumber(s) {
			t.Errorf("%s is refused", s)
		}
	}
	for _, s := range []string{"", "-", "+1", "01", ".5", "1.", "1e", "1e+", "e5", "1.5.2", "1 ", "0x1", "Inf", "１"} {
		if isNumber(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

// A series without observations stands for all of it: to list series, or to delete one.
func TestWholeSeries(t *testing.T) {
	for name, c := range map[string]struct{ accept, obsDim, want string }{
		"series": {"application/json", "", `"series":{"0:0:0":{"attributes":[0],"observations":{}}}`},
		"flat":   {"application/json", AllDimensions, `"observations":{}`},
		"table":  {"text/csv", "", "D,st@hte,500000,A,,,,FIRM,,,,,\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			msg := sampleMessage()
			msg.Datasets = []Dataset{{Action: Delete, Series: []Series{{Key: []string{"st@hte", "500000", "A"}, Attrs: []Value{{"FIRM"}}}}}}
			var out bytes.Buffer
			if err := Write(&out, msg, Options{Media: media(t, c.accept), ObsDim: c.obsDim}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(out.Bytes(), []byte(c.want)) {
				t.Errorf("%s does not hold %s", out.Bytes(), c.want)
			}
		})
	}
}
