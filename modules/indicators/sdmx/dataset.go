package sdmx

import "time"

// Action is what a receiver does with a dataset. SDMX 3.0 formats have no
// Merge; the writers then write its older name, Append.
type Action string

// The actions.
const (
	Merge       Action = "Merge"
	Replace     Action = "Replace"
	Delete      Action = "Delete"
	Append      Action = "Append"
	Information Action = "Information"
)

// Value is the value of a measure or an attribute: nil when absent, one string,
// several for a Multi component, and "lang:text" strings for a Localised one.
// "NaN" (numbers) and "#N/A" (all else) mean missing on purpose.
type Value []string

// Obs is one observation.
type Obs struct {
	Period string  // TIME_PERIOD, as FormatPeriod writes it; "" without a time dimension
	Values []Value // one per measure
	Attrs  []Value // one per attribute of LevelObs; may be shorter
}

// Series is a run of observations with one key.
type Series struct {
	Key   []string // one per dimension other than TIME_PERIOD
	Attrs []Value  // one per attribute of LevelSeries; may be shorter
	Obs   []Obs
}

// Group is a partial key with the attributes of LevelGroup. In a Delete dataset
// a Group stands for all observations that have the key.
type Group struct {
	Key   []string // one per dimension, TIME_PERIOD included; "" is any value
	Attrs []Value  // one per attribute of LevelGroup; may be shorter
}

// Dataset is one vintage, or the changes of one kind since a moment.
//
// With includeHistory there is one dataset per dissemination, ValidFrom being
// when it became known; with asOf the dataset's ValidTo is that moment.
type Dataset struct {
	Action    Action // "": Replace
	ValidFrom time.Time
	ValidTo   time.Time
	Attrs     []Value // one per attribute of LevelDataset; may be shorter
	Groups    []Group
	Series    []Series
}

// Party is who sends a message.
type Party struct {
	ID   string
	Name Text
}

// Header says who sends a message, when and where it can be had again.
type Header struct {
	ID        string    // letters, digits and _ @ $ -
	Prepared  time.Time // in UTC when written
	Test      bool      // demonstration data
	Sender    Party
	Self      string   // the address that answers with this message, or ""
	Languages []string // of names, preferred first
}

// Message is a data message: who says it, what it is about, and its datasets.
type Message struct {
	Header
	Context   string   // "dataflow" (also ""), "datastructure" or "provisionagreement"
	Flow      Dataflow // what was asked for; its Structure may be zero in a message read
	Structure Structure
	Codelists []Codelist // names of the codes; need not hold every code
	Datasets  []Dataset
}

// context is the context with its default.
func (m *Message) context() string {
	if m.Context == "" {
		return "dataflow"
	}
	return m.Context
}
