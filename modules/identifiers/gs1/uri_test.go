package gs1

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

// elements writes what a URI has as element strings: "(01)09520123456788(10)ABC|(17)201225".
func elements(u URI) string {
	var b strings.Builder
	for _, e := range u.elements() {
		b.WriteString("(" + e.AI + ")" + e.Value)
	}
	for i, e := range u.Attributes {
		if i == 0 {
			b.WriteByte('|')
		}
		b.WriteString("(" + e.AI + ")" + e.Value)
	}
	return b.String()
}

// The examples of the URI Syntax standard, and those by which GS1's Barcode Syntax
// Engine is tested.
func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ uri, want string }{
		"GTIN":                       {"https://id.gs1.org/01/09520123456788", "(01)09520123456788"},
		"GTIN-13":                    {"https://brand.example.com/01/9520123456788", "(01)09520123456788"},
		"GTIN-12":                    {"https://a/01/416000336108", "(01)00416000336108"},
		"GTIN-8":                     {"https://a/01/02345673", "(01)00000002345673"},
		"stem":                       {"https://brand.example.com/some-extra/pathinfo/01/9520123456788", "(01)09520123456788"},
		"variant":                    {"https://id.gs1.org/01/09520123456788/22/2A", "(01)09520123456788(22)2A"},
		"lot":                        {"https://id.gs1.org/01/09520123456788/10/ABC123", "(01)09520123456788(10)ABC123"},
		"serial":                     {"https://id.gs1.org/01/09520123456788/21/12345", "(01)09520123456788(21)12345"},
		"lot, serial, expiry":        {"https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426", "(01)09520123456788(10)ABC1(21)12345|(17)180426"},
		"measure":                    {"https://id.gs1.org/01/09520123456788?3103=000195", "(01)09520123456788|(3103)000195"},
		"measures":                   {"https://example.com/01/9520123456788?3103=000195&3922=0299&17=201225", "(01)09520123456788|(3103)000195(3922)0299(17)201225"},
		"SSCC":                       {"https://id.gs1.org/00/952012345678912345", "(00)952012345678912345"},
		"SSCC with content":          {"https://id.gs1.org/00/952012345678912345?02=09520123456788&37=25&10=ABC123", "(00)952012345678912345|(02)09520123456788(37)25(10)ABC123"},
		"GLN":                        {"https://id.gs1.org/414/9520123456788", "(414)9520123456788"},
		"GLN with extension":         {"https://id.gs1.org/414/9520123456788/254/32a%2Fb", "(414)9520123456788(254)32a/b"},
		"GIAI of a product":          {"https://example.com/8004/9520614141234567?01=09520123456788", "(8004)9520614141234567|(01)09520123456788"},
		"GIAI of a GTIN-13":          {"https://a/8004/9520614141234567?01=2112345678900", "(8004)9520614141234567|(01)02112345678900"},
		"TPX, lot in query":          {"https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123", "(01)09520123456788(235)XYZ|(10)ABC123"},
		"upper case scheme":          {"HTTPS://a/00/006141411234567890", "(00)006141411234567890"},
		"mixed case scheme":          {"HtTp://a/b/00/006141411234567890", "(00)006141411234567890"},
		"punycode":                   {"https://xn--fsq.xn--0zwm56d/01/12312312312333", "(01)12312312312333"},
		"dot behind host":            {"https://a./01/12312312312333", "(01)12312312312333"},
		"port":                       {"https://a:65535/01/12312312312333", "(01)12312312312333"},
		"IPv4":                       {"https://192.0.2.1/01/12312312312333", "(01)12312312312333"},
		"IPv6":                       {"https://[2001:db8::1]/01/12312312312333", "(01)12312312312333"},
		"what looks like a key":      {"https://a/00/faux/00/006141411234567890", "(00)006141411234567890"},
		"a value like a key":         {"https://a/01/12312312312333/10/01/21/00", "(01)12312312312333(10)01(21)00"},
		"all qualifiers":             {"https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ", "(01)12312312312333(22)TEST(10)ABC(21)XYZ"},
		"GDTI":                       {"https://a/253/1231231231232", "(253)1231231231232"},
		"GDTI with serial":           {"https://a/253/1231231231232TEST5678901234567", "(253)1231231231232TEST5678901234567"},
		"GSRN":                       {"https://a/8018/123456789012345675/8019/123", "(8018)123456789012345675(8019)123"},
		"GINC":                       {"https://a/stem/401/12345678?99=ABC", "(401)12345678|(99)ABC"},
		"GMN":                        {"https://a/8013/1987654Ad4X4bL5ttr2310c2K", "(8013)1987654Ad4X4bL5ttr2310c2K"},
		"GRAI":                       {"https://a/8003/04012345111118987", "(8003)04012345111118987"},
		"ITIP":                       {"https://a/8006/095201234567880102/10/A", "(8006)095201234567880102(10)A"},
		"CPID":                       {"https://a/8010/952012345%23A-1%2F/8011/7", "(8010)952012345#A-1/(8011)7"},
		"GLN of a bill":              {"https://a/415/9520123456788/8020/INV-1", "(415)9520123456788(8020)INV-1"},
		"economic operator":          {"https://a/417/9520123456788/7040/1ABc", "(417)9520123456788(7040)1ABc"},
		"GCN":                        {"https://a/255/9520123456788123", "(255)9520123456788123"},
		"GSIN":                       {"https://a/402/95201234567891235", "(402)95201234567891235"},
		"slash behind":               {"https://a/stem/00/006141411234567890/", "(00)006141411234567890"},
		"empty query":                {"https://a/stem/00/006141411234567890?", "(00)006141411234567890"},
		"many separators":            {"https://a/01/12312312312333?&&&99=ABC&&;&&&98=XYZ&&&", "(01)12312312312333|(99)ABC(98)XYZ"},
		"other parameters":           {"https://a/01/12312312312333?unknown1=555&99=ABC;singleton&98=XYZ&unknown3=777", "(01)12312312312333|(99)ABC(98)XYZ"},
		"small hexadecimal digits":   {"https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ%2f987", "(01)12312312312333(22)ABC-123|(99)ABC(98)XYZ/987"},
		"plus in path":               {"https://a/01/12312312312333/22/ABC+123", "(01)12312312312333(22)ABC+123"},
		"fragment":                   {"https://a/01/12312312312333/22/test/10/abc/21/xyz?99=ABC#fragment", "(01)12312312312333(22)test(10)abc(21)xyz|(99)ABC"},
		"longest value":              {"https://a/01/12312312312333?99=" + strings.Repeat("A", 90), "(01)12312312312333|(99)" + strings.Repeat("A", 90)},
		"day not said":               {"https://a/01/12312312312333?17=260800", "(01)12312312312333|(17)260800"},
		"name with escapes in value": {"https://a/00/006141411234567890?4300=AB%2520CD", "(00)006141411234567890|(4300)AB%20CD"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := Parse(c.uri)
			if err != nil {
				t.Fatal(err)
			}
			if got := elements(u); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			again, err := Parse(u.String())
			if err != nil || again.String() != u.String() || elements(again) != c.want {
				t.Errorf("%s is read back as %v, %v", u, again, err)
			}
		})
	}
}

