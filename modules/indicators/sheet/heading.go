package sheet

import (
	"slices"
	"strconv"
	"strings"

	"yuzhou/kernel/fault"
)

// column is what a column holds.
type column int

// The columns, in the order in which they are written. Those from name on are for
// readers of an export; they are not read back.
const (
	colIndicator column = iota
	colUnit
	colPeriod
	colValue
	colMeasure
	colComparator
	colStatus
	colKnown
	colPrinted
	colSource
	colNote
	colName
	colBundle
	colVintage
	colScale
	colBase
	colLabels // names of indicators and units beside their codes
	columnCount
)

// heading is how a column may be called; the first of each is what is written.
type heading struct{ en, zh []string }

// headings are the names of all columns.
var headings = [columnCount]heading{ //nolint:gochecknoglobals // a table, never written
	colIndicator:  {[]string{"indicator"}, []string{"指标", "指标编码", "指标代码"}},
	colUnit:       {[]string{"unit"}, []string{"地区", "单位代码", "区划代码"}},
	colPeriod:     {[]string{"period"}, []string{"时期", "期别"}},
	colValue:      {[]string{"value"}, []string{"数值", "值"}},
	colMeasure:    {[]string{"measure"}, []string{"计量单位"}},
	colComparator: {[]string{"comparator"}, []string{"比较"}},
	colStatus:     {[]string{"status"}, []string{"状态"}},
	colKnown:      {[]string{"known_since", "known since"}, []string{"知晓日期"}},
	colPrinted:    {[]string{"printed"}, []string{"原文"}},
	colSource:     {[]string{"source"}, []string{"来源"}},
	colNote:       {[]string{"note"}, []string{"备注"}},
	colName:       {[]string{"name"}, []string{"标识"}},
	colBundle:     {[]string{"bundle"}, []string{"凭证"}},
	colVintage:    {[]string{"vintage"}, []string{"版本"}},
	colScale:      {[]string{"scale"}, []string{"量级"}},
	colBase:       {[]string{"base_value", "base value"}, []string{"基本值"}},
	colLabels:     {[]string{"indicator_name", "unit_name"}, []string{"指标名称", "地区名称"}},
}

// String is the column's English and Chinese name: period (时期).
func (c column) String() string { return headings[c].en[0] + " (" + headings[c].zh[0] + ")" }

// readBack reports whether the column says something that Read takes.
func (c column) readBack() bool { return c < colName }

// findColumn finds a column by its heading in either language, whatever its case;
// "指标 indicator" and "value(数值)" are understood too.
func findColumn(s string) (column, bool) {
	s = strings.ToLower(strings.TrimSpace(halfWidth(s)))
	for c, h := range headings {
		if slices.Contains(h.en, s) || slices.Contains(h.zh, s) {
			return column(c), true
		}
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ()/\n*", r) })
	if len(parts) == 0 || len(parts) == 1 && parts[0] == s {
		return 0, false
	}
	found, ok := findColumn(parts[0])
	for _, p := range parts[1:] {
		if c, same := findColumn(p); !same || c != found {
			return 0, false
		}
	}
	return found, ok
}

func knownColumns() string {
	var names []string
	for c := range colName {
		names = append(names, c.String())
	}
	return strings.Join(names, ", ")
}

// layout says where in a row each column stands.
type layout struct {
	at    [columnCount]int // position from 0, or -1
	names []string         // headings by position
}

// name returns the heading at a position as the file has it.
func (l layout) name(position int) string {
	if position < len(l.names) {
		return l.names[position]
	}
	return ""
}

// readHeading finds the columns, or returns fault.Invalid that names the column
// which is unknown, twice there or missing.
func readHeading(rec record, required []column, note func(string)) (layout, error) {
	var l layout
	for c := range l.at {
		l.at[c] = -1
	}
	for i, c := range rec.cells {
		l.names = append(l.names, c.text)
		if c.empty() {
			continue
		}
		where := cellName(i, rec.number)
		col, ok := findColumn(c.text)
		switch {
		case c.flaw != "":
			return l, fault.New(fault.Invalid, "heading %s %s", where, c.flaw)
		case !ok:
			return l, fault.New(fault.Invalid, "heading %s %s is not a known column%s; known are %s", where, quote(c.text), ambiguous(c.text), knownColumns())
		case col == colLabels:
			continue
		case l.at[col] >= 0:
			return l, fault.New(fault.Invalid, "headings %s and %s both name the column %s", cellName(l.at[col], rec.number), where, col)
		}
		l.at[col] = i
		if !col.readBack() {
			note("column " + columnName(i) + " (" + clip(c.text) + ") is computed and was not read")
		}
	}
	for _, col := range required {
		if l.at[col] < 0 {
			return l, fault.New(fault.Invalid, "the heading in row %s has no column %s; known are %s", strconv.Itoa(rec.number), col, knownColumns())
		}
	}
	return l, nil
}

// ambiguous helps with the one heading that people use for two columns.
func ambiguous(s string) string {
	if s == "单位" {
		return " (地区 is the place, 计量单位 is what is counted)"
	}
	return ""
}
