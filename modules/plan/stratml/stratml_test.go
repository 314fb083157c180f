package stratml

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"yuzhou/kernel/period"
	"yuzhou/kernel/testkit"
)

// schema is the schema that what Append writes is checked against.
var schema = flag.String("schema", "testdata/part2.xsd", "XSD of StratML Part 2")

func day(t *testing.T, s string) period.Period {
	t.Helper()
	p, err := period.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sample is a plan that has every element, attribute and value form there is.
func sample(t *testing.T) *Plan {
	t.Helper()
	bureau := Stakeholder{
		Type: Body, Name: "市科技局", Description: "牵头单位",
		Roles: []Role{
			{Name: "牵头", Description: "统筹推进", Types: []RoleType{Performer, Beneficiary}},
			{Name: "监督"},
		},
	}
	hte := Indicator{
		Stage: Output, Type: Quantitative, SequenceIndicator: "1.1.1",
		Dimension: "高新技术企业数量", Unit: "家", Identifier: "88.500.1/st.hte/500000",
		Relationships: []Relationship{
			{
				Type: NarrowerThan, Identifier: "rel-1", Name: "serves", Description: "A < B & C > D",
				Referents: []string{"00000000-0000-4000-8000-000000000001", "https://example.org/plans/1458#goal", "_x0041_"},
			},
			{Type: BroaderThan, Referents: []string{"88.500.1/st.sme/500000"}},
			{Type: PeerTo, Description: "对比"},
		},
		Instances: []Instance{
			{
				Targets: []Result{{
					Start: day(t, "2023-01-01"), End: day(t, "2027-12-31"), NumberOfUnits: "12700",
					Descriptor: Descriptor{Name: "comparator", Value: ">="}, Description: "2027 年翻一番",
				}},
				Actuals: []Result{{Start: day(t, "2023-06-30"), End: day(t, "2023-06-30"), NumberOfUnits: "6401"}},
			},
			{Actuals: []Result{{NumberOfUnits: "-0.50"}, {Descriptor: Descriptor{Value: "良好"}}}},
		},
		OtherInformation: "存量,不是通过评审的流量。\n\n第二段 \"引号\"。",
	}
	sme := Indicator{
		Stage: Outcome, Type: Qualitative, Dimension: "科技型企业", Unit: "万家", Identifier: "88.500.1/st.sme/500000",
	}
	return &Plan{
		Kind: PerformanceReport, Name: "1458 计划", Description: "建设具有全国影响力的科技创新中心", OtherInformation: "示例",
		Organizations: []Organization{{
			Name: "重庆市", Acronym: "CQ", Identifier: "500000", Description: "直辖市", Stakeholders: []Stakeholder{bureau},
		}},
		Vision:  Statement{Description: "愿景", Identifier: "vision"},
		Mission: Statement{Description: "使命", Identifier: "mission"},
		Values:  []Value{{Name: "创新", Description: "先行"}, {Name: "开放"}},
		Goals: []Goal{
			{
				Name: "总目标", Description: "到 2027 年基本建成", Identifier: "00000000-0000-4000-8000-000000000001",
				SequenceIndicator: "1", Stakeholders: []Stakeholder{bureau, {Type: Person, Name: "某人"}, {Type: GenericGroup, Name: "企业"}},
				OtherInformation: "注",
				Objectives: []Objective{
					{
						Name: "企业", Description: "主体", Identifier: "https://example.org/o/1", SequenceIndicator: "1.1",
						Stakeholders: []Stakeholder{{Name: "区县"}}, OtherInformation: "略", Indicators: []Indicator{hte, sme},
					},
					{Identifier: "_0a"},
				},
			},
			{Name: "目标二", Description: "说明", Identifier: "目标 二"},
		},
		Administrative: Administrative{
			Identifier: "admin", Start: day(t, "2023-01-01"), End: day(t, "2027-12-31"), Publication: day(t, "2023-03-10"),
			Source: "https://example.org/计划?a=1&b=%20#x",
		},
		Submitter: Contact{Identifier: "who", GivenName: "明", Surname: "李", PhoneNumber: "+86 23 0000", EmailAddress: "a@example.org"},
	}
}

func written(t *testing.T, p *Plan) []byte {
	t.Helper()
	doc, err := Append(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestRoundTrip(t *testing.T) {
	plan := sample(t)
	doc := written(t, plan)
	testkit.Golden(t, "sample.xml", doc)
	if !reflect.DeepEqual(plan, sample(t)) {
		t.Error("Append changed the plan it was given")
	}
	back, mended, err := Parse(strings.NewReader(string(doc)))
	if err != nil || len(mended) > 0 {
		t.Fatalf("own document: %v, mended %v", err, mended)
	}
	if !reflect.DeepEqual(plan, back) {
		t.Errorf("came back different:\n%s", written(t, back))
	}
}

// TestSchema validates what Append writes with libxml2, for the sample and for
// every broken document that Parse mends.
func TestSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("NOT CHECKED: xmllint is missing (Debian package libxml2-utils), so nothing was validated by the schema of StratML")
	}
	docs := map[string][]byte{"sample": written(t, sample(t))}
	names, err := filepath.Glob("testdata/in/*.xml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents in testdata/in: %v", err)
	}
	for _, name := range names {
		plan, _ := parseFile(t, name)
		docs[filepath.Base(name)] = written(t, plan)
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "plan.xml")
			if err := os.WriteFile(file, doc, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", *schema, file).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s\n%s", err, out, doc)
			}
		})
	}
}

func parseFile(t *testing.T, name string) (*Plan, []Mended) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	plan, mended, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return plan, mended
}

// TestMending reads the documents of testdata/in, each wrong in the ways its
// comment tells, and compares plan and report with the golden files.
func TestMending(t *testing.T) {
	names, err := filepath.Glob("testdata/in/*.xml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents in testdata/in: %v", err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".xml")
		t.Run(base, func(t *testing.T) {
			plan, mended := parseFile(t, name)
			var said strings.Builder
			for _, m := range mended {
				said.WriteString(m.String() + "\n")
			}
			testkit.Golden(t, "out/"+base+".txt", []byte(said.String()))
			doc := written(t, plan)
			testkit.Golden(t, "out/"+base+".xml", doc)
			again, mended, err := Parse(strings.NewReader(string(doc)))
			if err != nil || !reflect.DeepEqual(plan, again) {
				t.Errorf("what was mended does not round trip: %v, %v", err, mended)
			}
		})
	}
}
