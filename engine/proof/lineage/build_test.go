package lineage

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

func sum(s string) string { return statement.SHA256.Sum([]byte(s)) }

// shelf holds statements by digest.
type shelf map[string]Entry

func (s shelf) get(digest string) (Entry, bool, error) {
	e, ok := s[digest]
	return e, ok, nil
}

// put gives a statement what every one has, puts it on the shelf and refers to it.
func (s shelf) put(tb testing.TB, st statement.Statement, f Facts) statement.Input {
	tb.Helper()
	st.Vintage, st.Method, st.Issuer = max(st.Vintage, 1), "yuzhou/2.1.0", "88.500.1/org/500000"
	st.Issued = statement.At(time.Date(2026, 7, 1, 0, 30, 0, 0, time.UTC))
	d, err := st.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	s[d] = Entry{st, f}
	return statement.Input{Name: st.Name, Vintage: st.Vintage, Digest: d}
}

// city is a number with everything that a number can rest on.
func city(tb testing.TB) (shelf, string) {
	tb.Helper()
	s := shelf{}
	log := func(i int64) *Logged {
		return &Logged{
			Origin: "log.example/500000", Index: i, Size: 20, Root: "qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=", Cosigned: []string{"witness.example/1"},
			Stamps: []Stamped{{"tsa.example", time.Date(2026, 7, 1, 0, 31, 0, 0, time.UTC)}},
		}
	}
	const method = "88.500.1/org/500000#2026-1"
	key := s.put(tb, statement.Statement{
		Kind: statement.KeyState, Name: method, Value: "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", Status: "in force", Period: "2026-01-01T00:00:00Z/..",
	}, Facts{Signatures: []Signature{{Method: "88.500.1/org/500000#root", Suite: statement.SuiteEdDSA}}, Log: log(0)})
	signed := func(i int64) Facts {
		return Facts{Signatures: []Signature{{method, statement.SuiteEdDSA, key.Digest}}, Log: log(i)}
	}
	count := func(vintage int64, value, before string) statement.Input {
		return s.put(tb, statement.Statement{
			Kind: statement.Observation, Name: "88.500.1/st.hte/500000/2023-06-30", Vintage: vintage, Value: value, Unit: "家", Period: "2023-06-30",
			Source: &statement.Source{Document: "渝府发〔2023〕17号", Locator: "p. 4, 表 2"}, Supersedes: before,
		}, signed(vintage))
	}
	first := count(1, "5600", "")
	second := count(2, "5650", first.Digest)
	records := statement.Batch{Schema: "yuzhou.resident/v1", Count: 1 << 20, Root: sum("records")}
	tree := s.put(tb, statement.Statement{Kind: statement.Records, Name: "88.500.1/batch/1", Batch: &records}, signed(3))
	people := s.put(tb, statement.Statement{
		Kind: statement.Derived, Name: "88.500.1/st.pop/500000/2023-06-30", Value: "3213", Unit: "万人", Period: "2023-06-30",
		Formula: &statement.Formula{ID: "count", Digest: sum("count()")},
		Inputs:  []statement.Input{{Batch: records.Root, First: 7, Count: 1000}, {Batch: sum("unknown tree"), Count: 5}},
	}, Facts{Signatures: signed(4).Signatures, Log: log(4), Formula: "count()", Trees: map[string]string{records.Root: tree.Digest}})
	ratio := s.put(tb, statement.Statement{
		Kind: statement.Derived, Name: "88.500.1/st.hte.density/500000/2023-06-30", Value: "1.76", Unit: "1/10000", Period: "2023-06-30",
		Formula: &statement.Formula{ID: "ratio", Digest: sum("a/b")}, Inputs: []statement.Input{second, people},
	}, Facts{Signatures: append(signed(5).Signatures, Signature{"88.500.1/org/500000#sm2", statement.SuiteSM2, sum("lost")}), Log: log(5), Formula: "a/b"})
	return s, ratio.Digest
}

func build(tb testing.TB, s shelf, root string, depth int) Graph {
	tb.Helper()
	g, err := Build(root, s.get, depth)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// text writes a graph for people to compare.
func text(g Graph) []byte {
	var b strings.Builder
	for i, n := range g.Nodes {
		fmt.Fprintf(&b, "%d %s %s", i, n.Kind, n.Name)
		if n.Vintage > 0 {
			fmt.Fprintf(&b, "@%d", n.Vintage)
		}
		if n.State != Read {
			fmt.Fprintf(&b, " (%s)", n.State)
		}
		if n.Stated != nil {
			fmt.Fprintf(&b, " = %s %s", n.Stated.Value, n.Stated.Unit)
		}
		b.WriteByte('\n')
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "%d %s %d %s %d+%d %d\n", e.From, e.Relation, e.To, e.Locator, e.First, e.Count, e.Index)
	}
	return []byte(b.String())
}

