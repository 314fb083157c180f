package sdmx

import (
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
)

// FormatPeriod writes a period as an SDMX ObservationalTimePeriod: "2023",
// "2023-S1", "2023-Q3", "2023-07", "2023-06-30", and a range as its first day
// and its length, "2023-01-01/P6M".
//
// Source: SDMX 3.0 Section 6, 4.2 (Time and Time Format): reporting semester
// and quarter, Gregorian year, month and day, time range.
func FormatPeriod(p period.Period) string {
	switch p.Freq() {
	case period.HalfYear:
		return strings.Replace(p.String(), "-H", "-S", 1)
	case period.Range:
		return formatRange(p)
	case period.Annual, period.Quarter, period.Month, period.Day:
	}
	return p.String()
}

// formatRange counts in the unit the range is printed in, so that nothing is lost.
func formatRange(p period.Period) string {
	from, _, _ := strings.Cut(p.String(), "/")
	length := strconv.Itoa(p.Months()) + "M"
	switch len(from) {
	case len("2023"):
		length = strconv.Itoa(p.Months()/12) + "Y"
	case len(time.DateOnly):
		length = strconv.Itoa(int(p.End().Sub(p.Start()).Hours())/24) + "D"
	}
	return p.Start().Format(time.DateOnly) + "/P" + length
}

// ParsePeriod reads what FormatPeriod writes and the other SDMX spellings of
// the same periods: "2023-A1", "2023-M07", "2023-D181", a date with midnight
// ("2023-06-30T00:00:00"), two dates ("2023-01-01/2023-06-30"). Trimesters,
// weeks, clock times and zones have no period of ours: fault.Invalid.
func ParsePeriod(s string) (period.Period, error) {
	if from, length, ok := strings.Cut(s, "/"); ok {
		return parseInterval(s, from, length)
	}
	plain := strings.TrimSuffix(s, "T00:00:00")
	if len(plain) > 5 && plain[4] == '-' {
		year, part := plain[:4], plain[5:]
		switch {
		case part == "A1":
			plain = year
		case part[0] == 'S':
			plain = year + "-H" + part[1:]
		case part[0] == 'M' && len(part) == 3:
			plain = year + "-" + part[1:]
		case part[0] == 'D' && len(part) == 4:
			return parseDayOfYear(s, year, part[1:])
		case part[0] == 'H':
			return period.Period{}, badPeriod(s) // ours, not SDMX
		}
	}
	p, err := period.Parse(plain)
	if err != nil {
		return period.Period{}, badPeriod(s)
	}
	return p, nil
}

func badPeriod(s string) error {
	return fault.New(fault.Invalid,
		"TIME_PERIOD %q is not a year (2023), half (2023-S1), quarter (2023-Q3), month (2023-07), day (2023-06-30) or range (2023-01-01/P6M)", s)
}

func parseDayOfYear(s, year, day string) (period.Period, error) {
	t, err := time.Parse("2006-002", year+"-"+day)
	if err != nil {
		return period.Period{}, badPeriod(s)
	}
	return period.Parse(t.Format(time.DateOnly))
}

// parseInterval reads start/duration and start/end. The result is the plain
// year, month or day when the range is just that.
func parseInterval(s, from, length string) (period.Period, error) {
	start, err := time.Parse(time.DateOnly, strings.TrimSuffix(from, "T00:00:00"))
	if err != nil {
		return period.Period{}, badPeriod(s)
	}
	end, ok := intervalEnd(start, length)
	if !ok || !end.After(start) {
		return period.Period{}, badPeriod(s)
	}
	last := end.AddDate(0, 0, -1)
	layout := time.DateOnly
	switch unit := length[len(length)-1]; {
	case start.Day() != 1:
	case unit == 'Y' && start.Month() == time.January:
		layout = "2006"
	case unit == 'Y' || unit == 'M':
		layout = "2006-01"
	}
	text := start.Format(layout)
	if to := last.Format(layout); to != text {
		text += "/" + to
	}
	p, err := period.Parse(text)
	if err != nil {
		return period.Period{}, badPeriod(s)
	}
	return p, nil
}

// intervalEnd returns the first day after the interval.
func intervalEnd(start time.Time, length string) (time.Time, bool) {
	if !strings.HasPrefix(length, "P") {
		last, err := time.Parse(time.DateOnly, strings.TrimSuffix(length, "T00:00:00"))
		return last.AddDate(0, 0, 1), err == nil
	}
	if len(length) < 3 {
		return start, false
	}
	n, err := strconv.Atoi(length[1 : len(length)-1])
	if err != nil || n <= 0 || n > 100_000 {
		return start, false
	}
	switch length[len(length)-1] {
	case 'Y':
		return start.AddDate(n, 0, 0), true
	case 'M':
		return start.AddDate(0, n, 0), true
	case 'D':
		return start.AddDate(0, 0, n), true
	}
	return start, false
}
