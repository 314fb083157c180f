package scxml

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// datamodel reads declared data: fields of the own namespace, or <data> of other
// tools, whose type is that of the value they begin with.
func (r *reader) datamodel(e *element) {
	for _, k := range e.kids {
		switch {
		case k.space == own && k.name == "field":
			v, _ := k.get("name")
			r.data.put(v, r.field(k))
		case k.space == "" && k.name == "data":
			r.datum(k)
		default:
			r.strange(k, e.name)
		}
	}
}

func (r *reader) fields(e *element) *yaml.Node {
	t := newTable(e.line)
	for _, k := range e.kids {
		if k.space != own || k.name != "field" {
			r.strange(k, e.name)
			continue
		}
		v, _ := k.get("name")
		t.put(v, r.field(k))
	}
	return t.n
}

func (r *reader) field(e *element) *yaml.Node {
	t := r.all(e, newTable(e.line), "name", "default")
	if v, ok := e.get("default"); ok {
		var value any
		d := json.NewDecoder(strings.NewReader(v))
		d.UseNumber()
		if err := d.Decode(&value); err != nil || d.More() {
			r.bad(e.line, "flow.default", pack.Text{ZH: "default %q 不是 JSON 值", EN: "default %q is no value of JSON"}, v)
		} else {
			t.put("default", plain(value, e.line))
		}
	}
	return t.sub("options", r.options(e)).n
}

// plain turns a JSON value into a node.
func plain(v any, line int) *yaml.Node {
	switch v := v.(type) {
	case string:
		return scalar(v, line)
	case bool:
		return yes(strconv.FormatBool(v), line)
	case json.Number:
		n := scalar(v.String(), line)
		n.Tag = "!!float"
		if !strings.ContainsAny(v.String(), ".eE") {
			n.Tag = "!!int"
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Line: line}
		for _, e := range v {
			n.Content = append(n.Content, plain(e, line))
		}
		return n
	case map[string]any:
		t := newTable(line)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			t.put(k, plain(v[k], line))
		}
		return t.n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null", Line: line}
}

func (r *reader) options(e *element) *yaml.Node {
	t := newTable(e.line)
	for _, k := range e.kids {
		if k.space != own || k.name != "option" {
			r.strange(k, e.name)
			continue
		}
		v, _ := k.get("code")
		t.put(v, r.all(k, newTable(k.line), "code").n)
	}
	return t.n
}

func (r *reader) clock(e *element) *yaml.Node {
	t := r.all(e, newTable(e.line), "id")
	return t.sub("pause", r.each(e, "pause", "reasons")).n
}

// each lists an attribute of all children of a name.
func (r *reader) each(e *element, name, attr string) *yaml.Node {
	var out []string
	for _, k := range e.kids {
		if k.space != own || k.name != name {
			r.strange(k, e.name)
			continue
		}
		v, _ := k.get(attr)
		out = append(out, v)
	}
	return words(out, e.line)
}

func (r *reader) owner(e *element) *yaml.Node {
	return r.all(e, newTable(e.line)).sub("not", r.each(e, "not", "event")).n
}

// datum reads a <data>.
func (r *reader) datum(e *element) {
	r.attributes(e, nil)
	if src, ok := e.get("src"); ok {
		r.bad(e.line, "flow.value", pack.Text{ZH: "<data> 的值不能取自 %q，须写明", EN: "the value of <data> cannot come from %q; write it out"}, src)
	}
	name, _ := e.get("id")
	t := newTable(e.line)
	r.data.put(name, t.n)
	v := begins(e)
	if text, ok := e.get("expr"); ok && v == nil {
		r.bad(e.line, "flow.expression", pack.Text{ZH: "<data> 的初值 %q 须是写明的值：数、文字、true、false、列表或表", EN: "the value %q of <data> should be written out: a number, a text, true, false, a list or a map"}, text)
	}
	if v == nil {
		t.put("type", scalar(string(cmp.Or(r.assigned[name], procedure.TextField)), e.line))
		return
	}
	t.put("type", scalar(string(typeOf(v)), e.line))
	if v.Tag != "!!null" {
		t.put("default", v)
	}
}

// begins returns the value that a <data> or an <assign> writes out; nil for none.
func begins(e *element) *yaml.Node {
	text, ok := e.get("expr")
	if !ok {
		return inline(e)
	}
	v, fine := literal(text, e.line)
	if !fine {
		return nil
	}
	return v
}

// inline is what stands between the tags: JSON, else a text.
func inline(e *element) *yaml.Node {
	text := strings.Join(strings.Fields(string(e.text)), " ")
	if text == "" {
		return nil
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(e.text))
	d.UseNumber()
	if d.Decode(&v) == nil && !d.More() {
		return plain(v, e.line)
	}
	return scalar(text, e.line)
}

func typeOf(v *yaml.Node) procedure.Type {
	switch {
	case v.Kind == yaml.SequenceNode:
		return procedure.ListField
	case v.Kind == yaml.MappingNode:
		return procedure.MapField
	case v.Tag == "!!int":
		return procedure.IntField
	case v.Tag == "!!float":
		return procedure.NumberField
	case v.Tag == "!!bool":
		return procedure.BoolField
	}
	return procedure.TextField
}

// field is the name of the field that a location stands for.
func field(location string) string {
	return strings.TrimPrefix(strings.TrimSpace(location), "data.")
}
