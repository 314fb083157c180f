package procedure

import (
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/pack"
)

// The forms of names. Those of states and events are what SCXML 1.0 takes for an
// NCName and an event descriptor (§3.12.1), without colons.
var (
	idForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	stateForm = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.-]*$`)
	eventForm = regexp.MustCompile(`^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$`)
	matchForm = regexp.MustCompile(`^(\*|[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*(\.\*?)?)$`)
	fieldForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	topicForm = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`)
)

func (r *reader) procedure(n *yaml.Node) {
	p := r.p
	p.Root = &State{Kind: Compound, Line: n.Line, Initial: &Transition{Line: n.Line}}
	p.Root.Initial.Source = p.Root
	var initial, states *yaml.Node
	r.table(n, "", append(r.head(), []key{
		{"data", false, func(n *yaml.Node, at string) { p.Data = r.fields(n, at) }},
		{"reasons", false, r.reasons},
		{"clocks", false, r.clocks},
		{"parallel", false, func(n *yaml.Node, at string) {
			if r.boolean(n, at) {
				p.Root.Kind = Parallel
			}
		}},
		{"initial", false, func(n *yaml.Node, _ string) { initial = n }},
		{"start", false, func(n *yaml.Node, at string) { p.Root.Initial.Do = r.actions(n, at) }},
		{"states", true, func(n *yaml.Node, _ string) { states = n }},
	}...))
	if states != nil {
		r.children(p.Root, states, "states")
	}
	if initial != nil {
		p.Root.Initial.Line = initial.Line
		r.aim(p.Root.Initial, initial, "initial")
	}
}

// head reads what a procedure is.
func (r *reader) head() []key {
	p := r.p
	return []key{
		{"schema", true, func(n *yaml.Node, at string) {
			if r.text(n, at) != Schema {
				r.bad(n.Line, "flow.schema", pack.Text{ZH: "schema %q 应为 %s", EN: "schema %q should be %s"}, n.Value, Schema)
			}
		}},
		{"id", true, func(n *yaml.Node, at string) { p.ID = r.name(n, at, idForm) }},
		{"basis", false, func(n *yaml.Node, at string) { p.Basis = r.text(n, at) }},
		{"subject", false, func(n *yaml.Node, at string) { p.Subject = r.name(n, at, idForm) }},
		{"name", false, func(n *yaml.Node, at string) { r.table(n, at, flat("", &p.Name, r)) }},
		{"in_force", false, func(n *yaml.Node, at string) {
			r.table(n, at, []key{
				{"from", false, func(n *yaml.Node, at string) { p.From = r.day(n, at) }},
				{"until", false, func(n *yaml.Node, at string) { p.Until = r.day(n, at) }},
			})
			if p.From != "" && p.Until != "" && p.Until <= p.From {
				r.bad(n.Line, "flow.in-force", pack.Text{ZH: "失效日 %s 应晚于生效日 %s", EN: "until %s should be later than from %s"}, p.Until, p.From)
			}
		}},
	}
}

// flat returns the keys PREFIXzh and PREFIXen of a wording that lies in its owner.
func flat(prefix string, into *pack.Text, r *reader) []key {
	return []key{
		{prefix + "zh", false, func(n *yaml.Node, at string) { into.ZH = r.text(n, at) }},
		{prefix + "en", false, func(n *yaml.Node, at string) { into.EN = r.text(n, at) }},
	}
}

// name reads a name of the form.
func (r *reader) name(n *yaml.Node, path string, form *regexp.Regexp) string {
	text := r.text(n, path)
	r.named(n, path, text, form)
	return text
}

func (r *reader) named(n *yaml.Node, path, text string, form *regexp.Regexp) {
	if n.Kind != yaml.ScalarNode || form.MatchString(text) && len(text) <= 100 {
		return
	}
	r.bad(n.Line, "flow.name", pack.Text{ZH: "%s：%q 不能作名称；形式应为 %s，最多 100 字节", EN: "%s: %q is no name; its form is %s, at most 100 bytes"}, path, text, form)
}

func (r *reader) day(n *yaml.Node, path string) string {
	text := r.text(n, path)
	if _, err := time.Parse(time.DateOnly, text); err != nil && n.Kind == yaml.ScalarNode {
		r.bad(n.Line, "flow.value", pack.Text{ZH: "%s：%q 不是日期；应如 2023-07-01", EN: "%s: %q is not a day; write it as 2023-07-01"}, path, text)
	}
	return text
}

// reasons reads the lists of reasons.
func (r *reader) reasons(n *yaml.Node, path string) {
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		r.named(k, at, k.Value, idForm)
		r.p.Reasons = append(r.p.Reasons, Reasons{ID: k.Value, Options: r.options(v, at), Line: k.Line})
	})
}

// options reads what there is to choose from.
func (r *reader) options(n *yaml.Node, path string) []Option {
	var out []Option
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		o := Option{Code: k.Value, Line: k.Line}
		r.named(k, at, k.Value, stateForm)
		r.table(v, at, append(flat("", &o.Text, r), key{"basis", false, func(n *yaml.Node, at string) { o.Basis = r.text(n, at) }}))
		out = append(out, o)
	})
	return out
}

// clocks reads the limits.
func (r *reader) clocks(n *yaml.Node, path string) {
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		c := Clock{ID: k.Value, Line: k.Line}
		r.named(k, at, k.Value, idForm)
		kinds := []clock.Kind{clock.Legal, clock.Promised, clock.Stage, clock.Notice, clock.Delivery, clock.Remedy}
		units := []clock.Unit{clock.WorkingDay, clock.NaturalDay, clock.WorkingHour}
		r.table(v, at, append(flat("", &c.Name, r), []key{
			{"kind", true, func(n *yaml.Node, at string) { c.Rule.Kind = oneOf(r, n, at, kinds) }},
			{"unit", true, func(n *yaml.Node, at string) { c.Rule.Unit = oneOf(r, n, at, units) }},
			{"limit", true, func(n *yaml.Node, at string) { c.Rule.Limit = r.within(n, at, 1) }},
			{"warn", false, func(n *yaml.Node, at string) { c.Rule.Warn = r.within(n, at, 0) }},
			{"basis", false, func(n *yaml.Node, at string) { c.Rule.Basis = r.text(n, at) }},
			{"part", false, func(n *yaml.Node, at string) { c.Part = r.text(n, at) }},
			{"pause", false, func(n *yaml.Node, at string) { c.Pause = r.words(n, at) }},
		}...))
		r.p.Clocks = append(r.p.Clocks, c)
	})
}

// within reads a number of units of a clock: at least least, at most some 27 years
// of days, so that every due can be counted.
func (r *reader) within(n *yaml.Node, path string, least int) int {
	const most = 10_000
	i := r.count(n, path)
	if i < least || i > most {
		r.bad(n.Line, "flow.value", pack.Text{ZH: "%s：%d 应在 %d 到 %d 之间", EN: "%s: %d should be between %d and %d"}, path, i, least, most)
	}
	return i
}
