package sdmx

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// equal compares what was written with what was read; nil and empty are one.
func equal(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, version := range []string{"2.1.0", "2.0.0"} {
		t.Run(version, func(t *testing.T) {
			var out bytes.Buffer
			m := Media{Kind: "data", Format: "json", Version: version}
			if err := Write(&out, sampleMessage(), Options{Media: m}); err != nil {
				t.Fatal(err)
			}
			first := out.String()
			got, err := ReadJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, sampleMessage().Datasets, got.Datasets)
			equal(t, sampleMessage().Header, got.Header)
			equal(t, sampleMessage().Flow, got.Flow)
			var again bytes.Buffer
			if err := Write(&again, got, Options{Media: m}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, again.String()); d != "" {
				t.Errorf("written, read and written again:\n%s", d)
			}
		})
	}
}

func TestJSONOtherLayouts(t *testing.T) {
	// Attributes of series become attributes of observations, all else is kept.
	want := sampleMessage().Datasets[:1]
	for i, s := range want[0].Series {
		for j, o := range s.Obs {
			want[0].Series[i].Obs[j].Attrs = append(pad(s.Attrs, 2), o.Attrs...)
		}
		want[0].Series[i].Attrs = nil
	}
	for _, layout := range []string{AllDimensions, "REF_AREA"} {
		t.Run(layout, func(t *testing.T) {
			var out bytes.Buffer
			msg := sampleMessage()
			msg.Datasets = msg.Datasets[:1]
			if err := Write(&out, msg, Options{Media: media(t, ""), ObsDim: layout}); err != nil {
				t.Fatal(err)
			}
			got, err := ReadJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, want, got.Datasets)
		})
	}
}

func TestCSVRoundTrip(t *testing.T) {
	for _, accept := range []string{
		"text/csv", "text/csv;labels=both;keys=both", "text/csv;labels=name;keys=obs",
		"application/vnd.sdmx.data+csv;version=2.0.0",
	} {
		t.Run(accept, func(t *testing.T) {
			var out bytes.Buffer
			if err := Write(&out, sampleMessage(), Options{Media: media(t, accept)}); err != nil {
				t.Fatal(err)
			}
			got := &Message{Structure: sampleStructure()}
			if err := ReadCSV(&out, got); err != nil {
				t.Fatal(err)
			}
			want := sampleMessage()
			for i := range want.Datasets { // SDMX-CSV does not carry these
				d := &want.Datasets[i]
				d.ValidFrom, d.ValidTo = got.Datasets[i].ValidFrom, got.Datasets[i].ValidTo
			}
			equal(t, want.Datasets, got.Datasets)
			equal(t, want.Flow.Identity, got.Flow.Identity)
		})
	}
}
