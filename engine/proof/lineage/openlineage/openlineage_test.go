package openlineage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/lineage"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

func site() Site {
	return Site{Namespace: "yuzhou://500000", Producer: "https://data.cq.example/yuzhou/2.1.0", Schema: "https://data.cq.example/proof/evidence.schema.json"}
}

// city is the graph that the tests of lineage hold.
func city(tb testing.TB) (lineage.Graph, []byte) {
	tb.Helper()
	raw, err := os.ReadFile("../testdata/city.json")
	if err != nil {
		tb.Fatal(err)
	}
	var g lineage.Graph
	if err := json.Unmarshal(raw, &g); err != nil {
		tb.Fatal(err)
	}
	return g, raw
}

// facets are those of the specification that are used, by what has them and by key: what
// they must have, and their schema. Restated from the JSON schemas at openlineage.io/spec.
var facets = map[string]struct {
	must   []string
	schema string
}{
	"job documentation":     {[]string{"description"}, jobSchema},
	"dataset documentation": {[]string{"description"}, datasetSchema},
	"dataset schema":        {[]string{"fields"}, fieldsSchema},
	"dataset version":       {[]string{"datasetVersion"}, versionSchema},
	"run yuzhou_evidence":   {[]string{"kind"}, "https://data.cq.example/proof/evidence.schema.json"},
}

