package scxml_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/flow/procedure"
	"yuzhou/engine/flow/scxml"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/testkit"
)

// files are all procedures that the tree holds.
func files(tb testing.TB) []string {
	tb.Helper()
	var all []string
	for _, pattern := range []string{"../procedure/testdata/*/*.yaml", "../diagram/testdata/*.yaml", "../testdata/procedures/*.yaml", "../../../modules/*/procedures/*.yaml", "../../../e2e/testdata/kill.yaml"} {
		some, err := filepath.Glob(pattern)
		if err != nil || len(some) == 0 {
			tb.Fatal(pattern, err)
		}
		all = append(all, some...)
	}
	return all
}

// parse reads a procedure; nil when the file is one of those that are not to be read.
func parse(tb testing.TB, name string) *procedure.Procedure {
	tb.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	p, findings := procedure.Parse(name, source)
	if p == nil && !strings.Contains(name, "/bad/") {
		tb.Fatal(findings)
	}
	return p
}

func write(tb testing.TB, p *procedure.Procedure) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := scxml.Write(&b, p); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// roundTrip checks that a procedure is written as SCXML and read back to the same.
func roundTrip(tb testing.TB, p *procedure.Procedure) {
	tb.Helper()
	chart := write(tb, p)
	back, findings := scxml.Read(bytes.NewReader(chart), "chart.scxml")
	if back == nil || len(findings) > 0 {
		tb.Fatalf("not read back: %v\n%s", findings, chart)
	}
	want, err := procedure.Print(p)
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(back.Source, want) {
		tb.Fatalf("read back otherwise (-want +got):\n%s\nthe chart\n%s", cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(back.Source), "\n")), chart)
	}
	printed, findings := procedure.Parse("printed.yaml", want)
	if printed == nil || printed.Digest != back.Digest {
		tb.Errorf("the digest is another than that of what is printed: %v", findings)
	}
	if again := write(tb, back); !bytes.Equal(again, chart) {
		tb.Errorf("written otherwise the second time:\n%s", cmp.Diff(string(chart), string(again)))
	}
}

// TestRoundTrip: every procedure that the tree holds comes back the same.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	n := 0
	for _, name := range files(t) {
		if p := parse(t, name); p != nil {
			t.Run(filepath.Base(name), func(t *testing.T) { roundTrip(t, p) })
			n++
		}
	}
	if n < 20 {
		t.Errorf("%d procedures were looked at, want at least 20", n)
	}
}

// TestGolden keeps what a chart looks like.
func TestGolden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "review.scxml", write(t, parse(t, "../procedure/testdata/good/review.yaml")))
}

// TestCharacter: what XML cannot hold is refused, not changed.
func TestCharacter(t *testing.T) {
	t.Parallel()
	p, findings := procedure.Parse("x.yaml", []byte("schema: yuzhou.procedure/v1\nid: x\nname: {zh: \"a\\u0001b\"}\nstates: {a: {final: true}}\n"))
	if p == nil {
		t.Fatal(findings)
	}
	var b bytes.Buffer
	if err := scxml.Write(&b, p); err == nil || !strings.Contains(err.Error(), "U+0001") || b.Len() > 0 {
		t.Errorf("error %v and %d bytes, want one that names U+0001 and nothing written", err, b.Len())
	}
}

// TestForeign reads charts as other tools write them.
func TestForeign(t *testing.T) {
	t.Parallel()
	charts, err := filepath.Glob("testdata/foreign/*.scxml")
	if err != nil || len(charts) == 0 {
		t.Fatal(charts, err)
	}
	for _, name := range charts {
		t.Run(filepath.Base(name), func(t *testing.T) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, findings := scxml.Read(bytes.NewReader(source), filepath.Base(name))
			var out bytes.Buffer
			for _, f := range findings {
				out.WriteString("# " + f.String() + "\n# " + f.ZH + "\n")
			}
			if p != nil {
				out.Write(p.Source)
			}
			testkit.Golden(t, "foreign/"+strings.TrimSuffix(filepath.Base(name), ".scxml")+".yaml", out.Bytes())
		})
	}
}

