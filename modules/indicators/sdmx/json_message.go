package sdmx

import (
	"encoding/json"
	"slices"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
)

// The parts of an SDMX-JSON message that are small: they go through
// encoding/json, which sorts the keys of maps.
type (
	jsonMeta struct {
		ID        string     `json:"id"`
		Test      bool       `json:"test"`
		Prepared  string     `json:"prepared"`
		Languages []string   `json:"contentLanguages,omitempty"`
		Sender    jsonParty  `json:"sender"`
		Links     []jsonLink `json:"links,omitempty"`
	}
	jsonParty struct {
		ID    string `json:"id"`
		Name  string `json:"name,omitempty"`
		Names Text   `json:"names,omitempty"`
	}
	jsonLink struct {
		Href string `json:"href,omitempty"`
		Rel  string `json:"rel,omitempty"`
		URN  string `json:"urn,omitempty"`
	}
	jsonNamed struct {
		Name         string `json:"name,omitempty"`
		Names        Text   `json:"names,omitempty"`
		Description  string `json:"description,omitempty"`
		Descriptions Text   `json:"descriptions,omitempty"`
	}
	jsonStructure struct {
		Links []jsonLink `json:"links"`
		jsonNamed
		Dimensions jsonLevels  `json:"dimensions"`
		Measures   *jsonLevels `json:"measures,omitempty"`
		Attributes *jsonLevels `json:"attributes,omitempty"`
		DataSets   []int       `json:"dataSets,omitempty"`
	}
	jsonLevels struct {
		DataSet     []jsonComponent `json:"dataSet,omitempty"`
		Group       []jsonComponent `json:"dimensionGroup,omitempty"`
		Series      []jsonComponent `json:"series,omitempty"`
		Observation []jsonComponent `json:"observation,omitempty"`
	}
	jsonComponent struct {
		ID string `json:"id"`
		jsonNamed
		KeyPosition  *int              `json:"keyPosition,omitempty"`
		Roles        []string          `json:"roles,omitempty"`
		Mandatory    bool              `json:"isMandatory,omitempty"`
		Relationship *jsonRelationship `json:"relationship,omitempty"`
		Format       *jsonFormat       `json:"format,omitempty"`
		Default      string            `json:"default,omitempty"`
		Links        []jsonLink        `json:"links,omitempty"`
		Values       []*jsonCode       `json:"values,omitempty"`
	}
	jsonRelationship struct {
		Dataflow    *struct{} `json:"dataflow,omitempty"`
		Dimensions  []string  `json:"dimensions,omitempty"`
		Observation *struct{} `json:"observation,omitempty"`
		Primary     string    `json:"primaryMeasure,omitempty"`
	}
	jsonFormat struct {
		DataType     string          `json:"dataType,omitempty"`
		MaxOccurs    json.RawMessage `json:"maxOccurs,omitempty"`
		Multilingual bool            `json:"isMultiLingual,omitempty"`
	}
	jsonCode struct {
		ID     string          `json:"id,omitempty"`
		Value  json.RawMessage `json:"value,omitempty"`
		Values json.RawMessage `json:"values,omitempty"`
		jsonNamed
		Parent string `json:"parent,omitempty"`
		Start  string `json:"start,omitempty"`
		End    string `json:"end,omitempty"`
	}
)

// named chooses the best name; formats of 2.1 demand one, so an artefact without
// name is called by its id.
func named(name, description Text, langs []string, id string) jsonNamed {
	n := jsonNamed{
		Name: name.Best(langs...), Names: name,
		Description: description.Best(langs...), Descriptions: description,
	}
	if n.Name == "" {
		n.Name = id
	}
	return n
}

// text is the inverse of named.
func (n jsonNamed) text(id string, langs []string) (name, description Text) {
	return oneText(n.Name, n.Names, id, langs), oneText(n.Description, n.Descriptions, "", langs)
}

// oneText returns all, or else the best match under the message's language.
func oneText(best string, all Text, id string, langs []string) Text {
	switch {
	case len(all) > 0:
		return all
	case best == "" || best == id:
		return nil
	case len(langs) > 0:
		return Text{langs[0]: best}
	}
	return Text{"en": best}
}