type object = map[string]any

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// check holds an event to the rules of RunEvent, spec 2-0-2.
func check(line []byte) error {
	var e object
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	for _, key := range []string{"producer", "schemaURL"} {
		if u, err := url.Parse(fmt.Sprint(e[key])); err != nil || !u.IsAbs() {
			return fmt.Errorf("%s is %v", key, e[key])
		}
	}
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(e["eventTime"])); err != nil {
		return err
	}
	if !slices.Contains([]string{"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}, fmt.Sprint(e["eventType"])) {
		return fmt.Errorf("eventType is %v", e["eventType"])
	}
	run, ok := e["run"].(object)
	if !ok || !uuid.MatchString(fmt.Sprint(run["runId"])) {
		return fmt.Errorf("run is %v", e["run"])
	}
	if err := checkFacets("run", run); err != nil {
		return err
	}
	if err := checkThing("job", e["job"]); err != nil {
		return err
	}
	for _, key := range []string{"inputs", "outputs"} {
		list, ok := e[key].([]any)
		if !ok {
			return fmt.Errorf("%s is %v", key, e[key])
		}
		for _, d := range list {
			if err := checkThing("dataset", d); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkThing(kind string, v any) error {
	t, ok := v.(object)
	namespace, isText := t["namespace"].(string)
	name, isName := t["name"].(string)
	if !ok || !isText || !isName || namespace == "" {
		return fmt.Errorf("%s is %v, named %q", kind, v, name)
	}
	return checkFacets(kind, t)
}

func checkFacets(kind string, of object) error {
	if of["facets"] == nil {
		return nil
	}
	all, ok := of["facets"].(object)
	if !ok {
		return fmt.Errorf("facets of a %s are %v", kind, of["facets"])
	}
	for key, v := range all {
		look := kind + " " + key
		if key == "yuzhou_evidence" {
			look = "run " + key
		}
		want, known := facets[look]
		f, ok := v.(object)
		if !known || !ok || f["_schemaURL"] != want.schema || f["_producer"] != site().Producer {
			return fmt.Errorf("facet %s: %v", look, v)
		}
		for _, m := range want.must {
			if f[m] == nil {
				return fmt.Errorf("facet %s has no %s", look, m)
			}
		}
	}
	return nil
}

func TestAppend(t *testing.T) {
	g, _ := city(t)
	out, err := Append([]byte("before\n"), g, site())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 3 || lines[0] != "before" {
		t.Fatalf("%d lines, the first is %.40q; want two events", len(lines), lines[0])
	}
	var pretty bytes.Buffer
	for _, l := range lines[1:] {
		if err := check([]byte(l)); err != nil {
			t.Error(err)
		}
		if err := json.Indent(&pretty, []byte(l), "", " "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
	}
	testkit.Golden(t, "city.json", pretty.Bytes())
	again, err := Append([]byte("before\n"), g, site())
	if err != nil || !bytes.Equal(again, out) {
		t.Errorf("the same graph gives other bytes, %v", err)
	}
	var events [2]runEvent
	for i := range events {
		if err := json.Unmarshal([]byte(lines[i+1]), &events[i]); err != nil {
			t.Fatal(err)
		}
	}
	// What one run makes the next takes, under one name: so a catalogue ties them.
	if !slices.ContainsFunc(events[1].Inputs, func(d dataset) bool { return d.Name == events[0].Outputs[0].Name }) {
		t.Errorf("%s is no input of %s", events[0].Outputs[0].Name, events[1].Outputs[0].Name)
	}
}

func TestRunID(t *testing.T) {
	g, _ := city(t)
	seen := map[string]bool{}
	for i := range g.Nodes {
		id := runID(g.Nodes[i].ID)
		if !uuid.MatchString(id) || seen[id] || id != runID(g.Nodes[i].ID) {
			t.Errorf("the run of %s is %s", g.Nodes[i].ID, id)
		}
		seen[id] = true
	}
}

func TestAppendRefuses(t *testing.T) {
	node := lineage.Node{ID: "unit:1", Kind: lineage.Unit, Name: "1"}
	for _, tt := range []struct {
		name string
		g    lineage.Graph
		site func(*Site)
	}{
		{"no namespace", lineage.Graph{}, func(s *Site) { s.Namespace = "" }},
		{"no producer", lineage.Graph{}, func(s *Site) { s.Producer = "yuzhou" }},
		{"no schema", lineage.Graph{}, func(s *Site) { s.Schema = "/schema" }},
		{"an edge to nowhere", lineage.Graph{Nodes: []lineage.Node{node}, Edges: []lineage.Edge{{To: 1}}}, func(*Site) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := site()
			tt.site(&s)
			if out, err := Append(nil, tt.g, s); fault.KindOf(err) != fault.Invalid || out != nil {
				t.Errorf("Append = %s, %v; want invalid", out, err)
			}
		})
	}
}

// TestSchema holds the facet's schema to what the facet has.
func TestSchema(t *testing.T) {
	var s struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	full, err := json.Marshal(evidence{
		Kind: "k", Digest: "d", State: "s", Value: "v", Unit: "u", Period: "p", Status: "s", Issuer: "i", Issued: "i", Method: "m", Formula: "f",
		First: 1, Count: 1, Keys: []string{"k"}, Log: &inLog{},
	})
	if err != nil {
		t.Fatal(err)
	}
	var has object
	if err := json.Unmarshal(full, &has); err != nil {
		t.Fatal(err)
	}
	for key := range has {
		if s.Properties[key] == nil {
			t.Errorf("the schema does not know %s", key)
		}
	}
	if len(has) != len(s.Properties) {
		t.Errorf("the facet has %d members, the schema %d", len(has), len(s.Properties))
	}
}

func checkAll(out []byte) error {
	for line := range bytes.Lines(out) {
		if err := check(line); err != nil {
			return err
		}
	}
	return nil
}

// FuzzAppend gives any graph: what is written keeps the rules.
func FuzzAppend(f *testing.F) {
	f.Add([]byte(`{"nodes":[{"id":"statement:1","kind":"statement","name":"1/x","digest":"1","stated":{"kind":"derived","issued":"2026-07-01T00:30:00.000000Z","formula":{"id":"f"}}},` +
		`{"id":"batch:1","kind":"batch","name":"b"}],"edges":[{"to":1,"relation":"derived-from"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var g lineage.Graph
		if json.Unmarshal(raw, &g) != nil {
			return
		}
		out, err := Append(nil, g, site())
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if err := checkAll(out); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// TestMutations changes bytes of a graph as JSON: nothing panics, and what is still
// written keeps the rules.
func TestMutations(t *testing.T) {
	_, raw := city(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 7))
	written := 0
	for range 4000 {
		m := bytes.Clone(raw)
		for range 1 + r.IntN(3) {
			m[r.IntN(len(m))] = byte(32 + r.IntN(95))
		}
		var g lineage.Graph
		if json.Unmarshal(m, &g) != nil {
			continue
		}
		out, err := Append(nil, g, site())
		if err != nil {
			continue
		}
		written++
		if err := checkAll(out); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if written < 50 {
		t.Errorf("only %d graphs were written", written)
	}
}

func BenchmarkAppend(b *testing.B) {
	g, _ := city(b)
	for b.Loop() {
		if _, err := Append(nil, g, site()); err != nil {
			b.Fatal(err)
		}
	}
}
