package observation

import (
	"strings"
	"testing"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

func made(t *testing.T, per, value, unit string, vintage int, status Status) Observation {
	t.Helper()
	p, err := period.Parse(per)
	if err != nil {
		t.Fatal(err)
	}
	v, err := quantity.ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	return Observation{
		Indicator: "st.hte", Unit: "500000", Period: p, Vintage: vintage, Status: status,
		Quantity: quantity.Quantity{Value: v, Cmp: quantity.Equal, Unit: quantity.MustUnit(unit)},
	}
}

func TestNewSeries(t *testing.T) {
	s := NewSeries(Indicator{}, "500000", []Observation{
		made(t, "2027", "1.27", "万家", 1, Target), made(t, "2023", "2", "家", 2, Revised),
		made(t, "2022", "1", "家", 1, Final), made(t, "2023", "3", "家", 1, Estimate),
	})
	if len(s.Points) != 2 || len(s.Vintages) != 4 || len(s.Targets) != 1 {
		t.Fatalf("%d points, %d vintages, %d targets", len(s.Points), len(s.Vintages), len(s.Targets))
	}
	if o, ok := s.Latest(); !ok || o.Vintage != 2 || o.Quantity.Value.String() != "2" {
		t.Errorf("the newest is %v", o.Quantity)
	}
	if _, ok := (Series{}).Latest(); ok {
		t.Error("an empty series has a newest number")
	}
}

// values prints numbers one after the other.
func values(all []Observation) string {
	out := make([]string, len(all))
	for i, o := range all {
		out[i] = o.Quantity.Value.String()
	}
	return strings.Join(out, " ")
}

// TestWithdrawn: a withdrawal takes away what it withdraws, the number or the target of
// the period, until a vintage comes after it.
func TestWithdrawn(t *testing.T) {
	gone := func(per, value string, vintage int, was Status) Observation {
		o := made(t, per, value, "家", vintage, Withdrawn)
		o.Was = was
		return o
	}
	target, number := made(t, "2027", "9000", "家", 1, Target), made(t, "2027", "8000", "家", 2, Reported)
	for _, tt := range []struct {
		name            string
		all             []Observation
		points, targets string
	}{
		{"a number", []Observation{target, number, gone("2027", "8000", 3, Reported)}, "", "9000"},
		{"a target", []Observation{target, number, gone("2027", "9000", 3, Target)}, "8000", ""},
		{"both", []Observation{target, number, gone("2027", "8000", 3, Reported), gone("2027", "9000", 4, Target)}, "", ""},
		{"a better number", []Observation{target, number, gone("2027", "8000", 3, Reported), made(t, "2027", "8100", "家", 4, Revised)}, "8100", "9000"},
		{"another period stays", []Observation{made(t, "2026", "7000", "家", 1, Final), number, gone("2027", "8000", 3, Reported)}, "7000", ""},
	} {
		s := NewSeries(Indicator{}, "500000", tt.all)
		points, targets := values(s.Points), values(s.Targets)
		if points != tt.points || targets != tt.targets || len(s.Vintages) != len(tt.all) {
			t.Errorf("%s: points %q, targets %q, %d vintages", tt.name, points, targets, len(s.Vintages))
		}
	}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		value, unit, in string
		want            float64
		ok              bool
	}{
		{"1.27", "万家", "家", 12700, true},
		{"20", "万人", "万人", 20, true},
		{"200000", "人", "万人", 20, true},
		{"2.3", "%", "%", 2.3, true},
		{"5", "家", "元", 0, false},
	} {
		got, ok := made(t, "2022", tt.value, tt.unit, 1, Final).Value(quantity.MustUnit(tt.in))
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s%s in %s: %v, %v", tt.value, tt.unit, tt.in, got, ok)
		}
	}
}

func TestName(t *testing.T) {
	o := made(t, "2023-01/2023-06", "845", "家", 2, Reported)
	if got := o.Name("88.500.1").String(); got != "88.500.1/st.hte/500000/2023-01~2023-06@2" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"target", "stock", "2023-01~2023-06", "2023-06-30", "claim", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseStatus(s); err == nil && string(v) != s {
			t.Errorf("status %q is read as %q", s, v)
		}
		if v, err := ParseNature(s); err == nil && string(v) != s {
			t.Errorf("nature %q is read as %q", s, v)
		}
		if p, err := ParsePathPeriod(s); err == nil {
			if again, err := ParsePathPeriod(PathPeriod(p)); err != nil || again != p {
				t.Errorf("period %q is read as %s", s, p)
			}
		}
	})
}
