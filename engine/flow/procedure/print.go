package procedure

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// Print writes a procedure as YAML in the one form that Parse reads back to the
// same procedure, Lines, Source and Digest apart.
func Print(p *Procedure) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(document(p)); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// tab is a table that is being written; empty values are left out.
type tab struct{ yaml.Node }

func table() *tab { return &tab{yaml.Node{Kind: yaml.MappingNode}} }

// flow sets the table in one line.
func (t *tab) flow() *tab { t.Style = yaml.FlowStyle; return t }

func (t *tab) node(k string, n *yaml.Node) *tab {
	if n != nil {
		t.Content = append(t.Content, scalar(k), n)
	}
	return t
}

func (t *tab) sub(k string, v *tab) *tab {
	if len(v.Content) > 0 {
		t.node(k, &v.Node)
	}
	return t
}

func (t *tab) text(k, v string) *tab {
	if v != "" {
		t.node(k, scalar(v))
	}
	return t
}

func (t *tab) expr(k string, v guard.Program) *tab { return t.node(k, program(v)) }

func (t *tab) set(k string, on bool) *tab { //nolint:revive // a value to print, no switch
	if on {
		t.node(k, bare("!!bool", "true"))
	}
	return t
}

func (t *tab) count(k string, n int) *tab {
	if n != 0 {
		t.node(k, bare("!!int", strconv.Itoa(n)))
	}
	return t
}

func (t *tab) wording(prefix string, v pack.Text) *tab {
	return t.text(prefix+"zh", v.ZH).text(prefix+"en", v.EN)
}

// words writes one name as itself and several as a list.
func (t *tab) words(k string, v []string) *tab {
	if len(v) == 1 && !strings.ContainsAny(v[0], " \t\r\n") {
		return t.text(k, v[0])
	}
	var nodes []*yaml.Node
	for _, w := range v {
		nodes = append(nodes, scalar(w))
	}
	return t.list(k, nodes, yaml.FlowStyle)
}

func (t *tab) list(k string, nodes []*yaml.Node, style yaml.Style) *tab {
	if len(nodes) > 0 {
		t.node(k, &yaml.Node{Kind: yaml.SequenceNode, Style: style, Content: nodes})
	}
	return t
}

// scalar writes a text. One that has more than a line, or characters that are not
// printed, is quoted: YAML's block forms do not keep all of them.
func scalar(v string) *yaml.Node {
	n := bare("!!str", v)
	if strings.IndexFunc(v, func(r rune) bool { return !strconv.IsPrint(r) || r == '\ufeff' }) >= 0 {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func bare(tag, v string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: v} }

// program writes an expression; a whole number is left without quotes.
func program(v guard.Program) *yaml.Node {
	if v.None() {
		return nil
	}
	if _, err := strconv.Atoi(v.String()); err == nil {
		return bare("!!int", v.String())
	}
	return scalar(v.String())
}

// document writes the whole procedure.
func document(p *Procedure) *yaml.Node {
	t := table().text("schema", Schema).text("id", p.ID).sub("name", table().flow().wording("", p.Name)).text("basis", p.Basis).
		sub("in_force", table().flow().text("from", p.From).text("until", p.Until)).text("subject", p.Subject).
		sub("data", fields(p.Data))
	reasons := table()
	for _, l := range p.Reasons {
		reasons.node(l.ID, &options(l.Options).Node)
	}
	clocks := table()
	for _, c := range p.Clocks {
		clocks.sub(c.ID, table().flow().text("kind", string(c.Rule.Kind)).text("unit", string(c.Rule.Unit)).count("limit", c.Rule.Limit).
			count("warn", c.Rule.Warn).text("basis", c.Rule.Basis).wording("", c.Name).text("part", c.Part).words("pause", c.Pause))
	}
	t.sub("reasons", reasons).sub("clocks", clocks)
	begin(t, &State{Kind: Compound, Children: p.Root.Children, Initial: &Transition{Targets: p.Root.Initial.Targets}})
	return &t.list("start", actions(p.Root.Initial.Do), 0).sub("states", states(p.Root)).Node
}

// begin writes where a state begins, unless that is where it would begin anyway.
func begin(t *tab, s *State) {
	if s.Initial == nil || slices.Equal(s.Initial.Targets, s.first()) && len(s.Initial.Do) == 0 {
		return
	}
	if len(s.Initial.Do) == 0 {
		t.words("initial", ids(s.Initial.Targets))
		return
	}
	t.sub("initial", table().words("to", ids(s.Initial.Targets)).list("do", actions(s.Initial.Do), 0))
}

func ids(states []*State) []string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = s.ID
	}
	return out
}

