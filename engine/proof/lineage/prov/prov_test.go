package prov

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/lineage"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

const base = "https://data.cq.example/proof/"

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

// wanted is what a record must have and what may be a name in it, restated from the JSON
// schema of the submission (https://www.w3.org/Submission/2013/SUBM-prov-json-20130424/schema).
var wanted = map[string]struct {
	must, names []string
}{
	"entity":            {},
	"agent":             {},
	"activity":          {},
	"wasGeneratedBy":    {[]string{"prov:entity"}, []string{"prov:entity entity", "prov:activity activity"}},
	"used":              {[]string{"prov:entity", "prov:activity"}, []string{"prov:entity entity", "prov:activity activity"}},
	"wasInvalidatedBy":  {[]string{"prov:entity"}, []string{"prov:entity entity", "prov:activity activity"}},
	"wasDerivedFrom":    {[]string{"prov:generatedEntity", "prov:usedEntity"}, []string{"prov:generatedEntity entity", "prov:usedEntity entity", "prov:activity activity"}},
	"wasAttributedTo":   {[]string{"prov:entity", "prov:agent"}, []string{"prov:entity entity", "prov:agent agent"}},
	"wasAssociatedWith": {[]string{"prov:activity"}, []string{"prov:activity activity", "prov:agent agent", "prov:plan entity"}},
	"hadMember":         {[]string{"prov:collection", "prov:entity"}, []string{"prov:collection entity", "prov:entity entity"}},
}

// localName is PN_LOCAL of PROV-N §3.7.1 as far as this package uses it.
var localName = regexp.MustCompile(`^([A-Za-z0-9_/@~]|%[0-9A-F]{2})(([-A-Za-z0-9_/@~.]|%[0-9A-F]{2})*([-A-Za-z0-9_/@~]|%[0-9A-F]{2}))?$`)

var prefixName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// check holds a document to the rules.
func check(out []byte) error {
	var doc map[string]map[string]json.RawMessage
	if err := json.Unmarshal(out, &doc); err != nil {
		return err
	}
	prefixes := map[string]bool{"prov": true}
	for p, raw := range doc["prefix"] {
		var uri string
		if err := json.Unmarshal(raw, &uri); err != nil {
			return err
		}
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || !prefixName.MatchString(p) || p == "prov" {
			return fmt.Errorf("prefix %q is %q", p, uri)
		}
		prefixes[p] = true
	}
	for kind, records := range doc {
		if kind == "prefix" {
			continue
		}
		w, known := wanted[kind]
		if !known {
			return fmt.Errorf("a record is %q", kind)
		}
		for id, raw := range records {
			var r map[string]any
			if err := json.Unmarshal(raw, &r); err != nil {
				return fmt.Errorf("%s %s: %w", kind, id, err)
			}
			if err := checkName(prefixes, id); err != nil {
				return err
			}
			for _, key := range w.must {
				if _, ok := r[key]; !ok {
					return fmt.Errorf("%s %s has no %s", kind, id, key)
				}
			}
			for _, n := range w.names {
				key, of, _ := strings.Cut(n, " ")
				if v, ok := r[key].(string); ok && doc[of][v] == nil {
					return fmt.Errorf("%s %s: %s names %s, which is no %s", kind, id, key, v, of)
				}
			}
			if err := checkValues(prefixes, r); err != nil {
				return fmt.Errorf("%s %s: %w", kind, id, err)
			}
		}
	}
	return nil
}

func checkName(prefixes map[string]bool, name string) error {
	p, local, ok := strings.Cut(name, ":")
	if !ok || p != "_" && !prefixes[p] || !localName.MatchString(local) {
		return fmt.Errorf("%q is no qualified name with a prefix that is declared", name)
	}
	return nil
}

// checkValues holds attributes to: text, number, truth, typed literal, or a list of them;
// times to xsd:dateTime.
func checkValues(prefixes map[string]bool, r map[string]any) error {
	for key, v := range r {
		if err := checkName(prefixes, key); err != nil {
			return err
		}
		if key == "prov:time" || key == "prov:endTime" {
			if _, err := time.Parse(time.RFC3339, fmt.Sprint(v)); err != nil {
				return err
			}
		}
		list, is := v.([]any)
		if !is {
			list = []any{v}
		}
		if len(list) == 0 {
			return fmt.Errorf("%s is an empty list", key)
		}
		for _, one := range list {
			switch one := one.(type) {
			case string, float64, bool:
			case map[string]any:
				text, isText := one["$"].(string)
				kind, isKind := one["type"].(string)
				if !isText || !isKind || len(one) != 2 {
					return fmt.Errorf("%s is no typed literal: %v", key, one)
				}
				if kind == "prov:QUALIFIED_NAME" {
					if err := checkName(prefixes, text); err != nil {
						return err
					}
				}
			default:
				return fmt.Errorf("%s is %T", key, one)
			}
		}
	}
	return nil
}

