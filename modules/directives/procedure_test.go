package directives

import (
	"io/fs"
	"testing"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// TestProcedures: what the module ships is accepted as it stands, and its stages
// are named as its procedure names them.
func TestProcedures(t *testing.T) {
	sub, err := fs.Sub(procedures, "procedures")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Procedure, PartProcedure} {
		source, err := fs.ReadFile(sub, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		p, findings := procedure.Parse(name+".yaml", source)
		if p != nil {
			findings = append(findings, procedure.Check(p, procedure.Known{Procedures: []string{Procedure, PartProcedure}, Topics: []string{topicCheck, topicSplit}})...)
		}
		for _, f := range findings {
			if f.Severity != pack.Note {
				t.Error(f)
			}
		}
		if name != Procedure || p == nil {
			continue
		}
		for _, id := range stages() {
			if st := p.State(id); st == nil || st.Name != stageName(id) {
				t.Errorf("stage %s: %v is not what the procedure calls it", id, stageName(id))
			}
		}
	}
}
