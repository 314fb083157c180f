package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// csvFile splits text into records as RFC 4180 says, with any of the three
// separators and line ends. A cell that is too long is skipped, not kept.
type csvFile struct {
	in       io.Reader
	buf      []byte
	pos, end int
	err      error // of in, once all of buf is used

	sep   byte
	kind  [256]byte
	line  int // of the byte at pos, from 1
	rows  int
	text  []byte // of the record at hand, cells one behind the other
	ends  []span
	cells []cell
}

// span is where in the record's text a cell ends, and what was seen in it.
type span struct {
	end  int
	seen byte
}

// The kinds of bytes, as bits.
const (
	stops   = 1 << iota // ends a cell that is not quoted
	strange             // a control character: no part of any text
	high                // not ASCII: must be checked
	tooLong
	trailing // text stands behind the closing quotation mark
	open     // the closing quotation mark is missing
	breaks   // it has several lines
)

// separators are tried in this order when a heading could be read with several.
const separators = ",;\t"

// openCSV decodes r and finds the separator.
func openCSV(r io.Reader, note func(string)) (source, error) {
	text, err := decode(r, note)
	if err != nil {
		return nil, err
	}
	f := &csvFile{in: text, buf: make([]byte, 64<<10), line: 1}
	for i := range 0x20 {
		f.kind[i] = strange
	}
	f.kind['\t'], f.kind['\n'], f.kind['\r'], f.kind[0x7f] = 0, stops, stops, strange
	for i := 0x80; i <= 0xff; i++ {
		f.kind[i] = high
	}
	if err := f.findSeparator(note); err != nil {
		return nil, err
	}
	f.kind[f.sep] |= stops
	return f, nil
}

// findSeparator chooses the separator by which most headings of the first lines
// are known columns. A first line "sep=;", as Excel writes it, is obeyed and skipped.
func (f *csvFile) findSeparator(note func(string)) error {
	for f.end < len(f.buf) && f.err == nil {
		n, err := f.in.Read(f.buf[f.end:])
		f.end, f.err = f.end+n, err
	}
	if f.err != nil && !errors.Is(f.err, io.EOF) {
		return f.err
	}
	head := string(f.buf[:f.end])
	f.sep = separators[0]
	if rest, ok := strings.CutPrefix(head, "sep="); ok && rest != "" && strings.Contains(separators, rest[:1]) {
		f.sep, f.pos = rest[0], len("sep=")+1
		line, _, _ := strings.Cut(head[f.pos:], "\n")
		f.pos, f.line, f.rows = min(f.pos+len(line)+1, f.end), 2, 1
		return nil
	}
	best := 0
	for _, sep := range []byte(separators) {
		if n := knownHeadings(head, sep); n > best {
			best, f.sep = n, sep
		}
	}
	if f.sep != separators[0] {
		note("the separator is " + strconv.Quote(string(rune(f.sep))))
	}
	return nil
}

// knownHeadings counts the known columns in the line of text that has most of them.
func knownHeadings(text string, sep byte) (most int) {
	const lines = 20
	n := 0
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		known := 0
		for part := range strings.SplitSeq(clipBytes(line, maxCell), string(rune(sep))) {
			if _, ok := findColumn(strings.Trim(part, `" `)); ok {
				known++
			}
		}
		most = max(most, known)
		if n++; n == lines {
			break
		}
	}
	return most
}

func clipBytes(s string, most int) string { return s[:min(len(s), most)] }

// next implements source.
func (f *csvFile) next() (record, error) {
	if !f.more() {
		return record{}, f.err
	}
	rec := record{line: f.line, number: f.rows + 1}
	f.rows++
	f.text, f.ends, f.cells = f.text[:0], f.ends[:0], f.cells[:0]
	for {
		if len(f.ends) == maxColumns {
			return rec, fault.New(fault.Invalid, "line %d has more than %d cells", rec.line, maxColumns)
		}
		from := f.line
		seen := f.cell()
		f.ends = append(f.ends, span{len(f.text), seen})
		if seen&open != 0 {
			return rec, fault.New(fault.Invalid, "the quotation mark that opens cell %s in line %d is never closed", cellName(len(f.ends)-1, rec.number), from)
		}
		if f.endOfRecord() {
			break
		}
	}
	if f.err != nil && !errors.Is(f.err, io.EOF) {
		return rec, f.err // the record may be cut short
	}
	f.split()
	rec.cells = f.cells
	return rec, nil
}