// What is refused, and a word of the sentence that says why.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ uri, says string }{
		"nothing":                  {"", "https://"},
		"scheme":                   {"ftp://a/01/12312312312333", "https://"},
		"no host":                  {"http:///", "host"},
		"host only":                {"http://a", "primary key"},
		"no key":                   {"http://a/b/", "primary key"},
		"key as host":              {"https://00/006141411234567890", "primary key"},
		"user":                     {"https://id.gs1.org@evil.example/01/12312312312333", "host"},
		"zone of IPv6":             {"https://[fe80::1%25lo]/01/12312312312333", "host"},
		"sign in host":             {"https://a$/01/12312312312333", "host"},
		"less than":                {"https://a/01/12312312312333<bad", "byte 27"},
		"backslash":                {"https://a/01/12312312312333\\bad", "percent-encode"},
		"not ASCII":                {"https://a/01/12312312312333/10/批", "percent-encode"},
		"gtin as a name":           {"https://a/gtin/12312312312333", "01 must be written"},
		"name of a qualifier":      {"https://a/01/12312312312333/lot/ABC", "10 must be written"},
		"unknown name":             {"https://a/zzz/12312312312333", "primary key"},
		"check digit":              {"https://a/01/09520123456789", "8 would be right"},
		"check digit of a GTIN-13": {"https://a/01/9520123456789", "8 would be right"},
		"GTIN of 10 digits":        {"https://a/01/9520123456", "14 characters"},
		"GTIN with a letter":       {"https://a/01/0952012345678A", "digits"},
		"check pair":               {"https://a/8013/1987654Ad4X4bL5ttr2310cXX", "2K"},
		"GRAI without its zero":    {"https://a/8003/14012345111118987", "begin with 0"},
		"company prefix":           {"https://a/8004/ABC123", "company prefix"},
		"set 39":                   {"https://a/8010/9520123abc", "set 39"},
		"piece above total":        {"https://a/8006/095201234567880201", "which piece"},
		"GDTI too long":            {"https://a/253/1231231231232TEST56789012345678", "13 to 30"},
		"empty value":              {"https://a/01//12312312312333", "primary key"},
		"empty qualifier":          {"https://a/01/12312312312333/10/", "primary key"},
		"NUL":                      {"https://a/01/12312312312333/10/A%00B", "set 82"},
		"half an escape":           {"https://a/01/12312312312333/10/A%2", "hexadecimal"},
		"order":                    {"https://a/01/12312312312333/21/S/10/L", "order"},
		"twice in path":            {"https://a/01/12312312312333/10/L/10/M", "order"},
		"both alternatives":        {"https://a/01/12312312312333/10/L/235/T", "order"},
		"not a qualifier":          {"https://a/01/12312312312333/99/ABC", "do not go with"},
		"attribute in path":        {"https://a/01/12312312312333/17/261231", "it takes 22, then 10, then 21, or instead 235"},
		"unknown in path":          {"https://a/01/12312312312333/foo/bar", "not an application identifier"},
		"one more segment":         {"https://a/01/12312312312333/foo", "primary key"},
		"bill without number":      {"https://a/415/9520123456788", "8020 must follow"},
		"variant of SSCC":          {"https://a/00/006141411234567890/22/A", "takes none"},
		"empty attribute":          {"https://a/01/12312312312333?99=", "1 to 90"},
		"attribute too long":       {"https://a/01/12312312312333?99=" + strings.Repeat("A", 91), "1 to 90"},
		"parameter of digits":      {"https://a/01/12312312312333?999=faux", "not be all digits"},
		"unknown AI":               {"https://a/01/12312312312333?89=ABC", "not be all digits"},
		"product URL":              {"https://a/01/12312312312333?8200=ABC", "8200"},
		"plus is a space":          {"https://a/01/12312312312333?98=XYZ+987", "set 82"},
		"NUL in query":             {"https://a/01/12312312312333?99=ABC%00DEF", "set 82"},
		"belongs into the path":    {"https://a/01/09520123456788?10=ABC123", "must stand in the path"},
		"serial in query":          {"https://a/01/09520123456788?21=ABC123", "may carry"},
		"key again":                {"https://a/01/09520123456788?01=09520123456788", "twice"},
		"qualifier again":          {"https://a/01/09520123456788/10/ABC123?10=ABC123", "twice"},
		"attribute again":          {"https://a/01/09520123456788?99=XYZ789&99=XYZ789", "twice"},
		"day":                      {"https://a/01/09520123456788?17=260231", "YYMMDD"},
		"month":                    {"https://a/01/09520123456788?17=261301", "YYMMDD"},
		"29 February":              {"https://a/01/09520123456788?17=270229", "YYMMDD"},
		"country":                  {"https://a/01/09520123456788?422=150", "ISO 3166"},
		"country by letters":       {"https://a/00/006141411234567890?4307=XX", "ISO 3166"},
		"IBAN":                     {"https://a/415/9520123456788/8020/A?8007=GB82WEST12345698765433", "IBAN"},
		"linkType twice":           {"https://a/01/09520123456788?linkType=gs1:pip&linkType=all", "linkType 2 times"},
		"parameter without name":   {"https://a/01/09520123456788?=x", "without a name"},
		"too many parameters":      {"https://a/01/09520123456788?" + strings.Repeat("a=b&", 101), "100"},
		"too long":                 {"https://a/01/09520123456788?a=" + strings.Repeat("x", MaxURI), "8192"},
		"half an escape in name":   {"https://a/01/09520123456788?a%2=b", "hexadecimal"},
		"half an escape in query":  {"https://a/01/09520123456788?a=%zz", "hexadecimal"},
		"compressed":               {"https://dlnkd.tn.gg/ARHKVAdpQg", "primary key"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := Parse(c.uri)
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v and %v, want an invalid that says %q", u, err, c.says)
			}
		})
	}
}

