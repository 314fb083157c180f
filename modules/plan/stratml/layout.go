package stratml

import (
	"reflect"

	"yuzhou/kernel/period"
)

// form is how the text of an element is written and read.
type form int

const (
	line   form = iota // one line
	prose              // lines and paragraphs
	ident              // an identifier of this document (xsd:ID)
	refer              // an identifier of this or another document
	number             // xsd:decimal
	uri                // xsd:anyURI
)

// field is an element or attribute that holds only text.
type field struct {
	name    string
	form    form
	need    bool     // the schema, or this package for identifiers, wants it
	allowed []string // when not empty, the only values there are
}

// list is a run of child elements of one name.
type list struct {
	name string
	have int // how many the plan has; 0 when reading
	most int // how many the schema allows; 0 is any number
}

// visitor is handed the parts of an element in the order of the schema. The writer
// and the reader are visitors, so that what one writes the other reads.
type visitor interface {
	attribute(f field, s *string)
	text(f field, s *string)
	texts(l list, f field, s *[]string)
	date(name string, p *period.Period)
	children(l list, item func(i int, in visitor))
	// rest names the text that takes in what fits nowhere else; elements inside
	// this one that name none use it too. It is called before any other part.
	rest(other *string)
}

func attribute[S ~string](v visitor, f field, s *S) {
	t := string(*s)
	v.attribute(f, &t)
	*s = S(t)
}

// one visits an element that occurs at most once; its zero value is no element.
func one[T comparable](v visitor, name string, t *T, layout func(*T, visitor)) {
	var zero T
	have := 1
	if *t == zero {
		have = 0
	}
	v.children(list{name, have, 1}, func(_ int, in visitor) { layout(t, in) })
}

// each visits a list of elements; elements without content are left out.
func each[T any](v visitor, name string, items *[]T, layout func(*T, visitor)) {
	filled := withContent(*items)
	v.children(list{name, len(filled), 0}, func(i int, in visitor) {
		if i == len(filled) {
			filled = append(filled, *new(T))
		}
		layout(&filled[i], in)
	})
	*items = withContent(filled)
}

func withContent[T any](items []T) []T {
	var filled []T
	for _, it := range items {
		if !reflect.ValueOf(it).IsZero() {
			filled = append(filled, it)
		}
	}
	return filled
}

func (p *Plan) layout(v visitor) {
	v.rest(&p.OtherInformation)
	attribute(v, field{name: "Type", need: true, allowed: []string{
		string(StrategicPlan), string(PerformancePlan), string(PerformanceReport),
	}}, &p.Kind)
	v.text(field{name: "Name", need: true}, &p.Name)
	v.text(field{name: "Description", form: prose}, &p.Description)
	v.text(field{name: "OtherInformation", form: prose}, &p.OtherInformation)
	v.children(list{"StrategicPlanCore", 1, 1}, func(_ int, in visitor) { p.core(in) })
	one(v, "AdministrativeInformation", &p.Administrative, (*Administrative).layout)
	one(v, "Submitter", &p.Submitter, (*Contact).layout)
}

func (p *Plan) core(v visitor) {
	each(v, "Organization", &p.Organizations, (*Organization).layout)
	one(v, "Vision", &p.Vision, (*Statement).layout)
	one(v, "Mission", &p.Mission, (*Statement).layout)
	each(v, "Value", &p.Values, (*Value).layout)
	each(v, "Goal", &p.Goals, (*Goal).layout)
}

func (o *Organization) layout(v visitor) {
	v.rest(&o.Description)
	v.text(field{name: "Name"}, &o.Name)
	v.text(field{name: "Acronym"}, &o.Acronym)
	v.text(field{name: "Identifier", form: ident}, &o.Identifier)
	v.text(field{name: "Description", form: prose}, &o.Description)
	each(v, "Stakeholder", &o.Stakeholders, (*Stakeholder).layout)
}

func (s *Statement) layout(v visitor) {
	v.rest(&s.Description)
	v.text(field{name: "Description", form: prose}, &s.Description)
	v.text(field{name: "Identifier", form: ident}, &s.Identifier)
}

func (x *Value) layout(v visitor) {
	v.rest(&x.Description)
	v.text(field{name: "Name"}, &x.Name)
	v.text(field{name: "Description", form: prose}, &x.Description)
}

func (s *Stakeholder) layout(v visitor) {
	v.rest(&s.Description)
	attribute(v, field{name: "StakeholderTypeType", allowed: []string{
		string(Person), string(Body), string(GenericGroup),
	}}, &s.Type)
	v.text(field{name: "Name", need: true}, &s.Name)
	v.text(field{name: "Description", form: prose}, &s.Description)
	each(v, "Role", &s.Roles, (*Role).layout)
}

