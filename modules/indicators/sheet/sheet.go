// Package sheet turns CSV and XLSX files into observations, each row with a
// verdict, and observations into such files. It knows no database.
//
// What must hold: a number enters with the digits it has in the file, or its row
// is refused; whatever is changed on the way (a thousands separator, a full-width
// digit, 2023年6月) is said in the row's verdict; a bad row names its cell; a file
// that cannot be read to its end is an error, never a shorter file; what is written
// here is read back as the same observations. Memory grows by some 40 bytes a row
// (the keys of the duplicate check), never by the file.
package sheet

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
)

// Format is a kind of file.
type Format string

// The formats. The empty Format is a file that is neither.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Limits of what is read. They keep one file from taking the machine, and are far
// above what a city's return needs.
const (
	maxCell     = 32 << 10 // bytes of UTF-8; a cell of Excel holds 32,767 characters
	maxColumns  = 200
	maxRowsCSV  = 5_000_000
	maxRowsXLSX = 1 << 20 // what Excel itself can hold
)

// Detect tells the format from the first bytes of a file (512 are enough) and,
// where these do not say, from its name. It is "" for what is plainly neither,
// such as PDF, an old .xls or an encrypted workbook.
func Detect(name string, head []byte) Format {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return XLSX
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return CSV
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(head, []byte("%PDF-")), bytes.IndexByte(head, 0) >= 0:
		return ""
	case slices.Contains([]string{".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".et"}, ext):
		return "" // named a workbook, but it is not a zip archive
	}
	return CSV
}

// Options is what the file does not say. Lookup must be set.
type Options struct {
	// Lookup finds a definition by what stands in the indicator column: its id, and
	// its name where the caller allows that.
	Lookup func(indicator string) (observation.Indicator, bool)
	// Suggest says what an unknown indicator was probably meant to be, as a clause
	// that begins with "; "; nil or "" when there is no guess.
	Suggest func(indicator string) string
	// Place turns what stands in the unit column into a unit's code; nil takes any code.
	Place func(unit string) (code string, ok bool)

	DefaultUnit string             // code for rows that name no unit; "" makes the column required
	Known       time.Time          // for rows that do not say since when they are known; it is not after Today
	Status      observation.Status // for rows that do not say it; "" is Reported
	Document    string             // source of rows that name none
	Today       time.Time          // now: later periods are refused; the zero time checks nothing
	Zone        *time.Location     // in which a date begins; nil is UTC
	MaxRows     int                // below the limit of the format; 0 is that limit
}

// Row is an observation as the file states it: it has no vintage and no recorder yet.
type Row struct {
	Line        int // of the file, from 1; in XLSX the row
	Observation observation.Observation
}

// Verdict says what became of a row.
type Verdict struct {
	Line   int    `json:"line"`             // of the file, from 1
	Cell   string `json:"cell,omitempty"`   // as a spreadsheet names it: C7; "" when nothing is to be said
	Column string `json:"column,omitempty"` // heading of that cell
	Value  string `json:"value,omitempty"`  // what stands in it, cut short when long
	Reason string `json:"reason,omitempty"` // one sentence: why refused, or what was mended
	Mended bool   `json:"mended,omitempty"`
	OK     bool   `json:"ok"`
}

// String prints the verdict for people, as in: line 7, cell C7 (数值): the value is empty.
func (v Verdict) String() string {
	s := "line " + strconv.Itoa(v.Line)
	if v.Cell != "" {
		s += ", cell " + v.Cell
	}
	if v.Column != "" {
		s += " (" + v.Column + ")"
	}
	switch {
	case v.Reason != "":
		return s + ": " + v.Reason
	case v.OK:
		return s + ": accepted"
	}
	return s + ": refused"
}

// Reader gives the rows of one file, one at a time. It is for one goroutine.
type Reader struct {
	open   func() (source, error) // opens at the first Next
	source source
	check  *checker
	limit  int
	rows   int
	notes  []string
	err    error
}

// Read returns a reader of r, which it begins to read at the first Next. When r
// is also an io.ReaderAt and an io.Seeker, as files are, a workbook is not copied
// into memory.
func Read(r io.Reader, format Format, opts Options) *Reader {
	rd := &Reader{limit: maxRowsCSV, check: newChecker(opts)}
	if format == XLSX {
		rd.limit = maxRowsXLSX
	}
	if opts.MaxRows > 0 {
		rd.limit = min(rd.limit, opts.MaxRows)
	}
	rd.open = func() (source, error) {
		switch format {
		case CSV:
			return openCSV(r, rd.note)
		case XLSX:
			return openXLSX(r, rd.note)
		}
		return nil, fault.New(fault.Invalid, "the file is neither CSV nor XLSX; save an old .xls or an encrypted workbook as .xlsx without a password, or as CSV")
	}
	return rd
}

// Next returns the next row that is not blank with its verdict; ok is false after
// the last one and after an error, which Err tells apart. The row of a refused
// verdict has its line only.
func (r *Reader) Next() (row Row, v Verdict, ok bool) {
	if r.err != nil {
		return row, v, false
	}
	if r.source == nil {
		if r.err = r.start(); r.err != nil {
			return row, v, false
		}
	}
	rec, err := r.record()
	if err != nil {
		r.err = err
		return row, v, false
	}
	if r.rows++; r.rows > r.limit {
		r.err = fault.New(fault.Invalid, "the file has more than %d rows; split it", r.limit)
		return row, v, false
	}
	row.Line = rec.line
	v = r.check.row(rec, &row.Observation)
	return row, v, true
}

// Err returns what stopped the reading before the end of the file: fault.Invalid
// for the file's own faults, else the error of its io.Reader. Rows that were given
// before it must not be kept on their own.
func (r *Reader) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Notes returns what is to be said of the file as a whole: another encoding than
// UTF-8, another separator than a comma, titles above the heading, sheets not read.
func (r *Reader) Notes() []string { return slices.Clone(r.notes) }

func (r *Reader) note(s string) { r.notes = append(r.notes, s) }

// start opens the file and reads up to its heading.
func (r *Reader) start() (err error) {
	if r.source, err = r.open(); err != nil {
		return err
	}
	const titles = 20 // lines that a heading may stand below
	for range titles {
		rec, err := r.record()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if title, ok := rec.title(); ok {
			r.note("row " + strconv.Itoa(rec.number) + " (" + clip(title) + ") stands above the heading and was not read")
			continue
		}
		r.check.layout, err = readHeading(rec, r.check.required(), r.note)
		return err
	}
	return fault.New(fault.Invalid, "the file has no heading; its first row must name the columns %s", knownColumns())
}

// record returns the next record that is not blank.
func (r *Reader) record() (record, error) {
	for {
		rec, err := r.source.next()
		if err != nil || !rec.blank() {
			return rec, err
		}
	}
}

// source gives the records of a file; io.EOF ends it. A record is valid until the
// next call.
type source interface{ next() (record, error) }

// record is one row of a file.
type record struct {
	line   int // of the file
	number int // as a spreadsheet counts rows
	cells  []cell
}

// cell is one cell as it is shown, without the spaces around it.
type cell struct {
	text string
	flaw string // why it cannot be used, "" when it can
	mend string // how it was changed to be read, "" when it was not
}

func (c cell) empty() bool { return c.text == "" && c.flaw == "" }

func (r record) blank() bool {
	return !slices.ContainsFunc(r.cells, func(c cell) bool { return !c.empty() })
}

// title returns the only text of a record when that is not the name of a column.
func (r record) title() (text string, ok bool) {
	for _, c := range r.cells {
		if c.empty() {
			continue
		}
		if ok {
			return "", false
		}
		text, ok = c.text, true
	}
	if _, known := findColumn(text); known {
		return "", false
	}
	return text, ok
}

// cellName names a cell as spreadsheets do: column 2 (from 0) of row 7 is C7.
func cellName(column, row int) string { return columnName(column) + strconv.Itoa(row) }

func columnName(column int) string {
	if column < 0 {
		return ""
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	last := column % len(letters)
	return columnName(column/len(letters)-1) + letters[last:last+1]
}

// clip cuts a value that is quoted in a sentence to a length people can read.
func clip(s string) string {
	const most = 40 // characters
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// quote is clip between quotation marks, with control characters made visible.
func quote(s string) string { return strconv.Quote(clip(s)) }