func TestURIParts(t *testing.T) {
	u, err := Parse("HTTP://ID.Example.CN:8080/shop/01/9520123456788/10/a%2fb?17=261231&linkType=gs1:pip&3103=000195&context=CN&context=HK&flag#top")
	if err != nil {
		t.Fatal(err)
	}
	if u.Host != "id.example.cn:8080" || u.Stem != "/shop" || u.Fragment != "top" || u.Root() != "http://id.example.cn:8080/shop" {
		t.Errorf("parts: %+v", u)
	}
	if u.LinkType() != "gs1:pip" || !slices.Equal(u.Contexts(), []string{"CN", "HK"}) {
		t.Errorf("linkType %q, contexts %q", u.LinkType(), u.Contexts())
	}
	if want := "http://id.example.cn:8080/shop/01/09520123456788/10/a%2Fb?17=261231&3103=000195&linkType=gs1%3Apip&context=CN&context=HK&flag#top"; u.String() != want {
		t.Errorf("String: %s", u)
	}
	if want := "https://id.gs1.org/01/09520123456788/10/a%2Fb?17=261231&3103=000195"; u.Canonical() != want {
		t.Errorf("Canonical: %s", u.Canonical())
	}
	if (URI{}).LinkType() != "" {
		t.Error("a URI without parameters has a link type")
	}
}

