package sheet

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// FuzzReadCSV: reading ends, refuses with fault.Invalid, names a cell of every bad
// row, keeps lines in order; and what was accepted is written and read back as it is.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"indicator,period,value\nst.hte,2022,1\n",
		"指标;时期;数值;备注\r\nst.hte;2022年;超48,838;\"a\"\"b\nc\"\r\n",
		"sep=\t\nindicator\tperiod\tvalue\nst.rd\t2023/6/30\t２.３０%\n",
		"\ufeffindicator,period,value,known_since,status\nst.deal,2027,1300以上,2023-07-10T01:02:03.456Z,目标\n",
		"title\nindicator,period,value,printed,unit\nst.hte,2022,1,''=x,\"a,b\nst",
		"\xd6\xb8\xb1\xea,\xca\xb1\xc6\xda,\xca\xfd\xd6\xb5\nst.hte,2022,1\n", "\xff\xfei\x00n\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		rows, verdicts, err := drain(Read(bytes.NewReader(in), CSV, options()))
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatalf("%v is not fault.Invalid", err)
		}
		last := 1
		for _, v := range verdicts {
			if v.Line <= last-1 || (!v.OK || v.Mended) && v.Reason == "" || !v.OK && v.Column != "" && v.Cell == "" && !strings.HasPrefix(v.Column, "unit") {
				t.Errorf("verdict %+v after line %d", v, last)
			}
			last = v.Line
		}
		var b bytes.Buffer
		if err := WriteCSV(&b, slices.Values(rows), export()); err != nil {
			t.Fatal(err)
		}
		again, verdicts, err := drain(Read(&b, CSV, options()))
		if err != nil || !cmp.Equal(rows, again, cmp.AllowUnexported(period.Period{}, quantity.Decimal{}, quantity.Unit{})) {
			t.Errorf("read back: %v, %v\n%s", err, verdicts, cmp.Diff(rows, again, cmp.AllowUnexported(period.Period{}, quantity.Decimal{}, quantity.Unit{})))
		}
	})
}

// FuzzReadXLSX puts any bytes where the rows of a sheet stand.
func FuzzReadXLSX(f *testing.F) {
	for _, s := range []string{
		`<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3"><v>2022</v></c><c r="C3" s="1"><v>44000</v></c></row>`,
		`<row><c t="inlineStr"><is><t>st.hte</t></is></c><c><v>2022</v></c><c><f>A1</f><v>1E5</v></c></row>`,
		`<row r="1048576"><c r="ZZZ1" t="e"><v>#N/A</v></c></row>`, `<row><c t="s"><v>-1</v></c>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		_, _, err := drain(Read(bytes.NewReader(pack(t, parts(in))), XLSX, options()))
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatalf("%v is not fault.Invalid", err)
		}
	})
}

// FuzzReadNumber: what is mended is, once printed, read as it is.
func FuzzReadNumber(f *testing.F) {
	for _, s := range []string{"48,838", "超1300", "２.３０％", "1.5e3", "-0", "约5以上", "+1,234.50余", "不超过 2%", "--1", "1,234,56"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := readNumber(s)
		if err != nil {
			if !errors.Is(err, fault.Invalid) || n.value.Cmp(quantity.Decimal{}) != 0 {
				t.Errorf("%q: %v, %v", s, n, err)
			}
			return
		}
		again, err := readNumber(string(n.cmp) + n.value.String())
		if err != nil || again.value != n.value || again.cmp != n.cmp {
			t.Errorf("%q is %+v, and that is %+v, %v", s, n, again, err)
		}
	})
}

// FuzzParseForm: a number format never breaks the reading.
func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"0.00%", `yyyy"年"`, "[", `\`, "_", `"`, "#,##0.00_);[Red]"} {
		f.Add(s, "45107.5")
	}
	f.Fuzz(func(t *testing.T, code, raw string) {
		c := parseForm(code).show(raw, chongqing1900)
		if c.flaw == "" && c.text == "" {
			t.Errorf("%q shown as %q is nothing", raw, code)
		}
	})
}
