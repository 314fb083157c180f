package directives

import (
	"testing"

	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, boardPage)
	testkit.Page(t, directivePage)
	testkit.Page(t, stocktakePage)
}

// TestWordings: the pages build some keys from values; each has its wording.
func TestWordings(t *testing.T) {
	words, err := web.Catalogs(pages)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, l := range []string{"green", "yellow", "red", "black"} {
		keys = append(keys, "clock."+l)
	}
	for _, l := range []string{"red", "yellow", "green", "cannot_say", "reached"} {
		keys = append(keys, "light."+l)
	}
	for _, o := range []string{ByGap, ByHand, ByMeeting, ByMeasure, ByPolicy, ByProject} {
		keys = append(keys, "origin."+o)
	}
	for _, p := range []string{"issued", "working", "review", "done", "lapsed"} {
		keys = append(keys, "part."+p)
	}
	for _, w := range order() {
		keys = append(keys, "why."+w)
	}
	for lang, c := range words {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s lacks %q", lang, k)
			}
		}
	}
}
