package sdmx

import (
	"encoding/json"
	"io"

	"yuzhou/kernel/fault"
)

// Structures is a structure message: what is published, as SDMX artefacts. A
// Codelist without Codes, a Scheme without Items and a Structure without
// Dimensions are written as stubs.
type Structures struct {
	Header
	DataStructures []Structure
	Dataflows      []Dataflow
	Codelists      []Codelist
	Concepts       []Scheme
	Agencies       []Scheme // their ID is AGENCIES
	Availability   []Availability
}

// Availability says which data there are for a dataflow.
type Availability struct {
	Flow   Identity
	Values []Available // one per dimension asked for
	Series int         // how many series match; -1: not counted
	Obs    int         // how many observations match; -1: not counted
}

// Available are the values a dimension has. Of TIME_PERIOD only the first and
// the last are told, in Values[0] and Values[1].
type Available struct {
	Dimension string
	Values    []string
}

// The artefacts of SDMX-JSON, as they stand in a message.
type (
	jsonStructures struct {
		Schema string   `json:"$schema"`
		Meta   jsonMeta `json:"meta"`
		Data   struct {
			DataStructures []jsonDSD        `json:"dataStructures,omitempty"`
			Dataflows      []jsonFlow       `json:"dataflows,omitempty"`
			Codelists      []jsonList       `json:"codelists,omitempty"`
			Concepts       []jsonList       `json:"conceptSchemes,omitempty"`
			Agencies       []jsonList       `json:"agencySchemes,omitempty"`
			Constraints    []jsonConstraint `json:"dataConstraints,omitempty"`         // 2.0
			Availability   []jsonConstraint `json:"availabilityConstraints,omitempty"` // 2.1
		} `json:"data"`
	}
	jsonArtefact struct {
		ID      string `json:"id"`
		Agency  string `json:"agencyID"`
		Version string `json:"version,omitempty"`
		jsonNamed
		Links []jsonLink `json:"links,omitempty"`
	}
	jsonFlow struct {
		jsonArtefact
		Structure string `json:"structure,omitempty"`
	}
	jsonItem struct {
		ID string `json:"id"`
		jsonNamed
		Links  []jsonLink `json:"links,omitempty"`
		Parent string     `json:"parent,omitempty"`
	}
	jsonList struct {
		jsonArtefact
		Partial  bool       `json:"isPartial,omitempty"`
		Codes    []jsonItem `json:"codes,omitempty"`
		Concepts []jsonItem `json:"concepts,omitempty"`
		Agencies []jsonItem `json:"agencies,omitempty"`
	}
	jsonConstraint struct {
		// A constraint is an artefact with these four only in 2.0.
		ID         string `json:"id,omitempty"`
		Agency     string `json:"agencyID,omitempty"`
		Version    string `json:"version,omitempty"`
		Name       string `json:"name,omitempty"`
		Role       string `json:"role,omitempty"`
		Attachment struct {
			Dataflow  string   `json:"dataflow,omitempty"`
			Dataflows []string `json:"dataflows,omitempty"`
		} `json:"constraintAttachment"`
		Region  *jsonRegion  `json:"cubeRegion,omitempty"`
		Regions []jsonRegion `json:"cubeRegions,omitempty"`
		Series  *int         `json:"seriesCount,omitempty"`
		Obs     *int         `json:"obsCount,omitempty"`
	}
	jsonRegion struct {
		Keys []jsonRegionKey `json:"keyValues"`
	}
	jsonRegionKey struct {
		ID     string            `json:"id"`
		Range  *jsonRange        `json:"timeRange,omitempty"`
		Values []json.RawMessage `json:"values,omitempty"`
	}
	jsonRange struct {
		Start *jsonBound `json:"startPeriod,omitempty"`
		End   *jsonBound `json:"endPeriod,omitempty"`
	}
	jsonBound struct {
		Period string `json:"period"`
	}
)

