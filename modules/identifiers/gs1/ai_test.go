package gs1

import (
	"slices"
	"strings"
	"testing"
)

// Every line of the table is read, and every qualifier that a key names is one.
func TestTable(t *testing.T) {
	lines := 0
	for line := range strings.Lines(aiText) {
		if line[0] == '#' {
			continue
		}
		lines++
		ai, last, ok := readAI(strings.TrimSuffix(line, "\n"))
		if !ok || (last != "" && len(last) != len(ai.Code)) {
			t.Errorf("not read: %s", line)
		}
		if !ai.Primary && !ai.Qualifier && !ai.Attribute {
			t.Errorf("no use: %s", line)
		}
		for _, seq := range ai.Sequences {
			for _, code := range seq {
				if q, ok := LookupAI(code); !ok || !q.Qualifier {
					t.Errorf("AI %s names %s, which is no qualifier", ai.Code, code)
				}
			}
		}
	}
	if lines != 216 || len(table()) != 533 {
		t.Errorf("%d lines, %d identifiers", lines, len(table()))
	}
	want := []string{"00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018"}
	if got := PrimaryKeys(); !slices.Equal(got, want) {
		t.Errorf("primary keys %v", got)
	}
}

func TestTableRefuses(t *testing.T) {
	for _, line := range []string{"#", "01\tk\tN14\t-\tGTIN", "01\tk\t\t-\tGTIN\t-", "01\tk\tM14\t-\tGTIN\t-", "01\tk\tN\t-\tGTIN\t-", "01\tk\tN14+\t-\tGTIN\t-", "01\tk\tN..0\t-\tGTIN\t-"} {
		if _, _, ok := readAI(line); ok {
			t.Errorf("read: %q", line)
		}
	}
}

// A range has all of its codes.
func TestLookupAI(t *testing.T) {
	for _, code := range []string{"3100", "3103", "3105", "3929", "91", "99", "7230", "7239"} {
		if _, ok := LookupAI(code); !ok {
			t.Errorf("AI %s is not there", code)
		}
	}
	for _, code := range []string{"", "1", "3106", "100", "03", "8200", "-", "8014"} {
		if _, ok := LookupAI(code); ok {
			t.Errorf("AI %s is there", code)
		}
	}
	gtin, _ := LookupAI("01")
	if gtin.ZH != "全球贸易项目代码" || gtin.Title != "GTIN" {
		t.Errorf("%+v", gtin)
	}
}

// Values that the checks of ai.txt let through, and those that they do not.
func TestContent(t *testing.T) {
	for code, c := range map[string]struct{ good, bad string }{
		"11":   {"260800 260831 240229", "261301 260832 260431 250229 260001 26083"},
		"7006": {"260831", "260800"},
		"7250": {"20240229 19991231", "20250229 20250200 2025021"},
		"4324": {"2608002359", "2608002400 2608000060"},
		"7011": {"260831 2608312359", "2608312 2608312460"},
		"8008": {"26083123 2608312359 260831235959", "26083124 2608312360 260831235960 2608312359591"},
		"4309": {"00000000000000000000 18000000003600000000", "18000000010000000000 00000000003600000001"},
		"4330": {"001234 001234-", "001234+ 00123"},
		"4321": {"0 1", "2"},
		"7252": {"0 1 2 9", "3"},
		"8001": {"00010000100199 00010000100111", "00000000100111 00010000000111 00010000100021 00010000100131"},
		"422":  {"156 840", "000 150 999 810 720 983"},
		"423":  {"156 156840", "156150 1568"},
		"7030": {"156ABC 999ABC", "150ABC 156"},
		"4307": {"CN", "XX cn XK AN SU UK RH ZZ EU 001"},
		"7258": {"1/3 3/3", "4/3 0/3 03/ 1-3"},
		"8007": {"GB82WEST12345698765432 DE89370400440532013000", "GB82WEST12345698765433 gb82 GB8"},
		"4300": {"A%20B", "A%2 A%ZZ"},
		"8030": {"A-_z09", "A+b"},
		"8011": {"1 123456789012", "0 01 1234567890123"},
		"3912": {"1561234 9991", "1551234 156"},
		"7241": {"01 10 80 99", "00 11 79 1"},
		"7040": {"1ABc 9zz_", "1AB= AABc"},
		"253":  {"1231231231232", "1231231231231"},
		"8017": {"123456789012345675", "123456789012345670"},
		"8013": {"1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2L 12 1987654AD4X4bL5ttr2310c2K"},
	} {
		ai, ok := LookupAI(code)
		if !ok {
			t.Errorf("AI %s is not there", code)
		}
		for v := range strings.FieldsSeq(c.good) {
			if err := ai.Check(v); err != nil {
				t.Error(err)
			}
		}
		for v := range strings.FieldsSeq(c.bad) {
			if ai.Check(v) == nil {
				t.Errorf("AI %s: %q is taken", code, v)
			}
		}
	}
}

// The check digit that one digit or two neighbours wrong would have is another one
// (neighbours that differ by five are the known exception).
func TestCheckDigit(t *testing.T) {
	for _, key := range []string{"09520123456788", "00416000336108", "952012345678912345", "9520123456788", "95201234567891235"} {
		data, last := key[:len(key)-1], key[len(key)-1]
		if got := checkDigit(data); got != last {
			t.Errorf("%s: check digit %c", key, got)
		}
		for i := range data {
			wrong := []byte(data)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			if checkDigit(string(wrong)) == last {
				t.Errorf("%s has the check digit of %s", wrong, key)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for code := range table() {
		f.Add(code, "12345678901234")
		f.Add(code, "")
	}
	f.Fuzz(func(t *testing.T, code, value string) {
		ai, ok := LookupAI(code)
		if !ok {
			return
		}
		if err := ai.Check(value); err == nil && value == "" {
			t.Errorf("AI %s takes nothing", code)
		}
	})
}
