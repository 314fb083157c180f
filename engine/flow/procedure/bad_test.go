package procedure_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/testkit"
)

// TestBad reads procedures that each have something wrong and say in their first
// comment what must be found: "# want LINE RULE" for each finding, no more and no
// less. The wordings are held by testdata/bad.txt.
func TestBad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatal(files, err)
	}
	var all strings.Builder
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for line := range strings.Lines(string(source)) {
			if w, ok := strings.CutPrefix(line, "# want "); ok {
				want = append(want, strings.TrimSpace(w))
			}
		}
		name := filepath.Base(path)
		p, findings := procedure.Parse(name, source)
		if p != nil {
			findings = append(findings, procedure.Check(p, procedure.Known{File: name, Procedures: []string{"other"}, Topics: []string{"plan.target"}})...)
		}
		for _, f := range findings {
			got = append(got, fmt.Sprintf("%d %s", f.Line, f.Rule))
			fmt.Fprintf(&all, "%s\n    %s\n", f, f.ZH)
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
			t.Errorf("%s (-want +got):\n%s%v", name, d, findings)
		}
	}
	if strings.Contains(all.String(), "%!") {
		t.Error("a wording does not fit its arguments")
	}
	testkit.Golden(t, "bad.txt", []byte(all.String()))
}
