// Package template describes what is registered of a kind of thing: metadata templates
// with items, by which fields become the values of an identifier and are checked.
//
// What must hold: a version of a template never changes; a field that does not fit its
// item becomes no value, and is told by name; a value that was made by a template can be
// read back as the same field.
//
// Source: metadata templates as nodes report them (docking tables 4 and 11: template id,
// GB/T 4754 industry, version, items with name, alias, type and length).
package template

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/handle"
)

// Type is what an item holds.
type Type string

// The types of items.
const (
	Text       Type = "text"
	Integer    Type = "integer"
	Decimal    Type = "decimal"
	Date       Type = "date"    // 2026-01-31
	Instant    Type = "instant" // 2026-01-31T08:00:00+08:00
	URL        Type = "url"
	Email      Type = "email"
	Identifier Type = "identifier" // of something else: 88.118.2/gb-1
	Choice     Type = "choice"
	Truth      Type = "boolean" // true or false
	Binary     Type = "binary"  // base64
)

// Template is one version of a metadata template.
type Template struct {
	ID       string    `json:"id" example:"gearbox"`
	Version  int       `json:"version"`
	Name     pack.Text `json:"name"`
	Industry string    `json:"industry,omitempty" doc:"GB/T 4754 code" example:"C3453"`
	Items    []Item    `json:"items"`
}

// Item is a field of a template.
type Item struct {
	Index    uint32    `json:"index" doc:"of the value; 1000 and 1001 are the template's own"`
	Name     string    `json:"name" doc:"letters, digits, - and _: column of a file" example:"model"`
	Alias    pack.Text `json:"alias" doc:"for people, and column of a file too"`
	Type     Type      `json:"type" enum:"text,integer,decimal,date,instant,url,email,identifier,choice,boolean,binary"`
	Length   int       `json:"length,omitempty" doc:"characters at most; 0: no limit of its own"`
	Required bool      `json:"required,omitempty"`
	Choices  []string  `json:"choices,omitempty"`
	Granted  bool      `json:"granted,omitempty" doc:"read by those only who were granted it"`
}

const (
	// Index is where a record names the template that it was made by.
	Index = 1000
	// TypeTemplate is the type of that value; its data is ID@VERSION.
	TypeTemplate = "TEMPLATE"

	reserved = 1001 // kept free, as other nodes do
	adminTop = 400  // below, from 100 on, keys and administrators have their indexes
	adminLow = 100
	maxItems = 500
)

// Ref returns the name of this version: gearbox@2.
func (t Template) Ref() string { return t.ID + "@" + strconv.Itoa(t.Version) }

// ParseRef reads the name of a version.
func ParseRef(s string) (id string, version int, err error) {
	id, text, _ := strings.Cut(s, "@")
	version, err = strconv.Atoi(text)
	if err != nil || version < 1 || !word(id) || strconv.Itoa(version) != text {
		return "", 0, fault.New(fault.Invalid, "template %q is none such as gearbox@2", s)
	}
	return id, version, nil
}

// Check returns fault.Invalid when the template cannot be so.
func (t Template) Check() error {
	switch {
	case !word(t.ID):
		return fault.Say(fault.Invalid, "模板编号 %q 只能用字母、数字、- 和 _。", "id %q of the template has other characters than letters, digits, - and _", t.ID)
	case t.Version < 1:
		return fault.Say(fault.Invalid, "模板版本 %d 应从 1 开始。", "version %d of the template is below 1", t.Version)
	case t.Name.ZH == "":
		return fault.Say(fault.Invalid, "模板 %s 没有中文名称。", "template %s has no Chinese name", t.ID)
	case len(t.Items) == 0 || len(t.Items) > maxItems:
		return fault.Say(fault.Invalid, "模板 %s 有 %d 项，应有 1 到 %d 项。", "template %s has %d items, of 1 to %d", t.ID, len(t.Items), maxItems)
	}
	indexes, names := map[uint32]bool{}, map[string]bool{}
	for _, i := range t.Items {
		if err := i.check(); err != nil {
			return err
		}
		if indexes[i.Index] {
			return fault.Say(fault.Invalid, "模板 %s 有两项的序号是 %d。", "template %s has two items of index %d", t.ID, i.Index)
		}
		indexes[i.Index] = true
		for _, n := range i.names() {
			if names[n] {
				return fault.Say(fault.Invalid, "模板 %s 有两项都叫 %q。", "template %s has two items that are called %q", t.ID, n)
			}
			names[n] = true
		}
	}
	return nil
}

