package linkset

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

func TestLinkTypes(t *testing.T) {
	all := LinkTypes()
	if len(all) != 60 {
		t.Errorf("%d link types", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b LinkType) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("they are not in the order in which they are looked up")
	}
	for _, l := range all {
		for _, s := range []string{l.Name, l.CURIE(), l.URI(), "https://gs1.org/voc/" + l.Name} {
			if got, ok := LookupLinkType(s); s != l.Name && (!ok || got != l) {
				t.Errorf("%s is %v", s, got)
			}
		}
		if rel, err := ParseRel(l.CURIE()); err != nil || rel != l.URI() || l.EN == "" || l.ZH == "" {
			t.Errorf("%+v: %s, %v", l, rel, err)
		}
	}
	if _, ok := LookupLinkType("gs1:nosuchlt"); ok {
		t.Error("a link type that there is not is found")
	}
	if l, ok := LookupLinkType("pip"); !ok || l.ZH != "产品信息页" || l.Deprecated {
		t.Errorf("pip: %+v", l)
	}
	if l, _ := LookupLinkType("gs1:productSustainabilityInfo"); !l.Deprecated {
		t.Error("a deprecated type is not said to be")
	}
}

func TestParseRel(t *testing.T) {
	for in, want := range map[string]string{
		"gs1:pip":                          "https://ref.gs1.org/voc/pip",
		"https://gs1.org/voc/pip":          "https://ref.gs1.org/voc/pip",
		"http://www.gs1.org/voc/pip":       "https://ref.gs1.org/voc/pip",
		"https://ref.gs1.org/voc/pip":      "https://ref.gs1.org/voc/pip",
		"License":                          "license",
		"latest-version":                   "latest-version",
		"https://example.cn/Rel":           "https://example.cn/Rel",
		"schema:url":                       "schema:url",
		"urn:ietf:rfc:9264":                "urn:ietf:rfc:9264",
		"":                                 "",
		" ":                                "",
		"gs1:":                             "",
		"https://gs1.org/voc/":             "",
		"a b":                              "",
		"1st":                              "",
		"https:":                           "",
		":x":                               "",
		"ht tp://x":                        "",
		"批":                                "",
		"x:" + strings.Repeat("a", maxRel): "",
	} {
		got, err := ParseRel(in)
		if got != want || (want == "") != errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzParseRel(f *testing.F) {
	f.Add("gs1:pip")
	f.Add("https://gs1.org/voc/pip")
	f.Add("license")
	f.Fuzz(func(t *testing.T, s string) {
		rel, err := ParseRel(s)
		if err != nil {
			return
		}
		if again, err := ParseRel(rel); err != nil || again != rel {
			t.Fatalf("%q: %q, then %q, %v", s, rel, again, err)
		}
	})
}

func TestCheck(t *testing.T) {
	page := Link{Rel: ProductPage, Href: "https://a/", Title: "A", Type: "text/html; charset=utf-8", Hreflang: []string{"zh-Hans-CN"}}
	with := func(change func(*Link)) []Link {
		l := page
		change(&l)
		return []Link{l}
	}
	def := Link{Rel: DefaultLink, Href: "https://a/", Title: "A"}
	multi := Link{Rel: DefaultLinkMulti, Href: "https://a/", Title: "A", Hreflang: []string{"zh"}}
	for name, c := range map[string]struct {
		links []Link
		says  string // "" for good
	}{
		"none":                   {nil, ""},
		"default and page":       {[]Link{page, def, multi}, ""},
		"page alone":             {[]Link{page}, ""},
		"default alone":          {[]Link{def}, "gs1:pip must stand beside it"},
		"multi alone":            {[]Link{multi}, "gs1:pip must stand beside it"},
		"two defaults":           {[]Link{page, def, def}, "2 default links"},
		"default with language":  {[]Link{page, {Rel: DefaultLink, Href: "https://a/", Title: "A", Hreflang: []string{"zh"}}}, "the default may not"},
		"default with type":      {[]Link{page, {Rel: DefaultLink, Href: "https://a/", Title: "A", Type: "text/html"}}, "the default may not"},
		"CURIE":                  {with(func(l *Link) { l.Rel = "gs1:pip" }), "link type"},
		"no type":                {with(func(l *Link) { l.Rel = "" }), "link type"},
		"no target":              {with(func(l *Link) { l.Href = "" }), "https://"},
		"script":                 {with(func(l *Link) { l.Href = "javascript:alert(1)" }), "https://"},
		"line break in target":   {with(func(l *Link) { l.Href = "https://a/\r\nSet-Cookie: x" }), "https://"},
		"no title":               {with(func(l *Link) { l.Title = " " }), "title"},
		"language":               {with(func(l *Link) { l.Hreflang = []string{"chinese"} }), "zh-CN"},
		"media type":             {with(func(l *Link) { l.Type = "html" }), "text/html"},
		"media type with spaces": {with(func(l *Link) { l.Type = "text / html" }), "text/html"},
	} {
		err := Check(c.links)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
