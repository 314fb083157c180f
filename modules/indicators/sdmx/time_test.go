package sdmx

import (
	"testing"

	"yuzhou/kernel/period"
)

func TestPeriods(t *testing.T) {
	for ours, theirs := range map[string]string{
		"2022":                  "2022",
		"2022-H1":               "2022-S1",
		"2022-H2":               "2022-S2",
		"2023-Q3":               "2023-Q3",
		"2023-07":               "2023-07",
		"2023-06-30":            "2023-06-30",
		"2023-01/2023-06":       "2023-01-01/P6M",
		"2023/2027":             "2023-01-01/P5Y",
		"2023-01/2024-12":       "2023-01-01/P24M",
		"2023-01-01/2023-06-30": "2023-01-01/P181D",
		"2023-02-27/2023-03-01": "2023-02-27/P3D",
	} {
		p, err := period.Parse(ours)
		if err != nil {
			t.Fatal(err)
		}
		if got := FormatPeriod(p); got != theirs {
			t.Errorf("%s is written %s, want %s", ours, got, theirs)
		}
		if back, err := ParsePeriod(theirs); err != nil || back != p {
			t.Errorf("%s is read as %s (%v), want %s", theirs, back, err, ours)
		}
	}
	for theirs, ours := range map[string]string{
		"2023-A1":                 "2023",
		"2023-M07":                "2023-07",
		"2023-D181":               "2023-06-30",
		"2023-06-30T00:00:00":     "2023-06-30",
		"2023-01-01/2023-06-30":   "2023-01-01/2023-06-30",
		"2023-01-01/P1M":          "2023-01",
		"2023-01-01/P1Y":          "2023",
		"2023-07-01/P2Y":          "2023-07/2025-06",
		"2023-01-15/P1M":          "2023-01-15/2023-02-14",
		"2023-01-01T00:00:00/P1D": "2023-01-01",
	} {
		p, err := ParsePeriod(theirs)
		if err != nil || p.String() != ours {
			t.Errorf("%s is read as %s (%v), want %s", theirs, p, err, ours)
		}
	}
	for _, bad := range []string{
		"", "2023-W05", "2023-T1", "2023-H1", "2023-Q5", "2023-M13", "2023-D366", "2023-13", "23", "2023-06-30T10:00:00",
		"2023-01-01/", "2023-01-01/P", "2023-01-01/P0M", "2023-01-01/P6W", "2023-01-01/P-1M", "2023-01/P6M",
		"2023-06-30/2023-01-01", "2023-01-01/P99999999999Y", "2023-S", "2023-",
	} {
		_, err := ParsePeriod(bad)
		refused(t, err, "TIME_PERIOD")
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"2023-S1", "2023-01-01/P6M", "2023-D181", "2023-01-01/2023-06-30", "2023-M07"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s)
		if err != nil {
			return
		}
		if back, err := ParsePeriod(FormatPeriod(p)); err != nil || back != p {
			t.Errorf("%q is %s, written %s and read as %s (%v)", s, p, FormatPeriod(p), back, err)
		}
	})
}
