package sdmx

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// The data part of an SDMX-JSON message as it stands in the bytes.
type (
	jsonMessage struct {
		Meta jsonMeta `json:"meta"`
		Data struct {
			Structures []jsonStructure `json:"structures"`
			DataSets   []jsonDataSet   `json:"dataSets"`
		} `json:"data"`
	}
	jsonDataSet struct {
		Structure    int               `json:"structure"`
		Action       Action            `json:"action"`
		ValidFrom    string            `json:"validFrom"`
		ValidTo      string            `json:"validTo"`
		Attributes   []json.RawMessage `json:"attributes"`
		Groups       json.RawMessage   `json:"dimensionGroupAttributes"`
		Observations json.RawMessage   `json:"observations"`
		Series       json.RawMessage   `json:"series"`
	}
	jsonSeries struct {
		Attributes   []json.RawMessage `json:"attributes"`
		Observations json.RawMessage   `json:"observations"`
	}
	// member is one member of a JSON object; a list of them keeps their order.
	member[T any] struct {
		Key   string
		Value T
	}
)

// membersOf reads an object; nothing and null have no members.
func membersOf[T any](raw json.RawMessage) ([]member[T], error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fault.New(fault.Invalid, "%.20s is not a JSON object", raw)
	}
	var list []member[T]
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := t.(string)
		if !ok {
			return nil, fault.New(fault.Invalid, "%v is not the name of a member", t)
		}
		var v T
		if err := dec.Decode(&v); err != nil {
			return nil, fault.New(fault.Invalid, "%q is not of the form the standard says: %v", key, err)
		}
		list = append(list, member[T]{key, v})
	}
	return list, nil
}

// ReadJSON reads a data message in SDMX-JSON 2.0 or 2.1 whole into memory.
//
//   - Series, sections and flat tables all become time series: Series.Key has the
//     dimensions other than TIME_PERIOD, in the order of their key positions.
//   - Attributes have the level they are shown at in the message; those of a
//     section become attributes of observations. An attribute left out at the end
//     of a list has its default.
//   - Annotations and links of values are left out.
//   - Errors: fault.Invalid when it is no such message, has more than one
//     structure, or an index points nowhere.
//   - Source: SDMX-JSON 2.1 data message field guide, "Handling indexes".
func ReadJSON(r io.Reader) (*Message, error) {
	var in jsonMessage
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fault.New(fault.Invalid, "not an SDMX-JSON data message: %v", err)
	}
	if len(in.Data.Structures) != 1 {
		return nil, fault.New(fault.Invalid, "message has %d structures, one is understood", len(in.Data.Structures))
	}
	msg := &Message{Header: in.Meta.header()}
	d := &jsonDecoder{msg: msg, in: in.Data.Structures[0]}
	if err := d.structure(in.Meta.Languages); err != nil {
		return nil, err
	}
	for i, set := range in.Data.DataSets {
		ds, err := d.dataset(set)
		if err != nil {
			return nil, fault.New(fault.Invalid, "dataset %d: %v", i, err)
		}
		msg.Datasets = append(msg.Datasets, ds)
	}
	return msg, nil
}

// jsonDecoder knows how the values of a message are to be looked up.
type jsonDecoder struct {
	msg *Message
	in  jsonStructure

	fixed    []jsonDim // dimensions with one value for the message
	series   []jsonDim
	obs      []jsonDim
	all      []jsonDim // in the order of the key
	time     int       // position of TIME_PERIOD in all, or -1
	sections bool      // series attributes belong to observations
	dsAttrs  []lookup
	grpAttrs []lookup
	serAttrs []lookup
	obsAttrs []lookup
	measures []lookup
}

// jsonDim is a dimension: where it stands in the key, and its values.
type jsonDim struct {
	at     int
	values []string
}

// lookup turns what stands in a dataset into a Value.
type lookup struct {
	id       string
	values   []Value // nil: written directly
	fallback Value
}

// structure fills msg.Structure, the codelists and the lookups.
func (d *jsonDecoder) structure(langs []string) error {
	d.artefacts(langs)
	dims := slices.Concat(d.in.Dimensions.DataSet, d.in.Dimensions.Series, d.in.Dimensions.Observation)
	position := func(c jsonComponent) int {
		if c.KeyPosition == nil {
			return len(dims)
		}
		return *c.KeyPosition
	}
	order := slices.Clone(dims)
	slices.SortStableFunc(order, func(a, b jsonComponent) int { return position(a) - position(b) })
	s := &d.msg.Structure
	d.time = -1
	for i, c := range order {
		if componentIndex(s.Dimensions, c.ID) >= 0 {
			return fault.New(fault.Invalid, "dimension %s stands twice in the structure", c.ID)
		}
		comp := d.component(c, langs)
		if c.ID == TimePeriod {
			d.time, comp.Codelist = i, Identity{}
		}
		s.Dimensions = append(s.Dimensions, comp)
		d.all = append(d.all, jsonDim{at: i, values: dimValues(c)})
	}
	level := func(list []jsonComponent) []jsonDim {
		var out []jsonDim
		for _, c := range list {
			out = append(out, d.all[componentIndex(s.Dimensions, c.ID)])
		}
		return out
	}
	d.fixed, d.series, d.obs = level(d.in.Dimensions.DataSet), level(d.in.Dimensions.Series), level(d.in.Dimensions.Observation)
	d.sections = len(d.in.Dimensions.Observation) != 1 || d.in.Dimensions.Observation[0].ID != TimePeriod
	d.components(langs)
	return nil
}

