package template_test

import (
	"maps"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/pack"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/template"
)

// gearbox is a template with an item of each type.
func gearbox() template.Template {
	item := func(index uint32, name, zh string, kind template.Type) template.Item {
		return template.Item{Index: index, Name: name, Alias: pack.Text{ZH: zh, EN: "The " + name}, Type: kind}
	}
	t := template.Template{ID: "gearbox", Version: 2, Name: pack.Text{ZH: "减速机", EN: "Gearbox"}, Industry: "C3453", Items: []template.Item{
		item(2000, "model", "型号", template.Text), item(1, "page", "网址", template.URL), item(2001, "teeth", "齿数", template.Integer),
		item(2002, "ratio", "速比", template.Decimal), item(2003, "made", "生产日期", template.Date), item(2004, "tested", "检验时刻", template.Instant),
		item(2005, "mail", "邮箱", template.Email), item(2006, "maker", "制造商标识", template.Identifier), item(2007, "grade", "等级", template.Choice),
		item(2008, "exported", "是否出口", template.Truth), item(2009, "seal", "铅封", template.Binary),
	}}
	t.Items[0].Required, t.Items[0].Length = true, 5
	t.Items[8].Choices = []string{"一等", "二等"}
	t.Items[9].Granted = true
	return t
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*template.Template)
		wrong  string
	}{
		{"as it is", func(*template.Template) {}, ""},
		{"no id", func(t *template.Template) { t.ID = "" }, "id"},
		{"version nought", func(t *template.Template) { t.Version = 0 }, "version 0"},
		{"no name", func(t *template.Template) { t.Name.ZH = "" }, "no Chinese name"},
		{"no items", func(t *template.Template) { t.Items = nil }, "0 items"},
		{"an index that is reserved", func(t *template.Template) { t.Items[0].Index = 1000 }, "index 1000 is used"},
		{"an index of keys", func(t *template.Template) { t.Items[0].Index = 300 }, "index 300 is used"},
		{"two of an index", func(t *template.Template) { t.Items[1].Index = 2000 }, "two items of index 2000"},
		{"two of a name", func(t *template.Template) { t.Items[1].Name = "model" }, `two items that are called "model"`},
		{"a name that is an alias", func(t *template.Template) { t.Items[1].Alias.ZH = "型号" }, `called "型号"`},
		{"a type that is none", func(t *template.Template) { t.Items[0].Type = "colour" }, `type "colour"`},
		{"choices of no choice", func(t *template.Template) { t.Items[0].Choices = []string{"a"} }, "a choice has choices"},
		{"a name with a space", func(t *template.Template) { t.Items[0].Name = "a b" }, `item "a b"`},
	} {
		tm := gearbox()
		tt.change(&tm)
		err := tm.Check()
		if tt.wrong == "" && err != nil || tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.wrong)
		}
	}
}

func full() map[string]string {
	return map[string]string{
		"model": "RV-40", "page": "https://factory.example/rv/1", "teeth": "40", "ratio": "12.50", "made": "2026-01-31", "tested": "2026-02-01T08:00:00+08:00",
		"mail": "a@factory.example", "maker": "88.118.2/factory", "grade": "一等", "exported": "是", "seal": "AQI=",
	}
}

func TestValues(t *testing.T) {
	tm := gearbox()
	values, err := tm.Values(full(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := (handle.Record{Name: "88.118.2/gb-1", Values: values}).Check(); err != nil {
		t.Error(err)
	}
	if v := values[1]; len(values) != 12 || values[0].Index != 1 || values[0].Type != "URL" || v.Index != template.Index || string(v.Data) != "gearbox@2" || v.Timestamp != 7 {
		t.Errorf("%+v", values)
	}
	for _, v := range values {
		if open := v.Perm&handle.PublicRead != 0; open == (v.Index == 2008) {
			t.Errorf("value %d: permissions %04b", v.Index, v.Perm)
		}
	}
	want := full()
	want["exported"] = "true"
	if got := tm.Fields(values); !maps.Equal(got, want) {
		t.Errorf("read back: %v", got)
	}
	if err := tm.Conform(values); err != nil {
		t.Error(err)
	}
	if err := tm.Conform(values[:2]); err == nil || !strings.Contains(err.Error(), "model") {
		t.Errorf("without its model: %v", err)
	}
	if id, version, err := template.ParseRef(tm.Ref()); id != "gearbox" || version != 2 || err != nil {
		t.Error(id, version, err)
	}
}

func TestValuesRefuse(t *testing.T) {
	for _, tt := range []struct{ field, text, wrong string }{
		{"model", "", "The model (model) is missing"},
		{"model", "RV-400", "has 6 characters, at most 5"},
		{"model", "a\x00b", "control characters"},
		{"colour", "red", `has no item "colour"`},
		{"page", "factory.example/1", "is no address such as https"},
		{"page", "javascript:alert(1)", "is no address such as https"},
		{"teeth", "40.5", "is no whole number"},
		{"ratio", "twelve", "is no number"},
		{"made", "2026-02-30", "is no day"},
		{"tested", "2026-02-01", "is no instant"},
		{"mail", "Somebody <a@b.cn>", "is no address such as name@"},
		{"maker", "factory", "is no identifier"},
		{"grade", "三等", `is none of ["一等" "二等"]`},
		{"exported", "maybe", "neither true nor false"},
		{"seal", "!!", "is not base64"},
	} {
		fields := full()
		fields[tt.field] = tt.text
		if _, err := gearbox().Values(fields, 0); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s %q: %v; want %q", tt.field, tt.text, err, tt.wrong)
		}
	}
}

func TestItem(t *testing.T) {
	for column, want := range map[string]string{"model": "model", " Model ": "model", "型号": "model", "the MODEL": "model", "colour": ""} {
		if got, ok := gearbox().Item(column); got.Name != want || ok != (want != "") {
			t.Errorf("column %q means %q", column, got.Name)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("gearbox@2")
	f.Fuzz(func(t *testing.T, s string) {
		id, version, err := template.ParseRef(s)
		if err == nil && (template.Template{ID: id, Version: version}).Ref() != s {
			t.Error(id, version)
		}
	})
}

// FuzzParse: what an item takes, it gives back as it takes it again.
func FuzzParse(f *testing.F) {
	for field, text := range full() {
		f.Add(field, text)
	}
	f.Fuzz(func(t *testing.T, field, text string) {
		fields := map[string]string{"model": "x", field: text}
		values, err := gearbox().Values(fields, 0)
		if err != nil {
			return
		}
		if err := gearbox().Conform(values); err != nil {
			t.Errorf("%s %q: %v", field, text, err)
		}
	})
}
