package sdmx

import (
	"bufio"
	"strings"

	"yuzhou/kernel/fault"
)

// csvEncoder writes SDMX-CSV: one row per observation, all components in columns.
//
// Source: SDMX-CSV 2.1 field guide. The field separator is always a comma, the
// sub-field separator a semicolon, line ends are CRLF (RFC 4180).
type csvEncoder struct {
	w     *bufio.Writer
	msg   *Message
	s     Structure
	m     Media
	book  codebook
	attrs []Component // of LevelSeries and LevelObs, the order the Writer gives them in
	order []csvColumn // the columns of the components

	action string
	prefix []byte // STRUCTURE,STRUCTURE_ID,ACTION of this dataset
	data   []Value
	line   []byte
	header bool
}

// csvColumn finds the value of a column: kind is 'd' dimension, 'm' measure,
// 'a' attribute of series or observation, 's' dataset attribute, 'g' group attribute.
type csvColumn struct {
	Component
	kind byte
	pos  int
}

func newCSVEncoder(w *bufio.Writer, msg *Message, s Structure, opts Options) *csvEncoder {
	e := &csvEncoder{w: w, msg: msg, s: s, m: opts.Media, book: newCodebook(msg.Codelists)}
	e.attrs = append(s.at(LevelSeries), s.at(LevelObs)...)
	for i, d := range s.Dimensions {
		e.order = append(e.order, csvColumn{d, 'd', i})
	}
	for i, m := range s.Measures {
		e.order = append(e.order, csvColumn{m, 'm', i})
	}
	for _, a := range s.Attributes {
		switch a.Level {
		case LevelDataset:
			e.order = append(e.order, csvColumn{a, 's', componentIndex(s.at(LevelDataset), a.ID)})
		case LevelGroup:
			e.order = append(e.order, csvColumn{a, 'g', componentIndex(s.at(LevelGroup), a.ID)})
		case LevelSeries, LevelObs:
			e.order = append(e.order, csvColumn{a, 'a', componentIndex(e.attrs, a.ID)})
		}
	}
	return e
}

// csvActions are the letters of the actions; SDMX-CSV 2.0 has no M.
func (e *csvEncoder) letter(a Action) string {
	switch {
	case a == Merge && e.m.Version == "2.0.0":
		return "A"
	default:
		return string(a[:1])
	}
}

// writeHeader writes the first row.
func (e *csvEncoder) writeHeader() error {
	e.header = true
	head := "STRUCTURE"
	for _, c := range e.order {
		if c.Multi || c.Localised {
			head = "STRUCTURE[;]"
		}
	}
	b := append(e.line[:0], head...)
	b = append(b, ",STRUCTURE_ID"...)
	if e.m.Labels == "name" {
		b = append(b, ",STRUCTURE_NAME"...)
	}
	b = append(b, ",ACTION"...)
	if e.m.Keys == "series" || e.m.Keys == "both" {
		b = append(b, ",SERIES_KEY"...)
	}
	if e.m.Keys == "obs" || e.m.Keys == "both" {
		b = append(b, ",OBS_KEY"...)
	}
	for _, c := range e.order {
		id := c.ID
		switch {
		case c.Localised:
			id += "[" + strings.Join(e.msg.Languages, ";") + "]"
		case c.Multi:
			id += "[]"
		}
		name := first(c.Name.Best(e.msg.Languages...), c.ID)
		switch e.m.Labels {
		case "both":
			b = appendCell(append(b, ','), id+": "+name)
		case "name":
			b = appendCell(append(b, ','), id)
			b = appendCell(append(b, ','), name)
		default:
			b = appendCell(append(b, ','), id)
		}
	}
	return e.flush(b)
}

func (e *csvEncoder) flush(b []byte) error {
	b = append(b, '\r', '\n')
	e.line = b[:0]
	_, err := e.w.Write(b)
	return err
}

func (e *csvEncoder) begin(d Dataset) error {
	if !e.header {
		if err := e.writeHeader(); err != nil {
			return err
		}
	}
	e.action, e.data = e.letter(d.Action), d.Attrs
	kind := e.msg.context()
	if kind == "provisionagreement" {
		kind = "dataprovision"
	}
	id := e.msg.Flow.String()
	name := first(e.msg.Flow.Name.Best(e.msg.Languages...), e.msg.Flow.ID)
	b := append(e.prefix[:0], kind...)
	b = append(b, ',')
	switch e.m.Labels {
	case "both":
		b = appendCell(b, id+": "+name)
	case "name":
		b = appendCell(append(appendCell(b, id), ','), name)
	default:
		b = appendCell(b, id)
	}
	e.prefix = append(append(b, ','), e.action...)
	for _, g := range d.Groups {
		if err := e.row(g.Key, nil, nil, g.Attrs); err != nil {
			return err
		}
	}
	return nil
}

