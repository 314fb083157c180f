package strict_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/engine/proof/canon"
	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/jsonapi/strict"
)

// read reads what a document of names, numbers and flags says.
func read(body string) (string, error) {
	doc, root := strict.Parse([]byte(body))
	var out strings.Builder
	o := root.Object("name", "list")
	out.WriteString(o.Field("name").Text())
	for _, v := range o.Field("list").Array(2) {
		item := v.Object()
		if item.Field("on").Flag() && item.Field("n").Number(9) == 7 {
			out.WriteString("+7")
		}
	}
	return out.String(), doc.Err
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, in, want, wrong string }{
		{"right", ` {"name":"标识","list":[{"on":true,"n":7,"more":1},{"on":false,"n":7}]} `, "标识+7", ""},
		{"not JSON", `{"name"`, "", "byte"},
		{"nothing", ``, "", "byte"},
		{"two documents", `{}{}`, "", "byte"},
		{"no object", `[]`, "", "the document is [], want an object"},
		{"a key twice", `{"name":"a","name":"b"}`, "", "byte"},
		{"another spelling", `{"Name":"a","list":[]}`, "", "Name is not known here; the fields are name, list"},
		{"missing", `{"name":"a"}`, "", "list is missing, want an array"},
		{"null", `{"name":null,"list":[]}`, "", "name is null, want a text"},
		{"too many", `{"name":"a","list":[{},{},{}]}`, "", "list has 3 elements, at most 2 are allowed"},
		{"deep inside", `{"name":"a","list":[{"on":1}]}`, "", "list[0].on is 1, want true or false"},
		{"a fraction", `{"name":"a","list":[{"on":true,"n":1.5}]}`, "", "list[0].n is 1.5, want a whole number from 0 to 9"},
		{"a number too great", `{"name":"a","list":[{"on":true,"n":10}]}`, "", "list[0].n is 10, want"},
		{"below zero", `{"name":"a","list":[{"on":true,"n":-1}]}`, "", "list[0].n is -1, want"},
		{"half a surrogate pair", `{"name":"\ud800","list":[]}`, "", "byte"},
		{"not UTF-8", "{\"name\":\"\xff\",\"list\":[]}", "", "byte"},
		{"long values are cut off", `{"name":["` + strings.Repeat("标", 100) + `"],"list":[]}`, "", "标…, want a text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(tt.in)
			if tt.wrong == "" && (err != nil || got != tt.want) {
				t.Errorf("%q, %v", got, err)
			}
			if tt.wrong != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

// wide is an object of n fields, the last of which has a name.
func wide(n int, last string) string {
	var b strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&b, `"f%d":%d,`, i, i)
	}
	return "{" + b.String() + `"` + last + `":"end"}`
}

