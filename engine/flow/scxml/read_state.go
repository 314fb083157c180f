package scxml

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// state reads one state into a table of them.
func (r *reader) state(e *element, into *table) {
	name, ok := e.get("id")
	if !ok || name == "" {
		name = r.unnamed(e)
	}
	t := newTable(e.line)
	into.put(name, t.n)
	r.attributes(e, t)
	switch e.name {
	case "history":
		r.history(e, t)
		return
	case "parallel", "final":
		t.put(e.name, yes("true", e.line))
	}
	t.names("initial", e, "initial")
	b := &body{states: newTable(e.line)}
	for _, k := range e.kids {
		r.part(e, k, t, b)
	}
	if len(b.entries) > 1 || len(b.exits) > 1 {
		r.warn(e.line, "flow.blocks", pack.Text{ZH: "状态 %q 的多个 <onentry> 或 <onexit> 合为一个：其中一个出错，其后的也不再执行", EN: "the <onentry> or <onexit> of state %q become one: when one fails, those after it are not executed"}, name)
	}
	t.sub("entry", join(b.entries, e.line)).sub("exit", join(b.exits, e.line)).sub("on", join([][]*yaml.Node{b.on}, e.line)).
		sub("done", b.done(e)).sub("states", b.states.n)
}

// body is what of a state stands in more than one element.
type body struct {
	entries, exits [][]*yaml.Node
	on             []*yaml.Node
	ends           *yaml.Node
	states         *table
}

func (b *body) done(e *element) *yaml.Node {
	if b.ends == nil {
		return newTable(e.line).n
	}
	return b.ends
}

func join(blocks [][]*yaml.Node, line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Line: line, Content: slices.Concat(blocks...)}
}

// part reads one element within a state.
func (r *reader) part(e, k *element, t *table, b *body) {
	if k.space == own && k.name == "owner" {
		t.put("owner", r.owner(k))
		return
	}
	if k.space != "" {
		r.strange(k, e.name)
		return
	}
	switch k.name {
	case "state", "parallel", "final", "history":
		r.state(k, b.states)
	case "initial":
		r.begin(k, t)
	case "onentry":
		b.entries = append(b.entries, r.actions(k))
	case "onexit":
		b.exits = append(b.exits, r.actions(k))
	case "transition":
		b.on = append(b.on, r.transition(k))
	case "donedata":
		b.ends = r.params(k)
	case "datamodel":
		r.datamodel(k)
	default:
		r.strange(k, e.name)
	}
}

// unnamed makes an id for a state that has none, by its line.
func (r *reader) unnamed(e *element) string {
	name := fmt.Sprintf("%s-%d", e.name, e.line)
	for r.taken[name] {
		r.serial++
		name = fmt.Sprintf("%s-%d-%d", e.name, e.line, r.serial)
	}
	r.taken[name] = true
	return name
}

// begin reads an <initial>.
func (r *reader) begin(e *element, t *table) {
	lead := r.lead(e)
	if lead == nil {
		return
	}
	to := newTable(lead.line).names("to", lead, "target").sub("do", join([][]*yaml.Node{r.actions(lead)}, lead.line))
	t.put("initial", to.n)
}

// lead returns the one transition of an <initial> or a <history>, which has a target alone.
func (r *reader) lead(e *element) *element {
	var out *element
	for _, k := range e.kids {
		if k.space != "" || k.name != "transition" || out != nil {
			r.strange(k, e.name)
			continue
		}
		out = k
		for _, attr := range []string{"event", "cond"} {
			if v, _ := k.get(attr); v != "" {
				r.bad(k.line, "flow.shape", pack.Text{ZH: "<%s> 的转移不能有 %s", EN: "the transition of <%s> has no %s"}, e.name, attr)
			}
		}
	}
	if out == nil && e.name == "initial" {
		r.bad(e.line, "flow.shape", pack.Text{ZH: "<initial> 须有一个 <transition>", EN: "an <initial> has a <transition>"})
	}
	return out
}

func (r *reader) history(e *element, t *table) {
	kind, ok := e.get("type")
	if !ok {
		kind = "shallow"
	}
	t.put("history", scalar(kind, e.line))
	if lead := r.lead(e); lead != nil {
		t.names("to", lead, "target").sub("do", join([][]*yaml.Node{r.actions(lead)}, lead.line))
	}
}

func (r *reader) transition(e *element) *yaml.Node {
	t := newTable(e.line).names("event", e, "event").names("to", e, "target")
	if cond, ok := e.get("cond"); ok {
		t.put("if", r.condition(cond, e))
	}
	switch kind, _ := e.get("type"); kind {
	case "internal":
		t.put("internal", yes("true", e.line))
	case "", "external":
	default:
		r.bad(e.line, "flow.value", pack.Text{ZH: "type %q 应是 internal 或 external", EN: "type %q should be internal or external"}, kind)
	}
	r.attributes(e, t)
	return t.sub("do", join([][]*yaml.Node{r.actions(e)}, e.line)).with(r.asks(e)).n
}

// asks reads who may send a transition and what it asks for.
func (r *reader) asks(e *element) *table {
	t := newTable(e.line)
	for _, k := range e.kids {
		switch {
		case k.space == own && k.name == "by":
			t.put("by", r.owner(k))
		case k.space == own && k.name == "form":
			t.put("form", r.fields(k))
		}
	}
	return t
}

// with adds the entries of another table.
func (t *table) with(more *table) *table {
	t.n.Content = append(t.n.Content, more.n.Content...)
	return t
}

// condition is an expression that must be true or false: ECMAScript takes any value
// for one of them, CEL does not.
func (r *reader) condition(text string, e *element) *yaml.Node {
	if !r.cel {
		n, err := understand(text)
		if name := r.untrue(n); err == nil && name != "" {
			r.bad(e.line, "flow.expression", pack.Text{ZH: "条件 %q 中的 %s 不是 true 或 false；请写成比较，如 %[2]s != 0", EN: "condition %q: %s is neither true nor false; compare it, as in %[2]s != 0"}, shorten(text), name)
			return nil
		}
	}
	return r.expression(text, e)
}

// untrue returns a variable in a condition that is declared as something other than
// true or false; "" for none.
func (r *reader) untrue(n *node) string {
	switch {
	case n == nil:
	case n.op == "name" && r.types[n.text] != "" && r.types[n.text] != procedure.BoolField:
		return n.text
	case n.op == "!" || n.op == "&&" || n.op == "||":
		for _, a := range n.args {
			if name := r.untrue(a); name != "" {
				return name
			}
		}
	}
	return ""
}

// expression is one of CEL, translated if need be; nil with a finding when it cannot be.
func (r *reader) expression(text string, e *element) *yaml.Node {
	if r.cel {
		return scalar(text, e.line)
	}
	out, err := translate(text)
	if err != nil {
		r.bad(e.line, "flow.expression", pack.Text{ZH: "<%s> 的表达式 %q 无法转成 CEL：%v", EN: "the expression %[2]q of <%[1]s> has no translation into CEL: %[3]v"}, e.name, shorten(text), err)
		return nil
	}
	return scalar(out, e.line)
}

func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return text
}
