package stratml

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// FuzzParse checks that reading never fails otherwise than by a clear refusal and
// that what was read can be written and read again, unchanged.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/in/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(names, "testdata/sample.xml") {
		doc, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add([]byte("<StrategicPlan><Goal><Identifier>_x0020_</Identifier></Goal></StrategicPlan>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		plan, _, err := Parse(bytes.NewReader(doc))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("not refused as invalid: %v", err)
			}
			return
		}
		out, err := Append(nil, plan)
		if err != nil {
			if len(plan.Goals) == 0 {
				return
			}
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, mended, err := Parse(bytes.NewReader(out))
		if err != nil || !reflect.DeepEqual(plan, again) {
			t.Fatalf("does not round trip: %v\n%v\n%s", err, mended, out)
		}
		for _, m := range mended {
			if m.Wrong != "is missing or empty" {
				t.Errorf("own document needs mending: %v\n%s", m, out)
			}
		}
	})
}

// FuzzAppend checks that any texts are refused or written so that they come back.
func FuzzAppend(f *testing.F) {
	f.Add("name", "two\n\nparagraphs", "id", "16.14", "https://example.org/?a=%41#b")
	f.Add("a<b>&\"'", " x \r\n\r\n\r\n y ", "_x0041_", "-0.50", "计划")
	f.Add("[To be determined]", "[to_be_identified]", "0e", "7", "")
	f.Fuzz(func(t *testing.T, name, description, id, number, source string) {
		plan := &Plan{
			Kind: PerformancePlan, Name: name, Administrative: Administrative{Source: source},
			Goals: []Goal{{Name: name, Description: description, Identifier: id, Objectives: []Objective{{
				Identifier: id + "-1",
				Indicators: []Indicator{{
					Identifier: id + "-2", Relationships: []Relationship{{Referents: []string{id, name}}},
					Instances: []Instance{{Targets: []Result{{NumberOfUnits: number, Description: description}}}},
				}},
			}}}},
		}
		out, err := Append(nil, plan)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid || out != nil {
				t.Fatalf("%v with %q", err, out)
			}
			return
		}
		back, mended, err := Parse(bytes.NewReader(out))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for what, pair := range map[string][2]string{
			"name":        {tidyLine(name), back.Name},
			"description": {tidyProse(description), back.Goals[0].Description},
			"id":          {tidyLine(id), back.Goals[0].Identifier},
			"source":      {tidyLine(source), back.Administrative.Source},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: wrote %q, read %q; %v\n%s", what, pair[0], pair[1], mended, out)
			}
		}
	})
}

var ncname = regexp.MustCompile(`^[A-Za-z_\x{4E00}-\x{9FA5}][-.0-9A-Za-z_\x{4E00}-\x{9FA5}]*$`)

func FuzzIdentifier(f *testing.F) {
	for _, s := range []string{
		"goal-1", "_goal", "00000000-0000-4000-8000-000000000001", "d6fe9f0c-9d32-11e9-b91b-a4a8bd829e71",
		"_d6fe9f0c-9d32-11e9-b91b-a4a8bd829e71", "88.500.1/st.hte", "_8", "_x0041_", "_x002/", "__x", "目标 二", "😀", "-", "é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = tidyLine(s)
		if s == "" || badRune(s) >= 0 || !utf8.ValidString(s) {
			return
		}
		e := encodeID(s)
		if !ncname.MatchString(e) {
			t.Errorf("%q is written %q, which is no XML name", s, e)
		}
		if back := decodeID(e); back != s {
			t.Errorf("%q is written %q and read %q", s, e, back)
		}
		if again := encodeID(decodeID(strings.ToLower(e))); !ncname.MatchString(again) {
			t.Errorf("%q is written %q, which is no XML name", e, again)
		}
	})
}
