package indicators

import (
	"testing"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/testkit"
	"yuzhou/kernel/web"
)

// TestTemplates: what the pages name exists, in both languages.
func TestTemplates(t *testing.T) {
	testkit.Page(t, listPage)
	testkit.Page(t, indicatorPage)
	testkit.Page(t, numberPage)
	testkit.Page(t, documentPage)
	testkit.Page(t, importPage)
	testkit.Page(t, mapPage)
}

// TestWordings: the pages build some keys from values; each has its wording.
func TestWordings(t *testing.T) {
	words, err := web.Catalogs(pages)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, n := range []observation.Nature{observation.Stock, observation.Flow, observation.Ratio, observation.Index, observation.Rated, observation.Tier, observation.Count} {
		keys = append(keys, "nature."+string(n))
	}
	for prefix, values := range map[string][]string{
		"direction.": {"up", "down", "none"}, "space.": {"sum", "weighted", "recompute", "none"},
		"time.": {"sum", "last", "mean", "ytd", "none"}, "frequency.": {"A", "S", "Q", "M", "D", "I"},
	} {
		for _, v := range values {
			keys = append(keys, prefix+v)
		}
	}
	for lang, c := range words {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s lacks %q", lang, k)
			}
		}
	}
}
