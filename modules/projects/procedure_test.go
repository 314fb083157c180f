package projects

import (
	"io/fs"
	"testing"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// TestProceduresHold: the procedures pass the static check without an error.
func TestProceduresHold(t *testing.T) {
	files := (&Service{}).Guest().Procedures
	for _, name := range []string{"entry.yaml", "month.yaml"} {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		p, findings := procedure.Parse(name, source)
		if p != nil {
			findings = append(findings, procedure.Check(p, procedure.Known{})...)
		}
		for _, f := range findings {
			if f.Severity != pack.Note {
				t.Errorf("%s", f)
			}
		}
	}
}