func TestBuild(t *testing.T) {
	s, root := city(t)
	for _, depth := range []int{0, 1, 5} {
		t.Run(fmt.Sprint("depth ", depth), func(t *testing.T) {
			g := build(t, s, root, depth)
			testkit.Golden(t, fmt.Sprintf("depth%d.txt", depth), text(g))
			reachable(t, g)
			for range 20 {
				if again := build(t, s, root, depth); !reflect.DeepEqual(again, g) {
					t.Fatal("the same statements give another graph")
				}
			}
		})
	}
	g := build(t, s, root, 5)
	out, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "city.json", append(out, '\n'))
	var back Graph
	if err := json.Unmarshal(out, &back); err != nil || !reflect.DeepEqual(back, g) {
		t.Errorf("the graph does not come back from JSON: %v", err)
	}
	relations, kinds := map[Relation]bool{}, map[Kind]bool{}
	for _, e := range g.Edges {
		relations[e.Relation] = true
	}
	for _, n := range g.Nodes {
		kinds[n.Kind] = true
	}
	if len(relations) != 8 || len(kinds) != 8 { // nothing is withdrawn in the city
		t.Errorf("the city has the relations %v and the kinds %v", slices.Collect(maps.Keys(relations)), slices.Collect(maps.Keys(kinds)))
	}
}

// reachable wants every node but the root to be found by walking on from it.
func reachable(tb testing.TB, g Graph) {
	tb.Helper()
	seen, todo := map[int]bool{0: true}, []int{0}
	for len(todo) > 0 {
		v := todo[0]
		todo = todo[1:]
		for _, e := range g.Edges {
			if e.From == v && !seen[e.To] {
				seen[e.To] = true
				todo = append(todo, e.To)
			}
		}
	}
	ids := map[string]bool{}
	for i, n := range g.Nodes {
		if !seen[i] {
			tb.Errorf("node %d, %s, cannot be come to", i, n.ID)
		}
		if ids[n.ID] || n.ID == "" || n.Kind == "" || n.Name == "" {
			tb.Errorf("node %d has no ID of its own, kind or name: %+v", i, n)
		}
		ids[n.ID] = true
	}
}

func TestBuildWithdrawn(t *testing.T) {
	s := shelf{}
	one := s.put(t, statement.Statement{Kind: statement.Observation, Name: "88.500.1/x/1", Value: "1", Period: "2024"}, Facts{})
	gone := s.put(t, statement.Statement{Kind: statement.Observation, Name: "88.500.1/x/1", Vintage: 2, Withdraws: one.Digest}, Facts{})
	g := build(t, s, gone.Digest, 3)
	want := Edge{From: 0, To: 2, Relation: Withdraws}
	if g.Edges[len(g.Edges)-1] != want || g.Nodes[2].Stated == nil || g.Nodes[2].State != Open {
		t.Errorf("withdrawal: %s", text(g))
	}
}

