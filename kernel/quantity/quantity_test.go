package quantity

import (
	"errors"
	"testing"

	"yuzhou/kernel/fault"
)

func quantity(t *testing.T, value, cmp, unit string) Quantity {
	t.Helper()
	d, err := ParseDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseComparator(cmp)
	if err != nil {
		t.Fatal(err)
	}
	u, err := ParseUnit(unit)
	if err != nil {
		t.Fatal(err)
	}
	return Quantity{d, c, u}
}

func TestPrinted(t *testing.T) {
	for _, tt := range []struct {
		value, cmp, unit string
		base             float64
		zh, en           string
	}{
		{"1300", ">", "亿元", 1300e8, "超1300亿元", "over 130 billion yuan"},
		{"630.5", "=", "亿元", 63050000000, "630.5亿元", "63.05 billion yuan"},
		{"1.27", ">=", "万家", 12700, "1.27万家以上", "at least 12,700 firms"},
		{"48838", "=", "家", 48838, "48838家", "48,838 firms"},
		{"150", "~<", "亿", 15000000000, "近150亿", "just under 15 billion"},
		{"16.14", "=", "件/万人", 0.001614, "16.14件/万人", "16.14 items per 10,000 people"},
		{"17", ">=", "件/亿元", 17e-8, "17件/亿元以上", "at least 17 items per 100 million yuan"},
		{"2.30", "=", "%", 2.3, "2.30%", "2.30%"},
		{"2600", ">", "万", 26000000, "超2600万", "over 26 million"},
		{"1300", ">", "万条/日", 13000000, "超1300万条/日", "over 13 million items per day"},
		{"7", "=", "位", 7, "7位", "7"},
		{"0.08", "=", "百分点", 0.08, "0.08百分点", "0.08 pp"},
	} {
		q := quantity(t, tt.value, tt.cmp, tt.unit)
		if q.Base() != tt.base || q.Chinese() != tt.zh || q.English() != tt.en {
			t.Errorf("%s: base %v, %q, %q; want %v, %q, %q", q, q.Base(), q.Chinese(), q.English(), tt.base, tt.zh, tt.en)
		}
	}
}

func TestMet(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		wantV, wantC, gotV, gotC string
		met, known               bool
		gotUnit                  string
	}{
		{"over is not met at the value", "1300", ">", "1300", "=", false, true, "亿元"},
		{"over is met just above", "1300", ">", "1300.1", "=", true, true, "亿元"},
		{"at least is met at the value", "1300", ">=", "1300", "=", true, true, "亿元"},
		{"a bound above meets", "1300", ">", "1300", ">", true, true, "亿元"},
		{"a bound below leaves it open", "1300", ">", "1200", ">", true, false, "亿元"},
		{"at least the value leaves 'over' open", "1300", ">", "1300", ">=", true, false, "亿元"},
		{"just under does not meet", "1300", ">=", "1300", "~<", false, true, "亿元"},
		{"other scale of the same unit", "1300", ">=", "13000000", "=", true, true, "万元"},
		{"other unit is never comparable", "1300", ">=", "13000000", "=", false, false, "家"},
		{"at most is met below", "5", "<=", "4.9", "=", true, true, "亿元"},
		{"under is not met at the value", "5", "<", "5", "=", false, true, "亿元"},
		{"over 6 is not at most 5", "5", "<=", "6", ">", false, true, "亿元"},
		{"over 4 leaves at most 5 open", "5", "<=", "4", ">", false, false, "亿元"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			met, known := quantity(t, tt.wantV, tt.wantC, "亿元").Met(quantity(t, tt.gotV, tt.gotC, tt.gotUnit))
			if known != tt.known || known && met != tt.met {
				t.Errorf("met %v, known %v; want %v, %v", met, known, tt.met, tt.known)
			}
		})
	}
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		in, base string
		exp      int
	}{
		{"", "", 0},
		{"万", "", 4},
		{"亿", "", 8},
		{"亿条", "条", 8},
		{"万亿元", "元", 12},
		{"%", "%", -2},
		{"百分点", "百分点", 0},
		{"件/亿元", "件/元", -8},
		{"个/万人", "个/人", -4},
		{"百分点/年", "百分点/年", 0},
		{"次/秒", "次/秒", 0},
		{"G", "G", 0},
	} {
		u, err := ParseUnit(tt.in)
		if err != nil || u.Base() != tt.base || u.Exp() != tt.exp || u.String() != tt.in {
			t.Errorf("%q: base %q, exp %d, %v; want %q, %d", tt.in, u.Base(), u.Exp(), err, tt.base, tt.exp)
		}
	}
	for _, in := range []string{"万亿亿元", "家庭", "件/%", "件/", "yuan"} {
		if _, err := ParseUnit(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseUnit(%q) = %v, want fault.Invalid", in, err)
		}
	}
}

func TestCmp(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"2.30", "2.3", 0}, {"10", "9.9", 1}, {"-10", "9.9", -1}, {"-2.5", "-2.45", -1}, {"0.001", "0", 1}, {"100", "20.5", 1}} {
		a, _ := ParseDecimal(tt.a)
		b, _ := ParseDecimal(tt.b)
		if got := a.Cmp(b); got != tt.want {
			t.Errorf("%s against %s: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.5", "16.14", "1e9", "00", "-", ".5", "5.", "999999999999999999", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		if d.String() != s || d.Cmp(d) != 0 {
			t.Errorf("%q prints as %q", s, d)
		}
	})
}

func FuzzParseComparator(f *testing.F) {
	f.Add(">=")
	f.Add("超")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseComparator(s); err == nil && string(c) != s && s != "" {
			t.Errorf("%q is read as %q", s, c)
		}
	})
}

func FuzzParseUnit(f *testing.F) {
	for _, s := range []string{"万家", "亿元", "件/万人", "%", "", "万", "百分点/年"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := ParseUnit(s); err == nil && u.String() != s {
			t.Errorf("%q prints as %q", s, u)
		}
	})
}

func FuzzParseTerse(f *testing.F) {
	for _, s := range []string{"4320", ">=4320", "~<12.50", "-3", "=1", "<", "~~1"} {
		f.Add(s, "万家")
	}
	f.Fuzz(func(t *testing.T, text, unit string) {
		q, err := ParseTerse(text, unit)
		if err == nil && q.Terse() != text {
			t.Errorf("%q comes back as %q", text, q.Terse())
		}
	})
}
