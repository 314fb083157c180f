// Package sheet writes a request for numbers as an XLSX workbook and reads it back.
//
// What must hold: headings and everything but the two columns that are filled in
// are locked; a workbook whose headings were changed, or that is another request's,
// is refused and never guessed at; a number is read with the digits that were
// typed.
package sheet

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// Row is one number of a request.
type Row struct {
	Indicator, Place string // ids, in hidden columns
	PlaceName, Name  string
	Period, Unit     string
	Last, Year       string // as printed, for comparison
	Value, Note      string // what is filled in
}

// Book is a request as a workbook.
type Book struct {
	Request string // id
	Title   string
	Hint    string // how it is filled in
	Rows    []Row
}

// The layout: the request's id in A1 and its title in C1, the hint in C2, headings in row 3,
// numbers from row 4.
const (
	name       = "填报 Form"
	headingRow = 3
	firstRow   = 4
	maxSize    = 16 << 20 // bytes of a workbook
	maxRows    = 20000
	digits     = 15 // that a spreadsheet keeps of a number
)

// headings are those of the columns A to J.
func headings() []string {
	return []string{"indicator", "place", "地区 Place", "指标 Indicator", "报告期 Period", "单位 Unit", "上期 Last", "上年同期 Year before", "本期 Value", "说明 Explanation"}
}

func widths() []float64 { return []float64{2, 2, 18, 36, 22, 10, 18, 18, 18, 48} }

func (r Row) cells() []string {
	return []string{r.Indicator, r.Place, r.PlaceName, r.Name, r.Period, r.Unit, r.Last, r.Year, r.Value, r.Note}
}

// Write writes the workbook. Errors: those of w; fault.Invalid when there are more
// rows than a form holds.
func Write(w io.Writer, b Book) (err error) {
	if len(b.Rows) > maxRows {
		return fault.New(fault.Invalid, "the form has %d numbers; a sheet holds %d", len(b.Rows), maxRows)
	}
	f := excelize.NewFile()
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	if err := fill(f, b); err != nil {
		return err
	}
	if err := dress(f, len(b.Rows)); err != nil {
		return err
	}
	return f.Write(w)
}

// fill writes the cells.
func fill(f *excelize.File, b Book) error {
	var errs []error
	put := func(col, row int, text string) {
		at, err := excelize.CoordinatesToCellName(col, row)
		errs = append(errs, err, f.SetCellStr(name, at, text))
	}
	put(1, 1, b.Request)
	put(3, 1, b.Title)
	put(3, 2, b.Hint)
	for i, h := range headings() {
		put(i+1, headingRow, h)
	}
	for n, r := range b.Rows {
		for i, text := range r.cells() {
			put(i+1, firstRow+n, text)
		}
	}
	return errors.Join(errs...)
}

// dress gives the sheet its widths and styles, and locks all but what is filled in.
func dress(f *excelize.File, rows int) error {
	open, err := f.NewStyle(&excelize.Style{NumFmt: 49, Protection: &excelize.Protection{Locked: false}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFF8E1"}}})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Protection: &excelize.Protection{Locked: true}})
	if err != nil {
		return err
	}
	var errs []error
	for i, w := range widths() {
		col, err := excelize.ColumnNumberToName(i + 1)
		errs = append(errs, err, f.SetColWidth(name, col, col, w))
	}
	errs = append(errs,
		f.SetColVisible(name, "A:B", false),
		f.SetCellStyle(name, "A1", "J3", bold),
		f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: headingRow, TopLeftCell: "A4", ActivePane: "bottomLeft"}),
		f.ProtectSheet(name, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true}),
	)
	if rows > 0 {
		errs = append(errs, f.SetCellStyle(name, "I4", "J"+strconv.Itoa(headingRow+rows), open))
	}
	return errors.Join(errs...)
}

// Read reads a workbook that Write has made and somebody has filled in: its
// request, and of each row the ids, value and explanation.
//
// Errors: fault.Invalid when it is no workbook, too large, or its headings are not
// those that were sent out.
func Read(r io.Reader) (b Book, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return b, err
	}
	if len(raw) > maxSize {
		return b, fault.New(fault.Invalid, "the workbook is larger than %d MB; send the form as it was filled in", maxSize>>20)
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{RawCellValue: true, UnzipSizeLimit: 64 << 20, UnzipXMLSizeLimit: 32 << 20})
	if err != nil {
		return b, fault.New(fault.Invalid, "the file is no .xlsx workbook that can be read; save the form as .xlsx without a password")
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	rows, err := f.GetRows(name)
	if err != nil {
		return b, fault.New(fault.Invalid, "the workbook has no sheet %q; fill in the form that was sent out", name)
	}
	if len(rows) < headingRow {
		return b, fault.New(fault.Invalid, "the sheet %q is empty; fill in the form that was sent out", name)
	}
	if len(rows) > maxRows+headingRow {
		return b, fault.New(fault.Invalid, "the sheet has %d rows; a form holds %d", len(rows), maxRows)
	}
	b.Request = at(rows[0], 0)
	for i, h := range headings() {
		if got := at(rows[headingRow-1], i); got != h {
			return b, fault.New(fault.Invalid, "column %d is headed %q; it has to be %q: headings are locked, fill in the form as it was sent out", i+1, got, h)
		}
	}
	for _, row := range rows[headingRow:] {
		if at(row, 0) == "" {
			continue
		}
		b.Rows = append(b.Rows, Row{Indicator: at(row, 0), Place: at(row, 1), Value: tidy(at(row, 8)), Note: at(row, 9)})
	}
	return b, nil
}

func at(row []string, i int) string {
	if i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

// tidy undoes what binary fractions do to a number that was typed into a cell of
// numbers: 2.2999999999999998 is 2.3. A text stays as it is.
func tidy(text string) string {
	if len(text) < digits {
		return text
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	short := strconv.FormatFloat(x, 'g', digits, 64)
	if y, err := strconv.ParseFloat(short, 64); err != nil || strings.ContainsAny(short, "eE") || y == x && !strings.Contains(text, ".") {
		return text
	}
	return short
}
