package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSameAnswers asks each verb for JSON twice, in the data and of a server over
// the same data: the answers have the same bytes.
func TestSameAnswers(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	token := strings.TrimSpace(yuzhouIn(t, s.Password+"\n", "org", "sign-in", "owner", "--server", s.URL))
	good := filepath.Join(t.TempDir(), "good.csv")
	if err := os.WriteFile(good, []byte(rowsOf(1, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(plan, []byte(yuzhou(t, "plan", "export", "--json", "--data", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, verb := range []string{
		"org units", "org units --kind district", "org people", "org routes",
		"indicators get st.hte", "indicators get st.hte --unit 500000 --as-of 2023-07-11", "indicators get st.hte --history",
		"indicators list", "indicators list 研发", "indicators define st.hte",
		"indicators explain st.hte.gap2027 --unit 500000 --period 2023-06-30", "indicators explain st.hte --period 2023-06-30",
		"indicators export st.hte", "indicators import --dry-run " + good,
		"plan status", "plan status --at 2023-07-11", "plan status --at 2025-10-15 --path geometric --lang en",
		"plan tree", "plan import " + plan, "plan check", "plan diff 1 1", "plan export", "plan export --stratml", "plan decompose T09", "plan decompose T09 --by districts --rule equal",
		"plan directives", "flow check testdata/kill.yaml", "flow simulate testdata/kill.yaml", "flow due --start 2026-02-10 --working-days 20", "flow inbox", "flow cases", "flow verify",
		"flow export --xes", "flow export --ocel", "flow export --cloudevents",
		"collection due", "collection calendar", "collection burden", "collection checks", "directives list --state all", "directives stocktake",
		"projects list", "projects effort T09", "evaluation list", "evaluation score st-districts", "evaluation explain st-districts 500103",
		"org audit", "proof log", "proof keys", "proof witness", "proof audit", "proof policy", "proof bundle st.hte/500000/2023-06-30",
		"identifiers prefix list", "identifiers stats",
	} {
		asked[strings.Join(strings.Fields(verb)[:2], " ")] = true
		t.Run(verb, func(t *testing.T) {
			args := append(strings.Fields(verb), "--json")
			here := yuzhou(t, append(args, "--data", dir)...)
			there := yuzhou(t, append(args, "--server", s.URL, "--token", token)...)
			if strings.TrimSpace(here) == "" {
				t.Error("it says nothing")
			}
			if here != there {
				t.Errorf("answers differ:\n%s", firstDifference(here, there))
			}
		})
	}
	for line := range strings.SplitSeq(yuzhou(t, "help"), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != "yuzhou" || f[1] == strings.ToUpper(f[1]) || slices.Contains(own, f[1]) {
			continue
		}
		if verb := f[1] + " " + f[2]; !asked[verb] && !slices.Contains(changing, verb) {
			t.Errorf("yuzhou %s is not asked here", verb)
		}
	}
}

// Words after "yuzhou" in the help that are no module, and verbs that change something, so that
// asking twice cannot give the same answer: the scripts try those.
var (
	own      = []string{"runs", "serve", "story", "verify", "config", "version", "MODULE"}
	changing = []string{
		"org add-person", "org grant", "org revoke", "org reset-password", "org lock", "org unlock", "org sign-in",
		"flow accept", "flow calendar", "flow send", "collection open", "collection fill", "collection act", "collection revise", "collection ask",
		"directives open", "directives act", "directives evaluate", "projects propose", "projects report", "projects send", "projects demo",
		"proof rotate", "proof revoke", "proof monitor", "indicators withdraw",
		"identifiers register", "identifiers template", "identifiers resolve", "identifiers simulate", // one process alone has the records
		// of one thing that has to be there first
		"flow case", "collection show", "collection dups", "directives show", "projects show", "projects months",
	}
)

// firstDifference shows both texts around the first byte that differs.
func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	around := func(s string) string { return s[max(0, min(i, len(s))-80):min(len(s), i+80)] }
	return fmt.Sprintf("byte %d\n--data:   %q\n--server: %q", i, around(a), around(b))
}

// TestOtherCity serves an invented city: no page of it knows anything of Chongqing.
func TestOtherCity(t *testing.T) {
	s := start(t, exec.Command(filepath.Join(bin, "yuzhou"), "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--pack", "../packs/testdata/taoyuan"))
	for _, path := range []string{
		"/", "/plan/cockpit", "/plan/tree", "/plan/highlights", "/plan/check", "/plan/versions", "/indicators", "/indicators/map", "/indicators/farm.orchards",
		"/indicators/documents/page", "/org/units", "/org/routes", "/org/sign-in", "/search?q=a", "/nowhere",
	} {
		for _, lang := range []string{"zh-CN", "en"} {
			status, _, body := get(t, s.URL+path, lang)
			if status != 200 && (path != "/nowhere" || status != 404) {
				t.Errorf("%s (%s) answers %d: %.300s", path, lang, status, body)
			}
			for _, other := range []string{"重庆", "Chongqing", "1458", "500000", "88.500.1"} {
				if i := strings.Index(body, other); i >= 0 {
					t.Errorf("%s (%s) speaks of another city: …%s…", path, lang, body[max(0, i-60):min(len(body), i+60)])
				}
			}
			if !strings.Contains(body, map[string]string{"zh-CN": "桃源", "en": "Taoyuan"}[lang]) {
				t.Errorf("%s (%s) does not say whose it is", path, lang)
			}
		}
	}
}
