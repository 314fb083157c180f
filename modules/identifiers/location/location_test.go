package location_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/location"
)

// manual is the example of the technical manual, chapter 12.
const manual = `<locations>
  <location id="0" href="http://uk.example.com/" country="gb" weight="0" />
  <location id="1" href="http://www1.example.com/" weight="1" />
  <location id="2" href="http://www2.example.com/" weight="1" />
 </locations>`

// places is what the tests without an example of their own choose from.
const places = `<locations>
 <location id="a" href="https://a/" addresses="192.0.2.0/24, 2001:db8::/32, 198.51.100.7" score="1"/>
 <location id="b" href="https://b/" country="cn" score="2"/>
 <location id="c" href="https://c/" country="cn" score="2" weight="0"/>
 <location id="d" href="https://d/" media-type="application/json" http_role="conneg"/>
 <location id="e" href="https://e/" language="zh-cn" weight="3"/>
</locations>`

func chooseBy(methods string) string {
	return strings.Replace(places, "<locations>", `<locations chooseby="`+methods+`">`, 1)
}

// chance is a source that gives one number for ever.
func chance(f float64) func() float64 { return func() float64 { return f } }

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		name, set string
		r         location.Request
		want      string
	}{
		{"the manual's client in the UK", manual, location.Request{Country: "GB", Rand: chance(0.9)}, "0"},
		{"the manual's client elsewhere", manual, location.Request{Country: "US", Rand: chance(0.2)}, "1"},
		{"another of them", manual, location.Request{Country: "US", Rand: chance(0.7)}, "2"},
		{"the manual's id:1", manual, asks("id:1"), "1"},
		{"the manual's id:0", manual, asks("id:0"), "0"},
		{"the manual's country:uk", manual, asks("country:uk"), "0"},
		{"the manual's country:us", manual, asks("country:us"), "1"},
		{"a client of no country", manual, location.Request{Rand: chance(0)}, "1"},
		{"any country", manual, asks("country"), "0"},
		{"attributes one behind the other", places, asks("country:cn", "id:c", "id:a"), "c"},
		{"an attribute that nobody has", places, location.Request{Attributes: location.ParseAttributes([]string{"x:y"}), Country: "cn", Rand: chance(0)}, "b"},
		{"an address", places, location.Request{Address: netip.MustParseAddr("::ffff:192.0.2.77"), Country: "cn"}, "a"},
		{"an address of IPv6", places, location.Request{Address: netip.MustParseAddr("2001:db8::1")}, "a"},
		{"one address", places, location.Request{Address: netip.MustParseAddr("198.51.100.7")}, "a"},
		{"another address", chooseBy("address"), location.Request{Address: netip.MustParseAddr("198.51.100.8")}, "e"},
		{"a country in two places, by weight", places, location.Request{Country: "CN", Rand: chance(0.99)}, "b"},
		{"the score", chooseBy("score"), location.Request{Rand: chance(0)}, "b"},
		{"weights: the first sixth", chooseBy("weighted"), location.Request{Rand: chance(0.16)}, "a"},
		{"weights: the second", chooseBy("weighted"), location.Request{Rand: chance(0.17)}, "b"},
		{"weights: the third", chooseBy("weighted"), location.Request{Rand: chance(0.34)}, "d"},
		{"weights: the rest", chooseBy("weighted"), location.Request{Rand: chance(0.99)}, "e"},
		{"without chance", chooseBy("weighted"), location.Request{}, "e"},
		{"methods behind weighted do not count", chooseBy("weighted,locatt"), location.Request{Attributes: location.ParseAttributes([]string{"id:a"})}, "e"},
		{"methods that are not known", chooseBy(" Moon ,, LOCATT"), asks("id:d"), "d"},
		{"no methods", chooseBy(""), asks("id:d"), "b"},
		{"a machine", places, location.Request{Attributes: location.Negotiate("application/json", ""), Rand: chance(0)}, "d"},
		{"a browser, in Chinese", chooseBy("locatt"), location.Request{Attributes: location.Negotiate("text/html,*/*;q=0.8", "zh-CN,zh;q=0.9")}, "e"},
		{"no weights", `<locations><location id="0" href="u:a" weight="0"/><location id="1" href="u:b" weight="0"/></locations>`, location.Request{Rand: chance(0.5)}, "1"},
		{"weights beyond all numbers", `<locations><location id="0" href="u:a" weight="1e308"/><location id="1" href="u:b" weight="1.5e308"/></locations>`, location.Request{Rand: chance(0.5)}, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := location.Parse([]byte(tt.set))
			if err != nil {
				t.Fatal(err)
			}
			if l, ok := s.Choose(tt.r); l.Get("id") != tt.want || !ok {
				t.Errorf("%v, %v", l, ok)
			}
		})
	}
	if _, ok := (location.Set{}).Choose(location.Request{}); ok {
		t.Error("a set without locations gives one")
	}
}