// more reports whether there is a byte at pos, after reading on when needed.
func (f *csvFile) more() bool {
	for f.pos == f.end && f.err == nil {
		var n int
		n, f.err = f.in.Read(f.buf)
		f.pos, f.end = 0, n
	}
	return f.pos < f.end
}

// cell reads one cell into text.
func (f *csvFile) cell() (seen byte) {
	if f.more() && f.buf[f.pos] == '"' {
		f.pos++
		return f.quoted()
	}
	return f.plain(len(f.text))
}

// plain reads up to a separator or the end of the line.
func (f *csvFile) plain(start int) (seen byte) {
	for f.more() {
		chunk := f.buf[f.pos:f.end]
		n := len(chunk)
		for i, c := range chunk {
			k := f.kind[c]
			if k&stops != 0 {
				n = i
				break
			}
			seen |= k
		}
		seen |= f.keep(chunk[:n], start)
		f.pos += n
		if n < len(chunk) {
			return seen
		}
	}
	return seen
}

// quoted reads up to the closing quotation mark and what stands behind it.
func (f *csvFile) quoted() (seen byte) {
	start := len(f.text)
	for f.more() {
		chunk := f.buf[f.pos:f.end]
		n := 0
		for n < len(chunk) && chunk[n] != '"' {
			c := chunk[n]
			if seen |= f.kind[c] &^ stops; c == '\n' {
				f.line++
				seen |= breaks
			}
			n++
		}
		seen |= f.keep(chunk[:n], start)
		f.pos += n
		if n == len(chunk) {
			continue
		}
		f.pos++ // the quotation mark
		if !f.more() || f.buf[f.pos] != '"' {
			return seen | f.behind()
		}
		seen |= f.keep(f.buf[f.pos:f.pos+1], start) // two stand for one
		f.pos++
	}
	return seen | open
}

// behind skips what stands between a closing quotation mark and the separator.
func (f *csvFile) behind() (seen byte) {
	start := len(f.text)
	f.plain(start)
	if strings.TrimSpace(string(f.text[start:])) != "" {
		seen = trailing
	}
	f.text = f.text[:start]
	return seen
}

// keep appends b to the cell that begins at start, unless the cell becomes too long.
func (f *csvFile) keep(b []byte, start int) (seen byte) {
	if len(f.text)-start+len(b) > maxCell {
		b = b[:max(0, maxCell-(len(f.text)-start))]
		seen = tooLong
	}
	f.text = append(f.text, b...)
	return seen
}

// endOfRecord skips the separator or the end of the line at pos.
func (f *csvFile) endOfRecord() bool {
	if !f.more() {
		return true
	}
	c := f.buf[f.pos]
	f.pos++
	if c == f.sep {
		return false
	}
	f.line++
	if c == '\r' && f.more() && f.buf[f.pos] == '\n' {
		f.pos++
	}
	return true
}

// split makes the cells of the record's text.
func (f *csvFile) split() {
	text := string(f.text)
	start := 0
	for _, s := range f.ends {
		c := cell{text: strings.TrimSpace(text[start:s.end])}
		if s.seen&^breaks != 0 {
			c.flaw = flawOf(s.seen, c.text)
		}
		if s.seen&breaks != 0 {
			c.text = strings.ReplaceAll(c.text, "\r\n", "\n")
		}
		if len(c.text) > 1 && c.text[0] == '\'' {
			c.text = unescapeFormula(c.text)
		}
		f.cells = append(f.cells, c)
		start = s.end
	}
}

// flawOf says why a cell cannot be used.
func flawOf(seen byte, text string) string {
	switch {
	case seen&tooLong != 0:
		return "is longer than " + strconv.Itoa(maxCell) + " bytes"
	case seen&trailing != 0:
		return "goes on behind its closing quotation mark; write a quotation mark within a cell twice"
	case seen&strange != 0:
		return "holds a control character"
	case seen&high != 0 && !utf8.ValidString(text):
		return "holds bytes that are not UTF-8"
	case seen&high != 0 && strings.ContainsRune(text, utf8.RuneError):
		return "holds characters that could not be decoded"
	}
	return ""
}
