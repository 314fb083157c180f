package docking

import (
	"bytes"
	"reflect"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// JSON returns the batch as it is sent: {"table":…,"node":…,"sent":…,"rows":[…]}.
//
// Errors: Findings when Parse would not take it.
func (b Batch) JSON() ([]byte, error) {
	n, err := b.node()
	if err != nil {
		return nil, err
	}
	return append(n.appendJSON(nil), '\n'), nil
}

// XML returns the batch as it stands in escrow: the same fields as elements, lists as
// elements that hold one <item> each.
//
// Errors: Findings when Parse would not take it.
func (b Batch) XML() ([]byte, error) {
	n, err := b.node()
	if err != nil {
		return nil, err
	}
	return n.appendXML([]byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"), ""), nil
}

// node turns the batch into what JSON and XML have in common. It goes through the same
// rules as what is received: what is not taken there is not sent from here.
func (b Batch) node() (node, error) {
	s, err := SpecOf(b.Table)
	if err != nil {
		return node{}, err
	}
	columns, err := Columns(b.Table)
	if err != nil {
		return node{}, err
	}
	text := func(name, text string) node { return node{name: name, kind: quoted, text: text} }
	n := node{name: "batch", kind: object, kids: []node{text("table", string(b.Table)), text("node", b.Node), text("sent", Instant(b.Sent))}}
	rows := node{name: "rows", kind: list}
	for i, row := range b.Rows {
		if s.row == nil || reflect.TypeOf(row) != reflect.TypeOf(s.row()) {
			return node{}, fault.New(fault.Invalid, "row %d is a %T, which is no row of table %s", i+1, row, b.Table)
		}
		rows.kids = append(rows.kids, nodeOf(entry, columns, reflect.ValueOf(row).Elem()))
	}
	n.kids = append(n.kids, rows)
	_, err = fromNode(n)
	return n, err
}

// Parse reads a batch, as JSON when it begins with {, otherwise as XML.
//
//   - doc: at most MaxBatch bytes and MaxRows rows.
//   - Errors: Findings, at most 100, when rows break rules: then the batch has all but its
//     rows; fault.Invalid when it is no batch at all; fault.NotFound of a table that is
//     not known.
func Parse(doc []byte) (Batch, error) {
	if len(doc) > MaxBatch {
		return Batch{}, fault.New(fault.Invalid, "the batch has %d bytes, at most %d are allowed; send several", len(doc), MaxBatch)
	}
	read := readXML
	if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		read = readJSON
	}
	n, err := read(doc)
	if err != nil {
		return Batch{}, err
	}
	return fromNode(n)
}

// headFields returns the four fields of a batch by name.
func headFields(n node) (map[string]node, error) {
	if n.kind != object && n.kind != element || n.name != "" && n.name != "batch" {
		return nil, fault.New(fault.Invalid, "the document is no batch: it has no table, node, sent and rows")
	}
	fields := map[string]node{}
	for _, k := range n.kids {
		if _, twice := fields[k.name]; twice || !strings.Contains(" table node sent rows ", " "+k.name+" ") {
			return nil, fault.New(fault.Invalid, "the batch has a field %.40q too many; it has table, node, sent and rows", k.name)
		}
		fields[k.name] = k
	}
	for _, name := range []string{"table", "node", "sent"} {
		if k := fields[name]; k.kind != quoted && k.kind != bare || k.text == "" {
			return nil, fault.New(fault.Invalid, "the batch has no %s; it has table, node, sent and rows", name)
		}
	}
	if k := fields["rows"]; k.kind == object || k.kind == quoted || k.kind == number {
		return nil, fault.New(fault.Invalid, "rows of the batch is no list")
	}
	return fields, nil
}

// head takes the fields of a batch but its rows.
func head(n node) (b Batch, rows node, err error) {
	fields, err := headFields(n)
	if err != nil {
		return b, rows, err
	}
	b.Table, b.Node = Table(fields["table"].text), fields["node"].text
	if _, en, ok := prefixForm(CodeHandle, b.Node); !ok || strings.Contains(b.Node, rangeSign) {
		return b, rows, fault.New(fault.Invalid, "node %.40q of the batch: want %s", b.Node, en)
	}
	if b.Sent, err = ParseInstant(fields["sent"].text); err != nil {
		return b, rows, fault.New(fault.Invalid, "sent of the batch: %v", err)
	}
	b.Sent = b.Sent.In(time.UTC)
	return b, fields["rows"], nil
}

// fromNode checks a batch and turns it into structs.
func fromNode(n node) (Batch, error) {
	b, rows, err := head(n)
	if err != nil {
		return Batch{}, err
	}
	s, err := SpecOf(b.Table)
	if err != nil {
		return Batch{}, err
	}
	switch {
	case s.row == nil:
		return Batch{}, fault.New(fault.Invalid, "table %s has no rows; deposits go by SFTP", b.Table)
	case len(rows.kids) == 0:
		return Batch{}, fault.New(fault.Invalid, "the batch of table %s has no rows; send none", b.Table)
	case len(rows.kids) > MaxRows:
		return Batch{}, fault.New(fault.Invalid, "the batch has %d rows, at most %d are allowed; send several", len(rows.kids), MaxRows)
	}
	columns, err := Columns(b.Table)
	if err != nil {
		return Batch{}, err
	}
	c := &checker{node: b.Node}
	for i, k := range rows.kids {
		if c.full() {
			break
		}
		c.row = i + 1
		c.must("", k.name, k.name == entry, "item", "<item>")
		row := s.row()
		c.bind(k, columns, reflect.ValueOf(row).Elem())
		b.Rows = append(b.Rows, row)
	}
	if len(c.found) == 0 {
		c.rows(s, b.Rows)
	}
	if len(c.found) > 0 {
		b.Rows = nil
		return b, c.found
	}
	return b, nil
}
