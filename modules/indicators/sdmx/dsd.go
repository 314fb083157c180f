package sdmx

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// The data structure definition of SDMX-JSON.
type (
	jsonDSD struct {
		jsonArtefact
		Components *jsonDSDComponents `json:"dataStructureComponents,omitempty"`
	}
	jsonDSDComponents struct {
		Attributes *jsonAttributeList `json:"attributeList,omitempty"`
		Dimensions jsonDimensionList  `json:"dimensionList"`
		Groups     []jsonGroup        `json:"groups,omitempty"`
		Measures   *jsonMeasureList   `json:"measureList,omitempty"`
	}
	jsonDimensionList struct {
		ID         string             `json:"id"`
		Dimensions []jsonDSDComponent `json:"dimensions,omitempty"`
		Time       *jsonDSDComponent  `json:"timeDimension,omitempty"`
	}
	jsonMeasureList struct {
		ID       string             `json:"id"`
		Measures []jsonDSDComponent `json:"measures"`
	}
	jsonAttributeList struct {
		ID         string             `json:"id"`
		Attributes []jsonDSDComponent `json:"attributes"`
	}
	jsonGroup struct {
		ID         string   `json:"id"`
		Dimensions []string `json:"groupDimensions"`
	}
	jsonDSDComponent struct {
		ID             string              `json:"id"`
		Position       *int                `json:"position,omitempty"`
		Usage          string              `json:"usage,omitempty"`
		Relationship   *jsonAttachment     `json:"attributeRelationship,omitempty"`
		Concept        string              `json:"conceptIdentity"`
		Roles          []string            `json:"conceptRoles,omitempty"`
		Representation *jsonRepresentation `json:"localRepresentation,omitempty"`
	}
	jsonAttachment struct {
		Dataflow    *struct{} `json:"dataflow,omitempty"`
		Dimensions  []string  `json:"dimensions,omitempty"`
		Group       string    `json:"group,omitempty"`
		Observation *struct{} `json:"observation,omitempty"`
	}
	jsonRepresentation struct {
		Enumeration string          `json:"enumeration,omitempty"`
		Format      *jsonTextFormat `json:"format,omitempty"`
		MaxOccurs   json.RawMessage `json:"maxOccurs,omitempty"`
	}
	jsonTextFormat struct {
		DataType     string `json:"dataType,omitempty"`
		Multilingual bool   `json:"isMultiLingual,omitempty"`
	}
)

// dsd turns a structure into its JSON form. Without dimensions it is a stub.
func (e *structureEncoder) dsd(s Structure) jsonDSD {
	out := jsonDSD{jsonArtefact: e.artefact(s.Identity, s.Name, s.Description, "datastructure.DataStructure")}
	if len(s.Dimensions) == 0 {
		return out
	}
	comps := &jsonDSDComponents{Dimensions: jsonDimensionList{ID: "DimensionDescriptor"}}
	for i, d := range s.Dimensions {
		c := e.component(s, d)
		if d.ID == TimePeriod {
			comps.Dimensions.Time = &c
			continue
		}
		c.Position = &i
		comps.Dimensions.Dimensions = append(comps.Dimensions.Dimensions, c)
	}
	if len(s.Measures) > 0 {
		comps.Measures = &jsonMeasureList{ID: "MeasureDescriptor"}
	}
	for _, m := range s.Measures {
		c := e.component(s, m)
		c.Usage = usage(m)
		comps.Measures.Measures = append(comps.Measures.Measures, c)
	}
	if len(s.Attributes) > 0 {
		comps.Attributes = &jsonAttributeList{ID: "AttributeDescriptor"}
	}
	for _, a := range s.Attributes {
		c := e.component(s, a)
		c.Usage = usage(a)
		c.Relationship = attachment(s, a)
		comps.Attributes.Attributes = append(comps.Attributes.Attributes, c)
	}
	out.Components = comps
	return out
}

func usage(c Component) string {
	if c.Mandatory {
		return "mandatory"
	}
	return "optional"
}

// component writes what dimensions, measures and attributes have in common.
func (e *structureEncoder) component(s Structure, c Component) jsonDSDComponent {
	e.check(c.ID)
	out := jsonDSDComponent{ID: c.ID, Concept: urn("conceptscheme.Concept", s.Concepts) + "." + c.ID}
	if c.Role != "" && c.ID != TimePeriod {
		out.Roles = []string{urn("conceptscheme.Concept", s.Concepts) + "." + c.Role}
	}
	r := &jsonRepresentation{}
	if c.coded() {
		r.Enumeration = urn("codelist.Codelist", c.Codelist)
	} else {
		r.Format = &jsonTextFormat{DataType: c.dataType(), Multilingual: c.Localised}
	}
	if c.Multi {
		r.MaxOccurs = json.RawMessage(`"unbounded"`)
	}
	out.Representation = r
	return out
}

