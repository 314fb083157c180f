package namespace_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/namespace"
)

// clip is the example of the technical manual, §11.2.
const clip = `<namespace>
  <template delimiter="@">
    <foreach>
      <if value="type" test="equals" expression="URL">
        <if value="extension" test="matches"
          expression="box\(([^,]*),([^,]*),([^,]*),([^,]*)\)" parameter="x">
           <value data=
            "${data}?wh=${x[4]}&amp;ww=${x[3]}&amp;wy=${x[2]}&amp;wx=${x[1]}"/>
        </if>
        <else>
           <value data="${data}?${x}" />
        </else>
      </if>
      <else>
        <value />
      </else>
    </foreach>
  </template>
</namespace>`

// film is a template of which Handle.Net 9.2.0 was asked.
const film = `<namespace><template delimiter="@"><foreach><if value="type" test="equals" expression="URL">` +
	`<if value="extension" test="matches" expression="t=([0-9]+)-([0-9]+)" parameter="x"><value data="${data}?from=${x[1]}&amp;to=${x[2]}"/></if>` +
	`<else><value data="${data}?${extension}"/></else></if><else><value/></else></foreach></template></namespace>`

// base is the base record of the manual's example.
func base() []handle.Value {
	return []handle.Value{
		{Index: 1, Type: "URL", Data: []byte("http://example.org/data/abc"), Perm: handle.Usual},
		{Index: 2, Type: "EMAIL", Data: []byte("contact@example.org"), Perm: handle.AdminRead, Timestamp: 7, References: []handle.Reference{{Name: "88.1/a"}}},
	}
}

// shown prints values a line each.
func shown(values []handle.Value, found bool, err error) string {
	if err != nil || !found {
		return fmt.Sprint("not found ", err)
	}
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%d %s %s\n", v.Index, v.Type, v.Data)
	}
	return b.String()
}

// resolve resolves 1234/abc@extension.
func resolve(t *testing.T, templates, extension string) string {
	t.Helper()
	n, err := namespace.Parse([]byte(templates))
	if err != nil {
		return err.Error()
	}
	name := handle.Name("1234/abc@" + extension)
	if b, e, ok := n.Split(name); ok && (b != "1234/abc" || e != extension) {
		t.Errorf("%q is parted into %q and %q", name, b, e)
	}
	return shown(n.Resolve(namespace.Request{Name: name, Base: "1234/abc", Extension: extension, Values: base(), Fetch: fetch}))
}

// fetch returns what templates of the tests refer to.
func fetch(ref handle.Reference) ([]byte, error) {
	data, ok := map[string]string{
		"10:88.1/one":       `<template><value type="URL" data="one:${extension}"/></template>`,
		"11:88.1/two":       `<namespace><template><value type="URL" data="a"/></template><template><value type="URL" data="b"/></template></namespace>`,
		"12:88.1/again":     `<template ref="12:88.1/again"/>`,
		"13:88.1/broken":    `<template`,
		"14:88.1/notfound":  `<template><notfound/></template>`,
		"15:88.1/indirect":  `<namespace><template ref="10:88.1/one"/></namespace>`,
		"17:88.1/delimiter": `<template delimiter="@"/>`,
	}[fmt.Sprintf("%d:%s", ref.Index, ref.Name)]
	if !ok {
		return nil, errors.New("no such value")
	}
	return []byte(data), nil
}

