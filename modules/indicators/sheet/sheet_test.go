package sheet

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

var chongqing = time.FixedZone("", 8*3600)

// options knows two indicators, by id and by one Chinese name.
func options() Options {
	defs := map[string]observation.Indicator{
		"st.hte":  {ID: "st.hte", ZH: "高新技术企业数", Unit: quantity.MustUnit("家")},
		"st.rd":   {ID: "st.rd", ZH: "研发强度", Unit: quantity.MustUnit("%")},
		"st.deal": {ID: "st.deal", ZH: "技术合同成交额", Unit: quantity.MustUnit("亿元")},
	}
	return Options{
		Lookup: func(s string) (observation.Indicator, bool) {
			for _, d := range defs {
				if s == d.ID || s == d.ZH {
					return d, true
				}
			}
			return observation.Indicator{}, false
		},
		Suggest:     func(string) string { return "; did you mean st.hte?" },
		DefaultUnit: "500000",
		Known:       time.Date(2023, 7, 10, 16, 0, 0, 0, time.UTC),
		Today:       time.Date(2023, 7, 11, 4, 0, 0, 0, time.UTC),
		Zone:        chongqing,
		Document:    "upload",
	}
}

// drain reads everything; ok holds the accepted observations.
func drain(r *Reader) (ok []observation.Observation, verdicts []Verdict, err error) {
	for {
		row, v, more := r.Next()
		if !more {
			return ok, verdicts, r.Err()
		}
		verdicts = append(verdicts, v)
		if v.OK {
			ok = append(ok, row.Observation)
		}
	}
}

func readCSV(t *testing.T, text string) ([]observation.Observation, []Verdict) {
	t.Helper()
	ok, verdicts, err := drain(Read(strings.NewReader(text), CSV, options()))
	if err != nil {
		t.Fatal(err)
	}
	return ok, verdicts
}