func asks(locatt ...string) location.Request {
	return location.Request{Attributes: location.ParseAttributes(locatt), Country: "US", Rand: chance(0.3)}
}

// Over many requests each location comes as often as its weight says.
func TestWeights(t *testing.T) {
	s, err := location.Parse([]byte(chooseBy("weighted")))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i := range 600 {
		l, _ := s.Choose(location.Request{Rand: chance((float64(i) + 0.5) / 600)})
		counts[l.Get("id")]++
	}
	if diff := cmp.Diff(map[string]int{"a": 100, "b": 100, "d": 100, "e": 300}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestNegotiate(t *testing.T) {
	for _, tt := range []struct{ name, accept, language, want string }{
		{"nothing said", "", "", "[{http_role no_conneg}]"},
		{"anything", "*/*", "en", "[{http_role no_conneg} {language en}]"},
		{"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "zh-CN,zh;q=0.9,en;q=0.8", "[{media-type text/html} {http_role browser} {language zh-cn} {language zh} {language en}]"},
		{"data", "application/json;q=0.5, application/ld+json; profile=x; q=0.9, text/*;q=0.1", "", "[{media-type application/ld+json} {media-type application/json} {http_role conneg}]"},
		{"no HTML", "application/json, text/html;q=0", "*", "[{media-type application/json} {http_role conneg}]"},
		{"quality that is none", "a/b;q=x, c/d;q=2, e/f", "", "[{media-type e/f} {http_role conneg}]"},
	} {
		if got := fmt.Sprint(location.Negotiate(tt.accept, tt.language)); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if n := len(location.Negotiate(strings.Repeat("a/b,", 1000), strings.Repeat("en,", 1000))); n != 32 {
		t.Error(n)
	}
	if n := len(location.ParseAttributes(append(make([]string, 50), strings.Split(strings.Repeat("a:b,", 1000), ",")...))); n != 32 {
		t.Error(n)
	}
}

func TestLocation(t *testing.T) {
	s, err := location.Parse([]byte(`<locations><location href_template="https://a/?h={hdl}&amp;p={hdl:path}" http_sc="303"/><location href="https://b/"/></locations>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Locations[0].URL("88.1/a b+c/标"); got != "https://a/?h=88.1%2Fa%20b%2Bc%2F%E6%A0%87&p=88.1/a%20b+c/%E6%A0%87" || s.Locations[0].Status() != 303 {
		t.Error(got, s.Locations[0].Status())
	}
	if got := s.Locations[1].URL("88.1/a"); got != "https://b/" || s.Locations[1].Status() != 302 {
		t.Error(got, s.Locations[1].Status())
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, in, want, wrong string }{
		{"the manual's", manual, `<locations><location country="gb" href="http://uk.example.com/" id="0" weight="0"/><location href="http://www1.example.com/" id="1" weight="1"/><location href="http://www2.example.com/" id="2" weight="1"/></locations>`, ""},
		{"with more than is known", "<locations chooseby=' Country,, moon' z='1'><x/><location href='u:v' b='&lt;'><y/></location></locations>", `<locations chooseby="country,moon" z="1"><location b="&lt;" href="u:v"/></locations>`, ""},
		{"no methods", `<locations chooseby=""><location href="u:v"/></locations>`, `<locations chooseby=""><location href="u:v"/></locations>`, ""},
		{"not XML", "<locations>", "", "is not closed"},
		{"another element", "<location href='u:v'/>", "", "the element is <location>, want <locations>"},
		{"text", "<locations>\nhello</locations>", "", `line 1: <locations> holds text "hello"`},
		{"no location", "<locations chooseby = \"locatt,weighted\"></locations> ", `<locations chooseby="locatt,weighted"/>`, ""},
		{"too many", "<locations>" + strings.Repeat(`<location href="u:v"/>`, 1025) + "</locations>", "", "there are 1025 locations"},
		{"no href", "<locations>\n<location/></locations>", "", `line 2: href is "", want an absolute URL`},
		{"a relative URL", "<locations><location href='/a'/></locations>", "", `href is "/a", want an absolute URL`},
		{"a URL of two lines", "<locations><location href='http://a/&#10;Set-Cookie: x'/></locations>", "", "want an absolute URL"},
		{"a script", "<locations><location href='JavaScript:alert(1)'/></locations>", "", "would run as a script"},
		{"a template that is a script", "<locations><location href_template='data:{hdl}'/></locations>", "", "would run as a script"},
		{"a weight below zero", "<locations><location href='u:v' weight='-1'/></locations>", "", `weight is "-1", want a number`},
		{"a weight that is none", "<locations><location href='u:v' weight='NaN'/></locations>", "", `weight is "NaN"`},
		{"a score in words", "<locations><location href='u:v' score='high'/></locations>", "", `score is "high"`},
		{"another status", "<locations><location href='u:v' http_sc='200'/></locations>", "", `http_sc is "200", want 301`},
		{"addresses that are none", "<locations><location href='u:v' addresses='10.0.0.0/33'/></locations>", "", `addresses is "10.0.0.0/33", want ranges`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := location.Parse([]byte(tt.in))
			if tt.wrong != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("%v; want %q", err, tt.wrong)
				}
				return
			}
			if diff := cmp.Diff(tt.want, string(s.Append(nil))); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

// A set that is made, not read, is printed in order.
func TestAppend(t *testing.T) {
	s := location.Set{Attributes: []location.Attribute{{Name: "z", Value: "1"}, {Name: "a", Value: "2"}}, ChooseBy: []string{"locatt", "weighted"}, Locations: []location.Location{{
		Attributes: []location.Attribute{{Name: "weight", Value: "1"}, {Name: "href", Value: "https://a/?b=1&c=2"}},
	}}}
	if got, want := string(s.Append(nil)), `<locations a="2" chooseby="locatt,weighted" z="1"><location href="https://a/?b=1&amp;c=2" weight="1"/></locations>`; got != want {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(manual), "id:1", "gb", 0.5)
	f.Add([]byte(places), "country", "", 0.0)
	f.Fuzz(func(t *testing.T, in []byte, locatt, country string, number float64) {
		s, err := location.Parse(in)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		printed := s.Append(nil)
		again, err := location.Parse(printed)
		if err != nil {
			if len(printed) > 256<<10 {
				return
			}
			t.Fatal(string(printed), err)
		}
		r := location.Request{Attributes: location.ParseAttributes([]string{locatt}), Country: country, Rand: chance(number - float64(int(number)))}
		a, ok := s.Choose(r)
		b, ok2 := again.Choose(r)
		if diff := cmp.Diff(a, b); diff != "" || ok != ok2 || ok != (len(s.Locations) > 0) {
			t.Error(diff)
		}
	})
}

func FuzzParseAttributes(f *testing.F) {
	f.Add("id:1", "text/html,*/*;q=0.8", "zh-CN,zh;q=0.9")
	f.Fuzz(func(t *testing.T, locatt, accept, language string) {
		for _, a := range append(location.ParseAttributes([]string{locatt}), location.Negotiate(accept, language)...) {
			if a.Name == "" {
				t.Error(a)
			}
		}
	})
}

func BenchmarkChoose(b *testing.B) {
	s, err := location.Parse([]byte(places))
	if err != nil {
		b.Fatal(err)
	}
	r := location.Request{Attributes: location.Negotiate("text/html", "zh-CN"), Country: "CN", Rand: chance(0.5)}
	for b.Loop() {
		s.Choose(r)
	}
}
