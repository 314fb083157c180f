package sdmx

import (
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// Query is a data or an availability query of SDMX-REST 2.x. Its zero value
// asks for everything.
type Query struct {
	Availability bool     // what data there are, instead of the data
	Context      string   // "dataflow", "datastructure", "provisionagreement"; "": any
	Agencies     []string // nil: any
	IDs          []string // nil: any
	Versions     []string // nil: any; as in "1.0.0", "+", "1.2+.0"
	Keys         [][]string
	Filters      []Filter

	UpdatedAfter time.Time
	AsOf         time.Time
	History      bool // includeHistory
	First, Last  int  // first and last N observations of each series; 0: all
	ObsDim       string
	Attributes   []string // nil: as the structure has them
	Measures     []string // nil: all
	Offset       int
	Limit        int // 0: no limit
	Sort         []SortKey
	YearStart    string // reportingYearStartDay, "--07-01"

	Components []string // availability: dimensions asked for; nil: all
	Available  bool     // availability: mode=available
	References []string // availability: artefacts to come along

	Format string // extension: overrides the Accept header, see Negotiate
	Lang   string // extension: overrides the Accept-Language header
}

// SortKey is one component to sort by; "*" and "series_key" stand for the
// dimensions in their order.
type SortKey struct {
	Component string
	Desc      bool
}

// Filter is c[Component]=...: Any is an OR of ANDs.
type Filter struct {
	Component string
	Any       [][]Condition
}

// Condition compares a component with a value: eq ne lt le gt ge co nc sw ew.
type Condition struct{ Op, Value string }

// maxTerms bounds keys, filters and conditions of one query, so that matching
// stays cheap whatever a client sends.
const maxTerms = 10_000

// ParseQuery reads a data or availability query.
//
//   - path: escaped, from "data" or "availability" on, such as
//     "data/dataflow/YUZHOU/INDICATORS/+/*.500000.A".
//   - rawQuery: as in a URL; a plus sign is a plus sign, not a space.
//   - local: the zone of an asOf or updatedAfter without one.
//   - Errors: fault.Invalid; one sentence that names the parameter and its value.
//   - Beyond the standard: format, lang, and a plain date, which means its end
//     in asOf and its beginning in updatedAfter.
//   - Source: SDMX-REST 2.2.2, Data queries and Data availability queries.
func ParseQuery(path, rawQuery string, local *time.Location) (Query, error) {
	segs, err := segments(path)
	if err != nil {
		return Query{}, err
	}
	q := Query{}
	limit := 6
	switch segs[0] {
	case "data":
	case "availability":
		q.Availability, limit = true, 7
	default:
		return Query{}, fault.New(fault.Invalid, "resource %q is not data or availability", segs[0])
	}
	if len(segs) > limit {
		return Query{}, fault.New(fault.Invalid,
			"path %q has more parts than %s/{context}/{agency}/{id}/{version}/{key}", path, segs[0])
	}
	if err := readPath(&q, segs[1:]); err != nil {
		return Query{}, err
	}
	if err := eachParameter(rawQuery, func(name, value string) error {
		return readParameter(&q, name, value, local)
	}); err != nil {
		return Query{}, err
	}
	if !q.UpdatedAfter.IsZero() && !q.AsOf.IsZero() && q.UpdatedAfter.After(q.AsOf) {
		return Query{}, fault.New(fault.Invalid, "updatedAfter %s is later than asOf %s",
			q.UpdatedAfter.Format(time.RFC3339), q.AsOf.Format(time.RFC3339))
	}
	return q, nil
}

// readPath reads what follows the resource.
func readPath(q *Query, segs []string) error {
	part := func(i int) string {
		if i < len(segs) {
			return segs[i]
		}
		return "*"
	}
	switch c := part(0); c {
	case "*":
	case "dataflow", "datastructure", "provisionagreement":
		q.Context = c
	default:
		return fault.New(fault.Invalid, "context %q is not dataflow, datastructure, provisionagreement or *", c)
	}
	var err error
	if q.Agencies, err = idList("agencyID", part(1), agencyForm.MatchString); err != nil {
		return err
	}
	if q.IDs, err = idList("resourceID", part(2), idForm.MatchString); err != nil {
		return err
	}
	if q.Versions, err = idList("version", part(3), validVersion); err != nil {
		return err
	}
	if q.Keys, err = parseKeys(part(4)); err != nil {
		return err
	}
	q.Components, err = idList("componentID", part(5), nameForm.MatchString)
	return err
}

// parseKeys reads a comma list of dot keys; "" in a result is any value.
func parseKeys(s string) ([][]string, error) {
	if s == "*" {
		return nil, nil
	}
	list := strings.Split(s, ",")
	if len(list) > maxTerms {
		return nil, fault.New(fault.Invalid, "key has %d alternatives, at most %d are allowed", len(list), maxTerms)
	}
	keys := make([][]string, 0, len(list))
	for _, k := range list {
		parts := strings.Split(k, ".")
		for i, p := range parts {
			switch {
			case p == "*":
				parts[i] = ""
			case !idForm.MatchString(p):
				return nil, fault.New(fault.Invalid,
					"key %q: part %d, %q, is not a code (letters, digits and _ @ $ -) or * for any value", k, i+1, p)
			}
		}
		keys = append(keys, parts)
	}
	return keys, nil
}

// readParameter reads one name=value of the query string.
func readParameter(q *Query, name, value string, local *time.Location) error {
	if id, ok := filterName(name); ok {
		return addFilter(q, id, value)
	}
	var err error
	switch name {
	case "updatedAfter":
		q.UpdatedAfter, err = parseInstant(name, value, local)
	case "reportingYearStartDay":
		q.YearStart, err = yearStart(value)
	case "format":
		q.Format = value
	case "lang":
		q.Lang = value
	default:
		if q.Availability {
			return availabilityParameter(q, name, value)
		}
		return dataParameter(q, name, value, local)
	}
	return err
}

func availabilityParameter(q *Query, name, value string) error {
	switch name {
	case "mode":
		if value != "exact" && value != "available" {
			return fault.New(fault.Invalid, "mode %q is not exact or available", value)
		}
		q.Available = value == "available"
		return nil
	case "references":
		q.References = strings.Split(value, ",")
		for _, r := range q.References {
			if !oneOf(r, "none all codelist valuelist datastructure conceptscheme dataflow dataproviderscheme") {
				return fault.New(fault.Invalid,
					"references %q is not none, all, codelist, valuelist, datastructure, conceptscheme, dataflow or dataproviderscheme", r)
			}
		}
		return nil
	}
	return unknown(name)
}

func dataParameter(q *Query, name, value string, local *time.Location) error {
	var err error
	switch name {
	case "asOf":
		q.AsOf, err = parseInstant(name, value, local)
	case "firstNObservations":
		q.First, err = parseCount(name, value, 1)
	case "lastNObservations":
		q.Last, err = parseCount(name, value, 1)
	case "offset":
		q.Offset, err = parseCount(name, value, 0)
	case "limit":
		q.Limit, err = parseCount(name, value, 1)
	case "includeHistory":
		q.History, err = parseBool(name, value)
	case "dimensionAtObservation":
		q.ObsDim = value
		if !nameForm.MatchString(value) {
			err = fault.New(fault.Invalid, "dimensionAtObservation %q is not the id of a dimension or AllDimensions", value)
		}
	case "attributes":
		q.Attributes, err = idList(name, value, nameForm.MatchString)
	case "measures":
		q.Measures, err = idList(name, value, nameForm.MatchString)
	case "sort":
		q.Sort, err = parseSort(value)
	default:
		err = unknown(name)
	}
	return err
}

func unknown(name string) error {
	return fault.New(fault.Invalid, "parameter %q is not one of this query", name)
}

func parseSort(s string) ([]SortKey, error) {
	var keys []SortKey
	for item := range strings.SplitSeq(s, "+") {
		id, order, _ := strings.Cut(item, ":")
		if id != "*" && !idForm.MatchString(id) || !oneOf(order, " asc desc") {
			return nil, fault.New(fault.Invalid, "sort %q is not component ids with :asc or :desc, joined by +", s)
		}
		keys = append(keys, SortKey{Component: id, Desc: order == "desc"})
	}
	return keys, nil
}

// filterName returns X of c[X].
func filterName(name string) (string, bool) {
	id, ok := strings.CutPrefix(name, "c[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(id, "]")
}

// addFilter reads the value of c[id].
func addFilter(q *Query, id, value string) error {
	if !nameForm.MatchString(id) {
		return fault.New(fault.Invalid, "filter c[%s] does not name a component", id)
	}
	f := Filter{Component: id}
	if strings.Count(value, ",")+strings.Count(value, "+") > maxTerms {
		return fault.New(fault.Invalid, "filter c[%s] has more than %d conditions", id, maxTerms)
	}
	for alternative := range strings.SplitSeq(value, ",") {
		var all []Condition
		for term := range strings.SplitSeq(alternative, "+") {
			c := Condition{Op: "eq", Value: term}
			if op, v, ok := strings.Cut(term, ":"); ok && oneOf(op, "eq ne lt le gt ge co nc sw ew") {
				c = Condition{Op: op, Value: v}
			}
			if c.Value == "" {
				return fault.New(fault.Invalid, "filter c[%s]=%s has an empty value", id, value)
			}
			all = append(all, c)
		}
		f.Any = append(f.Any, all)
	}
	q.Filters = append(q.Filters, f)
	return nil
}
