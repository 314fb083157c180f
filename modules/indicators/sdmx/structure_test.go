package sdmx

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
)

func sampleStructures() *Structures {
	s := sampleStructure()
	s.Description = Text{"en": "Indicators of a city"}
	s.Attributes = append(s.Attributes, Component{ID: "COLLECTION", Level: LevelGroup, Group: []string{"INDICATOR", "REF_AREA"}, Type: "Boolean"})
	for _, list := range [][]Component{s.Dimensions, s.Measures, s.Attributes} {
		for i := range list { // a structure message has the names in the concepts
			list[i].Name = nil
			if !list[i].coded() {
				list[i].Type = list[i].dataType()
			}
			if list[i].ID == TimePeriod {
				list[i].Role = ""
			}
		}
	}
	lists := append(sampleMessage().Codelists[:2:2], Standard("YUZHOU")...)
	old := lists[0]
	old.Version = "0.9.0"
	return &Structures{
		Header:         sampleHeader(),
		DataStructures: []Structure{s},
		Dataflows:      []Dataflow{sampleMessage().Flow},
		Codelists:      append(lists, old),
		Concepts: []Scheme{{Identity: s.Concepts, Name: Text{"en": "Concepts"}, Items: []Item{
			{ID: "INDICATOR", Name: Text{"zh": "指标"}}, {ID: TimePeriod, Name: Text{"zh": "时期"}, Description: Text{"en": "What the number is about"}},
		}}},
		Agencies: []Scheme{{Identity: Identity{"SDMX", "AGENCIES", "1.0"}, Partial: true, Items: []Item{{ID: "YUZHOU", Name: Text{"zh": "渝州"}}}}},
		Availability: []Availability{{
			Flow: sampleMessage().Flow.Identity, Series: 2, Obs: 4,
			Values: []Available{{"REF_AREA", []string{"500000", "500101"}}, {TimePeriod, []string{"2022", "2023-06-30"}}},
		}},
	}
}

func TestStructures(t *testing.T) {
	for version, file := range map[string]string{"2.1.0": "structures.json", "2.0.0": "structures20.json"} {
		t.Run(version, func(t *testing.T) {
			var out bytes.Buffer
			if err := WriteStructures(&out, sampleStructures(), Media{Kind: "structure", Format: "json", Version: version}); err != nil {
				t.Fatal(err)
			}
			golden(t, file, out.Bytes())
			got, err := ReadStructures(&out)
			if err != nil {
				t.Fatal(err)
			}
			want := sampleStructures()
			if version == "2.0.0" { // the counts came with SDMX 3.1
				want.Availability[0].Series, want.Availability[0].Obs = -1, -1
			}
			equal(t, want, got)
		})
	}
}

func TestStructuresRefuse(t *testing.T) {
	s := sampleStructures()
	s.Codelists[0].Codes[0].ID = "st.hte"
	refused(t, WriteStructures(&bytes.Buffer{}, s, offers("structure")[0]), `id "st.hte" is not one of SDMX`)
	s = sampleStructures()
	s.ID = "a b"
	refused(t, WriteStructures(&bytes.Buffer{}, s, offers("structure")[0]), `message id "a b"`)
	s = sampleStructures()
	s.Availability[0].Flow = Identity{}
	refused(t, WriteStructures(&bytes.Buffer{}, s, offers("structure")[0]), `id "(empty)"`)
	for in, want := range map[string]string{
		"[]": "not an SDMX-JSON structure message",
		`{"data":{"codelists":[{"id":"A B","agencyID":"X","name":"n"}]}}`:                    `artefact "A B"`,
		`{"data":{"dataflows":[{"id":"A","agencyID":"X","name":"n","structure":"x"}]}}`:      `artefact "x" is not`,
		`{"data":{"conceptSchemes":[{"id":"A","agencyID":"9","name":"n"}]}}`:                 `agency "9"`,
		`{"data":{"dataStructures":[{"id":"A","name":"n"}]}}`:                                `artefact "A" of agency ""`,
		`{"data":{"availabilityConstraints":[{"constraintAttachment":{"dataflow":"a b"}}]}}`: `artefact "a b"`,
	} {
		_, err := ReadStructures(strings.NewReader(in))
		refused(t, err, want)
	}
}