// meta returns the header, or fault.Invalid when an id cannot stand in one.
func (h *Header) meta() (jsonMeta, error) {
	if !idForm.MatchString(h.ID) || !idForm.MatchString(h.Sender.ID) {
		return jsonMeta{}, fault.New(fault.Invalid,
			"message id %q and sender id %q must be of letters, digits and _ @ $ -", h.ID, h.Sender.ID)
	}
	meta := jsonMeta{
		ID: h.ID, Test: h.Test, Prepared: h.Prepared.UTC().Format(time.RFC3339), Languages: h.Languages,
		Sender: jsonParty{ID: h.Sender.ID, Name: h.Sender.Name.Best(h.Languages...), Names: h.Sender.Name},
	}
	if h.Self != "" {
		meta.Links = []jsonLink{{Href: h.Self, Rel: "self"}}
	}
	return meta, nil
}

// header is the inverse of meta.
func (m jsonMeta) header() Header {
	h := Header{ID: m.ID, Test: m.Test, Languages: m.Languages, Sender: Party{ID: m.Sender.ID}}
	h.Sender.Name = oneText(m.Sender.Name, m.Sender.Names, m.Sender.ID, m.Languages)
	if t, err := time.Parse(time.RFC3339, m.Prepared); err == nil {
		h.Prepared = t
	}
	for _, l := range m.Links {
		if l.Rel == "self" {
			h.Self = l.Href
		}
	}
	return h
}

// schemaURL names the schema a message is valid by.
func schemaURL(kind, version string) string {
	if version == "2.0.0" {
		return "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/" + kind + "-message/tools/schemas/2.0.0/sdmx-json-" + kind + "-schema.json"
	}
	return "https://json.sdmx.org/2.1/sdmx-json-" + kind + "-schema.json"
}

// appendMeta writes all that comes before the first dataset.
func (e *jsonEncoder) appendMeta(b []byte) ([]byte, error) {
	head, err := e.msg.meta()
	if err != nil {
		return nil, err
	}
	meta, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	version := "2.1.0"
	if e.old {
		version = "2.0.0"
	}
	b = append(b, `{"$schema":"`...)
	b = append(append(b, schemaURL("data", version)...), `","meta":`...)
	return append(append(b, meta...), `,"data":{"dataSets":[`...), nil
}

// urn names an artefact for the world; one without version is 1.0.
//
// Source: SDMX 3.0 Section 5, URN structure.
func urn(class string, i Identity) string {
	return "urn:sdmx:org.sdmx.infomodel." + class + "=" + i.Agency + ":" + i.ID + "(" + first(i.Version, "1.0") + ")"
}

// contextClass is the class in the URN of what data are asked of.
func contextClass(context string) string {
	switch context {
	case "datastructure":
		return "datastructure.DataStructure"
	case "provisionagreement":
		return "registry.ProvisionAgreement"
	}
	return "datastructure.Dataflow"
}

// structure describes the components with the values the message used.
func (e *jsonEncoder) structure() jsonStructure {
	flow := e.msg.Flow.Identity
	s := jsonStructure{
		jsonNamed: named(e.msg.Flow.Name, e.msg.Flow.Description, e.msg.Languages, flow.ID),
		Measures:  &jsonLevels{}, Attributes: &jsonLevels{},
	}
	s.Links = []jsonLink{{Rel: e.msg.context(), URN: urn(contextClass(e.msg.context()), flow)}}
	if e.msg.context() != "datastructure" {
		s.Links = append(s.Links, jsonLink{Rel: "datastructure", URN: urn("datastructure.DataStructure", e.s.Identity)})
	}
	for i := range e.datasets {
		s.DataSets = append(s.DataSets, i)
	}
	book := newCodebook(e.msg.Codelists)
	for i, d := range e.s.Dimensions {
		c := e.component(d, e.dims[i], book)
		c.KeyPosition = &i
		if slices.Contains(e.atObs, i) {
			s.Dimensions.Observation = append(s.Dimensions.Observation, c)
		} else {
			s.Dimensions.Series = append(s.Dimensions.Series, c)
		}
	}
	for _, m := range e.s.Measures {
		s.Measures.Observation = append(s.Measures.Observation, e.component(m, e.pools[m.ID], book))
	}
	list := func(comps []Component) []jsonComponent {
		var out []jsonComponent
		for _, a := range comps {
			c := e.component(a, e.pools[a.ID], book)
			c.Relationship = e.relationship(a)
			out = append(out, c)
		}
		return out
	}
	s.Attributes.DataSet = list(e.s.at(LevelDataset))
	s.Attributes.Group = list(e.s.at(LevelGroup))
	s.Attributes.Series = list(e.grpAttrs)
	s.Attributes.Observation = list(e.obsAttrs)
	return s
}