// TestRefused: what a procedure cannot be made of is named with its line.
func TestRefused(t *testing.T) {
	t.Parallel()
	ours := `<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:yz="urn:yuzhou:procedure:v1" datamodel="cel" name="x" version="1.0">` + "\n"
	for name, tt := range map[string]struct {
		chart string
		line  int
		words string
	}{
		"no XML":               {"<scxml>\n<state", 2, "not XML in UTF-8"},
		"empty":                {"", 1, "empty"},
		"not UTF-8":            {"<?xml version='1.0' encoding='GBK'?>\n<scxml/>", 1, "GBK"},
		"two roots":            {"<scxml/>\n<scxml/>", 2, "more than one root"},
		"text outside":         {"<scxml/>\nx", 1, "outside"},
		"another root":         {"<html/>", 1, "<html>"},
		"a document type":      {"<!DOCTYPE scxml [<!ENTITY a \"b\">]>\n<scxml/>", 1, "document type"},
		"an entity":            {"<scxml>\n<state id='&a;'/></scxml>", 2, "entity"},
		"an attribute twice":   {"<scxml>\n<state id='a' id='b'/></scxml>", 2, "twice"},
		"a prefix of ours":     {"<scxml>\n<state id='a' yz:clock='c'/></scxml>", 2, "not declared"},
		"another version":      {"<scxml xmlns:yz='urn:yuzhou:procedure:v2'>\n<yz:clock/></scxml>", 2, "another version"},
		"too deep":             {strings.Repeat("<a>\n", 200), 101, "deep"},
		"too long":             {"<scxml>" + strings.Repeat(" ", 1<<20) + "</scxml>", 1, "bytes"},
		"script":               {"<scxml>\n<state id='a'>\n<onentry>\n<script>1</script></onentry></state></scxml>", 4, "no script"},
		"invoke":               {"<scxml>\n<state id='a'>\n<invoke type='x'/></state></scxml>", 3, "invoke nothing"},
		"if":                   {"<scxml>\n<state id='a'><onexit>\n<if cond='true'/></onexit></state></scxml>", 3, "no branches"},
		"delay":                {"<scxml>\n<state id='a'><onexit>\n<send event='e' delay='1s'/></onexit></state></scxml>", 3, "delays are clocks"},
		"send elsewhere":       {"<scxml>\n<state id='a'><onexit>\n<send event='e' target='http://x'/></onexit></state></scxml>", 3, "#_internal"},
		"a condition":          {"<scxml>\n<state id='a'>\n<transition event='e' cond='f(1)' target='a'/></state></scxml>", 3, "no translation"},
		"XPath":                {"<scxml datamodel='xpath'>\n<state id='a'>\n<transition event='e' cond='$x/y = 1' target='a'/></state></scxml>", 3, "no translation"},
		"a target":             {"<scxml>\n<state id='a'>\n\n<transition event='go' target='nowhere'/></state></scxml>", 4, "nowhere"},
		"a type":               {"<scxml>\n<state id='a'><transition event='go' type='inner' target='a'/></state></scxml>", 2, "internal or external"},
		"a history":            {"<scxml>\n<state id='a'><state id='b'/>\n<history id='h'/></state></scxml>", 3, "default"},
		"an initial":           {"<scxml>\n<state id='a'><state id='b'/>\n<initial/></state></scxml>", 3, "<transition>"},
		"a guarded initial":    {"<scxml>\n<state id='a'><state id='b'/><initial>\n<transition cond='true' target='b'/></initial></state></scxml>", 3, "cond"},
		"a final in parallel":  {"<scxml>\n<parallel id='p'>\n<final id='f'/></parallel></scxml>", 3, "parallel"},
		"a computed value":     {"<scxml><datamodel>\n<data id='x' expr='1 + 1'/></datamodel><state id='a'/></scxml>", 2, "written out"},
		"an unknown attribute": {ours + "<state id='a'>\n<yz:owner unit=\"'1'\" rolle='clerk'/></state></scxml>", 3, "rolle"},
		"an unknown action":    {ours + "<state id='a'><onentry>\n<yz:launch/></onentry></state></scxml>", 3, "launch"},
		"a misplaced one":      {ours + "<state id='a'>\n<yz:field name='x' type='int'/></state></scxml>", 3, "no place"},
		"an unknown mark":      {ours + "<state id='a'><onentry>\n<raise event='e' yz:and='true'/></onentry></state></scxml>", 3, "yz:and"},
		"a default":            {ours + "<datamodel>\n<yz:field name='x' type='int' default='{'/></datamodel><state id='a'/></scxml>", 3, "JSON"},
		"CEL that is none":     {ours + "<state id='a'>\n<transition event='e' cond='data.x ===' target='a'/></state></scxml>", 3, "expression"},
	} {
		p, findings := scxml.Read(strings.NewReader(tt.chart), "x.scxml")
		if p != nil || !slices.ContainsFunc(findings, func(f pack.Finding) bool {
			return f.Line == tt.line && f.Severity == pack.Error && strings.Contains(f.Text, tt.words) && f.ZH != ""
		}) {
			t.Errorf("%s: procedure %v, findings %v; want none and one in line %d with %q", name, p, findings, tt.line, tt.words)
		}
	}
}

