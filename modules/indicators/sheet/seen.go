package sheet

import (
	"time"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

// memory is what has been understood before: a file repeats its indicators, units,
// periods and dates, and each is parsed once. It also numbers them, so that the key
// of a row is four small numbers.
type memory struct {
	indicators map[string]knownIndicator
	units      map[string]knownUnit
	periods    map[string]knownPeriod
	instants   map[string]knownInstant
	measures   map[string]knownMeasure

	numbers [4]map[string]uint32 // by the canonical text of indicator, unit, period, instant
	rows    map[key]uint32       // line of each key
}

type key [4]uint32

// The parts of a key.
const (
	keyIndicator = iota
	keyUnit
	keyPeriod
	keyInstant
)

type knownIndicator struct {
	def  observation.Indicator
	n    uint32
	mend string
}

type knownMeasure struct {
	unit quantity.Unit
	mend string
}

type knownUnit struct {
	code string
	n    uint32
	mend string
}

type knownPeriod struct {
	period period.Period
	n      uint32
	mend   string
}

type knownInstant struct {
	at   time.Time
	n    uint32
	mend string
}

func newMemory() *memory {
	m := &memory{
		indicators: map[string]knownIndicator{}, units: map[string]knownUnit{}, periods: map[string]knownPeriod{},
		instants: map[string]knownInstant{}, measures: map[string]knownMeasure{}, rows: map[key]uint32{},
	}
	for i := range m.numbers {
		m.numbers[i] = map[string]uint32{}
	}
	return m
}

// number returns the number of a canonical text within its part of the key.
func (m *memory) number(part int, canonical string) uint32 {
	table := m.numbers[part]
	n, ok := table[canonical]
	if !ok {
		n = uint32(len(table)) //nolint:gosec // at most one for each row, and rows are limited
		table[canonical] = n
	}
	return n
}

// add records the row of a key; when there is one already it returns its line.
func (m *memory) add(k key, line int) (earlier int, ok bool) {
	if e, twice := m.rows[k]; twice {
		return int(e), false
	}
	m.rows[k] = uint32(line) //nolint:gosec // lines are limited
	return 0, true
}
