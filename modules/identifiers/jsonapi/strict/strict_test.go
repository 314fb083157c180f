package strict_test

import (
	"strings"
	"testing"

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

func FuzzParse(f *testing.F) {
	f.Add(`{"name":"a","list":[{"on":true,"n":7}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := read(in); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	})
}