// relationship is the attachment in the structure, whatever level it is shown at.
func (e *jsonEncoder) relationship(a Component) *jsonRelationship {
	switch a.Level {
	case LevelDataset:
		return &jsonRelationship{Dataflow: &struct{}{}}
	case LevelGroup:
		return &jsonRelationship{Dimensions: a.Group}
	case LevelSeries:
		var ids []string
		for _, d := range e.s.keyDimensions() {
			ids = append(ids, d.ID)
		}
		return &jsonRelationship{Dimensions: ids}
	case LevelObs:
	}
	return &jsonRelationship{Observation: &struct{}{}}
}

// component describes one component and the values in its pool.
func (e *jsonEncoder) component(c Component, p *pool, book codebook) jsonComponent {
	out := jsonComponent{ID: c.ID, jsonNamed: named(c.Name, c.Description, e.msg.Languages, c.ID), Mandatory: c.Mandatory}
	if c.Role != "" {
		out.Roles = []string{c.Role}
	}
	if c.coded() {
		out.Links = []jsonLink{{Rel: "codelist", URN: urn("codelist.Codelist", c.Codelist)}}
	}
	if t := c.dataType(); !c.coded() || c.Multi {
		out.Format = &jsonFormat{DataType: t, Multilingual: c.Localised}
		if c.Multi {
			out.Format.MaxOccurs = json.RawMessage(`"unbounded"`)
		}
	}
	if p == nil {
		return out
	}
	for _, v := range p.values {
		out.Values = append(out.Values, e.code(c, v, book))
	}
	return out
}

// dataType is the type with its default.
func (c Component) dataType() string {
	if c.Type == "" && c.ID == TimePeriod {
		return "ObservationalTimePeriod"
	}
	return first(c.Type, "String")
}

// code describes one value of a dimension or a coded component.
func (e *jsonEncoder) code(c Component, v string, book codebook) *jsonCode {
	entry := book.find(c.Codelist, v)
	out := &jsonCode{ID: v, jsonNamed: named(entry.Name, entry.Description, e.msg.Languages, v), Parent: entry.Parent}
	if c.ID == TimePeriod {
		if p, err := ParsePeriod(v); err == nil {
			out.Start = p.Start().Format(time.RFC3339)
			out.End = p.End().Add(-time.Second).Format(time.RFC3339)
		}
	}
	if !idForm.MatchString(v) {
		// A range such as 2023-01-01/P6M is no id: it goes as a value without a name.
		out.ID, out.Value, out.jsonNamed = "", appendString(nil, v), jsonNamed{}
	}
	return out
}

// codebook finds codes by list and id.
type codebook map[string]map[string]Code

func newCodebook(lists []Codelist) codebook {
	book := codebook{}
	for _, l := range lists {
		codes := make(map[string]Code, len(l.Codes))
		for _, c := range l.Codes {
			codes[c.ID] = c
		}
		book[l.String()] = codes
	}
	return book
}

// find returns the code, or one without a name.
func (b codebook) find(list Identity, id string) Code {
	if c, ok := b[list.String()][id]; ok {
		return c
	}
	return Code{ID: id}
}

// inISO is the last day of a period, for the normalized time format.
func inISO(s string) string {
	p, err := ParsePeriod(s)
	if err != nil || p.Freq() == period.Day {
		return s
	}
	return p.Last().Format(time.DateOnly)
}
