package procedure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/flow/procedure"
)

const before = `
schema: yuzhou.procedure/v1
id: m
data: {n: {type: int}, gone: {type: text}, kind: {type: int}}
clocks: {c: {kind: stage, unit: working-day, limit: 1}, old: {kind: stage, unit: working-day, limit: 1}}
states:
  a: {on: [{event: go, to: both}]}
  both:
    parallel: true
    states:
      left: {states: {l1: {}, l2: {}, h: {history: deep, to: l1}}}
      right: {states: {r1: {}}}
  end: {final: true}
`

const after = `
schema: yuzhou.procedure/v1
id: m
data: {n: {type: int}, kind: {type: text}, new: {type: int, default: 7}, must: {type: int, required: true}}
clocks: {c: {kind: stage, unit: working-day, limit: 1}}
states:
  b: {on: [{event: go, to: both}]}
  both:
    parallel: true
    states:
      left: {states: {m1: {}, l2: {}, h: {history: deep, to: m1}}}
      right: {states: {r1: {}, r2: {}}}
      more: {states: {x: {}}}
  end: {final: true}
`

func TestMove(t *testing.T) {
	t.Parallel()
	from, _ := procedure.Parse("before.yaml", []byte(before))
	to, findings := procedure.Parse("after.yaml", []byte(after))
	if from == nil || to == nil {
		t.Fatal(findings)
	}
	must := map[string]any{"must": int64(1)}
	for _, tc := range []struct {
		name   string
		states map[string]string
		at     procedure.Standing
		want   []string // active states
		found  string   // part of the one finding; "" for none
	}{
		{name: "renamed", states: map[string]string{"a": "b"}, at: procedure.Standing{Active: []string{"a"}, Data: must}, want: []string{"b"}},
		{name: "kept", at: procedure.Standing{Active: []string{"end"}, Data: must, Clocks: []string{"c"}}, want: []string{"end"}},
		{name: "not said", at: procedure.Standing{Active: []string{"a"}, Data: must}, found: `what state "a" becomes`},
		{name: "a region is new", states: map[string]string{"l1": "m1"}, at: procedure.Standing{Active: []string{"both", "left", "l1", "right", "r1"}, Data: must}, found: `all parts of "both" are active at once; of 3 the map gives 2`},
		{name: "into one", states: map[string]string{"l1": "b", "r1": "b"}, at: procedure.Standing{Active: []string{"both", "left", "l1", "right", "r1"}, Data: must}, want: []string{"b"}},
		{name: "two of one", states: map[string]string{"l1": "b", "r1": "end"}, at: procedure.Standing{Active: []string{"both", "left", "l1", "right", "r1"}, Data: must}, found: `exactly one state within "m" is active; the map gives 2`},
		{name: "history", states: map[string]string{"l1": "m1"}, at: procedure.Standing{Active: []string{"end"}, History: map[string][]string{"h": {"l1"}}, Data: must}, want: []string{"end"}},
		{name: "history of a stranger", states: map[string]string{"l1": "r1"}, at: procedure.Standing{Active: []string{"end"}, History: map[string][]string{"h": {"l1"}}, Data: must}, found: `"r1" cannot be remembered by "h"`},
		{name: "history forgotten", states: map[string]string{"h": ""}, at: procedure.Standing{Active: []string{"end"}, History: map[string][]string{"h": {"l1"}}, Data: must}, want: []string{"end"}},
		{name: "a field is gone", at: procedure.Standing{Active: []string{"end"}, Data: map[string]any{"gone": "x", "must": int64(1)}}, found: `no field "gone"`},
		{name: "a field is of another type", at: procedure.Standing{Active: []string{"end"}, Data: map[string]any{"kind": int64(1), "must": int64(1)}}, found: `field "kind" was int and is text`},
		{name: "a field is required", at: procedure.Standing{Active: []string{"end"}}, found: `requires field "must"`},
		{name: "a clock is gone", at: procedure.Standing{Active: []string{"end"}, Data: must, Clocks: []string{"old"}}, found: `clock "old" is running`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, found := procedure.Move(from, to, tc.states, tc.at)
			if tc.found != "" {
				if len(found) != 1 || !strings.Contains(found[0].Text, tc.found) {
					t.Errorf("found %v, want %q", found, tc.found)
				}
				return
			}
			if d := cmp.Diff(tc.want, got.Active); len(found) > 0 || d != "" {
				t.Errorf("%v; active (-want +got):\n%s", found, d)
			}
			if got.Data["new"] != int64(7) {
				t.Errorf("the default of a new field is not there: %v", got.Data)
			}
		})
	}
	all := procedure.CheckMap(from, to, map[string]string{"aa": "b", "l1": "m2"}, []procedure.Standing{
		{Active: []string{"a"}, Data: must}, {Active: []string{"a"}, Data: must},
	})
	if len(all) != 3 {
		t.Errorf("found %v, want the two wrong names of the map and, once, the state that it leaves out", all)
	}
}
