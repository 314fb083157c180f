package codes

import (
	"errors"
	"slices"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
)

func TestStatuses(t *testing.T) {
	known := map[string]bool{}
	for _, c := range Statuses() {
		known[c.ID] = true
	}
	for _, s := range observation.Statuses() {
		code := StatusCode(s)
		if !known[code] {
			t.Errorf("status %s has code %q, which is not in the list", s, code)
		}
		back, ok := StatusOf(code)
		if s == observation.Withdrawn {
			if ok {
				t.Errorf("code %s of another system would withdraw a number", code)
			}
			continue
		}
		if !ok || StatusCode(back) != code {
			t.Errorf("code %s of %s comes back as %s", code, s, back)
		}
	}
	if s, ok := StatusOf("X"); ok || StatusCode("x") != "" {
		t.Errorf("an unknown code is %q", s)
	}
}

func TestEncode(t *testing.T) {
	id, err := Encode("st.hte-1_x")
	if err != nil || id != "st@hte-1_x" || Decode(id) != "st.hte-1_x" {
		t.Errorf("encoded %q (%v)", id, err)
	}
	for _, bad := range []string{"", "a@b", "高新", "a b", "a/b"} {
		_, err := Encode(bad)
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("name %q: error %v, want an invalid one", bad, err)
		}
	}
}

func TestFrequencies(t *testing.T) {
	var got []string
	for _, c := range Frequencies() {
		got = append(got, c.ID)
	}
	if want := []string{"A", "S", "Q", "M", "D", "_Z"}; !slices.Equal(got, want) {
		t.Errorf("frequencies %v, want %v", got, want)
	}
}
