package plan

import (
	"testing"

	"yuzhou/kernel/web"
)

// TestWordings: the pages build some keys from values; each has its wording.
func TestWordings(t *testing.T) {
	words, err := web.Catalogs(pages)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, l := range Lights() {
		keys = append(keys, "light."+string(l), "sentence."+string(l))
	}
	for _, s := range Shapes() {
		keys = append(keys, "shape."+string(s))
	}
	for _, k := range kinds() {
		keys = append(keys, "kind."+k)
	}
	for _, r := range []string{"refines", "serves", "implements", "funds", "contributes_to"} {
		keys = append(keys, "relation."+r, "relation.by."+r)
	}
	for _, k := range []string{"binding", "expected", "stretch", "unstated"} {
		keys = append(keys, "kind.target."+k)
	}
	keys = append(keys, "severity.error", "severity.warning", "severity.note", "change.added", "change.removed", "change.changed")
	for lang, c := range words {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s lacks %q", lang, k)
			}
		}
	}
}
