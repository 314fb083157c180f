package sdmx

import (
	"bytes"
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
