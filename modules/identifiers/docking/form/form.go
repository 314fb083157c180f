// Package form turns the columns of a table of docking into the fields of a form, and
// what was filled in back into a row.
//
// What must hold: a row that is shown and sent back without a change is the same row;
// what is not filled in is not there.
package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/docking"
)

// The kinds of fields.
const (
	Line   = "line"   // one line of text
	Number = "number" // an integer
	Day    = "date"
	Lines  = "lines" // a text, or a list of one entry a line
	Select = "select"
	Checks = "checks" // several of a list
	Group  = "group"  // fields in Fields
)

// Blanks is how many empty entries follow those of a list that holds fields.
const Blanks = 1

// Field is a field of a form.
type Field struct {
	Name     string // of the control: sites.0.domain
	Label    pack.Text
	Number   string // as the guide counts
	Kind     string
	Value    string
	Required bool
	Options  []Option
	Fields   []Field
}

// Option is a value that can be chosen.
type Option struct {
	Value  string
	Label  pack.Text
	Chosen bool
}

// Fields returns the fields of a row of a table.
//
//   - row: by wire names, as in JSON; nil for an empty form.
//   - Errors: fault.NotFound of a table that is not known.
func Fields(t docking.Table, row map[string]any) ([]Field, error) {
	columns, err := docking.Columns(t)
	return fields("", columns, row), err
}

func fields(under string, columns []docking.Column, row map[string]any) (out []Field) {
	for _, c := range columns {
		if c.Wire != "prefix" || under != "" { // the prefix is the node's: nobody fills it in
			out = append(out, field(under+c.Wire, c, row[c.Wire]))
		}
	}
	return out
}

func field(name string, c docking.Column, value any) Field {
	f := Field{Name: name, Label: pack.Text{ZH: c.ZH, EN: c.EN}, Number: c.Number, Required: has(c, "required")}
	switch {
	case c.Parts != nil && c.List:
		f.Kind = Group
		entries, _ := value.([]any)
		for i := range len(entries) + Blanks {
			var entry map[string]any
			if i < len(entries) {
				entry, _ = entries[i].(map[string]any)
			}
			at := strconv.Itoa(i)
			one := Field{Name: name + "." + at, Label: pack.Text{ZH: c.ZH + " " + strconv.Itoa(i+1), EN: c.EN + " " + strconv.Itoa(i+1)}, Kind: Group, Fields: fields(name+"."+at+".", c.Parts, entry)}
			f.Fields = append(f.Fields, one)
		}
	case c.Parts != nil:
		f.Kind = Group
		parts, _ := value.(map[string]any)
		f.Fields = fields(name+".", c.Parts, parts)
	default:
		f.plain(c, value)
	}
	if f.Kind == Group {
		optional(f.Fields)
	}
	return f
}

// optional lets a group be left out as a whole: what must be filled in once there is one
// of it, the rules say.
func optional(all []Field) {
	for i := range all {
		all[i].Required = false
		optional(all[i].Fields)
	}
}

// plain makes a field of a column without parts.
func (f *Field) plain(c docking.Column, value any) {
	var chosen []string
	switch v := value.(type) {
	case string:
		chosen = []string{v}
	case float64:
		chosen = []string{strconv.FormatInt(int64(v), 10)}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				chosen = append(chosen, s)
			}
		}
	}
	f.Value = strings.Join(chosen, "\n")
	f.Kind = kind(c)
	if f.Kind == Select || f.Kind == Checks {
		for _, o := range docking.Codes(list(c)) {
			f.Options = append(f.Options, Option{o.Value, pack.Text{ZH: o.ZH, EN: o.EN}, slices.Contains(chosen, o.Value)})
		}
	}
}

func kind(c docking.Column) string {
	switch {
	case list(c) != "" && c.List:
		return Checks
	case list(c) != "":
		return Select
	case c.List || has(c, "lines"):
		return Lines
	case has(c, "count") || has(c, "port"):
		return Number
	case has(c, "date"):
		return Day
	default:
		return Line
	}
}

// list is the list whose values a column takes; "" for none.
func list(c docking.Column) string {
	for word := range strings.FieldsSeq(c.Rule) {
		if l, ok := strings.CutPrefix(word, "one="); ok {
			return l
		}
	}
	return ""
}

func has(c docking.Column, rule string) bool { return slices.Contains(strings.Fields(c.Rule), rule) }

// Read returns the row that was filled in.
//
// Errors: fault.NotFound of a table that is not known.
func Read(t docking.Table, filled url.Values) (map[string]any, error) {
	columns, err := docking.Columns(t)
	return read("", columns, filled), err
}

func read(under string, columns []docking.Column, filled url.Values) map[string]any {
	out := map[string]any{}
	for _, c := range columns {
		if v := value(under+c.Wire, c, filled); v != nil {
			out[c.Wire] = v
		}
	}
	return out
}

// mostEntries bounds the entries of a list that holds fields.
const mostEntries = 100

// value returns what was filled in of a column; nil for nothing.
func value(name string, c docking.Column, filled url.Values) any {
	switch {
	case c.Parts != nil && c.List:
		return some(entries(name, c, filled))
	case c.Parts != nil:
		if parts := read(name+".", c.Parts, filled); len(parts) > 0 {
			return parts
		}
		return nil
	case c.List:
		return some(lines(filled[name]))
	default:
		return scalar(kind(c), strings.TrimSpace(strings.ReplaceAll(filled.Get(name), "\r\n", "\n")))
	}
}

// some is a list, nil when it is empty.
func some(all []any) any {
	if len(all) == 0 {
		return nil
	}
	return all
}

func entries(name string, c docking.Column, filled url.Values) (out []any) {
	for i := range mostEntries {
		if entry := read(name+"."+strconv.Itoa(i)+".", c.Parts, filled); len(entry) > 0 {
			out = append(out, entry)
		}
	}
	return out
}

func lines(filled []string) (out []any) {
	for _, v := range filled {
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

func scalar(kind, text string) any {
	if text == "" {
		return nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); kind == Number && err == nil {
		return n
	}
	return text
}
