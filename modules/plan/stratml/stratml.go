// Package stratml reads and writes plans in Strategy Markup Language: it writes
// Part 2 (ANSI/AIIM 22:2017, schema 2.2.6 of 2016-02-16) and reads Part 2 and
// Part 1 (ISO 17469-1:2015), also when they are not quite right.
//
// What must hold: Append writes only what the schema accepts, and the same bytes
// for the same plan; Parse of what Append wrote gives the same plan back; Parse
// never guesses in silence: whatever it changed or left out is in its report.
//
// The schema knows two levels, Goal and Objective, and indicators under
// objectives. A deeper tree (actions, measures, policies) is told by Relationship
// elements of indicators and by SequenceIndicator ("3.2.1").
package stratml

import "yuzhou/kernel/period"

// The namespaces of the two parts, as their schemas declare them.
const (
	Namespace        = "urn:ISO:std:iso:17469:tech:xsd:PerformancePlanOrReport"
	NamespacePartOne = "urn:ISO:std:iso:17469:tech:xsd:stratml_core" // Part 1, read only
)

// Kind says what a document is: the Type attribute of its root.
type Kind string

// The kinds of document.
const (
	StrategicPlan     Kind = "Strategic_Plan"
	PerformancePlan   Kind = "Performance_Plan"
	PerformanceReport Kind = "Performance_Report"
)

// Plan is a PerformancePlanOrReport with its StrategicPlanCore. Texts are tidy:
// no space at the ends or doubled inside, one blank line at most between lines.
// Append tidies what is not.
type Plan struct {
	Kind             Kind
	Name             string
	Description      string
	OtherInformation string
	Organizations    []Organization
	Vision           Statement
	Mission          Statement
	Values           []Value
	Goals            []Goal // at least one, or Append refuses
	Administrative   Administrative
	Submitter        Contact
}

// Organization is a body the plan applies to.
type Organization struct {
	Name         string
	Acronym      string
	Identifier   string
	Description  string
	Stakeholders []Stakeholder
}

// Statement is a Vision or a Mission; the zero Statement is none.
type Statement struct {
	Description string
	Identifier  string
}

// Value is a principle the organization holds.
type Value struct {
	Name        string
	Description string
}

// StakeholderType says what a stakeholder is; empty is not said.
type StakeholderType string

// The types of stakeholder.
const (
	Person       StakeholderType = "Person"
	Body         StakeholderType = "Organization"
	GenericGroup StakeholderType = "Generic_Group"
)

// Stakeholder is who acts for a goal or is affected by it.
type Stakeholder struct {
	Type        StakeholderType
	Name        string
	Description string
	Roles       []Role
}

// RoleType says on which side of the work a role stands.
type RoleType string

// The types of role.
const (
	Performer   RoleType = "Performer"
	Beneficiary RoleType = "Beneficiary"
)

// Role is what a stakeholder does or receives. It has at most two types.
type Role struct {
	Name        string
	Description string
	Types       []RoleType
}

// Goal is a broad intended result.
//
// Identifiers of goals, objectives and indicators are required and unique in a
// plan. They are any text without control characters: a UUID, a URI, a resolvable
// name. What the schema's xsd:ID cannot hold is written escaped (see encodeID).
type Goal struct {
	Name              string
	Description       string
	Identifier        string
	SequenceIndicator string
	Stakeholders      []Stakeholder
	OtherInformation  string
	Objectives        []Objective
}

// Objective is a measurable step towards a goal.
type Objective struct {
	Name              string
	Description       string
	Identifier        string
	SequenceIndicator string
	Stakeholders      []Stakeholder
	OtherInformation  string
	Indicators        []Indicator
}

// Administrative tells when the plan runs and where its source is. Append writes
// the first day of Start and the last day of End and Publication, so a Period of
// a year will do; Parse gives days.
type Administrative struct {
	Identifier  string
	Start       period.Period
	End         period.Period
	Publication period.Period
	Source      string // a URI
}

// Contact is the person who submitted the document.
type Contact struct {
	Identifier   string
	GivenName    string
	Surname      string
	PhoneNumber  string
	EmailAddress string
}