func in(steps string) string {
	return `<namespace><template delimiter="@">` + steps + `</template></namespace>`
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct{ name, templates, extension, want string }{
		{"the manual's box", clip, "box(10,20,30,40)", "1 URL http://example.org/data/abc?wh=40&ww=30&wy=20&wx=10\n2 EMAIL contact@example.org\n"},
		{"the manual's rest", clip, "whole", "1 URL http://example.org/data/abc?whole\n2 EMAIL contact@example.org\n"},
		{"a film's part", film, "t=5-9", "1 URL http://example.org/data/abc?from=5&to=9\n2 EMAIL contact@example.org\n"},
		{"a film", film, "whole", "1 URL http://example.org/data/abc?whole\n2 EMAIL contact@example.org\n"},
		{"a delimiter alone", in(""), "x", ""},
		{"no template", "<namespace/>", "x", "not found <nil>"},
		{"a value", in(`<value type="URL" data="${handle} ${base} ${extension} ${nothing} ${"/>`), "7", "1 URL 1234/abc@7 1234/abc 7  ${\n"},
		{"content as data", in(`<value type="URL">${extension} &amp;</value>`), "7", "1 URL 7 &\n"},
		{"markup as data", in(`<value type="10320/loc"><locations><location href="${extension}"/> </locations></value>`), "7", "1 10320/loc <locations><location href=\"7\"/></locations>\n"},
		{"an index that is taken", in(`<value index="5" type="A" data="a"/><value index="5" type="B" data="b"/><value type="C" data="c"/>`), "7", "1 C c\n5 A a\n6 B b\n"},
		{"equal", in(`<if expression="7"><value type="A" data="seven"/></if><else><value type="A" data="other"/></else>`), "7", "1 A seven\n"},
		{"not equal", in(`<if expression="8"><value type="A" data="eight"/></if><else><value type="A" data="other"/></else>`), "7", "1 A other\n"},
		{"equality minds case", in(`<if expression="A"><value type="A" data="a"/></if>`), "a", ""},
		{"a negated test", in(`<if negate="true" expression="8"><value type="A" data="not eight"/></if><else><notfound/></else>`), "7", "1 A not eight\n"},
		{"a match is of the whole", in(`<if test="matches" expression="[0-9]|x"><notfound/></if>`), "17", ""},
		{"a match minds no case", in(`<if test="matches" expression="L(.*)"><value type="A" data="${extension[1]}${1}${extension[2]}${0}${-1}"/></if>`), "lot", "1 A ototlot\n"},
		{"submatches in a nested test", in(`<if test="matches" expression="(.)-(.*)"><if value="extension[2]" expression="b"><value type="A" data="second"/></if></if>`), "a-b", "1 A second\n"},
		{"a group without part", in(`<if test="matches" expression="(a)|(b)" parameter="p"><value type="A" data="[${p[1]}][${p[2]}]"/></if>`), "b", "1 A [][b]\n"},
		{"alternatives cannot break out", in(`<if test="matches" expression="a|b"><notfound/></if>`), "ab", ""},
		{"not found", in(`<value type="A" data="a"/><notfound/>`), "7", "not found <nil>"},
		{"a definition", in(`<def parameter="p"><value type="" data="x${extension}"/><value type="" data="y"/></def><value type="A" data="${p}${p}"/>`), "7", "1 A x7x7\n"},
		{"a definition without value", in(`<def parameter="p"/><value type="A" data="[${p}]"/>`), "7", "1 A []\n"},
		{"a definition of each", in(`<def parameter="p"><foreach><value/></foreach></def><value type="A" data="${p}"/>`), "7", "1 A http://example.org/data/abc\n"},
		{"index and type of each", in(`<foreach><value index="9" type="X.${type}" data="${index}"/></foreach>`), "7", "9 X.URL 1\n10 X.EMAIL 2\n"},
		{"a reference", `<namespace><template delimiter="@" ref="10:88.1/one"/></namespace>`, "7", "1 URL one:7\n"},
		{"a reference to a namespace", `<namespace><template ref="11:88.1/two"/></namespace>`, "7", "1 URL a\n2 URL b\n"},
		{"a reference to a reference", `<namespace><template ref="15:88.1/indirect"/></namespace>`, "7", "1 URL one:7\n"},
		{"a reference to itself", `<namespace><template ref="12:88.1/again"/></namespace>`, "7", "not found <nil>"},
		{"a reference to what is broken", `<namespace><template ref="13:88.1/broken"/></namespace>`, "7", "not found <nil>"},
		{"a reference to nothing", `<namespace><template ref="9:88.1/none"/></namespace>`, "7", "not found <nil>"},
		{"a reference to not found", `<namespace><template ref="14:88.1/notfound"/></namespace>`, "7", "not found <nil>"},
		{"sixteen references", `<namespace>` + strings.Repeat(`<template ref="17:88.1/delimiter"/>`, 16) + `</namespace>`, "7", ""},
		{"seventeen references", `<namespace>` + strings.Repeat(`<template ref="17:88.1/delimiter"/>`, 17) + `</namespace>`, "7", "not found <nil>"},
		{"of a prefix", `<namespace no_nslocs="true"><contact>a@example.org</contact><status>active</status><statusmsg>x</statusmsg><locs/><template><value type="A" data="a"/></template></namespace>`, "7", "1 A a\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, resolve(t, tt.templates, tt.extension)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A value of <foreach> is its original but for what the template says.
func TestForeachKeeps(t *testing.T) {
	n, err := namespace.Parse([]byte(in("<foreach><value/></foreach>")))
	if err != nil {
		t.Fatal(err)
	}
	values, _, err := n.Resolve(namespace.Request{Values: base()})
	if diff := cmp.Diff(base(), values); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		delimiter, in, base, extension string
		ok                             bool
	}{
		{"@", "88.1/a@b@c", "88.1/a", "b@c", true},
		{"@", "88.1/a", "", "", false},
		{"/", "88.1/a/b", "88.1", "a/b", true},
		{".", "88.1/a.b", "88.1/a", "b", true},
		{"--", "88.1/a-b--", "88.1/a-b", "", true},
		{"", "88.1/a@b", "", "", false},
	} {
		n, err := namespace.Parse([]byte(`<namespace><template/><template delimiter="` + tt.delimiter + `"/></namespace>`))
		if err != nil {
			t.Fatal(err)
		}
		if b, e, ok := n.Split(handle.Name(tt.in)); string(b) != tt.base || e != tt.extension || ok != tt.ok {
			t.Errorf("%q at %q: %q, %q, %v", tt.in, tt.delimiter, b, e, ok)
		}
	}
}

func TestOf(t *testing.T) {
	values := append(base(), handle.Value{Index: 3, Type: "hs_namespace", Data: []byte(film)})
	if _, ok, err := namespace.Of(base()); ok || err != nil {
		t.Error(ok, err)
	}
	n, ok, err := namespace.Of(values)
	if got := string(n.Append(nil)); !strings.HasPrefix(got, `<namespace><template delimiter="@"><foreach><if expression="URL" test="equals" value="type">`) || !ok || err != nil {
		t.Error(got, ok, err)
	}
	values[2].Data = []byte("<namespace>")
	if _, _, err := namespace.Of(values); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "HS_NAMESPACE") {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, in, wrong string }{
		{"not XML", "<namespace>", "line 1: <namespace> is not closed"},
		{"another element", "<ns/>", "line 1: the element is <ns>, want <namespace>"},
		{"an element not known", "<namespace>\n<tmpl/></namespace>", "line 2: <tmpl> is not known; <namespace> holds"},
		{"a step not known", in("\n\n<repeat/>"), "line 3: <repeat> is not known; a template holds value"},
		{"an attribute not known", in(`<value type="A" data="b" idx="1"/>`), "<value> has no attribute idx; it may have index, type, data"},
		{"text between", in(`hello`), `<template> holds text "hello"`},
		{"an else alone", in(`<else/>`), "<else> does not stand right behind an <if>"},
		{"two elses", in(`<if expression="a"/><else/><else/>`), "<else> does not stand right behind an <if>"},
		{"each in each", in(`<foreach><foreach/></foreach>`), "<foreach> stands in a <foreach>"},
		{"no type", in(`<value data="a"/>`), "needs a type and data"},
		{"no data", in(`<value type="a"/>`), "needs a type and data"},
		{"index zero", in(`<value index="0" type="A" data="a"/>`), `index is "0", want a whole number`},
		{"no expression", in(`<if value="type"/>`), "<if> has no expression"},
		{"no parameter", in(`<def/>`), "<def> has no parameter"},
		{"another test", in(`<if test="like" expression="a"/>`), `test is "like", want equals or matches`},
		{"another negation", in(`<if negate="yes" expression="a"/>`), `negate is "yes"`},
		{"a reference without index", `<namespace><template ref="88.1/a"/></namespace>`, `ref is "88.1/a", want an index and an identifier`},
		{"a reference and content", `<namespace><template ref="1:88.1/a"><notfound/></template></namespace>`, "both ref and content"},
		{"a lookahead", in(`<if test="matches" expression="a(?=b)"/>`), "is not RE2"},
		{"a back reference", in(`<if test="matches" expression="(a)\1"/>`), "is not RE2"},
		{"a possessive quantifier", in(`<if test="matches" expression="a*+"/>`), "is not RE2"},
		{"an atomic group", in(`<if test="matches" expression="(?&gt;a)"/>`), "is not RE2"},
		{"an intersection", in(`<if test="matches" expression="[a-z&amp;&amp;[^b]]"/>`), "an intersection"},
		{"a class in a class", in(`<if test="matches" expression="[a[bc]]"/>`), "a class in a class"},
		{"a class with ] first", in(`<if test="matches" expression="[]a]"/>`), "a class that begins with ]"},
		{"a quotation", in(`<if test="matches" expression="\Qa.b\E"/>`), "a quotation"},
		{"a bracket open", in(`<if test="matches" expression="a)|(b"/>`), "is not RE2"},
		{"an expression too long", in(`<if test="matches" expression="` + strings.Repeat("a", 1025) + `"/>`), "1025 bytes"},
		{"an expression too big", in(`<if test="matches" expression="` + strings.Repeat("a{999}", 9) + `"/>`), "too big"},
		{"repetitions of repetitions", in(`<if test="matches" expression="((a{30}){30}){30}"/>`), "invalid repeat count"},
		{"many big expressions", in(strings.Repeat(`<if test="matches" expression="a{999}b{999}"/>`, 20)), "too big"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := namespace.Parse([]byte(tt.in))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	var double strings.Builder
	for i := range 40 {
		fmt.Fprintf(&double, `<def parameter="p%d"><value type="A" data="${p%d}${p%d}ha"/></def>`, i+1, i, i)
	}
	for _, tt := range []struct{ name, steps, wrong string }{
		{"definitions that double", double.String(), "more than a record may hold"},
		{"one text of many parts", `<def parameter="p"><value type="A">` + strings.Repeat("ha", 50000) + `</value></def><value type="A" data="` + strings.Repeat("${p}", 1000) + `"/>`, "more than a record may hold"},
		{"too many values", strings.Repeat(`<value type="A" data="a"/>`, 2049), "more than a record may hold"},
		{"slow expressions", strings.Repeat(`<if test="matches" expression="(a?){300}b"/>`, 8), "too much work"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resolve(t, in(tt.steps), strings.Repeat("a", 2000)); !strings.Contains(got, tt.wrong) {
				t.Errorf("%.200s; want %q", got, tt.wrong)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{clip, film, in(`<def parameter="p"><value type="A" data="${1}"/></def><notfound/>`), `<namespace><template ref="10:88.1/one"/></namespace>`} {
		f.Add(s, "box(1,2,3,4)")
	}
	f.Fuzz(func(t *testing.T, templates, extension string) {
		n, err := namespace.Parse([]byte(templates))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		req := namespace.Request{Name: handle.Name("1234/abc@" + extension), Base: "1234/abc", Extension: extension, Values: base(), Fetch: fetch}
		values, found, err := n.Resolve(req)
		if err == nil && found {
			if err := (handle.Record{Values: values}).Check(); err != nil && !strings.Contains(err.Error(), "has no type") {
				t.Error(err)
			}
		}
		printed := n.Append(nil)
		m, err2 := namespace.Parse(printed)
		if err2 != nil {
			if len(printed) > 256<<10 {
				return
			}
			t.Fatal(string(printed), err2)
		}
		if diff := cmp.Diff(shown(values, found, err), shown(m.Resolve(req))); diff != "" {
			t.Error(string(printed), diff)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	n, err := namespace.Parse([]byte(clip))
	if err != nil {
		b.Fatal(err)
	}
	req := namespace.Request{Name: "1234/abc@box(10,20,30,40)", Base: "1234/abc", Extension: "box(10,20,30,40)", Values: base()}
	for b.Loop() {
		if _, _, err := n.Resolve(req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := namespace.Parse([]byte(clip)); err != nil {
			b.Fatal(err)
		}
	}
}

// The most that templates may make a node do for one identifier.
func BenchmarkWorst(b *testing.B) {
	n, err := namespace.Parse([]byte(in(strings.Repeat(`<if test="matches" expression="(a?){300}b"/>`, 8))))
	if err != nil {
		b.Fatal(err)
	}
	req := namespace.Request{Extension: strings.Repeat("a", 2000)}
	for b.Loop() {
		if _, _, err := n.Resolve(req); err == nil {
			b.Fatal("the budget is not spent")
		}
	}
}
