package sdmx

import (
	"encoding/json"
	"io"

	"yuzhou/kernel/fault"
)

// ReadStructures reads a structure message in SDMX-JSON 2.0 or 2.1. Artefacts
// of other kinds, constraints on what is allowed, annotations and links are left
// out.
//
//   - Errors: fault.Invalid when it is not JSON or an artefact has no proper id.
func ReadStructures(r io.Reader) (*Structures, error) {
	var in jsonStructures
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fault.New(fault.Invalid, "not an SDMX-JSON structure message: %v", err)
	}
	out := &Structures{Header: in.Meta.header()}
	langs := in.Meta.Languages
	for _, d := range in.Data.DataStructures {
		s, err := d.structure(langs)
		if err != nil {
			return nil, err
		}
		out.DataStructures = append(out.DataStructures, s)
	}
	for _, f := range in.Data.Dataflows {
		flow, err := f.flow(langs)
		if err != nil {
			return nil, err
		}
		out.Dataflows = append(out.Dataflows, flow)
	}
	for _, l := range in.Data.Codelists {
		list, err := l.codelist(langs)
		if err != nil {
			return nil, err
		}
		out.Codelists = append(out.Codelists, list)
	}
	var err error
	if out.Concepts, err = readSchemes(in.Data.Concepts, langs); err != nil {
		return nil, err
	}
	if out.Agencies, err = readSchemes(in.Data.Agencies, langs); err != nil {
		return nil, err
	}
	out.Availability, err = readAvailability(in.Data.Availability, in.Data.Constraints)
	return out, err
}

// readAvailability keeps what is said about the data of a dataflow; the data
// constraints that are not Actual say what is allowed, not what there is.
func readAvailability(available, constraints []jsonConstraint) ([]Availability, error) {
	var out []Availability
	for _, c := range constraints {
		if c.Role == "Actual" {
			available = append(available, c)
		}
	}
	for _, c := range available {
		if c.Attachment.Dataflow == "" && len(c.Attachment.Dataflows) == 0 {
			continue
		}
		a, err := c.read()
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func (a jsonArtefact) identity() (Identity, error) {
	i := Identity{Agency: a.Agency, ID: a.ID, Version: a.Version}
	if !agencyForm.MatchString(a.Agency) || !idForm.MatchString(a.ID) {
		return i, fault.New(fault.Invalid, "artefact %q of agency %q has no proper id", a.ID, a.Agency)
	}
	return i, nil
}

func (f jsonFlow) flow(langs []string) (Dataflow, error) {
	var out Dataflow
	var err error
	out.Name, out.Description = f.text(f.ID, langs)
	if out.Identity, err = f.identity(); err != nil || f.Structure == "" {
		return out, err
	}
	out.Structure, err = ParseIdentity(f.Structure)
	return out, err
}

func (l jsonList) codelist(langs []string) (Codelist, error) {
	out := Codelist{Partial: l.Partial}
	var err error
	out.Name, out.Description = l.text(l.ID, langs)
	if out.Identity, err = l.identity(); err != nil {
		return out, err
	}
	for _, c := range l.Codes {
		name, description := c.text(c.ID, langs)
		out.Codes = append(out.Codes, Code{ID: c.ID, Parent: c.Parent, Name: name, Description: description})
	}
	return out, nil
}

func readSchemes(lists []jsonList, langs []string) ([]Scheme, error) {
	var out []Scheme
	for _, l := range lists {
		s := Scheme{Partial: l.Partial}
		var err error
		s.Name, s.Description = l.text(l.ID, langs)
		if s.Identity, err = l.identity(); err != nil {
			return nil, err
		}
		for _, i := range append(l.Concepts, l.Agencies...) {
			name, description := i.text(i.ID, langs)
			s.Items = append(s.Items, Item{ID: i.ID, Name: name, Description: description})
		}
		out = append(out, s)
	}
	return out, nil
}

// read is the inverse of availability and actual.
func (c jsonConstraint) read() (Availability, error) {
	a := Availability{Series: -1, Obs: -1}
	flow := c.Attachment.Dataflow
	if len(c.Attachment.Dataflows) > 0 {
		flow = c.Attachment.Dataflows[0]
	}
	var err error
	if a.Flow, err = ParseIdentity(flow); err != nil {
		return a, err
	}
	if c.Series != nil {
		a.Series = *c.Series
	}
	if c.Obs != nil {
		a.Obs = *c.Obs
	}
	regions := c.Regions
	if c.Region != nil {
		regions = append(regions, *c.Region)
	}
	for _, r := range regions {
		for _, k := range r.Keys {
			a.Values = append(a.Values, k.read())
		}
	}
	return a, nil
}

func (k jsonRegionKey) read() Available {
	v := Available{Dimension: k.ID}
	if k.Range != nil && k.Range.Start != nil && k.Range.End != nil {
		v.Values = []string{k.Range.Start.Period, k.Range.End.Period}
	}
	for _, raw := range k.Values {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			var o struct {
				Value string `json:"value"`
			}
			if json.Unmarshal(raw, &o) != nil {
				continue // not one of the two forms the schema allows
			}
			s = o.Value
		}
		v.Values = append(v.Values, s)
	}
	return v
}
