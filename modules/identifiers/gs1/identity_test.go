package gs1

import (
	"errors"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

func identity(tb testing.TB, path string) Identity {
	tb.Helper()
	_, id, err := ParsePath(path)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func TestParsePathRelative(t *testing.T) {
	if _, _, err := ParsePath("01/09520123456788"); !errors.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestNewIdentity(t *testing.T) {
	gtin := Element{"01", "6901234567892"}
	id, err := NewIdentity(gtin, Element{"21", "SN"}, Element{"22", "V"}, Element{"10", "LOT"})
	if err != nil || id.Path() != "/01/06901234567892/22/V/10/LOT/21/SN" {
		t.Errorf("%s, %v", id.Path(), err)
	}
	for name, c := range map[string][]Element{
		"not a key":       {{"10", "LOT"}},
		"nothing":         {{}},
		"both sequences":  {gtin, {"235", "T"}, {"10", "L"}},
		"twice":           {gtin, {"10", "L"}, {"10", "L"}},
		"bad value":       {gtin, {"10", "批号"}},
		"bad key":         {{"01", "6901234567893"}},
		"other qualifier": {gtin, {"8019", "1"}},
		"unknown":         {gtin, {"", "1"}},
		"number missing":  {{"415", "9520123456788"}},
	} {
		if id, err := NewIdentity(c[0], c[1:]...); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
}

// Where links for a request are looked for, the finest first.
func TestAssociations(t *testing.T) {
	for path, want := range map[string]string{
		"/01/09520123456788":                      "",
		"/01/09520123456788/22/V":                 "/01",
		"/01/09520123456788/10/L":                 "/01",
		"/01/09520123456788/21/S":                 "/01",
		"/01/09520123456788/235/T":                "/01",
		"/01/09520123456788/22/V/10/L":            "/01/10 /01/22 /01",
		"/01/09520123456788/10/L/21/S":            "/01/21 /01/10 /01",
		"/01/09520123456788/22/V/21/S":            "/01/21 /01/22 /01",
		"/01/09520123456788/22/V/10/L/21/S":       "/01/21 /01/22/10 /01/10 /01/22 /01",
		"/8006/095201234567880102/22/V/10/L/21/S": "/8006/21 /8006/22/10 /8006/10 /8006/22 /8006",
		"/8006/095201234567880102/10/L":           "/8006",
		"/8018/123456789012345675/8019/1":         "/8018",
		"/414/9520123456788/254/A":                "/414",
		"/414/9520123456788/7040/1ABc":            "/414",
		"/8010/952012345/8011/7":                  "/8010",
		"/415/9520123456788/8020/INV":             "",
		"/00/006141411234567890":                  "",
	} {
		id := identity(t, path)
		all := id.Associations()
		if !all[0].Equal(id) {
			t.Errorf("%s: the first is %s", path, all[0].Path())
		}
		var codes []string
		for _, a := range all[1:] {
			var b strings.Builder
			for _, e := range a.elements() {
				b.WriteString("/" + e.AI)
			}
			codes = append(codes, b.String())
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestCheckAssociation(t *testing.T) {
	for path, good := range map[string]bool{
		"/01/09520123456788":                   true,
		"/01/09520123456788/22/V/10/L":         true,
		"/01/09520123456788/21/S":              true,
		"/01/09520123456788/235/T":             true,
		"/01/09520123456788/10/L/21/S":         false,
		"/01/09520123456788/22/V/21/S":         false,
		"/8006/095201234567880102/10/L/21/S":   false,
		"/8006/095201234567880102/22/V":        true,
		"/8018/123456789012345675/8019/123456": true,
	} {
		if err := identity(t, path).CheckAssociation(); (err == nil) != good {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSuffix(t *testing.T) {
	for name, c := range map[string]struct{ path, suffix string }{
		"key":          {"/01/6901234567892", "01/06901234567892"},
		"lot, serial":  {"/01/06901234567892/10/LOT/21/SN", "01/06901234567892/10/LOT/21/SN"},
		"small":        {"/01/06901234567892/10/Lot", "01/06901234567892/10/L~o~t"},
		"slash":        {"/414/9520123456788/254/32a%2Fb", "414/9520123456788/254/32~a~2F~b"},
		"marks":        {"/01/06901234567892/10/%22%25%3C%3E%3F!&'()*+,-.:;=_", "01/06901234567892/10/~22~25~3C~3E~3F!&'()*+,-.:;=_"},
		"set 39":       {"/8010/952012345%23A", "8010/952012345~23A"},
		"small digits": {"/01/06901234567892/10/2f", "01/06901234567892/10/2~f"},
	} {
		t.Run(name, func(t *testing.T) {
			id := identity(t, c.path)
			if got := id.Suffix(); got != c.suffix {
				t.Errorf("got %s, want %s", got, c.suffix)
			}
			// However a look-up folds it, it stays the same identity.
			for _, s := range []string{c.suffix, strings.ToUpper(c.suffix), strings.ToLower(c.suffix)} {
				if back, err := ParseSuffix(s); err != nil || !back.Equal(id) {
					t.Errorf("%s is read as %v, %v", s, back, err)
				}
			}
		})
	}
}

// Two lots that differ by case are two identifiers after folding.
func TestSuffixCase(t *testing.T) {
	seen := map[string]string{}
	for _, lot := range []string{"abc", "ABC", "Abc", "aBC", "A", "a", "2F", "2f", "-", "/"} {
		id, err := NewIdentity(Element{"01", "06901234567892"}, Element{"10", lot})
		if err != nil {
			t.Fatal(err)
		}
		folded := strings.ToUpper(id.Suffix())
		if other, ok := seen[folded]; ok {
			t.Errorf("lots %s and %s are both %s", other, lot, folded)
		}
		seen[folded] = lot
	}
}

func TestParseSuffixRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"nothing":          "",
		"a name":           "MyProduct-1",
		"no value":         "01",
		"odd":              "01/06901234567892/10",
		"not a key":        "10/LOT",
		"check digit":      "01/06901234567893",
		"13 digits":        "01/6901234567892",
		"unknown":          "01/06901234567892/12345/A",
		"attribute":        "01/06901234567892/17/261231",
		"half an escape":   "01/06901234567892/10/A~2",
		"needless escape":  "01/06901234567892/10/~41",
		"percent":          "01/06901234567892/10/A ",
		"tilde at the end": "01/06901234567892/10/A~",
		"not ASCII":        "01/06901234567892/10/批",
		"path climbing":    "01/06901234567892/../../etc",
	} {
		if id, err := ParseSuffix(s); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
}

func FuzzParseSuffix(f *testing.F) {
	for _, s := range []string{"01/06901234567892/10/L~o~t/21/SN", "414/9520123456788/254/32~a~2F~b", "8010/952012345~23A/8011/7", "00/006141411234567890"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseSuffix(s)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if !strings.EqualFold(id.Suffix(), s) {
			t.Fatalf("%q is written as %q", s, id.Suffix())
		}
		if back, err := ParseSuffix(strings.ToLower(id.Suffix())); err != nil || !back.Equal(id) {
			t.Fatalf("%q is read back as %v, %v", id.Suffix(), back, err)
		}
		if _, again, err := ParsePath(id.Path()); err != nil || !again.Equal(id) {
			t.Fatalf("%s is read as %v, %v", id.Path(), again, err)
		}
	})
}