func TestAppend(t *testing.T) {
	g, _ := city(t)
	out, err := Append([]byte("before "), g, base)
	if err != nil {
		t.Fatal(err)
	}
	out, ok := bytes.CutPrefix(out, []byte("before "))
	if !ok {
		t.Error("what stood before is gone")
	}
	if err := check(out); err != nil {
		t.Error(err)
	}
	for range 10 {
		if again, err := Append(nil, g, base); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("the same graph gives other bytes, %v", err)
		}
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out, "", " "); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "city.json", pretty.Bytes())

	// Every edge of the graph is there in the words of PROV.
	var doc map[string]map[string]map[string]any
	if err := json.Unmarshal(out, &doc); err == nil {
		t.Error("prefixes are objects") // they are text: only this shows that records are not
	}
	delete(doc, "prefix")
	count := map[lineage.Relation]int{}
	for _, e := range g.Edges {
		count[e.Relation]++
	}
	for _, tt := range []struct {
		record string
		want   int
	}{
		{"hadMember", count[lineage.LoggedIn]},
		{"wasDerivedFrom", count[lineage.DerivedFrom] + count[lineage.StatedIn] + count[lineage.Supersedes] + count[lineage.StampedBy]},
		{"used", count[lineage.DerivedFrom] + count[lineage.ComputedBy] + count[lineage.SignedBy]},
		{"wasAttributedTo", count[lineage.AttributedTo] + 1}, // the stamp's
	} {
		if got := len(doc[tt.record]); got != tt.want {
			t.Errorf("%d × %s, want %d", got, tt.record, tt.want)
		}
	}
}

func TestAppendWithdraws(t *testing.T) {
	g, _ := city(t)
	for i := range g.Edges {
		if g.Edges[i].Relation == lineage.Supersedes {
			g.Edges[i].Relation = lineage.Withdraws
		}
	}
	out, err := Append(nil, g, base)
	if err != nil || check(out) != nil || !bytes.Contains(out, []byte(`"wasInvalidatedBy"`)) {
		t.Errorf("a withdrawal: %v, %v", err, check(out))
	}
}

func TestAppendRefuses(t *testing.T) {
	node := lineage.Node{ID: "unit:1", Kind: lineage.Unit, Name: "1"}
	for _, tt := range []struct {
		name string
		g    lineage.Graph
		base string
	}{
		{"no base", lineage.Graph{}, ""},
		{"base without a slash", lineage.Graph{}, "https://data.example/proof"},
		{"base without a host", lineage.Graph{}, "/proof/"},
		{"base with a query", lineage.Graph{}, base + "?x"},
		{"a node of no kind", lineage.Graph{Nodes: []lineage.Node{{ID: "prov:1", Kind: "prov", Name: "1"}}}, base},
		{"a node without an ID", lineage.Graph{Nodes: []lineage.Node{{Kind: lineage.Unit, Name: "1"}}}, base},
		{"a node with the ID of another kind", lineage.Graph{Nodes: []lineage.Node{{ID: "key:1", Kind: lineage.Unit, Name: "1"}}}, base},
		{"an edge to nowhere", lineage.Graph{Nodes: []lineage.Node{node}, Edges: []lineage.Edge{{To: 1, Relation: lineage.SignedBy}}}, base},
		{"a unit that is signed", lineage.Graph{Nodes: []lineage.Node{node}, Edges: []lineage.Edge{{Relation: lineage.SignedBy}}}, base},
		{"an unknown relation", lineage.Graph{Nodes: []lineage.Node{node}, Edges: []lineage.Edge{{Relation: "likes"}}}, base},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := Append(nil, tt.g, tt.base); fault.KindOf(err) != fault.Invalid || out != nil {
				t.Errorf("Append = %s, %v; want invalid", out, err)
			}
		})
	}
}

// TestLocal: names stay apart, and unescape to what they were of.
func TestLocal(t *testing.T) {
	seen := map[string]string{}
	r := rand.New(rand.NewPCG(5, 6))
	alphabet := []rune("a-.:%~@/# \n市%2D_é")
	for range 20000 {
		var text strings.Builder
		for range 1 + r.IntN(5) {
			text.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		got := local(text.String())
		if before, ok := seen[got]; ok && before != text.String() {
			t.Fatalf("%q and %q are both %q", before, text.String(), got)
		}
		seen[got] = text.String()
		if !localName.MatchString(got) {
			t.Errorf("%q is no local name", got)
		}
		if back, err := url.PathUnescape(strings.ReplaceAll(got, "-", ":")); err != nil || back != text.String() {
			t.Errorf("%q of %q unescapes to %q, %v", got, text.String(), back, err)
		}
	}
}

// FuzzAppend gives any graph: what is written keeps the rules.
func FuzzAppend(f *testing.F) {
	f.Add([]byte(`{"nodes":[{"id":"statement:sha256:0","kind":"statement","name":"1/x","stated":{"issued":"2026-07-01T00:30:00.000000Z","formula":{"id":"f","digest":"1"}}},` +
		`{"id":"unit:1/o","kind":"unit","name":"1/o"},{"id":"formula:1","kind":"formula","name":"f"}],"edges":[{"to":1,"relation":"attributed-to"},{"to":2,"relation":"computed-by"}]}`))
	f.Add([]byte(`{"nodes":[{"id":"key:.","kind":"key","name":"\u0000"}],"edges":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var g lineage.Graph
		if json.Unmarshal(raw, &g) != nil {
			return
		}
		out, err := Append(nil, g, base)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if err := check(out); err != nil {
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
		out, err := Append(nil, g, base)
		if err != nil {
			continue
		}
		written++
		if err := check(out); err != nil {
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
		if _, err := Append(nil, g, base); err != nil {
			b.Fatal(err)
		}
	}
}
