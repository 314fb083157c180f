package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// rules names every rule of the house. The fixture testdata/NAME.txt must find
// fault with each.
func rules() map[string]Rule {
	return map[string]Rule{
		"floors": Floors, "roles": Roles, "city": City, "tables": Tables, "migrations": Migrations, "routes": Routes,
		"sizes": Sizes, "comments": Comments, "fuzzed": Fuzzed, "pages": Pages, "readmes": Readmes, "links": Links, "dependencies": Dependencies,
	}
}

func TestHouse(t *testing.T) {
	h, err := Open(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Files) < 50 {
		t.Fatalf("read %d Go files: this is not the whole tree", len(h.Files))
	}
	for name, rule := range rules() {
		t.Run(name, func(t *testing.T) {
			found, err := rule(h)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				t.Error(f)
			}
		})
	}
}

// TestRulesFindFault runs each rule on a small bad house: the text before its
// first file is what the rule must say of it, no more and no less.
func TestRulesFindFault(t *testing.T) {
	for name, rule := range rules() {
		t.Run(name, func(t *testing.T) {
			want, root := fixture(t, filepath.Join("testdata", name+".txt"))
			h, err := Open(root)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rule(h)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if len(want) == 0 {
				t.Fatal("the fixture expects nothing")
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// TestRulesLetPass runs all rules on a small house that is in order.
func TestRulesLetPass(t *testing.T) {
	_, root := fixture(t, filepath.Join("testdata", "good.txt"))
	h, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range rules() {
		found, err := rule(h)
		if err != nil || len(found) > 0 {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

// fixture reads lines of expectation, then files, each under "-- path --". The line
// "*400" stands for 400 lines of comment. A go.mod is given when there is none.
func fixture(t *testing.T, file string) (want []string, root fstest.MapFS) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root = fstest.MapFS{"go.mod": {Data: []byte("module yuzhou\n")}}
	at := ""
	for line := range strings.Lines(string(src)) {
		name, ok := strings.CutPrefix(line, "-- ")
		switch {
		case ok:
			at = strings.TrimSuffix(name, " --\n")
			root[at] = &fstest.MapFile{}
		case at != "":
			if line == "*400\n" {
				line = strings.Repeat("// more\n", 400)
			}
			root[at].Data = append(root[at].Data, line...)
		case strings.TrimSpace(line) != "":
			want = append(want, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	return want, root
}