// TestPassedOver: what changes nothing is passed over, what another tool keeps for
// itself without a word.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	p, findings := scxml.Read(strings.NewReader(`<scxml xmlns:qt="http://www.qt.io/2015/02/scxml-ext" name="My chart 1">
  <qt:editorinfo geometry="1"/><state qt:editorinfo="x"><onentry><log expr="1"/></onentry><onentry><raise event="e"/></onentry></state>
  <state id="state-2" colour="red"/></scxml>`), "x.scxml")
	if p == nil || p.ID != "My-chart-1" || p.States[0].ID != "state-2-1" || len(p.States[0].Entry) != 1 {
		t.Fatalf("read as %+v with %v", p, findings)
	}
	var rules []string
	for _, f := range findings {
		rules = append(rules, f.Rule)
	}
	if d := cmp.Diff([]string{"flow.blocks", "flow.ignored"}, rules); d != "" {
		t.Error(d, findings)
	}
}

// TestCost: a hostile chart of the greatest size costs little.
func TestCost(t *testing.T) {
	t.Parallel()
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (1<<20-len(head)-len(tail))/len(part)) + tail
	}
	for name, chart := range map[string]string{
		"texts":      fill("<scxml><state id='a'>", "<a xmlns='x'/>.", "</state></scxml>"),
		"no ids":     fill("<scxml>", "<state/>", "</scxml>"),
		"data":       fill("<scxml><datamodel>", "<data id='x'/>", "</datamodel><state id='a'/></scxml>"),
		"assigns":    fill("<scxml><state id='a'><onentry>", "<assign location='x' expr='1'/>", "</onentry></state></scxml>"),
		"scripts":    fill("<scxml><state id='a'>", "<script/>", "</state></scxml>"),
		"brackets":   fill("<scxml><state id='a'><transition event='e' cond='", "(", "'/></state></scxml>"),
		"negations":  fill("<scxml><state id='a'><transition event='e' cond='", "!", "'/></state></scxml>"),
		"sums":       fill("<scxml><state id='a'><transition event='e' cond='1", "+1", "'/></state></scxml>"),
		"sums below": "<scxml><state id='a'><transition event='e' cond='1" + strings.Repeat("+1", 4900) + "'/></state></scxml>",
		"attributes": fill("<scxml", " a=''", "/>"),
	} {
		start := time.Now()
		_, findings := scxml.Read(strings.NewReader(chart), "x.scxml")
		t.Logf("%s: %s, %d findings", name, time.Since(start), len(findings))
		if span := time.Since(start); span > 20*time.Second {
			t.Errorf("%s: took %s", name, span)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range files(f) {
		if p := parse(f, name); p != nil {
			f.Add(write(f, p))
		}
	}
	charts, err := filepath.Glob("testdata/foreign/*.scxml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range charts {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		p, findings := scxml.Read(bytes.NewReader(source), "fuzz.scxml")
		for _, d := range findings {
			if d.Line < 1 || d.Text == "" || d.ZH == "" || d.Rule == "" || strings.Contains(d.Text+d.ZH, "%!") {
				t.Errorf("a finding that says too little: %+v", d)
			}
		}
		if failed := slices.ContainsFunc(findings, func(f pack.Finding) bool { return f.Severity == pack.Error }); (p == nil) != failed {
			t.Fatalf("procedure %v with %v", p, findings)
		}
		if p != nil {
			roundTrip(t, p)
		}
	})
}

// FuzzRoundTrip: every procedure there can be comes back the same.
func FuzzRoundTrip(f *testing.F) {
	for _, name := range files(f) {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		p, _ := procedure.Parse("fuzz.yaml", source)
		if p == nil || scxml.Write(&bytes.Buffer{}, p) != nil {
			return // no procedure, or a character that XML cannot hold
		}
		roundTrip(t, p)
	})
}
