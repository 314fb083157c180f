package gs1

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/gs1/linkset"
)

// What GS1-Conformant Resolver 1.2.0 demands (SHALL, and SHOULD where GS1's test suite
// looks for it) and this package answers for. Methods, TLS and CORS are its server's;
// EPC binary strings (2.3) are not read.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		clause, demand string
		test           func(t *testing.T)
	}{
		{"2.1", "every qualifier of a key that is supported is supported", everyQualifier},
		{"2.2", "without more in the request the default link is taken", leads("", "", "https://brand.example/")},
		{"2.3", "the URI that facts are about is the uncompressed one", anchors},
		{"2.4.1", "what is not a Digital Link URI is answered with 400", refused},
		{"2.4.1", "a valid URI of which nothing is known is answered with 404", unknown},
		{"2.4.1", "200 never stands for an error", neverFine},
		{"2.5.1-2.5.3", "a link has a target, a type and a title", complete},
		{"2.5.4", "languages are BCP 47, as a list", languages},
		{"2.5.8", "one default link, with a title and without other attributes", oneDefault},
		{"2.5.8", "a default link has a descriptive type as well", described},
		{"2.5.8", "links among which a request chooses a default have gs1:defaultLinkMulti", leads("", "zh-CN", "https://brand.example/zh")},
		{"2.5.9", "a default link of a higher level answers for a finer identity", leads("/10/NEW", "", "https://brand.example/")},
		{"2.5.9", "walking up takes no redirect to a coarser identity", leads("/21/1234?linkType=gs1:homepage", "", "https://brand.example/?linkType=gs1:homepage")},
		{"2.5.9 rule 1", "nothing stands beside a third party's serial number", alone},
		{"2.5.9 rule 2", "links of a serial number are kept without lot and variant", serial},
		{"2.5.9 rule 4", "the set of links is that of all levels", union},
		{"2.6.2", "a link of the type that is asked for is taken", leads("?linkType=gs1:support", "", "https://brand.example/help?linkType=gs1:support")},
		{"2.6.2", "without a link of the type that is asked for: 404", noSuchType},
		{"2.6.3", "the language of a request chooses", leads("?linkType=gs1:pip", "en", "https://brand.example/en?linkType=gs1:pip")},
		{"2.6.3", "links that cannot be told apart are offered with 300", choices},
		{"2.9", "linkType=linkset is not redirected", setAnswers("?linkType=linkset", "")},
		{"2.9", "Accept: application/linkset+json is not redirected", setAnswers("", linkset.TypeJSON)},
		{"2.9", "linkType=all is answered as before", setAnswers("?linkType=all", "")},
		{"2.10", "a set of links validates against GS1's schema", schema},
		{"2.10", "a Link header leads to the JSON-LD context", header},
		{"2.12", "the whole query is handed on", leads("?foo=bar&x=%2F;y", "", "https://brand.example/?foo=bar&x=%2F;y")},
		{"2.13", "a slash at the end makes no difference", leads("/", "", "https://brand.example/")},
		{"2.14", "link types of gs1: are understood", leads("?linkType=gs1:support", "", "https://brand.example/help?linkType=gs1:support")},
		{"3", "the description of the resolver validates, and says which keys it supports", description},
	} {
		t.Run(c.clause+" "+c.demand, c.test)
	}
}

func decide(t *testing.T, path, headers string) Decision {
	t.Helper()
	r := ask(t, shirtURI+path, headers)
	return Resolve(r, kept(r.URI, shirt(t)))
}

func leads(path, language, target string) func(t *testing.T) {
	return func(t *testing.T) {
		t.Helper()
		d := decide(t, path, "|"+language)
		if d.Outcome.Status() != http.StatusTemporaryRedirect || d.Target != target {
			t.Errorf("%s", said(d))
		}
	}
}

func setAnswers(path, accept string) func(t *testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if d := decide(t, path, accept+"|"); d.Outcome.Status() != http.StatusOK || len(d.Set) != 1 || d.Target != "" {
			t.Errorf("%s", said(d))
		}
	}
}

