package linkset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

// The figures of RFC 9264 say the same in both forms, and are written as golden files.
func TestFigures(t *testing.T) {
	files, err := filepath.Glob("testdata/rfc9264/figure*.json")
	if err != nil || len(files) != 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			inJSON, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			inText, err := os.ReadFile(strings.TrimSuffix(file, "json") + "txt")
			if err != nil {
				t.Fatal(err)
			}
			set, err := ParseJSON(inJSON)
			if err != nil {
				t.Fatal(err)
			}
			same, err := ParseText(inText)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(set, same); diff != "" {
				t.Errorf("the forms differ (-JSON +text):\n%s", diff)
			}
			written := append(AppendJSON(nil, set), '\n')
			written = append(AppendText(written, set), '\n')
			testkit.Golden(t, "written/"+filepath.Base(strings.TrimSuffix(file, ".json")), written)
			again(t, set)
		})
	}
}

// again writes and reads a set in both forms.
func again(t *testing.T, set Set) {
	t.Helper()
	back, err := ParseJSON(AppendJSON(nil, set))
	if diff := cmp.Diff(set, back); err != nil || diff != "" {
		t.Errorf("JSON: %v\n%s", err, diff)
	}
	back, err = ParseJSON(AppendJSONLD(nil, set))
	if diff := cmp.Diff(set, back); err != nil || diff != "" {
		t.Errorf("JSON-LD: %v\n%s", err, diff)
	}
	back, err = ParseText(AppendText(nil, plain(set)))
	if diff := cmp.Diff(plain(set), back); err != nil || diff != "" {
		t.Errorf("text: %v\n%s", err, diff)
	}
}

