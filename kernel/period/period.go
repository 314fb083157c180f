// Package period names the stretches of time that published numbers refer to.
//
// A Period is a calendar year, half-year, quarter, month or day, or a range of
// years, months or days. What must hold: Parse and String are inverses, Start is
// before End, and a Period never depends on a time zone (all instants are UTC
// midnights that stand for a calendar date).
package period

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// Freq is how long a period is, by the letters of SDMX CL_FREQ.
type Freq string

// The frequencies. Range is not in CL_FREQ: it marks a stretch that is none of
// the others, such as 2023-01/2023-06.
const (
	Annual   Freq = "A"
	HalfYear Freq = "S"
	Quarter  Freq = "Q"
	Month    Freq = "M"
	Day      Freq = "D"
	Range    Freq = "R"
)

// months is the length of the frequencies that are whole months.
func (f Freq) months() int {
	switch f {
	case Annual:
		return 12
	case HalfYear:
		return 6
	case Quarter:
		return 3
	case Month:
		return 1
	case Day, Range:
	}
	return 0
}

// Period is a stretch of calendar time. It is comparable; the zero Period is no period.
type Period struct {
	start, end date // end is the first day after
	freq       Freq
	part       Freq // of a Range: what its ends are printed as (Annual, Month or Day)
}

// date is a day as days since 1970-01-01: comparable with == and free of zones.
type date int32

func dateOf(t time.Time) date { return date(t.Unix() / 86400) } //nolint:gosec // years up to maxYear, and what Add makes of them, fit

func (d date) time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// The years that are accepted: figures of a city's plan, not of history.
const (
	minYear = 1900
	maxYear = 2200
)

// Parse reads "2026", "2026-H1", "2026-Q3", "2026-07", "2026-07-31", or a range
// of two years, months or days such as "2023-01/2023-06" (both ends included).
// Anything else is fault.Invalid.
//
// Source: ISO 8601-1:2019 for years, months, days and intervals; SDMX 3.0
// (ObservationalTimePeriod) for quarters; H1 and H2 are SDMX's S1 and S2.
func Parse(s string) (Period, error) {
	if from, to, ok := strings.Cut(s, "/"); ok {
		return parseRange(s, from, to)
	}
	p, ok := parseOne(s)
	if !ok {
		return Period{}, fault.New(fault.Invalid,
			"period %q is not a year (2026), half (2026-H1), quarter (2026-Q3), month (2026-07), day (2026-07-31) or range (2023-01/2023-06)", s)
	}
	return p, nil
}

func parseOne(s string) (Period, bool) {
	var layout string
	var f Freq
	switch {
	case len(s) == 4:
		layout, f = "2006", Annual
	case len(s) == 7 && (s[5] == 'Q' || s[5] == 'H'):
		return parsePart(s)
	case len(s) == 7:
		layout, f = "2006-01", Month
	case len(s) == 10:
		layout, f = time.DateOnly, Day
	default:
		return Period{}, false
	}
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < minYear || t.Year() > maxYear {
		return Period{}, false
	}
	return from(t, f), true
}

// parsePart reads quarters and halves: "2026-Q3", "2026-H1".
func parsePart(s string) (Period, bool) {
	f, parts := Quarter, byte('4')
	if s[5] == 'H' {
		f, parts = HalfYear, '2'
	}
	t, err := time.Parse("2006", s[:4])
	if err != nil || s[4] != '-' || s[6] < '1' || s[6] > parts || t.Year() < minYear || t.Year() > maxYear {
		return Period{}, false
	}
	return from(t.AddDate(0, f.months()*int(s[6]-'1'), 0), f), true
}

func parseRange(s, from, to string) (Period, error) {
	a, okA := parseOne(from)
	b, okB := parseOne(to)
	switch {
	case !okA || !okB || a.freq != b.freq || a.freq == Quarter || a.freq == HalfYear:
		return Period{}, fault.New(fault.Invalid, "period %q is not a range of two years, two months or two days", s)
	case a.start >= b.start:
		return Period{}, fault.New(fault.Invalid, "period %q ends before it begins", s)
	}
	return Period{start: a.start, end: b.end, freq: Range, part: a.freq}, nil
}

// from returns the period of frequency f that begins at t.
func from(t time.Time, f Freq) Period {
	end := t.AddDate(0, 0, 1)
	if m := f.months(); m > 0 {
		end = t.AddDate(0, m, 0)
	}
	return Period{start: dateOf(t), end: dateOf(end), freq: f}
}

