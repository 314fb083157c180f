package sheet

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// xmlText reads tokens, and texts of limited length.
type xmlText struct {
	guard *guard
	dec   *xml.Decoder
}

func newXMLText(g *guard) xmlText { return xmlText{g, xml.NewDecoder(g)} }

func (x xmlText) token() (xml.Token, error) {
	t, err := x.dec.RawToken()
	x.guard.next()
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(x.guard.name, err)
	}
	return t, err
}

// visitor takes the parts of an element as they come.
type visitor interface {
	start(e xml.StartElement) error
	text(b []byte)
	end(name string)
}

// until hands the parts of the element of this name to v, up to its end. An element
// that does not end is fault.Invalid: the part is cut short.
func (x xmlText) until(name string, v visitor) error {
	for {
		t, err := x.token()
		if errors.Is(err, io.EOF) {
			return x.cutShort()
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := v.start(t); err != nil {
				return err
			}
		case xml.CharData:
			v.text(t)
		case xml.EndElement:
			if t.Name.Local == name {
				return nil
			}
			v.end(t.Name.Local)
		}
	}
}

func (x xmlText) cutShort() error {
	return fault.New(fault.Invalid, "the workbook is damaged: its part %s is cut short", x.guard.name)
}

// richText collects the text of a string item without its phonetic reading.
type richText struct {
	b        []byte
	in       string // t, v, or "" outside
	phonetic bool
	formula  bool // a formula stands beside the text
}

func (r *richText) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "rPh":
		r.phonetic = true
	case "t", "v":
		r.in = e.Name.Local
	case "f":
		r.formula = true
	}
	return nil
}

func (r *richText) text(b []byte) {
	if r.in == "" || r.phonetic {
		return
	}
	r.b = append(r.b, b[:min(len(b), max(0, maxCell+1-len(r.b)))]...)
}

func (r *richText) end(name string) {
	switch name {
	case "rPh":
		r.phonetic = false
	case "t", "v":
		r.in = ""
	}
}

// escaped are characters that XML cannot hold, as workbooks write them.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// String returns the text, with _x000A_ and the like decoded (ECMA-376 ST_Xstring).
func (r *richText) String() string {
	s := string(r.b)
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil {
			return m
		}
		return string(rune(n))
	})
}

// readStrings reads the table of texts that cells refer to.
func (b *book) readStrings(name string) error {
	g, err := b.open(name, maxStrings)
	if err != nil {
		return err
	}
	defer g.Close() //nolint:errcheck // only read
	x := newXMLText(g)
	for {
		t, err := x.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			var r richText
			if err := x.until("si", &r); err != nil {
				return err
			}
			b.strings = append(b.strings, r.String())
		}
	}
}

// sheetFile streams the rows of a sheet.
type sheetFile struct {
	book  *book
	xml   xmlText
	last  int // row
	cells []cell
	done  bool
}

func (b *book) newSheet(name string) (source, error) {
	g, err := b.open(name, maxSheet)
	if err != nil {
		return nil, err
	}
	return &sheetFile{book: b, xml: newXMLText(g)}, nil
}

// next implements source. It closes the part after its last row.
func (s *sheetFile) next() (record, error) {
	for !s.done {
		t, err := s.xml.token()
		if errors.Is(err, io.EOF) {
			return record{}, s.xml.cutShort()
		}
		if err != nil {
			return record{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				return s.row(t)
			}
		case xml.EndElement:
			s.done = t.Name.Local == "sheetData"
		}
	}
	if err := s.xml.guard.Close(); err != nil {
		return record{}, damaged(s.xml.guard.name, err)
	}
	return record{}, io.EOF
}

func (s *sheetFile) row(e xml.StartElement) (record, error) {
	number := s.last + 1
	if r := attr(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n <= s.last || n > maxRowsXLSX {
			return record{}, fault.New(fault.Invalid, "the workbook is damaged: row %s follows row %d", quote(r), s.last)
		}
		number = n
	}
	s.last, s.cells = number, s.cells[:0]
	err := s.xml.until("row", rowVisitor{s})
	return record{number, number, s.cells}, err
}

// rowVisitor reads the cells of a row.
type rowVisitor struct{ *sheetFile }

func (v rowVisitor) start(e xml.StartElement) error {
	if e.Name.Local != "c" {
		return nil
	}
	return v.cell(e)
}

func (rowVisitor) text([]byte) {}
func (rowVisitor) end(string)  {}

// cell reads a cell to its place in cells.
func (s *sheetFile) cell(e xml.StartElement) error {
	column := len(s.cells)
	if r := attr(e, "r"); r != "" {
		if column = columnOf(r); column < len(s.cells) {
			return fault.New(fault.Invalid, "the workbook is damaged: cell %s in row %d is out of order", quote(r), s.last)
		}
	}
	var text richText
	if err := s.xml.until("c", &text); err != nil {
		return err
	}
	c := s.value(attr(e, "t"), attr(e, "s"), text.String())
	if c.empty() && text.formula {
		c.flaw = "holds a formula whose result is not saved; open and save the file in a spreadsheet program"
	}
	switch {
	case c.empty():
		return nil
	case column >= maxColumns:
		return fault.New(fault.Invalid, "row %d has more than %d cells", s.last, maxColumns)
	}
	for len(s.cells) < column {
		s.cells = append(s.cells, cell{})
	}
	s.cells = append(s.cells, c)
	return nil
}

// value makes a cell of its type, style and content.
func (s *sheetFile) value(kind, style, content string) cell {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(content))
		if content == "" {
			return cell{}
		}
		if err != nil || i < 0 || i >= len(s.book.strings) {
			return cell{text: content, flaw: "refers to a text that the workbook does not hold"}
		}
		return textCell(s.book.strings[i])
	case "str", "inlineStr":
		return textCell(content)
	case "d": // an ISO 8601 date, which few programs write
		return textCell(strings.TrimSuffix(content, "T00:00:00"))
	case "b":
		return cell{text: content, flaw: "holds a truth value, not a text or number"}
	case "e":
		return cell{text: content, flaw: "holds the error " + clip(content)}
	}
	if content == "" {
		return cell{}
	}
	var f form
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(s.book.forms) {
		f = s.book.forms[i]
	}
	return f.show(content, s.book.epoch)
}

func textCell(s string) cell {
	c := cell{text: strings.TrimSpace(s)}
	switch {
	case len(s) > maxCell:
		c.flaw = flawOf(tooLong, "")
	case !utf8.ValidString(s):
		c.flaw = flawOf(high, s)
	case strings.ContainsFunc(c.text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }):
		c.flaw = flawOf(strange, "")
	}
	return c
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// columnOf returns the column of a cell's name, from 0; -1 when it names none.
func columnOf(name string) int {
	n := 0
	for _, r := range name {
		if r < 'A' || r > 'Z' || n > maxColumns*26 {
			break
		}
		n = n*26 + int(r-'A') + 1
	}
	return n - 1
}
