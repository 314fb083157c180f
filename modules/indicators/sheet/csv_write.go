package sheet

import (
	"bufio"
	"io"
	"iter"
	"strings"

	"yuzhou/kernel/observation"
)

// WriteCSV writes observations as RFC 4180 says, in UTF-8, one at a time: a heading
// and a row for each. Text that a spreadsheet would run as a formula gets an
// apostrophe before it, which Read takes away.
//
//   - The sequence cannot fail: whoever feeds it from a database keeps the error
//     and must not serve the file then.
//   - Errors: those of w.
func WriteCSV(w io.Writer, all iter.Seq[observation.Observation], e Export) error {
	out := bufio.NewWriterSize(w, 64<<10)
	cols := e.written()
	var line []byte
	if e.BOM {
		line = append(line, "\ufeff"...)
	}
	for i, c := range cols {
		line = appendCell(line, e.heading(c), i)
	}
	if _, err := out.Write(append(line, "\r\n"...)); err != nil {
		return err
	}
	for o := range all {
		line = line[:0]
		for i, c := range cols {
			s := e.text(c, o)
			if !c.isNumber() && c != colComparator { // "=" alone is no formula
				s = escapeFormula(s)
			}
			line = appendCell(line, s, i)
		}
		if _, err := out.Write(append(line, "\r\n"...)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// appendCell appends the cell at position i of a line, quoted when it must be.
func appendCell(line []byte, s string, i int) []byte {
	if i > 0 {
		line = append(line, ',')
	}
	if !strings.ContainsAny(s, "\",;\t\r\n") {
		return append(line, s...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(s, `"`, `""`)...)
	return append(line, '"')
}
