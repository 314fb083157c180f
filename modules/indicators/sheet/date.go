package sheet

import (
	"regexp"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/period"
)

// The ways in which people and spreadsheets write periods other than the one of
// kernel/period. A point before a single digit is not among them: a spreadsheet
// shows the number 2023.10 as 2023.1.
var (
	yearForm    = regexp.MustCompile(`^(\d{4})年度?$`)
	halfForm    = regexp.MustCompile(`^(\d{4})年(上|下)半年$`)
	partForm    = regexp.MustCompile(`^(\d{4})[- ]?([QqHh])([1-4])$`)
	quarterForm = regexp.MustCompile(`^(\d{4})年第?([一二三四1-4])季度$`)
	monthForm   = regexp.MustCompile(`^(\d{4})(?:[年/-](\d{1,2})月?|\.(\d\d))$`)
	dayForm     = regexp.MustCompile(`^(\d{4})[年/.-](\d{1,2})[月/.-](\d{1,2})日?(?: 0?0:00(?::00)?)?$`)
	digitsForm  = regexp.MustCompile(`^((?:19|20|21)\d\d)(\d\d)(\d\d)?$`)
	monthsForm  = regexp.MustCompile(`^(\d{4})年(\d{1,2})月?[-~—–至到](\d{1,2})月$`)
	yearsForm   = regexp.MustCompile(`^(\d{4})年?[-~—–至到](\d{4})年?$`)
)

// readPeriod reads a period cell as period.Parse does, or one of the forms people
// write (2023年6月, 2023/6/30, 2023年上半年, 2023Q3, 202306), which is mended.
func readPeriod(s string) (p period.Period, mended bool, err error) {
	if p, err = period.Parse(s); err == nil {
		return p, false, nil
	}
	half := halfWidth(s)
	for _, canonical := range []string{half, mendPeriod(half)} {
		if p, err = period.Parse(canonical); err == nil {
			return p, true, nil
		}
	}
	if onlyOf(s, "0123456789") && len(s) == 5 {
		return p, false, fault.New(fault.Invalid, "%s is the serial number of a date; format the cell as a date, or write 2023-06-30", quote(s))
	}
	return p, false, fault.New(fault.Invalid,
		"%s is not a year (2026), half (2026-H1), quarter (2026-Q3), month (2026-07), day (2026-07-31) or range (2023-01/2023-06)", quote(s))
}

// mendPeriod puts a period in its canonical form; "" when no form fits.
func mendPeriod(s string) string {
	if m := yearForm.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	if m := halfForm.FindStringSubmatch(s); m != nil {
		return m[1] + map[string]string{"上": "-H1", "下": "-H2"}[m[2]]
	}
	if m := partForm.FindStringSubmatch(s); m != nil {
		return m[1] + "-" + strings.ToUpper(m[2]) + m[3]
	}
	if m := quarterForm.FindStringSubmatch(s); m != nil {
		return m[1] + "-Q" + strings.NewReplacer("一", "1", "二", "2", "三", "3", "四", "4").Replace(m[2])
	}
	if m := dayForm.FindStringSubmatch(s); m != nil {
		return m[1] + "-" + two(m[2]) + "-" + two(m[3])
	}
	if m := monthsForm.FindStringSubmatch(s); m != nil {
		return m[1] + "-" + two(m[2]) + "/" + m[1] + "-" + two(m[3])
	}
	return mendDigits(s)
}

// mendDigits is mendPeriod for the forms that are mostly digits.
func mendDigits(s string) string {
	if m := yearsForm.FindStringSubmatch(s); m != nil {
		return m[1] + "/" + m[2]
	}
	if m := monthForm.FindStringSubmatch(s); m != nil {
		return m[1] + "-" + two(m[2]+m[3])
	}
	m := digitsForm.FindStringSubmatch(s)
	switch {
	case m == nil:
		return ""
	case m[3] != "":
		return m[1] + "-" + m[2] + "-" + m[3]
	}
	return m[1] + "-" + m[2]
}

func two(digits string) string {
	if len(digits) == 1 {
		return "0" + digits
	}
	return digits
}

// readInstant reads a date (from its first instant in the zone) or an RFC 3339
// instant; a date as people write it is mended.
func readInstant(s string, zone *time.Location) (t time.Time, mended bool, err error) {
	if t, err = time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), false, nil
	}
	if t, err = time.ParseInLocation(time.DateTime, s, zone); err == nil {
		return t.UTC(), true, nil
	}
	p, mended, err := readPeriod(s)
	if err != nil || p.Freq() != period.Day {
		return t, false, fault.New(fault.Invalid, "%s is not a date (2023-07-11) or an instant (2023-07-11T10:00:00+08:00)", quote(s))
	}
	return startOf(p.Start(), zone), mended, nil
}

// startOf returns the first instant in the zone of the calendar date of day.
func startOf(day time.Time, zone *time.Location) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone).UTC()
}

// printInstant is the inverse of readInstant: a date when t begins one.
func printInstant(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	local := t.In(zone)
	if y := local.Year(); startOf(local, zone).Equal(t) && y >= 1900 && y <= 2200 {
		return local.Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339Nano)
}