func TestAllowedIsNotAvailable(t *testing.T) {
	got, err := ReadStructures(strings.NewReader(`{"data":{
		"dataConstraints":[{"id":"A","agencyID":"X","name":"n","role":"Allowed","constraintAttachment":{"dataflows":["X:F(1.0)"]}}],
		"availabilityConstraints":[{"constraintAttachment":{"dataStructure":"X:D(1.0)"}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Availability) != 0 {
		t.Errorf("read %+v as what is available for a dataflow", got.Availability)
	}
}

func TestStructureQuery(t *testing.T) {
	const all = "DSD_INDICATORS INDICATORS CL_INDICATOR CL_AREA CL_FREQ CL_OBS_STATUS CONCEPTS AGENCIES"
	for _, c := range []struct{ path, raw, want string }{
		{"structure", "", all},
		{"structure/*/YUZHOU", "", strings.TrimSuffix(all, " AGENCIES")},
		{"structure/all/*/*/~", "", all},
		{"structure/*/*/*/*", "", "DSD_INDICATORS INDICATORS CL_INDICATOR CL_AREA CL_FREQ CL_OBS_STATUS CL_INDICATOR CONCEPTS AGENCIES"},
		{"structure/codelist/YUZHOU/CL_INDICATOR", "", "CL_INDICATOR"},
		{"structure/codelist/YUZHOU/CL_INDICATOR/0.9.0,1.0.0", "", "CL_INDICATOR CL_INDICATOR"},
		{"structure/codelist/*/CL_AREA,CL_FREQ/+", "", "CL_AREA CL_FREQ"},
		{"structure/dataflow", "references=none", "INDICATORS"},
		{"structure/dataflow", "references=children", "DSD_INDICATORS INDICATORS AGENCIES"},
		{"structure/dataflow", "references=descendants", all},
		{"structure/dataflow", "references=codelist", "INDICATORS CL_INDICATOR CL_AREA CL_FREQ CL_OBS_STATUS"},
		{"structure/datastructure", "references=parents", "DSD_INDICATORS INDICATORS"},
		{"structure/codelist/*/CL_AREA", "references=parents", "DSD_INDICATORS CL_AREA"},
		{"structure/codelist/*/CL_AREA", "references=ancestors", "DSD_INDICATORS INDICATORS CL_AREA"},
		{"structure/codelist/*/CL_AREA", "references=parentsandsiblings", "DSD_INDICATORS CL_INDICATOR CL_AREA CL_FREQ CL_OBS_STATUS CONCEPTS AGENCIES"},
		{"structure/datastructure", "references=all", all},
	} {
		t.Run(c.path+"?"+c.raw, func(t *testing.T) {
			q, err := ParseStructureQuery(c.path, c.raw, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			got, err := q.Select(sampleStructures())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, n := range nodesOf(got) {
				names = append(names, n.id.ID)
			}
			if g := strings.Join(names, " "); g != c.want {
				t.Errorf("selected %q, want %q", g, c.want)
			}
		})
	}
}

func TestStructureQueryDetail(t *testing.T) {
	get := func(path, raw string) *Structures {
		q, err := ParseStructureQuery(path, raw, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Select(sampleStructures())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	stub := get("structure", "detail=allstubs")
	if d := stub.DataStructures[0]; d.Dimensions != nil || d.Description != nil || stub.Codelists[0].Codes != nil || stub.Concepts[0].Items != nil {
		t.Errorf("allstubs left content: %+v", stub)
	}
	complete := get("structure", "detail=allcompletestubs")
	if d := complete.DataStructures[0]; d.Dimensions != nil || d.Description == nil {
		t.Errorf("allcompletestubs: %+v", d)
	}
	refs := get("structure/datastructure", "detail=referencestubs&references=children")
	if refs.DataStructures[0].Dimensions == nil || refs.Codelists[0].Codes != nil {
		t.Error("referencestubs does not cut the codelists alone")
	}
	items := get("structure/codelist/YUZHOU/CL_AREA/1.0.0/500101", "")
	if l := items.Codelists[0]; !l.Partial || len(l.Codes) != 1 || l.Codes[0].ID != "500101" {
		t.Errorf("one code asked for, got %+v", l)
	}
	scheme := get("structure/conceptscheme/*/*/*/TIME_PERIOD", "")
	if l := scheme.Concepts[0]; !l.Partial || len(l.Items) != 1 {
		t.Errorf("one concept asked for, got %+v", l)
	}
	q, err := ParseStructureQuery("structure/codelist/*/CL_NONE", "asOf=2023-01-01&format=json&lang=zh", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Select(sampleStructures()); !errors.Is(err, fault.NotFound) {
		t.Errorf("error %v, want not found", err)
	}
}

func TestStructureQueryRefuses(t *testing.T) {
	for _, c := range []struct{ path, raw, want string }{
		{"data", "", `resource "data" is not structure`},
		{"structure/table", "", `artefactType "table"`},
		{"structure/codelist/A/B/C", "", `version "C"`},
		{"structure/dataflow/A/B/*/C", "", `itemID "C" cannot be asked of type "dataflow"`},
		{"structure/codelist/A/B/*/C/D", "", "more parts than"},
		{"structure", "detail=little", `detail "little" is not one of full, allstubs`},
		{"structure", "references=friends", `references "friends"`},
		{"structure", "limit=1", `parameter "limit"`},
		{"structure", "asOf=then", `asOf "then"`},
	} {
		_, err := ParseStructureQuery(c.path, c.raw, time.UTC)
		refused(t, err, c.want)
	}
}

func FuzzReadStructures(f *testing.F) {
	for _, m := range offers("structure") {
		var out bytes.Buffer
		if err := WriteStructures(&out, sampleStructures(), m); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadStructures(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if WriteStructures(&out, s, offers("structure")[0]) != nil {
			return
		}
		if _, err := ReadStructures(&out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

func TestIDs(t *testing.T) {
	for in, want := range map[string]Identity{
		"ECB:EXR(1.0)": {"ECB", "EXR", "1.0"},
		"ECB.DISS:EXR": {"ECB.DISS", "EXR", ""},
		"urn:sdmx:org.sdmx.infomodel.codelist.Code=SDMX:CL_FREQ(2.1).A":            {"SDMX", "CL_FREQ", "2.1"},
		"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:B(1.0.0-draft)": {"A", "B", "1.0.0-draft"},
		"A:B(1.2+.0)": {"A", "B", "1.2+.0"},
	} {
		got, err := ParseIdentity(in)
		if err != nil || got != want {
			t.Errorf("%s is read as %v (%v)", in, got, err)
		}
	}
	for _, bad := range []string{"", "EXR", ":EXR", "ECB:", "ECB:EXR(", "ECB:E.X R", "1CB:EXR"} {
		_, err := ParseIdentity(bad)
		refused(t, err, "is not AGENCY:ID(VERSION)")
	}
	text := Text{"zh-CN": "渝", "en": "Yu"}
	for lang, want := range map[string]string{"zh": "渝", "zh-TW": "渝", "en-GB": "Yu", "fr": "Yu"} {
		if got := text.Best(lang); got != want {
			t.Errorf("best of %s is %s, want %s", lang, got, want)
		}
	}
	if Text(nil).Best("zh") != "" {
		t.Error("no text has a best one")
	}
}