// everyQualifier makes a path of every sequence that every key has.
func everyQualifier(t *testing.T) {
	t.Helper()
	values := map[string]string{
		"00": "006141411234567890", "01": "09520123456788", "253": "1231231231232", "255": "9520123456788", "401": "9520123A", "402": "95201234567891235",
		"414": "9520123456788", "415": "9520123456788", "417": "9520123456788", "8003": "04012345111118987", "8004": "9520A", "8006": "095201234567880102",
		"8010": "9520A", "8013": "1987654Ad4X4bL5ttr2310c2K", "8017": "123456789012345675", "8018": "123456789012345675",
		"22": "V", "10": "L", "21": "S", "235": "T", "254": "E", "7040": "1ABc", "8011": "1", "8019": "1", "8020": "R",
	}
	for _, key := range PrimaryKeys() {
		ai, _ := LookupAI(key)
		for _, seq := range append(ai.Sequences, nil) {
			if ai.Required != "" && len(seq) == 0 {
				continue
			}
			segments := []string{"", key, values[key]}
			for _, q := range seq {
				segments = append(segments, q, values[q])
			}
			path := strings.Join(segments, "/")
			_, id, err := ParsePath(path)
			if err != nil || id.Path() != path || len(id.Qualifiers) != len(seq) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func anchors(t *testing.T) {
	t.Helper()
	d := decide(t, "/10/L7?linkType=linkset", "")
	if len(d.Set) != 2 || d.Set[0].Anchor != shirtURI+"/10/L7" || d.Set[1].Anchor != shirtURI {
		t.Errorf("%+v", d.Set)
	}
	// A GTIN-13 and a query make no other anchor.
	r := ask(t, "https://id.example.cn/shop/01/9506000164908?linkType=linkset&17=261231", "")
	if d := Resolve(r, kept(r.URI, shirt(t))); len(d.Set) != 1 || d.Set[0].Anchor != "https://id.example.cn/shop/01/09506000164908" {
		t.Errorf("%+v", d.Set)
	}
}

func refused(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/foo", "/21/S/10/L", "/17/261231", "/99/ABC", "9", "?21=S"} {
		if _, err := ParseRequest(shirtURI+path, "", ""); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func unknown(t *testing.T) {
	t.Helper()
	r := ask(t, "https://id.example.cn/01/09520123456788", "")
	if d := Resolve(r, nil); d.Outcome.Status() != http.StatusNotFound || len(d.Set) != 0 {
		t.Errorf("%s", said(d))
	}
}

func neverFine(t *testing.T) {
	t.Helper()
	for _, o := range []Outcome{Choices, Unknown, NoLink, "", "what is not an outcome"} {
		if s := o.Status(); s < 300 {
			t.Errorf("%s: %d", o, s)
		}
	}
}

func complete(t *testing.T) {
	t.Helper()
	for _, l := range []linkset.Link{{Rel: linkset.ProductPage, Href: "https://a/"}, {Rel: linkset.ProductPage, Title: "A"}, {Href: "https://a/", Title: "A"}} {
		if l.Check() == nil {
			t.Errorf("taken: %+v", l)
		}
	}
	for _, level := range shirt(t) {
		if err := linkset.Check(level.Links); err != nil {
			t.Error(err)
		}
	}
}

func languages(t *testing.T) {
	t.Helper()
	l := linkset.Link{Rel: linkset.ProductPage, Href: "https://a/", Title: "A", Hreflang: []string{"en", "zh-Hans", "sr-Latn-RS", "es-419"}}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	if s := string(linkset.AppendLink(nil, l)); !strings.Contains(s, `"hreflang":["en","zh-Hans","sr-Latn-RS","es-419"]`) {
		t.Error(s)
	}
	l.Hreflang = []string{"en_US!"}
	if l.Check() == nil {
		t.Error("taken: en_US!")
	}
}

func oneDefault(t *testing.T) {
	t.Helper()
	key := shirt(t)[2].Links
	second := append(slices.Clone(key), linkset.Link{Rel: linkset.DefaultLink, Href: "https://brand.example/", Title: "Again"})
	if linkset.Check(key) != nil || linkset.Check(second) == nil {
		t.Errorf("%v, %v", linkset.Check(key), linkset.Check(second))
	}
	for _, c := range decide(t, "?linkType=linkset", "").Set {
		d := linkset.OfType(c.Links, linkset.DefaultLink)
		if len(d) != 1 || d[0].Type != "" || d[0].Hreflang != nil || d[0].Context != nil || d[0].Title == "" {
			t.Errorf("%+v", d)
		}
	}
}

func described(t *testing.T) {
	t.Helper()
	if err := linkset.Check([]linkset.Link{{Rel: linkset.DefaultLink, Href: "https://a/", Title: "A"}}); !errors.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func alone(t *testing.T) {
	t.Helper()
	if _, err := Parse(shirtURI + "/10/L/235/T"); !errors.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func serial(t *testing.T) {
	t.Helper()
	if identity(t, "/01/09506000164908/10/L7/21/1234").CheckAssociation() == nil || identity(t, "/01/09506000164908/21/1234").CheckAssociation() != nil {
		t.Error("the wrong one is taken")
	}
}

func union(t *testing.T) {
	t.Helper()
	d := decide(t, "/22/V/10/L7/21/1234?linkType=linkset", "")
	var got []string
	for _, c := range d.Set {
		got = append(got, strings.TrimPrefix(c.Anchor, shirtURI))
	}
	if want := []string{"/21/1234", "/10/L7", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func noSuchType(t *testing.T) {
	t.Helper()
	if d := decide(t, "?linkType=gs1:nosuchlt", ""); d.Outcome.Status() != http.StatusNotFound {
		t.Errorf("%s", said(d))
	}
}

func choices(t *testing.T) {
	t.Helper()
	d := decide(t, "?linkType=gs1:certificationInfo", "text/html|")
	if d.Outcome.Status() != http.StatusMultipleChoices || len(d.Set) != 1 || d.Set[0].Anchor != shirtURI || len(d.Set[0].Links) != 2 {
		t.Errorf("%s", said(d))
	}
}

func header(t *testing.T) {
	t.Helper()
	if h := linkset.Header(shirtURI + "?linkType=linkset"); !strings.Contains(h, `rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`) || !strings.Contains(h, `rel="linkset"`) {
		t.Error(h)
	}
	var doc map[string]any
	if err := json.Unmarshal(linkset.AppendJSONLD(nil, linkset.Set{}), &doc); err != nil || doc["@context"] != linkset.JSONLDContext {
		t.Errorf("%v, %v", doc, err)
	}
}

func description(t *testing.T) {
	t.Helper()
	b, err := json.Marshal(Description{
		Name: "x", ResolverRoot: "https://id.example.cn", SupportedPrimaryKeys: []string{"all"},
		SupportedLinkType: Describe("", "").SupportedLinkType, Contact: &Contact{Name: "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkDescription(t, b)
	if keys := Describe("x", "https://id.example.cn").SupportedPrimaryKeys; !slices.Equal(keys, PrimaryKeys()) {
		t.Errorf("keys: %v", keys)
	}
}

// schema holds the set of links of every level against what GS1's linkset schema says,
// its patterns as they stand there.
func schema(t *testing.T) {
	t.Helper()
	type node = map[string]any
	uri := regexp.MustCompile(`^https?:\/\/[a-zA-z0-9./]+`)
	rel := regexp.MustCompile(`(^[a-z-]+$)|(^https?:\/\/[a-zA-z0-9./]+$)`)
	kind := regexp.MustCompile(`\w+/[-+.\w]+`)
	known := []string{"href", "title", "hreflang", "type", "context"}
	r := ask(t, shirtURI+"/10/L7/21/1234?linkType=linkset", "")
	levels := kept(r.URI, shirt(t))
	levels[0].Description = "" // the schema asks for one all the same
	var doc struct{ Linkset []node }
	if err := json.Unmarshal(linkset.AppendJSON(nil, Resolve(r, levels).Set), &doc); err != nil || len(doc.Linkset) != 3 {
		t.Fatal(err, doc)
	}
	for _, c := range doc.Linkset {
		if a, ok := c["anchor"].(string); !ok || !uri.MatchString(a) {
			t.Errorf("anchor %v", c["anchor"])
		}
		if d, ok := c["itemDescription"].(string); !ok || d == "" {
			t.Errorf("description %v", c["itemDescription"])
		}
		delete(c, "anchor")
		delete(c, "itemDescription")
		for name, targets := range c {
			list, ok := targets.([]any)
			if !ok || !rel.MatchString(name) || len(list) == 0 {
				t.Errorf("relation %s: %v", name, targets)
			}
			for _, target := range list {
				m, _ := target.(node)
				href, _ := m["href"].(string)
				if _, titled := m["title"].(string); !titled || !uri.MatchString(href) {
					t.Errorf("target %v", m)
				}
				if s, said := m["type"].(string); said && !kind.MatchString(s) {
					t.Errorf("type %s", s)
				}
				for member := range m {
					if !slices.Contains(known, member) {
						t.Errorf("member %s", member)
					}
				}
			}
		}
	}
}