func (r *Role) layout(v visitor) {
	v.rest(&r.Description)
	v.text(field{name: "Name", need: true}, &r.Name)
	v.text(field{name: "Description", form: prose}, &r.Description)
	types := make([]string, len(r.Types))
	for i, t := range r.Types {
		types[i] = string(t)
	}
	v.texts(list{"RoleType", len(types), 2}, field{
		name: "RoleType", allowed: []string{string(Performer), string(Beneficiary)},
	}, &types)
	r.Types = nil
	for _, t := range types {
		r.Types = append(r.Types, RoleType(t))
	}
}

func (g *Goal) layout(v visitor) {
	v.rest(&g.OtherInformation)
	v.text(field{name: "Name", need: true}, &g.Name)
	v.text(field{name: "Description", form: prose, need: true}, &g.Description)
	v.text(field{name: "Identifier", form: ident, need: true}, &g.Identifier)
	v.text(field{name: "SequenceIndicator"}, &g.SequenceIndicator)
	each(v, "Stakeholder", &g.Stakeholders, (*Stakeholder).layout)
	v.text(field{name: "OtherInformation", form: prose}, &g.OtherInformation)
	each(v, "Objective", &g.Objectives, (*Objective).layout)
}

func (o *Objective) layout(v visitor) {
	v.rest(&o.OtherInformation)
	v.text(field{name: "Name"}, &o.Name)
	v.text(field{name: "Description", form: prose}, &o.Description)
	v.text(field{name: "Identifier", form: ident, need: true}, &o.Identifier)
	v.text(field{name: "SequenceIndicator"}, &o.SequenceIndicator)
	each(v, "Stakeholder", &o.Stakeholders, (*Stakeholder).layout)
	v.text(field{name: "OtherInformation", form: prose}, &o.OtherInformation)
	each(v, "PerformanceIndicator", &o.Indicators, (*Indicator).layout)
}

func (x *Indicator) layout(v visitor) {
	v.rest(&x.OtherInformation)
	attribute(v, field{name: "ValueChainStage", allowed: []string{
		string(Outcome), string(OutputProcessing), string(Output), string(InputProcessing), string(Input),
	}}, &x.Stage)
	attribute(v, field{name: "PerformanceIndicatorType", allowed: []string{
		string(Quantitative), string(Qualitative),
	}}, &x.Type)
	v.text(field{name: "SequenceIndicator"}, &x.SequenceIndicator)
	v.text(field{name: "MeasurementDimension", need: true}, &x.Dimension)
	v.text(field{name: "UnitOfMeasurement", need: true}, &x.Unit)
	v.text(field{name: "Identifier", form: ident, need: true}, &x.Identifier)
	each(v, "Relationship", &x.Relationships, (*Relationship).layout)
	each(v, "MeasurementInstance", &x.Instances, (*Instance).layout)
	v.text(field{name: "OtherInformation", form: prose}, &x.OtherInformation)
}

func (r *Relationship) layout(v visitor) {
	v.rest(&r.Description)
	attribute(v, field{name: "RelationshipType", allowed: []string{
		string(BroaderThan), string(PeerTo), string(NarrowerThan),
	}}, &r.Type)
	v.text(field{name: "Identifier", form: ident}, &r.Identifier)
	v.texts(list{"ReferentIdentifier", len(r.Referents), 0}, field{name: "ReferentIdentifier", form: refer}, &r.Referents)
	v.text(field{name: "Name"}, &r.Name)
	v.text(field{name: "Description", form: prose}, &r.Description)
}

func (x *Instance) layout(v visitor) {
	each(v, "TargetResult", &x.Targets, (*Result).layout)
	each(v, "ActualResult", &x.Actuals, (*Result).layout)
}

func (r *Result) layout(v visitor) {
	v.rest(&r.Description)
	v.date("StartDate", &r.Start)
	v.date("EndDate", &r.End)
	v.text(field{name: "NumberOfUnits", form: number}, &r.NumberOfUnits)
	one(v, "Descriptor", &r.Descriptor, (*Descriptor).layout)
	v.text(field{name: "Description", form: prose}, &r.Description)
}

func (d *Descriptor) layout(v visitor) {
	v.text(field{name: "DescriptorName"}, &d.Name)
	v.text(field{name: "DescriptorValue"}, &d.Value)
}

func (a *Administrative) layout(v visitor) {
	v.text(field{name: "Identifier", form: ident}, &a.Identifier)
	v.date("StartDate", &a.Start)
	v.date("EndDate", &a.End)
	v.date("PublicationDate", &a.Publication)
	v.text(field{name: "Source", form: uri}, &a.Source)
}

func (c *Contact) layout(v visitor) {
	v.text(field{name: "Identifier", form: ident}, &c.Identifier)
	v.text(field{name: "GivenName"}, &c.GivenName)
	v.text(field{name: "Surname"}, &c.Surname)
	v.text(field{name: "PhoneNumber"}, &c.PhoneNumber)
	v.text(field{name: "EmailAddress"}, &c.EmailAddress)
}
