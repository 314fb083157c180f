package procedure

import (
	"math"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/pack"
)

// fieldTypes are all types of fields.
func fieldTypes() []Type {
	return []Type{
		TextField, LongField, IntField, NumberField, BoolField, DateField, ChoiceField, UnitField, UnitsField, FilesField, ListField, MapField,
	}
}

// fields reads the declared data of a case or of a form.
func (r *reader) fields(n *yaml.Node, path string) []Field {
	var out []Field
	r.entries(n, path, func(k, v *yaml.Node, at string) {
		f := Field{Name: k.Value, Line: k.Line}
		r.named(k, at, k.Value, fieldForm)
		if slices.Contains([]string{"in", "true", "false", "null"}, k.Value) {
			r.bad(k.Line, "flow.name", pack.Text{ZH: "%s：%q 是表达式的保留字，请换一个字段名", EN: "%s: %q is a word of the expressions' own; name the field otherwise"}, at, k.Value)
		}
		var initial *yaml.Node
		r.table(v, at, slices.Concat(flat("", &f.Label, r), flat("hint_", &f.Hint, r), []key{
			{"type", true, func(n *yaml.Node, at string) { f.Type = oneOf(r, n, at, fieldTypes()) }},
			{"required", false, func(n *yaml.Node, at string) { f.Required = r.boolean(n, at) }},
			{"options", false, func(n *yaml.Node, at string) { f.Options = r.options(n, at) }},
			{"default", false, func(n *yaml.Node, _ string) { initial = n }},
		}))
		if (f.Type == ChoiceField) != (len(f.Options) > 0) {
			r.bad(k.Line, "flow.options", pack.Text{ZH: "%s：类型为 choice 的字段须有 options，其他类型不能有", EN: "%s: a field of type choice has options, one of another type has none"}, at)
		}
		if initial != nil {
			f.Default = r.initial(f, initial, join(at, "default"))
		}
		out = append(out, f)
	})
	return out
}

// initial reads the default of a field: a JSON value of its type.
func (r *reader) initial(f Field, n *yaml.Node, path string) any {
	v := r.json(n, path)
	switch x := v.(type) {
	case int64:
		if f.Type == NumberField {
			return float64(x)
		}
	case []any:
		if f.Type == UnitsField || f.Type == FilesField {
			return r.names(n, path)
		}
	default:
	}
	if n.Kind == yaml.ScalarNode && isText(f.Type) && n.Tag != "!!null" {
		r.textual(f, n, path)
		return n.Value
	}
	if !fits(f.Type, v) {
		r.bad(n.Line, "flow.default", pack.Text{ZH: "%s：%s 不是类型 %s 的值", EN: "%s: %s is no value of type %s"}, path, show(n), f.Type)
		return nil
	}
	return v
}

// textual checks a default that is kept as text.
func (r *reader) textual(f Field, n *yaml.Node, path string) {
	if f.Type == DateField {
		if _, err := time.Parse(time.DateOnly, n.Value); err != nil {
			r.bad(n.Line, "flow.default", pack.Text{ZH: "%s：%q 不是日期；应如 2023-07-01", EN: "%s: %q is not a day; write it as 2023-07-01"}, path, n.Value)
		}
	}
	if f.Type == ChoiceField && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Code == n.Value }) {
		r.bad(n.Line, "flow.default", pack.Text{ZH: "%s：%q 不在 options 之中", EN: "%s: %q is none of the options"}, path, n.Value)
	}
}

func isText(t Type) bool {
	return slices.Contains([]Type{TextField, LongField, DateField, ChoiceField, UnitField}, t)
}

// fits reports whether a JSON value other than a text is one of the type.
func fits(t Type, v any) bool {
	ok := v == nil
	switch v.(type) {
	case int64:
		ok = t == IntField
	case float64:
		ok = t == NumberField
	case bool:
		ok = t == BoolField
	case []any:
		ok = t == ListField
	case map[string]any:
		ok = t == MapField
	default:
	}
	return ok
}

// names reads a list of texts as a JSON value.
func (r *reader) names(n *yaml.Node, path string) []any {
	out := []any{}
	r.items(n, path, func(n *yaml.Node, at string) { out = append(out, r.text(n, at)) })
	return out
}

// json reads a JSON value: whole numbers as int64, other numbers as float64.
func (r *reader) json(n *yaml.Node, path string) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		r.entries(n, path, func(k, v *yaml.Node, at string) { out[k.Value] = r.json(v, at) })
		return out
	case yaml.SequenceNode:
		out := []any{}
		r.items(n, path, func(n *yaml.Node, at string) { out = append(out, r.json(n, at)) })
		return out
	case yaml.ScalarNode:
		return r.number(n, path)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	r.bad(n.Line, "flow.type", pack.Text{ZH: "%s：不支持 YAML 别名，请写出全文", EN: "%s: aliases are not read; write the value out"}, path)
	return nil
}

// number reads a value that is no list or table.
func (r *reader) number(n *yaml.Node, path string) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return r.boolean(n, path)
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	default:
		return n.Value
	}
	r.bad(n.Line, "flow.value", pack.Text{ZH: "%s：%q 不是 JSON 数值", EN: "%s: %q is no number of JSON"}, path, n.Value)
	return nil
}
