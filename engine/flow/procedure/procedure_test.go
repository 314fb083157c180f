package procedure_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yuzhou/engine/flow/guard"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// same compares the parts of procedures: where a thing stands in its document is
// no part of it, and another state is meant by its id.
func same() cmp.Options {
	return cmp.Options{
		cmp.Comparer(func(a, b *procedure.State) bool {
			return a == b || a != nil && b != nil && a.ID == b.ID && a.Order == b.Order
		}),
		cmp.Transformer("expression", func(p guard.Program) string { return p.String() }),
		cmpopts.IgnoreFields(procedure.Procedure{}, "Digest", "Source"),
		cmpopts.IgnoreFields(procedure.State{}, "Line"), cmpopts.IgnoreFields(procedure.Transition{}, "Line"),
		cmpopts.IgnoreFields(procedure.Owner{}, "Line"), cmpopts.IgnoreFields(procedure.Field{}, "Line"),
		cmpopts.IgnoreFields(procedure.Option{}, "Line"), cmpopts.IgnoreFields(procedure.Reasons{}, "Line"),
		cmpopts.IgnoreFields(procedure.Clock{}, "Line"), cmpopts.IgnoreFields(procedure.Action{}, "Line"),
		cmpopts.IgnoreFields(procedure.Assign{}, "Line"),
	}
}

func read(t *testing.T, path string) *procedure.Procedure {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, findings := procedure.Parse(filepath.Base(path), source)
	for _, f := range findings {
		t.Error(f)
	}
	if p == nil {
		t.Fatalf("%s was not read", path)
	}
	return p
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := read(t, "testdata/good/review.yaml")
	work, lead, again := p.State("work"), p.State("lead"), p.State("again")
	if p.Root.Initial.Targets[0] != p.State("open") || len(p.Root.Initial.Do) != 2 {
		t.Errorf("the opening: %+v", p.Root.Initial)
	}
	if work.Kind != procedure.Parallel || lead.Parent != work || lead.Kind != procedure.Compound || again.Kind != procedure.Deep {
		t.Errorf("kinds: work %s, lead %s, again %s", work.Kind, lead.Kind, again.Kind)
	}
	if lead.Initial.Targets[0].ID != "draft" || lead.Initial.Do[0].Do != procedure.DoRaise || again.Transitions[0].Targets[0].ID != "draft" {
		t.Errorf("where lead begins: %+v", lead.Initial)
	}
	if !p.State("closed").Rest || p.Field("share").Default != 1.0 || p.Field("rounds").Default != int64(0) || p.Field("day").Default != "2023-07-01" {
		t.Errorf("defaults: %#v", p.Data)
	}
	for i, s := range p.States {
		if s.Order != i+1 || p.State(s.ID) != s {
			t.Errorf("state %s has order %d at %d", s.ID, s.Order, i)
		}
	}
	if ret := p.State("open").Transitions[1]; !ret.Refusal || ret.Reasons != "return" || ret.By.Role != "leader" || ret.Line != 41 || len(ret.Do) != 2 {
		t.Errorf("the return: %+v", ret)
	}
}

// TestPrint: what is printed is read back to the same, and printed alike.
func TestPrint(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		roundTrip(t, read(t, path))
	}
}

func roundTrip(t *testing.T, p *procedure.Procedure) {
	t.Helper()
	text, err := procedure.Print(p)
	if err != nil {
		t.Fatal(err)
	}
	q, findings := procedure.Parse("printed.yaml", text)
	if q == nil {
		t.Fatalf("printed procedure is not read: %v\n%s", findings, text)
	}
	if d := cmp.Diff(p, q, same()); d != "" {
		t.Errorf("read back otherwise: %s\n%s", d, text)
	}
	for i, s := range append([]*procedure.State{p.Root}, p.States...) {
		if d := cmp.Diff(*s, *append([]*procedure.State{q.Root}, q.States...)[i], same()); d != "" {
			t.Errorf("state %q is read back otherwise: %s\n%s", s.ID, d, text)
		}
	}
	if again, err := procedure.Print(q); err != nil || string(again) != string(text) {
		t.Errorf("printed otherwise: %v\n%s", err, cmp.Diff(string(text), string(again)))
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		p, findings := procedure.Parse("fuzz.yaml", source)
		for _, d := range findings {
			if d.Line < 1 || d.Text == "" || d.ZH == "" || d.Rule == "" || strings.Contains(d.Text+d.ZH, "%!") {
				t.Errorf("a finding that says too little: %+v", d)
			}
		}
		if (p == nil) != hasError(findings) {
			t.Errorf("procedure %v with %v", p, findings)
		}
		if p == nil {
			return
		}
		roundTrip(t, p)
		for _, d := range procedure.Check(p, procedure.Known{Bound: 500}) {
			if d.Line < 1 || d.Rule == "" || strings.Contains(d.Text+d.ZH, "%!(") {
				t.Errorf("a finding that says too little: %+v", d)
			}
		}
	})
}

func hasError(findings []pack.Finding) bool {
	for _, f := range findings {
		if f.Severity == pack.Error {
			return true
		}
	}
	return false
}

func TestCheckGood(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		for _, f := range procedure.Check(read(t, path), procedure.Known{}) {
			t.Error(f)
		}
	}
}