// WriteStructures writes a structure message in the version of m.
//
//   - Errors: fault.Invalid when an id is not one that SDMX allows.
//   - Source: SDMX-JSON 2.0.0 and 2.1.0 structure messages.
func WriteStructures(w io.Writer, s *Structures, m Media) error {
	meta, err := s.meta()
	if err != nil {
		return err
	}
	out := jsonStructures{Schema: schemaURL("structure", m.Version), Meta: meta}
	e := structureEncoder{langs: s.Languages}
	for _, d := range s.DataStructures {
		out.Data.DataStructures = append(out.Data.DataStructures, e.dsd(d))
	}
	for _, f := range s.Dataflows {
		flow := jsonFlow{jsonArtefact: e.artefact(f.Identity, f.Name, f.Description, "datastructure.Dataflow")}
		if f.Structure != (Identity{}) {
			flow.Structure = urn("datastructure.DataStructure", f.Structure)
		}
		out.Data.Dataflows = append(out.Data.Dataflows, flow)
	}
	for _, l := range s.Codelists {
		out.Data.Codelists = append(out.Data.Codelists, e.codelist(l))
	}
	for _, c := range s.Concepts {
		list := e.scheme(c, "conceptscheme.ConceptScheme")
		list.Concepts = e.items(c.Items)
		out.Data.Concepts = append(out.Data.Concepts, list)
	}
	for _, a := range s.Agencies {
		list := e.scheme(a, "base.AgencyScheme")
		list.Agencies = e.items(a.Items)
		out.Data.Agencies = append(out.Data.Agencies, list)
	}
	for _, a := range s.Availability {
		if m.Version == "2.0.0" {
			out.Data.Constraints = append(out.Data.Constraints, e.actual(a))
		} else {
			out.Data.Availability = append(out.Data.Availability, e.availability(a))
		}
	}
	if e.bad != "" {
		return fault.New(fault.Invalid, "id %q is not one of SDMX: letters, digits and _ @ $ -", e.bad)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// structureEncoder turns artefacts into their JSON form and keeps a bad id.
type structureEncoder struct {
	langs []string
	bad   string
}

func (e *structureEncoder) check(id string) {
	if !idForm.MatchString(id) && e.bad == "" {
		e.bad = first(id, "(empty)")
	}
}

func (e *structureEncoder) artefact(i Identity, name, description Text, class string) jsonArtefact {
	e.check(i.ID)
	return jsonArtefact{
		ID: i.ID, Agency: i.Agency, Version: i.Version, jsonNamed: named(name, description, e.langs, i.ID),
		Links: []jsonLink{{Rel: "self", URN: urn(class, i)}},
	}
}

func (e *structureEncoder) codelist(l Codelist) jsonList {
	out := jsonList{jsonArtefact: e.artefact(l.Identity, l.Name, l.Description, "codelist.Codelist"), Partial: l.Partial}
	for _, c := range l.Codes {
		e.check(c.ID)
		out.Codes = append(out.Codes, jsonItem{ID: c.ID, jsonNamed: named(c.Name, c.Description, e.langs, c.ID), Parent: c.Parent})
	}
	return out
}

func (e *structureEncoder) scheme(s Scheme, class string) jsonList {
	return jsonList{jsonArtefact: e.artefact(s.Identity, s.Name, s.Description, class), Partial: s.Partial}
}

func (e *structureEncoder) items(items []Item) []jsonItem {
	var out []jsonItem
	for _, i := range items {
		e.check(i.ID)
		out = append(out, jsonItem{ID: i.ID, jsonNamed: named(i.Name, i.Description, e.langs, i.ID)})
	}
	return out
}

// region describes the values of the dimensions.
func (*structureEncoder) region(a Availability) jsonRegion {
	r := jsonRegion{Keys: []jsonRegionKey{}}
	for _, v := range a.Values {
		k := jsonRegionKey{ID: v.Dimension}
		if v.Dimension == TimePeriod && len(v.Values) == 2 {
			k.Range = &jsonRange{Start: &jsonBound{v.Values[0]}, End: &jsonBound{v.Values[1]}}
		} else {
			for _, s := range v.Values {
				k.Values = append(k.Values, appendString(nil, s))
			}
		}
		r.Keys = append(r.Keys, k)
	}
	return r
}

// availability is the constraint of SDMX 3.1.
func (e *structureEncoder) availability(a Availability) jsonConstraint {
	var c jsonConstraint
	e.check(a.Flow.ID)
	c.Attachment.Dataflow = urn("datastructure.Dataflow", a.Flow)
	r := e.region(a)
	c.Region = &r
	if a.Series >= 0 {
		c.Series = &a.Series
	}
	if a.Obs >= 0 {
		c.Obs = &a.Obs
	}
	return c
}

// actual is the same in SDMX 3.0: a data constraint of the role Actual.
func (e *structureEncoder) actual(a Availability) jsonConstraint {
	e.check(a.Flow.ID)
	c := jsonConstraint{ID: a.Flow.ID, Agency: a.Flow.Agency, Version: a.Flow.Version, Name: a.Flow.ID, Role: "Actual"}
	c.Attachment.Dataflows = []string{urn("datastructure.Dataflow", a.Flow)}
	c.Regions = []jsonRegion{e.region(a)}
	return c
}
