package sdmx

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
)

// Row is one record of SDMX-CSV.
type Row struct {
	Line    int // where it begins, from 1
	Context string
	Flow    Identity
	Action  Action
	Key     []string // one per dimension of the structure; "" or "~": not given
	Values  []Value  // one per measure
	Attrs   []Value  // one per attribute of the structure, of whatever level

	// Partial: a dimension is not given. The row is about attributes of a partial
	// key or, with Delete, about all that match.
	Partial bool
}

// ScanCSV reads SDMX-CSV 2.0 or 2.1 row by row and calls f for each.
//
//   - s says which columns are dimensions, measures and attributes; the other
//     columns are left out. A component without a column is absent.
//   - The field and sub-field separators, the labels (id, name or both) and, in
//     files that use semicolons, decimal commas are told by the header.
//   - Errors: fault.Invalid with the line and the column; or what f returns,
//     which ends the reading. Nothing is read ahead, so f can count the good rows.
//   - Source: SDMX-CSV 2.1 field guide; RFC 4180.
func ScanCSV(r io.Reader, s Structure, f func(Row) error) error {
	br := bufio.NewReaderSize(r, 1<<16)
	sep, err := separator(br)
	if err != nil {
		return err
	}
	cr := csv.NewReader(br)
	cr.Comma, cr.ReuseRecord = sep, true
	head, err := cr.Read()
	if err != nil {
		return csvError(err)
	}
	p, err := newCSVPlan(head, s, sep)
	if err != nil {
		return err
	}
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, _ := cr.FieldPos(0)
		if err := p.each(rec, line, f); err != nil {
			return err
		}
	}
}

// each reads one record and hands it on.
func (p *csvPlan) each(rec []string, line int, f func(Row) error) error {
	row, err := p.row(rec)
	if err != nil {
		return fault.New(fault.Invalid, "line %d: %v", line, err)
	}
	row.Line = line
	row.Partial = slices.Contains(row.Key, "") || slices.Contains(row.Key, "~")
	return f(row)
}

// csvError tells a broken file from one that cannot be read.
func csvError(err error) error {
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the file is empty, its first line must begin with STRUCTURE")
	}
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault.New(fault.Invalid, "line %d, column %d: %v", pe.Line, pe.Column, pe.Err)
	}
	return err
}

// separator finds the character after the fixed term STRUCTURE or STRUCTURE[x];
// a byte order mark before it is read away.
func separator(br *bufio.Reader) (rune, error) {
	if bom, err := br.Peek(3); err == nil && string(bom) == "\ufeff" {
		if _, err := br.Discard(3); err != nil {
			return 0, err
		}
	}
	head, err := br.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(string(head), `"`), "STRUCTURE")
	if ok && strings.HasPrefix(rest, "[") {
		_, rest, ok = strings.Cut(rest, "]")
	}
	rest = strings.TrimPrefix(rest, `"`)
	if !ok || rest == "" || !strings.ContainsAny(rest[:1], ",;\t|") {
		return 0, fault.New(fault.Invalid,
			"the file begins with %q, not with STRUCTURE and a comma, semicolon, tab or bar", head)
	}
	return rune(rest[0]), nil
}

// csvPlan says what each column is.
type csvPlan struct {
	s             Structure
	flow, action  int // columns; action is -1 when there is none
	columns       []csvInput
	both, decimal bool // labels=both; decimal commas
	sub           byte // sub-field separator, or 0
	cut           map[string]Identity
}

// csvInput is where a column goes: kind and pos as in csvColumn, 'a' being the
// position among all attributes.
type csvInput struct {
	Component
	kind   byte
	column int
	pos    int
	many   bool
}

func newCSVPlan(head []string, s Structure, sep rune) (*csvPlan, error) {
	p := &csvPlan{s: s, action: -1, decimal: sep == ';', cut: map[string]Identity{}}
	if len(head) < 2 || head[1] != "STRUCTURE_ID" {
		return nil, fault.New(fault.Invalid, "the second column is %q, not STRUCTURE_ID", strings.Join(head[min(1, len(head)):min(2, len(head))], ""))
	}
	if rest, ok := strings.CutPrefix(head[0], "STRUCTURE["); ok && len(rest) > 1 {
		p.sub = rest[0]
	}
	p.flow = 1
	named := len(head) > 2 && head[2] == "STRUCTURE_NAME"
	seen := map[string]bool{}
	for i := 2; i < len(head); i++ {
		id, _, both := strings.Cut(strings.Clone(head[i]), ": ")
		p.both = p.both || both
		if id == "ACTION" && p.action < 0 {
			p.action = i
			continue
		}
		known, err := p.addColumn(id, i, seen)
		if err != nil {
			return nil, err
		}
		if known && named {
			i++ // the next column is the name of this one
		}
	}
	return p, nil
}

