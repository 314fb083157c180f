package machine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
)

func at() time.Time { return time.Date(2026, 2, 10, 9, 0, 0, 0, time.UTC) }

// shown brings a result into the form that can be compared with the plain one.
func shown(r machine.Result, err error) outcome {
	if err != nil {
		return outcome{Endless: true}
	}
	out := outcome{Active: r.Active, History: map[string][]string{}, Data: r.Data, Done: r.Done}
	if len(r.Active) == 0 {
		out.Active = []string{}
	}
	for h, ids := range r.History {
		if out.History[h] = ids; ids == nil {
			out.History[h] = []string{}
		}
	}
	for _, e := range r.Effects {
		switch {
		case e.Enter != nil:
			out.Trace = append(out.Trace, "enter "+e.Enter.ID)
		case e.Exit != nil:
			out.Trace = append(out.Trace, "exit "+e.Exit.ID)
		default:
			out.Trace = append(out.Trace, "do "+e.Action.Topic)
		}
	}
	return out
}

// taken takes the transitions and errors out of a plain trace: a Result has them
// apart from its effects.
func taken(o outcome) (outcome, []string, int) {
	var lines, rest []string
	errors := 0
	for _, s := range o.Trace {
		switch {
		case s == "error":
			errors++
		case len(s) > 5 && s[:5] == "take ":
			lines = append(lines, s[5:])
		default:
			rest = append(rest, s)
		}
	}
	o.Trace = rest
	return o, lines, errors
}

// differ runs a chart through both implementations and says where they part; ""
// for nowhere.
func differ(c chart, ps programs) (string, machine.Configuration) {
	p := c.build(ps)
	data := map[string]any{"n": int64(0)}
	event := machine.Event{Name: "open", At: at()}
	got, err := machine.Start(p, data, event)
	want := interpret(p, data, event)
	for i := 0; ; i++ {
		if why := compare(got, err, want); why != "" {
			return fmt.Sprintf("after %q (%d): %s", event.Name, i, why), got.Configuration
		}
		if err != nil || i == len(c.events) {
			return "", got.Configuration
		}
		before := got.Configuration
		before.Data = maps.Clone(before.Data)
		event = machine.Event{Name: c.events[i], By: "p1", At: at(), Data: map[string]any{"n": int64(i)}}
		kept := got.Configuration
		got, err = machine.Step(p, kept, event)
		if !reflect.DeepEqual(kept, before) {
			return fmt.Sprintf("at %q (%d): the configuration that was given has changed", event.Name, i), kept
		}
		want = external(p, before, event)
	}
}

func compare(r machine.Result, err error, plain outcome) string {
	got := shown(r, err)
	want, lines, errors := taken(plain)
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("\n got %+v\nwant %+v", got, want)
	}
	if err == nil && len(r.Errors) != errors {
		return fmt.Sprintf("errors %q, want %d", r.Errors, errors)
	}
	var mine []string
	for _, t := range r.Taken {
		mine = append(mine, strconv.Itoa(t.Line))
	}
	if !reflect.DeepEqual(mine, lines) {
		return fmt.Sprintf("took %v, want %v", mine, lines)
	}
	return ""
}

// TestAgainstPlain runs random events through random statecharts on the machine and
// on a second implementation: the same configurations, histories, order of entries,
// exits, actions and transitions, and the same errors.
func TestAgainstPlain(t *testing.T) {
	charts := uint64(2000)
	if testing.Short() {
		charts = 200
	}
	ps := compiled(t)
	seen := map[procedure.Kind]int{}
	moved, remembered, ended, endless := 0, 0, 0, 0
	for seed := range charts {
		c := random(rand.New(rand.NewPCG(seed, 1)))
		why, last := differ(c, ps)
		if why == "" {
			for _, n := range c.nodes {
				seen[n.kind]++
			}
			if len(last.Active) > 1 {
				moved++
			}
			if len(last.History) > 0 {
				remembered++
			}
			if last.Active == nil {
				endless++
			}
			if last.Done {
				ended++
			}
			continue
		}
		c, why = shrink(c, ps, why)
		t.Fatalf("seed %d: %s\n%s", seed, why, c)
	}
	t.Logf("%d charts, states %v; %d in more than one state, %d with history, %d ended, %d endless", charts, seen, moved, remembered, ended, endless)
	if moved < int(charts/4) || remembered < int(charts/20) || ended < int(charts/50) || len(seen) != 6 {
		t.Errorf("the charts try too little: %d in more than one state, %d with history, %d ended, kinds %v", moved, remembered, ended, seen)
	}
}

// shrink takes things away from a chart as long as it still fails.
func shrink(c chart, ps programs, why string) (chart, string) {
again:
	for _, s := range c.smaller() {
		if w, _ := differ(s, ps); w != "" {
			c, why = s, w
			goto again
		}
	}
	return c, why
}
