package idhub_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi/idhub"
)

// same fails t unless two documents say the same, and got is in the order of want.
func same(t *testing.T, want string, got []byte) {
	t.Helper()
	var b strings.Builder
	d := json.NewDecoder(strings.NewReader(want))
	for {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			break
		}
		var compact strings.Builder
		e := json.NewEncoder(&compact)
		e.SetEscapeHTML(false)
		if err := e.Encode(raw); err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.TrimSuffix(compact.String(), "\n"))
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Error(diff)
	}
}

// The answers are the examples of the guide.
func TestAnswers(t *testing.T) {
	record := handle.Record{Name: "88.1021.150/002", Values: []handle.Value{{Index: 1001, Type: "TEMPLATE", Data: []byte("1.0"), Perm: handle.Usual}}}
	missing, exists := fault.New(fault.NotFound, "x"), fault.New(fault.Conflict, "x")
	for _, tt := range []struct {
		name, want string
		got        []byte
	}{
		{"a record", `{"message": "success", "status": 1, "data": {"code": "200", "prefix": "88.1021.150", "handle": "88.1021.150/002", "templateVersion": "1.0",
			"value": [{"data": {"format": "string", "value": "1.0"}, "auth": "1", "index": 1001, "type": "TEMPLATE"}]}}`, idhub.Answer[idhub.Detail]{Message: "success", Status: idhub.Success, Data: idhub.DetailOf(record, "")}.Append(nil)},
		{"done", `{"message":"success","status":1,"data":true}`, idhub.Answer[bool]{Message: "success", Status: idhub.Success, Data: true}.Append(nil)},
		{"a token", `{"message":"success","status":1,"data":{"token":"a<b"}}`, idhub.Answer[idhub.Token]{Message: "success", Status: idhub.Success, Data: idhub.Token{Token: "a<b"}}.Append(nil)},
		{"refused", `{"message": "缺少必要的请求参数: handle", "status": -2, "data": null}`, idhub.Refused(fault.Say(fault.Invalid, "缺少必要的请求参数: handle", "handle is missing")).Append(nil)},
		{"refused in English", `{"message":"index is 0","status":-2,"data":null}`, idhub.Refused(fault.New(fault.Invalid, "index is 0")).Append(nil)},
		{"not found", `{"message": "没有找到标识", "status": -2, "data": null}`, idhub.Refused(missing).Append(nil)},
		{"forbidden", `{"message":"no","status":-3,"data":null}`, idhub.Refused(fault.New(fault.Forbidden, "no")).Append(nil)},
		{"an error of the server says nothing", `{"message":"系统内部错误","status":-4,"data":null}`, idhub.Refused(errors.New("dial tcp 10.0.0.1")).Append(nil)},
		{"outcomes of a registration", `{"message":"success","status":1,"data":[{"handle":"88.101.0042/001","msg":"success"},{"handle":"88.101.0042/001","msg":"标识已存在"}]}`, idhub.Answer[[]idhub.Outcome]{
			Message: "success", Status: idhub.Success, Data: []idhub.Outcome{idhub.OutcomeOf("88.101.0042/001", nil), idhub.OutcomeOf("88.101.0042/001", exists)},
		}.Append(nil)},
		{"outcomes of a deletion", `{"message":"success","status":1,"data":[{"handle":"86.709.612/cc","code":1,"msg":"success"},{"handle":"86.709.612/cc","code":-2,"msg":"标识不存在"}]}`, idhub.Answer[[]idhub.Outcome]{
			Message: "success", Status: idhub.Success, Data: []idhub.Outcome{{Name: "86.709.612/cc", Code: idhub.Success, Text: "success"}, {Name: "86.709.612/cc", Code: idhub.Failed, Text: idhub.OutcomeOf("", missing).Text}},
		}.Append(nil)},
		{"a challenge", `{"code":1,"message":"operation was successfully processed","data":"1816"}`, idhub.Reply{Code: idhub.CodeOK, Message: "operation was successfully processed", Data: "1816"}.Append(nil)},
		{"deleted", `{"code":10000,"message":"成功"}`, idhub.Reply{Code: idhub.CodeDone, Message: "成功"}.Append(nil)},
		{"registered", `{"code": 10000, "message": "成功", "data": {"type": "88.608.8899/META_zj02", "attributes": {"content": {"en1": "432344", "en2": "22323222"}}}}`, idhub.Reply{
			Code: idhub.CodeDone, Message: "成功", Data: idhub.Object{Type: "88.608.8899/META_zj02", Attributes: idhub.Attributes{Content: map[string]string{"en1": "432344", "en2": "22323222"}}},
		}.Append(nil)},
	} {
		t.Run(tt.name, func(t *testing.T) { same(t, tt.want, tt.got) })
	}
}

