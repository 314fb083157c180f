package period

import (
	"errors"
	"testing"
	"time"

	"yuzhou/kernel/fault"
)

func TestBounds(t *testing.T) {
	for _, tt := range []struct{ in, start, end, freq string }{
		{"2026", "2026-01-01", "2027-01-01", "A"},
		{"2026-H2", "2026-07-01", "2027-01-01", "S"},
		{"2026-Q4", "2026-10-01", "2027-01-01", "Q"},
		{"2026-12", "2026-12-01", "2027-01-01", "M"},
		{"2024-02-29", "2024-02-29", "2024-03-01", "D"},
		{"2023-01/2023-06", "2023-01-01", "2023-07-01", "R"},
		{"2023/2027", "2023-01-01", "2028-01-01", "R"},
		{"2023-01-15/2023-02-14", "2023-01-15", "2023-02-15", "R"},
	} {
		p, err := Parse(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if p.Start().Format(time.DateOnly) != tt.start || p.End().Format(time.DateOnly) != tt.end || string(p.Freq()) != tt.freq {
			t.Errorf("%s is %s..%s %s", tt.in, p.Start(), p.End(), p.Freq())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{"", "202", "2026-13", "2026-Q5", "2026-H3", "2026-Q0", "2023-02-29", "2023-06/2023-01", "2023/2023-06", "2023-Q1/2023-Q2", "二〇二六", "0001", "2026-7"} {
		if _, err := Parse(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("Parse(%q) = %v, want fault.Invalid", in, err)
		}
	}
}

func TestAdd(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"2026", -1, "2025"},
		{"2026-Q1", -1, "2025-Q4"},
		{"2026-H1", 3, "2027-H2"},
		{"2026-01", -13, "2024-12"},
		{"2023-01/2023-06", 2, "2024-01/2024-06"},
		{"2024-02-28", 1, "2024-02-29"},
	} {
		p, err := Parse(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Add(tt.n).String(); got != tt.want {
			t.Errorf("%s + %d = %s, want %s", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestMonthsBetween(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"2023-06-30", "2027-12-31", 54},
		{"2022-12-31", "2023-06-30", 6},
		{"2023-06-30", "2025-10-15", 27.5},
		{"2023-01-31", "2023-02-28", 1},
		{"2023-02-28", "2023-01-31", -1},
		{"2023-01-15", "2023-01-15", 0},
	} {
		a, _ := time.Parse(time.DateOnly, tt.a)
		b, _ := time.Parse(time.DateOnly, tt.b)
		if got := MonthsBetween(a, b); got < tt.want-1e-9 || got > tt.want+1e-9 {
			t.Errorf("%s to %s: %v months, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestOf(t *testing.T) {
	at := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	for f, want := range map[Freq]string{Annual: "2026", HalfYear: "2026-H2", Quarter: "2026-Q4", Month: "2026-11", Day: "2026-11-22"} {
		if got := Of(at, f).String(); got != want {
			t.Errorf("Of(%s) = %s, want %s", f, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026", "2026-Q3", "2026-07", "2026-13", "2026-Q5", "-202", "", "二〇二六", "2023-01/2023-06", "2023/2027", "2026-H1", "2024-02-29"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("Parse(%q): %v is not fault.Invalid", s, err)
			}
			return
		}
		if got := p.String(); got != s {
			t.Errorf("Parse(%q).String() = %q", s, got)
		}
		if !p.Start().Before(p.End()) || p.Add(3).Add(-3) != p && p.Freq() != Range {
			t.Errorf("%s: start %s, end %s, there and back %s", s, p.Start(), p.End(), p.Add(3).Add(-3))
		}
	})
}