func (i Item) check() error {
	taken := i.Index == 0 || i.Index == Index || i.Index == reserved || adminLow <= i.Index && i.Index < adminTop
	switch {
	case !word(i.Name):
		return fault.Say(fault.Invalid, "项目名 %q 只能用字母、数字、- 和 _。", "item %q has other characters than letters, digits, - and _", i.Name)
	case taken:
		return fault.Say(fault.Invalid, "项目 %s 的序号 %d 另有用途；可用 1–99、400–999、1002 以上。", "item %s: index %d is used for something else; free are 1 to 99, 400 to 999, and above 1001", i.Name, i.Index)
	case !slices.Contains([]Type{Text, Integer, Decimal, Date, Instant, URL, Email, Identifier, Choice, Truth, Binary}, i.Type):
		return fault.Say(fault.Invalid, "项目 %s 的类型 %q 不认识。", "item %s: type %q is not known", i.Name, i.Type)
	case (i.Type == Choice) != (len(i.Choices) > 0):
		return fault.Say(fault.Invalid, "项目 %s：类型为 choice 时要列出选项，其他类型不列。", "item %s: a choice has choices, and nothing else has", i.Name)
	case i.Length < 0:
		return fault.Say(fault.Invalid, "项目 %s 的长度 %d 小于 0。", "item %s: length %d is below 0", i.Name, i.Length)
	}
	return nil
}

// names returns what a column of a file may call the item, folded.
func (i Item) names() []string {
	out := []string{fold(i.Name)}
	for _, n := range []string{i.Alias.ZH, i.Alias.EN} {
		if n = fold(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Item returns the item that a column of a file means.
func (t Template) Item(column string) (Item, bool) {
	for _, i := range t.Items {
		if slices.Contains(i.names(), fold(column)) {
			return i, true
		}
	}
	return Item{}, false
}

func word(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// Values returns the values of an identifier that fields make, in ascending index and
// with the one that names the template.
//
//   - fields: by the name of their item; empty ones make no value.
//   - at: seconds since 1970 in UTC, the timestamp of the values.
//   - Errors: fault.Invalid that names the first item, in their order, that is missing
//     or does not fit.
func (t Template) Values(fields map[string]string, at uint32) ([]handle.Value, error) {
	for name := range fields {
		if !slices.ContainsFunc(t.Items, func(i Item) bool { return i.Name == name }) {
			return nil, fault.Say(fault.Invalid, "模板 %s 没有项目 %q。", "template %s has no item %q", t.Ref(), name)
		}
	}
	out := []handle.Value{{Index: Index, Type: TypeTemplate, Data: []byte(t.Ref()), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: at}}
	for _, i := range t.Items {
		text := strings.TrimSpace(fields[i.Name])
		if text == "" && i.Required {
			return nil, fault.Say(fault.Invalid, "%s（%s）没有填。", "%s (%s) is missing", i.Alias, i.Name)
		}
		if text == "" {
			continue
		}
		data, err := i.Parse(text)
		if err != nil {
			return nil, err
		}
		perm := handle.Usual
		if i.Granted {
			perm &^= handle.PublicRead
		}
		out = append(out, handle.Value{Index: i.Index, Type: i.valueType(), Data: data, TTL: handle.TTL{Seconds: handle.Day}, Perm: perm, Timestamp: at})
	}
	slices.SortFunc(out, func(a, b handle.Value) int { return cmp.Compare(a.Index, b.Index) })
	return out, nil
}

// valueType is the type of an item's value: one that clients know, where there is one.
func (i Item) valueType() string {
	switch i.Type {
	case URL:
		return handle.TypeURL
	case Email:
		return handle.TypeEmail
	case Text, Integer, Decimal, Date, Instant, Identifier, Choice, Truth, Binary:
	}
	return i.Name
}

// Fields returns the fields that a record's values were made of, by item; values of no
// item are left out.
func (t Template) Fields(values []handle.Value) map[string]string {
	out := map[string]string{}
	for _, v := range values {
		if n := slices.IndexFunc(t.Items, func(i Item) bool { return i.Index == v.Index && i.valueType() == v.Type }); n >= 0 {
			out[t.Items[n].Name] = t.Items[n].text(v.Data)
		}
	}
	return out
}

// Conform checks the values of a record that were not made by the template: each item
// that is required is there, and each value of an item fits it.
func (t Template) Conform(values []handle.Value) error {
	fields := t.Fields(values)
	_, err := t.Values(fields, 0)
	return err
}

// characters counts what people count.
func characters(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}
