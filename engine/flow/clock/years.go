package clock

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/fault"
)

// The years a calendar may list: enough for every case that can still run, and
// few enough for its tables to stay small.
const (
	earliestYear = 1990
	latestYear   = 2100
)

// marked is what a calendar says of a day, with the line that says so.
type marked struct {
	worked bool
	line   int
}

// readYears reads the days off and the worked weekends of all years and makes
// the tables. A year's notice may name days of its neighbours.
func (c *Calendar) readYears(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return fault.New(fault.Invalid, "calendar, line %d: years is missing or no table; give years: {2026: {off: {...}, work: {...}}}", n.Line)
	}
	marks, listed := map[int]marked{}, map[int]bool{}
	c.names = map[string]string{}
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		year, err := strconv.Atoi(k.Value)
		if err != nil || year < earliestYear || year > latestYear || listed[year] {
			return fault.New(fault.Invalid, "calendar, line %d: year %q is none from %d to %d, or listed twice", k.Line, k.Value, earliestYear, latestYear)
		}
		listed[year] = true
		if err := readYear(n.Content[i+1], year, marks, c.names); err != nil {
			return err
		}
	}
	c.tabulate(listed, marks)
	return nil
}

func readYear(n *yaml.Node, year int, marks map[int]marked, names map[string]string) error {
	if n.Kind != yaml.MappingNode {
		return fault.New(fault.Invalid, "calendar, line %d: year %d is no table; give off: {...} and work: {...}", n.Line, year)
	}
	for i := 0; i < len(n.Content); i += 2 {
		k, list := n.Content[i], n.Content[i+1]
		if k.Value != "off" && k.Value != "work" || list.Kind != yaml.MappingNode {
			return fault.New(fault.Invalid, `calendar, line %d: %q of %d; give off and work, each a table such as {"2026-10-01": 国庆节}`, k.Line, k.Value, year)
		}
		for j := 0; j < len(list.Content); j += 2 {
			if err := mark(list.Content[j], year, k.Value == "work", marks); err != nil {
				return err
			}
			names[list.Content[j].Value] = list.Content[j+1].Value
		}
	}
	return nil
}

// mark takes in one day.
func mark(n *yaml.Node, year int, worked bool, marks map[int]marked) error { //nolint:revive // which of the two lists it stands in
	date, err := time.Parse(time.DateOnly, n.Value)
	if err != nil || date.Year() < year-1 || date.Year() > year+1 {
		return fault.New(fault.Invalid, "calendar, line %d: %q is no day of %d or of the years beside it; give a date such as %d-10-01", n.Line, n.Value, year, year)
	}
	day := int(date.Unix() / 86400)
	if was, ok := marks[day]; ok && was.worked != worked {
		return fault.New(fault.Invalid, "calendar, line %d: %s is a day off and a day worked (line %d); it can be only one", n.Line, n.Value, was.line)
	}
	marks[day] = marked{worked, n.Line}
	return nil
}

// tabulate makes the tables from the first listed year to the last.
func (c *Calendar) tabulate(listed map[int]bool, marks map[int]marked) {
	last := earliestYear
	c.from = latestYear
	for y := range listed {
		c.from, last = min(c.from, y), max(last, y)
	}
	for y := c.from; y <= last; y++ {
		c.years = append(c.years, listed[y])
	}
	begin := time.Date(c.from, 1, 1, 0, 0, 0, 0, time.UTC)
	c.first = int(begin.Unix() / 86400)
	for d := begin; d.Year() <= last; d = d.AddDate(0, 0, 1) {
		day := int(d.Unix() / 86400)
		worked := d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
		if m, ok := marks[day]; ok {
			worked = m.worked
		}
		if worked && c.Knows(d.Year()) {
			c.days = append(c.days, int32(day)) //nolint:gosec // days of some decades
		}
		c.count = append(c.count, int32(len(c.days))) //nolint:gosec // as above
	}
}