func TestBuildStates(t *testing.T) {
	s, root := city(t)
	var input string
	for d, e := range s {
		if e.Statement.Name == "88.500.1/st.pop/500000/2023-06-30" {
			input = d
		}
	}
	state := func(t *testing.T, change func(e *Entry) bool) Node {
		t.Helper()
		g, err := Build(root, func(d string) (Entry, bool, error) {
			e, ok := s[d]
			return e, ok && (d != input || change(&e)), nil
		}, 9)
		if err != nil {
			t.Fatal(err)
		}
		reachable(t, g)
		for _, n := range g.Nodes {
			if n.Digest == input {
				return n
			}
		}
		t.Fatal("the input is not in the graph")
		return Node{}
	}
	for _, tt := range []struct {
		name   string
		change func(e *Entry) bool
		want   State
	}{
		{"as it was", func(*Entry) bool { return true }, Read},
		{"nobody has it", func(*Entry) bool { return false }, Missing},
		{"another value", func(e *Entry) bool { e.Statement.Value = "3214"; return true }, Altered},
		{"another issuer", func(e *Entry) bool { e.Statement.Issuer = "88.500.1/org/1"; return true }, Altered},
		{"no statement at all", func(e *Entry) bool { *e = Entry{}; return true }, Altered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := state(t, tt.change)
			if n.State != tt.want || (n.Stated != nil) != (tt.want == Read) || n.Name != "88.500.1/st.pop/500000/2023-06-30" {
				t.Errorf("the input is %+v, want %q", n, tt.want)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	s, root := city(t)
	broken := errors.New("disk")
	for _, tt := range []struct {
		name  string
		root  string
		get   Get
		depth int
		want  error
	}{
		{"no digest", "sha256:12", s.get, 1, fault.Invalid},
		{"depth below 0", root, s.get, -1, fault.Invalid},
		{"too deep", root, s.get, MaxDepth + 1, fault.Invalid},
		{"not there", sum("nothing"), s.get, 1, fault.NotFound},
		{"a failure", root, func(string) (Entry, bool, error) { return Entry{}, false, broken }, 1, broken},
		{"a failure farther on", root, func(d string) (Entry, bool, error) {
			if d != root {
				return Entry{}, false, broken
			}
			return s.get(d)
		}, 1, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if g, err := Build(tt.root, tt.get, tt.depth); !errors.Is(err, tt.want) || len(g.Nodes) > 0 {
				t.Errorf("Build = %d nodes, %v; want %v", len(g.Nodes), err, tt.want)
			}
		})
	}
}

// TestBuildCircle: digests cannot name one another in a circle, but the key of the root
// of a register may be stated under its own signature.
func TestBuildCircle(t *testing.T) {
	s := shelf{}
	const method = "88.500.1/org/500000#root"
	in := s.put(t, statement.Statement{Kind: statement.KeyState, Name: method, Value: "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", Status: "in force"}, Facts{})
	e := s[in.Digest]
	e.Facts.Signatures = []Signature{{method, statement.SuiteEdDSA, in.Digest}}
	s[in.Digest] = e
	g := build(t, s, in.Digest, MaxDepth)
	if len(g.Nodes) != 3 || len(g.Edges) != 4 {
		t.Errorf("the circle is\n%s", text(g))
	}
	back := 0
	for _, l := range Layout(g, Measure{}).Lines {
		if l.Back {
			back++
		}
	}
	if back != 1 {
		t.Errorf("%d lines lead back, want 1", back)
	}
}

func TestBuildFull(t *testing.T) {
	s := shelf{}
	var inputs []statement.Input
	for i := range 60 {
		var below []statement.Input
		for j := range 60 {
			below = append(below, s.put(t, statement.Statement{Kind: statement.Observation, Name: fmt.Sprintf("88.500.1/x/%d/%d", i, j), Value: "1", Period: "2024"}, Facts{}))
		}
		inputs = append(inputs, s.put(t, statement.Statement{
			Kind: statement.Derived, Name: fmt.Sprintf("88.500.1/y/%d", i), Value: "60", Period: "2024", Formula: &statement.Formula{ID: "sum", Digest: sum("+")}, Inputs: below,
		}, Facts{}))
	}
	root := s.put(t, statement.Statement{Kind: statement.Derived, Name: "88.500.1/z", Value: "3600", Period: "2024", Formula: &statement.Formula{ID: "sum", Digest: sum("+")}, Inputs: inputs}, Facts{})
	asked := 0
	g, err := Build(root.Digest, func(d string) (Entry, bool, error) { asked++; return s.get(d) }, 9)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != MaxNodes || g.Left != 3600+60+3-MaxNodes || asked > MaxNodes {
		t.Errorf("%d nodes, %d left out, asked %d times", len(g.Nodes), g.Left, asked)
	}
	reachable(t, g)
	sound(t, g, Layout(g, Measure{}))
}

// TestBuildRandom builds graphs of random statements that share inputs.
func TestBuildRandom(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		s := shelf{}
		var all []statement.Input
		for i := range 1 + r.IntN(30) {
			st := statement.Statement{Kind: statement.Observation, Name: fmt.Sprintf("88.500.1/x/%d", i), Value: "1", Period: "2024", Vintage: 1 + r.Int64N(3)}
			if len(all) > 0 && r.IntN(3) > 0 {
				st.Kind, st.Formula = statement.Derived, &statement.Formula{ID: "f", Digest: sum("f")}
				for range 1 + r.IntN(4) {
					st.Inputs = append(st.Inputs, all[r.IntN(len(all))])
				}
			}
			if len(all) > 0 && st.Vintage > 1 {
				st.Supersedes = all[r.IntN(len(all))].Digest
			}
			f := Facts{Signatures: []Signature{{Method: fmt.Sprintf("88.500.1/org/1#%d", r.IntN(3)), Suite: statement.SuiteEdDSA}}}
			if len(all) > 0 && r.IntN(2) == 0 {
				f.Signatures[0].Key = all[r.IntN(len(all))].Digest
			}
			all = append(all, s.put(t, st, f))
			if r.IntN(10) == 0 {
				delete(s, all[r.IntN(len(all))].Digest)
			}
		}
		root := all[len(all)-1].Digest
		g, err := Build(root, s.get, r.IntN(6))
		if _, there := s[root]; !there {
			if fault.KindOf(err) != fault.NotFound {
				t.Fatalf("seed %d: %v", seed, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		reachable(t, g)
		sound(t, g, Layout(g, Measure{}))
		if t.Failed() {
			t.Fatalf("seed %d\n%s", seed, text(g))
		}
	}
}