// addColumn takes a column of a component; others are not known.
func (p *csvPlan) addColumn(id string, column int, seen map[string]bool) (known bool, err error) {
	bare, _, many := strings.Cut(id, "[")
	in, ok := p.input(bare)
	switch {
	case !ok:
		return false, nil
	case seen[bare]:
		return false, fault.New(fault.Invalid, "column %s stands twice", bare)
	case many && p.sub == 0:
		return false, fault.New(fault.Invalid, "column %s has several values, but the header does not begin with STRUCTURE[;]", id)
	}
	seen[bare] = true
	in.column, in.many = column, many
	p.columns = append(p.columns, in)
	return true, nil
}

// input finds the component of a column.
func (p *csvPlan) input(id string) (csvInput, bool) {
	if i := componentIndex(p.s.Dimensions, id); i >= 0 {
		return csvInput{Component: p.s.Dimensions[i], kind: 'd', pos: i}, true
	}
	if i := componentIndex(p.s.Measures, id); i >= 0 {
		return csvInput{Component: p.s.Measures[i], kind: 'm', pos: i}, true
	}
	if i := componentIndex(p.s.Attributes, id); i >= 0 {
		return csvInput{Component: p.s.Attributes[i], kind: 'a', pos: i}, true
	}
	return csvInput{}, false
}

// row reads a record.
func (p *csvPlan) row(rec []string) (Row, error) {
	r := Row{
		Action: Merge, Key: make([]string, len(p.s.Dimensions)),
		Values: make([]Value, len(p.s.Measures)), Attrs: make([]Value, len(p.s.Attributes)),
	}
	var err error
	if r.Context, r.Flow, err = p.artefact(rec[0], rec[p.flow]); err != nil {
		return r, err
	}
	if p.action >= 0 {
		if r.Action, err = action(rec[p.action]); err != nil {
			return r, err
		}
	}
	for _, c := range p.columns {
		cell := rec[c.column]
		if cell == "" {
			continue
		}
		if c.kind == 'd' {
			r.Key[c.pos] = strings.Clone(p.unlabel(c.Component, cell))
			continue
		}
		v, err := p.value(c, cell, r.Action)
		if err != nil {
			return r, err
		}
		if c.kind == 'm' {
			r.Values[c.pos] = v
		} else {
			r.Attrs[c.pos] = v
		}
	}
	return r, nil
}

// artefact reads the first two columns; most rows repeat those before them.
func (p *csvPlan) artefact(kind, id string) (string, Identity, error) {
	var context string
	switch kind {
	case "dataflow":
		context = "dataflow"
	case "datastructure":
		context = "datastructure"
	case "dataprovision":
		context = "provisionagreement"
	default:
		return "", Identity{}, fault.New(fault.Invalid, "STRUCTURE %q is not dataflow, datastructure or dataprovision", kind)
	}
	if known, ok := p.cut[id]; ok {
		return context, known, nil
	}
	name, _, _ := strings.Cut(id, ": ")
	i, err := ParseIdentity(strings.Clone(name))
	if err == nil && len(p.cut) < 100 {
		p.cut[strings.Clone(id)] = i
	}
	return context, i, err
}

func action(s string) (Action, error) {
	switch s {
	case "I":
		return Information, nil
	case "A":
		return Append, nil
	case "M":
		return Merge, nil
	case "R":
		return Replace, nil
	case "D":
		return Delete, nil
	}
	return "", fault.New(fault.Invalid, "ACTION %q is not I, A, M, R or D", s)
}

// unlabel cuts the name off "id: name" of a code; TIME_PERIOD too has a label
// in some files.
func (p *csvPlan) unlabel(c Component, cell string) string {
	if p.both && (c.coded() || c.ID == TimePeriod) {
		cell, _, _ = strings.Cut(cell, ": ")
	}
	return cell
}

// value reads a measure or an attribute.
func (p *csvPlan) value(c csvInput, cell string, a Action) (Value, error) {
	if c.many {
		parts, ok := splitSub(cell, p.sub)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s %q has an open quote", c.ID, cell)
		}
		for i, s := range parts {
			if !c.Localised {
				parts[i] = p.unlabel(c.Component, s)
			}
		}
		return parts, nil
	}
	cell = strings.Clone(p.unlabel(c.Component, cell))
	if jsonKind(c.Type) == 'n' && a != Delete {
		if p.decimal {
			cell = strings.Replace(cell, ",", ".", 1)
		}
		if cell != "NaN" && !isNumber(cell) {
			return nil, fault.New(fault.Invalid, "%s %q is not a decimal number", c.ID, cell)
		}
	}
	return Value{cell}, nil
}

// splitSub splits a cell into its sub-fields; quoted ones keep separators.
func splitSub(cell string, sub byte) (Value, bool) {
	var out Value
	for {
		if !strings.HasPrefix(cell, `"`) {
			part, rest, more := strings.Cut(cell, string(sub))
			out = append(out, strings.Clone(part))
			if !more {
				return out, true
			}
			cell = rest
			continue
		}
		part, rest, ok := unquote(cell)
		if !ok || rest != "" && rest[0] != sub {
			return nil, false
		}
		out = append(out, part)
		if rest == "" {
			return out, true
		}
		cell = rest[1:]
	}
}

// unquote reads a quoted sub-field and returns what follows it.
func unquote(s string) (part, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), s[i+1:], true
	}
	return "", "", false
}