func (*csvEncoder) group([]string, []Value) error { return nil }

func (e *csvEncoder) obs(key []string, values, attrs []Value) error {
	return e.row(key, values, attrs, nil)
}

// row writes one record.
func (e *csvEncoder) row(key []string, values, attrs, group []Value) error {
	b := append(e.line[:0], e.prefix...)
	b = e.appendKeys(b, key)
	for _, c := range e.order {
		b = append(b, ',')
		var v Value
		switch c.kind {
		case 'd':
			b = e.appendDimension(b, c, key[c.pos])
			continue
		case 'm':
			v = at(values, c.pos)
		case 'a':
			v = at(attrs, c.pos)
		case 's':
			v = at(e.data, c.pos)
		case 'g':
			v = at(group, c.pos)
		}
		var err error
		if b, err = e.appendValue(b, c.Component, v); err != nil {
			return err
		}
	}
	return e.flush(b)
}

func at(values []Value, i int) Value {
	if i < len(values) {
		return values[i]
	}
	return nil
}

// appendKeys writes the SERIES_KEY and OBS_KEY columns.
func (e *csvEncoder) appendKeys(b []byte, key []string) []byte {
	if e.m.Keys == "series" || e.m.Keys == "both" {
		b = append(b, ',')
		sep := ""
		for i, k := range key {
			if e.s.Dimensions[i].ID == TimePeriod {
				continue
			}
			b = append(append(b, sep...), k...)
			sep = "."
		}
	}
	if e.m.Keys == "obs" || e.m.Keys == "both" {
		b = appendCell(append(b, ','), strings.Join(key, "."))
	}
	return b
}

func (e *csvEncoder) appendDimension(b []byte, c csvColumn, v string) []byte {
	if c.ID == TimePeriod && e.m.TimeFormat == "normalized" && v != "" {
		return e.appendLabelled(b, Component{ID: TimePeriod}, inISO(v))
	}
	return e.appendLabelled(b, c.Component, v)
}

// appendLabelled writes a code or value with the name that labels ask for.
func (e *csvEncoder) appendLabelled(b []byte, c Component, v string) []byte {
	switch e.m.Labels {
	case "both":
		return appendCell(b, e.both(c, v))
	case "name":
		b = append(appendCell(b, v), ',')
		if v != "" && c.coded() {
			return appendCell(b, e.book.find(c.Codelist, v).Name.Best(e.msg.Languages...))
		}
		return b
	}
	return appendCell(b, v)
}

// both is "id: name" of a code, and v itself of what is not coded.
func (e *csvEncoder) both(c Component, v string) string {
	if !c.coded() || v == "" {
		return v
	}
	return v + ": " + first(e.book.find(c.Codelist, v).Name.Best(e.msg.Languages...), v)
}

// names are the names of several codes, or "" of what is not coded.
func (e *csvEncoder) names(c Component, v Value) string {
	if !c.coded() {
		return ""
	}
	names := make([]string, len(v))
	for i, s := range v {
		names[i] = quoteSub(e.book.find(c.Codelist, s).Name.Best(e.msg.Languages...))
	}
	return strings.Join(names, ";")
}

// appendValue writes a measure or an attribute.
func (e *csvEncoder) appendValue(b []byte, c Component, v Value) ([]byte, error) {
	switch {
	case c.Localised || c.Multi:
		parts := make([]string, len(v))
		for i, s := range v {
			if c.Multi && e.m.Labels == "both" {
				s = e.both(c, s)
			}
			parts[i] = quoteSub(s)
		}
		b = appendCell(b, strings.Join(parts, ";"))
		if e.m.Labels == "name" {
			b = appendCell(append(b, ','), e.names(c, v))
		}
		return b, nil
	case len(v) == 0:
		return e.appendLabelled(b, Component{ID: c.ID}, ""), nil
	case len(v) > 1:
		return nil, fault.New(fault.Invalid, "%s has %d values, the structure allows one", c.ID, len(v))
	case jsonKind(c.Type) == 'n' && v[0] != "NaN" && e.action != "D" && !isNumber(v[0]):
		return nil, fault.New(fault.Invalid, "%s %q is not a decimal number", c.ID, v[0])
	}
	return e.appendLabelled(b, c, v[0]), nil
}

// quoteSub protects a sub-field that holds the separator or a quote.
func quoteSub(s string) string {
	if s != "" && !strings.ContainsAny(s, ";\"") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// appendCell writes a field as RFC 4180 says.
func appendCell(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c == ',' || c == '"' || c == '\r' || c == '\n' {
			return appendQuoted(b, s)
		}
	}
	return append(b, s...)
}

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

func (*csvEncoder) endGroup() error { return nil }

func (*csvEncoder) end() error { return nil }

func (e *csvEncoder) close() error {
	if e.header {
		return nil
	}
	return e.writeHeader()
}
