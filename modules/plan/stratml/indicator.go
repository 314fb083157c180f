package stratml

import "yuzhou/kernel/period"

// ValueChainStage is where in the work an indicator measures; empty is not said.
type ValueChainStage string

// The stages of the value chain, from its end to its beginning.
const (
	Outcome          ValueChainStage = "Outcome"
	OutputProcessing ValueChainStage = "Output_Processing"
	Output           ValueChainStage = "Output"
	InputProcessing  ValueChainStage = "Input_Processing"
	Input            ValueChainStage = "Input"
)

// IndicatorType says whether an indicator is a number; empty is not said.
type IndicatorType string

// The types of indicator.
const (
	Quantitative IndicatorType = "Quantitative"
	Qualitative  IndicatorType = "Qualitative"
)

// Indicator is what is measured under an objective, with its targets and results.
type Indicator struct {
	Stage             ValueChainStage
	Type              IndicatorType
	SequenceIndicator string
	Dimension         string // MeasurementDimension: what is measured
	Unit              string // UnitOfMeasurement: as printed, such as 亿元
	Identifier        string
	Relationships     []Relationship
	Instances         []Instance
	OtherInformation  string
}

// RelationshipType says how an indicator stands to its referents; empty is not said.
type RelationshipType string

// The types of relationship.
const (
	BroaderThan  RelationshipType = "Broader_Than"
	PeerTo       RelationshipType = "Peer_To"
	NarrowerThan RelationshipType = "Narrower_Than"
)

// Relationship links an indicator with other elements, here or elsewhere.
type Relationship struct {
	Type        RelationshipType
	Identifier  string
	Referents   []string // identifiers of what it points at
	Name        string
	Description string
}

// Instance is one measurement: what was wanted and what was reached.
type Instance struct {
	Targets []Result
	Actuals []Result
}

// Result is a target or an actual value over a stretch of time. Append writes the
// first day of Start and the last day of End; Parse gives days.
type Result struct {
	Start         period.Period
	End           period.Period
	NumberOfUnits string // a decimal as quantity.ParseDecimal reads it, or "" for none
	Descriptor    Descriptor
	Description   string
}

// Descriptor is a judgement that is not a number. The schema has no place for the
// comparator of a target (">1300"): the pair {"comparator", ">"} says it.
type Descriptor struct {
	Name  string
	Value string
}