func TestDocuments(t *testing.T) {
	for _, tt := range []struct{ name, in, wrong string }{
		{"numbers", `[0,-0,1.50,-12e7,1E+2,1e-2]`, ""},
		{"literals", ` [ true , false , null ] `, ""},
		{"escapes", `["\"\\\/\b\f\n\r\t\u6807\ud83c\udf89"]`, ""},
		{"64 deep", strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		{"65 deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "byte 65: arrays and objects stand more than 64 deep"},
		{"a thousand fields", wide(1000, "end"), ""},
		{"a field twice among a thousand", wide(1000, "f7"), `field "f7" is there twice`},
		{"a field twice in two spellings", `{"a":1,"\u0061":2}`, `byte 7: field "a" is there twice`},
		{"a leading zero", `[01]`, "a number begins with 0"},
		{"a minus alone", `[-]`, "want a digit"},
		{"a point alone", `[1.]`, "want a digit"},
		{"an exponent alone", `[1e]`, "want a digit"},
		{"a word", `[yes]`, "byte 1: want a value"},
		{"a comma too many", `[1,]`, "want a value"},
		{"a comma too few", `[1 2]`, "want a comma"},
		{"a field too few", `{"a":1,}`, "want a field"},
		{"no colon", `{"a" 1}`, "want a colon"},
		{"a text without end", `["a`, "a text has no end"},
		{"a text of two lines", "[\"a\nb\"]", "byte 3: a text holds a control character"},
		{"a text of two lines, after an escape", "[\"\\n\nb\"]", "byte 4: a text holds a control character"},
		{"an escape that is none", `["\x41"]`, "byte 2: an escape is none of JSON's"},
		{"an escape cut off", `["\u00`, "an escape is none of JSON's"},
		{"a surrogate without its second", `["\ud83cx"]`, "an escape is none of JSON's"},
		{"a surrogate with another", `["\ud83c\u0041"]`, "half a surrogate pair"},
		{"a second without its first", `["\udf89\ud83c"]`, "half a surrogate pair"},
		{"not UTF-8", "[\"\xc0\xaf\"]", "byte 2: the document is not UTF-8"},
		{"something behind", `[] x`, "byte 3: something stands behind the document"},
		{"a byte order mark", "\ufeff[]", "byte 0: want a value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc, root := strict.Parse([]byte(tt.in))
			if tt.wrong != "" {
				if fault.KindOf(doc.Err) != fault.Invalid || !strings.Contains(doc.Err.Error(), tt.wrong) {
					t.Errorf("%v; want %q", doc.Err, tt.wrong)
				}
				return
			}
			if got := plain(root); !reflect.DeepEqual(std(t, tt.in), got) || doc.Err != nil {
				t.Error(got, doc.Err)
			}
		})
	}
}

// std is a document as encoding/json reads it.
func std(t *testing.T, in string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(in))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// plain is a value in the same form, as this package reads it.
func plain(v strict.Value) any {
	switch v.Kind() {
	case '{':
		out := map[string]any{}
		o := v.Object()
		for _, name := range o.Names() {
			out[name] = plain(o.Field(name))
		}
		return out
	case '[':
		out := []any{}
		for _, e := range v.Array(1 << 20) {
			out = append(out, plain(e))
		}
		return out
	case '"':
		return v.Text()
	case 't', 'f':
		return v.Flag()
	case 'n':
		return nil
	default:
		return json.Number(v.Scalar())
	}
}

func TestApart(t *testing.T) {
	doc, root := strict.Parse([]byte(`{"a":[{"n":1},{"n":"x"},{"n":3}]}`))
	var wrong []string
	for _, e := range root.Object("a").Field("a").Array(3) {
		own, e := e.Apart()
		e.Object("n").Field("n").Number(2)
		if own.Err != nil {
			wrong = append(wrong, own.Err.Error())
		}
	}
	if diff := cmp.Diff([]string{`a[1].n is "x", want a whole number from 0 to 2`, "a[2].n is 3, want a whole number from 0 to 2"}, wrong); diff != "" || doc.Err != nil {
		t.Error(diff, doc.Err)
	}
	doc, root = strict.Parse([]byte(`{"a":["AAE=","secret!"]}`))
	elements := root.Object().Field("a").Array(2)
	if b := elements[0].Base64(2); string(b) != "\x00\x01" || doc.Err != nil {
		t.Error(b, doc.Err)
	}
	if elements[1].Base64(2); doc.Err == nil || doc.Err.Error() != "a[1] is not base64 of at most 2 bytes" {
		t.Error(doc.Err)
	}
}

// Documents that engine/proof/canon takes, which reads them by another way, are taken
// here as well, and mean what encoding/json makes of them.
func FuzzParse(f *testing.F) {
	f.Add(`{"name":"a","list":[{"on":true,"n":7,"s":"\u6807\ud83c\udf89\n"}]}`)
	f.Add(wide(20, "end"))
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := read(in); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		doc, root := strict.Parse([]byte(in))
		if _, err := canon.Canonical([]byte(in)); err == nil && doc.Err != nil {
			t.Error(doc.Err)
		}
		if doc.Err != nil {
			return
		}
		if !json.Valid([]byte(in)) {
			t.Fatal("this is no JSON")
		}
		// Not by cmp, which takes time without bound for arrays deep in one another.
		if got := plain(root); !reflect.DeepEqual(std(t, in), got) || doc.Err != nil {
			t.Error(got, doc.Err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	doc := []byte(wide(1000, "end"))
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		strict.Parse(doc)
	}
}
