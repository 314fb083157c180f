package stratml

import (
	"strings"
	"time"

	"yuzhou/kernel/period"
	"yuzhou/kernel/quantity"
)

const startDate = "StartDate"

// numberRead is what readNumber made of a text.
type numberRead struct {
	value string // as quantity.ParseDecimal reads it; empty for no number
	valid bool   // the text was an xsd:decimal
	more  bool   // the text says more than the number, such as "≥ 1,300 firms"
}

// readNumber finds the number in a text. Thousands separators are dropped; a
// single number with words around it is taken, two numbers or none are not.
func readNumber(s string) numberRead {
	if v := decimal(s); v != "" {
		return numberRead{value: v, valid: true}
	}
	if v := decimal(ungroup(s)); v != "" {
		return numberRead{value: v}
	}
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	first, last := strings.IndexFunc(s, isDigit), strings.LastIndexFunc(s, isDigit)
	if first < 0 {
		return numberRead{}
	}
	if first > 0 && s[first-1] == '-' && (first == 1 || s[first-2] == ' ') {
		first--
	}
	v := decimal(ungroup(s[first : last+1]))
	return numberRead{value: v, more: v != ""}
}

// decimal returns an xsd:decimal as quantity.ParseDecimal wants it, or "".
func decimal(s string) string {
	s = strings.TrimPrefix(s, "+")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" && strings.HasPrefix(digits, "0") || whole == "" && fraction != "" {
		whole = "0"
	}
	v := whole
	if fraction != "" {
		v += "." + fraction
	}
	if negative && strings.Trim(v, "0.") != "" {
		v = "-" + v
	}
	if _, err := quantity.ParseDecimal(v); err != nil {
		return ""
	}
	return v
}

// ungroup drops separators between groups of three digits: "1,300", "12 700".
func ungroup(s string) string {
	for _, sep := range []string{",", " ", "，", "'"} {
		whole, fraction, point := strings.Cut(s, ".")
		groups := strings.Split(whole, sep)
		good := len(groups) > 1 && groups[0] != "" && len(strings.TrimLeft(groups[0], "+-")) <= 3
		for _, g := range groups[1:] {
			good = good && len(g) == 3
		}
		if !good {
			continue
		}
		s = strings.Join(groups, "")
		if point {
			s += "." + fraction
		}
	}
	return s
}

// dateRead is what readDate made of a text.
type dateRead struct {
	day period.Period // of one day, or zero for no date
	how string        // what was wrong with the text; empty for a plain xsd:date
}

// The years that a plan can be about, as period.Parse has them.
const minYear, maxYear = 1900, 2200

// readDate reads a date. Of a month, quarter or year it takes the first day, or
// the last one where the date is an end.
func readDate(s string, end bool) dateRead {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return dayOf(t, "")
	}
	for _, layout := range []string{"2006-01-02Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return dayOf(t, "has a time or a zone, which a day of a plan does not need")
		}
	}
	for _, layout := range []string{
		"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日",
		"January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return dayOf(t, "is not in the form of an xsd:date")
		}
	}
	if t, err := time.Parse("1/2/2006", s); err == nil {
		return dayOf(t, "is not in the form of an xsd:date (month first, as in the United States)")
	}
	if t, err := time.Parse("2/1/2006", s); err == nil {
		return dayOf(t, "is not in the form of an xsd:date (day first, as there is no such month)")
	}
	return readSpan(s, end)
}

func readSpan(s string, end bool) dateRead {
	p, err := period.Parse(s)
	for layout, f := range map[string]period.Freq{
		"January 2006": period.Month, "2006年1月": period.Month, "2006年": period.Annual,
	} {
		if t, bad := time.Parse(layout, s); bad == nil && t.Year() >= minYear && t.Year() <= maxYear {
			p, err = period.Of(t, f), nil
		}
	}
	if err != nil {
		return dateRead{}
	}
	if end {
		return dayOf(p.Last(), "is not one day; its last is taken")
	}
	return dayOf(p.Start(), "is not one day; its first is taken")
}

func dayOf(t time.Time, how string) dateRead {
	if t.Year() < minYear || t.Year() > maxYear {
		return dateRead{}
	}
	return dateRead{period.Of(t, period.Day), how}
}
