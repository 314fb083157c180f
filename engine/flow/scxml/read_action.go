package scxml

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// actions reads executable content; what else stands beside it is for others.
func (r *reader) actions(e *element) []*yaml.Node {
	var out []*yaml.Node
	add := func(k *element, do procedure.Do, v *yaml.Node) {
		if v != nil {
			out = append(out, newTable(k.line).put(string(do), v).n)
		}
	}
	for _, k := range e.kids {
		switch {
		case k.space == own && (k.name == "by" || k.name == "form") && e.name == "transition":
		case k.space == own:
			add(k, procedure.Do(k.name), r.action(k))
		case k.space == "" && k.name == "assign":
			out = r.assign(k, out)
		case k.space == "" && k.name == "raise":
			r.attributes(k, nil)
			v, _ := k.get("event")
			add(k, procedure.DoRaise, newTable(k.line).put("event", scalar(v, k.line)).n)
		case k.space == "" && k.name == "send":
			do, v := r.send(k)
			add(k, do, v)
		default:
			r.strange(k, e.name)
		}
	}
	return out
}

// action reads what an action of the own namespace says.
func (r *reader) action(e *element) *yaml.Node {
	switch procedure.Do(e.name) { //nolint:exhaustive // the others are tables
	case procedure.DoStart, procedure.DoStop, procedure.DoResume:
		for _, k := range e.kids {
			r.strange(k, e.name)
		}
		v, _ := e.get("clock")
		return scalar(v, e.line)
	}
	t := r.all(e, newTable(e.line))
	data := &element{name: e.name, line: e.line}
	for _, k := range e.kids {
		if k.space == own && k.name == "owner" {
			t.put("owner", r.owner(k))
			continue
		}
		data.add(k)
	}
	return t.sub("data", r.params(data)).n
}

// assign reads an <assign>; one that says yz:and goes with the action before it.
func (r *reader) assign(e *element, before []*yaml.Node) []*yaml.Node {
	joined := attribute{own, "and", "true"}
	r.attributes(&element{name: e.name, line: e.line, attrs: slices.DeleteFunc(slices.Clone(e.attrs), func(a attribute) bool { return a == joined })}, nil)
	location, _ := e.get("location")
	if !r.cel && strings.HasPrefix(location, "_") {
		r.bad(e.line, "flow.value", pack.Text{ZH: "系统变量 %s 不能赋值", EN: "system variable %s cannot be assigned to"}, location)
		return before
	}
	v := r.gives(e)
	if v == nil {
		return before
	}
	if slices.Contains(e.attrs, joined) && len(before) > 0 {
		last := before[len(before)-1].Content
		if last[0].Value == string(procedure.DoAssign) {
			(&table{last[1]}).put(field(location), v)
			return before
		}
	}
	return append(before, newTable(e.line).put(string(procedure.DoAssign), newTable(e.line).put(field(location), v).n).n)
}

// gives is the expression that an <assign> gives.
func (r *reader) gives(e *element) *yaml.Node {
	if text, ok := e.get("expr"); ok {
		return r.expression(text, e)
	}
	v := inline(e)
	if v == nil {
		r.bad(e.line, "flow.missing-key", pack.Text{ZH: "<assign> 缺少 expr", EN: "an <assign> has no expr"})
		return nil
	}
	if v.Kind == yaml.ScalarNode && v.Tag == "!!str" {
		return scalar(quote(v.Value), e.line)
	}
	return scalar(string(bytes.TrimSpace(e.text)), e.line) // JSON is CEL
}

// send reads a <send> to the case itself, its parent or its children.
func (r *reader) send(e *element) (procedure.Do, *yaml.Node) {
	event, _ := e.get("event")
	target, _ := e.get("target")
	for _, a := range e.attrs {
		if a.space == "" && slices.Contains([]string{"eventexpr", "targetexpr", "typeexpr", "delay", "delayexpr", "namelist", "idlocation"}, a.name) {
			r.bad(e.line, "flow.send", pack.Text{ZH: "<send> 的属性 %s 不能读取：事件、去向须写明，延迟用 yz:clock", EN: "attribute %s of <send> is not read: event and target are written out, delays are clocks, yz:clock"}, a.name)
			return "", nil
		}
	}
	r.attributes(e, nil)
	t := newTable(e.line).put("event", scalar(event, e.line))
	do := procedure.DoEmit
	switch target {
	case toSelf:
		do = procedure.DoRaise
	case toParent:
		t.put("to", scalar(string(procedure.ToParent), e.line))
	case toChildren:
		t.put("to", scalar(string(procedure.ToChildren), e.line))
	default:
		r.bad(e.line, "flow.send", pack.Text{ZH: "<send> 的 target %q 应是 %s、%s 或 %s", EN: "the target %q of <send> should be %s, %s or %s"}, target, toSelf, toParent, toChildren)
		return "", nil
	}
	return do, t.sub("data", r.params(e)).n
}

// params reads named expressions.
func (r *reader) params(e *element) *yaml.Node {
	t := newTable(e.line)
	for _, k := range e.kids {
		if k.space != "" || k.name != "param" {
			r.strange(k, e.name)
			continue
		}
		r.attributes(k, nil)
		name, _ := k.get("name")
		text, ok := k.get("expr")
		if !ok {
			text, _ = k.get("location")
		}
		t.put(name, r.expression(text, k))
	}
	return t.n
}
