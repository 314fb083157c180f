package gs1

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/modules/identifiers/gs1/linkset"
)

// shirt is what is kept for a shirt, for one of its lots and for one shirt: after the
// example by which GS1 tests resolvers.
func shirt(tb testing.TB) []Level {
	tb.Helper()
	of := func(path, description string, links ...linkset.Link) Level {
		return Level{Identity: identity(tb, path), Description: description, Links: links}
	}
	voc := func(name string) string { return linkset.Vocabulary + name }
	home, shop := "https://brand.example/", "https://brand.example/shop?from=qr#top"
	return []Level{
		of("/01/09506000164908/21/1234", "Crew neck white t-shirt, serial number 1234",
			linkset.Link{Rel: voc("dpp"), Href: "https://brand.example/dpp/7132", Title: "DPP", Type: "application/vc"}),
		of("/01/09506000164908/10/L7", "Crew neck white t-shirt, lot L7",
			linkset.Link{Rel: voc("recallStatus"), Href: "https://brand.example/recall", Title: "Recalled"},
			linkset.Link{Rel: linkset.DefaultLink, Href: "https://brand.example/recall", Title: "Recalled"}),
		of("/01/09506000164908", "Crew neck white t-shirt",
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/list", Title: "Certificates", Type: "text/html"},
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/fr", Title: "Certificat", Type: "text/html", Hreflang: []string{"fr"}},
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/zero", Title: "Roadmap to zero", Type: "text/html"},
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/001", Title: "Another certificate", Type: "application/pdf"},
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/002", Title: "Another certificate", Type: "application/pdf", Hreflang: []string{"en"}},
			linkset.Link{Rel: voc("certificationInfo"), Href: "https://certificates.example/003", Title: "Another certificate", Type: "application/pdf", Hreflang: []string{"en"}, Context: []string{"LK"}},
			linkset.Link{Rel: voc("pip"), Href: home + "en", Title: "Product", Type: "text/html", Hreflang: []string{"en"}},
			linkset.Link{Rel: voc("pip"), Href: home + "zh", Title: "产品", Type: "text/html", Hreflang: []string{"zh-CN", "zh-Hans"}},
			linkset.Link{Rel: voc("homepage"), Href: home, Title: "Menu", Type: "text/html", Hreflang: []string{"en"}},
			linkset.Link{Rel: voc("hasRetailers"), Href: shop, Title: "Shops"},
			linkset.Link{Rel: voc("support"), Href: "https://brand.example/help?", Title: "Help"},
			linkset.Link{Rel: "license", Href: "https://brand.example/licence", Title: "Licence"},
			linkset.Link{Rel: linkset.DefaultLink, Href: home, Title: "Menu"},
			linkset.Link{Rel: linkset.DefaultLinkMulti, Href: home + "en", Title: "Product", Type: "text/html", Hreflang: []string{"en"}},
			linkset.Link{Rel: linkset.DefaultLinkMulti, Href: home + "zh", Title: "产品", Type: "text/html", Hreflang: []string{"zh-CN", "zh-Hans"}}),
	}
}

const shirtURI = "https://id.example.cn/01/09506000164908"