// artefacts reads what the message is about from its links.
func (d *jsonDecoder) artefacts(langs []string) {
	m := d.msg
	for i, l := range d.in.Links {
		id, err := ParseIdentity(l.URN)
		if err != nil {
			continue // a link to a page, not to an artefact
		}
		class := strings.ToLower(l.URN)
		switch {
		case strings.Contains(class, ".datastructure="):
			m.Structure.Identity = id
			if i == 0 {
				m.Context, m.Flow.Identity = "datastructure", id
			}
		case strings.Contains(class, ".dataflow=") && (i == 0 || m.Context != "provisionagreement"):
			m.Context, m.Flow.Identity = "dataflow", id
		case strings.Contains(class, ".provisionagreement=") && i == 0:
			m.Context, m.Flow.Identity = "provisionagreement", id
		}
	}
	m.Flow.Name, m.Flow.Description = d.in.text(m.Flow.ID, langs)
	if m.Context != "datastructure" {
		m.Flow.Structure = m.Structure.Identity
	}
}

// components reads measures and attributes.
func (d *jsonDecoder) components(langs []string) {
	s := &d.msg.Structure
	if d.in.Measures == nil {
		// Before SDMX 3.0 the measure went without saying.
		s.Measures = []Component{{ID: "OBS_VALUE", Type: "Double"}}
		d.measures = []lookup{{id: "OBS_VALUE"}}
	} else {
		for _, c := range d.in.Measures.Observation {
			s.Measures = append(s.Measures, d.component(c, langs))
			d.measures = append(d.measures, compValues(c))
		}
	}
	if d.in.Attributes == nil {
		return
	}
	add := func(list []jsonComponent, level Level) []lookup {
		var out []lookup
		for _, c := range list {
			comp := d.component(c, langs)
			comp.Level = level
			if level == LevelGroup && c.Relationship != nil {
				comp.Group = c.Relationship.Dimensions
			}
			s.Attributes = append(s.Attributes, comp)
			out = append(out, compValues(c))
		}
		return out
	}
	d.dsAttrs = add(d.in.Attributes.DataSet, LevelDataset)
	d.grpAttrs = add(d.in.Attributes.Group, LevelGroup)
	seriesLevel := LevelSeries
	if d.sections {
		seriesLevel = LevelObs
	}
	d.serAttrs = add(d.in.Attributes.Series, seriesLevel)
	d.obsAttrs = add(d.in.Attributes.Observation, LevelObs)
}

// component reads a component and keeps the names of its codes as a codelist.
func (d *jsonDecoder) component(c jsonComponent, langs []string) Component {
	out := Component{ID: c.ID, Mandatory: c.Mandatory}
	out.Name, out.Description = c.text(c.ID, langs)
	if len(c.Roles) > 0 {
		out.Role = c.Roles[0]
	}
	if c.Format != nil {
		out.Type, out.Localised, out.Multi = c.Format.DataType, c.Format.Multilingual, many(c.Format.MaxOccurs)
	}
	list := Codelist{Partial: true, Identity: Identity{Agency: d.msg.Structure.Agency, ID: "CL_" + c.ID, Version: d.msg.Structure.Version}}
	linked := false
	for _, l := range c.Links {
		if id, err := ParseIdentity(l.URN); err == nil && strings.Contains(l.URN, ".Codelist=") {
			list.Identity, linked = id, true
		}
	}
	for _, v := range c.Values {
		if v == nil || v.ID == "" {
			continue
		}
		name, description := v.text(v.ID, langs)
		list.Codes = append(list.Codes, Code{ID: v.ID, Parent: v.Parent, Name: name, Description: description})
	}
	if c.ID == TimePeriod || len(list.Codes) == 0 && !linked {
		out.Type = out.dataType()
		return out
	}
	out.Codelist = list.Identity
	if len(list.Codes) == 0 {
		return out
	}
	d.msg.Codelists = append(d.msg.Codelists, list)
	return out
}

func dimValues(c jsonComponent) []string {
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		if v == nil {
			continue
		}
		values[i] = v.ID
		if v.ID == "" {
			if direct := scalar(v.Value); len(direct) == 1 {
				values[i] = direct[0]
			}
		}
	}
	return values
}

func compValues(c jsonComponent) lookup {
	l := lookup{id: c.ID}
	if c.Default != "" {
		l.fallback = Value{c.Default}
	}
	for _, v := range c.Values {
		var value Value
		switch {
		case v == nil:
		case v.ID != "":
			value = Value{v.ID}
		case v.Values != nil:
			value = list(v.Values)
		default:
			value = scalar(v.Value)
		}
		l.values = append(l.values, value)
	}
	return l
}

// parseInstantOr reads an instant, or the zero time from what is none.
func parseInstantOr(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// index reads one part of an index key.
func index(s string, n int) (int, error) {
	i, err := strconv.Atoi(s)
	if err != nil || i < 0 || i >= n {
		return 0, fault.New(fault.Invalid, "index %q is not one of %d values", s, n)
	}
	return i, nil
}
