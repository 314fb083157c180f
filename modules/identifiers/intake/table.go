package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"                  //nolint:depguard // a codec is where a third party belongs
	"golang.org/x/text/encoding/simplifiedchinese" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// readCSV reads a table parted by commas, semicolons or tabs.
func readCSV(b *bufio.Reader, head []byte, o Options) (iter.Seq[Row], error) {
	room := &budget{r: b}
	room.renew()
	r, head := unmarked(room, head)
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.ReuseRecord, c.LazyQuotes, c.Comma = -1, true, false, comma(head)
	header, err := c.Read()
	if err != nil {
		return nil, fault.Say(fault.Invalid, "第 1 行读不懂：%v。", "row 1 cannot be read: %v", err)
	}
	t, err := newTable(header, o)
	if err != nil {
		return nil, err
	}
	return func(yield func(Row) bool) {
		for {
			cells, err := c.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(broken(lineOf(err), err))
				return
			}
			room.renew()
			line, _ := c.FieldPos(0)
			if !yield(t.row(line, cells)) {
				return
			}
		}
	}, nil
}

// unmarked returns the reader in UTF-8, and the beginning of what it reads.
func unmarked(r io.Reader, head []byte) (io.Reader, []byte) {
	if validHead(head) {
		return r, head
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(head[:len(head)-len(head)%4])
	if err == nil {
		head = decoded
	}
	return simplifiedchinese.GB18030.NewDecoder().Reader(r), head
}

func lineOf(err error) int {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return p.StartLine
	}
	return 0
}

// budget lets a row take so much of a file and no more: a quotation mark or an element
// that is never closed does not draw the whole file into memory.
type budget struct {
	r    io.Reader
	left int
}

const rowBudget = 16 << 20

func (b *budget) renew() { b.left = rowBudget }

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault.New(fault.Invalid, "a row takes more than %d bytes", rowBudget)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// validHead reports whether the beginning of a file is UTF-8, of which the last
// character may be cut off.
func validHead(head []byte) bool {
	for cut := range min(utf8.UTFMax, len(head)+1) {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// comma returns what parts the cells of the first row.
func comma(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// readSheet reads the first sheet of a workbook.
func readSheet(r io.Reader, o Options) (iter.Seq[Row], error) {
	f, err := excelize.OpenReader(r, excelize.Options{UnzipXMLSizeLimit: 64 << 20, UnzipSizeLimit: 2 << 30})
	if err != nil {
		return nil, fault.Say(fault.Invalid, "文件不是可读的 XLSX：%v。", "the file is no XLSX that can be read: %v", err)
	}
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, errors.Join(fault.Say(fault.Invalid, "工作簿里没有工作表。", "the workbook has no sheet"), f.Close())
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t, line, err := sheetHeader(rows, o)
	if err != nil {
		return nil, errors.Join(err, rows.Close(), f.Close())
	}
	return func(yield func(Row) bool) {
		defer f.Close()    //nolint:errcheck // read only
		defer rows.Close() //nolint:errcheck // likewise
		for rows.Next() {
			line++
			cells, err := rows.Columns(excelize.Options{RawCellValue: true})
			if err != nil {
				yield(broken(line, err))
				return
			}
			if len(cells) > 0 && !yield(t.row(line, cells)) {
				return
			}
		}
		if err := rows.Error(); err != nil {
			yield(broken(line, err))
		}
	}, nil
}

// sheetHeader reads the first row that has cells.
func sheetHeader(rows *excelize.Rows, o Options) (*table, int, error) {
	line := 0
	for rows.Next() {
		line++
		header, err := rows.Columns()
		if err != nil {
			return nil, line, err
		}
		if len(header) > 0 {
			t, err := newTable(header, o)
			return t, line, err
		}
	}
	return nil, line, fault.Say(fault.Invalid, "工作表是空的；第一行应是列名，如 标识,URL。", "the sheet is empty; its first row names the columns, such as identifier,URL")
}