func TestRows(t *testing.T) {
	const known = " @2023-07-11 reported upload"
	for _, tt := range []struct{ name, head, row, want, verdict string }{
		{"plain", "indicator,period,value", "st.hte,2023-06-30,6401", "st.hte 500000 2023-06-30 6401家 =" + known + " 6401家", "line 2: accepted"},
		{"Chinese headings in any order", "数值,时期,指标,地区,计量单位,比较,状态,知晓日期,原文,来源,备注", "1300,2027,st.deal,500103,亿元,>,目标,2023-07-10,超1300亿元,页面,一句话", "st.deal 500103 2027 1300亿元 > @2023-07-10 target 页面 超1300亿元 一句话", "line 2: accepted"},
		{"bilingual headings", "指标 indicator,period(时期),Value", "st.hte,2022,1", "st.hte 500000 2022 1家 =" + known + " 1家", "line 2: accepted"},
		{"name for id", "indicator,period,value", "高新技术企业数,2022,1", "st.hte 500000 2022 1家 =" + known + " 1家", `line 2, cell A2 (indicator): "高新技术企业数" was read as st.hte`},
		{"thousands", "indicator,period,value", `st.hte,2022,"48,838"`, "st.hte 500000 2022 48838家 =" + known + " 48838家", `line 2, cell C2 (value): "48,838" was read as 48838`},
		{"full width", "indicator,period,value", "st.hte,2022,４８８３８", "st.hte 500000 2022 48838家 =" + known + " 48838家", `line 2, cell C2 (value): "４８８３８" was read as 48838`},
		{"comparator word", "indicator,period,value", "st.deal,2022,超1300", "st.deal 500000 2022 1300亿元 >" + known + " 超1300亿元", `line 2, cell C2 (value): "超1300" was read as >1300`},
		{"comparator column in words", "indicator,period,value,comparator", "st.deal,2022,1300,以上", "st.deal 500000 2022 1300亿元 >=" + known + " 1300亿元以上", "line 2: accepted"},
		{"both agree", "indicator,period,value,comparator", "st.deal,2022,近1300,~<", "st.deal 500000 2022 1300亿元 ~<" + known + " 近1300亿元", `line 2, cell C2 (value): "近1300" was read as ~<1300`},
		{"percent sign", "indicator,period,value", "st.rd,2022,2.30%", "st.rd 500000 2022 2.30% =" + known + " 2.30%", `line 2, cell C2 (value): "2.30%" was read as 2.30 %`},
		{"two mends", "indicator,period,value", "st.hte,2023年6月,+5", "st.hte 500000 2023-06 5家 =" + known + " 5家", `line 2, cell B2 (period): "2023年6月" was read as 2023-06; "+5" was read as 5`},
		{"other scale", "indicator,period,value,measure", "st.hte,2022,1.27,万家", "st.hte 500000 2022 1.27万家 =" + known + " 1.27万家", "line 2: accepted"},
		{"escaped text", "indicator,period,value,note", "st.hte,2022,1,'=1+1", "st.hte 500000 2022 1家 =" + known + " 1家 =1+1", "line 2: accepted"},
		{"short row", "indicator,period,value,note", "st.hte,2022,1", "st.hte 500000 2022 1家 =" + known + " 1家", "line 2: accepted"},
		{"quotes and line ends", "indicator,period,value,note", "st.hte,2022,1,\"a \"\"b\"\"\r\nc\"", "st.hte 500000 2022 1家 =" + known + " 1家 a \"b\"\nc", "line 2: accepted"},

		{"unknown indicator", "indicator,period,value", "st.htw,2022,1", "", `line 2, cell A2 (indicator): there is no indicator "st.htw"; did you mean st.hte?`},
		{"bad period", "indicator,period,value", "st.hte,2022-13,1", "", `line 2, cell B2 (period): "2022-13" is not a year (2026), half (2026-H1), quarter (2026-Q3), month (2026-07), day (2026-07-31) or range (2023-01/2023-06)`},
		{"future period", "indicator,period,value", "st.hte,2023-08,1", "", "line 2, cell B2 (period): period 2023-08 begins after today, 2023-07-11; only a target (目标) or an estimate (预计) may lie ahead"},
		{"future estimate", "indicator,period,value,status", "st.hte,2024,1,预计", "st.hte 500000 2024 1家 = @2023-07-11 estimate upload 1家", "line 2: accepted"},
		{"known tomorrow", "indicator,period,value,known_since", "st.hte,2022,1,2023-07-12", "", "line 2, cell D2 (known_since): known since 2023-07-12 is after today, 2023-07-11"},
		{"known instant", "indicator,period,value,known_since", "st.hte,2022,1,2023-07-11T10:00:00+08:00", "st.hte 500000 2022 1家 = @2023-07-11T02:00:00Z reported upload 1家", "line 2: accepted"},
		{"unit mismatch", "indicator,period,value,measure", "st.hte,2022,1,亿元", "", `line 2, cell D2 (measure): measure "亿元" does not convert into the indicator's 家`},
		{"percent of firms", "indicator,period,value", "st.hte,2022,12%", "", `line 2, cell C2 (value): "12%" is a percentage, but the measure is 家`},
		{"exponent", "indicator,period,value", "st.hte,2022,4.88E+04", "", `line 2, cell C2 (value): "4.88E+04" is written with an exponent, which may have lost digits; write all its digits`},
		{"no number", "indicator,period,value", "st.hte,2022,—", "", `line 2, cell C2 (value): "—" is not a number such as 16.14; a unit belongs in the column measure (计量单位), words in printed (原文)`},
		{"empty value", "indicator,period,value", "st.hte,2022,", "", "line 2, cell C2 (value): the value is empty; leave the row out when the number is not known"},
		{"wrong commas", "indicator,period,value", `st.hte,2022,"48,83"`, "", `line 2, cell C2 (value): "48,83" has a comma that does not stand between thousands, as in 48,838`},
		{"unquoted comma", "indicator,period,value", "st.hte,2022,48,838", "", "line 2, cell D2: the cell stands in a column without a heading; perhaps a comma within a cell, as in 48,838, is not between quotation marks"},
		{"comparators differ", "indicator,period,value,comparator", "st.hte,2022,超5,<=", "", `line 2, cell D2 (comparator): comparator "<=" does not agree with the value, which says >`},
		{"two comparators", "indicator,period,value", "st.hte,2022,约5以上", "", `line 2, cell C2 (value): "约5以上" has two comparators, ~ and >=`},
		{"bad status", "indicator,period,value,status", "st.hte,2022,5,maybe", "", `line 2, cell D2 (status): status "maybe" is not one of estimate (预计), flash (快报), preliminary (初步), reported (公布), final (最终), revised (修订), claim, target, derived`},
		{"bad unit", "indicator,unit,period,value", "st.hte,50 01,2022,5", "", `line 2, cell B2 (unit): unit "50 01" is not a code of letters, digits and -_.~@:`},
		{"control character", "indicator,period,value,note", "st.hte,2022,5,a\x01b", "", "line 2, cell D2 (note): the cell holds a control character"},
		{"text behind quotes", "indicator,period,value", `st.hte,2022,"5"6`, "", "line 2, cell C2 (value): the cell goes on behind its closing quotation mark; write a quotation mark within a cell twice"},
		{"too many digits", "indicator,period,value", "st.hte,2022,1234567890123456789", "", `line 2, cell C2 (value): number "1234567890123456789" has more than 18 digits`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ok, verdicts := readCSV(t, tt.head+"\n"+tt.row+"\n")
			if len(verdicts) != 1 || verdicts[0].String() != tt.verdict {
				t.Errorf("verdicts %v, want %s", verdicts, tt.verdict)
			}
			got := ""
			if len(ok) == 1 {
				got = describe(ok[0])
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func describe(o observation.Observation) string {
	q := o.Quantity
	return strings.TrimSpace(strings.Join([]string{
		o.Indicator, o.Unit, o.Period.String(), q.Value.String() + q.Unit.String(), string(q.Cmp), "@" + printInstant(o.Known, chongqing),
		string(o.Status), o.Source.Document, o.Printed, o.Source.Note,
	}, " "))
}

func TestDuplicateNamesTheEarlierLine(t *testing.T) {
	_, verdicts := readCSV(t, "indicator,period,value,known_since\nst.hte,2022,x,\nst.hte,2022,5,\nst.hte,2022年,6,\n\nst.hte,2022,7,2023-07-11\nst.hte,2022,8,2023-07-09\n")
	var got []string
	for _, v := range verdicts {
		got = append(got, v.String())
	}
	want := []string{
		`line 2, cell C2 (value): "x" is not a number such as 16.14; a unit belongs in the column measure (计量单位), words in printed (原文)`,
		"line 3: accepted", // the refused line 2 is no earlier number
		"line 4, cell B4 (period): the number of st.hte, 500000, 2022 known since 2023-07-11 stands in line 3 already",
		"line 6, cell B6 (period): the number of st.hte, 500000, 2022 known since 2023-07-11 stands in line 3 already", // the default, spelt out
		"line 7: accepted", // another vintage
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFileFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "the file has no heading; its first row must name the columns indicator (指标)"},
		{"unknown column", "indicator,period,数直\n", `heading C1 "数直" is not a known column; known are indicator (指标), unit (地区)`},
		{"ambiguous column", "indicator,period,value,单位\n", `heading D1 "单位" is not a known column (地区 is the place, 计量单位 is what is counted); known are`},
		{"missing column", "indicator,value\n", "the heading in row 1 has no column period (时期); known are indicator (指标)"},
		{"column twice", "indicator,period,value,数值\n", "headings C1 and D1 both name the column value (数值)"},
		{"open quote", "indicator,period,value\nst.hte,2022,\"5\nst.hte,2021,4\n", "the quotation mark that opens cell C2 in line 2 is never closed"},
		{"binary", "\x00\x01\x02indicator", "the file is not text; save it as CSV in UTF-8, or as .xlsx"},
		{"neither encoding", "indicator,period,value\nst.hte,2022,caf\xe9,\n", "the file is neither UTF-8 nor GB18030 (GBK) text; save it as CSV in UTF-8"},
		{"too many cells", strings.Repeat(",", maxColumns+1) + "\n", "line 1 has more than 200 cells"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := drain(Read(strings.NewReader(tt.text), CSV, options()))
			if !errors.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, _, err := drain(Read(strings.NewReader("x"), "", options())); !errors.Is(err, fault.Invalid) {
		t.Errorf("an unknown format: %v", err)
	}
	o := options()
	o.MaxRows = 1
	if ok, _, err := drain(Read(strings.NewReader("indicator,period,value\nst.hte,2022,1\nst.hte,2021,1\n"), CSV, o)); len(ok) != 1 || !errors.Is(err, fault.Invalid) {
		t.Errorf("a row too many: %d rows, %v", len(ok), err)
	}
	failing := io.MultiReader(strings.NewReader("indicator,period,value\nst.hte,2022,1\nst.hte,2021,"), iotest.ErrReader(io.ErrUnexpectedEOF))
	ok, _, err := drain(Read(failing, CSV, options()))
	if !errors.Is(err, io.ErrUnexpectedEOF) || fault.KindOf(err) != "" {
		t.Errorf("a failing disk: %d rows, %v", len(ok), err)
	}
}

func TestEncodings(t *testing.T) {
	const text = "指标,时期,数值,备注\r\nst.hte,2022,1,重庆\r\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	late := "indicator,period,value,note\n" + strings.Repeat(" \n", sampleSize) + gbk[strings.Index(gbk, "st.hte"):]
	utf16 := func(e unicode.Endianness) string {
		s, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	damaged := strings.Replace(text, "st.hte,2022", "st.hte,2021,5,重\xe5庆\r\nst.hte,2022", 1)
	for _, tt := range []struct{ name, text, note string }{
		{"UTF-8", text, ""},
		{"UTF-8 with a mark", "\ufeff" + text, ""},
		{"UTF-16 little endian", utf16(unicode.LittleEndian), "the file is in UTF-16; it was converted to UTF-8"},
		{"UTF-16 big endian", utf16(unicode.BigEndian), "the file is in UTF-16; it was converted to UTF-8"},
		{"GBK", gbk, "the file is not UTF-8; it was read as GB18030 (GBK)"},
		{"GBK in the last line only", late, "the file is not UTF-8; it was read as GB18030 (GBK)"},
		{"damaged UTF-8", damaged, "the file is UTF-8 with damaged characters; the cells that hold them are refused"},
		{"semicolons", strings.ReplaceAll(text, ",", ";"), `the separator is ";"`},
		{"tabs", strings.ReplaceAll(text, ",", "\t"), `the separator is "\t"`},
		{"Excel's separator line", "sep=;\r\n" + strings.ReplaceAll(text, ",", ";"), ""},
		{"old line ends", strings.ReplaceAll(text, "\r\n", "\r"), ""},
		{"no last line end", strings.TrimSpace(text), ""},
		{"a title above", "重庆市科技指标,,,\r\n" + text, "row 1 (重庆市科技指标) stands above the heading and was not read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{"whole": strings.NewReader(tt.text), "by bytes": iotest.OneByteReader(strings.NewReader(tt.text))} {
				r := Read(in, CSV, options())
				ok, verdicts, err := drain(r)
				if err != nil || len(ok) != 1 || ok[0].Source.Note != "重庆" {
					t.Fatalf("%s: %v, %v, %v", name, ok, verdicts, err)
				}
				if got := strings.Join(r.Notes(), "; "); got != tt.note {
					t.Errorf("%s: notes %q, want %q", name, got, tt.note)
				}
			}
		})
	}
	_, verdicts := readCSV(t, damaged)
	if got := verdicts[0].String(); got != "line 2, cell D2 (备注): the cell holds bytes that are not UTF-8" {
		t.Errorf("the damaged cell: %s", got)
	}
}

// TestHugeCell feeds a cell of 10 MB, which is refused without being kept; the
// rows around it are read.
func TestHugeCell(t *testing.T) {
	for _, quote := range []string{"", `"`} {
		in := io.MultiReader(strings.NewReader("indicator,period,value,note\nst.hte,2021,1,\nst.hte,2022,2,"+quote),
			io.LimitReader(zeros{}, 10<<20), strings.NewReader(quote+"\nst.hte,2020,3,\n"))
		r := Read(in, CSV, options())
		ok, verdicts, err := drain(r)
		if err != nil || len(ok) != 2 || len(verdicts) != 3 {
			t.Fatalf("%d rows, %v, %v", len(ok), verdicts, err)
		}
		if got := verdicts[1].String(); got != "line 3, cell D3 (note): the cell is longer than 32768 bytes" {
			t.Error(got)
		}
		if f, is := r.source.(*csvFile); !is || cap(f.text) > 4*maxCell {
			t.Errorf("%d bytes were kept", cap(f.text))
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestDetect(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		want       Format
	}{
		{"a.csv", "indicator,", CSV},
		{"a.xlsx", "PK\x03\x04", XLSX},
		{"a.csv", "PK\x03\x04", XLSX}, // bytes say more than names
		{"a.xlsx", "indicator,", ""},
		{"a.xls", "\xd0\xcf\x11\xe0\xa1\xb1", ""},
		{"a.txt", "\xff\xfei\x00", CSV},
		{"a.pdf", "%PDF-1.7", ""},
		{"a.csv", "\x00\x01", ""},
		{"", "", CSV},
	} {
		if got := Detect(tt.name, []byte(tt.head)); got != tt.want {
			t.Errorf("Detect(%s, %q) = %q, want %q", tt.name, tt.head, got, tt.want)
		}
	}
}

func TestPeriods(t *testing.T) {
	for in, want := range map[string]string{
		"2023": "2023", "2023年": "2023", "2023年度": "2023", "２０２３": "2023", "2023年上半年": "2023-H1", "2023年下半年": "2023-H2", "2023h1": "2023-H1", "2023Q3": "2023-Q3",
		"2023年三季度": "2023-Q3", "2023年第4季度": "2023-Q4", "2023/6": "2023-06", "2023-6": "2023-06", "2023.06": "2023-06", "2023年06月": "2023-06",
		"2023/6/30": "2023-06-30", "2023.6.30": "2023-06-30", "2023年6月30日": "2023-06-30", "2023-06-30 00:00:00": "2023-06-30", "202306": "2023-06", "20230630": "2023-06-30",
		"2023年1-6月": "2023-01/2023-06", "2023年1月至6月": "2023-01/2023-06", "2023-2027": "2023/2027", "2023—2027年": "2023/2027", "2023/2027": "2023/2027",
		"2023.1": "", "2023Q5": "", "45107": "", "Jul-23": "", "2023/13": "", "2023-02-30": "", "二〇二三": "", "": "",
	} {
		p, mended, err := readPeriod(in)
		if got := p.String(); got != want || (err == nil) != (want != "") || mended != (in != want && want != "") {
			t.Errorf("%q is %q, mended %v, %v; want %q", in, got, mended, err, want)
		}
	}
}

func TestColumnNames(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 199: "GR", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want || i < maxColumns && columnOf(want+"7") != i {
			t.Errorf("column %d is %s and back %d, want %s", i, got, columnOf(want+"7"), want)
		}
	}
}

func TestFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "'=1": "''=1", "=1": "'=1", "'重庆": "'重庆", "a=b": "a=b", "": "", "'": "'",
	} {
		if got := escapeFormula(in); got != want || unescapeFormula(got) != in {
			t.Errorf("%q becomes %q and back %q, want %q", in, got, unescapeFormula(got), want)
		}
	}
}

func parsePeriod(tb testing.TB, s string) period.Period {
	tb.Helper()
	p, err := period.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