// Of returns the period of frequency f that contains the calendar date of t.
// A Range has no calendar of its own: Of(t, Range) is the day.
func Of(t time.Time, f Freq) Period {
	y, m, d := t.Date()
	n := f.months()
	if n == 0 {
		return from(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), Day)
	}
	first := time.Month((int(m)-1)/n*n + 1)
	return from(time.Date(y, first, 1, 0, 0, 0, 0, time.UTC), f)
}

// String is the inverse of Parse; the zero Period prints as "".
func (p Period) String() string {
	switch p.freq {
	case Range:
		last := Period{start: p.end - 1, freq: p.part}
		return Period{start: p.start, freq: p.part}.String() + "/" + last.String()
	case Annual:
		return p.Start().Format("2006")
	case HalfYear:
		return fmt.Sprintf("%s-H%d", p.Start().Format("2006"), (p.Start().Month()+5)/6)
	case Quarter:
		return fmt.Sprintf("%s-Q%d", p.Start().Format("2006"), (p.Start().Month()+2)/3)
	case Month:
		return p.Start().Format("2006-01")
	case Day:
		return p.Start().Format(time.DateOnly)
	}
	return ""
}

// IsZero reports whether p is no period.
func (p Period) IsZero() bool { return p.freq == "" }

// Freq returns how long the period is.
func (p Period) Freq() Freq { return p.freq }

// Start returns the first instant of the period, in UTC.
func (p Period) Start() time.Time { return p.start.time() }

// End returns the first instant after the period, in UTC.
func (p Period) End() time.Time { return p.end.time() }

// Last returns midnight of the last day in the period, in UTC: the day a stock
// of that period is as of.
func (p Period) Last() time.Time { return (p.end - 1).time() }

// Add returns the period n lengths later (earlier when n is negative). A range
// moves by its own number of years, months or days.
func (p Period) Add(n int) Period {
	switch {
	case p.IsZero() || n == 0:
		return p
	case p.freq == Day || p.freq == Range && p.part == Day:
		shift := date(n) * (p.end - p.start) //nolint:gosec // as dateOf
		return Period{start: p.start + shift, end: p.end + shift, freq: p.freq, part: p.part}
	}
	months := n * p.Months()
	return Period{
		start: dateOf(p.Start().AddDate(0, months, 0)), end: dateOf(p.End().AddDate(0, months, 0)),
		freq: p.freq, part: p.part,
	}
}

// Months returns the length in whole months; 0 for days and ranges of days.
func (p Period) Months() int {
	if p.freq == Range && p.part != Day {
		a, b := p.Start(), p.End()
		return (b.Year()-a.Year())*12 + int(b.Month()-a.Month())
	}
	return p.freq.months()
}

// Contains reports whether every day of q is in p.
func (p Period) Contains(q Period) bool { return p.start <= q.start && q.end <= p.end }

// Compare orders periods by their last day, then by their first: by when a
// number about them can be complete. It is -1, 0 or 1.
func (p Period) Compare(q Period) int {
	return cmp.Or(cmp.Compare(p.end, q.end), cmp.Compare(p.start, q.start), strings.Compare(p.String(), q.String()))
}

// MonthsBetween returns the months from a to b: whole months, and the days left
// over as thirtieths of a month (at most a month); negative when b is before a.
//
// Source: the 30/360 day count, which is how people reckon "27 and a half months".
func MonthsBetween(a, b time.Time) float64 {
	if b.Before(a) {
		return -MonthsBetween(b, a)
	}
	n := (b.Year()-a.Year())*12 + int(b.Month()-a.Month())
	for n > 0 && addMonths(a, n).After(b) {
		n--
	}
	rest := b.Sub(addMonths(a, n)).Hours() / 24
	return float64(n) + min(rest/30, 1)
}

// addMonths adds months keeping to the end of the month: the last day of a
// month plus n months is the last day of that month, as people count stocks.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	wasLast := t.AddDate(0, 0, 1).Day() == 1
	last := first.AddDate(0, n+1, -1)
	if wasLast || t.Day() > last.Day() {
		return last
	}
	return first.AddDate(0, n, t.Day()-1)
}

// MarshalText implements encoding.TextMarshaler.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Period) UnmarshalText(b []byte) error {
	q, err := Parse(string(b))
	if err == nil {
		*p = q
	}
	return err
}
