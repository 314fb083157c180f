package docking

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Column describes one field of a table, or of a part of one.
type Column struct {
	Number string // as the guide counts; 0 is ours, "" a part of a column
	Wire   string
	ZH, EN string
	Rule   string   // words such as required, max=64, one=LIST, date; see rules.go
	Parts  []Column // when it holds fields of its own
	List   bool     // there may be several

	index int
	rules []rule
}

// Columns returns the columns of a table in the order of the guide.
//
// Errors: fault.NotFound.
func Columns(t Table) ([]Column, error) {
	s, err := SpecOf(t)
	if err != nil || s.row == nil {
		return nil, err
	}
	var out []Column
	for _, c := range columnsOf(reflect.TypeOf(s.row()).Elem()) {
		if numbers := strings.Fields(c.Number); len(numbers) == 2 {
			c.Number = numbers[0]
			if s.Below {
				c.Number = numbers[1]
			}
		}
		if c.Number != "-" {
			out = append(out, c)
		}
	}
	return out, nil
}

// columnsOf reads the tags of a struct.
func columnsOf(t reflect.Type) []Column {
	var out []Column
	for i := range t.NumField() {
		f := t.Field(i)
		c := Column{Number: f.Tag.Get("no"), Wire: f.Tag.Get("json"), ZH: f.Tag.Get("zh"), EN: f.Tag.Get("en"), Rule: f.Tag.Get("is"), index: i}
		for word := range strings.FieldsSeq(c.Rule) {
			name, arg, _ := strings.Cut(word, "=")
			c.rules = append(c.rules, rule{name, arg})
		}
		of := f.Type
		if of.Kind() == reflect.Slice {
			c.List, of = true, of.Elem()
		}
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() == reflect.Struct {
			c.Parts = columnsOf(of)
		}
		out = append(out, c)
	}
	return out
}

// required reports whether a column must be filled.
func (c Column) required() bool {
	for _, r := range c.rules {
		if r.name == "required" {
			return true
		}
	}
	return false
}

// bind fills a struct from an object, and notes what does not fit.
func (c *checker) bind(n node, columns []Column, to reflect.Value) {
	if n.kind != object && n.kind != element {
		c.must("", n.text, n.kind == bare && strings.TrimSpace(n.text) == "", "若干字段", "an object with fields")
		n.kids = nil
	}
	fields := c.fields(n, columns)
	for _, column := range columns {
		k, ok := fields[column.Wire]
		if ok || column.Parts == nil && !column.List {
			c.field(k, column, to.Field(column.index))
		} else {
			c.must(column.Wire, "", !column.required(), "必填", "it to be filled in")
		}
	}
}

// fields returns what an object has, by name.
func (c *checker) fields(n node, columns []Column) map[string]node {
	out := map[string]node{}
	for _, k := range n.kids {
		_, twice := out[k.name]
		c.must(k.name, k.text, !twice, "只出现一次", "it once")
		known := slices.ContainsFunc(columns, func(column Column) bool { return column.Wire == k.name })
		c.must(k.name, k.text, known, "表中的字段", "a field of the table; this is none")
		out[k.name] = k
	}
	return out
}

// field fills one field.
func (c *checker) field(n node, column Column, to reflect.Value) {
	switch {
	case column.List:
		c.entries(n, column, to)
	case column.Parts != nil:
		if to.Kind() == reflect.Pointer {
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		c.at(column.Wire, func() { c.bind(n, column.Parts, to) })
	case to.Kind() == reflect.String:
		c.must(column.Wire, n.text, n.kind == quoted || n.kind == bare, "文本", "a text")
		c.text(column.Wire, n.text, column.rules)
		to.SetString(n.text)
	default:
		c.integer(n, column, to)
	}
}

// integer fills a number. None may be left out: 0 is something else than not known.
func (c *checker) integer(n node, column Column, to reflect.Value) {
	if n.text == "" && n.kind == bare {
		c.must(column.Wire, "", false, "必填", "it to be filled in")
		return
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	want := "an integer"
	if to.Type() == reflect.TypeFor[Micros]() {
		v, err = micros(n.text)
		want = "milliseconds with up to three decimals"
	}
	plain := err == nil && !strings.HasPrefix(n.text, "+")
	c.must(column.Wire, n.text, plain && (n.kind == number || n.kind == bare), "数字", want)
	c.number(column.Wire, v, column.rules)
	to.SetInt(v)
}

// micros reads milliseconds.
func micros(s string) (int64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, err
	}
	v := math.Round(f * 1000)
	if v < 0 || v > 1<<50 || Micros(v).String() != s {
		return 0, strconv.ErrRange
	}
	return int64(v), nil
}

// entries fills a list.
func (c *checker) entries(n node, column Column, to reflect.Value) {
	c.must(column.Wire, n.text, n.kind == list || n.kind == element || n.kind == bare && strings.TrimSpace(n.text) == "", "列表", "a list")
	c.must(column.Wire, "", len(n.kids) > 0 || !column.required(), "至少一项", "at least one")
	for i, k := range n.kids {
		c.in(column.Wire, i, func() {
			c.must("", k.name, k.name == entry, "item", "<item>")
			v := reflect.New(to.Type().Elem()).Elem()
			if column.Parts != nil {
				c.bind(k, column.Parts, v)
			} else {
				c.must("", k.text, k.kind == quoted || k.kind == bare, "文本", "a text")
				c.text("", k.text, append([]rule{{name: "required"}}, column.rules...))
				v.SetString(k.text)
			}
			to.Set(reflect.Append(to, v))
		})
	}
}

// nodeOf turns a struct into an object; what is empty is left out.
func nodeOf(name string, columns []Column, v reflect.Value) node {
	out := node{name: name, kind: object}
	for _, c := range columns {
		f := v.Field(c.index)
		if f.IsZero() && f.Kind() != reflect.Int64 {
			continue
		}
		if !c.List {
			out.kids = append(out.kids, c.valueNode(c.Wire, f))
			continue
		}
		l := node{name: c.Wire, kind: list}
		for i := range f.Len() {
			l.kids = append(l.kids, c.valueNode(entry, f.Index(i)))
		}
		if f.Len() > 0 {
			out.kids = append(out.kids, l)
		}
	}
	return out
}

// valueNode turns one value of a column into a node.
func (c Column) valueNode(name string, v reflect.Value) node {
	switch {
	case c.Parts != nil:
		return nodeOf(name, c.Parts, reflect.Indirect(v))
	case v.Kind() == reflect.String:
		return node{name: name, kind: quoted, text: v.String()}
	case v.Type() == reflect.TypeFor[Micros]():
		return node{name: name, kind: number, text: Micros(v.Int()).String()}
	}
	return node{name: name, kind: number, text: strconv.FormatInt(v.Int(), 10)}
}
