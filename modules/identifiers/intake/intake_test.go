package intake_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/intake"
	"yuzhou/modules/identifiers/template"
)

func gearbox() *template.Template {
	return &template.Template{ID: "gearbox", Version: 1, Name: pack.Text{ZH: "减速机"}, Items: []template.Item{
		{Index: 1, Name: "page", Alias: pack.Text{ZH: "网址", EN: "Page"}, Type: template.URL},
		{Index: 2000, Name: "model", Alias: pack.Text{ZH: "型号", EN: "Model"}, Type: template.Text, Required: true},
	}}
}

// read reads a file and writes its rows as text: the line, then the record or what is
// wrong with it.
func read(t *testing.T, r io.Reader, o intake.Options) string {
	t.Helper()
	rows, err := intake.Read(r, o)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		return err.Error()
	}
	var b strings.Builder
	for row := range rows {
		fmt.Fprintf(&b, "%d", row.Line)
		if row.Err != nil {
			fmt.Fprintf(&b, " wrong: %v", row.Err)
			if row.Broken {
				b.WriteString(" (broken)")
			}
		} else {
			fmt.Fprintf(&b, " %s", row.Record.Name)
			for _, v := range row.Record.Values {
				fmt.Fprintf(&b, " %d:%s=%s", v.Index, v.Type, v.Data)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func gbk(t *testing.T, s string) string {
	t.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRead(t *testing.T) {
	below := intake.Options{Prefix: "88.118.2"}
	templated := intake.Options{Prefix: "88.118.2", Template: gearbox()}
	made := "2 88.118.2/a 1:URL=https://f.cn/a 1000:TEMPLATE=gearbox@1 2000:model=RV-40\n"
	for _, tt := range []struct {
		name string
		file string
		o    intake.Options
		want string
	}{
		{"values without indexes", "identifier,URL,DESC\n88.118.2/a,https://f.cn/a,一\n", intake.Options{}, "2 88.118.2/a 1:URL=https://f.cn/a 2:DESC=一\n"},
		{"values with indexes", "handle,5:DESC,1:URL\n88.118.2/a,x,https://f.cn/a\n", intake.Options{}, "2 88.118.2/a 1:URL=https://f.cn/a 5:DESC=x\n"},
		{"suffixes, Chinese, BOM, semicolons", "\xef\xbb\xbf后缀;URL\r\na;u\r\n", below, "2 88.118.2/a 1:URL=u\n"},
		{"GB18030", gbk(t, "标识,型号,网址\n88.118.2/a,RV-40,https://f.cn/a\n"), templated, made},
		{"a template by its names", "suffix\tmodel\tpage\na\tRV-40\thttps://f.cn/a\n", templated, made},
		{"quotes and lines in cells", "identifier,DESC\n88.1/a,\"x, \"\"y\"\"\nz\"\n88.1/b,w\n", intake.Options{}, "2 88.1/a 1:DESC=x, \"y\"\nz\n4 88.1/b 1:DESC=w\n"},
		{"rows that are wrong", "suffix,model,page\n,RV,\nb,,\nc,RV,ftp://x\nd,RV,,,e\n88.1/x,RV,\nok,RV,\n", templated, "2 wrong: line 2: the identifier is missing\n" +
			"3 wrong: line 3: Model (model) is missing\n4 wrong: line 4: Page (page) \"ftp://x\" is no address such as https://example.cn/1\n" +
			"5 wrong: line 5: 5 cells stand under 3 names of columns\n6 88.118.2/88.1/x 1000:TEMPLATE=gearbox@1 2000:model=RV\n7 88.118.2/ok 1000:TEMPLATE=gearbox@1 2000:model=RV\n"},
		{"of another prefix", "identifier,URL\n88.119/a,u\n", below, "2 wrong: line 2: identifier \"88.119/a\" does not lie below prefix 88.118.2\n"},
		{"no value", "identifier,URL\n88.118/a,\n", intake.Options{}, "2 wrong: line 2: identifier \"88.118/a\" has no value\n"},
		{"a broken quote", "identifier,URL\n88.1/a,u\n88.1/b,\"x\n", intake.Options{}, "2 88.1/a 1:URL=u\n3 wrong: line 3: the file cannot be read from here on: parse error on line 3, column 11: extraneous or missing \" in quoted-field (broken)\n"},
		{"empty", " \n", intake.Options{}, "the file is empty; its first row names the columns, such as identifier,URL"},
		{"no identifiers", "URL\nx\n", intake.Options{}, `row 1 names no column "identifier" or "suffix"`},
		{"suffixes of nothing", "suffix,URL\nx,y\n", intake.Options{}, "the file has suffixes only; say below which prefix they are"},
		{"a column that is no item", "suffix,colour\nx,y\n", templated, `row 1: column "colour" is no item of template gearbox@1`},
		{"the same column twice", "suffix,model,型号\nx,y,z\n", templated, `row 1 has two columns for the same: "型号"`},
		{"an index that is none", "suffix,x:URL\nx,y\n", below, `row 1: column "x:URL" is none such as 1:URL`},
		{"XML with values", "<?xml version=\"1.0\"?>\n<identifiers>\n<identifier name=\"88.1/a\"><value index=\"1\" type=\"URL\" ttl=\"60\">u</value></identifier>\n<identifier name=\"88.1/b\"><value index=\"x\" type=\"URL\">u</value></identifier>\n</identifiers>", intake.Options{}, "3 88.1/a 1:URL=u\n4 wrong: line 4: index \"x\" is no number\n"},
		{"XML with fields", "<i>\n<identifier suffix=\"a\"><field name=\"model\">RV-40</field><field name=\"page\">https://f.cn/a</field></identifier></i>", templated, made},
		{"XML that ends in the middle", "<i>\n<identifier name=\"88.1/a\"><value index=\"1\" type=\"URL\">u</value></identifier>\n<identifier name", intake.Options{}, "2 88.1/a 1:URL=u\n3 wrong: line 3: the file cannot be read from here on: XML syntax error on line 3: unexpected EOF (broken)\n"},
		{"a workbook that is none", "PK\x03\x04rest", intake.Options{}, "the file is no XLSX that can be read: zip: not a valid zip file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(t, strings.NewReader(tt.file), tt.o); got != tt.want {
				t.Errorf("%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestSheet(t *testing.T) {
	f := excelize.NewFile()
	for i, row := range [][]any{{}, {"后缀", "型号", "网址"}, {"a", "RV-40", "https://f.cn/a"}, {}, {"b", 40, ""}, {"c", "", ""}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := "3 88.118.2/a 1:URL=https://f.cn/a 1000:TEMPLATE=gearbox@1 2000:model=RV-40\n5 88.118.2/b 1000:TEMPLATE=gearbox@1 2000:model=40\n6 wrong: line 6: Model (model) is missing\n"
	if got := read(t, &b, intake.Options{Prefix: "88.118.2", Template: gearbox()}); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestNeverClosed: what is never closed takes its share of memory and is told.
func TestNeverClosed(t *testing.T) {
	for name, head := range map[string]string{"a quotation": "identifier,URL\n88.1/a,\"", "an element": "<i><identifier name=\"88.1/a\"><value>"} {
		got := read(t, io.MultiReader(strings.NewReader(head), &endless{left: 1 << 30}), intake.Options{})
		if !strings.Contains(got, "a row takes more than 16777216 bytes") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// endless gives as many letters as one likes.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left -= len(p); e.left < 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("identifier,URL\n88.1/a,u\n"))
	f.Add([]byte("<i><identifier name=\"88.1/a\"><value index=\"1\" type=\"URL\">u</value></identifier></i>"))
	f.Add([]byte("\xb1\xea\xca\xb6,URL\n88.1/a,u\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := intake.Read(bytes.NewReader(b), intake.Options{})
		if err != nil {
			return
		}
		for row := range rows {
			if row.Err == nil && row.Record.Check() != nil {
				t.Errorf("%+v", row)
			}
		}
	})
}

// BenchmarkRead reads a table of a template: rows a second.
func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("suffix,model,page\n")
	for i := range 10_000 {
		fmt.Fprintf(&file, "gb-%d,RV-40,https://factory.example/gb/%d\n", i, i)
	}
	for b.Loop() {
		rows, err := intake.Read(bytes.NewReader(file.Bytes()), intake.Options{Prefix: "88.118.2", Template: gearbox()})
		if err != nil {
			b.Fatal(err)
		}
		for row := range rows {
			if row.Err != nil {
				b.Fatal(row.Err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
