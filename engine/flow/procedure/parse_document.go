package procedure

import (
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/clock"
	"yuzhou/kernel/pack"
)

// form is what a name looks like.
type form struct {
	*regexp.Regexp
	is pack.Text
}

// The forms of names. Those of states and events are what SCXML 1.0 takes for an
// NCName and an event descriptor (§3.12.1), without colons.
//
//nolint:gochecknoglobals // immutable
var (
	idForm    = form{regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`), pack.Text{ZH: "字母开头，由字母、数字、- 和 _ 组成", EN: "letters, digits, - and _, a letter first"}}
	stateForm = form{regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.-]*$`), pack.Text{ZH: "字母或 _ 开头，由字母、数字、. - _ 组成", EN: "letters, digits, . - and _, a letter or _ first"}}
	eventForm = form{regexp.MustCompile(`^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$`), pack.Text{ZH: "由字母、数字、- 和 _ 组成，各段以 . 相连", EN: "letters, digits, - and _, in parts joined by ."}}
	matchForm = form{regexp.MustCompile(`^(\*|[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*(\.\*?)?)$`), pack.Text{ZH: "由字母、数字、- 和 _ 组成，各段以 . 相连，可以 .* 结尾，或只有 *", EN: "letters, digits, - and _, in parts joined by ., perhaps .* at the end, or * alone"}}
	fieldForm = form{regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), pack.Text{ZH: "字母或 _ 开头，由字母、数字和 _ 组成", EN: "letters, digits and _, no digit first"}}
	topicForm = form{regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`), pack.Text{ZH: "形如 plan.target：模块名、点、小写的事名", EN: "like plan.target: a module, a dot and a word in lower case"}}
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
func (r *reader) name(n *yaml.Node, path string, f form) string {
	text := r.text(n, path)
	r.named(n, path, text, f)
	return text
}

func (r *reader) named(n *yaml.Node, path, text string, f form) {
	if n.Kind != yaml.ScalarNode || f.MatchString(text) && len(text) <= 100 {
		return
	}
	r.bad(n.Line, "flow.name", pack.Text{ZH: "%s：%q 不能作名称：应" + f.is.ZH + "，最多 100 字节", EN: "%s: %q is no name: it should be " + f.is.EN + ", at most 100 bytes"}, path, text)
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
