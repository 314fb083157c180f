package projects

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
		keys = append(keys, "light."+string(l))
	}
	for _, k := range Kinds() {
		keys = append(keys, "kind."+k, "list.count."+k)
	}
	for _, g := range Grades() {
		keys = append(keys, "grade."+g)
	}
	for _, r := range Risks() {
		keys = append(keys, "risk."+r)
	}
	for _, c := range []string{Enter, Change, Close, Reopen, "month"} {
		keys = append(keys, "change."+c)
	}
	for _, s := range []string{"draft", "check", "approving", "answering", "approved", "accepted", "withdrawn"} {
		keys = append(keys, "state."+s)
	}
	for _, k := range []string{"goal", "position", "objective", "action", "measure", "policy", "project_class", "principle", "programme", "commitment", "execution"} {
		keys = append(keys, "element."+k)
	}
	for lang, c := range words {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s lacks %q", lang, k)
			}
		}
	}
}
