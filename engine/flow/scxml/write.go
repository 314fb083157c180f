package scxml

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"yuzhou/engine/flow/procedure"
)

// chart is the whole procedure.
func chart(p *procedure.Procedure) *element {
	e := el("scxml").set("version", "1.0").set("datamodel", "cel").set("name", p.ID).set("initial", ids(p.Root.Initial.Targets)).
		wording("", p.Name).ours("basis", p.Basis).ours("subject", p.Subject).ours("from", p.From).ours("until", p.Until)
	e.add(el("datamodel").add(fields(p.Data)...).some())
	for _, l := range p.Reasons {
		e.add(mine("reasons").set("id", l.ID).add(options(l.Options)...))
	}
	for _, c := range p.Clocks {
		k := mine("clock").set("id", c.ID).set("kind", string(c.Rule.Kind)).set("unit", string(c.Rule.Unit)).
			set("limit", count(c.Rule.Limit)).set("warn", count(c.Rule.Warn)).set("basis", c.Rule.Basis).set("part", c.Part).wording("", c.Name)
		for _, list := range c.Pause {
			k.add(mine("pause").set("reasons", list))
		}
		e.add(k)
	}
	e.add(mine("opening").add(actions(p.Root.Initial.Do)...).some())
	for _, s := range p.Root.Children {
		e.add(state(s))
	}
	return e
}

// count is a number that is absent when it is nought.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func ids(states []*procedure.State) string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = s.ID
	}
	return strings.Join(out, " ")
}

// elementOf is the element that a kind of state is.
func elementOf(k procedure.Kind) string {
	switch k { //nolint:exhaustive // the others are plain states
	case procedure.Parallel, procedure.Final:
		return string(k)
	case procedure.Shallow, procedure.Deep:
		return "history"
	}
	return "state"
}

func state(s *procedure.State) *element {
	e := el(elementOf(s.Kind)).set("id", s.ID)
	if s.History() {
		d := s.Transitions[0]
		return e.set("type", string(s.Kind)).wording("", s.Name).wording("note_", s.Note).
			add(el("transition").set("target", ids(d.Targets)).add(actions(d.Do)...))
	}
	plain := s.Kind == procedure.Compound && len(s.Initial.Do) == 0
	if plain {
		e.set("initial", ids(s.Initial.Targets))
	}
	e.wording("", s.Name).wording("note_", s.Note).ours("clock", s.Clock).flag("at_rest", s.Rest).add(owner("owner", s.Owner))
	if s.Kind == procedure.Compound && !plain {
		e.add(el("initial").add(el("transition").set("target", ids(s.Initial.Targets)).add(actions(s.Initial.Do)...)))
	}
	e.add(el("onentry").add(actions(s.Entry)...).some(), el("onexit").add(actions(s.Exit)...).some())
	for _, t := range s.Transitions {
		e.add(transition(t))
	}
	e.add(el("donedata").add(params(s.Done)...).some())
	for _, c := range s.Children {
		e.add(state(c))
	}
	return e
}

func transition(t *procedure.Transition) *element {
	e := el("transition").set("event", strings.Join(t.Events, " ")).set("cond", t.Guard.String()).set("target", ids(t.Targets))
	if t.Internal {
		e.set("type", "internal")
	}
	return e.wording("", t.Name).ours("reasons", t.Reasons).flag("refusal", t.Refusal).
		add(owner("by", t.By), mine("form").add(fields(t.Form)...).some()).add(actions(t.Do)...)
}

func owner(name string, o *procedure.Owner) *element {
	if o == nil {
		return nil
	}
	e := mine(name).set("unit", o.Unit.String()).set("role", o.Role).set("post", o.Post.String()).set("person", o.Person.String()).set("joint", o.Joint.String())
	for _, event := range o.Not {
		e.add(mine("not").set("event", event))
	}
	return e
}

func fields(list []procedure.Field) []*element {
	var out []*element
	for _, f := range list {
		e := mine("field").set("name", f.Name).set("type", string(f.Type)).flag("required", f.Required)
		if f.Default != nil {
			e.set("default", value(f.Default))
		}
		out = append(out, e.wording("", f.Label).wording("hint_", f.Hint).add(options(f.Options)...))
	}
	return out
}

func options(list []procedure.Option) []*element {
	var out []*element
	for _, o := range list {
		out = append(out, mine("option").set("code", o.Code).wording("", o.Text).set("basis", o.Basis))
	}
	return out
}

func params(list []procedure.Assign) []*element {
	var out []*element
	for _, a := range list {
		out = append(out, el("param").set("name", a.Name).set("expr", a.Expr.String()))
	}
	return out
}

func actions(list []procedure.Action) []*element {
	var out []*element
	for _, a := range list {
		if a.Do == procedure.DoAssign && len(a.Assigns) > 0 {
			out = append(out, assigns(a.Assigns)...)
			continue
		}
		out = append(out, action(a))
	}
	return out
}

// assigns is one action that assigns to several fields, an element each.
func assigns(list []procedure.Assign) []*element {
	out := make([]*element, len(list))
	for i, a := range list {
		out[i] = el("assign").set("location", "data."+a.Name).set("expr", a.Expr.String()).flag("and", i > 0)
	}
	return out
}

func action(a procedure.Action) *element {
	switch a.Do { //nolint:exhaustive // the others are elements of the own namespace
	case procedure.DoRaise:
		if len(a.Assigns) == 0 {
			return el("raise").set("event", a.Event)
		}
		return el("send").set("event", a.Event).set("target", toSelf).add(params(a.Assigns)...)
	case procedure.DoEmit:
		target := toParent
		if a.To == procedure.ToChildren {
			target = toChildren
		}
		return el("send").set("event", a.Event).set("target", target).add(params(a.Assigns)...)
	}
	return mine(string(a.Do)).wording("", a.Text).set("clock", a.Clock).set("units", a.Units.String()).set("rank", a.Rank).set("reason", a.Reason.String()).
		set("procedure", a.Procedure).set("each", a.Each.String()).set("topic", a.Topic).add(owner("owner", a.Owner)).add(params(a.Assigns)...)
}

// value writes a JSON value; a number that is not whole keeps its point.
func value(v any) string {
	switch v := v.(type) {
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = value(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, value(k)+":"+value(v[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "null" // no other values are read from a document
	}
	return string(b)
}
