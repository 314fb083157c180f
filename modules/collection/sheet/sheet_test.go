package sheet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yuzhou/kernel/fault"
)

func book() Book {
	return Book{Request: "c1", Title: "科技企业 2023-Q2", Hint: "只填黄色的格", Rows: []Row{
		{Indicator: "st.hte", Place: "500000", PlaceName: "重庆市", Name: "高新技术企业", Period: "2023-06-30", Unit: "家", Last: "6350家", Value: "6401"},
		{Indicator: "st.rd_intensity", Place: "500000", PlaceName: "重庆市", Name: "研发投入强度", Period: "2023", Unit: "%", Value: "2.30", Note: "=1+1 不是公式"},
	}}
}

func written(t *testing.T, b Book, change func(*excelize.File)) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, b); err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return buf.Bytes()
	}
	f, err := excelize.OpenReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	change(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRoundTrip: what is filled in comes back with its digits.
func TestRoundTrip(t *testing.T) {
	raw := written(t, book(), func(f *excelize.File) {
		for cell, v := range map[string]any{"I4": 6450, "J4": "新认定 49 家", "I5": 2.3} {
			if err := f.SetCellValue(name, cell, v); err != nil {
				t.Fatal(err)
			}
		}
	})
	got, err := Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got.Request != "c1" || len(got.Rows) != 2 || got.Rows[0] != (Row{Indicator: "st.hte", Place: "500000", Value: "6450", Note: "新认定 49 家"}) {
		t.Errorf("%+v", got)
	}
	if got.Rows[1].Value != "2.3" || got.Rows[1].Note != "=1+1 不是公式" {
		t.Errorf("%+v", got.Rows[1])
	}
	if got, err := Read(bytes.NewReader(written(t, book(), nil))); err != nil || got.Rows[1].Value != "2.30" {
		t.Errorf("printed digits: %+v, %v", got.Rows, err)
	}
}

// TestLocked: all cells but those to be filled in are locked.
func TestLocked(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(written(t, book(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.GetSheetProtection(name)
	if err != nil || !p.SelectUnlockedCells {
		t.Fatalf("the sheet is not protected: %+v %v", p, err)
	}
	for cell, locked := range map[string]bool{"A1": true, "I3": true, "D4": true, "G4": true, "I4": false, "J5": false, "I6": true} {
		id, err := f.GetCellStyle(name, cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := f.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := style.Protection == nil || style.Protection.Locked; got != locked {
			t.Errorf("%s locked: %v, want %v", cell, got, locked)
		}
	}
}

// TestReadRefuses: what is not the form that was sent out.
func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		says string
	}{
		{"no workbook", []byte("indicator,value"), "no .xlsx"},
		{"a heading was changed", written(t, book(), func(f *excelize.File) { _ = f.SetCellStr(name, "I3", "数") }), "headings are locked"},
		{"another sheet", written(t, book(), func(f *excelize.File) { _ = f.SetSheetName(name, "x") }), "no sheet"},
		{"too large", make([]byte, maxSize+1), "larger"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read(bytes.NewReader(tt.raw)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{"2.2999999999999998": "2.3", "6401": "6401", "2.30": "2.30", "123456789012345678": "123456789012345678", "abc": "abc", "0.1000000000000000055": "0.1"} {
		if got := tidy(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// FuzzRead: no file breaks the reader.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := Write(&buf, book()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := Read(bytes.NewReader(raw))
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v is not a sentence for people", err)
		}
		if err == nil && len(b.Rows) > maxRows {
			t.Errorf("%d rows", len(b.Rows))
		}
	})
}
