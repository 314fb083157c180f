package clock

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/fault"
)

// Calendar knows which days are worked. The zero value knows no year.
//
// Days are counted from 1970-01-01 in the calendar's zone. The years it covers
// lie in tables, so that every question about them is answered in constant time.
type Calendar struct { //nolint:recvcheck // built through a pointer, then a value
	zone  *time.Location
	first int     // day number of the tables' first day: January 1 of the first year
	count []int32 // by day: working days from the first day to this one, both included
	days  []int32 // day numbers of all working days, in order
	years []bool  // by year since the first: its holidays are known
	from  int     // the first year
	hours []span  // of a working day, in order
	daily time.Duration
	names map[string]string // by date (2026-10-01): why it is off, or worked at a weekend
}

// span is a stretch of a working day, from midnight.
type span struct{ from, to time.Duration }

// dayNumber counts days from 1970-01-01, of the date that t falls on in a zone.
func dayNumber(t time.Time, zone *time.Location) int {
	y, m, d := t.In(zone).Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// midnight is the instant at which a day begins in the zone.
func (c Calendar) midnight(day int) time.Time {
	y, m, d := time.Unix(int64(day)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, c.zone)
}

// end is the last microsecond of a day in the zone.
func (c Calendar) end(day int) time.Time { return c.midnight(day + 1).Add(-time.Microsecond) }

// Zone is where the calendar's days begin and end; nil of the zero value.
func (c Calendar) Zone() *time.Location { return c.zone }

// Knows reports whether the holidays of a year are known.
func (c Calendar) Knows(year int) bool {
	i := year - c.from
	return i >= 0 && i < len(c.years) && c.years[i]
}

// unknown is the error for a year without holidays.
func unknown(year int) error {
	return fault.Say(fault.Invalid, "%d 年的工作日还不知道，请先载入国务院办公厅通知的放假安排。", "the working days of %d are not known; load a calendar that lists the year as the State Council's notice has it", year)
}

// Working reports whether a calendar date is worked. Errors: fault.Invalid when
// its year is not known.
func (c Calendar) Working(date time.Time) (bool, error) {
	if !c.Knows(date.Year()) {
		return false, unknown(date.Year())
	}
	y, m, d := date.Date()
	_, found := slices.BinarySearch(c.days, int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400)) //nolint:gosec // days of some decades
	return found, nil
}

// Named returns what the notice calls a day that it lists, such as 国庆节: the
// reason why it is off, or worked at a weekend. It is "" for all other days.
func (c Calendar) Named(date time.Time) string { return c.names[date.Format(time.DateOnly)] }

// upTo returns how many working days there are from the first day known to a
// day, both included.
func (c Calendar) upTo(day int) int {
	switch i := day - c.first; {
	case i < 0 || len(c.count) == 0:
		return 0
	case i >= len(c.count):
		return len(c.days)
	default:
		return int(c.count[i])
	}
}

// after returns the nth working day after a day. Every day that is passed must
// be known, or what was counted would be a guess.
func (c Calendar) after(day, n int) (int, error) {
	if c.zone == nil {
		return 0, unknown(time.Unix(int64(day)*86400, 0).UTC().Year())
	}
	if next := time.Unix(int64(day+1)*86400, 0).UTC().Year(); !c.Knows(next) {
		return 0, unknown(next)
	}
	i := c.upTo(day) + n - 1
	if i >= len(c.days) {
		return 0, unknown(c.from + len(c.years))
	}
	found := int(c.days[i])
	for y := time.Unix(int64(day+1)*86400, 0).UTC().Year(); y <= time.Unix(int64(found)*86400, 0).UTC().Year(); y++ {
		if !c.Knows(y) {
			return 0, unknown(y)
		}
	}
	return found, nil
}

// Add returns the nth working day after a date, n at least 1, as midnight UTC of
// that date.
//
// Errors: fault.Invalid when a year that has to be counted through is not known.
func (c Calendar) Add(date time.Time, n int) (time.Time, error) {
	y, m, d := date.Date()
	day, err := c.after(int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400), n)
	return time.Unix(int64(day)*86400, 0).UTC(), err
}

// ParseCalendar reads a calendar: schema yuzhou.holidays/v1. Under years, off
// lists days that are not worked, work lists days of weekends that are; a day in
// neither is worked from Monday to Friday. hours and zone may be left out.
//
// Errors: fault.Invalid with the line of the first mistake.
func ParseCalendar(source []byte) (Calendar, error) {
	var doc struct {
		Schema string    `yaml:"schema"`
		Zone   string    `yaml:"zone"`
		Hours  []string  `yaml:"hours"`
		Years  yaml.Node `yaml:"years"`
	}
	var root yaml.Node
	if err := yaml.Unmarshal(source, &root); err != nil {
		return Calendar{}, fault.New(fault.Invalid, "calendar: %v", err)
	}
	if err := onlyKeys(&root, "schema", "zone", "hours", "years"); err != nil {
		return Calendar{}, err
	}
	if err := root.Decode(&doc); err != nil {
		return Calendar{}, fault.New(fault.Invalid, "calendar: %v", err)
	}
	if doc.Schema != "yuzhou.holidays/v1" {
		return Calendar{}, fault.New(fault.Invalid, "calendar: schema is %q; give yuzhou.holidays/v1", doc.Schema)
	}
	zone, err := parseZone(doc.Zone)
	if err != nil {
		return Calendar{}, err
	}
	c := Calendar{zone: zone}
	if err := c.readHours(doc.Hours); err != nil {
		return Calendar{}, err
	}
	return c, c.readYears(&doc.Years)
}

// onlyKeys refuses keys of the document that are not among those named.
func onlyKeys(root *yaml.Node, keys ...string) error {
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return fault.New(fault.Invalid, "calendar: the file is not a table; begin with schema: yuzhou.holidays/v1")
	}
	for i := 0; i < len(root.Content[0].Content); i += 2 {
		if k := root.Content[0].Content[i]; !slices.Contains(keys, k.Value) {
			return fault.New(fault.Invalid, "calendar, line %d: unknown key %q; known are %v", k.Line, k.Value, keys)
		}
	}
	return nil
}

func parseZone(text string) (*time.Location, error) {
	if text == "" {
		text = "+08:00"
	}
	t, err := time.Parse("-07:00", text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "calendar: zone is %q; give an offset such as +08:00", text)
	}
	_, offset := t.Zone()
	return time.FixedZone(text, offset), nil
}

// readHours reads the stretches of a working day. Where none are given a working
// day is of eight hours.
func (c *Calendar) readHours(texts []string) error {
	if len(texts) == 0 {
		texts = []string{"09:00-12:00", "13:00-18:00"}
	}
	for _, text := range texts {
		var s span
		ok := len(text) == len("09:00-12:00") && text[5] == '-'
		if ok {
			from, err1 := time.Parse("15:04", text[:5])
			to, err2 := time.Parse("15:04", text[6:])
			s = span{sinceMidnight(from), sinceMidnight(to)}
			ok = err1 == nil && err2 == nil && s.from < s.to && (len(c.hours) == 0 || c.hours[len(c.hours)-1].to <= s.from)
		}
		if !ok {
			return fault.New(fault.Invalid, "calendar: hours hold %q; give stretches in order such as 09:00-12:00", text)
		}
		c.hours = append(c.hours, s)
		c.daily += s.to - s.from
	}
	return nil
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}
