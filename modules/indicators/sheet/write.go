package sheet

import (
	"strconv"
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/quantity"
)

// Export says how observations are written.
type Export struct {
	Lang   string                               // of the heading: "en", or else Chinese
	Name   func(observation.Observation) string // resolvable name; nil leaves the column empty
	Bundle func(observation.Observation) string // address of what proves it; nil leaves the column empty
	Zone   *time.Location                       // in which a date begins; nil is UTC
	BOM    bool                                 // CSV: a byte order mark, without which Excel takes UTF-8 for GBK
	Source string                               // XLSX: who publishes the numbers, for the sheet of notes
	AsOf   time.Time                            // XLSX: up to when what was known is in the file
}

// written is the columns of an export in their order.
func (e Export) written() (cols []column) {
	for c := range colLabels {
		cols = append(cols, c)
	}
	return cols
}

// heading returns the name of a column in the export's language.
func (e Export) heading(c column) string {
	if e.Lang == "en" {
		return headings[c].en[0]
	}
	return headings[c].zh[0]
}

func (e Export) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// text returns what a column says of an observation.
func (e Export) text(c column, o observation.Observation) string {
	switch c {
	case colIndicator:
		return o.Indicator
	case colUnit:
		return o.Unit
	case colPeriod:
		return o.Period.String()
	case colValue:
		return o.Quantity.Value.String()
	case colMeasure:
		return o.Quantity.Unit.String()
	case colComparator:
		return string(o.Quantity.Cmp)
	case colStatus:
		return string(o.Status)
	case colKnown:
		return printInstant(o.Known, e.zone())
	case colPrinted:
		return o.Printed
	case colSource:
		return o.Source.Document
	case colNote:
		return o.Source.Note
	case colName, colBundle, colVintage, colScale, colBase, colLabels, columnCount:
	}
	return e.computed(c, o)
}

// computed is text for the columns that are not read back.
func (e Export) computed(c column, o observation.Observation) string {
	switch {
	case c == colName && e.Name != nil:
		return e.Name(o)
	case c == colBundle && e.Bundle != nil:
		return e.Bundle(o)
	case c == colVintage:
		return strconv.Itoa(o.Vintage)
	case c == colScale:
		return strconv.Itoa(o.Quantity.Unit.Exp())
	case c == colBase:
		return baseValue(o.Quantity)
	}
	return ""
}

// baseValue is quantity.Quantity.Base with all its digits: 1.270 万家 is 12700,
// and percentages stay as they are printed.
func baseValue(q quantity.Quantity) string {
	s := q.Value.String()
	if q.Unit.IsPercent() || q.Unit.Num() == "‰" {
		return s
	}
	return shiftPoint(s, q.Unit.Exp())
}

// isNumber reports whether the column holds numbers, which no program takes for a formula.
func (c column) isNumber() bool {
	return c == colValue || c == colVintage || c == colScale || c == colBase
}
