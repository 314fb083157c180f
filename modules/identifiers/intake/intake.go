// Package intake reads files of identifiers to be registered: CSV (UTF-8 or GB18030),
// XLSX and XML, row by row, whatever their length.
//
// What must hold: each row of the file becomes one Row, in order, with a record or with
// one sentence that names its line, its column and what would be right; a row that is
// wrong does not end the reading, a file that is broken does, with its last Row.
package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
)

// Options say what the rows are.
type Options struct {
	Prefix   string             // below which a column of suffixes is; "" when the file names whole identifiers
	Template *template.Template // whose items the columns are; nil: columns are values
	At       uint32             // timestamp of the values: seconds since 1970 in UTC
}

// Row is one row of a file.
type Row struct {
	Line   int // in the file, from 1; in a sheet its row, in XML the line of the element
	Record handle.Record
	Fields map[string]string // that the values were made of, by a template
	Err    error             // fault.Invalid: the record is not to be registered
	Broken bool              // the file cannot be read further
}

const (
	maxColumns = 1000
	peeked     = 64 << 10 // of a file, to tell what it is
)

// Read reads a file.
//
// Errors: fault.Invalid when it is none of the formats, or its first row names no
// identifiers.
func Read(r io.Reader, o Options) (iter.Seq[Row], error) {
	if o.Template != nil {
		if err := o.Template.Check(); err != nil {
			return nil, err
		}
	}
	b := bufio.NewReaderSize(r, peeked)
	head, err := b.Peek(peeked)
	if err != nil && err != io.EOF && len(head) == 0 {
		return nil, err
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, fault.Say(fault.Invalid, "文件是空的；第一行应是列名，如 标识,URL。", "the file is empty; its first row names the columns, such as identifier,URL")
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return readSheet(b, o)
	case text[0] == '<':
		return readXML(b, o), nil
	}
	return readCSV(b, head, o)
}

// column is what a column of a table holds.
type column struct {
	name  string // as the file has it
	field string // name of the template's item
	index uint32 // of the value, without a template
	kind  string // its type
}

// table turns the rows of a table into records.
type table struct {
	Options
	columns []column
	key     int  // the column that names the identifier
	suffix  bool // which names what stands behind the prefix
}

// names of the column of identifiers, folded.
func keyNames() (whole, suffix []string) {
	return []string{"identifier", "handle", "标识", "标识编码"}, []string{"suffix", "后缀", "标识后缀"}
}

// newTable reads the names of the columns.
func newTable(header []string, o Options) (*table, error) {
	t := &table{Options: o, key: -1}
	if len(header) > maxColumns {
		return nil, fault.Say(fault.Invalid, "第 1 行有 %d 列，最多 %d 列。", "row 1 has %d columns, at most %d are allowed", len(header), maxColumns)
	}
	whole, suffix := keyNames()
	next := uint32(1)
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		c := column{name: name}
		folded := strings.ToLower(name)
		switch {
		case t.key < 0 && slices.Contains(whole, folded):
			t.key = i
		case t.key < 0 && slices.Contains(suffix, folded):
			t.key, t.suffix = i, true
		case name == "":
		default:
			if err := t.column(&c, &next); err != nil {
				return nil, err
			}
		}
		t.columns = append(t.columns, c)
	}
	if t.key < 0 {
		return nil, fault.Say(fault.Invalid, "第 1 行没有“标识”或“后缀”这一列。", `row 1 names no column "identifier" or "suffix"`)
	}
	if t.suffix && o.Prefix == "" {
		return nil, fault.Say(fault.Invalid, "文件只有后缀，请说明是哪个前缀之下的。", "the file has suffixes only; say below which prefix they are")
	}
	return t, nil
}

// column reads the name of one column: an item of the template, or the type of a value
// with or without its index, as URL or 5:URL.
func (t *table) column(c *column, next *uint32) error {
	read := func() error { return c.plain(next) }
	if t.Template != nil {
		read = func() error { return c.item(t.Template) }
	}
	if err := read(); err != nil {
		return err
	}
	if slices.ContainsFunc(t.columns, func(o column) bool {
		return o.field != "" && o.field == c.field || o.index != 0 && o.index == c.index
	}) {
		return fault.Say(fault.Invalid, "第 1 行有两列是同一项：%q。", "row 1 has two columns for the same: %q", c.name)
	}
	return nil
}

