package procedure_test

import (
	"fmt"
	"strings"
	"testing"

	"yuzhou/engine/flow/procedure"
)

// parallel writes a procedure of n regions with m states each: m^n places.
func parallel(n, m int) []byte {
	var b strings.Builder
	b.WriteString("schema: yuzhou.procedure/v1\nid: wide\nname: {zh: 宽, en: Wide}\nclocks:\n  c: {kind: stage, unit: working-day, limit: 1, zh: 时限, en: Limit}\n")
	b.WriteString("states:\n  all:\n    parallel: true\n    owner: {unit: \"'1'\", role: clerk}\n    clock: c\n    zh: 全部\n    en: All\n    on: [{event: done.state.all, to: end}]\n    states:\n")
	for i := range n {
		fmt.Fprintf(&b, "      r%d:\n        states:\n", i)
		for j := range m - 1 {
			fmt.Fprintf(&b, "          s%d_%d: {on: [{event: e%d, to: s%d_%d}]}\n", i, j, i, i, j+1)
		}
		fmt.Fprintf(&b, "          s%d_%d: {final: true}\n", i, m-1)
	}
	b.WriteString("  end: {final: true, zh: 终, en: End}\n")
	return []byte(b.String())
}

// TestBound: a procedure too wide to be looked at whole is neither refused nor
// passed in silence.
func TestBound(t *testing.T) {
	t.Parallel()
	p, findings := procedure.Parse("wide.yaml", parallel(8, 8))
	if p == nil {
		t.Fatal(findings)
	}
	found := procedure.Check(p, procedure.Known{Bound: 2000})
	if len(found) != 1 || found[0].Rule != "flow.bound" {
		t.Errorf("found %v, want the bound alone", found)
	}
	p, findings = procedure.Parse("wide.yaml", parallel(3, 8))
	if p == nil {
		t.Fatal(findings)
	}
	if found := procedure.Check(p, procedure.Known{}); len(found) > 0 {
		t.Errorf("found %v, want nothing: 512 places are all looked at", found)
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{3, 5} {
		p, findings := procedure.Parse("wide.yaml", parallel(n, 8))
		if p == nil {
			b.Fatal(findings)
		}
		b.Run(fmt.Sprintf("places=8^%d", n), func(b *testing.B) {
			for b.Loop() {
				if found := procedure.Check(p, procedure.Known{}); len(found) > 0 {
					b.Fatal(found)
				}
			}
		})
	}
}
