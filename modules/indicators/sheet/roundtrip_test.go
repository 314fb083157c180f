package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/testkit"
)

func parseDecimal(tb testing.TB, s string) quantity.Decimal {
	tb.Helper()
	d, err := quantity.ParseDecimal(s)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// samples are observations with everything that an export carries.
func samples(tb testing.TB) []observation.Observation {
	tb.Helper()
	at := time.Date(2023, 7, 10, 16, 0, 0, 0, time.UTC)
	row := func(ind, unit, per, value, comparator, measure string) observation.Observation {
		return observation.Observation{
			Indicator: ind, Unit: unit, Period: parsePeriod(tb, per), Vintage: 1, Known: at, Status: observation.Reported, Printed: value,
			Quantity: quantity.Quantity{Value: parseDecimal(tb, value), Cmp: quantity.Comparator(comparator), Unit: quantity.MustUnit(measure)},
			Source:   observation.Source{Document: "page"},
		}
	}
	out := []observation.Observation{
		row("st.hte", "500000", "2023-06-30", "6401", "=", "家"),
		row("st.hte", "500103", "2023-Q2", "1.270", "~<", "万家"),
		row("st.deal", "500000", "2023/2027", "1300", ">", "亿元"),
		row("st.rd", "500000", "2022", "2.30", "=", "%"),
		row("st.rd", "500000", "2022-H1", "-0.050", "~", "%"),
		row("st.deal", "500000", "2023-01/2023-06", "123456789012345.678", "<=", "亿元"),
		row("st.deal", "500000", "2023-05", "0.000000000000001", "<", "亿元"),
	}
	out[1].Source.Note, out[1].Printed = `=HYPERLINK("http://x","y")`, "@近1.270万家"
	out[2].Status, out[2].Source.Note = observation.Target, "一行,\"引号\"\n又一行;末"
	out[3].Printed, out[3].Known = "'=2.30%", at.Add(90*time.Minute+123456*time.Microsecond)
	out[4].Printed = "-0.050%"
	return out
}

func export() Export {
	return Export{
		Zone: chongqing, Source: "重庆市", AsOf: time.Date(2023, 7, 10, 16, 0, 0, 0, time.UTC),
		Name:   func(o observation.Observation) string { return o.Name("88.500.1").String() },
		Bundle: func(o observation.Observation) string { return "/bundles/" + o.Name("88.500.1").String() },
	}
}

type write = func(io.Writer, iter.Seq[observation.Observation], Export) error

func TestRoundTrip(t *testing.T) {
	english := export()
	english.Lang, english.BOM = "en", true
	for _, tt := range []struct {
		name   string
		format Format
		write  write
		export Export
	}{
		{"CSV", CSV, WriteCSV, export()},
		{"CSV in English with a mark", CSV, WriteCSV, english},
		{"XLSX", XLSX, WriteXLSX, export()},
		{"XLSX in English", XLSX, WriteXLSX, english},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := samples(t)
			var b bytes.Buffer
			if err := tt.write(&b, slices.Values(want), tt.export); err != nil {
				t.Fatal(err)
			}
			if got := Detect("", b.Bytes()); got != tt.format {
				t.Errorf("it is detected as %q", got)
			}
			got, verdicts, err := drain(Read(&b, tt.format, options()))
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d rows, %v, %v", len(got), verdicts, err)
			}
			for i, v := range verdicts {
				want[i].Vintage = 0
				if v.Mended || !cmp.Equal(got[i], want[i], cmp.AllowUnexported(period.Period{}, quantity.Decimal{}, quantity.Unit{})) {
					t.Errorf("%s\ngot  %s\nwant %s", v, describe(got[i]), describe(want[i]))
				}
			}
		})
	}
}

func TestCSVGolden(t *testing.T) {
	var b bytes.Buffer
	if err := WriteCSV(&b, slices.Values(samples(t)), export()); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "export.csv", b.Bytes())
}

// TestXLSXLooks reads what was written with the other library, as people will.
func TestXLSXLooks(t *testing.T) {
	var b bytes.Buffer
	if err := WriteXLSX(&b, slices.Values(samples(t)), export()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "== %s\n", name)
		for _, r := range rows {
			fmt.Fprintf(&out, "%s\n", strings.ReplaceAll(strings.Join(r, " | "), "\n", "⏎"))
		}
	}
	testkit.Golden(t, "export.xlsx.txt", []byte(out.String()))
	for cell, want := range map[string]excelize.CellType{"D2": excelize.CellTypeUnset, "A2": excelize.CellTypeInlineString, "D7": excelize.CellTypeInlineString} {
		if got, err := f.GetCellType(dataSheet, cell); err != nil || got != want {
			t.Errorf("%s has type %v, %v; want %v", cell, got, err, want)
		}
	}
	if p, err := f.GetPanes(dataSheet); err != nil || !p.Freeze || p.YSplit != 1 {
		t.Errorf("the heading does not stay in view: %+v, %v", p, err)
	}
}

func TestWriteFails(t *testing.T) {
	failing := iter.Seq[observation.Observation](func(yield func(observation.Observation) bool) {
		for yield(observation.Observation{}) {
		}
	})
	if err := WriteCSV(fullDisk{}, failing, Export{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("CSV on a full disk: %v", err)
	}
	if err := WriteXLSX(fullDisk{}, slices.Values(samples(t)), Export{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("XLSX on a full disk: %v", err)
	}
	if testing.Short() {
		t.Skip("SKIPPED with -short: a million rows of XLSX")
	}
	if err := WriteXLSX(io.Discard, failing, Export{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("more rows than a sheet holds: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