// item takes a column for an item of a template.
func (c *column) item(t *template.Template) error {
	i, ok := t.Item(c.name)
	if !ok {
		return fault.Say(fault.Invalid, "第 1 行的列 %q 不是模板 %s 的项目。", "row 1: column %q is no item of template %s", c.name, t.Ref())
	}
	c.field = i.Name
	return nil
}

// plain takes a column for values of a type; one without an index has the next one.
func (c *column) plain(next *uint32) error {
	c.index, c.kind = *next, c.name
	if index, kind, ok := strings.Cut(c.name, ":"); ok {
		n, err := strconv.ParseUint(index, 10, 32)
		if err != nil || n == 0 {
			return fault.Say(fault.Invalid, "第 1 行的列 %q 应是“序号:类型”，如 1:URL。", "row 1: column %q is none such as 1:URL", c.name)
		}
		c.index, c.kind = uint32(n), kind
	}
	*next = c.index + 1
	return nil
}

// row turns the cells of a row into a record.
func (t *table) row(line int, cells []string) Row {
	out := Row{Line: line}
	if len(cells) > len(t.columns) {
		for _, extra := range cells[len(t.columns):] {
			if strings.TrimSpace(extra) != "" {
				out.Err = at(line, fault.Say(fault.Invalid, "有 %d 格，列名只有 %d 个", "%d cells stand under %d names of columns", len(cells), len(t.columns)))
				return out
			}
		}
	}
	cell := func(i int) string {
		if i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	name := cell(t.key)
	if name == "" {
		out.Err = at(line, fault.Say(fault.Invalid, "没有标识", "the identifier is missing"))
		return out
	}
	if t.suffix {
		name = t.Prefix + "/" + name
	}
	fields := map[string]string{}
	var values []handle.Value
	for i, c := range t.columns {
		text := cell(i)
		switch {
		case i == t.key || text == "":
		case c.field != "":
			fields[c.field] = text
		case c.index != 0:
			values = append(values, value(c.index, c.kind, text, t.At))
		case c.name == "":
			out.Err = at(line, fault.Say(fault.Invalid, "第 %d 格没有列名", "cell %d stands under no name of a column", i+1))
			return out
		}
	}
	return t.finish(out, name, fields, values)
}

// finish checks a name and makes the record.
func (o Options) finish(out Row, name string, fields map[string]string, values []handle.Value) Row {
	n, err := handle.Parse(name)
	if err == nil && o.Prefix != "" && !handle.EqualFold(n.Prefix(), o.Prefix) {
		err = fault.Say(fault.Invalid, "标识 %q 不在前缀 %s 之下", "identifier %q does not lie below prefix %s", name, o.Prefix)
	}
	if err == nil && o.Template != nil {
		values, err = o.Template.Values(fields, o.At)
	}
	slices.SortStableFunc(values, func(a, b handle.Value) int { return int(int64(a.Index) - int64(b.Index)) })
	out.Record, out.Fields = handle.Record{Name: n, Values: values}, fields
	if err == nil && len(values) == 0 {
		err = fault.Say(fault.Invalid, "标识 %q 没有任何值", "identifier %q has no value", name)
	}
	if err == nil {
		err = out.Record.Check()
	}
	if err != nil {
		out.Err = at(out.Line, err)
	}
	return out
}

func value(index uint32, kind, text string, timestamp uint32) handle.Value {
	return handle.Value{Index: index, Type: kind, Data: []byte(text), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual, Timestamp: timestamp}
}

// sentence is an error that knows itself in a language.
type sentence struct{ err error }

func (s sentence) In(lang string) string {
	if f, ok := errors.AsType[*fault.Fault](s.err); ok && lang != "en" && f.ZH != "" {
		return strings.TrimRight(f.ZH, "。")
	}
	return s.err.Error()
}

// at puts the line before a sentence.
func at(line int, err error) error {
	return fault.Say(fault.Invalid, "第 %d 行：%v。", "line %d: %v", line, sentence{err})
}

// broken is the last row of a file that cannot be read further.
func broken(line int, err error) Row {
	said := fault.Say(fault.Invalid, "文件从这里起读不下去：%v", "the file cannot be read from here on: %v", err)
	return Row{Line: line, Err: at(line, said), Broken: true}
}