// attachment writes the level of an attribute.
func attachment(s Structure, a Component) *jsonAttachment {
	switch a.Level {
	case LevelDataset:
		return &jsonAttachment{Dataflow: &struct{}{}}
	case LevelGroup:
		return &jsonAttachment{Dimensions: a.Group}
	case LevelSeries:
		return &jsonAttachment{Dimensions: ids(s.keyDimensions())}
	case LevelObs:
	}
	return &jsonAttachment{Observation: &struct{}{}}
}

func ids(list []Component) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.ID
	}
	return out
}

// structure is the inverse of dsd. Component names are in the concept scheme
// and stay empty.
func (d jsonDSD) structure(langs []string) (Structure, error) {
	s := Structure{}
	var err error
	s.Name, s.Description = d.text(d.ID, langs)
	if s.Identity, err = d.identity(); err != nil || d.Components == nil {
		return s, err
	}
	list := d.Components.Dimensions.Dimensions
	slices.SortStableFunc(list, func(a, b jsonDSDComponent) int { return cmp.Compare(position(a), position(b)) })
	if d.Components.Dimensions.Time != nil {
		last := *d.Components.Dimensions.Time
		last.ID = TimePeriod
		list = append(slices.Clone(list), last)
	}
	if s.Dimensions, err = readComponents(list, &s); err != nil {
		return s, err
	}
	if m := d.Components.Measures; m != nil {
		if s.Measures, err = readComponents(m.Measures, &s); err != nil {
			return s, err
		}
	}
	if a := d.Components.Attributes; a != nil {
		if s.Attributes, err = readComponents(a.Attributes, &s); err != nil {
			return s, err
		}
		for i, c := range a.Attributes {
			s.Attributes[i].Level, s.Attributes[i].Group = d.level(s, c.Relationship)
		}
	}
	return s, nil
}

func position(c jsonDSDComponent) int {
	if c.Position == nil {
		return 1 << 30
	}
	return *c.Position
}

// readComponents reads what components have in common; the first concept names
// the scheme of the structure.
func readComponents(list []jsonDSDComponent, s *Structure) ([]Component, error) {
	out := make([]Component, 0, len(list))
	for _, j := range list {
		c := Component{ID: first(j.ID, conceptID(j.Concept)), Mandatory: j.Usage == "mandatory"}
		if scheme, err := ParseIdentity(j.Concept); err == nil && s.Concepts == (Identity{}) {
			s.Concepts = scheme
		}
		if len(j.Roles) > 0 {
			c.Role = conceptID(j.Roles[0])
		}
		if err := j.Representation.read(&c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// read fills what values a component has; r may be nil.
func (r *jsonRepresentation) read(c *Component) error {
	if r == nil {
		return nil
	}
	c.Multi = many(r.MaxOccurs)
	if r.Format != nil {
		c.Type, c.Localised = r.Format.DataType, r.Format.Multilingual
	}
	if r.Enumeration == "" {
		return nil
	}
	var err error
	c.Codelist, err = ParseIdentity(r.Enumeration)
	return err
}

// conceptID is the item id at the end of the URN of a concept.
func conceptID(s string) string {
	i := strings.LastIndex(s, ").")
	if i < 0 {
		return ""
	}
	return s[i+2:]
}

// many reports whether maxOccurs allows more than one value.
func many(raw json.RawMessage) bool {
	s := string(bytes.TrimSpace(raw))
	return s != "" && s != "0" && s != "1" && s != "null"
}

// level reads an attachment: all dimensions but the time make a series.
func (d jsonDSD) level(s Structure, r *jsonAttachment) (Level, []string) {
	switch {
	case r == nil || r.Observation != nil:
		return LevelObs, nil
	case r.Group != "":
		for _, g := range d.Components.Groups {
			if g.ID == r.Group {
				return LevelGroup, g.Dimensions
			}
		}
		return LevelGroup, nil
	case r.Dimensions != nil:
		return dimensionLevel(s, r.Dimensions)
	}
	return LevelDataset, nil
}

// dimensionLevel is the level of an attribute attached to some dimensions.
func dimensionLevel(s Structure, dims []string) (Level, []string) {
	have := slices.Sorted(slices.Values(dims))
	switch {
	case slices.Equal(have, slices.Sorted(slices.Values(ids(s.keyDimensions())))):
		return LevelSeries, nil
	case len(have) == len(s.Dimensions):
		return LevelObs, nil
	}
	return LevelGroup, dims
}