// Every mark of set 82 goes through a path and a query and comes back.
func TestURIMarks(t *testing.T) {
	marks := `!"%&'()*+,-./:;<=>?_`
	id, err := NewIdentity(Element{"01", "09520123456788"}, Element{"10", marks})
	if err != nil {
		t.Fatal(err)
	}
	u, err := Parse(URI{Scheme: "https", Host: "a", Identity: id, Attributes: []Element{{"99", marks}}}.String())
	if err != nil {
		t.Fatal(err)
	}
	if !u.Equal(id) || u.Attributes[0].Value != marks {
		t.Errorf("got %+v", u)
	}
	if want := "/01/09520123456788/10/%21%22%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F_"; u.Path() != want {
		t.Errorf("Path: %s", u.Path())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426&linkType=all&x#f", "HTTP://A:80//x/00/006141411234567890/?;a=%41+",
		"https://a/415/9520123456788/8020/INV-1", "https://a/8013/1987654Ad4X4bL5ttr2310c2K", "https://a/01/02345673?4309=00000000001800000000",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := Parse(s)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := Parse(u.String())
		if len(u.String()) > MaxURI {
			return // escapes have made it longer
		}
		if err != nil || again.String() != u.String() || again.Canonical() != u.Canonical() {
			t.Fatalf("%q is written as %s and read back as %s, %v", s, u, again, err)
		}
		if _, err := Parse(u.Canonical()); err != nil {
			t.Fatalf("%s: %v", u.Canonical(), err)
		}
		if stem, id, err := ParsePath(u.Stem + u.Path()); err != nil || stem != u.Stem || !id.Equal(u.Identity) {
			t.Fatalf("%s%s: %q, %v, %v", u.Stem, u.Path(), stem, id, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426"); err != nil {
			b.Fatal(err)
		}
	}
}
