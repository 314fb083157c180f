package stratml

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"yuzhou/kernel/fault"
)

func TestRefusals(t *testing.T) {
	utf16Broken := "\xFF\xFE<\x00h\x00"
	for _, tt := range []struct{ name, doc, want string }{
		{"empty", "", "this is not an XML document: it has no element"},
		{"text", "a plan", "this is not an XML document: it has no element"},
		{"other XML", "<html><body/></html>", `line 1: this is not StratML: the root is "html"`},
		{"cut UTF-16", utf16Broken, "this is not an XML document"},
		{"GBK", "<StrategicPlan><Name>\xd6\xd8\xc7\xec</Name></StrategicPlan>", "not in UTF-8 at byte 21: save it as UTF-8"},
		{"GBK declared", `<?xml version="1.0" encoding="GBK"?><Name>` + "\xd6\xd8</Name>", "says it is in GBK"},
		{
			"entities", `<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + "\n<StrategicPlan>&b;</StrategicPlan>",
			"line 1: the document declares entities, which are refused",
		},
		{"too deep", strings.Repeat("<a>", maxDepth+1), "nested more than 64 deep"},
		{"too many", "<StrategicPlan>" + strings.Repeat("<a/>", maxElements) + "</StrategicPlan>", "more than 200000 elements"},
		{"too long", "<StrategicPlan>" + strings.Repeat(" ", maxBytes), "longer than 16 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Parse(strings.NewReader(tt.doc))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("disk gone")
	_, _, err := Parse(io.MultiReader(strings.NewReader("<StrategicPlan>"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestCrowded reads a document at the limits; it takes long when any step is quadratic.
func TestCrowded(t *testing.T) {
	doc := "<StrategicPlan><Name>crowded</Name>" + strings.Repeat("<odd>x</odd>", maxElements-10) +
		"<StrategicPlanCore><Goal><Name>one</Name></Goal></StrategicPlanCore></StrategicPlan>"
	plan, mended, err := Parse(strings.NewReader(doc))
	if err != nil || len(mended) < maxElements-10 || strings.Count(plan.OtherInformation, "odd: x") != maxElements-10 {
		t.Fatalf("%v, %d mended, %d bytes kept", err, len(mended), len(plan.OtherInformation))
	}
}

func TestEncodings(t *testing.T) {
	const body = `<StrategicPlan><Name>é “x”</Name></StrategicPlan>`
	wide := func(order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\uFEFF" + `<?xml version="1.0" encoding="UTF-16"?>` + body)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	for _, tt := range []struct{ name, doc, want string }{
		{"byte order mark", "\uFEFF" + body, "é “x”"},
		{"UTF-16LE", wide(binary.LittleEndian), "é “x”"},
		{"UTF-16BE", wide(binary.BigEndian), "é “x”"},
		{"Windows-1252", `<?xml version="1.0" encoding="windows-1252"?><StrategicPlan><Name>` + "\xe9 \x93x\x94</Name></StrategicPlan>", "é “x”"},
		{"UTF-8 declared as Latin", `<?xml version="1.0" encoding="ISO-8859-1"?>` + body, "é “x”"},
		{"control characters", "<StrategicPlan><Name>a\x0bb\x00</Name></StrategicPlan>", "a b"},
		{"cut short", "<StrategicPlan><Name>half", "half"},
		{"broken tag", "<StrategicPlan><Name>half</Name><<<", "half"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, mended, err := Parse(strings.NewReader(tt.doc))
			if err != nil || plan.Name != tt.want {
				t.Errorf("%v, %v, %v", plan, mended, err)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(p *Plan)
		want  string
	}{
		{"no goal", func(p *Plan) { p.Goals = nil }, `the plan "1458 计划" has no goal`},
		{"no kind", func(p *Plan) { p.Kind = "" }, `Type: "" is none of Strategic_Plan, Performance_Plan, Performance_Report`},
		{"no identifier", func(p *Plan) { p.Goals[1].Identifier = " " }, "StrategicPlanCore/Goal[2]/Identifier: is missing"},
		{
			"identifier twice", func(p *Plan) { p.Goals[1].Identifier = "vision" },
			`StrategicPlanCore/Goal[2]/Identifier: "vision" is used twice`,
		},
		{
			"comparator in a number", func(p *Plan) { p.Goals[0].Objectives[0].Indicators[0].Instances[0].Targets[0].NumberOfUnits = ">1300" },
			`PerformanceIndicator[1]/MeasurementInstance[1]/TargetResult[1]/NumberOfUnits: number ">1300" is not digits`,
		},
		{"source with a space", func(p *Plan) { p.Administrative.Source = "http://a b" }, `AdministrativeInformation/Source: "http://a b" is not a URI`},
		{"control character", func(p *Plan) { p.Name = "a\x00" }, "Name: the text has a character at byte 1 that XML cannot hold"},
		{"not UTF-8", func(p *Plan) { p.Goals[0].Description = "重\xd6" }, "Description: the text has a character at byte 3"},
		{"stage", func(p *Plan) { p.Goals[0].Objectives[0].Indicators[1].Stage = "Effect" }, `ValueChainStage: "Effect" is none of Outcome`},
		{
			"three role types", func(p *Plan) {
				p.Organizations[0].Stakeholders[0].Roles[1].Types = []RoleType{Performer, Performer, Performer}
			}, "Role[2]/RoleType: there are 3, but 2 at most are allowed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := sample(t)
			tt.spoil(plan)
			out, err := Append([]byte("before"), plan)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if string(out) != "before" {
				t.Errorf("dst came back as %q", out)
			}
		})
	}
}

func TestPeriodsBecomeDays(t *testing.T) {
	plan := &Plan{Kind: StrategicPlan, Goals: []Goal{{Identifier: "g"}}, Administrative: Administrative{
		Start: day(t, "2023"), End: day(t, "2027"), Publication: day(t, "2023-Q1"),
	}}
	doc := string(written(t, plan))
	for _, want := range []string{
		"<StartDate>2023-01-01</StartDate>", "<EndDate>2027-12-31</EndDate>", "<PublicationDate>2023-03-31</PublicationDate>",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in\n%s", want, doc)
		}
	}
}

func TestReadNumber(t *testing.T) {
	for _, tt := range []struct {
		text string
		want numberRead
	}{
		{"12700", numberRead{"12700", true, false}},
		{"2.30", numberRead{"2.30", true, false}},
		{"+007.50", numberRead{"7.50", true, false}},
		{"-.5", numberRead{"-0.5", true, false}},
		{"5.", numberRead{"5", true, false}},
		{"-0.0", numberRead{"0.0", true, false}},
		{"1,300", numberRead{"1300", false, false}},
		{"1,234,567.89", numberRead{"1234567.89", false, false}},
		{"-12 700", numberRead{"-12700", false, false}},
		{"≥1,300 亿元", numberRead{"1300", false, true}},
		{"约 -5%", numberRead{"-5", false, true}},
		{"1,30", numberRead{}},
		{"2023-07", numberRead{}},
		{"2 to 3", numberRead{}},
		{"1e5", numberRead{}},
		{"many", numberRead{}},
		{"1234567890123456789", numberRead{}},
	} {
		if got := readNumber(tt.text); got != tt.want {
			t.Errorf("readNumber(%q) = %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func TestReadDate(t *testing.T) {
	for _, tt := range []struct {
		text, start, end string
		wrong            bool
	}{
		{"2023-07-11", "2023-07-11", "2023-07-11", false},
		{"2023-07-11+08:00", "2023-07-11", "2023-07-11", true},
		{"2023-07-11T23:59:59Z", "2023-07-11", "2023-07-11", true},
		{"2023-7-1", "2023-07-01", "2023-07-01", true},
		{"20230711", "2023-07-11", "2023-07-11", true},
		{"7/11/2023", "2023-07-11", "2023-07-11", true},
		{"31/12/2023", "2023-12-31", "2023-12-31", true},
		{"July 11, 2023", "2023-07-11", "2023-07-11", true},
		{"2023年7月11日", "2023-07-11", "2023-07-11", true},
		{"2024年2月", "2024-02-01", "2024-02-29", true},
		{"2027", "2027-01-01", "2027-12-31", true},
		{"2023-Q2", "2023-04-01", "2023-06-30", true},
		{"2023/2027", "2023-01-01", "2027-12-31", true},
		{"2023-02-30", "", "", false},
		{"0023-02-03", "", "", false},
		{"soon", "", "", false},
	} {
		got := readDate(tt.text)
		start, end := "", ""
		if !got.span.IsZero() {
			start, end = got.span.Start().Format(time.DateOnly), got.span.Last().Format(time.DateOnly)
		}
		if start != tt.start || end != tt.end || (got.how != "") != tt.wrong {
			t.Errorf("readDate(%q) = %s to %s, %q", tt.text, start, end, got.how)
		}
	}
}
