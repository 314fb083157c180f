package docking

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

var sent = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

// credit returns a code with the right check character, which a slower way finds.
func credit(t *testing.T, first17 string) string {
	t.Helper()
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if CreditCode(first17 + string(c)) {
			return first17 + string(c)
		}
	}
	t.Fatal("no check character fits ", first17)
	return ""
}

func organisation(t *testing.T, prefix string) *Organisation {
	t.Helper()
	agent := &Agent{Mode: ModeAgent, Agent: "某运维公司", Contract: "contract.pdf"}
	return &Organisation{
		Prefix: prefix, Name: "某某工业互联网有限公司", Nature: "民营控股", Address: "某市某区某路 1 号",
		CertificateType: CertificateCredit, CertificateNumber: credit(t, "91500000MA5XXXXX1"[:8]+"MA5U00001"),
		LegalName: "张三", LegalDocumentType: DocumentResident, LegalDocumentNumber: "11010519491231002X",
		Introduction: "第一行\n<第二行> & \"引号\"", Industry: "C", IndustryDivision: "36",
		ContactName: "李四", ContactMobile: "13800000000", ContactDocumentType: "护照", ContactDocument: "E00000000", ContactEmail: "li@example.org",
		Website: "https://example.org/", Founded: "2015-06-01", ValidUntil: Forever, Province: "某市",
		LegalMobile: "+8613900000000", LegalFax: "023-12345678",
		DomainLicences: []string{"域名注册服务机构许可证"}, LicenceNumbers: []string{"D1.1-20200001"},
		Builder: &Agent{Mode: "自营"}, Runner: agent, RealName: &Agent{Mode: "自营", Sources: []string{"a.pdf", "b.pdf"}},
		RegistrationSystem: &Place{Deployment: DeploymentLocal, Address: "某市", Addresses: []string{"192.0.2.1:2641", "[2001:db8::1]:2641"}},
		ResolutionServer:   &Place{Deployment: "云部署", Provider: "某云"},
		Services:           []Industry{{Section: "C", Division: "36", Group: "361", Class: "3611"}, {Section: "I"}},
		Sites:              []Site{{Name: "标识服务", Domain: "id.example.org", IPs: []string{"192.0.2.1", "2001:db8::1"}}},
	}
}