func states(parent *State) *tab {
	t := table()
	for _, s := range parent.Children {
		t.node(s.ID, &state(s).Node)
	}
	return t
}

func state(s *State) *tab {
	t := table().wording("", s.Name).wording("note_", s.Note)
	if s.History() {
		d := s.Transitions[0]
		return t.text("history", string(s.Kind)).words("to", ids(d.Targets)).list("do", actions(d.Do), 0)
	}
	t.set("final", s.Kind == Final).set("at_rest", s.Rest).set("parallel", s.Kind == Parallel)
	begin(t, s)
	t.sub("owner", owner(s.Owner)).text("clock", s.Clock).list("entry", actions(s.Entry), 0).list("exit", actions(s.Exit), 0)
	var on []*yaml.Node
	for _, tr := range s.Transitions {
		on = append(on, &transition(tr).Node)
	}
	t.list("on", on, 0).sub("done", assigns(s.Done).flow())
	if len(s.Children) > 0 {
		t.sub("states", states(s))
	}
	if len(t.Content) == 0 {
		t.flow()
	}
	return t
}

func transition(tr *Transition) *tab {
	t := table().words("event", tr.Events).words("to", ids(tr.Targets)).expr("if", tr.Guard).set("internal", tr.Internal).wording("", tr.Name).
		sub("by", owner(tr.By)).set("refusal", tr.Refusal).text("reasons", tr.Reasons).sub("form", fields(tr.Form)).list("do", actions(tr.Do), 0)
	if len(tr.Form)+len(tr.Do) == 0 {
		t.flow()
	}
	return t
}

func owner(o *Owner) *tab {
	t := table().flow()
	if o == nil {
		return t
	}
	return t.expr("post", o.Post).expr("unit", o.Unit).text("role", o.Role).expr("person", o.Person).words("not", o.Not).expr("joint", o.Joint)
}

func fields(list []Field) *tab {
	t := table()
	for _, f := range list {
		e := table().text("type", string(f.Type)).set("required", f.Required)
		if f.Default != nil {
			e.node("default", value(f.Default))
		}
		e.wording("", f.Label).wording("hint_", f.Hint).sub("options", options(f.Options))
		if len(f.Options) == 0 {
			e.flow()
		}
		t.sub(f.Name, e)
	}
	return t
}

func options(list []Option) *tab {
	t := table()
	for _, o := range list {
		t.node(o.Code, &table().flow().wording("", o.Text).text("basis", o.Basis).Node)
	}
	return t
}

func assigns(list []Assign) *tab {
	t := table()
	for _, a := range list {
		t.expr(a.Name, a.Expr)
	}
	return t
}

// actions writes each action in one line.
func actions(list []Action) []*yaml.Node {
	var out []*yaml.Node
	for _, a := range list {
		out = append(out, &table().flow().node(string(a.Do), action(a)).Node)
	}
	return out
}

func action(a Action) *yaml.Node {
	t := table().flow()
	data := assigns(a.Assigns).flow()
	switch a.Do {
	case DoStart, DoStop, DoResume:
		return scalar(a.Clock)
	case DoAssign:
		t = data
	case DoRaise, DoEmit:
		t.text("event", a.Event).text("to", string(a.To)).sub("data", data)
	case DoNotify:
		t.sub("owner", owner(a.Owner)).wording("", a.Text)
	case DoPause, DoExtend:
		t.text("clock", a.Clock).expr("units", a.Units).text("rank", a.Rank).expr("reason", a.Reason)
	case DoOpen:
		t.text("procedure", a.Procedure).expr("each", a.Each).sub("data", data)
	case DoEvaluate, DoPublish:
		t.text("topic", a.Topic).sub("data", data)
	}
	return &t.Node
}

// value writes a JSON value.
func value(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return scalar(v)
	case bool:
		return bare("!!bool", strconv.FormatBool(v))
	case int64:
		return bare("!!int", strconv.FormatInt(v, 10))
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // or it would be read as a whole number
		}
		return bare("!!float", s)
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, e := range v {
			n.Content = append(n.Content, value(e))
		}
		return n
	case map[string]any:
		t := table().flow()
		for _, k := range slices.Sorted(maps.Keys(v)) {
			t.node(k, value(v[k]))
		}
		return &t.Node
	}
	return bare("!!null", "null")
}
