package scxml

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/engine/flow/machine"
	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/testkit"
)

// suiteVar names a folder of further charts with scripts beside them, each NAME.scxml
// and NAME.json in the form of testdata/suite: the whole of the public suite, say.
const suiteVar = "YUZHOU_SCXML_SUITE"

// trial is a chart of the suite and what should happen to it.
type trial struct {
	name  string
	chart []byte
	script
}

type script struct {
	Legacy  *script  `json:"legacySemantics"`
	Initial []string `json:"initialConfiguration"`
	Events  []struct {
		After int `json:"after"` // milliseconds
		Event struct {
			Name string `json:"name"`
			Data any    `json:"data"`
		} `json:"event"`
		Next []string `json:"nextConfiguration"`
	} `json:"events"`
}

// trials reads the charts of testdata/suite: a file with a line of NAME before each part.
func trials(t *testing.T) []trial {
	t.Helper()
	whole, err := os.ReadFile("testdata/suite/scion.txt")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for part := range strings.SplitSeq("\n"+string(whole), "\n==== ") {
		if name, text, ok := strings.Cut(part, "\n"); ok && !strings.HasPrefix(part, "\n") {
			parts[name] = []byte(text)
		}
	}
	var out []trial
	for name, chart := range parts {
		if base, ok := strings.CutSuffix(name, ".scxml"); ok {
			out = append(out, readTrial(t, base, chart, parts[base+".json"]))
		}
	}
	slices.SortFunc(out, func(a, b trial) int { return strings.Compare(a.name, b.name) })
	return out
}

func readTrial(t *testing.T, name string, chart, text []byte) trial {
	t.Helper()
	out := trial{name: name, chart: chart}
	if err := json.Unmarshal(text, &out.script); err != nil {
		t.Fatal(name, err)
	}
	if strings.Contains(name, "more-parallel/test10") {
		// The suite keeps a parallel state active when one of its children leads to itself;
		// by findLCCA of the standard, which looks for a compound state, it is left and
		// entered again. What the suite calls legacy is what the standard says.
		out.script = *out.Legacy
	}
	return out
}

// TestSuite lets the machine run the charts of a public suite; results.txt says of
// each whether it passes or why it is none that procedures can say. The charts of
// the folder that YUZHOU_SCXML_SUITE names are run too.
func TestSuite(t *testing.T) {
	t.Parallel()
	var results bytes.Buffer
	passed, all := tally(t, trials(t), &results)
	fmt.Fprintf(&results, "%d of %d pass\n", passed, all)
	testkit.Golden(t, "suite/results.txt", results.Bytes())
	if dir := os.Getenv(suiteVar); dir != "" {
		var more bytes.Buffer
		passed, all := tally(t, further(t, dir), &more)
		t.Logf("%s\n%s%d of %d pass", dir, more.String(), passed, all)
	}
}

// further reads the charts of a folder of folders.
func further(t *testing.T, dir string) []trial {
	t.Helper()
	charts, err := filepath.Glob(filepath.Join(dir, "*", "*.scxml"))
	if err != nil || len(charts) == 0 {
		t.Fatalf("%s=%s holds no charts: %v", suiteVar, dir, err)
	}
	var out []trial
	for _, name := range charts {
		chart, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(name, ".scxml") + ".json")
		if err == nil { // without one it is a part of another
			out = append(out, readTrial(t, strings.TrimPrefix(name, dir), chart, text))
		}
	}
	return out
}

// tally runs charts and writes a line on each.
func tally(t *testing.T, all []trial, results *bytes.Buffer) (passed, count int) {
	t.Helper()
	for _, tr := range all {
		wrong, unread := tr.run()
		switch {
		case unread != "":
			fmt.Fprintf(results, "%s: not read: %s\n", tr.name, unread)
		case wrong != "":
			fmt.Fprintf(results, "%s: FAIL: %s\n", tr.name, wrong)
			t.Errorf("%s: %s", tr.name, wrong)
		default:
			passed++
			fmt.Fprintf(results, "%s: pass\n", tr.name)
		}
	}
	return passed, len(all)
}

// run says what goes otherwise than the script, or why the chart is not read.
func (tr trial) run() (wrong, unread string) {
	r := newReader("chart.scxml")
	root := r.decode(bytes.NewReader(tr.chart))
	if root == nil {
		return "", r.findings[0].Text
	}
	outside(root)
	p := r.build(root)
	for _, f := range r.findings {
		if f.Severity == "error" {
			return "", f.Text
		}
	}
	c := &course{p: p}
	data, err := machine.Coerce(p, nil)
	if err == nil {
		c.result, err = machine.Start(p, data, machine.Event{Name: "case.open"})
	}
	c.took(err)
	c.expect("the beginning", tr.Initial)
	for i, e := range tr.Events {
		data, ok := e.Event.Data.(map[string]any)
		if !ok && e.Event.Data != nil {
			return "", "an event of the script has data that are no map"
		}
		c.wait(e.After)
		c.send(machine.Event{Name: e.Event.Name, Data: data})
		c.expect(fmt.Sprintf("event %d %s", i+1, e.Event.Name), e.Next)
	}
	return c.wrong, ""
}

