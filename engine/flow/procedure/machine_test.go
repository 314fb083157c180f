package procedure_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
)

// TestWalkIsMachine: where the static check says that a case can wait is exactly
// where the machine brings one, over random charts whose conditions depend on what
// the sender says and on present states.
func TestWalkIsMachine(t *testing.T) {
	t.Parallel()
	compared := 0
	for seed := range uint64(300) {
		source := chart(seed)
		p, findings := procedure.Parse("chart.yaml", source)
		if p == nil {
			t.Fatalf("%v\n%s", findings, source)
		}
		want, ok := reached(t, p)
		if !ok {
			continue // too large, or it does not come to rest
		}
		got, _, ok := procedure.Places(p, 200_000)
		if !ok {
			continue
		}
		compared++
		if d := cmp.Diff(want, slices.Compact(got)); d != "" {
			t.Fatalf("seed %d: places (-machine +check):\n%s\n%s", seed, d, source)
		}
	}
	if compared < 150 {
		t.Errorf("only %d charts were compared", compared)
	}
}

// reached returns all places that the machine reaches with any events.
func reached(t *testing.T, p *procedure.Procedure) (places []string, ok bool) {
	t.Helper()
	_, events, _ := procedure.Places(p, 200_000)
	r, err := machine.Start(p, nil, machine.Event{Name: "open"})
	if err != nil {
		return nil, false
	}
	known := map[string]bool{}
	next := []machine.Configuration{r.Configuration}
	for len(next) > 0 {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if key := procedure.PlaceOf(c.Active, c.History, c.Done); known[key] {
			continue
		} else {
			known[key] = true
		}
		if len(known) > 400 {
			return nil, false
		}
		if c.Done {
			continue
		}
		for _, e := range append(events, "other") {
			for n := range 4 {
				r, err := machine.Step(p, c, machine.Event{Name: e, Data: map[string]any{"a": n&1 == 1, "b": n&2 == 2}})
				if err != nil {
					return nil, false
				}
				if len(r.Errors) > 0 {
					t.Fatalf("an expression failed: %v", r.Errors)
				}
				next = append(next, r.Configuration)
			}
		}
	}
	for k := range known {
		places = append(places, k)
	}
	slices.Sort(places)
	return places, true
}

// chart writes a random statechart.
func chart(seed uint64) []byte {
	c := &charter{r: rand.New(rand.NewPCG(seed, 7))}
	c.out.WriteString("schema: yuzhou.procedure/v1\nid: chart\nstates:\n")
	c.total = 3 + c.r.IntN(9)
	c.level("  ", false, 0)
	text := c.out.String()
	for i := range c.total {
		state := fmt.Sprintf("s%d", 1+i%c.n)
		to := state
		if i < len(c.histories) && c.r.IntN(2) == 0 {
			to = c.histories[i]
		}
		text = strings.ReplaceAll(strings.ReplaceAll(text, fmt.Sprintf("TO%d.", i), state), fmt.Sprintf("TARGET%d.", i), to)
	}
	return []byte(text)
}

type charter struct {
	r         *rand.Rand
	out       strings.Builder
	n, total  int
	histories []string
}

// level writes the states within one.
func (c *charter) level(indent string, parallel bool, depth int) {
	for first := true; first || c.n < c.total && c.r.IntN(3) > 0; first = false {
		c.n++
		id := c.n
		fmt.Fprintf(&c.out, "%ss%d:\n", indent, id)
		switch kind := c.r.IntN(6); {
		case kind < 2 && depth < 3 && c.n < c.total:
			c.on(indent)
			if par := c.r.IntN(2) == 0; par {
				fmt.Fprintf(&c.out, "%s  parallel: true\n%s  states:\n", indent, indent)
				c.level(indent+"    ", true, depth+1)
				c.level(indent+"    ", true, depth+1)
			} else {
				fmt.Fprintf(&c.out, "%s  states:\n", indent)
				c.level(indent+"    ", false, depth+1)
			}
			if c.r.IntN(2) == 0 {
				c.histories = append(c.histories, fmt.Sprintf("h%d", id))
				fmt.Fprintf(&c.out, "%s    h%d: {history: %s, to: s%d}\n", indent, id, []string{"shallow", "deep"}[c.r.IntN(2)], id+1)
			}
		case kind == 2 && !parallel:
			fmt.Fprintf(&c.out, "%s  final: true\n", indent)
		default:
			c.on(indent)
		}
	}
}

// on writes the transitions of a state.
func (c *charter) on(indent string) {
	raise := func() string {
		if c.r.IntN(4) > 0 {
			return ""
		}
		return fmt.Sprintf("{raise: {event: i%d}}", c.r.IntN(2))
	}
	fmt.Fprintf(&c.out, "%s  entry: [%s]\n%s  exit: [%s]\n%s  on:\n", indent, raise(), indent, raise(), indent)
	for range 1 + c.r.IntN(3) {
		event, guards := fmt.Sprintf("event: e%d", c.r.IntN(3)), []string{"", "", "event.data.a", "!event.data.a", "event.data.a && event.data.b", "event.data.b || In('TO%d.')", "In('TO%d.') ? event.data.a : event.data.b"}
		if n := c.r.IntN(10); n > 6 {
			event = []string{"event: i0", "event: i1", fmt.Sprintf("event: done.state.TO%d.", c.r.IntN(c.total))}[n-7]
			guards = []string{"", "In('TO%d.')", "!In('TO%d.')"}
		} else if n == 6 {
			event, guards = "refusal: false", []string{"In('TO%d.')", "In('TO%d.') && !In('TO%d.')"}
		}
		fmt.Fprintf(&c.out, "%s    - {%s, do: [%s]", indent, event, raise())
		if c.r.IntN(5) > 0 {
			fmt.Fprintf(&c.out, ", to: TARGET%d., internal: %t", c.r.IntN(c.total), c.r.IntN(3) == 0)
		}
		if g := guards[c.r.IntN(len(guards))]; g != "" {
			for strings.Contains(g, "%d") {
				g = strings.Replace(g, "%d", strconv.Itoa(c.r.IntN(c.total)), 1)
			}
			fmt.Fprintf(&c.out, ", if: \"%s\"", g)
		}
		c.out.WriteString("}\n")
	}
}