// plain is what the text form says of a set: nothing of contexts without links, and no
// descriptions.
func plain(s Set) Set {
	out := Set{}
	for _, c := range s {
		if c.Description = ""; len(c.Links) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// The examples of RFC 8288 §3.5, and what GS1 writes otherwise than RFC 9264.
func TestParseText(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want Set
	}{
		"title": {
			`<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter"`,
			Set{{Links: []Link{{Rel: "previous", Href: "http://example.com/TheBook/chapter2", Title: "previous chapter"}}}},
		},
		"extension type": {`</>; rel="http://example.net/foo"`, Set{{Links: []Link{{Rel: "http://example.net/foo", Href: "/"}}}}},
		"anchor":         {`</terms>; rel="copyright"; anchor="#foo"`, Set{{Anchor: "#foo", Links: []Link{{Rel: "copyright", Href: "/terms"}}}}},
		"languages": {
			`</TheBook/chapter2>; rel="previous"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel="next"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel`,
			Set{{Links: []Link{
				{Rel: "previous", Href: "/TheBook/chapter2", Titles: []Text{{"letztes Kapitel", "de"}}},
				{Rel: "next", Href: "/TheBook/chapter4", Titles: []Text{{"nächstes Kapitel", "de"}}},
			}}},
		},
		"two types": {
			`<http://example.org/>; rel="start http://example.net/relation/other"`,
			Set{{Links: []Link{{Rel: "start", Href: "http://example.org/"}, {Rel: "http://example.net/relation/other", Href: "http://example.org/"}}}},
		},
		"first counts":  {`<a>;rel=next;rel=prev;title=x;title=y;type=a/b;type=c/d`, Set{{Links: []Link{{Rel: "next", Href: "a", Title: "x", Type: "a/b"}}}}},
		"space":         {" ,\r\n <a> ; REL = \"Next\" ;; flag ,, ", Set{{Links: []Link{{Rel: "next", Href: "a", Attributes: map[string][]string{"flag": {""}}}}}}},
		"comma in text": {`<a,b>; rel=next; title="one, \"two\"; \\"`, Set{{Links: []Link{{Rel: "next", Href: "a,b", Title: `one, "two"; \`}}}}},
		"CURIE":         {`<a>; rel="gs1:pip"; hreflang=zh; context=CN`, Set{{Links: []Link{{Rel: ProductPage, Href: "a", Hreflang: []string{"zh"}, Context: []string{"CN"}}}}}},
		"nothing":       {" \n", Set{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseText([]byte(c.in))
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Fatalf("%v\n%s", err, diff)
			}
			again(t, got)
		})
	}
}

func TestParseTextRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"no target":       `rel=next`,
		"open target":     `<a; rel=next`,
		"empty target":    `<>; rel=next`,
		"space in target": `<a b>; rel=next`,
		"no type":         `<a>; title=x`,
		"type of spaces":  `<a>; rel="  "`,
		"bad type":        `<a>; rel="a*b"`,
		"rev":             `<a>; rel=next; rev=prev`,
		"open text":       `<a>; rel="next`,
		"no separator":    `<a> rel=next`,
		"space in anchor": `<a>; rel=next; anchor="a b"`,
		"charset":         `<a>; rel=next; title*=ISO-8859-1'de'x`,
		"half an escape":  `<a>; rel=next; title*=UTF-8'de'%4`,
		"bytes in escape": `<a>; rel=next; title*=UTF-8'de'%ff`,
		"no language":     `<a>; rel=next; title*=abc`,
		"attribute":       `<a>; rel=next; a(b=c`,
		"href again":      `<a>; rel=next; href=b`,
		"not UTF-8":       "<a>; rel=next; title=\"\xff\"",
		"too long":        "<a>; rel=next; title=" + strings.Repeat("x", MaxSet),
		"too many":        strings.Repeat("<a>;rel=a,", maxLinks+1),
	} {
		if set, err := ParseText([]byte(in)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, set, err)
		}
	}
}

// The examples of gs1/linkset, and its additions to RFC 9264.
func TestParseJSON(t *testing.T) {
	set, err := ParseJSON([]byte(`{ "@context": {"@vocab": "x"}, "linkset": [
		{ "anchor": "https://id.gs1.org/01/09506000134369", "itemDescription": "An item",
		  "prev": [ { "href": "https://dalgiardino.com/extra-virgin-olive-oil/", "title": "My default link" } ],
		  "https://gs1.org/voc/pip": [
		    { "href": "https://dalgiardino.com/risotto/", "hreflang": ["en", "vi"], "title": "Product information",
		      "title*": [ {"value": "Thông tin", "language": "vi"}, {"value": "x"} ], "context": ["VN"], "fwqs": true, "public": false, "empty": [] } ] },
		{ "anchor": "https://id.gs1.org/01/09506000134369", "description": "again", "gs1:pip": [ {"href": "https://a/"} ], "next": [] },
		{ "anchor": "https://id.gs1.org/01/09506000134352", "description": "no links" }
	] }`))
	want := Set{
		{Anchor: "https://id.gs1.org/01/09506000134369", Description: "An item", Links: []Link{
			{Rel: "prev", Href: "https://dalgiardino.com/extra-virgin-olive-oil/", Title: "My default link"},
			{Rel: ProductPage, Href: "https://dalgiardino.com/risotto/", Title: "Product information", Titles: []Text{{"Thông tin", "vi"}, {"x", ""}}, Hreflang: []string{"en", "vi"}, Context: []string{"VN"}},
			{Rel: ProductPage, Href: "https://a/"},
		}},
		{Anchor: "https://id.gs1.org/01/09506000134352", Description: "no links"},
	}
	if diff := cmp.Diff(want, set); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	again(t, set)
	if got := set.Links("https://id.gs1.org/01/09506000134369"); len(got) != 3 || set.Links("x") != nil {
		t.Errorf("links: %v", got)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	in := func(context string) string { return `{"linkset":[` + context + `]}` }
	for name, s := range map[string]string{
		"nothing":          "",
		"list":             "[]",
		"null":             "null",
		"no linkset":       "{}",
		"more members":     `{"linkset":[],"creator":"x"}`,
		"object":           `{"linkset":{}}`,
		"null linkset":     `{"linkset":null}`,
		"text behind":      `{"linkset":[]} x`,
		"object behind":    `{"linkset":[]}{}`,
		"breaks off":       `{"linkset":[]`,
		"not JSON":         `{"linkset":[}`,
		"twice":            `{"linkset":[],"linkset":[]}`,
		"not UTF-8":        "{\"linkset\":[],\"\xff\":1}",
		"context a text":   in(`"x"`),
		"anchor a number":  in(`{"anchor":1}`),
		"anchor broken":    in(`{"anchor":"a b"}`),
		"anchor twice":     in(`{"anchor":"a","anchor":"b"}`),
		"description":      in(`{"anchor":"a","description":["x"]}`),
		"creator":          in(`{"creator":"x"}`),
		"bad type":         in(`{"a b":[]}`),
		"target a text":    in(`{"next":["x"]}`),
		"target null":      in(`{"next":[null]}`),
		"no href":          in(`{"next":[{"title":"x"}]}`),
		"href null":        in(`{"next":[{"href":null}]}`),
		"href broken":      in(`{"next":[{"href":"a>"}]}`),
		"hreflang a text":  in(`{"next":[{"href":"a","hreflang":"en"}]}`),
		"hreflang null":    in(`{"next":[{"href":"a","hreflang":[null]}]}`),
		"title a list":     in(`{"next":[{"href":"a","title":["x"]}]}`),
		"title* a text":    in(`{"next":[{"href":"a","title*":"x"}]}`),
		"title* no value":  in(`{"next":[{"href":"a","title*":[{"language":"en"}]}]}`),
		"title* language":  in(`{"next":[{"href":"a","title*":[{"value":"x","language":"e'n"}]}]}`),
		"rel in target":    in(`{"next":[{"href":"a","rel":["x"]}]}`),
		"anchor in target": in(`{"next":[{"href":"a","anchor":["x"]}]}`),
		"attribute name":   in(`{"next":[{"href":"a","Foo":["x"]}]}`),
		"attribute number": in(`{"next":[{"href":"a","foo":1}]}`),
		"star attribute":   in(`{"next":[{"href":"a","rel*":[{"value":"x"}]}]}`),
		"too many":         in(`{"next":[` + strings.Repeat(`{"href":"a"},`, maxLinks) + `{"href":"a"}]}`),
		"too long":         strings.Repeat(" ", MaxSet+1),
	} {
		if set, err := ParseJSON([]byte(s)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, set, err)
		}
	}
}

func TestLinkJSON(t *testing.T) {
	l := Link{
		Rel: ProductPage, Href: "https://a/?x=1&y=<2", Title: "产品", Titles: []Text{{"Product", "en"}}, Type: "text/html", Hreflang: []string{"zh-CN"}, Media: "screen",
		Context: []string{"CN"}, Attributes: map[string][]string{"b": {"1", "2"}, "a": {""}}, Texts: map[string][]Text{"c": {{"x", ""}}},
	}
	l.Href = "https://a/?x=1&y=2"
	b := AppendLink(nil, l)
	want := `{"rel":"https://ref.gs1.org/voc/pip","href":"https://a/?x=1&y=2","title":"产品","title*":[{"value":"Product","language":"en"}],"type":"text/html","hreflang":["zh-CN"],"media":"screen","context":["CN"],"a":[""],"b":["1","2"],"c*":[{"value":"x"}]}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
	back, err := ParseLink(b)
	if diff := cmp.Diff(l, back); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, s := range []string{"", "{}", `{"href":"a"}`, `{"rel":"gs1:pip"}`, `{"rel":1,"href":"a"}`, `{"rel":"x y","href":"a"}`, `{"rel":"x","href":"a","rev":["b"]}`} {
		if l, err := ParseLink([]byte(s)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", s, l, err)
		}
	}
}

func TestHeader(t *testing.T) {
	got := Header("https://id.example.cn/01/09520123456788?linkType=linkset")
	want := `<https://id.example.cn/01/09520123456788?linkType=linkset>; rel="linkset"; type="application/linkset+json", ` +
		`<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`
	if got != want {
		t.Errorf("got %s", got)
	}
	if set, err := ParseText([]byte(got)); err != nil || len(set) != 1 || len(set[0].Links) != 2 {
		t.Errorf("%v, %v", set, err)
	}
}

// A target that was never checked does not end where it should not.
func TestTargetCannotBreakOut(t *testing.T) {
	got := string(AppendText(nil, Set{{Links: []Link{{Rel: "next", Href: "https://a/>; rel=evil\r\n批"}}}}))
	if want := `<https://a/%3E;%20rel=evil%0D%0A批>; rel="next"`; got != want {
		t.Errorf("got %q", got)
	}
}

func seeds(f *testing.F, ext string) {
	f.Helper()
	files, err := filepath.Glob("testdata/rfc9264/*." + ext)
	if err != nil || files == nil {
		f.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

func FuzzParseJSON(f *testing.F) {
	seeds(f, "json")
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := ParseJSON(b)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		written := AppendJSON(nil, set)
		back, err := ParseJSON(written)
		if diff := cmp.Diff(set, back); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", written, err, diff)
		}
		// What control characters a JSON text has, the text form does not keep.
		text := AppendText(nil, plain(set))
		back, err = ParseText(text)
		if err != nil || !bytes.Equal(AppendText(nil, back), text) {
			t.Fatalf("%s\nis read back as\n%s\n%v", text, AppendText(nil, back), err)
		}
	})
}

func FuzzParseText(f *testing.F) {
	seeds(f, "txt")
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := ParseText(b)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		written := AppendJSON(nil, set)
		back, err := ParseJSON(written)
		if diff := cmp.Diff(set, back); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", written, err, diff)
		}
		text := AppendText(nil, set)
		back, err = ParseText(text)
		if err != nil || !bytes.Equal(AppendText(nil, back), text) {
			t.Fatalf("%s\nis read back as\n%s\n%v", text, AppendText(nil, back), err)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add([]byte(`{"rel":"gs1:pip","href":"https://a/","title":"x","hreflang":["zh"],"foo*":[{"value":"y"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLink(b)
		if err != nil {
			return
		}
		back, err := ParseLink(AppendLink(nil, l))
		if diff := cmp.Diff(l, back); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

// However long what is wrong is, the sentence about it stays one that people read.
func TestSentencesAreShort(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, in := range []string{
		`{"` + long + `":1}`, `{"linkset":[{"` + long + ` ":[]}]}`, `{"linkset":[{"next":[{"href":"` + long + ` "}]}]}`,
		`{"linkset":[{"next":[{"href":"a","` + long + `":1}]}]}`, `{"linkset":[{"anchor":" ` + long + `"}]}`,
	} {
		if _, err := ParseJSON([]byte(in)); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.100s: %.400v", in, err)
		}
	}
	if _, err := ParseText([]byte("<a>; rel=next; " + long + "*=x")); err == nil || len(err.Error()) > 300 {
		t.Errorf("%.400v", err)
	}
}
