package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"yuzhou/kernel/fault"
)

// styled is a value with a number format.
type styled struct {
	value  any
	format string
}

// workbookOf writes rows with the other library.
func workbookOf(t *testing.T, rows ...[]any) *bytes.Buffer {
	t.Helper()
	f := excelize.NewFile()
	for r, row := range rows {
		for c, v := range row {
			at := cellName(c, r+1)
			if s, ok := v.(styled); ok {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &s.format})
				if err != nil {
					t.Fatal(err)
				}
				if err := f.SetCellStyle("Sheet1", at, at, style); err != nil {
					t.Fatal(err)
				}
				v = s.value
			}
			if err := f.SetCellValue("Sheet1", at, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestXLSXCells(t *testing.T) {
	day := time.Date(2023, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name         string
		indicator    string
		period, what any
		want         string // period, value and unit
		verdict      string
	}{
		{"numbers", "st.hte", 2022, 48838, "2022 48838家", "line 3: accepted"},
		{"a float as typed", "st.rd", 2022, 2.3, "2022 2.3%", "line 3: accepted"},
		{"a shown zero is kept", "st.rd", 2022, styled{2.3, "0.00"}, "2022 2.30%", "line 3: accepted"},
		{"thousands are only shown", "st.hte", 2022, styled{48838, "#,##0_ "}, "2022 48838家", "line 3: accepted"},
		{"a percentage as shown", "st.rd", 2022, styled{0.023, "0.00%"}, "2022 2.30%", `line 3, cell C3 (value): "2.30%" was read as 2.30 %`},
		{"a percentage of firms", "st.hte", 2022, styled{0.023, "0%"}, "", `line 3, cell C3 (value): "2.3%" is a percentage, but the measure is 家`},
		{"a small number", "st.rd", 2022, 1e-7, "2022 0.0000001%", "line 3: accepted"},
		{"a large number", "st.hte", 2022, 1.5e15, "2022 1500000000000000家", "line 3: accepted"},
		{"text as in CSV", "st.hte", "2022年", "超 48,838", "2022 48838家", `line 3, cell B3 (period): "2022年" was read as 2022; "超 48,838" was read as >48838`},
		{"a day", "st.hte", styled{day, "yyyy-mm-dd"}, 1, "2023-06-30 1家", "line 3: accepted"},
		{"a day in Chinese", "st.hte", styled{day, `yyyy"年"m"月"d"日";@`}, 1, "2023-06-30 1家", "line 3: accepted"},
		{"a month", "st.hte", styled{day, `[$-804]yyyy"年"m"月"`}, 1, "2023-06 1家", "line 3: accepted"},
		{"a month as Excel makes of 2023-06", "st.hte", styled{day, "mmm-yy"}, 1, "2023-06 1家", "line 3: accepted"},
		{"a year", "st.hte", styled{day.AddDate(-1, 0, 0), "yyyy"}, 1, "2022 1家", "line 3: accepted"},
		{"a date without its format", "st.hte", 45107, 1, "", `line 3, cell B3 (period): "45107" is the serial number of a date; format the cell as a date, or write 2023-06-30`},
		{"a truth value", "st.hte", 2022, true, "", "line 3, cell C3 (value): the cell holds a truth value, not a text or number"},
		{"an empty cell", "st.hte", 2022, "", "", "line 3, cell C3 (value): the value is empty; leave the row out when the number is not known"},
		{"an exponent in text", "st.hte", 2022, "1E5", "", `line 3, cell C3 (value): "1E5" is written with an exponent, which may have lost digits; write all its digits`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := workbookOf(t, []any{"重庆市指标"}, []any{"indicator", "period", "value"}, []any{tt.indicator, tt.period, tt.what})
			ok, verdicts, err := drain(Read(b, XLSX, options()))
			if err != nil || len(verdicts) != 1 || verdicts[0].String() != tt.verdict {
				t.Errorf("verdicts %v, %v, want %s", verdicts, err, tt.verdict)
			}
			got := ""
			if len(ok) == 1 {
				got = ok[0].Period.String() + " " + ok[0].Quantity.Value.String() + ok[0].Quantity.Unit.String()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// parts are the files of a workbook made by hand.
func parts(sheet string) map[string]string {
	const rel = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	return map[string]string{
		"_rels/.rels": rel + `<Relationship Id="a" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="old" sheetId="1" state="hidden" r:id="x"/>
			<sheet name="data" sheetId="2" r:id="y"/><sheet name="more" sheetId="3" r:id="x"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": rel + `<Relationship Id="y" Type="t/worksheet" Target="worksheets/a.xml"/><Relationship Id="s" Type="t/sharedStrings" Target="s.xml"/>
			<Relationship Id="t" Type="t/styles" Target="t.xml"/></Relationships>`,
		"xl/s.xml": `<sst><si><t>indicator</t></si><si><r><t>per</t></r><r><t>iod</t></r><rPh><t>noise</t></rPh></si><si><t>value</t></si></sst>`,
		"xl/t.xml": `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		"xl/worksheets/a.xml": `<worksheet><sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>2</v></c></row>` +
			sheet + `</sheetData></worksheet>`,
	}
}

func pack(tb testing.TB, parts map[string]string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSXByHand(t *testing.T) {
	const start = `<c t="inlineStr"><is><t>st.hte</t></is></c><c><v>2022</v></c>`
	for _, tt := range []struct{ name, sheet, want string }{
		{"formula with its result", `<row r="5">` + start + `<c><f>SUM(A1:A9)</f><v>7</v></c></row>`, "line 5: accepted"},
		{"formula with text", `<row>` + start + `<c t="str"><f>A1</f><v>超7</v></c></row>`, `line 3, cell C3 (value): "超7" was read as >7`},
		{"formula without its result", `<row>` + start + `<c><f>A1</f></c></row>`, "line 3, cell C3 (value): the cell holds a formula whose result is not saved; open and save the file in a spreadsheet program"},
		{"formula that failed", `<row>` + start + `<c t="e"><f>A1/0</f><v>#DIV/0!</v></c></row>`, "line 3, cell C3 (value): the cell holds the error #DIV/0!"},
		{"a float as files write it", `<row>` + start + `<c><v>2.2999999999999998</v></c></row>`, "line 3: accepted"},
		{"a computed float", `<row>` + start + `<c><v>0.30000000000000004</v></c></row>`, "line 3, cell C3 (value): 0.30000000000000004 was rounded to the 15 digits that a spreadsheet keeps"},
		{"too many digits", `<row>` + start + `<c><v>1.5E+18</v></c></row>`, `line 3, cell C3 (value): number "1500000000000000000" has more than 18 digits`},
		{"no number", `<row>` + start + `<c><v>NaN</v></c></row>`, "line 3, cell C3 (value): the cell holds no number"},
		{"dates since 1904", `<row><c t="inlineStr"><is><t>st.hte</t></is></c><c s="1"><v>43645</v></c><c><v>7</v></c></row>`, "line 3: accepted"},
		{"escaped character", `<row>` + start + `<c t="str"><v>7_x0020_</v></c></row>`, "line 3: accepted"},
		{"no such text", `<row>` + start + `<c t="s"><v>9</v></c></row>`, "line 3, cell C3 (value): the cell refers to a text that the workbook does not hold"},
		{"long text", `<row>` + start + `<c t="str"><v>` + strings.Repeat("9", 10<<20) + `</v></c></row>`, "line 3, cell C3 (value): the cell is longer than 32768 bytes"},
		{"styled but empty far right", `<row>` + start + `<c><v>7</v></c><c r="XFD3" s="1"/></row>`, "line 3: accepted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Read(bytes.NewReader(pack(t, parts(tt.sheet))), XLSX, options())
			_, verdicts, err := drain(r)
			if err != nil || len(verdicts) != 1 || verdicts[0].String() != tt.want {
				t.Errorf("%v, %v, want %s", verdicts, err, tt.want)
			}
			if got := strings.Join(r.Notes(), "; "); got != `only the sheet "data" was read, not "old, more"` {
				t.Errorf("notes %s", got)
			}
		})
	}
}

func TestXLSXDamage(t *testing.T) {
	whole := pack(t, parts(`<row/>`))
	for _, tt := range []struct {
		name, want string
		bytes      []byte
	}{
		{"no archive", "the file is no .xlsx workbook", []byte("indicator,period,value")},
		{"cut short", "the file is no .xlsx workbook", whole[:len(whole)-30]},
		{"another archive", "the file is an archive but no .xlsx workbook", pack(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet"})},
		{"sheet cut short", "the workbook is damaged: its part xl/worksheets/a.xml is cut short", pack(t, swap("xl/worksheets/a.xml", `</sheetData></worksheet>`, `<row/>`))},
		{"row cut short", "the workbook is damaged: its part xl/worksheets/a.xml is cut short", pack(t, swap("xl/worksheets/a.xml", `</sheetData></worksheet>`, `<row><c r="A3"/>`))},
		{"broken XML", "the workbook is damaged in its part xl/worksheets/a.xml", pack(t, swap("xl/worksheets/a.xml", `</sheetData>`, `<row><c <`))},
		{"rows out of order", `the workbook is damaged: row "1" follows row 2`, pack(t, parts(`<row r="1"/>`))},
		{"cells out of order", `the workbook is damaged: cell "A3" in row 3 is out of order`, pack(t, parts(`<row r="3"><c r="B3"><v>1</v></c><c r="A3"><v>1</v></c></row>`))},
		{"a text to fill the machine", "the workbook's part xl/worksheets/a.xml is larger than is read", pack(t, parts(`<row><c t="str"><v>`+strings.Repeat("9", maxToken+1<<14)+`</v></c></row>`))},
		{"no sheet", `the workbook is damaged: it does not say where sheet "data" is`, pack(t, swap("xl/_rels/workbook.xml.rels", "t/worksheet", "t/chart"))},
		{"sheet missing", `the workbook is damaged: it has no part "xl/worksheets/b.xml"`, pack(t, swap("xl/_rels/workbook.xml.rels", "a.xml", "b.xml"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{"file": bytes.NewReader(tt.bytes), "stream": io.MultiReader(bytes.NewReader(tt.bytes))} {
				ok, _, err := drain(Read(r, XLSX, options()))
				if !errors.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), tt.want) || len(ok) > 0 {
					t.Errorf("%s: got %v, want %s", name, err, tt.want)
				}
			}
		})
	}
}

// swap changes one part of a workbook made by hand.
func swap(part, old, other string) map[string]string {
	p := parts("")
	p[part] = strings.Replace(p[part], old, other, 1)
	return p
}

func TestForms(t *testing.T) {
	for _, tt := range []struct {
		code string
		want form
	}{
		{"General", form{}},
		{"0", form{fixed, 0}},
		{"0.00", form{fixed, 2}},
		{"#,##0.0#", form{fixed, 1}},
		{`#,##0.00_);[Red]\(#,##0.00\)`, form{fixed, 2}},
		{`0.0"万家"`, form{fixed, 1}},
		{"0.00%", form{percentage, 2}},
		{"0.00E+00", form{}},
		{"# ?/?", form{}},
		{"@", form{}},
		{"yyyy-mm-dd", form{kind: day}},
		{`yyyy"年"m"月"d"日"`, form{kind: day}},
		{"[$-404]e/m/d", form{kind: day}},
		{`yyyy"年"m"月"`, form{kind: month}},
		{"mmm-yy", form{kind: month}},
		{"yyyy", form{kind: year}},
		{"yyyy-mm-dd hh:mm", form{kind: day}},
		{"h:mm:ss", form{kind: clock}},
		{`"unclosed`, form{}},
		{"[unclosed", form{}},
	} {
		if got := parseForm(tt.code); got != tt.want {
			t.Errorf("%s is %+v, want %+v", tt.code, got, tt.want)
		}
	}
}

func TestShiftPoint(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"1.270", 4, "12700"}, {"0.023", 2, "2.3"}, {"-0.5", 1, "-5"}, {"17", -8, "0.00000017"}, {"123", -2, "1.23"}, {"0", 4, "0"}, {"0.00", 1, "0.0"}, {"5", 0, "5"}, {"-0.01", -1, "-0.001"},
	} {
		if got := shiftPoint(tt.in, tt.n); got != tt.want {
			t.Errorf("%s shifted by %d is %s, want %s", tt.in, tt.n, got, tt.want)
		}
	}
}
