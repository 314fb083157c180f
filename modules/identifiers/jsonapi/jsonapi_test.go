package jsonapi_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// observed returns the bodies that Handle.Net 9.2.0 answered, by the name of what was
// asked, and the statuses of HTTP by that name and " status" (testdata/handlenet.tsv:
// name, status, body).
func observed(tb testing.TB) map[string]string {
	tb.Helper()
	b, err := os.ReadFile("testdata/handlenet.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		out[f[0]], out[f[0]+" status"] = f[2], f[1]
	}
	return out
}

// An answer of Handle.Net that is read and written again has the same bytes.
func TestAnswersOfHandleNet(t *testing.T) {
	bodies := observed(t)
	for _, name := range []string{
		"get", "get-many", "get-noslash", "get-referral", "get-formats-private", "get-private-basic", "get-template", "get-unicode", "get-odd-encoded",
		"get-type-none", "get-foreign", "get-missing", "get-type-children", "put", "put-index-various-overwrite-false", "put-mint", "list",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := jsonapi.ParseAnswer([]byte(bodies[name]))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bodies[name], string(a.Append(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// many is the record 88.709.911/many of the observed server, with every kind of value,
// from its answer over TCP.
func many(tb testing.TB) handle.Record {
	tb.Helper()
	text, err := os.ReadFile("testdata/resolve-many.hex")
	if err != nil {
		tb.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		tb.Fatal(err)
	}
	m, err := wire.Parse(b)
	if err != nil {
		tb.Fatal(err)
	}
	rec, err := body.ParseRecord(m.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return rec
}

// What Handle.Net says in binary and in JSON about one record is the same for us.
func TestBinaryAndJSON(t *testing.T) {
	rec := many(t)
	got := jsonapi.Answer{Code: wire.Success, Name: rec.Name, Values: rec.Values}.Append(nil)
	if diff := cmp.Diff(observed(t)["get-many"], string(got)); diff != "" {
		t.Error(diff)
	}
	_, back, err := jsonapi.ParseValues(got)
	if diff := cmp.Diff(rec.Values, back); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestLists(t *testing.T) {
	bodies := observed(t)
	for _, tt := range []struct {
		name string
		got  []byte
	}{
		{"list-page", jsonapi.Listing{Prefix: "88.709.911", Total: 29, Paged: true, Page: 1, Size: 5, Names: []handle.Name{
			"88.709.911/HASHSITE", "88.709.911/HUGE", "88.709.911/LIMITED", "88.709.911/LIMITED2", "88.709.911/LONG",
		}}.Append(nil)},
		{"list-beyond", jsonapi.Listing{Prefix: "88.709.911", Total: 29, Paged: true, Page: 99, Size: 5}.Append(nil)},
		{"prefixes-basic", jsonapi.Prefixes{"0.NA/0.NA", "0.NA/88.709.911"}.Append(nil)},
		{"verification-right", jsonapi.Verdict{Valid: true, Name: "88.709.911/ADMIN"}.Append(nil)},
		{"verification-wrong", jsonapi.Verdict{Name: "88.709.911/ADMIN"}.Append(nil)},
	} {
		if diff := cmp.Diff(bodies[tt.name], string(tt.got)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	var list struct{ Handles []handle.Name }
	if err := json.Unmarshal([]byte(bodies["list-basic"]), &list); err != nil {
		t.Fatal(err)
	}
	if got := (jsonapi.Listing{Prefix: "88.709.911", Total: 29, Names: list.Handles}).Append(nil); string(got) != bodies["list-basic"] {
		t.Error(string(got))
	}
}

func TestSite(t *testing.T) {
	doc := observed(t)["site"]
	_, values, err := jsonapi.ParseValues([]byte(`{"index":1,"type":"HS_SITE","data":{"format":"site","value":` + strings.TrimPrefix(strings.TrimSuffix(doc, "}"), `{"responseCode":1,"site":`) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := typed.ParseSite(values[0].Data)
	if diff := cmp.Diff(doc, string(jsonapi.AppendSite(nil, s))); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestDress(t *testing.T) {
	bodies := observed(t)
	for _, tt := range []struct {
		name string
		r    jsonapi.Request
		want string
		kind string
	}{
		{"get", jsonapi.Request{}, bodies["get"], "application/json;charset=utf-8"},
		{"get-callback", jsonapi.Request{Callback: "f"}, bodies["get-callback"], "application/javascript;charset=utf-8"},
		{"get-pretty", jsonapi.Request{Pretty: true}, strings.ReplaceAll(bodies["get-pretty"], `\n`, "\n"), "application/json;charset=utf-8"},
	} {
		got, kind := tt.r.Dress([]byte(bodies["get"]))
		if string(got) != tt.want || kind != tt.kind {
			t.Errorf("%s: %s\n%s", tt.name, kind, got)
		}
	}
}

// plain writes a value with encoding/json, as a second implementation.
func plain(v handle.Value) string {
	type data struct {
		Format string `json:"format"`
		Value  any    `json:"value"`
	}
	doc := struct {
		Index       uint32             `json:"index"`
		Type        string             `json:"type"`
		Data        data               `json:"data"`
		Permissions string             `json:"permissions,omitempty"`
		TTL         uint32             `json:"ttl"`
		References  []handle.Reference `json:"references,omitempty"`
	}{Index: v.Index, Type: v.Type, Data: data{"string", string(v.Data)}, TTL: v.TTL.Seconds, References: v.References}
	if v.Perm != handle.Usual {
		for bit := handle.AdminRead; bit > 0; bit >>= 1 {
			doc.Permissions += map[bool]string{true: "1", false: "0"}[v.Perm&bit != 0]
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(doc) != nil {
		return "not JSON"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestEscapes(t *testing.T) {
	for _, s := range []string{"", "plain", `quote " and \`, "<a href='x'>&</a>", "\t\n\r\v\f", "标识 🎉", "line\u2028para\u2029end", "\ufffd", "é\u2027\u2030"} {
		v := handle.Value{Index: 1, Type: "DESC" + s, Data: []byte(s), TTL: handle.TTL{Seconds: 5}, References: []handle.Reference{{Name: handle.Name(s), Index: 7}}}
		if diff := cmp.Diff(plain(v), string(jsonapi.AppendValue(nil, v))); diff != "" {
			t.Error(diff)
		}
	}
	if got := jsonapi.AppendValue(nil, handle.Value{Type: "\b\x01\xff", Perm: handle.Usual}); !strings.Contains(string(got), `"type":"\b\u0001`+"\ufffd\"") {
		t.Error(string(got))
	}
}

func TestParseValues(t *testing.T) {
	const data = `"data":{"format":"string","value":"x"}`
	for _, tt := range []struct {
		name, in string
		want     []handle.Value
		wrong    string
	}{
		{"a bare text", `{"index":1,"type":"URL","data":"x"}`, []handle.Value{{Index: 1, Type: "URL", Data: []byte("x"), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual}}, ""},
		{"in hex, absolute ttl", `[{"index":1,"type":"H","data":{"format":"hex","value":"00fF"},"ttl":"2030-01-01T00:00:00Z","timestamp":"1970-01-01T00:00:07Z","permissions":"0001"}]`, []handle.Value{{
			Index: 1, Type: "H", Data: []byte{0, 255}, TTL: handle.TTL{Absolute: true, Seconds: 1893456000}, Perm: handle.PublicWrite, Timestamp: 7,
		}}, ""},
		{"as PYHANDLE writes it", `{"values": [{"index": 100, "type": "HS_ADMIN", "data": {"value": {"index": "200", "handle": "0.NA/my", "permissions": "011111110011"}, "format": "admin"}}]}`, []handle.Value{{
			Index: 100, Type: "HS_ADMIN", Data: []byte("\x07\xf3\x00\x00\x00\x070.NA/my\x00\x00\x00\xc8"), TTL: handle.TTL{Seconds: handle.Day}, Perm: handle.Usual,
		}}, ""},
		{"an index in words", `[{"index":"one","type":"URL",` + data + `}]`, nil, `[0].index is "one", want a whole number`},
		{"no values", `{"values":[],"anything":{"else":1}}`, []handle.Value{}, ""},
		{"not JSON", `{`, nil, "byte"},
		{"no index", `{"values":[{"type":"URL",` + data + `}]}`, nil, "values[0].index is missing, want a whole number"},
		{"an index below zero", `[{"index":-1,"type":"URL",` + data + `}]`, nil, "[0].index is -1, want a whole number"},
		{"no type", `[{"index":1,` + data + `}]`, nil, "[0].type is missing"},
		{"no data", `[{"index":1,"type":"URL"}]`, nil, "[0].data is missing, want an object"},
		{"a slip", `[{"index":1,"type":"URL",` + data + `,"permision":"1100"}]`, nil, "[0].permision is not known here; the fields are index, type"},
		{"an unknown format", `[{"index":1,"type":"URL","data":{"format":"nope","value":"x"}}]`, nil, `[0].data.format is "nope", want string, base64, hex, admin, vlist, site or key`},
		{"base64 that is none", `[{"index":1,"type":"B","data":{"format":"base64","value":"AAE"}}]`, nil, `[0].data.value is "AAE", want base64`},
		{"hex that is none", `[{"index":1,"type":"B","data":{"format":"hex","value":"0"}}]`, nil, `[0].data.value is "0", want two hexadecimal digits`},
		{"three permissions", `[{"index":1,"type":"URL",` + data + `,"permissions":"110"}]`, nil, `[0].permissions is "110", want 1110 or another text`},
		{"permissions of letters", `[{"index":1,"type":"URL",` + data + `,"permissions":"rw-r"}]`, nil, `[0].permissions is "rw-r"`},
		{"a ttl in words", `[{"index":1,"type":"URL",` + data + `,"ttl":"soon"}]`, nil, `[0].ttl is "soon", want an instant`},
		{"a timestamp too early", `[{"index":1,"type":"URL",` + data + `,"timestamp":"1969-12-31T23:59:59Z"}]`, nil, "want an instant from 1970"},
		{"a right too many", `[{"index":1,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"88.1/a","index":300,"permissions":"1111111111111"}}}]`, nil, "[0].data.value.permissions is"},
		{"an address with a zone", site(`"address":"fe80::1%eth0"`), nil, `servers[0].address is "fe80::1%eth0", want an IP address`},
		{"a version without a dot", strings.Replace(site(`"address":"192.0.2.1"`), "2.11", "2", 1), nil, "protocolVersion is \"2\""},
		{"a key of another kind", `[{"index":1,"type":"HS_PUBKEY","data":{"format":"key","value":{"kty":"EC"}}}]`, nil, `kty is "EC", want RSA or DSA`},
		{"a key with padding", `[{"index":1,"type":"HS_PUBKEY","data":{"format":"key","value":{"kty":"RSA","n":"AQ==","e":"AQAB"}}}]`, nil, `n is "AQ==", want a number in base64url`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got, err := jsonapi.ParseValues([]byte(tt.in))
			if tt.wrong == "" {
				if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
					t.Error(diff, err)
				}
			} else if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

// site is a body with a site whose server has an address.
func site(address string) string {
	return `[{"index":1,"type":"HS_SITE","data":{"format":"site","value":{"protocolVersion":"2.11","serialNumber":1,"servers":[{"serverId":1,` +
		address + `,"publicKey":{"format":"hex","value":""},"interfaces":[]}]}}}]`
}

func TestSiteOptions(t *testing.T) {
	in := typed.Site{Format: 1, Major: 2, Minor: 10, Serial: 7, MultiPrimary: true, Hash: typed.HashSuffix, HashFilter: []byte("f"), Servers: []typed.Server{{
		ID: 3, Address: addr("2001:db8::1"), PublicKey: []byte{0xff},
		Interfaces: []typed.Interface{{Admin: true, Transport: typed.HTTPS, Port: 65535}, {Query: true, Transport: 9, Port: 1}},
	}}}
	v := handle.Value{Index: 1, Type: "hs_site", Data: typed.AppendSite(nil, in), Perm: handle.Usual}
	doc := jsonapi.AppendValue(nil, v)
	want := `{"index":1,"type":"hs_site","data":{"format":"site","value":{"version":1,"protocolVersion":"2.10","serialNumber":7,"primarySite":false,"multiPrimary":true,"hashOption":1,"hashFilter":"f","attributes":[],` +
		`"servers":[{"serverId":3,"address":"2001:db8::1","publicKey":{"format":"base64","value":"/w=="},"interfaces":[{"query":false,"admin":true,"protocol":"HTTPS","port":65535},{"query":true,"admin":false,"protocol":"9","port":1}]}]}},"ttl":0}`
	if diff := cmp.Diff(want, string(doc)); diff != "" {
		t.Error(diff)
	}
	_, back, err := jsonapi.ParseValues(doc)
	if diff := cmp.Diff([]handle.Value{v}, back); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// Typed data that cannot be read is shown as the bytes that it is.
func TestBrokenTypes(t *testing.T) {
	for _, name := range []string{handle.TypeAdmin, handle.TypeVList, handle.TypeSite, handle.TypePublicKey} {
		got := string(jsonapi.AppendValue(nil, handle.Value{Type: name, Data: []byte{0, 1}}))
		if !strings.Contains(got, `"data":{"format":"base64","value":"AAE="}`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzParseValues(f *testing.F) {
	for _, doc := range observed(f) {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		_, values, err := jsonapi.ParseValues(in)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		doc := jsonapi.Answer{Code: wire.Success, Values: values}.Append(nil)
		_, back, err := jsonapi.ParseValues(doc)
		if diff := cmp.Diff(values, back); diff != "" || err != nil {
			t.Error(string(doc), diff, err)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	for _, doc := range observed(f) {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := jsonapi.ParseAnswer(in)
		if err != nil {
			return
		}
		b, err := jsonapi.ParseAnswer(a.Append(nil))
		if a.Code == wire.Success {
			a.Message, a.Referral = "", ""
		}
		if diff := cmp.Diff(a, b); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// A value of any bytes stays the same, and its document is one that others can read.
func FuzzAppendValue(f *testing.F) {
	for _, v := range many(f).Values {
		f.Add(v.Index, v.Type, v.Data, byte(v.Perm))
	}
	f.Fuzz(func(t *testing.T, index uint32, kind string, data []byte, perm byte) {
		v := handle.Value{Index: index, Type: kind, Data: data, Perm: handle.Perm(perm & 15), TTL: handle.TTL{Seconds: index}, Timestamp: index}
		doc := jsonapi.AppendValue(nil, v)
		if !json.Valid(doc) {
			t.Fatal(string(doc))
		}
		_, back, err := jsonapi.ParseValues(doc)
		if err != nil {
			if checked, _ := strict.Parse(doc); checked.Err != nil || len(data) > handle.MaxData {
				return // text that is no UTF-8
			}
			t.Fatal(string(doc), err)
		}
		if again := jsonapi.AppendValue(nil, back[0]); string(again) != string(doc) {
			t.Errorf("%s\n%s", doc, again)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	day := handle.TTL{Seconds: handle.Day}
	a := jsonapi.Answer{Code: wire.Success, Name: "88.118.2/gb-1", Values: []handle.Value{
		{Index: 1, Type: "URL", Data: []byte("https://example.org/one?a=1&b=2"), TTL: day, Perm: handle.Usual, Timestamp: 1761955200},
		{Index: 2, Type: "DESC", Data: []byte("重庆数字经济 标识"), TTL: day, Perm: handle.Usual, Timestamp: 1761955200},
		{Index: 100, Type: handle.TypeAdmin, Data: typed.AppendAdmin(nil, typed.Admin{Rights: typed.Everything, Reference: handle.Reference{Name: "88.118.2/ADMIN", Index: 300}}), TTL: day, Perm: handle.Usual, Timestamp: 1761955200},
	}}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = a.Append(dst[:0])
	}
}

func BenchmarkParseValues(b *testing.B) {
	doc := []byte(observed(b)["get"])
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := jsonapi.ParseValues(doc); err != nil {
			b.Fatal(err)
		}
	}
}