// ask builds a request; headers are "Accept" and "Accept-Language", divided by "|".
func ask(tb testing.TB, uri, headers string) Request {
	tb.Helper()
	accept, language, _ := strings.Cut(headers, "|")
	r, err := ParseRequest(uri, accept, language)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// kept returns the levels that are kept for a URI, in the order of its associations.
func kept(u URI, all []Level) []Level {
	var found []Level
	for _, id := range u.Associations() {
		for _, level := range all {
			if level.Identity.Equal(id) {
				found = append(found, level)
			}
		}
	}
	return found
}

// said writes a decision on a line.
func said(d Decision) string {
	if d.Outcome == Redirect {
		return fmt.Sprint(d.Outcome.Status(), " ", d.Target)
	}
	n := 0
	for _, c := range d.Set {
		n += len(c.Links)
	}
	return fmt.Sprintf("%d %s, %d links as %s", d.Outcome.Status(), d.Outcome, n, d.Media)
}

func TestResolve(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8|"
	for name, c := range map[string]struct{ path, headers, want string }{
		"default":                        {"", "", "307 https://brand.example/"},
		"default, no such language":      {"", browser + "de", "307 https://brand.example/"},
		"default, anything":              {"", "*/*|*", "307 https://brand.example/"},
		"default by language":            {"", browser + "zh-CN,zh;q=0.9,en;q=0.8", "307 https://brand.example/zh"},
		"default by second language":     {"", browser + "de, en;q=0.3", "307 https://brand.example/en"},
		"default by region":              {"", "|en-GB", "307 https://brand.example/en"},
		"default by shorter range":       {"", "|zh", "307 https://brand.example/zh"},
		"default by script":              {"", "|zh-Hans-SG", "307 https://brand.example/zh"},
		"default not wanted":             {"", "|en;q=0, de", "307 https://brand.example/"},
		"default asked for":              {"?linkType=gs1:defaultLink", "", "307 https://brand.example/?linkType=gs1:defaultLink"},
		"default of many asked for":      {"?linkType=gs1:defaultLinkMulti", "|zh", "307 https://brand.example/zh?linkType=gs1:defaultLinkMulti"},
		"type":                           {"?linkType=gs1:homepage", "", "307 https://brand.example/?linkType=gs1:homepage"},
		"type as URI":                    {"?linkType=https%3A%2F%2Fgs1.org%2Fvoc%2Fhomepage", "", "307 https://brand.example/?linkType=https%3A%2F%2Fgs1.org%2Fvoc%2Fhomepage"},
		"registered type":                {"?linkType=license", "", "307 https://brand.example/licence?linkType=license"},
		"query behind query":             {"?linkType=gs1:hasRetailers&a=%20b;c", "", "307 https://brand.example/shop?from=qr&linkType=gs1:hasRetailers&a=%20b;c#top"},
		"query behind ?":                 {"?linkType=gs1:support", "", "307 https://brand.example/help?linkType=gs1:support"},
		"type by language":               {"?linkType=gs1:pip", "|zh-TW", "307 https://brand.example/zh?linkType=gs1:pip"},
		"type, nothing said":             {"?linkType=gs1:pip", "", "300 choices, 2 links as text/html"},
		"type, no such language":         {"?linkType=gs1:pip", "|de", "300 choices, 2 links as text/html"},
		"no such type":                   {"?linkType=gs1:nosuchlt", "", "404 no link, 15 links as text/html"},
		"no type at all":                 {"?linkType=a%20b", "application/json|", "404 no link, 15 links as application/json"},
		"alike":                          {"?linkType=gs1:certificationInfo", "text/html|", "300 choices, 2 links as text/html"},
		"alike, set of links":            {"?linkType=gs1:certificationInfo", "text/html, application/linkset+json;q=0.1|", "300 choices, 2 links as text/html"},
		"by media type":                  {"?linkType=gs1:certificationInfo", "application/pdf|", "307 https://certificates.example/001?linkType=gs1:certificationInfo"},
		"by group of media types":        {"?linkType=gs1:certificationInfo", "application/*|", "307 https://certificates.example/001?linkType=gs1:certificationInfo"},
		"by media type not wanted":       {"?linkType=gs1:certificationInfo", "text/html;q=0,*/*|", "307 https://certificates.example/001?linkType=gs1:certificationInfo"},
		"by language and media type":     {"?linkType=gs1:certificationInfo", "application/pdf|en", "307 https://certificates.example/002?linkType=gs1:certificationInfo"},
		"by language":                    {"?linkType=gs1:certificationInfo", "|fr", "307 https://certificates.example/fr?linkType=gs1:certificationInfo"},
		"by context":                     {"?linkType=gs1:certificationInfo&context=lk", "application/pdf|en", "307 https://certificates.example/003?linkType=gs1:certificationInfo&context=lk"},
		"set":                            {"?linkType=linkset", "", "200 linkset, 15 links as text/html"},
		"set, older name":                {"?linkType=all", "*/*|", "200 linkset, 15 links as text/html"},
		"set by Accept":                  {"", "application/linkset+json|", "200 linkset, 15 links as application/linkset+json"},
		"set by Accept as text":          {"", "application/linkset|", "200 linkset, 15 links as application/linkset"},
		"set by Accept over linkType":    {"?linkType=gs1:pip", "application/linkset+json|", "200 linkset, 15 links as application/linkset+json"},
		"set by Accept, page as well":    {"", "text/html, application/linkset+json|", "200 linkset, 15 links as text/html"},
		"set, less wanted":               {"", "text/html, application/linkset+json;q=0.5|", "307 https://brand.example/"},
		"set not wanted":                 {"", "application/linkset+json;q=0|", "307 https://brand.example/"},
		"set as JSON":                    {"?linkType=linkset", "application/json|", "200 linkset, 15 links as application/json"},
		"set as JSON-LD":                 {"?linkType=linkset", "text/turtle, application/ld+json;q=0.5, text/html;q=0.4|", "200 linkset, 15 links as application/ld+json"},
		"lot has a default":              {"/10/L7", "|zh", "307 https://brand.example/recall"},
		"lot has none of the type":       {"/10/L7?linkType=gs1:homepage", "", "307 https://brand.example/?linkType=gs1:homepage"},
		"lot not known":                  {"/10/L8", "", "307 https://brand.example/"},
		"lot and what is above":          {"/10/L7?linkType=linkset", "", "200 linkset, 17 links as text/html"},
		"serial number":                  {"/21/1234?linkType=gs1:dpp", "", "307 https://brand.example/dpp/7132?linkType=gs1:dpp"},
		"serial number without default":  {"/21/1234", "", "307 https://brand.example/"},
		"serial number of a lot":         {"/10/L7/21/1234?linkType=gs1:dpp", "", "307 https://brand.example/dpp/7132?linkType=gs1:dpp"},
		"serial number of a lot, set":    {"/22/V/10/L7/21/1234?linkType=linkset", "", "200 linkset, 18 links as text/html"},
		"serial number of a lot, recall": {"/10/L7/21/1234", "", "307 https://brand.example/recall"},
		"third party's serial number":    {"/235/T", "", "307 https://brand.example/"},
		"slash behind":                   {"/", "", "307 https://brand.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(t, shirtURI+c.path, c.headers)
			if got := said(Resolve(r, kept(r.URI, shirt(t)))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Links that the standard does not have alone are answered all the same.
func TestResolveIncomplete(t *testing.T) {
	key := identity(t, "/01/09506000164908")
	page := linkset.Link{Rel: linkset.ProductPage, Href: "https://a/", Title: "A"}
	other := linkset.Link{Rel: linkset.ProductPage, Href: "https://b/", Title: "B", Hreflang: []string{"en"}}
	multi := func(l linkset.Link) linkset.Link { l.Rel = linkset.DefaultLinkMulti; return l }
	for name, c := range map[string]struct {
		query, language string
		links           []linkset.Link
		want            string
	}{
		"nothing":                   {"", "", nil, "404 unknown, 0 links as text/html"},
		"nothing, set":              {"?linkType=linkset", "", nil, "404 unknown, 0 links as text/html"},
		"one link":                  {"", "", []linkset.Link{page}, "307 https://a/"},
		"two links":                 {"", "", []linkset.Link{page, other}, "300 choices, 2 links as text/html"},
		"many defaults, no default": {"", "de", []linkset.Link{multi(other), multi(page)}, "307 https://b/"},
		"many defaults, chosen":     {"", "en", []linkset.Link{multi(page), multi(other)}, "307 https://b/"},
		"type that default has":     {"?linkType=gs1:pip", "de", []linkset.Link{{Rel: linkset.ProductPage, Href: "https://c/", Title: "C", Hreflang: []string{"fr"}}, other, {Rel: linkset.DefaultLink, Href: "https://b/", Title: "B"}}, "307 https://b/?linkType=gs1:pip"},
		"alike, default has one":    {"?linkType=gs1:pip", "", []linkset.Link{page, {Rel: linkset.ProductPage, Href: "https://c/", Title: "C"}, {Rel: linkset.DefaultLink, Href: "https://c/", Title: "C"}}, "300 choices, 2 links as text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(t, shirtURI+c.query, "|"+c.language)
			if got := said(Resolve(r, []Level{{Identity: key, Links: c.links}})); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// As GS1's test suite goes over a set of links: every link that differs from the others
// of its type is found by saying what it says, those that do not are offered together.
func TestEveryLinkIsFound(t *testing.T) {
	for _, level := range shirt(t) {
		for _, l := range level.Links {
			if strings.HasPrefix(l.Rel, linkset.DefaultLink) {
				continue
			}
			same := 0
			for _, o := range level.Links {
				if o.Rel == l.Rel && alike(o, l) {
					same++
				}
			}
			uri := "https://id.example.cn" + level.Identity.Path() + "?linkType=" + escape(l.Rel)
			if l.Context != nil {
				uri += "&context=" + l.Context[0]
			}
			r := ask(t, uri, l.Type+"|"+strings.Join(l.Hreflang, ","))
			d := Resolve(r, kept(r.URI, shirt(t)))
			switch {
			case same > 1 && (d.Outcome != Choices || len(d.Set) != 1 || len(d.Set[0].Links) != same):
				t.Errorf("%s: %s", l.Href, said(d))
			case same == 1 && (d.Outcome != Redirect || d.Link.Href != l.Href):
				t.Errorf("%s: %s", l.Href, said(d))
			}
		}
	}
}

// What is decided depends on no order of the levels' links but that among equals, and
// nothing given is changed.
func TestResolveLeavesLevels(t *testing.T) {
	r := ask(t, shirtURI+"/10/L7?linkType=linkset", "")
	levels := kept(r.URI, shirt(t))
	Resolve(r, levels)
	if diff := cmp.Diff(kept(r.URI, shirt(t)), levels); diff != "" {
		t.Error(diff)
	}
}

func TestLanguages(t *testing.T) {
	for name, c := range map[string]struct{ header, tags, want string }{
		"first":               {"zh,en", "en zh", "zh"},
		"weight":              {"en;q=0.5,zh;q=0.9", "en zh", "zh"},
		"exact over cut":      {"zh-CN", "zh zh-CN", "zh-CN"},
		"cut over longer":     {"zh-TW", "zh zh-CN", "zh"},
		"longer":              {"zh", "en zh-CN", "zh-CN"},
		"case":                {"ZH-cn", "en zh-CN", "zh-CN"},
		"order over fit":      {"en-GB,zh-CN", "en zh-CN", "en"},
		"other region":        {"en-GB,zh", "en-US zh", "en-US"},
		"script over region":  {"zh-Hans", "zh-TW zh-Hans-CN", "zh-Hans-CN"},
		"not wanted":          {"en;q=0,zh", "en zh", "zh"},
		"bad weight":          {"en;q=x,zh;q=0.1", "en zh", "zh"},
		"weight above 1":      {"en;q=7,zh;q=0.1", "en zh", "zh"},
		"nothing fits":        {"fr", "en zh", "en zh"},
		"without a language":  {"fr", "en -", "-"},
		"nothing said":        {"", "en -", "-"},
		"anything":            {"*", "en zh", "en zh"},
		"junk":                {";;,,=,q=1", "en zh", "en zh"},
		"many ranges":         {strings.Repeat("fr,", 200) + "zh", "en zh", "en zh"},
		"long range":          {strings.Repeat("a-", 5000) + "a", "en zh", "en zh"},
		"prefix of a subtag":  {"z", "zh en", "zh en"},
		"range with a hyphen": {"zh-", "zh-CN en", "zh-CN"},
	} {
		t.Run(name, func(t *testing.T) {
			var links []linkset.Link
			for tag := range strings.FieldsSeq(c.tags) {
				l := linkset.Link{Href: tag}
				if tag != "-" {
					l.Hreflang = []string{tag}
				}
				links = append(links, l)
			}
			var got []string
			for _, l := range best(links, byLanguage(c.header)) {
				got = append(got, l.Href)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// Whatever is asked, a redirect leads to one of the links with the query behind it, and
// nothing else says that all is well.
func FuzzParseRequest(f *testing.F) {
	f.Add(shirtURI+"/10/L7/21/1234?linkType=gs1:certificationInfo&context=LK#x", "application/pdf;q=0.5, */*;q=0", "en, zh-CN;q=0.8, *")
	f.Add(shirtURI+"?linkType=linkset", "application/linkset", "")
	all := shirt(f)
	f.Fuzz(func(t *testing.T, uri, accept, language string) {
		r, err := ParseRequest(uri, accept, language)
		if err != nil {
			return
		}
		switch d := Resolve(r, kept(r.URI, all)); d.Outcome {
		case Redirect:
			base, _, _ := strings.Cut(d.Link.Href, "#")
			if !strings.HasPrefix(d.Target, base) || !strings.Contains(d.Target, r.RawQuery) || strings.ContainsFunc(d.Target, strange) {
				t.Fatalf("%q leads to %q", uri, d.Target)
			}
		case Linkset, Choices, NoLink:
			if back, err := linkset.ParseJSON(linkset.AppendJSON(nil, d.Set)); err != nil || len(back) != len(d.Set) || len(back) == 0 {
				t.Fatalf("%q: %v, %v", uri, d.Set, err)
			}
		case Unknown:
			if len(kept(r.URI, all)) != 0 {
				t.Fatalf("%q is not found", uri)
			}
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	r := ask(b, shirtURI+"/10/L7/21/1234", "text/html,application/xhtml+xml,*/*;q=0.8|zh-CN,zh;q=0.9,en;q=0.8")
	levels := kept(r.URI, shirt(b))
	b.ReportAllocs()
	for b.Loop() {
		if d := Resolve(r, levels); d.Outcome != Redirect {
			b.Fatal(d)
		}
	}
}
