package procedure

import (
	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/guard"
	"yuzhou/kernel/pack"
)

// actions reads a list of actions, each a table with the action's name as its one key.
func (r *reader) actions(n *yaml.Node, path string) []Action {
	var out []Action
	r.items(n, path, func(n *yaml.Node, at string) {
		if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
			r.bad(n.Line, "flow.action", pack.Text{ZH: "%s：一个动作是只有一个键的表，如 {start: legal}；这里是 %s", EN: "%s: an action is a table with one key, such as {start: legal}; here is %s"}, at, show(n))
			return
		}
		a := Action{Do: Do(n.Content[0].Value), Line: n.Line}
		r.table(n, at, r.actionKeys(&a))
		out = append(out, a)
	})
	return out
}

// actionKeys is the closed list of actions.
func (r *reader) actionKeys(a *Action) []key {
	clock := func(n *yaml.Node, at string) { a.Clock = r.text(n, at) }
	inner := func(keys ...key) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { r.table(n, at, keys) }
	}
	data := key{"data", false, func(n *yaml.Node, at string) { a.Assigns = r.assigns(n, at, fieldForm) }}
	event := key{"event", true, func(n *yaml.Node, at string) { a.Event = r.name(n, at, eventForm) }}
	reason := func(required bool) key {
		return key{"reason", required, func(n *yaml.Node, at string) { a.Reason = r.value(n, at) }}
	}
	topic := key{"topic", true, func(n *yaml.Node, at string) { a.Topic = r.name(n, at, topicForm) }}
	return []key{
		{string(DoAssign), false, func(n *yaml.Node, at string) { a.Assigns = r.assigns(n, at, fieldForm) }},
		{string(DoRaise), false, inner(event, data)},
		{string(DoEmit), false, inner(event, key{"to", true, func(n *yaml.Node, at string) {
			a.To = oneOf(r, n, at, []Target{ToParent, ToChildren})
		}}, data)},
		{string(DoNotify), false, inner(append(flat("", &a.Text, r), key{"owner", true, func(n *yaml.Node, at string) { a.Owner = r.owner(n, at) }})...)},
		{string(DoStart), false, clock},
		{string(DoPause), false, inner(key{"clock", true, clock}, reason(true))},
		{string(DoResume), false, clock},
		{string(DoStop), false, clock},
		{string(DoExtend), false, inner(key{"clock", true, clock}, key{"units", true, func(n *yaml.Node, at string) { a.Units = r.value(n, at) }},
			key{"rank", true, func(n *yaml.Node, at string) { a.Rank = oneOf(r, n, at, []string{"leader", "government"}) }}, reason(false))},
		{string(DoOpen), false, inner(key{"procedure", true, func(n *yaml.Node, at string) { a.Procedure = r.name(n, at, idForm) }},
			key{"each", false, func(n *yaml.Node, at string) { a.Each = r.value(n, at) }}, data)},
		{string(DoEvaluate), false, inner(topic, data)},
		{string(DoPublish), false, inner(topic, data)},
	}
}

// assigns reads named expressions, in order.
func (r *reader) assigns(n *yaml.Node, path string, f form) []Assign {
	var out []Assign
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		r.named(k, at, k.Value, f)
		out = append(out, Assign{Name: k.Value, Expr: r.value(v, at), Line: k.Line})
	})
	return out
}

// owner reads who acts.
func (r *reader) owner(n *yaml.Node, path string) *Owner {
	o := &Owner{Line: n.Line}
	who := 0
	one := func(into *guard.Program) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { who++; *into = r.value(n, at) }
	}
	r.table(n, path, []key{
		{"unit", false, one(&o.Unit)},
		{"role", false, func(n *yaml.Node, at string) { o.Role = oneOf(r, n, at, []string{"clerk", "steward", "leader"}) }},
		{"post", false, one(&o.Post)},
		{"person", false, one(&o.Person)},
		{"not", false, func(n *yaml.Node, at string) { o.Not = r.words(n, at) }},
		{"joint", false, func(n *yaml.Node, at string) { o.Joint = r.value(n, at) }},
	})
	if n.Kind != yaml.MappingNode {
		return o
	}
	if who != 1 {
		r.bad(n.Line, "flow.owner", pack.Text{ZH: "%s：须有且只有 unit、post、person 之一，这里有 %d 个", EN: "%s: exactly one of unit, post and person is needed; here are %d"}, path, who)
	}
	if o.Unit.None() != (o.Role == "") && who == 1 {
		r.bad(n.Line, "flow.owner", pack.Text{ZH: "%s：unit 与 role 须同时给出", EN: "%s: unit and role go together"}, path)
	}
	if !o.Joint.None() && o.Unit.None() {
		r.bad(n.Line, "flow.owner", pack.Text{ZH: "%s：joint 须与 unit 同用", EN: "%s: joint goes with unit"}, path)
	}
	return o
}