// batches has one example of every table with rows.
func batches(t *testing.T) []Batch {
	t.Helper()
	operator := organisation(t, "88.709")
	operator.CertificatePhoto, operator.LegalDocumentPhoto = "licence.jpg", "card.jpg"
	statistics := func(prefix string) *Statistics {
		return &Statistics{Date: "2026-01-30", Prefix: prefix, New: 2, Total: 12, Queries: 100, Successes: 99, Sources: []Source{{"192.0.2.7", 60}, {"2001:db8::7", 40}}}
	}
	template := func(prefix string) *Template {
		return &Template{Prefix: prefix, ID: prefix + "/t1", Industry: Industry{Section: "C", Division: "36", Group: "361", Class: "3611"}, Version: "1.0", Object: "2", Items: []TemplateField{{"name", "名称", "string", 64}, {Name: "weight", Type: "decimal"}}}
	}
	application := func(prefix string) *Application {
		return &Application{Prefix: prefix, Name: "溯源", Type: "2", Introduction: "简介", Users: 1000, Recursive: "192.0.2.53:3641", Developer: "某公司"}
	}
	route := func(prefix string) *Route {
		return &Route{CodeType: CodeHandle, Prefix: prefix, IPType: IPv4, IP: "192.0.2.1", Endpoints: []Endpoint{{"TCP", 2641}, {"UDP", 2641}, {"HTTP", 8080}}}
	}
	figures := &Figures{
		Date: "2026-01-30", Prefix: "88.709", ResolveMean: 12500, ResolveMaxAt: "2026-01-30 08:00:01", ResolveMax: 300001, ResolveMinAt: "2026-01-30 23:59:59", ResolveMin: 90,
		PeakQPS: 4200, PeakAt: "2026-01-30 12:00:00",
	}
	return []Batch{
		{TableOperator, "88.709", sent, []any{operator}},
		{TableRoute, "88.709", sent, []any{route("88.709"), &Route{CodeType: CodeGS1, Prefix: "6900~6999", IPType: IPv6, IP: "2001:db8::1", Endpoints: []Endpoint{{"HTTP", 80}}}}},
		{TableStatistics, "88.709", sent, []any{statistics("88.709")}},
		{TableTemplate, "88.709", sent, []any{template("88.709")}},
		{TableApplication, "88.709", sent, []any{application("88.709")}},
		{TableEnterprise, "88.709", sent, []any{organisation(t, "88.709.1"), organisation(t, "88.709.2")}},
		{TableEnterpriseRoute, "88.709", sent, []any{route("88.709.1")}},
		{TableEnterpriseStatistics, "88.709", sent, []any{statistics("88.709.1"), &Statistics{Date: "2026-01-30", Prefix: "88.709.2"}}},
		{TableItem, "88.709", sent, []any{
			&Item{Identifier: "88.709.1/a", Created: "2026-01-30", Template: "88.709.1/t1", Operation: OpAdd, ProductName: "轴承", Produced: "2026-01-29 10:00:00", Expires: "2036-01-29 00:00:00"},
			&Item{Identifier: "88.709.1/b", Created: "2026-01-30", Template: "88.709.1/t1", Operation: OpModify, Terminal: "模组", Serial: "490154203237518"},
			&Item{Identifier: "88.709.1/c", Created: "2025-01-30", Operation: OpDelete},
		}},
		{TableEnterpriseApplication, "88.709", sent, []any{application("88.709.1")}},
		{TableEnterpriseTemplate, "88.709", sent, []any{template("88.709.1")}},
		{TableFigures, "88.709", sent, []any{figures, &Figures{Date: "2026-01-30", Prefix: "88.709.1"}}},
		{TableEvent, "88.709", sent, []any{
			&Event{Prefix: "88.709", State: StateAbnormal, ID: "1", At: "2026-01-30 10:00:00", Cause: "断网", Type: CauseNetwork},
			&Event{Prefix: "88.709", State: StateRecovered, ID: "2", Linked: "1", At: "2026-01-30 10:20:00"},
		}},
		{TableReport, "88.709", sent, []any{&Report{Prefix: "88.709", Month: "2026-01", Name: "某公司", UpSeconds: 2_677_200, Availability: 999_552, RegisterRTT: 80000, ResolveRTT: 12500, Effective: 4000, Incidents: []string{"断网 20 分钟"}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, b := range batches(t) {
		t.Run(string(b.Table), func(t *testing.T) {
			asJSON, err := b.JSON()
			if err != nil {
				t.Fatal(err)
			}
			asXML, err := b.XML()
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, string(b.Table)+".json", asJSON)
			testkit.Golden(t, string(b.Table)+".xml", asXML)
			for _, doc := range [][]byte{asJSON, asXML} {
				got, err := Parse(doc)
				if err != nil {
					t.Fatalf("%v\n%s", err, doc)
				}
				if diff := cmp.Diff(b, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// The number of columns and how they count is the guide's.
func TestColumns(t *testing.T) {
	want := map[Table]int{
		TableOperator: 45, TableRoute: 5, TableStatistics: 6, TableTemplate: 5, TableApplication: 6, TableEnterprise: 42, TableEnterpriseRoute: 5,
		TableEnterpriseStatistics: 6, TableItem: 17, TableEnterpriseApplication: 6, TableEnterpriseTemplate: 5, TableFigures: 12, TableEvent: 6, TableReport: 8,
	}
	first := map[Table]int{TableEvent: 13}
	for _, s := range Specs() {
		columns, err := Columns(s.Table)
		if err != nil {
			t.Fatal(err)
		}
		next := max(first[s.Table], 1)
		n := 0
		for _, c := range columns {
			if c.Number != "0" {
				if c.Number != strconv.Itoa(next) {
					t.Errorf("table %s: column %s has number %s, want %d", s.Table, c.Wire, c.Number, next)
				}
				next++
				n++
			}
			tags(t, string(s.Table), c)
		}
		if n != want[s.Table] {
			t.Errorf("table %s has %d columns, want %d", s.Table, n, want[s.Table])
		}
	}
	if _, err := Columns("x"); !errors.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// tags holds that the tags of a column are complete and its rules known.
func tags(t *testing.T, at string, c Column) {
	t.Helper()
	at += "." + c.Wire
	if c.Wire == "" || c.ZH == "" || c.EN == "" {
		t.Errorf("%s: a label is missing", at)
	}
	known := " required lines prefix section division date month until second mobile phone email url domain ip addrport count port "
	for _, r := range c.rules {
		switch {
		case r.name == "one" && len(Codes(r.arg)) > 1, r.name == "max" && digits(r.arg), r.name == "digits" && digits(r.arg):
		case r.arg == "" && strings.Contains(known, " "+r.name+" "):
		default:
			t.Errorf("%s: rule %s=%s is not known", at, r.name, r.arg)
		}
	}
	for _, p := range c.Parts {
		tags(t, at, p)
	}
}

// set changes a field of a copy of a row by its path.
func set(t *testing.T, doc []byte, old, changed string) []byte {
	t.Helper()
	if !strings.Contains(string(doc), old) {
		t.Fatalf("the example has no %s:\n%s", old, doc)
	}
	return []byte(strings.Replace(string(doc), old, changed, 1))
}

func TestFindings(t *testing.T) {
	of := map[Table][]byte{}
	for _, b := range batches(t) {
		doc, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		of[b.Table] = doc
	}
	code := organisation(t, "88.709.1").CertificateNumber
	for _, tt := range []struct {
		table            Table
		name, old, to    string
		row              int
		field, value, en string
	}{
		{TableEnterprise, "check character", code, code[:17] + "!", 1, "certificateNumber", code[:17] + "!", "18 characters of GB 32100 with its check character"},
		{TableEnterprise, "identity card", "11010519491231002X", "110105194912310021", 1, "legalDocumentNumber", "110105194912310021", "18 characters of GB 11643"},
		{TableEnterprise, "mobile", `"13800000000"`, `"12800000000"`, 1, "contactMobile", "12800000000", "a mobile number of 11 digits"},
		{TableEnterprise, "email", "li@example.org", "Li <li@example.org>", 1, "contactEmail", "Li <li@example.org>", "an address such as name@example.org"},
		{TableEnterprise, "nature", "民营控股", "私营", 1, "nature", "私营", "one of 国有控股"},
		{TableEnterprise, "section", `"industry":"C"`, `"industry":"U"`, 1, "industry", "U", "A to T"},
		{TableEnterprise, "division of another section", `"industry":"C"`, `"industry":"A"`, 1, "industryDivision", "36", "a division of that section"},
		{TableEnterprise, "group of another division", `"361"`, `"371"`, 1, "services[1].group", "371", "a group of that division"},
		{TableEnterprise, "day", `"2015-06-01"`, `"2015-06-31"`, 1, "founded", "2015-06-31", "a date such as 2026-01-31"},
		{TableEnterprise, "expired before founded", `"长期"`, `"2014-01-01"`, 1, "validUntil", "2014-01-01", "not before the day it was founded"},
		{TableEnterprise, "another node's", `"88.709.1"`, `"88.7090.1"`, 1, "prefix", "88.7090.1", "a prefix below the node's, such as 88.709.1"},
		{TableEnterprise, "the node itself", `"88.709.1"`, `"88.709"`, 1, "prefix", "88.709", "a prefix below the node's"},
		{TableEnterprise, "row twice", `"88.709.2"`, `"88.709.1"`, 2, "", "88.709.1", "another than row 1, which has the same key"},
		{TableEnterprise, "agent without a name", `"agent":"某运维公司",`, ``, 1, "runner.agent", "", "the agent's name when it is one"},
		{TableEnterprise, "too many attachments", `["a.pdf","b.pdf"]`, `["a","b","c","d","e","f"]`, 1, "realName.sources", "", "at most 5 attachments"},
		{TableEnterprise, "cloud without provider", `"provider":"某云"`, `"provider":""`, 1, "resolutionServer.provider", "", "the provider's name"},
		{TableEnterprise, "no with licences", `["域名注册服务机构许可证"]`, `["域名注册服务机构许可证","否"]`, 1, "domainLicences[2]", "否", "否 alone, or licences"},
		{TableEnterprise, "address without port", `"192.0.2.1:2641"`, `"192.0.2.1"`, 1, "registrationSystem.addresses[1]", "192.0.2.1", "an address with its port"},
		{TableEnterprise, "domain", `"id.example.org"`, `"id_example"`, 1, "sites[1].domain", "id_example", "a domain name"},
		{TableEnterprise, "too long", `"张三"`, `"` + strings.Repeat("三", 65) + `"`, 1, "legalName", strings.Repeat("三", 65), "at most 64 characters"},
		{TableEnterprise, "control character", `"张三"`, `"张\u0000三"`, 1, "legalName", "张\x00三", "text without control characters"},
		{TableEnterprise, "white space around", `"张三"`, `" 张三"`, 1, "legalName", " 张三", "without white space around it"},
		{TableEnterprise, "missing", `"legalName":"张三",`, ``, 1, "legalName", "", "it to be filled in"},
		{TableEnterprise, "unknown field", `"legalName":"张三",`, `"legalName":"张三","x":"1",`, 1, "x", "1", "a field of the table; this is none"},
		{TableEnterprise, "a number for a text", `"legalName":"张三"`, `"legalName":3`, 1, "legalName", "3", "a text"},
		{TableEnterprise, "a picture", `"legalName":"张三"`, `"certificatePhoto":"x.jpg","legalName":"张三"`, 1, "certificatePhoto", "x.jpg", "a field of the table; this is none"},
		{TableOperator, "no picture", `"certificatePhoto":"licence.jpg",`, ``, 1, "certificatePhoto", "", "the name of an attachment"},
		{TableOperator, "an enterprise's", `"88.709"`, `"88.710"`, 1, "prefix", "88.709", "the node's prefix 88.710"},
		{TableRoute, "port", `"port":8080`, `"port":65536`, 1, "endpoints[3].port", "65536", "a port from 1 to 65535"},
		{TableRoute, "port as text", `"port":8080`, `"port":"8080"`, 1, "endpoints[3].port", "8080", "an integer"},
		{TableRoute, "port with decimals", `"port":8080`, `"port":80.5`, 1, "endpoints[3].port", "80.5", "an integer"},
		{TableRoute, "no port", `,"port":8080`, ``, 1, "endpoints[3].port", "", "it to be filled in"},
		{TableRoute, "endpoint twice", `"UDP"`, `"TCP"`, 1, "endpoints[2].port", "2641", "each protocol and port once"},
		{TableRoute, "IPv6 as IPv4", `"192.0.2.1"`, `"2001:db8::2"`, 1, "ip", "2001:db8::2", "an address of the type that ipType says"},
		{TableRoute, "no host", `"192.0.2.1"`, `"0.0.0.0"`, 1, "ip", "0.0.0.0", "the address of one host"},
		{TableRoute, "address with zeros", `"192.0.2.1"`, `"192.0.02.1"`, 1, "ip", "192.0.02.1", "an address such as 192.0.2.1"},
		{TableRoute, "code type", `"GS1"`, `"EPC"`, 2, "codeType", "EPC", "one of Handle, OID, DID:BID, VAA, Ecode, GS1"},
		{TableRoute, "range that descends", `"6900~6999"`, `"6999~6900"`, 2, "prefix", "6999~6900", "a company prefix of 4 to 12 digits, or a range"},
		{TableStatistics, "sum of sources", `"queries":40`, `"queries":39`, 1, "queries", "100", "the sum of the queries of all sources"},
		{TableStatistics, "sources above the sum", `"queries":40`, `"queries":41`, 1, "sources[2].queries", "41", "sources that sum up"},
		{TableStatistics, "more answers than queries", `"successes":99`, `"successes":101`, 1, "successes", "101", "at most the queries"},
		{TableStatistics, "more new ones than all", `"registered":12`, `"registered":1`, 1, "registered", "1", "at least what was registered on that day"},
		{TableStatistics, "negative", `"successes":99`, `"successes":-1`, 1, "successes", "-1", "a count from 0"},
		{TableStatistics, "address twice", `"2001:db8::7"`, `"192.0.2.7"`, 1, "sources[2].ip", "192.0.2.7", "each address once"},
		{TableTemplate, "name twice", `"weight"`, `"name"`, 1, "items[2].name", "name", "each name once"},
		{TableApplication, "type", `"type":"2"`, `"type":"6"`, 1, "type", "6", "one of 1, 2, 3, 4, 5"},
		{TableItem, "another node's", `"88.709.1/a"`, `"88.710.1/a"`, 1, "identifier", "88.710.1/a", "a prefix below the node's, /, and a suffix"},
		{TableItem, "active without terminal", `"terminal":"模组",`, ``, 2, "terminal", "", "the terminal of an active identifier"},
		{TableFigures, "mean above greatest", `"resolveMean":12.5`, `"resolveMean":400`, 1, "resolveMean", "400", "not below the least nor above the greatest"},
		{TableFigures, "four decimals", `"resolveMean":12.5`, `"resolveMean":12.5001`, 1, "resolveMean", "12.5001", "milliseconds with up to three decimals"},
		{TableFigures, "another day", `"2026-01-30 12:00:00"`, `"2026-01-29 12:00:00"`, 1, "peakAt", "2026-01-29 12:00:00", "an instant of that day"},
		{TableFigures, "instant", `"2026-01-30 12:00:00"`, `"2026-01-30T12:00:00Z"`, 1, "peakAt", "2026-01-30T12:00:00Z", "an instant in Beijing time"},
		{TableEvent, "recovery of nothing", `"linked":"1",`, ``, 2, "linked", "", "the number of the event that is over"},
		{TableEvent, "no type", `,"type":"1"`, ``, 1, "type", "", "1 network, 2 system, 3 attack or 4 other"},
		{TableReport, "more than all", `"availabilityPPM":999552`, `"availabilityPPM":1000001`, 1, "availabilityPPM", "1000001", "at most 1000000"},
	} {
		t.Run(string(tt.table)+"/"+tt.name, func(t *testing.T) {
			_, err := Parse(set(t, of[tt.table], tt.old, tt.to))
			found, ok := errors.AsType[Findings](err)
			if !ok || !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Row == tt.row && f.Field == tt.field && f.Value == tt.value && strings.Contains(f.EN, tt.en) && f.ZH != "" {
					return
				}
			}
			t.Errorf("%v, want row %d, %s %q: %s", found, tt.row, tt.field, tt.value, tt.en)
		})
	}
	bad := set(t, set(t, of[TableEnterprise], code, strings.Repeat("0", 18)), `"13800000000"`, `"1"`)
	if _, err := Parse(bad); err == nil || err.Error() != `row 1, contactMobile "1": want a mobile number of 11 digits` {
		t.Error(err)
	}
}

func TestNoBatch(t *testing.T) {
	good, err := batches(t)[2].JSON()
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := batches(t)[2].XML()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"nothing", nil, "line 1 of the batch: unexpected EOF"},
		{"half", good[:40], "is not JSON: unexpected EOF"},
		{"two", append(slices.Clip(good), good...), "something stands behind the JSON"},
		{"no table", []byte(`{"node":"88.709","sent":"2026-01-31 08:00:00","rows":[]}`), "the batch has no table"},
		{"no rows", []byte(`{"table":"route","node":"88.709","sent":"2026-01-31 08:00:00","rows":[]}`), "has no rows; send none"},
		{"rows are an object", []byte(`{"table":"route","node":"88.709","sent":"2026-01-31 08:00:00","rows":{"item":{}}}`), "rows of the batch is no list"},
		{"a table nobody knows", set(t, good, `"statistics"`, `"x"`), `there is no table "x"`},
		{"escrow", set(t, good, `"statistics"`, `"escrow"`), "table escrow has no rows"},
		{"another field", set(t, good, `"node"`, `"x":1,"node"`), `field "x" too many`},
		{"a key twice", set(t, good, `"node"`, `"node":"88.709","node"`), `"node" is there a second time`},
		{"null", set(t, good, `"88.709"`, `null`), "has no place in a batch"},
		{"no node", set(t, good, `"88.709"`, `"x"`), `node "x" of the batch: want a prefix such as 88.709`},
		{"sent", set(t, good, `2026-01-31 08:00:00`, `2026-01-31`), "sent of the batch"},
		{"too deep", []byte(strings.Repeat(`{"a":`, 100)), "lie in one another"},
		{"not UTF-8", set(t, good, "88.709", "\xff"), "is not UTF-8"},
		{"far too long", make([]byte, MaxBatch+1), "at most 67108864 are allowed"},
		{"another element", set(t, asXML, "<batch>", "<x>"), "closed by </batch>"},
		{"an attribute", set(t, asXML, "<batch>", `<batch a="1">`), "has attributes"},
		{"a DOCTYPE", set(t, asXML, "<batch>", `<!DOCTYPE x><batch>`), "comments, declarations"},
		{"text", set(t, asXML, "<sent>", `x<sent>`), "text stands between elements"},
		{"behind", append(slices.Clip(asXML), "<x/>"...), "something stands behind the batch"},
		{"too deep in XML", []byte(strings.Repeat("<a>", 100)), "lies too deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.doc)
			if fault.KindOf(err) == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	for _, b := range []Batch{{Table: TableRoute, Node: "88.709", Sent: sent, Rows: []any{&Statistics{}}}, {Table: TableEscrow, Node: "88.709", Sent: sent, Rows: []any{1}}, {Table: TableRoute, Node: "88.709", Sent: sent, Rows: []any{&Route{}}}} {
		if _, err := b.JSON(); !errors.Is(err, fault.Invalid) {
			t.Errorf("%v is sent: %v", b, err)
		}
	}
	many := strings.Repeat(`{"x":1},`, 5000)
	_, err = Parse([]byte(`{"table":"route","node":"88.709","sent":"2026-01-31 08:00:00","rows":[` + many + `{}]}`))
	if found, ok := errors.AsType[Findings](err); !ok || len(found) != maxFindings || !strings.Contains(err.Error(), "(and 99 more)") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	t := new(testing.T)
	for _, b := range batches(t) {
		for _, write := range []func() ([]byte, error){b.JSON, b.XML} {
			doc, err := write()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(doc)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		b, err := Parse(doc)
		if err != nil {
			if fault.KindOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		for _, write := range []func() ([]byte, error){b.JSON, b.XML} {
			again, err := write()
			if err != nil {
				t.Fatalf("%v: %q", err, doc)
			}
			got, err := Parse(again)
			if err != nil || !reflect.DeepEqual(got, b) {
				t.Fatalf("%v %s", err, cmp.Diff(b, got))
			}
		}
	})
}

func FuzzParseInstant(f *testing.F) {
	f.Add("2026-01-31 08:00:00")
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := ParseInstant(s); err == nil && Instant(at) != s {
			t.Fatalf("%q comes out as %q", s, Instant(at))
		}
	})
}