// body returns what stands under "data" in a reply.
func body(r idhub.Reply) []byte {
	doc := r.Append(nil)
	return doc[len(`{"code":0,"message":"","data":`) : len(doc)-1]
}

func TestInstance(t *testing.T) {
	o, err := idhub.ParseObject([]byte(`{"type":"88.608.8889/META_zxczxc","attributes":{"content":{"en1":"update handle","n":7.50,"yes":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"en1": "update handle", "n": "7.50", "yes": "true"}, o.Attributes.Content); diff != "" || o.Type != "88.608.8889/META_zxczxc" {
		t.Error(o.Type, diff)
	}
	r := handle.Record{Name: "88.608.8889/87654321", Values: []handle.Value{
		{Index: 1000, Type: "TEMPLATE", Data: []byte("META_zxczxc@1")}, {Index: 2000, Type: "en1", Data: []byte("update handle")}, {Index: 2001, Type: "n", Data: []byte("7.50")}, {Index: 2002, Type: "yes", Data: []byte("true")},
	}}
	same(t, `{"id":"88.608.8889/87654321","type":"88.608.8889/META_zxczxc","attributes":{"id":"88.608.8889/87654321","type":"88.608.8889/META_zxczxc","elements":[
		{"index":2000,"type":"en1","name":"zh1","data":"update handle","dataType":1},{"index":2001,"type":"number","name":"数","data":"7.50","dataType":2},{"index":2002,"type":"yes","name":"yes","data":"true","dataType":1}]}}`,
		body(idhub.Reply{Data: idhub.InstanceOf(r, o.Type, map[uint32]idhub.Element{2000: {Type: "en1", Name: "zh1", DataType: 1}, 2001: {Type: "number", Name: "数", DataType: 2}})}))
}

// registration is the example of the guide.
const registration = `{"handle": "88.1021.150/xx002", "templateVersion": "1.0", "value": [{"data": {"format": "string", "value": "小型机械01"}, "auth": "", "index": 2000, "type": "name"}]}`

func TestParseItem(t *testing.T) {
	day := handle.TTL{Seconds: handle.Day}
	want := handle.Record{Name: "88.1021.150/xx002", Values: []handle.Value{
		{Index: 1001, Type: "TEMPLATE", Data: []byte("1.0"), TTL: day, Perm: handle.Usual},
		{Index: 2000, Type: "name", Data: []byte("小型机械01"), TTL: day, Perm: handle.Usual},
	}}
	got, err := idhub.ParseItem([]byte(registration))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, tt := range []struct{ name, from, to, wrong string }{
		{"no identifier", `"handle": "88.1021.150/xx002", `, ``, "handle is missing, want a text"},
		{"no prefix", `88.1021.150/xx002`, `xx002`, `identifier "xx002" has no "/"`},
		{"too long an identifier", `xx002`, strings.Repeat("标", 244), "want a shorter text"},
		{"no version", `"templateVersion": "1.0", `, ``, "templateVersion is missing"},
		{"no values", `"value": [{`, `"value": {"a":{`, "byte"},
		{"an index that is reserved", `2000`, `1001`, "value[0].index is 1001, want another index: 1000 and 1001 are reserved"},
		{"index zero", `2000`, `0`, "index 0"},
		{"no type", `"name"`, `""`, "has no type"},
		{"another format", `"string"`, `"base64"`, `value[0].data.format is "base64", want string`},
		{"a number as value", `"小型机械01"`, `7`, "value[0].data.value is 7, want a text"},
		{"a field not known", `"auth"`, `"permissions"`, "value[0].permissions is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := idhub.ParseItem([]byte(strings.Replace(registration, tt.from, tt.to, 1)))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

func TestParseItems(t *testing.T) {
	broken := strings.Replace(registration, "2000", "1000", 1)
	items, err := idhub.ParseItems([]byte("[" + registration + "," + broken + "," + registration + ",7]"))
	if err != nil || len(items) != 4 {
		t.Fatal(items, err)
	}
	if items[0].Err != nil || items[2].Err != nil || len(items[2].Record.Values) != 2 {
		t.Error(items[0], items[2])
	}
	if err := items[1].Err; err == nil || !strings.Contains(err.Error(), "[1].value[0].index is 1000") || items[1].Record.Name != "88.1021.150/xx002" {
		t.Error(items[1])
	}
	if err := items[3].Err; err == nil || !strings.Contains(err.Error(), "[3] is 7, want an object") {
		t.Error(items[3])
	}
	for _, tt := range []struct{ name, in, wrong string }{
		{"no array", registration, "want an array"},
		{"too many", "[" + strings.Repeat("{},", 2000) + "{}]", "has 2001 elements, at most 2000 are allowed"},
		{"not JSON", "[", "byte"},
	} {
		if _, err := idhub.ParseItems([]byte(tt.in)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestParseNames(t *testing.T) {
	for _, in := range []string{`["86.709.612/cc","cc1","86.709.612/cc2"]`, `{"handles":["86.709.612/cc","cc1","86.709.612/cc2"]}`} {
		items, err := idhub.ParseNames([]byte(in))
		if err != nil || len(items) != 3 || items[0].Record.Name != "86.709.612/cc" || items[0].Err != nil || items[1].Record.Name != "cc1" || items[1].Err == nil || items[2].Err != nil {
			t.Error(in, items, err)
		}
	}
	for _, in := range []string{`{}`, `[`, `"a"`, `["a/b"` + strings.Repeat(`,"a/b"`, 2000) + `]`} {
		if _, err := idhub.ParseNames([]byte(in)); fault.KindOf(err) != fault.Invalid {
			t.Error(in[:min(9, len(in))], err)
		}
	}
	if name, err := idhub.ParseName([]byte(`{"handle": "88.1021.150/xx002"}`)); name != "88.1021.150/xx002" || err != nil {
		t.Error(name, err)
	}
	if _, err := idhub.ParseName([]byte(`{"handel": "88.1021.150/xx002"}`)); err == nil || !strings.Contains(err.Error(), "handel is not known") {
		t.Error(err)
	}
}

func TestParseLogin(t *testing.T) {
	if l, err := idhub.ParseLogin([]byte(`{"username":"88.1/app","password":"key of the tests"}`)); l != (idhub.Login{User: "88.1/app", Password: "key of the tests"}) || err != nil {
		t.Error(l, err)
	}
	long := strings.Repeat("secret", 11)
	for _, in := range []string{`{"username":"a"}`, `{"password":"secret"}`, `{"username":"a","password":"` + long + `"}`, `{"username":"` + strings.Repeat("a", 51) + `","password":"secret"}`, `{"username":1,"password":"secret"}`, `{"username":"a","password":["secret"]}`, `{"username":"a","password":"secret"`} {
		if _, err := idhub.ParseLogin([]byte(in)); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "secret") {
			t.Error(in, err)
		}
	}
	hashed := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	day := time.Date(2026, 1, 31, 23, 59, 0, 0, time.UTC)
	if got := idhub.HashPassword("key", day); got != hashed(hashed("key")+"2026-01-31") {
		t.Error(got)
	}
}

func TestParseOperation(t *testing.T) {
	for _, tt := range []struct {
		name, query string
		post        bool
		op          idhub.Operation
		wrong       string
	}{
		{"register", "targetId=88.608.8899/META_zj02&operationId=0.DOIP/Op.Create", true, idhub.Create, ""},
		{"merge", "targetId=88.1/a&operationId=0.DOIP.EXTEND/Op.Update.Non.Overlay", true, idhub.Merge, ""},
		{"resolve", "targetId=88.1/a&operationId=0.DOIP/Op.Retrieve", false, idhub.Retrieve, ""},
		{"a change by GET", "targetId=88.1/a&operationId=0.DOIP/Op.Delete", false, "", "operationId is"},
		{"resolving by POST", "targetId=88.1/a&operationId=0.DOIP/Op.Retrieve", true, "", "operationId is"},
		{"no operation", "targetId=88.1/a", true, "", "operationId is"},
		{"no target", "operationId=0.DOIP/Op.Create", true, "", "identifier"},
		{"too long", "targetId=88/" + strings.Repeat("a", 253) + "&operationId=0.DOIP/Op.Create", true, "", "more than 255"},
	} {
		q, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		op, _, err := idhub.ParseOperation(q, tt.post)
		if op != tt.op || (tt.wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %q, %v", tt.name, op, err)
		}
	}
}

func TestParseResponse(t *testing.T) {
	r, err := idhub.ParseResponse([]byte(`{"handle":"88.111.911/app","signature":"AAEC"}`))
	if diff := cmp.Diff(idhub.Response{Identity: "88.111.911/app", Signature: []byte{0, 1, 2}}, r); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, in := range []string{`{"handle":"app","signature":"AAEC"}`, `{"handle":"88.1/app"}`, `{"handle":"88.1/app","signature":"%secret"}`} {
		if _, err := idhub.ParseResponse([]byte(in)); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "secret") {
			t.Error(in, err)
		}
	}
}

func TestParseGrant(t *testing.T) {
	const app = "88.608.8889/App_xz_app2"
	g, err := idhub.ParseGrant([]byte(`{"handle":"88.608.8889/SNMS-handle13","readerScope":2,"delHandleUserReaders":["` + app + `"],"handleUserWriters":["` + app + `"],"handleUserReaders":["` + app + `"],"delHandleUserWriters":null}`))
	if diff := cmp.Diff(idhub.Grant{Name: "88.608.8889/SNMS-handle13", Readers: []handle.Name{app}, Writers: []handle.Name{app}, RemoveReaders: []handle.Name{app}}, g); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if g, err := idhub.ParseGrant([]byte(`{"handle":"88.1/a","grantType":1}`)); !g.Class || err != nil {
		t.Error(g, err)
	}
	if g, err := idhub.ParseGrant([]byte(`{"handle":"88.1/a","grantType":2,"readerScope":1}`)); !g.Public || err != nil {
		t.Error(g, err)
	}
	for _, in := range []string{`{"handle":"88.1/a","readerScope":0}`, `{"handle":"88.1/a","readerScope":3}`, `{"handle":"88.1/a","grantType":0,"readerScope":1}`, `{"handle":"88.1/a"}`, `{"handle":"88.1/a","readerScope":2,"handleUserReaders":["app"]}`, `{"handle":"88.1/a","readerScope":2,"handleUserReader":[]}`} {
		if _, err := idhub.ParseGrant([]byte(in)); fault.KindOf(err) != fault.Invalid {
			t.Error(in, err)
		}
	}
}

func TestCodeOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want idhub.Code
	}{
		{nil, 1}, {fault.Invalid, 106}, {fault.NotFound, 104}, {fault.Conflict, 105}, {fault.Forbidden, 103}, {fault.Busy, 500}, {errors.New("x"), 500},
	} {
		if got := idhub.CodeOf(tt.err); got != tt.want {
			t.Errorf("%v: %d", tt.err, got)
		}
	}
}

// Every body that is read at all is either refused as invalid or makes a record that
// can be stored.
func FuzzParseItems(f *testing.F) {
	f.Add([]byte("[" + registration + "]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		items, err := idhub.ParseItems(in)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		for _, i := range items {
			if i.Err == nil && i.Record.Check() != nil || i.Err != nil && fault.KindOf(i.Err) != fault.Invalid {
				t.Error(i)
			}
		}
	})
}

func FuzzParseBodies(f *testing.F) {
	f.Add([]byte(registration))
	f.Add([]byte(`{"handle":"88.1/a","readerScope":2,"signature":"AAEC","username":"a","password":"b"}`))
	f.Add([]byte(`{"type":"88.1/t","attributes":{"content":{"a":1}}}`))
	f.Add([]byte(`{"handles":["88.1/a"]}`))
	for _, tt := range templates() {
		f.Add([]byte(tt.in))
	}
	f.Add([]byte(`{"metaHandle":"88.1/t","scope":2,"items":["en1"],"accessList":[{"item":"en1","authType":1,"scope":2,"handleUsers":["88.1/app"]}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, item := idhub.ParseItem(in)
		_, name := idhub.ParseName(in)
		_, names := idhub.ParseNames(in)
		_, login := idhub.ParseLogin(in)
		_, response := idhub.ParseResponse(in)
		_, grant := idhub.ParseGrant(in)
		_, _, meta := idhub.ParseMeta(in)
		_, _, template := idhub.ParseTemplate(in)
		_, _, grants := idhub.ParseItemGrants(in)
		_, publication := idhub.ParsePublication(in)
		o, object := idhub.ParseObject(in)
		for _, err := range []error{item, name, names, login, response, grant, meta, template, grants, publication, object} {
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
		}
		if object == nil {
			back, err := idhub.ParseObject(body(idhub.Reply{Data: o}))
			if diff := cmp.Diff(o, back); diff != "" || err != nil {
				t.Error(diff, err)
			}
		}
	})
}

func FuzzParseOperation(f *testing.F) {
	f.Add("targetId=88.1/a&operationId=0.DOIP/Op.Create", true)
	f.Fuzz(func(t *testing.T, query string, post bool) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		op, name, err := idhub.ParseOperation(q, post)
		if err == nil && (name == "" || post == (op == idhub.Retrieve)) {
			t.Error(op, name)
		}
	})
}

func BenchmarkParseItems(b *testing.B) {
	body := []byte("[" + strings.Repeat(registration+",", 1999) + registration + "]")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := idhub.ParseItems(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDetail(b *testing.B) {
	r, err := idhub.ParseItem([]byte(registration))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		idhub.Answer[idhub.Detail]{Message: "success", Status: idhub.Success, Data: idhub.DetailOf(r, "")}.Append(nil)
	}
}
