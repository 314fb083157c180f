package sheet

import (
	"io"
	"iter"
	"strconv"

	"github.com/xuri/excelize/v2" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
)

// The sheets of a workbook that is written.
const (
	dataSheet  = "数据 Data"
	notesSheet = "说明 Notes"
)

// WriteXLSX writes observations to a sheet with a heading that stays in view, and
// a sheet of notes: what the columns are, who publishes, up to when it was known.
// Numbers are numbers, shown with the digits they were printed with; those of more
// than 15 digits, which a spreadsheet would round, are text.
//
//   - The sequence cannot fail, as with WriteCSV.
//   - Errors: fault.Invalid when there are more rows than a sheet holds (1,048,575);
//     those of w. Nothing is written to w before the last row is known.
func WriteXLSX(w io.Writer, all iter.Seq[observation.Observation], e Export) (err error) {
	f := excelize.NewFile()
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := f.SetSheetName("Sheet1", dataSheet); err != nil {
		return err
	}
	if _, err := f.NewSheet(notesSheet); err != nil {
		return err
	}
	b := &workbook{Export: e, file: f, cols: e.written(), places: map[int]int{}}
	rows, err := b.data(all)
	if err != nil {
		return err
	}
	if err := b.notes(rows); err != nil {
		return err
	}
	return f.Write(w)
}

// workbook is one that is being written.
type workbook struct {
	Export
	file   *excelize.File
	cols   []column
	places map[int]int // style that shows so many digits after the point
}

// width is how wide a column is shown, in characters of half width.
func width(c column) float64 {
	switch c {
	case colName, colBundle, colPrinted, colNote:
		return 36
	case colIndicator, colPeriod, colSource:
		return 20
	case colValue, colBase, colKnown:
		return 16
	case colUnit, colMeasure, colComparator, colStatus, colVintage, colScale, colLabels, columnCount:
	}
	return 11
}

// data writes the first sheet and returns how many rows it has.
func (b *workbook) data(all iter.Seq[observation.Observation]) (rows int, err error) {
	sw, err := b.begin()
	if err != nil {
		return 0, err
	}
	cells := make([]any, len(b.cols))
	for o := range all {
		if rows++; rows >= maxRowsXLSX {
			return 0, fault.New(fault.Invalid, "there are more rows than the %d that a sheet holds; choose fewer, or CSV", maxRowsXLSX-1)
		}
		for i, c := range b.cols {
			if cells[i], err = b.cell(c, o); err != nil {
				return 0, err
			}
		}
		if err := sw.SetRow("A"+strconv.Itoa(rows+1), cells); err != nil {
			return 0, err
		}
	}
	return rows, sw.Flush()
}

// begin opens the first sheet and writes its heading.
func (b *workbook) begin() (*excelize.StreamWriter, error) {
	sw, err := b.file.NewStreamWriter(dataSheet)
	if err != nil {
		return nil, err
	}
	style, err := b.headingStyle()
	if err != nil {
		return nil, err
	}
	cells := make([]any, len(b.cols))
	for i, c := range b.cols {
		cells[i] = excelize.Cell{StyleID: style, Value: b.heading(c)}
		if err := sw.SetColWidth(i+1, i+1, width(c)); err != nil {
			return nil, err
		}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return sw, sw.SetRow("A1", cells)
}

// cell returns what is put into a cell: a number with its style, or text.
func (b *workbook) cell(c column, o observation.Observation) (any, error) {
	s := b.text(c, o)
	if !c.isNumber() {
		return s, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || digitsOf(s) > significant {
		return s, nil //nolint:nilerr // what is no float is text
	}
	if c != colValue {
		return x, nil
	}
	style, err := b.decimalStyle(o.Quantity.Value.Places())
	return excelize.Cell{StyleID: style, Value: x}, err
}

// decimalStyle returns the style that shows so many digits after the point.
func (b *workbook) decimalStyle(places int) (int, error) {
	if id, ok := b.places[places]; ok {
		return id, nil
	}
	format := pad("#,##0", places)
	id, err := b.file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	b.places[places] = id
	return id, err
}

func (b *workbook) headingStyle() (int, error) {
	return b.file.NewStyle(&excelize.Style{
		Font:      &excelize.Font{Bold: true, Color: "FFFFFF"},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}},
		Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
	})
}

// notes writes the second sheet.
func (b *workbook) notes(rows int) error {
	sw, err := b.file.NewStreamWriter(notesSheet)
	if err != nil {
		return err
	}
	style, err := b.headingStyle()
	if err != nil {
		return err
	}
	for i, w := range []float64{28, 90} {
		if err := sw.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	lines := [][2]string{
		{"来源 Source", b.Source},
		{"截至 As of", printInstant(b.AsOf, b.zone())},
		{"行数 Rows", strconv.Itoa(rows)},
	}
	for _, c := range b.cols {
		lines = append(lines, [2]string{headings[c].zh[0] + " " + headings[c].en[0], meaning(c)})
	}
	for i, l := range lines {
		name := excelize.Cell{StyleID: style, Value: l[0]}
		if err := sw.SetRow("A"+strconv.Itoa(i+1), []any{name, l[1]}); err != nil {
			return err
		}
	}
	return sw.Flush()
}

// meaning explains a column in both languages.
func meaning(c column) string {
	return map[column]string{
		colIndicator:  "指标编码 / code of the indicator",
		colUnit:       "地区或单位编码 / code of the place or body",
		colPeriod:     "2026、2026-H1、2026-Q3、2026-07、2026-07-31 或 2023-01/2023-06",
		colValue:      "公布的数值,保留原有位数 / the number with the digits it was published with",
		colMeasure:    "计量单位,含万、亿 / what is counted, with its scale",
		colComparator: "= ~(约 about) ~<(近 just under) >(超 over) >=(以上 at least) <=(不超过 at most) <(低于 under)",
		colStatus:     "estimate 预计 flash 快报 preliminary 初步 reported 公布 final 最终 revised 修订 claim 声称 target 目标 derived 推算 demo 演示 withdrawn 撤回",
		colKnown:      "自何时可知 / since when the number is known",
		colPrinted:    "原文的写法 / as the source prints it",
		colSource:     "来源文件 / document it comes from",
		colNote:       "备注 / note",
		colName:       "可解析的标识 / resolvable name",
		colBundle:     "凭证文件的地址,任何人可据以核对 / address of the file with which anyone can check the number",
		colVintage:    "第几个版本 / which vintage, from 1",
		colScale:      "计量单位的十的幂次 / power of ten of the measure",
		colBase:       "折算到基本单位的数值 / the number in the base unit",
	}[c]
}