// The topics that stand for what a chart sends to its own external queue: a
// procedure has no such action, so the test is the queue.
const (
	topicSend   = "suite.send"
	topicCancel = "suite.cancel"
)

// outside turns each <send> without a target, and <cancel>, into something that the
// test does.
func outside(e *element) {
	for i, k := range e.kids {
		outside(k)
		if k.space != "" {
			continue
		}
		switch _, target := k.get("target"); {
		case k.name == "send" && !target && !k.has("targetexpr", "typeexpr", "idlocation", "type") && !k.holds("content"):
			e.kids[i] = sent(k)
		case k.name == "cancel" && k.has("sendid"):
			id, _ := k.get("sendid")
			e.kids[i] = &element{space: own, name: "publish", line: k.line, attrs: []attribute{{"", "topic", topicCancel}}, kids: []*element{said(k, "id", "'"+id+"'")}}
		}
	}
}

func (e *element) has(names ...string) bool {
	return slices.ContainsFunc(e.attrs, func(a attribute) bool { return slices.Contains(names, a.name) })
}

func (e *element) holds(name string) bool {
	return slices.ContainsFunc(e.kids, func(k *element) bool { return k.name == name })
}

func said(e *element, name, expr string) *element {
	return &element{name: "param", line: e.line, attrs: []attribute{{"", "name", name}, {"", "expr", expr}}}
}

func sent(e *element) *element {
	out := &element{space: own, name: "publish", line: e.line, attrs: []attribute{{"", "topic", topicSend}}}
	for _, name := range []string{"event", "delay", "id"} {
		if v, ok := e.get(name); ok {
			out.add(said(e, name, "'"+v+"'"))
		} else if v, ok := e.get(name + "expr"); ok {
			out.add(said(e, name, v))
		}
	}
	names, _ := e.get("namelist")
	for n := range strings.FieldsSeq(names) {
		out.add(said(e, "data_"+n, n))
	}
	for _, k := range e.kids {
		name, _ := k.get("name")
		expr, ok := k.get("expr")
		if !ok {
			expr, _ = k.get("location")
		}
		out.add(said(k, "data_"+name, expr))
	}
	return out
}

// course is a chart that is being run, with a clock of its own.
type course struct {
	p      *procedure.Procedure
	result machine.Result
	now    int // milliseconds
	timers []timer
	wrong  string
}

type timer struct {
	at    int
	id    string
	event machine.Event
}

// took takes what a step has sent.
func (c *course) took(err error) {
	if err != nil {
		c.wrong = cmp.Or(c.wrong, err.Error())
		return
	}
	for _, f := range c.result.Effects {
		if f.Action == nil {
			continue
		}
		switch f.Action.Topic {
		case topicCancel:
			c.timers = slices.DeleteFunc(c.timers, func(t timer) bool { return t.id == f.Values["id"] })
		case topicSend:
			t := timer{at: c.now, event: machine.Event{Data: map[string]any{}}}
			t.id, _ = f.Values["id"].(string)
			t.event.Name, _ = f.Values["event"].(string)
			delay, _ := f.Values["delay"].(string)
			t.at += milliseconds(delay)
			for k, v := range f.Values {
				if name, ok := strings.CutPrefix(k, "data_"); ok {
					t.event.Data[name] = v
				}
			}
			c.timers = append(c.timers, t)
		}
	}
	slices.SortStableFunc(c.timers, func(a, b timer) int { return a.at - b.at })
}

// milliseconds reads a delay as CSS2 writes it.
func milliseconds(text string) int {
	if v, ok := strings.CutSuffix(text, "ms"); ok {
		n, _ := strconv.ParseFloat(v, 64)
		return int(n)
	}
	n, _ := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
	return int(n * 1000)
}

func (c *course) send(e machine.Event) {
	if c.wrong != "" || c.result.Done {
		return
	}
	e.At = time.UnixMilli(int64(c.now))
	var err error
	c.result, err = machine.Step(c.p, c.result.Configuration, e)
	c.took(err)
}

// wait lets time pass.
func (c *course) wait(span int) {
	end := c.now + span
	for n := 0; len(c.timers) > 0 && c.timers[0].at <= end && n < 10_000; n++ {
		next := c.timers[0]
		c.timers, c.now = c.timers[1:], next.at
		c.send(next.event)
	}
	c.now = end
}

// expect compares the innermost active states, before or after what the chart has
// sent to itself without a delay has come: when that is, the standard leaves open.
func (c *course) expect(when string, want []string) {
	want = slices.Sorted(slices.Values(want))
	if slices.Equal(c.innermost(), want) {
		return
	}
	c.wait(0)
	if got := c.innermost(); !slices.Equal(got, want) {
		c.wrong = cmp.Or(c.wrong, fmt.Sprintf("after %s it is in %v, should be in %v; errors %v", when, got, want, c.result.Errors))
	}
}

func (c *course) innermost() []string {
	var got []string
	for _, name := range c.result.Active {
		s := c.p.State(name)
		if !slices.ContainsFunc(s.Children, func(k *procedure.State) bool { return slices.Contains(c.result.Active, k.ID) }) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	return got
}
