package ref

import (
	"errors"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"an observation", "88.500.1/st.hte/500000/2023-06-30@2", true},
		{"Chinese letters", "88.500.1/指标/高新技术企业", true},
		{"no path", "88.500.1", false},
		{"empty path", "88.500.1/", false},
		{"empty segment", "88.500.1/a//b", false},
		{"dot segments", "88.500.1/a/../b", false},
		{"no prefix", "/a", false},
		{"letters in the prefix", "88.x/a", false},
		{"needs escaping", "88.500.1/a b", false},
		{"too long", "88.500.1/" + strings.Repeat("a", 600), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Parse(tt.in)
			switch {
			case tt.ok && (err != nil || r.String() != tt.in || New(r.Prefix(), r.Path()) != r):
				t.Errorf("Parse(%q) = %q, %v", tt.in, r, err)
			case !tt.ok && !errors.Is(err, fault.Invalid):
				t.Errorf("Parse(%q) = %q, %v, want fault.Invalid", tt.in, r, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("88.500.1/st.hte/500000/2023-06-30@2")
	f.Add("88/中")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		if New(r.Prefix(), r.Path()).String() != s {
			t.Errorf("%q is taken apart as %q and %q", s, r.Prefix(), r.Path())
		}
	})
}
