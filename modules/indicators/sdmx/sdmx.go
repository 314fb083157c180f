// Package sdmx reads and writes the SDMX 3 family of statistical messages:
// REST 2.x queries, SDMX-JSON 2.0 and 2.1 data and structure messages, SDMX-CSV
// 2.0 and 2.1. It turns bytes into plain structs and back; it knows no database
// and no HTTP server.
//
// What must hold: output is the same bytes for the same input; a number is
// carried as its decimal text and never passes through a float; a key is the
// values of the dimensions in the order of the structure, without TIME_PERIOD;
// a Writer holds the distinct codes and series keys of a message in memory but
// never its observations.
//
// Sources: SDMX-REST 2.2.2, SDMX-JSON 2.0.0 and 2.1.0, SDMX-CSV 2.0.0 and
// 2.1.0 (github.com/sdmx-twg), SDMX 3.0 Section 6 Technical Notes.
package sdmx

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/indicators/sdmx/codes"
)

// TimePeriod is the id that SDMX reserves for the time dimension.
const TimePeriod = "TIME_PERIOD"

// AllDimensions is the dimensionAtObservation that asks for a flat table.
const AllDimensions = "AllDimensions"

// Text is one text in several languages: BCP 47 tag to text.
type Text map[string]string

// Best returns the text in the first of langs that t has, matching "zh-CN" also
// by "zh"; else the text of the alphabetically first language; "" when t is empty.
func (t Text) Best(langs ...string) string {
	for _, l := range langs {
		if s, ok := t[l]; ok {
			return s
		}
		base, _, _ := strings.Cut(l, "-")
		for _, have := range slices.Sorted(maps.Keys(t)) {
			if b, _, _ := strings.Cut(have, "-"); strings.EqualFold(b, base) {
				return t[have]
			}
		}
	}
	for _, have := range slices.Sorted(maps.Keys(t)) {
		return t[have]
	}
	return ""
}

// Identity names a maintained artefact. Version is semantic ("1.0.0") or empty.
type Identity struct{ Agency, ID, Version string }

// String returns AGENCY:ID(VERSION), or AGENCY:ID without a version.
func (i Identity) String() string {
	if i.Version == "" {
		return i.Agency + ":" + i.ID
	}
	return i.Agency + ":" + i.ID + "(" + i.Version + ")"
}

// ParseIdentity reads AGENCY:ID(VERSION), AGENCY:ID or a URN that ends so; what
// follows the version in a URN (an item id) is left out. Else fault.Invalid.
func ParseIdentity(s string) (Identity, error) {
	m := identityForm.FindStringSubmatch(s)
	if m == nil {
		return Identity{}, fault.New(fault.Invalid, "artefact %q is not AGENCY:ID(VERSION), as in YUZHOU:INDICATORS(1.0.0)", s)
	}
	return Identity{Agency: m[1], ID: m[2], Version: m[3]}, nil
}

// The forms of SDMX identifiers, from the schema of SDMX-JSON 2.1.
var (
	identityForm = regexp.MustCompile(`^(?:urn:sdmx:[^=]*=)?([A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)*):([A-Za-z0-9_@$-]+)(?:\(([0-9A-Za-z.+*~-]+)\))?(?:\.[A-Za-z0-9_@$.-]+)?$`)
	idForm       = regexp.MustCompile(`^[A-Za-z0-9_@$-]+$`)
	agencyForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$`)
	nameForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
)

// Code is one value of a codelist; Parent is the id of its parent or "".
type Code struct {
	ID, Parent        string
	Name, Description Text
}

// Item is a concept of a concept scheme or an agency of an agency scheme.
type Item struct {
	ID                string
	Name, Description Text
}

// Codelist is a list of codes.
type Codelist struct {
	Identity
	Name, Description Text
	Partial           bool // only the codes asked for or used
	Codes             []Code
}

// Standard returns the codelists CL_FREQ and CL_OBS_STATUS as Yuzhou words them,
// version 1.0.0 of the agency that publishes.
func Standard(agency string) []Codelist {
	list := func(id string, name Text, entries []codes.Code) Codelist {
		l := Codelist{Identity: Identity{Agency: agency, ID: id, Version: "1.0.0"}, Name: name}
		for _, e := range entries {
			l.Codes = append(l.Codes, Code{ID: e.ID, Name: Text{"zh": e.Chinese, "en": e.English}})
		}
		return l
	}
	return []Codelist{
		list("CL_FREQ", Text{"zh": "频率", "en": "Frequency"}, codes.Frequencies()),
		list("CL_OBS_STATUS", Text{"zh": "观测值状态", "en": "Observation status"}, codes.Statuses()),
	}
}

// Scheme is a concept scheme or an agency scheme.
type Scheme struct {
	Identity
	Name, Description Text
	Partial           bool
	Items             []Item
}

// Dataflow is a published flow of data of one structure.
type Dataflow struct {
	Identity
	Name, Description Text
	Structure         Identity
}

// Level is what an attribute is attached to.
type Level string

// The attachment levels. Group attributes name their dimensions in Component.Group.
const (
	LevelDataset Level = "dataset"
	LevelGroup   Level = "group"
	LevelSeries  Level = "series"
	LevelObs     Level = "observation"
)

// Component is a dimension, measure or attribute.
//
// Type is an SDMX data type ("String", "Double", "ObservationalTimePeriod");
// it decides how SDMX-JSON writes a value: "Integer", "Count", "Long", "Short",
// "Numeric", "Float" and "Double" are written as numbers with all their digits,
// "Boolean" as a boolean, everything else as a string.
type Component struct {
	ID                string
	Name, Description Text
	Role              string   // id of a cross-domain concept, or ""
	Codelist          Identity // zero: not coded
	Type              string   // "": String, or ObservationalTimePeriod of TIME_PERIOD
	Level             Level    // attributes only
	Group             []string // dimension ids, of a LevelGroup attribute
	Mandatory         bool     // measures and attributes
	Multi             bool     // more than one value is possible
	Localised         bool     // each part of a Value is "lang:text"
}

// coded reports whether the values are codes of a codelist.
func (c Component) coded() bool { return c.Codelist != Identity{} }

// Structure is a data structure definition.
type Structure struct {
	Identity
	Name, Description Text
	Concepts          Identity // the scheme whose concepts have the ids of the components
	Dimensions        []Component
	Measures          []Component
	Attributes        []Component
}

// time returns the position of TIME_PERIOD among the dimensions, or -1.
func (s Structure) time() int { return componentIndex(s.Dimensions, TimePeriod) }

// at returns the attributes of one level, in order.
func (s Structure) at(l Level) []Component {
	var list []Component
	for _, a := range s.Attributes {
		if a.Level == l {
			list = append(list, a)
		}
	}
	return list
}

// keyDimensions returns the dimensions a Series.Key has values of.
func (s Structure) keyDimensions() []Component {
	list := slices.Clone(s.Dimensions)
	if i := s.time(); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	return list
}

func componentIndex(list []Component, id string) int {
	return slices.IndexFunc(list, func(c Component) bool { return c.ID == id })
}
